package sim

import (
	"fmt"
	"slices"
	"strings"

	"kvmha/internal/cib"
	"kvmha/internal/node"
)

// describeEvent is one readable line about an event.
func describeEvent(ev node.Event) string {
	switch e := ev.(type) {
	case node.ViewChanged:
		var all []string
		for _, m := range e.View.Members {
			text := m.Incarnation + "/" + m.BootID
			if m.Left {
				text += "(left)"
			}
			all = append(all, text)
		}
		text := "view " + strings.Join(all, " ")
		if e.View.Starved {
			text += fmt.Sprintf(" starved %d ms", e.View.GapMS)
		}
		return text
	case node.PeerMessage:
		return fmt.Sprintf("from %s %s", e.From, e.Body)
	case node.OperationDone:
		return fmt.Sprintf("done %s: %v %v %s", describeOperation(e.Operation), e.Result.Status, e.Result.RC, e.Result.ExitReason)
	case node.ClientRequest:
		return fmt.Sprintf("client %d %s %s", e.ID, e.Verb, e.Args)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T%+v", ev, ev), "node.")
}

// describeEffect is one readable line about an effect.
func describeEffect(effect node.Effect) string {
	switch e := effect.(type) {
	case node.Send:
		return fmt.Sprintf("to %s %s", e.To, e.Body)
	case node.Persist:
		return fmt.Sprintf("persist %d %s", e.Seq, e.Data)
	case node.Archive:
		return fmt.Sprintf("archive %s %s", e.Name, e.Data)
	case node.RunOperation:
		return fmt.Sprintf("run %s because %s", describeOperation(e.Operation), e.Operation.Cause)
	case node.Fence:
		return fmt.Sprintf("fence %d: %s %s (delay %d ms) because %s", e.ID, e.Action, e.Target, e.DelayMS, e.Cause)
	case node.Reply:
		return fmt.Sprintf("reply %d %q %s", e.ID, e.Error, e.Body)
	case node.Announce:
		text := "announce " + e.Name
		for _, f := range e.Fields {
			text += " " + f.Name + "=" + f.Value
		}
		return text
	}
	return strings.TrimPrefix(fmt.Sprintf("%T%+v", effect, effect), "node.")
}

func describeOperation(op cib.Operation) string {
	text := fmt.Sprintf("#%d %s %s", op.ID, op.Resource, op.Name)
	if op.Interval > 0 {
		text += fmt.Sprintf(" every %v", op.Interval)
	}
	if target := op.MetaValue("migrate_target"); target != "" {
		text += " to " + target
	}
	if op.Force {
		text += " by force"
	}
	return text
}

// clip shortens a text for a log line.
func clip(text string, n int) string {
	if len(text) > n {
		return text[:n] + "…"
	}
	return text
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
