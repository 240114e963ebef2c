package configs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestTheReferenceManualIsWhatTheSchemaSays makes docs/configuration.md from
// the comments and tags of the table structs.
func TestTheReferenceManualIsWhatTheSchemaSays(t *testing.T) {
	m := &manual{comments: readComments(t), seen: map[reflect.Type]bool{}}
	m.line("%s", manualHead)
	for _, f := range schemaOf(reflect.TypeFor[document]()) {
		m.section(reflect.TypeFor[document]().Field(f.index).Type, f, "##")
	}
	for _, missing := range m.missing {
		t.Errorf("%s has no comment: the manual needs one", missing)
	}
	golden(t, "../docs/configuration.md", m.text.String())
}

const manualHead = `# Configuration reference

One TOML file describes a cluster; every node has the same one. ` + "`vm-ctl validate FILE`" + ` checks it and names every
mistake with its line, ` + "`vm-ctl apply FILE`" + ` gives it to the cluster. Examples: ` + "`configs/two-hosts.toml`" + `,
` + "`configs/three-hosts.toml`" + `.

The configuration that the nodes share (all but ` + "`[cluster]` and the links of `[[node]]`" + `) can also come from Pacemaker:
` + "`vm-ctl apply`" + ` takes a CIB as XML, a whole ` + "`<cib>`" + ` or a ` + "`<configuration>`" + ` alone, of any schema since Heartbeat 2. It says what it
upgraded and what it leaves out: the status, and what the cluster knows by itself (` + "`dc-version`, `cluster-infrastructure`,\n`have-watchdog`, `last-lrm-refresh`" + `). The nodes must be called as in the cluster; their numbers do not count. Access lists
and alerts are kept, but not used.

This page is made from the comments in the package ` + "`configs`" + ` (` + "`go test ./configs -update`" + `).

Kinds of values:

| kind | what to write |
|---|---|
| text | quoted: ` + "`\"alpha\"`" + ` |
| id | a text of letters, digits, ` + "`-`, `_` and `.`" + `, a letter first |
| duration | ` + "`\"500ms\"`, `\"10s\"`, `\"1min\"`, `\"2h\"`, `\"PT1M30S\"`" + `, or a number of seconds |
| score | a number from -1000000 to 1000000, ` + "`\"INFINITY\"` or `\"-INFINITY\"`" + ` |
| value | a text, a number or true or false |
| address | ` + "`\"10.1.0.1\"` or `\"fd00::1\"`" + ` |
`

type manual struct {
	text     strings.Builder
	comments map[string]string // Type or Type.Field -> comment
	seen     map[reflect.Type]bool
	missing  []string
}

func (m *manual) line(format string, args ...any) { fmt.Fprintf(&m.text, format+"\n", args...) }

func (m *manual) comment(name string) string {
	if m.comments[name] == "" {
		m.missing = append(m.missing, name)
	}
	return m.comments[name]
}

// section writes one kind of table and, the first time they are met, the
// tables inside it.
func (m *manual) section(t reflect.Type, f field, level string) {
	written := f.written(t)
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if m.seen[t] {
		return
	}
	m.seen[t] = true
	m.line("%s %s\n", level, written)
	intro := strings.Replace(m.comment(t.Name()), t.Name(), "`"+written+"`", 1)
	m.line("%s\n", intro)
	m.line("| key | kind | default | meaning |\n|---|---|---|---|")
	var inner []field
	for _, f := range schemaOf(t) {
		goField := t.Field(f.index)
		comment := m.comment(t.Name() + "." + goField.Name)
		fallback, comment := defaultOf(f, comment)
		if alias := f.tag.Get("alias"); alias != "" {
			comment += " Also written `" + alias + "`."
		}
		m.line("| `%s` | %s | %s | %s |", f.name, kindOf(f, goField.Type), fallback, strings.ReplaceAll(comment, "|", "\\|"))
		if isTable(goField.Type) {
			inner = append(inner, f)
		}
	}
	m.line("")
	for _, f := range inner {
		f.name = strings.Trim(written, "[]") + "." + f.name
		m.section(t.Field(f.index).Type, f, "###")
	}
}

func isTable(t reflect.Type) bool {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[netip.Addr]()
}

// defaultOf returns the default of a key: its tag, or what its comment says.
func defaultOf(f field, comment string) (fallback, rest string) {
	switch {
	case f.tag.Get("required") == "true":
		return "required", comment
	case f.tag.Get("default") != "":
		return "`" + f.tag.Get("default") + "`", comment
	}
	if before, after, ok := strings.Cut(comment, " Default: "); ok {
		return strings.TrimSuffix(after, "."), before
	}
	return "", comment
}

func kindOf(f field, t reflect.Type) string {
	if choices := f.tag.Get("enum"); choices != "" {
		return "`" + strings.ReplaceAll(choices, "|", "`, `") + "`"
	}
	switch {
	case isTable(t):
		return "table"
	case t == durationType:
		return "duration"
	case t == scoreType:
		return "score"
	case t == addrType:
		return "address"
	case t.Kind() == reflect.Slice:
		return "list of " + kindOf(f, t.Elem())
	case t.Kind() == reflect.Map:
		return "table of " + kindOf(f, t.Elem())
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int:
		return "number"
	}
	if space := f.tag.Get("ref"); space != "" {
		return "id of a " + what[space]
	}
	switch kind := f.tag.Get("is"); kind {
	case "":
		return "text"
	case "bool":
		return "true or false"
	case "integer":
		return "number"
	case "fence":
		return "text"
	default:
		return kind
	}
}

// readComments collects the comments of the package's structs and their fields.
func readComments(t *testing.T) map[string]string {
	t.Helper()
	comments := map[string]string{}
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				continue
			}
			for _, spec := range gen.Specs {
				structComments(comments, gen.Doc, spec.(*ast.TypeSpec))
			}
		}
	}
	return comments
}

func structComments(comments map[string]string, doc *ast.CommentGroup, spec *ast.TypeSpec) {
	st, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	comments[spec.Name.Name] = strings.Join(strings.Fields(doc.Text()), " ")
	for _, f := range st.Fields.List {
		for _, name := range f.Names {
			comments[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
		}
	}
}
