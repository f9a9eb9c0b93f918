package dnsx_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/testnet"
)

const published = `
$ORIGIN example.
example.      SOA ns host 1 2 3 4 5
d             TXT "old one"
d             TXT "old two"
d             MX 10 mail
mail          A 192.0.2.1
gone          TXT "leaves"
gone          A 192.0.2.2
alias         CNAME d
alias2        CNAME alias
dangling      CNAME nothing
deep.host     A 192.0.2.3
ring          CNAME ringend
`

const planned = `
$ORIGIN example.
d             TXT "new"
a.b.fresh     TXT "created"
named         CNAME mail
mx            MX 10 mail
d             AAAA 2001:db8::1
mail          CNAME elsewhere
mail          TXT "beside the CNAME"
elsewhere     A 192.0.2.9
nothing       TXT "found at last"
*.wild        TXT "any"
*.wild        CNAME d
*.host        TXT "any host"
*.star        CNAME d
loop2         CNAME loop3
loop3         CNAME loop2
back          CNAME alias
ringend       CNAME ring
`

func TestOverlay(t *testing.T) {
	under := dnsx.NewOffline(testnet.MustZone(published))
	removed := []dnsx.Question{dnsx.Q("GONE.example.", dnsx.TXT), dnsx.Q("alias2.example", dnsx.CNAME), dnsx.Q("d.example", dnsx.TXT)}
	over := dnsx.NewOverlay(testnet.MustZone(planned), removed, under)
	for _, tt := range []struct {
		why  string
		name string
		typ  dnsx.Type
		want dnsx.Status
		data []string
		say  string // cause, or the chain
	}{
		{"a set is replaced whole, even if its removal is asked for too", "d.example", dnsx.TXT, dnsx.Found, []string{`"new"`}, ""},
		{"other types stay", "d.example", dnsx.MX, dnsx.Found, []string{"10 mail.example."}, ""},
		{"a type is added to a name", "d.example", dnsx.AAAA, dnsx.Found, []string{"2001:db8::1"}, ""},
		{"a set is removed", "gone.example", dnsx.TXT, dnsx.NoData, nil, ""},
		{"its neighbour stays", "gone.example", dnsx.A, dnsx.Found, []string{"192.0.2.2"}, ""},
		{"a name is created", "a.b.fresh.example", dnsx.TXT, dnsx.Found, []string{`"created"`}, ""},
		{"and exists for other types", "a.b.fresh.example", dnsx.A, dnsx.NoData, nil, ""},
		{"so do the names above it", "fresh.example", dnsx.A, dnsx.NoData, nil, ""},
		{"but none beneath", "x.a.b.fresh.example", dnsx.A, dnsx.NXDomain, nil, ""},
		{"what is not named comes from below", "no.example", dnsx.A, dnsx.NXDomain, nil, ""},
		{"a CNAME of the overlay leads to what is published", "named.example", dnsx.A, dnsx.Found, []string{"192.0.2.9"}, "mail.example elsewhere.example"},
		{"a CNAME hides the published types at its name", "mail.example", dnsx.A, dnsx.Found, []string{"192.0.2.9"}, "elsewhere.example"},
		{"but not the overlay's own", "mail.example", dnsx.TXT, dnsx.Found, []string{`"beside the CNAME"`}, ""},
		{"and is found as itself", "mail.example", dnsx.CNAME, dnsx.Found, []string{"elsewhere.example."}, ""},
		{"a published chain is left where the overlay changes a name", "alias.example", dnsx.TXT, dnsx.Found, []string{`"new"`}, "d.example"},
		{"and followed where it does not", "alias.example", dnsx.MX, dnsx.Found, []string{"10 mail.example."}, "d.example"},
		{"a published CNAME that is removed leads nowhere", "alias2.example", dnsx.TXT, dnsx.NoData, nil, ""},
		{"the end of a published chain is created", "dangling.example", dnsx.TXT, dnsx.Found, []string{`"found at last"`}, "nothing.example"},
		{"for one type", "dangling.example", dnsx.A, dnsx.NoData, nil, "nothing.example"},
		{"from overlay to published chain to overlay", "back.example", dnsx.TXT, dnsx.Found, []string{`"new"`}, "alias.example d.example"},
		{"a wildcard gives what is nowhere else", "x.wild.example", dnsx.TXT, dnsx.Found, []string{`"any"`}, ""},
		{"at any depth", "y.x.wild.example", dnsx.TXT, dnsx.Found, []string{`"any"`}, ""},
		{"its CNAME is followed", "x.wild.example", dnsx.MX, dnsx.Found, []string{"10 mail.example."}, "d.example"},
		{"into the overlay too", "x.star.example", dnsx.TXT, dnsx.Found, []string{`"new"`}, "d.example"},
		{"it matches beside published names", "other.host.example", dnsx.TXT, dnsx.Found, []string{`"any host"`}, ""},
		{"makes names exist", "other.host.example", dnsx.A, dnsx.NoData, nil, ""},
		{"and not where a published name is closer", "x.deep.host.example", dnsx.TXT, dnsx.NXDomain, nil, ""},
		{"nor at a published name", "deep.host.example", dnsx.TXT, dnsx.NoData, nil, ""},
		{"a loop ends", "loop2.example", dnsx.A, dnsx.Failed, nil, "CNAME loop at loop2.example"},
		{"one of overlay and published CNAMEs too", "ringend.example", dnsx.A, dnsx.Failed, nil, "CNAME loop at ringend.example"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := over.Lookup(t.Context(), dnsx.Q(tt.name, tt.typ))
			var data []string
			for _, r := range got.Records {
				data = append(data, r.Data)
			}
			say := got.Cause
			if say == "" {
				say = strings.Join(got.Chain, " ")
			}
			if got.Question != dnsx.Q(tt.name, tt.typ) || got.Status != tt.want || say != tt.say || !slices.Equal(data, tt.data) {
				t.Errorf("%s %s: %+v\nwant %s, %s, %s", tt.name, tt.typ, got, tt.want, tt.data, tt.say)
			}
		})
	}
}

// TestOverlayFailures: what cannot be found out beneath stays unknown, where the overlay does not say otherwise.
func TestOverlayFailures(t *testing.T) {
	s := serve(t, published, testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{
		dnsx.Q("d.example", dnsx.TXT): testnet.DNSServFail,
		dnsx.Q("d.example", dnsx.MX):  testnet.DNSServFail,
		{Name: "broken.wild.example"}: testnet.DNSServFail,
	}})
	over := dnsx.NewOverlay(testnet.MustZone(planned), nil, client(s.Addr()))
	servfail := fmt.Sprintf("%s answered SERVFAIL", s.Addr())
	for _, tt := range []struct {
		name  string
		typ   dnsx.Type
		want  dnsx.Status
		cause string
		asked int
	}{
		{"d.example", dnsx.TXT, dnsx.Found, "", 0},
		{"d.example", dnsx.MX, dnsx.Failed, servfail, 1},
		{"mail.example", dnsx.A, dnsx.Found, "", 0},
		{"mail.example", dnsx.MX, dnsx.NoData, "", 1}, // its CNAME leads to a name that the overlay creates
		{"no.example", dnsx.A, dnsx.NXDomain, "", 1},
		{"x.y.wild.example", dnsx.TXT, dnsx.Found, "", 2},
		{"x.broken.wild.example", dnsx.TXT, dnsx.Failed, servfail, 2},
	} {
		got := over.Lookup(t.Context(), dnsx.Q(tt.name, tt.typ))
		if got.Status != tt.want || got.Cause != tt.cause || got.Asked != tt.asked {
			t.Errorf("%s %s: %s, %q, %d asked, want %s, %q, %d", tt.name, tt.typ, got.Status, got.Cause, got.Asked, tt.want, tt.cause, tt.asked)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := over.Lookup(ctx, dnsx.Q("d.example", dnsx.TXT)); got.Status != dnsx.Failed || got.Cause != "interrupted" {
		t.Errorf("with a context that is over: %+v", got)
	}
}

// TestOverlayKeepsAnswers: what the overlay does not touch comes through as it is, AD included.
func TestOverlayKeepsAnswers(t *testing.T) {
	z := testnet.MustZone("via.example. CNAME x.example.\n")
	want := dnsx.Answer{Question: dnsx.Q("x.example", dnsx.TXT), Status: dnsx.Found, Authenticated: true, Asked: 3, Cause: "only some",
		Chain: []string{"y.example"}, Records: []dnsx.Record{{Name: "y.example", Type: dnsx.TXT, Text: "t"}}}
	over := dnsx.NewOverlay(z, nil, resolverFunc(func(context.Context, dnsx.Question) dnsx.Answer { return want }))
	if d := cmp.Diff(want, over.Lookup(t.Context(), want.Question), addrs, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := over.Lookup(t.Context(), dnsx.Q("via.example", dnsx.TXT)); got.Status != dnsx.Found || got.Authenticated {
		t.Errorf("through the overlay's CNAME: %+v, want it found and not authenticated", got)
	}
}

func TestParseRemoval(t *testing.T) {
	got, err := dnsx.ParseRemoval(" _DMARC.Example.com.  txt ")
	if want := dnsx.Q("_dmarc.example.com", dnsx.TXT); err != nil || got != want {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	for in, want := range map[string]string{
		"":                  `"" is not "NAME TYPE", such as "example.com TXT"`,
		"example.com":       `"example.com" is not "NAME TYPE", such as "example.com TXT"`,
		"example.com TXT x": `"example.com TXT x" is not "NAME TYPE", such as "example.com TXT"`,
		"example.com BOGUS": `"BOGUS" is not a record type`,
		"example.com ANY":   `"ANY" is not a record type`,
		"example..com TXT":  `"example..com": empty label`,
	} {
		if q, err := dnsx.ParseRemoval(in); err == nil || err.Error() != want {
			t.Errorf("%q: %v, %v, want %s", in, q, err, want)
		}
	}
}
