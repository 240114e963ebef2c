package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"kvmha/configs"
	"kvmha/internal/cib"
)

// configFile is a configuration that an administrator hands in: the cluster's
// TOML, or a Pacemaker CIB as XML.
type configFile struct {
	// name stands for the file in messages.
	name   string
	config *cib.Configuration
	// document is set for XML, cluster for TOML.
	document *cib.ConfigDocument
	cluster  *configs.Cluster
}

// readConfig reads a configuration in the format that its content shows, tells
// what its reader noticed, and turns its errors into one that counts them. "-"
// is the standard input.
func (a *app) readConfig(path string) (*configFile, error) {
	f := &configFile{name: path}
	file := os.Stdin
	if path == "-" {
		f.name = "standard input"
	} else {
		var err error
		if file, err = os.Open(path); err != nil {
			return nil, fmt.Errorf("reading the configuration: %w", err)
		}
		defer file.Close()
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	rest := io.MultiReader(bytes.NewReader(head[:n]), file)
	if cib.LooksLikeXML(head[:n]) {
		return f, a.readXML(f, rest)
	}
	return f, a.readTOML(f, rest)
}

func (a *app) readXML(f *configFile, r io.Reader) error {
	var err error
	f.document, err = cib.DecodeConfigXML(r)
	if f.document != nil {
		f.config = &f.document.Config
		a.tellNotices(f)
	}
	return f.mistakes(err)
}

// tellNotices shows the document's notices and forgets them.
func (a *app) tellNotices(f *configFile) {
	for _, n := range f.document.Notices {
		kind := "warning"
		if n.Upgraded() {
			kind = "upgraded"
		}
		a.warn("%s: %s: %s", kind, f.name, n)
	}
	f.document.Notices = nil
}

// mistakes writes the file's name before each mistake.
func (f *configFile) mistakes(err error) error {
	var found cib.Mistakes
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &found):
		return fmt.Errorf("%s: %w", f.name, err)
	}
	lines := make([]string, len(found))
	for i, m := range found {
		lines[i] = f.name + ": " + m.Error()
	}
	return fmt.Errorf("%s is not usable, %s:\n%s", f.name, count(len(found), "mistake"), strings.Join(lines, "\n"))
}

func (a *app) readTOML(f *configFile, r io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(r, configs.MaxSize+1))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", f.name, err)
	case len(text) > configs.MaxSize:
		return fmt.Errorf("%s has more than the %d bytes that a configuration may have", f.name, configs.MaxSize)
	}
	c, err := configs.Parse(f.name, text)
	if err != nil {
		return unusable(f.name, err)
	}
	a.tellWarnings(c)
	f.cluster, f.config = c, &c.Config
	return nil
}

// String says what is configured.
func (f *configFile) String() string {
	what := "the configuration"
	if f.cluster != nil {
		what = fmt.Sprintf("cluster %q", f.cluster.Name)
	}
	return fmt.Sprintf("%s is fine: %s, %s, %s", what, count(len(f.config.Nodes), "node"),
		count(len(f.config.Resources), "resource"), count(constraints(f.config), "constraint"))
}

func constraints(cfg *cib.Configuration) int {
	return len(cfg.Locations) + len(cfg.Colocations) + len(cfg.Orders) + len(cfg.Tickets)
}

// load reads a cluster's TOML, shows its warnings, and turns its errors into one
// that counts them.
func (a *app) load(path string) (*configs.Cluster, error) {
	c, err := configs.Load(path)
	if err != nil {
		return nil, unusable(path, err)
	}
	a.tellWarnings(c)
	return c, nil
}

// unusable counts the mistakes of a TOML file.
func unusable(name string, err error) error {
	var all configs.Errors
	if errors.As(err, &all) {
		return fmt.Errorf("%s is not usable, %s:\n%w", name, count(len(all), "mistake"), all)
	}
	return err
}

func (a *app) tellWarnings(c *configs.Cluster) {
	for _, w := range c.Warnings {
		a.warn("warning: %s", w)
	}
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
