// Package libvirt drives the domains of this host by libvirt, QMP and the
// process table, and implements hypervisor.Driver.
//
// The three witnesses have an order. libvirtd is asked first; what it says is
// running is running. What it does not know, or when it does not answer, the
// process table decides: a QEMU with the domain's UUID runs, or none does. QMP
// adds whether its CPUs run. So a dead or hung libvirtd changes no answer about
// a domain, and no start is ever based on its silence.
//
// The driver keeps one connection, notices its loss at once (keepalive for a
// daemon that hangs, end of file for one that died), tells its watchers Lost,
// connects again and tells them Restored; what happened between the two was not
// seen, so they ask anew. It keeps a QMP session for every running domain, for
// what libvirt does not report: a guest's daemon opening and closing its port,
// panics.
//
// Calls into the C library cannot be interrupted. Each runs in a goroutine of
// its own and is left behind when its context ends; keepalive ends it later. They
// enter a connection one at a time; what takes long (a start, a destroy, a
// migration) has a connection of its own.
// The library's event loop belongs to the process, cannot be taken back, and so
// runs from the first connection to the end of the process.
//
// Build with the tag libvirt_dlopen: the binary then needs no libvirt.so. Where
// that is missing (or without the tag), calls that need libvirtd answer
// hypervisor.ErrUnavailable; State and Destroy still have their two other
// witnesses.
package libvirt
