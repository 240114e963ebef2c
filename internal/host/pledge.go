package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"

	"kvmha/internal/node"
)

// pledgeFile keeps the core's pledge in two places of fixed size that are
// written in turn: a write needs no room, so it works on a full disk (a file
// system that copies on write may still want some), and one that is cut leaves
// the other place whole.
type pledgeFile struct {
	path string
	file *os.File // nil until there is one
	last uint64   // the number of the last write
}

const (
	pledgeName = "pledge"
	placeSize  = 4096 // a block: node.PledgeRoom and what goes around it
)

// place is what one of the two places holds, as a line of JSON.
type place struct {
	No     uint64          `json:"no"`
	Sum    uint32          `json:"sum"` // CRC-32 (IEEE) of Pledge
	Pledge json.RawMessage `json:"pledge"`
}

// load returns the pledge that was last written, nil on a new host. A file in
// which nothing is whole is an error: this node may be bound to anything.
func (f *pledgeFile) load() ([]byte, error) {
	text, err := os.ReadFile(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var newest place
	blank := len(bytes.TrimSpace(text)) == 0
	for len(text) > 0 {
		n := min(placeSize, len(text))
		var p place
		line := bytes.TrimSpace(text[:n])
		if json.Unmarshal(line, &p) == nil && p.No > newest.No && crc32.ChecksumIEEE(p.Pledge) == p.Sum {
			newest = p
		}
		text = text[n:]
	}
	switch {
	case newest.No == 0 && blank:
		return nil, nil // the run that made it ended before the first write
	case newest.No == 0:
		return nil, fmt.Errorf("%s is damaged, so nobody knows for whom this node has voted: if the cluster runs without it, remove the file", f.path)
	}
	f.last = newest.No
	return newest.Pledge, nil
}

// write puts data durably into the place that does not hold the last pledge.
func (f *pledgeFile) write(data []byte) error {
	if len(data) > node.PledgeRoom {
		return fmt.Errorf("pledge of %d bytes is over the limit of %d", len(data), node.PledgeRoom)
	}
	if err := f.open(); err != nil {
		return fmt.Errorf("make %s: %w: free space there, without it this node cannot vote", f.path, err)
	}
	line, err := json.Marshal(place{No: f.last + 1, Sum: crc32.ChecksumIEEE(data), Pledge: data})
	if err != nil {
		return err
	}
	block := bytes.Repeat([]byte{' '}, placeSize)
	copy(block, line)
	block[placeSize-1] = '\n'
	if _, err := f.file.WriteAt(block, int64((f.last+1)%2)*placeSize); err != nil {
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	if err := syscall.Fdatasync(int(f.file.Fd())); err != nil {
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	f.last++
	return nil
}

// open makes the file with all its room on the first write.
func (f *pledgeFile) open() (err error) {
	if f.file != nil {
		return nil
	}
	if _, err = os.Stat(f.path); errors.Is(err, os.ErrNotExist) {
		if err = renameio.WriteFile(f.path, bytes.Repeat([]byte{' '}, 2*placeSize), 0o600); err == nil {
			err = syncFolder(filepath.Dir(f.path))
		}
	}
	if err == nil {
		f.file, err = os.OpenFile(f.path, os.O_RDWR, 0)
	}
	return err
}

func (f *pledgeFile) close() {
	if f.file != nil {
		_ = f.file.Close()
	}
}
