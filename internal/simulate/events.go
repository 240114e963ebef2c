package simulate

import (
	"fmt"
	"strconv"

	"kvmha/policy"
)

// What is told in the chapters of a run, each thing as a sentence and as an
// element, both in the words of crm_simulate.

// nodeChanged is a node that was made to come, leave or vanish.
type nodeChanged struct {
	// how is what happens in the sentence, with the node for %s; action is the
	// word for it in the element.
	how, action string
	node        string
}

func (e nodeChanged) sentence() string { return fmt.Sprintf(e.how, e.node) }

func (e nodeChanged) element() (string, attributes) {
	return "modify_node", attr("action", e.action).with("node", e.node)
}

// ticketChanged is a ticket whose state was changed, told like nodeChanged.
type ticketChanged struct {
	how, action string
	ticket      string
}

func (e ticketChanged) sentence() string { return fmt.Sprintf(e.how, e.ticket) }

func (e ticketChanged) element() (string, attributes) {
	return "modify_ticket", attr("action", e.action).with("ticket", e.ticket)
}

// resultInjected is an operation's result as the user gave it.
type resultInjected struct{ spec string }

func (e resultInjected) sentence() string {
	return "Injecting " + e.spec + " into the configuration"
}

func (e resultInjected) element() (string, attributes) {
	return "inject_spec", attr("spec", e.spec)
}

// attributeInjected is a transient attribute that a failure sets on a node.
type attributeInjected struct{ name, value, nodeID string }

// nodePath is where a node's attributes are, seen from its own state.
const nodePath = "/node_state"

func (e attributeInjected) sentence() string {
	return fmt.Sprintf("Injecting attribute %s=%s into %s '%s'", e.name, e.value, nodePath, e.nodeID)
}

func (e attributeInjected) element() (string, attributes) {
	return "inject_attr", attr("name", e.name).with("value", e.value).with("node_path", nodePath).with("cib_node", e.nodeID)
}

// operationDone is an operation on a resource; the interval is in milliseconds.
type operationDone struct {
	resource, task, node string
	interval             int64
}

func (e operationDone) sentence() string {
	task := e.task
	if e.interval > 0 {
		task += "=" + strconv.FormatInt(e.interval, 10)
	}
	return fmt.Sprintf("Resource action: %-15s %s on %s", e.resource, task, e.node)
}

func (e operationDone) element() (string, attributes) {
	a := attr("resource", e.resource).with("op", e.task).with("node", e.node)
	if e.interval > 0 {
		a = a.with("interval", strconv.FormatInt(e.interval, 10))
	}
	return "rsc_action", a
}

// pseudoDone is an event of the transition's own; few have a node.
type pseudoDone struct{ key, node string }

func (e pseudoDone) sentence() string {
	if e.node == "" {
		return "Pseudo action:   " + e.key
	}
	return "Pseudo action:   " + e.key + " on " + e.node
}

func (e pseudoDone) element() (string, attributes) {
	return "pseudo_action", attr("task", e.key).maybe("node", e.node)
}

// clusterDone is work of the cluster's own on a node, and maybe for a resource.
type clusterDone struct{ task, node, resource string }

func (e clusterDone) sentence() string {
	if e.resource == "" {
		return fmt.Sprintf("Cluster action:  %s on %s", e.task, e.node)
	}
	return fmt.Sprintf("Cluster action:  %s for %s on %s", e.task, e.resource, e.node)
}

func (e clusterDone) element() (string, attributes) {
	return "cluster_action", attr("task", e.task).with("node", e.node).maybe("id", e.resource)
}

// fenced is a node that was fenced.
type fenced struct{ action *policy.Action }

func (e fenced) sentence() string {
	return fmt.Sprintf("Fencing %s (%s)", e.action.Node, e.action.Task)
}

func (e fenced) element() (string, attributes) {
	return "fencing_action", attr("target", e.action.Node).with("op", e.action.Task)
}
