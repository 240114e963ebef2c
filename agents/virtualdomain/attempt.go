package virtualdomain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"kvmha/agents"
	"kvmha/internal/cib"
	"kvmha/internal/hypervisor"
)

// attempt is what is written of the last start of a domain on this host, until
// it has succeeded. hostd may be killed at any point of a start, and libvirtd
// then goes on with it.
type attempt string

const (
	// noAttempt: the last start succeeded, or there was none.
	noAttempt attempt = ""
	// begun: libvirtd may have been asked, and nobody was told of a success.
	begun attempt = "begun"
	// abandoned: what was begun has been destroyed. What of it still appears has
	// never run: its CPUs wait for a hostd that is dead.
	abandoned attempt = "abandoned"
)

// attempts keeps them beside the saved definitions.
type attempts struct{ dir string }

func (s attempts) path(resource string) (string, error) {
	if !agents.PlainName(resource) {
		return "", fmt.Errorf("resource id %q cannot be a file name", resource)
	}
	return filepath.Join(s.dir, resource+".start"), nil
}

func (s attempts) read(resource string) (attempt, error) {
	path, err := s.path(resource)
	if err != nil {
		return noAttempt, err
	}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return noAttempt, nil
	case err != nil:
		return begun, fmt.Errorf("the note of the last start: %w", err)
	case attempt(text) == abandoned:
		return abandoned, nil
	}
	return begun, nil
}

// write notes an attempt; noAttempt removes the note.
func (s attempts) write(resource string, a attempt) error {
	path, err := s.path(resource)
	if err != nil {
		return err
	}
	if a == noAttempt {
		err = os.Remove(path)
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	} else if err = os.MkdirAll(s.dir, 0o700); err == nil {
		err = renameio.WriteFile(path, []byte(a), 0o600)
	}
	if err != nil {
		return fmt.Errorf("note the start of a domain: %w", err)
	}
	return nil
}

// abandon notes that what an attempt began, if there was one, is destroyed.
func (s attempts) abandon(resource string) error {
	if last, err := s.read(resource); last == noAttempt {
		return err
	}
	return s.write(resource, abandoned)
}

// settle returns the state of a domain after everything is undone or over that
// an earlier hostd, or a libvirtd that died, has left half done here.
func (a *Agent) settle(ctx context.Context, op cib.Operation, def hypervisor.Definition) (hypervisor.State, error) {
	last, err := a.attempts.read(op.Resource)
	if err != nil {
		return hypervisor.Unknown, err
	}
	ctx, cancel := context.WithTimeout(ctx, beforeTimeout(op.Timeout))
	defer cancel()
	for {
		if last == begun {
			if err := a.driver.Destroy(ctx, def); err != nil {
				return hypervisor.Unknown, fmt.Errorf("hostd died while it started the domain, and what was begun cannot be ended: %w", err)
			}
			if err := errors.Join(a.attempts.write(op.Resource, abandoned), a.saved.remove(op.Resource)); err != nil {
				return hypervisor.Unknown, err
			}
			last = abandoned
		}
		state, err := a.driver.Settle(ctx, def)
		switch {
		case last == noAttempt, state == hypervisor.Stopped, state == hypervisor.Unknown:
			return state, err
		case state == hypervisor.Running: // somebody else has started it
			return state, a.attempts.write(op.Resource, noAttempt)
		}
		last = begun // it has appeared after all
	}
}
