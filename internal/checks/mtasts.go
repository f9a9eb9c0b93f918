package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/mtasts"
)

// MTA-STS is about mail that comes in, and this sender's own is refused for none of it: nothing here is more than a warning.
var mtastsChecks = []*Check{
	{
		ID: "mtasts.missing", Title: "an MTA-STS record asks senders for TLS", Area: "mtasts", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 8461 3.1"},
		Needs:      facts.Transport,
		Help: "Without MTA-STS (or DANE) senders use TLS where it is offered and check no certificate: whoever is on the way can strip it " +
			"or read along. It is optional, and concerns mail that comes in.",
		Fix: "Publish a policy in testing mode at https://mta-sts.<domain>/.well-known/mta-sts.txt, then TXT v=STSv1; id=1 at _mta-sts, and " +
			"change to enforce once TLS reports show no failures",
		Example: Example{Remove: "_mta-sts.example.com. TXT"},
		Judge:   each(stsWanted, mtastsMissing),
	},
	{
		ID: "mtasts.txt-multiple", Title: "there is one MTA-STS record", Area: "mtasts", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8461 3.1"},
		Needs:      facts.Transport,
		Help:       "Senders that find several MTA-STS records go on as if there were none, unless they know the policy from before.",
		Fix:        "Keep one of the records",
		Example:    Example{Zone: `_mta-sts.example.com. TXT "v=STSv1; id=1"` + "\n" + `_mta-sts.example.com. TXT "v=STSv1; id=2"`},
		Judge:      each(stsMeant, mtastsMultiple),
	},
	{
		ID: "mtasts.txt-syntax", Title: "the MTA-STS record can be read", Area: "mtasts", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8461 3.1"},
		Needs:      facts.Transport,
		Help: "The record begins with exactly v=STSv1; and has an id= of 1 to 32 letters and digits. Senders take a record that breaks the " +
			"grammar for none, and the domain goes without MTA-STS.",
		Fix:     "Correct the record, such as v=STSv1; id=20260101T000000;",
		Example: Example{Zone: `_mta-sts.example.com. TXT "v=STSv1; id=2026-01-01"`},
		Judge:   each(stsMeant, mtastsTXTSyntax),
	},
	{
		ID: "mtasts.policy-unreachable", Title: "the MTA-STS policy can be fetched", Area: "mtasts", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8461 3.2", "RFC 8461 3.3"},
		Needs:      facts.Transport,
		Help: "The record says that there is a policy, and senders fetch it by HTTPS; only the answer 200 counts. Where it cannot be had, " +
			"those that kept an earlier one hold on to that, and all others do without.",
		Fix:     "Serve the policy at https://mta-sts.<domain>/.well-known/mta-sts.txt, or remove the record",
		Example: Example{Zone: `_mta-sts.example.com. TXT "v=STSv1; id=1"`},
		Judge:   each(stsReached, mtastsUnreachable),
	},
	{
		ID: "mtasts.policy-redirect", Title: "the MTA-STS policy is served without a redirect", Area: "mtasts", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8461 3.3"},
		Needs:      facts.Transport,
		Help:       "Senders must not follow redirects when they fetch the policy, so that a redirect is as good as no policy.",
		Fix:        "Serve the policy at its own address (a proxy may fetch it from elsewhere)",
		Judge:      each(stsDirect, mtastsRedirect),
	},
	{
		ID: "mtasts.policy-cert", Title: "the certificate of the policy host is valid", Area: "mtasts", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8461 3.3", "RFC 9525 6.3"},
		Needs:      facts.Transport,
		Help: "Senders take a policy only under a certificate that holds the name mta-sts.<domain>, is in date and leads to a root that they " +
			"know. Else they do without it.",
		Fix:   "Give the web server a certificate for mta-sts.<domain> with its whole chain, and have it renewed automatically",
		Judge: each(stsCert, mtastsCert),
	},
	{
		ID: "mtasts.content-type", Title: "the MTA-STS policy is served as text/plain", Area: "mtasts", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8461 3.2"},
		Needs:      facts.Transport,
		Help: "Senders should take the policy only as text/plain: any other type may be a page that some user of the web server put there. " +
			"Those that do so ignore it.",
		Fix:   "Serve the file with Content-Type: text/plain",
		Judge: each(stsServed, mtastsContentType),
	},
	{
		ID: "mtasts.policy-syntax", Title: "the MTA-STS policy can be read", Area: "mtasts", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8461 3.2", "RFC 8461 3.3"},
		Needs:      facts.Transport,
		Help: "A policy has a line each for version, mode and max_age, and one for each mx. Senders do not apply one that breaks the grammar " +
			"or is longer than 64 KiB, and the domain goes without MTA-STS.",
		Fix:   "Correct the file, and change id= in the record so that senders fetch it again",
		Judge: each(stsServed, mtastsPolicySyntax),
	},
	{
		ID: "mtasts.mx-mismatch", Title: "the MTA-STS policy names every MX host", Area: "mtasts", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8461 4.1", "RFC 8461 5"},
		Needs:      facts.Transport | facts.MXHosts,
		Help: "In enforce mode senders hand no mail to an MX host that no mx of the policy matches; in testing mode they report it. A policy " +
			"that was forgotten when the MX changed keeps mail out.",
		Fix:   "Add an mx line for the host to the policy, and change id= in the record",
		Judge: each(stsHosts, mtastsMismatch),
	},
	{
		ID: "mtasts.wildcard", Title: "the wildcards of the MTA-STS policy reach the MX hosts", Area: "mtasts", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8461 4.1"},
		Needs:      facts.Transport | facts.MXHosts,
		Help: "The wildcard stands for exactly one label: *.example.com matches mail.example.com, and neither example.com nor " +
			"a.mail.example.com.",
		Fix:   "Name the host itself in an mx line, or *. and the domain right above it, and change id= in the record",
		Judge: each(stsHosts, mtastsWildcard),
	},
	{
		ID: "mtasts.mode-testing", Title: "the MTA-STS policy is enforced", Area: "mtasts", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 8461 3.2", "RFC 8461 5"},
		Needs:      facts.Transport,
		Help: "In testing mode senders report what would fail, and deliver all the same: it protects nothing yet. Mode none takes an earlier " +
			"policy back.",
		Fix:   "Change the mode to enforce, and id= in the record, once TLS reports show no failures",
		Judge: each(stsPolicy, mtastsMode),
	},
	{
		ID: "mtasts.max-age", Title: "senders keep the MTA-STS policy for weeks", Area: "mtasts", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8461 3.2", "RFC 8461 10.2"},
		Needs:      facts.Transport,
		Help: "What protects against somebody who suppresses the record or the policy is that senders still have it from before. A life of " +
			"hours leaves gaps; one above 31557600 seconds is not allowed.",
		Fix:   "Set max_age to 604800 (a week) or more, and at most 31557600, and change id= in the record",
		Judge: each(stsPolicy, mtastsMaxAge),
	},
	{
		ID: "mtasts.mx-tls-fail", Title: "the MX hosts offer the TLS that the MTA-STS policy demands", Area: "mtasts", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8461 4.2", "RFC 8461 5"},
		Needs:      facts.Transport | facts.Inbound,
		Help: "In enforce mode senders hand in mail only under STARTTLS with a certificate that holds the name of the MX host, is in date and " +
			"leads to a root that they know. Where a host has none, mail waits and comes back.",
		Fix:   "Put the TLS of the host right, or change the mode to testing and id= in the record until then",
		Judge: each(stsEnforced, mtastsTLSFail),
	},
}

// theSTS is what stands at _mta-sts.
func theSTS(f *facts.Facts) []subject[facts.MTASTS] {
	if gone(f) {
		return nil
	}
	return []subject[facts.MTASTS]{{name: "_mta-sts." + f.Domain, of: f.MTASTS}}
}

// stsWanted is that of a domain to which mail is sent. This rule alone says where it could not be found out.
func stsWanted(f *facts.Facts) []subject[facts.MTASTS] {
	if f.Profile.Name == facts.Parked || f.MX.Known() && f.MX.Value.Status != facts.MXFound && f.MX.Value.Status != facts.MXImplicit {
		return nil
	}
	return theSTS(f)
}

// stsMeant is that where something was published.
func stsMeant(f *facts.Facts) []subject[facts.MTASTS] {
	return slices.DeleteFunc(onlyKnown(theSTS)(f), func(s subject[facts.MTASTS]) bool { return len(s.of.Value.Texts) == 0 })
}

// stsPage is what came of fetching the policy, unknown where what stopped it may be on our side.
func stsPage(f *facts.Facts) []subject[facts.Page] {
	var l []subject[facts.Page]
	for _, s := range onlyKnown(theSTS)(f) {
		page := subject[facts.Page]{name: s.of.Value.Host, of: s.of.Value.Page}
		switch p := page.of.Value; p.Status {
		case facts.PageFiltered, facts.PageSlow, facts.PageUnknown:
			page.of = facts.Cannot[facts.Page]("the policy could not be fetched: " + clip(p.Why))
		}
		l = append(l, page)
	}
	return l
}

// stsReached is that but where the certificate or a redirect stops senders: other rules say so.
func stsReached(f *facts.Facts) []subject[facts.Page] {
	return slices.DeleteFunc(stsPage(f), func(s subject[facts.Page]) bool {
		return s.of.Known() && (s.of.Value.Status == facts.PageBadCert || redirects(s.of.Value))
	})
}

// stsDirect is the HTTP response where there is a policy or the way to one.
func stsDirect(f *facts.Facts) []subject[facts.Page] {
	return slices.DeleteFunc(onlyKnown(stsPage)(f), func(s subject[facts.Page]) bool {
		return s.of.Value.Status != facts.PageAnswered || s.of.Value.Code != facts.PageOK && !redirects(s.of.Value)
	})
}

// redirects says whether an answer is a redirect.
func redirects(p facts.Page) bool { return p.Code/100 == 3 }

// stsServed is the file, where there is one.
func stsServed(f *facts.Facts) []subject[served] {
	var l []subject[served]
	for _, s := range stsDirect(f) {
		if s.of.Value.Code == facts.PageOK {
			l = append(l, subject[served]{name: s.name, of: facts.Know(served{s.of.Value, f.MTASTS.Value.Policy, "https://" + s.name + facts.PolicyPath})})
		}
	}
	return l
}

// served is a file that should be a policy. One that is too long has not been read.
type served struct {
	facts.Page
	policy *mtasts.Policy
	url    string
}

// stsPolicy is a policy that senders apply: of others mtasts.policy-syntax says all.
func stsPolicy(f *facts.Facts) []subject[mtasts.Policy] {
	var l []subject[mtasts.Policy]
	for _, s := range stsServed(f) {
		if p := s.of.Value.policy; p != nil && !p.Void {
			l = append(l, subject[mtasts.Policy]{name: s.name, of: facts.Know(*p)})
		}
	}
	return l
}

// stsHosts is a policy of a domain whose MX hosts are known, and have to be in it.
func stsHosts(f *facts.Facts) []subject[mtasts.Policy] {
	if f.MX.State == facts.Unasked || f.MX.Known() && f.MX.Value.Status != facts.MXFound && f.MX.Value.Status != facts.MXImplicit {
		return nil
	}
	l := slices.DeleteFunc(stsPolicy(f), func(s subject[mtasts.Policy]) bool { return s.of.Value.Mode == mtasts.None })
	for i := range l {
		if !f.MX.Known() {
			l[i].of, l[i].said = facts.Cannot[mtasts.Policy]("which hosts take its mail: "+f.MX.Why), "mx"
		}
	}
	return l
}

// stsCert is the certificate of the policy host, unknown where this machine cannot judge it.
func stsCert(f *facts.Facts) []subject[facts.Cert] {
	var l []subject[facts.Cert]
	for _, s := range onlyKnown(theSTS)(f) {
		c := s.of.Value.Page.Value.Cert
		switch {
		case c == nil:
		case c.ChainUnknown && c.NameOK && c.InDate:
			l = append(l, subject[facts.Cert]{name: s.of.Value.Host, of: facts.Cannot[facts.Cert](c.ChainWhy)})
		default:
			l = append(l, subject[facts.Cert]{name: s.of.Value.Host, of: facts.Know(*c)})
		}
	}
	return l
}

// stsEnforced are the MX hosts whose TLS was seen, where senders insist on it; unknown where this machine cannot judge it.
func stsEnforced(f *facts.Facts) []subject[facts.Probe] {
	if !slices.ContainsFunc(stsPolicy(f), func(s subject[mtasts.Policy]) bool { return s.of.Value.Mode == mtasts.Enforce }) {
		return nil
	}
	var l []subject[facts.Probe]
	for _, t := range f.Inbound {
		p := t.Probe.Value
		s := subject[facts.Probe]{name: t.Host, of: t.Probe}
		switch c := p.Cert; {
		case !t.Probe.Known() || p.Status != facts.ServiceOpen || !p.Complete && p.TLSFault == "" && c == nil:
			s.of, s.said = facts.Cannot[facts.Probe]("what TLS "+clip(t.Host)+" speaks: "+clip(cmp.Or(t.Left, t.Probe.Why, why(p)))), "tls"
		case c != nil && c.ChainUnknown && c.NameOK && c.InDate:
			s.of = facts.Cannot[facts.Probe](c.ChainWhy)
		}
		l = append(l, s)
	}
	return l
}

func mtastsMissing(f *facts.Facts, m facts.MTASTS) []Violation {
	switch {
	case len(m.Texts) > 0:
		return nil
	case len(m.CNAME) > 0:
		return one(Info, fmt.Sprintf("no MTA-STS record at _mta-sts.%s, which is a CNAME to %s", f.Domain, clip(m.CNAME[len(m.CNAME)-1])))
	}
	return one(Info, fmt.Sprintf("no MTA-STS record at _mta-sts.%s: senders use TLS unchecked, which is common", f.Domain))
}

func mtastsMultiple(_ *facts.Facts, m facts.MTASTS) []Violation {
	l := slices.DeleteFunc(slices.Clone(m.Texts), func(text string) bool { return !mtasts.IsSTS(text) })
	if len(l) < 2 {
		return nil
	}
	return []Violation{{Status: Warn, Message: fmt.Sprintf("%s at %s where 1 is allowed: senders take none of them", count(len(l), "MTA-STS record"), m.Name),
		At: Place{Name: m.Name, Record: l[1], Length: len(l[1])}}}
}

func mtastsTXTSyntax(_ *facts.Facts, m facts.MTASTS) []Violation {
	var l []Violation
	taken := slices.ContainsFunc(m.Texts, mtasts.IsSTS)
	for _, text := range m.Texts {
		for _, p := range mtasts.Parse(text).Problems {
			v := Violation{Status: Warn, Message: clip(p.Message), At: Place{Name: m.Name, Record: text, Offset: p.Offset, Length: p.Length}}
			switch {
			case p.Kind == mtasts.Duplicate:
				v.Status = Info
			case p.Kind == mtasts.Version && taken:
				v.Status, v.Fix = Info, "Remove the record that is ignored"
				v.Message = "senders ignore a record beside the right one: " + v.Message
			}
			l = append(l, v)
		}
	}
	return bounded(l)
}

func mtastsUnreachable(_ *facts.Facts, p facts.Page) []Violation {
	switch {
	case p.Status != facts.PageAnswered:
		return one(Warn, "the policy cannot be fetched: "+clip(p.Why))
	case p.Code != facts.PageOK:
		return one(Warn, fmt.Sprintf("%s is answered with %d, not 200: senders have no policy", facts.PolicyPath, p.Code))
	}
	return nil
}

func mtastsRedirect(_ *facts.Facts, p facts.Page) []Violation {
	if !redirects(p) {
		return nil
	}
	to := "nowhere"
	if p.Location != "" {
		to = "to " + clip(p.Location)
	}
	return one(Warn, fmt.Sprintf("%s is answered with %d and leads %s, where senders must not follow", facts.PolicyPath, p.Code, to))
}

func mtastsCert(f *facts.Facts, c facts.Cert) []Violation {
	host := f.MTASTS.Value.Host
	var l []Violation
	for _, fault := range certFaults(f, c, host) {
		l = append(l, Violation{Status: Warn, Message: fault})
	}
	if why := soonOver(f, &c); len(l) == 0 && why != "" {
		l = one(Info, why)
	}
	return l
}

// certFaults are what keeps senders from taking a certificate for a host.
func certFaults(f *facts.Facts, c facts.Cert, host string) []string {
	var l []string
	switch {
	case c.InDate:
	case f.Started.Before(c.NotBefore):
		l = append(l, "the certificate is not valid before "+c.NotBefore.Format(time.RFC3339))
	default:
		l = append(l, "the certificate expired on "+c.NotAfter.Format(time.DateOnly))
	}
	if !c.NameOK {
		names := "no name"
		if len(c.Names) > 0 {
			names = clip(some(c.Names))
		}
		l = append(l, fmt.Sprintf("the certificate holds %s, and not %s", names, host))
	}
	if !c.ChainOK && !c.ChainUnknown {
		l = append(l, "senders cannot trust the certificate: "+clip(c.ChainWhy))
	}
	return l
}

func mtastsContentType(_ *facts.Facts, s served) []Violation {
	media, _, _ := strings.Cut(s.ContentType, ";") // parameters are ignored
	switch media = strings.TrimSpace(media); {
	case strings.EqualFold(media, "text/plain"):
		return nil
	case media == "":
		return one(Warn, "the policy is served without a Content-Type, where text/plain is wanted")
	}
	return one(Warn, fmt.Sprintf("the policy is served as %s, not as text/plain", clip(media)))
}

func mtastsPolicySyntax(_ *facts.Facts, s served) []Violation {
	if s.policy == nil {
		return one(Warn, fmt.Sprintf("the policy is longer than %d octets, more than senders need to take", facts.MaxPage))
	}
	var l []Violation
	for _, p := range s.policy.Problems {
		v := Violation{Status: Warn, Message: clip(p.Message)}
		switch p.Kind {
		case mtasts.Lifetime:
			continue // mtasts.max-age
		case mtasts.Duplicate, mtasts.Blank:
			v.Status = Info
		}
		if p.Text != "" {
			v.At = Place{Name: s.url, Record: p.Text, Offset: p.Offset, Length: p.Length}
		}
		l = append(l, v)
	}
	return bounded(l)
}

// unmatched are the MX hosts that no mx of a policy matches.
func unmatched(f *facts.Facts, p mtasts.Policy) []string {
	var l []string
	for _, h := range f.MX.Value.Hosts {
		if h.Host != "." && !slices.ContainsFunc(p.MX, func(x mtasts.Pattern) bool { return x.Matches(h.Host) }) && !slices.Contains(l, h.Host) {
			l = append(l, h.Host)
		}
	}
	return l
}

// tooDeep is the first pattern with a wildcard that would match a host if "*" stood for more labels than one.
func tooDeep(p mtasts.Policy, host string) (mtasts.Pattern, bool) {
	i := slices.IndexFunc(p.MX, func(x mtasts.Pattern) bool { return x.Beneath(host) })
	if i < 0 {
		return "", false
	}
	return p.MX[i], true
}

func mtastsMismatch(f *facts.Facts, p mtasts.Policy) []Violation {
	then := "senders do not hand mail to it"
	if p.Mode == mtasts.Testing {
		then = "senders report it, and in enforce mode would not hand mail to it"
	}
	var l []Violation
	for _, host := range unmatched(f, p) {
		_, explained := tooDeep(p, host)
		l = append(l, Violation{Status: Warn, Implied: explained, Message: fmt.Sprintf("%s is none of the %s of the policy: %s",
			clip(host), count(len(p.MX), "mx pattern"), then)})
	}
	if why := beyondMX(f); why != "" && len(l) == 0 {
		return one(Unknown, why)
	}
	return bounded(l)
}

func mtastsWildcard(f *facts.Facts, p mtasts.Policy) []Violation {
	var l []Violation
	for _, host := range unmatched(f, p) {
		if pattern, ok := tooDeep(p, host); ok {
			l = append(l, Violation{Status: Warn, Message: fmt.Sprintf("mx: %s stands for exactly 1 label, and does not match %s", clip(string(pattern)), clip(host))})
		}
	}
	return bounded(l)
}

func mtastsMode(_ *facts.Facts, p mtasts.Policy) []Violation {
	switch p.Mode {
	case mtasts.Testing:
		return one(Info, "the policy is in testing mode: senders report failures, and deliver all the same")
	case mtasts.None:
		return one(Info, "the policy is in mode none, as if there were no MTA-STS")
	}
	return nil
}

// The life of a policy in seconds: RFC 8461 3.2 expects weeks.
const (
	policyDay  = 86400
	policyWeek = 7 * policyDay
)

func mtastsMaxAge(_ *facts.Facts, p mtasts.Policy) []Violation {
	switch age := *p.MaxAge; {
	case age > mtasts.MaxAge:
		return one(Warn, fmt.Sprintf("max_age is %d, above the %d seconds that are allowed", age, mtasts.MaxAge))
	case p.Mode == mtasts.None: // which is to be forgotten
	case age < policyDay:
		return one(Warn, fmt.Sprintf("max_age is %d: senders forget the policy within a day (%d seconds)", age, policyDay))
	case age < policyWeek:
		return one(Info, fmt.Sprintf("max_age is %d, less than a week (%d seconds), where weeks are expected", age, policyWeek))
	}
	return nil
}

func mtastsTLSFail(f *facts.Facts, p facts.Probe) []Violation {
	const then = ": senders that enforce the policy hand in no mail"
	switch {
	case p.TLSFault != "":
		return one(Warn, "STARTTLS fails on port 25 ("+clip(p.TLSFault)+")"+then)
	case p.Cert == nil:
		return one(Warn, "no STARTTLS is offered on port 25"+then)
	}
	var l []Violation
	for _, fault := range certFaults(f, *p.Cert, "the name of the MX host") {
		l = append(l, Violation{Status: Warn, Message: fault + then})
	}
	return l
}
