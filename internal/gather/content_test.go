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

	"mailaudit/internal/eml"
	"mailaudit/internal/engine"
	"mailaudit/internal/facts"
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
		Coverage: []facts.Coverage{{Fields: []string{"from", "to", "from"}, Length: "5", Partial: true, Signed: time.Unix(1795369385, 0).UTC()}, {Fields: []string{""}}}}
	got := content(m)
	got.Date = got.Date.UTC()
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Whatever stands in a message, little of it is kept.
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
	if len(c.MessageIDs) != maxKept || len(c.MessageIDs[0]) != maxKeptLen || len(c.EightBit) != maxKept {
		t.Errorf("%d, %d, %d", len(c.MessageIDs), len(c.MessageIDs[0]), len(c.EightBit))
	}
	if c.From != 0 || c.AuthorWhy == "" || c.BareLF != 0 {
		t.Errorf("%+v", c.AuthorWhy)
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
