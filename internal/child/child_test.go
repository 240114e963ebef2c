package child

import (
	"bufio"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func shell(script string, args ...string) Command {
	return Command{Path: "/bin/sh", Args: append([]string{"-c", script, "sh"}, args...), Env: []string{"PATH=/usr/bin:/bin"}}
}

func TestResultTellsHowTheProgramEnded(t *testing.T) {
	tests := map[string]struct {
		cmd    Command
		code   int
		signal syscall.Signal
		stdout string
		stderr string
	}{
		"exit code and both streams": {cmd: shell("echo out; echo err >&2; exit 7"), code: 7, stdout: "out\n", stderr: "err\n"},
		"a signal":                   {cmd: shell("kill -TERM $$"), code: -1, signal: syscall.SIGTERM},
		"input reaches it whole":     {cmd: Command{Path: "/bin/cat", Stdin: "a=1\nb=2\n"}, stdout: "a=1\nb=2\n"},
		"only the given environment": {cmd: Command{Path: "/usr/bin/env", Env: []string{"A=b"}}, stdout: "A=b\n"},
		"arguments are not expanded": {cmd: shell(`printf %s "$1"`, "$(id); `id`"), stdout: "$(id); `id`"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := new(Runner).Run(t.Context(), tt.cmd)
			if err != nil {
				t.Fatal(err)
			}
			want := Result{Code: tt.code, Signal: tt.signal, Stdout: tt.stdout, Stderr: tt.stderr}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestAMissingProgramIsAnErrorThatNamesIt(t *testing.T) {
	_, err := new(Runner).Run(t.Context(), Command{Path: "/nowhere/agent"})
	if err == nil || !strings.Contains(err.Error(), "/nowhere/agent") {
		t.Fatalf("got %v", err)
	}
}

func TestOutputIsBoundedToItsEnd(t *testing.T) {
	got, err := new(Runner).Run(t.Context(), shell("head -c 3000000 /dev/zero | tr '\\0' x; echo END"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Stdout) != OutputLimit || !strings.HasSuffix(got.Stdout, "xEND\n") {
		t.Errorf("kept %d bytes ending in %q", len(got.Stdout), got.Stdout[len(got.Stdout)-8:])
	}
}

// A daemon inherits its agent's output; the agent's end must not wait for it.
func TestADaemonLeftBehindLivesOnAndDelaysNothing(t *testing.T) {
	started := time.Now()
	got, err := new(Runner).Run(t.Context(), shell("setsid sleep 60 & echo $!"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(got.Stdout))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	if p, err := look(pid); err != nil || p.zombie {
		t.Error("the daemon is gone")
	}
}

func TestTheEndOfTheContextKillsEverything(t *testing.T) {
	tests := map[string]string{
		"a program that ignores signals": `trap "" TERM INT HUP; echo $$ >> "$1"; echo up >> "$2"; while :; do sleep 60; done`,
		"a background grandchild":        `(sleep 60 & echo $! >> "$1"; wait) & echo $! >> "$1"; echo up >> "$2"; wait`,
		"a child in another session":     `setsid sleep 60 & echo $! >> "$1"; echo up >> "$2"; wait`,
	}
	for name, script := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			pids, up := filepath.Join(dir, "pids"), filepath.Join(dir, "up")
			if err := syscall.Mkfifo(up, 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				waitForLine(up)
				cancel()
			}()
			got, err := new(Runner).Run(ctx, shell(script, pids, up))
			if err != nil || !got.Killed {
				t.Fatalf("got %+v, %v", got, err)
			}
			assertGone(t, pids)
		})
	}
}

func TestWhatAKilledPredecessorLeftIsEnded(t *testing.T) {
	dir := t.TempDir()
	orphan := exec.Command("/bin/sleep", "60")
	orphan.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	r := &Runner{Dir: dir}
	r.remember(orphan.Process.Pid)
	stranger := filepath.Join(dir, strconv.Itoa(os.Getpid()))
	if err := os.WriteFile(stranger, []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- orphan.Wait() }()

	n, err := r.EndLeftovers()
	if err != nil || n != 1 {
		t.Fatalf("ended %d, %v; want 1: the other note's pid belongs to a younger process", n, err)
	}
	if err := <-ended; err == nil {
		t.Error("the orphan ended by itself")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d notes left", len(left))
	}
}

// A process in state D cannot be made at will: here the survey says that one
// which was killed is still there.
func TestALeftoverThatDoesNotDieHoldsNothingUp(t *testing.T) {
	hung := exec.Command("/bin/sleep", "60")
	hung.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := hung.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hung.Wait() }()
	var log strings.Builder
	r := &Runner{Dir: t.TempDir(), Logger: slog.New(slog.NewTextHandler(&log, nil))}
	r.remember(hung.Process.Pid)
	stays, err := look(hung.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	n, err := r.endLeftovers(20*time.Millisecond, func() ([]process, error) { return []process{stays}, nil })
	if err != nil || n != 1 {
		t.Errorf("ended %d, %v", n, err)
	}
	if want := "agent-does-not-die pid=" + strconv.Itoa(stays.pid); !strings.Contains(log.String(), want) {
		t.Errorf("the log says %q", log.String())
	}
	if left, _ := os.ReadDir(r.Dir); len(left) != 1 {
		t.Errorf("%d notes left, want that of the one that is still there", len(left))
	}
}

func waitForLine(fifo string) {
	f, err := os.Open(fifo)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	_, _ = bufio.NewReader(f).ReadString('\n')
}

func assertGone(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for field := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := look(pid); err == nil && !p.zombie {
			t.Errorf("process %d is still there", pid)
		}
	}
}

func TestWhoWasSeenInTheFamilyIsHuntedUntilGone(t *testing.T) {
	h := hunt{leader: 10, known: map[int]uint64{}}
	leader, child := process{pid: 10, parent: 1, session: 10, started: 5}, process{pid: 11, parent: 10, session: 11, started: 6}
	stranger := process{pid: 12, parent: 1, session: 12, started: 7}
	orphan, reused := child, child
	orphan.parent = 1
	reused.parent, reused.started = 1, 99
	for _, step := range []struct {
		what string
		all  []process
		want []int
	}{
		{"the leader and its child in another session", []process{leader, child, stranger}, []int{10, 11}},
		{"the child that outlives the leader", []process{orphan, stranger}, []int{11}},
		{"not a later process with its number", []process{reused, stranger}, nil},
	} {
		if got := h.find(step.all); !slices.Equal(got, step.want) {
			t.Errorf("%s: found %v, want %v", step.what, got, step.want)
		}
	}
}

// With no descriptor left /proc cannot be read; that is no proof that the
// processes are gone.
func TestASurveyThatCannotReadSaysSo(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	none := limit
	none.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	_, err := survey()
	if restored := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); restored != nil {
		t.Fatal(restored)
	}
	if err == nil {
		t.Error("a survey without descriptors found all processes")
	}
	if all, err := survey(); err != nil || len(all) == 0 {
		t.Errorf("with them it found %d processes: %v", len(all), err)
	}
}
