package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"kvmha/internal/lab/guest"
)

// process is one process of a host as the fabric's /proc shows it.
type process struct {
	pid     int
	program string // the name of its executable
	args    []string
	host    string // the host's name, "" for the fabric's own
}

// processes reads the truth about what runs from the kernel, never from the
// cluster's own records.
func processes() []process {
	entries, _ := filepath.Glob("/proc/[0-9]*")
	var found []process
	for _, entry := range entries {
		pid, _ := strconv.Atoi(filepath.Base(entry))
		cmdline, err := os.ReadFile(filepath.Join(entry, "cmdline"))
		if err != nil || len(cmdline) == 0 {
			continue
		}
		args := strings.Split(string(bytes.TrimRight(cmdline, "\x00")), "\x00")
		found = append(found, process{pid: pid, program: filepath.Base(args[0]), args: args, host: hostOf(entry)})
	}
	return found
}

// hostOf tells which host a process is of: its last ancestor inside the host,
// the host's first process, carries --name.
func hostOf(entry string) string {
	for range 32 {
		cmdline, err := os.ReadFile(filepath.Join(entry, "cmdline"))
		if err != nil {
			return ""
		}
		args := strings.Split(string(cmdline), "\x00")
		for i, arg := range args {
			if arg == hostInitWord {
				for j := i + 1; j+1 < len(args); j++ {
					if args[j] == "--name" {
						return args[j+1]
					}
				}
			}
		}
		status, err := os.ReadFile(filepath.Join(entry, "status"))
		if err != nil {
			return ""
		}
		match := parentLine.FindSubmatch(status)
		if match == nil || string(match[1]) == "0" {
			return ""
		}
		entry = filepath.Join("/proc", string(match[1]))
	}
	return ""
}

var parentLine = regexp.MustCompile(`(?m)^PPid:\s+(\d+)$`)

func isGuest(args []string, vm string) bool {
	for i, arg := range args {
		if arg == "-name" && i+1 < len(args) {
			name, _, _ := strings.Cut(strings.TrimPrefix(args[i+1], "guest="), ",")
			return name == vm
		}
	}
	return false
}

// EnterHost returns a command inside a host of a lab that runs on this
// machine, for someone outside of its fabric.
func EnterHost(ctx context.Context, name, binDir string, argv ...string) (*exec.Cmd, error) {
	pid, err := hostPID(name)
	if err != nil {
		return nil, err
	}
	return enter(ctx, pid, binDir, argv[0], argv[1:]...), nil
}

// EnterGuest runs a command line inside a guest, on whichever host it runs now.
func EnterGuest(ctx context.Context, vm, line string) (string, error) {
	for _, p := range processes() {
		if !strings.HasPrefix(p.program, "qemu-system-") || !isGuest(p.args, vm) || p.host == "" {
			continue
		}
		pid, err := hostPID(p.host)
		if err != nil {
			return "", err
		}
		console, err := guest.DialConsole(ctx, filepath.Join("/proc", strconv.Itoa(pid), "root", guest.ConsolePath(vm)))
		if err != nil {
			return "", err
		}
		defer console.Close()
		return console.Run(ctx, line)
	}
	return "", fmt.Errorf("no guest %q runs in a lab on this machine", vm)
}

// hostPID finds a host's first process.
func hostPID(name string) (int, error) {
	for _, p := range processes() {
		if len(p.args) > 1 && p.args[1] == hostInitWord && p.host == name {
			return p.pid, nil
		}
	}
	return 0, fmt.Errorf("no host %q is on in a lab on this machine: `make lab` starts one", name)
}

// enter returns a command in all of a process's namespaces.
func enter(ctx context.Context, pid int, binDir, name string, args ...string) *exec.Cmd {
	words := []string{"-t", strconv.Itoa(pid), "-m", "-u", "-n", "-p", "-i", "--", name}
	cmd := exec.CommandContext(ctx, "nsenter", append(words, args...)...)
	cmd.Env = append(os.Environ(), "PATH="+binDir+":/usr/sbin:/usr/bin:/sbin:/bin")
	return cmd
}
