package hub

import (
	"context"
	"net"
	"sync"
	"testing"

	"kvmha/internal/hypervisor"
	"kvmha/internal/hypervisor/hypervisortest"
)

// slowDriver does not answer about one domain until it is released.
type slowDriver struct {
	*hypervisortest.Driver
	slow     string
	asked    chan struct{} // closed when it was asked about that domain
	once     sync.Once
	released chan struct{}
}

func (d *slowDriver) State(ctx context.Context, def hypervisor.Definition) (hypervisor.State, error) {
	if def.Name == d.slow {
		d.once.Do(func() { close(d.asked) })
		select {
		case <-d.released:
		case <-ctx.Done():
			return hypervisor.Unknown, ctx.Err()
		}
	}
	return d.Driver.State(ctx, def)
}

func TestADomainThatTheDriverIsSlowAboutHoldsUpNoOther(t *testing.T) {
	w := newWorld(t, "db1", "db2")
	driver := &slowDriver{Driver: &hypervisortest.Driver{}, slow: "db1", asked: make(chan struct{}), released: make(chan struct{})}
	for _, vm := range []string{"db1", "db2"} {
		driver.SetChannel(w.def(vm), vm)
		driver.SetQuietly(w.def(vm), hypervisor.Running)
	}
	dialed := make(chan string, 2)
	var ends []net.Conn
	h := New(Options{Driver: driver, VMs: w.listed, Host: "gamma", dial: func(_ context.Context, path string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		ends = append(ends, theirs) // of one look after the other
		dialed <- path
		return ours, nil
	}})
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(w.ctx)
	running.Go(func() { h.Run(ctx) })
	defer func() {
		cancel()
		running.Wait()
		for _, end := range ends {
			end.Close()
		}
	}()

	<-driver.asked
	if first := <-dialed; first != "db2" {
		t.Errorf("%s was connected first", first)
	}
	close(driver.released)
	if second := <-dialed; second != "db1" {
		t.Errorf("then %s was", second)
	}
}
