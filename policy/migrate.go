package policy

// canMigrate: r may move from n to its new node without being stopped.
func (r *resource) canMigrate(n *node) bool {
	return r.allowMigrate && r.managed && !r.failed && !r.startPending && n != nil && !n.unclean &&
		r.allocated != nil && !r.allocated.unclean
}

// createMigration adds migrate_to on the source and migrate_from on the target
// beside stop and start. While the migration is possible, the start is only a
// pseudo action and the stop cleans up at the source; if something forbids it
// they become what moves the resource.
func (r *resource) createMigration(source *node) {
	p := r.p
	target := r.allocated.node
	start, stop := r.startOn(target, true), r.stopOn(source, true)
	var to *action
	if r.partialTarget == nil {
		to = p.newAction(r, "migrate_to", 0, source, true)
	}
	from := p.newAction(r, "migrate_from", 0, target, true)
	start.set(actMigratable | actPseudo)
	stop.set(actMigratable)
	from.set(actMigratable)
	if to != nil {
		to.set(actMigratable)
		to.needs = start.needs
		p.orderKeys(r, "monitor", r, "migrate_to", ordOptional)
		p.orderKeys(r, "migrate_to", r, "migrate_from", ordOptional|ordMigratableFirst)
	} else {
		from.needs = start.needs
		p.orderKeys(r, "monitor", r, "migrate_from", ordOptional)
	}
	p.orderKeys(r, "migrate_from", r, "stop", ordOptional|ordMigratableFirst)
	p.orderKeys(r, "migrate_from", r, "start", ordOptional|ordMigratableFirst|ordPseudoFirst)
	for _, a := range []*action{to, from} {
		if a != nil {
			a.say("migrate_source", source.name)
			a.say("migrate_target", target.name)
		}
	}
	if to != nil && !r.isRemote {
		addMissing(to.settings.all(), map[string]string{"record-pending": "true"})
	}
}

// orderMigrations adds to an ordering of starts and stops what it means for
// migrations.
func (p *plan) orderMigrations(o *ordering) {
	first, then := o.first, o.then
	if first == nil || then == nil || first == then || first.inside(then) || then.inside(first) ||
		!first.allowMigrate && !then.allowMigrate {
		return
	}
	add := func(firstTask, thenTask string, flags ordFlag) {
		p.orderKeys(first, firstTask, then, thenTask, flags)
	}
	flags := ordOptional
	if first.allowMigrate {
		flags |= ordUnlessMigrating
	}
	switch [2]string{o.firstDoes(), o.thenDoes()} {
	case [2]string{"start", "start"}:
		if first.allowMigrate && then.allowMigrate {
			add("migrate_from", "migrate_to", ordOptional)
		}
		if then.allowMigrate {
			add("start", "migrate_to", flags)
		}
	case [2]string{"stop", "stop"}:
		if then.allowMigrate {
			add("stop", "migrate_to", flags)
			if then.partialTarget != nil {
				add("stop", "migrate_from", flags)
			}
		}
	case [2]string{"promote", "start"}:
		if then.allowMigrate {
			add("promote", "migrate_to", ordOptional)
		}
	case [2]string{"demote", "stop"}:
		if then.allowMigrate {
			add("demote", "migrate_to", ordOptional)
			if then.partialTarget != nil {
				add("demote", "migrate_from", ordOptional)
			}
		}
	}
}
