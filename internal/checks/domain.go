package checks

import (
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
		ID: "domain.unresolvable", Title: "the domain has an MX record or an address", Area: "domain", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5321 5.1"},
		Replies:    []string{"550 Sender {d} has no A, AAAA, or MX DNS records"},
		Refused:    []Refusal{{Receiver: "gmx"}, {Receiver: "webde"}, {Receiver: "postfix-strict"}},
		Needs:      facts.Domain | facts.MXHosts,
		Help: "A domain with neither MX nor A nor AAAA records cannot receive the bounce of a message that it sends, so many " +
			"receivers refuse it as a sender. web.de and GMX require a valid MX or A record of the sender's domain.",
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

// reachable is whether the domain can be sent mail at all; what is found suffices, whatever else was lost.
func reachable(f *facts.Facts) []subject[bool] {
	if gone(f) || f.MX.State == facts.Unasked || f.Profile.Name == facts.Parked { // who sends nothing gets no bounce
		return nil
	}
	s := subject[bool]{name: f.Domain}
	mx, host := f.MX, f.Addresses
	switch {
	case mx.Known() && (mx.Value.Status == facts.MXFound || mx.Value.Status == facts.MXNull),
		host.Known() && len(host.Value.Addresses) > 0:
		s.of = facts.Know(true)
	case !mx.Known():
		s.of = facts.Cannot[bool](mx.Why)
	case !host.Known():
		s.of = facts.Cannot[bool](host.Why)
	default:
		s.of = facts.Know(false)
	}
	return []subject[bool]{s}
}

func domainUnresolvable(_ *facts.Facts, ok bool) []Violation {
	if ok {
		return nil
	}
	return one(Fail, "neither MX nor A nor AAAA records: a bounce has nowhere to go")
}
