package conformance

import (
	"slices"
	"strings"
	"testing"
)

func TestCompareIsBlindToWhatDoesNotCount(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ want, got Answer }{
		"the order of scores":        {Answer{Scores: "a\nb"}, Answer{Scores: "b\n\n  a"}},
		"indentation of the summary": {Answer{Summary: "a:\n  * b"}, Answer{Summary: "a:\n* b\n"}},
		"role names of older builds": {Answer{Summary: "* Masters: [ a ]\n* Demote x ( Master -> Slave a )"}, Answer{Summary: "* Promoted: [ a ]\n* Demote x ( Promoted -> Unpromoted a )"}},
		"repeated edges in the DOT":  {Answer{DOT: "a\nb"}, Answer{DOT: "a\nb\nb"}},
		"the numbers of actions":     {Answer{Graph: graphOf("1", "2")}, Answer{Graph: graphOf("7", "3")}},
		"the build's feature set":    {Answer{Graph: graphOf("1", "2")}, Answer{Graph: strings.ReplaceAll(graphOf("1", "2"), "3.16", "3.17")}},
		"what waits for ever": {
			Answer{DOT: "\"x_start_0 n1\" [ bold ]\n\"x_running_0 n1\" [ bold ]\na", Graph: "<transition_graph>" + synapse("1", "w_stop_0", "") +
				synapse("2", "x_start_0", trigger("9", "x_stop_0")) + synapse("3", "x_running_0", trigger("2", "x_start_0")) + "</transition_graph>"},
			Answer{DOT: "\"x_start_0 n1\" [ dashed ]\na", Graph: "<transition_graph>" + synapse("1", "w_stop_0", "") + "</transition_graph>"},
		},
		"the order of the attributes": {Answer{Graph: `<transition_graph a="1" b="2"/>`}, Answer{Graph: `<transition_graph b="2" a="1"/>`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.want.Graph == "" {
				test.want.Graph, test.got.Graph = "<transition_graph/>", "<transition_graph/>"
			}
			if found := Compare(test.want, test.got); len(found) > 0 {
				t.Errorf("found %v", found)
			}
		})
	}
}

func TestCompareFindsWhatCounts(t *testing.T) {
	t.Parallel()
	good := Answer{Scores: "a\na", Summary: "a\nb\nc", DOT: "a\nb", Graph: graphOf("1", "2")}
	for name, test := range map[string]struct {
		change func(*Answer)
		aspect string
		want   []string
	}{
		"a score that is missing once": {func(a *Answer) { a.Scores = "a" }, "scores", []string{"- a"}},
		"lines that changed places":    {func(a *Answer) { a.Summary = "a\nc\nb" }, "summary", []string{"from line 2:", "- b", "- c", "+ c", "+ b"}},
		"an action of the DOT":         {func(a *Answer) { a.DOT = "a\nc" }, "dot", []string{"- b", "+ c"}},
		"an attribute of the header": {func(a *Answer) { a.Graph = strings.Replace(a.Graph, "60s", "61s", 1) }, "graph",
			[]string{`+ <transition_graph cluster-delay="61s">`, `- <transition_graph cluster-delay="60s">`}},
		"an id below an action": {func(a *Answer) { a.Graph = strings.Replace(a.Graph, `primitive id="x"`, `primitive id="y"`, 1) }, "graph", nil},
		"a graph that is none":  {func(a *Answer) { a.Graph = "<cib/>" }, "graph", []string{"the second graph: the top element is <cib>, not <transition_graph>"}},
		"a graph of ours that waits for ever": {func(a *Answer) {
			a.Graph = strings.Replace(a.Graph, `<trigger><rsc_op id="1"`, `<trigger><rsc_op id="9"`, 1)
		}, "graph",
			[]string{"the second graph: rsc_op x_start_0 n1 waits for action 9, which is not there"}},
		"a number used twice": {func(a *Answer) { a.Graph = graphOf("1", "1") }, "graph", []string{"the second graph: action 1 occurs twice"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := good
			test.change(&got)
			found := Compare(good, got)
			if len(found) != 1 || found[0].Aspect != test.aspect {
				t.Fatalf("found %v, want one difference in %s", found, test.aspect)
			}
			if test.want != nil && !slices.Equal(sorted(found[0].Lines), sorted(test.want)) {
				t.Errorf("found %q, want %q", found[0].Lines, test.want)
			}
		})
	}
}

func TestActionsAreFoundInTheDOTByTheNameTheyHaveThere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`<rsc_op operation="start" operation_key="x_start_0" on_node="n1"><primitive id="x"/></rsc_op>`:                                                                                                                                                                                "x_start_0 n1",
		`<rsc_op operation="cancel" operation_key="x_monitor_10000" on_node="n1"><primitive id="x"/></rsc_op>`:                                                                                                                                                                         "Cancel x_monitor_10000 n1",
		`<crm_event operation="do_shutdown" operation_key="do_shutdown-n1" on_node="n1"/>`:                                                                                                                                                                                             "do_shutdown n1",
		`<crm_event operation="clear_failcount" operation_key="x_clear_failcount_0" on_node="n1"><primitive id="x"/></crm_event>`:                                                                                                                                                      "x_clear_failcount_0 n1",
		`<crm_event operation="stonith" operation_key="stonith-n1-off" on_node="n1"><attributes CRM_meta_stonith_action="off"/></crm_event>`:                                                                                                                                           "stonith 'off' n1",
		`<pseudo_event operation="notified" operation_key="c_confirmed-post_notify_stopped_0"><attributes CRM_meta_notify_type="post" CRM_meta_notify_key_type="confirmed-post" CRM_meta_notify_key_operation="stopped"/></pseudo_event>`:                                              "c_confirmed-post_notify_stopped_0",
		`<pseudo_event operation="notified" operation_key="x_notified_0" internal_operation_key="x:0_confirmed-post_notify_stonith_0"><attributes CRM_meta_notify_type="post" CRM_meta_notify_key_type="confirmed-post" CRM_meta_notify_key_operation="stonith"/></pseudo_event>`:      "x_confirmed-post_notify_stonith_0",
		`<rsc_op operation="notify" operation_key="x_post_notify_start_0" internal_operation_key="x:0_post_notify_start_0" on_node="n1"><primitive id="x"/><attributes CRM_meta_notify_type="post" CRM_meta_notify_key_type="post" CRM_meta_notify_key_operation="running"/></rsc_op>`: "x_post_notify_running_0 n1",
	} {
		action, err := parseXML(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := drawnName(action); got != want {
			t.Errorf("%s\nis called %q, want %q", text, got, want)
		}
	}
}

// TestCompareTellsTwinsApart has two actions of the same description, of which
// each waits for one other, or one of them for both.
func TestCompareTellsTwinsApart(t *testing.T) {
	t.Parallel()
	twins := func(firstWaits, secondWaits string) Answer {
		return Answer{Graph: `<transition_graph>` +
			synapse("1", "load_a", "") + synapse("2", "load_b", "") +
			synapse("3", "twin", firstWaits) + synapse("4", "twin", secondWaits) + `</transition_graph>`}
	}
	a, b := trigger("1", "load_a"), trigger("2", "load_b")
	if found := Compare(twins(a, b), twins(b, a)); len(found) > 0 {
		t.Errorf("exchanged twins differ: %v", found)
	}
	if found := Compare(twins(a, b), twins(a+b, "")); len(found) != 1 {
		t.Errorf("twins wired differently count as equal")
	}
}

// graphOf is a start that waits for a stop, with these numbers.
func graphOf(stop, start string) string {
	return `<transition_graph cluster-delay="60s" crm_feature_set="3.16">` +
		synapse(stop, "x_stop_0", "") + synapse(start, "x_start_0", trigger(stop, "x_stop_0")) + `</transition_graph>`
}

func synapse(id, key, inputs string) string {
	return `<synapse id="` + id + `"><action_set><rsc_op id="` + id + `" operation_key="` + key + `" on_node="n1"><primitive id="x"/></rsc_op></action_set>` +
		`<inputs>` + inputs + `</inputs></synapse>`
}

func trigger(id, key string) string {
	return `<trigger><rsc_op id="` + id + `" operation_key="` + key + `" on_node="n1"/></trigger>`
}

func sorted(lines []string) []string {
	slices.Sort(lines)
	return lines
}
