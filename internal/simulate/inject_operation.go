package simulate

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// operation writes the result of an operation into a node's history, and
// counts it if it is a failure. A spec that cannot be understood, or names no
// resource, is told and left out.
func (i *injector) operation(known map[string]*policy.ResourceView, spec string) error {
	i.out.event(resultInjected{spec})
	key, node, rc, fields := splitSpec(spec)
	if fields != 3 {
		i.out.complain(fmt.Sprintf("Invalid operation spec: %s.  Only found %d fields", spec, fields))
		return nil
	}
	op, ok := parseOpKey(key)
	r := known[op.resource]
	if !ok || r == nil {
		name := op.resource
		if !ok {
			name = "(null)"
		}
		i.out.complain("Invalid resource name: " + name)
		return nil
	}
	w := i.world
	n, err := w.state(node)
	if err != nil {
		return fmt.Errorf("%s: %w", spec, err)
	}
	countFailure(i.out, w, n, op, rc)
	h, found := history(n, op.resource, op.resource)
	if h == nil {
		a := splitAgent(r.Agent)
		if a.typ == "" {
			return fmt.Errorf("%s: %s is no primitive, so nothing runs under that name: name one of its members or instances", spec, op.resource)
		}
		h = addHistory(n, op.resource, a)
	}
	w.addResult(h, result{
		resource: h.ID, task: op.task, interval: op.interval, rc: rc, target: cib.OK, call: nextCall(h, found), reason: "Simulated action result",
	})
	return nil
}

// countFailure does what the nodes' attribute daemon does with a failure.
func countFailure(out teller, w *world, n *cib.NodeState, op opKey, rc cib.RC) {
	if rc == cib.OK || rc == cib.NotRunning && op.interval == 0 {
		return
	}
	count := cib.FailCountName(op.resource, op.task, op.interval)
	last := cib.LastFailureName(op.resource, op.task, op.interval)
	now := strconv.FormatInt(w.at, 10)
	out.event(attributeInjected{count, "value++", n.ID})
	w.raise(n, count)
	out.event(attributeInjected{last, now, n.ID})
	w.setAttribute(n, last, func(string) string { return now })
}

// splitSpec takes KEY@NODE=RC apart; fields counts the parts it found, in the
// way of C's scanf, -1 for nothing at all. What follows the number is ignored.
func splitSpec(spec string) (key, node string, rc cib.RC, fields int) {
	if spec == "" {
		return "", "", 0, -1
	}
	key, rest, ok := strings.Cut(spec, "@")
	if key == "" {
		return "", "", 0, 0
	}
	node, rest, _ = strings.Cut(rest, "=")
	if !ok || node == "" {
		return key, "", 0, 1
	}
	n, err := strconv.Atoi(leadingNumber.FindString(rest))
	if err != nil {
		return key, node, 0, 2
	}
	return key, node, cib.RC(n), 3
}

var leadingNumber = regexp.MustCompile(`^[+-]?\d+`)

// opKey is an operation's key in parts; the interval is in milliseconds.
type opKey struct {
	resource, task string
	interval       int64
}

func (k opKey) String() string { return cib.OpKey(k.resource, k.task, k.interval) }

// longTasks are the tasks with underlines in their names.
var longTasks = regexp.MustCompile(`^(.*)_(migrate_(?:from|to)|(?:pre|post)_notify_(?:[a-z]+|migrate_(?:from|to)))_([0-9]+)$`)

// parseOpKey takes RSC_TASK_INTERVAL apart, in which RSC may have underlines.
func parseOpKey(key string) (k opKey, ok bool) {
	interval := ""
	if m := longTasks.FindStringSubmatch(key); m != nil {
		k.resource, k.task, interval = m[1], m[2], m[3]
	} else {
		end := strings.LastIndexByte(key, '_')
		if end < 0 {
			return opKey{}, false
		}
		begin := strings.LastIndexByte(key[:end], '_')
		if begin < 0 {
			return opKey{}, false
		}
		k.resource, k.task, interval = key[:begin], key[begin+1:end], key[end+1:]
	}
	ms, err := strconv.ParseUint(interval, 10, 32)
	if err != nil {
		return opKey{}, false
	}
	k.interval = int64(ms)
	return k, true
}

// resourcesByName finds resources by their ids and, instances of clones, by
// the names of their histories; the first of a name counts.
func resourcesByName(views []policy.ResourceView) map[string]*policy.ResourceView {
	names := map[string]*policy.ResourceView{}
	var walk func(*policy.ResourceView)
	walk = func(r *policy.ResourceView) {
		for _, name := range []string{r.ID, r.History} {
			if name != "" && names[name] == nil {
				names[name] = r
			}
		}
		for i := range r.Replicas {
			for _, part := range r.Replicas[i].Parts() {
				walk(part)
			}
		}
		for i := range r.Children {
			walk(&r.Children[i])
		}
	}
	for i := range views {
		walk(&views[i])
	}
	return names
}

// agent names what runs a resource.
type agent struct{ class, provider, typ string }

// splitAgent takes CLASS:PROVIDER:TYPE or CLASS:TYPE apart.
func splitAgent(text string) agent {
	class, rest, _ := strings.Cut(text, ":")
	if class != "ocf" {
		return agent{class: class, typ: rest}
	}
	provider, typ, _ := strings.Cut(rest, ":")
	return agent{class, provider, typ}
}
