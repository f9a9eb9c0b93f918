package audit_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/dkim"
	"mailaudit/internal/record/dmarc"
	"mailaudit/internal/record/spf"
)

// evidence is that of facts, of which nothing is judged.
func evidence(f *facts.Facts) audit.Evidence {
	return audit.Judge(f, audit.Options{Wanted: func(checks.Area) bool { return false }}).Evidence
}

// TestAlignment is the truth table of RFC 9989 4.4: an identifier must pass and be aligned, and one of the two suffices.
func TestAlignment(t *testing.T) {
	const (
		own = "shop.example"
		sub = "news.shop.example"
		esp = "esp.example"
	)
	strict, relaxed, void := dmarc.Parse("v=DMARC1; p=none; aspf=s; adkim=s"), dmarc.Parse("v=DMARC1; p=none"), dmarc.Parse("v=DMARC1; p=none; p=none; aspf=s")
	found := func(r *dmarc.Record, status string) facts.Fact[facts.DMARC] {
		return facts.Know(facts.DMARC{Status: status, Record: r})
	}
	tests := []struct {
		name             string
		mailFrom, signer string
		results          []string // of MAIL FROM, by address
		keys             []string // of the stream's selectors
		dmarc            facts.Fact[facts.DMARC]
		want             string // spf dkim dmarc
	}{
		{"both pass", own, own, []string{"pass"}, []string{"valid"}, found(&relaxed, "found"), "pass pass pass"},
		{"SPF alone", own, own, []string{"pass"}, []string{"missing"}, found(&relaxed, "found"), "pass fail pass"},
		{"DKIM alone", own, own, []string{"softfail"}, []string{"valid"}, found(&relaxed, "found"), "fail pass pass"},
		{"neither", own, own, []string{"none"}, []string{"revoked"}, found(&relaxed, "found"), "fail fail fail"},
		{"no selector is named", own, own, []string{"fail"}, nil, found(&relaxed, "found"), "fail unknown unknown"},
		{"SPF passes whatever DKIM does", own, own, []string{"pass"}, nil, found(&relaxed, "found"), "pass unknown pass"},
		{"no address", own, own, nil, []string{"valid"}, found(&relaxed, "found"), "unknown pass pass"},
		{"nothing known", own, own, nil, nil, found(&relaxed, "found"), "unknown unknown unknown"},
		{"the worst address counts", own, own, []string{"pass", "neutral"}, nil, found(&relaxed, "found"), "fail unknown unknown"},
		{"wherever it stands", own, own, []string{"temperror", "neutral", "pass"}, nil, found(&relaxed, "found"), "fail unknown unknown"},
		{"a lost result", own, own, []string{"pass", "temperror"}, nil, found(&relaxed, "found"), "unknown unknown unknown"},
		{"a permerror", own, own, []string{"permerror"}, nil, found(&relaxed, "found"), "fail unknown unknown"},
		{"one key that works is enough", own, own, nil, []string{"unknown", "missing", "valid"}, found(&relaxed, "found"), "unknown pass pass"},
		{"a lost key", own, own, nil, []string{"missing", "unknown"}, found(&relaxed, "found"), "unknown unknown unknown"},
		{"a key that does not work", own, own, nil, []string{"invalid"}, found(&relaxed, "found"), "unknown fail unknown"},
		{"a subdomain, relaxed", sub, sub, []string{"pass"}, []string{"valid"}, found(&relaxed, "found"), "pass pass pass"},
		{"a subdomain, strict", sub, sub, []string{"pass"}, []string{"valid"}, found(&strict, "found"), "fail fail fail"},
		{"the domain itself, strict", own, own, []string{"pass"}, []string{"valid"}, found(&strict, "found"), "pass pass pass"},
		{"a void record asks for nothing", sub, sub, []string{"pass"}, []string{"valid"}, found(&void, "invalid"), "pass pass pass"},
		{"no record: relaxed", sub, sub, []string{"pass"}, []string{"valid"}, found(nil, "none"), "pass pass pass"},
		{"somebody else's domain", esp, esp, []string{"pass"}, []string{"valid"}, found(&relaxed, "found"), "fail fail fail"},
		{"somebody else's MAIL FROM", esp, own, []string{"pass"}, []string{"valid"}, found(&relaxed, "found"), "fail pass pass"},
		{"an organisation that is not known", "lost.example", own, []string{"pass"}, nil, found(&relaxed, "found"), "unknown unknown unknown"},
		{"one that was not asked for", "other.example", own, []string{"pass"}, []string{"missing"}, found(&relaxed, "found"), "unknown fail unknown"},
		{"DMARC is not known", own, own, []string{"pass"}, []string{"valid"}, facts.Cannot[facts.DMARC]("no answer"), "pass pass pass"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &facts.Facts{Domain: own, DMARC: tt.dmarc, Streams: []facts.Stream{{Name: "s", MailFrom: "b@" + tt.mailFrom, DKIMDomain: tt.signer}},
				Orgs: []facts.Org{{Domain: own, Org: facts.Know(own)}, {Domain: sub, Org: facts.Know(own)}, {Domain: esp, Org: facts.Know(esp)},
					{Domain: "lost.example", Org: facts.Cannot[string]("no answer")}}}
			for _, r := range tt.results {
				f.Results = append(f.Results, facts.SPFResult{Stream: "s", Identity: "mailfrom", Result: r},
					facts.SPFResult{Stream: "s", Identity: "helo", Result: "fail"}, facts.SPFResult{Stream: "other", Identity: "mailfrom", Result: "fail"})
			}
			keys := []facts.Key{{Selector: "of another stream", Status: "valid"}}
			for i, status := range tt.keys {
				selector := fmt.Sprint("s", i)
				f.Streams[0].Selectors = append(f.Streams[0].Selectors, selector)
				keys = append(keys, facts.Key{Selector: selector, Status: status})
			}
			f.DKIM = []facts.DKIM{{Domain: "unrelated.example", Subtree: facts.Know(facts.SubtreeAbsent)},
				{Domain: tt.signer, Subtree: facts.Know(facts.SubtreeExists), Keys: keys}}
			a := evidence(f).Alignment
			if len(a) != 1 || a[0].Stream != "s" {
				t.Fatalf("alignment %+v", a)
			}
			if got := a[0].SPF + " " + a[0].DKIM + " " + a[0].DMARC; got != tt.want {
				t.Errorf("spf, dkim, dmarc %s, want %s", got, tt.want)
			}
		})
	}
	t.Run("nothing beneath _domainkey", func(t *testing.T) {
		f := &facts.Facts{Domain: own, Streams: []facts.Stream{{Name: "s", MailFrom: "b@" + own, DKIMDomain: own}},
			DKIM: []facts.DKIM{{Domain: own, Subtree: facts.Know(facts.SubtreeAbsent)}}}
		if got := evidence(f).Alignment[0].DKIM; got != "fail" {
			t.Errorf("dkim %s, want fail", got)
		}
	})
}

// TestSPFValid: false where an evaluation could end in permerror, null where that could not be found out.
func TestSPFValid(t *testing.T) {
	found := func(text string, terms ...facts.SPFTerm) facts.SPFNode {
		r := spf.Parse(text)
		return facts.SPFNode{Domain: "d.example", Status: facts.SPFFound, Texts: []string{text}, Record: &r, Terms: terms}
	}
	to := func(status string) facts.SPFTerm {
		return facts.SPFTerm{Target: "t.example", Lookup: 1, Child: &facts.SPFNode{Domain: "t.example", Status: status}}
	}
	within := func(inner facts.SPFNode) facts.SPFNode {
		return found("v=spf1 include:d.example -all", facts.SPFTerm{Lookup: 1, Child: &inner})
	}
	made := facts.SPFTerm{Lookup: 1, Why: "its macros stand for parts of each message"}
	const good = "v=spf1 -all"
	tests := []struct {
		name string
		s    facts.SPF
		want string
	}{
		{"a good record", facts.SPF{Root: found(good), Whole: true}, "true"},
		{"no record", facts.SPF{Root: facts.SPFNode{Status: facts.SPFNone}, Whole: true}, "true"},
		{"at the limits", facts.SPF{Root: found(good, facts.SPFTerm{Hosts: 10}), Lookups: 10, Void: 2, Whole: true}, "true"},
		{"two records", facts.SPF{Root: facts.SPFNode{Status: facts.SPFMultiple}, Whole: true}, "false"},
		{"a syntax error", facts.SPF{Root: found("v=spf1 foo -all"), Whole: true}, "false"},
		{"a syntax error further on", facts.SPF{Root: within(found("v=spf1 foo -all")), Whole: true}, "false"},
		{"11 lookups", facts.SPF{Root: found(good), Lookups: 11, Whole: true}, "false"},
		{"3 void lookups", facts.SPF{Root: found(good), Void: 3, Whole: true}, "false"},
		{"an mx with 11 hosts", facts.SPF{Root: found(good, facts.SPFTerm{Hosts: 11}), Whole: true}, "false"},
		{"an include of none", facts.SPF{Root: found(good, to(facts.SPFNone)), Whole: true}, "false"},
		{"an include of two", facts.SPF{Root: found(good, to(facts.SPFMultiple)), Whole: true}, "false"},
		{"an include of itself", facts.SPF{Root: found(good, to(facts.SPFLoop)), Whole: true}, "false"},
		{"an include of none further on", facts.SPF{Root: within(found(good, to(facts.SPFNone))), Whole: true}, "false"},
		{"an error is one whatever else was lost", facts.SPF{Root: found("v=spf1 foo", to(facts.SPFUnknown))}, "false"},
		{"the record was lost", facts.SPF{Root: facts.SPFNode{Status: facts.SPFUnknown}}, "null"},
		{"a part was lost", facts.SPF{Root: found(good, to(facts.SPFUnknown))}, "null"},
		{"an include that each message makes", facts.SPF{Root: found(good, to(facts.SPFUndetermined)), Whole: true}, "null"},
		{"two names that each message makes may be void", facts.SPF{Root: found(good, made, made), Whole: true}, "true"},
		{"and one of three too many", facts.SPF{Root: within(found(good, made, made)), Void: 1, Whole: true}, "null"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.s.From = true
			v := evidence(&facts.Facts{SPF: []facts.SPF{{Domain: "mail.d.example"}, tt.s}}).SPF.Valid
			got := "null"
			if v != nil {
				got = fmt.Sprint(*v)
			}
			if got != tt.want {
				t.Errorf("valid %s, want %s", got, tt.want)
			}
		})
	}
}

// TestEvidence holds the rest to the shape of the contract.
func TestEvidence(t *testing.T) {
	record, key := spf.Parse("v=spf1 ip4:192.0.2.1 a foo -all"), dkim.Parse("v=DKIM1; k=ed25519; p=q0lDv8SJ6jrrrMifYIlx/y4A6vD0Q++D8JaGKzdu3fU=")
	policy := dmarc.Parse("v=DMARC1; p=reject; sp=quarantine; np=none; t=y; adkim=s; rua=mailto:a@d.example,mailto:b@d.example!10m")
	ip := netip.MustParseAddr("192.0.2.1")
	until := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	f := &facts.Facts{Domain: "d.example", Started: until.AddDate(-1, 0, 0),
		Streams: []facts.Stream{{Name: "own", MailFrom: "b@d.example", HELO: "mail.d.example", DKIMDomain: "d.example"}},
		Sources: []facts.Source{
			{IP: ip, Stream: "own", Origin: "flag", Declared: true, PTR: facts.Know(facts.PTR{Names: []facts.PTRName{{Name: "mail.d.example"}}, Confirm: "pass"})},
			{IP: netip.MustParseAddr("2001:db8::1"), Stream: "own", Origin: "spf", PTR: facts.Cannot[facts.PTR]("no answer")}},
		MX: facts.Know(facts.MX{Status: facts.MXFound, Hosts: []facts.MXHost{{Host: "mx.d.example", Preference: 10,
			Addresses: facts.Know(facts.Hosts{Addresses: []netip.Addr{ip}})}, {Host: "lost.d.example", Preference: 20, Addresses: facts.Cannot[facts.Hosts]("no answer")}}}),
		SPF: []facts.SPF{{Domain: "d.example", From: true, Lookups: 1, Void: 1, Whole: true,
			Root: facts.SPFNode{Domain: "d.example", Status: facts.SPFFound, Texts: []string{record.Text}, Record: &record,
				Terms: []facts.SPFTerm{{Term: record.Terms[1], Lookup: 1, Target: "d.example", Void: true}}}}},
		Results: []facts.SPFResult{{IP: ip, Stream: "own", Declared: true, Identity: "mailfrom", Domain: "d.example", Result: "permerror", Why: "foo"}},
		DKIM: []facts.DKIM{
			{Domain: "esp.example", Subtree: facts.Know(facts.SubtreeWildcard)},
			{Domain: "d.example", Subtree: facts.Know(facts.SubtreeExists), Keys: []facts.Key{
				{Selector: "s1", Name: "s1._domainkey.d.example", Origin: "flag", Status: facts.KeyValid, Record: &key},
				{Selector: "s2", Name: "s2._domainkey.d.example", Origin: "common", Status: facts.KeyMissing}}}},
		DMARC: facts.Know(facts.DMARC{Status: facts.DMARCFound, FoundAt: "_dmarc.d.example", Texts: []string{policy.Text}, Record: &policy,
			Org: "d.example", Policy: "quarantine"}),
		Listings: []facts.Listing{
			{Zone: "zen.spamhaus.org", Target: "192.0.2.1", Kind: "ip", Status: facts.Listed, Codes: []string{"127.0.0.2"}, Class: "major", Meaning: "SBL", Reason: "spam"},
			{Zone: "x.example", Target: "192.0.2.1", Kind: "ip", Status: facts.NoClue, Why: "no answer"}},
		Submission: facts.Submission{Services: []facts.Service{
			{Host: "m.d.example", Port: 587, Probe: facts.Know(facts.Probe{Status: facts.ServiceOpen, TLS: "starttls", Version: "TLS 1.3",
				Auth: []string{"PLAIN"}, AuthPlain: []string{"LOGIN"}, Banner: "hello",
				Cert: &facts.Cert{Names: []string{"m.d.example"}, NotAfter: until, NameOK: true, ChainOK: true, InDate: true}})},
			{Host: "m.d.example", Port: 465, Probe: facts.Cannot[facts.Probe]("no address")},
			{Host: "m.d.example", Port: 2525, Left: "not asked"},
			{Host: "m.d.example", Port: 25, Probe: facts.Know(facts.Probe{Status: facts.ServiceRefused, TLS: "none", Why: "reset", Cert: &facts.Cert{NotBefore: until, NotAfter: until, NameOK: true, ChainOK: true}})},
		}},
	}
	invalid := false
	want := audit.Evidence{
		Sources: []audit.Source{
			{IP: "192.0.2.1", Stream: "own", Origin: "flag", Declared: true, PTR: []string{"mail.d.example"}, FCrDNS: "pass", HELO: "mail.d.example"},
			{IP: "2001:db8::1", Stream: "own", Origin: "spf", PTR: []string{}, FCrDNS: "unknown", HELO: "mail.d.example"}},
		MX: audit.MX{Status: "found", Hosts: []audit.MXHost{{Host: "mx.d.example", Preference: 10, Addresses: []string{"192.0.2.1"}},
			{Host: "lost.d.example", Preference: 20, Addresses: []string{}}}},
		SPF: audit.SPF{Status: "found", Record: record.Text, Records: []string{record.Text}, Lookups: 1, VoidLookups: 1, Valid: &invalid,
			Errors:     []audit.SPFError{{Message: record.Problems[0].Message, Term: "foo", Offset: 23}},
			Authorised: &audit.Authorised{IPv6: "0", Complete: true, LookupsLeft: 9, Costs: []audit.Cost{{Term: "a", Lookups: 1, IPv6: "0"}}}, // the syntax error lets nobody pass
			Tree: &audit.SPFNode{Domain: "d.example", Status: "found", Record: record.Text,
				Terms: []audit.SPFTerm{{Term: "a", Offset: 21, Lookup: 1, Void: true, Target: "d.example"}}},
			Results: []audit.SPFResult{{IP: "192.0.2.1", Stream: "own", Identity: "mailfrom", Domain: "d.example", Result: "permerror", Matched: "foo"}}},
		DKIM: audit.DKIM{Subtree: "exists", Keys: []audit.Key{
			{Selector: "s1", Name: "s1._domainkey.d.example", Status: "valid", Origin: "flag", Type: "ed25519", Bits: 256, Record: key.Text},
			{Selector: "s2", Name: "s2._domainkey.d.example", Status: "missing", Origin: "common"}}},
		DMARC: audit.DMARC{Status: "found", FoundAt: "_dmarc.d.example", Record: policy.Text,
			Policy: "reject", SubdomainPolicy: "quarantine", NP: "none", Testing: true, ADKIM: "s", ASPF: "r", RUA: []string{"mailto:a@d.example", "mailto:b@d.example!10m"},
			OrgDomain: "d.example", EffectivePolicy: "quarantine"},
		Alignment: []audit.Alignment{{Stream: "own", SPF: "fail", DKIM: "unknown", DMARC: "unknown",
			MailFrom: audit.Identity{Domain: "d.example", Passes: "fail", Relaxed: "pass", Strict: "pass", Mode: "relaxed", Aligned: "pass"},
			Signer:   audit.Identity{Domain: "d.example", Passes: "unknown", Relaxed: "pass", Strict: "pass", Mode: "strict", Aligned: "pass"}}},
		DNSBL: []audit.Listing{
			{Zone: "zen.spamhaus.org", Target: "192.0.2.1", Kind: "ip", Status: "listed", Codes: []string{"127.0.0.2"}, Meaning: "SBL", Reason: "spam", Severity: "major"},
			{Zone: "x.example", Target: "192.0.2.1", Kind: "ip", Status: "unknown", Codes: []string{}, Cause: "no answer"}},
		Submission: []audit.Service{
			{Host: "m.d.example", Port: 587, Status: "open", TLS: "starttls", Version: "TLS 1.3", Auth: []string{"PLAIN"}, AuthBeforeTLS: true, Banner: "hello",
				Certificate: &audit.Cert{Names: []string{"m.d.example"}, NotAfter: until, DaysLeft: 365, Trusted: true, NameOK: true}},
			{Host: "m.d.example", Port: 465, Status: "unknown", TLS: "none", Auth: []string{}, Cause: "no address"},
			{Host: "m.d.example", Port: 2525, Status: "unknown", TLS: "none", Auth: []string{}, Cause: "not asked"},
			{Host: "m.d.example", Port: 25, Status: "refused", TLS: "none", Auth: []string{}, Cause: "reset", Certificate: &audit.Cert{Names: []string{}, NotBefore: until, NotAfter: until, DaysLeft: 365, NameOK: true}},
		},
		TLS: []audit.MXTalk{}, MTASTS: audit.MTASTS{Status: "unknown", MX: []string{}}, TLSRPT: audit.TLSRPT{Status: "unknown", RUA: []string{}},
		DANE: []audit.DANE{}, NameServers: []audit.NameServer{}, DNSSEC: noDNSSEC, Vantage: noVantage,
	}
	if diff := cmp.Diff(want, evidence(f)); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
}

// TestNoEvidence: what nobody could find out is unknown everywhere.
func TestNoEvidence(t *testing.T) {
	lost := &facts.Facts{Domain: "d.example", MX: facts.Cannot[facts.MX]("no answer"), DMARC: facts.Cannot[facts.DMARC]("no answer"),
		SPF:  []facts.SPF{{From: true, Root: facts.SPFNode{Status: facts.SPFUnknown}}},
		DKIM: []facts.DKIM{{Domain: "d.example", Subtree: facts.Cannot[string]("no answer")}}}
	for name, f := range map[string]*facts.Facts{"lost": lost, "not asked": {Domain: "d.example"}} {
		t.Run(name, func(t *testing.T) {
			e := evidence(f)
			for what, got := range map[string]string{"mx": e.MX.Status, "spf": e.SPF.Status, "dkim subtree": e.DKIM.Subtree, "dmarc": e.DMARC.Status} {
				if got != "unknown" {
					t.Errorf("%s is %q", what, got)
				}
			}
			if e.SPF.Valid != nil {
				t.Errorf("spf.valid is %v", *e.SPF.Valid)
			}
		})
	}
}

// TestAuthenticates: None says that nothing can pass, MaybeNone that nothing need.
func TestAuthenticates(t *testing.T) {
	result := func(l ...string) []facts.SPFResult {
		var out []facts.SPFResult
		for _, r := range l {
			out = append(out, facts.SPFResult{Identity: "mailfrom", Result: r}, facts.SPFResult{Identity: "helo", Result: "pass"})
		}
		return out
	}
	record := func(text string) []facts.SPF {
		r := spf.Parse(text)
		return []facts.SPF{{From: true, Root: facts.SPFNode{Status: facts.SPFFound}}, {MailFrom: []string{"s"}, Root: facts.SPFNode{Status: facts.SPFFound, Record: &r}}}
	}
	node := func(status string) []facts.SPF {
		return []facts.SPF{{MailFrom: []string{"s"}, Root: facts.SPFNode{Status: status}}}
	}
	keys := func(l ...string) []facts.DKIM {
		d := facts.DKIM{Named: true, Exists: true}
		for _, s := range l {
			d.Keys = append(d.Keys, facts.Key{Status: s, Origin: "flag"})
		}
		return []facts.DKIM{d}
	}
	subtree := func(s facts.Fact[string]) []facts.DKIM {
		return []facts.DKIM{{Exists: true, Subtree: s}}
	}
	none := keys("missing")
	tests := []struct {
		name            string
		results         []facts.SPFResult
		spf             []facts.SPF
		dkim            []facts.DKIM
		none, maybeNone bool
	}{
		{name: "SPF passes", results: result("pass"), dkim: none},
		{name: "for one address", results: result("fail", "pass"), dkim: none},
		{name: "DKIM is valid", results: result("fail"), dkim: keys("valid")},
		{name: "for one selector", results: result("fail"), dkim: keys("revoked", "valid")},
		{name: "neither", results: result("fail", "permerror", "none"), dkim: keys("missing", "invalid", "revoked"), none: true, maybeNone: true},
		{name: "SPF is not known", results: result("fail", "temperror"), dkim: none, maybeNone: true},
		{name: "DKIM is not known", results: result("fail"), dkim: keys("missing", "unknown"), maybeNone: true},
		{name: "SPF is not known and DKIM is valid", results: result("temperror"), dkim: keys("valid")},
		{name: "no address, and a record", spf: record("v=spf1 include:esp.example -all"), dkim: none},
		{name: "no address, and a record with an error", spf: record("v=spf1 foo -all"), dkim: none, none: true, maybeNone: true},
		{name: "no address and no record", spf: node(facts.SPFNone), dkim: none, none: true, maybeNone: true},
		{name: "no address and two records", spf: node(facts.SPFMultiple), dkim: none, none: true, maybeNone: true},
		{name: "no address, and the record is not known", spf: node(facts.SPFUnknown), dkim: none, maybeNone: true},
		{name: "no selector, and nothing beneath _domainkey", results: result("fail"), dkim: subtree(facts.Know(facts.SubtreeAbsent)), none: true, maybeNone: true},
		{name: "no selector, and something there", results: result("fail"), dkim: subtree(facts.Know(facts.SubtreeExists))},
		{name: "no selector, and it is not known", results: result("fail"), dkim: subtree(facts.Cannot[string]("no answer"))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := checks.Authenticates(&facts.Facts{Results: tt.results, SPF: tt.spf, DKIM: tt.dkim})
			if got.None != tt.none || got.MaybeNone != tt.maybeNone {
				t.Errorf("none %v, maybe %v, want %v, %v", got.None, got.MaybeNone, tt.none, tt.maybeNone)
			}
		})
	}
}

// TestParkedNeedsNoAuthentication: nothing passes SPF or DKIM for a domain that sends nothing, and nothing should.
func TestParkedNeedsNoAuthentication(t *testing.T) {
	w := offline(t, "-healthy.example. TXT", "-s1._domainkey.healthy.example. TXT", "-s2._domainkey.healthy.example. TXT")
	w.target.Streams[0].IPs, w.target.Streams[0].HELO, w.target.Streams[0].Selectors = nil, "", nil
	w.target.Profile = facts.Parked
	if r := w.audited(); r.Score == nil || *r.Score < 90 || r.Verdict != "warn" {
		t.Errorf("score %s, verdict %s: %q", number(r.Score), r.Verdict, findings(r, "fail", "warn"))
	}
	w.target.Profile = facts.Sender
	if r := w.audited(); number(r.Score) != "29" {
		t.Errorf("as a sender: score %s, want 29", number(r.Score))
	}
}
