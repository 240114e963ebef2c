// Package secret handles the one secret file that all nodes of a cluster
// share. vm-ctl keygen makes it, hostd loads it, and the engine derives every
// key it needs from it: the certificate authority of the peer streams, the key
// of the gossip and the key of the packet headers, each by HKDF (RFC 5869)
// under a name of its own, so that one of them tells nothing about another.
//
// The file is one line of text, "kvmha-secret-1:" and 32 random bytes in
// base64. A file that others than its owner may read is refused, as Heartbeat
// refuses authkeys: who reads it can join the cluster and fence its nodes.
//
// This package opens no socket and may be imported by any command.
package secret

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Size is the number of random bytes in a secret.
const Size = 32

// DefaultPath is where hostd looks for the secret unless told otherwise.
const DefaultPath = "/etc/kvmha/secret"

const prefix = "kvmha-secret-1:"

// maxFile bounds what is read of a file that claims to be a secret.
const maxFile = 4096

// Sentinels for callers that decide on the cause.
var (
	ErrPermissions = errors.New("secret file is open to others than its owner")
	ErrFormat      = errors.New("not a kvmha secret file")
	ErrExists      = errors.New("secret file exists")
)

// Generate writes a new secret to path with mode 0600, on disk when it returns.
// It never replaces a file, not even one that appears meanwhile: that would cut
// this node off from its peers. The error is ErrExists then.
func Generate(path string) error {
	key := make([]byte, Size)
	rand.Read(key) // crypto/rand.Read never returns an error
	err := create(path, []byte(Format(key)))
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: %s; remove it first if all nodes are to get a new secret", ErrExists, path)
	case err != nil:
		return fmt.Errorf("write secret %s: %w", path, err)
	}
	return nil
}

// create makes a file of mode 0600 that is there whole or not at all: it is
// written under another name, and a hard link, which unlike a rename fails when
// the name is taken, gives it its own.
func create(path string, data []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".secret-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

// syncFolder makes a new name in a folder outlive a loss of power.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Format returns the text of a secret file for key.
func Format(key []byte) string {
	return prefix + base64.StdEncoding.EncodeToString(key) + "\n"
}

// Load reads the secret at path. It refuses a file that is no regular file,
// that anyone but its owner may touch, that belongs to another user (root
// excepted), or whose text is not what Generate writes; every error says what
// to do.
func Load(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("secret %s is missing: make one with \"vm-ctl keygen\" and copy it to every node: %w", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open secret: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("examine secret %s: %w", path, err)
	}
	if err := checkOwner(path, info); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", path, err)
	}
	key, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", path, err)
	}
	return key, nil
}

func checkOwner(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s is a %s, need a regular file", ErrFormat, path, info.Mode().Type())
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%w: %s has mode %04o; run \"chmod 600 %s\", and make a new secret if others may have read it",
			ErrPermissions, path, mode, path)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%w: %s belongs to uid %d; run \"chown root %s\"", ErrPermissions, path, st.Uid, path)
	}
	return nil
}

// Parse decodes the text of a secret file. The error is ErrFormat.
func Parse(text string) ([]byte, error) {
	body, ok := strings.CutPrefix(strings.TrimSpace(text), prefix)
	if !ok {
		return nil, fmt.Errorf("%w: it must begin with %q; copy the file of a working node, or make one with \"vm-ctl keygen\"", ErrFormat, prefix)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(body)
	if err != nil {
		return nil, fmt.Errorf("%w: bad base64 (%v); copy the file of a working node again", ErrFormat, err)
	}
	if len(key) != Size {
		return nil, fmt.Errorf("%w: %d bytes, need %d; copy the file of a working node again", ErrFormat, len(key), Size)
	}
	return key, nil
}

// Derive returns size bytes of key material for one purpose.
func Derive(key []byte, purpose string, size int) ([]byte, error) {
	out, err := hkdf.Key(sha256.New, key, nil, "kvmha 1 "+purpose, size)
	if err != nil {
		return nil, fmt.Errorf("derive %s key: %w", purpose, err)
	}
	return out, nil
}

// Fingerprint is a short public name of a secret: two nodes that compare
// fingerprints learn whether they hold the same secret and nothing else.
func Fingerprint(key []byte) (string, error) {
	sum, err := Derive(key, "fingerprint", 8)
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(sum), nil
}
