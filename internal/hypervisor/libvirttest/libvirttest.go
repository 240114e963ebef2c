// Package libvirttest gives a test a host of its own with a real libvirtd: the
// test binary runs itself again as the first process of new namespaces (mount,
// PID, network, UTS, IPC) with private /run, /etc/libvirt and /var/lib/libvirt.
// When it ends, by whatever means, the kernel ends every process in there, so no
// QEMU outlives a test.
//
// Tests of packages that drive libvirt call Main from TestMain and Need first
// thing in each test that uses it. Building guests is internal/lab/guest's; whole
// clusters of hosts are internal/lab's.
package libvirttest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kvmha/internal/need"
)

// Environment of a copy of the test binary: which host it is.
const hostVariable = "KVMHA_LIBVIRTTEST_HOST"

// Names of the two hosts; the tests run on HostA.
const (
	HostA = "host-a"
	HostB = "host-b"
)

const hostsFile = "127.0.0.1 localhost\n10.99.0.1 host-a\n10.99.0.2 host-b\n"

// lacking says why there is no libvirtd for tests, "" if there is one.
func lacking() string {
	if os.Geteuid() != 0 {
		return "needs root, for namespaces"
	}
	for program, pkg := range map[string]string{
		"libvirtd": "libvirt-daemon-system", "qemu-system-x86_64": "qemu-system-x86",
		"busybox": "busybox-static", "ip": "iproute2",
	} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Sprintf("needs %s: install %s", program, pkg)
		}
	}
	return ""
}

// Need skips the test when there is no libvirtd for it. In CI, where everything
// is installed, that is a failure.
func Need(t *testing.T) {
	t.Helper()
	if why := lacking(); why != "" {
		need.Skip(t, why)
	}
}

// Main replaces m.Run and os.Exit in TestMain.
func Main(m *testing.M) {
	host := os.Getenv(hostVariable)
	switch {
	case host != "" && os.Getpid() == 1:
		status, err := firstProcess(host)
		if err != nil {
			fmt.Fprintln(os.Stderr, "libvirttest:", err)
		}
		os.Exit(status)
	case host == "" && lacking() == "":
		os.Exit(runInside())
	}
	os.Exit(m.Run())
}

// firstProcess sets the host up, runs the tests there (on host B: libvirtd, which
// is started again when it is killed) and collects every process that is left to
// it: libvirt takes a QEMU for alive as long as it is a zombie.
func firstProcess(host string) (status int, err error) {
	argv := append([]string{"/proc/self/exe"}, os.Args[1:]...)
	if host == HostB {
		// The end of the input says that the network is there.
		if _, err := os.Stdin.Read(make([]byte, 1)); err == nil {
			return 1, errors.New("host B expects the end of its input")
		}
		path, err := exec.LookPath("libvirtd")
		if err != nil {
			return 1, err
		}
		argv = []string{path, "--listen"}
	}
	if err := become(host); err != nil {
		return 1, err
	}
	start := func() (int, error) {
		return syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}})
	}
	child, err := start()
	if err != nil {
		return 1, err
	}
	for {
		var ended syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ended, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 1, err
		case pid == child && host == HostB:
			if child, err = start(); err != nil {
				return 1, err
			}
		case pid == child:
			if ended.Signaled() {
				return 1, fmt.Errorf("%s ended by %v", argv[0], ended.Signal())
			}
			return ended.ExitStatus(), nil
		}
	}
}

// runInside runs this test binary again as host A and returns its exit status.
func runInside() int {
	pki, err := os.MkdirTemp("", "libvirttest")
	if err == nil {
		defer os.RemoveAll(pki)
		err = WritePKI(pki)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "libvirttest: certificates:", err)
		return 1
	}
	cmd := again(HostA, os.Args[1:]...)
	cmd.Env = append(cmd.Env, pkiVariable+"="+pki)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "libvirttest:", err)
		return 1
	}
	go func() {
		<-signals
		cmd.Process.Kill()
	}()
	if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() <= 0 {
		fmt.Fprintln(os.Stderr, "libvirttest:", err)
		return 1
	}
	return cmd.ProcessState.ExitCode()
}

// again is this program as the first process of new namespaces.
func again(host string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), hostVariable+"="+host)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	return cmd
}

// become turns the new namespaces into a host.
func become(host string) error {
	if err := unix.Sethostname([]byte(host)); err != nil {
		return fmt.Errorf("host name: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	for _, dir := range []string{"/run", "/var/lib/libvirt", "/var/log/libvirt", "/var/cache/libvirt", "/etc/libvirt"} {
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", dir, err)
		}
	}
	if err := os.WriteFile("/run/hosts", []byte(hostsFile), 0o644); err != nil {
		return err
	}
	if err := unix.Mount("/run/hosts", "/etc/hosts", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount /etc/hosts: %w", err)
	}
	return errors.Join(configure(host), run("ip", "link", "set", "lo", "up"))
}

// configure writes what libvirtd needs in a host without systemd, polkit and
// cgroups. Two hosts with one UUID would refuse to migrate.
func configure(host string) error {
	uuid := "00000000-0000-4000-8000-00000000000" + map[string]string{HostA: "a", HostB: "b"}[host]
	for name, text := range map[string]string{
		"qemu.conf": `security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
migrate_tls_x509_cert_dir = "` + PKI + `"
migrate_tls_x509_verify = 1
`,
		"libvirtd.conf": `listen_tls = 1
listen_tcp = 1
auth_tcp = "none"
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_group = "root"
host_uuid = "` + uuid + `"
key_file = "` + PKI + `/serverkey.pem"
cert_file = "` + PKI + `/servercert.pem"
ca_file = "` + PKI + `/cacert.pem"
`,
	} {
		if err := os.WriteFile(filepath.Join("/etc/libvirt", name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return receivePKI()
}

// Daemon is a libvirtd on host A.
type Daemon struct{ cmd *exec.Cmd }

// Start starts libvirtd; a driver learns by itself when it is ready. It ends
// with the test.
func Start(t *testing.T) *Daemon {
	t.Helper()
	cmd := exec.Command("libvirtd", "--listen")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &Daemon{cmd}
	t.Cleanup(d.Kill)
	return d
}

// Kill ends libvirtd by SIGKILL.
func (d *Daemon) Kill() {
	d.cmd.Process.Kill()
	d.cmd.Wait()
}

// Hang stops libvirtd as a deadlock would; Kill still works.
func (d *Daemon) Hang(t *testing.T) {
	t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

// Second is host B.
type Second struct{ init int }

// KillLibvirtd ends host B's libvirtd by SIGKILL; it is started again at once.
func (s *Second) KillLibvirtd(t *testing.T) {
	t.Helper()
	// The kernel's list of children may miss one while another is born or dies.
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		if s.killLibvirtd(t) {
			return
		}
	}
	t.Fatal("host B has no libvirtd")
}

func (s *Second) killLibvirtd(t *testing.T) bool {
	t.Helper()
	// A child is listed with the thread that made it, which may be any.
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.init))
	if err != nil {
		t.Fatal(err)
	}
	var children []byte
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		children = append(append(children, text...), ' ')
	}
	for _, word := range strings.Fields(string(children)) {
		name, _ := os.ReadFile(filepath.Join("/proc", word, "comm"))
		if pid, err := strconv.Atoi(word); err == nil && strings.TrimSpace(string(name)) == "libvirtd" {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			return true
		}
	}
	return false
}

// StartHostB starts the second host with its libvirtd, reachable as
// qemu+tcp://host-b/system.
func StartHostB(t *testing.T) *Second {
	t.Helper()
	cmd := again(HostB)
	begin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	pid := fmt.Sprint(cmd.Process.Pid)
	for _, line := range []string{
		"ip link add to-b type veth peer name to-a netns " + pid,
		"ip addr add 10.99.0.1/24 dev to-b",
		"ip link set to-b up",
		"nsenter -t " + pid + " -n ip addr add 10.99.0.2/24 dev to-a",
		"nsenter -t " + pid + " -n ip link set to-a up",
	} {
		words := strings.Fields(line)
		if err := run(words[0], words[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { run("ip", "link", "del", "to-b") })
	begin.Close()
	return &Second{init: cmd.Process.Pid}
}

func run(name string, args ...string) error {
	output, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, output)
	}
	return nil
}
