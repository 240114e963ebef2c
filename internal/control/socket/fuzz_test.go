package socket

import (
	"bytes"
	"encoding/json"
	"testing"

	"kvmha/internal/control"
)

// FuzzReadRequest holds that a line from anybody is a request of this version
// or an error, and that what was read can be written and read again.
func FuzzReadRequest(f *testing.F) {
	f.Add([]byte(`{"v":1,"id":7,"verb":"status"}` + "\n"))
	f.Add([]byte(`{"v":2,"id":7,"verb":"status"}` + "\n"))
	f.Add([]byte(`{"v":1,"id":-1}` + "\n{"))
	f.Add([]byte(`{"v":1,"verb":"apply","args":{"toml":"[cluster]"}}`))
	f.Add([]byte("\n\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		req, err := readRequest(newLineReader(bytes.NewReader(in)))
		if err != nil {
			return
		}
		if req.Version != control.APIVersion {
			t.Errorf("version %d was taken", req.Version)
		}
		line, err := json.Marshal(req)
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", req, err)
		}
		again, err := readRequest(newLineReader(bytes.NewReader(line)))
		if err != nil || again.ID != req.ID || again.Verb != req.Verb {
			t.Errorf("%+v came back as %+v, %v", req, again, err)
		}
	})
}

// FuzzReceive does the same for what a client reads.
func FuzzReceive(f *testing.F) {
	f.Add([]byte(`{"v":1,"id":7,"more":true,"body":{"a":1}}` + "\n"))
	f.Add([]byte(`{"v":9,"id":0,"error":"use another vm-ctl"}` + "\n"))
	f.Add([]byte(`{"v":1,"body":`))
	f.Fuzz(func(t *testing.T, in []byte) {
		client := &Client{lines: newLineReader(bytes.NewReader(in))}
		resp, err := client.receive()
		if err == nil && resp.Version != control.APIVersion && resp.Error == "" {
			t.Errorf("%+v was taken", resp)
		}
	})
}
