package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"kvmha/internal/lab"
)

// measurements are what `lab bench` can measure, in the order of
// docs/performance.md.
var measurements = []struct {
	name string
	run  func(ctx context.Context) error
}{
	{"cold-start", benchColdStart},
	{"power-cut", benchPowerCut},
	{"lost-address", benchLostAddress},
	{"migration", benchMigration},
	{"guest-fence", benchGuestFence},
}

func bench(ctx context.Context, names []string) error {
	for _, m := range measurements {
		if len(names) > 0 && !slices.Contains(names, m.name) {
			continue
		}
		if err := m.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// withScene runs one measurement in a scene of its own.
func withScene(ctx context.Context, options lab.SceneOptions, measure func(*lab.Scene) error) error {
	dir, err := os.MkdirTemp(lab.FabricDir(), "")
	if err != nil {
		return err
	}
	scene, err := lab.NewScene(ctx, dir, binDir(), options)
	if err != nil {
		return err
	}
	defer scene.Close()
	if err := measure(scene); err != nil {
		return fmt.Errorf("%w\n%s", err, scene.Logs())
	}
	return noneTwice(scene)
}

var addressOnly = lab.SceneOptions{Config: []byte(lab.AddressConfig)}

func benchColdStart(ctx context.Context) error {
	series := lab.Series{Name: "cold start of both daemons to address up"}
	for range 5 {
		err := withScene(ctx, addressOnly, func(scene *lab.Scene) error {
			took, err := scene.MeasureColdStart(ctx)
			series.Add(took)
			return err
		})
		if err != nil {
			return err
		}
	}
	series.Print(os.Stdout)
	return nil
}

func benchPowerCut(ctx context.Context) error {
	series := lab.Series{Name: "power cut to address up again, deadtime 1s"}
	err := withScene(ctx, addressOnly, func(scene *lab.Scene) error {
		if _, err := scene.MeasureColdStart(ctx); err != nil {
			return err
		}
		for range 10 {
			took, err := scene.MeasurePowerCut(ctx)
			if err != nil {
				return err
			}
			series.Add(took)
		}
		return nil
	})
	if err == nil {
		series.Print(os.Stdout)
	}
	return err
}

func benchLostAddress(ctx context.Context) error {
	series := lab.Series{Name: "address deleted to address restored, monitor interval 1h"}
	err := withScene(ctx, addressOnly, func(scene *lab.Scene) error {
		for range 10 {
			if err := scene.PowerOnAndWaitOnce(ctx); err != nil {
				return err
			}
			took, err := scene.MeasureLostAddress(ctx)
			if err != nil {
				return err
			}
			series.Add(took)
		}
		return nil
	})
	if err == nil {
		series.Print(os.Stdout)
	}
	return err
}

// guestScene runs a measurement in the demo's scene, with both guests booted.
func guestScene(ctx context.Context, measure func(*lab.Play) error) error {
	return withScene(ctx, lab.SceneOptions{}, func(scene *lab.Scene) error {
		play := lab.NewPlay(scene, func(time.Duration, string) {})
		for _, step := range lab.Demo[:3] {
			if err := step.Run(ctx, play); err != nil {
				return err
			}
		}
		return measure(play)
	})
}

func benchMigration(ctx context.Context) error {
	ours := lab.Series{Name: "live migration through the cluster (vm-ctl migrate)"}
	virsh := lab.Series{Name: "virsh migrate of the same guest, same session"}
	err := guestScene(ctx, func(play *lab.Play) error {
		for range 5 {
			took, err := play.MeasureMigration(ctx, "db1")
			if err != nil {
				return err
			}
			ours.Add(took)
			took, err = play.MeasureVirshMigration(ctx, "db1")
			if err != nil {
				return err
			}
			virsh.Add(took)
		}
		return nil
	})
	if err == nil {
		ours.Print(os.Stdout)
		virsh.Print(os.Stdout)
		fmt.Printf("%-58s %d ms\n", "  difference of the medians", (ours.Median() - virsh.Median()).Milliseconds())
	}
	return err
}

func benchGuestFence(ctx context.Context) error {
	ours := lab.Series{Name: "guest's fence request to reply"}
	destroy := lab.Series{Name: "virsh destroy of the same guest, same session"}
	err := guestScene(ctx, func(play *lab.Play) error {
		for range 5 {
			took, err := play.MeasureGuestFence(ctx)
			if err != nil {
				return err
			}
			ours.Add(took)
			if took, err = play.MeasureDestroy(ctx, "db2"); err != nil {
				return err
			}
			destroy.Add(took)
		}
		return nil
	})
	if err == nil {
		ours.Print(os.Stdout)
		destroy.Print(os.Stdout)
		fmt.Printf("%-58s %d ms\n", "  beyond destroying the domain", (ours.Median() - destroy.Median()).Milliseconds())
	}
	return err
}

// soak runs the demo for each daemon, and kills that daemon in every one of its
// steps.
func soak(ctx context.Context, victims []string) error {
	var table strings.Builder
	fmt.Fprintf(&table, "\n%-16s %6s %16s %10s\n", "victim", "kills", "steps disturbed", "recovered")
	defer func() { fmt.Print(table.String()) }()
	for _, v := range lab.Victims {
		if len(victims) > 0 && !slices.Contains(victims, v.Name) {
			continue
		}
		var tally lab.Tally
		fmt.Printf("\nkill -9 of %s in every step of the demo\n", v.Name)
		err := withScene(ctx, lab.SceneOptions{RebootAfterFence: true}, func(scene *lab.Scene) error {
			play := lab.NewPlay(scene, func(at time.Duration, text string) {
				fmt.Printf("%8d ms  %s\n", at.Milliseconds(), text)
			})
			// Nobody can be killed who is not there: a demo that met its victim too
			// rarely begins again.
			for i := 0; i < len(lab.Demo) || tally.Kills < lab.KillsWanted && i < 2*len(lab.Demo); i++ {
				step := lab.Demo[i%len(lab.Demo)]
				fmt.Println(step.Title)
				if err := play.RunDespite(ctx, step, v, rand.N(lab.KillWithin), &tally); err != nil {
					return err
				}
			}
			return nil
		})
		fmt.Fprintf(&table, "%-16s %6d %16d %10d\n", v.Name, tally.Kills, tally.Disturbed, tally.Recovered)
		if err != nil {
			return fmt.Errorf("%s: %w", v.Name, err)
		}
	}
	fmt.Println("Recovered from every kill; nothing ran twice.")
	return nil
}
