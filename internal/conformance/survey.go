package conformance

import (
	"context"
	"fmt"
	"os"
	"sync"
)

// Survey compares on many specimens.
type Survey struct {
	Source Source
	// Command is the reference's, crm_simulate or one that takes its options.
	Command string
	// Jobs is how many to compare at the same time.
	Jobs int
}

// Outcome is what the comparison of one seed came to.
type Outcome struct {
	Seed   uint64
	Origin string
	Trial  Trial
}

// Run compares on count seeds from first on and hands each outcome to note, one
// at a time and in no certain order. It ends with the first error, of note or
// because the reference cannot be run.
func (s *Survey) Run(ctx context.Context, first uint64, count int, note func(Outcome) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan uint64)
	var noting sync.Mutex
	var workers sync.WaitGroup
	for range s.Jobs {
		workers.Go(func() {
			err := s.work(ctx, queue, func(o Outcome) error {
				noting.Lock()
				defer noting.Unlock()
				return note(o)
			})
			if err != nil {
				cancel(err)
			}
		})
	}
	for seed := first; seed < first+uint64(count) && ctx.Err() == nil; seed++ {
		select {
		case queue <- seed:
		case <-ctx.Done():
		}
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}

// work compares what comes, in a folder of its own.
func (s *Survey) work(ctx context.Context, queue <-chan uint64, note func(Outcome) error) error {
	folder, err := os.MkdirTemp("", "conformance-work-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	reference := &Reference{Command: s.Command, Folder: folder}
	for seed := range queue {
		specimen, err := s.Source(seed)
		if err != nil {
			return err
		}
		trial, err := reference.Try(ctx, specimen)
		if err != nil {
			return fmt.Errorf("seed %d: %w (is the package pacemaker-cli-utils installed?)", seed, err)
		}
		if err := note(Outcome{seed, specimen.Origin, trial}); err != nil {
			return err
		}
	}
	return nil
}
