package devices

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kvmha/internal/child"
	"kvmha/internal/cib"
	"kvmha/internal/need"
	"kvmha/stonith"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a fence agent that writes what it was told to the file calls.
const script = `#!/bin/sh
action=; while read -r line; do
	echo "$line" >> "%[1]s/calls"
	case $line in action=*) action=${line#*=};; passwd=*) passwd=${line#*=};; esac
done
case $action in
metadata) echo '<?xml version="1.0"?><resource-agent name="fence_test"><parameters><parameter name="%[2]s"/></parameters>
<actions><action name="on" on_target="1"/><action name="off"/><action name="status"/><action name="monitor"/></actions></resource-agent>';;
status) exit $(cat "%[1]s/power");;
off | poweroff) echo 2 > "%[1]s/power";;
monitor) echo "cannot log in with $passwd" >&2; exit 1;;
slow) sleep 600 & wait;;
*) exit 1;;
esac
`

func agentsWith(t *testing.T, plug string) (*FenceAgents, string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("fence_test", fmt.Sprintf(script, dir, plug), 0o755)
	write("fence_plain", "no program", 0o644)
	write("fence_broken", "#!/bin/sh\necho this is no XML\n", 0o755)
	write("power", "0\n", 0o644)
	return &FenceAgents{Path: []string{"/nonexistent", dir}, Runner: &child.Runner{}, Logger: slog.New(slog.DiscardHandler)}, dir
}

func open(t *testing.T, f *FenceAgents, agent string, params ...string) stonith.Device {
	t.Helper()
	opener, err := f.Opener(agent)
	if err != nil {
		t.Fatal(err)
	}
	var nvs []cib.NV
	for i := 0; i < len(params); i += 2 {
		nvs = append(nvs, cib.NV{Name: params[i], Value: params[i+1]})
	}
	d, err := opener("st1", nvs)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheAgentIsToldTheTargetTheWayItWants(t *testing.T) {
	tests := map[string]struct {
		parameter string
		params    []string
		want      string
	}{
		"by plug if it has one":            {"plug", nil, "action=off nodename=alpha plug=alpha"},
		"by port if it has that":           {"port", nil, "action=off nodename=alpha port=alpha"},
		"by neither if it has none":        {"ip", nil, "action=off nodename=alpha"},
		"by the map's name":                {"plug", []string{"pcmk_host_map", "alpha:7;beta:8"}, "action=off nodename=alpha plug=7"},
		"by the argument asked for":        {"plug", []string{"pcmk_host_argument", "uuid"}, "action=off nodename=alpha uuid=alpha"},
		"not at all if asked":              {"plug", []string{"pcmk_host_argument", "none"}, "action=off nodename=alpha"},
		"a configured plug stays":          {"plug", []string{"plug", "9"}, "plug=9 action=off nodename=alpha"},
		"unless it is dynamic":             {"plug", []string{"plug", "dynamic"}, "action=off nodename=alpha plug=alpha"},
		"a configured action is dropped":   {"plug", []string{"action", "on", "ip", "10.0.0.1"}, "ip=10.0.0.1 action=off nodename=alpha plug=alpha"},
		"nothing is expanded on the way":   {"ip", []string{"ip", "$(id) `id` 'x'"}, "ip=$(id) `id` 'x' action=off nodename=alpha"},
		"another word for the action":      {"ip", []string{"pcmk_off_action", "poweroff"}, "action=poweroff nodename=alpha"},
		"the cluster's own are not passed": {"ip", []string{"pcmk_off_timeout", "5s", "pcmk_delay_max", "3", "priority", "1"}, "action=off nodename=alpha"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, dir := agentsWith(t, tt.parameter)
			d := open(t, f, "fence_test", tt.params...)
			if _, err := d.Do(t.Context(), stonith.Off, "alpha"); err != nil {
				t.Fatal(err)
			}
			calls, err := os.ReadFile(filepath.Join(dir, "calls"))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(strings.TrimSpace(strings.TrimPrefix(string(calls), "action=metadata\n")), "\n", " ")
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestExitCodesTellThePower(t *testing.T) {
	f, dir := agentsWith(t, "plug")
	d := open(t, f, "fence_test")
	for code, want := range map[string]stonith.PowerState{"0": stonith.PowerOn, "2": stonith.PowerOff, "1": stonith.PowerUnknown} {
		if err := os.WriteFile(filepath.Join(dir, "power"), []byte(code), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := d.Do(t.Context(), stonith.Status, "alpha")
		if got.Power != want || (err != nil) != (want == stonith.PowerUnknown) {
			t.Errorf("exit code %s: got %v, %v", code, got.Power, err)
		}
	}
}

func TestAnOnThatOnlyTheTargetCanDoDoesNotCount(t *testing.T) {
	f, _ := agentsWith(t, "plug")
	can, err := open(t, f, "fence_test").(stonith.Capable).Can(t.Context())
	if err != nil || can[stonith.On] || !can[stonith.Off] || !can[stonith.Status] || can[stonith.Reboot] {
		t.Errorf("got %v, %v", can, err)
	}
}

func TestPasswordsAreNotRepeated(t *testing.T) {
	f, _ := agentsWith(t, "plug")
	_, err := open(t, f, "fence_test", "passwd", "hunter2").Do(t.Context(), stonith.Monitor, "")
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), `device "st1" (fence_test): monitor failed: it ended with 1: cannot log in with ***`) {
		t.Errorf("got %v", err)
	}
}

func TestATimeoutKillsTheAgent(t *testing.T) {
	f, _ := agentsWith(t, "plug")
	d := open(t, f, "fence_test", "pcmk_reboot_action", "slow")
	if _, err := d.Do(t.Context(), stonith.Off, "alpha"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := d.Do(ctx, stonith.Reboot, "alpha")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestWhatCannotWorkIsRefusedWithTheReason(t *testing.T) {
	f, _ := agentsWith(t, "plug")
	for agent, want := range map[string]string{
		"fence_nowhere":    "install the package",
		"fence_plain":      "not an executable file",
		"external/ipmi":    "no name of a fence agent",
		"../bin/something": "no name of a fence agent",
	} {
		if _, err := f.Opener(agent); !errors.Is(err, stonith.ErrNoDeviceType) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", agent, err)
		}
	}
	opener, err := f.Opener("fence_test")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []cib.NV{{Name: "ip", Value: "a\naction=on"}, {Name: "pcmk_of_action", Value: "off"}, {Name: "pcmk_off_timeout", Value: "soon"}, {Name: "pcmk_host_map", Value: "alpha"}} {
		if _, err := opener("st1", []cib.NV{p}); err == nil {
			t.Errorf("%v was accepted", p)
		}
	}
	if _, err := open(t, f, "fence_broken").Do(t.Context(), stonith.Off, "alpha"); err == nil || !strings.Contains(err.Error(), "not the XML of a fence agent") {
		t.Errorf("got %v", err)
	}
}

// debian opens a device of an agent of Debian's fence-agents.
func debian(t *testing.T, agent string, params ...string) stonith.Device {
	t.Helper()
	need.File(t, "/usr/sbin/"+agent, "Debian's package fence-agents")
	return open(t, &FenceAgents{Runner: &child.Runner{}, Logger: slog.New(slog.DiscardHandler)}, agent, params...)
}

func TestDebiansAgentsDescribeThemselves(t *testing.T) {
	for agent, want := range map[string]string{"fence_ipmilan": "plug", "fence_virsh": "plug", "fence_dummy": ""} {
		d := debian(t, agent).(*fenceAgent)
		about, err := d.describe(t.Context())
		if err != nil {
			t.Errorf("%s: %v", agent, err)
			continue
		}
		if got := d.plugArgument(about); got != want || !about.actions[stonith.Off] || !about.actions[stonith.Status] {
			t.Errorf("%s: plug %q, want %q; actions %v", agent, got, want, about.actions)
		}
	}
}

func TestDebiansDummyAgentSwitchesUnchanged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "status")
	if err := os.WriteFile(file, []byte("on"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := debian(t, "fence_dummy", "status_file", file)
	if _, err := d.Do(t.Context(), stonith.Off, "alpha"); err != nil {
		t.Fatal(err)
	}
	got, err := d.Do(t.Context(), stonith.Status, "alpha")
	if err != nil || got.Power != stonith.PowerOff {
		t.Errorf("got %+v, %v", got, err)
	}
}

func FuzzParseMetadata(f *testing.F) {
	f.Add(`<resource-agent name="x"><parameters><parameter name="plug"/></parameters><actions><action name="on" on_target="1"/></actions></resource-agent>`)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := parseMetadata(text); err == nil && (d.parameters == nil || d.actions == nil) {
			t.Errorf("got %+v", d)
		}
	})
}
