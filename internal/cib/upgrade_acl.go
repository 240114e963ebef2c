package cib

import "fmt"

// upgradeACLs brings access lists of the schemas 1.0 to 1.3 to the form of 2.0:
// users with permissions of their own get a role that holds these, and what is
// allowed becomes an attribute.
func (u *upgrader) upgradeACLs() {
	for list := range u.root.child("configuration").each("acls") {
		var kids []*element
		for _, e := range list.kids {
			kids = append(kids, e)
			switch e.name {
			case "acl_user":
				if role := u.upgradeACLUser(e); role != nil {
					kids = append(kids, role)
				}
			case "acl_role":
				u.upgradePermissions(e)
			}
		}
		list.kids = kids
	}
}

// upgradeACLUser makes a user a target with roles, and returns the role that
// holds the permissions which the user had without one, nil if there were none.
func (u *upgrader) upgradeACLUser(user *element) (role *element) {
	u.note(user, "acl_user", "acl_target")
	user.name = "acl_target"
	own := false
	for k := range user.each("role_ref", "read", "write", "deny") {
		own = own || k.name != "role_ref"
		if k.name == "role_ref" {
			k.name = "role"
		}
	}
	if !own {
		return nil
	}
	role = &element{name: "acl_role", line: user.line, kids: user.kids}
	role.set("id", "auto-"+user.get("id"))
	user.kids = nil
	user.add("role", user.line).set("id", role.get("id"))
	u.upgradePermissions(role)
	return role
}

// upgradePermissions makes <read>, <write> and <deny> kinds of permissions.
func (u *upgrader) upgradePermissions(role *element) {
	for p := range role.each("read", "write", "deny") {
		u.note(p, p.name, fmt.Sprintf("acl_permission kind=%q", p.name))
		p.set("kind", p.name)
		p.name = "acl_permission"
		u.upgradePermission(p)
	}
}

// upgradePermission gives a permission the one way to say what it is about
// that is left of several: the narrowest. Attributes go with object types only.
func (u *upgrader) upgradePermission(p *element) {
	if p.find("ref") != nil {
		u.remove(p, "tag", "the id says enough")
		u.remove(p, "attribute", "it cannot stand beside an id")
	}
	u.rename(p, "ref", "reference")
	u.rename(p, "tag", "object-type")
	if attribute, there := p.find("attribute"), p.find("xpath"); attribute != nil && there != nil {
		narrow := fmt.Sprintf("%s[@%s]", there.value, attribute.value)
		u.note(p, fmt.Sprintf("xpath=%q attribute=%q", there.value, attribute.value), fmt.Sprintf("xpath=%q", narrow))
		there.value = narrow
		p.drop("attribute")
	}
}
