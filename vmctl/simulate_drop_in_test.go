package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/internal/cib"
	"kvmha/internal/control"
)

// crmSimulate runs a command line as crm_simulate.
func crmSimulate(t *testing.T, args ...string) (status int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	status = runReference(t.Context(), &app{out: &o, errOut: &e, socket: filepath.Join(t.TempDir(), "nobody.sock")}, args)
	return status, o.String(), e.String()
}

func TestUnderTheNameOfCRMSimulateItsStatusesAndWordsHold(t *testing.T) {
	t.Parallel()
	good := filepath.Join("testdata", "simulate.xml")
	nowhere := filepath.Join(t.TempDir(), "no", "such")
	for name, test := range map[string]struct {
		args      []string
		status    int
		out, errs string
	}{
		"all is well":             {[]string{"-x", good, "-S"}, 0, "Revised Cluster Status:", ""},
		"words are overlooked":    {[]string{"-x", good, "word"}, 0, "Current cluster status:", ""},
		"the last source counts":  {[]string{"-L", "-x", good}, 0, "Current cluster status:", ""},
		"short options together":  {[]string{"-Sx", good}, 0, "Revised Cluster Status:", ""},
		"old option":              {[]string{"-j", "-x", good}, 0, "Current cluster status:", ""},
		"help":                    {[]string{"--help-all"}, 0, "--op-inject OPSPEC", ""},
		"version":                 {[]string{"-$"}, 0, "Pacemaker 2.1.5", ""},
		"unknown option":          {[]string{"--foo"}, 64, "", "crm_simulate: Unknown option --foo\n"},
		"unknown letter":          {[]string{"-z"}, 64, "", "crm_simulate: Unknown option -z\n"},
		"no argument":             {[]string{"-u"}, 64, "", "crm_simulate: Missing argument for -u\n"},
		"no number":               {[]string{"-N", "x"}, 64, "", "crm_simulate: Cannot parse integer value “x” for -N\n"},
		"no date":                 {[]string{"-x", good, "-t", "soon"}, 64, "", "crm_simulate: --set-datetime: "},
		"another format":          {[]string{"-x", good, "--output-as=html"}, 105, "", "crm_simulate: Error creating output format html: Unknown output format"},
		"no such file":            {[]string{"-x", nowhere}, 70, "", "no such file or directory"},
		"no CIB":                  {[]string{"-x", "main.go"}, 78, "", "main.go: CIB XML: "},
		"no hostd":                {[]string{"-L"}, 66, "", "crm_simulate: CIB query failed: hostd is not running"},
		"a folder":                {[]string{"-x", "testdata"}, 70, "", "is a directory"},
		"no output":               {[]string{"-x", good, "-S", "--output-as=none"}, 0, "", ""},
		"help, as GLib spells it": {[]string{"-?"}, 0, "--op-inject OPSPEC", ""},
		"forms of lists":          {[]string{"--xml-simple-list", "--xml-substitute", "-x", good}, 0, "Current cluster status:", ""},
		"an unwritable graph":     {[]string{"-x", good, "-G", nowhere}, 74, "Current cluster status:", "Could not create '" + nowhere + "'"},
		"an unwritable picture":   {[]string{"-x", good, "-D", nowhere}, 74, "Current cluster status:", "Could not create '" + nowhere + "'"},
		"an unwritable input":     {[]string{"-x", good, "-I", nowhere}, 105, "Current cluster status:", "Could not create '" + nowhere + "'"},
		"an unwritable output":    {[]string{"-x", good, "-O", nowhere}, 105, "", "crm_simulate: Could not create '" + nowhere + "'"},
		"a full disk":             {[]string{"-x", good, "--output-to=/dev/full"}, 74, "", "crm_simulate: write /dev/full: no space left on device\n"},
		"a full disk, for XML":    {[]string{"-x", good, "--output-as=xml", "--output-to=/dev/full"}, 74, "", "crm_simulate: write /dev/full: no space left on device\n"},
		"in place, without place": {[]string{"-L", "-X"}, 64, "", "--in-place needs a file"},
		"an unknown node":         {[]string{"-x", good, "-f", "omega"}, 105, "  * Failing node omega\n", `there is no node "omega"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, out, errs := crmSimulate(t, test.args...)
			if status != test.status || !strings.Contains(out, test.out) || !strings.Contains(errs, test.errs) || test.errs == "" && errs != "" {
				t.Errorf("status %d, output %q, errors %q; want %d, %q, %q", status, out, errs, test.status, test.out, test.errs)
			}
			if test.out == "" && out != "" {
				t.Errorf("output %q", out)
			}
		})
	}
}

func TestCRMSimulateOverlooksQuorumAlone(t *testing.T) {
	t.Parallel()
	good := filepath.Join("testdata", "simulate.xml")
	if _, out, _ := crmSimulate(t, "-x", good, "-q", "0"); strings.Contains(out, "Setting quorum") {
		t.Errorf("-q alone had an effect:\n%s", out)
	}
	if _, out, _ := crmSimulate(t, "-x", good, "-q", "0", "-w", "0"); !strings.Contains(out, "Setting quorum: 0") {
		t.Errorf("-q with -w had no effect:\n%s", out)
	}
	if _, out, _ := runVMCtl(t.Context(), "simulate", "-x", good, "-q", "0"); !strings.Contains(out, "Setting quorum: 0") {
		t.Errorf("vm-ctl simulate -q had no effect:\n%s", out)
	}
}

func TestSimulateInPlaceChangesTheFileOnlyWhereTheClusterDid(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "simulate.xml"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cib.xml")
	text = bytes.Replace(text, []byte("</configuration>"), []byte(`<acls><acl_role id="reader"/></acls></configuration>`), 1)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errOut := runVMCtl(t.Context(), "simulate", "-x", file, "-X")
	if status != exitOK || !strings.Contains(out, "Executing Cluster Transition:") {
		t.Fatalf("status %d, errors %q, output\n%s", status, errOut, out)
	}
	left, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<acl_role id="reader"/>`, `operation_key="ip_start_0"`} {
		if !bytes.Contains(left, []byte(want)) {
			t.Errorf("no %s in\n%s", want, left)
		}
	}
	if _, out, _ := runVMCtl(t.Context(), "simulate", "-x", file, "-S"); strings.Contains(out, "start on") {
		t.Errorf("what was done is to be done again:\n%s", out)
	}
}

func TestSimulateSavesTheLiveCIBWithWhatWasMadeUp(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	d.on(control.GetCIB, cib.CIB{Config: cib.Configuration{Nodes: []cib.Node{{ID: "1", Uname: "alpha"}}}}, nil)
	file := filepath.Join(t.TempDir(), "input.xml")
	status, _, errOut := d.vmctl(t.Context(), "simulate", "-L", "-u", "alpha", "-I", file)
	if status != exitOK {
		t.Fatalf("status %d, errors %q", status, errOut)
	}
	text, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(text, []byte(`<node_state id="1" uname="alpha" in_ccm="true"`)) {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestProfileTimesEveryCIBOfAFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text, err := os.ReadFile(filepath.Join("testdata", "simulate.xml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.xml", "b.xml", "c.txt", ".d.xml"} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status, out, errOut := crmSimulate(t, "-P", folder, "-N", "2")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if status != exitOK || len(lines) != 3 || lines[0] != "Timings:" || !strings.Contains(lines[1], "b.xml ... 0.") || !strings.Contains(lines[2], "a.xml ... 0.") {
		t.Errorf("status %d, errors %q, output\n%s", status, errOut, out)
	}
}

func TestTheLiveCIBMayBeAFileThatTheEnvironmentNames(t *testing.T) {
	folder := t.TempDir()
	text, err := os.ReadFile(filepath.Join("testdata", "simulate.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "shadow.mine"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CIB_shadow_dir", folder)
	for name, test := range map[string]struct {
		shadow, file string
		status       int
	}{
		"a file":                          {"", filepath.Join("testdata", "simulate.xml"), 0},
		"a shadow CIB":                    {"mine", "", 0},
		"the shadow CIB of both":          {"mine", "nowhere.xml", 0},
		"a file that is not there":        {"", "nowhere.xml", 66},
		"a shadow CIB that was not made":  {"yours", "", 66},
		"none: the cluster, which is off": {"", "", 66},
	} {
		t.Setenv("CIB_shadow", test.shadow)
		t.Setenv("CIB_file", test.file)
		status, out, errOut := crmSimulate(t, "-L", "-S")
		if status != test.status || (status == 0) != strings.Contains(out, "Revised Cluster Status:") || (status != 0) != strings.HasPrefix(errOut, "crm_simulate: CIB query failed: ") {
			t.Errorf("%s: status %d, want %d, errors %q, output\n%s", name, status, test.status, errOut, out)
		}
	}
}

func TestShadowCIBsAreWhereTheirToolPutsThem(t *testing.T) {
	t.Parallel()
	for want, test := range map[string]struct {
		environment map[string]string
		user        int
	}{
		"/var/lib/pacemaker/cib/shadow.x": {map[string]string{"HOME": "/root"}, 0},
		"/home/me/.cib/shadow.x":          {map[string]string{"HOME": "/home/me"}, 1000},
		"/there/shadow.x":                 {map[string]string{"HOME": "/home/me", "CIB_shadow_dir": "/there"}, 1000},
	} {
		test.environment["CIB_shadow"] = "x"
		if got := liveFile(func(name string) string { return test.environment[name] }, test.user); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
