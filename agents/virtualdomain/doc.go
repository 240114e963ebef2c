// Package virtualdomain is the resource agent ocf:kvmha:VirtualDomain: a virtual
// machine, defined by a domain XML file on each host, driven through
// internal/hypervisor. It takes the parameters of ocf:heartbeat:VirtualDomain,
// so that an existing configuration changes one word.
//
// What is different from the shell agent:
//
//   - Running, stopped and unknown are three answers. An unknown one (the
//     process table cannot be read) keeps the present state: a recurring monitor
//     fails only at the third in a row, a probe goes on asking for a while.
//     libvirtd being down is not unknown; the process table answers then.
//   - hostd may be killed at any moment. A start is noted before it begins and
//     the guest's CPUs run only by its last act, so a start that was cut short
//     never runs; the next probe ends what is left of it. A probe also aborts a
//     migration that the killed hostd has left under way, and waits for one that
//     comes in, so that its answer stays true.
//   - libvirtd may be killed at any moment, on either side. A start waits for its
//     return and begins again, a stop does without it, a migration waits to learn
//     on which side the guest has stayed, and begins again if it was this one.
//   - The definition that a domain was started from is kept under StateDir until
//     it has stopped. So stop and monitor work when the XML file was removed or
//     changed meanwhile, and a host that has neither proves by that that it
//     never ran the domain since it booted.
//   - Domains are transient: nothing of them stays in libvirt, so nothing stale
//     can be started there by hand or by autostart.
//   - A start is checked first and its refusal lists everything that is missing.
//   - A stop asks the guest, waits until a margin before the operation's timeout
//     (or shutdown_timeout), then destroys. A forced stop destroys at once.
//   - migrate_to reports its progress, is rolled back when it is cut short, and
//     its error says on which host the domain runs.
//   - A domain that stops or crashes is noticed by its event, not by the next
//     monitor.
package virtualdomain
