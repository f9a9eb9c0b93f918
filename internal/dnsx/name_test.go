package dnsx

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestQ(t *testing.T) {
	long := strings.Repeat("abcdefg.", 31) + "abcde" // 255 octets on the wire
	for in, want := range map[string]string{
		"Example.COM.": "example.com", "example.com": "example.com", ".": ".",
		"_DMARC.example.com": "_dmarc.example.com", "*.example.com": "*.example.com",
		`a\.b.example.`: `a\.b.example`, `a\.`: `a\.`, `\065b.example`: "ab.example", `a b.example`: `a\ b.example`,
		`a\\.example`: `a\\.example`, "a\x00\x7f\xc3\xa9.example": `a\000\127\195\169.example`, `\195\169.EXAMPLE`: `\195\169.example`,
		"\u212a.example": `\226\132\170.example`, // the Kelvin sign is no k: case is ASCII's
		long:             long, strings.Repeat("A", 63): strings.Repeat("a", 63),
		"A..B": "a..b", "": "",
	} {
		got := Q(in, TXT)
		if got.Name != want || got.Type != TXT {
			t.Errorf("Q(%q) is %q, want %q", in, got.Name, want)
		}
		if again := Q(got.Name, TXT); again != got {
			t.Errorf("Q(%q) is %q the second time", in, again.Name)
		}
	}
	if _, problem := canonical(long + "f"); problem != "name longer than 255 octets" {
		t.Errorf("256 octets: %q", problem)
	}
}

func TestParent(t *testing.T) {
	for in, want := range map[string]string{"a.b.c": "b.c", "c": ".", `a\.b.c`: "c", `a\\.b`: "b"} {
		if got := parent(in); got != want {
			t.Errorf("parent(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestTypes(t *testing.T) {
	for typ, s := range map[Type]string{A: "A", NS: "NS", CNAME: "CNAME", SOA: "SOA", PTR: "PTR", MX: "MX", TXT: "TXT", AAAA: "AAAA", SRV: "SRV", 52: "TLSA", 65399: "TYPE65399"} {
		if typ.String() != s {
			t.Errorf("type %d is %s, want %s", uint16(typ), typ, s)
		}
		for _, in := range []string{s, strings.ToLower(s)} {
			if got, ok := ParseType(in); !ok || got != typ {
				t.Errorf("ParseType(%q) is %d, %v", in, uint16(got), ok)
			}
		}
	}
	for _, in := range []string{"", "NONE", "BOGUS", "TYPE", "TYPE0", "TYPE65536", "TYPE-1"} {
		if got, ok := ParseType(in); ok {
			t.Errorf("ParseType(%q) is %s", in, got)
		}
	}
}

func TestReverse(t *testing.T) {
	const zeros = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
	for in, want := range map[string]string{
		"192.0.2.99":       "99.2.0.192.in-addr.arpa",
		"2001:db8::1":      "1.0.0.0." + zeros + ".8.b.d.0.1.0.0.2.ip6.arpa",
		"::ffff:127.0.0.2": "2.0.0.0.0.0.f.7.f.f.f.f." + zeros + ".ip6.arpa", // RFC 5782 5
	} {
		a := netip.MustParseAddr(in)
		if got := Reverse(a); got != want {
			t.Errorf("Reverse(%s) is %s, want %s", in, got, want)
		}
		labels := strings.TrimSuffix(strings.TrimSuffix(want, ".in-addr.arpa"), ".ip6.arpa")
		if got := ReverseLabels(a); got != labels {
			t.Errorf("ReverseLabels(%s) is %s, want %s", in, got, labels)
		}
	}
}

func TestParseServer(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1:53", "192.0.2.1:5353": "192.0.2.1:5353", "2001:db8::1": "[2001:db8::1]:53", "[2001:db8::1]": "[2001:db8::1]:53",
		"[2001:db8::1]:5353": "[2001:db8::1]:5353", "fe80::1%eth0": "[fe80::1%eth0]:53", "192.0.2.1:1": "192.0.2.1:1", "192.0.2.1:65535": "192.0.2.1:65535",
	} {
		got, err := ParseServer(in)
		if err != nil || got.String() != want {
			t.Errorf("ParseServer(%q) is %v, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "dns.example", "dns.example:53", "192.0.2.1:0", "192.0.2.1:65536", "127.0.0.1:99999", "192.0.2.1:", "192.0.2.1:dns", "[192.0.2.1]:53", "[192.0.2.1]", "[2001:db8::1]:", ":53", "192.0.2.1/24"} {
		got, err := ParseServer(in)
		if err == nil {
			t.Errorf("ParseServer(%q) is %v", in, got)
			continue
		}
		if !strings.HasPrefix(err.Error(), `DNS server "`+in) {
			t.Errorf("ParseServer(%q): %v does not name it", in, err)
		}
	}
}

func TestReadServers(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) string {
		file := filepath.Join(dir, "resolv.conf")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	got, err := readServers(write("# comment\nsearch example\nnameserver 192.0.2.1\nnameserver 2001:db8::1\nnameserver dns.example\n"))
	want := []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:53"), netip.MustParseAddrPort("[2001:db8::1]:53")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	for _, file := range []string{write("nameserver dns.example\n"), filepath.Join(dir, "none")} {
		if got, err := readServers(file); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "--resolver") {
			t.Errorf("%v, %v: want an error that names %s and --resolver", got, err, file)
		}
	}
}
