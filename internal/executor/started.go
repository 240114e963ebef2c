package executor

import (
	"sync"

	"kvmha/internal/cib"
)

// started remembers the parameters each resource runs with here. A changed
// parameter must not reach the stop that it causes: a service address, say,
// would have the new one removed and keep the old.
type started struct {
	mu     sync.Mutex
	params map[string][]cib.NV // by resource
}

// before gives an operation the parameters it has to run with, and notes those
// of one that begins something: even cut short it may have left some of it.
func (s *started) before(op cib.Operation) cib.Operation {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch op.Name {
	case "stop":
		if params, known := s.params[op.Resource]; known {
			op.Params = params
		}
	case "start", "migrate_from":
		s.params[op.Resource] = op.Params
	}
	return op
}

// after notes what an operation's outcome says of the resource.
func (s *started) after(op cib.Operation, rc cib.RC) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch op.Name {
	case "stop":
		if rc == cib.OK {
			delete(s.params, op.Resource)
		}
	case "reload-agent", "reload", "monitor":
		if rc == cib.OK || rc == cib.RunningPromoted {
			s.params[op.Resource] = op.Params
		}
	}
}
