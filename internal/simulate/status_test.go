package simulate

import (
	"testing"

	"kvmha/internal/cib"
	"kvmha/policy"
)

func TestABundleIsNowhereIfOnlyWhatIsInsideRuns(t *testing.T) {
	t.Parallel()
	part := func(managed bool, active ...string) policy.ResourceView {
		return policy.ResourceView{Kind: cib.Primitive, Managed: managed, Role: policy.Started, Active: active}
	}
	for name, test := range map[string]struct {
		inside, connection policy.ResourceView
		want               bool
	}{
		"unmanaged, in a container that does not run": {part(false), part(false), true},
		"unmanaged, with a connection that runs":      {part(false), part(false, "n1"), false},
		"unmanaged, in a container that runs":         {part(false, "n1"), part(false, "n1"), false},
		"managed":                                     {part(true), part(true), false},
	} {
		bundle := &policy.ResourceView{Kind: cib.Bundle, Children: []policy.ResourceView{test.inside}, Replicas: []policy.ReplicaView{{Connection: &test.connection}}}
		if got := isGhost(bundle); got != test.want {
			t.Errorf("%s: nowhere %v, want %v", name, got, test.want)
		}
	}
}
