package cib

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// shape is what the schemas allow of one kind of element, all versions taken
// together: Pacemaker's own check, too, takes the first schema that fits.
type shape struct {
	// attrs are the attributes, as NAME, NAME:TYPE, and with "!" behind the
	// name where it is required; an element with id-ref needs no other.
	attrs string
	// kids are the elements inside: NAME any number of times, NAME? at most
	// once, NAME! exactly once, NAME+ at least once.
	kids string
	// one names those of kids of which there is exactly one in all.
	one string
	// way names those of attrs of which there is exactly one.
	way string
}

const (
	nvsetAttrs     = "id!:id id-ref:ref score:score"
	nvsetKids      = "rule? nvpair"
	agentSets      = " meta_attributes instance_attributes"
	containerAttrs = "image! replicas:whole replicas-per-host:whole masters:whole promoted-max:whole run-command network options"
	agentAttrs     = "id!:id description class:class provider type"
	pairOfActions  = "first-action:action then-action:action first-instance:whole then-instance:whole"
)

// shapes are the elements of the configuration (Pacemaker's RELAX NG schemas,
// pacemaker-1.0 to pacemaker-next). Those that are not here are not looked into.
var shapes = map[string]shape{
	"cib": {attrs: "validate-with crm_feature_set admin_epoch!:count epoch!:count num_updates!:count have-quorum:bool no-quorum-panic:bool " +
		"dc-uuid execution-date remote-tls-port:count remote-clear-port:count cib-last-written update-origin update-client update-user",
		kids: "configuration? status?"},
	"configuration": {kids: "crm_config! nodes! resources! constraints! rsc_defaults? op_defaults? fencing-topology? acls? tags? alerts?"},

	"crm_config":           {kids: "cluster_property_set"},
	"cluster_property_set": {attrs: nvsetAttrs, kids: nvsetKids},
	"meta_attributes":      {attrs: nvsetAttrs, kids: nvsetKids},
	"instance_attributes":  {attrs: nvsetAttrs, kids: nvsetKids},
	"utilization":          {attrs: nvsetAttrs, kids: nvsetKids},
	"nvpair":               {attrs: "id!:id id-ref:ref name value"},
	"rsc_defaults":         {kids: "meta_attributes"},
	"op_defaults":          {kids: "meta_attributes"},
	"nodes":                {kids: "node"},
	"node":                 {attrs: "id! uname! type:node description score:score", kids: "instance_attributes utilization"},

	"resources":       {kids: "primitive template group clone master bundle"},
	"primitive":       {attrs: agentAttrs + " template:ref", kids: "operations? utilization" + agentSets},
	"template":        {attrs: agentAttrs, kids: "operations? utilization" + agentSets},
	"group":           {attrs: "id!:id description", kids: "primitive+" + agentSets},
	"clone":           {attrs: "id!:id description", kids: "primitive group" + agentSets, one: "primitive group"},
	"master":          {attrs: "id!:id description", kids: "primitive group" + agentSets, one: "primitive group"},
	"bundle":          {attrs: "id!:id description", kids: "docker podman rkt network? storage? primitive?" + agentSets, one: "docker podman rkt"},
	"docker":          {attrs: containerAttrs},
	"podman":          {attrs: containerAttrs},
	"rkt":             {attrs: containerAttrs},
	"network":         {attrs: "ip-range-start control-port:whole host-interface host-netmask:whole add-host:bool", kids: "port-mapping"},
	"port-mapping":    {attrs: "id!:id port:whole internal-port:whole range", way: "port range"},
	"storage":         {kids: "storage-mapping"},
	"storage-mapping": {attrs: "id!:id source-dir source-dir-root target-dir! options", way: "source-dir source-dir-root"},
	"operations":      {attrs: "id:id id-ref:ref", kids: "op"},
	"op": {attrs: "id!:id name! interval! description timeout start-delay interval-origin enabled:bool record-pending:bool " +
		"requires:requires role:role on-fail:on-fail", kids: agentSets},

	"constraints": {kids: "rsc_location rsc_colocation rsc_order rsc_ticket"},
	"rsc_location": {attrs: "id!:id rsc:ref rsc-pattern node score:score role:role resource-discovery:discovery",
		kids: "resource_set rule lifetime?"},
	"rsc_colocation": {attrs: "id!:id rsc:ref with-rsc:ref rsc-role:role with-rsc-role:role score:score influence node-attribute " +
		"rsc-instance:whole with-rsc-instance:whole", kids: "resource_set lifetime?"},
	"rsc_order":    {attrs: "id!:id first:ref then:ref kind:kind score:score symmetrical:bool require-all:bool " + pairOfActions, kids: "resource_set lifetime?"},
	"rsc_ticket":   {attrs: "id!:id rsc:ref rsc-role:role ticket! loss-policy:loss-policy", kids: "resource_set"},
	"resource_set": {attrs: "id!:id id-ref:ref sequential:bool require-all:bool ordering:ordering action:action role:role score:score kind:kind", kids: "resource_ref+"},
	"resource_ref": {attrs: "id!:ref"},
	"lifetime":     {kids: "rule+"},

	"rule":            {attrs: "id!:id id-ref:ref boolean-op:and-or role score:score score-attribute", kids: "expression date_expression rsc_expression op_expression rule"},
	"expression":      {attrs: "id!:id attribute! operation!:comparison value value-source:source type:value-type"},
	"date_expression": {attrs: "id!:id operation!:date-check start end", kids: "date_spec? duration?"},
	"rsc_expression":  {attrs: "id!:id class provider type"},
	"op_expression":   {attrs: "id!:id name! interval"},
	"date_spec":       {attrs: "id!:id seconds minutes hours monthdays weekdays yeardays yearsdays months weeks years weekyears moon"},
	"duration":        {attrs: "id!:id seconds minutes hours days monthdays weekdays months weeks years weekyears yearsdays moon"},

	"fencing-topology": {kids: "fencing-level"},
	"fencing-level": {attrs: "id!:id target target-pattern target-attribute target-value index!:positive devices!",
		way: "target target-pattern target-attribute"},
	"tags":      {kids: "tag"},
	"tag":       {attrs: "id!:id", kids: "obj_ref+"},
	"obj_ref":   {attrs: "id!"},
	"alerts":    {kids: "alert"},
	"alert":     {attrs: "id!:id path! description", kids: "select? recipient" + agentSets},
	"recipient": {attrs: "id!:id value! description", kids: agentSets},

	"select":            {kids: "select_attributes? select_fencing? select_nodes? select_resources?"},
	"select_attributes": {kids: "attribute"},
	"select_fencing":    {},
	"select_nodes":      {},
	"select_resources":  {},
	"attribute":         {attrs: "id!:id name!"},

	"acls":           {kids: "acl_role acl_target acl_group"},
	"acl_role":       {attrs: "id!:id description", kids: "acl_permission"},
	"acl_permission": {attrs: "id!:id kind!:permission xpath reference:ref object-type attribute description", way: "xpath reference object-type"},
	"acl_target":     {attrs: "id! name", kids: "role"},
	"acl_group":      {attrs: "id!:id name", kids: "role"},
	"role":           {attrs: "id!:ref"},
}

// isSchemaBool is stricter than ParseBool: attributes take fewer words than
// options.
func isSchemaBool(value string) string {
	if !slices.Contains([]string{"true", "false", "1", "0"}, value) {
		return fmt.Sprintf("%q is neither true nor false: write true or false", value)
	}
	return ""
}

// isName accepts what XML lets be an id (Namespaces in XML, NCName).
func isName(value string) string {
	for i, r := range value {
		first := unicode.IsLetter(r) || r == '_'
		if !first && (i == 0 || !unicode.IsDigit(r) && !unicode.In(r, unicode.Mn, unicode.Mc) && r != '-' && r != '.' && r != '·') {
			return fmt.Sprintf("%q is no id: write a letter or _, then letters, digits, -, _ and .", value)
		}
	}
	if value == "" {
		return "is empty: write a letter or _, then letters, digits, -, _ and ."
	}
	return ""
}

// exactly accepts words as they are written; options take them in any case, but
// attributes do not.
func exactly(words ...string) check {
	known := oneOf(words...)
	return func(value string) string {
		if slices.Contains(words, value) {
			return ""
		}
		if wrong := known(value); wrong != "" {
			return wrong
		}
		return fmt.Sprintf("%q is written in another case than one of %s", value, strings.Join(words, ", "))
	}
}

// attrTypes check the values of attributes; "id" and "ref" are looked at apart.
var attrTypes = map[string]check{
	"":            func(string) string { return "" },
	"id":          func(string) string { return "" },
	"ref":         func(string) string { return "" },
	"action":      exactly("start", "stop", "promote", "demote"),
	"and-or":      exactly("and", "or"),
	"bool":        isSchemaBool,
	"class":       exactly(classes...),
	"comparison":  exactly("lt", "gt", "lte", "gte", "eq", "ne", "defined", "not_defined"),
	"count":       isCount,
	"date-check":  exactly("gt", "lt", "in_range", "date_spec"),
	"discovery":   exactly("always", "never", "exclusive"),
	"kind":        exactly("Mandatory", "Optional", "Serialize"),
	"loss-policy": exactly("stop", "demote", "fence", "freeze"),
	"node":        exactly("member", "normal", "ping", "remote"),
	"on-fail":     exactly("ignore", "block", "stop", "restart", "standby", "fence", "restart-container", "demote"),
	"ordering":    exactly("group", "listed"),
	"permission":  exactly("read", "write", "deny"),
	"positive":    isPositive,
	"requires":    exactly("nothing", "quorum", "fencing", "unfencing"),
	"role":        exactly("Started", "Stopped", "Promoted", "Unpromoted", "Master", "Slave"),
	"score":       isScore,
	"source":      exactly("literal", "param", "meta"),
	"value-type":  exactly("string", "integer", "number", "version"),
	"whole":       isWhole,
}
