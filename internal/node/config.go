package node

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/cluster"
	"kvmha/policy"
)

// Config is everything a Core is made from. Two cores with equal Configs that
// are given equal events yield equal effects.
type Config struct {
	// Node is this node's name, Cluster the cluster's.
	Node, Cluster string
	// Quorum holds the rule and, in Votes, the configured nodes.
	Quorum cluster.QuorumRule
	// Incarnation identifies this run of hostd, BootID this run of the kernel;
	// both are those the engine shows to the peers.
	Incarnation, BootID string
	// State is the Data of the last Persist effect, nil on a first start.
	State []byte
	// Pledge is the Data of the last WritePledge effect, nil on a first start.
	Pledge []byte
	// Initial is the configuration of a cluster that has no state yet.
	Initial cib.Configuration
	// Seed feeds the random delays of fencing (pcmk_delay_max): give every
	// start another one.
	Seed uint64
	// Timings may be zero: each field documents its default.
	Timings Timings
	// Schedule is the scheduler; nil means policy.Schedule. Tests hand in one
	// of their own.
	Schedule func(policy.Input) *policy.Transition
}

// Timings are the waits of the core. None is in the path of a failover that
// goes well: they bound what goes wrong.
type Timings struct {
	// InitDead is how long a starting cluster waits for nodes that it has
	// never seen before it takes them for unclean (Heartbeat's initdead).
	// Default 60 s. Shorter than a host's boot: hosts that are merely slower
	// than their peers are shot.
	InitDead time.Duration
	// Election is how long a member waits for a DC or for votes before it
	// tries by itself. Default 500 ms; well above a round trip.
	Election time.Duration
	// Join is how long a DC waits for a member's offer before it goes on
	// without it, and then how often it asks again. Default 2 s.
	Join time.Duration
	// Report is what an operation's report may take beyond the operation's
	// own timeout, before the DC counts it as timed out; and how often a
	// member repeats a report that nobody recorded. Default 5 s.
	Report time.Duration
	// FenceRetry is the pause after a failed fencing; it doubles with every
	// failure up to 16 times. Default 2 s.
	FenceRetry time.Duration
	// FenceTimeout bounds a fencing that the scheduler gave no stonith-timeout.
	// Default 60 s.
	FenceTimeout time.Duration
	// Client is how long a request may wait for the cluster. Default 60 s.
	Client time.Duration
	// Restart is how long a node whose hostd restarts may be away before it
	// counts as lost. Default 60 s.
	Restart time.Duration
	// Return is how long a hostd that was killed, in a boot in which it had joined,
	// waits for the other nodes before it takes those that it does not see for
	// unclean. Default 5 s; well above the engine's deadtime, for they may have
	// been killed with it.
	Return time.Duration
	// PersistRetry is the pause after a failed write of the state. Default 5 s.
	PersistRetry time.Duration
}

func defaultDuration(d *time.Duration, def time.Duration) {
	if *d == 0 {
		*d = def
	}
}

// validate fills the defaults and refuses contradictions.
func (c *Config) validate() error {
	t := &c.Timings
	defaultDuration(&t.InitDead, 60*time.Second)
	defaultDuration(&t.Election, 500*time.Millisecond)
	defaultDuration(&t.Join, 2*time.Second)
	defaultDuration(&t.Report, 5*time.Second)
	defaultDuration(&t.FenceRetry, 2*time.Second)
	defaultDuration(&t.FenceTimeout, 60*time.Second)
	defaultDuration(&t.Client, 60*time.Second)
	defaultDuration(&t.Restart, 60*time.Second)
	defaultDuration(&t.Return, 5*time.Second)
	defaultDuration(&t.PersistRetry, 5*time.Second)
	var errs []error
	if c.Node == "" || c.Cluster == "" || c.Incarnation == "" || c.BootID == "" {
		errs = append(errs, errors.New("node, cluster, incarnation and boot id must all be set"))
	}
	if _, ok := c.Quorum.Votes[c.Node]; !ok {
		errs = append(errs, fmt.Errorf("node %q is not among the configured nodes %v: add it, or give hostd the right name", c.Node, sortedKeys(c.Quorum.Votes)))
	}
	for _, d := range []time.Duration{t.InitDead, t.Election, t.Join, t.Report, t.FenceRetry, t.FenceTimeout, t.Client, t.Restart, t.Return, t.PersistRetry} {
		if d < 0 {
			errs = append(errs, fmt.Errorf("timing %v is negative: leave it 0 for its default", d))
		}
	}
	if c.Schedule == nil {
		c.Schedule = policy.Schedule
	}
	return errors.Join(errs...)
}

// sortedKeys returns a map's keys in order; maps are iterated nowhere else.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
