// Package agents runs resource agents. It holds the contract every agent
// fulfils and the Set that finds one for class:provider:type; the agents
// written in Go are packages below it (dummy, ipaddr2, virtualdomain), and
// ocf, lsb, systemd run what the host has installed, unchanged, service the
// latter two by one name. fencing makes fencing devices resources of class
// stonith.
//
// internal/executor calls agents; agents call nothing of the project but
// internal/cib for the words, internal/child to run programs, for
// VirtualDomain internal/hypervisor, and for fencing package stonith.
package agents
