package node

import (
	"slices"
	"strings"

	"kvmha/internal/cluster"
)

// membership is what the engine's view says, judged: who is here, who was shot
// and only seems to be here, and whether this partition has quorum. A goodbye in
// it proves nothing: who may leave is in the CIB before it goes.
type membership struct {
	view    cluster.View
	present []cluster.Member // sorted by name
	// seenAll: all nodes were here at once since the start. joinedAll: and obeyed
	// one DC, or this node joined a partition with quorum; only then is what they
	// know merged, and may a DC act on it (wait-for-all).
	seenAll   bool
	joinedAll bool
	// returned: the last run of hostd in this boot had joined and was killed.
	returned bool
	quorum   cluster.Quorum
	// shot holds, by node, the boot id that was fenced: its last messages and
	// heartbeats count no more.
	shot    map[string]string
	refused []PeerRefused
}

// here reports whether a node is a member now.
func (m *membership) here(name string) bool { return m.member(name) != nil }

func (m *membership) member(name string) *cluster.Member {
	i := slices.IndexFunc(m.present, func(p cluster.Member) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &m.present[i]
}

// names are the members' names, sorted.
func (m *membership) names() []string {
	names := make([]string, len(m.present))
	for i := range m.present {
		names[i] = m.present[i].Name
	}
	return names
}

// viewChanged takes the engine's new view.
func (c *Core) viewChanged(v cluster.View) {
	c.members.view = v
	c.linkAttributes(v.Links)
	c.judgeView()
}

// judgeView derives the members from the view and tells the other ideas who
// came and who went. A member with another incarnation has gone and come.
func (c *Core) judgeView() {
	m := &c.members
	old := m.present
	m.present = nil
	for _, p := range m.view.Members {
		if p.Left || m.shot[p.Name] == p.BootID && p.BootID != "" {
			continue
		}
		m.present = append(m.present, p)
	}
	slices.SortFunc(m.present, func(a, b cluster.Member) int { return strings.Compare(a.Name, b.Name) })
	var gone, come []string
	for _, o := range old {
		if n := m.member(o.Name); n == nil || n.Incarnation != o.Incarnation {
			gone = append(gone, o.Name)
		}
	}
	for _, n := range m.present {
		if !slices.ContainsFunc(old, func(o cluster.Member) bool { return o.Name == n.Name && o.Incarnation == n.Incarnation }) {
			come = append(come, n.Name)
		}
	}
	if len(gone)+len(come) > 0 {
		c.announce(EventViewChanged, levelInfo, "members", strings.Join(m.names(), ","),
			"gone", strings.Join(gone, ","), "come", strings.Join(come, ","))
	}
	c.judgeQuorum()
	for _, name := range gone {
		c.peerGone(name)
	}
	for _, name := range come {
		c.peerCame(name)
	}
}

func (c *Core) judgeQuorum() {
	m := &c.members
	all := true
	for _, name := range sortedKeys(c.cfg.Quorum.Votes) {
		all = all && m.here(name)
	}
	m.seenAll = m.seenAll || all
	had := m.quorum.Have
	m.quorum = c.cfg.Quorum.Judge(m.names(), m.seenAll)
	switch {
	case m.quorum.Have && !had:
		c.announce(EventQuorumGained, levelInfo, "why", m.quorum.Why)
	case !m.quorum.Have && had:
		c.announce(EventQuorumLost, levelWarn, "why", m.quorum.Why)
	}
}

// peerCame greets a new peer; a DC invites it.
func (c *Core) peerCame(name string) {
	delete(c.vote.heard, name)
	if name != c.cfg.Node {
		c.send(name, message{Hello: &helloMsg{DC: c.vote.dc}})
	}
	if c.office != nil {
		c.invite(name)
	}
}

// peerGone forgets what depended on the peer's being here.
func (c *Core) peerGone(name string) {
	delete(c.vote.heard, name)
	if c.vote.dc == name {
		c.loseDC("it has gone")
	}
	if c.vote.owesGrant && c.vote.voted == name {
		c.vote.owesGrant = false
	}
	if c.office != nil {
		c.officePeerGone(name)
	}
}

// peerRefused remembers the peers that the engine turned away, for status.
func (c *Core) peerRefused(e PeerRefused) {
	const keep = 16
	m := &c.members
	m.refused = slices.DeleteFunc(m.refused, func(o PeerRefused) bool { return o.Address == e.Address })
	m.refused = append(m.refused, e)
	if len(m.refused) > keep {
		m.refused = m.refused[1:]
	}
	c.announce(EventPeerRefused, levelWarn, "address", e.Address, "reason", e.Reason)
}

func setString(m *map[string]string, key, value string) {
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[key] = value
}
