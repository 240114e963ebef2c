// Package need lets a test say what it needs of the machine it runs on: root, a
// program, a file of a package. Without it the test is skipped and says what is
// missing; in CI (CI is set), where everything is installed, that is a failure,
// so that no test is silently lost there.
package need

import (
	"os"
	"os/exec"
	"testing"
)

// Skip skips the test for a reason, or fails it in CI.
func Skip(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal("in CI nothing may be skipped: ", why)
	}
	t.Skip(why)
}

// Root needs to be root, for what.
func Root(t testing.TB, what string) {
	t.Helper()
	if os.Geteuid() != 0 {
		Skip(t, "needs root, "+what)
	}
}

// Program needs a program of a Debian package and returns its path. It may be in
// /usr/sbin, which is not in the PATH of every user.
func Program(t testing.TB, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + name)
	}
	if err != nil {
		Skip(t, "needs "+name+": install "+pkg)
	}
	return path
}

// File needs a file or folder that comes from somewhere, such as "Debian's
// package fence-agents".
func File(t testing.TB, path, from string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		Skip(t, "needs "+from+": "+err.Error())
	}
}
