package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// guestInfo is what a guest says of itself and its host.
type guestInfo struct {
	Host   string
	Uptime time.Duration // of its guestd
	Open   int           // requests without an answer yet
}

// greet waits until the guest's daemon has its host on the line.
func (p *Play) greet(ctx context.Context, vm string) (info guestInfo, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		var text string
		if text, err = p.inGuest(ctx, vm, "vm-ctl host status --json && vm-ctl host info --json"); err == nil {
			if info, err = parseInfo(text); err == nil {
				return info, nil
			}
		}
		select {
		case <-ctx.Done():
			return info, fmt.Errorf("guestd of %s has no host on the line: %w", vm, err)
		case <-time.After(pollEvery):
		}
	}
}

// parseInfo reads the answers of host status and, if it is there, host info.
func parseInfo(text string) (guestInfo, error) {
	var answer struct {
		Node     string `json:"node"`
		UptimeMS int64  `json:"uptime_ms"`
		Open     []string
	}
	lines := json.NewDecoder(strings.NewReader(text))
	for {
		err := lines.Decode(&answer)
		switch {
		case errors.Is(err, io.EOF) && answer.Node == "":
			return guestInfo{}, fmt.Errorf("no host in the answer %q", text)
		case errors.Is(err, io.EOF):
			return guestInfo{answer.Node, time.Duration(answer.UptimeMS) * time.Millisecond, len(answer.Open)}, nil
		case err != nil:
			return guestInfo{}, fmt.Errorf("the answer %q: %w", text, err)
		}
	}
}

// openRequests waits until db1 has this many requests without an answer.
func (p *Play) openRequests(ctx context.Context, count int) error {
	return p.Eventually(ctx, fmt.Sprintf("db1 to have %d open requests", count), func() bool {
		info, err := p.greet(ctx, "db1")
		return err == nil && info.Open == count
	})
}

func (p *Play) openAnswer(ctx context.Context) (answer guestInfo, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		text, err := p.inGuest(ctx, "db1", "cat /run/moved")
		if err == nil && strings.TrimSpace(text) != "" {
			return parseInfo(text)
		}
		select {
		case <-ctx.Done():
			return answer, fmt.Errorf("the open request of db1 was not answered: %w", errors.Join(err, ctx.Err()))
		case <-time.After(pollEvery):
		}
	}
}
