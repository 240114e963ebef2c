// Package embedded is kvmha's own cluster engine: it finds the peers over
// every configured link, judges whether they live, and carries messages to
// them. hostd makes one with New, reads Events and calls Run; it needs no
// other cluster software.
//
// # What it promises
//
// A view holds the peers that this node hears and has a stream to. A peer that
// stops (power cut, crash) leaves the view 0.7 to 1.0 deadtime after its last
// sign of life; one that is heard on any one link, or is silent for less than
// 0.7 deadtime, stays. A peer that says goodbye (Leave) is shown as Left in
// one view and is gone in the next. Between two views that hold a peer, its
// messages arrive complete, once and in order, whatever happens to links and
// connections; a view that drops it, or shows it under another Incarnation,
// ends that stream. Membership of a pair is mutual: when one side drops the
// other, the other drops it as soon as it hears a heartbeat.
//
// # Signs of life (packet.go, receive.go, verdict.go)
//
// UDP packets go out on all links at once under one sequence number and with
// an HMAC; the receiver drops copies and notes when each link was heard. Every
// node sends each peer a heartbeat every keepalive, which also says on which
// links it hears that peer and which session it holds with it. Only heartbeats
// are signs of life: memberlist may go on in a process that hangs. A link is up
// when it works both ways. hashicorp/memberlist runs over the same packets
// (transport.go, gossip.go); its verdict is the second opinion that shortens
// ours from deadtime to 0.7 deadtime. It alone never drops a peer.
//
// # A node that is slow itself (pauses.go)
//
// The loop's ticker measures when this node did not run. Such a pause does not
// count as silence of the peers, so a starved or frozen node does not accuse
// them; it is logged ("starved", gap="412 ms of 3s") and shown in the view.
//
// # Streams (hello.go, conn.go, stream.go, frame.go, membership.go)
//
// The first of two nodes by name dials, so two nodes never dial each other at
// once. A plain-text hello lets both sides say why they refuse; TLS 1.3 with
// certificates from the cluster's secret then proves both. The dialer proposes
// to resume the session it has, or to begin a fresh one. Messages are numbered
// and kept until acknowledged; when a connection breaks, or its link misses
// four heartbeats while another link does not, the next connection goes on
// where the last one stopped. A peer that takes no messages until 64 MiB wait
// is dropped; a reader of Events that is slow makes the peers wait.
//
// # Who is refused
//
// Another major protocol version, cluster name or secret, an unknown node, a
// node of our own name: logged and reported as cluster.Refused on both sides,
// at most once a minute for each address and cause. A peer that was lost three
// times within a minute is held off for deadtime, then for twice as long each
// time, at most half a minute.
//
// # Goroutines
//
// One loop owns all state of peers; sockets have goroutines that hand it
// closures through a bounded inbox. The loop waits for nothing else: sends go
// through queues, events through the outbox (outbox.go). Run returns when all
// of them have ended.
package embedded
