package host

import (
	"context"
	"path/filepath"
	"time"

	"kvmha/agents"
	"kvmha/agents/dummy"
	"kvmha/agents/fencing"
	"kvmha/agents/ipaddr2"
	"kvmha/agents/lsb"
	"kvmha/agents/ocf"
	"kvmha/agents/service"
	"kvmha/agents/systemd"
	"kvmha/agents/virtualdomain"
	"kvmha/internal/child"
	"kvmha/internal/cib"
	"kvmha/internal/executor"
	"kvmha/internal/hypervisor"
	"kvmha/internal/hypervisor/libvirt"
	"kvmha/internal/node"
	"kvmha/stonith"
	"kvmha/stonith/devices"
)

// openOperations makes everything that carries out the core's operations: the
// agents of this host, the executor, the fencing devices.
func (h *Host) openOperations() error {
	h.driver = libvirt.New(libvirt.Options{Logger: h.log})
	h.closers = append(h.closers, h.driver)

	programs := &child.Runner{Dir: filepath.Join(h.options.RunDir, "agents"), Logger: h.log}
	if ended, err := programs.EndLeftovers(); err != nil {
		return err
	} else if ended > 0 {
		h.log.Warn("agents-ended", "count", ended, "why", "the last run of hostd was killed while they ran")
	}
	fenceAgents := &devices.FenceAgents{Path: h.options.FencePath, Runner: programs, Logger: h.log}
	registry := stonith.NewRegistry(fenceAgents)
	registry.Add("libvirt", devices.OpenLibvirt(h.driver))
	h.fencer = stonith.New(registry, stonith.Options{})
	h.closers = append(h.closers, closerFunc(h.fencer.Close))

	addresses := ipaddr2.New(h.log)
	h.closers = append(h.closers, closerFunc(addresses.Close))
	set := agents.NewSet()
	set.Add("ocf", "kvmha", "Dummy", &dummy.Agent{Dir: h.options.RunDir, Node: h.options.Node})
	set.Add("ocf", "kvmha", "IPaddr2", addresses)
	set.Add("ocf", "kvmha", "VirtualDomain", virtualdomain.New(h.driver, virtualdomain.Options{
		StateDir: filepath.Join(h.options.RunDir, "domains"), Progress: h.migrationProgress,
	}))
	shell := &ocf.Class{Root: h.options.OCFRoot, Node: h.options.Node, Runner: programs, Logger: h.log}
	h.closers = append(h.closers, shell)
	set.AddClass("ocf", shell)
	scripts, units := &lsb.Class{Runner: programs}, &systemd.Class{}
	set.AddClass("lsb", scripts)
	set.AddClass("systemd", units)
	set.AddClass("service", &service.Class{Scripts: scripts, Units: units})
	set.AddClass("stonith", &fencing.Class{Registry: registry})
	set.Learn(h.core.CIB().Config.Resources)
	h.executor = executor.New(executor.Options{
		Registry: set, Logger: h.log,
		Report: func(op cib.Operation, result cib.Result) {
			h.events.post(node.OperationDone{Operation: op, Result: result})
		},
	})
	return nil
}

type closerFunc func()

func (f closerFunc) Close() error {
	f()
	return nil
}

// fence carries out a Fence effect and posts its end.
func (h *Host) fence(e node.Fence) {
	order := stonith.Order{
		ID: e.ID, Target: e.Target, Action: stonith.Action(e.Action), Cause: e.Cause,
		Timeout: time.Duration(e.TimeoutMS) * time.Millisecond, Delay: time.Duration(e.DelayMS) * time.Millisecond,
	}
	for _, level := range e.Levels {
		l := stonith.Level{Index: level.Index}
		for _, d := range level.Devices {
			l.Devices = append(l.Devices, stonith.DeviceSpec{ID: d.ID, Agent: d.Agent, Params: d.Params})
		}
		order.Levels = append(order.Levels, l)
	}
	h.background.Go(func() {
		result := h.fencer.Fence(context.Background(), order)
		h.events.post(node.FenceDone{ID: result.ID, Target: result.Target, OK: result.OK, Device: result.Device, Error: result.Error, LeftOff: result.LeftOff})
	})
}

// migrationProgress tells the listeners how far a migration is.
func (h *Host) migrationProgress(resource string, p hypervisor.Progress) {
	h.announcer.publish(progressEvent(resource, p))
}
