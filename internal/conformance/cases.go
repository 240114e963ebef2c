package conformance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Case is one recorded CIB with the reference's answer.
type Case struct {
	Name string
	// Date is the time to decide for, empty for the CIB's own.
	Date     string
	Document []byte
	Want     Answer
}

// LoadCases reads a folder of recorded cases: manifest.json lists the names
// and the arguments, and each case has the files xml/NAME.xml,
// scores/NAME.scores, summary/NAME.summary, dot/NAME.dot and exp/NAME.exp.
func LoadCases(folder string) ([]Case, error) {
	text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Tests []struct {
			Name string   `json:"name"`
			Args []string `json:"args"`
		} `json:"tests"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, fmt.Errorf("%s: manifest.json: %w", folder, err)
	}
	cases := make([]Case, 0, len(manifest.Tests))
	for _, entry := range manifest.Tests {
		c := Case{Name: entry.Name}
		switch {
		case len(entry.Args) == 2 && entry.Args[0] == "-t":
			c.Date = entry.Args[1]
		case len(entry.Args) > 0:
			return nil, fmt.Errorf("case %s: arguments %q: only -t DATE is understood", c.Name, entry.Args)
		}
		if err := c.load(folder); err != nil {
			return nil, fmt.Errorf("case %s: %w", c.Name, err)
		}
		cases = append(cases, c)
	}
	return cases, nil
}

func (c *Case) load(folder string) error {
	var err error
	read := func(kind string) string {
		text, e := os.ReadFile(filepath.Join(folder, kind, c.Name+"."+kind))
		if err == nil {
			err = e
		}
		return string(text)
	}
	c.Document = []byte(read("xml"))
	c.Want = Answer{Scores: read("scores"), Summary: read("summary"), DOT: read("dot"), Graph: read("exp")}
	return err
}
