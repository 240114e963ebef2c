package child

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// remember notes that a program runs and returns what removes the note. A
// program that cannot be noted runs all the same: the note only matters if
// this process is killed in the next moments.
func (r *Runner) remember(pid int) (forget func()) {
	p, err := look(pid)
	if r.Dir == "" || err != nil {
		return func() {}
	}
	path := filepath.Join(r.Dir, strconv.Itoa(pid))
	if os.WriteFile(path, []byte(strconv.FormatUint(p.started, 10)), 0o600) != nil {
		if os.MkdirAll(r.Dir, 0o700) == nil {
			_ = os.WriteFile(path, []byte(strconv.FormatUint(p.started, 10)), 0o600)
		}
	}
	return func() { _ = os.Remove(path) }
}

// leftoverTime bounds the wait for all leftovers: longer than any process needs
// to die that can, shorter than the peers wait for a node that starts.
const leftoverTime = 5 * time.Second

// EndLeftovers kills the programs that an earlier process with the same Dir
// was running when it was killed, waits until they are gone, and returns how
// many there were. Call it before the first Run. Resources are not touched:
// they left their agent's session when they became daemons.
//
// One that has not gone in a few seconds hangs in the kernel, mostly for
// storage. It is logged and its note is kept for the next time, but it holds
// nothing else up: the probe of its resource tells what is left of that.
func (r *Runner) EndLeftovers() (int, error) {
	return r.endLeftovers(leftoverTime, survey)
}

func (r *Runner) endLeftovers(limit time.Duration, survey func() ([]process, error)) (int, error) {
	if r.Dir == "" {
		return 0, nil
	}
	notes, err := os.ReadDir(r.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, fmt.Errorf("look for agents left running by an earlier run: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	ended := 0
	for _, note := range notes {
		path := filepath.Join(r.Dir, note.Name())
		text, err := os.ReadFile(path)
		pid, notPID := strconv.Atoi(note.Name())
		if err != nil || notPID != nil {
			continue
		}
		started, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		if p, err := look(pid); err == nil && p.started == started && p.session == pid {
			ended++
			if !endSession(ctx, pid, survey) {
				r.logger().Error("agent-does-not-die", "pid", pid, "waited", limit,
					"remedy", "it hangs in the kernel, mostly for storage: see /proc/PID/stack; its resource may still be changed by it")
				continue
			}
		}
		_ = os.Remove(path)
	}
	return ended, nil
}

func (r *Runner) logger() *slog.Logger {
	if r.Logger == nil {
		return slog.Default()
	}
	return r.Logger
}
