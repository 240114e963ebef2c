// Package stonith fences: it takes a Fence order of the core (target, levels,
// devices), runs the devices level by level until one level has succeeded as a
// whole, confirms the power state where the device can tell, and reports.
//
// hostd calls it for every node.Fence effect. It promises that OK means the
// target is down (for off and reboot), never "probably"; that two orders for
// one target and action are one; and that a device is never given anything by a
// shell. Device types live in stonith/devices, one file each: agents of the
// fence-agents convention, unchanged, and libvirt.
package stonith
