package policy

import "slices"

// connectionState is what can be done through a remote node's connection.
type connectionState uint8

const (
	connectionUnknown connectionState = iota
	connectionAlive
	connectionResting // its host is gone, it will be set up elsewhere
	connectionFailed
	connectionStopped
)

func (n *node) connection() connectionState {
	r := n.remote
	host := r.current()
	switch {
	case r.next == roleStopped || r.allocated == nil:
		switch {
		case host != nil && host.unclean:
			return connectionFailed
		case !r.failed:
			return connectionStopped
		case r.next == roleStopped && r.reconnectMS != 0 && n.remoteFenced && !n.shutdownRequested():
			return connectionUnknown
		}
		return connectionFailed
	case host == nil:
		return connectionUnknown
	case host.unclean || !host.online:
		return connectionResting
	case len(r.running) > 1 && r.partialSource != nil && r.partialTarget != nil:
		return connectionResting
	}
	return connectionAlive
}

func (a *action) isRecurring() bool { return a.settings.intervalMS != 0 }

// orderRemoteActions lets what happens on a remote or guest node wait for its
// connection, and the connection wait for it when it goes down.
func (p *plan) orderRemoteActions() {
	if !p.haveRemote {
		return
	}
	for _, a := range slices.Backward(slices.Clone(p.actions)) {
		if a.r == nil {
			continue
		}
		if a.r.isRemote && a.task == "clear_failcount" {
			p.orderAction(a, a.r, "start", ordOptional)
			continue
		}
		if a.n == nil || a.n.kind != remoteNode || a.is(actPseudo) || a.n.remote == nil {
			continue
		}
		remote := a.n.remote
		if a.task == "start" {
			for _, b := range slices.Backward(a.r.actions) {
				if b.n != nil && b.n != a.n && b.task == "stop" {
					p.orderBefore(remote, "start", b, ordOptional)
				}
			}
		}
		if remote.container != nil {
			p.orderInGuest(a, remote)
		} else {
			p.orderOnRemote(a, remote)
		}
	}
}

func connectionTask(a *action) string {
	if a.task == "migrate_to" || a.task == "migrate_from" {
		return "stop"
	}
	return a.task
}

func (p *plan) afterConnection(remote *resource, a *action, extra ordFlag) {
	p.orderBefore(remote, "start", a, ordPreserve|ordRunnableFirst|extra)
}

func (p *plan) beforeDisconnect(a *action, remote *resource, extra ordFlag) {
	p.orderAction(a, remote, "stop", ordPreserve|extra)
}

func (p *plan) orderOnRemote(a *action, remote *resource) {
	state := a.n.connection()
	switch task := connectionTask(a); {
	case task == "start" || task == "promote":
		extra := ordFlag(0)
		if state == connectionFailed {
			extra = ordImpliesThen
		}
		p.afterConnection(remote, a, extra)
	case task == "stop":
		switch {
		case state == connectionAlive:
			p.beforeDisconnect(a, remote, ordImpliesFirst)
		case state == connectionFailed:
			p.fenceNode(a.n, "resources are active but connection is unrecoverable", false)
		case remote.next == roleStopped:
			p.beforeDisconnect(a, remote, ordImpliesFirst)
		default:
			p.afterConnection(remote, a, 0)
		}
	case task == "demote":
		if state == connectionResting || state == connectionUnknown {
			p.afterConnection(remote, a, 0)
		}
	case a.isRecurring():
		p.afterConnection(remote, a, ordImpliesThen)
	default:
		if task == "monitor" && state == connectionFailed {
			p.fenceNode(a.n, "resources are in unknown state and connection is unrecoverable", false)
		}
		if remote.current() != nil && state == connectionStopped {
			p.beforeDisconnect(a, remote, ordRunnableFirst)
		} else {
			p.afterConnection(remote, a, 0)
		}
	}
}

func (p *plan) orderInGuest(a *action, remote *resource) {
	container := remote.container
	if container.failed {
		p.fenceNode(a.n, "container failed", false)
	}
	switch task := connectionTask(a); {
	case task == "start" || task == "promote":
		p.afterConnection(container, a, ordImpliesThen)
		p.afterConnection(remote, a, 0)
	case task == "stop" || task == "demote":
		if !container.failed {
			p.beforeDisconnect(a, remote, 0)
		}
	case a.isRecurring():
		if knownTask(task) == task {
			p.afterConnection(remote, a, ordImpliesThen)
		}
	default:
		p.afterConnection(remote, a, 0)
	}
}

// router is the cluster node through which an action on a remote node goes.
func (a *action) router() *node {
	if a.task == "stonith" || a.n.kind != remoteNode || a.n.remote == nil {
		return nil
	}
	r := a.n.remote
	began, ended := r.current(), nodeOf(r.allocated)
	switch {
	case began == nil:
		return ended
	case ended == nil || began == ended:
		return began
	}
	task := a.task
	if task == "notify" {
		task = a.said("notify_operation")
	}
	partial := r.container == nil && r.partialTarget != nil
	switch task {
	case "cancel", "stop", "demote", "migrate_from", "migrate_to":
		if !partial {
			return began
		}
	}
	return ended
}
