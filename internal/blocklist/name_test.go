package blocklist_test

import (
	"net/netip"
	"strings"
	"testing"

	"mailaudit/internal/blocklist"
)

func TestName(t *testing.T) {
	both := blocklist.List{Zone: "bl.example", Kind: blocklist.KindIP, IP4: true, IP6: true}
	four := blocklist.List{Zone: "bl.example", Kind: blocklist.KindIP, IP4: true}
	six := blocklist.List{Zone: "bl.example", Kind: blocklist.KindIP, IP6: true}
	names := blocklist.List{Zone: "dbl.example", Kind: blocklist.KindDomain}
	long := strings.Repeat(strings.Repeat("a", 60)+".", 3) + "example" // 190 octets
	cases := []struct {
		name   string
		list   blocklist.List
		target string
		want   string
		err    string
	}{
		{name: "IPv4 by octets", list: both, target: "192.0.2.99", want: "99.2.0.192.bl.example"},
		{name: "IPv4 test point", list: four, target: "127.0.0.2", want: "2.0.0.127.bl.example"},
		{name: "IPv6 by nibbles", list: both, target: "2001:db8:1:2:3:4:567:89ab",
			want: "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.example"}, // RFC 5782 2.4
		{name: "IPv6 in upper case", list: both, target: "2001:DB8::ABCD",
			want: "d.c.b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example"},
		{name: "IPv6 test point, mapped", list: both, target: "::ffff:127.0.0.2",
			want: "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example"}, // RFC 5782 5
		{name: "IPv6 test point, hexadecimal", list: six, target: "::FFFF:7F00:2",
			want: "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example"},
		{name: "IPv6 on a list of IPv4", list: four, target: "2001:db8::1", err: "bl.example does not list IPv6 addresses such as 2001:db8::1"},
		{name: "mapped on a list of IPv4", list: four, target: "::ffff:192.0.2.1", err: "does not list IPv6"},
		{name: "IPv4 on a list of IPv6", list: six, target: "192.0.2.1", err: "bl.example does not list IPv4 addresses such as 192.0.2.1"},
		{name: "link-local with its zone", list: both, target: "fe80::1%eth0", err: "has a zone"},
		{name: "domain on a list of addresses", list: both, target: "example.com", err: `bl.example lists addresses, and "example.com" is none`},
		{name: "leading zeros are no address", list: both, target: "192.0.2.010", err: "is none"},
		{name: "nothing", list: both, target: "", err: "is none"},
		{name: "domain", list: names, target: "example.com", want: "example.com.dbl.example"},
		{name: "domain in upper case with the dot", list: names, target: "Example.COM.", want: "example.com.dbl.example"},
		{name: "single label", list: names, target: "test", want: "test.dbl.example"},
		{name: "underscore", list: names, target: "_dmarc.example.com", want: "_dmarc.example.com.dbl.example"},
		{name: "IPv4 on a list of domains", list: names, target: "192.0.2.1", err: `dbl.example lists domains, and "192.0.2.1" is an address`},
		{name: "IPv6 on a list of domains", list: names, target: "2001:db8::1", err: "is an address"},
		{name: "a bad address is no domain", list: names, target: "300.0.2.1", err: "ends in the number 1"},
		{name: "address literal", list: names, target: "[192.0.2.1]", err: "'[' stands in it"},
		{name: "U-label", list: names, target: "bücher.example", err: "'ü' stands in it"},
		{name: "control character", list: names, target: "a\x1b.example", err: `'\x1b' stands in it`},
		{name: "empty domain", list: names, target: "", err: "a label is empty"},
		{name: "root", list: names, target: ".", err: "a label is empty"},
		{name: "empty label", list: names, target: "a..example", err: "a label is empty"},
		{name: "hyphen in front", list: names, target: "-a.example", err: `"-a" begins or ends with a hyphen`},
		{name: "hyphen behind", list: names, target: "a-.example", err: `"a-" begins or ends with a hyphen`},
		{name: "long label", list: names, target: strings.Repeat("a", 64) + ".example", err: "has 64 octets, more than 63"},
		{name: "longest label", list: names, target: strings.Repeat("a", 63) + ".example", want: strings.Repeat("a", 63) + ".example.dbl.example"},
		{name: "long domain", list: names, target: strings.Repeat("a.", 126) + "de", err: "254 octets, more than 253"},
		{name: "no room beneath the zone", list: names, target: strings.Repeat("a.", 120) + "de", err: "has 254 octets, more than 253"},
		{name: "no room for nibbles", list: blocklist.List{Zone: long, Kind: blocklist.KindIP, IP6: true}, target: "::1", err: "has 254 octets, more than 253"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.list.Name(c.target)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}

func TestTakes(t *testing.T) {
	cases := []struct {
		list   blocklist.List
		v4, v6 bool
	}{
		{blocklist.List{Kind: blocklist.KindIP, IP4: true, IP6: true}, true, true},
		{blocklist.List{Kind: blocklist.KindIP, IP4: true}, true, false},
		{blocklist.List{Kind: blocklist.KindIP, IP6: true}, false, true},
		{blocklist.List{Kind: blocklist.KindDomain}, false, false},
	}
	for _, c := range cases {
		for addr, want := range map[string]bool{"192.0.2.1": c.v4, "2001:db8::1": c.v6, "::ffff:192.0.2.1": c.v6} {
			if got := c.list.Takes(netip.MustParseAddr(addr)); got != want {
				t.Errorf("%+v takes %s: %v", c.list, addr, got)
			}
		}
		if c.list.Takes(netip.Addr{}) {
			t.Errorf("%+v takes no address at all", c.list)
		}
	}
}

func TestTestNames(t *testing.T) {
	six := blocklist.List{Zone: "bl.example", Kind: blocklist.KindIP, IP6: true, Listed: "::ffff:127.0.0.2", NotListed: "::ffff:127.0.0.1"}
	listed, notListed := six.TestNames()
	tail := ".0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example"
	if listed != "2"+tail || notListed != "1"+tail {
		t.Errorf("got %s and %s", listed, notListed)
	}
	six.NotListed = ""
	if listed, notListed = six.TestNames(); listed != "" || notListed != "" {
		t.Errorf("half a pair of test points gave %q and %q", listed, notListed)
	}
}
