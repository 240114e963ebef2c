package lab

import (
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kvmha/internal/node"
)

// qemuPIDs are the processes that execute guests, by guest and host.
func (s *Site) qemuPIDs() []string {
	var found []string
	for _, p := range processes() {
		if strings.HasPrefix(p.program, "qemu-system-") {
			for _, vm := range s.options.VMs {
				if isGuest(p.args, vm) {
					found = append(found, vm+" on "+p.host+" is process "+strconv.Itoa(p.pid))
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

// incarnation is the id of the run of hostd that the cluster knows of a host.
func incarnation(status *node.StatusReply, host string) string {
	for _, n := range status.Nodes {
		if n.Name == host {
			return n.Incarnation
		}
	}
	return ""
}

func TestARestartOfHostdDisturbsNoResourceAndNoVM(t *testing.T) {
	scene := stage(t, SceneOptions{})
	if err := scene.PowerOnAndWait(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, signal := range map[string]syscall.Signal{"asked to restart": syscall.SIGHUP, "killed": syscall.SIGKILL} {
		for _, host := range []string{"alpha", "beta"} {
			before, err := scene.Status(t.Context(), host)
			if err != nil {
				t.Fatal(err)
			}
			running, began := scene.qemuPIDs(), time.Now()
			if err := scene.Host(host).Kill("hostd", signal); err != nil {
				t.Fatal(err)
			}
			if _, err := scene.Wait(t.Context(), host+" to be a member again", func(s *node.StatusReply) bool {
				return scene.Formed(s) && scene.AllRun(s) && incarnation(s, host) != incarnation(before, host)
			}); err != nil {
				t.Fatal(err)
			}
			if now := scene.qemuPIDs(); !slices.Equal(now, running) {
				t.Errorf("hostd of %s %s: guests were %v and are %v", host, name, running, now)
			}
			// The witness asks every few ms: a silence of a tenth of a second
			// would mean that the address was taken away and set again.
			if gap := scene.VIP.LongestGap(began); gap > 100*time.Millisecond {
				t.Errorf("hostd of %s %s: the service address was silent for %v", host, name, gap)
			}
		}
	}
	scene.mustNotRunTwice(t)
}

func TestAHostThatIsAskedToLeaveHandsItsWorkOver(t *testing.T) {
	scene := stage(t, SceneOptions{})
	if err := scene.PowerOnAndWait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := scene.Host("alpha").Kill("hostd", syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// The lab starts hostd again as soon as it has left, so that alpha comes
	// back: nobody may have fenced it meanwhile.
	status, err := scene.Wait(t.Context(), "alpha to have left and returned", func(s *node.StatusReply) bool {
		return scene.Formed(s) && scene.AllRun(s) && scene.Host("alpha").logSays("hostd-left")
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range status.Decisions {
		if d.Event == node.EventFenceStarted {
			t.Errorf("a host that left on purpose was fenced: %s", d.String())
		}
	}
	scene.mustNotRunTwice(t)
}
