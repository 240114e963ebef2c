package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"
)

// Victim is a process that is killed with SIGKILL while a step runs.
type Victim struct {
	Name string
	kill func(ctx context.Context, p *Play) error
}

// Victims are the daemons that may die at any moment without harm.
var Victims = []Victim{
	{"hostd of alpha", func(_ context.Context, p *Play) error { return p.Host("alpha").Kill("hostd", syscall.SIGKILL) }},
	{"hostd of beta", func(_ context.Context, p *Play) error { return p.Host("beta").Kill("hostd", syscall.SIGKILL) }},
	{"libvirtd", func(_ context.Context, p *Play) error {
		return errors.Join(p.Host("alpha").Kill("libvirtd", syscall.SIGKILL), p.Host("beta").Kill("libvirtd", syscall.SIGKILL))
	}},
	{"guestd", func(ctx context.Context, p *Play) error {
		_, err := p.inGuest(ctx, "db1", "kill -9 $(pidof guestd)")
		return err
	}},
}

// killWithin is the time from the begin of a step in which its victim dies: a
// random moment of it, so that many runs meet many moments.
const killWithin = 1500 * time.Millisecond

// Tally counts what the kills of one victim did.
type Tally struct {
	// Kills of a process that was there; Disturbed steps failed for one, and
	// Recovered ones of these succeeded when they were run again.
	Kills, Disturbed, Recovered int
}

// RunDespite runs a step while its victim is killed. The step itself may fail
// for that; then, when the cluster has recovered, it is run once more and must
// succeed. At no moment may the world show anything twice.
func (p *Play) RunDespite(ctx context.Context, step Step, victim Victim, tally *Tally) error {
	first := make(chan error, 1)
	go func() {
		short, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		first <- step.Run(short, p)
	}()
	select {
	case <-time.After(rand.N(killWithin)):
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := victim.kill(ctx, p); err != nil {
		p.Note("nothing to kill: %v", err)
	} else {
		tally.Kills++
		p.Note("kill -9: %s", victim.Name)
	}
	var err error
	for waiting := true; waiting; {
		select {
		case err = <-first:
			waiting = false
		case <-time.After(100 * time.Millisecond):
		}
		if twice := p.Twice(); len(twice) > 0 {
			return fmt.Errorf("after kill -9 of %s in %q: %v", victim.Name, step.Title, twice)
		}
	}
	if err == nil {
		return nil
	}
	tally.Disturbed++
	p.Note("the step was disturbed (%.120s); again, undisturbed", err.Error())
	if err := step.Run(ctx, p); err != nil {
		return fmt.Errorf("after kill -9 of %s the cluster has not recovered: %w", victim.Name, err)
	}
	tally.Recovered++
	return nil
}
