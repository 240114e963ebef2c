package policy

import (
	"fmt"
	"strings"
	"testing"
)

func TestASetThatNamesACloneByItsInsideSetsItApartFromAllOthers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ refs, starts, waits string }{
		"by its own name it is apart from what comes before": {"c b", "d", "b"},
		"by its inside it is apart from what comes after":    {"d b", "b", "d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := story(decide(t, world{
				nodes: []string{"n1"}, resources: cloneXML("c", "", primXML("d", "")) + primXML("b", ""),
				constraints: setXML("-INFINITY", test.refs), status: known("n1", "d", "b")}))
			if !strings.Contains(got, test.starts+"_start") || strings.Contains(got, test.waits+"_start") {
				t.Errorf("%s is to start, %s not:\n%s", test.starts, test.waits, got)
			}
		})
	}
}

func TestASetKeepsTogetherWhatComesBeforeTheFirstMemberThatIsNotThere(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ refs, want string }{
		"it comes last":       {"a b d", "n2"},
		"it comes in between": {"a d b", "n1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A clone that was never looked for does not go by its inside.
			tr := decide(t, world{
				resources:   primXML("a", "") + primXML("b", "") + cloneXML("c", "target-role=Stopped", primXML("d", "")),
				constraints: setXML("INFINITY", test.refs) + `<rsc_location id="l" rsc="a" node="n1" score="5"/><rsc_location id="m" rsc="b" node="n2" score="10"/>`,
				status:      known("n1 n2", "a", "b")})
			if got := tr.Resources[0].Next; got != test.want {
				t.Errorf("a is to be on %q, want %q", got, test.want)
			}
		})
	}
}

// setXML is a colocation of one set.
func setXML(score, refs string) string {
	x := fmt.Sprintf(`<rsc_colocation id="together" score="%s"><resource_set id="set">`, score)
	for _, id := range strings.Fields(refs) {
		x += fmt.Sprintf(`<resource_ref id="%s"/>`, id)
	}
	return x + `</resource_set></rsc_colocation>`
}
