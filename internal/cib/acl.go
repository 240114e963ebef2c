package cib

// ACLs say who may read and change which part of a Pacemaker CIB ("Pacemaker
// Explained, Access Control Lists"). kvmha keeps them, so that a configuration
// can go back to where it came from, and does not enforce them: who may use the
// control socket may do all.
type ACLs struct {
	Roles []ACLRole `json:"roles,omitempty"`
	// Targets are users, Groups groups of the operating system, with their
	// roles.
	Targets []ACLSubject `json:"targets,omitempty"`
	Groups  []ACLSubject `json:"groups,omitempty"`
}

// ACLRole is a set of permissions; the first that fits decides.
type ACLRole struct {
	ID          string          `json:"id"`
	Description string          `json:"description,omitempty"`
	Permissions []ACLPermission `json:"permissions,omitempty"`
}

// ACLPermission allows or denies one thing. What it is about is named by XPath,
// by the id Reference, or by ObjectType, perhaps with Attribute.
type ACLPermission struct {
	ID          string `json:"id"`
	Kind        string `json:"kind"`
	XPath       string `json:"xpath,omitempty"`
	Reference   string `json:"reference,omitempty"`
	ObjectType  string `json:"object-type,omitempty"`
	Attribute   string `json:"attribute,omitempty"`
	Description string `json:"description,omitempty"`
}

// ACLSubject is a user or group of the operating system: Name, or ID where Name
// is empty. Roles are ids.
type ACLSubject struct {
	ID    string   `json:"id"`
	Name  string   `json:"name,omitempty"`
	Roles []string `json:"roles,omitempty"`
}

// Empty tells that there are no access lists.
func (a ACLs) Empty() bool { return len(a.Roles) == 0 && len(a.Targets) == 0 && len(a.Groups) == 0 }

// IsZero is Empty, for encoding/json.
func (a ACLs) IsZero() bool { return a.Empty() }
