package policy

import (
	"strings"
	"testing"

	"kvmha/internal/cib"
)

func TestAMoveAwayFromANodeThatCannotKeepAnythingSaysSo(t *testing.T) {
	t.Parallel()
	const prefers = `<rsc_location id="l" rsc="a" node="n1" score="200"/>`
	for _, tt := range []struct{ name, attr, want string }{
		{"standby", "standby=on", "node n1 is in standby"},
		{"shutdown", "shutdown=1", "node n1 is shutting down"},
	} {
		for _, meta := range []string{"", "allow-migrate=true"} {
			t.Run(tt.name+meta, func(t *testing.T) {
				t.Parallel()
				w := world{resources: primXML("a", meta), constraints: prefers,
					status: "n1 a start monitor10\nn2 a monitor=7\nn1 attr " + tt.attr}
				c := w.cib(t)
				c.Status.Intents = []cib.Intent{{Resource: "a", Node: "n1", State: cib.IntentSettled, Author: "vm-ctl"}}
				for _, a := range Schedule(Input{CIB: c, Now: now}).Actions {
					switch a.Task {
					case "stop", "start", "migrate_to", "migrate_from":
						if a.Kind == ResourceOp && !strings.Contains(a.Cause, tt.want) {
							t.Errorf("%s says %q, want the cause %q", a.Key, a.Cause, tt.want)
						}
					}
				}
			})
		}
	}
}
