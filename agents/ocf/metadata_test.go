package ocf

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kvmha/agents"
	"kvmha/internal/cib"
)

// learned waits for what an agent says of itself.
func learned(t *testing.T, a agents.Describer) *agents.Metadata {
	t.Helper()
	script := a.(*agent)
	d := script.class.describe(script)
	select {
	case <-d.answered:
	case <-time.After(metadataLimit):
		t.Fatal("the script does not answer")
	}
	return d.now()
}

// described is a script that tells meta-data of this version with this reload
// action, and notes every call in CALLS.
func described(version, reload string) string {
	return `#!/bin/sh
echo "$1 $__OCF_ACTION" >> "$OCF_ROOT/calls"
case $1 in meta-data) cat <<END
<resource-agent name="Agent"><version>` + version + `</version><actions><action name="` + reload + `"/></actions></resource-agent>
END
esac
`
}

func calls(t *testing.T, c *Class) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.Root, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAReloadIsCalledByTheNameTheScriptKnows(t *testing.T) {
	for name, tt := range map[string]struct{ version, offers, want string }{
		"OCF 1.1":   {"1.1", "reload-agent", "reload-agent"},
		"OCF 1.0":   {"1.0", "reload", "reload"},
		"no reload": {"1.1", "start", "reload-agent"},
	} {
		t.Run(name, func(t *testing.T) {
			c := class(t, described(tt.version, tt.offers))
			defer c.Close()
			got := find(t, c, "test", "Agent").Run(t.Context(), cib.Operation{Resource: "r", Name: "reload-agent"})
			if want := "meta-data meta-data\n" + tt.want + " " + tt.want + "\n"; got.RC != cib.OK || calls(t, c) != want {
				t.Errorf("got %+v, calls %q", got, calls(t, c))
			}
		})
	}
}

func TestAChangedScriptIsAskedAgain(t *testing.T) {
	c := class(t, described("1.0", "reload"))
	defer c.Close()
	if m := learned(t, find(t, c, "test", "Agent")); m == nil || m.ReloadAction() != "reload" {
		t.Fatalf("got %+v", m)
	}
	path := filepath.Join(c.Root, "resource.d", "test", "Agent")
	if err := os.WriteFile(path, []byte(described("1.1", "reload-agent")), 0o755); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if m := learned(t, find(t, c, "test", "Agent")); m == nil || m.ReloadAction() != "reload-agent" {
		t.Errorf("got %+v", m)
	}
}

func TestAScriptWithoutMetadataIsAskedOnceAndNamedInTheLog(t *testing.T) {
	c := class(t, "#!/bin/sh\necho \"$1\" >> \"$OCF_ROOT/calls\"\necho no such thing >&2; exit 3")
	var log strings.Builder
	c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	a := find(t, c, "test", "Agent")
	for range 3 {
		if m := learned(t, a); m != nil {
			t.Errorf("got %+v", m)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := calls(t, c); got != "meta-data\n" {
		t.Errorf("calls %q", got)
	}
	if text := log.String(); strings.Count(text, "ocf:test:Agent") != 1 || !strings.Contains(text, "ended with 3: no such thing") {
		t.Errorf("the log says %q", text)
	}
}

func TestAScriptThatHangsHoldsUpNeitherResultsNorClose(t *testing.T) {
	c := class(t, "#!/bin/sh\ncase $1 in meta-data) exec sleep 600;; esac")
	a := find(t, c, "test", "Agent")
	began := time.Now()
	if m := a.Metadata(); m != nil {
		t.Errorf("got %+v", m)
	}
	if got := a.Run(t.Context(), cib.Operation{Resource: "r", Name: "start"}); got.RC != cib.OK {
		t.Errorf("got %+v", got)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if m := find(t, c, "test", "Agent").Metadata(); m != nil {
		t.Errorf("after Close: got %+v", m)
	}
	if took := time.Since(began); took > metadataLimit/2 {
		t.Errorf("took %v", took)
	}
}
