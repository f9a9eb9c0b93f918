package fix_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mailaudit/internal/audit"
	"mailaudit/internal/gather"
)

// defects are kinds of faults, of which one each of a group goes into a broken domain. "" is none.
var defects = map[string][]string{
	"spf": {
		"", "none", "v=spf1 +all", "v=spf1 ip4:192.0.2.25 ?all", "v=spf1 ip4:192.0.2.25", "v=spf1 include:_spf.esp.example -all",
		"v=spf1 ip4:192.0.2.256 ip4:192.0.2.25 -all", "v=spf1 ipv4:192.0.2.25 a:mail.healthy.example -all", "v=spf1 exists:%{x}.healthy.example ip4:192.0.2.25 -all",
		"v=spf1 include:gone.esp.example ip4:192.0.2.25 -all", "v=spf1 ip4:192.0.2.25 redirect=gone.esp.example", "v=spf1 a:v1.healthy.example a:v2.healthy.example a:v3.healthy.example -all",
		"v=spf1 ip4:192.0.2.25 a:v1.healthy.example -all", "v=spf1 -all ip4:192.0.2.25", "v=spf1 ip4:192.0.2.25 -all redirect=_spf.esp.example", "v=spf10 ip4:192.0.2.25 -all",
		"v=spf1" + elevenHosts + " -all", "v=spf1 include:_spf.esp.example include:_spf.esp.example ip4:192.0.2.25 -all", "v=spf1 include:healthy.example -all",
		`v=spf1 ip4:192.0.2.25 -all"` + "\n" + `healthy.example. TXT "v=spf1 include:_spf.esp.example ~all`,
	},
	"dmarc": {
		"", "none", "v=DMARC1; p=reject; p=none; rua=mailto:a@healthy.example", "v=dmarc1; p=reject; rua=mailto:a@healthy.example", "v=DMARC1; p=block; rua=mailto:a@healthy.example",
		"v=DMARC1; p=reject; sp=block; rua=mailto:a@healthy.example", "v=DMARC1; rua=mailto:a@healthy.example; x=y", "v=DMARC1; p=quarantine; rua=a@healthy.example; fo=1",
		`v=DMARC1; p=reject; rua=mailto:a@healthy.example"` + "\n" + `_dmarc.healthy.example. TXT "v=DMARC1; p=none; rua=mailto:b@healthy.example`,
	},
	"mx":   {"", "0 .", "10 alias.healthy.example.", "10 mx1.healthy.example.\nhealthy.example. MX 0 .", "none"},
	"ptr":  {"", "none", "out.healthy.example.", "mx1.healthy.example."},
	"helo": {"", "new.healthy.example"},
}

// broken is a domain with some of the defects.
func broken(t rapid.TB, pick map[string]string) (edits []string, g gather.Target) {
	g = target(t, "192.0.2.25")
	g.Profile = "sender"
	if name := pick["helo"]; name != "" {
		g.Streams[0].HELO = name
	}
	edits = append(slices.Clone(eleven), "alias.healthy.example. CNAME mx1.healthy.example.")
	for _, set := range []struct{ group, name, kind, quote string }{
		{"spf", domain, "TXT", `"`}, {"dmarc", "_dmarc." + domain, "TXT", `"`}, {"mx", domain, "MX", ""}, {"ptr", "25.2.0.192.in-addr.arpa", "PTR", ""},
	} {
		data := pick[set.group]
		if data == "" {
			continue
		}
		owner := set.name + ". " + set.kind + " "
		edits = append(edits, "-"+strings.TrimSpace(owner))
		if set.group == "spf" {
			edits = append(edits, owner+`"some-site-verification=4f1d2c"`)
		}
		if data != "none" {
			edits = append(edits, strings.Split(owner+set.quote+data+set.quote, "\n")...)
		}
	}
	return edits, g
}

// TestAllTogether breaks domains, by each defect alone and by several at random, and applies all proven fixes at once: what
// they clear is gone, the score is not lower, and whatever nobody complained of still stands.
func TestAllTogether(t *testing.T) {
	proven := map[string]bool{}
	for group, l := range defects {
		for _, d := range l {
			for _, rule := range repair(t, map[string]string{group: d}) {
				proven[rule] = true
			}
		}
	}
	for _, rule := range strings.Fields(`spf.missing spf.all-plus spf.all-neutral spf.all-missing spf.ip-not-covered spf.ip4-invalid spf.syntax spf.macro-invalid spf.include-missing
		spf.redirect-missing spf.void-limit spf.void spf.all-not-last spf.redirect-with-all spf.version spf.lookup-limit spf.include-duplicate spf.include-loop spf.multiple
		dmarc.missing dmarc.duplicate-tag dmarc.version dmarc.p-invalid dmarc.sp-np-invalid dmarc.p-missing dmarc.rua-invalid dmarc.multiple
		mx.null mx.cname mx.null-plus-others ptr.no-forward helo.unresolvable`) {
		if !proven[rule] {
			t.Errorf("no fix of %s was proven", rule)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		pick := map[string]string{}
		for _, group := range []string{"spf", "dmarc", "mx", "ptr", "helo"} {
			pick[group] = rapid.SampledFrom(defects[group]).Draw(rt, group)
		}
		repair(rt, pick)
	})
}

// repair applies all proven fixes of a broken domain, and gives the rules that they answer.
func repair(t rapid.TB, pick map[string]string) (proven []string) {
	edits, target := broken(t, pick)
	o := audit.Options{Wanted: everything, Timeout: time.Minute}
	before, after, sets := audit.Repair(context.Background(), gather.Env{DNS: publish(t, edits...), Now: time.Now}, target, o)
	if after == nil {
		return nil
	}
	if before.Score != nil && (after.Score == nil || *after.Score < *before.Score) {
		t.Errorf("%q: the score falls from %v to %v", pick, deref(before.Score), deref(after.Score))
	}
	for _, f := range before.Fixes {
		if f.Proven {
			proven = append(proven, f.Rules...)
		}
	}
	for _, f := range after.Findings {
		if f.Status == "fail" && slices.Contains(proven, f.Rule) {
			t.Errorf("%q: %s is still found at %s: %s", pick, f.Rule, f.Subject, f.Message)
		}
	}
	for _, s := range sets {
		all := strings.Join(s.Data, " ")
		if s.Name == domain && s.Type == "TXT" && !strings.Contains(all, "some-site-verification=4f1d2c") {
			t.Errorf("%q: another TXT record is lost: %s", pick, all)
		}
		if s.Name == "_dmarc."+domain && strings.Contains(pick["dmarc"], "a@healthy.example") && !strings.Contains(all, "mailto:a@healthy.example") {
			t.Errorf("%q: where the reports go is lost: %s", pick, all)
		}
	}
	return proven
}
