package cib

// Kind tells the five shapes of a resource apart.
type Kind string

// The shapes of a resource. A promotable clone is a clone whose
// meta-attribute "promotable" is true.
const (
	Primitive Kind = "primitive"
	Group     Kind = "group"
	Clone     Kind = "clone"
	Bundle    Kind = "bundle"
	Template  Kind = "template"
)

// Resource is one resource of the configuration ("Pacemaker Explained, Cluster
// Resources"). Class, Provider and Type are of primitives and templates;
// Children are a group's members in order, a clone's single child, or the
// primitive inside a bundle.
type Resource struct {
	ID          string `json:"id"`
	Kind        Kind   `json:"kind"`
	Description string `json:"description,omitempty"`
	Class       string `json:"class,omitempty"`
	Provider    string `json:"provider,omitempty"`
	Type        string `json:"type,omitempty"`
	// Template is the id of the template this primitive is made from.
	Template    string   `json:"template,omitempty"`
	Params      []NVSet  `json:"instance_attributes,omitempty"`
	Meta        []NVSet  `json:"meta_attributes,omitempty"`
	Utilization []NVSet  `json:"utilization,omitempty"`
	Ops         []OpSpec `json:"operations,omitempty"`
	// OpsID is the id of the operations block, if it has one; OpsRef that of
	// the block whose operations this resource uses. Ops is filled either way.
	OpsID    string      `json:"operations-id,omitempty"`
	OpsRef   string      `json:"operations-id-ref,omitempty"`
	Children []*Resource `json:"children,omitempty"`
	Bundle   *BundleSpec `json:"bundle,omitempty"`
}

// OpSpec is a configured operation ("Pacemaker Explained, Resource
// Operations"). Fields hold the text as written; durations are read with
// ParseDuration. Attrs holds every attribute and meta-attribute that has no
// field of its own (on-fail, role, start-delay, enabled, record-pending …).
type OpSpec struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Interval string  `json:"interval,omitempty"`
	Timeout  string  `json:"timeout,omitempty"`
	Attrs    []NV    `json:"attrs,omitempty"`
	Params   []NVSet `json:"instance_attributes,omitempty"`
	Meta     []NVSet `json:"meta_attributes,omitempty"`
}

// BundleSpec is the container part of a bundle ("Pacemaker Explained,
// Bundles"). Engine is "docker", "podman" or "rkt"; the rest is kept as
// written.
type BundleSpec struct {
	Engine  string `json:"engine"`
	Attrs   []NV   `json:"attrs,omitempty"`
	Network []NV   `json:"network,omitempty"`
	Ports   [][]NV `json:"ports,omitempty"`
	Storage [][]NV `json:"storage,omitempty"`
}

// Meta-attributes that kvmha adds to Pacemaker's. Pacemaker ignores them, so a
// CIB with them still loads there.
const (
	// MetaGuestFence lists, separated by spaces, the VM resources that the
	// guest in this VM may fence. Default: none.
	MetaGuestFence = "kvmha-guest-fence"
	// MetaGuestStatus ("true"/"false", default false) lets the guest read its
	// host's status and attributes.
	MetaGuestStatus = "kvmha-guest-status"
)

// Walk calls fn for r and every resource below it, parents first.
func (r *Resource) Walk(fn func(r, parent *Resource)) { r.walk(nil, fn) }

func (r *Resource) walk(parent *Resource, fn func(r, parent *Resource)) {
	fn(r, parent)
	for _, c := range r.Children {
		c.walk(r, fn)
	}
}

// FindResource returns the resource with this id anywhere in the tree, or nil.
func (c *Configuration) FindResource(id string) *Resource {
	var found *Resource
	for _, top := range c.Resources {
		top.Walk(func(r, _ *Resource) {
			if r.ID == id {
				found = r
			}
		})
	}
	return found
}

// Agent returns class:provider:type as Pacemaker prints it.
func (r *Resource) Agent() string {
	if r.Provider != "" {
		return r.Class + ":" + r.Provider + ":" + r.Type
	}
	return r.Class + ":" + r.Type
}
