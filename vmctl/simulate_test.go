package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/internal/cib"
	"kvmha/internal/control"
)

func TestSimulateShowsWhatWouldBeDone(t *testing.T) {
	t.Parallel()
	status, out, errOut := runVMCtl(t.Context(), "simulate", "-x", filepath.Join("testdata", "simulate.xml"), "-S")
	if status != exitOK || errOut != "" {
		t.Fatalf("status %d, errors %q", status, errOut)
	}
	golden(t, "simulate.golden", out)
}

func TestSimulateWritesGraphs(t *testing.T) {
	t.Parallel()
	dot, graph := filepath.Join(t.TempDir(), "t.dot"), filepath.Join(t.TempDir(), "t.xml")
	status, out, errOut := runVMCtl(t.Context(), "simulate", "-x", filepath.Join("testdata", "simulate.xml"), "-D", dot, "-G", graph, "-sSQ")
	if status != exitOK || errOut != "" || !strings.Contains(out, "ip allocation score on beta: 100") {
		t.Fatalf("status %d, errors %q, output\n%s", status, errOut, out)
	}
	for path, want := range map[string]string{dot: `"ip_start_0 beta"`, graph: `operation_key="ip_start_0"`} {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, no %s in\n%s", path, err, want, text)
		}
	}
}

func TestSimulateAsksTheDaemonForTheLiveCIB(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	d.on(control.GetCIB, cib.CIB{Config: cib.Configuration{Nodes: []cib.Node{{ID: "1", Uname: "alpha"}}}}, nil)
	status, out, errOut := d.vmctl(t.Context(), "simulate", "-L")
	if status != exitOK || !strings.Contains(out, "alpha") {
		t.Errorf("status %d, errors %q, output\n%s", status, errOut, out)
	}
}

func TestSimulateRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.xml")
	if err := os.WriteFile(broken, []byte("<cib><configuration>"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := filepath.Join("testdata", "simulate.xml")
	for name, test := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"no input":                   {nil, exitUsage, "say where the CIB comes from"},
		"two inputs":                 {[]string{"-L", "-x", good}, exitUsage, "say where the CIB comes from"},
		"no such file":               {[]string{"-x", "nowhere.xml"}, exitFailed, "nowhere.xml: no such file"},
		"broken XML":                 {[]string{"-x", broken}, exitFailed, "broken.xml: CIB XML: the document ends inside <configuration> in line 1"},
		"a date that is none":        {[]string{"-x", good, "-t", "soon"}, exitUsage, `date "soon" is none`},
		"a folder that is not there": {[]string{"-x", good, "-R", "-D", filepath.Join("no", "such.dot")}, exitFailed, "no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, errOut := runVMCtl(t.Context(), append([]string{"simulate"}, test.args...)...)
			if status != test.status || !strings.Contains(errOut, test.want) {
				t.Errorf("status %d, errors %q; want %d and %q", status, errOut, test.status, test.want)
			}
		})
	}
}
