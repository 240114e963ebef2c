package cib

import "fmt"

// FormatVersion is written into every CIB that leaves the process. A reader
// refuses a higher major version and names both.
const FormatVersion = "1.0"

// CIB is one version of the cluster's configuration and status.
type CIB struct {
	Version      Version `json:"version"`
	ValidateWith string  `json:"validate-with,omitempty"`
	FeatureSet   string  `json:"crm_feature_set,omitempty"`
	// HaveQuorum and DC describe the partition that wrote this version.
	HaveQuorum bool `json:"have-quorum"`
	// QuorumPanic (no-quorum-panic in XML): this partition had quorum before,
	// so no-quorum-policy=suicide applies now that it has lost it.
	QuorumPanic bool   `json:"no-quorum-panic,omitempty"`
	DC          string `json:"dc-uuid,omitempty"`
	// ExecutionDate (Unix seconds, 0 = unset) is the moment a saved input was
	// made; policy takes it as "now" unless it is told another.
	ExecutionDate int64         `json:"execution-date,omitempty"`
	Config        Configuration `json:"configuration"`
	Status        Status        `json:"status"`
}

// Version orders CIBs: a merge keeps the greater one. AdminEpoch is set by
// administrators; Term is the election term of the last DC that wrote with
// quorum, so that a change which never reached a quorum loses against one that
// did; Epoch counts configuration changes, NumUpdates status changes since.
type Version struct {
	AdminEpoch uint64 `json:"admin_epoch"`
	Term       uint64 `json:"term,omitempty"`
	Epoch      uint64 `json:"epoch"`
	NumUpdates uint64 `json:"num_updates"`
}

// Compare returns -1, 0 or 1 as v is older than, equal to or newer than o.
func (v Version) Compare(o Version) int {
	for _, d := range [...][2]uint64{
		{v.AdminEpoch, o.AdminEpoch}, {v.Term, o.Term}, {v.Epoch, o.Epoch}, {v.NumUpdates, o.NumUpdates},
	} {
		if d[0] < d[1] {
			return -1
		}
		if d[0] > d[1] {
			return 1
		}
	}
	return 0
}

// String prints the version as Pacemaker does: admin_epoch.epoch.num_updates.
func (v Version) String() string {
	return fmt.Sprintf("%d.%d.%d", v.AdminEpoch, v.Epoch, v.NumUpdates)
}

// Configuration is everything an administrator writes.
type Configuration struct {
	// Properties are the cluster options (cluster_property_set), RscDefaults
	// and OpDefaults the defaults of resources' meta-attributes and of
	// operations. Several sets of one kind are ordered by score.
	Properties  []NVSet      `json:"crm_config,omitempty"`
	RscDefaults []NVSet      `json:"rsc_defaults,omitempty"`
	OpDefaults  []NVSet      `json:"op_defaults,omitempty"`
	Nodes       []Node       `json:"nodes,omitempty"`
	Resources   []*Resource  `json:"resources,omitempty"`
	Templates   []*Resource  `json:"templates,omitempty"`
	Locations   []Location   `json:"locations,omitempty"`
	Colocations []Colocation `json:"colocations,omitempty"`
	Orders      []Order      `json:"orders,omitempty"`
	Tickets     []RscTicket  `json:"tickets,omitempty"`
	// Mixed are the ids of colocations, orders and tickets as InOrder visits
	// them, unless one kind simply follows the other. What it does not name comes
	// last.
	Mixed   []string       `json:"constraint-order,omitempty"`
	Fencing []FencingLevel `json:"fencing-topology,omitempty"`
	Tags    []Tag          `json:"tags,omitempty"`
	Alerts  []Alert        `json:"alerts,omitempty"`
	ACLs    ACLs           `json:"acls,omitzero"`
}

// NVSet is a block of name/value pairs that may depend on a rule
// ("Pacemaker Explained, Rules"). A set with a higher Score is consulted first.
type NVSet struct {
	ID    string `json:"id"`
	Score Score  `json:"score,omitempty"`
	Rule  *Rule  `json:"rule,omitempty"`
	Pairs []NV   `json:"nvpairs,omitempty"`
	// IDRef is the id of the set whose pairs this one uses instead of its own.
	IDRef string `json:"id-ref,omitempty"`
}

// NV is one name and its value.
type NV struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Get returns the value of name in the set, and whether it is there.
func (s *NVSet) Get(name string) (string, bool) {
	for _, p := range s.Pairs {
		if p.Name == name {
			return p.Value, true
		}
	}
	return "", false
}

// Node is a node's place in the configuration ("Pacemaker Explained, Cluster
// Nodes"). Type is "member" (the default), "remote" or "ping".
type Node struct {
	ID          string  `json:"id"`
	Uname       string  `json:"uname"`
	Type        string  `json:"type,omitempty"`
	Attributes  []NVSet `json:"instance_attributes,omitempty"`
	Utilization []NVSet `json:"utilization,omitempty"`
	// Score is what every resource starts with on this node.
	Score Score `json:"score,omitempty"`
}

// Tag groups ids under one name that constraints can use.
type Tag struct {
	ID   string   `json:"id"`
	Refs []string `json:"refs"`
}

// Alert is a script that is told about events.
type Alert struct {
	ID          string      `json:"id"`
	Path        string      `json:"path"`
	Description string      `json:"description,omitempty"`
	Params      []NVSet     `json:"instance_attributes,omitempty"`
	Meta        []NVSet     `json:"meta_attributes,omitempty"`
	Recipients  []Recipient `json:"recipients,omitempty"`
	// Select narrows the events; nil = all but changed node attributes.
	Select *AlertSelect `json:"select,omitempty"`
}

// AlertSelect names the kinds of events that an alert is for ("Pacemaker
// Explained, Alert Filters"). With AnyAttribute and no Attributes, changes of
// all node attributes are meant, else of those.
type AlertSelect struct {
	Fencing      bool              `json:"fencing,omitempty"`
	Nodes        bool              `json:"nodes,omitempty"`
	Resources    bool              `json:"resources,omitempty"`
	AnyAttribute bool              `json:"attributes,omitempty"`
	Attributes   []SelectAttribute `json:"attribute,omitempty"`
}

// SelectAttribute is the name of one node attribute.
type SelectAttribute struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Recipient is one destination of an alert: the script runs once for each,
// with Value as CRM_alert_recipient.
type Recipient struct {
	ID     string  `json:"id"`
	Value  string  `json:"value"`
	Params []NVSet `json:"instance_attributes,omitempty"`
	Meta   []NVSet `json:"meta_attributes,omitempty"`
}

// FencingLevel names the devices that together fence a target at one level
// ("Pacemaker Explained, Fencing Topologies"). Exactly one of Target,
// TargetPattern and TargetAttr is set. Index is 1 to 9; lower levels go first.
type FencingLevel struct {
	ID            string   `json:"id"`
	Target        string   `json:"target,omitempty"`
	TargetPattern string   `json:"target-pattern,omitempty"`
	TargetAttr    string   `json:"target-attribute,omitempty"`
	TargetValue   string   `json:"target-value,omitempty"`
	Index         int      `json:"index"`
	Devices       []string `json:"devices"`
}
