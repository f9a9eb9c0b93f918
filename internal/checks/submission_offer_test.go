package checks

import "mailaudit/internal/facts"

// relayed is what a service says to mail for others from somebody who did not log in.
func relayed(stage string, code int, text string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		for i := range f.Submission.Services {
			s := &f.Submission.Services[i]
			e := facts.Envelope{Purpose: facts.AskRelay, From: "postmaster@healthy.example", To: "x@relay-test.invalid"}
			s.Asked, s.Probe.Value.Envelopes = []facts.Envelope{e}, []facts.EnvelopeReply{{Envelope: e, Stage: stage, Code: code, Text: text}}
		}
	}
}

// published is the healthy domain with its service for STARTTLS named by SRV, and nothing for implicit TLS.
func published(f *facts.Facts) {
	f.Submission.Services = f.Submission.Services[:1]
	f.Submission.Services[0].Origin = "srv"
	f.Submission.SRV, f.Submission.Implicit = facts.Know(true), facts.Know(false)
}

var submissionOfferCases = []ruleCase{
	{rule: "submission.465-missing", want: Warn, says: "SRV records name services for STARTTLS alone", edit: published},
	{rule: "submission.465-missing", name: "lost", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) {
		published(f)
		f.Submission.Implicit = facts.Cannot[bool]("SERVFAIL")
	}},
	{rule: "submission.465-missing", name: "not among those named", want: Info, says: "none of the services named", edit: func(f *facts.Facts) {
		f.Submission.Services, f.Submission.SRV = f.Submission.Services[:1], facts.Fact[bool]{}
	}},
	{rule: "submission.465-missing", name: "named and closed", want: Pass, edit: on465(func(p *facts.Probe) { *p = refused })},
	{rule: "submission.465-missing", name: "closed at the usual names", want: Info, says: "port 465 is closed", edit: unnamed(func(l []facts.Service) { l[1].Probe = facts.Know(refused) })},
	{rule: "submission.465-missing", name: "filtered at the usual names", want: "", edit: unnamed(func(l []facts.Service) { l[1].Probe = facts.Know(filtered) })},
	{rule: "submission.465-missing", name: "open at the usual names", want: Pass, edit: unnamed(func([]facts.Service) {})},
	{rule: "submission.465-missing", name: "no service", want: "", edit: unnamed(func(l []facts.Service) { l[0].Probe, l[1].Probe = facts.Know(refused), facts.Know(refused) })},
	{rule: "submission.465-missing", name: "SRV lost", want: "", edit: func(f *facts.Facts) { f.Submission = facts.Submission{SRV: facts.Cannot[bool]("timeout")} }},

	{rule: "submission.auth-mechs", want: Info, says: "port 587 offers AUTH LOGIN CRAM-MD5 and nothing better", edit: on587(func(p *facts.Probe) { p.Auth = []string{"LOGIN", "CRAM-MD5"} })},
	{rule: "submission.auth-mechs", name: "and XOAUTH2", want: Pass, edit: on587(func(p *facts.Probe) { p.Auth = []string{"LOGIN", "XOAUTH2"} })},
	{rule: "submission.auth-mechs", name: "none", want: Pass, edit: on587(func(p *facts.Probe) { p.Auth = nil })},
	{rule: "submission.auth-mechs", name: "ended before the last EHLO", want: Unknown, says: "did not end", edit: on587(func(p *facts.Probe) { *p = brokenOff(*p) })},

	{rule: "submission.weak-cipher", want: Warn, says: "port 587 chose TLS_ECDHE_RSA_WITH_RC4_128_SHA out of all", edit: on587(func(p *facts.Probe) { p.Cipher = "TLS_ECDHE_RSA_WITH_RC4_128_SHA" })},
	{rule: "submission.weak-cipher", name: "3DES", want: Warn, says: "3DES", edit: on587(func(p *facts.Probe) { p.Cipher = "TLS_RSA_WITH_3DES_EDE_CBC_SHA" })},
	{rule: "submission.weak-cipher", name: "no forward secrecy", want: Warn, says: "TLS_RSA_WITH_AES_128_GCM_SHA256, without forward secrecy", edit: on587(func(p *facts.Probe) { p.Cipher = "TLS_RSA_WITH_AES_128_GCM_SHA256" })},
	{rule: "submission.weak-cipher", name: "TLS 1.3", want: Pass, edit: on587(func(p *facts.Probe) { p.Cipher = "TLS_AES_128_GCM_SHA256" })},
	{rule: "submission.weak-cipher", name: "ECDHE", want: Pass, edit: on587(func(p *facts.Probe) { p.Cipher = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" })},

	{rule: "submission.25-auth-only", want: Warn, says: "port 25 is for mail between servers", edit: func(f *facts.Facts) { f.Submission.Services[0].Port = 25 }},
	{rule: "submission.25-auth-only", name: "a candidate", want: "", edit: unnamed(func(l []facts.Service) { l[0].Port = 25 })},

	{rule: "submission.relay-unauth", want: Fail, says: `from here mail to x@relay-test.invalid is taken without a login: "250 ok"`, edit: relayed("rcpt", 250, "ok")},
	{rule: "submission.relay-unauth", name: "a candidate", want: Warn, says: "if clients are told to use it", edit: func(f *facts.Facts) {
		unnamed(func([]facts.Service) {})(f)
		relayed("rcpt", 250, "ok")(f)
	}},
	{rule: "submission.relay-unauth", name: "a login is wanted", want: Pass, edit: relayed("mail", 530, "5.7.0 Authentication required")},
	{rule: "submission.relay-unauth", name: "refused", want: Pass, edit: relayed("rcpt", 554, "5.7.1 Relay access denied")},
	{rule: "submission.relay-unauth", name: "about us", want: Unknown, says: "about us", edit: relayed("mail", 554, "5.7.1 blocked")},
	{rule: "submission.relay-unauth", name: "closed in between", want: Unknown, says: "it was not answered", edit: func(f *facts.Facts) {
		relayed("rcpt", 250, "ok")(f)
		f.Submission.Services[0].Probe.Value.Envelopes = nil
	}},
	{rule: "submission.relay-unauth", name: "not asked", want: "", edit: func(*facts.Facts) {}},
	{rule: "submission.relay-unauth", name: "no connection", want: "", edit: func(f *facts.Facts) {
		relayed("rcpt", 250, "ok")(f)
		both(refused)(f)
	}},
}
