package virtio

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The messages. Readers skip types that they do not know, and fields too.
const (
	// TypeHello begins a session. The host sends one when it has connected and
	// one for every hello of the guest; the guest sends one when it has opened
	// its port.
	TypeHello Type = 1
	// TypeRequest asks; guest to host.
	TypeRequest Type = 2
	// TypeReply answers a request; host to guest. It is kept, and sent again for
	// every hello, until it is acknowledged.
	TypeReply Type = 3
	// TypeAck says that the reply has arrived; guest to host.
	TypeAck Type = 4
	// TypePing asks the other side for a TypePong, to show that it lives; the
	// guest asks, as a host does not know whether there is a daemon in the VM.
	TypePing Type = 5
	TypePong Type = 6
	// TypeNotify tells of an event; host to guest. It may be lost.
	TypeNotify Type = 7
)

// Versions of the messages that this program speaks. Two programs speak the
// greatest that both do; if there is none, the host refuses and says so.
const (
	MinVersion = 1
	MaxVersion = 1
)

// Hello is the body of TypeHello. Session is the host's id of the connection
// (or the guest's of its run): a guest that sees a new one presents its open
// requests again.
type Hello struct {
	Min     int    `json:"min"`
	Max     int    `json:"max"`
	Session string `json:"session"`
	// Host is the node's name and VM the resource id of the guest, both from the
	// host only.
	Host string `json:"host,omitempty"`
	VM   string `json:"vm,omitempty"`
	// Refused says why the host will not talk.
	Refused string `json:"refused,omitempty"`
}

// Common returns the version that both speak, or an error that names what each
// speaks.
func (h Hello) Common() (int, error) {
	v := min(h.Max, MaxVersion)
	if v < max(h.Min, MinVersion) {
		return 0, fmt.Errorf("the other side speaks versions %d to %d of the guest protocol, this side %d to %d: update the older one",
			h.Min, h.Max, MinVersion, MaxVersion)
	}
	return v, nil
}

// Verbs that a guest may ask for.
const (
	VerbStatus     = "status"
	VerbAttributes = "attributes"
	VerbFence      = "fence"
	// VerbMoved stays open until the guest stands on another host than Target,
	// then it is answered like VerbStatus.
	VerbMoved = "moved"
)

// Request is the body of TypeRequest. ID is made by the guest: the same id is
// the same request, however often it arrives and at whichever host.
type Request struct {
	ID     string `json:"id"`
	Verb   string `json:"verb"`
	Target string `json:"target,omitempty"`
	Action string `json:"action,omitempty"`
}

// Limits of a request's fields, in bytes.
const (
	maxID    = 64
	maxField = 256
)

// Check says what is wrong with a request. A guest is not trusted, so nothing
// of it is passed on unchecked.
func (r Request) Check() error {
	switch {
	case r.ID == "" || len(r.ID) > maxID || !plain(r.ID):
		return errors.New("request id must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'")
	case r.Verb == "" || len(r.Verb) > maxID || !plain(r.Verb):
		return errors.New("request verb must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'")
	case len(r.Target) > maxField || strings.ContainsFunc(r.Target, isControl):
		return errors.New("request target is too long or holds control characters")
	case len(r.Action) > maxField || strings.ContainsFunc(r.Action, isControl):
		return errors.New("request action is too long or holds control characters")
	}
	return nil
}

func plain(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._-", c))
	})
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }

// Reply is the body of TypeReply. Error is "" on success.
type Reply struct {
	ID    string          `json:"id"`
	Body  json.RawMessage `json:"body,omitempty"`
	Error string          `json:"error,omitempty"`
}

// Ack is the body of TypeAck.
type Ack struct {
	ID string `json:"id"`
}

// Notify is the body of TypeNotify.
type Notify struct {
	Event string          `json:"event"`
	Body  json.RawMessage `json:"body,omitempty"`
}

// Encode makes the bytes of one message; body nil is an empty object.
func Encode(t Type, body any) ([]byte, error) {
	text := []byte("{}")
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("encode message of type %d: %w", t, err)
		}
	}
	return Frame{Type: t, Body: text}.Append(nil)
}

// Write encodes and writes one message in one piece.
func Write(w io.Writer, t Type, body any) error {
	data, err := Encode(t, body)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}
