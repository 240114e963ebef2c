package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// fabricMark in the environment tells a process that it is the fabric, and its
// value is the folder that the fabric may fill.
const fabricMark = "KVMHA_LAB_FABRIC"

// Words that make this program play another part; see Reexec.
const (
	hostInitWord = "lab-host-init"
	powerWord    = "power"
)

// Reexec must be called first in main and TestMain of every program that uses
// the lab: hosts' first processes and the fence agent run the same program
// under another word. It returns when the process is an ordinary one.
func Reexec() {
	if len(os.Args) < 2 {
		return
	}
	switch os.Args[1] {
	case hostInitWord:
		exitWith(hostInit(os.Args[2:]))
	case powerWord:
		exitWith(powerCommand(os.Args[2:]))
	}
}

func exitWith(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func powerCommand(args []string) error {
	if len(args) != 4 || args[0] != "--dir" {
		return errors.New("usage: power --dir DIR ACTION HOST")
	}
	answer, err := PowerRequest(args[1], args[2], args[3])
	if err != nil {
		return err
	}
	fmt.Println(answer)
	return nil
}

// InFabric reports whether this process is the fabric.
func InFabric() bool { return FabricDir() != "" }

// FabricDir is the folder that the fabric may fill; it is removed when the
// fabric has ended. "" outside of a fabric.
func FabricDir() string { return os.Getenv(fabricMark) }

// EnterFabric runs this program again, with the same arguments, as a fabric:
// in namespaces of its own that end with it. It returns the exit status. An
// interrupt is passed on so that the fabric can say what it removes; should
// this process be killed, the kernel kills the fabric.
func EnterFabric() (int, error) {
	if os.Geteuid() != 0 {
		return 1, errors.New("the lab makes namespaces and needs root: run it with sudo")
	}
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "kvmha-lab-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	// The parent-death signal is tied to the thread that starts the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), fabricMark+"="+dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true,
	}
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("start the fabric: %w", err)
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case sig := <-signals:
			_ = cmd.Process.Signal(sig)
		case err := <-done:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return exit.ExitCode(), nil
			}
			return 0, err
		}
	}
}

// settleFabric makes the fabric's own view of the machine: private mounts and
// a /proc of its PID namespace.
func settleFabric() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return nil
}
