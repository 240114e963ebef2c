package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
)

// OutputLimit is how many bytes of each output stream are kept: the last ones,
// because that is where programs say why they failed. Agents' meta-data, the
// longest thing anyone reads back, is well below it.
const OutputLimit = 256 << 10

// Command is one program to run. Path is executed with Args and exactly Env;
// Stdin is written to it and then closed.
type Command struct {
	Path  string
	Args  []string
	Env   []string
	Stdin string
}

// Result is how the program ended.
type Result struct {
	// Code is the exit code, -1 when a signal ended it (then Signal is set).
	Code   int
	Signal syscall.Signal
	// Stdout and Stderr are the last OutputLimit bytes of each stream.
	Stdout, Stderr string
	// Killed is true when the context ended first and everything was killed.
	Killed bool
}

// Runner runs programs. The zero value works, without EndLeftovers.
type Runner struct {
	// Dir holds one small file per running program. It should be on a tmpfs:
	// what it lists died with the kernel. "" keeps no record.
	Dir string
	// Logger takes what EndLeftovers has to say of a program that does not die;
	// nil means slog.Default.
	Logger *slog.Logger
}

// Run runs cmd to its end, or kills all of it when ctx ends. The error says
// that the program could not be run at all (it wraps the os error); how it
// ended otherwise is in the Result.
func (r *Runner) Run(ctx context.Context, cmd Command) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{Code: -1, Killed: true}, nil
	}
	stdout, stderr, err := newStreams()
	if err != nil {
		return Result{}, fmt.Errorf("run %s: open pipes: %w", cmd.Path, err)
	}
	proc := exec.Command(cmd.Path, cmd.Args...)
	proc.Env = cmd.Env
	proc.Dir = "/"
	proc.Stdout, proc.Stderr = stdout.write, stderr.write
	// A session of its own: nothing of it shares our terminal or our group,
	// and the session id finds its background processes again.
	proc.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	input, err := inputFile(cmd.Stdin)
	if err != nil {
		stdout.abandon()
		stderr.abandon()
		return Result{}, fmt.Errorf("run %s: prepare its input: %w", cmd.Path, err)
	}
	proc.Stdin = input
	err = proc.Start()
	_ = input.Close()
	if err != nil {
		stdout.abandon()
		stderr.abandon()
		return Result{}, fmt.Errorf("run %s: %w", cmd.Path, err)
	}
	forget := r.remember(proc.Process.Pid)
	defer forget()
	return wait(ctx, proc, stdout, stderr), nil
}

// wait follows a started program to its end.
func wait(ctx context.Context, proc *exec.Cmd, stdout, stderr *stream) Result {
	stdout.follow()
	stderr.follow()
	ended := make(chan error, 1)
	go func() { ended <- proc.Wait() }()

	var result Result
	select {
	case <-ended:
	case <-ctx.Done():
		// Wait has perhaps reaped the leader this very moment. The session
		// is looked up in /proc, so a reused pid is not mistaken for it.
		killSession(proc.Process.Pid)
		<-ended
		killSession(proc.Process.Pid)
		result.Killed = true
	}
	result.Stdout, result.Stderr = stdout.end(), stderr.end()
	result.Code = proc.ProcessState.ExitCode()
	if status, ok := proc.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		result.Signal = status.Signal()
	}
	return result
}

// inputFile gives the program its whole input as a file that is already
// written and unlinked: no goroutine has to feed a program that does not read.
func inputFile(text string) (*os.File, error) {
	if text == "" {
		return os.Open(os.DevNull)
	}
	f, err := memoryFile("stdin")
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(f, text)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
