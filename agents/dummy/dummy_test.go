package dummy

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kvmha/internal/cib"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func op(name string, params ...string) cib.Operation {
	o := cib.Operation{Resource: "d1", Name: name}
	for i := 0; i < len(params); i += 2 {
		o.Params = append(o.Params, cib.NV{Name: params[i], Value: params[i+1]})
	}
	return o
}

func TestDummyIsActiveFromStartToStop(t *testing.T) {
	a := &Agent{Dir: filepath.Join(t.TempDir(), "run"), Node: "alpha"}
	steps := []struct {
		op   cib.Operation
		want cib.RC
	}{
		{op("monitor"), cib.NotRunning},
		{op("stop"), cib.OK},
		{op("start", "fail_start_on", "alpha"), cib.UnknownError},
		{op("start", "op_sleep", "1ms"), cib.OK},
		{op("monitor"), cib.OK},
		{op("start"), cib.OK},
		{op("reload-agent", "fake", "x"), cib.OK},
		{op("migrate_to"), cib.OK},
		{op("monitor"), cib.NotRunning},
		{op("migrate_from"), cib.OK},
		{op("monitor"), cib.OK},
		{op("stop"), cib.OK},
		{op("monitor"), cib.NotRunning},
		{op("promote"), cib.Unimplemented},
	}
	for i, s := range steps {
		if got := a.Run(t.Context(), s.op); got.RC != s.want {
			t.Fatalf("step %d, %s: got %v (%s), want %v", i, s.op.Name, got.RC, got.ExitReason, s.want)
		}
	}
}

func TestBadParametersAreRefusedWithTheNearestName(t *testing.T) {
	got := (&Agent{Dir: t.TempDir()}).Run(t.Context(), op("start", "op_slep", "1", "stat", "/x"))
	if got.RC != cib.NotConfigured || !strings.Contains(got.ExitReason, `did you mean "op_sleep"?`) ||
		!strings.Contains(got.ExitReason, `did you mean "state"?`) {
		t.Errorf("got %+v", got)
	}
}

func TestARemovedStateFileIsSeenAtOnce(t *testing.T) {
	a := &Agent{Dir: t.TempDir()}
	a.Run(t.Context(), op("start"))
	ctx, cancel := context.WithCancel(t.Context())
	seen, ended := make(chan string, 8), make(chan error, 1)
	go func() { ended <- a.Watch(ctx, op("monitor"), func(why string) { seen <- why }) }()
	<-seen
	if err := os.Remove(a.state(op(""))); err != nil {
		t.Fatal(err)
	}
	select {
	case <-seen:
	case <-time.After(5 * time.Second):
		t.Error("the removal was not seen")
	}
	cancel()
	<-ended
}
