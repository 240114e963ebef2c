package policy

// viewReplicas shows a bundle's replicas: each by the name of its guest node or
// container, with what is inside, on the node of the container.
func (r *resource) viewReplicas(v *ResourceView) {
	v.Image = r.bundle.image
	v.Promotable = r.bundle.inner != nil && r.bundle.inner.promotable
	v.Active = nil
	seen := map[*node]bool{}
	for _, c := range r.bundle.replicas {
		shown, name := c.container, c.container
		if c.child != nil {
			shown, name = c.child, c.remote
		}
		cv := shown.view()
		cv.Label = name.id
		if c.address != "" {
			cv.Label += " (" + c.address + ")"
		}
		cv.PendingNode = ""
		n := c.container.current()
		if len(shown.running) <= 1 {
			// What is active more than once is shown where it is.
			cv.Active = nil
			if n != nil {
				cv.Active = []string{n.name}
			}
		}
		if n != nil && !seen[n] {
			seen[n] = true
			v.Active = append(v.Active, n.name)
		}
		v.Children = append(v.Children, cv)
		v.Replicas = append(v.Replicas, c.view())
	}
}

func (c *replica) view() ReplicaView {
	part := func(r *resource) *ResourceView {
		if r == nil {
			return nil
		}
		v := r.view()
		return &v
	}
	return ReplicaView{Number: c.number, Address: part(c.ip), Child: part(c.child), Container: part(c.container), Connection: part(c.remote)}
}
