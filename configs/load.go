package configs

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"time"

	"github.com/BurntSushi/toml"

	"kvmha/internal/cib"
	"kvmha/internal/cluster"
)

// MaxSize bounds a configuration file, in bytes; no honest one comes near it.
const MaxSize = 4 << 20

// Cluster is what one configuration file says: the settings of each node's
// engine and daemon, and the configuration that the members share.
type Cluster struct {
	Name string
	// SecretFile holds the key that admits nodes (vm-ctl keygen).
	SecretFile string
	// GossipPort (UDP and TCP) carries heartbeats and gossip, PeerPort (TCP)
	// the messages between members.
	GossipPort, PeerPort uint16
	// Keepalive, Warntime, Deadtime and Initdead are Heartbeat's four times.
	Keepalive, Warntime, Deadtime, Initdead time.Duration
	TwoNode, WaitForAll                     bool
	// Nodes are all configured nodes, in the order of the file.
	Nodes []Node
	// StateDir and ControlSocket are paths on every node; Watchdog is the path
	// of the watchdog device, "" for none.
	StateDir, ControlSocket, Watchdog string
	Config                            cib.Configuration
	// Warnings are things that work but will hurt, each with its place.
	Warnings []string
}

// Node is one host of the cluster as its peers' engines need it.
type Node struct {
	Name  string
	Votes int
	// Links are the node's heartbeat networks, sorted by name; every node has
	// the same names.
	Links []Link
}

// Link is a node's address on one heartbeat network.
type Link struct {
	Name    string
	Address netip.Addr
}

// Node returns the node of that name, or nil.
func (c *Cluster) Node(name string) *Node {
	for i := range c.Nodes {
		if c.Nodes[i].Name == name {
			return &c.Nodes[i]
		}
	}
	return nil
}

// QuorumRule returns the rule that the cluster's votes and options make.
func (c *Cluster) QuorumRule() cluster.QuorumRule {
	rule := cluster.QuorumRule{Votes: map[string]int{}, TwoNode: c.TwoNode, WaitForAll: c.WaitForAll}
	for _, n := range c.Nodes {
		rule.Votes[n.Name] = n.Votes
	}
	return rule
}

// Load reads and checks a cluster's configuration file. What is wrong in the
// file is returned as Errors, all of it.
func Load(path string) (*Cluster, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the cluster's configuration: %w", err)
	}
	if info.Size() > MaxSize {
		return nil, fmt.Errorf("%s has %d bytes, more than the %d that a configuration may have", path, info.Size(), MaxSize)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the cluster's configuration: %w", err)
	}
	return Parse(path, data)
}

// Parse checks a configuration; name stands for the file in messages.
func Parse(name string, data []byte) (*Cluster, error) {
	raw := map[string]any{}
	if _, err := toml.Decode(string(data), &raw); err != nil {
		return nil, syntaxError(name, err)
	}
	p := &problems{file: name, where: scan(string(data))}
	d := &decoder{problems: p}
	doc := &document{}
	d.decodeTable("", raw, reflect.ValueOf(doc).Elem())
	d.checkNames()
	if errs := p.sorted(); len(errs) > 0 {
		return nil, errs
	}
	c := doc.cluster()
	c.Config = doc.configuration(p.where)
	d.checkBuilt(c.Config.Validate())
	if errs := p.sorted(); len(errs) > 0 {
		return nil, errs
	}
	c.Warnings = p.warnings
	return c, nil
}

// syntaxError turns the TOML library's error into one of ours.
func syntaxError(name string, err error) error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return Errors{{File: name, Line: 1, Col: 1, Text: err.Error()}}
	}
	return Errors{{
		File: name, Line: max(pe.Position.Line, 1), Col: max(pe.Position.Col, 1), Key: pe.LastKey, Text: pe.Message,
	}}
}
