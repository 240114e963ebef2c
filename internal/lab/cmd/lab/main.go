// Command lab builds a site of real hosts on this machine and runs the demo,
// the benchmarks or a cluster to play with on it. `make demo`, `make bench` and
// `make lab` call it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"kvmha/internal/lab"
)

const usage = `usage: lab VERB
  demo                 the main job from power-on to the end, with a time line
  up                   leave a cluster up in the background and say how to talk to it
  exec HOST CMD...     run a command on a host of that cluster
  guest VM CMD...      run a command inside a guest of that cluster
  press on|off HOST    press a host's power button in that cluster
  down                 take that cluster down
  bench [NAME...]      measure what docs/performance.md says
  soak                 kill every daemon at every point of the demo
`

func main() {
	lab.Reexec()
	verbs := map[string]func(context.Context, []string) error{
		"demo": inFabric(demo), "bench": inFabric(bench), "soak": inFabric(soak), "serve": inFabric(serve),
		"up": up, "exec": execute, "guest": inGuest, "down": down, "press": press,
	}
	if len(os.Args) < 2 || verbs[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := verbs[os.Args[1]](ctx, os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

// inFabric runs a verb inside namespaces of its own, with a folder that is
// removed at the end.
func inFabric(verb func(context.Context, []string) error) func(context.Context, []string) error {
	return func(ctx context.Context, args []string) error {
		if lab.InFabric() {
			return verb(ctx, args)
		}
		status, err := lab.EnterFabric()
		if err != nil {
			return err
		}
		if status != 0 {
			os.Exit(status)
		}
		return nil
	}
}
