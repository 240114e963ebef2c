package cib

import "fmt"

// Command is one change of a CIB: exactly one of its fields is set. The DC
// orders Commands and every member applies the same ones to the same CIB, so a
// Command holds everything its effect depends on, times included, and applying
// it draws on nothing else.
type Command struct {
	// Changes of the configuration (they raise Version.Epoch).
	ReplaceConfig    *ReplaceConfig    `json:"replace-config,omitempty"`
	AddResource      *AddResource      `json:"add-resource,omitempty"`
	DeleteResource   *DeleteResource   `json:"delete-resource,omitempty"`
	SetMeta          *SetMeta          `json:"set-meta,omitempty"`
	SetNodeAttribute *SetNodeAttribute `json:"set-node-attribute,omitempty"`
	// SkipEpoch raises Version.Epoch and changes nothing else.
	SkipEpoch *SkipEpoch `json:"skip-epoch,omitempty"`

	// Records that outlive a power cut.
	PutIntent     *Intent     `json:"put-intent,omitempty"`
	DropIntent    *DropIntent `json:"drop-intent,omitempty"`
	PutGuestFence *GuestFence `json:"put-guest-fence,omitempty"`

	// Changes of the status.
	SetPartition     *SetPartition    `json:"set-partition,omitempty"`
	SetMembership    *SetMembership   `json:"set-membership,omitempty"`
	ReplaceNodeState *NodeState       `json:"replace-node-state,omitempty"`
	NodeFenced       *NodeFenced      `json:"node-fenced,omitempty"`
	PoweredOn        *PoweredOn       `json:"powered-on,omitempty"`
	SetAttribute     *SetAttribute    `json:"set-attribute,omitempty"`
	RecordOperation  *OpRecord        `json:"record-operation,omitempty"`
	ForgetResource   *ForgetResource  `json:"forget-resource,omitempty"`
	ClearFailures    *ClearFailures   `json:"clear-failures,omitempty"`
	ForgetRecurring  *ForgetRecurring `json:"forget-recurring,omitempty"`
}

// Durable reports whether the change must be on every member's disk before it
// is acknowledged: configuration, intents and guest fences.
func (cmd Command) Durable() bool {
	return cmd.configures() || cmd.PutIntent != nil || cmd.DropIntent != nil || cmd.PutGuestFence != nil
}

// configures reports whether the command changes the configuration.
func (cmd Command) configures() bool {
	return cmd.ReplaceConfig != nil || cmd.AddResource != nil || cmd.DeleteResource != nil ||
		cmd.SetMeta != nil || cmd.SetNodeAttribute != nil || cmd.SkipEpoch != nil
}

// Apply returns the CIB that results from cmd. c is not changed; what cmd does
// not touch is shared. An error means that nothing was changed; it names the
// id that is missing or in the way. A configuration change raises Epoch and
// resets NumUpdates, anything else raises NumUpdates.
func Apply(c *CIB, cmd Command) (*CIB, error) {
	next := *c
	next.Status.Nodes = append([]NodeState(nil), c.Status.Nodes...)
	if err := next.apply(cmd); err != nil {
		return nil, err
	}
	if cmd.configures() {
		next.Version.Epoch++
		next.Version.NumUpdates = 0
	} else {
		next.Version.NumUpdates++
	}
	return &next, nil
}

// ApplyAll applies commands in order; after an error the result is nil and c
// is what it was.
func ApplyAll(c *CIB, cmds []Command) (*CIB, error) {
	var err error
	for _, cmd := range cmds {
		if c, err = Apply(c, cmd); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// apply changes a CIB whose Status.Nodes slice is already its own.
func (c *CIB) apply(cmd Command) error {
	switch {
	case cmd.ReplaceConfig != nil:
		c.Config = cmd.ReplaceConfig.Config
	case cmd.SkipEpoch != nil:
		c.Version.Epoch = max(c.Version.Epoch, cmd.SkipEpoch.Epoch)
	case cmd.AddResource != nil:
		return c.addResource(cmd.AddResource)
	case cmd.DeleteResource != nil:
		return c.deleteResource(cmd.DeleteResource.ID)
	case cmd.SetMeta != nil:
		return c.setMeta(cmd.SetMeta)
	case cmd.SetNodeAttribute != nil:
		return c.setNodeAttribute(cmd.SetNodeAttribute)
	case cmd.PutIntent != nil:
		c.putIntent(*cmd.PutIntent)
	case cmd.DropIntent != nil:
		return c.dropIntent(cmd.DropIntent.ID)
	case cmd.PutGuestFence != nil:
		c.putGuestFence(*cmd.PutGuestFence)
	case cmd.SetPartition != nil:
		c.setPartition(cmd.SetPartition)
	case cmd.SetMembership != nil:
		c.setMembership(cmd.SetMembership)
	case cmd.ReplaceNodeState != nil:
		*c.nodeState(cmd.ReplaceNodeState.Uname) = *cmd.ReplaceNodeState
	case cmd.NodeFenced != nil:
		c.nodeFenced(cmd.NodeFenced)
	case cmd.PoweredOn != nil:
		c.nodeState(cmd.PoweredOn.Node).PowerOn = ""
	case cmd.SetAttribute != nil:
		c.setAttribute(cmd.SetAttribute)
	case cmd.RecordOperation != nil:
		c.recordOperation(cmd.RecordOperation)
	case cmd.ForgetResource != nil:
		c.forgetResource(cmd.ForgetResource)
	case cmd.ClearFailures != nil:
		c.clearFailures(cmd.ClearFailures)
	case cmd.ForgetRecurring != nil:
		c.forgetRecurring(cmd.ForgetRecurring)
	default:
		return fmt.Errorf("command has no known change: it was written by a newer version, update this node")
	}
	return nil
}
