package cib

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// absurdDocument is a sound document with these sections.
func absurdDocument(resources, constraints string) string {
	return `<cib validate-with="pacemaker-3.9" admin_epoch="0" epoch="1" num_updates="0"><configuration><crm_config/>` +
		`<nodes><node id="1" uname="n1"/></nodes>` + "\n<resources>" + resources + "</resources>\n<constraints>" + constraints +
		`</constraints></configuration><status/></cib>`
}

// many repeats a text with its number.
func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, strings.ReplaceAll(format, "#", "%[1]d"), i)
	}
	return b.String()
}

const (
	dummy   = `<primitive id="a" class="lsb" type="x"/>`
	dummies = `<primitive id="r#" class="lsb" type="x"/>` + "\n"
)

func cloneOf(option, value string) string {
	return `<clone id="c"><meta_attributes id="m"><nvpair id="p" name="` + option + `" value="` + value + `"/></meta_attributes>` + dummy + `</clone>`
}

func bundleOf(attributes string) string {
	return `<bundle id="b"><docker image="i" ` + attributes + `/>` + dummy + `</bundle>`
}

func setOf(from, to int) string {
	refs := ""
	for i := from; i < to; i++ {
		refs += fmt.Sprintf(`<resource_ref id="r%d"/>`, i)
	}
	return fmt.Sprintf(`<resource_set id="s%d" sequential="false">%s</resource_set>`, from, refs)
}

// What a few bytes, or too many, can ask for. Each document is read or refused
// in seconds; the mistakes are the first that are told, "" for none.
func TestAbsurdSizesAreRefusedWithPlaceAndBound(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"a thousand million instances", absurdDocument(cloneOf("clone-max", "1000000000"), ""),
			`<nvpair id="p"> in line 2: meta.clone-max: 1000000000 is more than the 5000 that can be planned: write a smaller number`},
		{"more instances than a number can say", absurdDocument(cloneOf("clone-max", "99999999999999999999999"), ""),
			`<nvpair id="p"> in line 2: meta.clone-max: 99999999999999999999999 is more than the 5000 that can be planned: write a smaller number`},
		{"more instances, with a unit that does not count", absurdDocument(cloneOf("clone-max", "6000s"), ""),
			`<nvpair id="p"> in line 2: meta.clone-max: 6000 is more than the 5000 that can be planned: write a smaller number`},
		{"many instances on a node, of few in all", absurdDocument(cloneOf("clone-node-max", "1000000000"), ""), ""},
		{"a negative number of instances", absurdDocument(cloneOf("clone-max", "-5"), ""), ""},
		{"few instances of each of many clones", absurdDocument(many(21, `<clone id="c#"><meta_attributes id="m#"><nvpair id="p#" name="clone-max" value="5000"/></meta_attributes>`+dummies+`</clone>`), ""),
			`<nvpair id="p20"> in line 22: meta.clone-max: with it the clones have more than 100000 instances in all: write smaller numbers`},
		{"a thousand million replicas", absurdDocument(bundleOf(`replicas="1000000000"`), ""),
			`<bundle id="b"> in line 2: docker.replicas: 1000000000 is more than the 300 that can be planned: write a smaller number`},
		{"a thousand million promoted replicas", absurdDocument(bundleOf(`promoted-max="1000000000"`), ""),
			`<bundle id="b"> in line 2: docker.promoted-max: 1000000000 is more than the 300 that can be planned: write a smaller number`},
		{"a group of thousands", absurdDocument(`<group id="g">`+many(2001, dummies)+`</group>`, ""),
			`<group id="g"> in line 2: has 2001 members, more than the 2000 that can be planned: use several groups`},
		{"sets that pair each of thousands with each of thousands", absurdDocument(many(4000, dummies), `<rsc_order id="o">`+setOf(0, 2000)+setOf(2000, 4000)+`</rsc_order>`),
			`<rsc_order id="o"> in line 4003: with it the constraints make more than 1000000 pairs of resources: use smaller sets or tags`},
		{"a circle of ten thousand orders", absurdDocument(many(10000, dummies), many(9999, `<rsc_order id="o#" first="r#" then="r9999"/>`)+`<rsc_order id="o" first="r9999" then="r0"/>`), ""},
		{"a hundred thousand mistakes", absurdDocument(dummy, many(100000, `<rsc_location id="l#" rsc="b#" node="n1" score="1"/>`)),
			`<rsc_location id="l0"> in line 3: rsc="b0" is the id of nothing: define it, or remove the reference`},
		{"a hundred thousand names to have meant", absurdDocument(many(100000, dummies), many(100, `<rsc_location id="l#" rsc="b#" node="n1" score="1"/>`)),
			`<rsc_location id="l0"> in line 100003: rsc="b0" is the id of nothing: define it, or remove the reference`},
		{"a name of a million letters", absurdDocument(`<primitive id="`+strings.Repeat("a", 1e6)+`" class="lsb" type="x"/>`, `<rsc_location id="l" rsc="`+strings.Repeat("a", 1e6-1)+`" node="n1" score="1"/>`),
			`<rsc_location id="l"> in line 3: rsc="` + strings.Repeat("a", 300) + `…" is the id of nothing: define it, or remove the reference`},
		{"a million attributes", absurdDocument(`<primitive id="a" `+many(1e6, `b#="1" `)+`/>`, ""),
			`<primitive id="a"> in line 2: attribute b0="1" is unknown here: remove it`},
		{"rules in rules", absurdDocument(dummy, `<rsc_location id="l" rsc="a">`+many(10000, `<rule id="r#" score="1">`)),
			`line 3: <rule> is nested more than 128 levels deep: no CIB needs that`},
		{"groups in groups", absurdDocument(`<group id="g"><group id="h">`+dummy+`</group></group>`, ""),
			`<group id="h"> in line 2: cannot stand inside <group id="g"> in line 2: remove it`},
		{"a template of a template of itself", absurdDocument(`<template id="t" template="t" class="lsb" type="x"/><primitive id="a" template="t"/>`, ""),
			`<template id="t"> in line 2: attribute template="t" is unknown here: remove it`},
		{"entities that multiply", `<!DOCTYPE cib [<!ENTITY a "&b;&b;">]>` + strings.Replace(absurdDocument(dummy, ""), `type="x"`, `type="&a;"`, 1),
			`line 2 is no XML: invalid character entity &a;`},
		{"an entity that is a file", `<!DOCTYPE cib [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + strings.Replace(absurdDocument(dummy, ""), `type="x"`, `type="&a;"`, 1),
			`line 2 is no XML: invalid character entity &a;`},
		{"a document type from elsewhere, which is not fetched", `<!DOCTYPE cib SYSTEM "http://nowhere.invalid/cib.dtd">` + absurdDocument(dummy, ""), ""},
		{"a zero among the letters", strings.Replace(absurdDocument(dummy, ""), `type="x"`, "type=\"\x00\"", 1), `line 2 is no XML: illegal character code U+0000`},
		{"Latin-1 that says so", `<?xml version="1.0" encoding="ISO-8859-1"?>` + strings.Replace(absurdDocument(dummy, ""), `type="x"`, "type=\"\xfc\"", 1),
			`line 1: the document is in ISO-8859-1: convert it to UTF-8, as with iconv -f ISO-8859-1 -t UTF-8, and take the name away`},
		{"Latin-1 that does not", strings.Replace(absurdDocument(dummy, ""), `type="x"`, "type=\"\xfc\"", 1),
			`line 2 is no XML: invalid UTF-8: convert the document to it, from Latin-1 with iconv -f LATIN1 -t UTF-8`},
		{"UTF-16", "\xff\xfe<\x00c\x00i\x00b\x00", `line 1: the document is in UTF-16: convert it to UTF-8, as with iconv -f UTF-16 -t UTF-8`},
		{"a byte order mark", "\ufeff" + absurdDocument(dummy, ""), ""},
		{"the line ends of other systems", strings.ReplaceAll(absurdDocument(dummy, ""), "\n", "\r\n"), ""},
		{"nothing but zeros", strings.Repeat("\x00", 1e6), `line 1: "` + strings.Repeat(`\x00`, 30) + `…" stands outside all elements: is this XML?`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			_, _, err := DecodeXML(strings.NewReader(test.text))
			got := ""
			if err != nil {
				got, _, _ = strings.Cut(strings.TrimPrefix(err.Error(), "CIB XML: "), "\n")
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			var found Mistakes
			if errors.As(err, &found) && len(err.Error()) > 100_000 {
				t.Errorf("the error has %d letters", len(err.Error()))
			}
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}
