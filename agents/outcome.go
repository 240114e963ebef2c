package agents

import (
	"fmt"

	"kvmha/internal/cib"
)

// Done is the outcome of an agent that answered with rc. A format, if given,
// is the exit reason: what failed, why, what to do, in one sentence.
func Done(rc cib.RC, reason ...any) Outcome {
	out := Outcome{RC: rc, Status: cib.ExecDone}
	if len(reason) > 0 {
		out.ExitReason = fmt.Sprintf(reason[0].(string), reason[1:]...)
	}
	return out
}
