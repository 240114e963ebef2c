package agents

import (
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kvmha/internal/cib"
	"kvmha/internal/nearest"
)

// Describer is an Agent that can tell its meta-data. Any change of a parameter
// of one that cannot needs a restart.
type Describer interface {
	Agent
	// Metadata returns what is known now and does not wait. nil means not yet,
	// or never; an agent that must run a program for it begins to.
	Metadata() *Metadata
}

// Metadata describes an agent ("OCF Resource Agent API, Metadata"): what can be
// configured, which change of it needs a restart, and what the agent can do.
type Metadata struct {
	Name string `xml:"name,attr"`
	// Version is that of the OCF standard which the agent follows.
	Version    string      `xml:"version"`
	ShortDesc  string      `xml:"shortdesc"`
	LongDesc   string      `xml:"longdesc"`
	Parameters []Parameter `xml:"parameters>parameter"`
	Actions    []Action    `xml:"actions>action"`
}

// Parameter is one instance attribute an agent knows.
type Parameter struct {
	Name     string
	Unique   bool
	Required bool
	// Reloadable: see Metadata.ReloadAction.
	Reloadable bool
	// Private parameters are secrets.
	Private bool
	// Type is "string", "integer", "boolean" …; Default is "" if there is none.
	Type, Default string
	ShortDesc     string
}

// Action is one action an agent offers. Times are as written.
type Action struct {
	Name      string `xml:"name,attr"`
	Timeout   string `xml:"timeout,attr"`
	Interval  string `xml:"interval,attr"`
	Role      string `xml:"role,attr"`
	Depth     string `xml:"depth,attr"`
	OnTarget  string `xml:"on_target,attr"`
	Automatic string `xml:"automatic,attr"`
}

// ParseMetadata reads the XML that an agent's meta-data action prints.
func ParseMetadata(text string) (*Metadata, error) {
	var m Metadata
	if err := xml.Unmarshal([]byte(text), &m); err != nil {
		return nil, fmt.Errorf("meta-data is not the XML of a resource agent: %w", err)
	}
	if m.Name == "" {
		return nil, errors.New("meta-data is not the XML of a resource agent: <resource-agent> has no name")
	}
	return &m, nil
}

// UnmarshalXML reads a <parameter>, whose booleans are written in many ways.
func (p *Parameter) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	var raw struct {
		Name       string `xml:"name,attr"`
		Unique     string `xml:"unique,attr"`
		Required   string `xml:"required,attr"`
		Reloadable string `xml:"reloadable,attr"`
		Private    string `xml:"private,attr"`
		ShortDesc  string `xml:"shortdesc"`
		Content    struct {
			Type    string `xml:"type,attr"`
			Default string `xml:"default,attr"`
		} `xml:"content"`
	}
	if err := d.DecodeElement(&raw, &start); err != nil {
		return err
	}
	*p = Parameter{
		Name: raw.Name, Unique: truth(raw.Unique), Required: truth(raw.Required), Reloadable: truth(raw.Reloadable), Private: truth(raw.Private),
		Type: raw.Content.Type, Default: raw.Content.Default, ShortDesc: strings.TrimSpace(raw.ShortDesc),
	}
	return nil
}

func truth(text string) bool {
	b, err := cib.ParseBool(text)
	return err == nil && b
}

// Has tells whether the agent offers the action.
func (m *Metadata) Has(action string) bool {
	for _, a := range m.Actions {
		if a.Name == action {
			return true
		}
	}
	return false
}

// Parameter returns the description of a parameter, nil if there is none.
func (m *Metadata) Parameter(name string) *Parameter {
	for i := range m.Parameters {
		if m.Parameters[i].Name == name {
			return &m.Parameters[i]
		}
	}
	return nil
}

// CheckParams reports parameters that the agent does not know, each with the
// nearest name it does, and required ones that are missing: all at once.
func (m *Metadata) CheckParams(params []cib.NV) error {
	var errs []error
	given := map[string]bool{}
	names := make([]string, 0, len(m.Parameters))
	for _, p := range m.Parameters {
		names = append(names, p.Name)
	}
	for _, nv := range params {
		given[nv.Name] = true
		if m.Parameter(nv.Name) == nil {
			errs = append(errs, fmt.Errorf("parameter %q is unknown%s", nv.Name, didYouMean(nv.Name, names)))
		}
	}
	for _, p := range m.Parameters {
		if p.Required && p.Default == "" && !given[p.Name] {
			errs = append(errs, fmt.Errorf("parameter %q is required and not set", p.Name))
		}
	}
	return errors.Join(errs...)
}

// didYouMean helps with a name that is none of names: the nearest one, or all
// when they are few.
func didYouMean(text string, names []string) string {
	if near := nearest.To(text, slices.Values(names)); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	if len(names) > 0 && len(names) <= 12 {
		return "; known are " + strings.Join(names, ", ")
	}
	return ""
}
