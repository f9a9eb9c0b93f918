package checks

import (
	"fmt"
	"strings"
	"testing"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
)

// TestAlignments is the truth table of RFC 9989 4.4 for the author domain shop.example.
func TestAlignments(t *testing.T) {
	const (
		own = "shop.example"
		sub = "news.shop.example"
		esp = "esp.example"
	)
	found := func(text string) facts.Fact[facts.DMARC] {
		r := dmarc.Parse(text)
		return facts.Know(facts.DMARC{Status: facts.DMARCFound, Record: &r})
	}
	relaxed, strict := found("v=DMARC1; p=none"), found("v=DMARC1; p=none; aspf=s; adkim=s")
	lost := facts.Cannot[facts.DMARC]("no answer")
	tests := []struct {
		name             string
		mailFrom, signer string
		results          string // of SPF, by address
		keys             string // the statuses of the keys at the stream's selectors
		dmarc            facts.Fact[facts.DMARC]
		want             string // strict relaxed mode aligned result of SPF, those of DKIM, DMARC, what it rests on alone
	}{
		{"both", own, own, "pass", "valid", relaxed, "pass pass relaxed pass pass, pass pass relaxed pass pass, pass "},
		{"SPF alone", own, own, "pass", "missing", relaxed, "pass pass relaxed pass pass, pass pass relaxed pass fail, pass spf"},
		{"DKIM alone", own, own, "softfail", "valid", relaxed, "pass pass relaxed pass fail, pass pass relaxed pass pass, pass dkim"},
		{"neither", own, own, "none", "revoked", relaxed, "pass pass relaxed pass fail, pass pass relaxed pass fail, fail "},
		{"no selector", own, own, "pass", "", relaxed, "pass pass relaxed pass pass, pass pass relaxed pass unknown, pass "},
		{"no address", own, own, "", "valid", relaxed, "pass pass relaxed pass unknown, pass pass relaxed pass pass, pass "},
		{"nothing known", own, own, "", "", relaxed, "pass pass relaxed pass unknown, pass pass relaxed pass unknown, unknown "},
		{"the worst address counts", own, own, "pass neutral temperror", "valid", relaxed, "pass pass relaxed pass fail, pass pass relaxed pass pass, pass dkim"},
		{"a lost result", own, own, "pass temperror", "invalid", relaxed, "pass pass relaxed pass unknown, pass pass relaxed pass fail, unknown "},
		{"one good key suffices", own, own, "", "unknown missing valid", relaxed, "pass pass relaxed pass unknown, pass pass relaxed pass pass, pass "},
		{"a lost key", own, own, "fail", "missing unknown", relaxed, "pass pass relaxed pass fail, pass pass relaxed pass unknown, unknown "},
		{"a subdomain, relaxed", sub, sub, "pass", "valid", relaxed, "fail pass relaxed pass pass, fail pass relaxed pass pass, pass "},
		{"a subdomain, strict", sub, sub, "pass", "valid", strict, "fail pass strict fail fail, fail pass strict fail fail, fail "},
		{"itself, strict", own, own, "pass", "valid", strict, "pass pass strict pass pass, pass pass strict pass pass, pass "},
		{"strict for one of them", sub, sub, "pass", "valid", found("v=DMARC1; p=none; aspf=s"), "fail pass strict fail fail, fail pass relaxed pass pass, pass dkim"},
		{"strict for the other", sub, sub, "pass", "valid", found("v=DMARC1; p=none; adkim=s"), "fail pass relaxed pass pass, fail pass strict fail fail, pass spf"},
		{"somebody else's", esp, esp, "pass", "valid", relaxed, "fail fail relaxed fail fail, fail fail relaxed fail fail, fail "},
		{"somebody else's MAIL FROM", esp, own, "pass", "valid", relaxed, "fail fail relaxed fail fail, pass pass relaxed pass pass, pass dkim"},
		{"somebody else's signature", own, esp, "pass", "valid", relaxed, "pass pass relaxed pass pass, fail fail relaxed fail fail, pass spf"},
		{"no record", sub, own, "pass", "valid", facts.Know(facts.DMARC{Status: facts.DMARCNone}), "fail pass relaxed pass pass, pass pass relaxed pass pass, pass "},
		{"a void record asks for nothing", sub, own, "pass", "valid", facts.Know(facts.DMARC{Status: facts.DMARCInvalid, Record: strict.Value.Record}), "fail pass relaxed pass pass, pass pass relaxed pass pass, pass "},
		{"an organisation that is not known", "lost.example", "other.example", "pass", "valid", relaxed, "fail unknown relaxed unknown unknown, fail unknown relaxed unknown unknown, unknown "},
		{"and strict", "lost.example", own, "pass", "valid", strict, "fail unknown strict fail fail, pass pass strict pass pass, pass dkim"},
		{"the record is not known", sub, own, "pass", "valid", lost, "fail pass  unknown unknown, pass pass  pass pass, pass "},
		{"and aligned in no mode", esp, esp, "pass", "valid", lost, "fail fail  fail fail, fail fail  fail fail, fail "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &facts.Facts{Domain: own, DMARC: tt.dmarc, Streams: []facts.Stream{{Name: "s", MailFrom: "b@" + tt.mailFrom, DKIMDomain: tt.signer}},
				Orgs: []facts.Org{{Domain: own, Org: facts.Know(own)}, {Domain: sub, Org: facts.Know(own)}, {Domain: esp, Org: facts.Know(esp)},
					{Domain: "lost.example", Org: facts.Cannot[string]("no answer")}}}
			for _, r := range strings.Fields(tt.results) {
				f.Results = append(f.Results, facts.SPFResult{Stream: "s", Identity: "mailfrom", Result: r},
					facts.SPFResult{Stream: "s", Identity: "helo", Result: "fail"}, facts.SPFResult{Stream: "other", Identity: "mailfrom", Result: "fail"})
			}
			keys := []facts.Key{{Selector: "of another stream", Status: facts.KeyValid}}
			for i, status := range strings.Fields(tt.keys) {
				selector := fmt.Sprint("s", i)
				f.Streams[0].Selectors = append(f.Streams[0].Selectors, selector)
				keys = append(keys, facts.Key{Selector: selector, Status: status})
			}
			f.DKIM = []facts.DKIM{{Domain: "unrelated.example", Subtree: facts.Know(facts.SubtreeAbsent)},
				{Domain: tt.signer, Subtree: facts.Know(facts.SubtreeExists), Keys: keys}}
			l := Alignments(f)
			if len(l) != 1 || l[0].Stream != "s" || l[0].SPF.Domain != tt.mailFrom || l[0].DKIM.Domain != tt.signer {
				t.Fatalf("%+v", l)
			}
			a, text := l[0], func(i Identity) string {
				return strings.Join([]string{i.Strict, i.Relaxed, i.Mode, i.Aligned, i.Result}, " ")
			}
			if got := fmt.Sprintf("%s, %s, %s %s", text(a.SPF), text(a.DKIM), a.DMARC, a.Single); got != tt.want {
				t.Errorf("\n%s, want\n%s", got, tt.want)
			}
			if (a.Single == "") != (a.Note == "") {
				t.Errorf("rests on %q alone, and the note is %q", a.Single, a.Note)
			}
		})
	}
}

// TestAlignmentNotes holds what is said to break DMARC.
func TestAlignmentNotes(t *testing.T) {
	f := healthy()
	withKey()(f)
	if a := Alignments(f)[0]; !strings.Contains(a.Note, "SPF alone: forwarded mail fails") {
		t.Errorf("SPF alone: %q", a.Note)
	}
	f = healthy()
	f.Results[0].Result = "fail"
	if a := Alignments(f)[0]; !strings.Contains(a.Note, "DKIM alone: mail that is changed") {
		t.Errorf("DKIM alone: %q", a.Note)
	}
	f = healthy()
	f.DKIM[0].Keys, f.DKIM[0].Subtree = nil, facts.Know(facts.SubtreeAbsent)
	if a := Alignments(f)[0]; a.DKIM.Passes != "fail" {
		t.Errorf("nothing beneath _domainkey: DKIM %s", a.DKIM.Passes)
	}
	f.Streams = nil
	if l := Alignments(f); l == nil || len(l) > 0 {
		t.Errorf("no streams: %v, want an empty list", l)
	}
}
