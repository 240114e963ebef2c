package policy

import "slices"

// activeOn finds where a resource is active: the node to go by, how many nodes
// it is on, and how many of those can be asked.
func (r *resource) activeOn() (active *node, all, clean int) {
	for _, n := range r.running {
		fine := n.online && !n.unclean
		all++
		if fine {
			clean++
		}
		switch {
		case r.partialSource != nil:
			if n == r.partialSource {
				active = n
			}
		case !r.needsFencing:
			if fine && (active == nil || !active.online || active.unclean) {
				active = n
			}
		}
		if active == nil {
			active = n
		}
	}
	return active, all, clean
}

// current is the node r is active on, nil for none.
func (r *resource) current() *node {
	if r == nil {
		return nil
	}
	for _, n := range r.running {
		switch {
		case r.partialSource != nil:
			if n == r.partialSource {
				return n
			}
		case !r.needsFencing:
			if n.online && !n.unclean {
				return n
			}
		default:
			return n
		}
	}
	if len(r.running) > 0 {
		return r.running[0]
	}
	return nil
}

// activeCount counts the nodes that matter for "active more than once":
// without fencing, only those that can be asked.
func (r *resource) activeCount() int {
	_, all, clean := r.activeOn()
	if r.needsFencing {
		return all
	}
	return clean
}

// isActive: r, or with all every part of it, is active somewhere.
func (r *resource) isActive(all bool) bool {
	switch r.variant {
	case primitive:
		for _, n := range r.running {
			if n.unclean || n.online || !r.managed {
				return true
			}
		}
		return false
	case group:
		some, every := false, true
		for _, c := range r.children {
			if c.isActive(all) {
				some = true
			} else {
				every = false
			}
		}
		return some && (!all || every)
	}
	for _, c := range r.children {
		if active := c.isActive(all); active != all {
			return active
		}
	}
	return all
}

// state is the highest role of r and what is in it, now or next.
func (r *resource) state(now bool) role {
	switch r.variant {
	case primitive:
		if now {
			return r.role
		}
		return r.next
	case bundle:
		// Its parts have roles of different kinds.
		return roleUnknown
	}
	highest := roleUnknown
	for _, c := range r.children {
		highest = max(highest, c.state(now))
	}
	return highest
}

// assigned are the places given to r and what is in it.
func (r *resource) assignedTo() []*place {
	if len(r.children) == 0 {
		if r.allocated != nil {
			return []*place{r.allocated}
		}
		return nil
	}
	var out []*place
	for _, c := range r.children {
	next:
		for _, pl := range c.assignedTo() {
			for _, have := range out {
				if have.node == pl.node {
					continue next
				}
			}
			out = append(out, pl)
		}
	}
	return out
}

// activeNodes are the nodes where r, or something in it, is active: each once.
func (r *resource) activeNodes() []*node {
	if r.variant == primitive {
		return r.running
	}
	var out []*node
	add := func(list []*node) {
		for _, n := range list {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	if len(r.children) == 0 {
		add(r.running)
	}
	for _, c := range r.children {
		add(c.activeNodes())
	}
	return out
}

// firstNode is the first node where r is active or, if it is active nowhere,
// where it is being started; of a group that of the first member that has one.
func (r *resource) firstNode() *node {
	if len(r.children) == 0 {
		if len(r.running) > 0 {
			return r.running[0]
		}
		return r.pendingNode
	}
	for _, c := range r.children {
		if n := c.firstNode(); n != nil {
			return n
		}
	}
	return nil
}

// where is the one place that r will have; nil if there is none or several.
// Several members of a group on one node are one place.
func (r *resource) where() *place {
	only, _ := r.onlyPlace()
	return only
}

// onlyPlace is where, telling none from several.
func (r *resource) onlyPlace() (only *place, several bool) {
	if len(r.children) == 0 {
		return r.allocated, false
	}
	for _, c := range r.children {
		pl, more := c.onlyPlace()
		if more || pl != nil && only != nil && pl.node != only.node {
			return nil, true
		}
		if only == nil {
			only = pl
		}
	}
	return only, false
}

// placedOn is the one node of r, now or next; nil if there is none or several.
func (r *resource) placedOn(now bool) *node {
	if !now {
		return nodeOf(r.where())
	}
	if list := r.activeNodes(); len(list) == 1 {
		return list[0]
	}
	return nil
}
