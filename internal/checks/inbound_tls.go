package checks

import (
	"fmt"
	"strings"

	"mailaudit/internal/facts"
)

// What senders make of the certificate of an MX host depends on MTA-STS and DANE, whose own rules judge it: without them
// mail is sent whatever the certificate is (RFC 7435 3).
var mxTLSChecks = []*Check{
	{
		ID: "mx.starttls-missing", Title: "the MX hosts offer STARTTLS", Area: "tls", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 3207 3", "RFC 7435 3"},
		Needs:      facts.Inbound,
		Help: "Without STARTTLS all mail to the domain crosses the network in the clear, and senders that insist on TLS do not deliver " +
			"it at all.",
		Fix:   "Give the mail server a certificate and enable STARTTLS (Postfix: smtpd_tls_security_level=may)",
		Judge: each(mxSettled, mxNoSTARTTLS),
	},
	{
		ID: "mx.starttls-broken", Title: "STARTTLS works on the MX hosts that offer it", Area: "tls", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 3207 4", "RFC 3207 4.1"},
		Needs:      facts.Inbound,
		Help: "A sender that finds STARTTLS offered and broken either falls back to the clear or keeps the mail in its queue until it " +
			"comes back. An expired key file and a middlebox that rewrites commands are the usual causes.",
		Fix:   "Look into the mail server's log for the TLS error, and repair certificate, key or ciphers",
		Judge: each(func(f *facts.Facts) []subject[service] { return offering(mxOpen(f)) }, mxSTARTTLSBroken),
	},
	{
		ID: "mx.tls-version", Title: "the MX hosts speak TLS 1.2 or newer", Area: "tls", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8996 5", "RFC 9325 3.1.1"},
		Needs:      facts.Inbound,
		Help:       "TLS 1.0 and 1.1 are retired. Senders that have dropped them deliver in the clear to such a host, or not at all.",
		Fix:        "Enable TLS 1.2 and 1.3 (Postfix: smtpd_tls_protocols=>=TLSv1.2)",
		Judge:      each(mxSecured, mxTLSVersion),
	},
	{
		ID: "mx.cert-expired", Title: "the certificates of the MX hosts are valid today", Area: "tls", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 5280 4.1.2.5", "RFC 8461 4.2"},
		Needs:      facts.Inbound,
		Help: "Senders that verify, by MTA-STS or by their own settings, keep mail back from a host whose certificate is outside its " +
			"dates. Others deliver, and show it in TLS reports.",
		Fix:   "Renew the certificate, and reload the mail server so that it presents the new one",
		Judge: each(mxCerts, mxCertExpired),
	},
	{
		ID: "mx.cert-expiring", Title: "the certificates of the MX hosts are valid for 14 days more", Area: "tls", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 5280 4.1.2.5"},
		Needs:      facts.Inbound,
		Help: "Automatic renewal works at least two weeks ahead, so less than that left mostly means that it has stopped, or that the " +
			"mail server has not been reloaded since.",
		Fix:   "Renew the certificate now, and have the renewal reload the mail server",
		Judge: each(mxCerts, mxCertExpiring),
	},
	{
		ID: "mx.cert-name", Title: "the certificates of the MX hosts hold their names", Area: "tls", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8461 4.1", "RFC 9525 6.3"},
		Needs:      facts.Inbound,
		Help: "A sender that verifies compares the name in the MX record with those in the certificate. It does not matter which name " +
			"the server calls itself, nor what the domain is.",
		Fix:   "Have the certificate issued for the name in the MX record",
		Judge: each(mxCerts, mxCertName),
	},
	{
		ID: "mx.cert-chain", Title: "the certificates of the MX hosts lead to a trusted root", Area: "tls", Worst: Info, Impact: Inbound,
		References: []string{"RFC 8461 4.2", "RFC 5280 6.1"},
		Needs:      facts.Inbound,
		Help: "Without MTA-STS senders take any certificate, and DANE needs no authority. With MTA-STS the chain has to be whole: " +
			"the server itself has to send the intermediates.",
		Fix:   "Present the whole chain (the file that many authorities call fullchain), from an authority that senders know",
		Judge: each(func(f *facts.Facts) []subject[service] { return rooted(mxCerts(f)) }, mxCertChain),
	},
	{
		ID: "mx.cert-weak", Title: "keys and signatures of the MX hosts' certificates are of today's strength", Area: "tls", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 9325 4.5"},
		Needs:      facts.Inbound,
		Help: "Many TLS libraries of today refuse RSA keys below 2048 bits and signatures by SHA-1 at their usual security level, and then " +
			"there is no TLS at all.",
		Fix:   "Have the certificate issued again, with an ECDSA key or an RSA key of 2048 bits",
		Judge: each(mxCerts, mxCertWeak),
	},
	{
		ID: "requiretls.info", Title: "an MX host supports REQUIRETLS", Area: "tls", Worst: Info, Impact: Inbound,
		References: []string{"RFC 8689 2"},
		Replies:    []string{"550 5.7.30 REQUIRETLS support required"},
		Needs:      facts.Inbound,
		Help: "A sender can ask that a message is never sent in the clear on its whole way. It comes back from a server that does not " +
			"know REQUIRETLS. Few do, and few messages ask.",
		Fix:   "Leave it: it comes with the software",
		Judge: requireTLS,
	},
}

// mxSettled are the MX hosts of which it is known whether there is TLS.
func mxSettled(f *facts.Facts) []subject[service] {
	return seen(mxOpen(f), everyOne, func(s service) bool { return settled(s) || s.Talk.STARTTLS })
}

// offering are the hosts that offer STARTTLS.
func offering(l []subject[service]) []subject[service] {
	for i, s := range l {
		if !s.of.Value.Talk.STARTTLS {
			l[i].said = "tls" // mx.starttls-missing says what came before
		}
	}
	return seen(l, func(s service) bool { return s.Talk.STARTTLS || !settled(s) }, settled)
}

func mxSecured(f *facts.Facts) []subject[service] { return withTLS(mxOpen(f)) }
func mxCerts(f *facts.Facts) []subject[service]   { return presented(mxSecured(f)) }

func mxNoSTARTTLS(_ *facts.Facts, s service) []Violation {
	if s.Talk.STARTTLS {
		return nil
	}
	return one(Warn, "port 25 offers no STARTTLS: mail crosses the network in the clear")
}

func mxSTARTTLSBroken(_ *facts.Facts, s service) []Violation {
	if encrypted(s) {
		return nil
	}
	return one(Warn, "port 25 offers STARTTLS, which fails: "+clip(s.Talk.TLSFault))
}

func mxTLSVersion(_ *facts.Facts, s service) []Violation {
	if !s.Talk.OldTLS {
		return nil
	}
	return one(Warn, fmt.Sprintf("port 25 speaks %s and nothing newer; TLS 1.2 is the oldest in use", s.Talk.Version))
}

func mxCertExpired(f *facts.Facts, s service) []Violation {
	if why := outOfDate(f, s.Talk.Cert); why != "" {
		return one(Warn, why)
	}
	return nil
}

func mxCertExpiring(f *facts.Facts, s service) []Violation {
	if outOfDate(f, s.Talk.Cert) != "" {
		return nil
	}
	if why := soonOver(f, s.Talk.Cert); why != "" {
		return one(Warn, why)
	}
	return nil
}

func mxCertName(_ *facts.Facts, s service) []Violation {
	if s.Talk.Cert.NameOK {
		return nil
	}
	return one(Warn, otherNames(s))
}

func mxCertChain(_ *facts.Facts, s service) []Violation {
	if s.Talk.Cert.ChainOK {
		return nil
	}
	return one(Info, "senders that verify cannot trust the certificate: "+clip(s.Talk.Cert.ChainWhy))
}

// minRSA is the least size of an RSA key, in bits.
const minRSA = 2048

func mxCertWeak(_ *facts.Facts, s service) []Violation {
	var l []Violation
	c := s.Talk.Cert
	if c.Key == "RSA" && c.Bits < minRSA {
		l = append(l, Violation{Status: Warn, Message: fmt.Sprintf("the key of the certificate is RSA of %d bits, fewer than %d", c.Bits, minRSA)})
	}
	if strings.Contains(c.Signature, "SHA1") || strings.Contains(c.Signature, "MD5") || strings.Contains(c.Signature, "MD2") {
		l = append(l, Violation{Status: Warn, Message: "the certificate is signed by " + c.Signature})
	}
	return l
}

// requireTLS looks at all hosts together, and at those alone that were seen whole under TLS, where the capability stands.
func requireTLS(f *facts.Facts) []Verdict {
	seen := 0
	for _, s := range mxOpen(f) {
		talk := s.of.Value.Talk
		if !s.of.Known() || !encrypted(s.of.Value) || !talk.Complete {
			continue
		}
		seen++
		if _, ok := capability(talk, "REQUIRETLS"); ok {
			return []Verdict{{Subject: f.Domain}}
		}
	}
	if seen == 0 {
		return nil
	}
	return []Verdict{{Subject: f.Domain, Broken: one(Info, "no MX host announces REQUIRETLS")}}
}
