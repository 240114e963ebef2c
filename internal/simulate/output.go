package simulate

import (
	"kvmha/internal/cib"
	"kvmha/policy"
)

// Output is the form in which Run and Timings tell what they find: Text for
// people, XML for programs.
type Output interface {
	// Finish ends the output. status is the program's exit status, meaning what
	// that stands for in words. The error is that of the writer.
	Finish(status int, meaning string) error
	teller
}

// teller is told what happens, in the order in which it does.
type teller interface {
	// prepare makes ready for what the options ask for. Of those that mean nothing
	// in this form it makes their zero value.
	prepare(opt *Options)
	// state tells how the cluster is, before or after everything.
	state(s *state)
	// scores tells t's scores and capacities, summary what will be done.
	scores(t *policy.Transition, asked *Options)
	summary(changes []policy.Change)
	// begin opens a list of events, event adds one, end closes the list.
	begin(c chapter)
	event(e event)
	end()
	// note tells something to people alone, complain what is wrong.
	note(line string)
	complain(line string)
	// failed is the error of the writer, if there was one.
	failed() error
}

// state is the cluster at one time, and what of it is to be told.
type state struct {
	*Options
	t   *policy.Transition
	cib *cib.CIB
	// after: everything has been done.
	after bool
}

// chapter is a list of events: its title, and the element of the document.
type chapter struct {
	title, element string
	// settings are told first: values that are set for the whole cluster.
	settings []cib.NV
}

// event is something that happens, as a sentence and as an element.
type event interface {
	sentence() string
	element() (name string, attrs attributes)
}
