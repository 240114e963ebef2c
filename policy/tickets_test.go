package policy

import "testing"

func TestASetNeedsItsTicketUpToTheFirstResourceThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := world{
		nodes:     []string{"n1"},
		resources: primXML("a", "") + cloneXML("c", "", groupXML("g", primXML("m", ""))) + primXML("b", ""),
		// The group in the clone goes by the clone's name.
		constraints: `<rsc_ticket id="t" ticket="T"><resource_set id="s"><resource_ref id="a"/><resource_ref id="g"/><resource_ref id="b"/></resource_set></rsc_ticket>`,
		status:      known("n1", "a", "b", "m"),
	}
	if got, want := story(decide(t, w)), "b_monitor_10000 n1 after b_start n1\nb_start n1\nm_monitor_10000 n1 after m_start n1\nm_start n1"; got != want {
		t.Errorf("without the ticket:\n%s\nwant\n%s", got, want)
	}
}
