package main

import (
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
func (a *app) profile(out simulate.Output, folder string, repeat int, opt simulate.Options) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return &inputError{err}
	}
	slices.Reverse(entries)
	return simulate.Timings(out, func(report func(string, time.Duration)) {
		for _, e := range entries {
			path := filepath.Join(folder, e.Name())
			if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || !strings.HasSuffix(path, ".xml") || strings.HasPrefix(e.Name(), ".") {
				continue
			}
			took, err := a.profileFile(path, repeat, opt)
			if err != nil {
				a.warn("%v", err)
				continue
			}
			report(path, took)
		}
	})
}

func (a *app) profileFile(path string, repeat int, opt simulate.Options) (time.Duration, error) {
	begin := time.Now()
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	input, err := a.decode(path, file, false)
	if err != nil {
		return 0, err
	}
	for range repeat {
		policy.Schedule(policy.Input{CIB: input, Now: opt.Now, Scores: opt.Scores, Utilization: opt.Utilization, Sanitized: true})
	}
	return time.Since(begin), nil
}
