package policy

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"kvmha/internal/cib"
)

// ruleContext is what a rule may look at ("Pacemaker Explained, Rules"). What
// is missing makes the expressions about it false.
type ruleContext struct {
	attrs        map[string]string // of a node
	params, meta map[string]string // of a resource, for value-source
	match        *patternMatch     // of rsc-pattern, for %0 to %9
	rsc          *resource         // for rsc_expression
	op           *opContext        // for op_expression
	// plain: value-source is not looked at (rules outside of constraints).
	inConstraint bool
}

// opContext is the operation whose defaults are being computed.
type opContext struct {
	name       string
	intervalMS int64
}

// patternMatch is how rsc-pattern matched a resource's name.
type patternMatch struct {
	text string
	at   []int
}

// expand replaces %0 to %9 by what the pattern's groups matched.
func (m *patternMatch) expand(text string) string {
	if m == nil || !strings.Contains(text, "%") {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+1 < len(text) && isDigit(text[i+1]) {
			g := int(text[i+1]-'0') * 2
			if g+1 < len(m.at) && m.at[g] >= 0 && m.at[g+1] > m.at[g] {
				out.WriteString(m.text[m.at[g]:m.at[g+1]])
			}
			i++
			continue
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// compilePattern reads a POSIX extended expression; a leading ! negates it.
func compilePattern(text string) (re *regexp.Regexp, negate bool, err error) {
	if strings.HasPrefix(text, "!") {
		text, negate = text[1:], true
	}
	re, err = regexp.CompilePOSIX(text)
	return re, negate, err
}

// passes evaluates a rule.
func (p *plan) passes(r *cib.Rule, ctx ruleContext) bool {
	if r.IDRef != "" {
		if other := p.index.rule(r.IDRef); other != nil {
			r = other
		}
	}
	either := strings.EqualFold(r.Op, "or")
	for i := range r.Parts {
		if p.partPasses(&r.Parts[i], ctx) == either {
			return either
		}
	}
	return !either
}

func (p *plan) partPasses(part *cib.RulePart, ctx ruleContext) bool {
	switch {
	case part.Rule != nil:
		return p.passes(part.Rule, ctx)
	case part.Attr != nil:
		return attrPasses(part.Attr, ctx)
	case part.Date != nil:
		return p.datePasses(part.Date)
	case part.Rsc != nil:
		return rscPasses(part.Rsc, ctx.rsc)
	case part.Oper != nil:
		return opPasses(part.Oper, ctx.op)
	}
	return false
}

func rscPasses(e *cib.RscExpression, r *resource) bool {
	return r != nil && (e.Class == "" || e.Class == r.class) && e.Provider == r.provider &&
		(e.Type == "" || e.Type == r.kind)
}

func opPasses(e *cib.OpExpression, op *opContext) bool {
	if op == nil || e.Name != op.name {
		return false
	}
	if e.Interval == "" {
		return true
	}
	ms, ok := millis(e.Interval)
	return ok && ms == op.intervalMS
}

func attrPasses(e *cib.AttrExpression, ctx ruleContext) bool {
	// Nobody knows the role of a resource when rules are evaluated.
	if ctx.attrs == nil || e.Attribute == "#role" {
		return false
	}
	value, hasValue := e.Value, true
	if ctx.inConstraint {
		// In constraints an empty value counts as none.
		hasValue = value != ""
		switch strings.ToLower(e.ValueSource) {
		case "param":
			value, hasValue = ctx.params[e.Value]
		case "meta":
			value, hasValue = ctx.meta[e.Value]
		}
	}
	have, there := ctx.attrs[ctx.match.expand(e.Attribute)]
	op := strings.ToLower(e.Operation)
	switch op {
	case "defined":
		return there
	case "not_defined":
		return !there
	}
	cmp := compareValues(have, there, value, hasValue, strings.ToLower(e.Type), op)
	switch op {
	case "eq":
		return cmp == 0
	case "ne":
		return cmp != 0
	}
	if !there || !hasValue {
		return false
	}
	switch op {
	case "lt":
		return cmp < 0
	case "lte":
		return cmp <= 0
	case "gt":
		return cmp > 0
	case "gte":
		return cmp >= 0
	}
	return false
}

// compareValues compares by type; what cannot be read as the type is compared
// as text. A missing value is less than any other.
func compareValues(a string, hasA bool, b string, hasB bool, typ, op string) int {
	switch {
	case !hasA && !hasB:
		return 0
	case !hasB:
		return 1
	case !hasA:
		return -1
	}
	if typ == "" {
		typ = "string"
		if strings.HasPrefix(op, "lt") || strings.HasPrefix(op, "gt") {
			typ = "integer"
			if strings.Contains(a, ".") || strings.Contains(b, ".") {
				typ = "number"
			}
		}
	}
	switch typ {
	case "integer":
		x, okX := scanInt(a)
		y, okY := scanInt(b)
		if okX && okY {
			return order(x, y)
		}
	case "number":
		x, errX := strconv.ParseFloat(strings.TrimSpace(a), 64)
		y, errY := strconv.ParseFloat(strings.TrimSpace(b), 64)
		if errX == nil && errY == nil {
			return order(x, y)
		}
	case "version":
		return compareVersions(a, b)
	}
	return strings.Compare(strings.ToLower(a), strings.ToLower(b))
}

// scanInt reads the whole number at the start of text; text after it does not
// matter, no number at all does.
func scanInt(text string) (int64, bool) {
	t := strings.TrimSpace(text)
	digits := strings.TrimLeft(t, "+-")
	if digits == "" || !isDigit(digits[0]) {
		return 0, false
	}
	return leadingInt(t), true
}

func order[T int | int64 | float64 | cib.Score](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// compareVersions compares dotted numbers; a missing part counts as 0.
func compareVersions(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		var x, y int64
		if i < len(as) {
			x = leadingInt(as[i])
		}
		if i < len(bs) {
			y = leadingInt(bs[i])
		}
		if x != y {
			return order(x, y)
		}
	}
	return 0
}

// datePasses compares the plan's now, and notes when time alone would change
// the answer.
func (p *plan) datePasses(e *cib.DateExpression) bool {
	holds, changes := judgeDate(e, p.now)
	if !changes.IsZero() {
		p.recheckAt(changes.Unix())
	}
	return holds
}

// recheckAt notes that the answer may change at this moment (Unix seconds).
func (p *plan) recheckAt(at int64) {
	if at > p.now.Unix() && (p.recheck == 0 || at < p.recheck) {
		p.recheck = at
	}
}

// rulesOf lists every rule below a rule, itself included, for id-ref.
func rulesOf(r *cib.Rule, visit func(*cib.Rule)) {
	visit(r)
	for i := range r.Parts {
		if r.Parts[i].Rule != nil {
			rulesOf(r.Parts[i].Rule, visit)
		}
	}
}

// effectiveNow is the time a plan judges by.
func effectiveNow(in Input) time.Time {
	if !in.Now.IsZero() || in.CIB.ExecutionDate == 0 {
		return in.Now
	}
	return time.Unix(in.CIB.ExecutionDate, 0).UTC()
}
