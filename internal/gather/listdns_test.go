package gather

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

const (
	canary    = "canary0key1of2nobody"
	keyed     = "<key>.bl.example"
	keyedWire = canary + ".bl.example"
)

// keyedList is a list that wants a key.
func keyedList() blocklist.List {
	l := ipList(keyed)
	l.Key, l.WithKey, l.Terms = "MAILAUDIT_X_KEY", true, blocklist.TermsKey
	return l
}

// withKey asks s about the lists, of which the first has the key.
func withKey(ctx context.Context, s *testnet.DNS, lists ...blocklist.List) *gatherer {
	r := NewListDNS(client(s, patient), lists, map[string]string{"MAILAUDIT_X_KEY": canary})
	return run(ctx, r, listTarget(lists...))
}

// shows says whether the key can be seen in anything that an audit keeps.
func shows(v any) bool {
	b, err := json.Marshal(v)
	text := strings.ToLower(string(b) + fmt.Sprintf("%+v", v))
	return err != nil || strings.Contains(text, canary)
}

// TestListDNSKey: the key is in the question, and in nothing that comes of it.
func TestListDNSKey(t *testing.T) {
	upper := strings.ToUpper(canary)
	s := serve(t, "2.0.0.127."+keyedWire+". A 127.0.0.2\n1.0.0.11."+keyedWire+". CNAME 1.0.0.11."+upper+".data.example.\n1.0.0.11."+canary+".data.example. A 127.0.0.2\n"+
		txt("1.0.0.11."+canary+".data.example", "see https://bl.example/?key="+upper, "&half="+canary[:5], canary[5:])+
		"2.0.0.11."+keyedWire+". CNAME 3.0.0.11."+keyedWire+".\n3.0.0.11."+keyedWire+". CNAME 2.0.0.11."+keyedWire+".\n",
		lost("4.0.0.11."+keyedWire))
	g := withKey(t.Context(), s, keyedList())
	got := listingsOf(g, "11.0.0.1", "11.0.0.2", "11.0.0.4", "11.0.0.5")
	var l []string
	for _, x := range got.listings {
		l = append(l, x.Zone+" "+x.Target+" "+x.Status)
	}
	want := []string{keyed + " 11.0.0.1 listed", keyed + " 11.0.0.2 unknown", keyed + " 11.0.0.4 unknown", keyed + " 11.0.0.5 clean"}
	if !slices.Equal(l, want) || got.lists[0].State != facts.ListUsable {
		t.Errorf("%q, list %+v", l, got.lists[0])
	}
	if r := got.listings[0].Reason; r != "see https://bl.example/?key=<key>&half=<key>" {
		t.Errorf("reason %q", r)
	}
	if why := got.listings[1].Why; !strings.Contains(why, "CNAME loop at ") || !strings.Contains(why, "<key>") {
		t.Errorf("why %q", why)
	}
	for _, name := range []string{"1.0.0.11.", "2.0.0.11.", "4.0.0.11.", "5.0.0.11."} {
		for _, typ := range []dnsx.Type{dnsx.A, dnsx.TXT} {
			if a := g.ask(name+keyed, typ); shows(a) || a.Question.Name != name+keyed {
				t.Errorf("%+v", a)
			}
		}
	}
	if shows(got) {
		t.Errorf("%+v", got)
	}
	for _, q := range s.Asked() {
		if !strings.HasSuffix(q.Name, "."+keyedWire) {
			t.Errorf("asked %s", q.Name)
		}
	}
}

// TestListDNSUnknownKey: a key that the list does not know, and that is said without it.
func TestListDNSUnknownKey(t *testing.T) {
	got := listingsOf(withKey(t.Context(), serve(t, "bl.example. TXT nothing\n", nil), keyedList()), "11.0.0.1")
	if l := got.lists[0]; l.State != facts.ListFailed || !l.Broken || !strings.Contains(l.Why, "MAILAUDIT_X_KEY") || shows(got) {
		t.Errorf("%+v", got)
	}
}

// TestListDNSKeyStays: the key goes into questions about its list alone, and to no server that DNS named.
func TestListDNSKeyStays(t *testing.T) {
	s := serve(t, "d.example. A 11.0.0.1\n", nil)
	r := NewListDNS(client(s, patient), []blocklist.List{keyedList(), ipList("data.example")}, map[string]string{"MAILAUDIT_X_KEY": canary})
	for _, name := range []string{"<key>.example", "1.<key>.other.example", "<key>.data.example", "x<key>.bl.example"} {
		r.Lookup(t.Context(), dnsx.Q(name, dnsx.A))
	}
	q := dnsx.Q("1."+keyed, dnsx.A)
	q.Server = netip.MustParseAddr("127.0.0.1")
	wire := asking(func(asked dnsx.Question) dnsx.Answer {
		if asked != q {
			t.Errorf("%s is asked for %s", asked.Server, asked.Name)
		}
		return dnsx.Answer{Question: asked, Status: dnsx.NXDomain}
	})
	NewListDNS(wire, []blocklist.List{keyedList()}, map[string]string{"MAILAUDIT_X_KEY": canary}).Lookup(t.Context(), q)
	if shows(s.Asked()) {
		t.Errorf("asked %q", questions(s))
	}
}

// slow is a list with a pace at which no second question would come in time.
func slow(zone string) blocklist.List {
	l := ipList(zone)
	l.Rate = 0.0001
	return l
}

// TestListDNSPace: a list is asked so many questions at once, and no more by all audits of a process; then it is unknown
// by our own doing, and other lists are asked as ever.
func TestListDNSPace(t *testing.T) {
	s := serve(t, selfTest+"2.0.0.127.b.example. A 127.0.0.2\n", nil)
	other := ipList("b.example")
	other.Rate = 1000
	lists := []blocklist.List{slow("bl.example"), other}
	r := dnsx.NewCache(NewListDNS(client(s, patient), lists, nil))
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	var clean, limited int
	for i := range 3 {
		var ips []string
		for n := range 256 {
			ips = append(ips, fmt.Sprintf("11.0.%d.%d", i, n))
		}
		got := listingsOf(run(ctx, r, listTarget(lists...)), ips...)
		if got.lists[1].State != facts.ListUsable {
			t.Errorf("the other list: %+v", got.lists[1])
		}
		for _, x := range got.listings {
			switch {
			case x.Zone == "b.example" && x.Status == facts.Clean:
			case x.Status == facts.Clean:
				clean++
			case strings.Contains(x.Why, "our own rate limit of 0.0001 questions a second to bl.example: no turn within the time limit"):
				limited++
			default:
				t.Errorf("%+v", x)
			}
		}
	}
	asked := 0
	for _, q := range s.Asked() {
		if strings.HasSuffix(q.Name, ".bl.example") {
			asked++
		}
	}
	// The third audit gets a part of its answers and still knows that: the test points went through, or all is unknown.
	if asked != listBurst || clean < 512 || limited == 0 || clean+limited != 3*256 {
		t.Errorf("asked %d, %d clean, %d limited", asked, clean, limited)
	}
}

// TestListDNSOneAudit: the most that one audit asks a list never has to wait.
func TestListDNSOneAudit(t *testing.T) {
	zone := selfTest
	var ips []string
	for n := range maxListed {
		ips = append(ips, fmt.Sprintf("11.0.0.%d", n))
		zone += fmt.Sprintf("%d.0.0.11.bl.example. A 127.0.0.2\n%[1]d.0.0.11.bl.example. TXT spam\n", n)
	}
	s := serve(t, zone, nil)
	l := slow("bl.example")
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	for _, x := range listingsOf(run(ctx, NewListDNS(client(s, patient), []blocklist.List{l}, nil), listTarget(l)), ips...).listings {
		if x.Status != facts.Listed || x.Reason != "spam" {
			t.Fatalf("%+v", x)
		}
	}
}

// TestListDNSEnded: when time is up that is said, and not that we held back.
func TestListDNSEnded(t *testing.T) {
	l := slow("bl.example")
	r := NewListDNS(client(serve(t, selfTest, nil), patient), []blocklist.List{l}, nil)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if a := r.Lookup(ctx, dnsx.Q("2.0.0.127.bl.example", dnsx.A)); a.Status != dnsx.Failed || strings.Contains(a.Cause, "rate") {
		t.Errorf("%+v", a)
	}
}

// TestListDNSMostSpecific: of a list within another's zone its own pace counts.
func TestListDNSMostSpecific(t *testing.T) {
	d := NewListDNS(nil, []blocklist.List{ipList("example.org"), ipList("a.example.org")}, nil)
	for name, want := range map[string]string{"1.a.example.org": "a.example.org", "a.example.org": "a.example.org", "1.b.example.org": "example.org", "example.org": "example.org"} {
		if z := d.of(dnsx.Question{Name: name}); z == nil || z.zone != want {
			t.Errorf("%s: %+v, want %s", name, z, want)
		}
	}
	for _, name := range []string{"org", "notexample.org", ""} {
		if z := d.of(dnsx.Question{Name: name}); z != nil {
			t.Errorf("%q: %+v", name, z)
		}
	}
}

// TestSharedSelfTests: two audits of a process ask a list for its test points once, and about each address of their own.
func TestSharedSelfTests(t *testing.T) {
	s := serve(t, selfTest, nil)
	lists := []blocklist.List{ipList("bl.example")}
	r := dnsx.NewCache(NewListDNS(client(s, patient), lists, nil))
	for i := range 2 {
		g := run(t.Context(), r, listTarget(lists...))
		g.vantage()
		for _, x := range listingsOf(g, fmt.Sprintf("11.0.0.%d", i)).listings {
			if x.Status != facts.Clean {
				t.Errorf("%+v", x)
			}
		}
	}
	if l := repeated(s.Asked()); len(l) > 0 || len(s.Asked()) != 2+2+2 { // test points, addresses, the root and nowhere
		t.Errorf("asked %q, again %q", questions(s), l)
	}
}

// TestAllowlistTurn: nobody waits for a turn with an allowlist, which decides nothing.
func TestAllowlistTurn(t *testing.T) {
	l := slow("wl.example")
	l.Codes = []blocklist.Code{{Class: blocklist.ClassAllow}}
	r := NewListDNS(client(serve(t, "", nil), patient), []blocklist.List{l}, nil)
	var last dnsx.Answer
	for i := range listBurst + 1 {
		last = r.Lookup(t.Context(), dnsx.Q(fmt.Sprintf("%d.wl.example", i), dnsx.A)) // no time limit: it would wait for hours
	}
	if last.Status != dnsx.Failed {
		t.Errorf("%+v", last)
	}
}
