package agents

import (
	"fmt"

	"kvmha/internal/cib"
)

// Done is the outcome of an agent that answered with rc, which explains itself.
func Done(rc cib.RC) Outcome { return Outcome{RC: rc, Status: cib.ExecDone} }

// Failed is the outcome of an agent that answered with rc for a reason: one
// sentence that says what failed, why, and what to do.
func Failed(rc cib.RC, format string, args ...any) Outcome {
	return Outcome{RC: rc, Status: cib.ExecDone, ExitReason: fmt.Sprintf(format, args...)}
}
