package simulate

import (
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"kvmha/policy"
)

// apiVersion is the version of Pacemaker's result schema that documents follow.
const apiVersion = "2.25"

// XML tells everything to programs: a document on w as Pacemaker's schema
// api-result describes it. request is the command line that it answers. Finish
// writes its last part.
func XML(w io.Writer, request string) Output {
	d := &document{markup: newMarkup(w)}
	d.open("pacemaker-result", attr("api-version", apiVersion).with("request", request))
	return d
}

type document struct {
	*markup
	// complaints are told at the end.
	complaints []string
}

// prepare: a document is complete, however little people want to read.
func (d *document) prepare(opt *Options) { opt.Quiet = false }

func (d *document) state(s *state) {
	name := "cluster_status"
	if s.after {
		name = "revised_cluster_status"
	}
	d.open(name, nil)
	d.nodes(s)
	d.resources(s)
	if s.Attributes {
		d.nodeAttributes(s)
	}
	if s.FailCounts {
		d.history(s)
		d.failures(s)
	}
	d.close()
}

func (d *document) scores(t *policy.Transition, asked *Options) {
	name := "allocations"
	switch {
	case asked.Scores && asked.Utilization:
		name = "allocations_utilizations"
	case asked.Utilization:
		name = "utilizations"
	}
	d.open(name, nil)
	for i := range t.Scores {
		d.score(&t.Scores[i])
	}
	d.close()
}

func (d *document) score(s *policy.ScoreLine) {
	switch s.Kind {
	case policy.AllocationScore:
		d.empty("node_weight", attr("function", s.Func).with("node", s.Node).with("score", s.Score.String()).with("id", s.Resource))
	case policy.PromotionScore:
		d.empty("promotion_score", attr("id", s.Resource).with("score", s.Score.String()).maybe("node", s.Node))
	case policy.NodeCapacity:
		d.amounts("capacity", attr("node", s.Node).with("comment", s.Func), s.Amounts)
	case policy.ResourceNeeds:
		d.amounts("utilization", attr("resource", s.Resource).with("node", s.Node).with("function", s.Func), s.Amounts)
	}
}

func (d *document) amounts(name string, attrs attributes, amounts []policy.Amount) {
	d.open(name, attrs)
	for _, a := range amounts {
		d.words(elementName(a.Name), strconv.Itoa(a.Value))
	}
	d.close()
}

// elementName makes an attribute's name one of an element: underlines take the
// place of what that must not have.
func elementName(name string) string {
	fit := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, name)
	if first, _ := utf8.DecodeRuneInString(fit); first == '_' || unicode.IsLetter(first) {
		return fit
	}
	return "_" + fit
}

func (d *document) summary(changes []policy.Change) {
	d.open("actions", nil)
	for i := range changes {
		c := &changes[i]
		switch {
		case c.Resource != "":
			d.empty("rsc_action", changeAttributes(c))
		case c.Reason != "":
			d.empty("node_action", attr("task", c.Verb).with("node", changedNode(c)).with("reason", c.Reason))
		}
	}
	d.close()
}

// changeAttributes are those of a change of a resource: which of them there
// are, and in which order, depends on how it goes.
func changeAttributes(c *policy.Change) attributes {
	a := attr("action", strings.ToLower(c.Verb)).with("resource", c.Resource)
	role, next := "", ""
	if hasRoles(c) {
		role, next = string(c.Role), string(c.NextRole)
	}
	switch courseOf(c) {
	case comes:
		if hasRoles(c) {
			a = a.with("role", role).with("next-role", next).with("dest", c.To)
		} else {
			a = a.with("node", c.To)
		}
	case goes:
		a = a.maybe("role", role).with("node", c.From)
	case stays:
		a = a.maybe("role", role).with("source", c.From)
	case moves:
		a = a.with("source", c.From).with("dest", c.To).maybe("role", role)
	case turns:
		a = a.with("role", string(c.Role)).with("next-role", string(c.NextRole)).with("source", c.From)
	case movesAndTurns:
		a = a.with("role", string(c.Role)).with("source", c.From).with("next-role", string(c.NextRole)).with("dest", c.To)
	}
	a = a.maybe("reason", c.Reason)
	if c.Blocked {
		a = a.with("blocked", "true")
	}
	return a
}

func (d *document) begin(c chapter) { d.open(c.element, c.settings) }

func (d *document) event(e event) { d.empty(e.element()) }

func (d *document) end() { d.close() }

func (d *document) note(string) {}

func (d *document) complain(line string) { d.complaints = append(d.complaints, line) }

// failed reports what could not be written so far.
func (d *document) failed() error {
	_, err := d.b.Write(nil)
	return err
}

// Finish closes what a failure left open, and tells how it ended.
func (d *document) Finish(status int, meaning string) error {
	for len(d.names) > 1 {
		d.close()
	}
	d.open("status", attr("code", strconv.Itoa(status)).with("message", meaning))
	if len(d.complaints) > 0 {
		d.open("errors", nil)
		for _, c := range d.complaints {
			d.words("error", c)
		}
		d.close()
	}
	return d.flush()
}
