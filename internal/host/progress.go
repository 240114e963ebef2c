package host

import (
	"strconv"

	"kvmha/internal/cib"
	"kvmha/internal/hypervisor"
	"kvmha/internal/node"
)

// progressEvent is the event "migration-progress" that `vm-ctl migrate` draws.
func progressEvent(resource string, p hypervisor.Progress) node.Announce {
	percent := uint64(0)
	if p.TotalBytes > 0 {
		percent = 100 - min(100, 100*p.RemainingBytes/p.TotalBytes)
	}
	return node.Announce{Name: "migration-progress", Level: "info", Fields: []cib.NV{
		{Name: "elapsed_ms", Value: strconv.FormatInt(p.Elapsed.Milliseconds(), 10)},
		{Name: "percent", Value: strconv.FormatUint(percent, 10)},
		{Name: "phase", Value: p.Phase},
		{Name: "remaining", Value: strconv.FormatUint(p.RemainingBytes, 10)},
		{Name: "rsc", Value: resource},
	}}
}
