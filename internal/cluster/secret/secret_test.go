package secret

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGeneratedSecretLoadsAndIsOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	if err := Generate(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %04o, want 0600", info.Mode().Perm())
	}
	key, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(key) != Size {
		t.Errorf("%d bytes, want %d", len(key), Size)
	}
}

func TestGenerateNeverReplacesASecret(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	if err := Generate(path); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	if err := Generate(path); !errors.Is(err, ErrExists) {
		t.Errorf("error is %v, want ErrExists", err)
	}
	after, _ := os.ReadFile(path)
	if string(before) != string(after) {
		t.Error("the secret has changed")
	}
}

func TestOfManyGeneratesAtOnceOneMakesTheSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	begin, results := make(chan struct{}), make(chan error)
	const callers = 16
	for range callers {
		go func() {
			<-begin
			results <- Generate(path)
		}()
	}
	close(begin)
	made := 0
	for range callers {
		switch err := <-results; {
		case err == nil:
			made++
		case !errors.Is(err, ErrExists):
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d callers believe that their secret is the one", made)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, %v; want the secret alone", left, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	good := Format(make([]byte, Size))
	for _, c := range []struct {
		name string
		text string
		mode fs.FileMode
		is   error
		says string
	}{
		{"a file that its group may read", good, 0o640, ErrPermissions, "chmod 600"},
		{"a file that the world may write", good, 0o602, ErrPermissions, "chmod 600"},
		{"a short secret", Format(make([]byte, 16)), 0o600, ErrFormat, "16 bytes, need 32"},
		{"a long secret", Format(make([]byte, 33)), 0o600, ErrFormat, "33 bytes, need 32"},
		{"an empty file", "", 0o600, ErrFormat, "vm-ctl keygen"},
		{"an authkeys file of Heartbeat", "auth 1\n1 sha1 phrase\n", 0o600, ErrFormat, "vm-ctl keygen"},
		{"broken base64", prefix + "???\n", 0o600, ErrFormat, "bad base64"},
		{"a file without end", prefix + strings.Repeat("A", 1<<20), 0o600, ErrFormat, "copy the file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path)
			if !errors.Is(err, c.is) {
				t.Fatalf("error is %v, want %v", err, c.is)
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("%q does not say %q and the path", err, c.says)
			}
		})
	}
}

func TestLoadOfAMissingSecretNamesKeygen(t *testing.T) {
	t.Parallel()
	_, err := Load(filepath.Join(t.TempDir(), "none"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "vm-ctl keygen") {
		t.Errorf("error is %v", err)
	}
}

func TestKeysOfDifferentPurposesDiffer(t *testing.T) {
	t.Parallel()
	key := make([]byte, Size)
	a, err := Derive(key, "gossip", 32)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Derive(key, "packet", 32)
	if err != nil {
		t.Fatal(err)
	}
	if string(a) == string(b) {
		t.Error("gossip and packet keys are the same")
	}
}
