package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"kvmha/internal/cib"
)

// StateVersion is the format of State; a file of another version is refused
// with both named.
const StateVersion = 1

// State is what a Persist effect holds, as JSON: everything that must outlive
// a power cut and nothing else. What nodes do is found out anew by probes.
type State struct {
	Format      int               `json:"format"`
	Cluster     string            `json:"cluster"`
	Version     cib.Version       `json:"version"`
	Config      cib.Configuration `json:"configuration"`
	Intents     []cib.Intent      `json:"intents,omitempty"`
	GuestFences []cib.GuestFence  `json:"guest_fences,omitempty"`
	PowerOn     map[string]string `json:"power_on,omitempty"` // devices by node (cib.NodeState)
}

// disk tracks what is on disk and what is on its way there.
type disk struct {
	seq     uint64
	stale   bool      // the CIB has something that no Persist has carried
	pending uint64    // the Persist of our own that is under way, 0 = none
	failed  string    // why the last write failed
	retry   time.Time // when to try again
}

// restore reads the state of the last run, or takes the configuration that the
// cluster starts with.
func (c *Core) restore(data []byte) error {
	if data == nil {
		c.cib = &cib.CIB{FeatureSet: cib.FeatureSet, Version: cib.Version{Epoch: 1}, Config: c.cfg.Initial}
		c.disk.stale = true
		return nil
	}
	var s State
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("state of node %s is not readable: %w; restore it from a backup, or remove it to start as a new node", c.cfg.Node, err)
	}
	if s.Format != StateVersion {
		return fmt.Errorf("state of node %s has format %d, this program reads %d: use the program that wrote it", c.cfg.Node, s.Format, StateVersion)
	}
	if s.Cluster != c.cfg.Cluster {
		return fmt.Errorf("state of node %s belongs to cluster %q, not %q: remove it, or correct the cluster's name", c.cfg.Node, s.Cluster, c.cfg.Cluster)
	}
	c.cib = &cib.CIB{FeatureSet: cib.FeatureSet, Version: s.Version, Config: s.Config}
	c.cib.Status.Intents, c.cib.Status.GuestFences = s.Intents, s.GuestFences
	c.restorePowerOns(s.PowerOn)
	return nil
}

// stateOf renders the durable part of a CIB.
func (c *Core) stateOf(b *cib.CIB) []byte {
	data, err := json.Marshal(State{
		Format: StateVersion, Cluster: c.cfg.Cluster, Version: b.Version,
		Config: b.Config, Intents: b.Status.Intents, GuestFences: b.Status.GuestFences, PowerOn: powerOns(b),
	})
	if err != nil {
		panic("node: state cannot be rendered: " + err.Error()) // plain data always can
	}
	return data
}

// settledOnDisk reports whether the disk holds all that the CIB has to keep.
func (c *Core) settledOnDisk() bool {
	return !c.disk.stale && c.disk.pending == 0 && c.replica.prepared == nil
}

// sameOnDisk tells whether the disk holds the same of two CIBs, versions aside.
func sameOnDisk(a, b *cib.CIB) bool {
	return durablyEqual(a, b) && sameJSON(powerOns(a), powerOns(b))
}

// durablyEqual tells whether two CIBs agree in what was asked for: what a merge
// loses of it is archived.
func durablyEqual(a, b *cib.CIB) bool {
	return sameJSON(a.Config, b.Config) && sameJSON(a.Status.Intents, b.Status.Intents) &&
		sameJSON(a.Status.GuestFences, b.Status.GuestFences)
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// write emits a Persist effect for what b holds and returns its number.
func (c *Core) write(b *cib.CIB) uint64 {
	c.disk.seq++
	c.emit(Persist{Seq: c.disk.seq, Data: c.stateOf(b)})
	return c.disk.seq
}

// diskProgress writes what the CIB got by other ways than a prepared change.
func (c *Core) diskProgress() {
	if !c.disk.stale || c.disk.pending != 0 || c.replica.prepared != nil || c.now.Before(c.disk.retry) {
		return
	}
	c.disk.stale = false
	c.disk.pending = c.write(c.cib)
}

// persisted takes the answer to a Persist. A failure changes nothing in memory:
// the node goes on, says so, and tries again.
func (c *Core) persisted(e Persisted) {
	c.diskHealth(e.Error)
	if p := c.replica.prepared; p != nil && p.write == e.Seq {
		c.changeOnDisk(p, e.Error)
		return
	}
	if e.Seq != c.disk.pending {
		return
	}
	c.disk.pending = 0
	if e.Error != "" {
		c.disk.stale = true
		c.disk.retry = c.now.Add(c.cfg.Timings.PersistRetry)
	}
}

// diskHealth announces a disk that begins or ceases to fail and shows it as an
// attribute of the node.
func (c *Core) diskHealth(failure string) {
	was := c.disk.failed
	c.disk.failed = failure
	switch {
	case failure != "" && was == "":
		c.announce(EventPersistFailed, levelError, "error", failure,
			"remedy", "make room under the state folder; the cluster runs on, configuration changes are refused")
		c.attributeChanged(AttributeChanged{Name: AttributeStateDisk, Value: "failed"})
	case failure == "" && was != "":
		c.announce(EventPersistOK, levelInfo)
		c.attributeChanged(AttributeChanged{Name: AttributeStateDisk, Remove: true})
	}
}

func (c *Core) diskDeadline(d *deadline) {
	if c.disk.stale && c.disk.pending == 0 && c.replica.prepared == nil {
		d.add(c.disk.retry)
	}
}
