package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"kvmha/configs"
)

func newValidate(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE",
		Short: "Check a configuration file and name every mistake in it",
		Long: `Reads the file as apply does, and shows all that is wrong, each with file, line and key. It asks no daemon, so it
also works on a machine that is no member.`,
		Example: "  vm-ctl validate /etc/kvmha/cluster.toml",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, given []string) error {
			c, err := a.load(given[0])
			if err != nil {
				return err
			}
			a.say("%s: cluster %q is fine: %s, %s, %s", given[0], c.Name,
				count(len(c.Nodes), "node"), count(len(c.Config.Resources), "resource"), count(constraints(c), "constraint"))
			return nil
		},
	}
}

// load reads a configuration, shows its warnings, and turns its errors into one
// that counts them.
func (a *app) load(path string) (*configs.Cluster, error) {
	c, err := configs.Load(path)
	var all configs.Errors
	if errors.As(err, &all) {
		return nil, fmt.Errorf("%s is not usable, %s:\n%w", path, count(len(all), "mistake"), all)
	}
	if err != nil {
		return nil, err
	}
	for _, w := range c.Warnings {
		a.warn("warning: %s", w)
	}
	return c, nil
}

func constraints(c *configs.Cluster) int {
	cfg := &c.Config
	return len(cfg.Locations) + len(cfg.Colocations) + len(cfg.Orders) + len(cfg.Tickets)
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
