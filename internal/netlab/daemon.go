//go:build lab

package netlab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// daemon is a server that was started.
type daemon struct {
	name  string
	log   string
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has
}

// Start starts a server that stays in the foreground. What it says goes to a file of its name.
func (l *Lab) Start(ns, name string, env []string, args ...string) error {
	d := &daemon{name: name, log: l.Path(name + ".out"), cmd: In(context.Background(), ns, args...), ended: make(chan struct{})} // Down ends it
	out, err := os.OpenFile(d.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	d.cmd.Env = append(os.Environ(), env...)
	d.cmd.Stdout, d.cmd.Stderr = out, out
	if err := d.cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	l.daemons = append(l.daemons, d)
	go func() {
		defer close(d.ended)
		_ = d.cmd.Wait() // what it says at its end is in the file
	}()
	return nil
}

// Stop ends servers, and returns when they have ended.
func (l *Lab) Stop(ctx context.Context, names ...string) error {
	for _, d := range l.daemons {
		if slices.Contains(names, d.name) {
			_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGTERM) // gone already
		}
	}
	end := time.Now().Add(patience)
	for _, d := range l.daemons {
		if !slices.Contains(names, d.name) {
			continue
		}
		for ended := false; !ended; {
			select {
			case <-d.ended:
				ended = true
			default:
				if time.Now().After(end) {
					_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
				}
				if err := pause(ctx); err != nil {
					return fmt.Errorf("%s does not end: %w", d.name, err)
				}
			}
		}
	}
	l.daemons = slices.DeleteFunc(l.daemons, func(d *daemon) bool { return slices.Contains(names, d.name) })
	return nil
}

// Signal tells a server something.
func (l *Lab) Signal(name string, s syscall.Signal) error {
	i := slices.IndexFunc(l.daemons, func(d *daemon) bool { return d.name == name })
	if i < 0 {
		return fmt.Errorf("no server %s runs", name)
	}
	return syscall.Kill(l.daemons[i].cmd.Process.Pid, s)
}

// dead is a server that has ended, with its last words.
func (l *Lab) dead() error {
	for _, d := range l.daemons {
		select {
		case <-d.ended:
			said, err := os.ReadFile(d.log)
			return errors.Join(fmt.Errorf("%s has ended:\n%s", d.name, said), err)
		default:
		}
	}
	return nil
}

// envWait are the places to which a copy of this process connects until each of them answers.
const envWait = "MAILAUDIT_LAB_WAIT"

// Play plays a part inside a namespace, if this is a copy of the process that was started for that, and does not return
// then. Parts are by the environment variable that calls for them; they are given its value.
func Play(parts map[string]func(string) error) {
	if places := os.Getenv(envWait); places != "" {
		for _, place := range strings.Fields(places) {
			knock(place)
		}
		os.Exit(0)
	}
	for name, play := range parts {
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		if err := play(value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// Wait returns when each place answers: "tcp/ADDR:PORT" takes connections, "dns/ADDR:PORT/NAME" answers a question.
func (l *Lab) Wait(ctx context.Context, ns string, places ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := In(ctx, ns, self)
	cmd.Env = append(os.Environ(), envWait+"="+strings.Join(places, " "))
	done := make(chan error, 1)
	go func() { done <- Run(cmd) }()
	for {
		select {
		case err := <-done:
			return err
		default:
		}
		if err := errors.Join(l.dead(), pause(ctx)); err != nil {
			cancel()
			return errors.Join(err, <-done)
		}
	}
}

// knock returns when a place answers.
func knock(place string) {
	kind, rest, _ := strings.Cut(place, "/")
	addr, name, _ := strings.Cut(rest, "/")
	answers := connects
	if kind == "dns" {
		answers = func(addr string) error { return resolves(addr, name) }
	}
	for err := answers(addr); err != nil; err = answers(addr) {
		fmt.Fprintln(os.Stderr, place, err)
		time.Sleep(20 * time.Millisecond)
	}
}

func connects(addr string) error {
	c, err := (&net.Dialer{Timeout: time.Second}).DialContext(context.Background(), "tcp", addr)
	if err == nil {
		c.Close()
	}
	return err
}

func resolves(addr, name string) error {
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := r.LookupHost(ctx, name)
	return err
}
