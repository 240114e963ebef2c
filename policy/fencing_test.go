package policy

import (
	"slices"
	"testing"

	"kvmha/internal/cib"
)

func TestAChangedDeviceIsToldBeforeTheStatusIfItsNodeIsLost(t *testing.T) {
	t.Parallel()
	none := "fence:fence_x:" + cib.Digest(nil)
	const changed = "notice: Unfencing Pacemaker Remote node n1 because the definition of fence changed"
	for name, test := range map[string]struct {
		attrs  string
		masked bool
		want   []string
	}{
		"a node that was never unfenced":   {"", true, nil},
		"a device as it was":               {"#digests-all=" + none, true, nil},
		"a device whose secrets changed":   {"#digests-all=other #digests-secure=" + none, true, []string{"Only 'private' parameters to fence for unfencing n1 changed"}},
		"a device that changed":            {"#digests-all=other", false, []string{changed}},
		"one in a CIB with masked secrets": {"#digests-all=other", true, []string{"Parameters to fence for unfencing n1 changed, try '" + none + "'", changed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world{
				options: fencingOn, nodes: []string{"n1:lost", "n2"}, resources: primXML("fence", "provides=unfencing"),
				status: "n1 attr " + test.attrs + "\n" + known("n2", "fence"),
			}
			if test.attrs == "" {
				w.status = known("n2", "fence")
			}
			if got := Inspect(Input{CIB: w.cib(t), Now: now, Sanitized: test.masked}).StatusNotices; !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
