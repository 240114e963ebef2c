package policy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kvmha/internal/cib"
)

func TestParametersOfAnIdleResourceAreLookedAtAgainWhenTheirRuleChanges(t *testing.T) {
	t.Parallel()
	start := now.Add(3 * time.Hour)
	param := `<instance_attributes id="i"><rule id="r"><date_expression id="d" operation="in_range" start="` + start.Format(time.RFC3339) +
		`" end="2030-01-01"/></rule><nvpair id="v" name="x" value="1"/></instance_attributes>`
	idle := strings.Replace(primXML("a", "target-role=Stopped"), "</primitive>", param+"</primitive>", 1)
	w := world{resources: idle, status: known("n1 n2", "a")}
	if got := decide(t, w).RecheckAt; !got.Equal(start) {
		t.Errorf("the next decision is due at %v, want %v, when the rule begins to hold", got, start)
	}
}

func TestAnEmptyValueIsAValueOutsideOfConstraints(t *testing.T) {
	t.Parallel()
	rule := `<rule id="r" score="100"><expression id="e" attribute="cpus" operation="gte" value="" type="number"/></rule>`
	location := `<rsc_location id="l" rsc="a">` + rule + `</rsc_location>`
	w := world{resources: primXML("a", ""), constraints: location, status: known("n1 n2", "a") + "n2 attr cpus=4"}
	if got := decide(t, w).Resources[0].Next; got != "n1" {
		t.Errorf("a is to be on %q, want n1: in a constraint nothing is no number to compare with", got)
	}
	w.constraints = ""
	params := `<instance_attributes id="i">` + rule + `<nvpair id="p" name="big" value="yes"/></instance_attributes>`
	w.resources = strings.Replace(w.resources, "<operations>", params+"<operations>", 1)
	w.status = known("n1", "a") + "n1 attr cpus=4"
	w.nodes = []string{"n1"}
	for _, a := range decide(t, w).Actions {
		if a.Task == "start" && !slices.ContainsFunc(a.Operation.Params, func(p cib.NV) bool { return p.Name == "big" }) {
			t.Errorf("a starts with %v, want it to be big: 4 is more than nothing", a.Operation.Params)
		}
	}
}
