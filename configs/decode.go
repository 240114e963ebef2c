package configs

import (
	"net/netip"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"kvmha/internal/cib"
)

// table is embedded in every table struct and remembers where it was read.
type table struct{ path string }

func (t *table) locate(path string) { t.path = path }

// key returns the path of one of the table's keys.
func (t *table) key(name string) string { return join(t.path, name) }

// checked is a table that looks at its keys together, once they are decoded.
type checked interface{ check(p *problems) }

// decoder fills table structs from what the TOML library has read. It goes on
// after an error, leaving the field zero, so that all errors come at once.
type decoder struct {
	*problems
	names names
}

// decodeTable fills dst, a pointer to a table struct, from raw.
func (d *decoder) decodeTable(path string, raw map[string]any, dst reflect.Value) {
	dst.Addr().Interface().(interface{ locate(string) }).locate(path)
	known := []string{}
	for _, f := range schemaOf(dst.Type()) {
		known = append(known, f.name)
		key := f.name
		if alias := f.tag.Get("alias"); alias != "" {
			known = append(known, alias)
			key = d.oneOf(path, raw, f.name, alias)
		}
		value, there := raw[key]
		switch {
		case there:
			d.decodeField(join(path, key), value, f, dst.Field(f.index))
		case f.tag.Get("required") == "true":
			d.add(path, "%s lacks %s", d.describe(path), f.written(dst.Field(f.index).Type()))
		default:
			d.fillDefault(f, dst.Field(f.index))
		}
	}
	for key := range raw {
		if !slices.Contains(known, key) {
			d.add(join(path, key), "unknown key %s in %s%s", quoted(key), d.describe(path), didYouMean(key, known))
		}
	}
	if t, ok := dst.Addr().Interface().(checked); ok {
		t.check(d.problems)
	}
}

// oneOf returns which of a key's two names a table has.
func (d *decoder) oneOf(path string, raw map[string]any, name, alias string) string {
	_, hasName := raw[name]
	_, hasAlias := raw[alias]
	if hasName && hasAlias {
		d.add(join(path, alias), "is the new name of %s: write one of them", name)
	}
	if hasAlias {
		return alias
	}
	return name
}

// describe names a table as it is written: [cluster], [[node]].
func (d *decoder) describe(path string) string {
	if path == "" {
		return "the file"
	}
	name, isElement := path, strings.HasSuffix(path, "]")
	for {
		open := strings.IndexByte(name, '[')
		if open < 0 {
			break
		}
		name = name[:open] + name[open+strings.IndexByte(name[open:], ']')+1:]
	}
	if isElement {
		return "[[" + name + "]]"
	}
	return "[" + name + "]"
}

// fillDefault sets the default of an absent key; of an absent table, the
// defaults of its keys.
func (d *decoder) fillDefault(f field, dst reflect.Value) {
	if dst.Kind() == reflect.Struct && dst.Type() != addrType {
		for _, inner := range schemaOf(dst.Type()) {
			d.fillDefault(inner, dst.Field(inner.index))
		}
		return
	}
	text, ok := f.tag.Lookup("default")
	if !ok {
		return
	}
	var value any = text
	switch dst.Kind() {
	case reflect.Bool:
		value = text == "true"
	case reflect.Int:
		n, _ := strconv.ParseInt(text, 10, 64)
		value = n
	}
	d.decodeField(f.name, value, f, dst)
}

var (
	addrType     = reflect.TypeFor[netip.Addr]()
	durationType = reflect.TypeFor[time.Duration]()
	scoreType    = reflect.TypeFor[cib.Score]()
)

// decodeField stores one value, after checking it, in dst.
func (d *decoder) decodeField(path string, value any, f field, dst reflect.Value) {
	switch {
	case dst.Type() == durationType:
		if v, ok := d.duration(path, value); ok {
			dst.SetInt(int64(v))
		}
	case dst.Type() == scoreType:
		if v, ok := d.score(path, value); ok {
			dst.SetInt(int64(v))
		}
	case dst.Type() == addrType:
		if v, ok := d.address(path, value); ok {
			dst.Set(reflect.ValueOf(v))
		}
	case dst.Kind() == reflect.String:
		if v, ok := d.text(path, value, f.tag); ok {
			dst.SetString(v)
			d.name(path, v, f.tag)
		}
	case dst.Kind() == reflect.Bool:
		if v, ok := value.(bool); ok {
			dst.SetBool(v)
		} else {
			d.mismatch(path, "true or false (without quotes)", value)
		}
	case dst.Kind() == reflect.Int:
		d.integer(path, value, f.tag, dst)
	case dst.Kind() == reflect.Struct:
		raw, ok := value.(map[string]any)
		switch {
		case ok:
			d.decodeTable(path, raw, dst)
		case strings.HasSuffix(path, "]"):
			d.mismatch(path, "a table", value)
		default:
			d.mismatch(path, f.written(dst.Type())+", one table", value)
		}
	case dst.Kind() == reflect.Map:
		d.decodeMap(path, value, f, dst)
	case dst.Kind() == reflect.Slice:
		d.decodeList(path, value, f, dst)
	}
}

// decodeMap fills a map of free names, in the order of the names.
func (d *decoder) decodeMap(path string, value any, f field, dst reflect.Value) {
	raw, ok := value.(map[string]any)
	if !ok {
		d.mismatch(path, "a table", value)
		return
	}
	dst.Set(reflect.MakeMap(dst.Type()))
	keys := make([]string, 0, len(raw))
	for k := range raw {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		v := reflect.New(dst.Type().Elem()).Elem()
		d.decodeField(join(path, k), raw[k], f, v)
		dst.SetMapIndex(reflect.ValueOf(k), v)
	}
}

func (d *decoder) decodeList(path string, value any, f field, dst reflect.Value) {
	items, ok := listOf(value)
	if !ok {
		d.mismatch(path, f.written(dst.Type())+", a list", value)
		return
	}
	dst.Set(reflect.MakeSlice(dst.Type(), len(items), len(items)))
	for i, item := range items {
		d.decodeField(element(path, i), item, f, dst.Index(i))
	}
}

// listOf returns the elements of a TOML array; the library has another type
// for arrays of tables than for others.
func listOf(value any) ([]any, bool) {
	switch v := value.(type) {
	case []any:
		return v, true
	case []map[string]any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = v[i]
		}
		return items, true
	}
	return nil, false
}

// field is one key of a table struct.
type field struct {
	name  string
	index int
	tag   reflect.StructTag
}

// written shows how the key is written: name, [name] or [[name]].
func (f field) written(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Struct && t != addrType:
		return "[" + f.name + "]"
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return "[[" + f.name + "]]"
	}
	return f.name
}

// schemaOf lists the keys of a table struct in the order written.
func schemaOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		if name := f.Tag.Get("toml"); name != "" {
			fields = append(fields, field{name, i, f.Tag})
		}
	}
	return fields
}

// pairs turns the string fields of a table struct that are set into name/value
// pairs with ids, in the order of the struct.
func pairs(set string, tableStruct any) []cib.NV {
	v := reflect.ValueOf(tableStruct)
	var out []cib.NV
	for _, f := range schemaOf(v.Type()) {
		if text := v.Field(f.index).String(); text != "" {
			out = append(out, cib.NV{ID: set + "-" + f.name, Name: f.name, Value: text})
		}
	}
	return out
}
