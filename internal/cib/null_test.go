package cib

import (
	"encoding/json"
	"testing"
)

func TestAResourceThatIsNullIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"resources": [{"id": "a", "kind": "primitive"}, null]}`:                            `number 2 of the resources is null: remove it`,
		`{"templates": [null]}`:                                                              `number 1 of the templates is null: remove it`,
		`{"resources": [{"id": "g", "kind": "group", "children": [null]}]}`:                  `number 1 of the children of group "g" is null: remove it`,
		`{"resources": [{"id": "g", "kind": "group", "children": [{"id": "a"}]}, {"id":5}]}`: `json: cannot unmarshal number into Go struct field configuration.resources.id of type string`,
	} {
		var c Configuration
		if err := json.Unmarshal([]byte(text), &c); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	var c Configuration
	if err := json.Unmarshal([]byte(`{"resources": [{"id": "g", "children": [{"id": "a"}]}]}`), &c); err != nil || c.Resources[0].Children[0].ID != "a" {
		t.Errorf("%v, %+v", err, c)
	}
}
