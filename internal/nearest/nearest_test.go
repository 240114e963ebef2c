package nearest

import (
	"slices"
	"testing"
)

func TestTheNearestNameIsTheOneThatWasMeant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, name string
		known      []string
		want       string
	}{
		{"one letter missing", "cidr_netmsk", []string{"ip", "cidr_netmask"}, "cidr_netmask"},
		{"another case", "DB1", []string{"db2", "db1"}, "db1"},
		{"of two, the one of the same length", "dbx", []string{"db", "dby"}, "dby"},
		{"of two alike, the first", "dbx", []string{"dbz", "dby"}, "dby"},
		{"two letters of a short name", "ip", []string{"id1"}, "id1"},
		{"no letter in common", "db", []string{"o1"}, ""},
		{"nothing near", "toaster", []string{"web", "db"}, ""},
		{"nothing there", "web", nil, ""},
	} {
		if got := To(c.name, slices.Values(c.known)); got != c.want {
			t.Errorf("%s: %q is near %q, want %q", c.what, c.name, got, c.want)
		}
	}
	if got := To("alhpa", slices.Values([]string{"beta"}), slices.Values([]string{"alpha"})); got != "alpha" {
		t.Errorf("of two lists: got %q", got)
	}
}
