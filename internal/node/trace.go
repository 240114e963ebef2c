package node

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// TraceVersion is the format of recorded lines.
const TraceVersion = 1

// traceLine is one recorded event: when, which, and its fields.
type traceLine struct {
	Version int             `json:"v"`
	At      time.Time       `json:"at"`
	Type    string          `json:"type"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// Recorder writes the events of a core, one JSON object a line, before they are
// stepped: together with the core's Config they are the whole of its run.
type Recorder struct{ w io.Writer }

// NewRecorder records to w, which is the caller's to buffer and to close.
func NewRecorder(w io.Writer) *Recorder { return &Recorder{w: w} }

// Event records one event. An error is w's.
func (r *Recorder) Event(at time.Time, ev Event) error {
	line, err := EncodeEvent(at, ev)
	if err != nil {
		return err
	}
	_, err = r.w.Write(append(line, '\n'))
	return err
}

// EncodeEvent renders an event and its time as one line without a newline.
func EncodeEvent(at time.Time, ev Event) ([]byte, error) {
	data, err := json.Marshal(ev)
	if err != nil {
		return nil, fmt.Errorf("event %T cannot be recorded: %w", ev, err)
	}
	return json.Marshal(traceLine{Version: TraceVersion, At: at, Type: eventName(ev), Data: data})
}

// EncodeEffect renders an effect as one line without a newline, for comparing
// runs and for logs; it is not read back.
func EncodeEffect(e Effect) ([]byte, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("effect %T cannot be recorded: %w", e, err)
	}
	return json.Marshal(traceLine{Version: TraceVersion, Type: effectName(e), Data: data})
}

// DecodeEvent reads a line that EncodeEvent wrote. It refuses another version
// and unknown events by name.
func DecodeEvent(line []byte) (time.Time, Event, error) {
	var l traceLine
	if err := json.Unmarshal(line, &l); err != nil {
		return time.Time{}, nil, fmt.Errorf("line is no recorded event: %w", err)
	}
	if l.Version != TraceVersion {
		return time.Time{}, nil, fmt.Errorf("recording has version %d, this program reads version %d: use the program that made it", l.Version, TraceVersion)
	}
	decode, ok := eventDecoders()[l.Type]
	if !ok {
		return time.Time{}, nil, fmt.Errorf("event %q is unknown to this program: use the program that made the recording", l.Type)
	}
	ev, err := decode(l.Data)
	if err != nil {
		return time.Time{}, nil, fmt.Errorf("event %s is not readable: %w", l.Type, err)
	}
	return l.At, ev, nil
}

// Replay steps core through a recording and hands every event with its effects
// to each, which may end it by an error. The core must be new, made with the
// Config of the recorded run.
func Replay(r io.Reader, core *Core, each func(at time.Time, ev Event, effects []Effect) error) error {
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // a last line without its end was cut off by a crash
		}
		if err != nil {
			return fmt.Errorf("recording, line %d: %w", n, err)
		}
		at, ev, err := DecodeEvent(line)
		if err != nil {
			return fmt.Errorf("recording, line %d: %w", n, err)
		}
		if err := each(at, ev, core.Step(at, ev)); err != nil {
			return err
		}
	}
}

func as[T Event](data json.RawMessage) (Event, error) {
	var ev T
	err := json.Unmarshal(data, &ev)
	return ev, err
}

func eventDecoders() map[string]func(json.RawMessage) (Event, error) {
	return map[string]func(json.RawMessage) (Event, error){
		"Tick": as[Tick], "ViewChanged": as[ViewChanged], "PeerMessage": as[PeerMessage], "PeerRefused": as[PeerRefused],
		"OperationDone": as[OperationDone], "FenceDone": as[FenceDone], "AttributeChanged": as[AttributeChanged],
		"ClientRequest": as[ClientRequest], "ClientGone": as[ClientGone], "GuestRequest": as[GuestRequest],
		"Persisted": as[Persisted], "Shutdown": as[Shutdown],
	}
}

func eventName(ev Event) string { return fmt.Sprintf("%T", ev)[len("node."):] }

func effectName(e Effect) string { return fmt.Sprintf("%T", e)[len("node."):] }
