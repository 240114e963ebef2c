// Package guest is the logic of the daemon inside a VM: it keeps the session with
// whatever host the VM runs on, carries requests there, and serves the local
// control socket.
//
// guestd wires it to virtio/port. What it promises about a request:
//
//   - It has an id, made here or by the caller. It is presented to the host when
//     it is made, again to every new host or session, and again every few seconds,
//     always with that id, until the reply has come; so it survives a live
//     migration, a restart of hostd and the crash of the host that would have
//     answered. The cluster acts once per id.
//   - The open requests are presented the moment a new host says hello, which it
//     does first of all, so a migration costs a request no more than that.
//   - When guestd itself is killed, its requests are forgotten with it and the
//     callers see their connection end. A caller that wants to go on asks again
//     with the same id (GuestFenceArgs.Request); it gets the one reply, and
//     nothing is done twice.
package guest
