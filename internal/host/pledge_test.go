package host

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func newPledge(t *testing.T) *pledgeFile {
	f := &pledgeFile{path: filepath.Join(t.TempDir(), pledgeName)}
	t.Cleanup(f.close)
	return f
}

func reload(t *testing.T, f *pledgeFile) string {
	t.Helper()
	data, err := (&pledgeFile{path: f.path}).load()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestThePledgeLastWrittenIsRead(t *testing.T) {
	f := newPledge(t)
	if data, err := f.load(); data != nil || err != nil {
		t.Fatalf("a new host has pledge %q, %v", data, err)
	}
	for _, p := range []string{`{"term":1}`, `{"term":22}`, `{"term":3}`} {
		if err := f.write([]byte(p)); err != nil {
			t.Fatal(err)
		}
		if got := reload(t, f); got != p {
			t.Errorf("after writing %s the file says %s", p, got)
		}
	}
	again := &pledgeFile{path: f.path}
	t.Cleanup(again.close)
	if _, err := again.load(); err != nil {
		t.Fatal(err)
	}
	if err := again.write([]byte(`{"term":4}`)); err != nil || reload(t, f) != `{"term":4}` {
		t.Errorf("the next run wrote 4 (%v) and the file says %s", err, reload(t, f))
	}
}

func TestAPledgeNeedsNoMoreRoomThanItsFirst(t *testing.T) {
	f := newPledge(t)
	for range 10 {
		if err := f.write(bytes.Repeat([]byte("7"), 300)); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(f.path); err != nil || info.Size() != 2*placeSize {
			t.Fatalf("the file is %d bytes long (%v), want %d at all times", info.Size(), err, 2*placeSize)
		}
	}
	if err := f.write(make([]byte, 5000)); err == nil {
		t.Error("a pledge that is too long was written")
	}
}

func TestAWriteThatIsCutLeavesTheLastPledge(t *testing.T) {
	for name, spoil := range map[string]func(block []byte){
		"nothing but zeros":        func(b []byte) { clear(b) },
		"its first half":           func(b []byte) { copy(b[20:], bytes.Repeat([]byte{' '}, 200)) },
		"a byte of it is another":  func(b []byte) { b[bytes.Index(b, []byte(`"term":2`))+7] = '9' },
		"what is no JSON any more": func(b []byte) { b[0] = '?' },
	} {
		t.Run(name, func(t *testing.T) {
			f := newPledge(t)
			for _, p := range []string{`{"term":1}`, `{"term":2}`} {
				if err := f.write([]byte(p)); err != nil {
					t.Fatal(err)
				}
			}
			text, err := os.ReadFile(f.path)
			if err != nil {
				t.Fatal(err)
			}
			spoil(text[:placeSize]) // where the second one is
			if err := os.WriteFile(f.path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := reload(t, f); got != `{"term":1}` {
				t.Errorf("the pledge is %s, want the one before", got)
			}
		})
	}
}

func TestAFileWithoutItsFirstPledgeIsThatOfANewHost(t *testing.T) {
	f := newPledge(t)
	if err := f.open(); err != nil {
		t.Fatal(err)
	}
	if got := reload(t, f); got != "" {
		t.Errorf("the pledge is %q, want none", got)
	}
}

func TestADamagedPledgeIsRefused(t *testing.T) {
	f := newPledge(t)
	if err := os.WriteFile(f.path, []byte("\x00\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.load(); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("error %v", err)
	}
}
