package arrows

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "kvmha"

// mayImport lists, for each room, the rooms of the project that its code may
// import. A room is the longest prefix that matches a package.
var mayImport = map[string][]string{
	"internal/cib":              {"internal/nearest"},
	"policy":                    {"internal/cib"},
	"internal/cluster":          {},
	"internal/cluster/secret":   {},
	"internal/cluster/embedded": {"internal/cluster", "internal/cluster/secret", "internal/pause"},
	"internal/control":          {"internal/cib"},
	"internal/control/socket":   {"internal/control", "internal/pause"},
	"internal/node":             {"internal/cib", "internal/cluster", "internal/control", "policy"},
	"internal/sim":              {"internal/cib", "internal/cluster", "internal/control", "internal/node", "policy"},
	"internal/simulate":         {"internal/cib", "policy"},
	"internal/conformance":      {"internal/cib", "internal/simulate", "policy"},
	"agents":                    {"internal/cib", "internal/child", "internal/hypervisor", "internal/nearest", "internal/pause"},
	"agents/fencing":            {"agents", "internal/cib", "stonith"},
	"internal/child":            {"internal/pause"},
	"internal/executor":         {"internal/cib", "agents", "internal/pause"},
	"internal/hypervisor":       {"internal/need", "internal/pause"},
	"stonith":                   {"internal/cib", "internal/child", "internal/hypervisor", "internal/pause"},
	"virtio":                    {"internal/hypervisor", "internal/control", "internal/pause"},
	"configs":                   {"internal/cib", "internal/cluster", "internal/nearest"},
	"internal/host": {
		"agents", "agents/fencing", "configs", "internal/child", "internal/cib", "internal/cluster", "internal/cluster/embedded",
		"internal/cluster/secret", "internal/control", "internal/control/socket", "internal/executor", "internal/hypervisor",
		"internal/node", "internal/systemd", "policy", "stonith", "virtio",
	},
	"internal/nearest": {},
	"internal/need":    {},
	"internal/onehost": {"internal/cluster/secret"},
	"internal/pause":   {},
	"internal/systemd": {},
	"hostd":            {"internal/host", "internal/systemd"},
	"guestd":           {"virtio", "internal/control", "internal/control/socket", "internal/systemd"},
	"vmctl":            {"configs", "internal/cib", "internal/cluster", "internal/cluster/secret", "internal/control", "internal/control/socket", "internal/node", "internal/nearest", "internal/simulate", "policy"},
	"internal/lab":     {"configs", "internal/cib", "internal/cluster/secret", "internal/control", "internal/control/socket", "internal/node", "policy"},
	"internal/arrows":  {},
}

// pure are the rooms that must not reach the world: everything they need of it
// comes in through arguments.
var pure = []string{"internal/cib", "internal/nearest", "policy", "internal/cluster", "internal/control", "internal/node", "internal/sim", "internal/simulate"}

// worldly are the packages through which code reaches the world.
var worldly = []string{"net", "os", "os/exec", "syscall", "golang.org/x/sys/unix", "os/signal", "net/http"}

type goPackage struct {
	ImportPath string
	Dir        string
	Imports    []string
	GoFiles    []string
	// TestImports and XTestImports are those of the package's tests.
	TestImports, XTestImports []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-tags", "libvirt_dlopen", "-json=ImportPath,Dir,Imports,GoFiles,TestImports,XTestImports", module+"/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var found []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p goPackage
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		found = append(found, p)
	}
	return found
}

func room(path string) string {
	best := ""
	for r := range mayImport {
		if (path == r || strings.HasPrefix(path, r+"/")) && len(r) > len(best) {
			best = r
		}
	}
	return best
}

func TestRoomsImportOnlyAlongTheArrows(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, module+"/")
		home := room(from)
		if home == "" {
			t.Errorf("%s is in no room: give it one in mayImport and in docs/architecture.md", from)
			continue
		}
		for _, imported := range p.Imports {
			to, ours := strings.CutPrefix(imported, module+"/")
			if !ours || room(to) == home {
				continue
			}
			if !slices.Contains(mayImport[home], room(to)) {
				t.Errorf("%s imports %s: no arrow leads from %s to %s", from, to, home, room(to))
			}
		}
	}
}

func TestThePureRoomsDoNoIO(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, module+"/")
		if !slices.Contains(pure, room(from)) {
			continue
		}
		for _, imported := range p.Imports {
			if slices.Contains(worldly, imported) {
				t.Errorf("%s imports %s: hand in what it needs of the world", from, imported)
			}
			if to, ours := strings.CutPrefix(imported, module+"/"); ours && !slices.Contains(pure, room(to)) {
				t.Errorf("%s imports %s, which may reach the world", from, to)
			}
		}
		for _, name := range p.GoFiles {
			for _, call := range clockCalls(t, filepath.Join(p.Dir, name)) {
				t.Errorf("%s: the time must come in as an argument", call)
			}
		}
	}
}

// clockCalls returns the positions of time.Now, time.Since, time.Sleep and the
// like, of go statements, and of unseeded randomness.
func clockCalls(t *testing.T, path string) []string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	banned := map[string][]string{
		"time": {"Now", "Since", "Until", "Sleep", "After", "NewTimer", "NewTicker", "Tick", "AfterFunc"},
		"rand": {"Int", "IntN", "Intn", "N", "Float64", "Perm", "Shuffle", "Uint64", "Read"},
	}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = append(found, files.Position(n.Pos()).String()+" go statement")
		case *ast.SelectorExpr:
			if pkg, ok := n.X.(*ast.Ident); ok && pkg.Obj == nil && slices.Contains(banned[pkg.Name], n.Sel.Name) {
				found = append(found, files.Position(n.Pos()).String()+" "+pkg.Name+"."+n.Sel.Name)
			}
		}
		return true
	})
	return found
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, p := range packages(t) {
		packageDoc := false
		for _, name := range p.GoFiles {
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			packageDoc = packageDoc || file.Doc != nil
			for _, missing := range undocumented(file) {
				t.Errorf("%s: exported %s has no comment", files.Position(missing.Pos()), missing.Name)
			}
		}
		if !packageDoc {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

// undocumented returns the exported declarations without a comment. Names in a
// group share the group's comment; methods that satisfy a well-known interface
// (String, Error, Unwrap …) explain themselves.
func undocumented(file *ast.File) []*ast.Ident {
	var found []*ast.Ident
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && !onHiddenType(d) && !wellKnown[d.Name.Name] {
				found = append(found, d.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				var names []*ast.Ident
				documented := d.Doc != nil
				switch s := spec.(type) {
				case *ast.TypeSpec:
					names, documented = []*ast.Ident{s.Name}, documented || s.Doc != nil || s.Comment != nil
				case *ast.ValueSpec:
					names, documented = s.Names, documented || s.Doc != nil || s.Comment != nil
				}
				for _, name := range names {
					if name.IsExported() && !documented {
						found = append(found, name)
					}
				}
			}
		}
	}
	return found
}

var wellKnown = map[string]bool{
	"String": true, "Error": true, "Unwrap": true, "MarshalText": true, "UnmarshalText": true,
	"MarshalJSON": true, "UnmarshalJSON": true, "UnmarshalTOML": true, "Len": true, "Less": true, "Swap": true, "Push": true, "Pop": true,
}

func onHiddenType(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return false
	}
	expr := d.Recv.List[0].Type
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	ident, ok := expr.(*ast.Ident)
	return ok && !ident.IsExported()
}

// TestThePageNamesEveryRoomAndDependency holds docs/architecture.md to the tree:
// a room or a module that nobody has given a line there has no stated reason.
func TestThePageNamesEveryRoomAndDependency(t *testing.T) {
	text, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for r := range mayImport {
		if !regexp.MustCompile("(?m)^\\|[^|\n]*`" + r + "`[^|\n]*\\|[^|\n]*\\|[^|\n]*\\|$").MatchString(page) {
			t.Errorf("room %s has no row on the page", r)
		}
	}
	for _, r := range pure {
		if _, line, _ := strings.Cut(page, "`policy`, `internal/cib`"); !strings.Contains("`policy`, `internal/cib`"+line, "`"+r+"`") {
			t.Errorf("the page does not say that %s is pure", r)
		}
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{if not (or .Main .Indirect)}}{{.Path}}{{end}}", "all").Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	major := regexp.MustCompile(`/v[0-9]+$`)
	for _, module := range strings.Fields(string(out)) {
		if !strings.Contains(page, major.ReplaceAllString(module, "")) {
			t.Errorf("module %s has no line on the page: say what it saves", module)
		}
	}
}

// TestNoArrowIsWithoutUse keeps the list of arrows as short as the tree is.
func TestNoArrowIsWithoutUse(t *testing.T) {
	used := map[string]bool{}
	for _, p := range packages(t) {
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if to, ours := strings.CutPrefix(imported, module+"/"); ours {
				used[room(strings.TrimPrefix(p.ImportPath, module+"/"))+" -> "+room(to)] = true
			}
		}
	}
	for from, targets := range mayImport {
		for _, to := range targets {
			if !used[from+" -> "+to] {
				t.Errorf("the arrow from %s to %s has no use: take it away", from, to)
			}
		}
	}
}

// TestTheTreeIsTheOneOfTheDesign keeps the top level to the rooms that the
// design names.
func TestTheTreeIsTheOneOfTheDesign(t *testing.T) {
	want := []string{"agents", "configs", "docs", "guestd", "hostd", "internal", "policy", "stonith", "virtio", "vmctl"}
	var got []string
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == "../.." || !d.IsDir() {
			return err
		}
		if name := d.Name(); !strings.HasPrefix(name, ".") && name != "bin" {
			got = append(got, name)
		}
		return fs.SkipDir
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("top-level folders are %v, want %v", got, want)
	}
}
