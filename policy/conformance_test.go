package policy

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"kvmha/internal/cib"
)

// casesVariable names a folder of the reference scheduler's cases: xml/*.xml
// with scores/*.scores and dot/*.dot beside. They are not part of the project.
const casesVariable = "KVMHA_SCHEDULER_CASES"

// TestTheReferenceDecidesTheSame compares scores and graphs with what the
// reference recorded.
func TestTheReferenceDecidesTheSame(t *testing.T) {
	folder := os.Getenv(casesVariable)
	if folder == "" {
		t.Skipf("%s names no folder with the reference's cases", casesVariable)
	}
	inputs, err := filepath.Glob(filepath.Join(folder, "xml", "*.xml"))
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs in %s/xml: %v", folder, err)
	}
	for _, path := range inputs {
		name := strings.TrimSuffix(filepath.Base(path), ".xml")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			c, _, err := cib.DecodeXML(strings.NewReader(string(data)))
			if err != nil {
				t.Fatal(err)
			}
			in := Input{CIB: c, Now: now, Scores: true, Considered: true, Sanitized: true}
			if c.ExecutionDate != 0 {
				in.Now = effectiveNow(Input{CIB: c})
			}
			tr := Schedule(in)
			checkTransition(t, tr)
			compareLines(t, "scores", filepath.Join(folder, "scores", name+".scores"), scoreLines(tr))
			compareLines(t, "dot", filepath.Join(folder, "dot", name+".dot"), dotLines(tr))
		})
	}
}

func scoreLines(tr *Transition) []string {
	var out []string
	for _, s := range tr.Scores {
		n := s.Node
		if s.Func == "" {
			if n == "" {
				n = "none"
			}
			out = append(out, fmt.Sprintf("%s promotion score on %s: %s", s.Resource, n, s.Score))
			continue
		}
		out = append(out, fmt.Sprintf("%s: %s allocation score on %s: %s", s.Func, s.Resource, n, s.Score))
	}
	return out
}

// dotLines is the graph as the reference's DOT file tells it.
func dotLines(tr *Transition) []string {
	all := append(append([]*Action(nil), tr.Actions...), tr.Considered...)
	drawn, names := map[int]bool{}, map[int]string{}
	lines := map[string]bool{}
	for _, a := range all {
		names[a.ID] = a.Render.Name
		style, colour, font := "dashed", "red", "black"
		if a.Render.Pseudo {
			font = "orange"
		}
		switch {
		case a.Render.InGraph:
			style, colour = "bold", "green"
		case a.Render.Unmanaged, a.Render.Optional:
			continue
		}
		drawn[a.ID] = true
		lines[fmt.Sprintf("%q [ style=%s color=%q fontcolor=%q]", a.Render.Name, style, colour, font)] = true
	}
	for _, a := range all {
		for _, e := range a.Render.Edges {
			style := "dashed"
			if e.Bold {
				style = "bold"
			} else if !drawn[e.From] || !drawn[a.ID] || e.Load {
				continue
			}
			lines[fmt.Sprintf("%q -> %q [ style = %s]", names[e.From], a.Render.Name, style)] = true
		}
	}
	return sortedKeys(lines)
}

func compareLines(t *testing.T, what, path string, got []string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, line := range strings.Split(string(data), "\n") {
		line = strings.Join(strings.Fields(line), " ")
		if line != "" && line != "}" && line != `digraph "g" {` {
			want = append(want, line)
		}
	}
	sort.Strings(want)
	sort.Strings(got)
	for i := range got {
		got[i] = strings.Join(strings.Fields(got[i]), " ")
	}
	if w, g := strings.Join(want, "\n"), strings.Join(got, "\n"); w != g {
		t.Errorf("%s differ: %d lines wanted, %d made", what, len(want), len(got))
	}
}

// checkTransition checks what must hold for every transition.
func checkTransition(t *testing.T, tr *Transition) {
	t.Helper()
	byID := map[int]*Action{}
	for _, a := range tr.Actions {
		if byID[a.ID] != nil {
			t.Errorf("two actions have the id %d", a.ID)
		}
		byID[a.ID] = a
	}
	starts := map[string]string{}
	for _, a := range tr.Actions {
		if a.Cause == "" && a.Kind != Pseudo {
			t.Errorf("%s has no cause", a.Key)
		}
		if a.Kind == ResourceOp && (a.Operation == nil || a.Node == "") && a.Task != "probe_again" {
			t.Errorf("%s lacks its operation or node", a.Key)
		}
		for _, id := range a.Inputs {
			if byID[id] == nil {
				t.Errorf("%s waits for action %d, which is not part of the transition", a.Key, id)
			}
		}
		if a.Kind == ResourceOp && a.Task == "start" {
			key := firstText(a.Render.InternalKey, a.Key)
			if other := starts[key]; other != "" {
				t.Errorf("%s happens on %s and on %s", key, other, a.Node)
			}
			starts[key] = a.Node
		}
	}
	checkAcyclic(t, tr, byID)
}

func checkAcyclic(t *testing.T, tr *Transition, byID map[int]*Action) {
	t.Helper()
	state := map[int]int{}
	var visit func(id int) bool
	visit = func(id int) bool {
		switch state[id] {
		case 1:
			return false
		case 2:
			return true
		}
		state[id] = 1
		if a := byID[id]; a != nil {
			for _, in := range a.Inputs {
				if !visit(in) {
					return false
				}
			}
		}
		state[id] = 2
		return true
	}
	for _, a := range tr.Actions {
		if !visit(a.ID) {
			t.Errorf("%s waits for itself", a.Key)
			return
		}
	}
}

func asJSON(t *testing.T, tr *Transition) string {
	t.Helper()
	data, err := json.Marshal(tr)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
