package node

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"kvmha/policy"
)

// A recording is a file that replays by itself: its first line holds the
// Config of the recorded core (type "Config"), every other line an event as
// Recorder.Step writes it, with the effects that it had under "effects".

// TraceVersion is the format of recorded lines.
const TraceVersion = 1

// traceLine is one recorded event: when, which, and its fields.
type traceLine struct {
	Version int             `json:"v"`
	At      time.Time       `json:"at"`
	Type    string          `json:"type"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// Recorder writes a core's Config and then its events with their effects, one
// JSON object a line: that is the whole of its run.
type Recorder struct{ w io.Writer }

// NewRecorder records to w, which is the caller's to buffer and to close.
func NewRecorder(w io.Writer) *Recorder { return &Recorder{w: w} }

// recordedConfig is a Config without the scheduler, which is code.
type recordedConfig struct {
	Config
	Schedule *struct{} `json:",omitempty"`
}

// recordedStep is one line behind the first.
type recordedStep struct {
	traceLine
	Effects []json.RawMessage `json:"effects,omitempty"`
}

// Start writes the first line of a recording.
func (r *Recorder) Start(at time.Time, cfg Config) error {
	data, err := json.Marshal(recordedConfig{Config: cfg})
	if err != nil {
		return fmt.Errorf("configuration of node %s cannot be recorded: %w", cfg.Node, err)
	}
	return r.line(traceLine{Version: TraceVersion, At: at, Type: "Config", Data: data})
}

// Step writes an event with the effects that the core answered.
func (r *Recorder) Step(at time.Time, ev Event, effects []Effect) error {
	data, err := json.Marshal(ev)
	if err != nil {
		return fmt.Errorf("event %T cannot be recorded: %w", ev, err)
	}
	step := recordedStep{traceLine: traceLine{Version: TraceVersion, At: at, Type: eventName(ev), Data: data}}
	if step.Effects, err = encodeEffects(effects); err != nil {
		return err
	}
	return r.line(step)
}

func (r *Recorder) line(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = r.w.Write(append(line, '\n'))
	return err
}

func encodeEffects(effects []Effect) ([]json.RawMessage, error) {
	var out []json.RawMessage
	for _, e := range effects {
		line, err := EncodeEffect(e)
		if err != nil {
			return nil, err
		}
		out = append(out, line)
	}
	return out, nil
}

// Divergence says where a replay answered otherwise than the recording. It
// means that the core or the scheduler is not the one that was recorded, or
// not deterministic.
type Divergence struct {
	Line      int
	Event     string
	Want, Got string // the first effect that differs, "" = none
}

func (d *Divergence) Error() string {
	show := func(effect string) string {
		if effect == "" {
			return "no effect"
		}
		return effect
	}
	return fmt.Sprintf("recording, line %d, event %s: it had %s, the replay has %s", d.Line, d.Event, show(d.Want), show(d.Got))
}

// ReplayRecording makes a core from a recording's first line, steps it through
// the rest, and compares every effect. It returns the number of events that
// gave the same effects; an error is a *Divergence or says what cannot be read.
func ReplayRecording(r io.Reader, schedule func(policy.Input) *policy.Transition) (events int, err error) {
	in := bufio.NewReader(r)
	core, err := recordedCore(in, schedule)
	if err != nil {
		return 0, err
	}
	for n := 2; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return events, nil // a last line without its end was cut off by a crash
		}
		if err != nil {
			return events, fmt.Errorf("recording, line %d: %w", n, err)
		}
		if err := replayStep(core, n, line); err != nil {
			return events, err
		}
		events++
	}
}

func recordedCore(in *bufio.Reader, schedule func(policy.Input) *policy.Transition) (*Core, error) {
	line, err := in.ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("recording, line 1: %w", err)
	}
	var l traceLine
	if err := json.Unmarshal(line, &l); err != nil || l.Type != "Config" {
		return nil, errors.New("recording, line 1: it does not begin with the core's configuration, so it is no recording of hostd")
	}
	if l.Version != TraceVersion {
		return nil, fmt.Errorf("recording has version %d, this program reads version %d: use the program that made it", l.Version, TraceVersion)
	}
	var cfg recordedConfig
	if err := json.Unmarshal(l.Data, &cfg); err != nil {
		return nil, fmt.Errorf("recording, line 1: the core's configuration is not readable: %w", err)
	}
	cfg.Config.Schedule = schedule
	return New(cfg.Config)
}

// replayStep steps the core by one line and compares.
func replayStep(core *Core, n int, line []byte) error {
	at, ev, err := DecodeEvent(line)
	if err != nil {
		return fmt.Errorf("recording, line %d: %w", n, err)
	}
	var step recordedStep
	if err := json.Unmarshal(line, &step); err != nil {
		return fmt.Errorf("recording, line %d: %w", n, err)
	}
	got, err := encodeEffects(core.Step(at, ev))
	if err != nil {
		return err
	}
	for i := range max(len(got), len(step.Effects)) {
		var was, is json.RawMessage
		if i < len(step.Effects) {
			was = step.Effects[i]
		}
		if i < len(got) {
			is = got[i]
		}
		if !bytes.Equal(was, is) {
			return &Divergence{Line: n, Event: step.Type, Want: string(was), Got: string(is)}
		}
	}
	return nil
}
