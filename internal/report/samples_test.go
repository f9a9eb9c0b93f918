package report

import (
	"strings"
	"time"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
)

// hostile is one string with every trick: it clears the screen, sets the title, hides a link, turns the text around,
// uses C1 controls as octets and as a rune, invalid UTF-8, an invisible tag, a stack of marks, and lines of its own.
const hostile = "\x1b[2J\x1b]0;owned\x07\x1b]8;;http://evil\x07\u202egnp.exe\u2066 \x9b31m\u009b31m \u200b\ufeff\u061c" +
	"\u2028\u2029\u00ad\u115f\U000e0041e\u0301\u0301\ufe0f <script>alert(1)</script> a|b `x` [l](javascript:alert(1)) " +
	"\r\nscore 100 (A+)\t\x00\x08\x7f\xff\xc3("

func ptr[T any](v T) *T { return &v }

// healthy is a sender with nothing wrong.
func healthy() *audit.Report {
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	r := &audit.Report{
		SchemaVersion: audit.SchemaVersion, Version: "1.0.0", Domain: "healthy.example",
		Profile: "sender", ProfileReason: "no --daily given", StartedAt: at, DurationMS: 412, DNSQueries: 143,
		Verdict: "pass", Score: ptr(100), ScoreLow: ptr(100), Grade: ptr("A+"), Coverage: 1,
		Evidence: audit.Evidence{
			Sources: []audit.Source{{IP: "11.22.33.44", Stream: "default", Origin: "flag", Declared: true,
				PTR: []string{"mail.healthy.example"}, FCrDNS: "pass", HELO: "mail.healthy.example"}},
			MX: audit.MX{Status: "found", Hosts: []audit.MXHost{
				{Host: "mx1.healthy.example", Preference: 10, Addresses: []string{"11.22.33.25"}},
				{Host: "mx2.healthy.example", Preference: 20, Addresses: []string{"11.22.34.25", "2a0b::25"}}}},
			SPF: audit.SPF{Status: "found", Record: "v=spf1 ip4:11.22.33.0/24 include:_spf.sender.example -all",
				Records: []string{"v=spf1 ip4:11.22.33.0/24 include:_spf.sender.example -all"}, Lookups: 3, Valid: ptr(true),
				Errors:     []audit.SPFError{},
				Authorised: &audit.Authorised{IPv4: 65, IPv6: "0", Complete: true, LookupsLeft: 7, Costs: []audit.Cost{{Term: "include:_spf.sender.example", Lookups: 2, IPv4: 64, IPv6: "0"}}},
				Tree: &audit.SPFNode{Domain: "healthy.example", Status: "found",
					Record: "v=spf1 ip4:11.22.33.0/24 include:_spf.sender.example -all", Terms: []audit.SPFTerm{
						{Term: "ip4:11.22.33.0/24", Offset: 7},
						{Term: "include:_spf.sender.example", Offset: 25, Lookup: 1, Target: "_spf.sender.example",
							Tree: &audit.SPFNode{Domain: "_spf.sender.example", Status: "found", Record: "v=spf1 -all"}}}},
				Results: []audit.SPFResult{
					{IP: "11.22.33.44", Stream: "default", Identity: "mailfrom", Domain: "healthy.example", Result: "pass", Matched: "ip4:11.22.33.0/24"},
					{IP: "11.22.33.44", Stream: "default", Identity: "helo", Domain: "mail.healthy.example", Result: "none", Matched: "no record"}}},
			DKIM: audit.DKIM{Subtree: "exists", Keys: []audit.Key{
				{Selector: "s1", Name: "s1._domainkey.healthy.example", Status: "valid", Origin: "flag", Type: "rsa", Bits: 2048, Record: "v=DKIM1; k=rsa; p=MIIB"},
				{Selector: "s2", Name: "s2._domainkey.healthy.example", Status: "valid", Origin: "flag", Type: "ed25519", Bits: 256, Record: "v=DKIM1; k=ed25519; p=11qY"}}},
			DMARC: audit.DMARC{Status: "found", FoundAt: "_dmarc.healthy.example", Record: "v=DMARC1; p=reject; rua=mailto:dmarc@healthy.example",
				Policy: "reject", ADKIM: "r", ASPF: "r", RUA: []string{"mailto:dmarc@healthy.example"},
				OrgDomain: "healthy.example", EffectivePolicy: "reject"},
			Alignment: []audit.Alignment{{Stream: "default", SPF: "pass", DKIM: "pass", DMARC: "pass", MailFrom: identity("pass"), Signer: identity("pass")}},
			TLS: []audit.MXTalk{
				{Host: "mx1.healthy.example", Address: "11.22.33.25", Status: "open", Banner: "mx1.healthy.example ESMTP", TLS: "starttls", Version: "TLS 1.3",
					Cipher: "TLS_AES_128_GCM_SHA256", Capabilities: []string{"SIZE 36700160", "8BITMIME", "ENHANCEDSTATUSCODES"}, Replies: []audit.Reply{
						{Purpose: "postmaster", To: "postmaster@healthy.example", Stage: "rcpt", Code: 250, Enhanced: "2.1.5", Text: "2.1.5 ok"}},
					Certificate: &audit.Cert{Names: []string{"mx1.healthy.example"}, Issuer: "CN=R11", NotBefore: at.AddDate(0, 0, -29), NotAfter: at.AddDate(0, 0, 61), DaysLeft: 61, Trusted: true, NameOK: true}},
				{Host: "mx2.healthy.example", Status: "filtered", TLS: "none", Capabilities: []string{}, Replies: []audit.Reply{}, Cause: "no answer to a connection attempt within 4s"},
			},
			MTASTS: audit.MTASTS{Status: "found", Record: "v=STSv1; id=20260101", ID: "20260101", PolicyURL: "https://mta-sts.healthy.example/.well-known/mta-sts.txt",
				Fetch: "answered", HTTPStatus: 200, ContentType: "text/plain", Mode: "enforce", MaxAge: ptr(int64(604800)), MX: []string{"*.healthy.example"}},
			TLSRPT: audit.TLSRPT{Status: "found", Record: "v=TLSRPTv1; rua=mailto:tls@healthy.example", RUA: []string{"mailto:tls@healthy.example"}},
			DANE: []audit.DANE{
				{Host: "mx1.healthy.example", Name: "_25._tcp.mx1.healthy.example", Status: "found", Secure: "pass", Records: []audit.TLSA{
					{Data: "3 1 1 45bdcea8b103f3bc224ac3581b011ee3ac8d5512ee1b3eb66a69faf9b28bd5b6", Matches: "pass", Problems: []string{}}}},
			},
			NameServers: []audit.NameServer{{Host: "ns1.healthy.example", Address: "11.22.33.53", UDP: "authoritative", TCP: "authoritative", Serial: 7}},
			DNSSEC: audit.DNSSEC{Status: "signed", Apex: "healthy.example", Validated: "unknown", DS: []audit.DS{{Tag: 60485, Algorithm: 13, Digest: 2}},
				Keys: []audit.DNSKey{{Tag: 60485, Algorithm: 13, Entry: true}}, Cause: "not validated here: the resolver does not say that it has"},
			Vantage: audit.Vantage{Honest: "pass", Rewrites: []string{}, TCP: "pass", Validates: "fail",
				Egress: []audit.Egress{{Port: 587, Status: "open", Cause: "mail.healthy.example answered at 11.22.33.44"}}},
			Submission: []audit.Service{
				{Host: "mail.healthy.example", Port: 587, Status: "open", TLS: "starttls", Version: "TLS 1.3", Auth: []string{"PLAIN", "LOGIN"},
					Banner: "mail.healthy.example ESMTP", Certificate: &audit.Cert{Names: []string{"mail.healthy.example"}, NotAfter: at.AddDate(0, 0, 61), Trusted: true}},
				{Host: "mail.healthy.example", Port: 465, Status: "open", TLS: "implicit", Version: "TLS 1.3", Auth: []string{"PLAIN", "LOGIN"},
					Banner: "mail.healthy.example ESMTP", Certificate: &audit.Cert{Names: []string{"mail.healthy.example"}, NotAfter: at.AddDate(0, 0, 89), Trusted: true}},
			},
		},
		Forecast: []audit.Forecast{}, Fixes: []audit.Fix{},
		Streams: []audit.Stream{{Name: "default", IPs: []string{"11.22.33.44"}, MailFrom: "postmaster@healthy.example", HELO: "mail.healthy.example",
			DKIMDomain: "healthy.example", Selectors: []string{"s1", "s2"}}},
	}
	for _, z := range []string{"zen.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org", "psbl.surriel.com"} {
		r.Evidence.DNSBL = append(r.Evidence.DNSBL, audit.Listing{Zone: z, Target: "11.22.33.44", Kind: "ip", Status: "clean", Codes: []string{}})
	}
	r.Evidence.DNSBL = append(r.Evidence.DNSBL, audit.Listing{Zone: "dbl.spamhaus.org", Target: "healthy.example", Kind: "domain", Status: "clean", Codes: []string{}})
	for _, f := range []audit.Finding{
		{Rule: "domain.nxdomain", Impact: "reject", Message: "the domain exists", References: []string{"RFC 5321 2.3.5", "RFC 8020 2"}},
		{Rule: "mx.unresolvable", Impact: "inbound", Message: "every MX host has an address", References: []string{"RFC 5321 5.1"}},
		{Rule: "spf.missing", Impact: "reject", Message: "the domain publishes an SPF record", References: []string{"RFC 7208 3"}},
		{Rule: "spf.lookup-limit", Impact: "reject", Message: "SPF stays within 10 DNS lookups", References: []string{"RFC 7208 4.6.4"}},
		{Rule: "dkim.selector-missing", Impact: "reject", Message: "each selector in use has a key", References: []string{"RFC 6376 3.6.2"}},
		{Rule: "dmarc.missing", Impact: "reject", Message: "a DMARC record applies to the domain", References: []string{"RFC 9989 4.10"}},
		{Rule: "ptr.missing", Impact: "reject", Message: "every sending address has a reverse name", References: []string{"RFC 1912 2.1"}},
		{Rule: "dnsbl.listed-major", Impact: "reject", Message: "no sending address is on a major blocklist", References: []string{"RFC 5782 2.1"}},
		{Rule: "submission.closed", Impact: "clients", Message: "clients can hand in mail on 465 or 587", References: []string{"RFC 8314 3.3"}},
	} {
		f.Status, f.Subject = "pass", r.Domain
		add(r, f)
	}
	add(r, audit.Finding{Rule: "spf.all-hard", Status: "info", Impact: "hygiene", Subject: r.Domain,
		Message: "-all: forwarded mail is refused before DKIM is looked at", Fix: "End the record with ~all", References: []string{"RFC 7208 8.4"}})
	return r
}

// add appends a finding with its area and lists.
func add(r *audit.Report, f audit.Finding) {
	f.Area, _, _ = strings.Cut(f.Rule, ".")
	for _, l := range []*[]string{&f.References, &f.Replies} {
		if *l == nil {
			*l = []string{}
		}
	}
	r.Findings = append(r.Findings, f)
}

// only keeps the findings of the areas named.
func only(r *audit.Report, areas ...string) {
	var l []audit.Finding
	for _, f := range r.Findings {
		for _, a := range areas {
			if f.Area == a {
				l = append(l, f)
			}
		}
	}
	r.Findings = l
}

// broken has something wrong in nearly every area.
func broken() *audit.Report {
	r := healthy()
	only(r, "domain", "mx", "submission")
	r.Domain, r.Verdict, r.Score, r.ScoreLow, r.Grade, r.Coverage = "shop.example", "fail", ptr(42), ptr(42), ptr("F"), 0.928
	record := "v=spf1 include:spf.protection.outlook.com include:_spf.google.com include:mail.zendesk.com " +
		"include:servers.mcsv.net include:sendgrid.net include:amazonses.com include:spf.mandrillapp.com a mx ptr ?all"
	r.Evidence.Sources = append(r.Evidence.Sources, audit.Source{IP: "11.22.33.45", Stream: "default", Origin: "flag", Declared: true, PTR: []string{}, FCrDNS: "fail"})
	r.Evidence.SPF = audit.SPF{Status: "found", Record: record, Records: []string{record}, Lookups: 17, VoidLookups: 1, Valid: ptr(false),
		Errors: []audit.SPFError{}, Results: []audit.SPFResult{
			{IP: "11.22.33.44", Stream: "default", Identity: "mailfrom", Domain: "shop.example", Result: "permerror", Matched: "17 lookups"},
			{IP: "11.22.33.45", Stream: "default", Identity: "mailfrom", Domain: "shop.example", Result: "permerror", Matched: "17 lookups"}}}
	r.Evidence.DKIM.Keys = []audit.Key{{Selector: "s1", Name: "s1._domainkey.shop.example", Status: "missing", Origin: "flag"}}
	r.Evidence.DMARC = audit.DMARC{Status: "none", RUA: []string{}, OrgDomain: "shop.example"}
	r.Evidence.Alignment = []audit.Alignment{{Stream: "default", SPF: "fail", DKIM: "fail", DMARC: "fail", MailFrom: identity("fail"), Signer: identity("fail")}}
	r.Evidence.DNSBL[0].Status, r.Evidence.DNSBL[0].Cause = "refused", "127.255.255.254: queries through a public resolver"
	r.Evidence.DNSBL[3] = audit.Listing{Zone: "psbl.surriel.com", Target: "11.22.33.45", Kind: "ip", Status: "listed", Codes: []string{"127.0.0.2"},
		Meaning: "sent spam to a trap", Reason: "Listed in PSBL, see http://psbl.org/listing?ip=11.22.33.45", Severity: "minor"}
	r.Streams[0].IPs = append(r.Streams[0].IPs, "11.22.33.45")
	r.Streams[0].Selectors = []string{"s1"}
	for _, f := range []audit.Finding{
		{Rule: "spf.lookup-limit", Status: "fail", Impact: "reject", Subject: "shop.example", Points: 20,
			Message:    "17 DNS lookups, the limit is 10: include:amazonses.com is the first term beyond it",
			References: []string{"RFC 7208 4.6.4"}, Replies: []string{"550-5.7.24 The SPF record of the sending domain has one or more suspicious entries."}, Fix: "Remove includes that are not used"},
		{Rule: "spf.all-neutral", Status: "warn", Impact: "spam", Subject: "shop.example", Points: 3,
			Message: "?all says nothing about hosts that are not named", References: []string{"RFC 7208 8.2"}, Fix: "End the record with ~all"},
		{Rule: "spf.ptr", Status: "info", Impact: "hygiene", Subject: "shop.example", Message: "ptr is slow and some receivers ignore it", References: []string{"RFC 7208 5.5"}},
		{Rule: "dkim.selector-missing", Status: "fail", Impact: "reject", Subject: "s1._domainkey.shop.example", Points: 10,
			Message: "selector s1 is in use, but s1._domainkey.shop.example does not exist", References: []string{"RFC 6376 3.6.2"}},
		{Rule: "dmarc.missing", Status: "warn", Impact: "reject", Subject: "shop.example", Points: 10,
			Message: "no DMARC record at _dmarc.shop.example nor above it", References: []string{"RFC 9989 4.10"}},
		{Rule: "ptr.missing", Status: "fail", Impact: "reject", Subject: "11.22.33.45", Points: 15,
			Message: "11.22.33.45 has no PTR", References: []string{"RFC 1912 2.1"},
			Replies: []string{"550-5.7.25 [{ip}] The IP address sending this message does not have a PTR record setup, or the corresponding forward DNS entry does not point to the sending IP."}},
		{Rule: "ptr.generic", Status: "warn", Impact: "spam", Subject: "11.22.33.44", Points: 2.25,
			Message: "the reverse name 11-22-33-44.static.customers.some-very-long-hosting-provider-name.example contains its address", References: []string{}},
		{Rule: "dnsbl.listed-minor", Status: "warn", Impact: "spam", Subject: "11.22.33.45", Points: 2.25,
			Message: "listed on psbl.surriel.com (127.0.0.2, sent spam to a trap): https://psbl.org/listing?ip=11.22.33.45", References: []string{"RFC 5782 2.1"}},
		{Rule: "dnsbl.query-refused", Status: "unknown", Impact: "hygiene", Subject: "zen.spamhaus.org",
			Message: "zen.spamhaus.org refuses this resolver (127.255.255.254)", References: []string{"RFC 5782 2.1"}},
		{Rule: "dnsbl.query-refused", Status: "unknown", Impact: "hygiene", Subject: "dbl.spamhaus.org",
			Message: "dbl.spamhaus.org refuses this resolver (127.255.255.254)", References: []string{"RFC 5782 2.1"}},
	} {
		add(r, f)
	}
	r.Evidence.DNSBL[4].Target, r.Evidence.DNSBL[4].Status, r.Evidence.DNSBL[4].Cause = "shop.example", "refused", "127.255.255.254: queries through a public resolver"
	r.Fixes = []audit.Fix{
		{ID: "ptr.missing-1", Rules: []string{"ptr.missing"}, Kind: "operator", Changes: []audit.Change{}, RRsets: []audit.RRset{}, ScoreAfter: ptr(58),
			Text:   "Give 11.22.33.45 a reverse name that leads back to it (whoever runs the address block sets it: the hoster's panel, or the provider), and let that name have the address as its A record",
			Reason: "computed from the findings; not audited again with the change applied"},
		{ID: "spf.all-neutral-2", Rules: []string{"spf.all-neutral"}, Kind: "dns", Proven: true, ScoreAfter: ptr(45), Text: "Replace the SPF record of shop.example",
			RRsets: []audit.RRset{}, Changes: []audit.Change{{Op: "replace", Name: "shop.example", Type: "TXT", TTL: 3600, Was: `"` + record + `"`, Data: `"` + strings.Replace(record, "?all", "~all", 1) + `"`}}},
		{ID: "dmarc.missing-3", Rules: []string{"dmarc.missing"}, Kind: "dns", Proven: true, ScoreAfter: ptr(52),
			Text:   "Publish a DMARC record that only watches; add rua=mailto: with a mailbox of yours to get reports",
			RRsets: []audit.RRset{}, Changes: []audit.Change{{Op: "add", Name: "_dmarc.shop.example", Type: "TXT", TTL: 3600, Data: `"v=DMARC1; p=none"`},
				{Op: "remove", Name: "shop.example", Type: "TXT", Was: `"v=DMARC1; p=none"`}}},
		{ID: "dkim.selector-missing-4", Rules: []string{"dkim.selector-missing"}, Kind: "dns", Changes: []audit.Change{}, RRsets: []audit.RRset{},
			Text: "Publish the key of selector s1 (s1._domainkey.shop.example)", Reason: "the key is with the mail server"},
	}
	return r
}

// dead is the audit of a domain whose name servers do not answer.
func dead() *audit.Report {
	r := healthy()
	rules := r.Findings
	r.Domain, r.Verdict, r.Score, r.ScoreLow, r.Grade, r.Coverage, r.DurationMS, r.Findings = "dark.example", "unknown", nil, nil, nil, 0, 30012, nil
	e := audit.Evidence{Sources: r.Evidence.Sources, MX: audit.MX{Status: "unknown", Hosts: []audit.MXHost{}},
		SPF:   audit.SPF{Status: "unknown", Records: []string{}, Errors: []audit.SPFError{}, Results: []audit.SPFResult{}},
		DKIM:  audit.DKIM{Subtree: "unknown", Keys: []audit.Key{}},
		DMARC: audit.DMARC{Status: "unknown", RUA: []string{}}, Alignment: []audit.Alignment{}, DNSBL: r.Evidence.DNSBL, Submission: []audit.Service{}, TLS: []audit.MXTalk{}, DANE: []audit.DANE{},
		MTASTS: audit.MTASTS{Status: "unknown", MX: []string{}, Cause: "SERVFAIL"}, TLSRPT: audit.TLSRPT{Status: "unknown", RUA: []string{}, Cause: "SERVFAIL"},
		NameServers: []audit.NameServer{}, DNSSEC: audit.DNSSEC{Status: "unknown", Validated: "unknown", DS: []audit.DS{}, Keys: []audit.DNSKey{}, Cause: "SERVFAIL"},
		Vantage: audit.Vantage{Honest: "unknown", Rewrites: []string{}, TCP: "unknown", Validates: "unknown", Cause: "SERVFAIL", Egress: []audit.Egress{}}}
	e.Sources[0].PTR, e.Sources[0].FCrDNS = []string{}, "unknown"
	r.Evidence = e
	for i := range e.DNSBL {
		e.DNSBL[i].Status, e.DNSBL[i].Cause = "unknown", "no answer from 192.0.2.53 within 5 s"
	}
	for _, f := range rules {
		f.Subject = r.Domain
		f.Status, f.Message, f.Deciding = "unknown", "no answer from 192.0.2.53 within 5 s", f.Area != "dnsbl" && f.Area != "mx"
		if f.Area != "submission" {
			add(r, f)
		}
	}
	return r
}

// partly has an unknown that decides, and no grade for it.
func partly() *audit.Report {
	r := healthy()
	r.Verdict, r.ScoreLow, r.Grade, r.Coverage = "unknown", ptr(69), nil, 0.8
	only(r, "domain", "mx", "spf", "dkim", "ptr", "dnsbl", "submission")
	r.Evidence.DMARC = audit.DMARC{Status: "unknown", RUA: []string{}}
	for _, rule := range []string{"dmarc.missing", "dmarc.multiple", "dmarc.p-missing"} {
		add(r, audit.Finding{Rule: rule, Status: "unknown", Impact: "reject", Subject: r.Domain, Deciding: true,
			Message: "_dmarc.healthy.example TXT: SERVFAIL from 192.0.2.53"})
	}
	return r
}

// attacked has the hostile string wherever text from outside can stand.
func attacked() *audit.Report {
	r := broken()
	e := &r.Evidence
	e.SPF.Record, e.SPF.Records = "v=spf1 "+hostile+" -all", []string{"v=spf1 " + hostile + " -all", hostile}
	e.SPF.Status = "multiple"
	e.SPF.Errors = []audit.SPFError{{Message: hostile, Term: hostile, Offset: 7}}
	e.DMARC = audit.DMARC{Status: "found", FoundAt: "_dmarc.shop.example", Record: "v=DMARC1; p=reject; rua=mailto:" + hostile, Policy: "reject", RUA: []string{"mailto:" + hostile}}
	e.Submission[0].Banner, e.Submission[0].Cause = hostile, hostile
	e.Submission[0].Certificate.Names = []string{hostile}
	e.DNSBL[3].Reason = hostile
	e.MX.Hosts[0].Host = hostile
	e.Sources[0].PTR = []string{hostile}
	r.Findings[3].Message = "unknown term " + hostile
	r.Findings[4].Subject = hostile
	r.Findings[len(r.Findings)-1].Subject = hostile
	r.Fixes[1].Changes[0].Was = `"` + hostile + `"`
	r.Fixes[2].Changes[0].Name = hostile
	r.Fixes[3].Text = "Publish " + hostile
	return r
}

// rules are a catalogue for tests.
var rules = []*checks.Check{
	{ID: "spf.lookup-limit", Title: "SPF stays within 10 DNS lookups", Area: "spf", Worst: checks.Fail, Impact: checks.Reject,
		References: []string{"RFC 7208 4.6.4"}, Replies: []string{"550-5.7.24 The SPF record of the sending domain has one or more suspicious entries.", "550 SPF: <{d}> is a|b ```"},
		Refused: []checks.Refusal{{Receiver: "gmail"}, {Receiver: "outlook", Bulk: true}},
		Help:    "A receiver stops after 10 terms that cause lookups and takes the record for broken (permerror). Then no mail passes by SPF, not even from hosts that stand before the limit.",
		Fix:     "Remove includes that are not used; give each service a subdomain of its own",
		Example: checks.Example{Zone: `example.com. TXT "v=spf1 a a a a a a a a a a a -all"` + "\n\nx.example.com. TXT \"\xff a|b ```\"", Remove: "mail.example.com. A",
			Flags: "--daily 5000 --ip= --helo= --profile sender"}},
	{ID: "spf.all-neutral", Title: "the record does not end with ?all", Area: "spf", Worst: checks.Warn, Impact: checks.Spam,
		References: []string{"RFC 7208 8.2"}, Help: "?all is as good as nothing.", Fix: "End the record with ~all",
		Example: checks.Example{Flags: "news.example.com --helo=", Finding: checks.Info}},
	{ID: "dmarc.missing", Title: "a DMARC record <_dmarc.*> applies | to the domain", Area: "dmarc", Worst: checks.Fail, Impact: checks.Reject,
		References: []string{"RFC 9989 4.10"}, Refused: []checks.Refusal{{Receiver: "gmail", Bulk: true}}, Help: "Bulk senders need one.", Fix: "Publish one at `_dmarc`"},
	{ID: "submission.587-no-starttls", Title: "port 587 offers STARTTLS", Area: "submission", Worst: checks.Fail, Impact: checks.Clients,
		References: []string{"RFC 8314 4.1"}},
}

// identity is that of the author domain itself.
func identity(passes string) audit.Identity {
	return audit.Identity{Domain: "shop.example", Passes: passes, Relaxed: "pass", Strict: "pass", Mode: "relaxed", Aligned: "pass"}
}
