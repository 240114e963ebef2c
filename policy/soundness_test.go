package policy

import (
	"encoding/json"
	"testing"
)

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
