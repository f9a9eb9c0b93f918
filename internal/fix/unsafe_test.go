package fix_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
	"mailaudit/internal/gather"
)

// changed are the changes of fixes, each with its kind and whether it is proven.
func changed(l []audit.Fix) []string {
	out := []string{}
	for _, f := range l {
		for _, c := range f.Changes {
			out = append(out, fmt.Sprintf("%s proven=%t %s %s %s %s", f.Kind, f.Proven, c.Op, c.Name, c.Type, c.Data))
		}
	}
	return out
}

// TestHarm are repairs that would cost mail of somebody whom the audit does not see, or that are not the sender's to make.
func TestHarm(t *testing.T) {
	tests := []struct {
		name   string
		edits  []string
		target func(*gather.Target)
		want   []string
	}{
		{name: "an include that lets some pass before it ends in permerror", edits: append(spf("v=spf1 ip4:192.0.2.25 include:_part.esp.example -all"),
			`_part.esp.example. TXT "v=spf1 ip4:203.0.113.0/24 include:gone.esp.example ~all"`), want: []string{}},
		{name: "one that lets nobody pass before it", edits: append(spf("v=spf1 ip4:192.0.2.25 include:_part.esp.example -all"),
			`_part.esp.example. TXT "v=spf1 -ip4:203.0.113.0/24 include:gone.esp.example ip4:203.0.113.0/24 ~all"`),
			want: []string{`dns proven=true replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`}},
		{name: "a record that refuses by redirect= comes into force", edits: append(spf("v=spf1 ip4:192.0.2.25 foo redirect=_deny.esp.example"),
			`_deny.esp.example. TXT "v=spf1 ip4:203.0.113.77 -all"`),
			want: []string{`dns proven=true replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_deny.esp.example ~all"`}},
		{name: "one that refuses nobody", edits: append(spf("v=spf1 ip4:192.0.2.25 foo redirect=_soft.esp.example"),
			`_soft.esp.example. TXT "v=spf1 ip4:203.0.113.77 ~all"`),
			want: []string{`dns proven=true replace healthy.example TXT "v=spf1 ip4:192.0.2.25 redirect=_soft.esp.example"`}},
		{name: "a redirect= in one of two records", edits: append(spf("v=spf1 ip4:192.0.2.25 ~all"), `healthy.example. TXT "v=spf1 redirect=_deny.esp.example"`,
			`_deny.esp.example. TXT "v=spf1 ip4:203.0.113.77 -all"`), want: []string{
			`dns proven=true replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_deny.esp.example ~all"`, `dns proven=true remove healthy.example TXT `}},
		{name: "a third void lookup for whoever has an IPv6 address", edits: spf("v=spf1 ip4:192.0.2.25 ptr exists:%{i}.healthy.example ~all a:mail.healthy.example"), want: []string{}},
		{name: "a second one", edits: spf("v=spf1 ip4:192.0.2.25 exists:%{i}.healthy.example ~all a:mail.healthy.example"),
			want: []string{`dns proven=true replace healthy.example TXT "v=spf1 ip4:192.0.2.25 exists:%{i}.healthy.example a:mail.healthy.example ~all"`}},
		{name: "a refusal comes into force", edits: spf("v=spf1 ip4:192.0.2.25 -ip4:203.0.113.0/24 include:gone.esp.example ~all"),
			want: []string{`dns proven=false replace healthy.example TXT "v=spf1 ip4:192.0.2.25 -ip4:203.0.113.0/24 ~all"`}},
		{name: "an exp= in each of two records", edits: append(spf("v=spf1 ip4:192.0.2.25 exp=a.healthy.example ~all"), `healthy.example. TXT "v=spf1 mx exp=b.healthy.example ~all"`),
			want: []string{`dns proven=true replace healthy.example TXT "v=spf1 ip4:192.0.2.25 exp=a.healthy.example mx ~all"`, `dns proven=true remove healthy.example TXT `}},
		{name: "a record at the end of an alias", edits: []string{"bounce.healthy.example. CNAME x.esp.example.", `x.esp.example. TXT "v=spf1 ip4:192.0.2.25 ?all"`},
			target: func(t *gather.Target) { t.Streams[0].MailFrom = "b@bounce.healthy.example" },
			want:   []string{`dns proven=false replace bounce.healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`}},
		{name: "a domain that is locked", edits: append(spf("v=spf1 -all"), "-healthy.example. MX", "healthy.example. MX 0 ."), want: []string{}},
		{name: "a refusal between an include and the one that holds it", edits: append(spf("v=spf1 ip4:192.0.2.25 include:_in.esp.example -ip4:203.0.113.9 include:_out.esp.example ~all"),
			`_in.esp.example. TXT "v=spf1 ip4:203.0.113.9 ~all"`, `_out.esp.example. TXT "v=spf1 include:_in.esp.example ~all"`), want: []string{}},
		{name: "nothing between them", edits: append(spf("v=spf1 ip4:192.0.2.25 include:_in.esp.example include:_out.esp.example ~all"),
			`_in.esp.example. TXT "v=spf1 ip4:203.0.113.9 ~all"`, `_out.esp.example. TXT "v=spf1 include:_in.esp.example ~all"`),
			want: []string{`dns proven=true replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_out.esp.example ~all"`}},
		{name: "the record of whoever takes the bounces", edits: []string{"bounces.other.example. A 203.0.113.80", `bounces.other.example. TXT "v=spf1 ip4:203.0.113.80 -all"`},
			target: func(t *gather.Target) { t.Streams[0].MailFrom = "b@bounces.other.example" },
			want:   []string{`operator proven=false replace bounces.other.example TXT "v=spf1 ip4:192.0.2.25 ip4:203.0.113.80 -all"`}},
		{name: "an MX for bounces on the host of somebody else", edits: []string{"-healthy.example. MX", "healthy.example. MX 0 .", "hub.other.example. A 192.0.2.25"},
			target: func(t *gather.Target) { t.Profile, t.Streams[0].HELO = "sender", "hub.other.example" }, want: []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			target := target(t, "192.0.2.25")
			if tt.target != nil {
				tt.target(&target)
			}
			r := run(publish(t, tt.edits...), target, everything)
			if diff := cmp.Diff(tt.want, changed(published(r))); diff != "" {
				t.Errorf("changes (-want +got):\n%s\n%q", diff, violations(r))
			}
			for _, f := range published(r) {
				if !f.Proven && f.Reason == "" {
					t.Errorf("%s is not proven, and nobody says why", f.ID)
				}
			}
		})
	}
}

// TestWas: a name server finds the record that goes by its very strings, which need not be cut where ours are.
func TestWas(t *testing.T) {
	r := run(publish(t, "-healthy.example. TXT", `healthy.example. TXT "v=spf1 ip4:192.0.2.25" " +all"`), target(t, "192.0.2.25"), everything)
	l := published(r)
	if len(l) != 1 || !l[0].Proven || l[0].Changes[0].Was != `"v=spf1 ip4:192.0.2.25" " +all"` {
		t.Errorf("%+v", l)
	}
}

// TestWasOfEach: records that say the same, cut in other places, are several to a name server, and each goes by its own strings.
func TestWasOfEach(t *testing.T) {
	key := "v=DKIM1; " + publicKey()
	once := `"` + key[:200] + `" "` + key[200:] + `"`
	tests := []struct {
		name, owner string
		records     []string
		want        []string // what goes
	}{
		{"SPF", domain, []string{`"v=spf1 ip4:192.0.2.25 -all"`, `"v=spf1 ip4:192.0." "2.25 -all"`, `"v=spf1 ip4:192.0.2.25" " -all"`}, nil},
		{"DMARC", "_dmarc." + domain, []string{`"v=DMARC1; p=reject"`, `"v=DMARC1; " "p=reject"`}, nil},
		{"a key", "s2._domainkey." + domain, []string{keyOf("v=DKIM1; "), once}, []string{keyOf("v=DKIM1; "), once}},
		{"beside a key", "s2._domainkey." + domain, []string{keyOf("v=DKIM1; "), `"no key"`, `"no" " key"`}, []string{`"no key"`, `"no" " key"`}},
	}
	for _, tt := range tests {
		edits := []string{"-" + tt.owner + ". TXT"}
		for _, r := range tt.records {
			edits = append(edits, tt.owner+". TXT "+r)
		}
		under := publish(t, edits...)
		l := published(run(under, target(t, "192.0.2.25"), everything))
		if len(l) != 1 || !l[0].Proven {
			t.Errorf("%s: fixes %+v", tt.name, l)
			continue
		}
		// As a name server does it: what goes by other strings is not there, and stays (RFC 2136 3.4.2.4).
		left, gone := slices.Clone(tt.records), 0
		for _, c := range l[0].Changes {
			if i := slices.Index(left, c.Was); i >= 0 {
				left, gone = slices.Delete(left, i, i+1), gone+1
			}
			if c.Data != "" {
				left = append(left, c.Data)
			}
		}
		if len(left) != 1 || gone != len(l[0].Changes) || len(l[0].RRsets) != 1 || !slices.Contains(l[0].RRsets[0].Data, left[0]) {
			t.Errorf("%s: left %q, sets %+v", tt.name, left, l[0].RRsets)
		}
	}
}

// TestBesideWildcard: what is published at a name ends what a wildcard said for it, and for the names above (RFC 4592 2.2.2): in a
// real zone the fix does what is promised all the same.
func TestBesideWildcard(t *testing.T) {
	news := func(g *gather.Target) { g.Streams[0].MailFrom = "bounce@news.healthy.example" }
	wild := []string{`*.healthy.example. 60 MX 10 mx1.healthy.example.`, "*.healthy.example. 60 A 192.0.2.80"}
	tests := []struct {
		name   string
		edits  []string
		target func(*gather.Target)
		want   string // the changes
	}{
		{"no SPF where mail bounces to", wild, news,
			`add news.healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all", add news.healthy.example MX 10 mx1.healthy.example., add news.healthy.example A 192.0.2.80`},
		{"+all where mail bounces to", append(wild, `*.healthy.example. 60 TXT "v=spf1 ip4:192.0.2.25 +all"`), news,
			`replace news.healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all", add news.healthy.example MX 10 mx1.healthy.example., add news.healthy.example A 192.0.2.80`},
		{"text beside a key", []string{"-s2._domainkey.healthy.example. TXT", "*._domainkey.healthy.example. TXT " + keyOf("v=DKIM1; "), `*._domainkey.healthy.example. TXT "no key"`},
			func(g *gather.Target) { g.Streams[0].Selectors = []string{"s2"} },
			"remove s2._domainkey.healthy.example TXT , add s2._domainkey.healthy.example TXT " + keyOf("v=DKIM1; ")},
		{"a name of its own", append(wild, "news.healthy.example. A 192.0.2.80"), news, `add news.healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{"no DMARC", []string{"-_dmarc.healthy.example. TXT", wild[0], wild[1]}, func(*gather.Target) {}, `add _dmarc.healthy.example TXT "v=DMARC1; p=none"`},
	}
	for _, tt := range tests {
		g := target(t, "192.0.2.25")
		tt.target(&g)
		before := run(publish(t, tt.edits...), g, everything)
		l := slices.DeleteFunc(published(before), func(f audit.Fix) bool { return !f.Proven })
		if len(l) != 1 {
			t.Errorf("%s: fixes %+v", tt.name, before.Fixes)
			continue
		}
		edits := slices.Clone(tt.edits)
		var changes []string
		for _, c := range l[0].Changes {
			changes = append(changes, strings.Join([]string{c.Op, c.Name, c.Type, c.Data}, " "))
			if c.Data != "" { // the name has nothing of its own that could go
				edits = append(edits, fmt.Sprintf("%s. %d IN %s %s", c.Name, c.TTL, c.Type, c.Data))
			}
		}
		if got := strings.Join(changes, ", "); got != tt.want {
			t.Errorf("%s: changes\n%s\nwant\n%s", tt.name, got, tt.want)
		}
		after := run(publish(t, edits...), g, everything)
		if deref(after.Score) != deref(l[0].ScoreAfter) {
			t.Errorf("%s: score_after %v, and the zone gives %v: %q", tt.name, deref(l[0].ScoreAfter), deref(after.Score), violations(after))
		}
	}
}

// TestBeneathWildcard: a record beneath a name that a wildcard makes takes that name's own from it, and those of all beneath it.
func TestBeneathWildcard(t *testing.T) {
	g := target(t, "192.0.2.25")
	g.Domain, g.Streams[0].DKIMDomain, g.Streams[0].Selectors, g.Streams[0].MailFrom = "news.healthy.example", "news.healthy.example", nil, "bounce@news.healthy.example"
	l := published(run(publish(t, "-_dmarc.healthy.example. TXT", "*.healthy.example. MX 10 mx1.healthy.example.", `*.healthy.example. TXT "v=spf1 ip4:192.0.2.25 -all"`), g, everything))
	if len(l) != 1 || l[0].Proven || l[0].Reason != "news.healthy.example exists by a wildcard alone, which would answer for no name beneath it any more" {
		t.Errorf("fixes %+v", l)
	}
}

func repaired(t *testing.T, target gather.Target, edits ...string) (before, after *audit.Report, sets []audit.RRset) {
	t.Helper()
	return audit.Repair(context.Background(), gather.Env{DNS: publish(t, edits...), Now: time.Now}, target, audit.Options{Wanted: everything, Timeout: time.Minute})
}

// TestSameRecord: two fixes that ask for one record lead to one.
func TestSameRecord(t *testing.T) {
	g := target(t, "192.0.2.25")
	g.Streams[0].HELO = "out.healthy.example"
	before, after, sets := repaired(t, g, reverse("out.healthy.example")...)
	n := 0
	for _, f := range before.Fixes {
		if f.Proven {
			n++
		}
	}
	want := []audit.RRset{{Name: "out.healthy.example", Type: "A", TTL: 3600, Data: []string{"192.0.2.25"}}}
	if diff := cmp.Diff(want, sets); diff != "" || after == nil || n != 2 {
		t.Errorf("%d proven; sets (-want +got):\n%s", n, diff)
	}
}

// TestTwoAliases: two aliases of one host become one MX record, that of the lower preference.
func TestTwoAliases(t *testing.T) {
	_, _, sets := repaired(t, target(t, "192.0.2.25"), "-healthy.example. MX", "healthy.example. MX 10 a.healthy.example.", "healthy.example. MX 20 b.healthy.example.",
		"a.healthy.example. CNAME mx1.healthy.example.", "b.healthy.example. CNAME mx1.healthy.example.")
	want := []audit.RRset{{Name: domain, Type: "MX", TTL: 3600, Data: []string{"10 mx1.healthy.example."}}}
	if diff := cmp.Diff(want, sets); diff != "" {
		t.Errorf("sets (-want +got):\n%s", diff)
	}
}

// TestNotTogether: of two fixes that are proven, each by itself, and void a record together, one is left out, and says so.
func TestNotTogether(t *testing.T) {
	var edits []string
	some := func(first, n int) (terms string) {
		for i := first; i < first+n; i++ {
			terms += fmt.Sprintf(" include:i%d.esp.example", i)
			edits = append(edits, fmt.Sprintf(`i%d.esp.example. TXT "v=spf1 ip4:203.0.113.%d ~all"`, i, i))
		}
		return terms
	}
	g := target(t, "192.0.2.25")
	news := g.Streams[0]
	news.Name, news.MailFrom = "news", "b@news.healthy.example"
	g.Streams = append(g.Streams, news)
	// Nine lookups, which is near the limit of ten, and one more with each of the two repaired.
	record := "v=spf1 ip4:192.0.2.25 include:news.healthy.example" + some(1, 8) + " -all" + some(9, 1)
	edits = append(edits, `news.healthy.example. TXT "v=spf1 ip4:192.0.2.25 -all`+some(10, 1)+`"`)
	edits = append(edits, spf(record)...)
	alone := published(run(publish(t, edits...), g, everything))
	if len(alone) != 2 || !alone[0].Proven || !alone[1].Proven {
		t.Fatalf("alone: %+v", alone)
	}
	before, after, sets := repaired(t, g, edits...)
	l := published(before)
	if !l[0].Proven || l[1].Proven || !strings.Contains(l[1].Reason, "not together with those above: with it applied, spf.lookup-limit is found") {
		t.Errorf("fixes %+v", l)
	}
	if len(sets) != 1 || sets[0].Name != l[0].Changes[0].Name || after == nil {
		t.Errorf("sets %+v", sets)
	}
}

// TestManyFixes: what a domain publishes does not say how many audits it costs.
func TestManyFixes(t *testing.T) {
	var edits, ips []string
	for i := 101; i <= 200; i++ {
		edits = append(edits, fmt.Sprintf("%d.2.0.192.in-addr.arpa. PTR h%d.healthy.example.", i, i))
		ips = append(ips, fmt.Sprintf("192.0.2.%d", i))
	}
	o := audit.Options{Wanted: func(a checks.Area) bool { return a == "ptr" }, Timeout: time.Minute}
	before, after, sets := audit.Repair(context.Background(), gather.Env{DNS: publish(t, edits...), Now: time.Now}, target(t, ips...), o)
	proven := slices.DeleteFunc(published(before), func(f audit.Fix) bool { return !f.Proven })
	left := slices.DeleteFunc(published(before), func(f audit.Fix) bool { return !strings.Contains(f.Reason, "64 others were") })
	if len(proven) != 64 || len(left) != 36 || len(sets) != 64 || after == nil {
		t.Errorf("%d proven, %d left, %d sets", len(proven), len(left), len(sets))
	}
}
