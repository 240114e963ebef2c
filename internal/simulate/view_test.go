package simulate

import "testing"

func TestAnAgentThatTheHistoryDoesNotNameIsUnknown(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"ocf:pacemaker:Dummy": "ocf:pacemaker:Dummy",
		"ocf:pacemaker:":      "ocf:pacemaker:unknown",
		"stonith:":            "stonith:unknown",
		":":                   "unknown:unknown",
	} {
		if got := agentWords(agent); got != want {
			t.Errorf("agent %q is shown as %q, want %q", agent, got, want)
		}
	}
}
