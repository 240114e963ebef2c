package devices

import (
	"context"
	"encoding/xml"
	"fmt"

	"kvmha/internal/child"
	"kvmha/stonith"
)

// description is what an agent's metadata says of it.
type description struct {
	parameters map[string]bool
	actions    map[stonith.Action]bool
}

// parseMetadata reads the XML that the action "metadata" prints. An "on" that
// only the target itself can do (fence_scsi's unfencing) is no way to switch a
// fenced node on.
func parseMetadata(text string) (description, error) {
	var raw struct {
		XMLName    xml.Name `xml:"resource-agent"`
		Parameters []struct {
			Name string `xml:"name,attr"`
		} `xml:"parameters>parameter"`
		Actions []struct {
			Name     string `xml:"name,attr"`
			OnTarget string `xml:"on_target,attr"`
		} `xml:"actions>action"`
	}
	if err := xml.Unmarshal([]byte(text), &raw); err != nil {
		return description{}, fmt.Errorf("its metadata is not the XML of a fence agent: %w", err)
	}
	d := description{parameters: map[string]bool{}, actions: map[stonith.Action]bool{}}
	for _, p := range raw.Parameters {
		d.parameters[p.Name] = true
	}
	for _, a := range raw.Actions {
		if a.Name != string(stonith.On) || a.OnTarget != "1" {
			d.actions[stonith.Action(a.Name)] = true
		}
	}
	return d, nil
}

// Can implements stonith.Capable.
func (d *fenceAgent) Can(ctx context.Context) (map[stonith.Action]bool, error) {
	about, err := d.describe(ctx)
	return about.actions, err
}

// describe asks the agent for its metadata, once as long as its file stays.
func (d *fenceAgent) describe(ctx context.Context) (description, error) {
	f := d.agents
	f.mu.Lock()
	k, ok := f.known[d.path]
	f.mu.Unlock()
	if ok && k.modified.Equal(d.modified) {
		return k.description, nil
	}
	result, err := f.Runner.Run(ctx, child.Command{Path: d.path, Env: environment(), Stdin: "action=metadata\n"})
	if err == nil && (result.Killed || result.Code != 0) {
		err = fmt.Errorf("it ended with %d: %s", result.Code, lastLine(result.Stderr))
	}
	var about description
	if err == nil {
		about, err = parseMetadata(result.Stdout)
	}
	if err != nil {
		return about, d.failed(string(stonith.Metadata), "", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil {
		f.known = map[string]known{}
	}
	f.known[d.path] = known{d.modified, about}
	return about, nil
}
