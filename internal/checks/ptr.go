package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/special"
)

// noPTR is what Gmail answers where an address has no name, or one that does not lead back to it.
const noPTR = "550-5.7.25 [{ip}] The IP address sending this message does not have a PTR record setup, or the corresponding " +
	"forward DNS entry does not point to the sending IP. As a policy, Gmail does not accept messages from IPs with missing PTR records."

// What receivers answer where no reverse name leads back, whatever the reason.
var (
	unconfirmedReplies = []string{noPTR, "550 5.7.1 Client host rejected: cannot find your hostname, [{ip}]"}
	unconfirmedRefused = []Refusal{{Receiver: "gmail"}, {Receiver: "postfix-strict"}}
)

var ptrChecks = []*Check{
	{
		ID: "ip.private", Title: "the sending addresses are public", Area: "ptr", Worst: Fail, Impact: Reject,
		References: []string{"RFC 6890 2.2"},
		Help: "A private or reserved address reaches no receiver: what they see, and what SPF, PTR and blocklists are about, is " +
			"the public address of the router or gateway through which the mail leaves.",
		Fix:     "Declare the public address that receivers see; for a lab or an intranet declare its range with --assume-public",
		Example: Example{Zone: `example.com. TXT "v=spf1 ip4:10.1.2.3 -all"`, Flags: "--ip 10.1.2.3"},
		Judge:   each(declared, ipPrivate),
	},
	{
		ID: "ip.no-source", Title: "the sending addresses are known", Area: "ptr", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 8601 2.7.3"},
		// Needs nothing of its own: SPF is always asked, and with no address the area has nothing that could be decided.
		Help: "Reverse names and address blocklists are properties of the hosts that send. A domain that sends through a provider " +
			"shares the provider's, and only a declared address can be judged.",
		Fix:     "Name a sending address with --ip, as it stands in the Received header of a delivered message",
		Example: Example{Zone: `example.com. TXT "v=spf1 include:_spf.example.net -all"`, Flags: "--ip="},
		Judge:   ipNoSource,
	},
	{
		ID: "ptr.missing", Title: "every sending IPv4 address has a PTR record", Area: "ptr", Worst: Fail, Impact: Reject,
		References: []string{"RFC 1912 2.1", "RFC 8601 2.7.3"},
		Replies: []string{
			noPTR,
			"554-Bad DNS PTR resource record.",
			"550 5.7.1 Client host rejected: cannot find your reverse hostname, [{ip}]",
		},
		// Yahoo, Outlook.com and T-Online require a PTR too, without saying that they answer 5xx; Microsoft 365 does for IPv6.
		Refused: []Refusal{{Receiver: "gmail"}, {Receiver: "icloud"}, {Receiver: "gmx"}, {Receiver: "webde"}, {Receiver: "comcast"},
			{Receiver: "cox"}, {Receiver: "spectrum"}, {Receiver: "postfix-strict"}},
		Needs: facts.Reverse,
		Help: "Hacked home machines seldom have a reverse name, so receivers ask for one before anything else. Gmail refuses " +
			"every message from an address without a PTR record, however few there are.",
		Fix:     "Ask the owner of the address, mostly the hoster in its panel, to set the PTR record to the name of the mail server",
		Example: Example{Remove: "25.2.0.192.in-addr.arpa. PTR"},
		Judge:   each(func(f *facts.Facts) []subject[source] { return ofFamily(sources(f), false) }, ptrMissing), // ptr.ipv6-missing
	},
	{
		ID: "ptr.no-forward", Title: "the reverse name has an address", Area: "ptr", Worst: Fail, Impact: Reject,
		References: []string{"RFC 1912 2.1", "RFC 8601 2.7.3"},
		Replies:    unconfirmedReplies,
		Refused:    unconfirmedRefused,
		Needs:      facts.Reverse,
		Help: "Whoever runs the reverse zone can write any name into it. Receivers believe it only when the name leads back to " +
			"the address; one that leads nowhere is worth as much as none, and Gmail refuses it.",
		Fix:     "Publish the address of the sending host at the name that its PTR record gives",
		Example: Example{Zone: "25.2.0.192.in-addr.arpa. PTR gone.example.com."},
		Judge:   each(func(f *facts.Facts) []subject[source] { return withName(confirmed(f)) }, ptrNoForward),
	},
	{
		ID: "ptr.forward-mismatch", Title: "the reverse name leads back to the address", Area: "ptr", Worst: Fail, Impact: Reject,
		References: []string{"RFC 1912 2.1", "RFC 8601 2.7.3"},
		Replies:    unconfirmedReplies,
		Refused:    unconfirmedRefused,
		Needs:      facts.Reverse,
		Help: "Whoever runs the reverse zone can write any name into it. Receivers believe it only when the name leads back to " +
			"the address, and Gmail refuses mail where it does not. One name that does is enough.",
		Fix:     "Make both directions agree: point the PTR record at the host's own name, or add the address to that name",
		Example: Example{Zone: "25.2.0.192.in-addr.arpa. PTR mx1.example.com."},
		Judge:   each(func(f *facts.Facts) []subject[source] { return withName(confirmed(f)) }, ptrForwardMismatch),
	},
	{
		ID: "ptr.generic", Title: "the reverse name is that of a mail server", Area: "ptr", Worst: Warn, Impact: Reject,
		References: []string{"RFC 8501 4", "postmaster.web.de: requirements and recommendations"},
		Replies: []string{
			"554-Bad DNS PTR resource record.",
			"550 DY-001",
			"554 IP={ip} - Dialup/transient IP not allowed. Use a mailgateway or contact toda@rx.t-online.de if obsolete. (DIAG)",
		},
		Needs: facts.Reverse,
		Help: "Providers give names like host-192-0-2-1.dyn to the machines of their customers, most of which send no mail on " +
			"purpose. GMX and WEB.DE usually refuse hosts with such names, static ones included; Yahoo asks for a name that " +
			"reflects your domain.",
		Fix:     "Set the PTR record to a name of your own such as mail.DOMAIN, and give that name the address",
		Example: Example{Zone: "25.2.0.192.in-addr.arpa. PTR 192-0-2-25.dyn.example.com.\n192-0-2-25.dyn.example.com. A 192.0.2.25"},
		Judge:   each(func(f *facts.Facts) []subject[source] { return withName(sources(f)) }, ptrGeneric),
	},
	{
		ID: "helo.not-fqdn", Title: "the HELO name is fully qualified", Area: "ptr", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5321 2.3.5", "RFC 5321 4.1.1.1"},
		Replies: []string{
			"504 5.5.2 <..>: Helo command rejected: need fully-qualified hostname",
			"501 5.5.4 HELO/EHLO argument is invalid",
		},
		Refused: []Refusal{{Receiver: "postfix-strict"}},
		Help: "The first thing that a mail server says is its name. One that means nothing outside its own network is the mark " +
			"of a misconfigured or hijacked host, and many receivers turn it away; WEB.DE and GMX require a valid name.",
		Fix:     "Set the server's name (Postfix: myhostname) to a host name such as mail.DOMAIN that is in public DNS",
		Example: Example{Flags: "--helo mailhost"},
		Judge:   each(greetingNames, heloNotFQDN),
	},
	{
		ID: "helo.ip-literal", Title: "the host gives a name in HELO", Area: "ptr", Worst: Warn, Impact: Reject,
		References: []string{"RFC 5321 4.1.3", "RFC 5321 4.1.4"},
		Help: "SMTP allows a host without a name to give its address in brackets. A mail server has a name, and filters take a " +
			"client that gives an address for a program that is none; without the brackets it is an error besides.",
		Fix:     "Set the server's name (Postfix: myhostname) to a host name such as mail.DOMAIN that is in public DNS",
		Example: Example{Flags: "--helo [192.0.2.25]"},
		Judge:   each(greetings, heloLiteral),
	},
	{
		ID: "helo.unresolvable", Title: "the HELO name has an address", Area: "ptr", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5321 2.3.5", "RFC 5321 4.1.4"},
		Replies:    []string{"550 5.7.1 <..>: Helo command rejected: Host not found"},
		Refused:    []Refusal{{Receiver: "postfix-strict"}},
		Needs:      facts.Greeting,
		Help: "The HELO name must be one that resolves. RFC 5321 forbids to refuse mail because it leads to another host than " +
			"the sending one, but sites that look it up refuse a name that does not exist.",
		Fix:     "Publish an A or AAAA record at the HELO name, or set the server's name to one that has an address",
		Example: Example{Flags: "--helo gone.example.com"},
		Judge:   each(resolvable, heloUnresolvable),
	},
	{
		ID: "helo.ptr-mismatch", Title: "the HELO name is the reverse name", Area: "ptr", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 5321 4.1.4"},
		Needs:      facts.Greeting | facts.Reverse,
		Help: "A host that calls itself by the name that its address has leaves nothing to doubt. Another name is allowed, and " +
			"some filters count it against a sender that they do not know.",
		Fix:     "Make the HELO name and the PTR record of the sending address the same",
		Example: Example{Zone: "smtp.example.com. A 192.0.2.25", Flags: "--helo smtp.example.com"},
		Judge:   each(greeters, heloPTRMismatch),
	},
}

// declared are the addresses that the user says send.
func declared(f *facts.Facts) []subject[netip.Addr] {
	var l []subject[netip.Addr]
	for _, s := range f.Streams {
		for _, ip := range s.IPs {
			if !slices.ContainsFunc(l, func(x subject[netip.Addr]) bool { return x.source == ip }) {
				l = append(l, subject[netip.Addr]{name: ip.String(), source: ip, of: facts.Know(ip)})
			}
		}
	}
	return l
}

func ipPrivate(f *facts.Facts, ip netip.Addr) []Violation {
	if special.Public(ip, f.Public) {
		return nil
	}
	return one(Fail, fmt.Sprintf("%s is %s: no receiver sees it", ip, special.Name(ip)))
}

// ipNoSource is about the whole audit: where no address is known, most of two areas is silent, and says so here.
func ipNoSource(f *facts.Facts) []Verdict {
	v := Verdict{Subject: f.Domain}
	if len(f.Sources) > 0 {
		return []Verdict{v}
	}
	if gone(f) || f.Profile.Name == facts.Parked {
		return nil
	}
	var to []string
	for _, s := range f.SPF {
		if !s.From && len(s.MailFrom) == 0 {
			continue
		}
		if s.Root.Status == facts.SPFUnknown { // there may well be addresses; the rules about SPF say that it is not known
			v.Unknown, v.Said = "whether SPF names sending addresses: "+s.Root.Why, "spf"
			return []Verdict{v}
		}
		for _, t := range s.Root.Terms {
			name := clip(t.Term.Spec)
			if (t.Term.Name == "include" || t.Term.Name == "redirect") && !slices.Contains(to, name) {
				to = append(to, name)
			}
		}
	}
	message := "no sending address was given and the SPF record names none: PTR and address blocklists were not judged"
	if len(to) > 0 {
		message += "; the record leads to " + some(to)
	}
	v.Broken = one(Info, message)
	return []Verdict{v}
}

func ptrMissing(_ *facts.Facts, s source) []Violation {
	if len(s.Names) > 0 {
		return nil
	}
	return one(Fail, fmt.Sprintf("%s has no PTR record", s.IP))
}

// withName leaves out addresses that are known to have no reverse name, or nothing that could be one: of those
// ptr.missing, ptr.ipv6-missing and ptr.ip-literal say all.
func withName(l []subject[source]) []subject[source] {
	return slices.DeleteFunc(l, func(s subject[source]) bool {
		return s.of.Known() && (len(s.of.Value.Names) == 0 || nameless(s.of.Value))
	})
}

func ptrNoForward(_ *facts.Facts, s source) []Violation {
	if s.Confirm == "pass" || slices.ContainsFunc(s.Names, leadsSomewhere) {
		return nil
	}
	var names []string
	for _, n := range s.Names {
		names = append(names, clip(n.Name))
	}
	record := "A"
	if s.IP.Unmap().Is6() {
		record = "AAAA"
	}
	return one(Fail, fmt.Sprintf("%s points to %s, which has no %s record", s.IP, some(names), record))
}

func ptrForwardMismatch(_ *facts.Facts, s source) []Violation {
	if s.Confirm == "pass" || !slices.ContainsFunc(s.Names, leadsSomewhere) {
		return nil
	}
	var names []string
	for _, n := range s.Names {
		var to []string
		for _, a := range n.Addresses.Value.Addresses {
			to = append(to, a.String())
		}
		if len(to) == 0 {
			to = []string{"nothing"}
		}
		names = append(names, clip(n.Name)+", which leads to "+some(to))
	}
	return one(Fail, fmt.Sprintf("%s points to %s and not back", s.IP, some(names)))
}

func leadsSomewhere(n facts.PTRName) bool { return len(n.Addresses.Value.Addresses) > 0 }

func ptrGeneric(_ *facts.Facts, s source) []Violation {
	var whys []string
	for _, n := range s.Names {
		why, ok := generic(n.Name, s.IP)
		switch of := ofService(n.Name); {
		case ok && of && s.Confirm == "unknown":
			return one(Unknown, s.PTR.Why)
		case !ok || of && s.Confirm == "pass":
			return nil // one proper name is enough
		}
		whys = append(whys, clip(n.Name)+" "+why)
	}
	return one(Warn, "the reverse name looks generated: "+some(whys))
}

// literal reports whether a HELO argument is an address, in brackets (RFC 5321 4.1.3) or without.
func literal(helo string) bool {
	if inner, ok := strings.CutPrefix(helo, "["); ok {
		helo, ok = strings.CutSuffix(inner, "]")
		if !ok {
			return false
		}
		if tag := "ipv6:"; len(helo) > len(tag) && strings.EqualFold(helo[:len(tag)], tag) {
			helo = helo[len(tag):]
		}
	}
	_, err := netip.ParseAddr(helo)
	return err == nil
}

// greetingNames are the HELO arguments that are meant to be names.
func greetingNames(f *facts.Facts) []subject[facts.HELO] {
	return slices.DeleteFunc(greetings(f), func(s subject[facts.HELO]) bool { return literal(s.of.Value.Name) })
}

func heloNotFQDN(_ *facts.Facts, h facts.HELO) []Violation {
	why := unqualified(h.Name)
	if why == "" {
		return nil
	}
	return one(Fail, fmt.Sprintf("%q %s", clip(h.Name), why))
}

// unqualified says why a name is no fully-qualified host name, "" where it is one (RFC 5321 2.3.5, RFC 1123 2.1). An
// underscore is wrong in it and yet refused by hardly anybody, so it is let pass.
func unqualified(name string) string {
	if why := malformed(name); why != "" {
		return why
	}
	labels := strings.Split(strings.ToLower(name), ".")
	last := labels[len(labels)-1]
	switch {
	case last == "localhost" || last == "localdomain":
		return "names the host itself to itself and to nobody else"
	case len(labels) == 1:
		return "is a single label, and not fully qualified"
	case strings.Trim(last, digits) == "":
		return fmt.Sprintf("ends in the number %s, as no domain does", last)
	}
	return ""
}

// malformed says why a name is made as no host name is, "" where it is well made (RFC 1123 2.1, RFC 5321 4.1.2).
func malformed(name string) string {
	for _, l := range strings.Split(strings.ToLower(name), ".") {
		odd := strings.TrimLeft(l, "abcdefghijklmnopqrstuvwxyz"+digits+"-_")
		switch {
		case odd != "":
			return fmt.Sprintf("holds %q, which no host name does", []rune(odd)[0])
		case l == "":
			return "has an empty label"
		case len(l) > 63:
			return fmt.Sprintf("has a label of %d octets, more than 63", len(l))
		case l[0] == '-':
			return "has a label that begins with a hyphen"
		case l[len(l)-1] == '-':
			return "has a label that ends in a hyphen"
		}
	}
	if len(name) > 253 {
		return fmt.Sprintf("has %d octets, more than 253", len(name))
	}
	return ""
}

func heloLiteral(_ *facts.Facts, h facts.HELO) []Violation {
	switch {
	case !literal(h.Name):
		return nil
	case strings.HasPrefix(h.Name, "["):
		return one(Warn, fmt.Sprintf("the host gives the address literal %s in place of its name", clip(h.Name)))
	}
	return one(Warn, fmt.Sprintf("the host gives the bare address %s in place of its name, which SMTP does not allow", clip(h.Name)))
}

// resolvable are the HELO names that are fit to be looked up, with what was found.
func resolvable(f *facts.Facts) []subject[facts.Hosts] {
	return slices.DeleteFunc(greetingHosts(f), func(s subject[facts.Hosts]) bool { return literal(s.name) || unqualified(s.name) != "" })
}

func heloUnresolvable(_ *facts.Facts, h facts.Hosts) []Violation {
	switch {
	case len(h.Addresses) > 0:
		return nil
	case h.Missing:
		return one(Fail, "the HELO name does not exist (NXDOMAIN)")
	}
	return one(Fail, "the HELO name has neither A nor AAAA records")
}

// greeter is a HELO name beside the reverse names of the addresses that say it.
type greeter struct {
	name  string
	names []string
}

// greeters are the HELO names that have something to be compared with.
func greeters(f *facts.Facts) []subject[greeter] {
	var l []subject[greeter]
	for _, h := range greetingNames(f) {
		g := greeter{name: h.name}
		s := subject[greeter]{name: h.name}
		for _, x := range f.Sources {
			if x.Stream != h.of.Value.Stream {
				continue
			}
			switch {
			case x.PTR.State == facts.Unknown:
				s.of = facts.Cannot[greeter](x.PTR.Why)
			case len(x.PTR.Value.Names) > maxNames: // and no more were looked at than tell that
				s.of = facts.Cannot[greeter](fmt.Sprintf("%s has more than %d reverse names, of which others may be it", x.IP, maxNames))
			}
			for _, n := range x.PTR.Value.Names {
				g.names = append(g.names, strings.ToLower(n.Name))
			}
		}
		if unqualified(g.name) == "" && (g.matches() || len(g.names) > 0 && s.of.State != facts.Unknown) {
			s.of = facts.Know(g)
		}
		l = append(l, s)
	}
	return l
}

func (g greeter) matches() bool { return slices.Contains(g.names, strings.ToLower(g.name)) }

func heloPTRMismatch(_ *facts.Facts, g greeter) []Violation {
	if g.matches() {
		return nil
	}
	slices.Sort(g.names)
	return one(Info, fmt.Sprintf("the host calls itself %s, its address is called %s", clip(g.name), clip(some(slices.Compact(g.names)))))
}
