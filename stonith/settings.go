package stonith

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kvmha/internal/cib"
)

// Settings are the parameters of a device that are for the cluster and not for
// the agent ("Pacemaker Explained, Special Meta-Attributes for Fencing
// Resources").
type Settings struct {
	// Plugs is pcmk_host_map: what a target is called at the device.
	Plugs map[string]string
	// Hosts are the targets of pcmk_host_list and pcmk_host_map; empty: any.
	Hosts []string
	// HostCheck is pcmk_host_check. Hosts binds with "" and "static-list" only:
	// otherwise the administrator lets the device itself decide.
	HostCheck string
	// HostArgument is the agent's parameter for the plug; "" = what the agent
	// has of plug and port, "none" = give none.
	HostArgument string
	// Actions, Timeouts and Retries are pcmk_ACTION_action, pcmk_ACTION_timeout
	// and pcmk_ACTION_retries: the agent's name of an action, the limit of one
	// call, and how often it is called at most.
	Actions  map[Action]string
	Timeouts map[Action]time.Duration
	Retries  map[Action]int
}

// elsewhere are the special parameters that the core or the scheduler has
// already acted on.
var elsewhere = []string{
	"pcmk_delay_max", "pcmk_delay_base", "pcmk_action_limit",
	"provides", "priority", "stonith-timeout", "crm_feature_set", "action", "nodename",
}

// SplitParams takes the special parameters out of a device's parameters and
// returns the rest, which is the agent's. "action" and "nodename" are dropped:
// a configured one would override what the cluster asks for.
func SplitParams(params []cib.NV) (Settings, []cib.NV, error) {
	s := Settings{Plugs: map[string]string{}, Actions: map[Action]string{}, Timeouts: map[Action]time.Duration{}, Retries: map[Action]int{}}
	var own []cib.NV
	var errs []error
	for _, p := range params {
		switch {
		case slices.Contains(elsewhere, p.Name):
		case strings.HasPrefix(p.Name, "pcmk_"):
			if err := s.set(p.Name, p.Value); err != nil {
				errs = append(errs, fmt.Errorf("parameter %s=%q: %w", p.Name, p.Value, err))
			}
		default:
			own = append(own, p)
		}
	}
	return s, own, errors.Join(errs...)
}

func (s *Settings) set(name, value string) error {
	switch name {
	case "pcmk_host_list":
		s.Hosts = append(s.Hosts, words(value)...)
		return nil
	case "pcmk_host_map":
		for _, entry := range words(value) {
			node, plug, ok := strings.Cut(entry, ":")
			if !ok {
				node, plug, ok = strings.Cut(entry, "=")
			}
			if !ok || node == "" || plug == "" {
				return fmt.Errorf("write NODE:PLUG;NODE:PLUG, not %q", entry)
			}
			s.Plugs[node] = plug
			s.Hosts = append(s.Hosts, node)
		}
		return nil
	case "pcmk_host_check":
		s.HostCheck = value
		return nil
	case "pcmk_host_argument":
		s.HostArgument = value
		return nil
	}
	return s.setAction(name, value)
}

// setAction reads pcmk_ACTION_action, pcmk_ACTION_timeout, pcmk_ACTION_retries.
func (s *Settings) setAction(name, value string) error {
	action, what, _ := strings.Cut(strings.TrimPrefix(name, "pcmk_"), "_")
	known := []Action{Off, On, Reboot, Status, Monitor, List, Metadata}
	if !slices.Contains(known, Action(action)) {
		return errors.New("is no parameter of a fencing device")
	}
	var err error
	switch what {
	case "action":
		s.Actions[Action(action)] = value
	case "timeout":
		s.Timeouts[Action(action)], err = cib.ParseDuration(value)
	case "retries":
		s.Retries[Action(action)], err = strconv.Atoi(value)
	default:
		err = errors.New("is no parameter of a fencing device; known for an action are action, timeout and retries")
	}
	return err
}

// words splits a list written with blanks, commas or semicolons. A plug list
// ("node:1,2") keeps its commas.
func words(text string) []string {
	split := func(r rune) bool { return r == ' ' || r == ';' || r == '\t' || r == '\n' }
	if !strings.ContainsAny(text, ":=") {
		return strings.FieldsFunc(text, func(r rune) bool { return split(r) || r == ',' })
	}
	return strings.FieldsFunc(text, split)
}

// Plug returns what target is called at the device.
func (s Settings) Plug(target string) string {
	if plug, ok := s.Plugs[target]; ok {
		return plug
	}
	return target
}

// Serves tells whether the device is configured for target.
func (s Settings) Serves(target string) bool {
	if s.HostCheck != "" && s.HostCheck != "static-list" {
		return true
	}
	return len(s.Hosts) == 0 || slices.Contains(s.Hosts, target)
}

func (s Settings) timeout(a Action) time.Duration {
	if d := s.Timeouts[a]; d > 0 {
		return d
	}
	return DefaultTimeout
}

// tries is how often an action is called at most; Pacemaker's default is 2.
func (s Settings) tries(a Action) int {
	if n := s.Retries[a]; n > 0 {
		return n
	}
	return 2
}
