package libvirt

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"kvmha/internal/hypervisor"
	"kvmha/internal/hypervisor/qmp"
)

// monitors are the QMP sessions of the running domains, by UUID.
type monitors struct {
	mu     sync.Mutex
	byUUID map[string]*monitor
}

type monitor struct {
	cancel  context.CancelFunc
	session *qmp.Session // nil while it is being opened
}

// session returns the open session of a domain, or nil.
func (m *monitors) session(uuid string) *qmp.Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	if mon := m.byUUID[uuid]; mon != nil {
		return mon.session
	}
	return nil
}

// begin registers a monitor; nil if there is one already.
func (m *monitors) begin(uuid string, cancel context.CancelFunc) *monitor {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byUUID[uuid] != nil {
		return nil
	}
	if m.byUUID == nil {
		m.byUUID = map[string]*monitor{}
	}
	mon := &monitor{cancel: cancel}
	m.byUUID[uuid] = mon
	return mon
}

func (m *monitors) open(mon *monitor, s *qmp.Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mon.session = s
}

// forget removes mon when it has ended.
func (m *monitors) forget(uuid string, mon *monitor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byUUID[uuid] == mon {
		delete(m.byUUID, uuid)
	}
}

// end ends the monitor of a domain that has stopped.
func (m *monitors) end(uuid string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if mon := m.byUUID[uuid]; mon != nil {
		mon.cancel()
		delete(m.byUUID, uuid)
	}
}

// followActive follows every domain that runs when a connection begins.
func (d *Driver) followActive() {
	var uuids []string
	err := d.call(d.ctx, d.opts.CallTimeout, func(conn daemon) (err error) {
		uuids, err = conn.active()
		return err
	})
	if err != nil {
		d.log.Warn("libvirt-list-failed", "error", err)
	}
	for _, uuid := range uuids {
		d.follow(uuid, "")
	}
}

// follow keeps a QMP session to a running domain and publishes what it says,
// until the domain has stopped. It does not block.
func (d *Driver) follow(uuid, name string) {
	ctx, cancel := context.WithCancel(d.ctx)
	mon := d.mons.begin(uuid, cancel)
	if mon == nil || d.ctx.Err() != nil {
		cancel()
		return
	}
	d.running.Go(func() {
		defer cancel()
		defer d.mons.forget(uuid, mon)
		if err := d.listen(ctx, uuid, mon); err != nil && ctx.Err() == nil {
			d.log.Info("qmp-unavailable", "domain", name, "uuid", uuid, "error", err)
		}
	})
}

// listen opens the session and reads its events until it ends.
func (d *Driver) listen(ctx context.Context, uuid string, mon *monitor) error {
	var text string
	err := d.call(ctx, d.opts.CallTimeout, func(conn daemon) (err error) {
		text, err = conn.xml(uuid)
		return err
	})
	if err != nil {
		return err
	}
	domain, err := hypervisor.ParseDomain(text)
	if err != nil {
		return err
	}
	def, err := hypervisor.ParseDefinition(text)
	if err != nil {
		return err
	}
	session, err := d.dialQMP(ctx, def)
	if err != nil {
		return err
	}
	defer session.Close()
	stop := context.AfterFunc(ctx, session.Close)
	defer stop()
	d.mons.open(mon, session)
	alias := ""
	if port := domain.Channel(hypervisor.GuestChannel); port != nil {
		alias = port.Alias.Name
	}
	for e := range session.Events() {
		if kind, ok := translate(e, alias); ok {
			d.bus.publish(hypervisor.Event{Domain: def.Name, Kind: kind, Detail: e.Event})
		}
	}
	if ctx.Err() == nil {
		d.sessionEnded(def)
	}
	return nil
}

// sessionEnded tells of a domain that ended before libvirtd said so: a libvirtd
// that is away, or just taking up its domains again, never does.
func (d *Driver) sessionEnded(def hypervisor.Definition) {
	if d.gone(d.ctx, def, quitLimit) {
		d.bus.publish(hypervisor.Event{Domain: def.Name, Kind: hypervisor.DomainStopped, Detail: "its QEMU has ended"})
	}
}

// dialQMP opens the domain's own socket, else libvirtd's passthrough.
func (d *Driver) dialQMP(ctx context.Context, def hypervisor.Definition) (*qmp.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, d.opts.CallTimeout)
	defer cancel()
	if def.QMP != "" {
		session, err := qmp.Dial(ctx, def.QMP)
		if err == nil || !errors.Is(err, os.ErrNotExist) {
			return session, err
		}
	}
	return qmp.DialLibvirt(ctx, d.opts.Socket, def.Name)
}

// translate takes the QMP events that libvirt does not pass on. alias is
// QEMU's name of the guest channel.
func translate(e qmp.Event, alias string) (hypervisor.EventKind, bool) {
	switch e.Event {
	case "VSERPORT_CHANGE":
		if alias == "" || e.Data["id"] != alias {
			return "", false
		}
		if e.Data["open"] == true {
			return hypervisor.ChannelOpened, true
		}
		return hypervisor.ChannelClosed, true
	case "GUEST_PANICKED":
		return hypervisor.DomainPanicked, true
	}
	return "", false
}

// quit ends a domain's QEMU by QMP.
func (d *Driver) quit(ctx context.Context, def hypervisor.Definition) error {
	session := d.mons.session(def.UUID)
	if session == nil {
		if def.QMP == "" {
			return errors.New("no QMP socket in the domain")
		}
		dialCtx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		defer cancel()
		var err error
		if session, err = qmp.Dial(dialCtx, def.QMP); err != nil {
			return err
		}
		defer session.Close()
	}
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	if err := session.Run(ctx, "quit", nil, nil); err != nil && !errors.Is(err, qmp.ErrClosed) {
		return err
	}
	return nil
}
