package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"kvmha/internal/node"
)

// disk keeps the core's durable state: one file, replaced as a whole by
// temporary name, fsync, rename and fsync of the folder. Archives go the same
// way in the same order, so that a state never replaces what is still to be
// archived. The pledge has a file of its own and waits for neither.
type disk struct {
	dir      string
	pledge   pledgeFile
	requests chan node.Effect // Persist, Archive and WritePledge
	post     func(node.Event)
	owed     []node.Archive // could not be written yet
}

const (
	stateFile     = "state.json"
	archiveFolder = "archive"
)

func openDisk(dir string, post func(node.Event)) (*disk, error) {
	if err := os.MkdirAll(filepath.Join(dir, archiveFolder), 0o700); err != nil {
		return nil, fmt.Errorf("state folder %s: %w: create it or name another with state-dir", dir, err)
	}
	// Folders that were just made are on disk when those above them are.
	for _, above := range []string{filepath.Dir(dir), dir} {
		if err := syncFolder(above); err != nil {
			return nil, fmt.Errorf("state folder %s: %w", dir, err)
		}
	}
	// Of several writes that wait, only the newest matters; but each is
	// answered, so the channel holds what a burst can bring.
	return &disk{dir: dir, pledge: pledgeFile{path: filepath.Join(dir, pledgeName)}, requests: make(chan node.Effect, 1024), post: post}, nil
}

// load returns what was last written, nil on a new host.
func (d *disk) load() ([]byte, error) {
	data, err := os.ReadFile(d.statePath())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

func (d *disk) statePath() string { return filepath.Join(d.dir, stateFile) }

// work writes what is asked for until requests is closed. Of a burst of states
// the newest is written once: it holds the older ones.
func (d *disk) work() {
	defer d.pledge.close()
	for request := range d.requests {
		batch := []node.Effect{request}
		for more := true; more; {
			select {
			case next, open := <-d.requests:
				if more = open; open {
					batch = append(batch, next)
				}
			default:
				more = false
			}
		}
		d.carryOut(batch)
	}
}

func (d *disk) carryOut(batch []node.Effect) {
	var persists []node.Persist
	for _, request := range batch {
		switch r := request.(type) {
		case node.Archive:
			d.owed = append(d.owed, r)
		case node.Persist:
			persists = append(persists, r)
		case node.WritePledge:
			d.post(node.PledgeWritten{Seq: r.Seq, Error: problemOf(d.pledge.write(r.Data))})
		}
	}
	err := d.payArchives()
	if err == nil && len(persists) > 0 {
		err = d.write(stateFile, persists[len(persists)-1].Data)
	}
	for _, p := range persists {
		d.post(node.Persisted{Seq: p.Seq, Error: problemOf(err)})
	}
}

func problemOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// payArchives writes what is still to be archived. What cannot be written stays
// owed, and no state is written before it.
func (d *disk) payArchives() error {
	for len(d.owed) > 0 {
		a := d.owed[0]
		if err := d.write(filepath.Join(archiveFolder, filepath.Base(a.Name)), a.Data); err != nil {
			return err
		}
		d.owed = d.owed[1:]
	}
	return nil
}

func (d *disk) write(name string, data []byte) error {
	path := filepath.Join(d.dir, name)
	if err := renameio.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("write %s: %w: free space there, the last good state is kept", path, err)
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder brings the names in a folder to the disk.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
