// Package hub is the host's end of all guest channels: it finds the channel of
// every VM that runs on this host, keeps a session on each, and turns what
// guests ask into Requests.
//
// hostd runs one Hub. It hands Requests to the core and the core's answers to
// Reply. What the hub promises:
//
//   - A VM is connected as soon as it starts here or begins to arrive by a
//     migration, by the driver's events; a look at everything every few seconds
//     is only the net below that. So the hello of the new host is the first
//     thing that a migrated guest reads, and it presents its open requests again.
//   - The VM of a Request is proven by the channel it came on, never by anything
//     that the guest says. Each field was checked for form, not for rights: those
//     are the core's.
//   - The same request may come again with the same id, here or after a migration
//     on another host: the core tells by the id. A reply is kept and repeated until
//     the guest acknowledges it.
//   - A hostile guest costs a bounded amount of memory and, by a token bucket, of
//     work, and disturbs no other guest.
package hub
