package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"kvmha/internal/lab"
)

// demo runs the main job once and prints its time line.
func demo(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	keep := flags.String("logs", "", "copy the hosts' logs to this folder at the end")
	if err := flags.Parse(args); err != nil {
		return err
	}
	fmt.Print(`
Two hosts, alpha and beta, are built on this machine: each with its own network,
processes, libvirtd and hostd. They run a service address (10.77.9.100) and two
virtual machines (db1, db2), emulated by QEMU. Times are in ms since power-on,
as seen from outside of the cluster.

`)
	scene, err := lab.NewScene(ctx, lab.FabricDir(), binDir(), lab.SceneOptions{})
	if err != nil {
		return err
	}
	defer fmt.Println("Everything is removed: hosts, guests, networks, files.")
	defer scene.Close()
	play := lab.NewPlay(scene, func(at time.Duration, text string) {
		fmt.Printf("%8d ms  %s\n", at.Milliseconds(), text)
	})
	for _, step := range lab.Demo {
		fmt.Printf("\n%s\n", step.Title)
		if err = step.Run(ctx, play); err == nil {
			err = noneTwice(scene)
		}
		if err != nil {
			break
		}
	}
	if *keep != "" {
		_ = os.WriteFile(*keep, []byte(scene.Logs()), 0o644)
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "\nThe hosts' logs end with:\n%s\n", scene.Logs())
		return err
	}
	fmt.Println("\nDone: nothing was lost, and nothing ran twice.")
	return nil
}

func noneTwice(scene *lab.Scene) error {
	if twice := scene.Twice(); len(twice) > 0 {
		return fmt.Errorf("something ran twice: %v", twice)
	}
	return nil
}
