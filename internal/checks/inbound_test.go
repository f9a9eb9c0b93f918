package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/facts"
)

// goodInbound are MX hosts with which no rule finds fault, asked about everything.
func goodInbound() []facts.MXTalk {
	var l []facts.MXTalk
	for i, at := range []string{"11.22.33.25", "11.22.34.25"} {
		host := fmt.Sprintf("mx%d.healthy.example", i+1)
		addr := netip.MustParseAddr(at)
		p := goodProbe("starttls")
		p.Addr, p.Banner, p.Auth = addr, host+" ESMTP", nil
		p.EHLO = []string{host, "SIZE 36700160", "8BITMIME", "STARTTLS"}
		p.EHLOTLS = []string{host, "SIZE 36700160", "8bitmime", "SMTPUTF8", "REQUIRETLS"}
		p.Cert.Names, p.Cert.Key, p.Cert.Bits, p.Cert.Signature = []string{host}, "RSA", 2048, "SHA256-RSA"
		t := facts.MXTalk{Host: host, Preference: 10 * (i + 1), Name: host, Named: facts.Know(facts.Hosts{Addresses: []netip.Addr{addr}})}
		for _, e := range []struct {
			purpose, from, to, stage string
			code                     int
			enhanced, text           string
		}{
			{facts.AskPostmaster, "", "postmaster@healthy.example", "rcpt", 250, "2.1.5", "ok"},
			{facts.AskAbuse, "", "abuse@healthy.example", "rcpt", 250, "2.1.5", "ok"},
			{facts.AskSender, "", "news@healthy.example", "rcpt", 250, "2.1.5", "ok"},
			{facts.AskRandom, "", "mailaudit-1@healthy.example", "rcpt", 550, "5.1.1", "5.1.1 user unknown"},
			{facts.AskRelay, "postmaster@healthy.example", "x@relay-test.invalid", "rcpt", 554, "5.7.1", "5.7.1 Relay access denied"},
			{facts.AskVrfy, "", "postmaster@healthy.example", "vrfy", 252, "2.5.0", "cannot say"},
			{facts.AskVrfyUnknown, "", "mailaudit-1@healthy.example", "vrfy", 252, "2.5.0", "cannot say"},
		} {
			envelope := facts.Envelope{Purpose: e.purpose, From: e.from, To: e.to, Verify: e.stage == "vrfy"}
			t.Asked = append(t.Asked, envelope)
			p.Envelopes = append(p.Envelopes, facts.EnvelopeReply{Envelope: envelope, Stage: e.stage, Code: e.code, Enhanced: e.enhanced, Text: e.text})
		}
		t.Probe = facts.Know(p)
		l = append(l, t)
	}
	return l
}

// mx1 is the healthy domain with its first MX host behaving otherwise.
func mx1(edit func(*facts.Probe)) func(*facts.Facts) {
	return func(f *facts.Facts) { edit(&f.Inbound[0].Probe.Value) }
}

// mxAll is the healthy domain with this seen of all its MX hosts.
func mxAll(p facts.Probe) func(*facts.Facts) {
	return func(f *facts.Facts) {
		for i := range f.Inbound {
			f.Inbound[i].Probe, f.Inbound[i].Named = facts.Know(p), facts.Fact[facts.Hosts]{}
		}
	}
}

// mxOnly is the healthy domain with one MX host, of which this is all that was seen.
func mxOnly(p facts.Probe) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Inbound = f.Inbound[:1]
		mxAll(p)(f)
	}
}

// says is an edit of what the MX hosts of these numbers answer to the envelopes of one purpose.
func says(purpose string, code int, enhanced, text string, hosts ...int) func(*facts.Facts) {
	return func(f *facts.Facts) {
		for _, i := range hosts {
			for j := range f.Inbound[i].Probe.Value.Envelopes {
				r := &f.Inbound[i].Probe.Value.Envelopes[j]
				if r.Purpose == purpose {
					r.Code, r.Enhanced, r.Text = code, enhanced, strings.TrimSpace(enhanced+" "+text)
				}
			}
		}
	}
}

// nullRefused is an edit of one host that takes no MAIL FROM:<>.
func nullRefused(code, host int) func(*facts.Facts) {
	return func(f *facts.Facts) {
		for j := range f.Inbound[host].Probe.Value.Envelopes {
			if r := &f.Inbound[host].Probe.Value.Envelopes[j]; r.From == "" && !r.Verify {
				r.Stage, r.Code, r.Enhanced, r.Text = "mail", code, "", "no bounces here"
			}
		}
	}
}

// does runs edits one after the other.
func does(edits ...func(*facts.Facts)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		for _, e := range edits {
			e(f)
		}
	}
}

// egress is an edit of what is known of our own port 25.
func egress(state string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Vantage.Egress = []facts.Egress{{Port: 25, State: state, Why: "by check.example"}}
	}
}

// microsoft is the healthy domain at Microsoft 365, where these answer 550 5.4.1.
func microsoft(purposes ...string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Inbound = f.Inbound[:1]
		f.Inbound[0].Host = "healthy-example.mail.protection.outlook.com"
		for _, p := range purposes {
			says(p, 550, "5.4.1", "Recipient address rejected: Access denied", 0)(f)
		}
	}
}

// unasked takes away what was asked for a purpose.
func unasked(purpose string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		for i := range f.Inbound {
			f.Inbound[i].Asked = slices.DeleteFunc(f.Inbound[i].Asked, func(e facts.Envelope) bool { return e.Purpose == purpose })
		}
	}
}

// notAnswered takes away what was said to a purpose.
func notAnswered(purpose string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		p := &f.Inbound[0].Probe.Value
		p.Why = "the reply to RCPT did not end before the server closed the connection"
		p.Envelopes = slices.DeleteFunc(p.Envelopes, func(r facts.EnvelopeReply) bool { return r.Purpose == purpose })
	}
}

var (
	late     = facts.Probe{Status: facts.ServiceUnknown, TLS: "none", Late: true, Why: "the greeting did not end within 15s (0 octets came)"}
	noBanner = facts.Probe{Status: facts.ServiceUnknown, TLS: "none", NoBanner: "the greeting has more than 64 lines", Why: "the greeting has more than 64 lines"}
	away     = facts.Probe{Status: facts.ServiceUnknown, TLS: "none", Banner: "5.7.1 listed", Why: `the greeting is "554 5.7.1 listed"`}
	everyone = []string{facts.AskPostmaster, facts.AskAbuse, facts.AskSender, facts.AskRandom}
)

var inboundCases = []ruleCase{
	{rule: "mx.refused", want: Warn, says: "no connection to port 25 of mx1.healthy.example, mx2.healthy.example: connection refused", edit: does(mxAll(refused), egress(facts.EgressOpen))},
	{rule: "mx.refused", name: "all refused, nothing tells whose side that is on", want: Unknown, says: "connection refused, perhaps by our own network: --egress-check tells", edit: mxAll(refused)},
	{rule: "mx.refused", name: "the only one refuses", want: Unknown, says: "perhaps by our own network", edit: mxOnly(refused)},
	{rule: "mx.refused", name: "the only one refuses, our port is open", want: Warn, says: "no connection to port 25 of mx1.healthy.example: connection refused", edit: does(mxOnly(refused), egress(facts.EgressOpen))},
	{rule: "mx.refused", name: "all refused, our port is open", want: Warn, says: "connection refused", edit: does(mxAll(refused), egress(facts.EgressOpen))},
	{rule: "mx.refused", name: "all refused, perhaps by our own network", want: Unknown, says: "mx2.healthy.example: connection refused; our own network, it seems: by check.example", edit: does(mxAll(refused), egress(facts.EgressPerhaps))},
	{rule: "mx.refused", name: "all refused, our port is blocked", want: Unknown, says: "our own network", edit: does(mxAll(refused), egress(facts.EgressBlocked))},
	{rule: "mx.refused", name: "one of two", want: Info, says: "connection refused; mx2.healthy.example takes them", edit: mx1(func(p *facts.Probe) { *p = refused })},
	{rule: "mx.refused", name: "filtered", want: Unknown, says: "mx1.healthy.example: no answer to a connection attempt within 2s, perhaps in our own network", edit: mxAll(filtered)},
	{rule: "mx.refused", name: "filtered, our port is blocked", want: Unknown, says: "our own network lets nobody out on port 25: by check.example", edit: does(mxAll(filtered), egress(facts.EgressBlocked))},
	{rule: "mx.refused", name: "filtered, our port is perhaps blocked", want: Unknown, says: "within 2s; our own network, it seems: by check.example", edit: does(mxAll(filtered), egress(facts.EgressPerhaps))},
	{rule: "mx.refused", name: "filtered, our port is open", want: Unknown, says: "within 2s; not that of our own network: by check.example", edit: does(mxAll(filtered), egress(facts.EgressOpen))},
	{rule: "mx.refused", name: "one of two filtered", want: Unknown, says: "perhaps in our own network", edit: mx1(func(p *facts.Probe) { *p = filtered })},
	{rule: "mx.refused", name: "refused and filtered", want: Unknown, says: "mx2.healthy.example: no answer", edit: does(mxAll(filtered), mx1(func(p *facts.Probe) { *p = refused }))},
	{rule: "mx.refused", name: "turned away", want: Unknown, says: `the greeting is "554 5.7.1 listed"`, edit: mxAll(away)},
	{rule: "mx.refused", name: "no greeting that can be read", want: Pass, edit: mxAll(noBanner)},
	{rule: "mx.refused", name: "tarpit", want: Pass, edit: mxAll(late)},
	{rule: "mx.refused", name: "offline", want: Unknown, says: "mx1.healthy.example: offline", edit: func(f *facts.Facts) {
		for i := range f.Inbound {
			f.Inbound[i].Probe = facts.Cannot[facts.Probe]("offline")
		}
	}},
	{rule: "mx.refused", name: "left alone", want: Info, says: "mx2.healthy.example was not connected to: a batch", edit: func(f *facts.Facts) {
		for i := range f.Inbound {
			f.Inbound[i].Probe, f.Inbound[i].Left = facts.Fact[facts.Probe]{}, "a batch"
		}
	}},
	{rule: "mx.refused", name: "one refused, one left alone", want: Unknown, says: "no connection to port 25 of mx1.healthy.example: connection refused; mx2.healthy.example was not connected to: a batch", edit: does(mxAll(refused), func(f *facts.Facts) {
		f.Inbound[1].Probe, f.Inbound[1].Left = facts.Fact[facts.Probe]{}, "a batch"
	})},
	{rule: "mx.refused", name: "MX lost", want: Unknown, says: "which hosts take its mail: timeout", edit: func(f *facts.Facts) {
		f.MX, f.Inbound = facts.Cannot[facts.MX]("timeout"), nil
	}},
	{rule: "mx.refused", name: "one of two is left alone", want: Unknown, says: "mx2.healthy.example was not connected to: only the first", edit: func(f *facts.Facts) {
		f.Inbound[1] = facts.MXTalk{Host: "mx2.healthy.example", Left: "only the first"}
	}},
	{rule: "mx.starttls-missing", name: "one of two is left alone", want: "", edit: func(f *facts.Facts) {
		f.Inbound[1] = facts.MXTalk{Host: "mx2.healthy.example", Left: "only the first"}
	}},
	{rule: "mx.starttls-missing", name: "EHLO is refused for our name", want: Unknown, says: "perhaps for the name that this audit gives", edit: mx1(func(p *facts.Probe) {
		*p = facts.Probe{Status: facts.ServiceOpen, Banner: p.Banner, TLS: "none", Why: `the reply to EHLO is "550 no such host", perhaps for the name that this audit gives, mailaudit.invalid`}
	})},
	{rule: "mx.open-relay", name: "the recipient's domain is refused", want: Unknown, says: "which may be another later",
		edit: says(facts.AskRelay, 450, "4.1.2", "<x@relay-test.invalid>: Recipient address rejected: Domain not found", 0, 1)},
	{rule: "mx.refused", name: "null MX", want: "", edit: does(nullMX, func(f *facts.Facts) { f.Inbound = nil })},
	{rule: "mx.refused", name: "no domain", want: "", edit: func(f *facts.Facts) { f.Exists = facts.Know(false) }},

	{rule: "mx.banner-invalid", want: Warn, says: `the greeting "ESMTP ready 3.7.2" holds no fully-qualified host name`, edit: mx1(func(p *facts.Probe) { p.Banner = "ESMTP ready 3.7.2" })},
	{rule: "mx.banner-invalid", name: "asterisks", want: Warn, says: "holds no", edit: mx1(func(p *facts.Probe) { p.Banner = "*****************" })},
	{rule: "mx.banner-invalid", name: "no name", want: Warn, says: "holds no", edit: mx1(func(p *facts.Probe) { p.Banner = "" })},
	{rule: "mx.banner-invalid", name: "localhost", want: Warn, says: "holds no", edit: mx1(func(p *facts.Probe) { p.Banner = "localhost ESMTP" })},
	{rule: "mx.banner-invalid", name: "endless", want: Warn, says: "the greeting has more than 64 lines", edit: mx1(func(p *facts.Probe) { *p = noBanner })},
	{rule: "mx.banner-invalid", name: "address literal", want: Pass, edit: mx1(func(p *facts.Probe) { p.Banner = "[11.22.33.25] ESMTP" })},
	{rule: "mx.banner-invalid", name: "a name later on", want: Pass, edit: mx1(func(p *facts.Probe) { p.Banner = "ESMTP\n(mx1.healthy.example)" })},

	{rule: "mx.banner-mismatch", want: Info, says: "the host calls itself mx1.healthy.example, which has not its address 11.22.33.25", edit: func(f *facts.Facts) {
		f.Inbound[0].Named.Value.Addresses = []netip.Addr{sender}
	}},
	{rule: "mx.banner-mismatch", name: "no address", want: Info, says: "which has no address", edit: func(f *facts.Facts) { f.Inbound[0].Named.Value.Addresses = nil }},
	{rule: "mx.banner-mismatch", name: "lost", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) { f.Inbound[0].Named = facts.Cannot[facts.Hosts]("SERVFAIL") }},
	{rule: "mx.banner-mismatch", name: "one family lost", want: Unknown, says: "AAAA: SERVFAIL", edit: func(f *facts.Facts) {
		f.Inbound[0].Named.Value = facts.Hosts{Addresses: []netip.Addr{sender}, Lost: "AAAA: SERVFAIL"}
	}},
	{rule: "mx.banner-mismatch", name: "one family lost, the other leads back", want: Pass, edit: func(f *facts.Facts) { f.Inbound[0].Named.Value.Lost = "AAAA: SERVFAIL" }},
	{rule: "mx.banner-mismatch", name: "no name", want: "", edit: func(f *facts.Facts) {
		for i := range f.Inbound {
			f.Inbound[i].Named = facts.Fact[facts.Hosts]{}
		}
	}},

	{rule: "mx.tarpit", want: Info, says: "the connection was taken, and the greeting did not end within 15s", edit: mx1(func(p *facts.Probe) { *p = late })},
	{rule: "mx.tarpit", name: "no greeting that can be read", want: "", edit: mxAll(noBanner)},

	{rule: "mx.starttls-missing", want: Warn, says: "port 25 offers no STARTTLS", edit: mx1(func(p *facts.Probe) { *p = noTLS })},
	{rule: "mx.starttls-missing", name: "ended before EHLO", want: Unknown, says: "did not end within 6s", edit: mx1(func(p *facts.Probe) { *p = brokenOff(facts.Probe{}) })},
	{rule: "mx.starttls-missing", name: "ended after EHLO", want: Pass, edit: mx1(func(p *facts.Probe) { *p = brokenOff(facts.Probe{STARTTLS: true, EHLO: []string{"x", "STARTTLS"}}) })},
	{rule: "mx.starttls-missing", name: "no connection", want: "", edit: mxAll(refused)},

	{rule: "mx.starttls-broken", want: Warn, says: "port 25 offers STARTTLS, which fails: the server answered in the clear", edit: mx1(func(p *facts.Probe) {
		*p = facts.Probe{Status: facts.ServiceOpen, STARTTLS: true, TLS: "none", TLSFault: "the server answered in the clear"}
	})},
	{rule: "mx.starttls-broken", name: "ended in the handshake", want: Unknown, says: "did not end", edit: mx1(func(p *facts.Probe) { *p = brokenOff(facts.Probe{STARTTLS: true}) })},
	{rule: "mx.starttls-broken", name: "not offered", want: "", edit: mxAll(noTLS)},

	{rule: "mx.tls-version", want: Warn, says: "port 25 speaks TLS 1.1 and nothing newer", edit: mx1(func(p *facts.Probe) { p.OldTLS, p.Version = true, "TLS 1.1" })},
	{rule: "mx.tls-version", name: "no TLS", want: "", edit: mxAll(noTLS)},

	{rule: "mx.cert-expired", want: Warn, says: "expired on 2026-11-20, 2 days ago", edit: mx1(func(p *facts.Probe) { p.Cert.NotAfter = now.AddDate(0, 0, -2) })},
	{rule: "mx.cert-expired", name: "not yet valid", want: Warn, says: "not valid before 2026-11-23", edit: mx1(func(p *facts.Probe) { p.Cert.NotBefore = now.AddDate(0, 0, 1) })},
	{rule: "mx.cert-expired", name: "soon", want: Pass, edit: mx1(func(p *facts.Probe) { p.Cert.NotAfter = now.AddDate(0, 0, 1) })},
	{rule: "mx.cert-expired", name: "not seen", want: Unknown, says: "did not end", edit: mx1(func(p *facts.Probe) { *p = brokenOff(facts.Probe{STARTTLS: true}) })},

	{rule: "mx.cert-expiring", want: Warn, says: "expires on 2026-12-05: 13 days left, less than 14", edit: mx1(func(p *facts.Probe) { p.Cert.NotAfter = now.AddDate(0, 0, 13) })},
	{rule: "mx.cert-expiring", name: "of a short life", want: Pass, edit: mx1(func(p *facts.Probe) { p.Cert.NotBefore, p.Cert.NotAfter = now.AddDate(0, 0, -4), now.AddDate(0, 0, 2) })},
	{rule: "mx.cert-expiring", name: "of a short life that ends", want: Warn, says: "1 day left, less than 2", edit: mx1(func(p *facts.Probe) { p.Cert.NotBefore, p.Cert.NotAfter = now.AddDate(0, 0, -5), now.AddDate(0, 0, 1) })},
	{rule: "mx.cert-expiring", name: "in 14 days", want: Pass, edit: mx1(func(p *facts.Probe) { p.Cert.NotAfter = now.AddDate(0, 0, 14) })},
	{rule: "mx.cert-expiring", name: "expired", want: Pass, edit: mx1(func(p *facts.Probe) { p.Cert.NotAfter = now.AddDate(0, 0, -2) })},

	{rule: "mx.cert-name", want: Warn, says: "holds www.healthy.example, and not mx1.healthy.example", edit: mx1(func(p *facts.Probe) {
		p.Cert.Names, p.Cert.NameOK = []string{"www.healthy.example"}, false
	})},

	{rule: "mx.cert-chain", want: Info, says: "the certificate is self-signed", edit: mx1(func(p *facts.Probe) { p.Cert.ChainOK, p.Cert.ChainWhy = false, "the certificate is self-signed" })},
	{rule: "mx.cert-chain", name: "no roots to judge by", want: Unknown, says: "no trusted roots", edit: mx1(func(p *facts.Probe) {
		p.Cert.ChainOK, p.Cert.ChainUnknown, p.Cert.ChainWhy = false, true, "this machine has no trusted roots"
	})},

	{rule: "mx.cert-weak", want: Warn, says: "RSA of 1024 bits, fewer than 2048", edit: mx1(func(p *facts.Probe) { p.Cert.Bits = 1024 })},
	{rule: "mx.cert-weak", name: "SHA-1", want: Warn, says: "signed by ECDSA-SHA1", edit: mx1(func(p *facts.Probe) { p.Cert.Signature = "ECDSA-SHA1" })},
	{rule: "mx.cert-weak", name: "ECDSA", want: Pass, edit: mx1(func(p *facts.Probe) { p.Cert.Key, p.Cert.Bits = "ECDSA", 256 })},

	{rule: "requiretls.info", want: Info, says: "no MX host announces REQUIRETLS", edit: func(f *facts.Facts) {
		for i := range f.Inbound {
			f.Inbound[i].Probe.Value.EHLOTLS = []string{"x", "SIZE", "8BITMIME"}
		}
	}},
	{rule: "requiretls.info", name: "one of two", want: Pass, edit: mx1(func(p *facts.Probe) { p.EHLOTLS = []string{"x", "SIZE"} })},
	{rule: "requiretls.info", name: "no TLS", want: "", edit: mxAll(noTLS)},
	{rule: "requiretls.info", name: "ended before EHLO under TLS", want: "", edit: mxAll(brokenOff(facts.Probe{STARTTLS: true, TLS: "starttls"}))},

	{rule: "mx.auth-on-25", want: Warn, says: "port 25 offers AUTH PLAIN LOGIN before TLS", edit: mx1(func(p *facts.Probe) { p.AuthPlain = []string{"PLAIN", "LOGIN"} })},
	{rule: "mx.auth-on-25", name: "under TLS", want: Pass, edit: mx1(func(p *facts.Probe) { p.Auth = []string{"PLAIN"} })},
	{rule: "mx.auth-on-25", name: "ended before EHLO", want: Unknown, says: "did not end", edit: mx1(func(p *facts.Probe) { *p = brokenOff(facts.Probe{}) })},

	{rule: "mx.size", want: Info, says: "SIZE 9999999: messages of more than 9999999 octets are refused, fewer than 10000000", edit: mx1(func(p *facts.Probe) { p.EHLOTLS = []string{"x", "SIZE 9999999"} })},
	{rule: "mx.size", name: "not announced", want: Info, says: "does not announce SIZE", edit: mx1(func(p *facts.Probe) { p.EHLOTLS = []string{"SIZE 36700160", "SIZES 1"} })},
	{rule: "mx.size", name: "enough", want: Pass, edit: mx1(func(p *facts.Probe) { p.EHLOTLS = []string{"x", "size 10000000"} })},
	{rule: "mx.size", name: "no limit", want: Pass, edit: mx1(func(p *facts.Probe) { p.EHLOTLS = []string{"x", "SIZE 0"} })},
	{rule: "mx.size", name: "no word of a limit", want: Pass, edit: mx1(func(p *facts.Probe) { p.EHLOTLS = []string{"x", "SIZE", ""} })},
	{rule: "mx.size", name: "no number", want: Pass, edit: mx1(func(p *facts.Probe) { p.EHLOTLS = []string{"x", "SIZE 99999999999999999999999"} })},
	{rule: "mx.size", name: "before TLS alone", want: Info, says: "does not announce SIZE", edit: mx1(func(p *facts.Probe) { p.EHLO, p.EHLOTLS = []string{"x", "SIZE 36700160"}, []string{"x"} })},
	{rule: "mx.size", name: "no TLS", want: Pass, edit: mx1(func(p *facts.Probe) { p.EHLO, p.EHLOTLS = []string{"x", "SIZE 36700160"}, nil })},
	{rule: "mx.size", name: "ended before", want: Unknown, says: "did not end", edit: mx1(func(p *facts.Probe) { *p = brokenOff(*p) })},

	{rule: "mx.8bitmime-smtputf8", want: Info, says: "does not announce 8BITMIME", edit: mx1(func(p *facts.Probe) { p.EHLOTLS = []string{"x", "SIZE"} })},
	{rule: "mx.8bitmime-smtputf8", name: "SMTPUTF8 alone", want: Info, says: "SMTPUTF8 without 8BITMIME", edit: mx1(func(p *facts.Probe) { p.EHLOTLS = []string{"x", "SMTPUTF8"} })},
	{rule: "mx.8bitmime-smtputf8", name: "8BITMIME alone", want: Pass, edit: mx1(func(p *facts.Probe) { p.EHLOTLS = []string{"x", "8BITMIME"} })},

	{rule: "mx.postmaster", want: Warn, says: `mail to postmaster@healthy.example is refused: "550 5.1.1 user unknown"`, edit: says(facts.AskPostmaster, 550, "5.1.1", "user unknown", 0)},
	{rule: "mx.postmaster", name: "without an enhanced code", want: Warn, says: "No such user here", edit: says(facts.AskPostmaster, 550, "", "No such user here", 0)},
	{rule: "mx.postmaster", name: "Exim", want: Warn, says: "Unrouteable", edit: says(facts.AskPostmaster, 550, "", "Unrouteable address", 0)},
	{rule: "mx.postmaster", name: "greylisted", want: Unknown, says: `mx1.healthy.example answers RCPT with "451 4.7.1 greylisted", which may be another later`, edit: says(facts.AskPostmaster, 451, "4.7.1", "greylisted", 0)},
	{rule: "mx.postmaster", name: "temporary for the mailbox", want: Unknown, says: "another later", edit: says(facts.AskPostmaster, 450, "4.2.1", "mailbox unavailable", 0)},
	{rule: "mx.postmaster", name: "about us", want: Unknown, says: "which may be about us", edit: says(facts.AskPostmaster, 554, "5.7.1", "Client host [192.0.2.1] blocked using zen.example", 0)},
	{rule: "mx.postmaster", name: "about us, without an enhanced code", want: Unknown, says: "which may be about us", edit: says(facts.AskPostmaster, 550, "", "your address is unknown on our white list", 0)},
	{rule: "mx.postmaster", name: "policy", want: Unknown, says: "which may be about us", edit: says(facts.AskPostmaster, 550, "", "administrative prohibition", 0)},
	{rule: "mx.postmaster", name: "the null sender is refused", want: Unknown, says: "answers MAIL with", edit: nullRefused(550, 0)},
	{rule: "mx.postmaster", name: "closed in between", want: Unknown, says: "before the server closed the connection", edit: notAnswered(facts.AskPostmaster)},
	{rule: "mx.postmaster", name: "not asked", want: "", edit: unasked(facts.AskPostmaster)},
	{rule: "mx.postmaster", name: "no connection", want: "", edit: mxAll(refused)},

	{rule: "mx.abuse", want: Warn, says: "mail to abuse@healthy.example is refused", edit: says(facts.AskAbuse, 550, "5.1.1", "user unknown", 0)},
	{rule: "mx.abuse", name: "is not about postmaster", want: Pass, edit: says(facts.AskPostmaster, 550, "5.1.1", "user unknown", 0)},

	{rule: "mx.dsn-null-sender", want: Fail, says: `mail from <> is refused, and bounces are from there: "550 no bounces here"`, edit: nullRefused(550, 0)},
	{rule: "mx.dsn-null-sender", name: "at a backup", want: Warn, says: "no bounces here", edit: nullRefused(550, 1)},
	{rule: "mx.dsn-null-sender", name: "temporary", want: Unknown, says: "another later", edit: nullRefused(451, 0)},
	{rule: "mx.dsn-null-sender", name: "any sender is refused", want: Unknown, says: "about us", edit: does(nullRefused(550, 0), func(f *facts.Facts) {
		l := f.Inbound[0].Probe.Value.Envelopes
		i := slices.IndexFunc(l, func(r facts.EnvelopeReply) bool { return r.Purpose == facts.AskRelay })
		l[i].Stage, l[i].Code = "mail", 550
	})},
	{rule: "mx.dsn-null-sender", name: "nothing else was answered", want: Unknown, says: "about us", edit: does(nullRefused(550, 0), notAnswered(facts.AskRelay))},
	{rule: "mx.dsn-null-sender", name: "the recipient is unknown", want: Pass, edit: says(facts.AskPostmaster, 550, "5.1.1", "no", 0)},
	{rule: "mx.dsn-null-sender", name: "refused for whatever reason", want: Unknown, says: "about us", edit: says(facts.AskPostmaster, 550, "5.7.1", "no", 0)},
	{rule: "mx.dsn-null-sender", name: "refused with the recipient", want: Fail, says: "Sender address rejected", edit: says(facts.AskPostmaster, 550, "5.7.1", "<>: Sender address rejected: Access denied", 0)},
	{rule: "mx.dsn-null-sender", name: "refused for the client", want: Unknown, says: "about us", edit: says(facts.AskPostmaster, 554, "5.7.1", "192.0.2.1 is listed at zen.example; sender=<>, recipient=<postmaster@healthy.example>", 0)},
	{rule: "mx.dsn-null-sender", name: "not asked", want: "", edit: unasked(facts.AskPostmaster)},

	{rule: "mx.sender-not-deliverable", want: Fail, says: `mx1.healthy.example refuses mail to the Return-Path news@healthy.example: "550 5.1.1 user unknown"`, edit: says(facts.AskSender, 550, "5.1.1", "user unknown", 0)},
	{rule: "mx.sender-not-deliverable", name: "at a backup", want: Warn, says: "mx2.healthy.example refuses", edit: says(facts.AskSender, 550, "5.1.1", "user unknown", 1)},
	{rule: "mx.sender-not-deliverable", name: "disabled", want: Fail, says: "5.2.1", edit: says(facts.AskSender, 550, "5.2.1", "mailbox disabled", 0)},
	{rule: "mx.sender-not-deliverable", name: "greylisted", want: Unknown, says: "another later", edit: says(facts.AskSender, 450, "4.2.0", "greylisted", 0)},
	{rule: "mx.sender-not-deliverable", name: "not asked", want: "", edit: unasked(facts.AskSender)},

	{rule: "mx.catch-all", want: Info, says: `mail to mailaudit-1@healthy.example, which was made up, is taken: "250 2.1.5 ok"`, edit: says(facts.AskRandom, 250, "2.1.5", "ok", 0)},
	{rule: "mx.catch-all", name: "about us", want: Unknown, says: "about us", edit: says(facts.AskRandom, 550, "5.7.1", "no", 0)},

	{rule: "mx.open-relay", want: Fail, says: `from here 11.22.33.44, a sending address, takes mail to x@relay-test.invalid without a login: "250 2.1.5 ok"`, edit: does(
		says(facts.AskRelay, 250, "2.1.5", "ok", 0), mx1(func(p *facts.Probe) { p.Addr = sender }))},
	{rule: "mx.open-relay", name: "of a host that does not send", want: Warn, says: "from here 11.22.33.25 takes mail to", edit: says(facts.AskRelay, 250, "2.1.5", "ok", 0)},
	{rule: "mx.open-relay", name: "of a candidate", want: Warn, says: "from here 11.22.33.44 takes", edit: does(says(facts.AskRelay, 250, "2.1.5", "ok", 0), func(f *facts.Facts) {
		f.Inbound[0].Probe.Value.Addr, f.Sources[0].Declared = sender, false
	})},
	{rule: "mx.open-relay", name: "the recipient's domain does not exist", want: Unknown, says: "about us", edit: says(facts.AskRelay, 550, "5.1.2", "Recipient address rejected: Domain not found", 0)},
	{rule: "mx.open-relay", name: "refused temporarily, as Postfix has it", want: Pass, edit: says(facts.AskRelay, 454, "4.7.1", "<x@relay-test.invalid>: Relay access denied", 0)},
	{rule: "mx.open-relay", name: "greylisted", want: Unknown, says: "another later", edit: says(facts.AskRelay, 451, "4.7.1", "greylisted", 0)},
	{rule: "mx.open-relay", name: "user not local", want: Pass, edit: says(facts.AskRelay, 551, "", "go elsewhere", 0)},
	{rule: "mx.open-relay", name: "qmail", want: Pass, edit: says(facts.AskRelay, 553, "", "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", 0)},
	{rule: "mx.open-relay", name: "about us", want: Unknown, says: "about us", edit: says(facts.AskRelay, 554, "5.7.1", "Client host blocked using zen.example", 0)},

	{rule: "mx.vrfy", want: Info, says: `VRFY tells addresses apart: "252 2.0.0 postmaster" for postmaster, "550 5.1.1 user unknown" for one that was made up`, edit: does(
		says(facts.AskVrfy, 252, "2.0.0", "postmaster", 0), says(facts.AskVrfyUnknown, 550, "5.1.1", "user unknown", 0))},
	{rule: "mx.vrfy", name: "neither", want: Pass, edit: does(says(facts.AskVrfy, 550, "5.1.1", "no", 0), says(facts.AskVrfyUnknown, 550, "5.1.1", "no", 0))},
	{rule: "mx.vrfy", name: "no such command", want: Pass, edit: does(says(facts.AskVrfy, 502, "5.5.1", "no", 0), says(facts.AskVrfyUnknown, 502, "5.5.1", "no", 0))},
	{rule: "mx.vrfy", name: "closed in between", want: Unknown, says: "closed the connection", edit: notAnswered(facts.AskVrfyUnknown)},
	{rule: "mx.vrfy", name: "temporary", want: Unknown, says: "another later", edit: says(facts.AskVrfyUnknown, 450, "", "later", 0)},

	{rule: "mx.tenant-mismatch", want: Warn, says: "all 4 addresses that were tried are refused with 550 5.4.1, the Return-Path among them", edit: microsoft(everyone...)},
	{rule: "mx.tenant-mismatch", name: "the Return-Path is taken", want: Pass, edit: microsoft(facts.AskPostmaster, facts.AskAbuse, facts.AskRandom)},
	{rule: "mx.tenant-mismatch", name: "no Return-Path to ask about", want: Unknown, says: "they may all be missing", edit: does(microsoft(everyone...), unasked(facts.AskSender))},
	{rule: "mx.tenant-mismatch", name: "one is greylisted", want: Unknown, says: "another later", edit: does(microsoft(everyone...), says(facts.AskAbuse, 451, "4.7.500", "busy", 0))},
	{rule: "mx.tenant-mismatch", name: "one is not answered", want: Unknown, says: "closed the connection", edit: does(microsoft(everyone...), notAnswered(facts.AskRandom))},
	{rule: "mx.tenant-mismatch", name: "elsewhere", want: "", edit: func(*facts.Facts) {}},
	{rule: "mx.tenant-mismatch", name: "not asked", want: "", edit: does(microsoft(), func(f *facts.Facts) { f.Inbound[0].Asked = nil })},
}

// TestInboundAlone holds that one fault of a host, or of the way to it, gives one finding in the area and no other.
func TestInboundAlone(t *testing.T) {
	for _, c := range []struct {
		rule string
		edit func(*facts.Facts)
	}{
		{"mx.refused", mxAll(refused)},
		{"mx.refused", mxAll(filtered)},
		{"mx.refused", mxAll(away)},
		{"mx.refused", func(f *facts.Facts) { f.MX, f.Inbound = facts.Cannot[facts.MX]("timeout"), nil }},
		{"mx.banner-invalid", mxOnly(noBanner)},
		{"mx.tarpit", mxOnly(late)},
		{"mx.starttls-missing", mx1(func(p *facts.Probe) {
			p.STARTTLS, p.TLS, p.Cert, p.EHLO, p.EHLOTLS = false, "none", nil, []string{"x", "SIZE", "8BITMIME"}, nil
		})},
		{"mx.cert-expired", mx1(func(p *facts.Probe) { p.Cert.NotAfter, p.Cert.InDate = now.AddDate(0, 0, -2), false })},
		{"mx.tls-version", mx1(func(p *facts.Probe) { p.OldTLS, p.Version = true, "TLS 1.0" })},
	} {
		f := healthy()
		f.Inbound = goodInbound()
		c.edit(f)
		found := 0
		for _, x := range Run(f, func(a Area) bool { return a == "tls" }).Findings {
			if x.Status == Pass {
				continue
			}
			if found++; x.Check.ID != c.rule {
				t.Errorf("%s: also %s is %s: %s", c.rule, x.Check.ID, x.Status, x.Message)
			}
		}
		if found != 1 {
			t.Errorf("%s: %d findings", c.rule, found)
		}
	}
}

// TestInboundNeverFails holds that what concerns mail to the domain is no failure, but for what gets mail from it refused.
func TestInboundNeverFails(t *testing.T) {
	for _, c := range inboundChecks {
		refuses := slices.Contains([]string{"mx.dsn-null-sender", "mx.sender-not-deliverable", "mx.open-relay"}, c.ID)
		if (c.Worst == Fail) != refuses {
			t.Errorf("%s is %s at its worst", c.ID, c.Worst)
		}
	}
}
