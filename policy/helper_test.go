package policy

import (
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"kvmha/internal/cib"
)

// now is the moment all tests decide at.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world writes a CIB for a test: two nodes that are up unless told otherwise.
type world struct {
	options, resources, constraints, status string
	nodes                                   []string // "n1", "n2:down", "n3:lost"
	noQuorum                                bool
}

// cib decodes the world. Options are "name=value" words; what they leave out
// has the reference's default, but fencing is off unless they say so.
func (w world) cib(t *testing.T) *cib.CIB {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, `<cib validate-with="pacemaker-3.0" admin_epoch="0" epoch="1" num_updates="0" crm_feature_set="3.16.2" have-quorum="%v" dc-uuid="1"><configuration><crm_config><cluster_property_set id="options">`, !w.noQuorum)
	if !strings.Contains(w.options, "stonith-enabled") {
		w.options += " stonith-enabled=false"
	}
	for i, word := range strings.Fields(w.options) {
		name, value, _ := strings.Cut(word, "=")
		fmt.Fprintf(&b, `<nvpair id="option-%d" name="%s" value="%s"/>`, i, name, value)
	}
	b.WriteString(`</cluster_property_set></crm_config><nodes>`)
	if w.nodes == nil {
		w.nodes = []string{"n1", "n2"}
	}
	states := ""
	for i, n := range w.nodes {
		name, state, _ := strings.Cut(n, ":")
		fmt.Fprintf(&b, `<node id="%d" uname="%s"/>`, i+1, name)
		up, join := "true", "member"
		switch state {
		case "down":
			up, join = "false", "down"
		case "lost":
			up = "false"
		}
		crmd, expected := "online", "member"
		if up == "false" {
			crmd = "offline"
		}
		if state == "down" {
			expected = "down"
		}
		states += fmt.Sprintf(`<node_state id="%d" uname="%s" in_ccm="%s" crmd="%s" join="%s" expected="%s"><transient_attributes id="%d"><instance_attributes id="ta%d">ATTRS-%s</instance_attributes></transient_attributes><lrm id="%d"><lrm_resources>LRM-%s</lrm_resources></lrm></node_state>`,
			i+1, name, up, crmd, join, expected, i+1, i+1, name, i+1, name)
	}
	fmt.Fprintf(&b, `</nodes><resources>%s</resources><constraints>%s</constraints></configuration><status>`, w.resources, w.constraints)
	b.WriteString(w.fill(states) + `</status></cib>`)
	c, _, err := cib.DecodeXML(strings.NewReader(b.String()))
	if err != nil {
		t.Fatalf("the test's CIB is wrong: %v\n%s", err, b.String())
	}
	return c
}

// fill writes history and attributes. Each line of status is
// "NODE RSC OP[=RC] …" or "NODE attr NAME=VALUE …"; an OP may have an interval
// ("monitor10" runs every 10 s) and a pending one is "start=pending".
func (w world) fill(states string) string {
	lrm, attrs := map[string]string{}, map[string]string{}
	call := 1
	for _, line := range strings.Split(w.status, "\n") {
		f := strings.Fields(line)
		if len(f) < 3 {
			continue
		}
		if f[1] == "attr" {
			for _, word := range f[2:] {
				name, value, _ := strings.Cut(word, "=")
				attrs[f[0]] += fmt.Sprintf(`<nvpair id="%s-%s" name="%s" value="%s"/>`, f[0], strings.ReplaceAll(name, "#", "-"), name, value)
			}
			continue
		}
		class, provider, agent := "ocf", "p", "a"
		if strings.HasPrefix(f[1], "fence") {
			class, provider, agent = "stonith", "", "fence_x"
		}
		x := fmt.Sprintf(`<lrm_resource id="%s" class="%s" provider="%s" type="%s">`, f[1], class, provider, agent)
		if provider == "" {
			x = strings.Replace(x, ` provider=""`, "", 1)
		}
		for _, word := range f[2:] {
			x += opHistory(f[1], word, &call)
		}
		lrm[f[0]] += x + `</lrm_resource>`
	}
	for _, n := range w.nodes {
		name, _, _ := strings.Cut(n, ":")
		states = strings.ReplaceAll(states, "LRM-"+name+"<", lrm[name]+"<")
		states = strings.ReplaceAll(states, "ATTRS-"+name+"<", attrs[name]+"<")
	}
	return states
}

func opHistory(rsc, word string, call *int) string {
	op, rc, _ := strings.Cut(word, "=")
	op, route, migrates := strings.Cut(op, "@")
	name := strings.TrimRight(op, "0123456789")
	interval := strings.TrimPrefix(op, name)
	if interval == "" {
		interval = "0"
	} else {
		interval += "000"
	}
	expected, status, extra := "0", "0", ""
	if migrates {
		source, target, _ := strings.Cut(route, ">")
		extra = fmt.Sprintf(` migrate_source="%s" migrate_target="%s"`, source, target)
	}
	id := fmt.Sprintf("%s_%s_%s", rsc, name, interval)
	callID := fmt.Sprint(*call)
	switch {
	case rc == "pending":
		rc, status, callID = "193", "-1", "-1"
	case rc == "":
		rc = "0"
	case name == "monitor" && interval == "0" && (rc == "7" || rc == "5"):
		expected = "7"
	case rc != "0" && rc != "8":
		id = rsc + "_last_failure_0"
	}
	if name == "monitor" && interval == "0" {
		expected = "7"
	}
	if rc == "8" {
		expected = "8"
	}
	*call++
	digest := cib.Digest(nil)
	if interval != "0" {
		digest = cib.Digest([]cib.NV{{Name: "CRM_meta_timeout", Value: "20000"}})
	}
	return fmt.Sprintf(`<lrm_rsc_op id="%s" operation_key="%s_%s_%s" operation="%s" interval="%s" call-id="%s" rc-code="%s" op-status="%s" op-digest="%s" transition-key="%s:1:%s:u" transition-magic="%s:%s;%s:1:%s:u" last-rc-change="%d"%s/>`,
		id, rsc, name, interval, name, interval, callID, rc, status, digest, callID, expected, status, rc, callID, expected, now.Unix()-int64(1000-*call), extra)
}

// prim is a primitive with a monitor every 10 s; meta are "name=value" words.
func primXML(id, meta string) string {
	class := `class="ocf" provider="p" type="a"`
	if strings.HasPrefix(id, "fence") {
		class = `class="stonith" type="fence_x"`
	}
	return fmt.Sprintf(`<primitive id="%s" %s>%s<operations><op id="%s-m" name="monitor" interval="10s"/></operations></primitive>`, id, class, metaXML(id, meta), id)
}

func metaXML(id, meta string) string {
	if meta == "" {
		return ""
	}
	x := fmt.Sprintf(`<meta_attributes id="%s-meta">`, id)
	for _, word := range strings.Fields(meta) {
		name, value, _ := strings.Cut(word, "=")
		x += fmt.Sprintf(`<nvpair id="%s-%s" name="%s" value="%s"/>`, id, name, name, value)
	}
	return x + `</meta_attributes>`
}

func groupXML(id string, members ...string) string {
	return fmt.Sprintf(`<group id="%s">%s</group>`, id, strings.Join(members, ""))
}

func cloneXML(id, meta, child string) string {
	return fmt.Sprintf(`<clone id="%s">%s%s</clone>`, id, metaXML(id, meta), child)
}

// decide runs the scheduler on a world.
func decide(t *testing.T, w world) *Transition {
	t.Helper()
	return Schedule(Input{CIB: w.cib(t), Now: now})
}

// actionName is an action in a few words.
func actionName(a *Action) string {
	switch a.Kind {
	case FenceOp:
		return "fence " + a.Node + " (" + a.Task + ")"
	case Pseudo:
		return a.Key
	}
	name := strings.TrimSuffix(a.Key, "_0")
	if a.Task == "cancel" {
		name = "cancel " + name
	}
	if strings.HasSuffix(a.Key, "_monitor_0") {
		name = strings.TrimSuffix(name, "_monitor") + "_probe"
	}
	return name + " " + a.Node
}

// story lists what happens and in which order: a line an action, with the
// operations it waits for (pseudo actions are looked through).
func story(tr *Transition) string {
	byID := map[int]*Action{}
	for _, a := range tr.Actions {
		byID[a.ID] = a
	}
	var waits func(a *Action, seen map[int]bool, out map[string]bool)
	waits = func(a *Action, seen map[int]bool, out map[string]bool) {
		for _, id := range a.Inputs {
			in := byID[id]
			if in == nil || seen[id] {
				continue
			}
			seen[id] = true
			if in.Kind == Pseudo {
				waits(in, seen, out)
			} else if !strings.HasSuffix(in.Key, "_monitor_0") {
				out[actionName(in)] = true
			}
		}
	}
	var lines []string
	for _, a := range tr.Actions {
		if a.Kind == Pseudo {
			continue
		}
		out := map[string]bool{}
		waits(a, map[int]bool{}, out)
		line := actionName(a)
		if len(out) > 0 {
			line += " after " + strings.Join(sortedKeys(out), ", ")
		}
		lines = append(lines, line)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}
