package guest

import (
	"fmt"
	"io"
	"strings"
)

// File types of an archive member, as in stat(2).
const (
	modeDir     = 0o040000
	modeRegular = 0o100000
	modeSymlink = 0o120000
	modeChar    = 0o020000
)

// archive writes a cpio archive in the "newc" format, the one that the kernel
// unpacks (Documentation/driver-api/early-userspace/buffer-format.rst). The
// first error sticks and is returned by close.
type archive struct {
	w     io.Writer
	inode int
	seen  map[string]bool
	err   error
}

func newArchive(w io.Writer) *archive {
	return &archive{w: w, seen: map[string]bool{"": true}}
}

// add writes one member and, before it, the folders above it that are not
// there yet.
func (a *archive) add(name string, mode uint32, data []byte) {
	name = strings.Trim(name, "/")
	if a.seen[name] {
		return
	}
	if i := strings.LastIndexByte(name, '/'); i > 0 {
		a.add(name[:i], modeDir|0o755, nil)
	}
	a.seen[name] = true
	a.member(name, mode, data, 0, 0)
}

// device adds a character device node.
func (a *archive) device(name string, major, minor uint32) {
	a.add("dev", modeDir|0o755, nil)
	a.member(name, modeChar|0o600, nil, major, minor)
}

func (a *archive) member(name string, mode uint32, data []byte, major, minor uint32) {
	if a.err != nil {
		return
	}
	a.inode++
	header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		a.inode, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name)+1, 0)
	a.write(padded(header + name + "\x00"))
	a.write(string(data))
	a.write(strings.Repeat("\x00", -len(data)&3))
}

func (a *archive) close() error {
	a.member("TRAILER!!!", 0, nil, 0, 0)
	return a.err
}

func (a *archive) write(text string) {
	if a.err == nil {
		_, a.err = io.WriteString(a.w, text)
	}
}

// padded fills text up to a multiple of four bytes, as newc wants it.
func padded(text string) string { return text + strings.Repeat("\x00", -len(text)&3) }
