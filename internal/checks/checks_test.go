package checks

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dkim"
	"mailaudit/internal/record/dmarc"
	"mailaudit/internal/record/spf"
)

// ruleCase is the healthy domain with one edit of its facts, and what one rule says of it.
type ruleCase struct {
	rule string
	name string // of the case, where a rule has several
	edit func(*facts.Facts)
	want Status // "" where the rule must not apply
	says string // a part of the message
}

// cases are those of all areas: each area's test file adds its own list.
func cases() []ruleCase {
	return slices.Concat(domainCases, zoneCases, serverCases, dnssecCases, registrationCases, mxCases, mxRecordCases, spfCases, dkimCases, dmarcCases, ptrCases, ptrNameCases, dnsblCases, dnsblOperatorCases, dnsblNearCases, submissionCases, submissionOfferCases, inboundCases, mtastsCases, tlsrptCases, bimiCases, parkedCases, daneCases, messageCases, messageAlignedCases)
}

func TestRules(t *testing.T) {
	for _, c := range cases() {
		t.Run(strings.TrimSpace(c.rule+" "+c.name), func(t *testing.T) {
			f := healthy()
			c.edit(f)
			wanted := everything
			if strings.HasPrefix(c.rule, "msg.") { // mailaudit message judges nothing else, unless it is told
				wanted = func(a Area) bool { return a == "message" }
			}
			r := Run(f, wanted)
			var got []Finding
			for _, x := range r.Findings {
				if x.Check.ID == c.rule {
					got = append(got, x)
				}
			}
			if c.want == "" {
				if len(got) > 0 {
					t.Fatalf("the rule applies: %s %q", got[0].Status, got[0].Message)
				}
				return
			}
			if !slices.ContainsFunc(got, func(x Finding) bool { return x.Status == c.want && strings.Contains(x.Message, c.says) }) {
				t.Fatalf("no %s that says %q; found %+v", c.want, c.says, got)
			}
			for _, x := range r.Findings {
				if c.want == Fail && x.Status == Fail && x.Check.Area != got[0].Check.Area && !x.Implied {
					t.Errorf("also fails in another area: %s %q", x.Check.ID, x.Message)
				}
			}
		})
	}
}

// TestHealthy holds that no rule finds fault with the healthy domain, and that each is decided.
func TestHealthy(t *testing.T) {
	for _, x := range Run(healthy(), everything).Findings {
		if x.Status != Pass {
			t.Errorf("%s is %s: %s", x.Check.ID, x.Status, x.Message)
		}
	}
}

// TestNothingKnown holds that no rule concludes anything from facts that are not known.
func TestNothingKnown(t *testing.T) {
	for _, x := range Run(lost(), everything).Findings {
		if x.Status != Unknown && x.Check.Needs != 0 {
			t.Errorf("%s is %s from nothing: %s", x.Check.ID, x.Status, x.Message)
		}
		if x.Status == Unknown && x.Message == "" {
			t.Errorf("%s is unknown and does not say why", x.Check.ID)
		}
	}
}

// TestHouseRules holds what is asked of every rule.
func TestHouseRules(t *testing.T) {
	id := regexp.MustCompile(`^[a-z0-9]+\.[a-z0-9]+(-[a-z0-9]+)*$`)
	section := regexp.MustCompile(`^(RFC \d{4,5}|draft-[a-z0-9-]+) \S+|^M3AAWG `)
	worst, passes := map[string]bool{}, map[string]bool{}
	for _, c := range cases() {
		check, ok := Find(c.rule)
		if !ok {
			t.Errorf("a case names %s, which is no rule", c.rule)
			continue
		}
		worst[c.rule] = worst[c.rule] || c.want == check.Worst
		passes[c.rule] = passes[c.rule] || c.want == Pass
	}
	for _, x := range Run(healthy(), everything).Findings {
		passes[x.Check.ID] = passes[x.Check.ID] || x.Status == Pass
	}
	seen := map[string]bool{}
	severity := regexp.MustCompile(`fail|warn|error|critical`)
	for _, c := range All {
		_, name, _ := strings.Cut(c.ID, ".")
		switch {
		case seen[c.ID]:
			t.Errorf("%s stands twice", c.ID)
		case !id.MatchString(c.ID) || severity.MatchString(strings.NewReplacer("permerror", "", "temperror", "", "servfail", "", "tls-fail", "tls", "dkim-fail", "dkim").Replace(name)):
			t.Errorf("%s: no id of the house's form", c.ID)
		case c.Title == "" || c.Help == "" || c.Fix == "" || c.Judge == nil:
			t.Errorf("%s: title, help, fix or function is missing", c.ID)
		case strings.HasSuffix(c.Title, ".") || strings.HasSuffix(c.Fix, ".") || strings.Contains(c.Help+c.Title+c.Fix, "!"):
			t.Errorf("%s: a full stop or an exclamation mark", c.ID)
		case !slices.Contains(Areas, c.Area):
			t.Errorf("%s: no area %q", c.ID, c.Area)
		case !slices.Contains([]Status{Fail, Warn, Info, Unknown}, c.Worst):
			t.Errorf("%s: worst is %q", c.ID, c.Worst)
		case !slices.Contains([]Impact{Reject, Defer, Spam, Reports, Inbound, Clients, Hygiene}, c.Impact):
			t.Errorf("%s: no impact %q", c.ID, c.Impact)
		case len(c.References) == 0 || !slices.ContainsFunc(c.References, section.MatchString):
			t.Errorf("%s: no reference that names a section", c.ID)
		case !worst[c.ID]:
			t.Errorf("%s: no case at its worst, %s", c.ID, c.Worst)
		case !passes[c.ID]:
			t.Errorf("%s: no case that passes", c.ID)
		}
		seen[c.ID] = true
	}
}

func everything(Area) bool { return true }

const rsa2048 = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2vjl9Gou+xK85mQCezXiLjuZwLaNOX/1Ky57SaEFcrUiDnYHDban7r0rGmWP1h2YHod32GSHU8MHpUaErBwClWJJ9AJkzEmevjW+ibD2hoGy9+eMiQXvbRH89Tm+dSgoD4ylGTLqFO23XFhgzTunu1Ls3UOCg0omQjhdEkmHg4iIIZVjgwYaBdwNgIsxznAysBOrp35ZkEw8mZoLvtv73Q4H2MhZa75dtho+IY6KOAP7FbF1QQfjyyE3Fu7JSlH6g7bv3KzngNRHDaM3+rYqlvKXiKVKLJotXcApleWOZ/DJXLqF+t5ITpqfrtuwLumUDuRrke+b8rrBIKb/T2tQMQIDAQAB"

var sender = netip.MustParseAddr("11.22.33.44")

// healthy are the facts of a domain with which no rule finds fault.
func healthy() *facts.Facts {
	key := dkim.Parse("v=DKIM1; k=rsa; p=" + rsa2048)
	policy := dmarc.Parse("v=DMARC1; p=reject; rua=mailto:agg@reports.example")
	host := facts.Know(facts.Hosts{Addresses: []netip.Addr{sender}})
	return withDANE(&facts.Facts{
		Schema: facts.Schema, Domain: "healthy.example",
		Profile:   facts.Profile{Name: facts.Sender, Reason: "no --daily given"},
		Streams:   []facts.Stream{{Name: "default", IPs: []netip.Addr{sender}, MailFrom: "postmaster@healthy.example", HELO: "mail.healthy.example", DKIMDomain: "healthy.example", Selectors: []string{"s1"}}},
		Exists:    facts.Know(true),
		Addresses: facts.Know(facts.Hosts{Addresses: []netip.Addr{netip.MustParseAddr("11.22.33.80")}}),
		MX: facts.Know(facts.MX{Status: facts.MXFound, Hosts: []facts.MXHost{
			{Host: "mx1.healthy.example", Preference: 10, Addresses: facts.Know(facts.Hosts{Addresses: []netip.Addr{netip.MustParseAddr("11.22.33.25"), netip.MustParseAddr("2a0f::25")}})},
			{Host: "mx2.healthy.example", Preference: 20, Addresses: facts.Know(facts.Hosts{Addresses: []netip.Addr{netip.MustParseAddr("11.22.34.25")}})},
		}}),
		SPF: []facts.SPF{spfFacts("v=spf1 ip4:11.22.33.44 -all")},
		Results: []facts.SPFResult{{IP: sender, Stream: "default", Declared: true, Identity: "mailfrom",
			Domain: "healthy.example", Result: "pass", Why: "ip4:11.22.33.44"}},
		DKIM: []facts.DKIM{{Domain: "healthy.example", Streams: []string{"default"}, Named: true, Exists: true, Subtree: facts.Know(facts.SubtreeExists),
			Keys: []facts.Key{{Selector: "s1", Name: "s1._domainkey.healthy.example", Origin: "flag", Status: facts.KeyValid, Texts: []string{key.Text}, Record: &key}}}},
		DMARC: facts.Know(facts.DMARC{Status: facts.DMARCFound, FoundAt: "_dmarc.healthy.example", Texts: []string{policy.Text}, Record: &policy,
			Org: "healthy.example", Policy: "reject", Walk: []facts.DMARCStep{{Name: "_dmarc.healthy.example", Status: "found", Records: []string{policy.Text}}, {Name: "_dmarc.example", Status: "none"}},
			Reports: []facts.ReportTo{{URI: "mailto:agg@reports.example", Domain: "reports.example", Name: "healthy.example._report._dmarc.reports.example", Authorised: facts.Know(true)}}}),
		Orgs: []facts.Org{{Domain: "healthy.example", Org: facts.Know("healthy.example")}},
		Sources: []facts.Source{{IP: sender, Stream: "default", Origin: "flag", Declared: true,
			PTR: facts.Know(facts.PTR{Confirm: "pass", Names: []facts.PTRName{{Name: "mail.healthy.example", Addresses: host}}})}},
		HELOs: []facts.HELO{{Name: "mail.healthy.example", Stream: "default", Addresses: host}},
		Lists: []facts.List{
			{Zone: "zen.spamhaus.org", Kind: "ip", Major: true, State: facts.ListUsable},
			{Zone: "dbl.spamhaus.org", Kind: "domain", Major: true, State: facts.ListUsable},
		},
		Listings: []facts.Listing{
			{Zone: "zen.spamhaus.org", Target: sender.String(), Kind: "ip", Declared: true, Status: facts.Clean, Codes: []string{}},
			{Zone: "dbl.spamhaus.org", Target: "healthy.example", Kind: "domain", Declared: true, Status: facts.Clean, Codes: []string{}},
		},
		Submission: facts.Submission{SRV: facts.Know(true), Services: []facts.Service{
			{Host: "submission.healthy.example", Port: 587, Origin: "flag", Probe: facts.Know(goodProbe("starttls"))},
			{Host: "submission.healthy.example", Port: 465, Implicit: true, Origin: "flag", Probe: facts.Know(goodProbe("implicit"))},
		}},
		Inbound: goodInbound(),
		Started: now, Registration: facts.Know(goodRegistration()),
		MTASTS: facts.Know(goodSTS()), TLSRPT: facts.Know(reporting(goodReporting)),
		DNSSEC: facts.Know(goodSigning()),
	})
}

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func goodProbe(tls string) facts.Probe {
	return facts.Probe{Status: facts.ServiceOpen, Banner: "submission.healthy.example ESMTP", STARTTLS: tls == "starttls", TLS: tls,
		Version: "TLS 1.3", Auth: []string{"PLAIN", "LOGIN"}, Complete: true,
		Cert: &facts.Cert{Names: []string{"submission.healthy.example"}, NotBefore: now.AddDate(0, 0, -30), NotAfter: now.AddDate(0, 0, 60), NameOK: true, ChainOK: true, InDate: true}}
}

// spfFacts is the audited domain with one record, walked where it names nothing else: its terms without their
// lookups' outcomes. A case that needs those sets them.
func spfFacts(text string) facts.SPF {
	rec := spf.Parse(text)
	s := facts.SPF{Domain: "healthy.example", From: true, MailFrom: []string{"default"}, Exists: true, Whole: true,
		Root: facts.SPFNode{Domain: "healthy.example", Status: facts.SPFFound, Texts: []string{text}, Record: &rec}}
	for _, term := range rec.Effective() {
		x := facts.SPFTerm{Term: term}
		if term.NeedsLookup() {
			s.Lookups++
			x.Lookup, x.Target = s.Lookups, term.Spec
		}
		s.Root.Terms = append(s.Root.Terms, x)
	}
	if term, ok := rec.Redirect(); ok {
		s.Lookups++
		s.Root.Terms = append(s.Root.Terms, facts.SPFTerm{Term: term, Lookup: s.Lookups, Target: term.Spec})
	}
	return s
}

// lost are the facts of an audit in which nothing answered.
func lost() *facts.Facts {
	const why = "127.0.0.1:53 did not answer"
	f := healthy()
	f.Exists, f.Addresses, f.MX, f.DMARC = facts.Cannot[bool](why), facts.Cannot[facts.Hosts](why), facts.Cannot[facts.MX](why), facts.Cannot[facts.DMARC](why)
	f.SPF[0].Root = facts.SPFNode{Domain: f.Domain, Status: facts.SPFUnknown, Why: why}
	f.Results[0].Result, f.Results[0].Why = "temperror", why
	f.DKIM[0].Subtree = facts.Cannot[string](why)
	f.DNSSEC = facts.Cannot[facts.DNSSEC](why)
	f.DKIM[0].Keys[0] = facts.Key{Selector: "s1", Name: "s1._domainkey.healthy.example", Origin: "flag", Status: facts.KeyUnknown, Why: why}
	f.Sources[0].PTR = facts.Cannot[facts.PTR](why)
	f.HELOs[0].Addresses = facts.Cannot[facts.Hosts](why)
	for i := range f.Lists {
		f.Lists[i].State, f.Lists[i].Why = facts.ListFailed, why
	}
	for i := range f.Listings {
		f.Listings[i].Status, f.Listings[i].Why = facts.NoClue, why
	}
	f.MTASTS, f.TLSRPT = facts.Cannot[facts.MTASTS](why), facts.Cannot[facts.TLSRPT](why)
	f.Submission.SRV, f.Registration = facts.Cannot[bool](why), facts.Cannot[facts.Registration](why)
	for i := range f.Submission.Services {
		f.Submission.Services[i].Probe = facts.Cannot[facts.Probe](why)
	}
	f.DANE, f.Inbound = nil, nil // no MX host is known
	return f
}
