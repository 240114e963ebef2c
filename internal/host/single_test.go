package host

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kvmha/configs"
	"kvmha/internal/control"
	"kvmha/internal/control/socket"
	"kvmha/internal/onehost"
)

// single is a cluster of one host: its folder, its file and its daemon.
type single struct {
	*member
	*Host
	file string
}

func newSingle(t *testing.T) *single {
	t.Helper()
	dir := onehost.Folder(t)
	return &single{member: &member{dir: dir, name: onehost.Node}}
}

// write makes the cluster's file with these resources.
func (s *single) write(t *testing.T, resources string) {
	t.Helper()
	s.file = onehost.Write(t, s.dir, 78, resources)
}

// start runs the daemon with the OCF agents below ocfRoot, "" = the host's own.
func (s *single) start(t *testing.T, ocfRoot string) {
	t.Helper()
	h, err := New(Options{ConfigPath: s.file, Node: s.name, BootID: "boot", RunDir: filepath.Join(s.dir, "run"),
		OCFRoot: ocfRoot, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancelCause(context.Background())
	s.Host, s.stop, s.ended = h, stop, make(chan error, 1)
	go func(ended chan<- error) { ended <- h.Run(ctx) }(s.ended)
}

// apply makes the cluster's file its configuration.
func (s *single) apply(t *testing.T) {
	t.Helper()
	config, err := configs.Load(s.file)
	if err != nil {
		t.Fatal(err)
	}
	client, err := socket.Dial(filepath.Join(s.dir, "sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := client.Call(ctx, control.Apply, control.ApplyArgs{Config: config.Config}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestAStateWithANullResourceIsRefusedWithFileCauseAndRemedy(t *testing.T) {
	alpha := newSingle(t)
	alpha.write(t, "")
	folder := filepath.Join(alpha.dir, "state")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, stateFile)
	if err := os.WriteFile(path, []byte(`{"format":1,"cluster":"single","configuration":{"resources":[null]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := New(Options{ConfigPath: alpha.file, Node: "alpha", BootID: "boot", RunDir: filepath.Join(alpha.dir, "run"), Logger: slog.New(slog.DiscardHandler)})
	if want := "starting from " + path + ": state of node alpha is not readable: number 1 of the resources is null: remove it; restore it from a backup, " +
		"or remove it to start as a new node"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
