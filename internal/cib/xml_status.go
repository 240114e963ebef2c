package cib

import "strconv"

func status(c *codec, s *Status) {
	c.section("tickets", false, func(c *codec) { each(c, "ticket_state", &s.Tickets, ticketState) })
	each(c, "node_state", &s.Nodes, nodeState)
	each(c, "kvmha-intent", &s.Intents, intent)
	each(c, "kvmha-guest-fence", &s.GuestFences, guestFence)
	c.skip("lrm", "operation history outside a node_state belongs to no node")
}

func ticketState(c *codec, t *TicketState) {
	c.need("id", &t.ID)
	c.flag("granted", &t.Granted)
	c.flag("standby", &t.Standby)
	number(c, "last-granted", &t.LastGranted, false)
	c.rest(&t.Attrs)
}

func nodeState(c *codec, n *NodeState) {
	c.need("id", &n.ID)
	c.str("uname", &n.Uname)
	presence(c, "in_ccm", &n.InCCM, &n.HasInCCM, "true", "false")
	presence(c, "crmd", &n.Crmd, &n.HasCrmd, "online", "offline")
	c.str("join", &n.Join)
	c.str("expected", &n.Expected)
	c.flag("remote_node", &n.RemoteNode)
	c.str("node_fenced", &n.NodeFenced)
	c.str("kvmha-power-on", &n.PowerOn)
	c.str("node_in_maintenance", &n.InMaintenance)
	c.str("kvmha-incarnation", &n.Incarnation)
	c.str("kvmha-boot-id", &n.BootID)
	c.ignore("crm-debug-origin", "ha", "shutdown", "clear_shutdown")
	c.section("transient_attributes", false, func(c *codec) {
		if !c.decoding && len(n.Attributes) > 0 {
			c.e.setAttr("id", n.ID)
		}
		each(c, "instance_attributes", &n.Attributes, nvset)
	})
	c.section("lrm", false, func(c *codec) {
		if c.decoding || len(n.History) > 0 {
			if !c.decoding {
				c.e.setAttr("id", n.ID)
			}
			c.section("lrm_resources", true, func(c *codec) { each(c, "lrm_resource", &n.History, history) })
		}
	})
}

// presence moves what older inputs write as words, and newer ones as the time
// since when (0 = not), into a flag and whether it was said at all.
func presence(c *codec, name string, p, said *bool, yes, no string) {
	if !c.decoding {
		switch {
		case *p:
			c.e.setAttr(name, yes)
		case *said:
			c.e.setAttr(name, no)
		}
		return
	}
	v, ok := c.e.attr(name)
	if !ok {
		return
	}
	*said = true
	if v == yes {
		*p = true
	} else if since, err := strconv.ParseInt(v, 10, 64); err == nil {
		*p = since > 0
	} else if b, err := ParseBool(v); err == nil {
		*p = b
	}
}

// intent and guestFence are kvmha's own; Pacemaker's tools overlook them.
func intent(c *codec, i *Intent) {
	c.need("id", &i.ID)
	c.need("rsc", &i.Resource)
	c.str("node", &i.Node)
	c.str("from", &i.From)
	c.str("author", &i.Author)
	number(c, "created", &i.Created, true)
	number(c, "expires", &i.Expires, false)
	state := string(i.State)
	c.need("state", &state)
	i.State = IntentState(state)
	c.str("reason", &i.Reason)
}

func guestFence(c *codec, g *GuestFence) {
	c.need("vm", &g.VM)
	c.need("request", &g.Request)
	c.need("target", &g.Target)
	c.need("action", &g.Action)
	number(c, "created", &g.Created, true)
	c.flag("done", &g.Done)
	c.str("error", &g.Error)
}

func history(c *codec, h *ResourceHistory) {
	c.need("id", &h.ID)
	c.str("class", &h.Class)
	c.str("provider", &h.Provider)
	c.str("type", &h.Type)
	c.str("container", &h.Container)
	c.str("shutdown-lock", &h.ShutdownLock)
	c.share(&h.ID, &h.Class, &h.Provider, &h.Type)
	each(c, "lrm_rsc_op", &h.Ops, opHistory)
}

func opHistory(c *codec, o *OpHistory) {
	c.need("id", &o.ID)
	c.str("operation_key", &o.OperationKey)
	c.need("operation", &o.Operation)
	c.str("crm_feature_set", &o.FeatureSet)
	c.str("transition-key", &o.TransitionKey)
	c.str("transition-magic", &o.Magic)
	c.str("exit-reason", &o.ExitReason)
	c.str("on_node", &o.OnNode)
	c.share(&o.Operation, &o.OnNode)
	number(c, "call-id", &o.CallID, true)
	number(c, "rc-code", &o.RC, true)
	number(c, "op-status", &o.Status, true)
	number(c, "interval", &o.IntervalMS, true)
	number(c, "last-run", &o.LastRun, false)
	number(c, "last-rc-change", &o.LastRCChange, o.ZeroRCChange)
	if c.decoding && o.LastRCChange == 0 {
		_, o.ZeroRCChange = c.e.attr("last-rc-change")
	}
	number(c, "exec-time", &o.ExecTimeMS, false)
	number(c, "queue-time", &o.QueueTimeMS, false)
	c.str("op-digest", &o.OpDigest)
	c.str("op-force-restart", &o.RestartList)
	c.str("op-restart-digest", &o.RestartDigest)
	c.str("op-secure-params", &o.SecureList)
	c.str("op-secure-digest", &o.SecureDigest)
	c.str("migrate_source", &o.MigrateSource)
	c.str("migrate_target", &o.MigrateTarget)
	c.ignore("crm-debug-origin", "migrate_from", "last_run", "last_rc_change", "exec_time", "queue_time")
}
