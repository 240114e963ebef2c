package host

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/configs"
	"kvmha/internal/node"
)

// The device is stood in for by a file: this machine may have none.
func TestAWatchdogIsFedWhileTheLoopGoesRoundAndDisarmedAtTheEnd(t *testing.T) {
	device := filepath.Join(t.TempDir(), "watchdog")
	if err := os.WriteFile(device, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h := &Host{config: &configs.Cluster{Watchdog: device}, log: slog.New(slog.DiscardHandler), events: newQueue()}
	if err := h.openWatchdog(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- h.feedDevice(ctx) }()
	for range 2 { // the second beat is asked for after the first was fed
		<-h.events.ready
		for _, ev := range h.events.take() {
			h.step(ev)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	fed := func() string {
		text, err := os.ReadFile(device)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if text := fed(); text == "" || strings.Contains(text, "V") {
		t.Errorf("before the node has left, the device was told %q", text)
	}
	h.disarmWatchdog()
	if text := fed(); !strings.HasSuffix(text, "V") {
		t.Errorf("the device was told %q, and not the letter that disarms it", text)
	}
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
}

func TestAWatchdogThatCannotBeOpenedIsAnErrorWithARemedy(t *testing.T) {
	h := &Host{config: &configs.Cluster{Watchdog: "/nonexistent/watchdog"}, options: Options{ConfigPath: "cluster.toml"}}
	err := h.openWatchdog()
	if err == nil || !strings.Contains(err.Error(), "cluster.toml") || !strings.Contains(err.Error(), "softdog") {
		t.Errorf("got %v", err)
	}
}

func TestTheQueueKeepsTheOrderAndNeverBlocks(t *testing.T) {
	q := newQueue()
	const many = 10000
	for i := range many {
		q.post(node.ClientGone{ID: uint64(i)})
	}
	<-q.ready
	for i, ev := range q.take() {
		if ev.(node.ClientGone).ID != uint64(i) {
			t.Fatalf("event %d is %v", i, ev)
		}
	}
	select {
	case <-q.ready:
		t.Error("an empty queue is ready")
	default:
	}
}
