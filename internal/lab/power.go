package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The power switch stands for a site's BMCs. It listens on a unix socket that
// every host can reach, because no network of the lab leads to it; a request
// is one line "ACTION HOST REQUESTER", the answer one line "ok …" or "error …".

const powerSocket = "power.sock"

// servePower answers the power switch until ctx ends.
func (s *Site) servePower(ctx context.Context) error {
	path := filepath.Join(s.dir, powerSocket)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("open the power switch: %w", err)
	}
	s.goroutines.Go(func() {
		<-ctx.Done()
		_ = listener.Close()
	})
	s.goroutines.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.goroutines.Go(func() {
				defer conn.Close()
				line, err := bufio.NewReader(conn).ReadString('\n')
				if err != nil {
					return
				}
				fmt.Fprintln(conn, s.switchPower(ctx, strings.Fields(line)))
			})
		}
	})
	return nil
}

func (s *Site) switchPower(ctx context.Context, words []string) string {
	if len(words) < 2 {
		return "error: want ACTION HOST"
	}
	host, ok := s.hosts[words[1]]
	if !ok {
		return fmt.Sprintf("error: no host %q on this power switch", words[1])
	}
	action := words[0]
	s.trace("power", "%s %s, asked by %s", action, host.Name, strings.Join(words[2:], " "))
	switch action {
	case "status":
		if host.Powered() {
			return "ok on"
		}
		return "ok off"
	// Whether a machine that was shot boots again is the site's choice: the demo
	// wants to show the time between. The fencer reboots in steps (off, status,
	// on), so the choice is about "on" as well.
	case "off", "reboot":
		host.PowerOff()
		if action == "reboot" && s.rebootAfterFence {
			if err := host.PowerOn(ctx); err != nil {
				return "error: " + err.Error()
			}
		}
	case "on":
		if s.rebootAfterFence && !host.Powered() {
			if err := host.PowerOn(ctx); err != nil {
				return "error: " + err.Error()
			}
		}
	default:
		return fmt.Sprintf("error: unknown action %q", action)
	}
	return "ok"
}

// PowerRequest is the client of the power switch in dir, for the fence agent
// script. It returns the words after "ok".
func PowerRequest(dir, action, host string) (string, error) {
	conn, err := net.DialTimeout("unix", filepath.Join(dir, powerSocket), 5*time.Second)
	if err != nil {
		return "", fmt.Errorf("reach the power switch: %w", err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	self, _ := os.Hostname()
	fmt.Fprintf(conn, "%s %s %s\n", action, host, self)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("power switch gave no answer: %w", err)
	}
	answer, ok := strings.CutPrefix(strings.TrimSpace(line), "ok")
	if !ok {
		return "", errors.New("power switch: " + strings.TrimPrefix(strings.TrimSpace(line), "error: "))
	}
	return strings.TrimSpace(answer), nil
}

// fenceAgent is fence_lab: an agent of the fence-agents convention, a plain
// script as an administrator would write it. @LAB@ is the lab's program and
// @DIR@ the site's folder.
const fenceAgent = `#!/bin/sh
# fence_lab: fence agent for the lab's power switch (fence-agents API).
action=reboot plug=
while read -r line; do
	case "$line" in
	action=*) action=${line#*=} ;;
	plug=* | port=*) plug=${line#*=} ;;
	nodename=*) [ -n "$plug" ] || plug=${line#*=} ;;
	esac
done
case "$action" in
metadata)
	cat <<-'XML'
	<?xml version="1.0" ?>
	<resource-agent name="fence_lab" shortdesc="power switch of the lab">
	<longdesc>Switches the power of a namespaced host.</longdesc>
	<vendor-url>local</vendor-url>
	<parameters>
	<parameter name="action" required="1"><content type="string" default="reboot"/><shortdesc lang="en">fencing action</shortdesc></parameter>
	<parameter name="plug" required="0"><content type="string"/><shortdesc lang="en">host to switch</shortdesc></parameter>
	</parameters>
	<actions><action name="on"/><action name="off"/><action name="reboot"/><action name="status"/><action name="monitor"/><action name="list"/><action name="metadata"/></actions>
	</resource-agent>
	XML
	;;
monitor) exec @LAB@ power --dir @DIR@ status "$(hostname)" >/dev/null ;;
status) case "$(@LAB@ power --dir @DIR@ status "$plug")" in on) exit 0 ;; off) exit 2 ;; *) exit 1 ;; esac ;;
on | off | reboot) exec @LAB@ power --dir @DIR@ "$action" "$plug" ;;
*) echo "fence_lab: unknown action '$action'" >&2; exit 1 ;;
esac
`

// installFenceAgent writes the script into the site's folder of fence agents.
func (s *Site) installFenceAgent() error {
	script := strings.NewReplacer("@LAB@", s.labBinary, "@DIR@", s.dir).Replace(fenceAgent)
	path := filepath.Join(s.dir, "fence", "fence_lab")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(script), 0o755)
}
