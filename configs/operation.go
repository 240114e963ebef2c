package configs

import (
	"kvmha/internal/cib"
)

// operationTable is one operation of a resource ("Pacemaker Explained,
// Resource Operations"): an inline table in `op = [...]` or a table of its own.
type operationTable struct {
	table
	// The operation.
	Name string `toml:"name" required:"true" enum:"start|stop|monitor|promote|demote|notify|migrate_to|migrate_from|reload|reload-agent|validate-all"`
	// Repeat it this often (monitor only). Default: 0, which is once.
	Interval string `toml:"interval" is:"duration"`
	// Limit; what runs longer is killed and counts as failed. Default: 20s.
	Timeout string `toml:"timeout" is:"duration"`
	// What a failure leads to. Default: restart; for stop, fence (block without
	// fencing).
	OnFail string `toml:"on-fail" enum:"ignore|block|stop|restart|standby|fence|demote|restart-container"`
	// Only while the resource has this role.
	Role string `toml:"role" enum:"Started|Stopped|Promoted|Unpromoted|Master|Slave"`
	// Wait this long before it.
	StartDelay string `toml:"start-delay" is:"duration"`
	// Base point of the intervals, a date in ISO 8601.
	IntervalOrigin string `toml:"interval-origin"`
	// Whether the operation is done at all. Default: true.
	Enabled string `toml:"enabled" is:"bool"`
	// Whether it is recorded when it begins. Default: true.
	RecordPending string `toml:"record-pending" is:"bool"`
}

func (t *operationTable) check(p *problems) {
	if t.Interval == "" || t.Name == "" || t.Name == "monitor" {
		return
	}
	if d, err := cib.ParseDuration(t.Interval); err == nil && d > 0 {
		p.add(t.key("interval"), "only monitor can be repeated, not %s", t.Name)
	}
}

func (t *operationTable) build(owner string) cib.OpSpec {
	interval := t.Interval
	if interval == "" {
		interval = "0s"
	}
	op := cib.OpSpec{ID: owner + "-" + t.Name + "-" + interval, Name: t.Name, Interval: interval, Timeout: t.Timeout}
	for _, nv := range pairs(op.ID, *t) {
		switch nv.Name {
		case "name", "interval", "timeout":
		default:
			op.Attrs = append(op.Attrs, cib.NV{Name: nv.Name, Value: nv.Value})
		}
	}
	return op
}

// checkOperations notes an operation that is there twice: the cluster tells
// them apart by name and interval only.
func checkOperations(p *problems, ops []operationTable) {
	type key struct {
		name     string
		interval int64
	}
	seen := map[key]bool{}
	for i := range ops {
		interval, _ := cib.ParseDuration(ops[i].Interval)
		k := key{ops[i].Name, int64(interval)}
		if k.name != "" && seen[k] {
			p.add(ops[i].path, "operation %s with interval %v is there twice: give it another interval", k.name, interval)
		}
		seen[k] = true
	}
}

func buildOperations(owner string, ops []operationTable) []cib.OpSpec {
	var out []cib.OpSpec
	for i := range ops {
		out = append(out, ops[i].build(owner))
	}
	return out
}
