package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// outline writes a JSON value for people: a line for each key, what is inside
// it indented, in the order in which it was sent.
func outline(raw json.RawMessage) ([]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	o := &outliner{decoder: decoder}
	if err := o.value("", ""); err != nil {
		return nil, err
	}
	return o.lines, nil
}

type outliner struct {
	decoder *json.Decoder
	lines   []string
}

func (o *outliner) value(indent, label string) error {
	token, err := o.decoder.Token()
	if err != nil {
		return err
	}
	delim, opens := token.(json.Delim)
	if !opens {
		o.lines = append(o.lines, strings.TrimRight(indent+label+scalar(token), " "))
		return nil
	}
	if label != "" {
		o.lines = append(o.lines, indent+strings.TrimRight(label, " "))
		indent += "  "
	}
	for o.decoder.More() {
		label := "- "
		if delim == '{' {
			key, err := o.decoder.Token()
			if err != nil {
				return err
			}
			label = fmt.Sprintf("%-24s ", fmt.Sprint(key)+":")
		}
		if err := o.value(indent, label); err != nil {
			return err
		}
	}
	_, err = o.decoder.Token()
	return err
}

func scalar(token json.Token) string {
	switch v := token.(type) {
	case nil:
		return "-"
	case bool:
		if v {
			return "yes"
		}
		return "no"
	}
	return fmt.Sprint(token)
}

// writeJSON prints a value with indentation.
func (a *app) writeJSON(v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	a.say("%s", text)
	return nil
}
