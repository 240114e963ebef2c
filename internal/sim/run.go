package sim

import (
	"fmt"
	"io"
	"strings"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/cluster"
	"kvmha/internal/node"
	"kvmha/policy"
)

// Core is what a simulated hostd drives: a *node.Core, or a wrong one.
type Core interface {
	Step(now time.Time, ev node.Event) []node.Effect
	Deadline() time.Time
}

// Inspector is how the invariants look into a core without an event.
type Inspector interface {
	// CIB returns what the core holds now; nobody changes it.
	CIB() *cib.CIB
	// Term returns the term that the core votes, obeys or decides in.
	Term() uint64
	// DC returns whom the core follows, "" while it follows nobody.
	DC() string
}

// Options shape a run. The zero value is what the seeds are run with.
type Options struct {
	// Nodes is the number of hosts; 0 lets the seed choose three or two.
	Nodes int
	// Chaos is how long faults are thrown; 0 = 20 s of virtual time, negative
	// = not at all.
	Chaos time.Duration
	// Faults names the faults that may be thrown; nil means all.
	Faults []string
	// Script plans faults of its own: it is called when the cluster has formed.
	Script func(*Stage)
	// Wrap puts another core in the place of a right one, to prove that the
	// invariants notice.
	Wrap func(name string, core *node.Core) Core
	// Schedule replaces policy.Schedule for the same purpose.
	Schedule func(policy.Input) *policy.Transition
	// LateCut is the probability that a power cut of a migration's source
	// comes just after the switch-over. 0 = 0.15, negative = never.
	LateCut float64
	// Log is given every line of the run.
	Log io.Writer
}

func (o *Options) lateCut() float64 {
	switch {
	case o.LateCut < 0:
		return 0
	case o.LateCut == 0:
		return 0.15
	}
	return o.LateCut
}

// Report is what a run was.
type Report struct {
	Seed uint64
	// Hash is over every line of the run's log.
	Hash string
	// Steps counts events of cores, Faults what was thrown, Fences orders to
	// fence, Acknowledged changes and GuestFences answers to guests.
	Steps, Faults, Fences, Acknowledged, GuestFences int
	// Settled is how long the cluster took to be whole after the last fault,
	// Span the virtual time of the run.
	Settled, Span time.Duration
	// Violation is the invariant that was broken, nil when all held.
	Violation *Violation
	// Last are the last lines of the log.
	Last []string
}

// world is one simulated cluster with everything around it.
type world struct {
	agenda   agenda
	dice     dice
	trace    *trace
	opts     Options
	report   Report
	hosts    []*host
	network  *network
	clients  *clients
	guests   *guests
	suspects suspects
	// known are the ids of all resources that were ever touched, sorted.
	known   []string
	cloned  map[string]bool
	movable []string
	lives   uint64
	extras  int
	devices map[string]int // moods of fencing devices
	faults  []fault
	mends   int
	mended  time.Time // when all faults ended
	// inSteps: a reboot by a device is off, and on by another order.
	inSteps bool
	// fencerDies: the next hostd that fences is killed.
	fencerDies bool
	tidied     time.Time // when the administrator last did something
	// agentsFail: operations fail now and then.
	agentsFail bool
	initial    cib.Configuration
	versions   map[cib.Version]string
	votes      map[ballot]string // the candidate
	writers    map[uint64]string // by term
	violation  *Violation
}

// Run runs one seed. The error is a *Violation, wrapped with the seed, the last
// events and how to replay them.
func Run(seed uint64, opts Options) (*Report, error) {
	w := newWorld(seed, opts)
	chaos := opts.Chaos
	if chaos == 0 {
		chaos = 20 * time.Second
	}
	for _, h := range w.hosts {
		w.agenda.after(w.dice.mostly(0, 500*time.Millisecond, 0.1, 8*time.Second), func() { w.powerOn(h) })
	}
	// Some runs are broken into while the cluster still forms.
	calm := w.dice.mostly(6*time.Second, 12*time.Second, 0, 0)
	if w.dice.chance(0.15) {
		calm = time.Second
	}
	if opts.Script != nil {
		w.form()
		calm = w.agenda.now.Sub(epoch)
		w.agenda.after(0, func() { opts.Script(&Stage{w}) })
	}
	end := epoch.Add(calm + max(chaos, 0))
	if chaos > 0 {
		w.agenda.after(calm, func() { w.chaos(end) })
	}
	w.inspectEvery()
	w.runUntil(end)
	if w.violation == nil {
		w.mend()
		w.settle()
	}
	return w.finish(seed)
}

// form lets the cluster come up whole before a script begins.
func (w *world) form() {
	for w.violation == nil && w.unsettled() != "" {
		w.runUntil(w.agenda.now.Add(lookEvery))
		if w.agenda.now.Sub(epoch) > settleLimit {
			w.violate("a cluster forms", "not whole %v after power on: %s", settleLimit, w.unsettled())
		}
	}
}

func newWorld(seed uint64, opts Options) *world {
	w := &world{agenda: agenda{now: epoch}, dice: newDice(seed), trace: newTrace(opts.Log), opts: opts,
		devices: map[string]int{}, versions: map[cib.Version]string{}, votes: map[ballot]string{}, writers: map[uint64]string{}, report: Report{Seed: seed}}
	n := opts.Nodes
	if n == 0 {
		n = 3
		if w.dice.chance(0.25) {
			n = 2
		}
	}
	for i := range n {
		w.hosts = append(w.hosts, &host{name: fmt.Sprintf("n%d", i+1), copies: map[string]*replica{}})
	}
	w.network = newNetwork(w, time.Second)
	w.clients = &clients{w: w}
	w.guests = &guests{w: w}
	w.initial = w.configuration()
	w.inSteps = w.dice.chance(0.7)
	for _, f := range faults {
		if opts.Faults == nil || contains(opts.Faults, f.name) {
			w.faults = append(w.faults, f)
		}
	}
	return w
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// newCore makes the core of a run of hostd from what its disk holds.
func (w *world) newCore(p *process, d *disk) *node.Core {
	votes := map[string]int{}
	for _, h := range w.hosts {
		votes[h.name] = 1
	}
	schedule := w.opts.Schedule
	if schedule == nil {
		schedule = policy.Schedule
	}
	core, err := node.New(node.Config{
		Node: p.host.name, Cluster: "simulated",
		Quorum:      cluster.QuorumRule{Votes: votes, TwoNode: len(votes) == 2},
		Incarnation: p.incarnation, BootID: p.boot, State: d.state, Pledge: d.pledge, Initial: w.initial,
		Seed: w.dice.Uint64(), Schedule: schedule,
		Timings: node.Timings{InitDead: 15 * time.Second, Client: 30 * time.Second},
	})
	if err != nil {
		w.violate("a core starts from what it wrote", "%s: %v", p.host.name, err)
	}
	return core
}

// runUntil lets everything happen up to a moment, or the first violation.
func (w *world) runUntil(end time.Time) {
	for w.violation == nil && w.agenda.next(end) {
	}
}

// inspectEvery looks at the partitions now and then: agreement takes a moment,
// so it is no matter of one event.
func (w *world) inspectEvery() {
	patience := 8 * time.Second
	w.agenda.after(lookEvery, func() {
		if !w.disturbed() {
			for _, members := range w.agreed(patience) {
				w.checkPartition(members)
			}
		}
		w.inspectEvery()
	})
}

// disturbed: something slows everybody down, so that agreement may wait.
func (w *world) disturbed() bool {
	slow := w.network.slow > 0 || w.agenda.now.Before(w.network.calm)
	for _, h := range w.hosts {
		slow = slow || h.disk.slow > 0 || h.disk.full
	}
	return slow
}

// note writes a line of the log.
func (w *world) note(who, format string, args ...any) {
	w.trace.add(w.agenda.now, who, format, args...)
}

func (w *world) finish(seed uint64) (*Report, error) {
	w.report.Span = w.agenda.now.Sub(epoch)
	w.report.Hash = w.trace.hex()
	w.report.Last = w.trace.tail()
	w.report.Violation = w.violation
	if w.violation == nil {
		return &w.report, nil
	}
	return &w.report, fmt.Errorf("seed %d, %d nodes: %w\nthe last events:\n%s\nreplay: go test ./internal/sim -run TestSeed -seed %d -v",
		seed, len(w.hosts), w.violation, strings.Join(w.report.Last, "\n"), seed)
}
