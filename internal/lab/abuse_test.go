package lab

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"net"
	"os"
	"strings"
	"testing"

	"kvmha/internal/cib"
	"kvmha/internal/control"
	"kvmha/internal/node"
)

// waitAttribute waits until a node's transient attribute has a value.
func waitAttribute(t *testing.T, s *Scene, host, name, value string) {
	t.Helper()
	_, err := s.Wait(t.Context(), host+": "+name+" = "+value, func(status *node.StatusReply) bool {
		for _, n := range status.Nodes {
			for _, a := range n.Attributes {
				if n.Name == host && a.Name == name && a.Value == value {
					return true
				}
			}
		}
		return false
	})
	if err != nil {
		t.Fatal(err)
	}
}

// logSays reports whether a host's console holds all of the words in one line.
func (h *Host) logSays(words ...string) bool {
	text, err := os.ReadFile(h.Disk("console.log"))
	if err != nil {
		return false
	}
	for line := range bytes.Lines(text) {
		all := true
		for _, word := range words {
			all = all && bytes.Contains(line, []byte(word))
		}
		if all {
			return true
		}
	}
	return false
}

func addressScene(t *testing.T) *Scene {
	scene := stage(t, SceneOptions{Config: []byte(AddressConfig)})
	if err := scene.PowerOnAndWait(t.Context()); err != nil {
		t.Fatal(err)
	}
	return scene
}

// mustBeUntouched checks that the cluster is whole and the address answers.
func mustBeUntouched(t *testing.T, s *Scene) {
	t.Helper()
	if _, err := s.Wait(t.Context(), "the cluster to be whole", func(st *node.StatusReply) bool {
		return s.Formed(st) && len(Where(st, "vip")) == 1
	}); err != nil {
		t.Fatal(err)
	}
	s.mustNotRunTwice(t)
}

func TestANodeWithAnotherSecretIsRefusedAndBothSidesSayWhy(t *testing.T) {
	scene := stage(t, SceneOptions{Config: []byte(AddressConfig)})
	key, err := newSecret(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(scene.Host("beta").Disk("etc/kvmha/secret"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := scene.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, host := range scene.Hosts() {
		if err := scene.Eventually(t.Context(), host.Name+" to name the secret", func() bool {
			return host.logSays("secret", scene.Other(host.Name))
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASecretThatOthersCanReadIsRefused(t *testing.T) {
	scene := stage(t, SceneOptions{Config: []byte(AddressConfig)})
	if err := os.Chmod(scene.Host("beta").Disk("etc/kvmha/secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := scene.Host("beta").PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := scene.Eventually(t.Context(), "hostd to refuse the file", func() bool {
		return scene.Host("beta").logSays("secret", "chmod")
	}); err != nil {
		t.Fatal(err)
	}
}

func TestGarbageOnTheHeartbeatPortsHarmsNothing(t *testing.T) {
	scene := addressScene(t)
	garbage := make([]byte, 1<<20)
	_, _ = rand.Read(garbage)
	for _, port := range []int{int(scene.Cluster.GossipPort), int(scene.Cluster.PeerPort)} {
		target := net.TCPAddr{IP: net.ParseIP("10.77.0.1"), Port: port}
		for _, length := range []int{1, 7, 64, 4096, len(garbage)} {
			if conn, err := net.DialTCP("tcp", nil, &target); err == nil {
				_, _ = conn.Write(garbage[:length])
				conn.Close()
			}
			if conn, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: target.IP, Port: port}); err == nil {
				_, _ = conn.Write(garbage[:min(length, 1400)])
				conn.Close()
			}
		}
	}
	mustBeUntouched(t, scene)
}

func TestAFullDiskRefusesChangesAndLeavesTheClusterRunning(t *testing.T) {
	scene := addressScene(t)
	for _, host := range scene.Hosts() {
		if _, err := host.Run(t.Context(), "mount", "-t", "tmpfs", "-o", "size=4k", "none", "/var/lib/kvmha"); err != nil {
			t.Fatal(err)
		}
		if _, err := host.Run(t.Context(), "sh", "-c", "head -c 4096 /dev/zero >/var/lib/kvmha/filler || true"); err != nil {
			t.Fatal(err)
		}
	}
	standby := control.NodeArgs{Node: "beta"}
	err := scene.Ask(t.Context(), "alpha", control.Standby, standby, nil)
	if err == nil || !strings.Contains(err.Error(), "space") {
		t.Fatalf("a change with a full disk must be refused for lack of space, got %v", err)
	}
	mustBeUntouched(t, scene)
	for _, host := range scene.Hosts() {
		if _, err := host.Run(t.Context(), "umount", "/var/lib/kvmha"); err != nil {
			t.Fatal(err)
		}
	}
	if err := scene.Ask(t.Context(), "alpha", control.Standby, standby, nil); err != nil {
		t.Fatalf("with space again the change must be taken: %v", err)
	}
}

func addResource(ctx context.Context, s *Scene, r *cib.Resource) error {
	return s.Ask(ctx, "alpha", control.RscAdd, control.RscAddArgs{Resource: r}, nil)
}

func TestAnUnknownAgentIsReportedAndTheRestGoesOn(t *testing.T) {
	scene := addressScene(t)
	err := addResource(t.Context(), scene, &cib.Resource{
		ID: "odd", Kind: cib.Primitive, Class: "ocf", Provider: "heartbeat", Type: "NoSuchAgent",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scene.Wait(t.Context(), "the failure to be shown", func(st *node.StatusReply) bool {
		text, _ := json.Marshal(st.Failed)
		return Idle(st) && strings.Contains(string(text), "NoSuchAgent")
	}); err != nil {
		t.Fatal(err)
	}
	mustBeUntouched(t, scene)
}

func TestAMissingFenceAgentIsReportedAndTheRestGoesOn(t *testing.T) {
	scene := addressScene(t)
	err := addResource(t.Context(), scene, &cib.Resource{
		ID: "switch", Kind: cib.Primitive, Class: "stonith", Type: "fence_nosuch",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scene.Wait(t.Context(), "the failure to be shown", func(st *node.StatusReply) bool {
		text, _ := json.Marshal(st.Failed)
		return Idle(st) && strings.Contains(string(text), "fence_nosuch")
	}); err != nil {
		t.Fatal(err)
	}
	mustBeUntouched(t, scene)
}

func TestABadConfigurationIsRefusedAsAWhole(t *testing.T) {
	scene := addressScene(t)
	bad := bytes.Replace([]byte(AddressConfig), []byte(`ip = "10.77.9.100"`), []byte(`ip = "10.77.9.300"`), 1)
	bad = append(bad, []byte("\n[[group]]\nid = \"g\"\nmembers = [\"nobody\"]\n")...)
	if err := os.WriteFile(scene.Host("alpha").Disk("etc/kvmha/bad.toml"), bad, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := scene.Host("alpha").Run(t.Context(), "vm-ctl", "apply", "/etc/kvmha/bad.toml")
	if err == nil {
		t.Fatal("vm-ctl apply took a bad configuration")
	}
	for _, want := range []string{"bad.toml:", "10.77.9.300", "nobody"} {
		if !strings.Contains(said, want) {
			t.Errorf("the error does not name %q:\n%s", want, said)
		}
	}
	mustBeUntouched(t, scene)
}

func TestGarbageFromAGuestHarmsNothing(t *testing.T) {
	scene := stage(t, SceneOptions{})
	play := playFor(t, scene)
	for _, step := range Demo[:3] {
		if err := step.Run(t.Context(), play); err != nil {
			t.Fatal(err)
		}
	}
	const flood = "kill -9 $(pidof guestd); head -c 300000 /dev/urandom >/dev/virtio-ports/org.kvmha.guest.0; true"
	if _, err := play.inGuest(t.Context(), "db1", flood); err != nil {
		t.Fatal(err)
	}
	if _, err := play.greet(t.Context(), "db1"); err != nil {
		t.Fatal(err)
	}
	if _, err := play.inGuest(t.Context(), "db2", "vm-ctl fence vip"); err == nil {
		t.Error("a guest was allowed to fence what is not in its rights")
	}
	mustBeUntouched(t, scene)
}
