package dnsx

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// port53 is where DNS servers listen (RFC 1035 4.2).
const port53 = 53

// SystemServers are the name servers in /etc/resolv.conf. Systems without that file must be told.
func SystemServers() ([]netip.AddrPort, error) { return readServers("/etc/resolv.conf") }

func readServers(file string) ([]netip.AddrPort, error) {
	conf, err := dns.ClientConfigFromFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("this system has no %s: name a DNS server with --resolver", file)
	}
	if err != nil {
		return nil, err
	}
	var servers []netip.AddrPort
	for _, s := range conf.Servers {
		if a, err := netip.ParseAddr(s); err == nil {
			servers = append(servers, netip.AddrPortFrom(a, port53))
		}
	}
	if len(servers) == 0 {
		return nil, fmt.Errorf("%s names no server by address: name one with --resolver", file)
	}
	return servers, nil
}

// ParseServer reads ADDR, ADDR:PORT, an IPv6 address bare or in brackets, or [IPv6]:PORT.
func ParseServer(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, port53), nil
	}
	if strings.HasSuffix(s, "]") {
		s += ":53"
	}
	server, err := netip.ParseAddrPort(s)
	if err != nil || server.Port() == 0 {
		return netip.AddrPort{}, fmt.Errorf("DNS server %q is not ADDR, ADDR:PORT or [IPv6]:PORT with a port from 1 to 65535", s)
	}
	return server, nil
}
