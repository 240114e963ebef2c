package configs

import (
	"testing"
)

func TestScanFindsEveryKey(t *testing.T) {
	t.Parallel()
	const document = `# a comment with [brackets] and = signs
top = "a \" quote" # comment = no
dotted.key . "with dot.s" = 1
multi = """
[not] = a key
still "not" \
  = one"""""
raw = '''
x = 1
''' 
"quoted" = 'it''s'

[[node]]
name = "ä"
`
	got := scan(document)
	for path, want := range map[string]position{
		"top": {2, 1}, "dotted": {3, 1}, "dotted.key": {3, 1}, `dotted.key."with dot.s"`: {3, 1},
		"multi": {4, 1}, "raw": {8, 1}, "quoted": {11, 1}, "node": {13, 1}, "node[0]": {13, 1}, "node[0].name": {14, 1},
	} {
		if got[path] != want {
			t.Errorf("%s: got %v, want %v", path, got[path], want)
		}
	}
	for _, path := range []string{"x", "still", "comment", "[not]"} {
		if at, found := got[path]; found {
			t.Errorf("%q is no key, found at %v", path, at)
		}
	}
}

func TestScanFollowsTablesInsideArraysOfTables(t *testing.T) {
	t.Parallel()
	const document = `[[r]]
id = 1
[r.meta]
a = 1
[[r.op]]
n = "x"
[[r.op]]
n = "y"
[r.op.more]
z = 1
[[r]]
op = [ { n = "a", t = { u = [1,
  2] } }, # between
  { n = "b" } ]
[[r.op2]]
[other]
when = 2026-01-01 10:00:00
list = [[1, 2], ["a]", 'b,']]
`
	got := scan(document)
	for path, want := range map[string]position{
		"r[0]": {1, 1}, "r[0].id": {2, 1}, "r[0].meta": {3, 1}, "r[0].meta.a": {4, 1},
		"r[0].op[0].n": {6, 1}, "r[0].op[1]": {7, 1}, "r[0].op[1].n": {8, 1}, "r[0].op[1].more.z": {10, 1},
		"r[1]": {11, 1}, "r[1].op[0]": {12, 8}, "r[1].op[0].t.u[1]": {13, 3}, "r[1].op[1].n": {14, 5},
		"r[1].op2[0]": {15, 1}, "other.when": {17, 1}, "other.list[1][1]": {18, 24},
	} {
		if got[path] != want {
			t.Errorf("%s: got %v, want %v", path, got[path], want)
		}
	}
}

func TestAnAbsentKeyIsPlacedAtTheTableThatLacksIt(t *testing.T) {
	t.Parallel()
	got := scan("\n[a]\nb = { c = 1 }\n")
	for path, want := range map[string]position{
		"a.b.c": {3, 7}, "a.b.x": {3, 1}, "a.x.y[3].z": {2, 1}, "x": {1, 1}, "": {1, 1},
	} {
		if at := got.nearest(path); at != want {
			t.Errorf("%s: got %v, want %v", path, at, want)
		}
	}
}
