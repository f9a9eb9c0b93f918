package checks

import (
	"testing"

	"mailaudit/internal/facts"
)

// on587 and on465 are the healthy domain with one of its services behaving otherwise.
func on587(edit func(*facts.Probe)) func(*facts.Facts) { return on(0, edit) }
func on465(edit func(*facts.Probe)) func(*facts.Facts) { return on(1, edit) }

func on(i int, edit func(*facts.Probe)) func(*facts.Facts) {
	return func(f *facts.Facts) { edit(&f.Submission.Services[i].Probe.Value) }
}

// unlike is one good service and one of which this is all that was seen.
func unlike(p facts.Probe) func(*facts.Facts) {
	return on587(func(q *facts.Probe) { *q = p })
}

// brokenOff says what a talk that ended early gives away.
func brokenOff(p facts.Probe) facts.Probe {
	p.Status, p.Why, p.Complete = facts.ServiceOpen, "the reply to EHLO did not end within 6s (0 octets came)", false
	if p.TLS == "" {
		p.TLS = "none"
	}
	return p
}

// both is the healthy domain with neither of its services as it should be.
func both(p facts.Probe) func(*facts.Facts) {
	return func(f *facts.Facts) {
		for i := range f.Submission.Services {
			f.Submission.Services[i].Probe = facts.Know(p)
		}
	}
}

// unnamed is the healthy domain without SRV records, and an edit of the candidates.
func unnamed(edit func([]facts.Service)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Submission.SRV = facts.Know(false)
		for i := range f.Submission.Services {
			f.Submission.Services[i].Origin = "candidate"
		}
		edit(f.Submission.Services)
	}
}

var (
	refused  = facts.Probe{Status: facts.ServiceRefused, Why: "connection refused", TLS: "none"}
	filtered = facts.Probe{Status: facts.ServiceFiltered, Why: "no answer to a connection attempt within 2s", TLS: "none"}
	babble   = facts.Probe{Status: facts.ServiceUnknown, Why: "the greeting is no SMTP", TLS: "none"}
	noTLS    = facts.Probe{Status: facts.ServiceOpen, EHLO: []string{"x"}, TLS: "none", Complete: true}
)

// srvHalfLost is an answer of the two that SRV records stand in, and the other lost.
func srvHalfLost(f *facts.Facts) { f.Submission.Lost = "SRV records at x: SERVFAIL" }

var submissionCases = []ruleCase{
	{rule: "submission.closed", want: Fail, says: "no connection to submission.healthy.example:587: connection refused", edit: both(refused)},
	{rule: "submission.closed", name: "no address", want: Fail, says: "has no address", edit: both(facts.Probe{Status: facts.ServiceRefused, Why: "submission.healthy.example has no address"})},
	{rule: "submission.closed", name: "another is open", want: Warn, says: ":587: connection refused", edit: unlike(refused)},
	{rule: "submission.closed", name: "another is not known", want: Warn, says: ":587", edit: func(f *facts.Facts) {
		both(filtered)(f)
		unlike(refused)(f)
	}},
	{rule: "submission.closed", name: "filtered", want: Unknown, says: "within 2s, perhaps in our own network", edit: unlike(filtered)},
	{rule: "submission.closed", name: "no SMTP", want: Unknown, says: "the greeting is no SMTP", edit: unlike(babble)},
	{rule: "submission.closed", name: "no reason", want: Unknown, says: "the talk broke off", edit: unlike(facts.Probe{Status: facts.ServiceUnknown})},
	{rule: "submission.closed", name: "lost", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) {
		f.Submission.Services[0].Probe = facts.Cannot[facts.Probe]("SERVFAIL")
	}},
	{rule: "submission.closed", name: "left alone", want: "", edit: leftAlone},
	{rule: "submission.closed", name: "a candidate is open", want: Pass, edit: unnamed(func(l []facts.Service) { l[0].Probe = facts.Know(refused) })},
	{rule: "submission.closed", name: "no candidate is open", want: "", edit: unnamed(func(l []facts.Service) {
		l[0].Probe, l[1].Probe = facts.Know(refused), facts.Know(filtered)
	})},
	{rule: "submission.closed", name: "no candidate is open, one is lost", want: Unknown, says: "whether submission.healthy.example:587 is a service: SERVFAIL", edit: unnamed(func(l []facts.Service) {
		l[0].Probe, l[1].Probe = facts.Cannot[facts.Probe]("SERVFAIL"), facts.Know(filtered)
	})},
	{rule: "submission.closed", name: "half of SRV lost", want: Unknown, says: "whether there are further services: SRV records at x: SERVFAIL", edit: srvHalfLost},
	{rule: "submission.closed", name: "half of SRV lost, the rest is closed", want: Warn, says: ":587: connection refused", edit: func(f *facts.Facts) {
		both(refused)(f)
		srvHalfLost(f)
	}},
	{rule: "submission.587-no-starttls", name: "half of SRV lost", want: "", edit: srvHalfLost},
	{rule: "submission.465-no-tls", name: "half of SRV lost", want: "", edit: srvHalfLost},
	{rule: "submission.cert-expired", name: "half of SRV lost", want: "", edit: srvHalfLost},
	{rule: "submission.srv", name: "half of SRV lost", want: "", edit: srvHalfLost},
	{rule: "submission.closed", name: "SRV lost", want: Unknown, says: "whether SRV records name services: timeout", edit: func(f *facts.Facts) {
		f.Submission = facts.Submission{SRV: facts.Cannot[bool]("timeout")}
	}},

	{rule: "submission.587-no-starttls", want: Fail, says: "port 587 offers no STARTTLS", edit: unlike(noTLS)},
	{rule: "submission.587-no-starttls", name: "broken", want: Fail, says: "port 587 offers STARTTLS, which fails: the server answered in the clear", edit: unlike(facts.Probe{
		Status: facts.ServiceOpen, EHLO: []string{"x", "STARTTLS"}, STARTTLS: true, TLS: "none", TLSFault: "the server answered in the clear"})},
	{rule: "submission.587-no-starttls", name: "ended before EHLO", want: Unknown, says: "did not end within 6s", edit: unlike(brokenOff(facts.Probe{}))},
	{rule: "submission.587-no-starttls", name: "ended in the handshake", want: Unknown, says: "did not end within 6s", edit: unlike(brokenOff(facts.Probe{STARTTLS: true}))},
	{rule: "submission.587-no-starttls", name: "candidate", want: Warn, says: "if clients are told to use it", edit: unnamed(func(l []facts.Service) { l[0].Probe = facts.Know(noTLS) })},
	{rule: "submission.587-no-starttls", name: "candidate lost", want: Pass, edit: func(f *facts.Facts) {
		f.Submission.Services = append(f.Submission.Services, facts.Service{Host: "smtp.healthy.example", Port: 587, Origin: "candidate", Probe: facts.Cannot[facts.Probe]("timeout")})
	}},

	{rule: "submission.465-no-tls", want: Fail, says: "port 465 is for implicit TLS: speaks SMTP in the clear", edit: on465(func(p *facts.Probe) {
		*p = facts.Probe{Status: facts.ServiceOpen, Banner: "x", TLS: "none", TLSFault: "speaks SMTP in the clear on an implicit-TLS port"}
	})},
	{rule: "submission.465-no-tls", name: "ended early", want: Unknown, says: "did not end within 6s", edit: on465(func(p *facts.Probe) { *p = brokenOff(facts.Probe{}) })},
	{rule: "submission.465-no-tls", name: "is not about STARTTLS", want: Pass, edit: unlike(noTLS)},

	{rule: "submission.auth-plaintext", want: Fail, says: "port 587 offers AUTH PLAIN LOGIN before TLS", edit: on587(func(p *facts.Probe) { p.AuthPlain = []string{"PLAIN", "LOGIN"} })},
	{rule: "submission.auth-plaintext", name: "without any TLS", want: Fail, says: "AUTH PLAIN before TLS", edit: on587(func(p *facts.Probe) {
		*p = noTLS
		p.AuthPlain, p.Auth = []string{"PLAIN"}, []string{"PLAIN"}
	})},
	{rule: "submission.auth-plaintext", name: "ended before EHLO", want: Unknown, says: "did not end", edit: unlike(brokenOff(facts.Probe{}))},
	{rule: "submission.auth-plaintext", name: "ended after EHLO", want: Fail, says: "AUTH PLAIN", edit: unlike(brokenOff(facts.Probe{EHLO: []string{"x", "AUTH PLAIN"}, AuthPlain: []string{"PLAIN"}}))},

	{rule: "submission.no-auth", want: Fail, says: "port 465 offers no AUTH under TLS", edit: on465(func(p *facts.Probe) { p.Auth = nil })},
	{rule: "submission.no-auth", name: "ended before the last EHLO", want: Unknown, says: "did not end", edit: on465(func(p *facts.Probe) {
		*p = brokenOff(*p)
		p.Auth = nil
	})},
	{rule: "submission.no-auth", name: "no TLS", want: Pass, edit: unlike(noTLS)},
	{rule: "submission.no-auth", name: "no TLS anywhere", want: "", edit: both(noTLS)},
	{rule: "submission.no-auth", name: "TLS not known", want: Unknown, says: "did not end", edit: unlike(brokenOff(facts.Probe{STARTTLS: true}))},

	{rule: "submission.cert-name", want: Fail, says: "holds other.example, www.other.example, and not submission.healthy.example", edit: on587(func(p *facts.Probe) {
		p.Cert.Names, p.Cert.NameOK = []string{"other.example", "www.other.example"}, false
	})},
	{rule: "submission.cert-name", name: "no names", want: Fail, says: "holds no name", edit: on587(func(p *facts.Probe) { p.Cert.Names, p.Cert.NameOK = nil, false })},
	{rule: "submission.cert-name", name: "no certificate seen", want: Unknown, says: "did not end", edit: unlike(brokenOff(facts.Probe{STARTTLS: true}))},
	{rule: "submission.cert-name", name: "no TLS anywhere", want: "", edit: both(noTLS)},

	{rule: "submission.cert-expired", want: Fail, says: "expired on 2026-11-20, 2 days ago", edit: on587(func(p *facts.Probe) { p.Cert.NotAfter = now.AddDate(0, 0, -2) })},
	{rule: "submission.cert-expired", name: "not yet valid", want: Fail, says: "not valid before 2026-11-23", edit: on587(func(p *facts.Probe) { p.Cert.NotBefore = now.AddDate(0, 0, 1) })},
	{rule: "submission.cert-expired", name: "soon", want: Warn, says: "expires on 2026-12-05: 13 days left, less than 14", edit: on587(func(p *facts.Probe) { p.Cert.NotAfter = now.AddDate(0, 0, 13) })},
	{rule: "submission.cert-expired", name: "today", want: Warn, says: "0 days left", edit: on587(func(p *facts.Probe) { p.Cert.NotAfter = now })},
	{rule: "submission.cert-expired", name: "in 14 days", want: Pass, edit: on587(func(p *facts.Probe) { p.Cert.NotAfter = now.AddDate(0, 0, 14) })},

	{rule: "submission.cert-chain", want: Fail, says: "the certificate is self-signed", edit: on587(func(p *facts.Probe) { p.Cert.ChainOK, p.Cert.ChainWhy = false, "the certificate is self-signed" })},
	{rule: "submission.cert-chain", name: "no roots to judge by", want: Unknown, says: "no trusted roots", edit: on587(func(p *facts.Probe) {
		p.Cert.ChainOK, p.Cert.ChainUnknown, p.Cert.ChainWhy = false, true, "this machine has no trusted roots"
	})},

	{rule: "submission.tls-version", want: Fail, says: "port 587 speaks TLS 1.1 and nothing newer", edit: on587(func(p *facts.Probe) { p.OldTLS, p.Version = true, "TLS 1.1" })},
	{rule: "submission.tls-version", name: "not known", want: Unknown, says: "did not end", edit: unlike(brokenOff(facts.Probe{STARTTLS: true}))},
	{rule: "submission.tls-version", name: "no TLS anywhere", want: "", edit: both(noTLS)},

	{rule: "submission.srv", want: Info, says: "nothing was judged", edit: unnamed(func(l []facts.Service) {
		l[0].Probe, l[1].Probe = facts.Know(refused), facts.Know(filtered)
	})},
	{rule: "submission.srv", name: "no candidate exists", want: Info, says: "nothing was judged", edit: func(f *facts.Facts) {
		f.Submission = facts.Submission{SRV: facts.Know(false)}
	}},
	{rule: "submission.srv", name: "a candidate is open", want: Pass, edit: unnamed(func([]facts.Service) {})},
	{rule: "submission.srv", name: "a candidate is lost", want: "", edit: unnamed(func(l []facts.Service) {
		l[0].Probe, l[1].Probe = facts.Cannot[facts.Probe]("SERVFAIL"), facts.Know(filtered)
	})},
	{rule: "submission.srv", name: "left alone", want: Info, says: "submission.healthy.example:587 was not connected to: DNS names port 587", edit: leftAlone},
	{rule: "submission.srv", name: "SRV lost", want: "", edit: func(f *facts.Facts) { f.Submission = facts.Submission{SRV: facts.Cannot[bool]("timeout")} }},
	{rule: "submission.srv", name: "not asked", want: "", edit: func(f *facts.Facts) { f.Submission = facts.Submission{} }},
	{rule: "submission.srv", name: "parked", want: "", edit: func(f *facts.Facts) {
		f.Submission, f.Profile.Name = facts.Submission{SRV: facts.Know(false)}, facts.Parked
	}},
	{rule: "submission.srv", name: "no domain", want: "", edit: func(f *facts.Facts) {
		f.Submission, f.Exists = facts.Submission{SRV: facts.Know(false)}, facts.Know(false)
	}},
}

func leftAlone(f *facts.Facts) {
	for i := range f.Submission.Services {
		f.Submission.Services[i].Origin, f.Submission.Services[i].Left = "srv", "DNS names port 587"
		f.Submission.Services[i].Probe = facts.Fact[facts.Probe]{}
	}
}

// TestSubmissionAlone holds that one fault of a service gives one rule's finding and no other's.
func TestSubmissionAlone(t *testing.T) {
	for _, c := range []struct {
		rule string
		edit func(*facts.Facts)
	}{
		{"submission.closed", both(refused)},
		{"submission.closed", unlike(filtered)},
		{"submission.587-no-starttls", unlike(noTLS)},
		{"submission.587-no-starttls", unlike(facts.Probe{Status: facts.ServiceOpen, EHLO: []string{"x"}, STARTTLS: true, TLS: "none", TLSFault: "x", Why: "x"})},
		{"submission.465-no-tls", on465(func(p *facts.Probe) {
			*p = facts.Probe{Status: facts.ServiceOpen, TLS: "none", TLSFault: "x", Why: "x"}
		})},
		{"submission.tls-version", on587(func(p *facts.Probe) { p.OldTLS, p.Version = true, "TLS 1.0" })},
		{"submission.cert-expired", on587(func(p *facts.Probe) { p.Cert.NotAfter, p.Cert.InDate = now.AddDate(0, 0, -2), false })},
		{"submission.srv", func(f *facts.Facts) { f.Submission = facts.Submission{SRV: facts.Know(false)} }},
	} {
		f := healthy()
		c.edit(f)
		found := false
		for _, x := range Run(f, everything).Findings {
			if x.Status != Pass && x.Check.ID != c.rule {
				t.Errorf("%s: also %s is %s: %s", c.rule, x.Check.ID, x.Status, x.Message)
			}
			found = found || x.Status != Pass && x.Check.ID == c.rule
		}
		if !found {
			t.Errorf("%s is not found", c.rule)
		}
	}
}

// TestNoServiceCountsForNothing holds that an audit without a service has no share in what could be decided.
func TestNoServiceCountsForNothing(t *testing.T) {
	f := healthy()
	f.Submission = facts.Submission{SRV: facts.Know(false)}
	if s := Run(f, everything).Shares["submission"]; s.Total != 0 {
		t.Errorf("%d of %d questions of submission count", s.Decided, s.Total)
	}
}

// TestLostOnce holds that a service that is not known is not told twice by submission.closed.
func TestLostOnce(t *testing.T) {
	f := healthy()
	f.Submission.Services[0].Probe = facts.Cannot[facts.Probe]("SERVFAIL")
	n := 0
	for _, x := range Run(f, everything).Findings {
		if x.Check.ID == "submission.closed" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d findings", n)
	}
}
