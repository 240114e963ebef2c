package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/internal/cib"
)

// casesVariable names a folder of the reference scheduler's cases. They are not
// part of the project; internal/conformance compares the answers to them.
const casesVariable = "KVMHA_SCHEDULER_CASES"

// everyCase runs a check on each input recorded with the reference scheduler.
func everyCase(t *testing.T, check func(t *testing.T, c *cib.CIB)) {
	t.Helper()
	folder := os.Getenv(casesVariable)
	if folder == "" {
		t.Skipf("%s names no folder with the reference's cases", casesVariable)
	}
	inputs, err := filepath.Glob(filepath.Join(folder, "xml", "*.xml"))
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs in %s/xml: %v", folder, err)
	}
	for _, path := range inputs {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".xml"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			c, _, err := cib.DecodeXML(strings.NewReader(string(data)))
			if err != nil {
				t.Fatal(err)
			}
			check(t, c)
		})
	}
}

func TestEveryActionOfEveryRecordedCaseHasACauseThatSaysSomething(t *testing.T) {
	everyCase(t, func(t *testing.T, c *cib.CIB) {
		in := Input{CIB: c}
		known := map[string]bool{}
		for _, name := range Subjects(in) {
			known[name] = true
		}
		for _, a := range Schedule(in).Actions {
			switch {
			case a.Kind == Pseudo:
				continue
			case a.Why == nil || a.Cause == "":
				t.Errorf("%s on %s has no cause", a.Key, a.Node)
				continue
			case a.Cause == string(a.Why.Kind) || a.Why.Kind == ReasonCluster || a.Why.Kind == ReasonScore && a.Why.Other == "":
				t.Errorf("the cause of %s on %s says nothing: %+v", a.Key, a.Node, *a.Why)
			case strings.Contains(a.Cause, "  ") || strings.Contains(a.Cause, "on )") || strings.HasSuffix(a.Cause, " "):
				t.Errorf("the cause of %s on %s has a hole: %q", a.Key, a.Node, a.Cause)
			}
			if what := missing(c, *a.Why, known); what != "" {
				t.Errorf("the cause of %s on %s names %s, which does not exist: %+v", a.Key, a.Node, what, *a.Why)
			}
		}
	})
}

// missing is what a reason names that is not in the configuration, nor made of
// it as the instances of clones are.
func missing(c *cib.CIB, why Reason, known map[string]bool) string {
	for _, name := range strings.Split(why.Resource+", "+why.Subject+", "+why.Node+", "+why.Other, ", ") {
		if name != "" && !known[name] {
			return name
		}
	}
	rules := map[string]bool{"": true}
	constraints := map[string]bool{"": true}
	for _, l := range c.Config.Locations {
		constraints[l.ID] = true
		for _, rule := range l.Rules {
			rules[rule.ID] = true
		}
	}
	for _, k := range c.Config.Colocations {
		constraints[k.ID] = true
	}
	for _, o := range c.Config.Orders {
		constraints[o.ID] = true
	}
	for _, u := range c.Config.Tickets {
		constraints[u.Ticket] = true
	}
	switch why.Kind {
	case ReasonLocation, ReasonColocation, ReasonTicket, ReasonOrder, ReasonBlockedBy:
		if !constraints[why.ID] {
			return why.ID
		}
		if !rules[why.Rule] {
			return why.Rule
		}
	}
	return ""
}
