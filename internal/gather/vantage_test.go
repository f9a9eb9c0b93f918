package gather

import (
	"context"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/smtpx"
	"mailaudit/internal/testnet"
)

// TestRewriting: addresses that the resolver makes up are worth nothing, and it is told whose fault that is.
func TestRewriting(t *testing.T) {
	s := serve(t, `mailaudit.invalid. A 11.66.0.1
mailaudit.invalid. A 11.66.0.2
mailaudit.invalid. AAAA 2a0f::66
d.example. MX 10 mx1.d.example.
d.example. MX 20 mx2.d.example.
d.example. MX 30 mx3.d.example.
mx1.d.example. A 11.66.0.2
mx2.d.example. A 11.66.0.1
mx2.d.example. A 11.0.0.1
mx3.d.example. AAAA 2a0f::66
`, nil)
	f := Gather(t.Context(), env(client(s, patient)), Target{Domain: "d.example", Streams: []facts.Stream{stream()}}, everything)
	want := facts.Know([]netip.Addr{netip.MustParseAddr("11.66.0.1"), netip.MustParseAddr("11.66.0.2"), netip.MustParseAddr("2a0f::66")})
	if d := cmp.Diff(want, f.Vantage.Rewrites, alike); d != "" {
		t.Error(d)
	}
	hosts := f.MX.Value.Hosts
	if len(hosts) != 3 || hosts[0].Addresses.State != facts.Unknown || !strings.HasPrefix(hosts[0].Addresses.Why, "our resolver answers with 11.66.0.1, as it does for names that do not exist") ||
		len(hosts[1].Addresses.Value.Addresses) != 2 || hosts[2].Addresses.State != facts.Unknown {
		t.Errorf("%+v", hosts)
	}
	if l := repeated(s.Asked()); len(l) > 0 || f.Questions != len(s.Asked()) {
		t.Errorf("asked again: %q; %d questions are said to have been asked, %d were", l, f.Questions, len(s.Asked()))
	}
}

// TestRewritingListsNobody: a resolver that makes up the very answer of a blocklist has nobody listed, and nobody clean.
func TestRewritingListsNobody(t *testing.T) {
	s := serve(t, "*. A 127.0.0.2\n*.invalid. A 127.0.0.2\n*.example. A 127.0.0.2\n", nil)
	f := Gather(t.Context(), env(client(s, patient)), Target{Domain: "d.example", Streams: []facts.Stream{stream("11.0.0.1")}, Lists: []blocklist.List{ipList("bl.example")}}, everything)
	if len(f.Listings) == 0 {
		t.Error("nothing was asked")
	}
	for _, l := range f.Listings {
		if l.Status == facts.Listed || l.Status == facts.Clean {
			t.Errorf("%+v", l)
		}
	}
}

func TestVantage(t *testing.T) {
	for _, c := range []struct {
		name      string
		validates bool
		fault     testnet.DNSFault // of the question about the root
		tcp, ad   facts.Fact[bool]
	}{
		{"validates", true, testnet.DNSHealthy, facts.Know(true), facts.Know(true)},
		{"does not", false, testnet.DNSHealthy, facts.Know(true), facts.Know(false)},
		{"refuses the root", true, testnet.DNSRefused, facts.Know(true), facts.Fact[bool]{State: facts.Unknown}},
		{"without TCP", true, testnet.DNSNoTCP, facts.Fact[bool]{State: facts.Unknown}, facts.Fact[bool]{State: facts.Unknown}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := testnet.ServeDNS(testnet.MustZone("d.example."+soaText), testnet.DNSOptions{Validates: c.validates,
				Faults: map[dnsx.Question]testnet.DNSFault{dnsx.Q(".", dnsx.SOA): c.fault}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			v := over(t.Context(), s, Target{Domain: "d.example", TrustAD: true}).vantage()
			for _, x := range []struct{ got, want facts.Fact[bool] }{{v.TCP, c.tcp}, {v.Validates, c.ad}} {
				if x.got.State != x.want.State || x.got.Value != x.want.Value || (x.got.Why == "") != (x.want.State == facts.Known) {
					t.Errorf("%+v, want %+v", x.got, x.want)
				}
			}
			if !v.Trusted || !v.Rewrites.Known() || len(v.Rewrites.Value) > 0 {
				t.Errorf("%+v", v)
			}
		})
	}
}

// TestNoVantage: where nobody is asked there is nothing to say of a resolver, and a dead one is no liar.
func TestNoVantage(t *testing.T) {
	v := run(t.Context(), dnsx.NewOffline(testnet.MustZone("d.example."+soaText)), Target{Domain: "d.example"}).vantage()
	if d := cmp.Diff(facts.Vantage{}, v, alike); d != "" {
		t.Error(d)
	}
	s := serve(t, "", map[dnsx.Question]testnet.DNSFault{{}: testnet.DNSServFail})
	if v := over(t.Context(), s, Target{Domain: "d.example"}).vantage(); v.Rewrites.State != facts.Unknown || v.Rewrites.Why == "" {
		t.Errorf("%+v", v)
	}
}

// TestFilesAreBelieved: what a zone file gives waits for no test of a resolver, and is nobody's invention.
func TestFilesAreBelieved(t *testing.T) {
	s := serve(t, "mailaudit.invalid. A 11.66.0.1\nb.example. A 11.66.0.1\n", nil)
	over := dnsx.NewOverlay(testnet.MustZone("a.example. A 11.66.0.1\n"), nil, client(s, patient))
	g := &gatherer{ctx: t.Context(), env: env(over), t: Target{Domain: "d.example"}}
	g.dns = honest{dnsx.NewMemo(t.Context(), over), g.rewrites}
	if a := g.ask("a.example", dnsx.A); a.Status != dnsx.Found || len(s.Asked()) > 0 {
		t.Errorf("%+v, asked %v", a, s.Asked())
	}
	if a := g.ask("b.example", dnsx.A); a.Status != dnsx.Failed {
		t.Errorf("%+v", a)
	}
}

// TestEgressCheck: the named host is dialled whatever it resolves to; silence tells that the way out is blocked, and a
// reset, which a firewall at our end may send, tells nothing.
func TestEgressCheck(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		switch address {
		case "10.0.0.1:25":
			return testnet.Dial(ctx, network, l.Addr().String())
		case "10.0.0.1:465":
			return testnet.Dial(ctx, network, closedAt(t).String())
		}
		return nil, os.ErrDeadlineExceeded
	}
	s := serve(t, "own.example. A 10.0.0.1\nd.example. A 11.0.0.1\n", nil)
	for _, host := range []string{"own.example", "10.0.0.1"} {
		e := env(client(s, patient))
		e.Reach = Reached(dial)
		f := Gather(t.Context(), e, Target{Domain: "d.example", Streams: []facts.Stream{stream()}, EgressCheck: host}, 0)
		for port, want := range map[int]string{25: facts.EgressOpen, 465: "", 587: facts.EgressBlocked, 26: ""} {
			if got := f.Vantage.Port(port); got.State != want || (got.Why == "") != (port == 26) || got.Port != port {
				t.Errorf("%s: %+v, want %q", host, got, want)
			}
		}
	}
	e := env(client(s, patient))
	e.Reach = Reached(dial)
	if f := Gather(t.Context(), e, Target{Domain: "d.example", Streams: []facts.Stream{stream()}, EgressCheck: "none.example"}, 0); f.Vantage.Port(25).State != "" || !strings.Contains(f.Vantage.Port(25).Why, "none.example has no address") {
		t.Errorf("%+v", f.Vantage.Egress)
	}
	if f := Gather(t.Context(), env(client(s, patient)), Target{Domain: "d.example", Streams: []facts.Stream{stream()}, EgressCheck: "10.0.0.1"}, 0); len(f.Vantage.Egress) > 0 {
		t.Errorf("without connections: %+v", f.Vantage.Egress)
	}
}

// TestOutwards: connections to others tell, too; the host that was named for it tells more.
func TestOutwards(t *testing.T) {
	addr := netip.MustParseAddr("11.0.0.1")
	probe := func(host string, s smtpx.Status, a netip.Addr) facts.MXTalk {
		return facts.MXTalk{Host: host, Probe: facts.Know(facts.Probe{Status: s, Addr: a})}
	}
	silent := []facts.MXTalk{probe("a.example", smtpx.Filtered, netip.Addr{}), probe("b.example", smtpx.Filtered, netip.Addr{})}
	resets := []facts.MXTalk{probe("c.example", smtpx.Refused, addr), probe("d.example", smtpx.Refused, addr.Next())}
	for _, c := range []struct {
		name   string
		tested string
		talks  []facts.MXTalk
		want   string
	}{
		{"nothing", "", nil, ""},
		{"one silent", "", silent[:1], ""},
		{"one silent twice", "", []facts.MXTalk{silent[0], silent[0]}, ""},
		{"two silent", "", silent, facts.EgressPerhaps},
		{"two silent, one open", "", append(slices.Clone(silent), probe("c.example", smtpx.Open, addr)), facts.EgressOpen},
		{"a reset", "", resets[:1], ""},
		{"two resets from one address", "", []facts.MXTalk{resets[0], resets[0]}, ""},
		{"two resets", "", resets, facts.EgressPerhaps},
		{"two resets, one open", "", append(slices.Clone(resets), probe("c.example", smtpx.Open, addr)), facts.EgressOpen},
		{"two resets, and silence", "", slices.Concat(resets, silent), ""},
		{"tested open, and two resets", facts.EgressOpen, resets, facts.EgressOpen},
		{"no address", "", []facts.MXTalk{probe("c.example", smtpx.Refused, netip.Addr{})}, ""},
		{"not dialled", "", []facts.MXTalk{{Host: "c.example", Probe: facts.Cannot[facts.Probe]("no")}}, ""},
		{"tested", facts.EgressBlocked, nil, facts.EgressBlocked},
		{"tested, and silent", facts.EgressBlocked, silent, facts.EgressBlocked},
		{"tested open, and silent", facts.EgressOpen, silent, facts.EgressOpen},
		{"tested, and one open", facts.EgressBlocked, []facts.MXTalk{probe("c.example", smtpx.Open, addr)}, facts.EgressOpen},
	} {
		f := &facts.Facts{Inbound: c.talks}
		if c.tested != "" {
			f.Vantage.Tested = []facts.Egress{{Port: 25, State: c.tested, Why: "tested"}}
		}
		f.Vantage.Egress = outwards(f)
		if got := f.Vantage.Port(25); got.State != c.want || (got.Why == "") != (c.want == "") {
			t.Errorf("%s: %+v, want %q", c.name, got, c.want)
		}
		if got := f.Vantage.Port(587); got.State != "" {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	f := &facts.Facts{Submission: facts.Submission{Services: []facts.Service{{Host: "s.example", Port: 587, Probe: silent[0].Probe}, {Host: "t.example", Port: 587, Probe: silent[0].Probe}}}}
	if l := outwards(f); len(l) != 1 || l[0].Port != 587 || l[0].State != facts.EgressPerhaps {
		t.Errorf("%+v", l)
	}
}
