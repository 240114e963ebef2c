package agents

import (
	"strings"
	"testing"
	"time"

	"kvmha/internal/cib"
)

// describedBy is meta-data in the form agents print it.
func describedBy(t *testing.T, version, parameters string, actions ...string) *Metadata {
	t.Helper()
	text := `<resource-agent name="A"><version>` + version + `</version><parameters>` + parameters + `</parameters><actions>`
	for _, name := range actions {
		text += `<action name="` + name + `" timeout="20s"/>`
	}
	m, err := ParseMetadata(text + `</actions></resource-agent>`)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const (
	modernParameters = `<parameter name="state"/><parameter name="level" reloadable="1"/><parameter name="key" private="1" reloadable="1"/>`
	oldParameters    = `<parameter name="state" unique="1"/><parameter name="level" unique="0"/><parameter name="password"/>`
)

func TestMetadataDividesTheParametersOfAnOperation(t *testing.T) {
	all := []cib.NV{{Name: "crm_feature_set", Value: "3.16.2"}, {Name: "key", Value: "k"}, {Name: "level", Value: "1"}, {Name: "password", Value: "p"}, {Name: "state", Value: "/s"}}
	pick := func(names string) string {
		var out []cib.NV
		for _, nv := range all {
			if strings.Contains(" "+names+" ", " "+nv.Name+" ") {
				out = append(out, nv)
			}
		}
		return cib.Digest(out)
	}
	tests := map[string]struct {
		metadata *Metadata
		op       cib.Operation
		want     cib.ParamDigests
	}{
		"an agent of OCF 1.1 names what is reloadable": {
			describedBy(t, "1.1", modernParameters, "start", "reload-agent"), cib.Operation{Name: "start"},
			cib.ParamDigests{RestartList: " state ", RestartDigest: pick("state"), SecureList: " key ", SecureDigest: pick("level password state")},
		},
		"an older one what is unique, and its secrets by their usual names": {
			describedBy(t, "1.0", oldParameters, "start", "reload"), cib.Operation{Name: "start"},
			cib.ParamDigests{RestartList: " state ", RestartDigest: pick("state"), SecureList: " password ", SecureDigest: pick("key level state")},
		},
		"one that can reload everything has a list all the same": {
			describedBy(t, "1.2", `<parameter name="level" reloadable="true"/>`, "reload-agent"), cib.Operation{Name: "reload-agent"},
			cib.ParamDigests{RestartList: " ", RestartDigest: pick("")},
		},
		"one without a reload has none": {
			describedBy(t, "1.1", `<parameter name="level" reloadable="1"/>`, "start"), cib.Operation{Name: "start"}, cib.ParamDigests{},
		},
		"reload of an agent of OCF 1.1 is the service's own": {
			describedBy(t, "1.1", `<parameter name="level" reloadable="1"/>`, "reload"), cib.Operation{Name: "start"}, cib.ParamDigests{},
		},
		"a recurring monitor is not reloaded": {
			describedBy(t, "1.1", modernParameters, "reload-agent"), cib.Operation{Name: "monitor", Interval: time.Second, Timeout: 20 * time.Second},
			cib.ParamDigests{SecureList: " key ", SecureDigest: pick("level password state")},
		},
		"a stop says nothing of what will run": {
			describedBy(t, "1.1", modernParameters, "reload-agent"), cib.Operation{Name: "stop"}, cib.ParamDigests{},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.op.Params = all
			if got := tt.metadata.Digests(&tt.op); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestTheReloadActionFollowsTheStandardOfTheAgent(t *testing.T) {
	for name, tt := range map[string]struct {
		version string
		actions []string
		want    string
	}{
		"1.1 with both":      {"1.1", []string{"reload", "reload-agent"}, "reload-agent"},
		"1.10 is younger":    {"1.10", []string{"reload-agent"}, "reload-agent"},
		"1.0 with reload":    {"1.0", []string{"reload"}, "reload"},
		"1.0 knows no other": {"1.0", []string{"reload-agent"}, ""},
		"no version is old":  {"", []string{"reload"}, "reload"},
		"none":               {"1.1", []string{"start"}, ""},
	} {
		if got := describedBy(t, tt.version, "", tt.actions...).ReloadAction(); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
