// Package virtio is the protocol between a guest's daemon and the host it runs
// on, over one virtio-serial port: frames and messages, versions, and the rules
// by which a request survives a live migration. docs/protocol.md specifies it
// for other implementations.
//
// virtio/hub speaks it on the host, virtio/guest in the VM, virtio/port is the
// guest's device. The package itself does no I/O but through the readers and
// writers it is given.
//
// It promises that whatever bytes come in, reading yields whole, checked frames
// or nothing, with bounded memory: a reader finds the next frame after garbage,
// after a frame cut short by a migration, and after one that claims to be too
// long.
package virtio
