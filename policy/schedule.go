package policy

// Schedule decides what to do. It never fails: what is wrong with the input is
// told in Errors and Warnings, and what can be done is done.
func Schedule(in Input) *Transition {
	p := newPlan(in)
	p.unpack()
	p.constrain()
	p.assign()
	p.schedule()
	p.order()
	return p.transition()
}

// Inspect is the first phase alone: what the cluster is, not what to do. Only
// Nodes, Resources, FailedOps and the counters are filled.
func Inspect(in Input) *Transition {
	p := newPlan(in)
	p.unpack()
	return p.view()
}
