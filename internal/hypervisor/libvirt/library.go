//go:build libvirt_dlopen

package libvirt

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"kvmha/internal/hypervisor"

	lv "libvirt.org/go/libvirt"
)

// Keepalive: a libvirtd that answers no ping for keepaliveCount+1 intervals is
// taken for hung and the connection is ended.
const (
	keepaliveSeconds = 1
	keepaliveCount   = 3
)

// startEventLoop registers and runs the library's event loop, once in the life
// of the process: libvirt offers no way to end it, and connections work only
// when it was registered before them.
var startEventLoop = sync.OnceValue(func() error {
	if err := lv.EventRegisterDefaultImpl(); err != nil {
		return fmt.Errorf("%w: %w: %w", hypervisor.ErrUnavailable, errNoLibrary, err)
	}
	go func() {
		for {
			if lv.EventRunDefaultImpl() != nil {
				time.Sleep(10 * time.Millisecond) // a broken loop must not burn a CPU
			}
		}
	}()
	return nil
})

// libraryDaemon is a daemon through libvirt.org/go/libvirt.
type libraryDaemon struct {
	conn      *lv.Connect
	callbacks []int
}

var _ daemon = (*libraryDaemon)(nil)

func dialLibrary(uri string, o observer) (daemon, error) {
	if err := startEventLoop(); err != nil {
		return nil, err
	}
	conn, err := lv.NewConnect(uri)
	if err != nil {
		return nil, fmt.Errorf("%w: connect to %s: %s; is libvirtd running?", hypervisor.ErrUnavailable, uri, message(err))
	}
	l := &libraryDaemon{conn: conn}
	if err := l.observe(o); err != nil {
		l.close()
		return nil, fmt.Errorf("%w: connect to %s: %s", hypervisor.ErrUnavailable, uri, message(err))
	}
	return l, nil
}

func (l *libraryDaemon) observe(o observer) error {
	if err := l.conn.SetKeepAlive(keepaliveSeconds, keepaliveCount); err != nil {
		return err
	}
	if o.lost != nil {
		err := l.conn.RegisterCloseCallback(func(_ *lv.Connect, reason lv.ConnectCloseReason) {
			o.lost(closeReason(reason))
		})
		if err != nil {
			return err
		}
	}
	if o.event == nil {
		return nil
	}
	id, err := l.conn.DomainEventLifecycleRegister(nil, func(_ *lv.Connect, d *lv.Domain, e *lv.DomainEventLifecycle) {
		kind, ok := lifecycle(e)
		if !ok {
			return
		}
		name, nameErr := d.GetName()
		uuid, uuidErr := d.GetUUIDString()
		if nameErr == nil && uuidErr == nil {
			o.event(uuid, hypervisor.Event{Domain: name, Kind: kind, Detail: e.String()})
		}
	})
	if err == nil {
		l.callbacks = append(l.callbacks, id)
	}
	return err
}

// lifecycle translates an event; false for those that change nothing here.
func lifecycle(e *lv.DomainEventLifecycle) (hypervisor.EventKind, bool) {
	switch e.Event {
	case lv.DOMAIN_EVENT_STARTED:
		return hypervisor.DomainStarted, true
	case lv.DOMAIN_EVENT_SUSPENDED:
		return hypervisor.DomainPaused, true
	case lv.DOMAIN_EVENT_RESUMED:
		return hypervisor.DomainResumed, true
	case lv.DOMAIN_EVENT_CRASHED:
		return hypervisor.DomainPanicked, true
	case lv.DOMAIN_EVENT_STOPPED:
		switch lv.DomainEventStoppedDetailType(e.Detail) {
		case lv.DOMAIN_EVENT_STOPPED_CRASHED, lv.DOMAIN_EVENT_STOPPED_FAILED:
			return hypervisor.DomainCrashed, true
		}
		return hypervisor.DomainStopped, true
	}
	return "", false
}

func closeReason(reason lv.ConnectCloseReason) string {
	switch reason {
	case lv.CONNECT_CLOSE_REASON_EOF:
		return "libvirtd ended"
	case lv.CONNECT_CLOSE_REASON_KEEPALIVE:
		return "libvirtd does not answer keepalive"
	case lv.CONNECT_CLOSE_REASON_CLIENT:
		return "closed by this side"
	}
	return "input/output error on the connection"
}

// domain runs fn on the domain with this UUID.
func (l *libraryDaemon) domain(uuid string, fn func(*lv.Domain) error) error {
	dom, err := l.conn.LookupDomainByUUIDString(uuid)
	if err != nil {
		return explain(err)
	}
	defer dom.Free()
	return explain(fn(dom))
}

func (l *libraryDaemon) state(uuid string) (hypervisor.State, error) {
	answer := hypervisor.Unknown
	err := l.domain(uuid, func(d *lv.Domain) error {
		state, _, err := d.GetState()
		if err == nil {
			answer = stateOf(state)
		}
		return err
	})
	return answer, err
}

// isTransient says whether libvirtd forgets the domain when it has stopped. One
// that it knows and that is not active is being begun or ended.
func isTransient(d *lv.Domain) bool {
	persistent, err := d.IsPersistent()
	return err == nil && !persistent
}

// phase tells the two ends of a migration apart by the job: the target of one
// refuses to give statistics of it.
func (l *libraryDaemon) phase(uuid string) (answer phase, err error) {
	err = l.domain(uuid, func(d *lv.Domain) error {
		state, reason, err := d.GetState()
		switch {
		case err != nil:
			return err
		case state == lv.DOMAIN_SHUTOFF && isTransient(d), state == lv.DOMAIN_PAUSED && lv.DomainPausedReason(reason) == lv.DOMAIN_PAUSED_STARTING_UP:
			answer = changing
			return nil
		case state == lv.DOMAIN_SHUTOFF:
			return nil
		}
		job, jobErr := d.GetJobStats(0)
		atRest := state == lv.DOMAIN_PAUSED && lv.DomainPausedReason(reason) == lv.DOMAIN_PAUSED_MIGRATION
		switch {
		case jobErr == nil && job.Type != lv.DOMAIN_JOB_NONE && job.OperationSet && job.Operation == lv.DOMAIN_JOB_OPERATION_MIGRATION_OUT:
			answer = leaving
		case atRest && jobErr == nil:
			answer = handedOver
		case atRest:
			answer = arriving
		}
		return nil
	})
	return answer, err
}

func stateOf(state lv.DomainState) hypervisor.State {
	switch state {
	case lv.DOMAIN_SHUTOFF:
		return hypervisor.Stopped
	case lv.DOMAIN_PAUSED, lv.DOMAIN_CRASHED, lv.DOMAIN_PMSUSPENDED:
		return hypervisor.Paused
	}
	return hypervisor.Running
}

func (l *libraryDaemon) xml(uuid string) (text string, err error) {
	err = l.domain(uuid, func(d *lv.Domain) error {
		text, err = d.GetXMLDesc(0)
		return err
	})
	return text, err
}

func (l *libraryDaemon) active() ([]string, error) {
	domains, err := l.conn.ListAllDomains(lv.CONNECT_LIST_DOMAINS_ACTIVE)
	if err != nil {
		return nil, explain(err)
	}
	var uuids []string
	for i := range domains {
		if uuid, err := domains[i].GetUUIDString(); err == nil {
			uuids = append(uuids, uuid)
		}
		domains[i].Free()
	}
	return uuids, nil
}

func (l *libraryDaemon) create(xml string) error {
	dom, err := l.conn.DomainCreateXML(xml, lv.DOMAIN_START_PAUSED)
	if err != nil {
		return explain(err)
	}
	dom.Free()
	return nil
}

func (l *libraryDaemon) resume(uuid string) error {
	return l.domain(uuid, func(d *lv.Domain) error { return d.Resume() })
}

func (l *libraryDaemon) shutdown(uuid string) error {
	return l.domain(uuid, func(d *lv.Domain) error { return d.ShutdownFlags(lv.DOMAIN_SHUTDOWN_DEFAULT) })
}

func (l *libraryDaemon) destroy(uuid string) error {
	return l.domain(uuid, func(d *lv.Domain) error { return d.DestroyFlags(lv.DOMAIN_DESTROY_DEFAULT) })
}

// migrate uses neither PERSIST_DEST nor UNDEFINE_SOURCE: a transient domain
// stays transient on both sides, and an administrator's own definition is not
// touched.
func (l *libraryDaemon) migrate(uuid string, m hypervisor.Migration) error {
	flags := lv.MIGRATE_LIVE | lv.MIGRATE_PEER2PEER | lv.MIGRATE_ABORT_ON_ERROR
	if m.Encrypt {
		flags |= lv.MIGRATE_TLS
	}
	if m.AutoConverge {
		flags |= lv.MIGRATE_AUTO_CONVERGE
	}
	return l.domain(uuid, func(d *lv.Domain) error {
		return d.MigrateToURI3(m.URI, &lv.DomainMigrateParameters{}, flags)
	})
}

func (l *libraryDaemon) abortJob(uuid string) error {
	return l.domain(uuid, func(d *lv.Domain) error { return d.AbortJob() })
}

func (l *libraryDaemon) job(uuid string) (p hypervisor.Progress, err error) {
	err = l.domain(uuid, func(d *lv.Domain) error {
		info, err := d.GetJobStats(0)
		if err != nil {
			return err
		}
		p = hypervisor.Progress{
			Phase:            "active",
			TransferredBytes: info.DataProcessed,
			RemainingBytes:   info.DataRemaining,
			TotalBytes:       info.DataTotal,
			Elapsed:          time.Duration(info.TimeElapsed) * time.Millisecond,
			Downtime:         time.Duration(info.Downtime) * time.Millisecond,
		}
		if info.Type == lv.DOMAIN_JOB_NONE {
			p.Phase = "none"
		}
		return nil
	})
	return p, err
}

func (l *libraryDaemon) close() {
	for _, id := range l.callbacks {
		l.conn.DomainEventDeregister(id)
	}
	l.conn.UnregisterCloseCallback()
	l.conn.Close()
}

// explain turns a library error into one of ours.
func explain(err error) error {
	if err == nil {
		return nil
	}
	var e lv.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Code == lv.ERR_NO_DOMAIN:
		return fmt.Errorf("%w: %s", errNoDomain, e.Message)
	case e.Code == lv.ERR_RPC, e.Code == lv.ERR_NO_CONNECT, e.Code == lv.ERR_INVALID_CONN,
		e.Domain == lv.FROM_RPC, e.Domain == lv.FROM_REMOTE && e.Code == lv.ERR_SYSTEM_ERROR:
		return fmt.Errorf("%w: %s", hypervisor.ErrUnavailable, e.Message)
	}
	return errors.New(e.Message)
}

// message is the library's own text of an error.
func message(err error) string {
	var e lv.Error
	if errors.As(err, &e) {
		return strings.TrimSpace(e.Message)
	}
	return err.Error()
}
