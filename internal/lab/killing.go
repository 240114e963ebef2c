package lab

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"kvmha/internal/node"
)

// Victim is a process that is killed with SIGKILL while a step runs.
type Victim struct {
	Name string
	kill func(ctx context.Context, p *Play) error
}

// Victims are the daemons that may die at any moment without harm; libvirtd dies
// on both hosts at once.
var Victims = []Victim{
	{"hostd of alpha", func(_ context.Context, p *Play) error { return p.Host("alpha").Kill("hostd", syscall.SIGKILL) }},
	{"hostd of beta", func(_ context.Context, p *Play) error { return p.Host("beta").Kill("hostd", syscall.SIGKILL) }},
	{"libvirtd", func(_ context.Context, p *Play) error {
		alpha, beta := p.Host("alpha").Kill("libvirtd", syscall.SIGKILL), p.Host("beta").Kill("libvirtd", syscall.SIGKILL)
		if alpha == nil || beta == nil {
			return nil
		}
		return errors.Join(alpha, beta)
	}},
	{"guestd", func(ctx context.Context, p *Play) error {
		_, err := p.inGuest(ctx, "db1", "kill -9 $(pidof guestd)")
		return err
	}},
}

// KillWithin is the time from the begin of a step in which its victim dies:
// callers draw a moment of it, so that many runs meet many moments.
const KillWithin = 1500 * time.Millisecond

// KillsWanted is how many moments of the demo every victim has to die in.
const KillsWanted = 10

// disturbedPatience is how long a step may try although its victim has died: a
// step that lost what it waited for is run again all the same.
const disturbedPatience = 45 * time.Second

// Tally counts what the kills of one victim did.
type Tally struct {
	// Kills of a process that was there; Disturbed steps failed for one, and
	// Recovered ones of these succeeded when they were run again.
	Kills, Disturbed, Recovered int
}

// RunDespite runs a step and kills the victim so long after its begin. The step
// itself may fail for that; then the cluster must recover by itself, and the step,
// run once more, must succeed. At no moment may the world show anything twice.
// The scene's power switch must boot what it has shot (SceneOptions.RebootAfterFence).
func (p *Play) RunDespite(ctx context.Context, step Step, victim Victim, after time.Duration, tally *Tally) error {
	first := make(chan error, 1)
	go func() {
		short, cancel := context.WithTimeout(ctx, disturbedPatience)
		defer cancel()
		first <- step.Run(short, p)
	}()
	select {
	case <-time.After(after):
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
	// By itself: nobody presses a power button. A host that was fenced, because
	// its hostd stayed away for too long, is switched on again by who fenced it.
	_, err = p.Wait(ctx, "the cluster to recover by itself", func(s *node.StatusReply) bool { return p.Formed(s) && p.AllRun(s) })
	if err != nil {
		return fmt.Errorf("after kill -9 of %s: %w", victim.Name, err)
	}
	if err := step.Run(ctx, p); err != nil {
		return fmt.Errorf("after kill -9 of %s the cluster has not recovered: %w", victim.Name, err)
	}
	tally.Recovered++
	return nil
}
