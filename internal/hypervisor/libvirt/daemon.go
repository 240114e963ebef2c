package libvirt

import (
	"errors"
	"fmt"

	"kvmha/internal/hypervisor"
)

// daemon is one connection to a libvirtd. Its methods block until libvirtd has
// answered or the connection has ended; domains are named by UUID. Errors wrap
// errNoDomain or hypervisor.ErrUnavailable where these are the cause.
type daemon interface {
	// state returns Running or Paused of an active domain, Stopped of an
	// inactive one.
	state(uuid string) (hypervisor.State, error)
	// phase tells what libvirtd is doing with a domain.
	phase(uuid string) (phase, error)
	// xml returns the definition of an active domain as it runs.
	xml(uuid string) (string, error)
	// active returns the UUIDs of all active domains.
	active() ([]string, error)
	// create starts a domain with its CPUs standing still; resume lets them run.
	create(xml string) error
	resume(uuid string) error
	shutdown(uuid string) error
	destroy(uuid string) error
	// migrate moves a domain peer to peer and returns when it is over.
	migrate(uuid string, m hypervisor.Migration) error
	abortJob(uuid string) error
	job(uuid string) (hypervisor.Progress, error)
	// close is called once, when no other call is under way.
	close()
}

// phase is what libvirtd is doing with a domain.
type phase int

const (
	// quiet: nothing; the domain's state stays what it is.
	quiet phase = iota
	// changing: the domain is being begun or ended.
	changing
	// leaving: it is being migrated to another host.
	leaving
	// arriving: it is being migrated to this host.
	arriving
	// handedOver: a migration to another host stopped its CPUs, and libvirtd died
	// before it knew whether they run there now.
	handedOver
)

func (p phase) String() string {
	return [...]string{"quiet", "being started or stopped", "on its way to another host", "on its way to this host", "handed over to another host"}[p]
}

// errNoDomain means that libvirtd knows no domain with this UUID.
var errNoDomain = errors.New("libvirt knows no such domain")

// errNoLibrary means that libvirt can never be reached from this process.
var errNoLibrary = fmt.Errorf("%w: libvirt.so.0 is missing: install libvirt0 and restart", hypervisor.ErrNotInstalled)

// observer is told by a connection what it sees, from any goroutine; neither
// function blocks.
type observer struct {
	event func(uuid string, e hypervisor.Event)
	lost  func(reason string)
}

// dialer opens a connection. A nil observer member is not called.
type dialer func(uri string, o observer) (daemon, error)
