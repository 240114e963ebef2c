package virtualdomain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kvmha/internal/cib"
	"kvmha/internal/hypervisor"
	"kvmha/internal/hypervisor/hypervisortest"
	"kvmha/internal/lab/guest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is one host with the agent and a domain's file.
type bench struct {
	t      *testing.T
	driver *hypervisortest.Driver
	agent  *Agent
	def    hypervisor.Definition
	config string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, driver: &hypervisortest.Driver{}, config: filepath.Join(t.TempDir(), "db1.xml")}
	text := guest.DomainXML(guest.Spec{Name: "db1", UUID: "6f1b0c4e-0000-4000-8000-000000000001", Kernel: "/k", Initrd: "/i"})
	if err := os.WriteFile(b.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if b.def, err = hypervisor.ParseDefinition(text); err != nil {
		t.Fatal(err)
	}
	b.agent = New(b.driver, Options{StateDir: filepath.Join(t.TempDir(), "domains")})
	return b
}

// op makes an operation; pairs are parameters.
func (b *bench) op(name string, pairs ...string) cib.Operation {
	op := cib.Operation{
		Resource: "db1", Class: "ocf", Provider: "kvmha", Type: "VirtualDomain", Name: name, Timeout: 10 * time.Second,
		Params: []cib.NV{{Name: "config", Value: b.config}},
	}
	for i := 0; i < len(pairs); i += 2 {
		op.Params = append(op.Params, cib.NV{Name: pairs[i], Value: pairs[i+1]})
	}
	return op
}

func (b *bench) want(op cib.Operation, rc cib.RC, reason string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	out := b.agent.Run(ctx, op)
	if out.RC != rc || !strings.Contains(out.ExitReason, reason) {
		b.t.Errorf("%s = %v %q, want %v %q", op.Name, out.RC, out.ExitReason, rc, reason)
	}
}

func (b *bench) wantCalls(want string) {
	b.t.Helper()
	if got := strings.Join(b.driver.Calls(), " "); got != want {
		b.t.Errorf("the driver was asked to %q, want %q", got, want)
	}
}

func TestStartChecksFirstAndIsIdempotent(t *testing.T) {
	b := newBench(t)
	b.want(b.op("start"), cib.OK, "")
	b.want(b.op("start"), cib.OK, "")
	b.wantCalls("CheckTarget Start")
}

func TestStartSaysPreciselyWhyItRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*bench)
		rc      cib.RC
		reason  string
	}{
		"the file is missing":       {func(b *bench) { os.Remove(b.config) }, cib.NotInstalled, "copy the file to every host"},
		"the host lacks something":  {func(b *bench) { b.driver.Fail("CheckTarget", errors.New("disk vda is missing")) }, cib.UnknownError, "disk vda is missing"},
		"there is no hypervisor":    {func(b *bench) { b.driver.Fail("Start", hypervisor.ErrNotInstalled) }, cib.NotInstalled, "not installed"},
		"its state is unknown":      {func(b *bench) { b.driver.Fail("State", errors.New("no process table")) }, cib.UnknownError, "not known whether"},
		"it is paused, and remains": {func(b *bench) { b.driver.SetQuietly(b.def, hypervisor.Paused) }, cib.UnknownError, "virsh resume"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			c.prepare(b)
			b.want(b.op("start"), c.rc, c.reason)
		})
	}
}

func TestStopAsksThenDestroysUnlessForced(t *testing.T) {
	for name, c := range map[string]struct {
		state hypervisor.State
		deaf  bool
		op    func(*bench) cib.Operation
		calls string
	}{
		"a guest that listens":        {hypervisor.Running, false, func(b *bench) cib.Operation { return b.op("stop") }, "Shutdown"},
		"a guest that does not":       {hypervisor.Running, true, func(b *bench) cib.Operation { return b.op("stop", "shutdown_timeout", "50ms") }, "Shutdown Destroy"},
		"force_stop":                  {hypervisor.Running, false, func(b *bench) cib.Operation { return b.op("stop", "force_stop", "true") }, "Destroy"},
		"a forced stop":               {hypervisor.Running, false, func(b *bench) cib.Operation { op := b.op("stop"); op.Force = true; return op }, "Destroy"},
		"one whose CPUs stand still":  {hypervisor.Paused, false, func(b *bench) cib.Operation { return b.op("stop") }, "Destroy"},
		"one that is down":            {hypervisor.Stopped, false, func(b *bench) cib.Operation { return b.op("stop") }, ""},
		"one of which nobody can say": {hypervisor.Unknown, false, func(b *bench) cib.Operation { return b.op("stop") }, "Destroy"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.driver.SetQuietly(b.def, c.state)
			if c.deaf {
				b.driver.Deafen(b.def)
			}
			b.want(c.op(b), cib.OK, "")
			b.wantCalls(c.calls)
		})
	}
}

func TestStopFailsWhenTheDomainIsNotProvenDown(t *testing.T) {
	b := newBench(t)
	b.driver.SetQuietly(b.def, hypervisor.Running)
	b.driver.Fail("Shutdown", errors.New("no"))
	b.driver.Fail("Destroy", errors.New("a process is left"))
	b.want(b.op("stop"), cib.UnknownError, "a process is left")
}

func TestStopAndMonitorNeedNoFile(t *testing.T) {
	b := newBench(t)
	b.want(b.op("start"), cib.OK, "")
	if err := os.Remove(b.config); err != nil {
		t.Fatal(err)
	}
	b.want(b.op("monitor"), cib.OK, "")
	b.want(b.op("stop"), cib.OK, "")
	b.want(b.op("monitor"), cib.NotInstalled, "never started on this host")
	b.want(b.op("stop"), cib.OK, "")
}

func TestMonitorHasThreeAnswers(t *testing.T) {
	b := newBench(t)
	recurring := b.op("monitor")
	recurring.Interval = 10 * time.Second
	b.want(b.op("monitor"), cib.NotRunning, "")
	b.driver.SetQuietly(b.def, hypervisor.Running)
	b.want(recurring, cib.OK, "")
	b.driver.SetQuietly(b.def, hypervisor.Unknown)
	b.want(recurring, cib.OK, "")
	b.want(recurring, cib.OK, "")
	b.want(recurring, cib.UnknownError, "not known whether")
	b.driver.SetQuietly(b.def, hypervisor.Running)
	b.want(recurring, cib.OK, "")
	b.driver.SetQuietly(b.def, hypervisor.Unknown)
	b.want(recurring, cib.OK, "")
	b.want(b.op("monitor"), cib.UnknownError, "not known whether")
}

func TestMigrationReportsItsProgressAndArrives(t *testing.T) {
	source, target := newBench(t), newBench(t)
	var phases []string
	source.agent.opts.Progress = func(resource string, p hypervisor.Progress) { phases = append(phases, resource+":"+p.Phase) }
	source.driver.Peer("qemu+tcp://beta/system", target.driver)
	source.want(source.op("start"), cib.OK, "")
	to, from := source.op("migrate_to"), target.op("migrate_from")
	to.Meta = []cib.NV{{Name: "migrate_target", Value: "beta"}}
	from.Meta = []cib.NV{{Name: "migrate_source", Value: "alpha"}}
	source.want(to, cib.OK, "")
	target.want(from, cib.OK, "")
	if got := fmt.Sprint(phases); got != "[db1:active db1:completed]" {
		t.Errorf("progress = %s", got)
	}
	source.want(source.op("monitor"), cib.NotRunning, "")
	source.want(to, cib.NotRunning, "does not run here")
	to.Meta = nil
	source.want(to, cib.NotConfigured, "without a target")
}

func TestMigrationThatFailsSaysWhereTheDomainIs(t *testing.T) {
	b := newBench(t)
	b.driver.SetQuietly(b.def, hypervisor.Running)
	op := b.op("migrate_to")
	op.Meta = []cib.NV{{Name: "migrate_target", Value: "nowhere"}}
	b.want(op, cib.UnknownError, "it runs on this host as before")
	from := b.op("migrate_from")
	from.Timeout = 40 * time.Millisecond
	other := newBench(t)
	from.Params = other.op("migrate_from").Params
	other.want(from, cib.UnknownError, "has not arrived")
}

func TestWrongParametersAreAllNamed(t *testing.T) {
	b := newBench(t)
	op := b.op("start", "force_stopp", "1", "migration_auto_converge", "perhaps", "shutdown_timeout", "soon", "migrateuri", "tcp://x", "hypervisor", "xen:///")
	for _, reason := range []string{`did you mean "force_stop"`, "migration_auto_converge", "shutdown_timeout", "migrateuri", "only qemu:///system"} {
		b.want(op, cib.NotConfigured, reason)
	}
}

func TestTheWayToTheTarget(t *testing.T) {
	b := newBench(t)
	const encrypt, converge = true, true
	for _, c := range []struct {
		pairs []string
		want  hypervisor.Migration
	}{
		{nil, hypervisor.Migration{URI: "qemu+tcp://beta/system", AutoConverge: converge}},
		{[]string{"migration_transport", "tls", "migration_auto_converge", "no"}, hypervisor.Migration{URI: "qemu+tls://beta/system", Encrypt: encrypt}},
		{[]string{"migration_transport", "ssh", "migration_user", "root", "migration_network_suffix", "-mig"},
			hypervisor.Migration{URI: "qemu+ssh://root@beta-mig/system", AutoConverge: converge}},
		{[]string{"migration_uri_template", "qemu+tls://%n.example:16514/sys"},
			hypervisor.Migration{URI: "qemu+tls://beta.example:16514/sys", Encrypt: encrypt, AutoConverge: converge}},
		{[]string{"migrateuri", "qemu://%n/system"}, hypervisor.Migration{URI: "qemu://beta/system", Encrypt: encrypt, AutoConverge: converge}},
		{[]string{"migrateuri", "qemu+tcp://10.0.0.2/system"}, hypervisor.Migration{URI: "qemu+tcp://10.0.0.2/system", AutoConverge: converge}},
	} {
		p, err := parseParams(b.op("migrate_to", c.pairs...))
		if got := p.migration("beta"); err != nil || got != c.want {
			t.Errorf("%v: %+v, %v; want %+v", c.pairs, got, err, c.want)
		}
	}
}

func TestShutdownLeavesTimeForTheDestroy(t *testing.T) {
	for _, c := range []struct{ timeout, param, want time.Duration }{
		{90 * time.Second, 0, 75 * time.Second},
		{30 * time.Second, 0, 24 * time.Second},
		{5 * time.Second, 0, 3 * time.Second},
		{2 * time.Second, 0, time.Second},
		{0, 0, 16 * time.Second},
		{90 * time.Second, 10 * time.Second, 10 * time.Second},
		{20 * time.Second, time.Hour, 16 * time.Second},
	} {
		if got := (params{shutdown: c.param}).shutdownLimit(c.timeout); got != c.want {
			t.Errorf("timeout %v, shutdown_timeout %v: limit %v, want %v", c.timeout, c.param, got, c.want)
		}
	}
}

func TestWatchTellsOfACrashAtOnce(t *testing.T) {
	b := newBench(t)
	b.driver.SetQuietly(b.def, hypervisor.Running)
	ctx, cancel := context.WithCancel(t.Context())
	changed := make(chan string, 100)
	ended := make(chan error, 1)
	go func() {
		ended <- b.agent.Watch(ctx, b.op("monitor"), func(reason string) { changed <- reason })
	}()
	b.driver.AwaitWatcher()
	b.driver.Emit(hypervisor.Event{Kind: hypervisor.Restored})
	if reason := <-changed; !strings.Contains(reason, "can be reached again") {
		t.Errorf("told of %s", reason)
	}
	b.driver.Emit(hypervisor.Event{Domain: "other", Kind: hypervisor.DomainCrashed})
	b.driver.Emit(hypervisor.Event{Domain: "db1", Kind: hypervisor.DomainCrashed, Detail: "failed"})
	for reason := range changed {
		if strings.Contains(reason, "db1 crashed") {
			break
		}
		if strings.Contains(reason, "other") {
			t.Errorf("told of another domain: %s", reason)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Watch ended with %v", err)
	}
}

// begin does what a start does until hostd is killed, and restarts the agent.
func (b *bench) begin(left hypervisor.State) {
	b.t.Helper()
	if err := b.agent.attempts.write("db1", begun); err != nil {
		b.t.Fatal(err)
	}
	if err := b.agent.saved.write("db1", b.def); err != nil {
		b.t.Fatal(err)
	}
	b.driver.SetQuietly(b.def, left)
	b.agent = New(b.driver, b.agent.opts)
}

// probe puts the domain into a state behind the agent's back, and wants this
// answer of a probe.
func (b *bench) probe(state hypervisor.State, want cib.RC) {
	b.t.Helper()
	b.driver.SetQuietly(b.def, state)
	b.want(b.op("monitor"), want, "")
}

func TestAStartThatWasCutShortIsUndone(t *testing.T) {
	for name, left := range map[string]hypervisor.State{
		"before libvirtd began":         hypervisor.Stopped,
		"before its CPUs were let run":  hypervisor.Paused,
		"before anybody was told of it": hypervisor.Running,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.begin(left)
			b.want(b.op("monitor"), cib.NotRunning, "")
			b.wantCalls("Destroy")
			// libvirtd may have been slow.
			b.driver.SetQuietly(b.def, hypervisor.Paused)
			b.want(b.op("start"), cib.OK, "")
			b.wantCalls("Destroy Destroy CheckTarget Start")
			b.want(b.op("monitor"), cib.OK, "")
			// From now on a pause is somebody's will.
			b.probe(hypervisor.Paused, cib.OK)
			b.wantCalls("Destroy Destroy CheckTarget Start")
		})
	}
}

func TestAStopAlsoUndoesAStartThatWasCutShort(t *testing.T) {
	b := newBench(t)
	b.begin(hypervisor.Paused)
	b.want(b.op("stop"), cib.OK, "")
	b.probe(hypervisor.Paused, cib.NotRunning)
	b.wantCalls("Destroy Destroy")
}

func TestADomainThatSomebodyElseHasStartedIsAdopted(t *testing.T) {
	b := newBench(t)
	b.begin(hypervisor.Stopped)
	b.want(b.op("monitor"), cib.NotRunning, "")
	b.probe(hypervisor.Running, cib.OK)
	b.probe(hypervisor.Paused, cib.OK)
	b.wantCalls("Destroy")
}

func TestAProbeThatCannotUndoAStartDoesNotAnswer(t *testing.T) {
	b := newBench(t)
	b.begin(hypervisor.Running)
	b.driver.Fail("Destroy", errors.New("a process is left"))
	b.want(b.op("monitor"), cib.UnknownError, "a process is left")
	b.driver.Fail("Destroy", nil)
	b.want(b.op("monitor"), cib.NotRunning, "")
}

func TestAMigrationBeginsAgainWhenALibvirtdDiedAndTheDomainStays(t *testing.T) {
	source, target := newBench(t), newBench(t)
	source.driver.Peer("qemu+tcp://beta/system", target.driver)
	op := source.op("migrate_to")
	op.Meta = []cib.NV{{Name: "migrate_target", Value: "beta"}}
	source.driver.SetQuietly(source.def, hypervisor.Running)
	died := fmt.Errorf("%w: it was killed", hypervisor.ErrUnavailable)
	source.driver.Fail("Migrate", died)
	source.want(op, cib.UnknownError, "it was killed")
	source.wantCalls("Migrate") // nobody knows on which side it is
	source.driver.FailTimes("Migrate", errors.Join(died, hypervisor.ErrStays), 1)
	source.want(op, cib.OK, "")
	source.wantCalls("Migrate Migrate Migrate")
}

func TestAStartAwaitsALibvirtdThatIsBeingRestarted(t *testing.T) {
	b := newBench(t)
	b.driver.FailTimes("Start", fmt.Errorf("%w: it was killed", hypervisor.ErrUnavailable), 1)
	b.want(b.op("start"), cib.OK, "")
	b.driver.SetQuietly(b.def, hypervisor.Stopped)
	b.driver.Fail("Start", fmt.Errorf("%w: for good", hypervisor.ErrUnavailable))
	short := b.op("start")
	short.Timeout = 20 * time.Millisecond
	b.want(short, cib.UnknownError, "for good")
}
