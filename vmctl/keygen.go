package main

import (
	"github.com/spf13/cobra"

	"kvmha/internal/cluster/secret"
)

func newKeygen(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "keygen [FILE]",
		Short: "Make the cluster's shared secret",
		Long: `Makes a new secret, readable by root only, and refuses to replace one that is there. Copy the file to every
node over a safe way; nodes with another secret are turned away.`,
		Example: "  vm-ctl keygen\n  vm-ctl keygen /root/new-secret\n  scp -p /etc/kvmha/secret beta:/etc/kvmha/secret",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, given []string) error {
			path := secret.DefaultPath
			if len(given) == 1 {
				path = given[0]
			}
			if err := secret.Generate(path); err != nil {
				return err
			}
			key, err := secret.Load(path)
			if err != nil {
				return err
			}
			fingerprint, err := secret.Fingerprint(key)
			if err != nil {
				return err
			}
			a.say("%s: new secret, fingerprint %s", path, fingerprint)
			a.say("Copy it to the same path on every other node, mode 0600.")
			return nil
		},
	}
}
