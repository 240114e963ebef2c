package cluster

import "context"

// Engine reports members and carries messages. One per hostd.
//
// Events are delivered in order on one channel; the reader must keep up, an
// engine never drops one. Between two views that both hold a peer, messages
// from that peer arrive complete and in the order sent; a view that drops the
// peer, or changes its Incarnation, ends that stream and begins a new one.
type Engine interface {
	// Events carries View, Message and Refused values until Run returns.
	Events() <-chan Event
	// Run joins the cluster and works until ctx ends. It returns nil after a
	// clean end, else why the engine could not start or go on.
	Run(ctx context.Context) error
	// Send queues a message for one member. It does not block; an unknown or
	// lost member's message is dropped (the next View tells).
	Send(to string, body []byte)
	// Leave tells the peers that this node goes on purpose, so that nobody
	// waits out deadtime. Call it after the core has let go of everything.
	Leave(ctx context.Context) error
}

// Event is a View, a Message or a Refused.
type Event interface{ event() }

// Message is one message of a peer.
type Message struct {
	From string
	Body []byte
}

// Refused reports a peer that was turned away (wrong key, foreign cluster
// name, incompatible version, unknown node), so that status can show it.
type Refused struct {
	Address string
	Reason  string
}

// View is what the engine knows at one moment. It replaces the one before.
type View struct {
	// Members are the reachable nodes, this one included, sorted by name.
	Members []Member `json:"members"`
	// Links are the states of every peer's links seen from here, sorted by
	// peer and link.
	Links []Link `json:"links"`
	// Starved is true while this node itself was too slow to judge others
	// fairly; Gap is the worst pause seen, in milliseconds.
	Starved bool  `json:"starved,omitempty"`
	GapMS   int64 `json:"gap_ms,omitempty"`
}

// Member is one reachable node.
type Member struct {
	Name string `json:"name"`
	// Incarnation identifies one run of the node's hostd, BootID one run of
	// its kernel.
	Incarnation string `json:"incarnation"`
	BootID      string `json:"boot_id"`
	// Left is true in the one view after the member has said goodbye.
	Left bool `json:"left,omitempty"`
}

// Link is one heartbeat network towards one peer.
type Link struct {
	Peer string `json:"peer"`
	Name string `json:"name"`
	Up   bool   `json:"up"`
}

func (View) event()    {}
func (Message) event() {}
func (Refused) event() {}

// Member returns the member of that name, or nil.
func (v *View) Member(name string) *Member {
	for i := range v.Members {
		if v.Members[i].Name == name {
			return &v.Members[i]
		}
	}
	return nil
}
