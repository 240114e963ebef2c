package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"kvmha/internal/pause"
)

// process is what /proc/PID/stat says of a process.
type process struct {
	pid, parent, session int
	// started is in clock ticks since boot: with the pid it names one process
	// for the life of the kernel.
	started uint64
	zombie  bool
}

// killSession kills every process of the session that leader began and every
// descendant of one, and returns when none is left.
func killSession(leader int) { endSession(context.Background(), leader, survey) }

// endSession is killSession until ctx ends; it tells whether all are gone then.
// A process that waits in the kernel for a device (state D) hears no signal.
//
// Stopping them first keeps them from forking away from under the survey. A
// survey that is not complete proves nothing, so it is made again.
func endSession(ctx context.Context, leader int, survey func() ([]process, error)) bool {
	prey := hunt{leader: leader, known: map[int]uint64{}}
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		all, err := survey()
		living := prey.find(all)
		if err == nil && len(living) == 0 {
			return true
		}
		for _, pid := range living {
			_ = unix.Kill(pid, unix.SIGSTOP)
		}
		// A second survey sees what was forked before the stop took hold.
		all, _ = survey()
		for _, pid := range prey.find(all) {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		// Nothing tells when a stranger's child has gone, so this looks again.
		if !pause.For(ctx, wait) {
			return false
		}
	}
}

// hunt is who has to go: the session of leader, its descendants, and who was
// one of them in an earlier survey. A process in a session of its own whose
// parent dies first belongs to nobody any more, but it has not gone yet.
type hunt struct {
	leader int
	known  map[int]uint64 // pid -> when it was started
}

// find picks the living ones, and keeps them in mind.
func (h hunt) find(all []process) []int {
	in := map[int]bool{}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			started, known := h.known[p.pid]
			if !in[p.pid] && (p.session == h.leader || in[p.parent] || known && started == p.started) {
				in[p.pid], grown = true, true
			}
		}
	}
	var pids []int
	for _, p := range all {
		if in[p.pid] && !p.zombie {
			h.known[p.pid] = p.started
			pids = append(pids, p.pid)
		}
	}
	return pids
}

// survey reads all processes from /proc. One that vanishes meanwhile is left
// out; an error means that others may be missing as well, for instance because
// this process has no file descriptor left.
func survey() ([]process, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	names, err := dir.Readdirnames(-1)
	errs := []error{err, dir.Close()}
	all := make([]process, 0, len(names))
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		p, err := look(pid)
		switch {
		case err == nil:
			all = append(all, p)
		case !gone(err):
			errs = append(errs, err)
		}
	}
	return all, errors.Join(errs...)
}

// gone tells whether look failed because there is no such process any more.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) }

// look reads one process (proc(5), /proc/PID/stat). The name in parentheses
// may hold anything, so fields are counted from the last parenthesis.
func look(pid int) (process, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, err
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	const state, parent, session, started = 0, 1, 3, 19
	if len(fields) <= started {
		return process{}, fmt.Errorf("/proc/%d/stat has %d fields, need more than %d", pid, len(fields), started)
	}
	p := process{pid: pid, zombie: fields[state][0] == 'Z' || fields[state][0] == 'X'}
	p.parent, _ = strconv.Atoi(string(fields[parent]))
	p.session, _ = strconv.Atoi(string(fields[session]))
	p.started, _ = strconv.ParseUint(string(fields[started]), 10, 64)
	return p, nil
}
