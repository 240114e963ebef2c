package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"kvmha/internal/cib"
	"kvmha/internal/control"
	"kvmha/internal/node"
	"kvmha/policy"
)

// statusWith is a cluster of alpha and beta where db1 runs on active.
func statusWith(active []string, intents ...cib.Intent) *node.StatusReply {
	role := policy.Started
	if len(active) == 0 {
		role = policy.Stopped
	}
	return &node.StatusReply{
		Nodes:     []node.NodeStatus{{Name: "alpha", State: "online"}, {Name: "beta", State: "online"}},
		Resources: []policy.ResourceView{{ID: "db1", Kind: cib.Primitive, Managed: true, Role: role, Active: active}},
		Intents:   intents,
	}
}

func db1(meta ...cib.NV) *cib.CIB {
	return &cib.CIB{Config: cib.Configuration{Resources: []*cib.Resource{{
		ID: "db1", Kind: cib.Primitive, Meta: []cib.NVSet{{ID: "m", Pairs: meta}},
	}}}}
}

func event(name string, pairs ...string) control.EventLine {
	line := control.EventLine{Name: name}
	for i := 0; i < len(pairs); i += 2 {
		line.Fields = append(line.Fields, cib.NV{Name: pairs[i], Value: pairs[i+1]})
	}
	return line
}

// speech is an output whose lines a test can wait for.
type speech chan string

func (s speech) Write(text []byte) (int, error) {
	s <- string(text)
	return len(text), nil
}

// story is a running "migrate db1 --to beta" that the cluster has accepted.
type story struct {
	out, errOut speech
	status      chan int
}

func moveStory(t *testing.T, d *fakeDaemon) *story {
	t.Helper()
	d.on(control.Status, statusWith([]string{"alpha"}), nil)
	d.on(control.GetCIB, db1(cib.NV{Name: "allow-migrate", Value: "true"}), nil)
	d.mu.Lock()
	d.answer[control.Move] = func(json.RawMessage) (any, error) {
		d.on(control.Status, statusWith([]string{"alpha"}, cib.Intent{Resource: "db1", Node: "beta", State: cib.IntentMoving}), nil)
		return nil, nil
	}
	d.mu.Unlock()
	s := &story{out: make(speech, 100), errOut: make(speech, 100), status: make(chan int, 1)}
	go func() {
		a := &app{out: s.out, errOut: s.errOut}
		s.status <- run(context.Background(), a, []string{"--socket", d.socket, "migrate", "db1", "--to", "beta"})
	}()
	if line := <-s.out; line != "db1: moving from alpha to beta\n" {
		t.Errorf("first it said %q", line)
	}
	return s
}

func TestAMigrationShowsItsProgressAndItsEnd(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	s := moveStory(t, d)
	d.events <- event("operation-started", "resource", "vip")
	d.events <- event("migration-progress", "rsc", "db1", "percent", "40", "remaining", "77250000")
	if line := <-s.out; line != "  40% moved, 77.2 MB to go\n" {
		t.Errorf("then it said %q", line)
	}
	d.on(control.Status, statusWith([]string{"beta"}, cib.Intent{Resource: "db1", Node: "beta", State: cib.IntentSettled}), nil)
	d.events <- event("intent-settled", "resource", "db1")
	if line := <-s.out; !strings.HasPrefix(line, "db1 runs on beta, after ") {
		t.Errorf("at the end it said %q", line)
	}
	if status := <-s.status; status != exitOK {
		t.Errorf("status %d", status)
	}
	if want := `move {"rsc":"db1","node":"beta","lifetime_s":600}`; d.asked[len(d.asked)-1] != want {
		t.Errorf("asked %q, want %s at the end", d.asked, want)
	}
}

func TestAFailedMigrationIsAFailureThatSaysWhereTheVMIs(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	s := moveStory(t, d)
	d.on(control.Status, statusWith([]string{"alpha"}, cib.Intent{Resource: "db1", Node: "beta", State: cib.IntentFailed, Reason: "beta has no memory left"}), nil)
	status, errOut := <-s.status, <-s.errOut
	want := "vm-ctl: db1 was not moved: beta has no memory left; it runs on alpha: vm-ctl explain db1\n"
	if status != exitFailed || errOut != want {
		t.Errorf("status %d, %q", status, errOut)
	}
}

func TestAMoveThatSomebodyEndsIsAFailure(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	s := moveStory(t, d)
	d.on(control.Status, statusWith([]string{"alpha"}), nil)
	if status, errOut := <-s.status, <-s.errOut; status != exitFailed || !strings.Contains(errOut, "ended by somebody else; it runs on alpha") {
		t.Errorf("status %d, %q", status, errOut)
	}
}

func TestAMoveThatCannotSucceedIsNotAskedFor(t *testing.T) {
	t.Parallel()
	unmanaged := statusWith([]string{"alpha"})
	unmanaged.Resources[0].Managed = false
	live := db1(cib.NV{Name: "allow-migrate", Value: "true"})
	for _, tc := range []struct {
		name, line string
		status     *node.StatusReply
		cib        *cib.CIB
		exit       int
		want       string
	}{
		{"no such resource", "resource move dbx", statusWith([]string{"alpha"}), live, exitFailed, `there is no resource "dbx"`},
		{"no such node", "resource move db1 --to gamma", statusWith([]string{"alpha"}), live, exitFailed, `there is no node "gamma"`},
		{"not running", "resource move db1", statusWith(nil), live, exitFailed, "db1 does not run"},
		{"unmanaged", "resource move db1", unmanaged, live, exitFailed, "not managed"},
		{"active twice", "resource move db1", statusWith([]string{"alpha", "beta"}), live, exitFailed, "runs on alpha, beta"},
		{"there already", "migrate db1 --to alpha", statusWith([]string{"alpha"}), live, exitOK, "db1 runs on alpha already."},
		{"not live", "migrate db1 --to beta", statusWith([]string{"alpha"}), db1(), exitFailed, "vm-ctl resource move db1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newFakeDaemon(t)
			d.on(control.Status, tc.status, nil)
			d.on(control.GetCIB, tc.cib, nil)
			d.on(control.Move, nil, errors.New("must not be asked"))
			status, out, errOut := d.vmctl(t.Context(), strings.Fields(tc.line)...)
			if status != tc.exit || !strings.Contains(out+errOut, tc.want) {
				t.Errorf("status %d, %q", status, out+errOut)
			}
		})
	}
}

func TestAnInterruptedMoveSaysThatItGoesOn(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	ctx, cancel := context.WithCancel(t.Context())
	d.on(control.Status, statusWith([]string{"alpha"}), nil)
	d.mu.Lock()
	d.answer[control.Move] = func(json.RawMessage) (any, error) {
		d.on(control.Status, statusWith([]string{"alpha"}, cib.Intent{Resource: "db1", State: cib.IntentMoving}), nil)
		cancel()
		return nil, nil
	}
	d.mu.Unlock()
	status, _, errOut := d.vmctl(ctx, "resource", "move", "db1")
	if status != exitInterrupted || !strings.Contains(errOut, "goes on") {
		t.Errorf("status %d, %q", status, errOut)
	}
}

func TestWhatMayMigrateIsReadAsTheSchedulerReadsIt(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	m := &mover{app: &app{socket: d.socket}}
	for text, live := range map[string]bool{"true": true, "yes": true, "1": true, "On": true, "false": false, "no": false, "": false} {
		d.on(control.GetCIB, db1(cib.NV{Name: "allow-migrate", Value: text}), nil)
		if err := m.checkLive(t.Context(), "db1"); (err == nil) != live {
			t.Errorf("allow-migrate=%q gives %v, want live = %v", text, err, live)
		}
	}
}

func TestWhatMayMigrateIsInheritedAsForTheScheduler(t *testing.T) {
	t.Parallel()
	says := func(id, text string) []cib.NVSet {
		return []cib.NVSet{{ID: id, Pairs: []cib.NV{{Name: "allow-migrate", Value: text}}}}
	}
	vm := func(r cib.Resource) *cib.Resource {
		r.ID, r.Kind = "db1", cib.Primitive
		return &r
	}
	for name, tc := range map[string]struct {
		conf cib.Configuration
		live bool
	}{
		"nothing says so":           {conf: cib.Configuration{Resources: []*cib.Resource{vm(cib.Resource{})}}},
		"the defaults":              {cib.Configuration{RscDefaults: says("d", "true"), Resources: []*cib.Resource{vm(cib.Resource{})}}, true},
		"its own word first":        {conf: cib.Configuration{RscDefaults: says("d", "true"), Resources: []*cib.Resource{vm(cib.Resource{Meta: says("m", "no")})}}},
		"its template":              {cib.Configuration{Resources: []*cib.Resource{{ID: "vm", Kind: cib.Template, Meta: says("t", "yes")}, vm(cib.Resource{Template: "vm"})}}, true},
		"the group around it":       {cib.Configuration{Resources: []*cib.Resource{{ID: "g", Kind: cib.Group, Meta: says("g", "1"), Children: []*cib.Resource{vm(cib.Resource{})}}}}, true},
		"a set that is referred to": {cib.Configuration{Resources: []*cib.Resource{{ID: "o", Kind: cib.Primitive, Meta: says("shared", "on")}, vm(cib.Resource{Meta: []cib.NVSet{{IDRef: "shared"}}})}}, true},
	} {
		if got := mayMigrate(&tc.conf, "db1"); got != tc.live {
			t.Errorf("%s: live = %v, want %v", name, got, tc.live)
		}
	}
}
