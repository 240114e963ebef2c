package configs

import (
	"strings"
	"testing"

	"kvmha/internal/cib"
)

// show writes a rule with all its parentheses.
func show(r *cib.Rule) string {
	var parts []string
	for _, p := range r.Parts {
		switch {
		case p.Rule != nil:
			parts = append(parts, "("+show(p.Rule)+")")
		case p.Attr != nil && p.Attr.Value == "":
			parts = append(parts, p.Attr.Operation+" "+p.Attr.Attribute)
		case p.Attr != nil:
			parts = append(parts, strings.Join(strings.Fields(p.Attr.Attribute+" "+p.Attr.Type+" "+p.Attr.Operation), " ")+" "+p.Attr.Value)
		case p.Date != nil:
			text := strings.TrimSpace(p.Date.Operation + " " + p.Date.Start + " " + p.Date.End)
			for _, nv := range p.Date.Spec {
				text += " " + nv.Name + "=" + nv.Value
			}
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " "+r.Op+" ")
}

func TestRulesReadAsCrmWritesThem(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, score, want string }{
		{"200: #uname eq pm01", "200", "#uname eq pm01"},
		{"-INFINITY: not_defined pingd or pingd lt 100", "-INFINITY", "not_defined pingd or pingd lt 100"},
		{"1: a eq 1 and b eq 2 and c eq 3", "1", "a eq 1 and b eq 2 and c eq 3"},
		{"1: a eq 1 or b eq 2 and c eq 3", "1", "a eq 1 or (b eq 2 and c eq 3)"},
		{"1: (a eq 1 or b eq 2) and c eq 3", "1", "(a eq 1 or b eq 2) and c eq 3"},
		{"1: ((a eq 1))", "1", "a eq 1"},
		{"1: load number:gte 2.5", "1", "load number gte 2.5"},
		{`1: site eq "Tokyo (east)"`, "1", "site eq Tokyo (east)"},
		{"1: date in 2026-01-01 to 2026-02-01", "1", "in_range 2026-01-01 2026-02-01"},
		{"1: date spec hours=9-17 weekdays=1-5 or date gt 2030-01-01", "1", "date_spec hours=9-17 weekdays=1-5 or gt 2030-01-01"},
	} {
		r, err := parseRule("r", tc.text)
		if err != nil {
			t.Errorf("%q: %v", tc.text, err)
			continue
		}
		if got := show(&r); got != tc.want || r.Score != tc.score || r.ID != "r" {
			t.Errorf("%q: got %s: %s (id %s)", tc.text, r.Score, got, r.ID)
		}
	}
}

func TestRulePartsHaveIDsOfTheirOwn(t *testing.T) {
	t.Parallel()
	r, err := parseRule("r", "1: (a eq 1 or b eq 2) and (c eq 3 or date gt 2030-01-01)")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var walk func(r *cib.Rule)
	walk = func(r *cib.Rule) {
		for _, p := range r.Parts {
			id := ""
			switch {
			case p.Rule != nil:
				id = p.Rule.ID
				walk(p.Rule)
			case p.Attr != nil:
				id = p.Attr.ID
			case p.Date != nil:
				id = p.Date.ID
			}
			if id == "" || seen[id] {
				t.Errorf("id %q is empty or there twice", id)
			}
			seen[id] = true
		}
	}
	walk(&r)
}

func TestParenthesesAreBounded(t *testing.T) {
	t.Parallel()
	if _, err := parseRule("r", "1: "+strings.Repeat("(", 1000)); err == nil || !strings.Contains(err.Error(), "more than 20") {
		t.Errorf("got %v", err)
	}
}
