package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kvmha/internal/cib"
	"kvmha/internal/control"
)

// ChangeReply is the body of the reply to a verb that changes the cluster.
type ChangeReply struct {
	// Version is the CIB's after the change.
	Version cib.Version `json:"version"`
	// Note says what follows, when that is not obvious.
	Note string `json:"note,omitempty"`
}

func knownVerb(v control.Verb) bool {
	return reads(v) || verbs()[v] != nil
}

// verbs are the requests that change the cluster. Each decodes its arguments
// and either submits a change or answers at once.
func verbs() map[control.Verb]func(*Core, origin, json.RawMessage) error {
	return map[control.Verb]func(*Core, origin, json.RawMessage) error{
		control.Apply:     (*Core).verbApply,
		control.RscAdd:    (*Core).verbAdd,
		control.RscDelete: (*Core).verbDelete,
		control.RscStart:  targetRole("Started"),
		control.RscStop:   targetRole("Stopped"),
		control.Move:      (*Core).verbMove,
		control.Unmove:    (*Core).verbUnmove,
		control.Standby:   standby(false),
		control.Online:    standby(true),
		control.Cleanup:   (*Core).verbCleanup,
		control.FenceNode: (*Core).verbFence,
	}
}

// asked carries a member's client request out, on the DC.
func (c *Core) asked(from string, m *askMsg) {
	if !c.office.ready {
		c.office.early = append(c.office.early, earlyAsk{from: from, ask: m})
		return
	}
	to := origin{node: from, id: m.ID}
	if reads(m.Verb) {
		body, err := c.read(m.Verb, m.Args)
		c.answer(to, body, err)
		return
	}
	verb := verbs()[m.Verb]
	if verb == nil {
		c.answer(to, nil, fmt.Errorf("verb %q is unknown to the DC %s: update it", m.Verb, c.cfg.Node))
		return
	}
	if err := verb(c, to, m.Args); err != nil {
		c.answer(to, nil, err)
	}
}

// read answers a verb that only reads.
func (c *Core) read(v control.Verb, args json.RawMessage) (json.RawMessage, error) {
	switch v {
	case control.Status:
		return mustJSON(c.status()), nil
	case control.GetCIB:
		return mustJSON(c.cib), nil
	}
	var a control.ExplainArgs
	if err := decodeArgs(args, &a); err != nil {
		return nil, err
	}
	lines, err := c.explain(a.Subject)
	return mustJSON(control.ExplainReply{Lines: lines}), err
}

func decodeArgs(args json.RawMessage, into any) error {
	if len(args) == 0 {
		return nil
	}
	if err := json.Unmarshal(args, into); err != nil {
		return fmt.Errorf("arguments are not readable: %w", err)
	}
	return nil
}

// mayChange refuses changes that could be lost: without quorum, or, unless
// early, while the other half of a cluster of two may be changing things too.
func (c *Core) mayChange(early bool) error {
	if q := c.quorum(); !q.Have && c.property("no-quorum-policy") != "ignore" {
		return &refusal{"this partition has no quorum (" + q.Why +
			"): bring more nodes back and repeat, or set no-quorum-policy=ignore if you know that the others are down"}
	}
	if disputed := c.disputed(); !early && len(disputed) > 0 {
		return &refusal{c.disputeWords(disputed[0])}
	}
	return nil
}

// submitChange makes a client's change and answers when it is on every disk.
func (c *Core) submitChange(to origin, what, note string, check func(*cib.CIB) ([]cib.Command, error)) {
	c.submit(&change{
		what: what,
		check: func(b *cib.CIB) ([]cib.Command, error) {
			if err := c.mayChange(false); err != nil {
				return nil, err
			}
			return check(b)
		},
		done: func(err error) {
			if err != nil {
				c.answer(to, nil, fmt.Errorf("%s: %w", what, err))
				return
			}
			c.answer(to, mustJSON(ChangeReply{Version: c.cib.Version, Note: note}), nil)
		},
	})
}

func (c *Core) verbApply(to origin, raw json.RawMessage) error {
	var a control.ApplyArgs
	if err := decodeArgs(raw, &a); err != nil {
		return err
	}
	what := "apply" + prefixed(" ", a.Source)
	c.submitChange(to, what, "", func(b *cib.CIB) ([]cib.Command, error) {
		if a.BaseVersion != nil && (a.BaseVersion.AdminEpoch != b.Version.AdminEpoch || a.BaseVersion.Epoch != b.Version.Epoch) {
			return nil, &refusal{fmt.Sprintf("the configuration has changed meanwhile: it is version %d.%d now, the change was made from %d.%d. Fetch it again and repeat",
				b.Version.AdminEpoch, b.Version.Epoch, a.BaseVersion.AdminEpoch, a.BaseVersion.Epoch)}
		}
		wanted := a.Config
		wanted.AdoptOperatorState(&b.Config)
		if err := wanted.Validate(); err != nil {
			return nil, &refusal{"the configuration is not whole, so nothing of it was taken: " + err.Error()}
		}
		return []cib.Command{{ReplaceConfig: &cib.ReplaceConfig{Config: wanted}}}, nil
	})
	return nil
}

func (c *Core) verbAdd(to origin, raw json.RawMessage) error {
	var a control.RscAddArgs
	if err := decodeArgs(raw, &a); err != nil {
		return err
	}
	if a.Resource == nil {
		return errors.New("no resource is given")
	}
	add := cib.AddResource{Resource: a.Resource, Locations: a.Locations, Colocations: a.Colocations, Orders: a.Orders}
	c.submitChange(to, "add resource "+a.Resource.ID, "", func(*cib.CIB) ([]cib.Command, error) {
		return []cib.Command{{AddResource: &add}}, nil
	})
	return nil
}

func (c *Core) verbDelete(to origin, raw json.RawMessage) error {
	var a control.RscArgs
	if err := decodeArgs(raw, &a); err != nil {
		return err
	}
	c.submitChange(to, "delete resource "+a.Resource, "it is stopped where it runs", func(b *cib.CIB) ([]cib.Command, error) {
		return []cib.Command{{DeleteResource: &cib.DeleteResource{ID: a.Resource}}}, nil
	})
	return nil
}

func targetRole(role string) func(*Core, origin, json.RawMessage) error {
	return func(c *Core, to origin, raw json.RawMessage) error {
		var a control.RscArgs
		if err := decodeArgs(raw, &a); err != nil {
			return err
		}
		set := cib.SetMeta{Resource: a.Resource, Name: "target-role", Value: role}
		c.submitChange(to, "target-role "+role+" for "+a.Resource, "", func(*cib.CIB) ([]cib.Command, error) {
			return []cib.Command{{SetMeta: &set}}, nil
		})
		return nil
	}
}

// verbMove makes an intent after having looked whether it can be fulfilled.
func (c *Core) verbMove(to origin, raw json.RawMessage) error {
	var a control.MoveArgs
	if err := decodeArgs(raw, &a); err != nil {
		return err
	}
	c.submitChange(to, "move "+a.Resource, "", func(b *cib.CIB) ([]cib.Command, error) {
		r := b.Config.FindResource(a.Resource)
		active := c.activeOn(a.Resource)
		switch {
		case r == nil:
			return nil, &refusal{"resource " + a.Resource + " is not in the configuration: see vm-ctl resource list"}
		case metaOf(r, "is-managed") == "false":
			return nil, &refusal{"resource " + a.Resource + " is unmanaged: set is-managed=true first"}
		case a.Node != "" && !c.joined(a.Node):
			return nil, &refusal{"node " + a.Node + " is not online: choose one of " + strings.Join(c.joinedNames(), ", ")}
		case a.Node != "" && slices.Contains(active, a.Node):
			return nil, &refusal{"resource " + a.Resource + " runs on " + a.Node + " already"}
		case len(active) == 0:
			return nil, &refusal{"resource " + a.Resource + " is not running: start it first"}
		}
		in := cib.Intent{
			ID:       "move-" + a.Resource + "-" + strconv.FormatUint(b.Version.Epoch, 10) + "." + strconv.FormatUint(b.Version.NumUpdates, 10),
			Resource: a.Resource, Node: a.Node, From: active[0], Author: "vm-ctl on " + to.node, Created: c.now.Unix(),
			Expires: c.now.Unix() + cmpOr(a.LifetimeS, 600), State: cib.IntentMoving,
		}
		return []cib.Command{{PutIntent: &in}}, nil
	})
	return nil
}

func (c *Core) verbUnmove(to origin, raw json.RawMessage) error {
	var a control.RscArgs
	if err := decodeArgs(raw, &a); err != nil {
		return err
	}
	c.submitChange(to, "unmove "+a.Resource, "", func(b *cib.CIB) ([]cib.Command, error) {
		for _, in := range b.Status.Intents {
			if in.Resource == a.Resource {
				return []cib.Command{{DropIntent: &cib.DropIntent{ID: in.ID}}}, nil
			}
		}
		return nil, &refusal{"resource " + a.Resource + " has not been moved: there is nothing to take back"}
	})
	return nil
}

func standby(online bool) func(*Core, origin, json.RawMessage) error {
	return func(c *Core, to origin, raw json.RawMessage) error {
		var a control.NodeArgs
		if err := decodeArgs(raw, &a); err != nil {
			return err
		}
		set := cib.SetNodeAttribute{Node: cmpOr(a.Node, to.node), Name: "standby", Value: "on", Remove: online}
		words := map[bool]string{false: "standby ", true: "online "}[online]
		c.submitChange(to, words+set.Node, "", func(*cib.CIB) ([]cib.Command, error) {
			return []cib.Command{{SetNodeAttribute: &set}}, nil
		})
		return nil
	}
}

// verbCleanup forgets failures and history; what is there is probed anew.
func (c *Core) verbCleanup(to origin, raw json.RawMessage) error {
	var a control.CleanupArgs
	if err := decodeArgs(raw, &a); err != nil {
		return err
	}
	want := map[string]bool{}
	if a.Resource != "" {
		r := c.cib.Config.FindResource(a.Resource)
		if r == nil {
			return &refusal{"resource " + a.Resource + " is not in the configuration: see vm-ctl resource list"}
		}
		for _, id := range primitives(r) {
			want[id] = true
		}
	}
	var cmds []cib.Command
	for _, n := range c.cib.Status.Nodes {
		for _, h := range n.History {
			if (a.Node == "" || a.Node == n.Uname) && (a.Resource == "" || want[instanceOf(h.ID)]) {
				cmds = append(cmds, cib.Command{ForgetResource: &cib.ForgetResource{Node: n.Uname, Resource: h.ID}})
			}
		}
	}
	reply := func() { c.answer(to, mustJSON(ChangeReply{Version: c.cib.Version, Note: "probed anew"}), nil) }
	if len(cmds) == 0 {
		reply()
		return nil
	}
	c.commitAcknowledged(reply, cmds...)
	c.markDirty("cleanup of " + cmpOr(a.Resource, "all resources"))
	return nil
}

// verbFence fences a node, or takes an operator's word that it is down.
func (c *Core) verbFence(to origin, raw json.RawMessage) error {
	var a control.FenceArgs
	if err := decodeArgs(raw, &a); err != nil {
		return err
	}
	action := cmpOr(a.Action, "reboot")
	known := slices.Contains(sortedKeys(c.cfg.Quorum.Votes), a.Node) || c.cib.Status.Node(a.Node) != nil
	switch {
	case !known:
		return &refusal{"node " + a.Node + " is not in the configuration: see vm-ctl status for the names"}
	case action == "confirm" && c.members.here(a.Node):
		return &refusal{"node " + a.Node + " is here and alive: it cannot be confirmed as down"}
	case action == "confirm":
		c.confirmFenced(&fenceEndMsg{Target: a.Node, Victim: c.node(a.Node).BootID, Device: "operator's word"}, to.node)
		c.answer(to, mustJSON(ChangeReply{Version: c.cib.Version}), nil)
		return nil
	case action != "off" && action != "reboot" && action != "on":
		return &refusal{fmt.Sprintf("action %q is unknown: use off, reboot, on or confirm", action)}
	}
	if busy := c.fencingOf(a.Node); action == "on" && busy != nil {
		return &refusal{"node " + a.Node + " is being fenced (" + busy.Action + "): switch it on when that has ended"}
	}
	j := c.fence(a.Node, action, "asked for by vm-ctl on "+to.node, 0, c.cfg.Timings.FenceTimeout)
	if !slices.Contains(c.office.fences, j) {
		return &refusal{"node " + a.Node + " could not be fenced: " + j.last}
	}
	j.clients = append(j.clients, to)
	return nil
}
