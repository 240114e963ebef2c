package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kvmha/internal/simulate"
	"kvmha/policy"
)

// profile decides on every CIB of a folder and tells how long that took:
// reading and N decisions. As crm_simulate, it begins with the last name.
func (a *app) profile(folder string, repeat int, opt simulate.Options) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return &inputError{err}
	}
	slices.Reverse(entries)
	a.say("Timings:")
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || !strings.HasSuffix(path, ".xml") || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := a.profileFile(path, repeat, opt); err != nil {
			a.warn("%v", err)
		}
	}
	return nil
}

func (a *app) profileFile(path string, repeat int, opt simulate.Options) error {
	begin := time.Now()
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	input, err := a.decode(path, file, false)
	if err != nil {
		return err
	}
	for range repeat {
		policy.Schedule(policy.Input{CIB: input, Now: opt.Now, Scores: opt.Scores, Utilization: opt.Utilization, Sanitized: true})
	}
	_, err = fmt.Fprintf(a.out, "  * Testing %s ... %.2f secs\n", path, time.Since(begin).Seconds())
	return err
}
