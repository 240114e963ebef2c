package qmp

import (
	"context"
	"time"

	"kvmha/internal/hypervisor"
)

// Migration asks QEMU how its outgoing migration goes ("QEMU QMP Reference
// Manual", query-migrate). Phase is "none" when there is none.
func (s *Session) Migration(ctx context.Context) (hypervisor.Progress, error) {
	var info struct {
		Status    string `json:"status"`
		TotalTime int64  `json:"total-time"`
		Downtime  int64  `json:"downtime"`
		RAM       struct {
			Transferred uint64 `json:"transferred"`
			Remaining   uint64 `json:"remaining"`
			Total       uint64 `json:"total"`
		} `json:"ram"`
	}
	if err := s.Run(ctx, "query-migrate", nil, &info); err != nil {
		return hypervisor.Progress{}, err
	}
	if info.Status == "" {
		info.Status = "none"
	}
	return hypervisor.Progress{
		Phase:            info.Status,
		TransferredBytes: info.RAM.Transferred,
		RemainingBytes:   info.RAM.Remaining,
		TotalBytes:       info.RAM.Total,
		Elapsed:          time.Duration(info.TotalTime) * time.Millisecond,
		Downtime:         time.Duration(info.Downtime) * time.Millisecond,
	}, nil
}

// State asks QEMU whether its CPUs run ("QEMU QMP Reference Manual",
// query-status).
func (s *Session) State(ctx context.Context) (hypervisor.State, error) {
	var info struct {
		Running bool `json:"running"`
	}
	if err := s.Run(ctx, "query-status", nil, &info); err != nil {
		return hypervisor.Unknown, err
	}
	if info.Running {
		return hypervisor.Running, nil
	}
	return hypervisor.Paused, nil
}
