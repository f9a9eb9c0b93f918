package testnet

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Filtered gives a port that leaves connection attempts unanswered, as one behind a firewall does: a listener whose
// backlog is full, which is Linux's way to drop them.
func Filtered() (addr netip.AddrPort, release func(), err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return netip.AddrPort{}, nil, fmt.Errorf("socket: %w", err)
	}
	var held []net.Conn
	release = func() {
		for _, c := range held {
			c.Close()
		}
		syscall.Close(fd)
	}
	fail := func(what string, err error) (netip.AddrPort, func(), error) {
		release()
		return netip.AddrPort{}, nil, fmt.Errorf("%s: %w", what, err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return fail("bind", err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		return fail("listen", err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		return fail("getsockname", err)
	}
	in, ok := sa.(*syscall.SockaddrInet4)
	if !ok {
		return fail("getsockname", fmt.Errorf("a socket address of type %T", sa))
	}
	addr = netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port))
	// A backlog of 0 holds a connection or two. It is full when two attempts in turn are left waiting: one alone may
	// have been late because the machine is busy.
	for failed := 0; len(held) < 20; {
		c, err := net.DialTimeout("tcp4", addr.String(), 300*time.Millisecond)
		if err == nil {
			held, failed = append(held, c), 0
			continue
		}
		if failed++; failed == 2 {
			return addr, release, nil
		}
	}
	return fail("filtered port", fmt.Errorf("%d connections did not fill a backlog of 0", len(held)))
}
