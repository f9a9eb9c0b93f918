// Package special knows the addresses that no stranger on the Internet can reach or be reached from: those of
// the IANA special-purpose registries (RFC 6890 and its updates). Rules use it to judge addresses, probes to
// keep away from what hostile DNS would have them dial.
package special

import "net/netip"

// blocks are the registries' entries that are not globally reachable, and multicast.
var blocks = []struct {
	prefix netip.Prefix
	name   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network (RFC 791)"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private (RFC 1918)"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared by a carrier's NAT (RFC 6598)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback (RFC 1122)"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local (RFC 3927)"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private (RFC 1918)"},
	{netip.MustParsePrefix("192.0.0.0/24"), "for protocol assignments (RFC 6890)"},
	{netip.MustParsePrefix("192.0.2.0/24"), "for documentation (RFC 5737)"},
	{netip.MustParsePrefix("192.88.99.0/24"), "the retired 6to4 relay range (RFC 7526)"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private (RFC 1918)"},
	{netip.MustParsePrefix("198.18.0.0/15"), "for benchmarks (RFC 2544)"},
	{netip.MustParsePrefix("198.51.100.0/24"), "for documentation (RFC 5737)"},
	{netip.MustParsePrefix("203.0.113.0/24"), "for documentation (RFC 5737)"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast (RFC 5771)"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved (RFC 1112)"},
	{netip.MustParsePrefix("::/128"), "unspecified (RFC 4291)"},
	{netip.MustParsePrefix("::1/128"), "loopback (RFC 4291)"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "for local translation (RFC 8215)"},
	{netip.MustParsePrefix("::/8"), "reserved, for forms of IPv4 addresses among others (RFC 4291 2.5.5.1)"},
	{netip.MustParsePrefix("100::/64"), "discard-only (RFC 6666)"},
	{netip.MustParsePrefix("100:0:0:1::/64"), "a dummy (RFC 9780)"},
	{netip.MustParsePrefix("2001::/32"), "Teredo (RFC 4380)"},
	{netip.MustParsePrefix("2001:2::/48"), "for benchmarks (RFC 5180)"},
	{netip.MustParsePrefix("2001::/23"), "for protocol assignments (RFC 2928)"},
	{netip.MustParsePrefix("2001:db8::/32"), "for documentation (RFC 3849)"},
	{netip.MustParsePrefix("2002::/16"), "6to4 (RFC 3056)"},
	{netip.MustParsePrefix("3fff::/20"), "for documentation (RFC 9637)"},
	{netip.MustParsePrefix("5f00::/16"), "segment routing identifiers (RFC 9602)"},
	{netip.MustParsePrefix("fc00::/7"), "private (RFC 4193)"},
	{netip.MustParsePrefix("fe80::/10"), "link-local (RFC 4291)"},
	{netip.MustParsePrefix("fec0::/10"), "site-local, which is retired (RFC 3879)"},
	{netip.MustParsePrefix("ff00::/8"), "multicast (RFC 4291)"},
}

// nat64 holds IPv4 addresses, which a translator on our network would dial (RFC 6052 2.1).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// Name says what an address is reserved for, "" where it is an ordinary public one. An address that stands for an IPv4
// address is judged as that one.
func Name(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	for _, b := range blocks {
		if b.prefix.Contains(a) {
			return b.name
		}
	}
	return ""
}

// Public says whether an address is an ordinary public one, or is in one of the prefixes that the user declares public.
func Public(a netip.Addr, assumed []netip.Prefix) bool {
	a = a.Unmap()
	for _, p := range assumed {
		if p.Contains(a) {
			return true
		}
	}
	return a.IsValid() && Name(a) == ""
}
