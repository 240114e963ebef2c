// Package lab builds real hosts on one machine, for the demo, the end-to-end
// tests and the benchmarks. A host is a set of namespaces (network, mount, UTS,
// IPC, PID) with its own libvirtd, its own hostd and its own disk folder; two
// heartbeat LANs and a service LAN join them. Inside run real QEMU guests.
//
// One process owns everything: the fabric. It is PID 1 of its own PID
// namespace and lives in its own network and mount namespaces, so that when it
// ends, by whatever signal, every host, process, link and mount ends with it.
// Killing a host's first process is the lab's power cut: all of its processes
// vanish at once and its disk folder stays as it was.
//
// What the lab replaces of a real site is the hardware: the power switch
// (power.go, reached through the fence agent script fence_lab), the boot
// sequence (init.go stands for systemd: it starts libvirtd and hostd and
// restarts what dies) and the switch (bridges). Everything else is the product.
package lab
