package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kvmha/internal/cib"
	"kvmha/internal/conformance"
	"kvmha/internal/need"
)

var eventSeeds = flag.Int("event-seeds", 40, "how many made-up events to compare with the installed crm_simulate")

// TestCRMSimulateAnswersAsTheReference makes up events in recorded cases of
// the reference scheduler (where KVMHA_SCHEDULER_CASES names a folder of them)
// and in random CIBs, and holds our crm_simulate against the installed one:
// the same output, the same exit status, the same graphs, and a saved CIB that
// means the same.
func TestCRMSimulateAnswersAsTheReference(t *testing.T) {
	t.Parallel()
	reference := need.Program(t, "crm_simulate", "pacemaker-cli-utils")
	cases := recordedCases(t)
	compared := 0
	for seed := range uint64(*eventSeeds) {
		name, document := fmt.Sprintf("generated-%d", seed), []byte(nil)
		if len(cases) > 0 && seed%4 != 3 {
			// A step that is no divisor of the number of cases visits all.
			c := cases[int(seed*37)%len(cases)]
			name, document = c.Name, c.Document
		} else {
			document = conformance.Generate(seed, 4+int(seed%5))
		}
		duel := newDuel(t, reference, document)
		events := duel.events(seed)
		label := name + " " + strings.Join(events, " ")
		switch difference, unfit := duel.fight(seed, events); {
		case unfit != "":
			first, _, _ := strings.Cut(unfit, "\n")
			t.Logf("%s: the reference has no answer: %s", label, first)
		case difference != "":
			t.Errorf("seed %d: %s\n%s", seed, label, difference)
		default:
			compared++
		}
	}
	t.Logf("%d of %d are the same", compared, *eventSeeds)
	if compared < *eventSeeds/2 {
		t.Error("for most the reference had no answer or another one")
	}
}

// recordedCases are those of the reference scheduler, if there is a folder of
// them.
func recordedCases(t *testing.T) []conformance.Case {
	t.Helper()
	folder := os.Getenv("KVMHA_SCHEDULER_CASES")
	if folder == "" {
		return nil
	}
	cases, err := conformance.LoadCases(folder)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// duel is one CIB and two programs.
type duel struct {
	t         *testing.T
	reference string
	document  []byte
	folder    string
}

func newDuel(t *testing.T, reference string, document []byte) *duel {
	d := &duel{t, reference, document, t.TempDir()}
	d.write("cib.xml", document)
	return d
}

func (d *duel) at(name string) string { return filepath.Join(d.folder, name) }

func (d *duel) write(name string, text []byte) {
	if err := os.WriteFile(d.at(name), text, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *duel) read(name string) string {
	text, err := os.ReadFile(d.at(name))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}

func (d *duel) events(seed uint64) []string {
	x, _, err := cib.DecodeXML(bytes.NewReader(d.document))
	if err != nil {
		d.t.Fatal(err)
	}
	return conformance.Events(seed, x)
}

// outcome is what a program did.
type outcome struct {
	out, errOut string
	status      int
}

func (d *duel) theirs(args ...string) outcome {
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(d.t.Context(), d.reference, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "CIB_shadow_dir="+d.folder)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		d.t.Fatal(err)
	}
	return outcome{out.String(), errOut.String(), cmd.ProcessState.ExitCode()}
}

func (d *duel) ours(args ...string) outcome {
	var out, errOut bytes.Buffer
	status := runReference(d.t.Context(), &app{out: &out, errOut: &errOut}, args)
	return outcome{out.String(), errOut.String(), status}
}

// fight compares the two for some events. The reference may be unfit: it
// aborts now and then, or produces transitions that it calls invalid itself.
func (d *duel) fight(seed uint64, events []string) (difference, unfit string) {
	shown := [][]string{{"-S"}, {"-R"}, {"-S", "-s"}, {"-S", "-Q", "-s", "-U"}, {"-S", "-U"}, {}}
	common := append([]string{"-x", d.at("cib.xml")}, shown[seed%uint64(len(shown))]...)
	common = append(common, events...)
	files := func(who string) []string {
		args := append(slices.Clone(common), "-O", d.at(who+".xml"))
		if len(common) > 2+len(events) {
			args = append(args, "-G", d.at(who+".graph"), "-D", d.at(who+".dot"))
		}
		return args
	}
	want := d.theirs(files("theirs")...)
	if want.status < 0 || want.status > 128 || unfitWords.MatchString(want.errOut) {
		return "", fmt.Sprintf("exit status %d, %s", want.status, strings.TrimSpace(want.errOut))
	}
	got := d.ours(files("ours")...)
	graphs := ""
	if len(common) > 2+len(events) {
		if graphs = d.compareGraphs(); strings.Contains(graphs, "the first graph: ") {
			return "", graphs
		}
	}
	if text := compareOutcomes(want, got); text != "" {
		return text, ""
	}
	if graphs != "" {
		return graphs, ""
	}
	return d.compareSaved(), ""
}

func compareOutcomes(want, got outcome) string {
	if want.status != got.status {
		return fmt.Sprintf("exit status %d, want %d: %s", got.status, want.status, got.errOut)
	}
	if w, g := settled(want.out), settled(got.out); w != g {
		return lineDifference(w, g)
	}
	if w, g := complaints(want.errOut), complaints(got.errOut); w != g {
		return "standard error:\n" + lineDifference(w, g)
	}
	return ""
}

// complaints are what is said about the command line; what else the reference
// writes there is its log.
func complaints(errOut string) string {
	var lines []string
	for line := range strings.Lines(errOut) {
		if strings.HasPrefix(line, "Invalid ") || strings.HasPrefix(line, "crm_simulate: ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// unfitWords are what the reference says when its schema forbids the CIB, or
// when its transition is none by its own judgement.
var unfitWords = regexp.MustCompile(`Relax-NG validity error|An invalid transition was produced`)

var clockTime = regexp.MustCompile(`(last-failure-\S+=)\d+`)

// staleInterval is an interval that the reference may have from the line
// before; see docs/scheduler-differences.md.
var staleInterval = regexp.MustCompile(`(Only 'private' parameters to )\S+-interval`)

// settled takes out of a text what differs by nature: the clock, and the names
// of roles, which builds such as Debian's give in their old form, with the
// width of the columns that hold them.
func settled(text string) string {
	text = clockTime.ReplaceAllString(text, "${1}NOW")
	text = staleInterval.ReplaceAllString(text, "$1")
	if modern := conformance.ModernNames(text); modern == text && !strings.Contains(text, "Promoted") && !strings.Contains(text, "Unpromoted") {
		return text
	}
	var lines []string
	for line := range strings.Lines(conformance.ModernNames(text)) {
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		lines = append(lines, indent+strings.Join(strings.Fields(line), " ")+"\n")
	}
	return strings.Join(lines, "")
}

func lineDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	first := 0
	for first < len(w) && first < len(g) && w[first] == g[first] {
		first++
	}
	for len(w) > first && len(g) > first && w[len(w)-1] == g[len(g)-1] {
		w, g = w[:len(w)-1], g[:len(g)-1]
	}
	return fmt.Sprintf("from line %d\n- %s\n+ %s", first+1, strings.Join(w[first:], "\n- "), strings.Join(g[first:], "\n+ "))
}

// recheck is when time alone would change a decision, which counts from now
// where an injected failure expires.
var recheck = regexp.MustCompile(` recheck-by="\d+"`)

func (d *duel) compareGraphs() string {
	answer := func(who string) conformance.Answer {
		return conformance.Answer{DOT: d.read(who + ".dot"), Graph: recheck.ReplaceAllString(d.read(who+".graph"), "")}
	}
	want, got := answer("theirs"), answer("ours")
	var b strings.Builder
	for _, difference := range conformance.Compare(want, got) {
		fmt.Fprintf(&b, "%s\n%s\n", difference.Aspect, strings.Join(difference.Lines, "\n"))
	}
	return b.String()
}

// compareSaved lets the reference go on with both of the CIBs that were left.
func (d *duel) compareSaved() string {
	want, got := d.theirs("-x", d.at("theirs.xml"), "-S"), d.theirs("-x", d.at("ours.xml"), "-S")
	if text := compareOutcomes(want, got); text != "" {
		return "going on from what was saved: " + text
	}
	return ""
}
