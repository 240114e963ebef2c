package simulate

import (
	"testing"

	"kvmha/internal/cib"
	"kvmha/policy"
)

func TestABundleIsShownWhereAPartOfItCounts(t *testing.T) {
	t.Parallel()
	part := func(managed bool, active ...string) *policy.ResourceView {
		return &policy.ResourceView{Kind: cib.Primitive, Managed: managed, Role: policy.Started, Active: active}
	}
	v := &view{nodes: map[string]*policy.NodeView{
		"up": {Name: "up", Online: true}, "lost": {Name: "lost", Unclean: true}, "guest": {Name: "guest"},
	}}
	for name, test := range map[string]struct {
		inside, container, connection *policy.ResourceView
		shown                         bool
	}{
		"nothing of it runs":                                        {part(false), part(false), part(false), true},
		"unmanaged, in a guest that is down":                        {part(false, "guest"), part(false), part(false), false},
		"unmanaged, in a guest that is down, with a connection":     {part(false, "guest"), part(false), part(false, "up"), true},
		"unmanaged, in a container that runs":                       {part(false, "guest"), part(false, "up"), part(false), true},
		"unmanaged, a container on a lost node":                     {part(false), part(false, "lost"), part(false), false},
		"unmanaged, a container on a lost node, a connection is up": {part(false), part(false, "lost"), part(false, "up"), true},
		"managed, in a guest that is down":                          {part(true, "guest"), part(true), part(true), true},
	} {
		bundle := policy.ResourceView{Kind: cib.Bundle, Replicas: []policy.ReplicaView{{Child: test.inside, Container: test.container, Connection: test.connection}}}
		if shown := !v.hidden(&bundle); shown != test.shown {
			t.Errorf("%s: shown %v, want %v", name, shown, test.shown)
		}
	}
}
