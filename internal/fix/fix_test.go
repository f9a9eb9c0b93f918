package fix

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
)

func TestQuote(t *testing.T) {
	a := strings.Repeat("a", 255)
	tests := []struct{ name, s, want string }{
		{"empty", "", `""`},
		{"plain", "v=spf1 -all", `"v=spf1 -all"`},
		{"255 octets", a, `"` + a + `"`},
		{"256 octets", a + "b", `"` + a + `" "b"`},
		{"510 octets", a + a, `"` + a + `" "` + a + `"`},
		{"a quote and a backslash", `a"b\c`, `"a\"b\\c"`},
		{"what is not ASCII", "è\xff\x7f\x00\t", `"\195\168\255\127\000\009"`},
		{"what means something in a zone file", "a;b (c) @ $", `"a;b (c) @ $"`},
		{"escapes do not count", strings.Repeat(`"`, 255) + "b", `"` + strings.Repeat(`\"`, 255) + `" "b"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := quote(tt.s); got != tt.want {
				t.Errorf("quote(%q) = %s, want %s", tt.s, got, tt.want)
			}
		})
	}
}

// TestQuoteReadBack: a name server reads the very octets.
func TestQuoteReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOfN(rapid.Byte(), 0, 600).Draw(t, "octets"))
		z, err := dnsx.ParseZone("zone", strings.NewReader("t.example. TXT "+quote(s)+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if a := dnsx.NewOffline(z).Lookup(context.Background(), dnsx.Q("t.example", dnsx.TXT)); len(a.Records) != 1 || a.Records[0].Text != s {
			t.Fatalf("%q becomes %+v", s, a)
		}
	})
}

func TestNetworks(t *testing.T) {
	from := func(first string, n int) []netip.Addr {
		l := []netip.Addr{netip.MustParseAddr(first)}
		for len(l) < n {
			l = append(l, l[len(l)-1].Next())
		}
		return l
	}
	tests := []struct {
		name string
		ips  []netip.Addr
		want string
	}{
		{"one", from("192.0.2.1", 1), "ip4:192.0.2.1"},
		{"few", from("192.0.2.254", 3), "ip4:192.0.2.254 ip4:192.0.2.255 ip4:192.0.3.0"},
		{"twice", append(from("192.0.2.1", 1), from("192.0.2.1", 1)...), "ip4:192.0.2.1"},
		{"both families", append(from("2001:db8::1", 1), from("192.0.2.1", 1)...), "ip4:192.0.2.1 ip6:2001:db8::1"},
		{"ten", from("192.0.2.0", 10), "ip4:192.0.2.0 ip4:192.0.2.1 ip4:192.0.2.2 ip4:192.0.2.3 ip4:192.0.2.4 " +
			"ip4:192.0.2.5 ip4:192.0.2.6 ip4:192.0.2.7 ip4:192.0.2.8 ip4:192.0.2.9"},
		{"eleven", from("192.0.2.0", 11), "ip4:192.0.2.0/29 ip4:192.0.2.8/31 ip4:192.0.2.10"},
		{"across a boundary", from("192.0.2.250", 12), "ip4:192.0.2.250/31 ip4:192.0.2.252/30 ip4:192.0.3.0/30 ip4:192.0.3.4/31"},
		{"with gaps", append(from("192.0.2.0", 8), append(from("192.0.2.12", 4), from("192.0.2.16", 8)...)...), "ip4:192.0.2.0/29 ip4:192.0.2.12/30 ip4:192.0.2.16/29"},
		{"a /24", from("192.0.2.0", 256), "ip4:192.0.2.0/24"},
		{"a /120", from("2001:db8::100", 256), "ip6:2001:db8::100/120"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(networks(tt.ips), " "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestRest: what has no record to propose has its rule's words, once for each rule and text.
func TestRest(t *testing.T) {
	rule := func(id string, area checks.Area, fix string) *checks.Check {
		return &checks.Check{ID: id, Area: area, Fix: fix}
	}
	key, greeting, list, closed, address := rule("dkim.x", "dkim", "Publish"), rule("helo.x", "ptr", "Name"), rule("dnsbl.x", "dnsbl", "Stop"),
		rule("submission.x", "submission", "Open"), rule("ip.x", "ptr", "Declare")
	of := func(c *checks.Check, s checks.Status, subject string) checks.Finding {
		return checks.Finding{Check: c, Status: s, Subject: subject, Fix: c.Fix}
	}
	other := of(key, checks.Warn, "c")
	other.Fix = "Remove"
	hidden := of(key, checks.Fail, "d")
	hidden.Fix, hidden.Implied = "Hide", true
	l := Propose(&facts.Facts{}, []checks.Finding{
		hidden, of(key, checks.Fail, "a"), of(list, checks.Info, "a"), of(greeting, checks.Fail, "a"), of(key, checks.Warn, "b"), other,
		of(list, checks.Warn, "a"), of(closed, checks.Fail, "a"), of(closed, checks.Unknown, "b"), of(address, checks.Fail, "a"), of(key, checks.Pass, "e"),
	}, nil)
	var got []string
	for _, p := range l {
		got = append(got, strings.Join([]string{p.ID, p.Kind, p.Text, strings.Join(p.Rules, " ")}, "|"))
	}
	want := []string{"dkim.x-1|dns|Publish|dkim.x", "helo.x-2|host|Name (a)|helo.x", "dkim.x-3|dns|Remove (c)|dkim.x",
		"dnsbl.x-4|operator|Stop (a)|dnsbl.x", "submission.x-5|host|Open (a)|submission.x", "ip.x-6|operator|Declare (a)|ip.x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("proposals (-want +got):\n%s", diff)
	}
}

// TestKinds: a message is put right where it is made, a policy on its web server, and TLS on the host that speaks it.
func TestKinds(t *testing.T) {
	for id, want := range map[string]string{
		"msg.from-missing": Host, "msg.dkim-fail": Host, "mx.starttls-missing": Host, "mx.refused": Host, "mx.cert-name": Host, "mx.cname": DNS,
		"mtasts.mx-mismatch": Host, "mtasts.wildcard": Host, "mtasts.txt-syntax": DNS, "mtasts.missing": DNS, "dane.starttls-missing": Host, "dane.mismatch": DNS,
		"domain.expiring": Operator, "domain.hold": Operator, "domain.wildcard": DNS, "helo.not-fqdn": Host, "ptr.missing": Operator, "dnsbl.listed-major": Operator,
	} {
		c, ok := checks.Find(id)
		if !ok {
			t.Fatalf("there is no rule %s", id)
		}
		if got := kindOf(c); got != want {
			t.Errorf("%s is put right at %s, want %s", id, got, want)
		}
	}
}

// TestAfter: what a proposal leaves of the findings.
func TestAfter(t *testing.T) {
	a, b, c := &checks.Check{ID: "spf.a", Area: "spf"}, &checks.Check{ID: "spf.b", Area: "spf"}, &checks.Check{ID: "dkim.c", Area: "dkim"}
	of := func(c *checks.Check, subject string, implied bool) checks.Finding {
		return checks.Finding{Check: c, Status: checks.Fail, Subject: subject, Implied: implied}
	}
	passed := checks.Finding{Check: b, Status: checks.Pass, Subject: "y"}
	raised := checks.Finding{Check: b, Status: checks.Warn, Subject: "raised"}
	cleared := of(a, "x", false)
	tests := []struct {
		name   string
		raises []checks.Finding
		beside []checks.Finding
		want   string
	}{
		{"what it clears is gone", nil, []checks.Finding{of(a, "y", false), of(b, "x", false)}, "spf.a y spf.b x"},
		{"what it implied is gone", nil, []checks.Finding{of(b, "x", true), passed}, "spf.b y"},
		{"unless something else may be the cause", nil, []checks.Finding{of(a, "y", false), of(b, "x", true)}, "spf.a y spf.b x"},
		{"not in another area", nil, []checks.Finding{of(c, "x", true)}, "dkim.c x"},
		{"what it raises is there", []checks.Finding{raised}, nil, "spf.b raised"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, f := range (Proposal{clears: []checks.Finding{cleared}, raises: tt.raises}).After(append(tt.beside, cleared)) {
				got = append(got, f.Check.ID, f.Subject)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("left %q, want %q", got, tt.want)
			}
		})
	}
}
