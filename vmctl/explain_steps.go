package main

import (
	"strings"

	"kvmha/policy"
)

// stepsText joins the steps of a remedy: all of them are needed.
func stepsText(steps []policy.Step) string {
	var out []string
	for _, s := range steps {
		out = append(out, stepText(s))
	}
	return strings.Join(out, ", and then ")
}

// stepText puts a step as the command that does it, or else as what has to be
// written into the configuration or to happen.
func stepText(s policy.Step) string {
	switch s.Kind {
	case policy.StepOnline:
		return "`vm-ctl node online " + s.Node + "`"
	case policy.StepCleanup:
		return "`vm-ctl cleanup " + s.Resource + "`"
	case policy.StepStart:
		return "`vm-ctl resource start " + s.Resource + "`"
	case policy.StepMove:
		return "`vm-ctl resource move " + s.Resource + " --to " + s.Node + "`"
	case policy.StepNodeBack:
		return "the return of node " + s.Node + " into the cluster"
	case policy.StepHealth:
		return "node " + s.Node + " has become healthy (its #health attributes)"
	case policy.StepGrant:
		return "ticket " + s.ID + " has been granted to this site"
	case policy.StepQuorum:
		return "the return of enough nodes for a quorum"
	}
	return configured(s) + " (in the configuration, then `vm-ctl apply`)"
}

func configured(s policy.Step) string {
	switch s.Kind {
	case policy.StepAttribute:
		return "setting node attribute " + s.Name + "=" + s.Value + " of " + s.Node
	case policy.StepMeta:
		return "setting " + s.Name + "=" + s.Value + " for " + s.Resource
	case policy.StepProperty:
		return "setting cluster option " + s.Name + "=" + s.Value
	case policy.StepRemove:
		return "removing constraint " + s.ID
	case policy.StepAllow:
		return "adding a location constraint that allows " + s.Node + " for " + s.Resource
	}
	return string(s.Kind)
}
