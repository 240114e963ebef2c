package policy

import (
	"strings"

	"kvmha/internal/cib"
)

// orderKind is the attribute kind of an ordering constraint.
type orderKind uint8

const (
	orderMandatory orderKind = iota
	orderOptional
	orderSerialize
)

// symmetry says whether a constraint also orders the opposite actions.
type symmetry uint8

const (
	asymmetricOrder symmetry = iota
	symmetricOrder
	inverseOrder
)

var inverseTask = map[string]string{
	"start": "stop", "stop": "start", "promote": "demote", "demote": "promote",
	"running": "stopped", "stopped": "running", "promoted": "demoted", "demoted": "promoted",
}

func (p *plan) orderKindOf(id, kind, scoreText string) orderKind {
	switch strings.ToLower(kind) {
	case "":
		if scoreText != "" && score(scoreText) == 0 {
			return orderOptional
		}
	case "mandatory":
	case "optional":
		return orderOptional
	case "serialize":
		return orderSerialize
	default:
		p.fault("Resetting 'kind' for constraint %s to 'Mandatory' because '%s' is not valid", id, kind)
	}
	return orderMandatory
}

func symmetryOf(text string, kind orderKind) symmetry {
	switch {
	case isTrue(text) && kind != orderSerialize:
		return symmetricOrder
	case text != "" || kind == orderSerialize:
		return asymmetricOrder
	}
	return symmetricOrder
}

func orderFlags(kind orderKind, task string, s symmetry) ordFlag {
	switch {
	case kind == orderSerialize:
		return ordOptional | ordSerialize
	case kind == orderOptional:
	case s == asymmetricOrder:
		return ordOptional | ordAsymmetric
	case s == inverseOrder:
		return ordOptional | ordImpliesFirst
	case task == "start" || task == "promote":
		return ordOptional | ordImpliesThen | ordRunnableFirst
	default:
		return ordOptional | ordImpliesThen
	}
	return ordOptional
}

// unpackOrder reads an ordering constraint ("Pacemaker Explained, Ordering
// Constraints").
func (p *plan) unpackOrder(c *cib.Order) {
	if !p.alive(c.Lifetime) {
		return
	}
	kind := p.orderKindOf(c.ID, c.Kind, c.Score)
	if len(c.Sets) > 0 {
		p.unpackOrderSets(c, kind, p.expandSets(c.ID, c.Sets))
		return
	}
	if first, then := p.constraintResource(c.First), p.constraintResource(c.Then); first != nil && then != nil {
		p.unpackSimpleOrder(c, kind, first, then)
		return
	}
	first, _, ok := p.setOf(c.First)
	if !ok {
		p.fault("Ignoring constraint '%s' because '%s' is not a valid resource or tag", c.ID, c.First)
		return
	}
	then, _, ok := p.setOf(c.Then)
	if !ok {
		p.fault("Ignoring constraint '%s' because '%s' is not a valid resource or tag", c.ID, c.Then)
		return
	}
	first.Action, then.Action = c.FirstAction, c.ThenAction
	p.unpackOrderSets(c, kind, []cib.ResourceSet{first, then})
}

func (p *plan) unpackSimpleOrder(c *cib.Order, kind orderKind, first, then *resource) {
	firstTask, thenTask := c.FirstAction, c.ThenAction
	if firstTask == "" {
		firstTask = "start"
	}
	if thenTask == "" {
		thenTask = firstTask
	}
	s := symmetryOf(c.Symmetrical, kind)
	flags := orderFlags(kind, firstTask, s)
	if kind == orderOptional && then.restartDependents {
		flags |= ordImpliesThen
	}
	if least := leastInstances(first, c.RequireAll); least > 0 {
		p.orderAfterSome(c.ID, first, firstTask, then, thenTask, flags, least)
	} else {
		p.orderKeys(first, firstTask, then, thenTask, flags)
	}
	if s != symmetricOrder {
		return
	}
	firstTask, thenTask = inverseTask[firstTask], inverseTask[thenTask]
	if firstTask == "" || thenTask == "" {
		p.warn("Cannot invert constraint '%s' (please specify inverse manually)", c.ID)
		return
	}
	flags = orderFlags(kind, firstTask, inverseOrder)
	if kind == orderOptional && then.restartDependents {
		flags |= ordImpliesFirst
	}
	p.orderKeys(then, thenTask, first, firstTask, flags)
}

// leastInstances: how many instances of a clone must be up, 0 for all.
func leastInstances(first *resource, requireAll string) int {
	if !first.isClone() {
		return 0
	}
	if v, ok := first.meta["clone-min"]; ok {
		return max(0, int(leadingInt(v)))
	}
	if requireAll != "" && !isTrue(requireAll) {
		return 1
	}
	return 0
}

func (p *plan) orderAfterSome(id string, first *resource, firstTask string, then *resource, thenTask string, flags ordFlag, least int) {
	met := p.pseudo("clone-one-or-more:" + id)
	met.requiredBefore = least
	met.set(actRequiresAny)
	for _, child := range first.children {
		p.orderBefore(child, firstTask, met, ordOneOrMore|ordThenPrinted)
	}
	p.orderAction(met, then, thenTask, flags|ordRunnableFirst)
}

func (p *plan) unpackOrderSets(c *cib.Order, kind orderKind, sets []cib.ResourceSet) {
	s := symmetryOf(c.Symmetrical, kind)
	for i := range sets {
		if !p.orderWithin(c, kind, &sets[i]) {
			return
		}
		if i == 0 {
			continue
		}
		if !p.orderSets(c.ID, &sets[i-1], &sets[i], kind, s) {
			return
		}
		if s == symmetricOrder && !p.orderSets(c.ID, &sets[i], &sets[i-1], kind, inverseOrder) {
			return
		}
	}
}

// orderWithin orders the members of one set.
func (p *plan) orderWithin(c *cib.Order, parent orderKind, set *cib.ResourceSet) bool {
	task := set.Action
	if task == "" {
		task = "start"
	}
	kind, symmetryKind := parent, parent
	if set.Kind != "" {
		kind = p.orderKindOf(set.ID, set.Kind, set.Score)
	}
	if set.Kind != "" || set.Score != "" {
		symmetryKind = p.orderKindOf(set.ID, set.Kind, set.Score)
	}
	s := symmetryOf(c.Symmetrical, symmetryKind)
	flags := orderFlags(kind, task, s)
	list, ok := p.resolve(set)
	if !ok {
		return false
	}
	if len(list) < 2 {
		return true
	}
	sequential := set.Sequential == "" || isTrue(set.Sequential)
	for i, r := range list {
		if kind == orderSerialize {
			for _, then := range list[i+1:] {
				p.orderKeys(r, task, then, task, flags)
			}
		} else if sequential && i > 0 {
			p.orderKeys(list[i-1], task, r, task, flags)
		}
	}
	if s == asymmetricOrder || !sequential {
		return true
	}
	task = inverseTask[task]
	flags = orderFlags(kind, task, inverseOrder)
	for i := 1; i < len(list); i++ {
		p.orderKeys(list[i], task, list[i-1], task, flags)
	}
	return true
}

// orderSets orders two sets: last before first where they are sequential, else
// each before each; or, with require-all false, all after any one.
func (p *plan) orderSets(id string, set1, set2 *cib.ResourceSet, kind orderKind, s symmetry) bool {
	task1, task2 := set1.Action, set2.Action
	if task1 == "" {
		task1 = "start"
	}
	if task2 == "" {
		task2 = "start"
	}
	if s == inverseOrder {
		task1, task2 = inverseTask[task1], inverseTask[task2]
	}
	requireAll := !isFalse(set1.RequireAll) || task1 == "stop" || task1 == "demote"
	flags := orderFlags(kind, task2, s)
	list1, ok1 := p.resolve(set1)
	list2, ok2 := p.resolve(set2)
	if !ok1 || !ok2 {
		return false
	}
	if !requireAll {
		any := p.pseudo("one-or-more:" + set1.ID)
		any.set(actRequiresAny)
		for _, r := range list1 {
			p.orderBefore(r, task1, any, ordOneOrMore|ordThenPrinted)
		}
		for _, r := range list2 {
			p.orderAction(any, r, task2, flags|ordRunnableFirst)
		}
		return true
	}
	if len(list1) == 0 || len(list2) == 0 {
		return true
	}
	last, front := list1[len(list1)-1:], list2[:1]
	if s == inverseOrder {
		last, front = list1[:1], list2[len(list2)-1:]
	}
	// Unlike within a set, sequential must be spelt out to matter here.
	if isTrue(set1.Sequential) {
		list1 = last
	}
	if isTrue(set2.Sequential) {
		list2 = front
	}
	for _, first := range list1 {
		for _, then := range list2 {
			p.orderKeys(first, task1, then, task2, flags)
		}
	}
	return true
}
