package checks

import (
	"cmp"
	"fmt"
	"slices"

	"mailaudit/internal/facts"
)

var domainChecks = []*Check{
	{
		ID: "domain.nxdomain", Title: "the domain exists", Area: "domain", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5321 2.3.5", "RFC 8020 2"},
		Replies: []string{
			"450 4.1.8 <..>: Sender address rejected: Domain not found",
			"451/554 Message temporarily deferred/rejected due to unresolvable RFC.5321 from domain",
		},
		Refused: []Refusal{{Receiver: "yahoo"}, {Receiver: "icloud"}, {Receiver: "gmx"}, {Receiver: "webde"}, {Receiver: "postfix-strict"}},
		Cap:     CapDead,
		Needs:   facts.Domain,
		Help: "Receivers look the sender's domain up before they read the message. One that does not exist cannot be answered, " +
			"cannot be authenticated, and is refused nearly everywhere.",
		Fix: "Register or renew the domain, or repair its delegation at the registrar",
		Example: Example{
			Remove: "example.com. SOA\nexample.com. NS\nexample.com. A\nexample.com. MX\nexample.com. TXT\n_dmarc.example.com. TXT\n" +
				"s1._domainkey.example.com. TXT\nmail.example.com. A\nmail.example.com. TXT\nmx1.example.com. A\nmx2.example.com. A",
			Flags: "--ip= --helo= --selector=",
		},
		Judge: each(sendingDomains, domainNXDomain),
	},
	{
		ID: "domain.servfail", Title: "the name servers of the domain answer", Area: "domain", Worst: Fail, Impact: Defer,
		References: []string{"RFC 2308 7", "RFC 1034 4.3.1"},
		Needs:      facts.Domain | facts.Servers,
		Help: "While every name server of a domain fails, receivers find nothing out about it, and put its mail off until they give up. It takes " +
			"a control to tell that from a fault on the side of whoever asks: the zone above, which the same resolver finds.",
		Fix:   "Repair the name servers, or name others at the registrar that have the zone",
		Judge: each(theOutage, domainServfail),
	},
	{
		ID: "domain.unresolvable", Title: "the domain has an MX record or an address", Area: "domain", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5321 5.1"},
		Replies:    []string{"550 Sender {d} has no A, AAAA, or MX DNS records"},
		Refused:    []Refusal{{Receiver: "gmx"}, {Receiver: "webde"}, {Receiver: "postfix-strict"}},
		Needs:      facts.Domain | facts.MXHosts,
		Help: "A domain with neither MX nor A nor AAAA records cannot receive the bounce of a message that it sends, so many " +
			"receivers refuse it as a sender. web.de and GMX require a valid MX or A record of the sender's domain. It holds for a MAIL FROM domain " +
			"of its own, too.",
		Fix:     "Publish an MX record",
		Example: Example{Remove: "example.com. MX\nexample.com. A"},
		Judge:   each(reachable, domainUnresolvable),
	},
}

func domainNXDomain(_ *facts.Facts, d sendingDomain) []Violation {
	if d.exists {
		return nil
	}
	return []Violation{{Status: Fail, Cap: CapDead, Message: d.what + " does not exist (NXDOMAIN)", Fix: d.fix}}
}

// theOutage is what was seen where nothing could be found out about the domain: domain.nxdomain says that. Only the proof
// that its servers are at fault is more.
func theOutage(f *facts.Facts) []subject[facts.Outage] {
	s := subject[facts.Outage]{name: f.Domain}
	switch o := f.Zone.Value.Outage; {
	case f.Exists.Known() && f.Exists.Value && someHeard(f): // else nobody asked them, or ns.lame says what came of it
		s.of = facts.Know(facts.Outage{})
	case f.Exists.State == facts.Unknown && o.Known() && allFail(o.Value):
		s.of = o
	}
	return []subject[facts.Outage]{s}
}

// allFail says whether every server fails that the zone above names. Silence counts where that zone's own server was heard in
// the same family: then our side is not what keeps it away.
func allFail(o facts.Outage) bool {
	fails := func(t facts.ServerTalk) bool {
		heard := t.Addr.Is4() == o.Control.Addr.Is4()
		return !serves(t) && (fault(t.UDP, heard) != "" || fault(t.TCP, heard) != "")
	}
	return len(o.Control.Servers) > 0 && o.Lost == "" && !slices.ContainsFunc(o.Talks, func(t facts.ServerTalk) bool { return !fails(t) })
}

func domainServfail(_ *facts.Facts, o facts.Outage) []Violation {
	if o.Zone == "" {
		return nil
	}
	l := make([]string, 0, len(o.Talks))
	for _, t := range o.Talks {
		l = append(l, clip(t.Host)+": "+clip(cmp.Or(t.UDP.Why, t.TCP.Why)))
	}
	if len(l) == 0 {
		l = append(l, "none of them has an address")
	}
	return one(Fail, fmt.Sprintf("every name server of %s that %s names fails, and %[2]s itself is found: %s", clip(o.Zone), zoneName(o.Control.Zone), some(l)))
}

// zoneName is a zone in words.
func zoneName(z string) string {
	if z == "." {
		return "the root zone"
	}
	return clip(z)
}

// answerable is whether mail can be sent to a domain that is in MAIL FROM or From.
type answerable struct {
	ok  bool
	fix string // in place of the rule's own
}

// reachable is that of the audited domain and of the other domains in MAIL FROM; what is found suffices, whatever else was lost.
func reachable(f *facts.Facts) []subject[answerable] {
	if f.Profile.Name == facts.Parked { // who sends nothing gets no bounce
		return nil
	}
	var l []subject[answerable]
	if !gone(f) && f.MX.State != facts.Unasked {
		l = append(l, reachableOwn(f))
	}
	for _, r := range returns(f) {
		l = append(l, subject[answerable]{name: r.Domain, candidate: byReports(f, r.Domain), of: facts.Fact[answerable]{State: r.MX.State, Why: r.MX.Why,
			Value: answerable{r.MX.Value.Status != facts.MXNone, "Publish an MX record there, or send with another MAIL FROM domain"}}})
	}
	return l
}

func reachableOwn(f *facts.Facts) subject[answerable] {
	s := subject[answerable]{name: f.Domain}
	mx, host := f.MX, f.Addresses
	switch {
	case mx.Known() && (mx.Value.Status == facts.MXFound || mx.Value.Status == facts.MXNull),
		host.Known() && len(host.Value.Addresses) > 0:
		s.of = facts.Know(answerable{ok: true})
	case !mx.Known():
		s.of = facts.Cannot[answerable](mx.Why)
	case !host.Known():
		s.of = facts.Cannot[answerable](host.Why)
	default:
		s.of = facts.Know(answerable{})
	}
	return s
}

func domainUnresolvable(_ *facts.Facts, a answerable) []Violation {
	if a.ok {
		return nil
	}
	return []Violation{{Status: Fail, Fix: a.fix, Message: "neither MX nor A nor AAAA records: a bounce has nowhere to go"}}
}
