package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"kvmha/policy"
)

// explainText puts an explanation into sentences. The reasons' own words are
// policy's; here is what stands around them.
func explainText(e *policy.Explanation, daemons []string) string {
	w := &explainWriter{}
	if e.Node != nil {
		w.node(e.Node)
	}
	if e.Resource != nil {
		if e.Node != nil {
			w.line("")
		}
		w.resource(e.Resource, "", false)
	}
	if len(daemons) > 0 {
		w.section("What the daemons say")
		for _, line := range daemons {
			w.line("  %s", line)
		}
	}
	return strings.TrimPrefix(w.text.String(), "\n")
}

type explainWriter struct{ text strings.Builder }

func (w *explainWriter) line(format string, values ...any) {
	w.text.WriteString(strings.TrimRight(fmt.Sprintf(format, values...), " ") + "\n")
}

func (w *explainWriter) section(title string) { w.line("\n%s:", title) }

// resource tells of a resource. Of a group's member it says only what was not
// said of the group.
func (w *explainWriter) resource(r *policy.ResourceExplanation, indent string, member bool) {
	w.line("%s%s", indent, headline(r))
	for _, why := range r.State {
		w.line("%s  %s.", indent, sentence(why))
	}
	for _, f := range r.Failures {
		if !member && !slices.ContainsFunc(r.State, f.Is) {
			w.line("%s  %s", indent, failureText(f))
		}
	}
	if r.Remedy != nil {
		who := r.Remedy.Resource
		if who == "" {
			who = "It"
		}
		w.remedy(indent, who+" would run", r.Remedy)
	}
	w.verdicts(r, indent)
	if !member {
		w.actions(r.Actions, indent)
	}
	if len(r.Members) > 0 {
		w.line("\n%s%s:", indent, map[bool]string{true: "Its members", false: "Its parts"}[r.Kind == "group"])
		for i := range r.Members {
			if i > 0 && r.Members[i].Nodes != nil {
				w.line("")
			}
			w.resource(&r.Members[i], indent+"  ", r.Kind == "group")
		}
	}
}

// remedy tells what would change something, with the other ways there are.
func (w *explainWriter) remedy(indent, what string, r *policy.Remedy) {
	ways := []string{stepsText(r.Steps)}
	for _, other := range r.Or {
		ways = append(ways, stepsText([]policy.Step{other}))
	}
	w.line("%s  %s after %s.", indent, what, strings.Join(ways, ",\n"+indent+"    or after "))
}

// headline tells in one sentence where a resource is and where it is to be.
func headline(r *policy.ResourceExplanation) string {
	name := r.ID
	if r.Agent != "" {
		name += " (" + r.Agent + ")"
	}
	if r.Guest != "" {
		name += ", which guest node " + r.Guest + " lives in,"
	}
	now, next := presenceText(r.Active), presenceText(r.Next)
	broken, but := "", ""
	if r.Failed {
		broken = ", has failed"
	}
	if slices.ContainsFunc(r.Actions, func(a policy.PlannedAction) bool { return a.Blocked && a.Task == "start" }) {
		but = ", but cannot be started"
	}
	switch {
	case now == "" && next == "" && len(r.State) == 0:
		return name + " runs nowhere: no node can take it."
	case now == "" && next == "":
		return name + " runs nowhere, and is to run nowhere."
	case now != "" && len(r.Actions) == 0 && slices.ContainsFunc(r.State, leftAlone):
		return name + " is " + now + broken + ", and is left alone."
	case now == "":
		return name + " runs nowhere yet, and is to be " + next + but + "."
	case next == "":
		return name + " is " + now + broken + ", and is to stop."
	case now == next && but != "":
		return name + " is " + now + broken + ", and is to be restarted, which cannot be done."
	case now == next:
		return name + " is " + now + broken + ", and is to stay so."
	}
	return name + " is " + now + broken + ", and is to be " + next + but + "."
}

// leftAlone: the reason keeps the cluster from doing anything to what it is about.
func leftAlone(why policy.Reason) bool {
	switch why.Kind {
	case policy.ReasonMultiple, policy.ReasonBlocked, policy.ReasonUnmanaged, policy.ReasonMaintenance, policy.ReasonNoFencing:
		return true
	}
	return false
}

// presenceText lists nodes by role: "Promoted on a, Unpromoted on b, c".
func presenceText(at []policy.Presence) string {
	nodes := map[policy.Role][]string{}
	for _, p := range at {
		nodes[p.Role] = append(nodes[p.Role], p.Node)
	}
	var out []string
	for _, role := range []policy.Role{policy.Promoted, policy.Unpromoted, policy.Started, policy.Stopped, policy.Unknown} {
		if list := nodes[role]; len(list) > 0 {
			slices.Sort(list)
			out = append(out, string(role)+" on "+strings.Join(list, ", "))
		}
	}
	return strings.Join(out, ", ")
}

func failureText(f policy.Failure) string {
	text := fmt.Sprintf("%s of %s on %s failed: %s", capital(f.Action), f.Resource, f.Node, f.Detail)
	if f.FailCount != "" {
		text += " (fail count " + f.FailCount + ")"
	}
	return text + "."
}

func (w *explainWriter) verdicts(r *policy.ResourceExplanation, indent string) {
	for _, v := range r.Nodes {
		if !v.Here {
			continue
		}
		w.line("\n%sWhy on %s:", indent, v.Node)
		for _, why := range v.For {
			w.line("%s  %s.", indent, sentence(why))
		}
		if len(v.For) == 0 {
			w.line("%s  No constraint asks for it, and none speaks against it (score %s).", indent, v.Score)
		}
		for _, why := range v.RoleWhy {
			w.line("%s  It is %s there, because %s.", indent, strings.ToLower(string(v.Role)), why)
		}
		if v.RoleRemedy != nil {
			w.remedy(indent, "It would be promoted there", v.RoleRemedy)
		}
	}
	w.elsewheres(r, indent)
}

// alike is from how many nodes on those of which the same is to be said are
// told of together.
const alike = 3

// elsewheres tells what keeps a resource from each of the other nodes. Of many
// nodes of which the same is to be said, it is said of "NODE".
func (w *explainWriter) elsewheres(r *policy.ResourceExplanation, indent string) {
	nodes := map[string][]string{}
	texts := make([]string, len(r.Nodes))
	for i := range r.Nodes {
		v := &r.Nodes[i]
		if v.Here {
			continue
		}
		own := &explainWriter{}
		own.elsewhere(r, v, indent)
		texts[i] = own.text.String()
		general := insteadOf(v.Node, texts[i])
		nodes[general] = append(nodes[general], v.Node)
	}
	for i, text := range texts {
		if text == "" {
			continue
		}
		general := insteadOf(r.Nodes[i].Node, text)
		switch list := nodes[general]; {
		case len(list) < alike:
			w.why(indent, r.Nodes[i].Node, text)
		case list[0] == r.Nodes[i].Node:
			w.why(indent, "NODE, which is each of "+strings.Join(list, ", "), general)
		}
	}
}

func (w *explainWriter) why(indent, node, text string) {
	w.line("\n%sWhy not on %s:", indent, node)
	w.text.WriteString(text)
}

// insteadOf writes NODE for a node's name.
func insteadOf(node, text string) string {
	inName := func(c rune) bool { return c == '-' || c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) }
	var b strings.Builder
	for begin := 0; ; {
		at := strings.Index(text[begin:], node)
		if at < 0 {
			return b.String() + text[begin:]
		}
		at += begin
		end := at + len(node)
		b.WriteString(text[begin:at])
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if inName(before) || inName(after) {
			b.WriteString(node)
		} else {
			b.WriteString("NODE")
		}
		begin = end
	}
}

// mostReasons is how many reasons against a node are told; the first decides.
const mostReasons = 4

// elsewhere tells what keeps a resource from a node, nothing if what keeps it
// from all nodes was said already.
func (w *explainWriter) elsewhere(r *policy.ResourceExplanation, v *policy.Verdict, indent string) {
	against := v.Against
	if len(r.State) > 0 && len(against) > 0 && against[0] == r.State[0] {
		against = slices.DeleteFunc(slices.Clone(against), func(why policy.Reason) bool { return slices.Contains(r.State, why) })
		if len(against) == 0 && v.Remedy == nil {
			return
		}
	}
	for i, why := range v.Against {
		switch {
		case len(against) < len(v.Against) && i == 0:
			w.line("%s  For the reason above.", indent)
		case !slices.Contains(against, why):
		case i >= mostReasons && len(v.Against) > mostReasons+1:
			if i == mostReasons {
				w.line("%s  Besides, there are %d more reasons.", indent, len(v.Against)-i)
			}
		case i == 0:
			w.line("%s  %s.", indent, sentence(why))
		default:
			w.line("%s  Besides, %s.", indent, why)
		}
	}
	if len(v.Against) == 0 {
		w.line("%s  Nothing speaks against it; it is not needed there.", indent)
	}
	if v.Remedy != nil {
		w.remedy(indent, "It would be there", v.Remedy)
	}
}

func (w *explainWriter) actions(list []policy.PlannedAction, indent string) {
	if len(list) == 0 {
		return
	}
	w.line("\n%sWhat happens next:", indent)
	told := map[string]bool{}
	for _, a := range list {
		what := a.Task
		if a.Why.Kind == policy.ReasonUnknown {
			what = "probe"
		}
		switch {
		case a.Resource != "":
			what += " " + a.Resource
		case a.Task == "on":
			what = "unfencing"
		}
		text := ""
		switch {
		case a.Blocked:
			text = fmt.Sprintf("%s on %s cannot be done, because %s.", what, a.Node, a.Why)
		case a.Implied:
			text = fmt.Sprintf("%s on %s is not needed: %s.", what, a.Node, a.Why)
		case a.Resource == "":
			text = fmt.Sprintf("%s of %s, because %s.", what, a.Node, a.Why)
		default:
			text = fmt.Sprintf("%s on %s, because %s.", what, a.Node, a.Why)
		}
		if !told[text] { // an instance may be notified of several things
			w.line("%s  %s", indent, text)
		}
		told[text] = true
	}
}

// sentence begins a reason with a capital, unless a name begins it.
func sentence(why policy.Reason) string {
	text := why.String()
	first, _, _ := strings.Cut(text, " ")
	switch first = strings.TrimSuffix(first, ","); first {
	case why.Subject, why.Resource, why.Node:
		return text
	}
	if strings.Contains(first, "=") {
		return text
	}
	return capital(text)
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
