package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"kvmha/internal/host"
)

func TestSignalsEndTheDaemonOnceAndThenAtOnce(t *testing.T) {
	options := host.Options{ConfigPath: filepath.Join(t.TempDir(), "none.toml"), Node: "alpha", BootID: "b", Logger: slog.New(slog.DiscardHandler)}
	ctx, end := context.WithCancelCause(context.Background())
	signals, hurried := make(chan os.Signal), make(chan struct{})
	go obey(signals, options, end, func() { close(hurried) })

	signals <- syscall.SIGHUP // its configuration is missing: refused
	signals <- syscall.SIGTERM
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, errAsked) || errors.Is(cause, host.ErrRestart) {
		t.Errorf("it ends because %v", cause)
	}
	signals <- syscall.SIGHUP
	select {
	case <-hurried:
		t.Error("a reload hurried the leave")
	default:
	}
	signals <- syscall.SIGTERM
	<-hurried
}
