package main

import (
	"slices"

	"kvmha/internal/cib"
)

// mayMigrate tells whether a resource may be migrated live: the first of its own
// meta attributes, its template's, those of the group or clone around it and the
// defaults that sets allow-migrate decides, as for the scheduler.
func mayMigrate(conf *cib.Configuration, id string) bool {
	for _, sets := range metaSources(conf, id) {
		for _, set := range sets {
			meant := referred(conf, set)
			if text, ok := meant.Get("allow-migrate"); ok {
				allowed, err := cib.ParseBool(text)
				return err == nil && allowed
			}
		}
	}
	return false
}

// metaSources are the sets that a resource has its meta attributes from, the
// strongest first.
func metaSources(conf *cib.Configuration, id string) [][]cib.NVSet {
	parents := map[string]*cib.Resource{}
	for _, root := range conf.Resources {
		root.Walk(func(r, parent *cib.Resource) { parents[r.ID] = parent })
	}
	var sources [][]cib.NVSet
	for r := conf.FindResource(id); r != nil; r = parents[r.ID] {
		sources = append(sources, r.Meta)
		if t := conf.FindResource(r.Template); r.Template != "" && t != nil {
			sources = append(sources, t.Meta)
		}
	}
	return append(sources, conf.RscDefaults)
}

// referred is the set that another one uses in its place by id-ref.
func referred(conf *cib.Configuration, set cib.NVSet) cib.NVSet {
	if set.IDRef == "" {
		return set
	}
	all := slices.Clone(conf.RscDefaults)
	for _, root := range conf.Resources {
		root.Walk(func(r, _ *cib.Resource) { all = append(all, r.Meta...) })
	}
	for _, other := range all {
		if other.ID == set.IDRef {
			return other
		}
	}
	return set
}
