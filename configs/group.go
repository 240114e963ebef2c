package configs

import "kvmha/internal/cib"

// groupTable keeps resources together on one node, started in order and stopped
// in the reverse order.
type groupTable struct {
	table
	// Id of the group.
	ID string `toml:"id" required:"true" is:"id" id:"group"`
	// The members' ids, in the order of their start.
	Members []string `toml:"members" required:"true" ref:"primitive"`
	// What the cluster itself obeys, for all members.
	Meta metaTable `toml:"meta"`
}

func (t *groupTable) check(p *problems) {
	if _, given := p.where[t.key("members")]; given && len(t.Members) == 0 && !p.wrong(t.key("members")) {
		p.add(t.key("members"), "a group needs at least one member")
	}
}

// build takes the members out of the free resources.
func (t *groupTable) build(take func(id string) *cib.Resource) *cib.Resource {
	r := &cib.Resource{ID: t.ID, Kind: cib.Group, Meta: t.Meta.build(t.ID)}
	for _, m := range t.Members {
		r.Children = append(r.Children, take(m))
	}
	return r
}
