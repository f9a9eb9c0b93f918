package fix_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/gather"
)

// published are the fixes of a report that change DNS.
func published(r *audit.Report) []audit.Fix {
	return slices.DeleteFunc(slices.Clone(r.Fixes), func(f audit.Fix) bool { return len(f.Changes) == 0 })
}

// prove audits again with a fix applied: its findings are gone, no other has come, whatever passed passes, and the score
// is the one that was promised.
func prove(t testing.TB, f audit.Fix, before *audit.Report, under dnsx.Resolver, target gather.Target, wanted func(checks.Area) bool) {
	t.Helper()
	after := run(applied(t, f, under), target, wanted)
	was := violations(before)
	for _, v := range violations(after) {
		rule, _, _ := strings.Cut(v, " ")
		switch {
		case slices.Contains(f.Rules, rule):
			t.Errorf("%s does not clear %s", f.ID, v)
		case rule == "dmarc.rua-missing" && slices.Contains(f.Rules, "dmarc.missing"): // whose mailbox, only the owner knows
		case rule == "spf.void" && slices.Contains(f.Rules, "spf.void-limit"): // two that find nothing instead of more
		case rule == "spf.ip6-not-covered" && slices.Contains(f.Rules, "spf.multiple"): // it did not pass before, either
		case rule == "spf.lookup-near" && slices.Contains(f.Rules, "spf.lookup-limit"): // ten lookups instead of more
		case !slices.Contains(was, v):
			t.Errorf("%s raises %s", f.ID, v)
		}
	}
	for i, r := range before.Evidence.SPF.Results {
		if now := after.Evidence.SPF.Results[i]; r.Result == "pass" && now.Result != "pass" {
			t.Errorf("%s: %s %s passed and now gets %s", f.ID, r.Identity, r.IP, now.Result)
		}
	}
	for i, a := range before.Evidence.Alignment {
		if now := after.Evidence.Alignment[i]; a.DMARC == "pass" && now.DMARC != "pass" {
			t.Errorf("%s: DMARC of %s passed and is now %s", f.ID, a.Stream, now.DMARC)
		}
	}
	if f.ScoreAfter == nil || after.Score == nil || *f.ScoreAfter != *after.Score {
		t.Errorf("%s: score_after %v, and the audit gives %v", f.ID, deref(f.ScoreAfter), deref(after.Score))
	}
	if !f.Proven || f.Reason != "" {
		t.Errorf("%s is not proven: %s", f.ID, f.Reason)
	}
	if *after.Score < *before.Score {
		t.Errorf("%s: the score falls from %d to %d", f.ID, *before.Score, *after.Score)
	}
}

func deref(p *int) any {
	if p == nil {
		return nil
	}
	return *p
}

// policy are the edits that give the healthy domain another DMARC record.
func policy(record string) []string {
	return []string{"-_dmarc.healthy.example. TXT", `_dmarc.healthy.example. TXT "` + record + `"`}
}

// eleven are hosts, and elevenHosts terms that name them, of which an evaluation comes to ten (RFC 7208 4.6.4).
var eleven, elevenHosts = func() (zone []string, terms string) {
	for i := range 11 {
		zone = append(zone, fmt.Sprintf("h%d.healthy.example. A 203.0.113.%d", i+1, i+1))
		terms += fmt.Sprintf(" a:h%d.healthy.example", i+1)
	}
	return zone, terms
}()

// manyMX are eleven MX hosts, one more than an mx term may have.
var manyMX = func() (zone []string) {
	for i := range 11 {
		zone = append(zone, fmt.Sprintf("many.healthy.example. MX %d h%d.healthy.example.", i, i+1))
	}
	return append(zone, eleven...)
}()

// publicKey is that of selector s2 of the healthy domain.
var publicKey = sync.OnceValue(func() string {
	text, err := os.ReadFile("../audit/testdata/healthy.zone")
	if err != nil {
		panic(err)
	}
	key := regexp.MustCompile(`(?m)^s2\._domainkey\.healthy\.example\..*$`).FindString(string(text))
	return strings.ReplaceAll(regexp.MustCompile(`p=[^;]*`).FindString(strings.ReplaceAll(key, `" "`, "")), `"`, "")
})

// keyOf is TXT data with the public key behind other tags.
func keyOf(tags string) string {
	text := tags + publicKey()
	return `"` + text[:255] + `" "` + text[255:] + `"`
}

// key are the edits that give selector s2 another record.
func key(tags string) []string {
	return []string{"-s2._domainkey.healthy.example. TXT", "s2._domainkey.healthy.example. TXT " + keyOf(tags)}
}

// TestProof holds each kind of DNS proposal to what it promises.
func TestProof(t *testing.T) {
	const ip = "192.0.2.25"
	const top = "com. SOA ns1.host.example. hostmaster.host.example. 1 7200 3600 1209600 3600" // so that names beneath it are known not to be there
	var all256 []string
	for i := range 256 {
		all256 = append(all256, fmt.Sprintf("192.0.2.%d", i))
	}
	tests := []struct {
		name   string
		edits  []string
		ips    []string
		target func(*gather.Target)
		rules  string
		want   string // the changes
	}{
		{name: "+all", edits: spf("v=spf1 ip4:192.0.2.25 include:_spf.esp.example +all"), rules: "spf.all-plus",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`},
		{name: "all without a sign, in capitals", edits: spf("V=SPF1 IP4:192.0.2.25 ALL"), rules: "spf.all-plus",
			want: `replace healthy.example TXT "v=spf1 IP4:192.0.2.25 ~all"`},
		{name: "?all", edits: spf("v=spf1 ip4:192.0.2.25 a:mail.healthy.example ?all"), rules: "spf.all-neutral",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 a:mail.healthy.example ~all"`},
		{name: "no all", edits: spf("v=spf1 ip4:192.0.2.25 include:_spf.esp.example"), rules: "spf.all-missing",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`},
		{name: "modifiers stay where they are", edits: spf("v=spf1 x=y ip4:192.0.2.25 ?all exp=why.healthy.example"), rules: "spf.all-neutral",
			want: `replace healthy.example TXT "v=spf1 x=y ip4:192.0.2.25 ~all exp=why.healthy.example"`},
		{name: "no all before a modifier", edits: spf("v=spf1 ip4:192.0.2.25 exp=why.healthy.example"), rules: "spf.all-missing",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all exp=why.healthy.example"`},
		{name: "whoever passed by +all alone is named", edits: spf("v=spf1 ip4:203.0.113.9 +all"), rules: "spf.all-plus",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ip4:203.0.113.9 ~all"`},
		{name: "+all alone", edits: spf("v=spf1 +all"), rules: "spf.all-plus",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "addresses behind all", edits: spf("v=spf1 ip4:192.0.2.25 -all ip4:203.0.113.7 ip6:2001:db8::/64 x=y"), rules: "spf.all-not-last",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ip4:203.0.113.7 ip6:2001:db8::/64 -all x=y"`},
		{name: "a second all", edits: spf("v=spf1 ip4:192.0.2.25 ~all -all"), rules: "spf.all-not-last",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "addresses behind ?all", edits: spf("v=spf1 ?all ip4:192.0.2.25"), rules: "spf.all-neutral spf.all-not-last spf.ip-not-covered",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ip4:192.0.2.25 ~all"`},
		{name: "an address that gets fail", edits: spf("v=spf1 include:_spf.esp.example -all"), rules: "spf.ip-not-covered",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example -all"`},
		{name: "an address that gets softfail", edits: spf("v=spf1 a:mx1.healthy.example ~all"), rules: "spf.ip-not-covered",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 a:mx1.healthy.example ~all"`},
		{name: "an address that gets fail from where redirect leads", edits: spf("v=spf1 redirect=_spf.esp.example"), rules: "spf.ip-not-covered",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 redirect=_spf.esp.example"`},
		{name: "an address that gets neutral, and ?all", edits: spf("v=spf1 a:mx1.healthy.example ?all"), rules: "spf.all-neutral spf.ip-not-covered",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 a:mx1.healthy.example ~all"`},
		{name: "an address that fails beside an include behind all", edits: spf("v=spf1 -all include:_spf.esp.example"), rules: "spf.all-not-last spf.ip-not-covered",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example -all"`},
		{name: "an include behind all", edits: spf("v=spf1 ip4:192.0.2.25 -all include:_spf.esp.example"), rules: "spf.all-not-last",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example -all"`},
		{name: "an address that fails beside a refusal behind all", edits: spf("v=spf1 -all -include:_spf.esp.example"), rules: "spf.ip-not-covered",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 -all -include:_spf.esp.example"`},
		{name: "macros of two cases are two terms", edits: spf("v=spf1 ip4:192.0.2.25 exists:%{i}.%{S}.healthy.example exists:%{i}.%{s}.healthy.example EXISTS:%{i}.%{s}.Healthy.example ?all"),
			rules: "spf.all-neutral", want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 exists:%{i}.%{S}.healthy.example exists:%{i}.%{s}.healthy.example ~all"`},
		{name: "of too many that find nothing, the one that is for sale", edits: append(spf("v=spf1 a:mail.lapsed-example.com ip4:192.0.2.25 a:gone1.healthy.example a:gone2.healthy.example a:gone3.healthy.example -all"), top),
			rules: "spf.void-limit spf.takeover", want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 a:gone1.healthy.example a:gone2.healthy.example ~all"`},
		{name: "of three that find nothing, the one that is for sale", edits: append(spf("v=spf1 a:mail.lapsed-example.com ip4:192.0.2.25 a:gone1.healthy.example a:gone2.healthy.example -all"), top),
			rules: "spf.void-limit spf.takeover", want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 a:gone1.healthy.example a:gone2.healthy.example ~all"`},
		{name: "a host that also has an address of IPv6, behind two records", edits: []string{"-healthy.example. TXT", `healthy.example. TXT "v=spf1 ip4:192.0.2.25 -all"`,
			`healthy.example. TXT "v=spf1 include:_spf.esp.example -all"`, "mail.healthy.example. AAAA 2a0f::25"},
			rules: "spf.multiple", want: `replace healthy.example TXT "v=spf1 include:_spf.esp.example ip4:192.0.2.25 ~all", remove healthy.example TXT `},
		{name: "addresses of both families", edits: append(spf("v=spf1 -all"), "mail.healthy.example. AAAA 2001:db8::25",
			"5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mail.healthy.example."),
			ips: []string{"2001:db8::25", ip}, target: func(t *gather.Target) { t.Profile = "sender" }, rules: "spf.ip-not-covered",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 -all"`},
		{name: "two neighbours", edits: append(spf("v=spf1 ip4:192.0.2.25 -all"), "-mail.healthy.example. TXT"), ips: []string{"192.0.2.27", ip, "192.0.2.26"}, rules: "spf.ip-not-covered",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.26 ip4:192.0.2.27 ip4:192.0.2.25 -all"`},
		{name: "part of a network", edits: append(spf("v=spf1 include:_spf.esp.example -all"), "-mail.healthy.example. TXT"), ips: append([]string{"2001:db8::1"}, all256[1:16]...), rules: "spf.ip-not-covered",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2/31 ip4:192.0.2.4/30 ip4:192.0.2.8/29 ip6:2001:db8::1 include:_spf.esp.example -all"`},
		{name: "the ?all of the HELO name", edits: []string{"-mail.healthy.example. TXT", `mail.healthy.example. TXT "v=spf1 a ?all"`}, rules: "spf.all-neutral",
			want: `replace mail.healthy.example TXT "v=spf1 a ~all"`},
		{name: "the +all of the HELO name", edits: []string{"-mail.healthy.example. TXT", `mail.healthy.example. TXT "v=spf1 +all"`}, rules: "spf.all-plus",
			want: `replace mail.healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "an address that the HELO name refuses", edits: []string{"-mail.healthy.example. TXT", `mail.healthy.example. TXT "v=spf1 ip4:203.0.113.5 -all"`},
			rules: "spf.helo-not-covered", want: `replace mail.healthy.example TXT "v=spf1 ip4:192.0.2.25 ip4:203.0.113.5 -all"`},
		{name: "a whole network", edits: append(spf("v=spf1 include:_spf.esp.example -all"), "-mail.healthy.example. TXT"), ips: all256, rules: "spf.ip-not-covered",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.0/24 include:_spf.esp.example -all"`},
		{name: "an address that gets fail, of a bulk sender without DKIM", edits: append(spf("v=spf1 include:_spf.esp.example -all"), unsigned...),
			target: func(t *gather.Target) { t.Streams[0].Daily = 5000 },
			rules:  "spf.ip-not-covered", want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example -all"`},
		{name: "no SPF", edits: []string{"-healthy.example. TXT"}, rules: "spf.missing spf.ip-not-covered",
			want: `add healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "no SPF and no DKIM", edits: append(spf("no SPF"), unsigned...),
			rules: "spf.missing spf.ip-not-covered", want: `add healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "what does not make anything pass", edits: append(spf("v=spf1 include:gone.esp.example ?all"), unsigned...),
			rules: "spf.void spf.include-missing spf.all-neutral spf.ip-not-covered", want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "a syntax error", edits: spf("v=spf1 ip4:192.0.2.25 foo:192.0.2.26 -all"), rules: "spf.syntax",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "names of mechanisms that there are not", edits: spf("v=spf1 ipv4:192.0.2.25 ~ip:203.0.113.7 IPv6:2001:db8::/64 -all"), rules: "spf.syntax",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~ip4:203.0.113.7 ip6:2001:db8::/64 ~all"`},
		{name: "addresses of the other family", edits: spf("v=spf1 ip4:192.0.2.25 ip4:2001:db8::25 ip6:203.0.113.9/31 -all"), rules: "spf.ip4-invalid spf.ip6-invalid",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 ip4:203.0.113.9/31 ~all"`},
		{name: "terms with semicolons behind them", edits: spf("v=spf1 ip4:192.0.2.25; include:_spf.esp.example; -all;"), rules: "spf.syntax spf.ip4-invalid",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`},
		{name: "terms with commas behind them", edits: spf("v=spf1, ip4:192.0.2.25, include:_spf.esp.example, -all"), rules: "spf.version",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`},
		{name: "terms parted by other than spaces", edits: spf(`v=spf1 \194\160ip4:192.0.2.25,ip4:203.0.113.7 \"include:_spf.esp.example\",,-all`), rules: "spf.syntax",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ip4:203.0.113.7 include:_spf.esp.example ~all"`},
		{name: "a refusal with a comma behind it", edits: spf("v=spf1 -ip4:203.0.113.9, ip4:192.0.2.25 ~all"), rules: "spf.ip4-invalid",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "two explanations", edits: spf("v=spf1 ip4:192.0.2.25 exp=why.healthy.example exp=more.healthy.example -all"), rules: "spf.syntax",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 exp=why.healthy.example ~all"`},
		{name: "a redirect with a comma behind it", edits: spf("v=spf1 ip4:192.0.2.25, redirect=_spf.esp.example,"), rules: "spf.syntax spf.ip4-invalid",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`},
		{name: "spaces behind colons", edits: spf("v=spf1 include: _spf.esp.example ip4: 192.0.2.25 -all"), rules: "spf.syntax spf.ip4-invalid",
			want: `replace healthy.example TXT "v=spf1 include:_spf.esp.example ip4:192.0.2.25 ~all"`},
		{name: "a syntax error behind an all that is wrong", edits: spf("v=spf1 ip4:192.0.2.25 ?all foo"), rules: "spf.syntax spf.all-neutral",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "an address that is none", edits: spf("v=spf1 ip4:192.0.2.256 include:_spf.esp.example -all"), rules: "spf.ip4-invalid spf.ip-not-covered",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`},
		{name: "strings without a space between them", edits: []string{"-healthy.example. TXT", `healthy.example. TXT "v=spf1 ip4:192.0.2.25" "include:_spf.esp.example -all"`},
			rules: "spf.ip4-invalid spf.string-too-long", want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`},
		{name: "an include that took in the all", edits: []string{"-healthy.example. TXT", `healthy.example. TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example" "-all"`, "example-all. SOA ns1.healthy.example. hostmaster.healthy.example. 1 7200 3600 1209600 3600"},
			rules: "spf.string-too-long spf.void spf.include-missing spf.all-missing", want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`},
		{name: "strings that were made to cost time", edits: []string{"-healthy.example. TXT", `healthy.example. TXT "v=spf1 ip4:192.0.2.25" "include:_spf.esp.example -all"` + strings.Repeat(` ""`, 64)},
			rules: "spf.ip4-invalid spf.string-too-long spf.ip-not-covered", want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "a version that took in an include", edits: []string{"-healthy.example. TXT", `healthy.example. TXT "v=spf1" "include:_spf.esp.example ip4:192.0.2.25 -all"`},
			rules: "spf.version", want: `replace healthy.example TXT "v=spf1 include:_spf.esp.example ip4:192.0.2.25 ~all"`},
		{name: "a tab behind the version", edits: []string{"-healthy.example. TXT", `healthy.example. TXT "v=spf1\009include:_spf.esp.example ip4:192.0.2.25 -all"`},
			rules: "spf.version", want: `replace healthy.example TXT "v=spf1 include:_spf.esp.example ip4:192.0.2.25 ~all"`},
		{name: "a version of its own", edits: []string{"-healthy.example. TXT", `healthy.example. TXT "v=spf1.0; include:_spf.esp.example ip4:192.0.2.25 -all"`},
			rules: "spf.version", want: `replace healthy.example TXT "v=spf1 include:_spf.esp.example ip4:192.0.2.25 ~all"`},
		{name: "two redirects", edits: append(spf("v=spf1 ip4:192.0.2.25 redirect=_spf.esp.example redirect=_spf2.esp.example"), `_spf2.esp.example. TXT "v=spf1 ip4:203.0.113.77 -all"`), rules: "spf.redirect-multiple",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example include:_spf2.esp.example ~all"`},
		{name: "a redirect to nowhere", edits: spf("v=spf1 ip4:192.0.2.25 redirect=gone.esp.example"), rules: "spf.void spf.redirect-missing",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "a redirect beside all", edits: spf("v=spf1 ip4:192.0.2.25 redirect=_spf.esp.example -all"), rules: "spf.redirect-with-all",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 -all"`},
		{name: "an include that leads nowhere", edits: spf("v=spf1 include:gone.esp.example ip4:192.0.2.25 -all"), rules: "spf.void spf.include-missing",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "an include of a record that is void", edits: append(spf("v=spf1 include:_bad.esp.example ip4:192.0.2.25 -all"), `_bad.esp.example. TXT "v=spf1 foo -all"`),
			rules: "spf.include-permerror", want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "an include of itself", edits: spf("v=spf1 include:healthy.example ip4:192.0.2.25 -all"), rules: "spf.include-loop",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "three lookups that find nothing", edits: spf("v=spf1 a:v1.healthy.example mx:v2.healthy.example exists:v3.healthy.example ip4:192.0.2.25 -all"),
			rules: "spf.void-limit", want: `replace healthy.example TXT "v=spf1 a:v1.healthy.example mx:v2.healthy.example ip4:192.0.2.25 ~all"`},
		{name: "three lookups that find nothing, one of them in an include", edits: append(spf("v=spf1 a:v1.healthy.example exists:v2.healthy.example include:_void.esp.example ip4:192.0.2.25 -all"),
			`_void.esp.example. TXT "v=spf1 a:v3.healthy.example ip4:203.0.113.9 -all"`), rules: "spf.void-limit",
			want: `replace healthy.example TXT "v=spf1 a:v1.healthy.example include:_void.esp.example ip4:192.0.2.25 ~all"`},
		{name: "an mx with eleven hosts", edits: append(spf("v=spf1 mx:many.healthy.example ip4:192.0.2.25 -all"), manyMX...), rules: "spf.mx-limit",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "one lookup that finds nothing", edits: spf("v=spf1 ip4:192.0.2.25 exists:v1.healthy.example -all"),
			rules: "spf.void", want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 -all"`},
		{name: "lookups beyond the tenth", edits: append(spf("v=spf1"+elevenHosts+" ip4:192.0.2.25 -all"), eleven...), rules: "spf.lookup-limit",
			want: `replace healthy.example TXT "v=spf1` + strings.TrimSuffix(elevenHosts, " a:h11.healthy.example") + ` ip4:192.0.2.25 ~all"`},
		{name: "the same include twice", edits: spf("v=spf1 include:_spf.esp.example ip4:192.0.2.25 include:_spf.esp.example -all"), rules: "spf.include-duplicate",
			want: `replace healthy.example TXT "v=spf1 include:_spf.esp.example ip4:192.0.2.25 -all"`},
		{name: "an include behind ?all", edits: spf("v=spf1 ip4:192.0.2.25 ?all include:_spf.esp.example"), rules: "spf.all-neutral spf.all-not-last",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`},
		{name: "a record that was meant to be one", edits: spf("v=spf10 ip4:192.0.2.25 -all"), rules: "spf.version",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "two records", edits: append(spf("v=spf1 ip4:192.0.2.25 -all"), `healthy.example. TXT "v=spf1 ip4:203.0.113.1 include:_spf.esp.example -all"`), rules: "spf.multiple",
			want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ip4:203.0.113.1 include:_spf.esp.example ~all", remove healthy.example TXT `},
		{name: "two records, one of which says what both do", edits: append(spf("v=spf1 -all"), `healthy.example. TXT "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`),
			rules: "spf.multiple", want: "remove healthy.example TXT "},
		{name: "two DMARC records, one of which only watches", edits: append(policy("v=DMARC1; p=reject; rua=mailto:a@healthy.example"), `_dmarc.healthy.example. TXT "v=DMARC1; p=none; rua=mailto:a@healthy.example"`),
			rules: "dmarc.multiple", want: "remove _dmarc.healthy.example TXT "},
		{name: "a DMARC record with a tag twice", edits: policy("v=DMARC1; p=reject; p=none; rua=mailto:a@healthy.example"), rules: "dmarc.duplicate-tag",
			want: `replace _dmarc.healthy.example TXT "v=DMARC1; p=none; rua=mailto:a@healthy.example"`},
		{name: "two DMARC records", edits: append(policy("v=DMARC1; p=reject; adkim=s; rua=mailto:a@healthy.example"), `_dmarc.healthy.example. TXT "v=DMARC1; p=none; sp=reject; rua=mailto:b@healthy.example"`), rules: "dmarc.multiple",
			want: `replace _dmarc.healthy.example TXT "v=DMARC1; p=none; sp=none; rua=mailto:b@healthy.example,mailto:a@healthy.example; adkim=s", remove _dmarc.healthy.example TXT `},
		{name: "a DMARC version in lower case", edits: policy("v=dmarc1; p=reject; rua=mailto:a@healthy.example"), rules: "dmarc.version",
			want: `replace _dmarc.healthy.example TXT "v=DMARC1; p=none; rua=mailto:a@healthy.example"`},
		{name: "a DMARC record with commas", edits: policy("v=DMARC1, p=reject, rua=mailto:a@healthy.example,mailto:b@healthy.example, adkim=s"), rules: "dmarc.version",
			want: `replace _dmarc.healthy.example TXT "v=DMARC1; p=none; rua=mailto:a@healthy.example,mailto:b@healthy.example; adkim=s"`},
		{name: "a DMARC record with blanks", edits: policy("v=DMARC1 p=reject rua=mailto:a@healthy.example"), rules: "dmarc.version",
			want: `replace _dmarc.healthy.example TXT "v=DMARC1; p=none; rua=mailto:a@healthy.example"`},
		{name: "a DMARC record with backslashes", edits: policy(`v=DMARC1\\; p=reject\\; rua=mailto:a@healthy.example\\; adkim=s`), rules: "dmarc.version",
			want: `replace _dmarc.healthy.example TXT "v=DMARC1; p=none; rua=mailto:a@healthy.example; adkim=s"`},
		{name: "a DMARC policy that is none", edits: policy("v=DMARC1; p=block; rua=mailto:a@healthy.example"), rules: "dmarc.p-invalid",
			want: `replace _dmarc.healthy.example TXT "v=DMARC1; p=none; rua=mailto:a@healthy.example"`},
		{name: "a DMARC subdomain policy that is none", edits: policy("v=DMARC1; p=reject; sp=block; rua=mailto:a@healthy.example"), rules: "dmarc.sp-np-invalid",
			want: `replace _dmarc.healthy.example TXT "v=DMARC1; p=none; sp=none; rua=mailto:a@healthy.example"`},
		{name: "a DMARC record without policy", edits: policy("v=DMARC1; rua=mailto:a@healthy.example"), rules: "dmarc.p-missing",
			want: `replace _dmarc.healthy.example TXT "v=DMARC1; p=none; rua=mailto:a@healthy.example"`},
		{name: "reports to what is no URI", edits: policy("v=DMARC1;p=reject; rua=a@healthy.example"), rules: "dmarc.rua-invalid",
			want: `replace _dmarc.healthy.example TXT "v=DMARC1;p=reject; rua=mailto:a@healthy.example"`},
		{name: "reports to one that is valid, too", edits: policy("v=DMARC1; p=reject; rua=mailto:a@healthy.example, nowhere; adkim=r"), rules: "dmarc.rua-invalid",
			want: `replace _dmarc.healthy.example TXT "v=DMARC1; p=reject; rua=mailto:a@healthy.example; adkim=r"`},
		{name: "a HELO name without address", target: func(t *gather.Target) { t.Streams[0].HELO = "out.healthy.example" }, rules: "helo.unresolvable",
			want: "add out.healthy.example A 192.0.2.25"},
		{name: "an MX that is an alias", edits: []string{"-healthy.example. MX", "healthy.example. MX 10 mx.healthy.example.", "mx.healthy.example. CNAME mx1.healthy.example."},
			rules: "mx.cname", want: "replace healthy.example MX 10 mx1.healthy.example."},
		{name: "an MX host on a private address", edits: []string{"healthy.example. MX 5 lan.healthy.example.", "lan.healthy.example. A 10.0.0.25"},
			rules: "mx.private-ip", want: "remove healthy.example MX "},
		{name: "an MX that is an alias of a host on a private address", edits: []string{"healthy.example. MX 5 lan.healthy.example.", "lan.healthy.example. CNAME in.healthy.example.", "in.healthy.example. A 10.0.0.25"},
			rules: "mx.cname mx.private-ip", want: "remove healthy.example MX "},
		{name: "an MX host without an address", edits: []string{"-healthy.example. MX", "healthy.example. MX 10 gone.healthy.example.", "healthy.example. MX 20 mx1.healthy.example."},
			rules: "mx.unresolvable", want: "remove healthy.example MX "},
		{name: "no MX host with an address", edits: []string{"-healthy.example. MX", "healthy.example. MX 10 gone.healthy.example.", "healthy.example. MX 20 lost.healthy.example."},
			rules: "mx.unresolvable", want: "replace healthy.example MX 10 mail.healthy.example., remove healthy.example MX "},
		{name: "an address for an MX host", edits: []string{"-healthy.example. MX", "healthy.example. MX 10 192.0.2.25."},
			rules: "mx.ip-literal", want: "replace healthy.example MX 10 mail.healthy.example."},
		{name: "a key for SHA-1 alone", edits: key("v=DKIM1; h=sha1; k=rsa; "), rules: "dkim.h-sha1", want: "replace s2._domainkey.healthy.example TXT " + keyOf("v=DKIM1; k=rsa; ")},
		{name: "a key that is not for mail", edits: key("v=DKIM1; s=tlsrpt; n=note; "), rules: "dkim.s-tag", want: "replace s2._domainkey.healthy.example TXT " + keyOf("v=DKIM1; n=note; ")},
		{name: "a key of another version", edits: key("v=DKIM2; k=rsa; "), rules: "dkim.v-wrong", want: "replace s2._domainkey.healthy.example TXT " + keyOf("v=DKIM1; k=rsa; ")},
		{name: "a key of a type that there is not", edits: key("k=dsa; t=s; "), rules: "dkim.k-unknown", want: "replace s2._domainkey.healthy.example TXT " + keyOf("v=DKIM1; t=s; ")},
		{name: "text beside a key", edits: []string{`s1._domainkey.healthy.example. TXT "not a key at all"`}, rules: "dkim.not-dkim-txt", want: "remove s1._domainkey.healthy.example TXT "},
		{name: "strict alignment of a subdomain's signature", edits: append(policy("v=DMARC1; p=reject; aspf=s; adkim=s; rua=mailto:a@healthy.example"),
			`esp.example. TXT "v=spf1 ip4:192.0.2.25 -all"`, "esp.example. MX 10 mx1.healthy.example.", "s1._domainkey.mail.healthy.example. TXT "+keyOf("v=DKIM1; ")), target: func(t *gather.Target) {
			t.Streams[0].MailFrom, t.Streams[0].DKIMDomain, t.Streams[0].Selectors = "bounce@esp.example", "mail.healthy.example", []string{"s1"}
		}, rules: "dmarc.adkim-strict dmarc.unaligned", want: `replace _dmarc.healthy.example TXT "v=DMARC1; p=reject; aspf=s; adkim=r; rua=mailto:a@healthy.example"`},
		{name: "strict alignment of a subdomain in MAIL FROM", edits: append(policy("v=DMARC1; p=reject; aspf=s; rua=mailto:a@healthy.example"),
			`bounce.healthy.example. TXT "v=spf1 ip4:192.0.2.25 -all"`, "bounce.healthy.example. MX 10 mx1.healthy.example."), target: func(t *gather.Target) {
			t.Streams[0].MailFrom = "news@bounce.healthy.example"
		}, rules: "dmarc.aspf-strict", want: `replace _dmarc.healthy.example TXT "v=DMARC1; p=reject; aspf=r; rua=mailto:a@healthy.example"`},
		{name: "two tags of one record", edits: append(policy("v=DMARC1; p=reject;  rua=a@healthy.example ;aspf = s"),
			`bounce.healthy.example. TXT "v=spf1 ip4:192.0.2.25 -all"`, "bounce.healthy.example. MX 10 mx1.healthy.example."), target: func(t *gather.Target) {
			t.Streams[0].MailFrom = "news@bounce.healthy.example"
		}, rules: "dmarc.rua-invalid dmarc.aspf-strict", want: `replace _dmarc.healthy.example TXT "v=DMARC1; p=reject;  rua=mailto:a@healthy.example ;aspf = r"`},
		{name: "an MX that is an alias, twice", edits: []string{"-healthy.example. MX", "healthy.example. MX 10 mx.healthy.example.", "healthy.example. MX 20 mx.healthy.example.", "mx.healthy.example. CNAME mx1.healthy.example."},
			rules: "mx.cname", want: "replace healthy.example MX 10 mx1.healthy.example., remove healthy.example MX "},
		{name: "everybody, and ptr, behind a semicolon", edits: spf("v=spf1 ip4:192.0.2.25 ip4:0.0.0.0/0; ptr; -all"), rules: "spf.syntax spf.ip4-invalid", want: `replace healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "two null MX among others", edits: []string{"healthy.example. MX 0 .", "healthy.example. MX 10 ."}, rules: "mx.null-plus-others", want: "remove healthy.example MX , remove healthy.example MX "},
		{name: "a null MX among others", edits: []string{"healthy.example. MX 0 ."}, rules: "mx.null-plus-others", want: "remove healthy.example MX "},
		{name: "a null MX of a sender", edits: []string{"-healthy.example. MX", "healthy.example. MX 0 ."}, target: func(t *gather.Target) { t.Profile = "sender" },
			rules: "mx.null", want: "replace healthy.example MX 10 mail.healthy.example."},
		{name: "neither MX nor address", edits: []string{"-healthy.example. MX", "-healthy.example. A"},
			rules: "domain.unresolvable", want: "add healthy.example MX 10 mail.healthy.example."},
		{name: "no SPF beside other TXT records", edits: spf("no SPF"),
			rules: "spf.missing spf.ip-not-covered", want: `add healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "no SPF where mail bounces to", edits: []string{"news.healthy.example. A 192.0.2.80"}, target: func(t *gather.Target) { t.Streams[0].MailFrom = "bounce@news.healthy.example" },
			rules: "spf.missing spf.ip-not-covered", want: `add news.healthy.example TXT "v=spf1 ip4:192.0.2.25 ~all"`},
		{name: "no DMARC", edits: []string{"-_dmarc.healthy.example. TXT"}, rules: "dmarc.missing",
			want: `add _dmarc.healthy.example TXT "v=DMARC1; p=none"`},
		{name: "no DMARC, bulk", edits: []string{"-_dmarc.healthy.example. TXT"}, target: func(t *gather.Target) { t.Streams[0].Daily = 5000 },
			rules: "dmarc.missing", want: `add _dmarc.healthy.example TXT "v=DMARC1; p=none"`},
		{name: "no DMARC, parked", edits: []string{"-_dmarc.healthy.example. TXT"}, target: func(t *gather.Target) { t.Profile = "parked" },
			rules: "dmarc.missing", want: `add _dmarc.healthy.example TXT "v=DMARC1; p=none"`},
		{name: "no DMARC, and two records above", edits: []string{"-_dmarc.healthy.example. TXT",
			`_dmarc.example. TXT "v=DMARC1; p=none"`, `_dmarc.example. TXT "v=DMARC1; p=reject"`},
			rules: "dmarc.missing", want: `add _dmarc.healthy.example TXT "v=DMARC1; p=none"`},
		{name: "a reverse name without address", edits: reverse("out.healthy.example"),
			rules: "ptr.no-forward", want: "add out.healthy.example A 192.0.2.25"},
		{name: "a reverse name that two addresses share", edits: slices.Concat(spf("v=spf1 ip4:192.0.2.24/30 -all"), reverse("out.healthy.example"),
			[]string{"-mail.healthy.example. TXT", "26.2.0.192.in-addr.arpa. PTR out.healthy.example."}), ips: []string{ip, "192.0.2.26"},
			rules: "ptr.no-forward", want: "add out.healthy.example A 192.0.2.25, add out.healthy.example A 192.0.2.26"},
		{name: "beside an address without a reverse name", edits: slices.Concat(spf("v=spf1 ip4:192.0.2.24/30 -all"), reverse("out.healthy.example"),
			[]string{"-mail.healthy.example. TXT"}), ips: []string{ip, "192.0.2.26"}, rules: "ptr.no-forward", want: "add out.healthy.example A 192.0.2.25"},
		{name: "one of two reverse names without address", edits: reverse("mx1.healthy.example", "out.healthy.example"),
			rules: "ptr.forward-mismatch", want: "add out.healthy.example A 192.0.2.25"},
		{name: "whichever reverse name comes first", edits: reverse("z.healthy.example", "a.elsewhere.example", "b.healthy.example"),
			rules: "ptr.no-forward", want: "add b.healthy.example A 192.0.2.25"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			under := publish(t, tt.edits...)
			if tt.ips == nil {
				tt.ips = []string{ip}
			}
			target := target(t, tt.ips...)
			if tt.target != nil {
				tt.target(&target)
			}
			before := run(under, target, everything)
			l := published(before)
			if len(l) != 1 {
				t.Fatalf("%d fixes change DNS: %+v\n%q", len(l), l, violations(before))
			}
			if got := strings.Join(l[0].Rules, " "); got != tt.rules {
				t.Errorf("rules %q, want %q", got, tt.rules)
			}
			var changes []string
			for _, c := range l[0].Changes {
				changes = append(changes, strings.Join([]string{c.Op, c.Name, c.Type, c.Data}, " "))
				if c.TTL <= 0 || (c.Op == "add") != (c.Was == "") || (c.Op == "remove") != (c.Data == "") {
					t.Errorf("change %+v", c)
				}
			}
			if got := strings.Join(changes, ", "); got != tt.want {
				t.Errorf("changes\n%s\nwant\n%s", got, tt.want)
			}
			prove(t, l[0], before, under, target, everything)
		})
	}
}

// TestNoProposal are faults that no record can be proposed for: each has a fix in words.
func TestNoProposal(t *testing.T) {
	tests := []struct {
		name  string
		edits []string
		ips   []string
		rule  string
		t     func(*gather.Target)
	}{
		{name: "no record and no address", edits: spf("none"), ips: []string{}, rule: "spf.missing"},
		{name: "no record of a domain that does not exist", rule: "domain.nxdomain", t: func(t *gather.Target) { t.Streams[0].MailFrom = "bounce@gone.healthy.example" }},
		{name: "a null MX among others, of another MAIL FROM domain", rule: "mx.null-plus-others", t: func(t *gather.Target) { t.Streams[0].MailFrom = "b@bounce.healthy.example" },
			edits: []string{"bounce.healthy.example. MX 0 .", "bounce.healthy.example. MX 10 mx1.healthy.example.", `bounce.healthy.example. TXT "v=spf1 ip4:192.0.2.25 -all"`}},
		{name: "a dead MX of a MAIL FROM domain that is an MX host", rule: "mx.unresolvable", t: func(t *gather.Target) { t.Streams[0].MailFrom = "b@mx1.healthy.example" },
			edits: []string{"mx1.healthy.example. MX 10 gone.healthy.example.", `mx1.healthy.example. TXT "v=spf1 ip4:192.0.2.25 -all"`, "healthy.example. MX 20 mail.healthy.example."}},
		{name: "no record, parked", edits: spf("none"), rule: "spf.missing", t: func(t *gather.Target) { t.Profile = "parked" }},
		{name: "an all for everybody, and nobody named", edits: spf("v=spf1 +all"), ips: []string{}, rule: "spf.all-plus"},
		{name: "an all for nobody, and nobody named", edits: spf("v=spf1 ?all"), ips: []string{}, rule: "spf.all-neutral"},
		{name: "a refusal behind all", edits: spf("v=spf1 ip4:192.0.2.25 ~all -ip4:203.0.113.9"), rule: "spf.all-not-last"},
		{name: "the all of an include", edits: append(spf("v=spf1 ip4:192.0.2.25 include:_all.esp.example -all"), `_all.esp.example. TXT "v=spf1 +all"`), rule: "spf.all-plus"},
		{name: "an address that nobody declared", edits: spf("v=spf1 ~ip4:203.0.113.0/28 ip4:203.0.113.9 -all"), ips: []string{}, rule: "spf.ip-not-covered"},
		{name: "a DMARC record by a CNAME to nowhere", rule: "dmarc.cname", edits: []string{"-_dmarc.healthy.example. TXT", "_dmarc.healthy.example. CNAME gone.host.example."}},
		{name: "no reverse name", edits: []string{"-25.2.0.192.in-addr.arpa. PTR"}, rule: "ptr.missing"},
		{name: "no reverse name of IPv6", edits: append(spf("v=spf1 ip6:2001:db8::25 -all"), "-mail.healthy.example. TXT"), ips: []string{"2001:db8::25"}, rule: "ptr.ipv6-missing"},
		{name: "a reverse name elsewhere", edits: reverse("out.host.example"), rule: "ptr.no-forward"},
		{name: "a reverse name that only ends alike", edits: reverse("out.unhealthy.example"), rule: "ptr.no-forward"},
		{name: "a reverse name that is the domain", edits: append(reverse("healthy.example"), "-healthy.example. A"), rule: "ptr.no-forward"},
		{name: "a reverse name that is an alias", edits: append(reverse("out.healthy.example"), "out.healthy.example. CNAME gone.host.example."), rule: "ptr.no-forward"},
		{name: "a reverse name of another host", edits: reverse("mx1.healthy.example"), rule: "ptr.forward-mismatch"},
		{name: "a selector without a key", edits: []string{"-s2._domainkey.healthy.example. TXT"}, rule: "dkim.selector-missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.ips == nil {
				tt.ips = []string{"192.0.2.25"}
			}
			target := target(t, tt.ips...)
			if tt.t != nil {
				tt.t(&target)
			}
			r := run(publish(t, tt.edits...), target, everything)
			if l := published(r); len(l) > 0 {
				t.Errorf("proposes %+v", l)
			}
			i := slices.IndexFunc(r.Fixes, func(f audit.Fix) bool { return slices.Contains(f.Rules, tt.rule) })
			if i < 0 {
				t.Fatalf("no fix for %s: %+v\n%q", tt.rule, r.Fixes, violations(r))
			}
			if f := r.Fixes[i]; f.Text == "" || f.Proven || f.Reason == "" || f.ID == "" || f.ScoreAfter == nil {
				t.Errorf("fix %+v", f)
			}
		})
	}
}

// TestTwoStreams: what is proposed for one MAIL FROM domain answers nothing about another, although both send from one address.
func TestTwoStreams(t *testing.T) {
	tests := []struct {
		name      string
		own, news string
		want      []string
	}{
		{"two records to repair", "v=spf1 include:_spf.esp.example ?all", "v=spf1 include:_spf.esp.example", []string{
			`[spf.all-neutral spf.ip-not-covered] healthy.example "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`,
			`[spf.all-missing spf.ip-not-covered] news.healthy.example "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`}},
		{"two of the same fault", "v=spf1 include:_spf.esp.example ?all", "v=spf1 include:_spf.esp.example ?all", []string{
			`[spf.all-neutral spf.ip-not-covered] healthy.example "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`,
			`[spf.all-neutral spf.ip-not-covered] news.healthy.example "v=spf1 ip4:192.0.2.25 include:_spf.esp.example ~all"`}},
		{"two that are missing", "no SPF", "no SPF", []string{
			`[spf.missing spf.ip-not-covered] healthy.example "v=spf1 ip4:192.0.2.25 ~all"`,
			`[spf.missing spf.ip-not-covered] news.healthy.example "v=spf1 ip4:192.0.2.25 ~all"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			under := publish(t, append(spf(tt.own), `news.healthy.example. TXT "`+tt.news+`"`)...)
			target := target(t, "192.0.2.25")
			news := target.Streams[0]
			news.Name, news.MailFrom = "news", "bounce@news.healthy.example"
			target.Streams = append(target.Streams, news)
			before := run(under, target, everything)
			var got []string
			for _, f := range published(before) {
				got = append(got, fmt.Sprint(f.Rules, " ", f.Changes[0].Name, " ", f.Changes[0].Data))
				after := run(applied(t, f, under), target, everything)
				if was, is := len(violations(before)), len(violations(after)); is != was-2 {
					t.Errorf("%s: %d violations, then %d: %q", f.ID, was, is, violations(after))
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("fixes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTwoFaultsOfOneRule: replacing the domain's own +all leaves that of an include, which has a fix of its own.
func TestTwoFaultsOfOneRule(t *testing.T) {
	under := publish(t, append(spf("v=spf1 ip4:192.0.2.25 include:_all.esp.example +all"), `_all.esp.example. TXT "v=spf1 +all"`)...)
	r := run(under, target(t, "192.0.2.25"), everything)
	var got []string
	for _, f := range r.Fixes {
		got = append(got, fmt.Sprintf("%s, %d changes", strings.Join(f.Rules, " "), len(f.Changes)))
	}
	slices.Sort(got)
	want := []string{"spf.all-plus, 0 changes", "spf.all-plus, 1 changes"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fixes (-want +got):\n%s", diff)
	}
}

// lossy answers no question about one name.
type lossy struct {
	dnsx.Resolver
	name string
}

func (l lossy) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	if q.Name == l.name {
		return dnsx.Answer{Question: q, Status: dnsx.Failed, Cause: "no answer"}
	}
	return l.Resolver.Lookup(ctx, q)
}

// TestLostAnswer: who passed by +all, as long as the include before it could not be found out, is not left to ~all.
func TestLostAnswer(t *testing.T) {
	under := lossy{publish(t, spf("v=spf1 ip4:203.0.113.9 include:_spf.esp.example +all")...), "_spf.esp.example"}
	l := published(run(under, target(t, "192.0.2.25"), everything))
	want := `"v=spf1 ip4:192.0.2.25 ip4:203.0.113.9 include:_spf.esp.example ~all"`
	if len(l) != 1 || l[0].Changes[0].Data != want {
		t.Errorf("fixes %+v, want one with %s", l, want)
	}
}

// TestEveryRecord repairs random records, and asks what becomes of addresses that nobody declared.
func TestEveryRecord(t *testing.T) {
	terms := strings.Fields(`ip4:192.0.2.25 ip4:203.0.113.9 -ip4:203.0.113.9 ~ip4:203.0.113.0/28 ?ip4:192.0.2.25 ip6:2001:db8::/64 a:mail.healthy.example
		a:void.healthy.example mx include:_spf.esp.example include:gone.esp.example include:_all.esp.example -include:_spf.esp.example
		exists:%{i}.healthy.example ptr all +all -all ~all ?all redirect=_spf.esp.example exp=why.healthy.example x=y`)
	wanted := func(a checks.Area) bool { return a == "spf" }
	// What leads nowhere, and a redirect beside all, let nobody pass and may go.
	idle := strings.Fields("a:void.healthy.example include:gone.esp.example redirect=_spf.esp.example")
	probes := []string{"203.0.113.9", "203.0.113.60", "192.0.2.25", "192.0.2.36", "2001:db8::7", "2001:db8:1::7"}
	results := func(t testing.TB, r dnsx.Resolver) map[string]string {
		m := map[string]string{}
		for _, x := range run(r, target(t, probes...), wanted).Evidence.SPF.Results {
			if x.Identity == "mailfrom" {
				m[x.IP] = x.Result
			}
		}
		return m
	}
	rapid.Check(t, func(rt *rapid.T) {
		record := "v=spf1 " + strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(terms), 1, 6, rapid.ID[string]).Draw(rt, "terms"), " ")
		ips := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"192.0.2.25", "203.0.113.60", "2001:db8::7"}), 1, 3, rapid.ID[string]).Draw(rt, "addresses")
		under := publish(t, append(spf(record), `_all.esp.example. TXT "v=spf1 +all"`, "-mail.healthy.example. TXT")...)
		before := run(under, target(t, ips...), wanted)
		for _, f := range published(before) {
			if !f.Proven {
				continue
			}
			after := run(applied(t, f, under), target(t, ips...), wanted)
			was := violations(before)
			for _, v := range violations(after) {
				if !slices.Contains(was, v) {
					rt.Fatalf("%q to %q raises %s", record, f.Changes[0].Data, v)
				}
			}
			if *f.ScoreAfter > *after.Score {
				rt.Fatalf("%q to %q: score_after %d, and the audit gives %d", record, f.Changes[0].Data, *f.ScoreAfter, *after.Score)
			}
			is := results(t, applied(t, f, under))
			for ip, result := range results(t, under) {
				accepted := result == "pass" || result == "softfail" || result == "neutral"
				if now := is[ip]; accepted && now != "pass" && now != "softfail" && now != "neutral" || slices.Contains(ips, ip) && result == "pass" && now != "pass" {
					rt.Fatalf("%q to %q: %s had %s and gets %s", record, f.Changes[0].Data, ip, result, now)
				}
			}
			kept := text(t, f.Changes[0].Data) + " "
			for term := range strings.FieldsSeq(record) {
				if !strings.HasSuffix(term, "all") && !strings.Contains(kept, term+" ") && !slices.Contains(idle, term) {
					rt.Fatalf("%q to %q loses %s", record, f.Changes[0].Data, term)
				}
			}
		}
	})
}

// TestParkedOneRecord: the record that is proposed for a domain that sends nothing leads to the one that parked.incomplete
// asks for, and does not contradict it.
func TestParkedOneRecord(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string]bool{"parked": true, "sender": false} {
		target := target(t)
		target.Profile = profile
		l := published(run(publish(t, "-_dmarc.healthy.example. TXT"), target, everything))
		if len(l) != 1 || strings.Contains(l[0].Text, "p=reject") != want {
			t.Errorf("%s: p=reject in the text is to be %t: %+v", profile, want, l)
		}
	}
}
