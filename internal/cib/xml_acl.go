package cib

// acls visits the access lists.
func acls(c *codec, a *ACLs) {
	each(c, "acl_role", &a.Roles, aclRole)
	each(c, "acl_target", &a.Targets, aclSubject)
	each(c, "acl_group", &a.Groups, aclSubject)
}

func aclRole(c *codec, r *ACLRole) {
	c.need("id", &r.ID)
	c.str("description", &r.Description)
	each(c, "acl_permission", &r.Permissions, aclPermission)
}

func aclPermission(c *codec, p *ACLPermission) {
	c.need("id", &p.ID)
	c.need("kind", &p.Kind)
	c.str("xpath", &p.XPath)
	c.str("reference", &p.Reference)
	c.str("object-type", &p.ObjectType)
	c.str("attribute", &p.Attribute)
	c.str("description", &p.Description)
}

func aclSubject(c *codec, s *ACLSubject) {
	c.need("id", &s.ID)
	c.str("name", &s.Name)
	each(c, "role", &s.Roles, ref)
}
