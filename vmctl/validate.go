package main

import "github.com/spf13/cobra"

func newValidate(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE",
		Short: "Check a configuration file and name every mistake in it",
		Long: `Reads the file ("-" = standard input) as apply does: the cluster's TOML, or a Pacemaker CIB as XML, of any schema since
Heartbeat 2. Shows what of a CIB was upgraded, and all that is wrong, each with file, line, element or key, and
remedy. It asks no daemon, so it also works on a machine that is no member.`,
		Example: "  vm-ctl validate /etc/kvmha/cluster.toml\n  vm-ctl validate cib.xml                  # saved with: cibadmin -Q > cib.xml",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, given []string) error {
			f, err := a.readConfig(given[0])
			if err != nil {
				return err
			}
			a.say("%s: %s", f.name, f)
			return nil
		},
	}
}
