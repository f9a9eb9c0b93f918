package checks

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/mtasts"
)

const goodPolicy = "version: STSv1\nmode: enforce\nmx: mx1.healthy.example\nmx: *.healthy.example\nmax_age: 604800\n"

// goodSTS is a record and the policy that was fetched for it.
func goodSTS() facts.MTASTS {
	record, policy := mtasts.Parse("v=STSv1; id=20260101"), mtasts.ParsePolicy(goodPolicy)
	return facts.MTASTS{Name: "_mta-sts.healthy.example", Texts: []string{record.Text}, Record: &record, Host: "mta-sts.healthy.example", Policy: &policy,
		Page: facts.Know(facts.Page{Status: facts.PageAnswered, Addr: netip.MustParseAddr("11.22.33.80"), Code: 200, ContentType: "text/plain; charset=utf-8", Body: goodPolicy,
			Cert: &facts.Cert{Names: []string{"mta-sts.healthy.example"}, NotBefore: now.AddDate(0, 0, -30), NotAfter: now.AddDate(0, 0, 60), NameOK: true, ChainOK: true, InDate: true}})}
}

// withSTS is the healthy domain with TXT records, of which one alone leads to its policy.
func withSTS(texts ...string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		m := goodSTS()
		m.Texts = texts
		var found []mtasts.Record
		for _, text := range texts {
			if mtasts.IsSTS(text) {
				found = append(found, mtasts.Parse(text))
			}
		}
		if m.Record = nil; len(found) == 1 {
			m.Record = &found[0]
		}
		if m.Record == nil || m.Record.Void {
			m.Page, m.Policy = facts.Fact[facts.Page]{}, nil
		}
		f.MTASTS = facts.Know(m)
	}
}

// withPage is the healthy domain with another answer in place of its policy.
func withPage(p facts.Page) func(*facts.Facts) {
	return func(f *facts.Facts) {
		m := goodSTS()
		m.Page, m.Policy = facts.Know(p), nil
		f.MTASTS = facts.Know(m)
	}
}

// withPolicy is the healthy domain with another policy.
func withPolicy(text string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		m := goodSTS()
		policy := mtasts.ParsePolicy(text)
		m.Page.Value.Body, m.Policy = text, &policy
		f.MTASTS = facts.Know(m)
	}
}

// withSite is the healthy domain with its policy behind another certificate or type.
func withSite(edit func(*facts.Page)) func(*facts.Facts) {
	return func(f *facts.Facts) { edit(&f.MTASTS.Value.Page.Value) }
}

// badCert is one with which nothing was asked for.
func badCert(edit func(*facts.Cert)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		c := goodSTS().Page.Value.Cert
		edit(c)
		withPage(facts.Page{Status: facts.PageBadCert, Why: "bad", Cert: c})(f)
	}
}

// policyWith is a good policy with a mode, patterns and a max_age.
func policyWith(mode, maxAge string, mx ...string) func(*facts.Facts) {
	return withPolicy("version: STSv1\nmode: " + mode + "\nmax_age: " + maxAge + "\nmx: " + strings.Join(mx, "\nmx: ") + "\n")
}

// insisting is the healthy domain with one MX host that was seen to do this.
func insisting(p facts.Probe) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Inbound = []facts.MXTalk{{Host: "mx1.healthy.example", Preference: 10, Probe: facts.Know(p)}}
	}
}

// inboundCert is what an MX host with a certificate was seen to do.
func inboundCert(edit func(*facts.Cert)) func(*facts.Facts) {
	p := goodProbe("starttls")
	edit(p.Cert)
	return insisting(p)
}

// atItself is the healthy domain without MX records: mail goes to its own address.
func atItself(f *facts.Facts) {
	f.MX.Value = facts.MX{Status: facts.MXImplicit, Hosts: []facts.MXHost{{Host: f.Domain, Addresses: f.Addresses}}}
}

var mtastsCases = []ruleCase{
	{rule: "mtasts.missing", want: Info, says: "no MTA-STS record at _mta-sts.healthy.example", edit: withSTS()},
	{rule: "mtasts.missing", name: "a CNAME to nothing", want: Info, says: "a CNAME to sts.esp.example", edit: inTurn(withSTS(), func(f *facts.Facts) {
		f.MTASTS.Value.CNAME = []string{"a.example", "sts.esp.example"}
	})},
	{rule: "mtasts.missing", name: "a void record", want: Pass, edit: withSTS("v=STSv1")},
	{rule: "mtasts.missing", name: "lost", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) { f.MTASTS = facts.Cannot[facts.MTASTS]("SERVFAIL") }},
	{rule: "mtasts.missing", name: "parked", want: "", edit: inTurn(withSTS(), asParked)},
	{rule: "mtasts.missing", name: "takes no mail", want: "", edit: inTurn(withSTS(), func(f *facts.Facts) { f.MX.Value.Status = facts.MXNone })},
	{rule: "mtasts.missing", name: "no domain", want: "", edit: func(f *facts.Facts) { f.Exists = facts.Know(false) }},

	{rule: "mtasts.txt-multiple", want: Warn, says: "2 MTA-STS records at _mta-sts.healthy.example where 1 is allowed", edit: withSTS("v=STSv1; id=1", "v=STSv1; id=2")},
	{rule: "mtasts.txt-multiple", name: "one is none", want: Pass, edit: withSTS("v=STSv1; id=1", "v=stsv1; id=2")},
	{rule: "mtasts.txt-multiple", name: "lost", want: "", edit: func(f *facts.Facts) { f.MTASTS = facts.Cannot[facts.MTASTS]("SERVFAIL") }},

	{rule: "mtasts.txt-syntax", want: Warn, says: `id="a-b" is not 1 to 32 letters and digits`, edit: withSTS("v=STSv1; id=a-b")},
	{rule: "mtasts.txt-syntax", name: "no semicolon", want: Warn, says: "no semicolon follows", edit: withSTS("v=STSv1")},
	{rule: "mtasts.txt-syntax", name: "twice", want: Info, says: "the first counts", edit: withSTS("v=STSv1; id=1; id=2")},
	{rule: "mtasts.txt-syntax", name: "beside a right one", want: Info, says: "beside the right one", edit: withSTS("v=STSv1; id=1", "v=STSv2; id=1")},
	{rule: "mtasts.txt-syntax", name: "nothing", want: "", edit: withSTS()},

	{rule: "mtasts.policy-unreachable", want: Warn, says: "/.well-known/mta-sts.txt is answered with 404, not 200", edit: withPage(facts.Page{Status: facts.PageAnswered, Code: 404})},
	{rule: "mtasts.policy-unreachable", name: "no host", want: Warn, says: "does not exist", edit: withPage(facts.Page{Status: facts.PageNoAddress, Why: "mta-sts.healthy.example does not exist"})},
	{rule: "mtasts.policy-unreachable", name: "refused", want: Warn, says: "connection refused", edit: withPage(facts.Page{Status: facts.PageRefused, Why: "connection refused"})},
	{rule: "mtasts.policy-unreachable", name: "no TLS", want: Warn, says: "the TLS handshake broke off", edit: withPage(facts.Page{Status: facts.PageNoTLS, Why: "the TLS handshake broke off: alert"})},
	{rule: "mtasts.policy-unreachable", name: "broken off", want: Warn, says: "EOF", edit: withPage(facts.Page{Status: facts.PageBroken, Why: "the HTTP response broke off: EOF"})},
	{rule: "mtasts.policy-unreachable", name: "filtered", want: Unknown, says: "a firewall on either side", edit: withPage(facts.Page{Status: facts.PageFiltered, Why: "a firewall on either side"})},
	{rule: "mtasts.policy-unreachable", name: "slow", want: Unknown, says: "within 10s", edit: withPage(facts.Page{Status: facts.PageSlow, Why: "the HTTP response did not end within 10s"})},
	{rule: "mtasts.policy-unreachable", name: "our side", want: Unknown, says: "network is unreachable", edit: withPage(facts.Page{Status: facts.PageUnknown, Why: "network is unreachable"})},
	{rule: "mtasts.policy-unreachable", name: "offline", want: Unknown, says: "offline", edit: func(f *facts.Facts) {
		f.MTASTS.Value.Page, f.MTASTS.Value.Policy = facts.Cannot[facts.Page]("offline: nothing is dialled"), nil
	}},
	{rule: "mtasts.policy-unreachable", name: "a void record", want: "", edit: withSTS("v=STSv1; id=a-b")},
	{rule: "mtasts.policy-unreachable", name: "a redirect", want: "", edit: withPage(facts.Page{Status: facts.PageAnswered, Code: 301})},
	{rule: "mtasts.policy-unreachable", name: "a bad certificate", want: "", edit: badCert(func(c *facts.Cert) { c.NameOK = false })},

	{rule: "mtasts.policy-redirect", want: Warn, says: "is answered with 301 and leads to https://www.healthy.example/", edit: withPage(facts.Page{Status: facts.PageAnswered, Code: 301, Location: "https://www.healthy.example/"})},
	{rule: "mtasts.policy-redirect", name: "without a place", want: Warn, says: "leads nowhere", edit: withPage(facts.Page{Status: facts.PageAnswered, Code: 304})},
	{rule: "mtasts.policy-redirect", name: "404", want: "", edit: withPage(facts.Page{Status: facts.PageAnswered, Code: 404})},

	{rule: "mtasts.policy-cert", want: Warn, says: "the certificate expired on 2026-11-21", edit: badCert(func(c *facts.Cert) { c.NotAfter, c.InDate = now.AddDate(0, 0, -1), false })},
	{rule: "mtasts.policy-cert", name: "too early", want: Warn, says: "is not valid before 2026-11-23", edit: badCert(func(c *facts.Cert) { c.NotBefore, c.InDate = now.AddDate(0, 0, 1), false })},
	{rule: "mtasts.policy-cert", name: "another name", want: Warn, says: "the certificate holds www.healthy.example, and not mta-sts.healthy.example", edit: badCert(func(c *facts.Cert) { c.Names, c.NameOK = []string{"www.healthy.example"}, false })},
	{rule: "mtasts.policy-cert", name: "no name", want: Warn, says: "holds no name", edit: badCert(func(c *facts.Cert) { c.Names, c.NameOK = nil, false })},
	{rule: "mtasts.policy-cert", name: "no root", want: Warn, says: "self-signed", edit: badCert(func(c *facts.Cert) { c.ChainOK, c.ChainWhy = false, "the certificate is self-signed" })},
	{rule: "mtasts.policy-cert", name: "no roots here", want: Unknown, says: "no trusted roots", edit: withSite(func(p *facts.Page) {
		p.Cert.ChainOK, p.Cert.ChainUnknown, p.Cert.ChainWhy = false, true, "this machine has no trusted roots"
	})},
	{rule: "mtasts.policy-cert", name: "no roots here, and another name", want: Warn, says: "and not mta-sts", edit: badCert(func(c *facts.Cert) { c.NameOK, c.ChainOK, c.ChainUnknown = false, false, true })},
	{rule: "mtasts.policy-cert", name: "ends soon", want: Info, says: "13 days left, less than 14", edit: withSite(func(p *facts.Page) { p.Cert.NotAfter = now.Add(14*24*time.Hour - time.Second) })},
	{rule: "mtasts.policy-cert", name: "none seen", want: "", edit: withPage(facts.Page{Status: facts.PageRefused})},

	{rule: "mtasts.content-type", want: Warn, says: "served as text/html, not as text/plain", edit: withSite(func(p *facts.Page) { p.ContentType = "text/html; charset=utf-8" })},
	{rule: "mtasts.content-type", name: "none", want: Warn, says: "without a Content-Type", edit: withSite(func(p *facts.Page) { p.ContentType = "" })},
	{rule: "mtasts.content-type", name: "in capitals", want: Pass, edit: withSite(func(p *facts.Page) { p.ContentType = "Text/Plain ;charset=latin-1" })},
	{rule: "mtasts.content-type", name: "404", want: "", edit: withPage(facts.Page{Status: facts.PageAnswered, Code: 404, ContentType: "text/html"})},

	{rule: "mtasts.policy-syntax", want: Warn, says: "there is no version", edit: withPolicy("mode: enforce\nmx: *.healthy.example\nmax_age: 604800")},
	{rule: "mtasts.policy-syntax", name: "too long", want: Warn, says: "longer than 65536 octets", edit: withPage(facts.Page{Status: facts.PageAnswered, Code: 200, More: true})},
	{rule: "mtasts.policy-syntax", name: "an empty line", want: Info, says: "line 6: it is empty", edit: withPolicy(goodPolicy + "\n")},
	{rule: "mtasts.policy-syntax", name: "a life that is too long", want: Pass, edit: policyWith("enforce", "31557601", "*.healthy.example")},
	{rule: "mtasts.policy-syntax", name: "a hostile policy", want: Warn, says: "more)", edit: withPolicy(goodPolicy + strings.Repeat("x\n", 1000))},
	{rule: "mtasts.policy-syntax", name: "none", want: "", edit: withPage(facts.Page{Status: facts.PageRefused})},

	{rule: "mtasts.mx-mismatch", want: Warn, says: "mx2.healthy.example is none of the 1 mx pattern of the policy: senders do not hand mail to it", edit: policyWith("enforce", "604800", "mx1.healthy.example")},
	{rule: "mtasts.mx-mismatch", name: "testing", want: Warn, says: "senders report it", edit: policyWith("testing", "604800", "mx1.healthy.example")},
	{rule: "mtasts.mx-mismatch", name: "implicit MX", want: Warn, says: "healthy.example is none of the 1 mx pattern", edit: inTurn(policyWith("enforce", "604800", "*.healthy.example"), atItself)},
	{rule: "mtasts.mx-mismatch", name: "mode none", want: "", edit: withPolicy("version: STSv1\nmode: none\nmax_age: 0")},
	{rule: "mtasts.mx-mismatch", name: "a void policy", want: "", edit: policyWith("enforce", "soon", "mx1.healthy.example")},
	{rule: "mtasts.mx-mismatch", name: "MX lost", want: "", edit: inTurn(policyWith("enforce", "604800", "mx1.healthy.example"), func(f *facts.Facts) { f.MX = facts.Cannot[facts.MX]("timeout") })},

	{rule: "mtasts.wildcard", want: Warn, says: "mx: *.example stands for exactly 1 label, and does not match mx1.healthy.example", edit: policyWith("enforce", "604800", "*.example")},
	{rule: "mtasts.wildcard", name: "another name matches", want: Pass, edit: policyWith("enforce", "604800", "*.example", "mx1.healthy.example", "mx2.healthy.example")},
	{rule: "mtasts.wildcard", name: "elsewhere", want: Pass, edit: policyWith("enforce", "604800", "*.other.example")},
	{rule: "mtasts.wildcard", name: "the domain itself", want: Pass, edit: inTurn(policyWith("enforce", "604800", "*.healthy.example"), atItself)},

	{rule: "mtasts.mode-testing", want: Info, says: "testing mode", edit: policyWith("testing", "604800", "*.healthy.example")},
	{rule: "mtasts.mode-testing", name: "none", want: Info, says: "mode none", edit: withPolicy("version: STSv1\nmode: none\nmax_age: 0")},

	{rule: "mtasts.max-age", want: Warn, says: "max_age is 31557601, above the 31557600 seconds", edit: policyWith("enforce", "31557601", "*.healthy.example")},
	{rule: "mtasts.max-age", name: "short", want: Warn, says: "max_age is 86399", edit: policyWith("enforce", "86399", "*.healthy.example")},
	{rule: "mtasts.max-age", name: "a day", want: Info, says: "less than a week (604800 seconds)", edit: policyWith("enforce", "86400", "*.healthy.example")},
	{rule: "mtasts.max-age", name: "a year", want: Pass, edit: policyWith("enforce", "31557600", "*.healthy.example")},
	{rule: "mtasts.max-age", name: "to be forgotten", want: Pass, edit: withPolicy("version: STSv1\nmode: none\nmax_age: 60")},

	{rule: "mtasts.mx-tls-fail", want: Warn, says: "no STARTTLS is offered on port 25", edit: insisting(facts.Probe{Status: facts.ServiceOpen, EHLO: []string{"x"}, TLS: "none", Complete: true})},
	{rule: "mtasts.mx-tls-fail", name: "good", want: Pass, edit: insisting(goodProbe("starttls"))},
	{rule: "mtasts.mx-tls-fail", name: "broken", want: Warn, says: "STARTTLS fails on port 25 (alert)", edit: insisting(facts.Probe{Status: facts.ServiceOpen, STARTTLS: true, TLS: "none", TLSFault: "alert"})},
	{rule: "mtasts.mx-tls-fail", name: "expired", want: Warn, says: "expired on", edit: inboundCert(func(c *facts.Cert) { c.InDate, c.NotAfter = false, now.AddDate(0, 0, -1) })},
	{rule: "mtasts.mx-tls-fail", name: "another name", want: Warn, says: "not the name of the MX host", edit: inboundCert(func(c *facts.Cert) { c.NameOK = false })},
	{rule: "mtasts.mx-tls-fail", name: "no root", want: Warn, says: "cannot trust", edit: inboundCert(func(c *facts.Cert) { c.ChainOK, c.ChainWhy = false, "x" })},
	{rule: "mtasts.mx-tls-fail", name: "no roots here", want: Unknown, says: "no trusted roots", edit: inboundCert(func(c *facts.Cert) {
		c.ChainOK, c.ChainUnknown, c.ChainWhy = false, true, "this machine has no trusted roots"
	})},
	{rule: "mtasts.mx-tls-fail", name: "no roots here, and another name", want: Warn, says: "not the name of the MX host", edit: inboundCert(func(c *facts.Cert) { c.NameOK, c.ChainOK, c.ChainUnknown = false, false, true })},
	{rule: "mtasts.mx-tls-fail", name: "not seen", want: "", edit: insisting(facts.Probe{Status: facts.ServiceFiltered, TLS: "none"})},
	{rule: "mtasts.mx-tls-fail", name: "broken off", want: "", edit: insisting(facts.Probe{Status: facts.ServiceOpen, STARTTLS: true, TLS: "none"})},
	{rule: "mtasts.mx-tls-fail", name: "testing", want: "", edit: inTurn(policyWith("testing", "604800", "*.healthy.example"), insisting(facts.Probe{Status: facts.ServiceOpen, TLS: "none", Complete: true}))},
}

// TestMTASTSPlace: a fault of a policy is shown in its line, under the address of the file.
func TestMTASTSPlace(t *testing.T) {
	f := healthy()
	withPolicy("version: STSv1\nmode: enforced\nmx: *.healthy.example\nmax_age: 604800")(f)
	for _, x := range Run(f, everything).Findings {
		if x.Check.ID == "mtasts.policy-syntax" {
			want := Place{Name: "https://mta-sts.healthy.example/.well-known/mta-sts.txt", Record: "mode: enforced", Offset: 6, Length: 8}
			if x.At != want {
				t.Errorf("at %+v", x.At)
			}
			return
		}
	}
	t.Error("no finding")
}

// TestMTASTSMismatchImplied: what the wildcard explains is not counted twice.
func TestMTASTSMismatchImplied(t *testing.T) {
	f := healthy()
	policyWith("enforce", "604800", "*.example")(f)
	for _, x := range Run(f, everything).Findings {
		if x.Check.ID == "mtasts.mx-mismatch" && !x.Implied || x.Check.ID == "mtasts.wildcard" && x.Implied {
			t.Errorf("%s: implied %v", x.Check.ID, x.Implied)
		}
	}
}
