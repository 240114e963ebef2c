package guest

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

// File is one file of the guest: its absolute Path there, and either Source, a
// file of this host, or Data. Mode 0 means 0755.
type File struct {
	Path   string
	Source string
	Data   []byte
	Mode   uint32
}

// Kernel is a kernel of this host that guests can boot.
type Kernel struct {
	Image   string // /boot/vmlinuz-RELEASE
	Release string
}

// GuestdPath is where the guest's init looks for the daemon.
const GuestdPath = "/sbin/guestd"

// Busybox is the static busybox that becomes the guest's userland.
const Busybox = "/bin/busybox"

// modules are loaded by the guest in this order; each needs those before it.
var modules = []string{
	"virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci",
	"virtio_console", "button", "evdev", "pvpanic", "pvpanic-mmio",
}

//go:embed rcS.sh
var rcS []byte

//go:embed inittab
var inittab []byte

// FindKernel returns the newest cloud kernel that has an image and modules. The
// error names the package to install.
func FindKernel() (Kernel, error) {
	images, err := filepath.Glob("/boot/vmlinuz-*-cloud-amd64")
	if err != nil || len(images) == 0 {
		return Kernel{}, errors.New("no guest kernel /boot/vmlinuz-*-cloud-amd64: install linux-image-cloud-amd64")
	}
	sort.Strings(images)
	image := images[len(images)-1]
	release := strings.TrimPrefix(image, "/boot/vmlinuz-")
	if _, err := os.Stat(filepath.Join("/lib/modules", release, "modules.dep")); err != nil {
		return Kernel{}, fmt.Errorf("guest kernel %s has no modules: reinstall linux-image-%s: %w", image, release, err)
	}
	return Kernel{Image: image, Release: release}, nil
}

// BuildInitramfs writes an initramfs for the newest kernel (FindKernel) to dst,
// with files added to the base system; a file with Path GuestdPath is run as the
// guest's daemon. It is not compressed: unpacking costs an emulated CPU more
// than the memory is worth.
func BuildInitramfs(dst string, files ...File) error {
	kernel, err := FindKernel()
	if err != nil {
		return err
	}
	out, err := os.Create(dst)
	if err != nil {
		return fmt.Errorf("guest initramfs: %w", err)
	}
	defer out.Close()
	buffered := bufio.NewWriter(out)
	a := newArchive(buffered)
	if err := errors.Join(base(a), kernelModules(a, kernel), extra(a, files)); err != nil {
		return fmt.Errorf("guest initramfs %s: %w", dst, err)
	}
	if err := errors.Join(a.close(), buffered.Flush(), out.Close()); err != nil {
		return fmt.Errorf("guest initramfs %s: %w", dst, err)
	}
	return nil
}

// base adds busybox under all its names, the init scripts and the first devices.
func base(a *archive) error {
	binary, err := os.ReadFile(Busybox)
	if err != nil {
		return fmt.Errorf("install busybox-static: %w", err)
	}
	names, err := exec.Command(Busybox, "--list").Output()
	if err != nil {
		return fmt.Errorf("list the applets of %s: %w", Busybox, err)
	}
	for _, dir := range []string{"proc", "sys", "dev", "run", "tmp", "var/log", "var/run"} {
		a.add(dir, modeDir|0o755, nil)
	}
	a.device("dev/console", 5, 1)
	a.device("dev/null", 1, 3)
	a.add("bin/busybox", modeRegular|0o755, binary)
	for _, name := range strings.Fields(string(names)) {
		a.add("bin/"+name, modeSymlink|0o777, []byte("busybox"))
	}
	a.add("init", modeSymlink|0o777, []byte("bin/busybox"))
	a.add("etc/inittab", modeRegular|0o644, inittab)
	a.add("etc/rcS", modeRegular|0o755, rcS)
	a.add("etc/acpi/PWRF/00000080", modeRegular|0o755, []byte("#!/bin/sh\nexec /bin/poweroff -f\n"))
	return nil
}

// kernelModules adds the modules as /modules/NN-NAME.ko, so that the guest loads
// them in the order of their names.
func kernelModules(a *archive, kernel Kernel) error {
	root := filepath.Join("/lib/modules", kernel.Release)
	dep, err := os.ReadFile(filepath.Join(root, "modules.dep"))
	if err != nil {
		return err
	}
	paths := map[string]string{}
	for line := range strings.Lines(string(dep)) {
		path, _, _ := strings.Cut(line, ":")
		paths[strings.TrimSuffix(filepath.Base(path), ".ko")] = path
	}
	for i, name := range modules {
		path, ok := paths[name]
		if !ok {
			return fmt.Errorf("kernel %s has no module %s: install linux-image-cloud-amd64 of Debian 12", kernel.Release, name)
		}
		data, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return err
		}
		a.add(fmt.Sprintf("modules/%02d-%s.ko", i, name), modeRegular|0o644, data)
	}
	return nil
}

func extra(a *archive, files []File) error {
	for _, f := range files {
		data := f.Data
		if f.Source != "" {
			var err error
			if data, err = os.ReadFile(f.Source); err != nil {
				return err
			}
		}
		mode := f.Mode
		if mode == 0 {
			mode = 0o755
		}
		a.add(f.Path, modeRegular|mode, data)
	}
	return nil
}
