package policy

import (
	"strings"
	"testing"
	"time"
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

func TestAnEmptyValueIsAValue(t *testing.T) {
	t.Parallel()
	rule := `<rsc_location id="l" rsc="a"><rule id="r" score="100"><expression id="e" attribute="cpus" operation="gte" value="" type="number"/></rule></rsc_location>`
	w := world{resources: primXML("a", ""), constraints: rule, status: known("n1 n2", "a") + "n2 attr cpus=4"}
	if got := decide(t, w).Resources[0].Next; got != "n2" {
		t.Errorf("a is to be on %q, want n2, whose number is more than nothing", got)
	}
}
