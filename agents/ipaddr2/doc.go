// Package ipaddr2 is the resource agent ocf:kvmha:IPaddr2: a service address,
// IPv4 or IPv6, put on a network interface over netlink. It takes the
// parameters of ocf:heartbeat:IPaddr2 (those for the removed kernel feature
// CLUSTERIP, LVS and network namespaces only at their defaults), starts no
// process, and sees the removal of its address or the loss of its link in
// well under a millisecond instead of at the next monitor.
//
// Start asks first whether somebody else has the address. For IPv4 that is the
// probe of RFC 5227 with less patience: probe_count (2) ARP probes,
// probe_interval (50ms) apart and after the last, so start takes 100 ms where
// the RFC would wait 4 to 7 s. The price: an owner that answers later than
// that is missed; the announcements that follow then make it notice. An answer
// makes start fail and names the owner's MAC address, which after a split is
// the other half still at work. duplicate_check=off skips it. For IPv6 the
// kernel's own duplicate address detection is awaited, which takes it 1 to 2 s;
// nodad=true or duplicate_check=off skips it.
//
// After start the address is announced: once before start returns, then
// arp_count (5) times arp_interval (200 ms) apart in the background, as
// gratuitous ARP requests and replies, or unsolicited neighbour advertisements.
//
// Interface and prefix come from nic and cidr_netmask or, where they are not
// set, from the most specific route to the address that has no gateway. An
// interface is never brought up: one that is down is down for a reason, and
// the address goes to another node.
package ipaddr2
