package stonith

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"kvmha/internal/cib"
	"kvmha/internal/pause"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rack is a set of fake devices and the power they switch.
type rack struct {
	begin time.Time
	mu    sync.Mutex
	log   []string
	on    map[string]bool
}

// fake is one device of a rack; its type says how it behaves.
type fake struct {
	*rack
	id, kind string
}

func (r *rack) Opener(agent string) (Opener, error) {
	if agent == "fence_missing" {
		return nil, fmt.Errorf("%w: there is no fence_missing in /usr/sbin", ErrNoDeviceType)
	}
	return func(id string, _ []cib.NV) (Device, error) { return &fake{r, id, agent}, nil }, nil
}

func (d *fake) Can(context.Context) (map[Action]bool, error) {
	can := map[Action]bool{Off: true, On: true, Status: true, Reboot: true}
	switch d.kind {
	case "blind":
		can[Status] = false
	case "one-way":
		can[On], can[Reboot] = false, false
	case "stateless":
		can[Off], can[On], can[Status] = false, false, false
	}
	return can, nil
}

func (d *fake) Do(ctx context.Context, action Action, target string) (Answer, error) {
	d.mu.Lock()
	d.log = append(d.log, d.id+" "+string(action))
	d.mu.Unlock()
	switch {
	case d.kind == "dead":
		return Answer{}, fmt.Errorf("device %q: no route to host", d.id)
	case d.kind == "hanging", d.kind == "slow-on" && action == On:
		<-ctx.Done()
		return Answer{}, context.Cause(ctx)
	case d.kind == "slow":
		if !pause.For(ctx, time.Second) {
			return Answer{}, context.Cause(ctx)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch action {
	case Off:
		d.on[target] = d.kind == "lying"
	case On, Reboot:
		d.on[target] = true
	case Status:
		if d.kind == "unsure" {
			return Answer{}, errors.New("cannot log in")
		}
		if d.on[target] {
			return Answer{Power: PowerOn}, nil
		}
		return Answer{Power: PowerOff}, nil
	}
	return Answer{}, nil
}

func inRack(t *testing.T, test func(t *testing.T, r *rack, f *Fencer)) {
	synctest.Test(t, func(t *testing.T) {
		r := &rack{begin: time.Now(), on: map[string]bool{"beta": true}}
		f := New(NewRegistry(r), Options{})
		defer f.Close()
		test(t, r, f)
	})
}

func (r *rack) calls() string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.log, ", ")
}

// order writes levels as "kind kind", a device a word, ids a, b, c …
func order(action Action, levels ...string) Order {
	o := Order{ID: 7, Target: "beta", Action: action}
	id := 'a'
	for i, l := range levels {
		level := Level{Index: i + 1}
		for kind := range strings.FieldsSeq(l) {
			level.Devices = append(level.Devices, DeviceSpec{ID: string(id), Agent: kind})
			id++
		}
		o.Levels = append(o.Levels, level)
	}
	return o
}

func with(o Order, params ...string) Order {
	for i := 0; i < len(params); i += 2 {
		d := &o.Levels[0].Devices[0]
		d.Params = append(d.Params, cib.NV{Name: params[i], Value: params[i+1]})
	}
	return o
}

func TestOrdersAreCarriedOutLevelByLevel(t *testing.T) {
	tests := map[string]struct {
		order  Order
		device string // "" = failed
		wrong  string
		calls  string
		takes  time.Duration
	}{
		"off is confirmed":                {order(Off, "good"), "a", "", "a off, a status", 0},
		"on is not":                       {order(On, "good"), "a", "", "a on", 0},
		"reboot looks between off and on": {order(Reboot, "good"), "a", "", "a off, a status", 0},
		"reboot of a device that cannot tell is its own":    {order(Reboot, "blind"), "a", "", "a reboot", 0},
		"reboot of a device that only cuts is a cut":        {order(Reboot, "one-way"), "a", "", "a off, a status", 0},
		"a reboot configured as off is confirmed":           {with(order(Reboot, "good"), "pcmk_reboot_action", "off"), "", "its status says that the power is still on", "a reboot, a status…", 5 * time.Second},
		"reboot in one go if the agent is told to":          {with(order(Reboot, "good"), "method", "cycle"), "a", "", "a reboot", 0},
		"two devices: all off, then all on":                 {order(Reboot, "good good"), "a+b", "", "a off, a status, b off, b status", 0},
		"the next level when one device of a level fails":   {order(Off, "good dead", "good"), "c", "", "a off, a status, b off, b off, c off, c status", 0},
		"a missing agent fails before anything is switched": {order(Off, "good fence_missing"), "", "fence agent is not installed", "", 0},
		"every level's failure is told":                     {order(Off, "dead", "fence_missing"), "", `level 1: device "a": no route to host; level 2: device "b": fence agent is not installed`, "a off, a off", 0},
		"a device that lies":                                {order(Off, "lying"), "", "it lies, or switches another machine", "a off, a status…", 5 * time.Second},
		"a device that lies about a reboot":                 {order(Reboot, "lying"), "", "it lies, or switches another machine", "a off, a status…", 5 * time.Second},
		"a device whose status fails":                       {order(Off, "unsure"), "", "its status cannot be read: cannot log in", "a off, a status…", 5 * time.Second},
		"a device without the action":                       {order(Off, "stateless"), "", `has no action "off"`, "", 0},
		"no device at all":                                  {order(Off), "", "no fencing device is configured for beta", "", 0},
		"an action that is none":                            {order(Monitor, "good"), "", `"monitor" is no fencing action`, "", 0},
		"retries as configured":                             {with(order(Off, "dead"), "pcmk_off_retries", "4"), "", "no route to host", "a off, a off, a off, a off", 0},
		"a time limit of its own for every try":             {with(order(Off, "hanging"), "pcmk_off_timeout", "3s"), "", "it took longer than 3s (pcmk_off_timeout)", "a off, a off", 6 * time.Second},
		"a device may be left to check by itself":           {with(order(Off, "good"), "pcmk_host_list", "alpha", "pcmk_host_check", "none"), "a", "", "a off, a status", 0},
		"a device for other nodes is not used":              {with(order(Off, "good"), "pcmk_host_list", "alpha gamma"), "", "is not for beta", "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inRack(t, func(t *testing.T, r *rack, f *Fencer) {
				got := f.Fence(t.Context(), tt.order)
				took := time.Since(r.begin)
				if got.OK != (tt.device != "") || got.Device != tt.device || got.ID != 7 || got.Target != "beta" || !strings.Contains(got.Error, tt.wrong) {
					t.Errorf("got %+v", got)
				}
				calls := r.calls()
				if want, open := strings.CutSuffix(tt.calls, "…"); open && !strings.HasPrefix(calls, want) || !open && calls != want {
					t.Errorf("calls %q, want %q", calls, tt.calls)
				}
				if took.Truncate(time.Second) != tt.takes {
					t.Errorf("took %v, want %v", took, tt.takes)
				}
			})
		})
	}
}

func TestTheDelayComesFirstAndTheTimeoutAfterIt(t *testing.T) {
	inRack(t, func(t *testing.T, r *rack, f *Fencer) {
		o := order(Off, "hanging")
		o.Delay, o.Timeout = 10*time.Second, 4*time.Second
		got := f.Fence(t.Context(), o)
		if took := time.Since(r.begin); got.OK || took != 14*time.Second || !strings.Contains(got.Error, "the time for it (4s) is over") {
			t.Errorf("got %+v after %v", got, took)
		}
	})
}

func TestTheSameOrderInFlightIsJoined(t *testing.T) {
	inRack(t, func(t *testing.T, r *rack, f *Fencer) {
		first := make(chan Result, 1)
		go func() { first <- f.Fence(t.Context(), order(Off, "slow")) }()
		synctest.Wait()
		again := order(Off, "slow")
		again.ID = 8
		second := f.Fence(t.Context(), again)
		if a := <-first; !a.OK || !second.OK || a.ID != 7 || second.ID != 8 {
			t.Errorf("got %+v and %+v", a, second)
		}
		if calls := r.calls(); calls != "a off, a status" {
			t.Errorf("calls %q", calls)
		}
	})
}

func TestDifferentActionsOnOneTargetDoNotMix(t *testing.T) {
	inRack(t, func(t *testing.T, r *rack, f *Fencer) {
		first := make(chan Result, 1)
		go func() { first <- f.Fence(t.Context(), order(Off, "slow")) }()
		synctest.Wait()
		second := f.Fence(t.Context(), order(On, "slow"))
		if a := <-first; !a.OK || !second.OK {
			t.Errorf("got %+v and %+v", a, second)
		}
		if calls := r.calls(); calls != "a off, a status, a on" {
			t.Errorf("calls %q", calls)
		}
	})
}

func TestARebootInStepsLeavesTheNodeOffAndAnOrderToTakeItDownEndsTheSwitchingOn(t *testing.T) {
	inRack(t, func(t *testing.T, r *rack, f *Fencer) {
		got := f.Fence(t.Context(), order(Reboot, "slow-on"))
		if took := time.Since(r.begin); !got.OK || !got.LeftOff || took != 0 {
			t.Fatalf("got %+v after %v", got, took)
		}
		on := make(chan Result, 1)
		go func() { on <- f.Fence(t.Context(), order(On, "slow-on")) }()
		synctest.Wait()
		if got := f.Fence(t.Context(), order(Off, "good")); !got.OK || time.Since(r.begin) != 0 {
			t.Errorf("got %+v", got)
		}
		if ended := <-on; ended.OK || !strings.Contains(ended.Error, "taken down") {
			t.Errorf("the switching on ended with %+v", ended)
		}
		if calls := r.calls(); calls != "a off, a status, a on, a off, a status" {
			t.Errorf("calls %q", calls)
		}
	})
}

func TestCloseEndsOrdersInProgress(t *testing.T) {
	inRack(t, func(t *testing.T, r *rack, f *Fencer) {
		got := make(chan Result, 1)
		go func() { got <- f.Fence(t.Context(), order(Off, "hanging")) }()
		synctest.Wait()
		f.Close()
		if r := <-got; r.OK {
			t.Errorf("got %+v", r)
		}
		if r := f.Fence(t.Context(), order(Off, "good")); r.OK {
			t.Errorf("got %+v", r)
		}
	})
}

func TestHostMapsAreRead(t *testing.T) {
	s, own, err := SplitParams([]cib.NV{
		{Name: "pcmk_host_map", Value: "alpha:1,2; beta:b1"}, {Name: "pcmk_host_list", Value: "gamma,delta"},
		{Name: "ip", Value: "10.0.0.9"}, {Name: "pcmk_delay_max", Value: "5"},
	})
	if err != nil || len(own) != 1 || s.Plug("alpha") != "1,2" || s.Plug("beta") != "b1" || s.Plug("gamma") != "gamma" ||
		!s.Serves("delta") || s.Serves("omega") {
		t.Errorf("got %+v, %v, %v", s, own, err)
	}
}
