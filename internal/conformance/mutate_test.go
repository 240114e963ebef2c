package conformance

import (
	"bytes"
	"testing"
)

func TestTheSameSeedMakesTheSameMutant(t *testing.T) {
	t.Parallel()
	document, donor := Generate(3, 6), Generate(4, 6)
	different := false
	for seed := range uint64(30) {
		a, errA := Mutate(document, donor, seed)
		b, errB := Mutate(document, donor, seed)
		if errA != nil || errB != nil || !bytes.Equal(a.Document, b.Document) {
			t.Fatalf("seed %d: %v %v, or two mutants", seed, errA, errB)
		}
		c, _ := Mutate(document, donor, seed+1)
		different = different || !bytes.Equal(a.Document, c.Document)
	}
	if !different {
		t.Error("all seeds give the same mutant")
	}
}

func TestEveryKindOfChangeHappensAndLeavesACIBThatCanBeRead(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for seed := range uint64(2400) {
		m, err := Mutate(Generate(seed%300, 6), Generate(seed%300+1, 6), seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range m.Changes {
			seen[name] = true
		}
		// A mutant may name what is gone; it is only not to be no XML.
		if _, err := parseXML(string(m.Document)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	for _, kind := range mutations {
		if !seen[kind.name] {
			t.Errorf("never did: %s", kind.name)
		}
	}
}

func TestADocumentThatIsNoneHasNoMutants(t *testing.T) {
	t.Parallel()
	if m, err := Mutate([]byte("<cib>"), nil, 1); err == nil {
		t.Errorf("made %s", m.Document)
	}
}
