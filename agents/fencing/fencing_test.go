package fencing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"kvmha/internal/cib"
	"kvmha/stonith"
)

// device is a fake whose type says how it behaves.
type device struct{ kind string }

type finder struct{}

func (finder) Opener(agent string) (stonith.Opener, error) {
	if agent == "fence_missing" {
		return nil, fmt.Errorf("%w: there is no fence_missing in /usr/sbin", stonith.ErrNoDeviceType)
	}
	return func(_ string, params []cib.NV) (stonith.Device, error) {
		if len(params) > 0 {
			return nil, errors.New("a parameter is wrong")
		}
		return device{agent}, nil
	}, nil
}

func (d device) Can(context.Context) (map[stonith.Action]bool, error) {
	return map[stonith.Action]bool{stonith.Monitor: d.kind != "fence_simple"}, nil
}

func (d device) Do(_ context.Context, action stonith.Action, _ string) (stonith.Answer, error) {
	if action != stonith.Monitor || d.kind != "fence_good" {
		return stonith.Answer{}, errors.New("cannot log in")
	}
	return stonith.Answer{}, nil
}

func TestADeviceIsActiveWhereItWasStarted(t *testing.T) {
	c := &Class{Registry: stonith.NewRegistry(finder{})}
	const recurring = time.Minute
	bad := []cib.NV{{Name: "ip", Value: "?"}}
	steps := []struct {
		typ, name string
		interval  time.Duration
		params    []cib.NV
		want      cib.RC
		reason    string
	}{
		{"fence_good", "monitor", 0, nil, cib.NotRunning, ""},
		{"fence_missing", "start", 0, nil, cib.NotInstalled, "there is no fence_missing in /usr/sbin"},
		{"fence_bad", "start", 0, nil, cib.UnknownError, "cannot log in; until it answers, it can fence nobody"},
		{"fence_good", "start", 0, bad, cib.NotConfigured, "a parameter is wrong"},
		{"fence_good", "monitor", 0, nil, cib.NotRunning, ""},
		{"fence_good", "start", 0, nil, cib.OK, ""},
		{"fence_good", "monitor", 0, nil, cib.OK, ""},
		{"fence_good", "monitor", recurring, nil, cib.OK, ""},
		{"fence_bad", "monitor", recurring, nil, cib.UnknownError, "cannot log in"},
		{"fence_good", "stop", 0, nil, cib.OK, ""},
		{"fence_good", "monitor", recurring, nil, cib.NotRunning, ""},
		{"fence_simple", "start", 0, nil, cib.OK, ""},
		{"fence_good", "promote", 0, nil, cib.Unimplemented, `no action "promote"`},
	}
	for i, s := range steps {
		a, err := c.Find("", s.typ)
		if err != nil {
			t.Fatal(err)
		}
		got := a.Run(t.Context(), cib.Operation{Resource: "st1", Name: s.name, Interval: s.interval, Params: s.params})
		if got.RC != s.want || !strings.Contains(got.ExitReason, s.reason) {
			t.Fatalf("step %d, %s of %s: got %v (%s)", i, s.name, s.typ, got.RC, got.ExitReason)
		}
	}
}
