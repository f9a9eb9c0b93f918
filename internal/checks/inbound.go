package checks

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/facts"
)

var inboundChecks = slices.Concat(mxTalkChecks, mxTLSChecks, mxMailChecks)

var mxTalkChecks = []*Check{
	{
		ID: "mx.refused", Title: "the MX hosts take connections on port 25", Area: "tls", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 5321 5.1", "RFC 5321 4.5.4.1"},
		Replies:    []string{"451 Could not complete sender verify callout"},
		Needs:      facts.Inbound,
		Help: "Mail to the domain, and every bounce and answer to what it sends, comes in on port 25 of an MX host. Where all of them " +
			"answer that nothing listens there, receivers that verify senders by callout put its mail off, too. Silence may be a " +
			"firewall on either side, and so may a refusal: many networks let nobody out on port 25. Unless another host takes a " +
			"connection there, or the one that --egress-check names, it is not known whose doing it is.",
		Fix:   "Start the mail server, and open port 25 in the firewall of the MX hosts",
		Judge: mxRefused,
	},
	{
		ID: "mx.banner-invalid", Title: "the greeting of the MX hosts is SMTP and names the host", Area: "tls", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 5321 4.2", "RFC 5321 4.3.1"},
		Needs:      facts.Inbound,
		Help: "A server opens with 220 and its own fully-qualified name. Software that gets neither gives up, or takes the host for a " +
			"misconfigured or broken one. Firewalls that overwrite the greeting with asterisks are the usual cause.",
		Fix:   "Set the host name of the mail server (Postfix: myhostname), and switch off SMTP inspection in the firewall",
		Judge: each(mxGreeted, mxBannerInvalid),
	},
	{
		ID: "mx.banner-mismatch", Title: "the name that an MX host gives itself leads to it", Area: "tls", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 5321 4.1.1.1", "RFC 5321 4.3.1"},
		Needs:      facts.Inbound,
		Help: "The name in greeting and EHLO is what logs and bounces show. Where it leads elsewhere or nowhere, whoever looks for " +
			"a fault looks in the wrong place. Nothing is refused for it.",
		Fix:   "Give the mail server a name that has the address of the MX host (Postfix: myhostname)",
		Judge: each(selfNamed, mxBannerMismatch),
	},
	{
		ID: "mx.tarpit", Title: "the MX hosts greet within 15 s", Area: "tls", Worst: Info, Impact: Inbound,
		References: []string{"RFC 5321 4.5.3.2.1"},
		Needs:      facts.Inbound,
		Help: "Senders are asked to wait five minutes for a greeting, and most do. A receiver that verifies this domain's sender by " +
			"callout has its own client waiting meanwhile and gives up sooner, with a temporary error.",
		Fix:   "Shorten the delay before the greeting, or look for what overloads the server",
		Judge: each(mxTimed, mxTarpit),
	},
	{
		ID: "mx.auth-on-25", Title: "the MX hosts take no passwords before TLS", Area: "tls", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 4954 4", "RFC 8314 4.1"},
		Needs:      facts.Inbound,
		Help: "AUTH in the clear on port 25 invites clients to send passwords where anybody on the way can read them, and it is where " +
			"password guessers come first. Users hand in mail on 465 or 587.",
		Fix:   "Offer no AUTH on port 25, or under TLS only (Postfix: smtpd_tls_auth_only=yes)",
		Judge: each(func(f *facts.Facts) []subject[service] { return beforeTLS(mxOpen(f)) }, mxAuth),
	},
	{
		ID: "mx.size", Title: "the MX hosts say how large a message may be, and take 10 MB", Area: "tls", Worst: Info, Impact: Inbound,
		References: []string{"RFC 1870 3"},
		Replies:    []string{"552 5.3.4 Message too big for system"},
		Needs:      facts.Inbound,
		Help: "With SIZE a sender knows before it sends that a message is too large. Where the limit is below 10 MB, ordinary mail with " +
			"attachments comes back to those who write to the domain.",
		Fix:   "Raise the limit (Postfix: message_size_limit), and let EHLO announce it",
		Judge: each(mxWhole, mxSize),
	},
	{
		ID: "mx.8bitmime-smtputf8", Title: "the MX hosts take 8-bit mail", Area: "tls", Worst: Info, Impact: Inbound,
		References: []string{"RFC 6152 2", "RFC 6531 3.1"},
		Needs:      facts.Inbound,
		Help: "Without 8BITMIME a sender has to re-encode 8-bit mail, which breaks its DKIM signature, or send it back. SMTPUTF8 " +
			"without 8BITMIME is against the rules.",
		Fix:   "Let EHLO announce 8BITMIME: every mail server of this century can",
		Judge: each(mxWhole, mx8BitMIME),
	},
}

// mxRefused looks at all hosts together: while one takes connections, mail comes in.
func mxRefused(f *facts.Facts) []Verdict {
	switch {
	case gone(f):
		return nil
	case f.MX.State == facts.Unknown:
		return []Verdict{{Subject: f.Domain, Unknown: "which hosts take its mail: " + f.MX.Why}}
	}
	var connected, all []facts.MXTalk
	var untried []Verdict
	left := ""
	for _, t := range f.Inbound {
		switch {
		case t.Probe.State == facts.Unasked:
			left = t.Host + " was not connected to: " + t.Left
			untried = append(untried, Verdict{Subject: t.Host, Unknown: clip(left)})
			continue
		case tookConnection(t):
			connected = append(connected, t)
		}
		all = append(all, t)
	}
	switch {
	case len(all) == 0 && left != "":
		return []Verdict{{Subject: f.Domain, Broken: one(Info, clip(left))}}
	case len(all) == 0:
		return nil
	case len(connected) == 0:
		return []Verdict{noneConnected(f, all, left)}
	}
	var l []Verdict
	for _, t := range all {
		v := Verdict{Subject: t.Host}
		switch p := t.Probe.Value; {
		case tookConnection(t):
		case t.Probe.Known() && p.Status == facts.ServiceRefused:
			v.Broken = one(Info, "no connection to port 25: "+why(p)+"; "+connected[0].Host+" takes them")
		default:
			v.Unknown = whyNot(f, t)
		}
		l = append(l, v)
	}
	return append(l, untried...)
}

// tookConnection says that a host answered on port 25 with something of its own that is not about us: a greeting that turns
// a client away is.
func tookConnection(t facts.MXTalk) bool {
	p := t.Probe.Value
	return t.Probe.Known() && (p.Status == facts.ServiceOpen || p.Late || p.NoBanner != "")
}

// noneConnected is the verdict on hosts of which none took a connection; left tells of one that was not tried.
func noneConnected(f *facts.Facts, l []facts.MXTalk, left string) Verdict {
	v := Verdict{Subject: f.Domain}
	for _, t := range l {
		if !t.Probe.Known() || t.Probe.Value.Status != facts.ServiceRefused {
			v.Unknown = t.Host + ": " + whyNot(f, t)
			return v
		}
	}
	closed := fmt.Sprintf("no connection to port 25 of %s: %s", hostNames(l), why(l[0].Probe.Value))
	switch e := f.Vantage.Port(mxPort); {
	case left != "":
		v.Unknown = closed + "; " + clip(left)
	case e.State == facts.EgressBlocked || e.State == facts.EgressPerhaps:
		v.Unknown = closed + "; our own network, it seems: " + clip(e.Why)
	case e.State != facts.EgressOpen: // firewalls at our end answer with a reset, too
		v.Unknown = closed + ", perhaps by our own network: " + cmp.Or(clip(e.Why), "--egress-check tells")
	default:
		v.Broken = one(Warn, closed)
	}
	return v
}

func hostNames(l []facts.MXTalk) string {
	var names []string
	for _, t := range l {
		names = append(names, t.Host)
	}
	return some(names)
}

// whyNot is why it is not known whether a host takes connections, our own side included.
func whyNot(f *facts.Facts, t facts.MXTalk) string {
	if !t.Probe.Known() {
		return t.Probe.Why
	}
	text := why(t.Probe.Value)
	if t.Probe.Value.Status != facts.ServiceFiltered {
		return text
	}
	switch e := f.Vantage.Port(mxPort); e.State {
	case facts.EgressBlocked:
		return "our own network lets nobody out on port 25: " + clip(e.Why)
	case facts.EgressPerhaps:
		return text + "; our own network, it seems: " + clip(e.Why)
	case facts.EgressOpen:
		return text + "; not that of our own network: " + clip(e.Why)
	}
	return text + ", perhaps in our own network"
}

const mxPort = 25

// mxTalks are the MX hosts, as services on port 25. Of those that took no connection mx.refused says why that is.
func mxTalks(f *facts.Facts) []subject[service] {
	var l []subject[service]
	for _, t := range f.Inbound {
		s := subject[service]{name: t.Host, of: facts.Know(service{Service: facts.Service{Host: t.Host, Port: mxPort}, Talk: t.Probe.Value})}
		if !tookConnection(t) {
			s.said, s.of.State, s.of.Why = "tls", facts.Unknown, cmp.Or(t.Left, t.Probe.Why, t.Probe.Value.Why)
		}
		l = append(l, s)
	}
	return l
}

// mxOpen are those, but for such as took a connection and did not greet.
func mxOpen(f *facts.Facts) []subject[service] {
	return slices.DeleteFunc(mxTalks(f), func(s subject[service]) bool { return s.of.Known() && s.of.Value.Talk.Status != facts.ServiceOpen })
}

// mxWhole are those that were talked to as far as the last EHLO.
func mxWhole(f *facts.Facts) []subject[service] { return whole(mxOpen(f)) }

// mxGreeted are those that sent a greeting, good or bad.
func mxGreeted(f *facts.Facts) []subject[service] {
	return slices.DeleteFunc(mxTalks(f), func(s subject[service]) bool { return s.of.Value.Talk.Late })
}

// mxTimed are those that greeted in time, or did not.
func mxTimed(f *facts.Facts) []subject[service] {
	return slices.DeleteFunc(mxTalks(f), func(s subject[service]) bool { return s.of.Value.Talk.NoBanner != "" })
}

func mxBannerInvalid(_ *facts.Facts, s service) []Violation {
	if s.Talk.NoBanner != "" {
		return one(Warn, clip(s.Talk.NoBanner))
	}
	for word := range strings.FieldsSeq(s.Talk.Banner) {
		if word = strings.Trim(word, ",;()<>"); literal(word) && word[0] == '[' || unqualified(word) == "" {
			return nil
		}
	}
	return one(Warn, fmt.Sprintf("the greeting %q holds no fully-qualified host name", clip(s.Talk.Banner)))
}

// calledBy is an MX host, and where the name that it gives itself leads.
type calledBy struct {
	name string
	at   netip.Addr // of the host
	facts.Hosts
}

// selfNamed are the MX hosts that give themselves a host name.
func selfNamed(f *facts.Facts) []subject[calledBy] {
	var l []subject[calledBy]
	for _, t := range f.Inbound {
		s := subject[calledBy]{name: t.Host, of: facts.Fact[calledBy]{State: t.Named.State, Why: t.Named.Why,
			Value: calledBy{name: t.Name, at: t.Probe.Value.Addr, Hosts: t.Named.Value}}}
		if lost := t.Named.Value.Lost; lost != "" && !s.of.Value.leadsBack() {
			s.of = facts.Cannot[calledBy](lost)
		}
		l = append(l, s)
	}
	return l
}

func (n calledBy) leadsBack() bool { return slices.Contains(n.Addresses, n.at) }

func mxBannerMismatch(_ *facts.Facts, n calledBy) []Violation {
	switch {
	case n.leadsBack():
		return nil
	case len(n.Addresses) == 0:
		return one(Info, fmt.Sprintf("the host calls itself %s, which has no address", clip(n.name)))
	}
	return one(Info, fmt.Sprintf("the host calls itself %s, which has not its address %s", clip(n.name), n.at))
}

func mxTarpit(_ *facts.Facts, s service) []Violation {
	if !s.Talk.Late {
		return nil
	}
	return one(Info, "the connection was taken, and "+why(s.Talk))
}

func mxAuth(_ *facts.Facts, s service) []Violation {
	if len(s.Talk.AuthPlain) == 0 {
		return nil
	}
	return one(Warn, fmt.Sprintf("port 25 offers AUTH %s before TLS", clip(strings.Join(s.Talk.AuthPlain, " "))))
}

// capability are the parameters of a capability in the last EHLO, which is the one under TLS where there is TLS.
func capability(p facts.Probe, keyword string) (params []string, offered bool) {
	lines := p.EHLO
	if len(p.EHLOTLS) > 0 {
		lines = p.EHLOTLS
	}
	for i, line := range lines {
		if words := strings.Fields(line); i > 0 && len(words) > 0 && strings.EqualFold(words[0], keyword) {
			return words[1:], true
		}
	}
	return nil, false
}

// minSize is what an MX host should take, in octets.
const minSize = 10_000_000

func mxSize(_ *facts.Facts, s service) []Violation {
	params, offered := capability(s.Talk, "SIZE")
	if !offered {
		return one(Info, "EHLO does not announce SIZE")
	}
	if len(params) == 0 {
		return nil // no word of a limit (RFC 1870 3)
	}
	n, err := strconv.ParseUint(params[0], 10, 64)
	if err != nil || n == 0 || n >= minSize { // 0: no fixed limit
		return nil
	}
	return one(Info, fmt.Sprintf("SIZE %d: messages of more than %d octets are refused, fewer than %d", n, n, minSize))
}

func mx8BitMIME(_ *facts.Facts, s service) []Violation {
	if _, ok := capability(s.Talk, "8BITMIME"); ok {
		return nil
	}
	if _, ok := capability(s.Talk, "SMTPUTF8"); ok {
		return one(Info, "EHLO announces SMTPUTF8 without 8BITMIME, which it needs")
	}
	return one(Info, "EHLO does not announce 8BITMIME")
}
