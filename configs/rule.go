package configs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kvmha/internal/cib"
)

// parseRule reads a rule as crm writes it:
//
//	SCORE: CONDITION
//
// A condition joins tests by "and" and "or" ("and" binds closer) and may use
// parentheses. Tests are
//
//	defined ATTRIBUTE             not_defined ATTRIBUTE
//	ATTRIBUTE COMPARE VALUE       COMPARE: lt gt lte gte eq ne, also TYPE:lt
//	date lt DATE                  date gt DATE
//	date in DATE to DATE          date spec hours=9-17 weekdays=1-5
//
// id names the rule; the ids of its parts are made from it.
func parseRule(id, text string) (cib.Rule, error) {
	head, condition, ok := strings.Cut(text, ":")
	if !ok {
		return cib.Rule{}, fmt.Errorf("rule %q has no score: write SCORE: CONDITION, such as -INFINITY: not_defined pingd", text)
	}
	if _, err := cib.ParseScore(head); err != nil {
		return cib.Rule{}, fmt.Errorf("rule %q: %w", text, err)
	}
	p := &ruleParser{words: ruleWords(condition), id: id}
	rule, err := p.either()
	if err == nil && p.next < len(p.words) {
		err = fmt.Errorf("%q is not expected here: join tests with and, or", p.words[p.next])
	}
	if err != nil {
		return cib.Rule{}, fmt.Errorf("rule %q: %w", text, err)
	}
	rule.ID = id
	rule.Score = strings.TrimSpace(head)
	return rule, nil
}

// ruleWords splits a condition at blanks, parentheses and quotes.
func ruleWords(text string) []string {
	var words []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		end := strings.IndexAny(text, " \t\r\n()")
		switch {
		case text[0] == '(' || text[0] == ')':
			end = 1
		case text[0] == '"' || text[0] == '\'':
			if close := strings.IndexByte(text[1:], text[0]); close >= 0 {
				end = close + 2
			}
		}
		if end <= 0 {
			end = len(text)
		}
		words = append(words, text[:end])
		text = text[end:]
	}
	return words
}

// maxRuleDepth bounds parentheses inside each other.
const maxRuleDepth = 20

type ruleParser struct {
	words []string
	next  int
	id    string
	parts int
	depth int
}

func (p *ruleParser) peek() string {
	if p.next < len(p.words) {
		return p.words[p.next]
	}
	return ""
}

func (p *ruleParser) take() string {
	word := p.peek()
	p.next++
	return strings.Trim(word, `"'`)
}

// partID makes the id of the next test or nested rule.
func (p *ruleParser) partID(kind string) string {
	p.parts++
	return p.id + "-" + kind + "-" + strconv.Itoa(p.parts)
}

func (p *ruleParser) either() (cib.Rule, error) { return p.join("or", p.both) }

func (p *ruleParser) both() (cib.Rule, error) { return p.join("and", p.test) }

// join reads operands separated by op. A single operand stands for itself.
func (p *ruleParser) join(op string, operand func() (cib.Rule, error)) (cib.Rule, error) {
	first, err := operand()
	if err != nil || p.peek() != op {
		return first, err
	}
	rule := cib.Rule{Op: op, Parts: p.asParts(first, op)}
	for p.peek() == op {
		p.next++
		one, err := operand()
		if err != nil {
			return rule, err
		}
		rule.Parts = append(rule.Parts, p.asParts(one, op)...)
	}
	return rule, nil
}

// asParts puts a rule into one that joins by op: its parts, if nothing would
// change by that, else the rule itself.
func (p *ruleParser) asParts(r cib.Rule, op string) []cib.RulePart {
	if len(r.Parts) == 1 || r.Op == op {
		return r.Parts
	}
	r.ID = p.partID("rule")
	return []cib.RulePart{{Rule: &r}}
}

func (p *ruleParser) test() (cib.Rule, error) {
	switch word := p.peek(); word {
	case "":
		return cib.Rule{}, fmt.Errorf("a test is missing at the end, such as pingd lt 100")
	case "(":
		return p.parentheses()
	case "defined", "not_defined":
		p.next++
		if !isAttribute(p.peek()) {
			return cib.Rule{}, fmt.Errorf("%s needs the name of a node attribute", word)
		}
		return p.attribute(&cib.AttrExpression{Attribute: p.take(), Operation: word}), nil
	case "date":
		p.next++
		return p.date()
	default:
		return p.compare()
	}
}

func (p *ruleParser) parentheses() (cib.Rule, error) {
	if p.depth++; p.depth > maxRuleDepth {
		return cib.Rule{}, fmt.Errorf("more than %d parentheses inside each other", maxRuleDepth)
	}
	p.next++
	rule, err := p.either()
	if err == nil && p.peek() != ")" {
		err = fmt.Errorf("a closing parenthesis is missing")
	}
	p.next++
	p.depth--
	return rule, err
}

var (
	compareWords = []string{"lt", "gt", "lte", "gte", "eq", "ne"}
	compareTypes = []string{"string", "integer", "number", "version"}
)

func (p *ruleParser) compare() (cib.Rule, error) {
	name := p.peek()
	if !isAttribute(name) {
		return cib.Rule{}, fmt.Errorf("%q is not the name of a node attribute", name)
	}
	p.next++
	word := p.take()
	typ, operation, typed := strings.Cut(word, ":")
	if !typed {
		typ, operation = "", word
	}
	if !slices.Contains(compareWords, operation) {
		return cib.Rule{}, fmt.Errorf("%q behind %q is no comparison: write one of %s%s",
			word, name, strings.Join(compareWords, ", "), didYouMean(operation, compareWords))
	}
	if typed && !slices.Contains(compareTypes, typ) {
		return cib.Rule{}, fmt.Errorf("%q is no type to compare by: write one of %s%s",
			typ, strings.Join(compareTypes, ", "), didYouMean(typ, compareTypes))
	}
	if isOperator(p.peek()) {
		return cib.Rule{}, fmt.Errorf("a value is missing behind %q", name+" "+word)
	}
	return p.attribute(&cib.AttrExpression{Attribute: name, Operation: operation, Type: typ, Value: p.take()}), nil
}

func (p *ruleParser) attribute(e *cib.AttrExpression) cib.Rule {
	e.ID = p.partID("expression")
	return cib.Rule{Parts: []cib.RulePart{{Attr: e}}}
}

func (p *ruleParser) date() (cib.Rule, error) {
	e := &cib.DateExpression{}
	switch word := p.take(); word {
	case "lt":
		e.Operation, e.End = "lt", p.take()
	case "gt":
		e.Operation, e.Start = "gt", p.take()
	case "in":
		e.Operation, e.Start = "in_range", p.take()
		if p.take() != "to" {
			return cib.Rule{}, fmt.Errorf("date in needs two dates: date in 2026-01-01 to 2026-02-01")
		}
		e.End = p.take()
	case "spec":
		e.Operation = "date_spec"
		for strings.Contains(p.peek(), "=") {
			name, value, _ := strings.Cut(p.take(), "=")
			e.Spec = append(e.Spec, cib.NV{Name: name, Value: value})
		}
	default:
		return cib.Rule{}, fmt.Errorf("date %s is none of date lt, date gt, date in, date spec", word)
	}
	if isOperator(e.Start) && isOperator(e.End) && len(e.Spec) == 0 {
		return cib.Rule{}, fmt.Errorf("a date is missing, such as 2026-01-01 or hours=9-17")
	}
	for _, date := range []string{e.Start, e.End} {
		if date != "" && !startsWithYear(date) {
			return cib.Rule{}, fmt.Errorf("%q is no date: write 2026-01-31 or 2026-01-31T12:00:00Z", date)
		}
	}
	e.ID = p.partID("date")
	return cib.Rule{Parts: []cib.RulePart{{Date: e}}}, nil
}

// startsWithYear tells an ISO 8601 date from a slip; the scheduler reads the rest.
func startsWithYear(text string) bool {
	_, err := strconv.ParseUint(text[:min(4, len(text))], 10, 16)
	return err == nil && len(text) >= 4
}

// isOperator tells a word that cannot be a value.
func isOperator(word string) bool {
	switch word {
	case "", "and", "or", "(", ")":
		return true
	}
	return false
}

func isAttribute(word string) bool {
	if isOperator(word) {
		return false
	}
	return !strings.ContainsAny(word, `"'=<>,;`)
}
