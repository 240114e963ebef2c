package main

import (
	"strings"
	"time"

	"kvmha/policy"
)

// stepsText joins the steps of a remedy: all of them are needed. What is to be
// written into the configuration is written at once, and nodes come back first.
func stepsText(steps []policy.Step) string {
	var out, changes []string
	write := func() {
		if len(changes) > 0 {
			out = append(out, strings.Join(changes, " and ")+inConfiguration)
		}
		changes = nil
	}
	var back []string
	for _, s := range steps {
		switch text := commanded(s); {
		case s.Kind == policy.StepNodeBack:
			back = append(back, s.Node)
		case text == "":
			changes = append(changes, configured(s))
		default:
			write()
			out = append(out, text)
		}
	}
	write()
	if len(back) > 0 {
		out = append([]string{"the return of node" + map[bool]string{true: "s"}[len(back) > 1] + " " + strings.Join(back, ", ") + " into the cluster"}, out...)
	}
	return strings.Join(out, ", and then ")
}

const inConfiguration = " (in the configuration, then `vm-ctl apply`)"

// commanded puts a step as the command that does it or as what has to happen; ""
// for what has to be written into the configuration.
func commanded(s policy.Step) string {
	switch s.Kind {
	case policy.StepOnline:
		return "`vm-ctl node online " + s.Node + "`"
	case policy.StepCleanup:
		return "`vm-ctl cleanup " + s.Resource + "`"
	case policy.StepStart:
		return "`vm-ctl resource start " + s.Resource + "`"
	case policy.StepStop:
		return "`vm-ctl resource stop " + s.Resource + "`"
	case policy.StepStopByHand:
		return "stopping " + s.Resource + " on " + s.Node + " by hand and `vm-ctl cleanup " + s.Resource + "`"
	case policy.StepScore:
		return "the agent of " + s.Resource + " has set its promotion score on " + s.Node + " (node attribute " + s.Name + ") to " + s.Value + " or more"
	case policy.StepMove:
		return "`vm-ctl resource move " + s.Resource + " --to " + s.Node + "`"
	case policy.StepValue:
		return "node attribute " + s.Name + " of " + s.Node + " has become " + s.Value
	case policy.StepHealth:
		return "node " + s.Node + " has become healthy (its #health attributes)"
	case policy.StepGrant:
		return "ticket " + s.ID + " has been granted to this site"
	case policy.StepActivate:
		return "ticket " + s.ID + " has left its standby at this site"
	case policy.StepQuorum:
		return "the return of enough nodes for a quorum"
	case policy.StepTime:
		return "waiting until " + momentText(s.Value)
	case policy.StepConfirm:
		return "`vm-ctl fence " + s.Node + " --action confirm` (only if " + s.Node + " is certainly down)"
	}
	return ""
}

// momentText puts an RFC 3339 moment as people write it.
func momentText(moment string) string {
	at, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		return moment
	}
	if _, offset := at.Zone(); offset == 0 {
		return at.Format(time.DateTime) + " UTC"
	}
	return at.Format(time.DateTime + " -07:00")
}

// configured puts a step as a change of the configuration.
func configured(s policy.Step) string {
	switch s.Kind {
	case policy.StepAttribute:
		return "setting node attribute " + s.Name + "=" + s.Value + " of " + s.Node
	case policy.StepMeta:
		if s.Name == "requires" && s.Value == "nothing" {
			return "setting requires=nothing for " + s.Resource + ", at the risk that it runs twice"
		}
		return "setting " + s.Name + "=" + s.Value + " for " + s.Resource
	case policy.StepProperty:
		return "setting cluster option " + s.Name + "=" + s.Value
	case policy.StepRemove:
		return "removing constraint " + s.ID
	case policy.StepAllow:
		with := ""
		if s.Value != "" {
			with = " with resource-discovery=" + s.Value
		}
		return "adding a location constraint" + with + " that allows " + s.Node + " for " + s.Resource
	case policy.StepPrefer:
		role := ""
		if s.Value != "" {
			role = "role=" + s.Value + " and "
		}
		return "adding a location constraint with " + role + "score INFINITY for " + s.Resource + " on " + s.Node
	case policy.StepCapacity:
		return "giving " + s.Node + " a capacity of " + s.Name + "=" + s.Value
	case policy.StepUnset:
		return "taking " + s.Name + " out of attribute set " + s.ID
	case policy.StepBundle:
		return "setting " + s.Name + "=" + s.Value + " in the container of bundle " + s.Resource
	case policy.StepDevice:
		if s.Node == "" {
			return "adding a fencing device, a primitive of class stonith"
		}
		return "adding a fencing device, a primitive of class stonith, that can fence " + s.Node
	}
	return string(s.Kind)
}
