package policy

import "slices"

// Workers make decisions at the same time as others. Explain begins with them
// what searches for remedies will ask for next. The answer does not depend on
// that: a search asks for one decision after the other, and counts each, whoever
// made it. The zero value makes none ahead.
type Workers struct {
	// AtOnce is how many decisions there may be at the same time. Each of a
	// cluster with thousands of resources takes some hundred megabytes.
	AtOnce int
	// Begin does work while the caller goes on; wait returns when it is done.
	// It may be nil if AtOnce is less than two.
	Begin func(work func()) (wait func())
}

// ahead are the decisions on the input with one step done that were begun for
// searches to come.
type ahead struct {
	in    Input
	by    Workers
	begun []*attempt
}

// attempt is the decision after one step.
type attempt struct {
	step Step
	wait func()
	p    *plan // after wait
}

// begin makes the decision after a step, unless it is there or enough are.
func (h *ahead) begin(step Step) {
	known := func(a *attempt) bool { return a.step == step }
	if len(h.begun) >= h.by.AtOnce || slices.ContainsFunc(h.begun, known) {
		return
	}
	a := &attempt{step: step}
	in := step.Apply(h.in)
	a.wait = h.by.Begin(func() { a.p = decided(in) })
	h.begun = append(h.begun, a)
}

// after is the decision after a step.
func (h *ahead) after(step Step) *plan {
	i := slices.IndexFunc(h.begun, func(a *attempt) bool { return a.step == step })
	if i < 0 {
		return decided(step.Apply(h.in))
	}
	a := h.begun[i]
	h.begun = slices.Delete(h.begun, i, i+1)
	a.wait()
	return a.p
}

// end waits for what nobody asked for any more.
func (h *ahead) end() {
	for _, a := range h.begun {
		a.wait()
	}
}
