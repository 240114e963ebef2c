// Package devices holds the types of fencing devices, one file each: every
// installed agent of the fence-agents convention (FenceAgents), and libvirt.
// hostd puts them into a stonith.Registry.
package devices
