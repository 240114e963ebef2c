package embedded

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// schedParam is the kernel's struct sched_param.
type schedParam struct{ priority int32 }

// realtimePriority is the lowest of SCHED_RR: above all ordinary processes,
// below the kernel's own threads.
const realtimePriority = 1

// lockMemory keeps the process from waiting for its own pages while the host
// swaps. Pages are locked as they are first used (MCL_ONFAULT), for Go reserves
// much more than it uses.
func (e *Engine) lockMemory() {
	if !e.opts.Realtime {
		return
	}
	if err := unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT); err != nil {
		e.log.Warn("memory-not-locked", "error", err, "remedy", "run as root or raise LimitMEMLOCK")
	}
}

// realtime binds the calling goroutine to its thread and lets the thread run
// before all ordinary ones, if Options.Realtime asks for it. What the thread
// starts is ordinary again (SCHED_RESET_ON_FORK), so agents never inherit it.
func (e *Engine) realtime(what string) {
	if !e.opts.Realtime {
		return
	}
	runtime.LockOSThread()
	param := schedParam{priority: realtimePriority}
	_, _, errno := unix.Syscall(unix.SYS_SCHED_SETSCHEDULER, 0, unix.SCHED_RR|unix.SCHED_RESET_ON_FORK, uintptr(unsafe.Pointer(&param)))
	if errno != 0 {
		e.log.Warn("priority-not-raised", "goroutine", what, "error", errno, "remedy", "run as root or grant CAP_SYS_NICE")
	}
}
