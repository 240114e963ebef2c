// Package hypervisor drives virtual machines behind one interface, so that the
// VirtualDomain agent, the virtio hub and the libvirt fencing device do not
// know which driver serves them.
//
// The libvirt driver uses libvirt.org/go/libvirt for the domain and
// digitalocean/go-qemu for QMP, and looks at the processes of the host as a
// third witness: a VM is Running when any witness proves it, Stopped only when
// it is proven that no QEMU with its UUID runs here, and Unknown otherwise.
// Unknown is never taken for Stopped.
package hypervisor

import (
	"context"
	"errors"
	"time"
)

// State is one of three answers, plus Paused as a kind of running.
type State int

// The answers about a domain on this host.
const (
	Unknown State = iota
	Stopped
	Running
	Paused // exists, but its CPUs stand still (also: incoming migration)
)

func (s State) String() string {
	return [...]string{"unknown", "stopped", "running", "paused"}[s]
}

// ErrUnavailable wraps every error that says the driver itself cannot answer
// (libvirtd down, library missing).
var ErrUnavailable = errors.New("hypervisor is not available")

// ErrNotInstalled wraps errors of a host that has no hypervisor at all, and so
// can never run a domain until one is installed.
var ErrNotInstalled = errors.New("hypervisor is not installed")

// ErrStays is wrapped by Migrate's error when the domain certainly runs on as
// before, so that the migration may be tried again.
var ErrStays = errors.New("it runs on this host as before")

// Definition is what is known of a domain from its XML.
type Definition struct {
	Name string
	UUID string
	XML  string
	// Channel is the virtio-serial target name of the guest channel, "" = none.
	Channel string
	// QMP is the path of an extra QMP socket in the domain, "" = none.
	QMP string
}

// Migration is the way of a domain to another host.
type Migration struct {
	// URI reaches the hypervisor's daemon there.
	URI string
	// Encrypt sends the domain's memory over TLS, with the certificates that QEMU
	// has on both hosts. The connection to URI is as its transport makes it.
	Encrypt bool
	// AutoConverge slows the guest's CPUs down, more and more, when it changes its
	// memory faster than the network carries it: else such a migration never ends.
	AutoConverge bool
}

// Progress is one report of a running live migration.
type Progress struct {
	Phase            string // "active", "completed", "failed", "cancelled" …
	TransferredBytes uint64
	RemainingBytes   uint64
	TotalBytes       uint64
	Elapsed          time.Duration
	Downtime         time.Duration
}

// EventKind is what happened to a domain.
type EventKind string

// Domain events.
const (
	DomainStarted  EventKind = "started"
	DomainStopped  EventKind = "stopped"
	DomainCrashed  EventKind = "crashed"
	DomainPanicked EventKind = "panicked"
	DomainPaused   EventKind = "paused"
	DomainResumed  EventKind = "resumed"
	// ChannelOpened and ChannelClosed: the guest's daemon opened or closed its
	// end of the channel.
	ChannelOpened EventKind = "channel-opened"
	ChannelClosed EventKind = "channel-closed"
	// Lost and Restored: the driver's own connection.
	Lost     EventKind = "lost"
	Restored EventKind = "restored"
)

// Event is one change of a domain on this host.
type Event struct {
	Domain string
	Kind   EventKind
	Detail string
}

// Driver manages the domains of this host. Methods are safe for concurrent
// use and honour their context.
type Driver interface {
	// Start defines the domain transiently from its XML and boots it. Its CPUs
	// run only from the moment in which this process resumes it: a start that is
	// cut short by the process's death leaves at most a domain that never ran.
	Start(ctx context.Context, def Definition) error
	// Shutdown asks the guest to stop and returns when it has, or when ctx ends.
	Shutdown(ctx context.Context, def Definition) error
	// Destroy kills it: by libvirt, else by QMP quit, else by its process. It
	// returns nil only when the domain is proven to be down.
	Destroy(ctx context.Context, def Definition) error
	// State gives one of the answers; err says why it is Unknown.
	State(ctx context.Context, def Definition) (State, error)
	// Settle is State after the end of what an earlier run of this process, or a
	// hypervisor's daemon that died, has left half done on this host: an outgoing
	// migration is aborted, an incoming one, a start or a stop is awaited. When
	// ctx ends first, the answer is Unknown. It is not called while this process
	// starts or migrates the domain.
	Settle(ctx context.Context, def Definition) (State, error)
	// Migrate moves it live, reporting progress. It ends with the domain running on
	// exactly one side, or with an error that says which; when ctx ends the
	// migration is aborted and the VM stays. When nobody can prove on which side it
	// is, it runs on neither: what is here stands still, for the caller to decide.
	Migrate(ctx context.Context, def Definition, m Migration, report func(Progress)) error
	// CheckTarget says what would keep the domain from running on this host.
	CheckTarget(ctx context.Context, def Definition) error
	// ChannelPath returns the host's unix socket of the domain's channel now.
	ChannelPath(ctx context.Context, def Definition) (string, error)
	// Watch reports events until ctx ends. Every subscriber sees every event.
	Watch(ctx context.Context, sink func(Event)) error
	// Close lets go of everything; domains are not disturbed.
	Close() error
}
