//go:build lab

package netlab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The wire between the namespaces.
const (
	WorldEnd   = "192.0.2.1"
	AuditorEnd = "192.0.2.2"
)

// prefix begins the names of namespaces and directories; the number of the process that owns them follows.
const prefix = "mailaudit-lab-"

// named is the lab of a process.
func named(pid int) *Lab {
	name := prefix + strconv.Itoa(pid)
	return &Lab{Dir: filepath.Join(os.TempDir(), name), World: name + "-world", Auditor: name + "-auditor"}
}

// Connect makes the directory, the namespaces, the wire, and the addresses that each holds beside its end of it. Neither
// forwards anything: what is sent to an address that nobody holds disappears.
func (l *Lab) Connect(ctx context.Context, world, auditor []string) error {
	// The daemons give up their privileges before they read what lies here.
	if err := os.Mkdir(l.Dir, 0o755); err != nil {
		return err
	}
	for _, ns := range []string{l.World, l.Auditor} {
		if err := ip(ctx, "netns", "add", ns); err != nil {
			return err
		}
		// "ip netns exec" lays these over the files in /etc.
		if err := os.MkdirAll(etc(ns), 0o755); err != nil {
			return err
		}
		nameserver := "nameserver " + AuditorEnd + "\n"
		if err := os.WriteFile(filepath.Join(etc(ns), "resolv.conf"), []byte(nameserver), 0o644); err != nil {
			return err
		}
		if err := ip(ctx, "-n", ns, "link", "set", "lo", "up"); err != nil {
			return err
		}
	}
	if err := ip(ctx, "-n", l.World, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", l.Auditor); err != nil {
		return err
	}
	for ns, addr := range map[string]string{l.World: WorldEnd, l.Auditor: AuditorEnd} {
		if err := ip(ctx, "-n", ns, "addr", "add", addr+"/24", "dev", "wire"); err != nil {
			return err
		}
		if err := ip(ctx, "-n", ns, "link", "set", "wire", "up"); err != nil {
			return err
		}
	}
	if err := ip(ctx, "-n", l.Auditor, "route", "add", "default", "via", WorldEnd); err != nil {
		return err
	}
	for ns, addrs := range map[string][]string{l.World: world, l.Auditor: auditor} {
		var b strings.Builder
		for _, addr := range addrs {
			fmt.Fprintf(&b, "addr add %s/32 dev lo\n", addr)
		}
		cmd := exec.CommandContext(ctx, "ip", "-n", ns, "-batch", "-")
		cmd.Stdin = strings.NewReader(b.String())
		if err := Run(cmd); err != nil {
			return err
		}
	}
	for _, addr := range auditor {
		if err := ip(ctx, "-n", l.World, "route", "add", addr+"/32", "via", AuditorEnd); err != nil {
			return err
		}
	}
	return nil
}

func etc(ns string) string { return filepath.Join("/etc/netns", ns) }

func ip(ctx context.Context, args ...string) error {
	return Run(exec.CommandContext(ctx, "ip", args...))
}

// In is a command that runs in a namespace, and whose end is the end of its whole process group.
func In(ctx context.Context, ns string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", ns}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// Down ends every process in the namespaces, and removes them and all files.
func (l *Lab) Down(ctx context.Context) error {
	var errs []error
	for _, ns := range []string{l.Auditor, l.World} {
		errs = append(errs, empty(ctx, ns))
		if exists(ns) {
			errs = append(errs, ip(ctx, "netns", "del", ns))
		}
		errs = append(errs, os.RemoveAll(etc(ns)))
	}
	for _, d := range l.daemons {
		<-d.ended
	}
	return errors.Join(append(errs, os.RemoveAll(l.Dir))...)
}

func exists(ns string) bool {
	_, err := os.Stat(filepath.Join("/run/netns", ns))
	return err == nil
}

// patience is how long daemons are given to end by themselves.
const patience = 5 * time.Second

// empty ends the processes in a namespace.
func empty(ctx context.Context, ns string) error {
	if !exists(ns) {
		return nil
	}
	signal, end := syscall.SIGTERM, time.Now().Add(patience)
	for {
		out, err := exec.CommandContext(ctx, "ip", "netns", "pids", ns).Output()
		if err != nil {
			return fmt.Errorf("who is in %s: %w", ns, err)
		}
		pids := strings.Fields(string(out))
		if len(pids) == 0 {
			return nil
		}
		if time.Now().After(end) {
			signal = syscall.SIGKILL
		}
		for _, pid := range pids {
			if n, err := strconv.Atoi(pid); err == nil {
				_ = syscall.Kill(n, signal) // gone already
			}
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("processes in %s do not end: %w", ns, err)
		}
	}
}

// pause is the time between two looks at something that takes its time.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(20 * time.Millisecond):
		return nil
	}
}

// Sweep takes down what runs have left behind that were killed.
func Sweep(ctx context.Context) error {
	var errs []error
	seen := map[int]bool{}
	for _, pattern := range []string{"/run/netns/" + prefix + "*", "/etc/netns/" + prefix + "*", filepath.Join(os.TempDir(), prefix+"*")} {
		names, err := filepath.Glob(pattern)
		errs = append(errs, err)
		for _, name := range names {
			number, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(name), prefix), "-")
			pid, err := strconv.Atoi(number)
			if err != nil || seen[pid] || pid != os.Getpid() && syscall.Kill(pid, 0) == nil {
				continue
			}
			seen[pid] = true
			errs = append(errs, named(pid).Down(ctx))
		}
	}
	return errors.Join(errs...)
}
