package configs

import (
	"reflect"

	"kvmha/internal/cib"
)

// NewVM builds a VM from the keys of a [[vm]] table, as vm-ctl resource add
// does, with the same checks and defaults as in a file. Names of other things
// (home, guest rights) are checked by the cluster that it is added to. The
// location constraints are those that the key home stands for.
func NewVM(keys map[string]any) (*cib.Resource, []cib.Location, error) {
	var t vmTable
	if err := decodeFragment("vm", keys, &t); err != nil {
		return nil, nil, err
	}
	return t.build(), t.home(), nil
}

// NewResource builds a resource from the keys of a [[resource]] table.
func NewResource(keys map[string]any) (*cib.Resource, error) {
	var t resourceTable
	if err := decodeFragment("resource", keys, &t); err != nil {
		return nil, err
	}
	return t.build(), nil
}

// decodeFragment fills the table struct that dst points to.
func decodeFragment(name string, keys map[string]any, dst any) error {
	p := &problems{where: positions{}}
	for key := range keys {
		p.where[join(name, key)] = position{}
	}
	d := &decoder{problems: p}
	d.decodeTable(name, keys, reflect.ValueOf(dst).Elem())
	if errs := p.sorted(); len(errs) > 0 {
		return errs
	}
	return nil
}
