package lab

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// respawnDelay is what systemd's RestartSec is on a real host: see the unit
// files, which name the same time.
const respawnDelay = 100 * time.Millisecond

// hostInit is the first process of a host: it makes the host's own view of the
// machine, starts its services, restarts what dies and buries the orphans.
func hostInit(args []string) error {
	flags := flag.NewFlagSet(hostInitWord, flag.ContinueOnError)
	name := flags.String("name", "", "host name")
	number := flags.Int("number", 0, "host number")
	disk := flags.String("disk", "", "folder of the host's disk")
	dir := flags.String("dir", "", "folder of the site")
	bin := flags.String("bin", "", "folder of the programs")
	noLibvirt := flags.Bool("no-libvirt", false, "leave libvirtd out")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil { // ends when the cables are in
		return err
	}
	if err := syscall.Sethostname([]byte(*name)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	if err := mountDisk(*disk); err != nil {
		return err
	}
	if err := configureLinks(*number); err != nil {
		return err
	}
	// A kernel booted now: the lab's hosts share the machine's boot id.
	boot := fmt.Sprintf("%s-%d", *name, time.Now().UnixNano())
	services := []service{}
	if !*noLibvirt {
		services = append(services, service{
			name: "libvirtd",
			argv: []string{"/usr/sbin/libvirtd", "--listen"},
		})
	}
	services = append(services, service{
		name: "hostd",
		argv: append([]string{
			filepath.Join(*bin, "hostd"), "--boot-id", boot,
			"--fence-agents", filepath.Join(*dir, "fence") + ":/usr/sbin",
		}, flags.Args()...),
	})
	return supervise(services, *bin)
}

// mountDisk gives the host its own /run, /proc, /sys and, from its disk folder,
// the folders that daemons write to.
func mountDisk(disk string) error {
	mounts := []struct{ source, target, kind string }{
		{"proc", "/proc", "proc"},
		{"sysfs", "/sys", "sysfs"},
		{"tmpfs", "/run", "tmpfs"},
	}
	for _, m := range mounts {
		if err := syscall.Mount(m.source, m.target, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	for _, folder := range hostFolders {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(filepath.Join(disk, folder), folder, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", folder, err)
		}
	}
	if err := syscall.Mount(filepath.Join(disk, "etc/hosts"), "/etc/hosts", "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount /etc/hosts: %w", err)
	}
	for _, folder := range []string{"/run/libvirt", "/run/kvmha", "/run/lock", "/run/resource-agents"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// hostFolders are private to each host and kept in its disk folder.
var hostFolders = []string{
	"/etc/kvmha", "/etc/libvirt", "/var/lib/kvmha",
	"/var/lib/libvirt", "/var/log/libvirt", "/var/cache/libvirt",
}

type service struct {
	name string
	argv []string
}

// supervise starts the services and restarts each that ends. As the first
// process it also waits for every orphan. It never returns without an error.
func supervise(services []service, bin string) error {
	env := append(os.Environ(), "PATH="+bin+":/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root")
	running := map[int]service{}
	start := func(s service) error {
		process, err := os.StartProcess(s.argv[0], s.argv, &os.ProcAttr{
			Env: env, Files: []*os.File{nil, os.Stdout, os.Stderr},
			Sys: &syscall.SysProcAttr{Setsid: true},
		})
		if err != nil {
			return fmt.Errorf("start %s: %w", s.name, err)
		}
		running[process.Pid] = s
		return process.Release()
	}
	for _, s := range services {
		if err := start(s); err != nil {
			return err
		}
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("wait for children: %w", err)
		}
		s, ours := running[pid]
		if !ours {
			continue
		}
		delete(running, pid)
		fmt.Fprintf(os.Stderr, "init: %s ended (%s), restarting\n", s.name, describeExit(status))
		time.Sleep(respawnDelay)
		if err := start(s); err != nil {
			return err
		}
	}
}

func describeExit(status syscall.WaitStatus) string {
	if status.Signaled() {
		return status.Signal().String()
	}
	return "status " + strconv.Itoa(status.ExitStatus())
}

// writeDisks makes the content of every host's disk folder, as an
// administrator would after installing the packages.
func (s *Site) writeDisks() error {
	var names strings.Builder
	names.WriteString("127.0.0.1 localhost\n")
	for _, h := range s.order {
		fmt.Fprintf(&names, "%s.%d %s\n", lans[0].Prefix, h.Number, h.Name)
	}
	for _, h := range s.order {
		for _, folder := range hostFolders {
			if err := os.MkdirAll(filepath.Join(h.disk, folder), 0o755); err != nil {
				return err
			}
		}
		files := map[string]string{
			"etc/hosts":                 names.String(),
			"etc/kvmha/cluster.toml":    string(s.options.Config),
			"etc/kvmha/secret":          string(s.options.Secret),
			"etc/libvirt/qemu.conf":     qemuConf,
			"etc/libvirt/libvirtd.conf": fmt.Sprintf(libvirtdConf, h.Number),
			"var/lib/kvmha/.keep":       "",
		}
		for _, vm := range s.options.VMs {
			definition, err := s.domainXML(vm)
			if err != nil {
				return err
			}
			files["etc/kvmha/vm/"+vm+".xml"] = definition
		}
		for path, content := range files {
			full := filepath.Join(h.disk, path)
			if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
				return err
			}
		}
		if err := os.Chmod(filepath.Join(h.disk, "etc/hosts"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// The settings without which libvirt and QEMU refuse to run in namespaces:
// no security driver, no cgroups, root as the user, a host UUID of its own.
const qemuConf = `security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
`

const libvirtdConf = `listen_tls = 0
listen_tcp = 1
auth_tcp = "none"
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_group = "root"
host_uuid = "6b766d68-6100-4000-8000-00000000000%d"
`
