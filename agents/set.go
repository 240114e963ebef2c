package agents

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kvmha/internal/cib"
	"kvmha/internal/nearest"
)

// Finder makes the agents of a whole class from what the host has installed.
type Finder interface {
	// Find returns the agent, or an error that wraps ErrNoAgent and says
	// where it was looked for and what to install.
	Find(provider, typ string) (Agent, error)
}

// Set is the Registry that hostd fills when it starts: agents written in Go by
// their full name, and one Finder for each class of installed ones. A full
// name is looked up first. It is not changed once the executor uses it.
type Set struct {
	agents  map[string]Agent
	classes map[string]Finder
}

var _ Registry = (*Set)(nil)

// NewSet returns an empty set.
func NewSet() *Set { return &Set{agents: map[string]Agent{}, classes: map[string]Finder{}} }

// Add makes a known under class:provider:type.
func (s *Set) Add(class, provider, typ string, a Agent) {
	s.agents[fullName(class, provider, typ)] = a
}

// AddClass lets f find the agents of class that are not known by name.
func (s *Set) AddClass(class string, f Finder) { s.classes[class] = f }

// Agent implements Registry.
func (s *Set) Agent(class, provider, typ string) (Agent, error) {
	name := fullName(class, provider, typ)
	if a, ok := s.agents[name]; ok {
		return a, nil
	}
	f, ok := s.classes[class]
	if !ok {
		return nil, fmt.Errorf("%s: %w: no agents of class %q here%s", name, ErrNoAgent, class,
			didYouMean(class, slices.Sorted(maps.Keys(s.classes))))
	}
	a, err := f.Find(provider, typ)
	if errors.Is(err, ErrNoAgent) {
		if near := nearest.To(name, maps.Keys(s.agents)); near != "" {
			err = fmt.Errorf("%w (or did you mean %s?)", err, near)
		}
	}
	return a, err
}

// Learn has the agents of these resources read their meta-data, so that it is
// known when the first result of one is in. Agents that are missing say so when
// they are used.
func (s *Set) Learn(resources []*cib.Resource) {
	for _, top := range resources {
		top.Walk(func(r, _ *cib.Resource) {
			if agent, err := s.Agent(r.Class, r.Provider, r.Type); err == nil {
				if describer, ok := agent.(Describer); ok {
					describer.Metadata()
				}
			}
		})
	}
}

func fullName(class, provider, typ string) string {
	r := cib.Resource{Class: class, Provider: provider, Type: typ}
	return r.Agent()
}

// PlainName tells whether a provider's or type's name is only a name: it names
// a file in a folder, so it must not lead out of it.
func PlainName(name string) bool {
	return name != "" && !strings.HasPrefix(name, ".") && !strings.ContainsAny(name, "/\x00\n")
}
