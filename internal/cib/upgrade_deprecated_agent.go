package cib

import (
	"fmt"
	"strings"
)

var agentReplacements = map[string][]replacement{
	"pcmk_list_cmd":    {{name: "pcmk_list_action"}},
	"pcmk_monitor_cmd": {{name: "pcmk_monitor_action"}},
	"pcmk_off_cmd":     {{name: "pcmk_off_action"}},
	"pcmk_on_cmd":      {{name: "pcmk_on_action"}},
	"pcmk_reboot_cmd":  {{name: "pcmk_reboot_action"}},
	"pcmk_status_cmd":  {{name: "pcmk_status_action"}},
	"pcmk_arg_map":     {{why: "only the renaming of port can be kept, as pcmk_host_argument"}},
}

// isolated disables a resource that ran in an isolation wrapper, as the
// reference does: outside of one it is not what its administrator wanted.
var isolated = []replacement{{name: "target-role", value: "Stopped"}}

var metaReplacements = map[string][]replacement{
	"isolation":                   isolated,
	"isolation-host":              isolated,
	"isolation-instance":          isolated,
	"isolation-wrapper":           isolated,
	"resource-failure-stickiness": immediateMove(""),
	"resource_failure_stickiness": immediateMove(""),
}

// upgradeAgentOptions replaces what a primitive's or template's own sets hold.
func (u *upgrader) upgradeAgentOptions(r *element) {
	for set := range r.each("instance_attributes") {
		for nv := range set.each("nvpair") {
			u.upgradeArgumentMap(nv)
		}
		u.replacePairs(set, agentReplacements)
	}
	for set := range r.each("meta_attributes") {
		u.replacePairs(set, metaReplacements)
	}
}

// upgradeArgumentMap keeps the one use of pcmk_arg_map that has a successor: a
// fence agent that calls the victim something other than "port".
func (u *upgrader) upgradeArgumentMap(nv *element) {
	argument, port := strings.CutPrefix(nv.get("value"), "port:")
	if nv.get("name") != "pcmk_arg_map" || !port || strings.Contains(argument, ",") {
		return
	}
	u.note(nv, fmt.Sprintf("pcmk_arg_map=%q", nv.get("value")), fmt.Sprintf("pcmk_host_argument=%q", argument))
	nv.set("name", "pcmk_host_argument")
	nv.set("value", argument)
}
