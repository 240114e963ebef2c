package virtualdomain

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"kvmha/agents"
	"kvmha/internal/cib"
	"kvmha/internal/hypervisor"
)

// errNeverRan means that this host has neither the definition of a domain nor a
// kept copy, so that the domain was not started here since the host booted.
var errNeverRan = errors.New("the domain was never started on this host")

// definition finds the definition of a domain that may run here: that which it
// was started from, else the file.
func (a *Agent) definition(op cib.Operation, p params) (hypervisor.Definition, error) {
	def, err := a.saved.read(op.Resource)
	if !errors.Is(err, os.ErrNotExist) {
		return def, err
	}
	def, err = hypervisor.ReadDefinition(p.config)
	if errors.Is(err, os.ErrNotExist) {
		return def, fmt.Errorf("%w, and cannot be: %w", errNeverRan, err)
	}
	return def, err
}

// savedDefinitions keeps the definitions of the domains that run on this host,
// one file a resource. They live as long as the boot does: after a crash of the
// host nothing of it runs.
type savedDefinitions struct{ dir string }

func (s savedDefinitions) path(resource string) (string, error) {
	if !agents.PlainName(resource) {
		return "", fmt.Errorf("resource id %q cannot be a file name", resource)
	}
	return filepath.Join(s.dir, resource+".xml"), nil
}

func (s savedDefinitions) read(resource string) (hypervisor.Definition, error) {
	path, err := s.path(resource)
	if err != nil {
		return hypervisor.Definition{}, err
	}
	return hypervisor.ReadDefinition(path)
}

func (s savedDefinitions) write(resource string, def hypervisor.Definition) error {
	path, err := s.path(resource)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("keep the domain's definition: %w", err)
	}
	if err := renameio.WriteFile(path, []byte(def.XML), 0o600); err != nil {
		return fmt.Errorf("keep the domain's definition: %w", err)
	}
	return nil
}

func (s savedDefinitions) remove(resource string) error {
	path, err := s.path(resource)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forget the domain's definition: %w", err)
	}
	return nil
}
