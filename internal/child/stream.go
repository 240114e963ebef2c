package child

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// stream is one output pipe of a program and the bounded tail of what came
// through it. A daemon that the program leaves behind may hold the write end
// for ever, so the end of the program, not the end of the pipe, ends a stream.
type stream struct {
	read, write *os.File
	tail        []byte
	done        chan struct{}
}

func newStreams() (stdout, stderr *stream, err error) {
	if stdout, err = newStream(); err != nil {
		return nil, nil, err
	}
	if stderr, err = newStream(); err != nil {
		stdout.abandon()
		return nil, nil, err
	}
	return stdout, stderr, nil
}

func newStream() (*stream, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &stream{read: r, write: w, done: make(chan struct{})}, nil
}

// abandon closes a stream whose program never started.
func (s *stream) abandon() {
	_ = s.read.Close()
	_ = s.write.Close()
}

// follow closes our copy of the write end and reads in the background.
func (s *stream) follow() {
	_ = s.write.Close()
	go func() {
		defer close(s.done)
		buf := make([]byte, 16<<10)
		for {
			n, err := s.read.Read(buf)
			s.keep(buf[:n])
			if err != nil {
				return
			}
		}
	}()
}

// end stops the background reader, takes what is already in the pipe without
// waiting for more, and returns the tail.
func (s *stream) end() string {
	_ = s.read.SetReadDeadline(time.Unix(1, 0))
	<-s.done
	_ = s.read.SetReadDeadline(time.Time{})
	if raw, err := s.read.SyscallConn(); err == nil {
		_ = raw.Read(func(fd uintptr) bool {
			buf := make([]byte, 16<<10)
			for taken := 0; taken < OutputLimit; {
				n, err := unix.Read(int(fd), buf)
				if n <= 0 || err != nil {
					break
				}
				s.keep(buf[:n])
				taken += n
			}
			return true
		})
	}
	_ = s.read.Close()
	return string(s.tail)
}

func (s *stream) keep(p []byte) {
	s.tail = append(s.tail, p...)
	if over := len(s.tail) - OutputLimit; over > 0 {
		s.tail = append(s.tail[:0], s.tail[over:]...)
	}
}

// memoryFile is an unnamed file that lives in memory.
func memoryFile(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}
