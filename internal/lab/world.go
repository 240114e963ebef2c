package lab

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
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

// hostOf tells by the UTS namespace's name which host a process is of: its
// first ancestor inside the host carries --name.
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
