package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kvmha/internal/cib"
)

const bundleOnPort = `<bundle id="web"><podman image="i" replicas="1" run-command="/run"/><network control-port="3999"/>` +
	`<primitive id="a" class="ocf" provider="p" type="a"><operations><op id="a-m" name="monitor" interval="10s"/></operations></primitive></bundle>`

func TestABundleStartsFromTheOutside(t *testing.T) {
	t.Parallel()
	w := world{options: "enable-startup-probes=false", nodes: []string{"n1"}, resources: bundleOnPort}
	want := `a:0_monitor_10000 web-0 after a:0_start web-0, web-0_start n1
a:0_start web-0 after web-0_start n1, web-podman-0_start n1
web-0_monitor_30000 n1 after web-0_start n1
web-0_start n1 after web-podman-0_start n1
web-podman-0_monitor_60000 n1 after web-podman-0_start n1
web-podman-0_start n1`
	if diff := cmp.Diff(want, story(decide(t, w))); diff != "" {
		t.Errorf("the transition differs (-want +got):\n%s", diff)
	}
}

func TestAConnectionWithoutAnAddressGoesToTheContainersHost(t *testing.T) {
	t.Parallel()
	tr := decide(t, world{nodes: []string{"n1"}, resources: bundleOnPort})
	for _, a := range tr.Actions {
		if a.Operation == nil || a.Operation.Resource != "web-0" {
			continue
		}
		for _, nv := range a.Operation.Params {
			if nv.Name == "addr" && nv.Value != "n1" {
				t.Errorf("%s connects to %q, want n1", a.Key, nv.Value)
			}
		}
	}
}

func TestReplicasAreShownInPlaceOfTheirParts(t *testing.T) {
	t.Parallel()
	const pair = `<bundle id="web"><docker image="i" replicas="2"/><network ip-range-start="192.0.2.9"/>` +
		`<primitive id="a" class="ocf" provider="p" type="a"/></bundle>`
	tr := decide(t, world{resources: pair, status: "n1 web-docker-0 start\nn1 web-0 start"})
	v := tr.Resources[0]
	if v.Kind != cib.Bundle || v.Image != "i" || len(v.Children) != 2 {
		t.Fatalf("the bundle is shown as %+v", v)
	}
	for i, want := range []struct{ label, agent string }{
		{"web-0 (192.0.2.9)", "ocf:p:a"}, {"web-1 (192.0.2.10)", "ocf:p:a"},
	} {
		if c := v.Children[i]; c.Label != want.label || c.Agent != want.agent {
			t.Errorf("replica %d is shown as %q (%s), want %q (%s)", i, c.Label, c.Agent, want.label, want.agent)
		}
	}
	if got := v.Children[0].Active; len(got) != 1 || got[0] != "n1" {
		t.Errorf("replica 0 is shown on %v, want its container's node n1", got)
	}
}

func TestAContainersOptionsFollowFromTheBundle(t *testing.T) {
	t.Parallel()
	network := bundleSpec{
		id: "b", firstAddress: "192.0.2.1", addHost: true, network: "net", ports: []portMapping{{"80", "8080"}},
		mounts: []mount{{source: "/srv", target: "/data", options: "ro"}, {source: "/log", target: "/var/log", perReplica: true}},
	}
	host := bundleSpec{id: "b", network: "host", controlPort: "4000", ports: []portMapping{{"80", "80"}}}
	tests := map[string]struct {
		spec   bundleSpec
		engine string
		want   string
	}{
		"podman with an address": {network, "podman",
			" -h b-0 -e PCMK_stderr=1 --net=net -e PCMK_remote_port=3121 -v /srv:/data:ro -v /log/b-0:/var/log" +
				" -p 192.0.2.1:80:8080  --add-host=b-0:192.0.2.1"},
		"docker forbids its own restarts": {host, "docker",
			" --restart=no -e PCMK_stderr=1 --net=host -e PCMK_remote_port=4000 "},
		"rkt has other words": {network, "rkt",
			" --hostname=b-0 --environment=PCMK_stderr=1 --net=net --environment=PCMK_remote_port=3121" +
				" --volume vol0,kind=host,source=/srv,ro --mount volume=vol0,target=/data" +
				" --volume vol1,kind=host,source=/log/b-0 --mount volume=vol1,target=/var/log" +
				" --port=8080:192.0.2.1:80  --hosts-entry=192.0.2.1=b-0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := tt.spec, &replica{address: tt.spec.firstAddress}
			s.engine = tt.engine
			if c.address != "" {
				s.addHostEntry(c)
			}
			if diff := cmp.Diff(tt.want, s.runOptions(c)); diff != "" {
				t.Errorf("run_opts differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAddressesAreCountedUp(t *testing.T) {
	t.Parallel()
	for last, want := range map[string]string{
		"192.0.2.9": "192.0.2.10", "192.0.2.253": "192.0.2.254", "192.0.2.254": "192.0.3.1",
		"192.0.254.1": "", "2001:db8::1": "", "": "",
	} {
		if got := nextAddress(last); got != want {
			t.Errorf("after %q comes %q, want %q", last, got, want)
		}
	}
}

func TestABundleThatCannotBeReachedIsLeftOut(t *testing.T) {
	t.Parallel()
	const sealed = `<bundle id="web"><podman image="i"/><primitive id="a" class="ocf" provider="p" type="a"/></bundle>`
	tr := decide(t, world{resources: sealed})
	if len(tr.Actions) != 0 || len(tr.Errors) == 0 {
		t.Errorf("got %d actions and the errors %q, want none and a reason", len(tr.Actions), tr.Errors)
	}
}
