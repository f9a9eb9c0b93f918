package gather

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// alike compares facts: addresses by value, and a list without members as none.
var alike = cmp.Options{cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}), cmpopts.EquateEmpty()}

// serve starts a resolver for a world that consists of one zone.
func serve(t testing.TB, zone string, faults map[dnsx.Question]testnet.DNSFault) *testnet.DNS {
	t.Helper()
	s, err := testnet.ServeDNS(testnet.MustZone(zone), testnet.DNSOptions{Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// client asks on loopback only. With the patience of patient a busy machine does not make it ask again.
func client(s *testnet.DNS, patience time.Duration) *dnsx.Client {
	return dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.Addr()}, Dial: testnet.Dial, Timeout: patience})
}

const patient = 90 * time.Second

// run is one that asks r.
func run(ctx context.Context, r dnsx.Resolver, t Target) *gatherer {
	return &gatherer{ctx: ctx, env: env(r), t: t, dns: dnsx.NewMemo(ctx, r)}
}

// over is a run that asks s.
func over(ctx context.Context, s *testnet.DNS, t Target) *gatherer {
	return run(ctx, client(s, patient), t)
}

// env is a world without connections.
func env(r dnsx.Resolver) Env { return Env{DNS: r, Now: time.Now} }

// asker is a run over one zone for tests that look at one name.
func asker(t testing.TB, zone string, faults map[dnsx.Question]testnet.DNSFault) *gatherer {
	t.Helper()
	return over(t.Context(), serve(t, zone, faults), Target{Domain: "d.example"})
}

// stream is the one stream of d.example.
func stream(ips ...string) facts.Stream {
	s := facts.Stream{Name: "main", IPs: []netip.Addr{}, MailFrom: "postmaster@d.example", DKIMDomain: "d.example", Selectors: []string{}}
	for _, ip := range ips {
		s.IPs = append(s.IPs, netip.MustParseAddr(ip))
	}
	return s
}

// lost makes every question about the names fail.
func lost(names ...string) map[dnsx.Question]testnet.DNSFault {
	m := map[dnsx.Question]testnet.DNSFault{}
	for _, n := range names {
		m[dnsx.Question{Name: n}] = testnet.DNSServFail
	}
	return m
}

// questions are what was asked, as it came in.
func questions(s *testnet.DNS) []string {
	var l []string
	for _, q := range s.Asked() {
		l = append(l, q.Name+" "+q.Type.String())
	}
	return l
}

// repeated are the questions that came in more than once. One that is put again over TCP is another.
func repeated(log []testnet.DNSAsked) []string {
	var l []string
	seen := map[testnet.DNSAsked]bool{}
	for _, q := range log {
		if seen[q] {
			l = append(l, q.Name+" "+q.Type.String())
		}
		seen[q] = true
	}
	return l
}

// everything is all topics.
const everything = ^facts.Topic(0)

// richZone is a domain that has all that an audit looks at.
var richZone = `
d.example.       A 11.0.0.80
d.example.       MX 10 mx1.d.example.
d.example.       MX 20 mx2.d.example.
mx1.d.example.   A 11.0.0.25
mx2.d.example.   AAAA 2a0f::25
mail.d.example.  A 11.0.0.1
mail.d.example.  AAAA 2a0f::1
1.0.0.11.in-addr.arpa. PTR mail.d.example.
2.0.0.11.in-addr.arpa. CNAME 2.0-63.0.0.11.in-addr.arpa.
2.0-63.0.0.11.in-addr.arpa. PTR other.example.
2.0-63.0.0.11.in-addr.arpa. PTR out.d.example.
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.f.0.a.2.ip6.arpa. PTR mail.d.example.
out.d.example.   A 11.0.0.2
helo.d.example.  A 11.0.0.2
_submission._tcp.d.example. SRV 0 1 587 sub.d.example.
sub.d.example.   A 11.0.0.5
2.0.0.127.bl.example. A 127.0.0.2
1.0.0.11.bl.example.  A 127.0.0.2
test.dbl.example.     A 127.0.1.2
k1._domainkey.d.example. CNAME k1.esp.example.
` + txt("d.example", "v=spf1 exists:%{i}._ok.d.example exists:%{p}.x.d.example a:mail.d.example ip4:11.0.0.1 include:_spf.esp.example include:_spf.esp.example -all") +
	txt("_spf.esp.example", "v=spf1 ip4:11.9.0.0/24 include:_spf2.esp.example a:out.d.example ~all") +
	txt("_spf2.esp.example", "v=spf1 ip4:11.0.0.2 ip6:2a0f::/64 ~all") +
	txt("mail.d.example", "v=spf1 a -all") +
	txt("_dmarc.d.example", "v=DMARC1; p=reject; rua=mailto:a@reports.example,mailto:a@d.example") +
	txt("d.example._report._dmarc.reports.example", "v=DMARC1") +
	txt("1.0.0.11.bl.example", "spam") + txt("k1.esp.example", goodKey) + txt("selector1._domainkey.d.example", goodKey)

// richTarget is an audit of that domain which has two streams and names no selectors.
func richTarget() Target {
	main, esp := stream("11.0.0.1", "2a0f::1"), stream("11.0.0.2")
	main.HELO = "mail.d.example"
	esp.Name, esp.MailFrom, esp.HELO = "esp", "bounce@d.example", "helo.d.example"
	return Target{Domain: "d.example", Streams: []facts.Stream{main, esp}, Lists: []blocklist.List{ipList("bl.example"), ipList("dead.example"), domainList("dbl.example")}}
}

// TestGather: everything of a rich domain is found out, and no question is asked twice although a dozen topics ask.
func TestGather(t *testing.T) {
	ca := authority(t)
	lines := &switchboard{lines: map[string]netip.AddrPort{"11.0.0.5:587": service(t, ca, "sub.d.example", false).Addr()}}
	s := serve(t, richZone, map[dnsx.Question]testnet.DNSFault{dnsx.Q("d.example", dnsx.TXT): testnet.DNSTruncate, dnsx.Q("_dmarc.d.example", dnsx.TXT): testnet.DNSTruncate})
	world := env(client(s, patient))
	world.Probe, world.Roots = Dialled(lines.dial), ca.Pool()
	f := Gather(t.Context(), world, richTarget(), everything)

	if l := repeated(s.Asked()); len(l) > 0 {
		t.Errorf("asked again: %q", l)
	}
	if n := len(s.Asked()); f.Questions != n {
		t.Errorf("%d questions are said to have been asked, %d were", f.Questions, n)
	}
	if !f.Exists.Value || !f.Addresses.Known() || f.MX.Value.Status != facts.MXFound || f.Profile.Name != facts.Sender || f.DMARC.Value.Policy != "reject" {
		t.Errorf("%+v", f)
	}
	var results []string
	for _, r := range f.Results {
		results = append(results, r.IP.String()+" "+r.Stream+" "+r.Identity+" "+r.Domain+" "+r.Result)
	}
	want := []string{"11.0.0.1 main mailfrom d.example pass", "11.0.0.1 main helo mail.d.example pass", "2a0f::1 main mailfrom d.example pass",
		"2a0f::1 main helo mail.d.example pass", "11.0.0.2 esp mailfrom d.example pass", "11.0.0.2 esp helo helo.d.example none"}
	if d := cmp.Diff(want, results); d != "" {
		t.Errorf("SPF results (-want +got):\n%s", d)
	}
	for _, x := range f.Sources {
		if !x.PTR.Known() || x.PTR.Value.Confirm != "pass" {
			t.Errorf("%+v", x)
		}
	}
	if len(f.SPF) != 3 || f.SPF[0].Lookups != 9 || len(f.DKIM) != 1 || len(f.Orgs) != 1 || len(f.HELOs) != 2 || len(f.Lists) != 3 {
		t.Errorf("%d SPF, %d lookups, %d DKIM, %d organisations, %d HELO, %d lists", len(f.SPF), f.SPF[0].Lookups, len(f.DKIM), len(f.Orgs), len(f.HELOs), len(f.Lists))
	}
	if d := cmp.Diff([]string{"selector1 common valid", "k1 common valid"}, found(f.DKIM[0])); d != "" {
		t.Errorf("keys (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"srv sub.d.example:587 open starttls"}, services(f.Submission)); d != "" {
		t.Errorf("services (-want +got):\n%s", d)
	}

	// Facts go to JSON and back.
	b, err := json.Marshal(f)
	var again facts.Facts
	if err == nil {
		err = json.Unmarshal(b, &again)
	}
	if d := cmp.Diff(f, &again, alike); d != "" || err != nil {
		t.Errorf("through JSON: %v\n%s", err, d)
	}
}

// TestGatherWanted: what nobody wants is not asked for. MX and the SPF tree always are: they decide the profile.
func TestGatherWanted(t *testing.T) {
	kind := func(q testnet.DNSAsked) string {
		switch {
		case strings.Contains(q.Name, "_domainkey"), q.Name == "k1.esp.example":
			return "keys"
		case strings.Contains(q.Name, "_dmarc"):
			return "dmarc"
		case strings.HasSuffix(q.Name, "bl.example"), strings.HasSuffix(q.Name, ".dead.example"):
			return "lists"
		case strings.HasSuffix(q.Name, ".arpa"), q.Name == "other.example":
			return "reverse"
		case q.Type == dnsx.SRV, q.Name == "sub.d.example":
			return "submission"
		case strings.HasPrefix(q.Name, "_mta-sts."):
			return "mta-sts"
		case strings.HasPrefix(q.Name, "_smtp._tls."):
			return "tls-rpt"
		case q.Name == "mail.d.example" && q.Type == dnsx.TXT:
			return "helo spf"
		case q.Name == "helo.d.example" && (q.Type == dnsx.A || q.Type == dnsx.AAAA):
			return "helo"
		case strings.HasSuffix(q.Name, "._ok.d.example"), strings.HasSuffix(q.Name, ".x.d.example"):
			return "macros"
		case q.Name == "d.example" && (q.Type == dnsx.A || q.Type == dnsx.AAAA):
			return "domain"
		case strings.HasPrefix(q.Name, "mx"):
			return "mx hosts"
		}
		return "always"
	}
	for topic, want := range map[facts.Topic][]string{
		0:               {"always"},
		facts.Domain:    {"always", "domain", "mta-sts"}, // for CAA
		facts.MXHosts:   {"always", "domain", "mx hosts"},
		facts.SPFTree:   {"always", "helo spf", "macros", "reverse"}, // for %{p}
		facts.Keys:      {"always", "keys"},
		facts.Policy:    {"always", "dmarc"},
		facts.Reverse:   {"always", "reverse"},
		facts.Greeting:  {"always", "helo"},
		facts.Listings:  {"always", "lists"},
		facts.Services:  {"always", "submission"},
		facts.Transport: {"always", "mta-sts"},
		facts.Reporting: {"always", "tls-rpt"},

		facts.MXHosts | facts.MXListings: {"always", "domain", "lists", "mx hosts"},
		facts.HostListings:               {"always"}, // all hosts are the domain's own
	} {
		s := serve(t, richZone, nil)
		Gather(t.Context(), env(client(s, patient)), richTarget(), topic)
		kinds := map[string]bool{}
		for _, q := range s.Asked() {
			kinds[kind(q)] = true
		}
		if d := cmp.Diff(want, slices.Sorted(maps.Keys(kinds))); d != "" {
			t.Errorf("topic %b (-want +got):\n%s", topic, d)
		}
		if l := repeated(s.Asked()); len(l) > 0 {
			t.Errorf("topic %b: asked again: %q", topic, l)
		}
	}
}

// allUnknown checks that of a domain of which nothing could be found out nothing is said.
func allUnknown(t *testing.T, f *facts.Facts) {
	t.Helper()
	unknown(t, "exists", f.Exists, "")
	unknown(t, "addresses", f.Addresses, "")
	unknown(t, "mx", f.MX, "")
	unknown(t, "dmarc", f.DMARC, "")
	unknown(t, "srv", f.Submission.SRV, "")
	for _, o := range f.Orgs {
		unknown(t, "organisation of "+o.Domain, o.Org, o.Domain)
	}
	for _, s := range f.Sources {
		unknown(t, "PTR of "+s.IP.String(), s.PTR, "")
	}
	for _, h := range f.HELOs {
		unknown(t, "HELO "+h.Name, h.Addresses, "")
	}
	for _, s := range f.SPF {
		if s.Root.Status != facts.SPFUnknown || s.Root.Why == "" || s.Whole {
			t.Errorf("SPF of %s: %+v", s.Domain, s)
		}
	}
	for _, r := range f.Results {
		if r.Result != "temperror" || r.Why == "" {
			t.Errorf("SPF result %+v", r)
		}
	}
	for _, d := range f.DKIM {
		unknown(t, "subtree of "+d.Domain, d.Subtree, "")
		if len(d.Keys) > 0 || len(d.Lost) != d.Guessed || d.Guessed == 0 {
			t.Errorf("%d keys, %d guesses lost of %d", len(d.Keys), len(d.Lost), d.Guessed)
		}
	}
	for _, l := range f.Lists {
		if l.State != facts.ListFailed || l.Broken || l.Why == "" {
			t.Errorf("list %+v", l)
		}
	}
	for _, l := range f.Listings {
		if l.Status != facts.NoClue || l.Why == "" {
			t.Errorf("listing %+v", l)
		}
	}
	if f.Profile.Name != facts.Sender || len(f.SPF) != 3 || len(f.Sources) != 3 || len(f.Results) != 6 || len(f.Listings) != 7 || len(f.HELOs) != 2 || len(f.Submission.Services) != 0 {
		t.Errorf("profile %+v, %d SPF, %d sources, %d results, %d listings, %d HELO, services %+v",
			f.Profile, len(f.SPF), len(f.Sources), len(f.Results), len(f.Listings), len(f.HELOs), f.Submission.Services)
	}
}

// TestGatherDead: when no server answers, all is unknown, and the audit's time is not exceeded.
func TestGatherDead(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fault  testnet.DNSFault
		within time.Duration
	}{{"silent", testnet.DNSDrop, 500 * time.Millisecond}, {"failing", testnet.DNSServFail, patient}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, richZone, map[dnsx.Question]testnet.DNSFault{{}: tt.fault})
			ctx, cancel := context.WithTimeout(t.Context(), tt.within)
			defer cancel()
			world := env(client(s, patient))
			world.Probe = Dialled((&switchboard{}).dial)
			start := time.Now()
			f := Gather(ctx, world, richTarget(), everything)
			if d := time.Since(start); d > tt.within+5*time.Second {
				t.Errorf("it took %v, with a limit of %v", d, tt.within)
			}
			allUnknown(t, f)
		})
	}
}

// herald tells of the first lookup.
type herald struct {
	dnsx.Resolver
	once  *sync.Once
	first func()
}

func (h herald) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	h.once.Do(h.first)
	return h.Resolver.Lookup(ctx, q)
}

// TestGatherCancelled: who cancels need not wait, not for silent servers of either kind.
func TestGatherCancelled(t *testing.T) {
	t.Run("DNS", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		s := serve(t, richZone, map[dnsx.Question]testnet.DNSFault{{}: testnet.DNSDrop})
		world := env(herald{client(s, patient), new(sync.Once), cancel})
		start := time.Now()
		f := Gather(ctx, world, richTarget(), everything)
		if d := time.Since(start); d > patient/4 {
			t.Errorf("it took %v after the cancel", d)
		}
		allUnknown(t, f)
	})
	t.Run("SMTP", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		silent, err := testnet.ServeSMTP(testnet.Behaviour{NoTLS: true, Silent: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { silent.Close() })
		world := env(client(serve(t, srvZone, nil), patient))
		world.Probe = Dialled(func(ctx context.Context, network, _ string) (net.Conn, error) {
			c, err := testnet.Dial(ctx, network, silent.Addr().String())
			cancel()
			return c, err
		})
		f := Gather(ctx, world, Target{Domain: "d.example", Streams: []facts.Stream{stream()}}, facts.Services)
		for _, s := range f.Submission.Services {
			// The second service may not have come to its address when the first was dialled.
			interrupted := s.Probe.State == facts.Unknown && s.Probe.Why == "interrupted"
			if !interrupted && (s.Probe.Value.Status != facts.ServiceUnknown || !strings.Contains(s.Probe.Value.Why, "cancelled")) {
				t.Errorf("%+v", s)
			}
		}
		if len(f.Submission.Services) != 2 {
			t.Errorf("%+v", f.Submission)
		}
	})
}

// TestEvery: things are done at once and their results come in order; a panic in one comes to whoever waits for it.
func TestEvery(t *testing.T) {
	var all sync.WaitGroup
	all.Add(3)
	got := every([]int{1, 2, 3}, func(n int) int {
		all.Done()
		all.Wait() // each waits for all to be under way
		return n * n
	})
	if d := cmp.Diff([]int{1, 4, 9}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	defer func() {
		if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "bad luck") || !strings.Contains(fmt.Sprint(p), "gather_test.go") {
			t.Errorf("a panic came out as %v", p)
		}
	}()
	soon(func() int { panic("bad luck") })()
}

// TestProfile: what the domain is for, by what it publishes where the user does not say.
func TestProfile(t *testing.T) {
	const mail = "d.example. MX 10 mx.d.example.\n"
	for _, tt := range []struct {
		name, zone, given string
		daily             []int
		want              string
	}{
		{"a sender", mail + txt("d.example", "v=spf1 ip4:11.0.0.1 -all"), "", []int{0}, facts.Sender},
		{"a null MX", "d.example. MX 0 .\n" + txt("d.example", "v=spf1 ip4:11.0.0.1 -all"), "", []int{0}, facts.Parked},
		{"a null MX beside another", mail + "d.example. MX 0 .\n", "", []int{0}, facts.Sender},
		{"-all alone", mail + txt("d.example", "v=spf1 -all"), "", []int{0}, facts.Parked},
		{"-ALL alone", mail + txt("d.example", "v=spf1  -ALL"), "", []int{0}, facts.Parked},
		{"~all alone", mail + txt("d.example", "v=spf1 ~all"), "", []int{0}, facts.Sender},
		{"-all twice", mail + txt("d.example", "v=spf1 -all") + txt("d.example", "v=spf1 -all x=y"), "", []int{0}, facts.Sender},
		{"a redirect to -all", mail + txt("d.example", "v=spf1 redirect=e.example") + txt("e.example", "v=spf1 -all"), "", []int{0}, facts.Sender},
		{"nothing", "", "", []int{0}, facts.Sender},
		{"few messages", mail, "", []int{2000, 2999}, facts.Sender},
		{"many messages", mail, "", []int{2000, 3000}, facts.Bulk},
		{"the user says so", "d.example. MX 0 .\n", facts.Bulk, []int{1}, facts.Bulk},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			target := Target{Domain: "d.example", Profile: tt.given}
			for _, n := range tt.daily {
				x := stream()
				x.Daily = n
				target.Streams = append(target.Streams, x)
			}
			f := Gather(t.Context(), env(client(serve(t, tt.zone, nil), patient)), target, 0)
			if f.Profile.Name != tt.want || f.Profile.Reason == "" {
				t.Errorf("%+v, want %s", f.Profile, tt.want)
			}
		})
	}
}
