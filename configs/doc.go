// Package configs reads the one TOML file that describes a cluster.
//
// hostd calls Load when it starts; there is no reload: at SIGHUP it checks the
// file and, if that is whole, ends for its supervisor to start it again. vm-ctl
// calls Load for validate and apply. The result is a Cluster: what the engine of
// a node needs before it has met any peer (name, secret, links, timing), and the
// cib.Configuration that the members then share.
//
// Load promises that a Cluster it returns is whole: every key is known, every
// value has the right type and makes sense, every id that is named exists and
// none exists twice. Otherwise it returns Errors with all that is wrong, each
// with file, line, key and, where there is one, the nearest valid name, and no
// Cluster at all.
//
// How a file is read:
//
//  1. The TOML library decodes it to plain maps; a syntax error ends here.
//  2. scan (position.go) notes where each key stands, because the library
//     does not say.
//  3. decoder (decode.go) fills the table structs from the maps by their
//     tags. A table struct is the schema: one kind of table, one file. Its
//     comments are the reference manual (docs/configuration.md is made from
//     them by the package's test).
//  4. Each table's check method looks at what one table cannot have together;
//     names (reference.go) matches what is named with what exists.
//  5. Only without an error are the tables built into a cib.Configuration,
//     whose own Validate has the last word (checkBuilt).
//
// The tags of a schema field:
//
//	toml:"name"       the key
//	alias:"name"      another name of the key
//	default:"text"    the value when the key is absent
//	required:"true"   absence is an error
//	is:"kind"         for strings: what the text must be (see kinds in value.go)
//	enum:"a|b"        for strings: the only values
//	id:"space"        the value names a new thing of that name space
//	ref:"space"       the value, or each of a list, must be a name of that space
//	min, max          bounds of integers
package configs
