package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kvmha/configs"
	"kvmha/internal/cib"
	"kvmha/internal/control"
)

// additions are the flags of resource add.
type additions struct {
	agent, config, activeNode, migrate string
	params, metas, ops                 []string
}

func newResourceAdd(a *app) *cobra.Command {
	var add additions
	cmd := &cobra.Command{
		Use:   "add ID[,ID...]",
		Short: "Add VMs, or a resource of any agent",
		Long: `Without --agent, each ID becomes a VM: a resource with all operations of the agent VirtualDomain, the domain's XML
at /etc/kvmha/vm/ID.xml (--config), and with --active-node a home that it prefers. With --agent, a resource of
that agent with what --param, --meta and --op give.

The change is in the cluster, not in your file: write it there too, or the next apply takes it away.`,
		Example: `  vm-ctl resource add db3 --active-node alpha
  vm-ctl resource add web1,web2 -a beta -m off
  vm-ctl resource add vip2 --agent ocf:kvmha:IPaddr2 --param ip=10.77.9.101 --op monitor,interval=10s,timeout=20s`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			ids := strings.Split(given[0], ",")
			requests := make([]control.RscAddArgs, len(ids))
			for i, id := range ids {
				var err error
				if requests[i], err = add.request(id); err != nil {
					return &usageError{err}
				}
			}
			for i, id := range ids {
				if err := a.ask(cmd.Context(), control.RscAdd, requests[i], nil); err != nil {
					return fmt.Errorf("resource %q was not added: %w", id, err)
				}
				a.say("%s is added.", id)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&add.agent, "agent", "", "the resource agent, such as ocf:heartbeat:apache (default: a VM)")
	f.StringVar(&add.config, "config", "", "path of the VM's domain XML on every host")
	f.StringVarP(&add.activeNode, "active-node", "a", "", "the host the VM prefers")
	f.StringVarP(&add.migrate, "migrate", "m", "on", "live migration of the VM: on or off")
	f.StringArrayVar(&add.params, "param", nil, "NAME=VALUE, a parameter of the agent")
	f.StringArrayVar(&add.metas, "meta", nil, "NAME=VALUE, such as priority=10")
	f.StringArrayVar(&add.ops, "op", nil, "NAME,KEY=VALUE,..., such as monitor,interval=10s,timeout=20s")
	return cmd
}

// request builds the resource by the same schema as a file's table.
func (add *additions) request(id string) (control.RscAddArgs, error) {
	table := map[string]any{"id": id}
	for key, list := range map[string][]string{"params": add.params, "meta": add.metas} {
		values, err := assignments(list)
		if err != nil {
			return control.RscAddArgs{}, fmt.Errorf("resource %q: %w", id, err)
		}
		if len(values) > 0 {
			table[key] = values
		}
	}
	if add.agent == "" {
		return add.vm(id, table)
	}
	table["agent"] = add.agent
	ops := []any{}
	for _, op := range add.ops {
		name, rest, _ := strings.Cut(op, ",")
		values, err := assignments(strings.FieldsFunc(rest, func(r rune) bool { return r == ',' }))
		if err != nil {
			return control.RscAddArgs{}, fmt.Errorf("resource %q, --op %s: %w", id, op, err)
		}
		values["name"] = name
		ops = append(ops, values)
	}
	table["op"] = ops
	r, err := configs.NewResource(table)
	return control.RscAddArgs{Resource: r}, err
}

func (add *additions) vm(id string, table map[string]any) (control.RscAddArgs, error) {
	if len(add.ops) > 0 {
		return control.RscAddArgs{}, fmt.Errorf("resource %q: --op is for resources with --agent; a VM has its operations", id)
	}
	if add.migrate != "on" && add.migrate != "off" {
		return control.RscAddArgs{}, fmt.Errorf("--migrate %q is neither on nor off", add.migrate)
	}
	table["config"] = orElse(add.config, "/etc/kvmha/vm/"+id+".xml")
	table["migrate"] = add.migrate == "on"
	if add.activeNode != "" {
		table["home"] = add.activeNode
	}
	var locations []cib.Location
	r, locations, err := configs.NewVM(table)
	return control.RscAddArgs{Resource: r, Locations: locations}, err
}

// assignments reads NAME=VALUE texts.
func assignments(list []string) (map[string]any, error) {
	out := map[string]any{}
	for _, one := range list {
		name, value, ok := strings.Cut(one, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not NAME=VALUE", one)
		}
		out[name] = value
	}
	return out, nil
}
