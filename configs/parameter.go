package configs

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// parameters are those of agents' parameters whose values can be judged
// without the agent, by the agent's type: whoever writes them means the same
// in every provider's agent. Any other parameter is the agent's own affair.
var parameters = map[string]map[string]parameter{
	"IPaddr2":       {"ip": {"an IP address", isAddress}, "cidr_netmask": {"a number of bits from 0 to 128, or a netmask", isNetmask}},
	"IPaddr":        {"ip": {"an IP address", isAddress}, "cidr_netmask": {"a number of bits from 0 to 128, or a netmask", isNetmask}},
	"VirtualDomain": {"config": {"an absolute path", kinds["path"].valid}},
}

type parameter struct {
	want  string
	valid func(text string) bool
}

// checkParameters finds values that the agent would refuse only when the
// resource is started, which is too late.
func (t *resourceTable) checkParameters(p *problems) {
	agent := strings.Split(t.Agent, ":")
	known := parameters[agent[len(agent)-1]]
	for _, name := range slices.Sorted(maps.Keys(t.Params)) {
		if rule, ok := known[name]; ok && !rule.valid(t.Params[name]) {
			p.add(join(t.key("params"), name), "%q is not %s", t.Params[name], rule.want)
		}
	}
}

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

func isNetmask(text string) bool {
	bits, err := strconv.Atoi(text)
	return err == nil && bits >= 0 && bits <= 128 || err != nil && isAddress(text)
}
