#!/bin/sh
# First script of a lab guest: file systems, modules, names of the virtio ports.
export PATH=/bin:/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
mkdir -p /run/kvmha /dev/virtio-ports
for m in /modules/*.ko; do insmod "$m"; done
for p in /sys/class/virtio-ports/*; do
	[ -e "$p/name" ] && ln -sf "/dev/${p##*/}" "/dev/virtio-ports/$(cat "$p/name")"
done
for word in $(cat /proc/cmdline); do
	case $word in kvmha.name=*) hostname "${word#kvmha.name=}" ;; esac
done
acpid
exit 0
