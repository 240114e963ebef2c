package configs

import "embed"

// Examples are the example clusters of this folder, by file name. The lab runs
// them, so that what the documentation shows is what is tested.
//
//go:embed two-hosts.toml three-hosts.toml
var Examples embed.FS
