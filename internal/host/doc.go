// Package host is the daemon hostd without its main: the thin shell around the
// deterministic core of internal/node. It turns what happens (sockets, timers,
// processes, guests) into the core's events and the core's effects into
// sockets, processes and files. It decides nothing.
//
//	engine ──View, Message──▶ ┌──────┐ ──Send──▶ engine
//	executor ──Result───────▶ │ loop │ ──RunOperation──▶ executor
//	fencer ──FenceDone──────▶ │  of  │ ──Fence──▶ fencer
//	control ──ClientRequest─▶ │ core │ ──Reply, Announce──▶ control
//	hub ──GuestRequest──────▶ └──────┘ ──GuestReply──▶ hub
//	                             └──Persist, WritePledge──▶ disk ──Persisted, PledgeWritten──▶ loop
//
// One goroutine owns the core. Everything else posts to its queue, which never
// blocks, so no part can hold up another. hostd's main builds Options from
// flags and calls Run; a test may run several hosts in one process.
package host
