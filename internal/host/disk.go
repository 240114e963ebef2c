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
// temporary name, fsync, rename and fsync of the folder.
type disk struct {
	dir      string
	requests chan node.Persist
	post     func(node.Event)
}

const (
	stateFile     = "state.json"
	archiveFolder = "archive"
)

func openDisk(dir string, post func(node.Event)) (*disk, error) {
	if err := os.MkdirAll(filepath.Join(dir, archiveFolder), 0o700); err != nil {
		return nil, fmt.Errorf("state folder %s: %w: create it or name another with state-dir", dir, err)
	}
	// Of several writes that wait, only the newest matters; but each is
	// answered, so the channel holds what a burst can bring.
	return &disk{dir: dir, requests: make(chan node.Persist, 1024), post: post}, nil
}

// load returns what was last written, nil on a new host.
func (d *disk) load() ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(d.dir, stateFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// work writes what is asked for until requests is closed. A burst is written
// once: its newest state holds the older ones.
func (d *disk) work() {
	for request := range d.requests {
		batch := []node.Persist{request}
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
		problem := ""
		if err := d.write(stateFile, batch[len(batch)-1].Data); err != nil {
			problem = err.Error()
		}
		for _, b := range batch {
			d.post(node.Persisted{Seq: b.Seq, Error: problem})
		}
	}
}

func (d *disk) archive(a node.Archive) error {
	return d.write(filepath.Join(archiveFolder, filepath.Base(a.Name)), a.Data)
}

func (d *disk) write(name string, data []byte) error {
	path := filepath.Join(d.dir, name)
	if err := renameio.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("write %s: %w: free space there, the last good state is kept", path, err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
