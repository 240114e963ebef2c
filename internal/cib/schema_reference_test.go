package cib

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kvmha/internal/need"
)

var schemaSeeds = flag.Int("schema-seeds", 1000, "how many mutated documents to hold against the reference's schema")

const referenceSchema = "/usr/share/pacemaker/pacemaker-3.9.rng"

// mutator changes one thing in a document, or a few.
type mutator struct {
	*rand.Rand
	elements []*element
	names    []string
	values   []string
}

func newMutator(seed uint64, root *element) *mutator {
	m := &mutator{Rand: rand.New(rand.NewPCG(seed, 3))}
	names := map[string]bool{}
	values := map[string]bool{"": true, "0": true, "-1": true, "1.5": true, "INFINITY": true, "+INFINITY": true, "yes": true, "on": true, "TRUE": true, "n1": true, " 5": true, "started": true, "é": true}
	for e := range root.all() {
		if e.name == "status" {
			continue
		}
		m.elements = append(m.elements, e)
		for _, a := range e.attrs {
			names[a.name] = true
			values[a.value] = true
		}
	}
	m.elements = slices.DeleteFunc(m.elements, func(e *element) bool { return e.name == "cib" })
	m.names, m.values = slices.Sorted(maps.Keys(names)), slices.Sorted(maps.Keys(values))
	return m
}

func pickOne[T any](m *mutator, list []T) T { return list[m.IntN(len(list))] }

// mutate makes one change; what it says is for the report.
func (m *mutator) mutate() string {
	e := pickOne(m, m.elements)
	switch m.IntN(8) {
	case 0:
		if len(e.attrs) > 0 {
			a := pickOne(m, e.attrs)
			e.drop(a.name)
			return fmt.Sprintf("<%s> without %s", e.name, a.name)
		}
	case 1:
		name, value := pickOne(m, m.names), pickOne(m, m.values)
		if e.find(name) == nil {
			e.set(name, value)
			return fmt.Sprintf("<%s> with %s=%q", e.name, name, value)
		}
	case 2, 3:
		if len(e.attrs) > 0 {
			a := &e.attrs[m.IntN(len(e.attrs))]
			a.value = pickOne(m, m.values)
			return fmt.Sprintf("<%s> with other %s=%q", e.name, a.name, a.value)
		}
	case 4:
		k := pickOne(m, m.elements)
		c := k.copyAs(fmt.Sprintf("c%d-", m.IntN(1e9)))
		e.kids = slices.Insert(slices.Clone(e.kids), m.IntN(len(e.kids)+1), c)
		return fmt.Sprintf("<%s> in <%s>", k.name, e.name)
	case 5:
		if len(e.kids) > 0 {
			i := m.IntN(len(e.kids))
			gone := e.kids[i]
			e.kids = slices.Delete(slices.Clone(e.kids), i, i+1)
			return fmt.Sprintf("<%s> without <%s>", e.name, gone.name)
		}
	case 6:
		was := e.name
		e.name = pickOne(m, m.elements).name
		return fmt.Sprintf("<%s> called <%s>", was, e.name)
	case 7:
		if len(e.kids) > 1 {
			e.kids = slices.Clone(e.kids)
			m.Shuffle(len(e.kids), func(i, j int) { e.kids[i], e.kids[j] = e.kids[j], e.kids[i] })
			return fmt.Sprintf("<%s> shuffled", e.name)
		}
	}
	return ""
}

// verdicts asks the reference's schema about files.
func verdicts(t *testing.T, xmllint string, files []string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for chunk := range slices.Chunk(files, 400) {
		cmd := exec.Command(xmllint, append([]string{"--noout", "--relaxng", referenceSchema}, chunk...)...)
		text, _ := cmd.CombinedOutput() // it fails when one of the files does
		for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
			if file, ok := strings.CutSuffix(s.Text(), " validates"); ok {
				out[file] = true
			} else if file, ok := strings.CutSuffix(s.Text(), " fails to validate"); ok {
				out[file] = false
			}
		}
	}
	return out
}

func TestTheSchemaTableAgreesWithTheReferencesSchema(t *testing.T) {
	xmllint := need.Program(t, "xmllint", "libxml2-utils")
	need.File(t, referenceSchema, "Debian's package pacemaker-cli-utils")
	folder := t.TempDir()
	changes := map[string]string{}
	var files []string
	for seed := range uint64(*schemaSeeds) {
		source := []string{"sound.xml", "everything.xml"}[seed%2]
		text, err := os.ReadFile(filepath.Join("testdata", "xml", source))
		if err != nil {
			t.Fatal(err)
		}
		root, err := parseTree(bytes.NewReader(text), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		root.set("validate-with", "pacemaker-3.9")
		m := newMutator(seed, root)
		var did []string
		for range 1 + m.IntN(2) {
			did = append(did, m.mutate())
		}
		change := strings.Join(did, ", ")
		var b strings.Builder
		writeTree(&b, root, 0)
		path := filepath.Join(folder, fmt.Sprint(seed, ".xml"))
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
		changes[path] = change
	}
	reference := verdicts(t, xmllint, files)
	alike, knownStricter := 0, 0
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = DecodeXML(bytes.NewReader(text))
		switch theirs, asked := reference[path]; {
		case !asked:
			t.Errorf("%s: the reference says nothing", changes[path])
		case (err == nil) == theirs:
			alike++
		case !theirs:
			t.Errorf("%s: only the reference refuses it", changes[path])
		case stricterOnPurpose(err):
			knownStricter++
		default:
			t.Errorf("%s: only we refuse it: %v", changes[path], err)
		}
	}
	t.Logf("of %d documents %d are judged alike; %d only we refuse, on purpose", len(files), alike, knownStricter)
}

// stricterOnPurpose tells mistakes that a schema cannot see: what the status
// says, an id-ref to an element of another kind or in a
// circle, a pair for nothing.
func stricterOnPurpose(err error) bool {
	var found Mistakes
	if !errors.As(err, &found) {
		return false
	}
	ofStatus := []string{"node_state", "lrm", "lrm_resource", "lrm_rsc_op", "ticket_state", "kvmha-intent", "kvmha-guest-fence"}
	return !slices.ContainsFunc(found, func(m Mistake) bool {
		return !slices.Contains(ofStatus, m.Element) && !strings.Contains(m.Message, "names no other") &&
			!strings.Contains(m.Message, "itself a reference") &&
			!strings.Contains(m.Message, "leads in a circle") && m.Element != "nvpair"
	})
}
