package policy

import "slices"

// Bundles ("Pacemaker Explained, Bundles"): a bundle runs a number of replicas
// of a container. What the configuration does not spell out is made up: for
// each replica the container resource, an address for it if the bundle has a
// range of them, and, with a primitive inside, a connection to it, which makes
// the container a guest node; the instances of the primitive are those of a
// clone that exists for this alone.
//
// bundles_expand.go makes the resources, bundles_container.go the parameters of
// the containers; bundles_assign.go, bundles_order.go and bundles_actions.go do
// for bundles what clones.go does for clones.

// bundleTraits belong to bundles.
type bundleTraits struct {
	image    string
	perNode  int
	replicas []*replica
	// inner is the clone of the primitive inside, nil without one.
	inner *resource
}

// replica is one copy of a bundle's container with what belongs to it.
type replica struct {
	number    int
	address   string
	container *resource
	// ip and remote are nil without addresses and without a primitive inside.
	ip, remote *resource
	// child is the instance of the primitive that runs inside, on node.
	child *resource
	node  *node
}

// parts are the replica's resources, those for which others wait first.
func (c *replica) parts() []*resource {
	return slices.DeleteFunc([]*resource{c.ip, c.container, c.remote, c.child}, func(r *resource) bool { return r == nil })
}

// replicaIn is the replica whose guest node n is.
func (r *resource) replicaIn(n *node) *replica {
	for _, c := range r.bundle.replicas {
		if c.node != nil && c.node == n {
			return c
		}
	}
	return nil
}

// instances are what a clone or bundle has several of.
func (r *resource) instances() []*resource {
	if r.variant != bundle {
		return r.children
	}
	out := make([]*resource, 0, len(r.bundle.replicas))
	for _, c := range r.bundle.replicas {
		out = append(out, c.container)
	}
	return out
}

// childBehind is what runs inside a container of r on its guest node n, if
// that is where an ordering looks; else the container itself.
func (r *resource) childBehind(container *resource, n *node) *resource {
	if r.variant == bundle {
		for _, c := range r.bundle.replicas {
			if c.container == container && c.child != nil && n != nil && c.node == n {
				return c.child
			}
		}
	}
	return container
}

// needsHostAddress: the connection goes to whatever node runs the container,
// which is not known before that is assigned.
func (r *resource) needsHostAddress() bool {
	return r.isRemote && r.container != nil && r.isBundled() && r.params(nil)["addr"] == hostAddress
}

// hostAddress stands for the name of the node that runs the container.
const hostAddress = "#uname"

// hostName is the node that will run, or else runs, a connection's container.
func (r *resource) hostName() string {
	if pl := r.container.allocated; pl != nil {
		return pl.name
	}
	if n := r.container.current(); n != nil {
		return n.name
	}
	return hostAddress
}

// withHostAddress returns the parameters with the host's name filled in.
func (r *resource) withHostAddress(params map[string]string) map[string]string {
	if params["addr"] != hostAddress || !r.needsHostAddress() {
		return params
	}
	out := make(map[string]string, len(params))
	for name, value := range params {
		out[name] = value
	}
	out["addr"] = r.hostName()
	return out
}
