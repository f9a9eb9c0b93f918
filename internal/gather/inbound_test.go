package gather

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/smtpx"
	"mailaudit/internal/testnet"
)

// nobodyTalked stands for a run in which no MX host was connected to.
func nobodyTalked() []facts.MXTalk { return nil }

// mxServer starts an MX host.
func mxServer(t *testing.T, b testnet.Behaviour) *testnet.SMTP {
	t.Helper()
	s, err := testnet.ServeSMTP(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// talks gives the MX hosts of d.example, looked at through a switchboard, with the patience given where that is not 0.
func talks(g *gatherer, lines *switchboard, roots *x509.CertPool, patience time.Duration) []facts.MXTalk {
	g.env.Roots = roots
	g.env.Probe = func(ctx context.Context, t smtpx.Target) smtpx.Probe {
		if patience != 0 {
			t.Patience, t.Connect = patience, patience
		}
		return smtpx.Run(ctx, lines.dial, t)
	}
	return g.inbound(soon(func() facts.Fact[facts.MX] { return g.mx(false) }))
}

// seen are the hosts and what became of them.
func seen(l []facts.MXTalk) []string {
	var out []string
	for _, t := range l {
		status := string(t.Probe.State)
		if t.Probe.Known() {
			status = string(t.Probe.Value.Status) + " " + t.Probe.Value.TLS
		}
		if t.Left != "" {
			status = strings.TrimSpace(status + " left: " + t.Left)
		}
		out = append(out, fmt.Sprintf("%d %s %s", t.Preference, t.Host, status))
	}
	return out
}

// TestInbound tells apart what an MX host can be: each is a real server, or none.
func TestInbound(t *testing.T) {
	ca := authority(t)
	hour := time.Hour
	issue := func(name string, from, to time.Duration) testnet.Behaviour {
		return testnet.Behaviour{Host: "mx.d.example", Certificate: ca.Issue(name, time.Now().Add(from), time.Now().Add(to)), NoAuth: true, Mailboxes: []string{}}
	}
	good := issue("mx.d.example", -hour, hour)
	for _, tt := range []struct {
		name   string
		change func(*testnet.Behaviour)
		holds  func(facts.MXTalk, facts.Probe) bool
	}{
		{"good", nil, func(h facts.MXTalk, p facts.Probe) bool {
			return p.Status == facts.ServiceOpen && p.TLS == "starttls" && p.Complete && p.Cert.NameOK && p.Cert.ChainOK && p.Cert.InDate && len(p.Chain) == 1 &&
				len(p.Auth) == 0 && h.Name == "mx.d.example" && h.Named.Known() && slices.Contains(h.Named.Value.Addresses, netip.MustParseAddr("11.0.0.1"))
		}},
		{"AUTH before TLS", func(b *testnet.Behaviour) { b.EarlyAuth = true }, func(_ facts.MXTalk, p facts.Probe) bool { return len(p.AuthPlain) == 2 && p.Complete }},
		{"expired", func(b *testnet.Behaviour) { *b = issue("mx.d.example", -2*hour, -hour) }, func(_ facts.MXTalk, p facts.Probe) bool {
			return !p.Cert.InDate && p.Cert.NameOK && p.Cert.ChainOK
		}},
		{"wrong name", func(b *testnet.Behaviour) { *b = issue("www.d.example", -hour, hour) }, func(_ facts.MXTalk, p facts.Probe) bool {
			return p.Cert.InDate && !p.Cert.NameOK && p.Cert.ChainOK
		}},
		{"self-signed", func(b *testnet.Behaviour) {
			b.Certificate = testnet.SelfSigned("mx.d.example", time.Now().Add(-hour), time.Now().Add(hour))
		}, func(_ facts.MXTalk, p facts.Probe) bool { return p.Cert.InDate && p.Cert.NameOK && !p.Cert.ChainOK }},
		{"no STARTTLS", func(b *testnet.Behaviour) { b.NoTLS = true }, func(_ facts.MXTalk, p facts.Probe) bool { return p.Complete && !p.STARTTLS && p.TLS == "none" }},
		{"broken STARTTLS", func(b *testnet.Behaviour) { b.NotTLS = "no TLS\n" }, func(_ facts.MXTalk, p facts.Probe) bool {
			return p.STARTTLS && p.TLSFault != "" && p.TLS == "none"
		}},
		{"turned away", func(b *testnet.Behaviour) { b.Greeting = "554 5.7.1 listed\r\n" }, func(_ facts.MXTalk, p facts.Probe) bool {
			return p.Status == facts.ServiceUnknown && strings.Contains(p.Why, "554 5.7.1 listed") && p.NoBanner == "" && !p.Late
		}},
		{"tarpit", func(b *testnet.Behaviour) { b.Silent = true }, func(_ facts.MXTalk, p facts.Probe) bool { return p.Status == facts.ServiceUnknown && p.Late }},
		{"endless banner", func(b *testnet.Behaviour) { b.Endless = true }, func(_ facts.MXTalk, p facts.Probe) bool {
			return p.Status == facts.ServiceUnknown && strings.Contains(p.NoBanner, "more than 64 lines")
		}},
		{"nameless", func(b *testnet.Behaviour) {
			b.Greeting, b.NoTLS = "220 ESMTP\r\n", true
			b.Replies = map[string]string{"EHLO": "250 localhost\r\n"}
		}, func(h facts.MXTalk, p facts.Probe) bool {
			return p.Complete && h.Name == "" && h.Named.State == facts.Unasked
		}},
		{"named in the greeting alone", func(b *testnet.Behaviour) {
			b.Greeting, b.NoTLS = "220-Other.Example\r\n220 ESMTP\r\n", true
			b.Replies = map[string]string{"EHLO": "502 no\r\n"}
		}, func(h facts.MXTalk, _ facts.Probe) bool {
			return h.Name == "other.example" && h.Named.Known() && len(h.Named.Value.Addresses) == 0
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := good
			if tt.change != nil {
				tt.change(&b)
			}
			s := mxServer(t, b)
			lines := &switchboard{lines: map[string]netip.AddrPort{"11.0.0.1:25": s.Addr()}}
			patience := time.Duration(0)
			if b.Silent {
				patience = 200 * time.Millisecond
			}
			l := talks(asker(t, "d.example. MX 10 mx.d.example.\nmx.d.example. A 11.0.0.1\nother.example. TXT x\n", nil), lines, ca.Pool(), patience)
			if len(l) != 1 || l[0].Host != "mx.d.example" || !l[0].Probe.Known() || !tt.holds(l[0], l[0].Probe.Value) {
				t.Errorf("%+v", l)
			}
			if s.Connections() != 1 || !slices.Equal(lines.called(), []string{"11.0.0.1:25"}) {
				t.Errorf("%d connections; dialled %q", s.Connections(), lines.called())
			}
			for _, v := range s.Verbs() {
				if !slices.Contains([]string{"EHLO", "STARTTLS", "QUIT"}, v) {
					t.Errorf("said %s, which nobody asked for", v)
				}
			}
		})
	}
}

// TestInboundClosed: a port that refuses and one that is silent are told apart.
func TestInboundClosed(t *testing.T) {
	closed, release, err := testnet.Refused()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	lines := &switchboard{lines: map[string]netip.AddrPort{"11.0.0.1:25": closed}}
	l := talks(asker(t, "d.example. MX 10 mx.d.example.\nmx.d.example. A 11.0.0.1\n", nil), lines, nil, 0)
	if d := cmp.Diff([]string{"10 mx.d.example refused none"}, seen(l)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestInboundHosts: which hosts are dialled, and why the others are not.
func TestInboundHosts(t *testing.T) {
	const one = "d.example. MX 10 mx.d.example.\n"
	seven, five := "", []string{}
	for i := range 7 {
		seven += fmt.Sprintf("d.example. MX %d mx%[1]d.d.example.\nmx%[1]d.d.example. A 11.0.0.%[1]d\n", 70-i)
	}
	for i := 6; i > 1; i-- {
		five = append(five, fmt.Sprintf("%d mx%d.d.example unknown none", 70-i, 70-i))
	}
	const rest = " left: only the first 5 MX hosts by preference are connected to"
	const notPublic = "which is no public address: it is not dialled without --allow-private"
	for _, tt := range []struct {
		name, zone string
		faults     map[dnsx.Question]testnet.DNSFault
		change     func(*Target)
		want       []string
		dialed     []string
	}{
		{"implicit MX", "d.example. A 11.0.0.1\n", nil, nil, []string{"0 d.example unknown none"}, []string{"11.0.0.1:25"}},
		{"null MX", "d.example. MX 0 .\n", nil, nil, nil, nil},
		{"null MX beside another", "d.example. MX 0 .\n" + one + "mx.d.example. A 11.0.0.1\n", nil, nil, []string{"10 mx.d.example unknown none"}, []string{"11.0.0.1:25"}},
		{"none", "d.example. TXT x\n", nil, nil, nil, nil},
		{"not known", one, lost("d.example"), nil, nil, nil},
		{"twice the same", one + "d.example. MX 20 mx.d.example.\nmx.d.example. A 11.0.0.1\n", nil, nil, []string{"10 mx.d.example unknown none"}, []string{"11.0.0.1:25"}},
		{"seven", seven, nil, nil, append(slices.Clone(five), "69 mx69.d.example"+rest, "70 mx70.d.example"+rest),
			[]string{"11.0.0.64:25", "11.0.0.65:25", "11.0.0.66:25", "11.0.0.67:25", "11.0.0.68:25"}},
		{"lost address", one, lost("mx.d.example"), nil, []string{"10 mx.d.example unknown"}, nil},
		{"no address", one, nil, nil, []string{"10 mx.d.example left: mx.d.example has no address"}, nil},
		{"private", one + "mx.d.example. A 10.0.0.1\n", nil, nil, []string{"10 mx.d.example left: DNS names 10.0.0.1, " + notPublic}, nil},
		{"loopback", one + "mx.d.example. A 127.0.0.1\n", nil, nil, []string{"10 mx.d.example left: DNS names 127.0.0.1, " + notPublic}, nil},
		{"private, allowed", one + "mx.d.example. A 10.0.0.1\n", nil, func(t *Target) { t.AllowPrivate = true }, []string{"10 mx.d.example unknown none"}, []string{"10.0.0.1:25"}},
		{"private, counts as public", one + "mx.d.example. A 10.0.0.1\n", nil, func(t *Target) { t.AssumePublic = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} },
			[]string{"10 mx.d.example unknown none"}, []string{"10.0.0.1:25"}},
		{"IPv6 alone", one + "mx.d.example. A 11.0.0.1\nmx.d.example. AAAA 2a0f::1\n", nil, func(t *Target) { t.Family = 6 }, []string{"10 mx.d.example unknown none"}, []string{"[2a0f::1]:25"}},
		{"IPv6 alone, and there is none", one + "mx.d.example. A 11.0.0.1\n", nil, func(t *Target) { t.Family = 6 },
			[]string{"10 mx.d.example left: mx.d.example has no IPv6 address, and no other is to be dialled"}, nil},
		{"a batch", one + "mx.d.example. A 11.0.0.1\n", nil, func(t *Target) { t.NoProbes = true }, []string{"10 mx.d.example left: " + noProbes}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			target, lines := Target{Domain: "d.example"}, &switchboard{}
			if tt.change != nil {
				tt.change(&target)
			}
			l := talks(over(t.Context(), serve(t, tt.zone, tt.faults), target), lines, nil, 0)
			if d := cmp.Diff(tt.want, seen(l), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.dialed, lines.called(), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("dialled (-want +got):\n%s", d)
			}
		})
	}
}

// TestInboundOffline: without a dialer nothing is known of a host.
func TestInboundOffline(t *testing.T) {
	g := asker(t, "d.example. MX 10 mx.d.example.\nmx.d.example. A 11.0.0.1\n", nil)
	l := g.inbound(soon(func() facts.Fact[facts.MX] { return g.mx(false) }))
	if len(l) != 1 {
		t.Fatalf("%+v", l)
	}
	unknown(t, "the host", l[0].Probe, "offline")
}

// probing is an audit of d.example with --probe-inbound.
func probing(mailFrom ...string) Target {
	t := Target{Domain: "d.example", ProbeInbound: true}
	for _, m := range mailFrom {
		t.Streams = append(t.Streams, facts.Stream{MailFrom: m})
	}
	return t
}

// TestProbeInbound: what is asked about recipients, and what comes of it.
func TestProbeInbound(t *testing.T) {
	ca := authority(t)
	s := mxServer(t, testnet.Behaviour{Host: "mx.d.example", Certificate: ca.Issue("mx.d.example", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)),
		Mailboxes: []string{"postmaster@d.example", "News@d.example", "x@twin.example"}})
	lines := &switchboard{lines: map[string]netip.AddrPort{"11.0.0.1:25": s.Addr()}}
	zone := `
d.example.     MX 10 mx.d.example.
twin.example.  MX 5 mx.d.example.
esp.example.   MX 5 mx.esp.example.
mx.d.example.  A 11.0.0.1
`
	g := over(t.Context(), serve(t, zone, lost("lost.example")),
		probing("News@d.example", "News@D.example", "gone@d.example", "x@twin.example", "x@esp.example", "x@lost.example", "postmaster@d.example", "@d.example"))
	l := talks(g, lines, ca.Pool(), 0)
	if len(l) != 1 {
		t.Fatal(seen(l))
	}
	var got []string
	for _, r := range l[0].Probe.Value.Envelopes {
		got = append(got, fmt.Sprintf("%s %s <%s> <%s> %d", r.Purpose, r.Stage, r.From, r.To, r.Code))
	}
	// sha256("d.example") begins so.
	const nobody = "mailaudit-4832b62ed035@d.example"
	want := []string{
		"sender rcpt <> <News@d.example> 250", "sender rcpt <> <gone@d.example> 550", "sender rcpt <> <x@twin.example> 250",
		"postmaster rcpt <> <postmaster@d.example> 250", "abuse rcpt <> <abuse@d.example> 550",
		"random rcpt <> <" + nobody + "> 550", "relay rcpt <postmaster@d.example> <mailaudit@relay-test.invalid> 554",
		"vrfy vrfy <> <postmaster@d.example> 252", "vrfy-random vrfy <> <" + nobody + "> 252",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if slices.Contains(s.Verbs(), "DATA") || s.Connections() != 1 {
		t.Errorf("%q over %d connections", s.Verbs(), s.Connections())
	}
	if a := l[0].Answer(facts.AskAbuse); !a.Known() || a.Value.Code != 550 {
		t.Errorf("%+v", a)
	}
}

// TestProbeInboundElse: a recording may hold what was asked for another domain at the same host. That is no answer.
func TestProbeInboundElse(t *testing.T) {
	g := over(t.Context(), serve(t, "d.example. MX 10 mx.example.\nmx.example. A 11.0.0.1\n", nil), probing())
	g.env.Probe = func(context.Context, smtpx.Target) smtpx.Probe {
		return smtpx.Probe{Status: smtpx.Open, Envelopes: []smtpx.EnvelopeReply{
			{Envelope: smtpx.Envelope{Purpose: facts.AskPostmaster, To: "postmaster@other.example"}, Code: 250},
			{Envelope: smtpx.Envelope{Purpose: facts.AskAbuse, To: "abuse@d.example"}, Code: 250},
		}}
	}
	l := g.inbound(soon(func() facts.Fact[facts.MX] { return g.mx(false) }))
	unknown(t, "postmaster", l[0].Answer(facts.AskPostmaster), "not answered")
	if a := l[0].Answer(facts.AskAbuse); !a.Known() || a.Value.Code != 250 {
		t.Errorf("%+v", a)
	}
}

func TestReturnPathsBounded(t *testing.T) {
	target := probing()
	for i := range 50 {
		target.Streams = append(target.Streams, facts.Stream{MailFrom: fmt.Sprintf("m%d@d.example", i)})
	}
	g := over(t.Context(), serve(t, "", nil), target)
	if l := g.returnPaths(facts.MX{}); len(l) != maxPaths {
		t.Errorf("%d paths", len(l))
	}
}

// TestOneConnection: a submission service on port 25 that is an MX host is connected to once for both.
func TestOneConnection(t *testing.T) {
	ca := authority(t)
	s := mxServer(t, testnet.Behaviour{Host: "mx.d.example", Certificate: ca.Issue("mx.d.example", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))})
	lines := &switchboard{lines: map[string]netip.AddrPort{"11.0.0.1:25": s.Addr(), "11.0.0.2:25": s.Addr()}}
	target := probing()
	target.Submission = []Endpoint{{Host: "mx.d.example", Port: 25}, {Host: "other.example", Port: 25}}
	g := over(t.Context(), serve(t, "d.example. MX 10 mx.d.example.\nmx.d.example. A 11.0.0.1\nother.example. A 11.0.0.2\n", nil), target)
	l := talks(g, lines, ca.Pool(), 0)
	sub := g.submission(func() []facts.MXTalk { return l })
	if d := cmp.Diff([]string{"flag mx.d.example:25 open starttls", "flag other.example:25 open starttls"}, services(sub)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"11.0.0.1:25", "11.0.0.2:25"}, lines.called()); d != "" || s.Connections() != 2 {
		t.Errorf("%d connections (-want +got):\n%s", s.Connections(), d)
	}
	for _, x := range sub.Services {
		if a := x.Answer(facts.AskRelay); !a.Known() || a.Value.Code != 530 || a.Value.Stage != smtpx.StageMail {
			t.Errorf("%s: %+v", x.Host, a)
		}
	}
}
