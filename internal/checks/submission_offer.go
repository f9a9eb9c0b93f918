package checks

import (
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/facts"
)

// submissionOfferChecks are about which services there are and how good what they offer is.
var submissionOfferChecks = []*Check{
	{
		ID: "submission.465-missing", Title: "a service for implicit TLS is offered", Area: "submission", Worst: Warn, Impact: Clients,
		References: []string{"RFC 8314 3.3", "RFC 8314 7.3"},
		Needs:      facts.Services,
		Help: "Implicit TLS on port 465 is what clients are asked to prefer: nothing is said in the clear that somebody on the way could " +
			"change. Keep 587 besides for clients that know no other.",
		Fix:   "Open port 465 with implicit TLS (Postfix: the service submissions in master.cf), and publish _submissions._tcp",
		Judge: submissionNo465,
	},
	{
		ID: "submission.auth-mechs", Title: "a way to log in that clients of today use is offered", Area: "submission", Worst: Info, Impact: Clients,
		References: []string{"RFC 4954 4", "RFC 6331 1"},
		Replies:    []string{"504 5.5.4 Unrecognized authentication type"},
		Needs:      facts.Services,
		Help: "LOGIN was never a standard, and CRAM-MD5, DIGEST-MD5 and NTLM have the server keep passwords in a form that a thief can " +
			"use. Under TLS PLAIN is what every client knows.",
		Fix:   "Offer PLAIN under TLS, and SCRAM or OAUTHBEARER where the software can",
		Judge: each(finished, submissionAuthMechs),
	},
	{
		ID: "submission.weak-cipher", Title: "the cipher is strong and keeps past traffic secret", Area: "submission", Worst: Warn, Impact: Clients,
		References: []string{"RFC 9325 4.1", "RFC 9325 4.2"},
		Needs:      facts.Services,
		Help: "RC4 and 3DES are broken, and without forward secrecy whoever gets the key reads all that was recorded before. The server " +
			"chose the cipher out of all that this audit offers, good ones included.",
		Fix:   "Prefer ECDHE with AES-GCM or ChaCha20, and disable RC4, 3DES and plain RSA key exchange",
		Judge: each(secured, submissionWeakCipher),
	},
	{
		ID: "submission.25-auth-only", Title: "users are told to use the ports of submission", Area: "submission", Worst: Warn, Impact: Clients,
		References: []string{"RFC 5068 3.1", "RFC 6409 3.1"},
		// Needs nothing: the port is known without asking.
		Help: "Port 25 is for mail between servers. Many networks let no client out on it, and what comes in there is filtered as from a " +
			"stranger.",
		Fix:   "Tell users port 465 (implicit TLS) or 587 (STARTTLS)",
		Judge: submissionPort25,
	},
	{
		ID: "submission.relay-unauth", Title: "mail is passed on for authenticated users alone", Area: "submission", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6409 4.3", "RFC 2505 2.1"},
		Replies:    []string{"550 SC-003"},
		Needs:      facts.Services,
		Help: "A submission service that takes mail to others without a login is found by spammers within hours, and blocklists list the " +
			"address that the domain's own mail leaves from. A service may rightly do so for its own network: try from outside of it. No " +
			"mail is handed in.",
		Fix:   "Require authentication before MAIL (Postfix: -o smtpd_client_restrictions=permit_sasl_authenticated,reject at the service in master.cf)",
		Judge: each(unauthenticated, submissionRelay),
	},
}

// submissionNo465 looks at what is published or was found. What the user names is a choice of what to look at, and leaves open
// what else there is.
func submissionNo465(f *facts.Facts) []Verdict {
	var seen, open, implicit, unclear bool
	for _, s := range f.Submission.Services {
		talk := s.Probe.Value
		seen = seen || s.Probe.Known() || s.Left != ""
		open = open || s.Named() || s.Probe.Known() && talk.Status == facts.ServiceOpen
		if s.Implicit {
			implicit = implicit || s.Named() || s.Probe.Known() && talk.Status == facts.ServiceOpen
			unclear = unclear || !s.Named() && (s.Probe.State == facts.Unknown || s.Probe.Known() && talk.Status != facts.ServiceOpen && talk.Status != facts.ServiceRefused)
		}
	}
	v := Verdict{Subject: f.Domain}
	switch {
	case !seen, !open:
		return nil // submission.closed says why, or submission.srv that there is none
	case implicit:
	case flagged(f):
		v.Broken = one(Info, "none of the services named is for implicit TLS (port 465)")
	case !f.Submission.SRV.Known():
		return nil // submission.closed says why
	case f.Submission.SRV.Value && f.Submission.Implicit.State == facts.Unknown:
		v.Unknown = f.Submission.Implicit.Why
	case f.Submission.SRV.Value:
		v.Broken = one(Warn, "SRV records name services for STARTTLS alone, and none for implicit TLS (port 465)")
	case unclear:
		return nil // a usual name that may or may not be a service
	default:
		v.Broken = one(Info, "at the usual names port 465 is closed, and 587 is not")
	}
	return []Verdict{v}
}

func flagged(f *facts.Facts) bool {
	return slices.ContainsFunc(f.Submission.Services, func(s facts.Service) bool { return s.Origin == "flag" })
}

// oldMechs are the mechanisms that nobody should be left with.
var oldMechs = []string{"LOGIN", "CRAM-MD5", "DIGEST-MD5", "NTLM"}

func submissionAuthMechs(_ *facts.Facts, s service) []Violation {
	if len(s.Talk.Auth) == 0 || slices.ContainsFunc(s.Talk.Auth, func(m string) bool { return !slices.Contains(oldMechs, m) }) {
		return nil // without any: submission.no-auth
	}
	return one(Info, fmt.Sprintf("port %d offers AUTH %s and nothing better", s.Port, strings.Join(s.Talk.Auth, " ")))
}

func submissionWeakCipher(_ *facts.Facts, s service) []Violation {
	c := s.Talk.Cipher
	switch {
	case strings.Contains(c, "RC4"), strings.Contains(c, "3DES"), strings.Contains(c, "NULL"), strings.Contains(c, "_anon_"):
		return one(Warn, fmt.Sprintf("port %d chose %s out of all ciphers", s.Port, c))
	case strings.HasPrefix(c, "TLS_RSA_"):
		return one(Warn, fmt.Sprintf("port %d chose %s, without forward secrecy, although ECDHE was on offer", s.Port, c))
	}
	return nil
}

func submissionPort25(f *facts.Facts) []Verdict {
	var l []Verdict
	for _, s := range f.Submission.Services {
		if !s.Named() {
			continue
		}
		v := Verdict{Subject: endpoint(s)}
		if s.Port == mxPort {
			v.Broken = one(Warn, "port 25 is for mail between servers, and not for users")
		}
		l = append(l, v)
	}
	return l
}

// unauthenticated are the services that were asked to pass on mail without a login.
func unauthenticated(f *facts.Facts) []subject[facts.EnvelopeReply] {
	var l []subject[facts.EnvelopeReply]
	if !slices.ContainsFunc(f.Submission.Services, func(s facts.Service) bool { return len(s.Asked) > 0 }) {
		return nil
	}
	for _, s := range spoke(f) {
		if !s.of.Known() { // submission.closed says so
			l = append(l, subject[facts.EnvelopeReply]{name: s.name, candidate: s.candidate, of: facts.Cannot[facts.EnvelopeReply](s.of.Why), said: "submission"})
			continue
		}
		a := s.of.Value.Answer(facts.AskRelay)
		if r := a.Value; a.Known() && !taken(r) && !noRelay(r) {
			a = facts.Cannot[facts.EnvelopeReply](ambiguous(s.of.Value.Host, r))
		}
		l = append(l, subject[facts.EnvelopeReply]{name: s.name, candidate: s.candidate, of: a})
	}
	return l
}

func submissionRelay(_ *facts.Facts, r facts.EnvelopeReply) []Violation {
	if r.Stage != facts.StageRcpt || r.Code/100 != 2 {
		return nil
	}
	return one(Fail, fmt.Sprintf("from here mail to %s is taken without a login: %s", clip(r.To), quoted(r)))
}
