package agents

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"kvmha/internal/cib"
)

type named string

func (named) Run(context.Context, cib.Operation) Outcome { return Outcome{} }

type shelf map[string]Agent

func (s shelf) Find(provider, typ string) (Agent, error) {
	if a, ok := s[provider+":"+typ]; ok {
		return a, nil
	}
	return nil, fmt.Errorf("%s:%s: %w: not on the shelf", provider, typ, ErrNoAgent)
}

func TestAgentsAreFoundByNameThenByClass(t *testing.T) {
	s := NewSet()
	s.Add("ocf", "kvmha", "IPaddr2", named("go"))
	s.AddClass("ocf", shelf{"heartbeat:IPaddr2": named("shell"), "kvmha:IPaddr2": named("hidden")})
	s.AddClass("systemd", shelf{":web": named("unit")})
	tests := map[string]struct {
		class, provider, typ string
		want                 named
		wrong                string
	}{
		"one written in Go":            {"ocf", "kvmha", "IPaddr2", "go", ""},
		"one installed":                {"ocf", "heartbeat", "IPaddr2", "shell", ""},
		"one without a provider":       {"systemd", "", "web", "unit", ""},
		"a misspelt one":               {"ocf", "kvmha", "IPadr2", "", "did you mean ocf:kvmha:IPaddr2?"},
		"one that is nothing like any": {"ocf", "acme", "Toaster", "", "not on the shelf"},
		"a misspelt class":             {"systmd", "", "web", "", `did you mean "systemd"?`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := s.Agent(tt.class, tt.provider, tt.typ)
			if tt.wrong == "" && (err != nil || got != tt.want) {
				t.Errorf("got %v, %v", got, err)
			}
			if tt.wrong != "" && (!errors.Is(err, ErrNoAgent) || !strings.Contains(err.Error(), tt.wrong)) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func TestPlainNamesStayInTheirFolder(t *testing.T) {
	for name, want := range map[string]bool{"IPaddr2": true, "azure-lb": true, "": false, "..": false, ".x": false, "a/b": false, "a\x00b": false} {
		if PlainName(name) != want {
			t.Errorf("%q: want %t", name, want)
		}
	}
}

const metadata = `<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="A" version="1.0"><version>1.1</version>
<parameters>
<parameter name="ip" unique="1" required="1"><shortdesc lang="en"> the address </shortdesc><content type="string"/></parameter>
<parameter name="mode" reloadable="yes"><content type="string" default="x"/></parameter>
</parameters>
<actions><action name="start" timeout="20s"/><action name="monitor" interval="10s" role="Promoted"/></actions>
</resource-agent>`

func TestMetadataIsReadAndParametersAreChecked(t *testing.T) {
	m, err := ParseMetadata(metadata)
	if err != nil {
		t.Fatal(err)
	}
	ip, mode := m.Parameter("ip"), m.Parameter("mode")
	if m.Name != "A" || m.Version != "1.1" || !ip.Unique || !ip.Required || ip.ShortDesc != "the address" || !mode.Reloadable || mode.Default != "x" ||
		!m.Has("monitor") || m.Has("stop") || m.Actions[1].Role != "Promoted" {
		t.Errorf("got %+v", m)
	}
	if err := m.CheckParams([]cib.NV{{Name: "ip", Value: "1"}}); err != nil {
		t.Error(err)
	}
	err = m.CheckParams([]cib.NV{{Name: "mod", Value: "y"}})
	if err == nil || err.Error() != "parameter \"mod\" is unknown; did you mean \"mode\"?\nparameter \"ip\" is required and not set" {
		t.Errorf("got %v", err)
	}
}

func FuzzParseMetadata(f *testing.F) {
	f.Add(metadata)
	f.Add("")
	f.Add("<resource-agent name='x'><parameters><parameter/></parameters>")
	f.Fuzz(func(t *testing.T, text string) {
		if m, err := ParseMetadata(text); (m == nil) == (err == nil) || m != nil && m.Name == "" {
			t.Errorf("got %v, %v", m, err)
		}
	})
}
