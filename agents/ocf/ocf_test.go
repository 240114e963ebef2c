package ocf

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kvmha/agents"
	"kvmha/internal/child"
	"kvmha/internal/cib"
	"kvmha/internal/need"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// class makes an OCF root with one agent, ocf:test:Agent, that runs script.
func class(t *testing.T, script string) *Class {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "resource.d", "test", "Agent")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return &Class{Root: dir, TempDir: filepath.Join(dir, "tmp"), Node: "alpha", LogFacility: "none", Runner: &child.Runner{}}
}

// debian is the class with the agents of Debian's resource-agents.
func debian(t *testing.T, typ string) *Class {
	t.Helper()
	need.File(t, filepath.Join(DefaultRoot, "resource.d", "heartbeat", typ), "Debian's package resource-agents")
	return &Class{TempDir: t.TempDir(), Node: "alpha", LogFacility: "none", Runner: &child.Runner{}}
}

func find(t *testing.T, c *Class, provider, typ string) agents.Describer {
	t.Helper()
	a, err := c.Find(provider, typ)
	if err != nil {
		t.Fatal(err)
	}
	return a.(agents.Describer)
}

func TestExitCodesBecomeResults(t *testing.T) {
	tests := map[string]struct {
		script string
		rc     cib.RC
		status cib.ExecStatus
		reason string
	}{
		"success":                          {"#!/bin/sh\nexit 0", cib.OK, cib.ExecDone, ""},
		"not running needs no reason":      {"#!/bin/sh\necho noise >&2; exit 7", cib.NotRunning, cib.ExecDone, ""},
		"promoted":                         {"#!/bin/sh\nexit 8", cib.RunningPromoted, cib.ExecDone, ""},
		"degraded":                         {"#!/bin/sh\nexit 190", cib.Degraded, cib.ExecDone, ""},
		"the last exit reason counts":      {"#!/bin/sh\necho ocf-exit-reason:first >&2; echo 'ocf-exit-reason:disk is full' >&2; echo more >&2; exit 1", cib.UnknownError, cib.ExecDone, "disk is full"},
		"without one the last line counts": {"#!/bin/sh\necho a >&2; echo 'no such database' >&2; exit 6", cib.NotConfigured, cib.ExecDone, "no such database"},
		"an exit code that is none":        {"#!/bin/sh\necho gone >&2; exit 127", cib.UnknownError, cib.ExecDone, "ended with 127, which is no OCF exit code: gone"},
		"a signal":                         {"#!/bin/sh\nkill -SEGV $$", cib.UnknownError, cib.ExecError, "was ended by signal segmentation fault"},
		"a script without a first line":    {"exit 0\n", cib.UnknownError, cib.ExecError, "is its first line #!INTERPRETER?"},
		"a missing interpreter":            {"#!/no/such/sh\nexit 0", cib.NotInstalled, cib.ExecError, "no such file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := find(t, class(t, tt.script), "test", "Agent").Run(t.Context(), cib.Operation{Resource: "r", Name: "monitor"})
			if got.RC != tt.rc || got.Status != tt.status || !strings.Contains(got.ExitReason, tt.reason) || tt.reason == "" && got.ExitReason != "" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTheAgentGetsTheWholeEnvironment(t *testing.T) {
	t.Setenv("KVMHA_TEST_SECRET", "of hostd's own")
	c := class(t, "#!/bin/sh\necho \"ARGS=$*\"; env")
	got := find(t, c, "test", "Agent").Run(t.Context(), cib.Operation{
		Resource: "r1:0", Name: "monitor", Interval: 10 * time.Second, Timeout: 20 * time.Second,
		Params: []cib.NV{{Name: "config", Value: "$(touch /pwned) 'x' \"y\""}},
		Meta:   []cib.NV{{Name: "migrate-target", Value: "beta"}, {Name: "notify_type", Value: "pre"}},
	})
	for _, want := range []string{
		"ARGS=monitor", "OCF_ROOT=" + c.Root, "OCF_RESOURCE_INSTANCE=r1:0", "OCF_RESOURCE_TYPE=Agent",
		"OCF_RESOURCE_PROVIDER=test", "OCF_RA_VERSION_MAJOR=1", "HA_RSCTMP=" + c.TempDir, "__OCF_ACTION=monitor",
		`OCF_RESKEY_config=$(touch /pwned) 'x' "y"`, "OCF_RESKEY_CRM_meta_interval=10000", "OCF_RESKEY_CRM_meta_timeout=20000",
		"OCF_RESKEY_CRM_meta_migrate_target=beta", "OCF_RESKEY_CRM_meta_notify_type=pre", "OCF_RESKEY_CRM_meta_on_node=alpha",
	} {
		if !strings.Contains(got.Output, want+"\n") {
			t.Errorf("no %s in\n%s", want, got.Output)
		}
	}
	if strings.Contains(got.Output, "KVMHA_TEST_SECRET") {
		t.Error("hostd's environment reached the agent")
	}
}

func TestAParameterThatIsNoVariableIsRefused(t *testing.T) {
	got := find(t, class(t, "#!/bin/sh\n"), "test", "Agent").Run(t.Context(), cib.Operation{Resource: "r", Name: "start", Params: []cib.NV{{Name: "a=b", Value: "c"}}})
	if got.RC != cib.InvalidParam {
		t.Errorf("got %+v", got)
	}
}

func TestAnAgentThatIsNotThereIsNamedWithItsPlace(t *testing.T) {
	c := class(t, "#!/bin/sh\n")
	for _, tt := range []struct{ provider, typ, want string }{
		{"test", "Agnet", "did you mean ocf:test:Agent?"},
		{"heartbeat", "Dummy", c.Root + "/resource.d/heartbeat/Dummy"},
		{"test", "../../etc/passwd", "plain names"},
	} {
		_, err := c.Find(tt.provider, tt.typ)
		if !errors.Is(err, agents.ErrNoAgent) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:%s: got %v", tt.provider, tt.typ, err)
		}
	}
}

func TestDebiansDummyRunsUnchanged(t *testing.T) {
	a := find(t, debian(t, "Dummy"), "heartbeat", "Dummy")
	for i, step := range []struct {
		name     string
		interval time.Duration
		want     cib.RC
		reason   string
	}{
		{"monitor", 0, cib.NotRunning, ""},
		{"start", 0, cib.OK, ""},
		{"monitor", 10 * time.Second, cib.OK, ""},
		{"stop", 0, cib.OK, ""},
		{"monitor", 10 * time.Second, cib.NotRunning, "No process state file found"},
		{"nonsense", 0, cib.Unimplemented, ""},
	} {
		got := a.Run(t.Context(), cib.Operation{Resource: "d1", Name: step.name, Interval: step.interval, Timeout: 20 * time.Second})
		if got.RC != step.want || step.reason != "" && got.ExitReason != step.reason {
			t.Fatalf("step %d, %s: got %+v", i, step.name, got)
		}
	}
}

func TestMetadataOfDebiansAgentsIsRead(t *testing.T) {
	a := find(t, debian(t, "IPaddr2"), "heartbeat", "IPaddr2")
	defer a.(*agent).class.Close()
	m := learned(t, a)
	ip := m.Parameter("ip")
	if m.Name != "IPaddr2" || ip == nil || !ip.Required || !ip.Unique || !m.Has("monitor") || m.Has("promote") {
		t.Errorf("got %+v", m)
	}
	if again := a.Metadata(); again != m {
		t.Error("the second time it was read anew")
	}
	err := m.CheckParams([]cib.NV{{Name: "nick", Value: "eth0"}})
	if err == nil || !strings.Contains(err.Error(), `did you mean "nic"?`) || !strings.Contains(err.Error(), `"ip" is required`) {
		t.Errorf("got %v", err)
	}
}

func TestATimeoutEndsTheScript(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	got := find(t, class(t, "#!/bin/sh\nsleep 600 & wait"), "test", "Agent").Run(ctx, cib.Operation{Resource: "r", Name: "start"})
	if got.RC != cib.UnknownError {
		t.Errorf("got %+v", got)
	}
}
