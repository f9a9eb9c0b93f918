package gather

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mailaudit"
	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// shippedLists are all lists of blocklists.txt, those that are off included. What has no test points gets some, so that
// its codes can be seen too.
func shippedLists(t *testing.T) []blocklist.List {
	t.Helper()
	f, err := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range f.Lists {
		switch {
		case l.Listed != "":
		case l.Kind == blocklist.KindDomain:
			f.Lists[i].Listed, f.Lists[i].NotListed = "test", "invalid"
		case l.IP4:
			f.Lists[i].Listed, f.Lists[i].NotListed = "127.0.0.2", "127.0.0.1"
		default:
			f.Lists[i].Listed, f.Lists[i].NotListed = "::ffff:127.0.0.2", "::ffff:127.0.0.1"
		}
	}
	return f.Lists
}

// documented is one line of the table of what the answers of all lists mean, which is written by hand.
type documented struct{ answer, class, meaning string }

func documentedOf(t *testing.T, zone string) []documented {
	t.Helper()
	text, err := os.ReadFile("../blocklist/testdata/codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	var l []documented
	for line := range strings.Lines(string(text)) {
		if f := strings.SplitN(strings.TrimSpace(line), " ", 4); len(f) == 4 && f[0] == zone {
			l = append(l, documented{f[1], f[2], f[3]})
		}
	}
	if len(l) == 0 {
		t.Fatalf("the table says nothing of %s", zone)
	}
	return l
}

// senderOf is the n-th address that a list takes.
func senderOf(l blocklist.List, n int) netip.Addr {
	if l.IP4 {
		return netip.AddrFrom4([4]byte{11, 0, 0, byte(n)})
	}
	return netip.MustParseAddr(fmt.Sprintf("2a0f::%x", n+1))
}

// aboutOne asks one list, by its zone on a server of its own, about its n-th target.
func aboutOne(t *testing.T, s *testnet.DNS, l blocklist.List, n int) (facts.List, facts.Listing) {
	t.Helper()
	target := listTarget(l)
	target.Domain = fmt.Sprintf("d%d.example", n)
	target.Streams = nil
	g := run(t.Context(), NewListDNS(client(s, patient), []blocklist.List{l}, map[string]string{l.Key: "k"}), target)
	got := listingsOf(g, senderOf(l, n).String())
	lists, listings := slices.Concat(got.lists, got.allowlists), slices.Concat(got.listings, got.allowed)
	if len(lists) != 1 || len(listings) != 1 {
		t.Fatalf("%s: %+v", l.Zone, got)
	}
	return lists[0], listings[0]
}

// questionOf is what is asked about that target, or a test point.
func questionOf(t *testing.T, l blocklist.List, target string) string {
	t.Helper()
	name, err := l.Name(target)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(name, blocklist.Placeholder, "k", 1)
}

func targetOf(l blocklist.List, n int) string {
	if l.Kind == blocklist.KindDomain {
		return fmt.Sprintf("d%d.example", n)
	}
	return senderOf(l, n).String()
}

// firstAnswer is an answer that the list gives to its listed test point.
func firstAnswer(l blocklist.List) string {
	m := l.Codes[0].Match
	return fmt.Sprintf("%d.%d.%d.%d", m.Net[0], m.Net[1], m.Net[2], max(m.First, m.Bit))
}

// TestEveryCode has each list give each answer that it documents, through DNS, and wants it to be taken for what the
// table says.
func TestEveryCode(t *testing.T) {
	for _, l := range shippedLists(t) {
		t.Run(l.Zone, func(t *testing.T) {
			t.Parallel()
			all := documentedOf(t, l.Zone)
			zone := questionOf(t, l, l.Listed) + ". A " + firstAnswer(l) + "\n"
			for n, d := range all {
				zone += questionOf(t, l, targetOf(l, n)) + ". A " + d.answer + "\n"
			}
			s := serve(t, zone, nil)
			for n, d := range all {
				list, x := aboutOne(t, s, l, n)
				want := facts.Listing{Zone: l.Zone, Target: targetOf(l, n), Kind: string(l.Kind), Status: facts.Listed, Class: d.class, Meaning: d.meaning}
				state := facts.ListUsable
				switch blocklist.Class(d.class) {
				case "refused":
					want.Status, want.Class, want.Meaning, state = facts.Refused, "", "", facts.ListRefused
				case blocklist.ClassNone:
					want.Status, want.Class, want.Meaning = facts.Clean, "", ""
				case blocklist.ClassAllow:
					want.Status = facts.Clean
				}
				got := facts.Listing{Zone: x.Zone, Target: x.Target, Kind: x.Kind, Status: x.Status, Class: x.Class, Meaning: x.Meaning}
				if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) || !slices.Equal(x.Codes, []string{d.answer}) || list.State != state {
					t.Errorf("%s: %+v, want %+v; the list is %s", d.answer, x, want, list.State)
				}
				if d.class == "refused" && !strings.Contains(x.Why, d.answer+": "+d.meaning) {
					t.Errorf("%s: why %q", d.answer, x.Why)
				}
			}
		})
	}
}

// TestEveryListFails has each list fail in each way, and wants it to be told as what it is: never listed, never clean.
func TestEveryListFails(t *testing.T) {
	for _, l := range shippedLists(t) {
		listed, notListed := questionOf(t, l, l.Listed), questionOf(t, l, l.NotListed)
		about, origin := questionOf(t, l, targetOf(l, 0)), strings.Replace(l.Zone, blocklist.Placeholder, "k", 1)
		test := listed + ". A " + firstAnswer(l) + "\n"
		all := map[dnsx.Question]testnet.DNSFault{{}: testnet.DNSServFail}
		for _, tt := range []struct {
			name, zone    string
			faults        map[dnsx.Question]testnet.DNSFault
			state, status string
			why           string
			broken        bool
		}{
			{"refuses as all lists may", test + about + ". A 127.255.255.254\n", nil, facts.ListRefused, facts.Refused, "127.255.255.254: ", false},
			{"refuses its test point", listed + ". A 127.255.255.255\n", nil, facts.ListRefused, facts.Refused, "127.255.255.255: ", false},
			{"hijacked", test + about + ". A 203.0.113.9\n", nil, facts.ListHijacked, facts.NoClue, "203.0.113.9 is outside 127.0.0.0/8", false},
			{"hijacked as a whole", "*." + origin + ". A 203.0.113.9\n", nil, facts.ListHijacked, facts.NoClue, "203.0.113.9 is outside 127.0.0.0/8", false},
			{"dead", about + ". A " + firstAnswer(l) + "\n", nil, facts.ListFailed, facts.NoClue, "must be listed and is not", true},
			{"SERVFAIL", test, all, facts.ListFailed, facts.NoClue, "SERVFAIL", false},
			{"REFUSED", test, map[dnsx.Question]testnet.DNSFault{{}: testnet.DNSRefused}, facts.ListFailed, facts.NoClue, "REFUSED", false},
			{"SERVFAIL about the target alone", test, lost(about), facts.ListUsable, facts.NoClue, "SERVFAIL", false},
			{"SERVFAIL about a test point", test, lost(notListed), facts.ListFailed, facts.NoClue, "SERVFAIL", false},
		} {
			t.Run(l.Zone+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				list, x := aboutOne(t, serve(t, tt.zone, tt.faults), l, 0)
				if list.State != tt.state || list.Broken != tt.broken || x.Status != tt.status || !strings.Contains(x.Why, tt.why) || x.Class != "" {
					t.Errorf("list %+v\nlisting %+v", list, x)
				}
			})
		}
	}
}

// TestEveryListListsAll: a list that has the test point which must not be there is not believed, whatever it means by it.
func TestEveryListListsAll(t *testing.T) {
	for _, l := range shippedLists(t) {
		origin := strings.Replace(l.Zone, blocklist.Placeholder, "k", 1)
		for _, c := range l.Codes {
			if c.Class == blocklist.ClassNone {
				continue
			}
			answer := fmt.Sprintf("%d.%d.%d.%d", c.Match.Net[0], c.Match.Net[1], c.Match.Net[2], max(c.Match.First, c.Match.Bit))
			t.Run(l.Zone+"/"+answer, func(t *testing.T) {
				t.Parallel()
				list, x := aboutOne(t, serve(t, "*."+origin+". A "+answer+"\n", nil), l, 0)
				if list.State != facts.ListFailed || !list.Broken || x.Status != facts.NoClue || x.Class != "" || !strings.Contains(x.Why, "must not be listed and is") {
					t.Errorf("list %+v\nlisting %+v", list, x)
				}
			})
		}
	}
}

// TestListsSilent: lists from which nothing comes are unknown, each with that cause.
func TestListsSilent(t *testing.T) {
	lists := shippedLists(t)
	s := serve(t, "example. TXT nothing\n", map[dnsx.Question]testnet.DNSFault{{}: testnet.DNSDrop})
	r := dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.Addr()}, Dial: testnet.Dial, Timeout: 200 * time.Millisecond, InFlight: InFlight})
	got := listingsOf(run(t.Context(), r, listTarget(lists...)), "11.0.0.1", "2a0f::1")
	all := slices.Concat(got.lists, got.allowlists)
	if len(all) != len(lists) {
		t.Errorf("%d lists of %d", len(all), len(lists))
	}
	for _, l := range all {
		if l.State != facts.ListFailed || l.Broken || !strings.Contains(l.Why, "did not answer within") {
			t.Errorf("%+v", l)
		}
	}
	for _, x := range slices.Concat(got.listings, got.allowed) {
		if x.Status != facts.NoClue || !strings.Contains(x.Why, "did not answer within") {
			t.Errorf("%+v", x)
		}
	}
}
