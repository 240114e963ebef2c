package policy

import "testing"

func TestAKeyIsNamedByTaskAndInterval(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]opName{
		"a_start_0":                        {"start", 0},
		"a_monitor_10000":                  {"monitor", 10000},
		"a_migrate_to_0":                   {"migrate_to", 0},
		"a_confirmed-post_notify_stop_0":   {"confirmed-post_notify_stop", 0},
		"a_monitor_010":                    {"a_monitor_010", -1},
		"a_monitor_-1":                     {"a_monitor_-1", -1},
		"a_monitor_":                       {"a_monitor_", -1},
		"a_monitor_99999999999999999999":   {"a_monitor_99999999999999999999", -1},
		"a_0":                              {"a_0", -1},
		"a":                                {"a", -1},
		"ab_start_0":                       {"ab_start_0", -1},
		"other_start_0":                    {"other_start_0", -1},
		"probe_again":                      {"probe_again", -1},
		"a__0":                             {"", 0},
		opKey("a", "reload-agent", 0):      {"reload-agent", 0},
		opKey("a", "monitor", 86400000000): {"monitor", 86400000000},
	} {
		if got := opNameOf("a", key); got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
}
