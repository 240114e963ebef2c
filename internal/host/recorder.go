package host

import (
	"bufio"
	"fmt"
	"log/slog"
	"os"
	"time"

	"kvmha/internal/node"
)

// recorder writes what the core is told and answers to a file, for `vm-ctl
// replay`. A file that cannot be written ends the recording, not the daemon. It
// holds the configuration with the passwords of fencing devices, so it is for
// root alone.
type recorder struct {
	file   *os.File
	buffer *bufio.Writer
	lines  *node.Recorder
	log    *slog.Logger
	failed bool
}

// beforeSuffix is added to the name of the recording of the run before. A daemon
// that has crashed is started again within a moment with the same options, and
// that run is the one to look at.
const beforeSuffix = ".before"

func openRecorder(path string, log *slog.Logger) (*recorder, error) {
	if old, err := os.Lstat(path); err == nil && old.Mode().IsRegular() {
		if err := os.Rename(path, path+beforeSuffix); err != nil {
			return nil, fmt.Errorf("keep the trace of the run before: %w", err)
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the trace: %w: give --trace a file in a folder that is there", err)
	}
	buffer := bufio.NewWriterSize(file, 64<<10)
	return &recorder{file: file, buffer: buffer, lines: node.NewRecorder(buffer), log: log}, nil
}

// start writes what the core was made from.
func (r *recorder) start(cfg node.Config) { r.check(r.lines.Start(time.Now(), cfg)) }

// note writes one step. Each is flushed: the last steps before a crash are the
// ones that matter.
func (r *recorder) note(at time.Time, ev node.Event, effects []node.Effect) {
	if r.failed {
		return
	}
	r.check(r.lines.Step(at, ev, effects))
	r.check(r.buffer.Flush())
}

func (r *recorder) check(err error) {
	if err != nil && !r.failed {
		r.failed = true
		r.log.Warn("trace-ended", "file", r.file.Name(), "err", err, "consequence", "the recording ends here; the daemon goes on")
	}
}

// Close ends the recording.
func (r *recorder) Close() error { return r.file.Close() }
