package simulate

import (
	"strings"

	"kvmha/policy"
)

// nodeList prints the list of nodes: those in a special state one by one, the
// rest by state. It reports whether there were any.
func (o *outline) nodeList(nodes []policy.NodeView) bool {
	if len(nodes) == 0 {
		return false
	}
	o.list("Node List")
	lists := map[string][]string{}
	for i := range nodes {
		n := &nodes[i]
		switch list := summaryList(n); list {
		case "":
			o.item("", "%s", nodeLine(n))
		default:
			lists[list] = append(lists[list], n.Name)
		}
	}
	for _, name := range []string{"Online", "OFFLINE", "RemoteOnline", "RemoteOFFLINE", "GuestOnline"} {
		if len(lists[name]) > 0 {
			o.item(name, "[ %s ]", strings.Join(lists[name], " "))
		}
	}
	o.endList()
	return true
}

// summaryList names the list that a node in a plain state belongs to. A guest
// node that is offline is in "hidden": its resource tells about it.
func summaryList(n *policy.NodeView) string {
	if n.Unclean || n.Pending || n.StandbyOnFail && n.Online || n.Standby || n.Maintenance || n.Health <= 0 {
		return ""
	}
	kind := map[string]string{"remote": "Remote", "guest": "Guest"}[n.Type]
	switch {
	case n.Online:
		return kind + "Online"
	case n.Type == "guest":
		return "hidden"
	}
	return kind + "OFFLINE"
}

func healthColour(n *policy.NodeView) string {
	switch {
	case n.Health < 0:
		return "red"
	case n.Health == 0:
		return "yellow"
	}
	return "green"
}

func nodeLine(n *policy.NodeView) string {
	kind := "Node"
	switch n.Type {
	case "remote":
		kind = "RemoteNode"
	case "guest":
		kind = "GuestNode"
	}
	health := ""
	if colour := healthColour(n); colour != "green" {
		health = " (health is " + strings.ToUpper(colour) + ")"
	}
	return kind + " " + n.Name + ": " + nodeState(n) + health
}

func nodeState(n *policy.NodeView) string {
	switch {
	case n.Unclean && n.Online:
		return "UNCLEAN (online)"
	case n.Unclean && n.Pending:
		return "UNCLEAN (pending)"
	case n.Unclean:
		return "UNCLEAN (offline)"
	case n.Pending:
		return "pending"
	case n.StandbyOnFail && n.Online:
		return "standby (on-fail)"
	case n.Standby && n.Online && n.Running > 0:
		return "standby (with active resources)"
	case n.Standby && n.Online:
		return "standby"
	case n.Standby:
		return "OFFLINE (standby)"
	case n.Maintenance && n.Online:
		return "maintenance"
	case n.Maintenance:
		return "OFFLINE (maintenance)"
	case n.Online:
		return "online"
	}
	return "OFFLINE"
}
