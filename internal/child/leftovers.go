package child

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// EndLeftovers kills the programs that an earlier process with the same Dir
// was running when it was killed, waits until they are gone, and returns how
// many there were. Call it before the first Run. Resources are not touched:
// they left their agent's session when they became daemons.
func (r *Runner) EndLeftovers() (int, error) {
	if r.Dir == "" {
		return 0, nil
	}
	notes, err := os.ReadDir(r.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, fmt.Errorf("look for agents left running by an earlier run: %w", err)
	}
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
			killSession(pid)
			ended++
		}
		_ = os.Remove(path)
	}
	return ended, nil
}
