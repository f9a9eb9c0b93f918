package gather

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

func addresses(l ...string) []netip.Addr {
	var out []netip.Addr
	for _, s := range l {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// silence are the ways of a server to leave a question without an answer, and what is said of each.
var silence = []struct {
	name     string
	fault    testnet.DNSFault
	patience time.Duration // of the client
	within   time.Duration // the audit's time limit
	because  string
}{
	{"SERVFAIL", testnet.DNSServFail, patient, patient, "SERVFAIL"},
	{"REFUSED", testnet.DNSRefused, patient, patient, "REFUSED"},
	{"lame", testnet.DNSLame, patient, patient, "lame"},
	{"dropped", testnet.DNSDrop, 200 * time.Millisecond, patient, "did not answer within 200ms"},
	{"dropped until the audit ends", testnet.DNSDrop, patient, 200 * time.Millisecond, "ended by the time limit"},
	{"truncated and no TCP", testnet.DNSTruncateDead, 3 * time.Second, patient, "truncated over UDP, and TCP"},
}

// unknown checks that a fact is unknown for the reason given.
func unknown[T any](t *testing.T, what string, f facts.Fact[T], because string) {
	t.Helper()
	if f.State != facts.Unknown || !strings.Contains(f.Why, because) {
		t.Errorf("%s is %q because %q, want unknown because %q; value %+v", what, f.State, f.Why, because, f.Value)
	}
}

func TestSilence(t *testing.T) {
	for _, tt := range silence {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), tt.within)
			defer cancel()
			s := serve(t, "d.example. TXT never", map[dnsx.Question]testnet.DNSFault{{}: tt.fault})
			named := stream()
			named.HELO = "helo.example"
			g := run(ctx, client(s, tt.patience), Target{Domain: "d.example", Streams: []facts.Stream{named}})
			why := tt.because
			every([]func(){
				func() { unknown(t, "hosts", g.hosts("h.example"), why) },
				func() { unknown(t, "mx", g.mx(true), why) },
				func() { unknown(t, "exists", g.exists(), why) },
				func() { unknown(t, "reverse", g.reverse(netip.MustParseAddr("192.0.2.1")), why) },
				func() { unknown(t, "helo", g.helos()[0].Addresses, why) },
				func() { unknown(t, "dmarc", g.dmarc(), why) },
				func() { unknown(t, "org", g.orgs()[0].Org, why) },
				func() {
					d := g.signer(facts.DKIM{Domain: "d.example", Named: true}, []string{"sel"}, nil)
					unknown(t, "subtree", d.Subtree, why)
					if k := d.Keys[0]; k.Status != facts.KeyUnknown || !strings.Contains(k.Why, why) {
						t.Errorf("key: %+v", k)
					}
				},
				func() {
					sub := g.submission(nobodyTalked)
					unknown(t, "srv", sub.SRV, why)
					if len(sub.Services) != 0 {
						t.Errorf("candidates without word of SRV: %+v", sub.Services)
					}
				},
				func() {
					w := g.walk(facts.SPF{Domain: "d.example"})
					if w.Root.Status != facts.SPFUnknown || !strings.Contains(w.Root.Why, why) || w.Whole || !w.Exists {
						t.Errorf("spf: %+v", w)
					}
				},
				func() {
					if r, w := g.evaluate(netip.MustParseAddr("192.0.2.1"), "h.example", "a@d.example", "d.example"); r != "temperror" || !strings.Contains(w, why) {
						t.Errorf("evaluation: %s because %q", r, w)
					}
				},
			}, func(check func()) bool { check(); return true })
		})
	}
}

func TestHosts(t *testing.T) {
	faults := lost("dead.example")
	faults[dnsx.Q("half.example", dnsx.A)] = testnet.DNSServFail
	faults[dnsx.Q("doubt.example", dnsx.A)] = testnet.DNSServFail
	faults[dnsx.Q("toolong.example", dnsx.A)] = testnet.DNSTruncate
	many := ""
	for i := range 120 {
		many += fmt.Sprintf("many.example. A 192.0.2.%d\n", i)
	}
	g := asker(t, many+`
both.example.     A 192.0.2.1
both.example.     AAAA 2001:db8::1
four.example.     A 192.0.2.2
six.example.      AAAA 2001:db8::2
text.example.     TXT "no address"
alias.example.    CNAME second.example.
second.example.   CNAME four.example.
nowhere.example.  CNAME gone.example.
half.example.     A 192.0.2.3
half.example.     AAAA 2001:db8::3
doubt.example.    A 192.0.2.4
toolong.example.  A 192.0.2.5
todead.example.   CNAME dead.example.
`, faults)
	for _, tt := range []struct {
		name string
		want facts.Fact[facts.Hosts]
	}{
		{"both.example", facts.Know(facts.Hosts{Addresses: addresses("192.0.2.1", "2001:db8::1")})},
		{"BOTH.example.", facts.Know(facts.Hosts{Addresses: addresses("192.0.2.1", "2001:db8::1")})},
		{"four.example", facts.Know(facts.Hosts{Addresses: addresses("192.0.2.2")})},
		{"six.example", facts.Know(facts.Hosts{Addresses: addresses("2001:db8::2")})},
		{"text.example", facts.Know(facts.Hosts{})},
		{"gone.example", facts.Know(facts.Hosts{Missing: true})},
		{"alias.example", facts.Know(facts.Hosts{Addresses: addresses("192.0.2.2"), CNAME: []string{"second.example", "four.example"}})},
		{"nowhere.example", facts.Know(facts.Hosts{CNAME: []string{"gone.example"}, Missing: true})},
		{"half.example", facts.Know(facts.Hosts{Addresses: addresses("2001:db8::3"), Lost: "SERVFAIL"})}, // one family is enough to know, and not all
		{"toolong.example", facts.Know(facts.Hosts{Addresses: addresses("192.0.2.5")})},
	} {
		got := g.hosts(tt.name)
		if why := tt.want.Value.Lost; why != "" && strings.Contains(got.Value.Lost, why) {
			got.Value.Lost = why
		}
		if d := cmp.Diff(tt.want, got, alike); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
	unknown(t, "a name with one family lost and the other empty", g.hosts("doubt.example"), "SERVFAIL")
	unknown(t, "a name with both families lost", g.hosts("dead.example"), "SERVFAIL")
	if h := g.hosts("many.example").Value; len(h.Addresses) != maxHosts || !strings.Contains(h.Lost, "only the first 100") {
		t.Errorf("%d addresses are kept of 120, want %d; lost %q", len(h.Addresses), maxHosts, h.Lost)
	}
}

func TestMX(t *testing.T) {
	faults := lost("lost.example", "deadhost.example", "h.deadhost.example")
	faults[dnsx.Q("halfknown.example", dnsx.A)] = testnet.DNSServFail
	faults[dnsx.Q("halfknown.example", dnsx.AAAA)] = testnet.DNSServFail
	delete(faults, dnsx.Question{Name: "deadhost.example"})
	s := serve(t, `
order.example.    MX 20 b.order.example.
order.example.    MX 10 z.order.example.
order.example.    MX 20 a.order.example.
z.order.example.  A 192.0.2.1
a.order.example.  CNAME z.order.example.
null.example.     MX 0 .
mixed.example.    MX 0 .
mixed.example.    MX 10 z.order.example.
alone.example.    AAAA 2001:db8::1
text.example.     TXT "nothing else"
alias.example.    CNAME order.example.
deadhost.example. MX 10 h.deadhost.example.
deadhost.example. MX 20 z.order.example.
halfknown.example. TXT "no MX, and the addresses are lost"
`, faults)
	z := facts.Know(facts.Hosts{Addresses: addresses("192.0.2.1")})
	ordered := facts.MX{Status: facts.MXFound, Hosts: []facts.MXHost{
		{Host: "z.order.example", Preference: 10, Addresses: z},
		{Host: "a.order.example", Preference: 20, Addresses: facts.Know(facts.Hosts{Addresses: addresses("192.0.2.1"), CNAME: []string{"z.order.example"}})},
		{Host: "b.order.example", Preference: 20, Addresses: facts.Know(facts.Hosts{Missing: true})},
	}}
	for _, tt := range []struct {
		domain string
		want   facts.MX
	}{
		{"order.example", ordered},
		{"alias.example", ordered},
		{"null.example", facts.MX{Status: facts.MXNull, Null: true, Hosts: []facts.MXHost{{Host: "."}}}},
		{"mixed.example", facts.MX{Status: facts.MXFound, Null: true, Hosts: []facts.MXHost{{Host: "."}, {Host: "z.order.example", Preference: 10, Addresses: z}}}},
		{"alone.example", facts.MX{Status: facts.MXImplicit, Hosts: []facts.MXHost{{Host: "alone.example", Addresses: facts.Know(facts.Hosts{Addresses: addresses("2001:db8::1")})}}}},
		{"text.example", facts.MX{Status: facts.MXNone}},
		{"gone.example", facts.MX{Status: facts.MXNone}},
	} {
		g := over(t.Context(), s, Target{Domain: tt.domain})
		if d := cmp.Diff(facts.Know(tt.want), g.mx(true), alike); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.domain, d)
		}
	}

	unknown(t, "a lost MX", over(t.Context(), s, Target{Domain: "lost.example"}).mx(true), "SERVFAIL")
	// Whether the domain takes mail at its address is open (RFC 5321 5.1).
	unknown(t, "no MX, and the address lost", over(t.Context(), s, Target{Domain: "halfknown.example"}).mx(true), "SERVFAIL")

	m := over(t.Context(), s, Target{Domain: "deadhost.example"}).mx(true)
	if !m.Known() || len(m.Value.Hosts) != 2 {
		t.Fatalf("%+v", m)
	}
	unknown(t, "the host that is lost", m.Value.Hosts[0].Addresses, "SERVFAIL")
	if d := cmp.Diff(z, m.Value.Hosts[1].Addresses, alike); d != "" {
		t.Errorf("the host beside it (-want +got):\n%s", d)
	}
}

func TestMXWithoutHosts(t *testing.T) {
	s := serve(t, "d.example. MX 10 h.d.example.\nh.d.example. A 192.0.2.1\n", nil)
	if m := over(t.Context(), serve(t, "d.example. A 192.0.2.1", nil), Target{Domain: "d.example"}).mx(false); m.Value.Status != facts.MXImplicit {
		t.Errorf("an address and no MX: %+v", m)
	}
	m := over(t.Context(), s, Target{Domain: "d.example"}).mx(false)
	if !m.Known() || m.Value.Hosts[0].Addresses.State != facts.Unasked {
		t.Errorf("%+v", m)
	}
	if d := cmp.Diff([]string{"d.example MX"}, questions(s)); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
}

func TestMXBounded(t *testing.T) {
	zone := ""
	for i := range 40 {
		zone += fmt.Sprintf("d.example. MX %d h%d.d.example.\n", i, i)
	}
	s := serve(t, zone, nil)
	m := over(t.Context(), s, Target{Domain: "d.example"}).mx(true)
	if n, asked := len(m.Value.Hosts), len(s.Asked()); n != maxMX || m.Value.More != 40-maxMX || asked != 1+2*maxMX {
		t.Errorf("%d of 40 exchangers and %d more after %d questions, want %d after %d", n, m.Value.More, asked, maxMX, 1+2*maxMX)
	}
}

func TestExists(t *testing.T) {
	faults := lost("lost.example")
	faults[dnsx.Q("half.example", dnsx.MX)] = testnet.DNSServFail
	faults[dnsx.Q("halfgone.example", dnsx.MX)] = testnet.DNSServFail
	s := serve(t, `
mail.example.     MX 10 h.example.
address.example.  A 192.0.2.1
a.empty.example.  A 192.0.2.1
half.example.     A 192.0.2.1
dangling.example. CNAME gone.example.
`, faults)
	for domain, want := range map[string]facts.Fact[bool]{
		"mail.example":     facts.Know(true),
		"address.example":  facts.Know(true),
		"empty.example":    facts.Know(true), // something stands beneath it (RFC 8020 2)
		"gone.example":     facts.Know(false),
		"half.example":     facts.Know(true),
		"halfgone.example": facts.Know(false), // NXDOMAIN is for the name, whatever the type
		"dangling.example": facts.Know(true),
	} {
		if got := over(t.Context(), s, Target{Domain: domain}).exists(); got != want {
			t.Errorf("%s: %+v, want %+v", domain, got, want)
		}
	}
	unknown(t, "a lost domain", over(t.Context(), s, Target{Domain: "lost.example"}).exists(), "SERVFAIL")
}

func TestReverse(t *testing.T) {
	faults := lost("dead.example", "6.2.0.192.in-addr.arpa")
	g := asker(t, `
1.2.0.192.in-addr.arpa.   PTR one.example.
2.2.0.192.in-addr.arpa.   PTR other.example.
2.2.0.192.in-addr.arpa.   PTR second.example.
3.2.0.192.in-addr.arpa.   PTR other.example.
4.2.0.192.in-addr.arpa.   PTR dead.example.
5.2.0.192.in-addr.arpa.   PTR dead.example.
5.2.0.192.in-addr.arpa.   PTR second.example.
7.2.0.192.in-addr.arpa.   PTR gone.example.
8.2.0.192.in-addr.arpa.   PTR ONE.Example.
9.2.0.192.in-addr.arpa.   CNAME 9.0-15.2.0.192.in-addr.arpa.
9.0-15.2.0.192.in-addr.arpa. PTR one.example.
10.2.0.192.in-addr.arpa.  PTR six.example.
11.2.0.192.in-addr.arpa.  TXT "no PTR"
12.2.0.192.in-addr.arpa.  PTR alias.example.
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR six.example.
2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR one.example.
one.example.     A 192.0.2.1
one.example.     A 192.0.2.8
one.example.     A 192.0.2.9
second.example.  A 192.0.2.2
second.example.  A 192.0.2.5
other.example.   A 192.0.2.99
six.example.     AAAA 2001:db8::1
six.example.     A 192.0.2.99
alias.example.   CNAME real.example.
real.example.    A 192.0.2.12
`, faults)
	for _, tt := range []struct {
		name, ip, confirm string
		names             []string
	}{
		{"one name", "192.0.2.1", "pass", []string{"one.example"}},
		{"the second name confirms", "192.0.2.2", "pass", []string{"other.example", "second.example"}},
		{"a name of another address", "192.0.2.3", "fail", []string{"other.example"}},
		{"a name whose address is lost", "192.0.2.4", "unknown", []string{"dead.example"}},
		{"a lost name beside one that confirms", "192.0.2.5", "pass", []string{"dead.example", "second.example"}},
		{"a name that does not exist", "192.0.2.7", "fail", []string{"gone.example"}},
		{"in upper case", "192.0.2.8", "pass", []string{"one.example"}},
		{"delegated by CNAME (RFC 2317)", "192.0.2.9", "pass", []string{"one.example"}},
		{"a name with an address of another family", "192.0.2.10", "fail", []string{"six.example"}},
		{"NODATA", "192.0.2.11", "fail", nil},
		{"NXDOMAIN", "192.0.2.200", "fail", nil},
		{"a name that is an alias", "192.0.2.12", "pass", []string{"alias.example"}},
		{"IPv6", "2001:db8::1", "pass", []string{"six.example"}},
		{"IPv6, and the name has IPv4 alone", "2001:db8::2", "fail", []string{"one.example"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := g.reverse(netip.MustParseAddr(tt.ip))
			var names []string
			for _, n := range p.Value.Names {
				names = append(names, n.Name)
			}
			slices.Sort(names)
			if d := cmp.Diff(tt.names, names); d != "" || !p.Known() || p.Value.Confirm != tt.confirm {
				t.Errorf("%s: %+v, want %s by %s", tt.ip, p, tt.confirm, tt.names)
			}
			if tt.confirm == "unknown" && !strings.Contains(p.Value.Why, "dead.example: ") {
				t.Errorf("why: %q", p.Value.Why)
			}
			if tt.confirm == "pass" && p.Value.Why != "" {
				t.Errorf("why although it is confirmed: %q", p.Value.Why)
			}
		})
	}
	unknown(t, "a lost PTR", g.reverse(netip.MustParseAddr("192.0.2.6")), "SERVFAIL")
}

// TestReverseOfMany: an address that may be among those of a name that were not kept is not known to lead nowhere.
func TestReverseOfMany(t *testing.T) {
	zone := "1.2.0.192.in-addr.arpa. PTR many.example.\n"
	for i := range maxHosts + 1 {
		zone += fmt.Sprintf("many.example. A 198.51.100.%d\n", i)
	}
	p := over(t.Context(), serve(t, zone, nil), Target{}).reverse(netip.MustParseAddr("192.0.2.1")).Value
	if p.Confirm != "unknown" || p.Why != "many.example: only the first 100 addresses of many.example are looked at" {
		t.Errorf("%s because %q", p.Confirm, p.Why)
	}
}

func TestReverseBounded(t *testing.T) {
	zone := ""
	for i := range 50 {
		zone += fmt.Sprintf("1.2.0.192.in-addr.arpa. PTR h%d.example.\n", i)
	}
	s := serve(t, zone, nil)
	p := over(t.Context(), s, Target{}).reverse(netip.MustParseAddr("192.0.2.1"))
	if p.Value.Confirm != "unknown" || p.Value.Why != "only the first 11 of 50 names are looked at" {
		t.Errorf("%s because %q", p.Value.Confirm, p.Value.Why)
	}
	if n := len(s.Asked()); n != 1+maxPTR {
		t.Errorf("%d questions for 50 names, want %d", n, 1+maxPTR)
	}
}

// TestReversesPublic: of a private address the public DNS knows nothing, unless the user says that it counts as public.
func TestReversesPublic(t *testing.T) {
	s := serve(t, "1.0.0.10.in-addr.arpa. PTR h.example.\nh.example. A 10.0.0.1\n", nil)
	sources := []facts.Source{{IP: netip.MustParseAddr("10.0.0.1")}}
	g := over(t.Context(), s, Target{})
	if p := g.reverses(sources)[0].PTR; p.State != facts.Unasked || len(s.Asked()) != 0 {
		t.Errorf("%+v after %q", p, questions(s))
	}
	g.t.AssumePublic = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	if p := g.reverses(sources)[0].PTR; !p.Known() || p.Value.Confirm != "pass" {
		t.Errorf("assumed to be public: %+v", p)
	}
}

func TestHELOs(t *testing.T) {
	faults := lost("dead.example")
	faults[dnsx.Q("half.example", dnsx.MX)] = testnet.DNSServFail
	s := serve(t, "mail.example. A 192.0.2.1\nalias.example. CNAME mail.example.\ntext.example. TXT none\nin.example. MX 10 mail.example.\nhalf.example. TXT none\n", faults)
	g := over(t.Context(), s, Target{Domain: "d.example"})
	mail := facts.Know(facts.Hosts{Addresses: addresses("192.0.2.1")})
	for _, tt := range []struct {
		helo string
		want facts.Fact[facts.Hosts]
		mx   facts.Fact[bool]
	}{
		{"mail.example", mail, facts.Fact[bool]{}},
		{"MAIL.Example.", mail, facts.Fact[bool]{}},
		{"alias.example", facts.Know(facts.Hosts{Addresses: addresses("192.0.2.1"), CNAME: []string{"mail.example"}}), facts.Fact[bool]{}},
		{"text.example", facts.Know(facts.Hosts{}), facts.Know(false)},
		{"gone.example", facts.Know(facts.Hosts{Missing: true}), facts.Know(false)},
		{"in.example", facts.Know(facts.Hosts{}), facts.Know(true)},
		{"localhost", facts.Fact[facts.Hosts]{}, facts.Fact[bool]{}},
		{"[192.0.2.1]", facts.Fact[facts.Hosts]{}, facts.Fact[bool]{}},
		{"[IPv6:2001:db8::1]", facts.Fact[facts.Hosts]{}, facts.Fact[bool]{}},
		{"192.0.2.1", facts.Fact[facts.Hosts]{}, facts.Fact[bool]{}},
	} {
		g.t.Streams = []facts.Stream{{Name: "none"}, {Name: "s", HELO: tt.helo}}
		want := []facts.HELO{{Name: tt.helo, Stream: "s", Addresses: tt.want, MX: tt.mx}}
		if d := cmp.Diff(want, g.helos(), alike); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.helo, d)
		}
	}
	g.t.Streams = []facts.Stream{{Name: "s", HELO: "dead.example"}}
	unknown(t, "a lost name", g.helos()[0].Addresses, "SERVFAIL")
	g.t.Streams[0].HELO = "half.example"
	unknown(t, "lost MX records", g.helos()[0].MX, "SERVFAIL")
}
