//go:build libvirt_dlopen

package libvirt

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kvmha/internal/hypervisor"
	"kvmha/internal/hypervisor/libvirttest"
	"kvmha/internal/hypervisor/process"
	"kvmha/internal/lab/guest"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(doomedVariable); file != "" {
		startAndWaitForDeath(file)
	}
	libvirttest.Main(m)
}

const uuid = "6f1b0c4e-0000-4000-8000-000000000001"

// newGuest defines a guest whose daemon opens its port when somebody writes to
// the pipe /run/open. It is gone when the test ends.
func newGuest(t *testing.T) hypervisor.Definition {
	t.Helper()
	kernel, err := guest.FindKernel()
	if err != nil {
		t.Fatal(err)
	}
	initrd := filepath.Join(t.TempDir(), "initrd")
	daemon := guest.File{Path: guest.GuestdPath, Data: []byte(
		"#!/bin/sh\nmkfifo /run/open\ncat /run/open\nexec cat /dev/virtio-ports/" + guest.ChannelName + "\n")}
	if err := guest.BuildInitramfs(initrd, daemon); err != nil {
		t.Fatal(err)
	}
	text := guest.DomainXML(guest.Spec{Name: "db1", UUID: uuid, Kernel: kernel.Image, Initrd: initrd})
	def, err := hypervisor.ParseDefinition(text)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := (process.Table{}).Kill(ctx, uuid); err != nil {
			t.Error(err)
		}
	})
	return def
}

// watched is a driver whose events can be awaited.
type watched struct {
	*Driver
	t      *testing.T
	ctx    context.Context
	events chan hypervisor.Event
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	w := &watched{t: t, ctx: ctx, events: make(chan hypervisor.Event, 1000)}
	w.Driver = New(Options{Logger: slog.New(slog.NewTextHandler(testWriter{t}, nil))})
	t.Cleanup(func() { w.Close() })
	sub := w.bus.subscribe()
	go func() {
		for {
			select {
			case <-sub.wake:
				for _, e := range sub.take() {
					w.events <- e
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return w
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	if w.t.Context().Err() == nil {
		w.t.Logf("%s", p)
	}
	return len(p), nil
}

// expect waits for an event of this kind.
func (w *watched) expect(kind hypervisor.EventKind) hypervisor.Event {
	w.t.Helper()
	began := time.Now()
	for {
		select {
		case e := <-w.events:
			if e.Kind == kind {
				w.t.Logf("%s after %v: %s", kind, time.Since(began).Round(time.Millisecond), e.Detail)
				return e
			}
		case <-w.ctx.Done():
			w.t.Fatalf("no event %q", kind)
		}
	}
}

func (w *watched) wantState(def hypervisor.Definition, want hypervisor.State) {
	w.t.Helper()
	began := time.Now()
	got, err := w.State(w.ctx, def)
	if got != want {
		w.t.Errorf("state = %v (%v), want %v", got, err, want)
	}
	w.t.Logf("state %v in %v", got, time.Since(began).Round(time.Microsecond))
}

func (w *watched) must(what string, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

func TestDomainLivesThroughTheDeathOfLibvirtd(t *testing.T) {
	libvirttest.Need(t)
	daemon := libvirttest.Start(t)
	w := newWatched(t)
	w.expect(hypervisor.Restored)
	def := newGuest(t)
	w.wantState(def, hypervisor.Stopped)
	w.must("check", w.CheckTarget(w.ctx, def))
	began := time.Now()
	w.must("start", w.Start(w.ctx, def))
	t.Logf("started in %v", time.Since(began))
	w.expect(hypervisor.DomainStarted)
	w.wantState(def, hypervisor.Running)
	if err := w.CheckTarget(w.ctx, def); err == nil {
		t.Error("a host where the domain runs passes as a target")
	}
	path, err := w.ChannelPath(w.ctx, def)
	w.must("channel", err)
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	shell, err := guest.DialConsole(w.ctx, guest.ConsolePath("db1"))
	w.must("console", err)
	_, err = shell.Run(w.ctx, "echo >/run/open")
	w.must("open the port in the guest", err)
	w.expect(hypervisor.ChannelOpened)
	// Nobody is on the host's side, so that cat reads the end of file.
	w.expect(hypervisor.ChannelClosed)
	shell.Close()

	daemon.Kill()
	w.expect(hypervisor.Lost)
	w.wantState(def, hypervisor.Running)
	again, err := w.ChannelPath(w.ctx, def)
	if err != nil || again != path {
		t.Errorf("channel without libvirtd = %q, %v; want %q", again, err, path)
	}
	libvirttest.Start(t)
	w.expect(hypervisor.Restored)
	w.wantState(def, hypervisor.Running)
	began = time.Now()
	w.must("destroy", w.Destroy(w.ctx, def))
	t.Logf("destroyed in %v", time.Since(began))
	w.expect(hypervisor.DomainStopped)
	w.wantState(def, hypervisor.Stopped)
}

func TestDestroyNeedsNoLibvirtd(t *testing.T) {
	libvirttest.Need(t)
	daemon := libvirttest.Start(t)
	w := newWatched(t)
	def := newGuest(t)
	for name, fail := range map[string]func(){
		"libvirtd is dead":  daemon.Kill,
		"libvirtd is stuck": func() { daemon.Hang(t) },
	} {
		w.expect(hypervisor.Restored)
		w.must("start", w.Start(w.ctx, def))
		w.wantState(def, hypervisor.Running)
		fail()
		began := time.Now()
		w.must(name+": destroy", w.Destroy(w.ctx, def))
		t.Logf("%s: destroyed in %v", name, time.Since(began))
		w.wantState(def, hypervisor.Stopped)
		daemon.Kill()
		daemon = libvirttest.Start(t)
	}
}

func TestGuestShutsDownGracefullyAndCrashIsToldAtOnce(t *testing.T) {
	libvirttest.Need(t)
	libvirttest.Start(t)
	w := newWatched(t)
	w.expect(hypervisor.Restored)
	def := newGuest(t)
	w.must("start", w.Start(w.ctx, def))
	shell, err := guest.DialConsole(w.ctx, guest.ConsolePath("db1"))
	w.must("console", err)
	shell.Close()
	began := time.Now()
	w.must("shutdown", w.Shutdown(w.ctx, def))
	t.Logf("shut down in %v", time.Since(began))
	w.expect(hypervisor.DomainStopped)

	w.must("start again", w.Start(w.ctx, def))
	w.must("kill", w.opts.Processes.Kill(w.ctx, uuid))
	w.expect(hypervisor.DomainCrashed)
	w.wantState(def, hypervisor.Stopped)

	w.must("start a third time", w.Start(w.ctx, def))
	shell, err = guest.DialConsole(w.ctx, guest.ConsolePath("db1"))
	w.must("console", err)
	panicCtx, cancel := context.WithTimeout(w.ctx, 500*time.Millisecond)
	defer cancel()
	shell.Run(panicCtx, "echo c >/proc/sysrq-trigger")
	shell.Close()
	w.expect(hypervisor.DomainPanicked)
}

func TestMigrationEndsOnExactlyOneSide(t *testing.T) {
	libvirttest.Need(t)
	libvirttest.Start(t)
	libvirttest.StartHostB(t)
	w := newWatched(t)
	def := newGuest(t)
	w.boot(def)
	const uri = uriB

	aborted, cancel := context.WithCancel(w.ctx)
	err := w.Migrate(aborted, def, hypervisor.Migration{URI: uri}, func(p hypervisor.Progress) { cancel() })
	t.Logf("aborted: %v", err)
	if err != nil {
		w.wantState(def, hypervisor.Running)
	}
	var last hypervisor.Progress
	began := time.Now()
	w.must("migrate", w.Migrate(w.ctx, def, hypervisor.Migration{URI: uri, AutoConverge: true}, func(p hypervisor.Progress) {
		last = p
		t.Logf("%+v", p)
	}))
	t.Logf("migrated in %v", time.Since(began))
	if last.Phase != "completed" {
		t.Errorf("last progress is %+v", last)
	}
	w.wantState(def, hypervisor.Stopped)
	if state, err := w.remoteState(w.ctx, def, uri); state != hypervisor.Running {
		t.Errorf("on the target it is %v, %v", state, err)
	}
}
