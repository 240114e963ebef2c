package node

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowedImports is everything the core may use: the rooms below it and pure
// parts of the standard library.
var allowedImports = []string{
	"bufio", "bytes", "encoding/json", "errors", "fmt", "io", "math/rand/v2", "regexp", "slices", "strconv", "strings", "time",
	"kvmha/internal/cib", "kvmha/internal/cluster", "kvmha/internal/control", "kvmha/policy",
}

// TestTheCoreDoesNoIO holds the package to its promise: no I/O, no clock, no
// goroutine.
func TestTheCoreDoesNoIO(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			if path, _ := strconv.Unquote(spec.Path.Value); !slices.Contains(allowedImports, path) {
				t.Errorf("%s imports %s, which the core may not", name, path)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s starts a goroutine", name)
			case *ast.SelectorExpr:
				clock := slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "NewTimer", "NewTicker", "Tick", "AfterFunc"}, n.Sel.Name)
				if pkg, ok := n.X.(*ast.Ident); ok && pkg.Name == "time" && clock {
					t.Errorf("%s reads the clock: time.%s", name, n.Sel.Name)
				}
			}
			return true
		})
	}
}
