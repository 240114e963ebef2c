package policy

// StepKind names what an administrator, or time, would have to do.
type StepKind string

// The steps that remedies are made of. vm-ctl puts them as the commands that do
// them, or as what to write into the configuration.
const (
	StepOnline     StepKind = "node-online"       // end the standby of Node
	StepNodeBack   StepKind = "node-back"         // Node must come (back) into the cluster
	StepAttribute  StepKind = "node-attribute"    // node attribute Name of Node must be Value
	StepValue      StepKind = "attribute-value"   // node attribute Name of Node must be Value, so that a rule does not hold
	StepHealth     StepKind = "node-health"       // Node must become healthy
	StepCleanup    StepKind = "cleanup"           // forget the failures of Resource
	StepStart      StepKind = "start"             // target-role of Resource must be Started
	StepMeta       StepKind = "meta"              // meta-attribute Name of Resource must be Value
	StepProperty   StepKind = "property"          // cluster option Name must be Value
	StepMove       StepKind = "move"              // ask for Resource to be moved to Node
	StepRemove     StepKind = "remove-constraint" // the constraint ID must go
	StepAllow      StepKind = "allow"             // a location constraint must allow Node for Resource
	StepGrant      StepKind = "grant-ticket"      // the site must get ticket ID
	StepActivate   StepKind = "activate-ticket"   // ticket ID must leave its standby
	StepQuorum     StepKind = "quorum"            // this partition must get quorum
	StepPrefer     StepKind = "prefer"            // a location constraint must want Node for Resource, in role Value if any
	StepScore      StepKind = "promotion-score"   // the agent of Resource must rate Node with Value (node attribute Name)
	StepCapacity   StepKind = "capacity"          // Node must have Value of what utilization calls Name
	StepStop       StepKind = "stop"              // target-role of Resource must be Stopped
	StepDevice     StepKind = "fencing-device"    // there must be a fencing device, for Node if it is given
	StepStopByHand StepKind = "stop-by-hand"      // Resource must be stopped on Node, not by the cluster
	StepBundle     StepKind = "bundle"            // attribute Name of the container of bundle Resource must be Value
	StepTime       StepKind = "time"              // it must be Value (RFC 3339), with nothing else changed until then
	StepUnset      StepKind = "unset"             // attribute Name must go from the attribute set ID, which has a rule
	StepConfirm    StepKind = "confirm"           // an administrator must confirm that Node is down
)

// Step is one thing that would have to change.
type Step struct {
	Kind     StepKind `json:"kind"`
	Resource string   `json:"rsc,omitempty"`
	Node     string   `json:"node,omitempty"`
	ID       string   `json:"id,omitempty"`
	Name     string   `json:"name,omitempty"`
	Value    string   `json:"value,omitempty"`
}

// configures: the step takes a change of the configuration that no command does.
func (s Step) configures() bool {
	switch s.Kind {
	case StepMeta, StepProperty, StepRemove, StepAllow, StepPrefer, StepCapacity, StepDevice, StepBundle, StepAttribute, StepUnset:
		return true
	}
	return false
}
