package node

import (
	"testing"
	"time"

	"kvmha/internal/cib"
)

// carryOut has the core, which is DC, order an operation of its own node and be
// told its result.
func carryOut(t *testing.T, core *Core, op cib.Operation, result cib.Result) {
	t.Helper()
	op.Resource, op.Class, op.Provider, op.Type = "web", "ocf", "test", "Web"
	result.ID = core.order(core.cfg.Node, orderMsg{Operation: op, OpDigest: "of-" + op.Name})
	core.Step(core.now, Tick{}) // which takes the order
	core.Step(core.now.Add(time.Second), OperationDone{Operation: op, Result: result})
}

func TestAReloadIsRecordedAsWhatItLeaves(t *testing.T) {
	divided := cib.ParamDigests{RestartList: " state ", RestartDigest: "of-state", SecureList: " key ", SecureDigest: "of-the-rest"}
	for name, c := range map[string]struct {
		result  cib.Result
		entries map[string]string // by id: operation, status and digest
	}{
		"a success is a start with the new parameters": {
			cib.Result{RC: cib.OK, Status: cib.ExecDone, ParamDigests: divided},
			map[string]string{"web_last_0": "start complete of-reload-agent of-state of-the-rest"},
		},
		"a failure is a failed start": {
			cib.Result{RC: cib.UnknownError, Status: cib.ExecDone},
			map[string]string{"web_last_0": "start complete of-reload-agent  ", "web_last_failure_0": "start complete of-reload-agent  "},
		},
		"one that did not end leaves a resource that is not as it should be": {
			cib.Result{RC: cib.UnknownError, Status: cib.ExecTimeout},
			map[string]string{"web_last_0": "monitor Timed Out of-reload-agent  ", "web_last_failure_0": "monitor Timed Out of-reload-agent  "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			core := pairedCore(t, "alpha")
			carryOut(t, core, cib.Operation{Name: "start"}, cib.Result{RC: cib.OK, Status: cib.ExecDone, ParamDigests: divided})
			before := entries(core)
			if len(before) != 1 || before["web_last_0"] != "start complete of-start of-state of-the-rest" {
				t.Fatalf("after the start the history holds %v", before)
			}
			reload := cib.Operation{Name: "reload-agent"}
			core.order("alpha", orderMsg{Operation: cib.Operation{Name: "reload-agent", Resource: "other", Class: "ocf", Type: "Web"}})
			if now := entries(core); len(now) != 1 {
				t.Errorf("a reload that is ordered changes the history to %v", now)
			}
			carryOut(t, core, reload, c.result)
			got := entries(core)
			if len(got) != len(c.entries) {
				t.Errorf("the history holds %v, want %v", got, c.entries)
			}
			for id, want := range c.entries {
				if got[id] != want {
					t.Errorf("%s is %q, want %q", id, got[id], want)
				}
			}
		})
	}
}

// entries is the history of the core's own node.
func entries(core *Core) map[string]string {
	found := map[string]string{}
	for _, h := range core.CIB().Status.Node(core.cfg.Node).History {
		for _, op := range h.Ops {
			found[op.ID] = op.Operation + " " + op.Status.String() + " " + op.OpDigest + " " + op.RestartDigest + " " + op.SecureDigest
		}
	}
	return found
}
