// Package guest makes the small virtual machines that the lab and the tests
// run: Debian's kernel, an initramfs of busybox and the given programs, and the
// domain XML that libvirt starts them from. Such a guest boots in about three
// seconds under emulation.
//
// internal/lab and the tests of internal/hypervisor, agents/virtualdomain and
// virtio call it. It promises a guest that
//
//   - runs /sbin/guestd (if it was given) and starts it again when it ends;
//   - has the port org.kvmha.guest.0 under /dev/virtio-ports;
//   - powers off when it is asked to by ACPI, and reports a panic to QEMU;
//   - gives a root shell on its serial console, a unix socket on the host (see
//     Console);
//   - has no disk and no network, so that it can be migrated without storage.
//
// The package needs busybox-static and linux-image-cloud-amd64 on the host and
// says so when they are missing.
package guest
