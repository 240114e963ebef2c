package policy

import (
	"slices"
	"testing"

	"kvmha/internal/cib"
)

func TestGuestNodesThatWereNeverSeenCountAsOneForWhatIsColocated(t *testing.T) {
	t.Parallel()
	w := world{nodes: []string{"n1"},
		resources:   primXML("vm1", "remote-node=g1") + primXML("vm2", "remote-node=g2") + groupXML("g", primXML("a", ""), primXML("b", "")),
		constraints: `<rsc_location id="l" rsc="b" node="g1" score="10"/>`,
		status:      "n1 vm1 start\nn1 g1 start\nn1 vm2 start\nn1 g2 start"}
	for name, test := range map[string]struct {
		seen []string
		want cib.Score
	}{
		"neither was seen": {nil, 10},
		"one was seen":     {[]string{"g2"}, 0},
		"both were seen":   {[]string{"g1", "g2"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := w.cib(t)
			for _, n := range test.seen {
				c.Status.Nodes = append(c.Status.Nodes, cib.NodeState{ID: n, Uname: n, RemoteNode: true})
			}
			scores := Schedule(Input{CIB: c, Now: now, Scores: true}).Scores
			at := slices.IndexFunc(scores, func(s ScoreLine) bool {
				return s.Func == "pcmk__primitive_assign" && s.Resource == "a" && s.Node == "g2"
			})
			if at < 0 {
				t.Fatal("a has no score on g2")
			}
			if got := scores[at].Score; got != test.want {
				t.Errorf("a's score on g2 is %s, want %s", got, test.want)
			}
		})
	}
}
