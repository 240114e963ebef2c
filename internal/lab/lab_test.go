package lab

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"kvmha/internal/need"
)

// TestMain runs the tests inside a fabric, so that everything they make ends
// with them.
func TestMain(m *testing.M) {
	Reexec()
	if missing() == "" && !InFabric() {
		status, err := EnterFabric()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(status)
	}
	os.Exit(m.Run())
}

// missing says why the lab cannot run here, "" if it can.
func missing() string {
	if os.Getenv("KVMHA_QUICK") != "" {
		return "KVMHA_QUICK is set"
	}
	if os.Geteuid() != 0 {
		return "the lab makes namespaces and needs root"
	}
	for _, path := range []string{"/usr/sbin/libvirtd", "/usr/bin/qemu-system-x86_64", programs() + "/hostd"} {
		if _, err := os.Stat(path); err != nil {
			return fmt.Sprintf("%v: run `make test`, which installs and builds what is needed", err)
		}
	}
	return ""
}

func programs() string {
	path, err := filepath.Abs("../../bin")
	if err != nil {
		return err.Error()
	}
	return path
}

// stage builds a scene for a test and takes it down after it.
func stage(t *testing.T, options SceneOptions) *Scene {
	t.Helper()
	if why := missing(); why != "" {
		need.Skip(t, why)
	}
	// Unix sockets live below it, so the path must be short.
	dir, err := os.MkdirTemp(FabricDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	scene, err := NewScene(t.Context(), dir, programs(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(scene.Logs())
		}
		scene.Close()
	})
	return scene
}

func (s *Scene) mustNotRunTwice(t *testing.T) {
	t.Helper()
	if twice := s.Twice(); len(twice) > 0 {
		t.Fatalf("something ran twice: %v", twice)
	}
}

func playFor(t *testing.T, scene *Scene) *Play {
	return NewPlay(scene, func(at time.Duration, text string) { t.Logf("%8d ms  %s", at.Milliseconds(), text) })
}

func TestTheDemoRunsFromPowerOnToTheEnd(t *testing.T) {
	scene := stage(t, SceneOptions{})
	play := playFor(t, scene)
	for _, step := range Demo {
		t.Log(step.Title)
		if err := step.Run(t.Context(), play); err != nil {
			t.Fatal(err)
		}
		scene.mustNotRunTwice(t)
	}
}

// TestEveryStepOfTheDemoSurvivesAKill kills another daemon in every step; which
// one in which moment differs from run to run. `bin/lab soak` kills each of
// them in every step.
func TestEveryStepOfTheDemoSurvivesAKill(t *testing.T) {
	scene := stage(t, SceneOptions{RebootAfterFence: true})
	play := playFor(t, scene)
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("KVMHA_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("the same victims at the same moments: KVMHA_SEED=%d", seed)
	dice := rand.New(rand.NewPCG(seed, seed))
	first := dice.IntN(len(Victims))
	var tally Tally
	for i, step := range Demo {
		t.Log(step.Title)
		if err := play.RunDespite(t.Context(), step, Victims[(first+i)%len(Victims)], time.Duration(dice.Int64N(int64(KillWithin))), &tally); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, %d steps disturbed, %d of them recovered", tally.Kills, tally.Disturbed, tally.Recovered)
	// In the first steps a guest has no guestd yet that could be killed.
	if tally.Kills < len(Demo)/2 {
		t.Errorf("only %d of %d steps had something killed: the test shows too little", tally.Kills, len(Demo))
	}
}

func TestAServiceAddressComesBackAfterAPowerCut(t *testing.T) {
	scene := stage(t, SceneOptions{Config: []byte(AddressConfig)})
	took, err := scene.MeasureColdStart(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("cold start: %v", took)
	for range 2 {
		took, err := scene.MeasurePowerCut(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("power cut to address up: %v", took)
	}
	scene.mustNotRunTwice(t)
}

func TestADeletedAddressIsRestoredWithoutWaitingForAMonitor(t *testing.T) {
	scene := stage(t, SceneOptions{Config: []byte(AddressConfig)})
	if err := scene.PowerOnAndWait(t.Context()); err != nil {
		t.Fatal(err)
	}
	took, err := scene.MeasureLostAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("restored after %v; the monitor's interval is an hour", took)
}

func TestOneCutHeartbeatLinkIsShownAndHarmsNothing(t *testing.T) {
	scene := stage(t, SceneOptions{Config: []byte(AddressConfig)})
	if err := scene.PowerOnAndWait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := scene.Host("beta").Unplug("hb0"); err != nil {
		t.Fatal(err)
	}
	waitAttribute(t, scene, "alpha", "beta-hb0", "dead")
	if err := scene.Host("beta").Plug("hb0"); err != nil {
		t.Fatal(err)
	}
	waitAttribute(t, scene, "alpha", "beta-hb0", "up")
	if status, err := scene.Status(t.Context(), "alpha"); err != nil || !scene.Formed(status) {
		t.Fatalf("the cluster did not stay whole: %v %+v", err, status)
	}
}
