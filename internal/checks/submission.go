package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailaudit/internal/facts"
)

var submissionChecks = slices.Concat(submissionServiceChecks, submissionOfferChecks)

var submissionServiceChecks = []*Check{
	{
		ID: "submission.closed", Title: "the submission services can be reached", Area: "submission", Worst: Fail, Impact: Clients,
		References: []string{"RFC 6409 3.1", "RFC 8314 3.3"},
		Needs:      facts.Services,
		Help: "Users hand in their mail on port 465 or 587. Where the host answers that nothing listens there, they cannot send. " +
			"Silence may be a firewall on either side, and is not held against the service.",
		Fix:   "Start the service on port 465 (implicit TLS), 587 (STARTTLS) or both, and open them in the firewall",
		Judge: submissionClosed,
	},
	{
		ID: "submission.587-no-starttls", Title: "STARTTLS is offered and works", Area: "submission", Worst: Fail, Impact: Clients,
		References: []string{"RFC 8314 4.1", "RFC 3207 4"},
		Replies:    []string{"530 5.7.0 Must issue a STARTTLS command first"},
		Needs:      facts.Services,
		Help: "Without TLS, passwords and mail cross the network for everybody on the way to read. Clients that insist on TLS, as " +
			"most do, cannot use the service at all.",
		Fix:   "Give the service a certificate and enable STARTTLS (Postfix: -o smtpd_tls_security_level=encrypt at the service in master.cf; for all services it would refuse mail on port 25)",
		Judge: each(starttls, submissionNoSTARTTLS),
	},
	{
		ID: "submission.465-no-tls", Title: "implicit TLS works", Area: "submission", Worst: Fail, Impact: Clients,
		References: []string{"RFC 8314 3.3", "RFC 8314 4.1"},
		Needs:      facts.Services,
		Help: "On a port for implicit TLS the handshake comes before the first SMTP greeting. Clients start it at once, and a server " +
			"that greets in the clear or cannot finish it leaves them with an error or in a hang.",
		Fix:   "Enable implicit TLS on the port (Postfix: -o smtpd_tls_wrappermode=yes at the service in master.cf)",
		Judge: each(implicitTLS, submissionNoTLS),
	},
	{
		ID: "submission.auth-plaintext", Title: "passwords are not taken before TLS", Area: "submission", Worst: Fail, Impact: Clients,
		References: []string{"RFC 4954 4", "RFC 8314 4.1"},
		Replies:    []string{"538 5.7.11 Encryption required for requested authentication mechanism"},
		Needs:      facts.Services,
		Help: "A server that offers AUTH in the clear invites clients to send passwords where anybody on the way can read them. " +
			"Stolen passwords are the usual way in which an honest address comes to send spam and onto blocklists.",
		Fix:   "Offer AUTH under TLS only (Postfix: smtpd_tls_auth_only=yes)",
		Judge: each(inTheClear, submissionAuthPlaintext),
	},
	{
		ID: "submission.no-auth", Title: "users can authenticate", Area: "submission", Worst: Fail, Impact: Clients,
		References: []string{"RFC 6409 4.3", "RFC 4954 3"},
		Replies:    []string{"530 5.7.0 Authentication required"},
		Needs:      facts.Services,
		Help: "A submission service tells its users from strangers by a login. One that offers none under TLS either takes mail " +
			"from anybody or from nobody outside its own network.",
		Fix:   "Enable authentication under TLS (Postfix: -o smtpd_sasl_auth_enable=yes at the service in master.cf)",
		Judge: each(finished, submissionNoAuth),
	},
	{
		ID: "submission.cert-name", Title: "the certificate holds the name of the service", Area: "submission", Worst: Fail, Impact: Clients,
		References: []string{"RFC 8314 5.3", "RFC 9525 6.3"},
		Needs:      facts.Services,
		Help: "Clients compare the host name that they were told with the names in the certificate, and stop or warn when it is " +
			"not among them. The common name has not counted for years.",
		Fix:   "Have the certificate issued for the host name that clients are told to use, or tell them a name that it holds",
		Judge: each(certificates, submissionCertName),
	},
	{
		ID: "submission.cert-expired", Title: "the certificate is valid, and for 14 days more", Area: "submission", Worst: Fail, Impact: Clients,
		References: []string{"RFC 8314 5.3", "RFC 5280 4.1.2.5"},
		Needs:      facts.Services,
		Help: "Clients refuse a certificate outside its dates. Automatic renewal works at least two weeks ahead, so less than that " +
			"left mostly means that it has stopped.",
		Fix:   "Renew the certificate, and reload the server so that it presents the new one",
		Judge: each(certificates, submissionCertExpired),
	},
	{
		ID: "submission.cert-chain", Title: "the certificate leads to a trusted root", Area: "submission", Worst: Fail, Impact: Clients,
		References: []string{"RFC 8314 5.3", "RFC 5280 6.1"},
		Needs:      facts.Services,
		Help: "Clients believe a certificate only when it leads to a root that they know, over intermediates that the server itself " +
			"has to send. Browsers often find a missing one by themselves; mail clients do not.",
		Fix:   "Present the whole chain (the file that many authorities call fullchain), from an authority that clients know",
		Judge: each(chains, submissionCertChain),
	},
	{
		ID: "submission.tls-version", Title: "TLS 1.2 or newer is spoken", Area: "submission", Worst: Fail, Impact: Clients,
		References: []string{"RFC 8997 3", "RFC 8996 5", "RFC 8314 4.1"},
		Needs:      facts.Services,
		Help: "TLS 1.0 and 1.1 are retired, and clients of today do not speak them: for those the service is out of order, " +
			"mostly with a message that says nothing about the reason.",
		Fix:   "Enable TLS 1.2 and 1.3 (Postfix: smtpd_tls_mandatory_protocols=>=TLSv1.2)",
		Judge: each(secured, submissionTLSVersion),
	},
	{
		ID: "submission.srv", Title: "the submission services are known and were connected to", Area: "submission", Worst: Info, Impact: Clients,
		References: []string{"RFC 6186 3.1", "RFC 8314 5.1"},
		// Needs nothing of its own: where no service is known, the area has nothing that could be decided.
		Help: "Mail clients find the submission service by SRV records, and so does this audit. Without them it tries the names that " +
			"hosters commonly use.",
		Fix:   "Publish _submissions._tcp and _submission._tcp SRV records, or name the services with --submission",
		Judge: submissionSRV,
	},
}

// submissionClosed looks at all services together: one that is closed leaves another to the clients.
func submissionClosed(f *facts.Facts) []Verdict {
	all := services(f)
	closed := func(s subject[service]) bool { return s.of.Known() && s.of.Value.Talk.Status == facts.ServiceRefused }
	status := Fail
	if f.Submission.Lost != "" || slices.ContainsFunc(all, func(s subject[service]) bool { return !s.candidate && !closed(s) }) {
		status = Warn
	}
	var l []Verdict
	for _, s := range all {
		v := Verdict{Subject: s.name, Candidate: s.candidate}
		talk := s.of.Value.Talk
		switch {
		case s.of.State == facts.Unasked:
			continue
		case s.of.Known() && talk.Status == facts.ServiceOpen:
		case s.candidate:
			continue // a usual name at which there is no service
		case !s.of.Known():
			v.Unknown = s.of.Why
		case closed(s):
			v.Broken = one(status, "no connection to "+s.name+": "+why(talk))
		default:
			v.Unknown = why(talk)
			if talk.Status == facts.ServiceFiltered {
				v.Unknown += ", perhaps in our own network"
			}
		}
		l = append(l, v)
	}
	if lost := f.Submission.Lost; lost != "" {
		l = append(l, Verdict{Subject: f.Domain, Unknown: "whether there are further services: " + clip(lost)})
	}
	if cause := unsought(f); cause != "" && !slices.ContainsFunc(l, func(v Verdict) bool { return v.Unknown != "" }) {
		l = append(l, Verdict{Subject: f.Domain, Unknown: cause})
	}
	return l
}

// unsought is why it could not be found out whether there is a service at all, "" where it could.
func unsought(f *facts.Facts) string {
	if f.Submission.SRV.State == facts.Unknown {
		return "whether SRV records name services: " + f.Submission.SRV.Why
	}
	for _, s := range f.Submission.Services {
		if s.Probe.State == facts.Unknown {
			return "whether " + endpoint(s) + " is a service: " + s.Probe.Why
		}
	}
	return ""
}

// why is how the talk with a service ended.
func why(p facts.Probe) string { return clip(cmp.Or(p.Why, "the talk broke off")) }

// spoke are the services that were seen to speak SMTP, or TLS; of candidates nothing is said but that.
func spoke(f *facts.Facts) []subject[service] {
	return slices.DeleteFunc(talked(f), func(s subject[service]) bool { return s.candidate && !s.of.Known() })
}

// seen are those of the services that a rule is about, unknown where the talk ended before what the rule looks at.
func seen(l []subject[service], about, saw func(service) bool) []subject[service] {
	l = slices.DeleteFunc(l, func(s subject[service]) bool { return !about(s.of.Value) })
	for i, s := range l {
		if s.of.Known() && !saw(s.of.Value) {
			l[i].of = facts.Cannot[service](why(s.of.Value.Talk))
		}
	}
	return l
}

func encrypted(s service) bool { return s.Talk.TLS == "starttls" || s.Talk.TLS == "implicit" }

// settled says whether it is known that there is TLS, or that there is none.
func settled(s service) bool { return encrypted(s) || s.Talk.Complete || s.Talk.TLSFault != "" }

// everyOne leaves no service out.
func everyOne(service) bool { return true }

func starttls(f *facts.Facts) []subject[service] {
	return seen(spoke(f), func(s service) bool { return !s.Implicit }, settled)
}

func implicitTLS(f *facts.Facts) []subject[service] {
	return seen(spoke(f), func(s service) bool { return s.Implicit }, settled)
}

// inTheClear are the services that say something before TLS.
func inTheClear(f *facts.Facts) []subject[service] { return beforeTLS(spoke(f)) }

func beforeTLS(l []subject[service]) []subject[service] {
	return seen(l, func(s service) bool { return !s.Implicit }, func(s service) bool { return len(s.Talk.EHLO) > 0 || s.Talk.Complete })
}

// secured are the services with TLS.
func secured(f *facts.Facts) []subject[service] { return withTLS(spoke(f)) }

// withTLS are those with TLS: of those without, the rules about that say all.
func withTLS(l []subject[service]) []subject[service] {
	return seen(l, func(s service) bool { return encrypted(s) || !settled(s) }, encrypted)
}

func finished(f *facts.Facts) []subject[service] { return whole(secured(f)) }

// whole are those that were talked to as far as the last EHLO, which says what there is.
func whole(l []subject[service]) []subject[service] {
	return seen(l, everyOne, func(s service) bool { return s.Talk.Complete })
}

func certificates(f *facts.Facts) []subject[service] { return presented(secured(f)) }

func presented(l []subject[service]) []subject[service] {
	return seen(l, everyOne, func(s service) bool { return s.Talk.Cert != nil })
}

func chains(f *facts.Facts) []subject[service] { return rooted(certificates(f)) }

// rooted are those whose chain this machine can judge.
func rooted(l []subject[service]) []subject[service] {
	for i, s := range l {
		if s.of.Known() && s.of.Value.Talk.Cert.ChainUnknown {
			l[i].of = facts.Cannot[service](s.of.Value.Talk.Cert.ChainWhy)
		}
	}
	return l
}

func submissionNoSTARTTLS(_ *facts.Facts, s service) []Violation {
	switch {
	case encrypted(s):
		return nil
	case s.Talk.TLSFault != "":
		return one(Fail, fmt.Sprintf("port %d offers STARTTLS, which fails: %s", s.Port, clip(s.Talk.TLSFault)))
	}
	return one(Fail, fmt.Sprintf("port %d offers no STARTTLS: everything crosses the network in the clear", s.Port))
}

func submissionNoTLS(_ *facts.Facts, s service) []Violation {
	if encrypted(s) {
		return nil
	}
	return one(Fail, fmt.Sprintf("port %d is for implicit TLS: %s", s.Port, clip(s.Talk.TLSFault)))
}

func submissionAuthPlaintext(_ *facts.Facts, s service) []Violation {
	if len(s.Talk.AuthPlain) == 0 {
		return nil
	}
	return one(Fail, fmt.Sprintf("port %d offers AUTH %s before TLS", s.Port, clip(strings.Join(s.Talk.AuthPlain, " "))))
}

func submissionNoAuth(_ *facts.Facts, s service) []Violation {
	if len(s.Talk.Auth) > 0 {
		return nil
	}
	return one(Fail, fmt.Sprintf("port %d offers no AUTH under TLS", s.Port))
}

func submissionCertName(_ *facts.Facts, s service) []Violation {
	if s.Talk.Cert.NameOK {
		return nil
	}
	return one(Fail, otherNames(s))
}

// otherNames says which names a certificate holds that lacks that of its host.
func otherNames(s service) string {
	names := "no name"
	if len(s.Talk.Cert.Names) > 0 {
		names = clip(some(s.Talk.Cert.Names))
	}
	return fmt.Sprintf("the certificate holds %s, and not %s", names, s.Host)
}

// renewal is how much validity a certificate should have left; one with a short life a third of that.
const (
	oneDay  = 24 * time.Hour
	renewal = 14 * oneDay
)

func submissionCertExpired(f *facts.Facts, s service) []Violation {
	if why := outOfDate(f, s.Talk.Cert); why != "" {
		return one(Fail, why)
	}
	if why := soonOver(f, s.Talk.Cert); why != "" {
		return one(Warn, why)
	}
	return nil
}

// outOfDate says how a certificate is not valid at the time of the audit, "" where it is.
func outOfDate(f *facts.Facts, c *facts.Cert) string {
	left := c.NotAfter.Sub(f.Started)
	switch {
	case left < 0:
		return fmt.Sprintf("the certificate expired on %s, %s ago", c.NotAfter.Format(time.DateOnly), count(int(-left/oneDay), "day"))
	case f.Started.Before(c.NotBefore):
		return fmt.Sprintf("the certificate is not valid before %s", c.NotBefore.Format(time.RFC3339))
	}
	return ""
}

// soonOver says that a valid certificate has little time left, "" where it has not.
func soonOver(f *facts.Facts, c *facts.Cert) string {
	left, due := c.NotAfter.Sub(f.Started), renewal
	if life := c.NotAfter.Sub(c.NotBefore); life/3 < renewal { // authorities issue some for six days
		due = life / 3
	}
	if left >= due {
		return ""
	}
	return fmt.Sprintf("the certificate expires on %s: %s left, less than %d", c.NotAfter.Format(time.DateOnly), count(int(left/oneDay), "day"), due/oneDay)
}

func submissionCertChain(_ *facts.Facts, s service) []Violation {
	if s.Talk.Cert.ChainOK {
		return nil
	}
	return one(Fail, "clients cannot trust the certificate: "+clip(s.Talk.Cert.ChainWhy))
}

func submissionTLSVersion(_ *facts.Facts, s service) []Violation {
	if !s.Talk.OldTLS {
		return nil
	}
	return one(Fail, fmt.Sprintf("port %d speaks %s and nothing newer; TLS 1.2 is the oldest that clients take", s.Port, s.Talk.Version))
}

// submissionSRV says what of submission could not be judged because there was nothing to connect to.
func submissionSRV(f *facts.Facts) []Verdict {
	if gone(f) || f.Profile.Name == facts.Parked {
		return nil
	}
	v := Verdict{Subject: f.Domain}
	for _, s := range f.Submission.Services {
		if s.Named() && s.Left != "" {
			v.Broken = append(v.Broken, Violation{Status: Info, Message: endpoint(s) + " was not connected to: " + clip(s.Left)})
		}
	}
	switch {
	case slices.ContainsFunc(f.Submission.Services, func(s facts.Service) bool {
		return s.Named() || s.Probe.Known() && s.Probe.Value.Status == facts.ServiceOpen
	}):
		l := []Verdict{v}
		if f.Submission.Lost != "" {
			l = append(l, Verdict{Subject: f.Domain, Said: "submission", Unknown: f.Submission.Lost}) // by submission.closed
		}
		return l
	case !f.Submission.SRV.Known() || unsought(f) != "":
		return nil // not asked, or submission.closed says why it is not known
	}
	v.Broken = one(Info, "no SRV record names a submission service, and none was found at the usual names: nothing was judged")
	return []Verdict{v}
}
