// Package service runs a service of the host by whichever means the host has for
// it: class "service". It looks for an init script of that name first and takes
// it for a unit of systemd else, the order in which Pacemaker looks ("Pacemaker
// Explained, System Services"; upstart, its third, is no more). Each host
// decides for itself, so one may have a script and another a unit.
package service

import (
	"errors"
	"fmt"

	"kvmha/agents"
)

// Class finds services.
type Class struct {
	// Scripts finds init scripts: class lsb.
	Scripts agents.Finder
	// Units takes what is no script: class systemd. That there is no such unit
	// either is told by the operation.
	Units agents.Finder
}

var _ agents.Finder = (*Class)(nil)

// Find implements agents.Finder. An agent of a unit is an agents.Watcher.
func (c *Class) Find(provider, typ string) (agents.Agent, error) {
	script, err := c.Scripts.Find(provider, typ)
	if err == nil {
		return script, nil
	}
	if !errors.Is(err, agents.ErrNoAgent) {
		return nil, fmt.Errorf("service:%s: %w", typ, err)
	}
	unit, err := c.Units.Find(provider, typ)
	if err != nil {
		return nil, fmt.Errorf("service:%s: %w", typ, err)
	}
	return unit, nil
}
