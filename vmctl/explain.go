package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kvmha/internal/cib"
	"kvmha/internal/control"
	"kvmha/internal/nearest"
	"kvmha/policy"
)

// explainFlags are the options of vm-ctl explain.
type explainFlags struct {
	file, date string
	json       bool
}

// explainReply is what --json prints: what follows from the CIB, and, of a
// running cluster, what its daemons add.
type explainReply struct {
	*policy.Explanation
	Daemons []string `json:"daemons,omitempty"`
}

func newExplain(a *app) *cobra.Command {
	f := &explainFlags{}
	cmd := &cobra.Command{
		Use:   "explain RESOURCE|NODE|fence",
		Short: "Say why a resource or a node is as it is, and what would change that",
		Long: `Tells why a resource is where it is, or nowhere; for every other node what keeps it from there; what happens next, with
the cause of each action; and what would have to change, as the command that does it or the change of the configuration.
Each remedy has been tried on a copy of the cluster's state. For a node: what state it is in and why, what runs there,
what cannot, and what can fence it.

An instance of a clone is named with its number (web:1), what a bundle is made of by its own name (box-podman-0).
"fence" tells what has been fenced and why. With -x the answer is for a saved CIB (XML), or for a configuration (TOML)
as if all nodes were up and nothing ran yet. What --json prints is described in docs/explain.md.`,
		Example: "  vm-ctl explain db1\n  vm-ctl explain web:1\n  vm-ctl explain beta --json\n  vm-ctl explain web -x cib.xml -t 2026-11-22T12:00:00Z",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.explain(cmd.Context(), f, given[0])
		},
	}
	cmd.Flags().StringVarP(&f.file, "xml-file", "x", "", "explain the state in this file instead of the running cluster's")
	cmd.Flags().StringVarP(&f.date, "set-datetime", "t", "", "decide for this time (ISO 8601, UTC unless it says otherwise)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the explanation as JSON")
	return cmd
}

func (a *app) explain(ctx context.Context, f *explainFlags, subject string) error {
	in, daemons, err := a.explainInput(ctx, f, subject)
	if err != nil {
		return err
	}
	done := a.patience("trying what would help")
	answer, known := policy.Explain(in, subject, workers())
	done()
	if !known && len(daemons) == 0 {
		return unknownSubject(in, subject)
	}
	if f.json {
		text, err := json.MarshalIndent(explainReply{answer, daemons}, "", "  ")
		if err == nil {
			a.say("%s", text)
		}
		return err
	}
	fmt.Fprint(a.out, explainText(answer, daemons))
	return nil
}

// workers are as many as there are processors, and never so many that the
// decisions of a large cluster need all the memory of a host.
func workers() policy.Workers {
	return policy.Workers{AtOnce: min(8, runtime.GOMAXPROCS(0)), Begin: func(work func()) (wait func()) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			work()
		}()
		return func() { <-done }
	}}
}

// explainInput is what the scheduler decides on, and what the daemons of a
// running cluster say of the subject.
func (a *app) explainInput(ctx context.Context, f *explainFlags, subject string) (in policy.Input, daemons []string, err error) {
	if f.date != "" {
		if in.Now, err = cib.ParseDate(f.date); err != nil {
			return in, nil, &usageError{fmt.Errorf("--set-datetime: %w", err)}
		}
	}
	switch {
	case f.file == "":
		in.CIB = &cib.CIB{}
		if err = a.ask(ctx, control.GetCIB, nil, in.CIB); err != nil {
			return in, nil, err
		}
		var reply control.ExplainReply
		if err = a.ask(ctx, control.Explain, control.ExplainArgs{Subject: subject}, &reply); err != nil && !knowsSubject(in, subject) {
			return in, nil, unknownSubject(in, subject)
		}
		daemons, err = reply.Lines, nil
	case strings.EqualFold(filepath.Ext(f.file), ".toml"):
		in.CIB, err = a.freshCluster(f.file)
	default:
		in.CIB, err = a.openCIB(f.file)
	}
	if in.Now.IsZero() && err == nil && in.CIB.ExecutionDate == 0 {
		in.Now = time.Now()
	}
	return in, daemons, err
}

func (a *app) openCIB(path string) (*cib.CIB, error) {
	if path == "-" {
		return a.decode("standard input", os.Stdin, false)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return a.decode(path, file, false)
}

// freshCluster is a configuration as if all of its nodes were up and nothing ran
// yet.
func (a *app) freshCluster(path string) (*cib.CIB, error) {
	cluster, err := a.load(path)
	if err != nil {
		return nil, err
	}
	c := &cib.CIB{FeatureSet: "3.16.2", HaveQuorum: true, Config: cluster.Config}
	for _, n := range cluster.Config.Nodes {
		up := cib.SetMembership{Node: n.Uname, InCCM: true, Crmd: true, Join: "member", Expected: "member"}
		if c, err = cib.Apply(c, cib.Command{SetMembership: &up}); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func knowsSubject(in policy.Input, subject string) bool {
	return slices.Contains(policy.Subjects(in), subject)
}

func unknownSubject(in policy.Input, subject string) error {
	names := policy.Subjects(in)
	if near := nearest.To(subject, slices.Values(names)); near != "" {
		return &usageError{fmt.Errorf("%q is neither a resource nor a node; did you mean %q?", subject, near)}
	}
	if len(names) == 0 {
		return errors.New("there are no resources and no nodes to explain")
	}
	const most = 12
	more := ""
	if len(names) > most {
		names, more = names[:most], ", …"
	}
	return &usageError{fmt.Errorf("%q is neither a resource nor a node: name one of %s%s", subject, strings.Join(names, ", "), more)}
}
