package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/agents"
	"kvmha/agents/lsb"
	"kvmha/agents/systemd"
	"kvmha/internal/child"
	"kvmha/internal/cib"
)

type broken struct{}

func (broken) Find(string, string) (agents.Agent, error) {
	return nil, errors.New("input/output error")
}

func TestAScriptIsTakenBeforeAUnit(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"both": 0o755, "notes": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\nexit 3\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	noBus := func(context.Context) (systemd.Manager, error) { return nil, errors.New("asked for a unit") }
	class := &Class{Scripts: &lsb.Class{Dir: dir, Runner: &child.Runner{}}, Units: &systemd.Class{Dial: noBus}}
	for name, c := range map[string]struct {
		typ  string
		want string
	}{
		"an executable script":             {"both", fmt.Sprint(cib.NotRunning, "")},
		"a file that is none":              {"notes", "asked for a unit"},
		"a name that only a unit can have": {"web.socket", "asked for a unit"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := class.Find("", c.typ)
			if err != nil {
				t.Fatal(err)
			}
			got := a.Run(t.Context(), cib.Operation{Resource: "r", Name: "monitor"})
			if !strings.Contains(fmt.Sprint(got.RC, got.ExitReason), c.want) {
				t.Errorf("got %+v", got)
			}
			if _, watches := a.(agents.Watcher); watches == (c.typ == "both") {
				t.Error("a unit is watched, a script is not")
			}
		})
	}
	if _, err := class.Find("", "../x"); !errors.Is(err, agents.ErrNoAgent) || !strings.Contains(err.Error(), "service:../x") {
		t.Errorf("got %v", err)
	}
	class.Scripts = broken{}
	if _, err := class.Find("", "web"); err == nil || errors.Is(err, agents.ErrNoAgent) {
		t.Errorf("a folder that cannot be read says nothing about scripts: got %v", err)
	}
}
