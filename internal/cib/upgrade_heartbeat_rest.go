package cib

import (
	"cmp"
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
