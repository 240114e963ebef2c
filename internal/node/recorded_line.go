package node

import (
	"encoding/json"
	"fmt"
	"time"
)

// EncodeEffect renders an effect as one line without a newline, for comparing
// runs and for logs; it is not read back.
func EncodeEffect(e Effect) ([]byte, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("effect %T cannot be recorded: %w", e, err)
	}
	return json.Marshal(traceLine{Version: TraceVersion, Type: effectName(e), Data: data})
}

// DecodeEvent reads a line that Recorder.Step wrote. It refuses another version
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
		"Persisted": as[Persisted], "PledgeWritten": as[PledgeWritten], "Shutdown": as[Shutdown],
	}
}

func eventName(ev Event) string { return fmt.Sprintf("%T", ev)[len("node."):] }

func effectName(e Effect) string { return fmt.Sprintf("%T", e)[len("node."):] }
