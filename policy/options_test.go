package policy

import "testing"

func TestAnOptionWhoseValueIsNoneOfItsKindKeepsItsDefault(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, value string
		want        bool
	}{
		{"stonith-enabled", "no", true},
		{"stonith-enabled", "perhaps", false},
		{"stonith-timeout", "2min", true},
		{"stonith-timeout", "-5s", false},
		{"cluster-delay", "soon", false},
		{"priority-fencing-delay", "", false},
		{"batch-limit", "30", true},
		{"batch-limit", "many", false},
		{"migration-limit", "-1", true},
		{"no-quorum-policy", "anything", true},
		{"unknown-option", "anything", true},
	}
	for _, tt := range tests {
		if got := meansSomething(tt.name, tt.value); got != tt.want {
			t.Errorf("%s=%q means something: %v, want %v", tt.name, tt.value, got, tt.want)
		}
	}
}
