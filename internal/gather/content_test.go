package gather

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/eml"
	"mailaudit/internal/engine"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

func TestContent(t *testing.T) {
	text := "Received: by mx.example; Sun, 22 Nov 2026 10:00:00 +0000\r\nDKIM-Signature: v=1; d=a.example; s=s1; h=From : To:from; l=5; t=1795369385; b=x\r\n" +
		"DKIM-Signature: v=1; d=a.example; s=s2; t=x; b=x\r\nFrom: a@a.example\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@a.example>\r\nTo: b\r\nto: c\r\n" +
		"Precedence: Bulk\r\nList-Unsubscribe: <https://a.example>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nSubject: \xc3\xa9\r\nbroken\r\n\r\nbare\nbody\r"
	m, err := eml.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := &facts.Content{Size: len(text) + 1, Received: 1, From: 1, Author: "a.example", Dates: []string{"Sun, 22 Nov 2026 10:00:00 +0000"}, Date: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC),
		MessageIDs: []string{"<1@a.example>"}, Repeated: []string{"to"}, Broken: 1, EightBit: []string{"subject"}, Longest: 80, LongestAt: 2, BareCR: 1, BareLF: 1, List: true,
		Unsubscribe: []string{"<https://a.example>"}, OneClick: []string{"List-Unsubscribe=One-Click"},
		Coverage: []facts.Coverage{{Fields: []string{"from", "to", "from"}, Length: "5", Partial: true, Signed: time.Unix(1795369385, 0).UTC()}, {Fields: []string{""}}},
		Path:     []facts.Relay{{Number: 1, By: "mx.example", Time: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}}, Links: []string{}, LinkListings: []facts.Listing{}, Attachments: []string{}}
	got := content(m)
	got.Date = got.Date.UTC()
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
		t.Error(d)
	}
}

// Whatever stands in a message, little of what is shown of it is kept, and all that is judged.
func TestContentBounds(t *testing.T) {
	var b strings.Builder
	for i := range 2 * maxKept {
		fmt.Fprintf(&b, "Message-ID: %s\nX-%d: \xff\n", strings.Repeat("x", 2*maxKeptLen), i)
	}
	m, err := eml.Read(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	c := content(m)
	if len(c.MessageIDs) != 2*maxKept || len(c.MessageIDs[0]) != 2*maxKeptLen || len(c.EightBit) != maxKept {
		t.Errorf("%d, %d, %d", len(c.MessageIDs), len(c.MessageIDs[0]), len(c.EightBit))
	}
	if c.From != 0 || c.AuthorWhy == "" || c.BareLF != 0 {
		t.Errorf("%+v", c.AuthorWhy)
	}
}

// TestContentLong: a long URI, and From behind many names in h=, are there for the rules.
func TestContentLong(t *testing.T) {
	uri := "<https://a.example/" + strings.Repeat("x", 2*maxKeptLen) + ">"
	m, err := eml.Read(strings.NewReader("DKIM-Signature: t=999999999999; h=" + strings.Repeat("x:", 2*maxKept) + "From\nList-Unsubscribe: " + uri +
		"\nContent-Disposition: attachment; filename=\"" + strings.Repeat("x", 2*maxKeptLen) + ".exe\"\n\n"))
	if err != nil {
		t.Fatal(err)
	}
	c := content(m)
	if l := c.Coverage[0].Fields; len(c.Unsubscribe) != 1 || c.Unsubscribe[0] != uri || len(l) != 2*maxKept+1 || l[2*maxKept] != "from" {
		t.Errorf("%.40q, %d names", c.Unsubscribe, len(l))
	}
	if l := c.Attachments; len(l) != 1 || len(l[0]) != maxKeptLen || !strings.HasSuffix(l[0], ".exe") {
		t.Errorf("%q", l)
	}
	if s := c.Coverage[0].Signed; s.Year() < 4000 {
		t.Errorf("t=999999999999 is read as %s", s)
	}
}

// A filter is told what the stream tells of the sender; one that nobody may ask is unknown.
func TestScores(t *testing.T) {
	m, err := eml.Read(strings.NewReader("From: a@a.example\n\nx\n"))
	if err != nil {
		t.Fatal(err)
	}
	stream := facts.Stream{Name: "default", IPs: []netip.Addr{netip.MustParseAddr("11.22.33.44")}, MailFrom: "b@a.example", HELO: "mail.a.example"}
	g := &gatherer{ctx: t.Context(), t: Target{Streams: []facts.Stream{{Name: "other"}, stream}, Engines: []engine.Engine{{Kind: engine.Spamd, Addr: "127.0.0.1:783"}}}}
	s := Sample{Stream: "default", Message: m}
	if l := g.scores(s); len(l) != 1 || l[0].Of.State != facts.Unknown || !strings.Contains(l[0].Of.Why, "not asked") {
		t.Errorf("%+v", l)
	}
	g.env.Score = func(_ context.Context, e engine.Engine, text string, from engine.Envelope) (engine.Opinion, error) {
		want := engine.Envelope{IP: stream.IPs[0], From: stream.MailFrom, HELO: stream.HELO}
		if text != "From: a@a.example\r\n\r\nx\r\n" || from != want || e.Addr != "127.0.0.1:783" {
			t.Errorf("%q, %+v, %+v", text, from, e)
		}
		return engine.Opinion{Score: 1, Required: 5, Symbols: []string{"A"}}, nil
	}
	if l := g.scores(s); !l[0].Of.Known() || l[0].Of.Value.Score != 1 {
		t.Errorf("%+v", l)
	}
	g.env.Score = func(context.Context, engine.Engine, string, engine.Envelope) (engine.Opinion, error) {
		return engine.Opinion{}, errors.New("closed")
	}
	if l := g.scores(s); l[0].Of.State != facts.Unknown || l[0].Of.Why != "spamd at 127.0.0.1:783: closed" {
		t.Errorf("%+v", l)
	}
}

// The way of a message: each hop with the time since the one before, which clocks may turn round.
func TestPath(t *testing.T) {
	m, err := eml.Read(strings.NewReader("Received: from b.example ([11.0.0.2]) by c.example (using TLSv1.3) with ESMTPS id 1; Sun, 22 Nov 2026 10:00:05 +0000\r\n" +
		"Received: from a.example (a.example [11.0.0.1]) by b.example with ESMTP id 1; Sun, 22 Nov 2026 12:00:07 +0200\r\n" +
		"Received: from user.example by a.example with ESMTPSA; some day\r\nReceived: by user.example; Sun, 22 Nov 2026 10:00:00 +0000\r\nFrom: a@a.example\r\n\r\nx\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	at := func(second int) time.Time { return time.Date(2026, 11, 22, 10, 0, second, 0, time.UTC) }
	back := int64(-2)
	want := []facts.Relay{
		{Number: 1, From: "b.example", IP: netip.MustParseAddr("11.0.0.2"), By: "c.example", With: "ESMTPS", TLS: "TLS 1.3", Time: at(5), Delay: &back},
		{Number: 2, From: "a.example", RDNS: "a.example", IP: netip.MustParseAddr("11.0.0.1"), By: "b.example", With: "ESMTP", TLS: "none", Time: at(7)},
		{Number: 3, From: "user.example", By: "a.example", With: "ESMTPSA", TLS: "TLS"},
		{Number: 4, By: "user.example", Time: at(0)},
	}
	if d := cmp.Diff(want, path(m), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
		t.Error(d)
	}
}

// The domains of links are asked about once each, and not without bound; nothing counts that an unbelievable list says.
func TestLinkListings(t *testing.T) {
	hosts := []string{"www.spam.example", "spam.example", "far.example"}
	domains, left := linkedDomains(hosts)
	if d := cmp.Diff([]string{"spam.example", "far.example"}, domains); d != "" || left != 0 {
		t.Error(d, left)
	}
	for i := range maxLinks {
		hosts = append(hosts, fmt.Sprintf("a%d.example", i))
	}
	if l, left := linkedDomains(hosts); len(l) != maxLinks || left != 2 {
		t.Errorf("%d domains, %d left", len(l), left)
	}
	const point = "test.uri.example. A 127.0.1.2\n"
	for _, tt := range []struct{ name, zone, lost, want string }{
		{"one is listed", point + "spam.example.uri.example. A 127.0.1.2\n", "", "spam.example listed, far.example clean"},
		{"no self-test", "spam.example.uri.example. A 127.0.1.2\n", "", "spam.example unknown, far.example unknown"},
		{"one is lost", point, "spam.example.uri.example", "spam.example unknown, far.example clean"},
		{"it answers for everybody", point + "*.uri.example. A 93.184.216.34\n", "", "spam.example unknown, far.example unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			faults := map[dnsx.Question]testnet.DNSFault{}
			if tt.lost != "" {
				faults[dnsx.Q(tt.lost, dnsx.A)] = testnet.DNSServFail
			}
			g := over(t.Context(), serve(t, tt.zone, faults), listTarget(domainList("uri.example"), ipList("bl.example")))
			var l []string
			for _, x := range g.linkListings(domains) {
				l = append(l, x.Target+" "+x.Status)
			}
			if got := strings.Join(l, ", "); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	s := serve(t, point, nil)
	if l := over(t.Context(), s, listTarget(domainList("uri.example"))).linkListings(nil); len(l) != 0 || len(s.Asked()) != 0 {
		t.Errorf("a message without links: %v, %q", l, questions(s))
	}
}
