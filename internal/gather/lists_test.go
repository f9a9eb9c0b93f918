package gather

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// ipList is a list of addresses of both families.
func ipList(zone string) blocklist.List {
	code := func(last byte, class blocklist.Class, meaning string) blocklist.Code {
		return blocklist.Code{Match: blocklist.Match{Net: [3]byte{127, 0, 0}, First: last, Last: last}, Class: class, Meaning: meaning}
	}
	return blocklist.List{Zone: zone, Operator: zone, Kind: blocklist.KindIP, IP4: true, IP6: true, Scope: blocklist.ScopeAddress,
		Codes:  []blocklist.Code{code(2, blocklist.ClassMajor, "spam"), code(10, blocklist.ClassPBL, "policy"), code(99, blocklist.ClassNone, "good")},
		Listed: "127.0.0.2", NotListed: "127.0.0.1", Terms: blocklist.TermsFree, Weight: 35, UsedBy: "many", Removal: "https://" + zone + "/"}
}

func domainList(zone string) blocklist.List {
	l := ipList(zone)
	l.Kind, l.IP4, l.IP6, l.Scope, l.Listed, l.NotListed = blocklist.KindDomain, false, false, blocklist.ScopeDomain, "test", "invalid"
	l.Codes = []blocklist.Code{{Match: blocklist.Match{Net: [3]byte{127, 0, 1}, First: 2, Last: 2}, Class: blocklist.ClassDomain, Meaning: "spam domain"}}
	return l
}

// listingsOf asks about declared senders.
func listingsOf(g *gatherer, ips ...string) listed {
	var l []facts.Source
	for _, ip := range ips {
		l = append(l, facts.Source{IP: netip.MustParseAddr(ip), Declared: true})
	}
	return listingsFrom(g, l)
}

// listingsFrom asks about senders alone.
func listingsFrom(g *gatherer, l []facts.Source) listed {
	return g.listings(func() []facts.Source { return l }, nil, facts.Listings)
}

func listTarget(lists ...blocklist.List) Target {
	return Target{Domain: "d.example", Streams: []facts.Stream{stream()}, Lists: lists}
}

const selfTest = "2.0.0.127.bl.example. A 127.0.0.2\n"

// TestListings: one list and the sender 11.0.0.1 beside 11.0.0.2, of whom it knows nothing.
func TestListings(t *testing.T) {
	const sender = "1.0.0.11.bl.example"
	for _, tt := range []struct {
		name, zone, lost string
		state            string
		broken           bool
		first, second    string // the statuses of the two
		why              string // of the first that is neither listed nor clean
	}{
		{"clean", selfTest, "", facts.ListUsable, false, facts.Clean, facts.Clean, ""},
		{"listed", selfTest + sender + ". A 127.0.0.2\n", "", facts.ListUsable, false, facts.Listed, facts.Clean, ""},
		{"listed by a code that nobody documents", selfTest + sender + ". A 127.0.0.77\n", "", facts.ListUsable, false, facts.Listed, facts.Clean, ""},
		{"a good code", selfTest + sender + ". A 127.0.0.99\n", "", facts.ListUsable, false, facts.Clean, facts.Clean, ""},
		{"NODATA", selfTest + sender + ". TXT nothing\n", "", facts.ListUsable, false, facts.Clean, facts.Clean, ""},
		{"one answer lost", selfTest, sender, facts.ListUsable, false, facts.NoClue, facts.Clean, "SERVFAIL"},
		{"refused", "2.0.0.127.bl.example. A 127.255.255.254\n" + sender + ". A 127.255.255.254\n", "", facts.ListRefused, false, facts.Refused, facts.Refused, "127.255.255.254"},
		{"refused about the sender alone", selfTest + sender + ". A 127.255.255.255\n", "", facts.ListRefused, false, facts.Refused, facts.Clean, "127.255.255.255"},
		{"hijacked", "*.bl.example. A 11.99.99.99\n", "", facts.ListHijacked, false, facts.NoClue, facts.NoClue, "outside 127.0.0.0/8"},
		{"hijacked about the sender", selfTest + sender + ". A 11.99.99.99\n", "", facts.ListHijacked, false, facts.NoClue, facts.NoClue, "outside 127.0.0.0/8"},
		{"the listed test point is lost", sender + ". A 127.0.0.2\n", "2.0.0.127.bl.example", facts.ListFailed, false, facts.NoClue, facts.NoClue, "SERVFAIL"},
		{"the other test point is lost", selfTest, "1.0.0.127.bl.example", facts.ListFailed, false, facts.NoClue, facts.NoClue, "SERVFAIL"},
		{"dead", "bl.example. A 11.99.99.99\n", "", facts.ListFailed, true, facts.NoClue, facts.NoClue, "the list is dead"},
		{"lists all", "*.bl.example. A 127.0.0.2\n", "", facts.ListFailed, true, facts.NoClue, facts.NoClue, "lists everything"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var names []string
			if tt.lost != "" {
				names = []string{tt.lost}
			}
			s := serve(t, tt.zone, lost(names...))
			got := listingsOf(over(t.Context(), s, listTarget(ipList("bl.example"))), "11.0.0.1", "11.0.0.2")
			l := got.lists[0]
			if l.Zone != "bl.example" || l.Kind != "ip" || !l.Major || l.State != tt.state || l.Broken != tt.broken || (l.Why == "") != (tt.state == facts.ListUsable) {
				t.Errorf("list: %+v", l)
			}
			if len(got.listings) != 2 || got.listings[0].Status != tt.first || got.listings[1].Status != tt.second {
				t.Fatalf("%+v, want %s and %s", got.listings, tt.first, tt.second)
			}
			for i, x := range got.listings {
				if x.Target != []string{"11.0.0.1", "11.0.0.2"}[i] || x.Zone != "bl.example" || x.Kind != "ip" || !x.Declared || x.Codes == nil {
					t.Errorf("%+v", x)
				}
			}
			if x := got.listings[0]; !strings.Contains(x.Why, tt.why) {
				t.Errorf("why %q, want %q", x.Why, tt.why)
			}
		})
	}
}

// TestListing is all that is kept of a listing: the codes, the worst of them, and the list's own words.
func TestListing(t *testing.T) {
	s := serve(t, selfTest+"1.0.0.11.bl.example. A 127.0.0.10\n1.0.0.11.bl.example. A 127.0.0.2\n"+txt("1.0.0.11.bl.example", "sent spam, see ", "https://bl.example/1")+
		"2.0.0.11.bl.example. A 127.0.0.2\n", map[dnsx.Question]testnet.DNSFault{dnsx.Q("2.0.0.11.bl.example", dnsx.TXT): testnet.DNSServFail})
	noPage := ipList("bl.example")
	noPage.Removal, noPage.NoRemoval = "", "it expires"
	want := facts.Listing{Zone: "bl.example", Target: "11.0.0.1", Kind: "ip", Declared: true, Status: facts.Listed,
		Codes: []string{"127.0.0.2", "127.0.0.10"}, Class: "major", Meaning: "spam; policy", Reason: "sent spam, see https://bl.example/1",
		Scope: "address", Operator: "bl.example", Weight: 35, UsedBy: "many", Removal: "https://bl.example/"}
	got := listingsOf(over(t.Context(), s, listTarget(ipList("bl.example"))), "11.0.0.1", "11.0.0.2").listings
	if d := cmp.Diff(want, got[0], alike); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got[1].Status != facts.Listed || got[1].Reason != "" {
		t.Errorf("a listing whose reason is lost: %+v", got[1])
	}
	if x := listingsOf(over(t.Context(), s, listTarget(noPage)), "11.0.0.1").listings[0]; x.Removal != "it expires" {
		t.Errorf("removal %q", x.Removal)
	}
}

// TestListingsQuestions: a list is asked for its two test points and once for each address that it takes, for the reason
// where one is listed, and for nothing else.
func TestListingsQuestions(t *testing.T) {
	const six = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.3.2.1.f.0.a.2"
	s := serve(t, selfTest+six+".bl.example. A 127.0.0.2\n2.0.0.127.four.example. A 127.0.0.2\n", nil)
	four := ipList("four.example")
	four.IP6 = false
	g := over(t.Context(), s, listTarget(ipList("bl.example"), four))
	got := listingsOf(g, "11.0.0.1", "2a0f:1234::1", "11.0.0.1", "10.0.0.1", "127.0.0.1", "fe80::1")
	want := []string{
		six + ".bl.example A", six + ".bl.example TXT",
		"1.0.0.11.bl.example A", "1.0.0.11.four.example A",
		"1.0.0.127.bl.example A", "1.0.0.127.four.example A",
		"2.0.0.127.bl.example A", "2.0.0.127.four.example A",
	}
	if d := cmp.Diff(want, slices.Sorted(slices.Values(questions(s)))); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
	var statuses []string
	for _, x := range got.listings {
		statuses = append(statuses, x.Target+" "+x.Zone+" "+x.Status)
	}
	if d := cmp.Diff([]string{"11.0.0.1 bl.example clean", "2a0f:1234::1 bl.example listed", "11.0.0.1 four.example clean"}, statuses); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestListingsAssumedPublic: what counts as public is asked about.
func TestListingsAssumedPublic(t *testing.T) {
	target := listTarget(ipList("bl.example"))
	target.AssumePublic = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	got := listingsOf(over(t.Context(), serve(t, selfTest, nil), target), "10.0.0.1", "192.168.0.1")
	if len(got.listings) != 1 || got.listings[0].Target != "10.0.0.1" {
		t.Errorf("%+v", got.listings)
	}
}

// TestListingsOfDomains: a list of domains is asked for those that stand in the mail and the registrable ones above them,
// and never for an address.
func TestListingsOfDomains(t *testing.T) {
	s := serve(t, "test.dbl.example. A 127.0.1.2\nesp.example.dbl.example. A 127.0.1.2\n", nil)
	target := listTarget(domainList("dbl.example"))
	target.Domain = "mail.d.example"
	target.Streams = []facts.Stream{{Name: "a", MailFrom: "b@bounce.esp.example", DKIMDomain: "mail.d.example"}}
	got := listingsOf(over(t.Context(), s, target), "11.0.0.1")
	var l []string
	for _, x := range got.listings {
		if x.Kind != "domain" || !x.Declared {
			t.Errorf("%+v", x)
		}
		l = append(l, x.Target+" "+x.Status)
	}
	if d := cmp.Diff([]string{"mail.d.example clean", "d.example clean", "bounce.esp.example clean", "esp.example listed"}, l); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if n := len(s.Asked()); n != 2+4+1 { // test points, domains, the reason
		t.Errorf("%d questions: %q", n, questions(s))
	}
}

// TestListingsOfHELOs: lists of domains for which mail is refused are asked about the names in HELO, as they stand.
func TestListingsOfHELOs(t *testing.T) {
	two := stream()
	two.HELO = "OUT.d.example"
	same := stream()
	same.HELO = "d.example"
	literal := stream()
	literal.HELO = "[11.0.0.1]"
	target := listTarget(domainList("names.example"), ipList("bl.example"))
	target.Streams = []facts.Stream{two, same, literal}
	zone := selfTest + "test.names.example. A 127.0.1.2\nout.d.example.names.example. A 127.0.1.2\n"
	g := over(t.Context(), serve(t, zone, nil), target)
	l := listingsOf(g, "11.0.0.1")
	if len(l.helos) != 1 || l.helos[0].Target != "out.d.example" || l.helos[0].Zone != "names.example" || l.helos[0].Status != facts.Listed || !l.helos[0].HELO {
		t.Errorf("%+v", l.helos)
	}
	if slices.ContainsFunc(l.listings, func(x facts.Listing) bool { return x.HELO || x.Target == "out.d.example" }) {
		t.Errorf("among the listings of the mail: %+v", l.listings)
	}
	g = over(t.Context(), serve(t, strings.Replace(zone, "test.names.example. A 127.0.1.2\n", "", 1), nil), target)
	if l := listingsOf(g, "11.0.0.1"); l.helos[0].Status != facts.NoClue || !l.helos[0].HELO {
		t.Errorf("of a list that fails its test: %+v", l.helos)
	}
}

// TestListingsLeft: in a batch, a list whose terms forbid that is not asked at all.
func TestListingsLeft(t *testing.T) {
	s := serve(t, selfTest+"2.0.0.127.nc.example. A 127.0.0.2\n", nil)
	nc := ipList("nc.example")
	nc.Terms = blocklist.TermsNonCommercial
	target := listTarget(nc, ipList("bl.example"))
	target.LeaveTerms = true
	got := listingsOf(over(t.Context(), s, target), "11.0.0.1")
	if l := got.lists[0]; l.State != facts.ListLeft || l.Left == "" || len(got.listings) != 1 || got.listings[0].Zone != "bl.example" {
		t.Errorf("%+v", got)
	}
	for _, q := range questions(s) {
		if strings.Contains(q, "nc.example") {
			t.Errorf("asked %s", q)
		}
	}
	target.LeaveTerms = false
	if got := listingsOf(over(t.Context(), s, target), "11.0.0.1"); got.lists[0].State != facts.ListUsable {
		t.Errorf("with its terms accepted: %+v", got.lists[0])
	}
}

// TestListingsUntested: the silence of a list without test points says nothing.
func TestListingsUntested(t *testing.T) {
	l := ipList("bl.example")
	l.Listed, l.NotListed = "", ""
	got := listingsOf(over(t.Context(), serve(t, selfTest, nil), listTarget(l)), "11.0.0.1")
	if got.lists[0].State != facts.ListFailed || got.listings[0].Status != facts.NoClue {
		t.Errorf("%+v", got)
	}
}

// TestListingsBounded: the addresses of a declared /24 are asked about, and not those of several, which are not clean for that.
func TestListingsBounded(t *testing.T) {
	var ips []string
	a := netip.MustParseAddr("11.0.0.0")
	for range maxListed + 50 {
		ips, a = append(ips, a.String()), a.Next()
	}
	s := serve(t, selfTest, nil)
	got := listingsOf(over(t.Context(), s, listTarget(ipList("bl.example"))), ips...)
	clean := map[bool]int{}
	for _, x := range got.listings {
		clean[x.Status == facts.Clean]++
		if x.Status != facts.Clean && (x.Status != facts.NoClue || !strings.Contains(x.Why, "only the first 256")) {
			t.Errorf("%+v", x)
		}
	}
	if n := len(s.Asked()); clean[true] != maxListed || clean[false] != 50 || n != maxListed+2 {
		t.Errorf("%d clean and %d unknown listings after %d questions, want %d and 50 after %d", clean[true], clean[false], n, maxListed, maxListed+2)
	}
}

// TestListingsUnasked: a list that refuses is asked about few addresses, and not about many.
func TestListingsUnasked(t *testing.T) {
	for n, asked := range map[int]int{maxUntested: 2 + maxUntested, maxUntested + 1: 2} {
		var ips []string
		for i := range n {
			ips = append(ips, fmt.Sprintf("11.0.0.%d", i))
		}
		s := serve(t, "2.0.0.127.bl.example. A 127.255.255.254\n", nil)
		got := listingsOf(over(t.Context(), s, listTarget(ipList("bl.example"))), ips...)
		for _, x := range got.listings {
			if x.Status != facts.Refused || x.Target == "" || !strings.Contains(x.Why, "127.255.255.254") {
				t.Errorf("%+v", x)
			}
		}
		if len(got.listings) != n || len(s.Asked()) != asked {
			t.Errorf("%d listings of %d after %d questions, want %d", len(got.listings), n, len(s.Asked()), asked)
		}
	}
}

// TestListingsUnaskedNames: so is a list of domains.
func TestListingsUnaskedNames(t *testing.T) {
	target := listTarget(domainList("dbl.example"))
	for i := range maxUntested {
		x := stream("11.0.0.1")
		x.MailFrom = fmt.Sprintf("a@m%d.example", i)
		target.Streams = append(target.Streams, x)
	}
	s := serve(t, selfTest, nil)
	got := listingsOf(over(t.Context(), s, target))
	if len(got.listings) <= maxUntested || len(s.Asked()) != 2 {
		t.Errorf("%d listings after %v", len(got.listings), questions(s))
	}
	for _, x := range got.listings {
		if x.Status != facts.NoClue || !strings.Contains(x.Why, "test point") {
			t.Errorf("%+v", x)
		}
	}
}

// TestListingsTestedAlone: a list that passes its self-test is asked about many, whatever becomes of the test of another.
func TestListingsTestedAlone(t *testing.T) {
	var ips []string
	for i := range maxUntested + 1 {
		ips = append(ips, fmt.Sprintf("11.0.0.%d", i))
	}
	s := serve(t, selfTest, nil)
	c := client(s, patient)
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	var others atomic.Int64
	asked := make(chan struct{})
	r := counting(func(ctx context.Context, q dnsx.Question) dnsx.Answer {
		switch {
		case strings.HasSuffix(q.Name, "slow.example"):
			select {
			case <-asked:
			case <-ctx.Done():
			}
		case strings.HasSuffix(q.Name, ".0.0.11.bl.example") && others.Add(1) == int64(len(ips)):
			close(asked)
		}
		return c.Lookup(ctx, q)
	})
	got := listingsOf(run(ctx, r, listTarget(ipList("bl.example"), ipList("slow.example"))), ips...)
	if got.lists[0].State != facts.ListUsable || got.listings[0].Status != facts.Clean || ctx.Err() != nil {
		t.Errorf("%+v: %+v", got.lists[0], got.listings[0])
	}
}

// TestListingsEnd: a list without an answer at the end of the audit is told of with what the resolver knows of that.
func TestListingsEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var asked atomic.Int64
	r := counting(func(ctx context.Context, q dnsx.Question) dnsx.Answer {
		if asked.Add(1) == 3 { // two test points, and the address
			cancel()
		}
		<-ctx.Done()
		return dnsx.Answer{Question: q, Status: dnsx.Failed, Cause: "the server was silent"}
	})
	got := listingsOf(run(ctx, r, listTarget(ipList("bl.example"))), "11.0.0.1")
	if !strings.HasSuffix(got.lists[0].Why, "was silent") || !strings.HasSuffix(got.listings[0].Why, "was silent") {
		t.Errorf("%+v: %+v", got.lists, got.listings)
	}
}

// TestListingsOfCandidates: an address that the user did not name is marked so.
func TestListingsOfCandidates(t *testing.T) {
	s := serve(t, selfTest+txt("d.example", "v=spf1 ip4:11.0.0.1 -all"), nil)
	g := over(t.Context(), s, listTarget(ipList("bl.example")))
	records := g.walks(0)
	got := listingsFrom(g, g.sources(records))
	if len(got.listings) != 1 || got.listings[0].Declared || got.listings[0].Status != facts.Clean {
		t.Errorf("%+v", got.listings)
	}
}

// TestListingsNearby: of the domain's own MX hosts four addresses are asked about on the lists that matter most, and four
// domains of MX hosts and name servers on lists of domains; nothing of a provider's hosts, and nothing twice.
func TestListingsNearby(t *testing.T) {
	zone := selfTest + `
test.dbl.example. A 127.0.1.2
evil.example.dbl.example. A 127.0.1.2
2.0.0.12.bl.example. A 127.0.0.2
d.example. SOA ns1.d.example. h.d.example. 1 2 3 4 5
d.example. NS ns2.dns.example.
d.example. NS ns1.dns.example.
d.example. NS ns.evil.example.
d.example. NS ns.d.example.
d.example. NS ns.fifth.example.
mail.d.example. MX 10 mx1.d.example.
mail.d.example. MX 20 mx2.d.example.
mail.d.example. MX 30 mx.esp.example.
mail.d.example. MX 40 mx.other.example.
mail.d.example. MX 50 192.0.2.35.
mx1.d.example. A 12.0.0.1
mx1.d.example. A 10.0.0.1
mx2.d.example. A 12.0.0.2
mx2.d.example. A 12.0.0.1
mx2.d.example. A 12.0.0.3
mx2.d.example. A 12.0.0.4
mx2.d.example. A 12.0.0.5
mx2.d.example. AAAA 2a0f::1
mx.esp.example. A 13.0.0.1
mx.other.example. A 13.0.0.2
`
	minor := ipList("minor.example")
	minor.Codes = []blocklist.Code{{Match: blocklist.Match{Net: [3]byte{127, 0, 0}, First: 2, Last: 2}, Class: blocklist.ClassMinor, Meaning: "spam"}}
	target := listTarget(ipList("bl.example"), minor, domainList("dbl.example"))
	target.Domain = "mail.d.example"
	target.Streams = []facts.Stream{{Name: "a", MailFrom: "b@other.example", DKIMDomain: "mail.d.example"}}
	ask := func(want facts.Topic) (*testnet.DNS, listed) {
		s := serve(t, zone, nil)
		g := over(t.Context(), s, target)
		senders := []facts.Source{{IP: netip.MustParseAddr("11.0.0.1"), Declared: true}}
		return s, g.listings(func() []facts.Source { return senders }, soon(func() facts.Fact[facts.MX] { return g.mx(want&facts.MXHosts != 0) }), want)
	}
	s, got := ask(facts.Listings | facts.MXHosts | facts.MXListings | facts.HostListings)
	var l []string
	for _, x := range got.nearby {
		l = append(l, x.Zone+" "+x.Target+" "+x.Host+" "+x.Status)
		if x.Declared {
			t.Errorf("%+v", x)
		}
	}
	if d := cmp.Diff([]string{
		"bl.example 12.0.0.1 mx1.d.example clean", "bl.example 12.0.0.2 mx2.d.example listed", "bl.example 12.0.0.3 mx2.d.example clean", "bl.example 12.0.0.4 mx2.d.example clean",
		"dbl.example esp.example mx.esp.example clean", "dbl.example evil.example ns.evil.example listed", "dbl.example fifth.example ns.fifth.example clean",
		"dbl.example dns.example ns1.dns.example clean",
	}, l); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for _, x := range got.listings {
		if x.Host != "" || x.Status == facts.Listed {
			t.Errorf("%+v", x)
		}
	}
	if l := repeated(s.Asked()); len(l) > 0 || len(got.lists) != 3 {
		t.Errorf("asked again: %q; lists %+v", l, got.lists)
	}

	s, got = ask(facts.MXHosts | facts.MXListings)
	if len(got.lists) != 1 || len(got.listings) != 0 || len(got.nearby) != 4 {
		t.Errorf("MX hosts alone: %+v", got)
	}
	for _, q := range questions(s) {
		if strings.Contains(q, "dbl.example") || strings.Contains(q, "minor.example") || strings.Contains(q, "1.0.0.11.") {
			t.Errorf("MX hosts alone: asked %s", q)
		}
	}
	_, got = ask(facts.HostListings)
	if len(got.lists) != 1 || len(got.listings) != 0 || len(got.nearby) != 4 {
		t.Errorf("domains alone: %+v", got)
	}
}

// TestListingsNothingNearby: a list that is wanted for what is nearby alone is not tested where nothing is.
func TestListingsNothingNearby(t *testing.T) {
	s := serve(t, "d.example. MX 10 mx.provider.example.\nmx.provider.example. A 12.0.0.1\n", nil)
	g := over(t.Context(), s, listTarget(ipList("bl.example")))
	got := g.listings(nil, soon(func() facts.Fact[facts.MX] { return g.mx(true) }), facts.MXHosts|facts.MXListings)
	for _, q := range questions(s) {
		if strings.Contains(q, "bl.example") {
			t.Errorf("asked %s", q)
		}
	}
	if len(got.lists) != 0 {
		t.Errorf("%+v", got.lists)
	}
}

// TestListingsNearbyDisbelieved: what a list that cannot be believed says of MX hosts is not believed either, and what it
// answers about them can give it away.
func TestListingsNearbyDisbelieved(t *testing.T) {
	for name, zone := range map[string]string{
		"dead":     "1.0.0.12.bl.example. A 127.0.0.2\n",
		"hijacked": selfTest + "1.0.0.12.bl.example. A 11.99.99.99\n",
	} {
		g := over(t.Context(), serve(t, zone+"d.example. MX 10 mx.d.example.\nmx.d.example. A 12.0.0.1\n", nil), listTarget(ipList("bl.example")))
		senders := []facts.Source{{IP: netip.MustParseAddr("11.0.0.1"), Declared: true}}
		got := g.listings(func() []facts.Source { return senders }, soon(func() facts.Fact[facts.MX] { return g.mx(true) }), everything)
		if len(got.nearby) != 1 || got.nearby[0].Status != facts.NoClue || got.nearby[0].Host != "mx.d.example" || got.lists[0].State == facts.ListUsable || got.listings[0].Status != facts.NoClue {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestListingsAllowed: an allowlist is asked as the others are, and stays apart from them: what it says is no listing.
func TestListingsAllowed(t *testing.T) {
	dnswl := ipList("wl.example")
	dnswl.Codes = []blocklist.Code{{Match: blocklist.Match{Net: [3]byte{127, 0, 2}, Third: 9, First: 1, Last: 3}, Class: blocklist.ClassAllow, Meaning: "good"}}
	mixed := ipList("bl.example")
	mixed.Codes = append(mixed.Codes, blocklist.Code{Match: blocklist.Match{Net: [3]byte{127, 0, 0}, First: 20, Last: 20}, Class: blocklist.ClassAllow, Meaning: "fine"})
	const test = "2.0.0.127.wl.example. A 127.0.2.1\n"
	for _, tt := range []struct {
		name, zone, state, status, class string
	}{
		{"vouched for", test + "1.0.0.11.wl.example. A 127.0.5.2\n", facts.ListUsable, facts.Clean, "allow"},
		{"not there", test, facts.ListUsable, facts.Clean, ""},
		{"another code", test + "1.0.0.11.wl.example. A 127.0.12.2\n", facts.ListUsable, facts.Clean, ""},
		{"refused", test + "1.0.0.11.wl.example. A 127.255.255.255\n", facts.ListRefused, facts.Refused, ""},
		{"vouches for the world", "*.wl.example. A 127.0.5.2\n", facts.ListFailed, facts.NoClue, ""},
		{"dead", "1.0.0.11.wl.example. A 127.0.5.2\n", facts.ListFailed, facts.NoClue, ""},
		{"hijacked", test + "1.0.0.11.wl.example. A 11.99.99.99\n", facts.ListHijacked, facts.NoClue, ""},
	} {
		got := listingsOf(over(t.Context(), serve(t, tt.zone+selfTest+"1.0.0.11.bl.example. A 127.0.0.20\n", nil), listTarget(dnswl, mixed)), "11.0.0.1")
		if len(got.lists) != 1 || len(got.listings) != 1 || len(got.allowlists) != 1 || len(got.allowed) != 1 {
			t.Fatalf("%s: %+v", tt.name, got)
		}
		if l, x := got.allowlists[0], got.allowed[0]; l.State != tt.state || x.Status != tt.status || x.Class != tt.class {
			t.Errorf("%s: %+v, %+v", tt.name, l, x)
		}
		if x := got.listings[0]; x.Status != facts.Clean || x.Class != "allow" || x.Meaning != "fine" {
			t.Errorf("%s: of the list that holds good and bad %+v", tt.name, x)
		}
	}
}

// TestListingsDead: a list that is known to be dead is not asked.
func TestListingsDead(t *testing.T) {
	s := serve(t, selfTest, nil)
	l := ipList("bl.example")
	l.Dead = "closed in 2001"
	got := listingsOf(over(t.Context(), s, listTarget(l)), "11.0.0.1")
	if x := got.lists[0]; x.State != facts.ListLeft || !x.Dead || x.Left != "closed in 2001" || len(got.listings) != 0 || len(s.Asked()) != 0 {
		t.Errorf("%+v after %q", got, questions(s))
	}
}
