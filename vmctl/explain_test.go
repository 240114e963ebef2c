package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"kvmha/internal/cib"
	"kvmha/internal/control"
	"kvmha/policy"
)

// TestExplanations tells scenarios: each command's input is a cluster in a few
// lines (see scenario.line), its output what vm-ctl explain says about it.
// Rewrite them with -rewrite and review the difference.
func TestExplanations(t *testing.T) {
	datadriven.Walk(t, filepath.Join("testdata", "explain"), func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			c := &scenario{t: t}
			c.cib.HaveQuorum, c.cib.FeatureSet = true, "3.16.2"
			for _, line := range strings.Split(d.Input, "\n") {
				c.line(strings.Fields(line))
			}
			answer, known := policy.Explain(policy.Input{CIB: &c.cib, Now: scenarioTime}, d.CmdArgs[0].Key, policy.Workers{})
			if !known {
				return "unknown\n"
			}
			return explainText(answer, nil)
		})
	})
}

var scenarioTime = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// scenario is a CIB in the making.
type scenario struct {
	t     *testing.T
	cib   cib.CIB
	calls int
}

func (c *scenario) line(words []string) {
	if len(words) == 0 {
		return
	}
	cfg := &c.cib.Config
	switch kind, rest := words[0], words[1:]; kind {
	case "option":
		cfg.Properties = append(cfg.Properties, cib.NVSet{ID: "options", Pairs: wordPairs(rest)})
	case "no-quorum":
		c.cib.HaveQuorum = false
	case "node":
		c.node(rest[0], rest[1:])
	case "attribute":
		n := c.cib.Status.Node(rest[0])
		n.Attributes = append(n.Attributes, cib.NVSet{ID: "t-" + rest[0], Pairs: wordPairs(rest[1:])})
	case "capacity":
		for i := range cfg.Nodes {
			if cfg.Nodes[i].Uname == rest[0] {
				cfg.Nodes[i].Utilization = []cib.NVSet{{ID: "u-" + rest[0], Pairs: wordPairs(rest[1:])}}
			}
		}
	case "primitive":
		cfg.Resources = append(cfg.Resources, primitiveOf(rest))
	case "group", "clone", "bundle":
		c.collect(cib.Kind(kind), rest)
	case "location":
		s, _ := cib.ParseScore(rest[3])
		cfg.Locations = append(cfg.Locations, cib.Location{ID: rest[0], Resource: rest[1], Node: rest[2], Score: s})
	case "rule":
		e := cib.AttrExpression{Attribute: rest[3], Operation: rest[4], Value: strings.Join(rest[5:], " ")}
		cfg.Locations = append(cfg.Locations, cib.Location{ID: rest[0], Resource: rest[1],
			Rules: []cib.Rule{{ID: rest[0] + "-rule", Score: rest[2], Parts: []cib.RulePart{{Attr: &e}}}}})
	case "dated":
		c.dated(rest[0], rest[1], rest[2], rest[3:])
	case "colocation":
		s, _ := cib.ParseScore(rest[3])
		cfg.Colocations = append(cfg.Colocations, cib.Colocation{ID: rest[0], Resource: rest[1], With: rest[2], Score: s, HasScore: true,
			WithRole: strings.Join(rest[4:], "")})
	case "order":
		cfg.Orders = append(cfg.Orders, cib.Order{ID: rest[0], First: rest[1], Then: rest[2], FirstAction: strings.Join(rest[3:], "")})
	case "ticket":
		cfg.Tickets = append(cfg.Tickets, cib.RscTicket{ID: rest[0], Resource: rest[1], Ticket: rest[2]})
	case "move":
		c.cib.Status.Intents = append(c.cib.Status.Intents, cib.Intent{ID: "m", Resource: rest[0], Node: rest[1], State: cib.IntentState(rest[2]), Author: "vm-ctl on alpha"})
	case "did":
		c.did(rest[0], rest[1], rest[2:])
	default:
		c.t.Fatalf("unknown line %q", words)
	}
}

// dated adds attributes with a date expression, written "from/to" or as a
// <date_spec> ("hours=9-17"), to a resource, a node or the cluster's options.
func (c *scenario) dated(owner, id, when string, pairs []string) {
	date := &cib.DateExpression{Operation: "in_range"}
	if date.Start, date.End, _ = strings.Cut(when, "/"); date.End == "" {
		date = &cib.DateExpression{Operation: "date_spec", Spec: wordPairs([]string{when})}
	}
	set := cib.NVSet{ID: id, Score: 10, Rule: &cib.Rule{ID: id + "-rule", Parts: []cib.RulePart{{Date: date}}}, Pairs: wordPairs(pairs)}
	if owner == "options" {
		c.cib.Config.Properties = append(c.cib.Config.Properties, set)
	} else if r := c.cib.Config.FindResource(owner); r != nil {
		r.Meta = append(r.Meta, set)
	} else {
		for i := range c.cib.Config.Nodes {
			if n := &c.cib.Config.Nodes[i]; n.Uname == owner {
				n.Attributes = append(n.Attributes, set)
			}
		}
	}
}

func wordPairs(words []string) []cib.NV {
	var out []cib.NV
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		out = append(out, cib.NV{Name: name, Value: value})
	}
	return out
}

// node adds a node: up, or down (left cleanly), lost, joining.
func (c *scenario) node(name string, words []string) {
	state := "up"
	if len(words) > 0 && !strings.Contains(words[0], "=") {
		state, words = words[0], words[1:]
	}
	id := fmt.Sprint(len(c.cib.Config.Nodes) + 1)
	c.cib.Config.Nodes = append(c.cib.Config.Nodes, cib.Node{ID: id, Uname: name, Attributes: []cib.NVSet{{ID: "n-" + name, Pairs: wordPairs(words)}}})
	s := cib.NodeState{ID: id, Uname: name, HasInCCM: true, HasCrmd: true, InCCM: true, Crmd: true, Join: "member", Expected: "member"}
	switch state {
	case "down":
		s.InCCM, s.Crmd, s.Join, s.Expected = false, false, "down", "down"
	case "lost":
		s.InCCM, s.Crmd = false, false
	case "joining":
		s.Join = "pending"
	}
	c.cib.Status.Nodes = append(c.cib.Status.Nodes, s)
}

// primitiveOf reads "ID [AGENT] [NAME=VALUE …]": names with a dot are parameters
// (param.ip), what is used (uses.cpu), or meta-attributes without one.
func primitiveOf(words []string) *cib.Resource {
	r := &cib.Resource{ID: words[0], Kind: cib.Primitive, Class: "ocf", Provider: "kvmha", Type: "Dummy",
		Ops: []cib.OpSpec{{ID: words[0] + "-monitor", Name: "monitor", Interval: "10s"}}}
	if len(words) > 1 && !strings.Contains(words[1], "=") {
		agent := strings.Split(words[1], ":")
		r.Class, r.Provider, r.Type = agent[0], strings.Join(agent[1:len(agent)-1], ""), agent[len(agent)-1]
		words = words[1:]
	}
	sets := map[string][]cib.NV{}
	for _, nv := range wordPairs(words[1:]) {
		kind, name, dotted := strings.Cut(nv.Name, ".")
		if !dotted {
			kind, name = "meta", nv.Name
		}
		sets[kind] = append(sets[kind], cib.NV{Name: name, Value: nv.Value})
	}
	set := func(kind string) []cib.NVSet {
		if sets[kind] == nil {
			return nil
		}
		return []cib.NVSet{{ID: r.ID + "-" + kind, Pairs: sets[kind]}}
	}
	r.Meta, r.Params, r.Utilization = set("meta"), set("param"), set("uses")
	return r
}

// collect puts resources that were added before into a group, clone or bundle.
func (c *scenario) collect(kind cib.Kind, words []string) {
	out := &cib.Resource{ID: words[0], Kind: kind}
	var meta []string
	for _, w := range words[1:] {
		i := slices.IndexFunc(c.cib.Config.Resources, func(r *cib.Resource) bool { return r.ID == w })
		if i < 0 {
			meta = append(meta, w)
			continue
		}
		out.Children = append(out.Children, c.cib.Config.Resources[i])
		c.cib.Config.Resources = slices.Delete(c.cib.Config.Resources, i, i+1)
	}
	switch {
	case kind == cib.Bundle:
		out.Bundle = &cib.BundleSpec{Engine: "podman", Attrs: wordPairs(meta), Network: []cib.NV{{Name: "control-port", Value: "3121"}}}
	case meta != nil:
		out.Meta = []cib.NVSet{{ID: words[0] + "-meta", Pairs: wordPairs(meta)}}
	}
	c.cib.Config.Resources = append(c.cib.Config.Resources, out)
}

// did adds history: operations as "start", "monitor=7" (a probe), "monitor10=1"
// (every 10 s, failed), "start#params" (with other parameters than now).
func (c *scenario) did(node, rsc string, ops []string) {
	h := cib.ResourceHistory{ID: rsc, Class: "ocf", Provider: "kvmha", Type: "Dummy"}
	if r := c.cib.Config.FindResource(strings.Split(rsc, ":")[0]); r != nil {
		h.Class, h.Provider, h.Type = r.Class, r.Provider, r.Type
	}
	if c.isGuest(rsc) {
		h.Provider, h.Type = "pacemaker", "remote"
	}
	n := c.cib.Status.Node(node)
	for _, word := range ops {
		word, rcText, _ := strings.Cut(word, "=")
		word, _, changed := strings.Cut(word, "#")
		op := strings.TrimRight(word, "0123456789")
		var seconds int64
		var rc int
		fmt.Sscan(strings.TrimPrefix(word, op), &seconds)
		fmt.Sscan(rcText, &rc)
		c.calls++
		target := 0
		if op == "monitor" && seconds == 0 {
			target = 7
		}
		o := cib.OpHistory{ID: cib.OpKey(rsc, op, seconds*1000), Operation: op, IntervalMS: seconds * 1000, CallID: c.calls, RC: cib.RC(rc),
			LastRCChange: scenarioTime.Unix() - 100 + int64(c.calls), TransitionKey: fmt.Sprintf("1:1:%d:u", target), OpDigest: c.digest(rsc, seconds, changed)}
		o.OperationKey, o.Magic = o.ID, fmt.Sprintf("0:%d;%s", rc, o.TransitionKey)
		if rc != target && rc != 0 && !(rc == 7 && target == 7) {
			o.ID, o.ExitReason = rsc+"_last_failure_0", "the agent says why"
			n.Attributes = append(n.Attributes, cib.NVSet{ID: "f", Pairs: []cib.NV{
				{Name: cib.FailCountName(rsc, op, o.IntervalMS), Value: "1"},
				{Name: cib.LastFailureName(rsc, op, o.IntervalMS), Value: fmt.Sprint(o.LastRCChange)}}})
		}
		h.Ops = append(h.Ops, o)
	}
	n.History = append(n.History, h)
}

// isGuest: a primitive says that this node lives in it.
func (c *scenario) isGuest(name string) bool {
	return slices.ContainsFunc(c.cib.Config.Resources, func(r *cib.Resource) bool {
		return len(r.Meta) > 0 && slices.ContainsFunc(r.Meta[0].Pairs, func(nv cib.NV) bool { return nv.Name == "remote-node" && nv.Value == name })
	})
}

func (c *scenario) digest(rsc string, seconds int64, changed bool) string {
	params := map[string]string{}
	if r := c.cib.Config.FindResource(strings.Split(rsc, ":")[0]); r != nil && len(r.Params) > 0 {
		for _, nv := range r.Params[0].Pairs {
			params[nv.Name] = nv.Value
		}
	}
	if changed {
		for name := range params {
			params[name] += "-before"
		}
	}
	timeout := ""
	if seconds > 0 {
		timeout = "20000"
	}
	return cib.DigestRecurring(cib.DigestParams(params), timeout)
}

func TestExplainReadsAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join("testdata", "simulate.xml")
	status, out, errOut := runVMCtl(t.Context(), "explain", "ip", "-x", file, "--json")
	var reply struct {
		Subject  string
		Resource policy.ResourceExplanation
	}
	if err := json.Unmarshal([]byte(out), &reply); status != exitOK || err != nil || reply.Subject != "ip" || len(reply.Resource.Nodes) == 0 {
		t.Errorf("status %d, errors %q %v, output\n%s", status, errOut, err, out)
	}
	status, out, errOut = runVMCtl(t.Context(), "explain", "alpha", "-x", filepath.Join("..", "configs", "two-hosts.toml"))
	if status != exitOK || !strings.HasPrefix(out, "Node alpha is online and takes resources.") {
		t.Errorf("status %d, errors %q, output\n%s", status, errOut, out)
	}
}

func TestExplainOffersTheNearestNameForOneThatIsNone(t *testing.T) {
	t.Parallel()
	status, _, errOut := runVMCtl(t.Context(), "explain", "alpah", "-x", filepath.Join("testdata", "simulate.xml"))
	if status != exitUsage || !strings.Contains(errOut, `"alpah" is neither a resource nor a node; did you mean "alpha"?`) {
		t.Errorf("status %d, errors %q", status, errOut)
	}
}

func TestExplainAddsWhatTheDaemonsSay(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	d.on(control.GetCIB, cib.CIB{Config: cib.Configuration{Nodes: []cib.Node{{ID: "1", Uname: "alpha"}}}}, nil)
	d.on(control.Explain, control.ExplainReply{Lines: []string{"12:00:00 node-joined"}}, nil)
	status, out, errOut := d.vmctl(t.Context(), "explain", "alpha")
	if status != exitOK || !strings.Contains(out, "Node alpha is not online.") || !strings.Contains(out, "What the daemons say:\n  12:00:00 node-joined") {
		t.Errorf("status %d, errors %q, output\n%s", status, errOut, out)
	}
}

func TestANodesNameIsReplacedWhereItStandsAlone(t *testing.T) {
	for _, tt := range []struct{ node, text, want string }{
		{"n1", "n1 is down", "NODE is down"},
		{"n1", "(n1), n1.", "(NODE), NODE."},
		{"n1", "n11, an1, n1-b and n1_b are others", "n11, an1, n1-b and n1_b are others"},
		{"n1", "n1n1", "n1n1"},
		{"n1", "`vm-ctl node online n1`", "`vm-ctl node online NODE`"},
		{"n1", "", ""},
	} {
		if got := insteadOf(tt.node, tt.text); got != tt.want {
			t.Errorf("insteadOf(%q, %q) = %q, want %q", tt.node, tt.text, got, tt.want)
		}
	}
}
