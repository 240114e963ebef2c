package configs

import "kvmha/internal/cib"

// cloneTable runs copies of a resource or group on several nodes.
type cloneTable struct {
	table
	// Id of the clone.
	ID string `toml:"id" required:"true" is:"id" id:"clone"`
	// The resource or group to copy.
	Resource string `toml:"resource" required:"true" ref:"member"`
	// The copies have two roles, and one of them (promoted-max) is promoted.
	Promotable bool `toml:"promotable" default:"false"`
	// What the cluster itself obeys, for all copies.
	Meta metaTable `toml:"meta"`
}

// build takes the copied resource out of the free resources.
func (t *cloneTable) build(take func(id string) *cib.Resource) *cib.Resource {
	var more []cib.NV
	if t.Promotable {
		more = append(more, cib.NV{Name: "promotable", Value: "true"})
	}
	return &cib.Resource{
		ID: t.ID, Kind: cib.Clone, Meta: t.Meta.build(t.ID, more...),
		Children: []*cib.Resource{take(t.Resource)},
	}
}
