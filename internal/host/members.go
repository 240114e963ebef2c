package host

import (
	"net/netip"

	"kvmha/internal/cluster/embedded"
	"kvmha/internal/cluster/secret"
)

// openEngine makes the cluster engine from the configuration; it does not join
// before Run.
func (h *Host) openEngine() error {
	key, err := secret.Load(h.config.SecretFile)
	if err != nil {
		return err
	}
	options := embedded.Options{
		Cluster: h.config.Name, Node: h.options.Node, Secret: key,
		GossipPort: h.config.GossipPort, PeerPort: h.config.PeerPort,
		KeepAlive: h.config.Keepalive, WarnTime: h.config.Warntime, DeadTime: h.config.Deadtime,
		Incarnation: h.incarnation, BootID: h.options.BootID, Realtime: true, Logger: h.log,
	}
	for _, n := range h.config.Nodes {
		links := map[string]netip.Addr{}
		for _, link := range n.Links {
			links[link.Name] = link.Address
		}
		options.Nodes = append(options.Nodes, embedded.Node{Name: n.Name, Links: links})
	}
	h.engine, err = embedded.New(options)
	return err
}
