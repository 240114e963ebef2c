package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"kvmha/internal/lab"
)

// A cluster that `lab up` leaves behind is one `lab serve` process. It is found
// by these two files, which are removed with it.
var (
	pidFile = filepath.Join(os.TempDir(), "kvmha-lab.pid")
	dirLink = filepath.Join(os.TempDir(), "kvmha-lab")
	logFile = filepath.Join(os.TempDir(), "kvmha-lab.log")
)

const readyLine = "cluster is up"

// serve is the process behind `lab up`.
func serve(ctx context.Context, _ []string) error {
	if err := os.Symlink(lab.FabricDir(), dirLink); err != nil {
		return fmt.Errorf("a lab cluster is up already, or one was killed: %w: run `lab down`", err)
	}
	defer os.Remove(dirLink)
	scene, err := lab.NewScene(ctx, lab.FabricDir(), binDir(), lab.SceneOptions{RebootAfterFence: true, Trace: os.Stdout})
	if err != nil {
		return err
	}
	defer scene.Close()
	if err := scene.PowerOnAndWait(ctx); err != nil {
		return err
	}
	fmt.Println(readyLine)
	<-ctx.Done()
	return nil
}

func binDir() string {
	self, err := os.Executable()
	if err != nil {
		return "bin"
	}
	return filepath.Dir(self)
}

func up(ctx context.Context, _ []string) error {
	if running() != 0 {
		return errors.New("a lab cluster is up already: `lab down` takes it down")
	}
	if os.Geteuid() != 0 {
		return errors.New("the lab makes namespaces and needs root: run it with sudo")
	}
	log, err := os.Create(logFile)
	if err != nil {
		return err
	}
	defer log.Close()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, "serve")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(cmd.Process.Pid)), 0o600); err != nil {
		return err
	}
	fmt.Println("Two hosts are booting, with two virtual machines. This takes about ten seconds.")
	if err := waitReady(ctx, cmd); err != nil {
		_ = down(context.Background(), nil)
		return err
	}
	fmt.Print(`
The cluster is up: hosts alpha and beta, service address 10.77.9.100, VMs db1 and db2.

  bin/lab exec alpha vm-ctl status            what the cluster sees
  bin/lab exec alpha vm-ctl migrate db1       live-migrate a VM
  bin/lab guest db1 vm-ctl host status        ask the host from inside a VM
  bin/lab guest db1 vm-ctl fence db2          have a VM fence its peer
  bin/lab press off beta                      pull the plug of a host
  bin/lab press on beta                       and put it back
  bin/lab exec beta bash                      a shell on a host
  bin/lab down                                take everything down
`)
	return nil
}

// waitReady waits for the served cluster to say that it is up, or to end.
func waitReady(ctx context.Context, cmd *exec.Cmd) error {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			text, _ := os.ReadFile(logFile)
			return fmt.Errorf("the cluster did not come up:\n%s", text)
		case <-tick.C:
			if logSays(readyLine) {
				return nil
			}
		}
	}
}

func logSays(line string) bool {
	file, err := os.Open(logFile)
	if err != nil {
		return false
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if lines.Text() == line {
			return true
		}
	}
	return false
}

// running returns the pid of the served cluster, 0 if there is none.
func running() int {
	text, err := os.ReadFile(pidFile)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || syscall.Kill(pid, 0) != nil {
		return 0
	}
	return pid
}

func down(ctx context.Context, _ []string) error {
	pid := running()
	defer func() {
		_ = os.Remove(pidFile)
		_ = os.Remove(dirLink)
	}()
	if pid == 0 {
		fmt.Println("No lab cluster is up.")
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return err
	}
	for syscall.Kill(pid, 0) == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	fmt.Println("The lab cluster is down; nothing of it is left.")
	return nil
}

func execute(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return errors.New("usage: lab exec HOST COMMAND [ARGUMENT]")
	}
	cmd, err := lab.EnterHost(ctx, args[0], binDir(), args[1:]...)
	if err != nil {
		return err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

func inGuest(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return errors.New("usage: lab guest VM COMMAND [ARGUMENT]")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	out, err := lab.EnterGuest(ctx, args[0], strings.Join(args[1:], " "))
	if out != "" {
		fmt.Println(out)
	}
	return err
}

func press(_ context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: lab press on|off|status HOST")
	}
	dir, err := os.Readlink(dirLink)
	if err != nil {
		return errors.New("no lab cluster is up: `lab up` makes one")
	}
	answer, err := lab.PowerRequest(dir, args[0], args[1])
	if answer != "" {
		fmt.Println(answer)
	}
	return err
}
