//go:build libvirt_dlopen

package libvirt

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"kvmha/internal/hypervisor"
	"kvmha/internal/hypervisor/libvirttest"
	"kvmha/internal/lab/guest"
)

// doomedVariable makes a copy of the test binary start the domain in the file
// that it names, as a hostd that is killed meanwhile.
const doomedVariable = "KVMHA_LIBVIRT_DOOMED"

func startAndWaitForDeath(file string) {
	def, err := hypervisor.ReadDefinition(file)
	if err != nil {
		panic(err)
	}
	_ = New(Options{}).Start(context.Background(), def)
	select {} // whoever lives so long was killed too late, or not
}

// until looks at the world until ok is true.
func (w *watched) until(what string, ok func() bool) {
	w.t.Helper()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-look.C:
		case <-w.ctx.Done():
			w.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestAStartWhoseProcessIsKilledNeverRuns(t *testing.T) {
	libvirttest.Need(t)
	libvirttest.Start(t)
	w := newWatched(t)
	w.expect(hypervisor.Restored)
	def := newGuest(t)
	file := filepath.Join(t.TempDir(), "db1.xml")
	w.must("write the definition", os.WriteFile(file, []byte(def.XML), 0o600))
	doomed := exec.Command("/proc/self/exe")
	doomed.Env = append(os.Environ(), doomedVariable+"="+file)
	w.must("start a copy", doomed.Start())
	w.until("QEMU to be forked", func() bool {
		pids, _ := w.opts.Processes.Find(uuid)
		return len(pids) > 0
	})
	doomed.Process.Kill()
	doomed.Wait()

	// libvirtd goes on with the start; its end is a domain that stands still.
	state, err := w.Settle(w.ctx, def)
	if state != hypervisor.Paused {
		t.Fatalf("what was begun has settled as %v (%v), want paused", state, err)
	}
	w.must("destroy", w.Destroy(w.ctx, def))
	w.wantState(def, hypervisor.Stopped)
	w.must("start", w.Start(w.ctx, def))
	w.wantState(def, hypervisor.Running)
}

// boot starts a guest and returns when it is up.
func (w *watched) boot(def hypervisor.Definition) {
	w.t.Helper()
	w.expect(hypervisor.Restored)
	w.must("start", w.Start(w.ctx, def))
	shell, err := guest.DialConsole(w.ctx, guest.ConsolePath(def.Name))
	w.must("console", err)
	shell.Close()
}

// migrating starts a guest and its migration to host B and calls disturb when it
// is under way. It returns what Migrate said.
func (w *watched) migrating(def hypervisor.Definition, uri string, disturb func()) error {
	w.t.Helper()
	w.boot(def)
	disturbed := false
	return w.Migrate(w.ctx, def, hypervisor.Migration{URI: uri}, func(p hypervisor.Progress) {
		if p.Phase == "active" && !disturbed {
			disturbed = true
			disturb()
		}
	})
}

// wantOneSide checks that the domain runs where a migration's end says.
func (w *watched) wantOneSide(def hypervisor.Definition, uri string, migrated error) {
	w.t.Helper()
	w.t.Logf("the migration ended with: %v", migrated)
	here, there := hypervisor.Running, hypervisor.Stopped
	if migrated == nil {
		here, there = there, here
	}
	w.wantState(def, here)
	// A libvirtd that was killed ends its half when it is back.
	w.until("the target's half to end", func() bool {
		state, err := w.remoteState(w.ctx, def, uri)
		if state != there && (state == hypervisor.Running || there == hypervisor.Running) && err == nil {
			w.t.Fatalf("on the target it is %v, want %v", state, there)
		}
		return state == there
	})
}

const uriB = "qemu+tcp://host-b/system"

func TestAMigrationEndsOnOneSideWhenTheSourcesLibvirtdIsKilled(t *testing.T) {
	libvirttest.Need(t)
	daemon := libvirttest.Start(t)
	libvirttest.StartHostB(t)
	w := newWatched(t)
	def := newGuest(t)
	err := w.migrating(def, uriB, func() {
		daemon.Kill()
		libvirttest.Start(t)
	})
	w.wantOneSide(def, uriB, err)
}

func TestAMigrationEndsOnOneSideWhenTheTargetsLibvirtdIsKilled(t *testing.T) {
	libvirttest.Need(t)
	libvirttest.Start(t)
	b := libvirttest.StartHostB(t)
	w := newWatched(t)
	def := newGuest(t)
	err := w.migrating(def, uriB, func() { b.KillLibvirtd(t) })
	w.wantOneSide(def, uriB, err)
}

func TestAMigrationThatNobodyWaitsForIsAborted(t *testing.T) {
	libvirttest.Need(t)
	libvirttest.Start(t)
	libvirttest.StartHostB(t)
	w := newWatched(t)
	def := newGuest(t)
	// Another process of this host has settled it meanwhile, as a hostd does that
	// finds the migration of the one that was killed.
	next := New(Options{})
	defer next.Close()
	err := w.migrating(def, uriB, func() {
		state, err := next.Settle(w.ctx, def)
		if state != hypervisor.Running && state != hypervisor.Stopped {
			t.Errorf("settled as %v (%v)", state, err)
		}
	})
	w.wantOneSide(def, uriB, err)
}
