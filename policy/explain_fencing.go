package policy

// fencingSteps let n be fenced, or anything run where fencing is asked for and
// there is no device.
func (p *plan) fencingSteps(n *node) []Step {
	switch {
	case p.options.fencing && !p.haveFencing:
		return []Step{{Kind: StepDevice}}
	case !p.options.fencing:
		return []Step{{Kind: StepProperty, Name: "stonith-enabled", Value: "true"}}
	case !p.options.haveQuorum:
		return []Step{{Kind: StepQuorum}}
	}
	return nil
}
