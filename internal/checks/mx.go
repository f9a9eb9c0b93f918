package checks

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/special"
)

// What is wrong with inbound mail refuses none of this sender's, and is a warning, up to the point where nobody can
// answer the domain at all: then receivers that ask whether a bounce could be returned refuse it.
var mxChecks = []*Check{
	{
		ID: "mx.null", Title: "a domain that sends accepts mail", Area: "mx", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7505 4.2"},
		Replies: []string{
			"550 5.7.27 <..>: Sender address rejected: Domain {d} does not accept mail (nullMX)",
			"550 Sender verify failed",
		},
		Refused: []Refusal{{Receiver: "yahoo"}, {Receiver: "postfix-strict"}},
		Cap:     CapDead,
		Needs:   facts.MXHosts,
		Help: "A null MX says that the domain accepts no mail, so its messages cannot be answered and their bounces have nowhere to go. " +
			"Yahoo refuses such senders, and so does Postfix with reject_unknown_sender_domain. It holds for a MAIL FROM domain of its own, too, and is " +
			"right for a domain that sends nothing.",
		Fix:     "Publish the MX records of a host that takes the answers, or send from another domain",
		Example: Example{Zone: "example.com. MX 0 .", Flags: "--profile sender"},
		Judge:   each(senderMX, mxNull),
	},
	{
		ID: "mx.null-plus-others", Title: "a null MX stands alone", Area: "mx", Worst: Fail, Impact: Reject,
		References: []string{"RFC 7505 3", "RFC 7505 4.2"},
		Replies:    []string{"550 5.7.27 <..>: Sender address rejected: Domain {d} does not accept mail (nullMX)"},
		Refused:    []Refusal{{Receiver: "postfix-strict"}},
		Needs:      facts.MXHosts,
		Help: "A domain with a null MX must have no other MX record. Which of the two a receiver believes is undefined: one may deliver, " +
			"another takes the domain for one that accepts no mail, and refuses it as a sender, as Postfix does with reject_unknown_sender_domain " +
			"(measured). It holds for a MAIL FROM domain of its own, too.",
		Fix:     "Delete the record 0 . or all the others",
		Example: Example{Zone: "example.com. MX 10 mx1.example.com.\nexample.com. MX 0 ."},
		Judge:   each(mixedMX, mxNullPlusOthers),
	},
	{
		ID: "mx.cname", Title: "no MX host is an alias", Area: "mx", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 5321 5.1", "RFC 2181 10.3"},
		Needs:      facts.MXHosts,
		Help: "The name in an MX record must have addresses of its own. Most senders follow a CNAME all the same, but none has to, " +
			"and some refuse.",
		Fix:     "Point the MX record at the name that the CNAME leads to",
		Example: Example{Zone: "mx2.example.com. CNAME mx1.example.com.", Remove: "mx2.example.com. A"},
		Judge:   each(everyHost(mxHosts, "mx"), mxCNAME),
	},
	{
		ID: "mx.unresolvable", Title: "every MX host has an address", Area: "mx", Worst: Fail, Impact: Inbound,
		References: []string{"RFC 5321 5.1"},
		Replies:    []string{"550 Sender verify failed"},
		Needs:      facts.MXHosts,
		Help: "Senders try the MX hosts in turn; one without an address costs a delay. When no host has any, RFC 5321 makes the mail " +
			"undeliverable although the domain itself may have an address, and receivers that verify the sender, as Exim does, refuse its mail. " +
			"Another domain in MAIL FROM fails where none of its hosts can be reached.",
		Fix:     "Publish an A or AAAA record at the host's name, or delete the MX record",
		Example: Example{Remove: "mx1.example.com. A\nmx2.example.com. A"},
		Judge:   andReturns(each(everyHost(mxHosts, ""), mxUnresolvable), false, mxUnresolvable),
	},
	{
		ID: "mx.private-ip", Title: "every MX host has public addresses", Area: "mx", Worst: Fail, Impact: Inbound,
		References: []string{"RFC 6890 2.2.2", "RFC 5321 5.1"},
		Replies:    []string{"550 Sender verify failed"},
		Needs:      facts.MXHosts,
		Help: "Nobody outside can connect to a private, loopback or otherwise reserved address. One beside public ones costs senders a delay; " +
			"when there are no others, the domain cannot be answered, and receivers that verify the sender refuse its mail. Another domain in MAIL FROM fails " +
			"where none of its hosts can be reached.",
		Fix:     "Publish the public address of the host",
		Example: Example{Zone: "mx1.example.com. A 10.1.2.3\nmx2.example.com. A 10.1.2.4"},
		Judge:   andReturns(each(everyHost(mxHosts, "mx"), mxPrivate), false, mxPrivate),
	},
}

// exchange is the set of mail exchangers of a domain that mail is sent in the name of.
type exchange struct {
	sendingDomain
	facts.MX
}

// exchanges are those of the audited domain and of the other domains in MAIL FROM. One that does not exist is domain.nxdomain's.
func exchanges(f *facts.Facts) []subject[exchange] {
	var l []subject[exchange]
	for _, s := range theMX(f) {
		l = append(l, subject[exchange]{name: s.name, of: facts.Fact[exchange]{State: s.of.State, Why: s.of.Why,
			Value: exchange{sendingDomain{what: "the domain"}, s.of.Value}}})
	}
	for _, r := range returns(f) {
		l = append(l, subject[exchange]{name: r.Domain, candidate: byReports(f, r.Domain), of: facts.Fact[exchange]{State: r.MX.State, Why: r.MX.Why,
			Value: exchange{sendingDomain{what: "the MAIL FROM domain", fix: bouncesFix}, r.MX.Value}}})
	}
	return l
}

// bouncesFix is what to do about the mail exchangers of another domain in MAIL FROM.
const bouncesFix = "Publish MX records there of a host that takes the bounces, or send with another MAIL FROM domain"

// senderMX are those exchanges, of which RFC 7505 4.2 wants no null MX. That a domain which was taken for parked sends all the
// same, parked.but-sends says.
func senderMX(f *facts.Facts) []subject[exchange] {
	l := exchanges(f)
	if len(l) > 0 && f.Profile.Name == facts.Parked && sendsYet(f) {
		l[0].said = "parked"
	}
	return l
}

// mixedMX are those exchanges, of which RFC 7505 3 wants no other records beside a null MX. That those of another domain in MAIL FROM are
// not known, mx.null says.
func mixedMX(f *facts.Facts) []subject[exchange] {
	l := exchanges(f)
	for i := range l {
		if l[i].name != f.Domain && l[i].of.State == facts.Unknown {
			l[i].said = "mx"
		}
	}
	return l
}

// returns are the other domains in MAIL FROM, as far as they may exist.
func returns(f *facts.Facts) []facts.Return {
	if f.Profile.Name == facts.Parked {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(f.Returns), func(r facts.Return) bool {
		return r.Exists.Known() && !r.Exists.Value || r.MX.State == facts.Unasked
	})
}

func mxNull(f *facts.Facts, x exchange) []Violation {
	if x.Status != facts.MXNull || f.Profile.Name == facts.Parked && !sendsYet(f) {
		return nil
	}
	preference := 0
	for _, h := range x.Hosts {
		preference = h.Preference
	}
	return []Violation{{Status: Fail, Cap: CapDead, Fix: x.fix,
		Message: fmt.Sprintf("the only MX record is %d . (null MX): %s says that it accepts no mail, and yet it sends", preference, x.what)}}
}

func mxNullPlusOthers(f *facts.Facts, x exchange) []Violation {
	if !x.Null || x.Status == facts.MXNull {
		return nil
	}
	v := Violation{Status: Fail, Fix: x.fix,
		Message: fmt.Sprintf("a null MX among %s of %s, where it must be the only one", count(len(x.Hosts)+x.More, "MX record"), x.what)}
	if f.Profile.Name == facts.Parked && !sendsYet(f) {
		v.Status = Warn
	}
	return []Violation{v}
}

func mxCNAME(_ *facts.Facts, h mxHost) []Violation {
	if len(h.CNAME) == 0 {
		return nil
	}
	return one(Warn, fmt.Sprintf("%s is a CNAME for %s", clip(h.Host), clip(strings.Join(h.CNAME, " > "))))
}

func mxUnresolvable(f *facts.Facts, h mxHost) []Violation {
	if len(h.Addresses) > 0 {
		return nil
	}
	what := "has neither A nor AAAA records"
	if h.Missing {
		what = "does not exist (NXDOMAIN)"
	}
	return implied(unreachable(f, h, clip(h.Host)+" "+what), isAddress(h) || isLocal(h))
}

func mxPrivate(f *facts.Facts, h mxHost) []Violation {
	hidden := slices.DeleteFunc(slices.Clone(h.Addresses), func(a netip.Addr) bool { return special.Public(a, f.Public) })
	switch {
	case len(hidden) == 0 && h.Lost != "":
		return one(Unknown, fmt.Sprintf("%s may have more addresses: %s", clip(h.Host), h.Lost))
	case len(hidden) == 0:
		return nil
	}
	what := fmt.Sprintf("%s resolves to %s, %s", clip(h.Host), hidden[0], special.Name(hidden[0]))
	if len(hidden) > 1 {
		what += fmt.Sprintf(", and to %d more such", len(hidden)-1)
	}
	return implied(unreachable(f, h, what), len(mxLocal(f, h)) > 0)
}

// unreachable judges an MX host that cannot be reached. "If MX records are present, but none of them are usable", the
// mail is undeliverable, whatever address the domain has (RFC 5321 5.1): so is every bounce, and a receiver that
// verifies the sender address refuses. As long as one host may be reached, only mail to the domain suffers, and mail to another
// domain in MAIL FROM is bounces alone.
func unreachable(f *facts.Facts, h mxHost, what string) []Violation {
	usable, lost := false, beyond(len(h.all), h.more)
	for _, x := range h.all {
		usable = usable || slices.ContainsFunc(x.Addresses.Value.Addresses, func(a netip.Addr) bool { return special.Public(a, f.Public) })
		if x.Host != "." && (!x.Addresses.Known() || x.Addresses.Value.Lost != "") {
			lost = cmp.Or(x.Addresses.Why, x.Addresses.Value.Lost, "its addresses were not looked up")
		}
	}
	another := h.domain != f.Domain
	switch {
	case another && usable:
		return nil
	case another && lost != "":
		return one(Unknown, fmt.Sprintf("%s; another MX host of %s may be reached: %s", what, clip(h.domain), lost))
	case another:
		return []Violation{{Status: Fail, Fix: bouncesFix, Message: fmt.Sprintf("%s, and no other MX host of %s, the MAIL FROM domain, can be reached: "+
			"its bounces have nowhere to go", what, clip(h.domain))}}
	case f.Profile.Name == facts.Parked || usable || lost != "":
		return one(Warn, what)
	}
	return one(Fail, what+", and no other MX host can be reached: nobody can answer this domain")
}

// implied marks what is found as told by another rule, if it is.
func implied(l []Violation, told bool) []Violation {
	for i := range l {
		l[i].Implied = told
	}
	return l
}
