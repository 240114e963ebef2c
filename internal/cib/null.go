package cib

import (
	"encoding/json"
	"fmt"
	"slices"
)

// A resource that is null means nothing, and whoever walks the tree would
// stumble over it. JSON from elsewhere (a state file edited by hand, a request)
// may hold one, so it is refused where it is read.

// UnmarshalJSON refuses resources and templates that are null.
func (c *Configuration) UnmarshalJSON(text []byte) error {
	type configuration Configuration
	if err := json.Unmarshal(text, (*configuration)(c)); err != nil {
		return err
	}
	if err := refuseNull("resources", c.Resources); err != nil {
		return err
	}
	return refuseNull("templates", c.Templates)
}

// UnmarshalJSON refuses children that are null.
func (r *Resource) UnmarshalJSON(text []byte) error {
	type resource Resource
	if err := json.Unmarshal(text, (*resource)(r)); err != nil {
		return err
	}
	return refuseNull(fmt.Sprintf("children of %s %q", r.Kind, r.ID), r.Children)
}

func refuseNull(list string, resources []*Resource) error {
	if i := slices.Index(resources, nil); i >= 0 {
		return fmt.Errorf("number %d of the %s is null: remove it", i+1, list)
	}
	return nil
}
