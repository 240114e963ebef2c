package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// Reference is the scheduler to compare with: a command that takes
// crm_simulate's options, in a folder for its files.
type Reference struct {
	Command string
	Folder  string
}

// ErrRefused says that the reference's schema forbids the CIB.
var ErrRefused = errors.New("the reference's schema forbids the CIB")

// ErrUnfit says that the reference itself gives up on a CIB: it aborts or finds
// no end. There is nothing to compare then.
var ErrUnfit = errors.New("the reference has no answer")

// endless is when the reference is taken to have lost itself in a small CIB: it
// answers in a tenth of a second, and now and then never.
const endless = 30 * time.Second

// complaints are what crm_simulate says when it gives up.
var complaints = []struct {
	pattern *regexp.Regexp
	error   error
}{
	{regexp.MustCompile(`Triggered fatal assertion at .*`), ErrUnfit},
	{regexp.MustCompile(`Relax-NG validity error.*`), ErrRefused},
}

// invalid is what it says of a transition in which something waits for what
// never comes. It has answered nevertheless, and done what it could.
var invalid = regexp.MustCompile(`(?m)^(Transition failed: terminated|An invalid transition was produced)\n`)

// schemaNeedsNoUpgrade matches the schemas whose documents the reference reads
// as they are, and noise what it says about them, and about assertions that do
// not end it.
var (
	schemaNeedsNoUpgrade = regexp.MustCompile(`validate-with="pacemaker-3\.\d+"`)
	noise                = regexp.MustCompile(`(?m)^(\(\w+\)[ \t]+(error|crit): .*|(.*: )?element .* validity error : .*|Relax-NG validity error : .*|Schema validation of configuration is disabled .*)\n`)
)

// Ask returns the command's answer: the summary for the CIB's own date, all
// else for date (ISO 8601) unless that is empty. The error wraps ErrUnfit or
// ErrRefused when there is no answer, and is another one when the command
// cannot be run at all.
func (r *Reference) Ask(ctx context.Context, document []byte, date string) (Answer, error) {
	at := func(name string) string { return filepath.Join(r.Folder, name) }
	if err := os.WriteFile(at("cib.xml"), document, 0o600); err != nil {
		return Answer{}, err
	}
	summary, err := r.run(ctx, "-x", at("cib.xml"), "-S")
	if err != nil {
		return Answer{}, err
	}
	// The schema has been held against the document now, which takes half of
	// the command's time. Nor is the transition played through once more.
	unchecked := schemaNeedsNoUpgrade.ReplaceAll(document, []byte(`validate-with="none"`))
	if err := os.WriteFile(at("cib.xml"), unchecked, 0o600); err != nil {
		return Answer{}, err
	}
	args := []string{"-x", at("cib.xml"), "-D", at("dot"), "-G", at("graph"), "-sRQ"}
	if date != "" {
		args = append(args, "-t", date)
	}
	scores, err := r.run(ctx, args...)
	if err != nil {
		return Answer{}, err
	}
	dot, dotErr := os.ReadFile(at("dot"))
	graph, graphErr := os.ReadFile(at("graph"))
	return Answer{Scores: scores, Summary: summary, DOT: string(dot), Graph: string(graph)}, errors.Join(dotErr, graphErr)
}

// run returns what the command prints, but for noise.
func (r *Reference) run(ctx context.Context, args ...string) (string, error) {
	limited, cancel := context.WithTimeoutCause(ctx, endless, fmt.Errorf("%w: no end after %v", ErrUnfit, endless))
	defer cancel()
	cmd := exec.CommandContext(limited, r.Command, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "CIB_shadow_dir="+r.Folder)
	cmd.Dir = r.Folder
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		return "", err
	}
	if limited.Err() != nil {
		return "", context.Cause(limited)
	}
	text := out.String()
	for _, known := range complaints {
		if found := known.pattern.FindString(text); found != "" && err != nil {
			return "", fmt.Errorf("%w: %s", known.error, found)
		}
	}
	if err != nil && !invalid.MatchString(text) {
		return "", fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	return noise.ReplaceAllString(invalid.ReplaceAllString(text, ""), ""), nil
}
