// Package stonith fences: it takes a Fence order of the core (target, levels,
// devices), runs the levels in order until one has succeeded with all its
// devices, confirms the power state where the device can tell, and reports.
//
// hostd calls it for every node.Fence effect. It promises that OK means the
// target is down (for off and reboot), never "probably": a device that says it
// has switched off and whose status then says "on" or nothing has failed. Two
// orders for one target and action are one; orders for one target never mix;
// and a device is never given anything by a shell.
//
// A reboot is done in steps, off, status, on, wherever the device has all
// three, because a look after a device's own reboot proves nothing; the order
// is answered when the target is down, and whoever gave it orders it to be
// switched on (Result.LeftOff): the core remembers that over its own death.
// pcmk_reboot_action leaves it to the device instead.
//
// Device types live in stonith/devices, one file each: agents of the
// fence-agents convention, unchanged, and libvirt.
package stonith
