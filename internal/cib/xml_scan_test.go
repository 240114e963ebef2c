package cib

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// twin reads a document with encoding/xml: slowly, but by other people's code.
func twin(text string) (*element, error) {
	dec := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	qualified := func(n xml.Name) string {
		if n.Space != "" {
			return n.Space + ":" + n.Local
		}
		return n.Local
	}
	top := &element{}
	stack := []*element{top}
	for {
		token, err := dec.RawToken()
		if errors.Is(err, io.EOF) && len(stack) == 1 && len(top.kids) == 1 {
			return top.kids[0], nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{name: qualified(t.Name)}
			for _, a := range t.Attr {
				e.setAttr(qualified(a.Name), a.Value)
			}
			parent := stack[len(stack)-1]
			parent.kids = append(parent.kids, e)
			stack = append(stack, e)
		case xml.EndElement:
			if len(stack) == 1 || stack[len(stack)-1].name != qualified(t.Name) {
				return nil, errors.New("ends what is not open")
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return nil, errors.New("stray text")
			}
		}
	}
}

// tellApart says where two trees differ, or nothing. Line ends and tabs in
// values are left alone: encoding/xml does not make spaces of them.
func tellApart(a, b *element) string {
	if a.name != b.name || len(a.attrs) != len(b.attrs) || len(a.kids) != len(b.kids) {
		return fmt.Sprintf("<%s> with %d attributes and %d children, or <%s> with %d and %d",
			a.name, len(a.attrs), len(a.kids), b.name, len(b.attrs), len(b.kids))
	}
	for i, x := range a.attrs {
		if y := b.attrs[i]; x.name != y.name || x.value != y.value && !strings.ContainsAny(y.value, "\n\r\t") {
			return fmt.Sprintf("<%s>: %s=%q or %s=%q", a.name, x.name, x.value, y.name, y.value)
		}
	}
	for i := range a.kids {
		if found := tellApart(a.kids[i], b.kids[i]); found != "" {
			return found
		}
	}
	return ""
}

func documents(t testing.TB) []string {
	t.Helper()
	out := []string{
		"\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE cib [<!ENTITY a \"<>\">]>\n<!-- <b> --><a/>\n<!-- end -->\n",
		`<a b='"' c="'" d = "&amp;&lt;&gt;&quot;&apos;&#65;&#x1F600;"  ><b/><x:c y:d="1"></x:c ></a>`,
		`<a><![CDATA[ ]]><?pi anything?></a>`,
		`<größe einheit="µ"/>`,
		`<a ` + manyAttributesNamed("b%d") + `/>`,
		`<a>` + strings.Repeat(`<b c="1" d="2"/>`, 10000) + `</a>`,
		`<a b="1" b/>`, `<a b=1/>`, `<a b="<"/>`, `<a`, `<a b`, `<a b="`, `<a b="&`, `<a b="&x;"/>`, `<a b="&#0;"/>`, "<a b=\"\x01\"/>", "<a b=\"\xff\"/>",
		`<a></b>`, `</a>`, `<a></a`, `<a/><b/>`, `<a>x</a>`, `<>`, `< a/>`, `<a/`, `<!--`, `<!-- -- --><a/>`, `<1/>`, `<a 1="2"/>`, `<?xml`, `<!DOCTYPE`, ``,
	}
	for _, pattern := range []string{"*.xml", "broken/*.xml"} {
		files, err := filepath.Glob(filepath.Join("testdata", "xml", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, string(text))
		}
	}
	return out
}

// manyAttributesNamed are 10,000 attributes whose names are made of a pattern.
func manyAttributesNamed(pattern string) string {
	var b strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&b, pattern+`="1" `, i)
	}
	return b.String()
}

// encoding/xml lets this pass, libxml2 does not.
func TestAnAttributeThatIsThereTwiceIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"among few":                         `<a b="1" c="2" b="3"/>`,
		"behind one that looks alike":       `<a b="1" bcb="2" bdb="2" b="3"/>`,
		"among many":                        `<a ` + manyAttributesNamed("b%d") + ` b9999="1"/>`,
		"in a top element without children": `<cib epoch="1" epoch="2"/>`,
	} {
		if _, err := scan(text); err == nil || !strings.Contains(err.Error(), "twice: remove one of them") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := scan(`<cib><status><a b="1" b="2"/></status></cib>`); err != nil {
		t.Errorf("the status, of which there is much, is not looked at for this: %v", err)
	}
}

func TestTheScannerReadsWhatEncodingXMLReads(t *testing.T) {
	t.Parallel()
	for _, text := range documents(t) {
		want, wantErr := twin(text)
		got, err := scan(text)
		shown := text[:min(len(text), 60)]
		switch {
		case (err == nil) != (wantErr == nil):
			t.Errorf("%q: %v, encoding/xml: %v", shown, err, wantErr)
		case err == nil:
			if found := tellApart(got, want); found != "" {
				t.Errorf("%q: %s", shown, found)
			}
		}
	}
}

func TestPlainLineEndsInValuesAreSpaces(t *testing.T) {
	t.Parallel()
	e, err := scan("<a b=\"1\n2\r\n3\t4&#10;5&#9;6\"/>")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := e.attrs[0].value, "1 2 3 4\n5\t6"; got != want {
		t.Errorf("read %q, want %q", got, want)
	}
}

// FuzzScan looks for documents that both readers accept and understand
// differently. (Either may be stricter: encoding/xml about characters of
// names, the scanner about nesting.)
func FuzzScan(f *testing.F) {
	for _, text := range documents(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := scan(text)
		want, wantErr := twin(text)
		if err != nil || wantErr != nil {
			return
		}
		if found := tellApart(got, want); found != "" {
			t.Fatal(found)
		}
	})
}
