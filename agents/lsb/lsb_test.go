package lsb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/agents"
	"kvmha/internal/child"
	"kvmha/internal/cib"
)

func TestExitCodesOfInitScripts(t *testing.T) {
	tests := map[string]struct {
		op, action string
		code       int
		want       cib.RC
	}{
		"running":                    {"monitor", "status", 0, cib.OK},
		"dead with a pid file":       {"monitor", "status", 1, cib.NotRunning},
		"stopped":                    {"monitor", "status", 3, cib.NotRunning},
		"status unknown":             {"monitor", "status", 4, cib.UnknownError},
		"started":                    {"start", "start", 0, cib.OK},
		"not configured":             {"start", "start", 6, cib.NotConfigured},
		"not installed":              {"start", "start", 5, cib.NotInstalled},
		"a code that LSB has not":    {"start", "start", 127, cib.UnknownError},
		"stopped already":            {"stop", "stop", 7, cib.OK},
		"reload by its OCF 1.1 name": {"reload-agent", "reload", 0, cib.OK},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			script := fmt.Sprintf("#!/bin/sh\n[ \"$*\" = %s ] || exit 99\necho why\nexit %d\n", tt.action, tt.code)
			if err := os.WriteFile(filepath.Join(dir, "svc"), []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			a, err := (&Class{Dir: dir, Runner: &child.Runner{}}).Find("", "svc")
			if err != nil {
				t.Fatal(err)
			}
			got := a.Run(t.Context(), cib.Operation{Resource: "r", Name: tt.op})
			if got.RC != tt.want {
				t.Errorf("got %+v", got)
			}
			if failed := got.RC != cib.OK && got.RC != cib.NotRunning; failed != strings.HasSuffix(got.ExitReason, ": why") {
				t.Errorf("reason %q", got.ExitReason)
			}
		})
	}
}

func TestAScriptThatIsNotThereIsNamed(t *testing.T) {
	c := &Class{Dir: t.TempDir()}
	for _, typ := range []string{"svc", "../passwd"} {
		if _, err := c.Find("", typ); !errors.Is(err, agents.ErrNoAgent) {
			t.Errorf("%s: got %v", typ, err)
		}
	}
}
