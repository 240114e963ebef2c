package ocf

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"kvmha/agents"
	"kvmha/internal/child"
	"kvmha/internal/cib"
)

const (
	// metadataLimit ends a meta-data action: agents only print a text.
	metadataLimit = 20 * time.Second
	// metadataRetry is the least time until a script is asked again that could
	// not answer.
	metadataRetry = time.Minute
)

// shelf keeps the meta-data of a host's scripts, each until its file changes.
type shelf struct {
	mu     sync.Mutex
	books  map[string]*description // by the script's path
	ctx    context.Context         // set with the first of them
	cancel context.CancelFunc
	// reading are the goroutines that ask; turn lets one at a time.
	reading sync.WaitGroup
	turn    sync.Mutex
}

// open prepares an empty shelf. mu is held.
func (s *shelf) open() {
	if s.books == nil {
		s.books = map[string]*description{}
		s.ctx, s.cancel = context.WithCancel(context.Background())
	}
}

// description is what one version of a script says of itself.
type description struct {
	modified, asked time.Time
	// answered is closed when metadata is set, or stays nil for good.
	answered chan struct{}
	metadata *agents.Metadata
}

// now is what is known without waiting, nil if nothing is.
func (d *description) now() *agents.Metadata {
	select {
	case <-d.answered:
		return d.metadata
	default:
		return nil
	}
}

// stale tells whether a script has to be asked again: it is another one now, or
// could not answer a while ago.
func (d *description) stale(modified time.Time) bool {
	if !d.modified.Equal(modified) {
		return true
	}
	select {
	case <-d.answered:
		return d.metadata == nil && time.Since(d.asked) > metadataRetry
	default:
		return false
	}
}

// Metadata implements agents.Describer. The script is asked in the background.
func (a *agent) Metadata() *agents.Metadata { return a.class.describe(a).now() }

// reloadAction is what the script calls a reload. To call it by the wrong name
// would fail the resource, so this waits for its meta-data; a script that has
// none is given the name of the order.
func (a *agent) reloadAction(ctx context.Context, ordered string) string {
	d := a.class.describe(a)
	select {
	case <-d.answered:
	case <-ctx.Done():
	}
	if m := d.now(); m != nil && m.ReloadAction() != "" {
		return m.ReloadAction()
	}
	return ordered
}

func (c *Class) describe(a *agent) *description {
	s := &c.shelf
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open()
	d := s.books[a.path]
	if d != nil && !d.stale(a.modified) {
		return d
	}
	d = &description{modified: a.modified, asked: time.Now(), answered: make(chan struct{})}
	s.books[a.path] = d
	if s.ctx.Err() != nil {
		close(d.answered)
		return d
	}
	s.reading.Go(func() {
		defer close(d.answered)
		s.turn.Lock()
		defer s.turn.Unlock()
		metadata, err := c.ask(s.ctx, a)
		if err != nil && s.ctx.Err() == nil {
			c.logger().Warn("agent-metadata", "agent", "ocf:"+a.provider+":"+a.typ, "error", err,
				"consequence", "a change of any parameter restarts its resources")
		}
		d.metadata = metadata
	})
	return d
}

// ask runs the script's meta-data action.
func (c *Class) ask(ctx context.Context, a *agent) (*agents.Metadata, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataLimit)
	defer cancel()
	env, err := c.environment(a, cib.Operation{Resource: a.typ, Name: "meta-data"})
	if err != nil {
		return nil, err
	}
	result, err := c.Runner.Run(ctx, child.Command{Path: a.path, Args: []string{"meta-data"}, Env: env})
	switch {
	case err != nil:
		return nil, err
	case result.Killed:
		return nil, fmt.Errorf("%s meta-data did not end within %v", a.path, metadataLimit)
	case result.Code != 0:
		return nil, fmt.Errorf("%s meta-data ended with %d: %s", a.path, result.Code, lastLine(result.Stderr))
	}
	metadata, err := agents.ParseMetadata(result.Stdout)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.path, err)
	}
	return metadata, nil
}

// Close ends what is being asked and waits for it. No script is asked after it.
func (c *Class) Close() error {
	s := &c.shelf
	s.mu.Lock()
	s.open()
	s.cancel()
	s.mu.Unlock()
	s.reading.Wait()
	return nil
}

func (c *Class) logger() *slog.Logger {
	if c.Logger == nil {
		return slog.Default()
	}
	return c.Logger
}
