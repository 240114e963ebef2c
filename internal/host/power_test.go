package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"kvmha/internal/need"
	"kvmha/internal/node"
)

// platter is a file system whose disk can be looked at as a power cut would leave
// it: what the kernel has not written to its image is not there.
type platter struct {
	t     *testing.T
	image string
	dir   string // where it is mounted
	cuts  int
}

// newPlatter makes an ext4 that writes nothing on its own: no commit of the
// journal in time, no guess that a rename wants its data on disk.
func newPlatter(t *testing.T) *platter {
	t.Helper()
	need.Root(t, "to mount")
	need.Program(t, "mkfs.ext4", "e2fsprogs")
	need.Program(t, "mount", "mount")
	need.File(t, "/dev/loop-control", "a kernel with loop devices")
	p := &platter{t: t, image: filepath.Join(t.TempDir(), "disk"), dir: filepath.Join(t.TempDir(), "mounted")}
	if err := os.WriteFile(p.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(p.image, 16<<20); err != nil {
		t.Fatal(err)
	}
	p.run("mkfs.ext4", "-q", p.image)
	p.mount(p.image, p.dir, "loop,noauto_da_alloc,commit=3600")
	return p
}

func (p *platter) run(name string, args ...string) {
	p.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		p.t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

func (p *platter) mount(image, dir, options string) {
	p.t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		p.t.Fatal(err)
	}
	p.run("mount", "-o", options, image, dir)
	p.t.Cleanup(func() { p.run("umount", dir) })
}

// cut copies the disk as it is this moment and returns what a file holds after
// the power has come back, "" if it is not there.
func (p *platter) cut(file string) string {
	p.t.Helper()
	p.cuts++
	copied := fmt.Sprintf("%s.%d", p.image, p.cuts)
	p.run("cp", "--sparse=always", p.image, copied)
	after := fmt.Sprintf("%s.%d", p.dir, p.cuts)
	p.mount(copied, after, "loop")
	text, err := os.ReadFile(filepath.Join(after, file))
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	return string(text)
}

func TestWhatTheDiskAcknowledgedSurvivesAPowerCut(t *testing.T) {
	p := newPlatter(t)
	var acknowledged []node.Persisted
	d, err := openDisk(filepath.Join(p.dir, "state"), func(e node.Event) { acknowledged = append(acknowledged, e.(node.Persisted)) })
	if err != nil {
		t.Fatal(err)
	}
	// The disk is one that forgets: else what follows would prove nothing.
	if err := os.WriteFile(filepath.Join(p.dir, "unsynced"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := p.cut("unsynced"); got != "" {
		t.Fatalf("a file that was never synced survived the power cut: %q", got)
	}

	for seq, text := range []string{"first", "second", "third"} {
		lost := "lost by " + text
		d.carryOut([]node.Effect{
			node.Archive{Name: text + ".json", Data: []byte(lost)},
			node.Persist{Seq: uint64(seq + 1), Data: []byte(text)},
		})
		if n := len(acknowledged); n != seq+1 || acknowledged[seq].Error != "" {
			t.Fatalf("acknowledged %+v", acknowledged)
		}
		if got := p.cut("state/" + stateFile); got != text {
			t.Errorf("%q was acknowledged, and the power cut left %q", text, got)
		}
		if got := p.cut("state/" + archiveFolder + "/" + text + ".json"); got != lost {
			t.Errorf("the archive holds %q after the power cut, want %q", got, lost)
		}
	}
}

func TestAWriteWithoutItsLastSyncIsLostWithThePower(t *testing.T) {
	p := newPlatter(t)
	path := filepath.Join(p.dir, "state.json")
	write := func(name, text string) {
		t.Helper()
		file, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = file.WriteString(text)
		if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	write(path, "old")
	write(path+".new", "new")
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if got := p.cut("state.json"); got != "old" {
		t.Errorf("a rename whose folder was not synced left %q, want the old content: this disk cannot tell a missing sync", got)
	}
}

func TestAPledgeThatWasAcknowledgedSurvivesAPowerCutAndNeedsNoRoom(t *testing.T) {
	p := newPlatter(t)
	var acknowledged []node.PledgeWritten
	d, err := openDisk(filepath.Join(p.dir, "state"), func(ev node.Event) {
		if done, ok := ev.(node.PledgeWritten); ok {
			acknowledged = append(acknowledged, done)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.pledge.close)
	for seq, text := range []string{`{"term":1}`, `{"term":2}`, `{"term":3}`, `{"term":4}`} {
		if seq == 2 {
			p.fill()
		}
		d.carryOut([]node.Effect{node.WritePledge{Seq: uint64(seq + 1), Data: []byte(text)}})
		if n := len(acknowledged); n != seq+1 || acknowledged[seq].Error != "" {
			t.Fatalf("acknowledged %+v", acknowledged)
		}
		left := filepath.Join(t.TempDir(), "pledge")
		if err := os.WriteFile(left, []byte(p.cut("state/"+pledgeName)), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := (&pledgeFile{path: left}).load(); err != nil || string(got) != text {
			t.Errorf("%s was acknowledged, and the power cut left %q (%v)", text, got, err)
		}
	}
}

// fill leaves no room on the disk.
func (p *platter) fill() {
	p.t.Helper()
	file, err := os.Create(filepath.Join(p.dir, "filler"))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, size := range []int{1 << 16, 1 << 10, 1} {
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, size))
		}
	}
	if err := file.Close(); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "one-more"), []byte("x"), 0o600); err == nil {
		p.t.Fatal("the disk is not full: this shows nothing")
	}
}
