package policy_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/conformance"
	"kvmha/policy"
)

// sample calls check with recorded cases, where there are any, and with
// generated CIBs.
func sample(t *testing.T, check func(t *testing.T, c *cib.CIB)) {
	t.Helper()
	documents := map[string][]byte{}
	for seed := range uint64(60) {
		documents[fmt.Sprintf("seed %d", seed)] = conformance.Generate(seed, 6)
	}
	inputs, _ := filepath.Glob(filepath.Join(os.Getenv("KVMHA_SCHEDULER_CASES"), "xml", "*.xml"))
	for i, path := range inputs {
		if data, err := os.ReadFile(path); i%9 == 0 && err == nil && len(data) < 200_000 {
			documents[filepath.Base(path)] = data
		}
	}
	for name, document := range documents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _, err := cib.DecodeXML(bytes.NewReader(document))
			if err != nil {
				t.Fatal(err)
			}
			check(t, c)
		})
	}
}

// at is the moment that a CIB is judged by when it names none.
var at = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func inputOf(c *cib.CIB) policy.Input {
	in := policy.Input{CIB: c}
	if c.ExecutionDate == 0 {
		in.Now = at
	}
	return in
}

// subjects are resources of all kinds, not too many.
func subjects(c *cib.CIB) []string {
	var out []string
	for _, top := range c.Config.Resources {
		top.Walk(func(r, parent *cib.Resource) {
			if len(out) < 6 && !slices.Contains(out, r.ID) && (parent == nil || parent.Kind == cib.Group) {
				out = append(out, r.ID)
			}
		})
	}
	return out
}

// explained calls fn with each verdict, here or not, of some resources.
func explained(c *cib.CIB, fn func(id string, v policy.Verdict)) {
	for _, id := range subjects(c) {
		e, ok := policy.Explain(inputOf(c), id, policy.Workers{})
		if !ok || e.Resource == nil {
			continue
		}
		for _, v := range e.Resource.Nodes {
			fn(e.Resource.ID, v)
		}
	}
}

// placed reports whether a decision puts a resource, or what is in it, on a node.
func placed(t *policy.Transition, id, node string) bool {
	found := false
	var look func(views []policy.ResourceView, within bool)
	look = func(views []policy.ResourceView, within bool) {
		for i := range views {
			v := &views[i]
			inside := within || v.ID == id
			found = found || inside && v.Next == node
			look(v.Children, inside)
		}
	}
	look(t.Resources, false)
	return found
}

// taken is the state after all steps.
func taken(c *cib.CIB, steps []policy.Step) policy.Input {
	in := inputOf(c)
	if in.Now.IsZero() {
		in.Now = time.Unix(c.ExecutionDate, 0).UTC()
	}
	for _, step := range steps {
		in = step.Apply(in)
	}
	return in
}

func TestARemedyDoesWhatItSays(t *testing.T) {
	t.Parallel()
	sample(t, func(t *testing.T, c *cib.CIB) {
		explained(c, func(id string, v policy.Verdict) {
			if v.Remedy == nil {
				return
			}
			if !placed(policy.Schedule(taken(c, v.Remedy.Steps)), id, v.Node) {
				t.Errorf("%s is not on %s after %+v; it was not there because %v", id, v.Node, v.Remedy.Steps, v.Against)
			}
			for _, other := range v.Remedy.Or {
				if !placed(policy.Schedule(taken(c, []policy.Step{other})), id, v.Node) {
					t.Errorf("%s is not on %s after %+v alone", id, v.Node, other)
				}
			}
			if placed(policy.Schedule(inputOf(c)), id, v.Node) {
				t.Errorf("%s was on %s all the time", id, v.Node)
			}
		})
	})
}

func TestARemedyForARolePromotes(t *testing.T) {
	t.Parallel()
	sample(t, func(t *testing.T, c *cib.CIB) {
		explained(c, func(id string, v policy.Verdict) {
			if v.RoleRemedy == nil {
				return
			}
			e, ok := policy.Explain(taken(c, v.RoleRemedy.Steps), id, policy.Workers{})
			if !ok || e.Resource == nil {
				t.Fatalf("%s is gone after %+v", id, v.RoleRemedy.Steps)
			}
			for _, now := range e.Resource.Nodes {
				if now.Node == v.Node && now.Role != policy.Promoted {
					t.Errorf("%s is %s on %s after %+v; it was not promoted because %v", id, now.Role, v.Node, v.RoleRemedy.Steps, v.RoleWhy)
				}
			}
		})
	})
}

// withoutReason takes away what a reason names, by other means than Step does;
// nil for reasons that nothing in the CIB can take away so simply.
func withoutReason(c *cib.CIB, why policy.Reason) *cib.CIB {
	out := *c
	switch why.Kind {
	case policy.ReasonLocation:
		out.Config.Locations = slices.DeleteFunc(slices.Clone(c.Config.Locations), func(l cib.Location) bool { return l.ID == why.ID })
		if len(out.Config.Locations) == len(c.Config.Locations) {
			return nil
		}
	case policy.ReasonColocation:
		out.Config.Colocations = slices.DeleteFunc(slices.Clone(c.Config.Colocations), func(l cib.Colocation) bool { return l.ID == why.ID })
		if len(out.Config.Colocations) == len(c.Config.Colocations) {
			return nil
		}
	case policy.ReasonTicket:
		out.Config.Tickets = slices.DeleteFunc(slices.Clone(c.Config.Tickets), func(u cib.RscTicket) bool { return u.Ticket == why.ID })
	case policy.ReasonStandby:
		if why.Name == "" {
			return nil
		}
		var document bytes.Buffer
		if cib.EncodeXML(&document, c) != nil {
			return nil
		}
		text := strings.ReplaceAll(document.String(), `name="standby"`, `name="was-standby"`)
		again, _, err := cib.DecodeXML(strings.NewReader(text))
		if err != nil {
			return nil
		}
		return again
	default:
		return nil
	}
	return &out
}

func TestWhatDecidesAgainstANodeDoesNoMoreWhenItIsGone(t *testing.T) {
	t.Parallel()
	sample(t, func(t *testing.T, c *cib.CIB) {
		explained(c, func(id string, v policy.Verdict) {
			if v.Here || len(v.Against) == 0 {
				return
			}
			why := v.Against[0]
			after := withoutReason(c, why)
			if after == nil {
				return
			}
			e, ok := policy.Explain(inputOf(after), id, policy.Workers{})
			if !ok || e.Resource == nil {
				t.Fatalf("%s is gone with %v", id, why)
			}
			for _, now := range e.Resource.Nodes {
				if now.Node == v.Node && !now.Here && (len(now.Against) == 0 || now.Against[0] == why) {
					t.Errorf("%s is not on %s without %q: %v", id, v.Node, why, now.Against)
				}
			}
		})
	})
}

func TestEveryNodeThatAResourceIsNotOnHasAReason(t *testing.T) {
	t.Parallel()
	sample(t, func(t *testing.T, c *cib.CIB) {
		explained(c, func(id string, v policy.Verdict) {
			switch {
			case v.Here:
			case len(v.Against) == 0:
				t.Errorf("nothing is said against %s on %s (score %v)", id, v.Node, v.Score)
			case v.Against[0].Kind == policy.ReasonScore && v.Against[0].Other == "":
				t.Errorf("it is not known what forbids %s on %s: %v", id, v.Node, v.Against)
			}
		})
	})
}
