package cib

import (
	"cmp"
	"slices"
	"strings"
)

// upgradeHeartbeatOrder turns "ACTION from TYPE TO_ACTION to" into first and
// then. Without a type, from comes after to.
func (u *upgrader) upgradeHeartbeatOrder(o *element) {
	if o.find("from") == nil {
		return
	}
	from, _ := o.drop("from")
	to, _ := o.drop("to")
	action, _ := o.drop("action")
	toAction, _ := o.drop("to_action")
	kind, _ := o.drop("type")
	if kind == "before" {
		o.set("first", from)
		o.set("then", to)
		o.setUnlessEmpty("first-action", action)
		o.setUnlessEmpty("then-action", toAction)
	} else {
		o.set("first", to)
		o.set("then", from)
		o.set("first-action", cmp.Or(toAction, action, "start"))
		o.set("then-action", cmp.Or(action, "start"))
	}
	u.note(o, "from="+from+" "+cmp.Or(kind, "after")+" to="+to, "first="+o.get("first")+" then="+o.get("then"))
}

// upgradeHeartbeatColocation turns from and to into rsc and with-rsc. It was
// never symmetrical.
func (u *upgrader) upgradeHeartbeatColocation(c *element) {
	u.rename(c, "from", "rsc")
	u.rename(c, "to", "with-rsc")
	u.rename(c, "from_role", "rsc-role")
	u.rename(c, "to_role", "with-rsc-role")
	for _, name := range []string{"rsc-role", "with-rsc-role"} {
		if role := c.find(name); role != nil && role.value != "" {
			role.value = strings.ToUpper(role.value[:1]) + strings.ToLower(role.value[1:])
		}
	}
	u.remove(c, "symmetrical", "a colocation goes one way")
}

func (e *element) setUnlessEmpty(name, value string) {
	if value != "" {
		e.set(name, value)
	}
}

// historyNames are the attributes of recorded operations that have dashes now.
var historyNames = []string{"op_status", "transition_magic", "call_id", "rc_code", "op_digest", "transition_key", "op_restart_digest", "op_force_restart"}

// upgradeHeartbeatStatus brings node states and histories to today's names. It
// is told once, since nobody wrote them by hand.
func (u *upgrader) upgradeHeartbeatStatus() {
	changed := 0
	for status := range u.root.each("status") {
		for e := range status.all() {
			e.attrs = slices.DeleteFunc(e.attrs, func(a attribute) bool { return a.name == "crm-debug-origin" })
			switch {
			case e.name == "instance_attributes":
				u.flatten(e)
			case e.name == "lrm_resource" && e.get("class") != "ocf":
				e.drop("provider")
			}
			for i := range e.attrs {
				if a := &e.attrs[i]; slices.Contains(historyNames, a.name) {
					a.name = strings.ReplaceAll(a.name, "_", "-")
					changed++
				}
			}
		}
	}
	if changed > 0 {
		u.note(u.root.child("status"), "names with _ in the history of operations", "names with -")
	}
}
