package child

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
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
// descendant of one, and returns when none is left. Stopping them first keeps
// them from forking away from under the survey.
func killSession(leader int) {
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		members := family(survey(), leader)
		if len(members) == 0 {
			return
		}
		for _, pid := range members {
			_ = unix.Kill(pid, unix.SIGSTOP)
		}
		// A second survey sees what was forked before the stop took hold.
		for _, pid := range family(survey(), leader) {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		// Nothing tells when a stranger's child has gone, so this looks again.
		time.Sleep(pause)
	}
}

// family picks the living processes of a session and their descendants.
func family(all []process, leader int) []int {
	in := map[int]bool{}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if !in[p.pid] && (p.session == leader || in[p.parent]) {
				in[p.pid], grown = true, true
			}
		}
	}
	var pids []int
	for _, p := range all {
		if in[p.pid] && !p.zombie {
			pids = append(pids, p.pid)
		}
	}
	return pids
}

// survey reads all processes from /proc. One that vanishes meanwhile is left out.
func survey() []process {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	names, _ := dir.Readdirnames(-1)
	_ = dir.Close()
	all := make([]process, 0, len(names))
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, ok := look(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

// look reads one process (proc(5), /proc/PID/stat). The name in parentheses
// may hold anything, so fields are counted from the last parenthesis.
func look(pid int) (process, bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, false
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	const state, parent, session, started = 0, 1, 3, 19
	if len(fields) <= started {
		return process{}, false
	}
	p := process{pid: pid, zombie: fields[state][0] == 'Z' || fields[state][0] == 'X'}
	p.parent, _ = strconv.Atoi(string(fields[parent]))
	p.session, _ = strconv.Atoi(string(fields[session]))
	p.started, _ = strconv.ParseUint(string(fields[started]), 10, 64)
	return p, true
}
