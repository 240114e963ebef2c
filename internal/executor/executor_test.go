package executor

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"kvmha/agents"
	"kvmha/internal/cib"
	"kvmha/internal/pause"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is an executor over one scripted agent, in synctest's virtual time.
type world struct {
	*Executor
	begin time.Time

	mu       sync.Mutex
	run      func(ctx context.Context, op cib.Operation) agents.Outcome
	reports  []string
	calls    []string
	watching chan func(string)
}

func (w *world) Agent(_, _, typ string) (agents.Agent, error) {
	if typ == "Missing" {
		return nil, fmt.Errorf("ocf:test:Missing: %w: no file /ocf/test/Missing", agents.ErrNoAgent)
	}
	if typ == "Watching" {
		return watchingAgent{w}, nil
	}
	return plainAgent{w}, nil
}

type plainAgent struct{ w *world }

func (a plainAgent) Run(ctx context.Context, op cib.Operation) agents.Outcome {
	a.w.mu.Lock()
	a.w.calls = append(a.w.calls, fmt.Sprintf("%v %s", time.Since(a.w.begin), op.Name))
	run := a.w.run
	a.w.mu.Unlock()
	return run(ctx, op)
}

type watchingAgent struct{ w *world }

func (a watchingAgent) Run(ctx context.Context, op cib.Operation) agents.Outcome {
	return plainAgent(a).Run(ctx, op)
}

func (a watchingAgent) Watch(ctx context.Context, _ cib.Operation, changed func(string)) error {
	select {
	case a.w.watching <- changed:
	case <-ctx.Done():
	}
	<-ctx.Done()
	return ctx.Err()
}

func (w *world) set(run func(ctx context.Context, op cib.Operation) agents.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run = run
}

func (w *world) report(op cib.Operation, r cib.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	line := fmt.Sprintf("%v %d %s rc=%v %v", time.Since(w.begin), r.ID, op.Name, r.RC, r.Status)
	if r.Unsolicited {
		line += " unsolicited"
	}
	w.reports = append(w.reports, line)
}

func (w *world) wantReports(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.reports, want) {
		t.Errorf("reports:\n  %s\nwant:\n  %s", strings.Join(w.reports, "\n  "), strings.Join(want, "\n  "))
	}
}

func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{begin: time.Now(), run: takes(0, cib.OK), watching: make(chan func(string))}
		w.Executor = New(Options{Registry: w, Report: w.report, Logger: slog.New(slog.DiscardHandler)})
		defer w.Close()
		test(t, w)
	})
}

// takes makes an agent that answers rc after d, or gives up with its context.
func takes(d time.Duration, rc cib.RC) func(context.Context, cib.Operation) agents.Outcome {
	return func(ctx context.Context, _ cib.Operation) agents.Outcome {
		if !pause.For(ctx, d) {
			return agents.Outcome{RC: cib.UnknownError, Status: cib.ExecError}
		}
		return agents.Outcome{RC: rc}
	}
}

// ignoresContext makes an agent that cannot be ended.
func ignoresContext(d time.Duration) func(context.Context, cib.Operation) agents.Outcome {
	return func(context.Context, cib.Operation) agents.Outcome {
		return takes(d, cib.OK)(context.Background(), cib.Operation{})
	}
}

func op(id uint64, name string) cib.Operation {
	return cib.Operation{ID: id, Resource: "r", Class: "ocf", Provider: "test", Type: "Plain", Name: name, Timeout: 10 * time.Second}
}

func monitor(id uint64, interval time.Duration) cib.Operation {
	m := op(id, "monitor")
	m.Interval = interval
	return m
}

func TestOperationsOfOneResourceRunInOrderOneAtATime(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.set(takes(time.Second, cib.OK))
		other := op(4, "start")
		other.Resource = "another"
		for i, name := range []string{"monitor", "start", "promote"} {
			w.Run(op(uint64(i+1), name))
		}
		time.Sleep(500 * time.Millisecond)
		w.Run(other)
		time.Sleep(10 * time.Second)
		w.wantReports(t, "1s 1 monitor rc=ok complete", "1.5s 4 start rc=ok complete", "2s 2 start rc=ok complete", "3s 3 promote rc=ok complete")
	})
}

func TestARecurringMonitorReportsItsFirstResultAndThenChanges(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.Run(monitor(1, 10*time.Second))
		time.Sleep(25 * time.Second)
		w.set(takes(0, cib.NotRunning))
		time.Sleep(40 * time.Second)
		w.set(takes(0, cib.OK))
		time.Sleep(10 * time.Second)
		w.wantReports(t, "0s 1 monitor rc=ok complete", "30s 1 monitor rc=not running complete", "1m10s 1 monitor rc=ok complete")
	})
}

func TestAWatchRunsTheMonitorAtOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		m := monitor(1, time.Hour)
		m.Type = "Watching"
		w.Run(m)
		changed := <-w.watching
		time.Sleep(time.Second)
		changed("nothing really")
		time.Sleep(time.Second)
		w.set(takes(0, cib.NotRunning))
		changed("removed")
		w.wantReports(t, "0s 1 monitor rc=ok complete", "2s 1 monitor rc=not running complete unsolicited")
	})
}

func TestStopCancelsTheMonitorInTheMiddleOfARun(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.set(takes(5*time.Second, cib.OK))
		w.Run(monitor(1, 10*time.Second))
		time.Sleep(time.Second)
		w.Run(op(2, "stop"))
		time.Sleep(time.Minute)
		w.wantReports(t, "1s 1 monitor rc=error Cancelled", "6s 2 stop rc=ok complete")
	})
}

func TestCancelEndsWhatMatchesAndReportsIt(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.set(takes(5*time.Second, cib.OK))
		w.Run(op(1, "migrate_to"))
		w.Run(op(2, "start"))
		w.Run(monitor(3, time.Minute))
		time.Sleep(time.Second)
		w.Cancel("r", "start", 0)
		w.Cancel("r", "stop", 0)
		w.Cancel("unknown", "start", 0)
		w.Cancel("r", "migrate_to", 0)
		time.Sleep(10 * time.Second)
		w.Cancel("r", "monitor", time.Minute)
		synctest.Wait()
		w.mu.Lock()
		slices.Sort(w.reports[:2]) // both at the same moment
		w.mu.Unlock()
		w.wantReports(t, "1s 1 migrate_to rc=error Cancelled", "1s 2 start rc=error Cancelled",
			"6s 3 monitor rc=ok complete", "11s 3 monitor rc=error Cancelled")
	})
}

func TestTheSameRecurringMonitorAgainReplacesTheOld(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.Run(monitor(1, 10*time.Second))
		time.Sleep(5 * time.Second)
		w.Run(monitor(2, 10*time.Second))
		time.Sleep(time.Minute)
		w.wantReports(t, "0s 1 monitor rc=ok complete", "5s 1 monitor rc=error Cancelled", "5s 2 monitor rc=ok complete")
	})
}

func TestATimeoutIsReportedAsSuch(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.set(takes(time.Hour, cib.OK))
		unbounded := op(2, "stop")
		unbounded.Timeout = 0
		w.Run(op(1, "start"))
		w.Run(unbounded)
		time.Sleep(time.Minute)
		w.wantReports(t, "10s 1 start rc=error Timed Out", "30s 2 stop rc=error Timed Out")
	})
}

func TestAStartDelayIsWaited(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		m := monitor(1, 10*time.Second)
		m.StartDelay = 3 * time.Second
		w.Run(m)
		time.Sleep(5 * time.Second)
		w.wantReports(t, "3s 1 monitor rc=ok complete")
	})
}

func TestAForcedStopEndsWhatRunsAndWaitsAndGoesFirst(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.set(func(ctx context.Context, op cib.Operation) agents.Outcome {
			if op.Force {
				return agents.Outcome{}
			}
			return takes(time.Hour, cib.OK)(ctx, op)
		})
		w.Run(monitor(1, time.Minute))
		w.Run(op(2, "migrate_to"))
		w.Run(op(3, "stop"))
		time.Sleep(time.Second)
		force := op(4, "stop")
		force.Force = true
		w.Run(force)
		time.Sleep(time.Minute)
		w.mu.Lock()
		last, calls := w.reports[len(w.reports)-1], strings.Join(w.calls, ", ")
		w.mu.Unlock()
		if last != "1s 4 stop rc=ok complete" || len(w.reports) != 4 {
			t.Errorf("reports %q", w.reports)
		}
		if !strings.HasSuffix(calls, "0s migrate_to, 1s stop") {
			t.Errorf("the cancelled stop was run as well: %s", calls)
		}
	})
}

func TestNothingOvertakesAnAgentThatDoesNotReturn(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.set(ignoresContext(30 * time.Second))
		w.Run(op(1, "start"))
		w.Run(op(2, "stop"))
		time.Sleep(25 * time.Second)
		w.set(takes(0, cib.OK))
		w.Run(op(3, "stop"))
		time.Sleep(time.Minute)
		w.wantReports(t, "12s 1 start rc=error Timed Out", "22s 2 stop rc=error Timed Out", "30s 3 stop rc=ok complete")
	})
}

func TestAForcedStopDoesNotClaimSuccessWhileAnAgentIsStuck(t *testing.T) {
	for name, tt := range map[string]struct {
		stuck time.Duration
		want  string
	}{
		"the stuck agent returns in time": {7 * time.Second, "7s 2 stop rc=ok complete"},
		"the stuck agent never returns":   {time.Hour, "13s 2 stop rc=error Error"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.set(ignoresContext(tt.stuck))
				w.Run(op(1, "start"))
				time.Sleep(time.Second)
				w.set(takes(0, cib.OK))
				force := op(2, "stop")
				force.Force = true
				w.Run(force)
				time.Sleep(20 * time.Second)
				w.wantReports(t, "3s 1 start rc=error Cancelled", tt.want)
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

func TestABadAgentIsAnErrorThatSaysWhy(t *testing.T) {
	tests := map[string]struct {
		typ  string
		want cib.Result
	}{
		"one that panics":       {"Plain", cib.Result{RC: cib.UnknownError, Status: cib.ExecError, ExitReason: "the agent ocf:test:Plain panicked (boom); the stack is in the log of hostd"}},
		"one that is not there": {"Missing", cib.Result{RC: cib.NotInstalled, Status: cib.ExecNotInst, ExitReason: "ocf:test:Missing: resource agent is not installed: no file /ocf/test/Missing"}},
		"one that also watches": {"Watching", cib.Result{RC: cib.UnknownError, Status: cib.ExecError, ExitReason: "the agent ocf:test:Watching panicked (boom); the stack is in the log of hostd"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := make(chan cib.Result, 1)
			w := &world{run: func(context.Context, cib.Operation) agents.Outcome { panic("boom") }}
			w.Executor = New(Options{Registry: w, Logger: slog.New(slog.DiscardHandler), Report: func(_ cib.Operation, r cib.Result) { got <- r }})
			defer w.Close()
			o := op(1, "start")
			o.Type = tt.typ
			w.Run(o)
			r := <-got
			if r.RC != tt.want.RC || r.Status != tt.want.Status || r.ExitReason != tt.want.ExitReason {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestCloseEndsEverythingSilently(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.set(takes(time.Hour, cib.OK))
		w.Run(monitor(1, time.Second))
		w.Run(op(2, "start"))
		synctest.Wait()
		w.Close()
		w.Run(op(3, "stop"))
		w.wantReports(t)
	})
}

func TestAStopGetsTheParametersTheResourceWasStartedWith(t *testing.T) {
	with := func(o cib.Operation, ip string) cib.Operation {
		o.Params = []cib.NV{{Name: "ip", Value: ip}}
		return o
	}
	failing := op(0, "start")
	failing.Type = "Failing"
	for name, tt := range map[string]struct {
		before []cib.Operation
		want   string
	}{
		"after a start":                       {[]cib.Operation{with(op(1, "start"), "old")}, "old"},
		"after a start that failed":           {[]cib.Operation{with(failing, "old")}, "old"},
		"after a probe that found it":         {[]cib.Operation{with(op(1, "monitor"), "old")}, "old"},
		"after a reload":                      {[]cib.Operation{with(op(1, "start"), "first"), with(op(2, "reload-agent"), "old")}, "old"},
		"with its own when nothing was begun": {nil, "new"},
		"with its own after another stop":     {[]cib.Operation{with(op(1, "start"), "old"), op(2, "stop")}, "new"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				got := ""
				w.set(func(_ context.Context, o cib.Operation) agents.Outcome {
					got = o.Name + " " + o.Param("ip")
					if o.Type == "Failing" {
						return agents.Outcome{RC: cib.UnknownError}
					}
					return agents.Outcome{RC: cib.OK}
				})
				for _, o := range tt.before {
					w.Run(o)
				}
				w.Run(with(op(9, "stop"), "new"))
				synctest.Wait()
				if want := "stop " + tt.want; got != want {
					t.Errorf("the agent ran %q, want %q", got, want)
				}
			})
		})
	}
}
