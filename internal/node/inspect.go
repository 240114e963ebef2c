package node

import "kvmha/internal/cib"

// CIB returns what this node holds now. It is never changed afterwards, so a
// reader may keep it.
func (c *Core) CIB() *cib.CIB { return c.cib }

// Term returns the term that this core votes, obeys or decides in.
func (c *Core) Term() uint64 { return c.vote.term }

// DC returns the node that this one follows, "" while it follows none.
func (c *Core) DC() string { return c.vote.dc }
