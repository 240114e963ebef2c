package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kvmha/internal/conformance"
	"kvmha/internal/need"
)

var xmlSeeds = flag.Int("xml-seeds", 30, "how many XML documents about recorded cases, and about random CIBs with events, to compare with the installed crm_simulate")

// TestCRMSimulateWritesTheReferencesDocument holds our documents against those
// of the installed crm_simulate, byte for byte but for what canonical takes
// out: about recorded cases of the reference scheduler (where
// KVMHA_SCHEDULER_CASES names a folder of them), and about random CIBs with
// made-up events.
func TestCRMSimulateWritesTheReferencesDocument(t *testing.T) {
	t.Parallel()
	reference := need.Program(t, "crm_simulate", "pacemaker-cli-utils")
	cases := recordedCases(t)
	equal, unfit := 0, 0
	fight := func(name string, d *duel, args ...string) {
		label := name + " " + strings.Join(args, " ")
		args = append([]string{"-x", d.at("cib.xml"), "--output-as=xml"}, args...)
		want := d.theirs(args...)
		if want.status < 0 || want.status > 128 || unfitWords.MatchString(want.out+want.errOut) {
			t.Logf("%s: the reference has no answer: status %d", label, want.status)
			unfit++
			return
		}
		got := d.ours(args...)
		if want.status != got.status {
			t.Errorf("%s: exit status %d, want %d: %s", label, got.status, want.status, got.errOut)
		} else if w, g := canonical(want.out), canonical(got.out); w != g {
			t.Errorf("%s: %s", label, lineDifference(w, g))
		} else {
			equal++
		}
	}
	// Steps that are no divisors of the numbers of cases and forms meet all.
	forms := [][]string{{"-S", "-s"}, {"-S", "-s", "-U"}, {}, {"-A", "-c"}}
	for seed := 0; len(cases) > 0 && seed < *xmlSeeds; seed++ {
		c, form := cases[seed*37%len(cases)], forms[seed%len(forms)]
		if c.Date != "" {
			form = append([]string{"-t", c.Date}, form...)
		}
		fight(c.Name, newDuel(t, reference, c.Document), form...)
	}
	forms = [][]string{{"-S", "-s"}, {"-S"}, {"-R", "-U"}, {"-S", "-Q", "-s", "-U"}, {"-A"}}
	for seed := range uint64(*xmlSeeds) {
		d := newDuel(t, reference, conformance.Generate(seed, 4+int(seed%5)))
		fight(fmt.Sprintf("generated-%d", seed), d, append(d.events(seed), forms[seed%uint64(len(forms))]...)...)
	}
	t.Logf("%d documents are the same, for %d the reference had no answer", equal, unfit)
	if equal <= unfit {
		t.Error("for most the reference had no answer or another one")
	}
}

// canonical takes out of a document what differs by nature or is documented in
// docs/scheduler-differences.md: where the program is, the clock, and the
// details of failures that a history lacks.
func canonical(document string) string {
	for _, r := range documentDifferences {
		document = r.what.ReplaceAllString(document, r.by)
	}
	return document
}

var documentDifferences = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`request="\S*crm_simulate `), `request="crm_simulate `},
	{regexp.MustCompile(`(name="last-failure-[^"]*" value=")\d+`), `${1}NOW`},
	{regexp.MustCompile(`exitreason="none"`), `exitreason=""`},
	{regexp.MustCompile(` (queued|exec)="0"`), ``},
}

func TestXMLDocumentsAreAsTheirSchemaSays(t *testing.T) {
	t.Parallel()
	const schema = "/usr/share/pacemaker/api/api-result-2.25.rng"
	need.File(t, schema, "Debian's package pacemaker-common")
	xmllint := need.Program(t, "xmllint", "libxml2-utils")
	good, folder := filepath.Join("testdata", "simulate.xml"), t.TempDir()
	nowhere := filepath.Join(folder, "no", "such")
	for name, args := range map[string][]string{
		"the state alone":       {"-x", good, "-A", "-c"},
		"a decision":            {"-x", good, "-R"},
		"everything":            {"-x", good, "-S", "-s", "-U", "-d", "beta", "-g", "t", "-i", "ip_monitor_10000@alpha=7"},
		"a spec that is none":   {"-x", good, "-i", "ip"},
		"a spec with no node":   {"-x", good, "-f", "omega"},
		"a file that is none":   {"-x", nowhere},
		"an unwritable graph":   {"-x", good, "-G", nowhere},
		"timings":               {"-P", "testdata"},
		"the program's version": {"-$"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, out, _ := crmSimulate(t, append(args, "--output-as=xml")...)
			if want := fmt.Sprintf(`<status code="%d" message="`, status); !strings.Contains(out, want) {
				t.Errorf("no %s…", want)
			}
			file := filepath.Join(t.TempDir(), "out.xml")
			if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
				t.Fatal(err)
			}
			if complaint, err := exec.CommandContext(t.Context(), xmllint, "--noout", "--relaxng", schema, file).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s\n%s", err, complaint, out)
			}
		})
	}
}
