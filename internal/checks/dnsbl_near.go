package checks

import (
	"fmt"
	"net/netip"
	"slices"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/facts"
)

// What lists say besides that the sender or its domain is listed: how far a listing goes, who vouches, and what stands
// about hosts that send nothing of this mail. None of it costs as a listing of the sender does.
var dnsblNearChecks = []*Check{
	{
		ID: "dnsbl.ip6-64", Title: "no listing covers the /64 of an IPv6 sender", Area: "dnsbl", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5782 2.4", "docs.spamhaus.com"},
		Needs:      facts.Listings,
		Help: "Spamhaus CSS lists IPv6 by the /64: every address in it is refused, whichever of them sent the spam. Where the provider " +
			"gives several customers one /64, it can be a neighbour's.",
		Fix: "Stop the cause if it is yours; else have the provider give the host a /64 of its own and send from that",
		Example: Example{Flags: "--ip 2001:db8::25", Zone: "mail.example.com. AAAA 2001:db8::25\n" +
			"example.com. TXT \"v=spf1 ip6:2001:db8::25 include:_spf.example.net -all\"\n" +
			"5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mail.example.com.\n" +
			"5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.spamhaus.org. A 127.0.0.3"},
		Judge: each(addressAnswers, listedNet64),
	},
	{
		ID: "dnsbl.mx-ns-listed", Title: "no domain blocklist lists the first four domains of the MX hosts and name servers", Area: "dnsbl", Worst: Warn, Impact: Spam,
		References: []string{"RFC 5782 3"},
		Needs:      facts.HostListings,
		Help: "Filters look up where a domain has its mail and its DNS, too: hosts whose own domain is listed are what throw-away domains have in " +
			"common. Up to four such domains are looked up, those of MX hosts first.",
		Fix:     "Move the mail or the DNS to a provider that is not listed, or have it clear its listing",
		Example: Example{Zone: "example.net.dbl.spamhaus.org. A 127.0.1.2"},
		Judge:   each(nearby("domain"), listedNear(blocklist.ClassDomain)),
	},
	{
		ID: "mx.on-dnsbl", Title: "no major blocklist lists the first four addresses of the domain's own MX hosts", Area: "mx", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 5782 2.1"},
		Needs:      facts.MXHosts | facts.MXListings,
		Help: "An MX host sends too: bounces, automatic answers, forwarded mail, and the addresses next to it may be those of senders. A listing " +
			"says that something on it or behind it sent spam. Hosts of providers are not looked up, and addresses that send are judged as such.",
		Fix:     "Stop the cause first, then ask the list for removal",
		Example: Example{Zone: "35.2.0.192.zen.spamhaus.org. A 127.0.0.4"},
		Judge:   each(nearby("ip"), listedNear(blocklist.ClassMajor)),
	},
	{
		ID: "dnswl.listed", Title: "no allowlist vouches for the sending addresses", Area: "dnsbl", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 5782 2.1", "dnswl.org"},
		Needs:      facts.Listings,
		Help: "Allowlists hold servers that are known to send good mail, and some filters count that in the sender's favour. Being on one is " +
			"good, being on none is usual, and neither changes the score.",
		Fix:     "Leave it so: nothing needs to be done",
		Example: Example{Zone: "25.2.0.192.list.dnswl.org. A 127.0.5.2"},
		Judge:   each(vouchers, vouched),
	},
	{
		ID: "dnsbl.dead-zone", Title: "the file of lists names no dead list", Area: "dnsbl", Worst: Warn, Impact: Hygiene,
		References: []string{"RFC 6471 3.4"},
		Help: "A list that was shut down answers nothing, or lists the whole world once somebody else owns its name. It is not asked. " +
			"The fault is in the file that --blocklists names and not in the domain, so it costs no points.",
		Fix:   "Take the list out of the file",
		Judge: dnsblDead,
	},
}

// listedNet64 judges a listing that is also one of the address itself, and costs there.
func listedNet64(_ *facts.Facts, l facts.Listing) []Violation {
	ip, err := netip.ParseAddr(l.Target)
	if l.Status != facts.Listed || !l.Net64 || err != nil || !ip.Is6() {
		return nil
	}
	return []Violation{{Status: Fail, Implied: true,
		Message: fmt.Sprintf("%s lists the whole of %s, in which %s is: %s", l.Zone, netip.PrefixFrom(ip, 64).Masked(), ip, clip(l.Meaning))}}
}

// addressAnswers are those about addresses, as far as major lists tell.
func addressAnswers(f *facts.Facts) []subject[facts.Listing] {
	return toldBy(f, listings("ip")(f), major)
}

// nearby are the answers about what sends nothing itself. An address that does is judged as a sender, and what is wrong with a list
// as a whole is said once: by the rules about those.
func nearby(kind string) func(*facts.Facts) []subject[facts.Listing] {
	return func(f *facts.Facts) []subject[facts.Listing] {
		var l []subject[facts.Listing]
		for _, x := range f.Nearby {
			if x.Kind != kind {
				continue
			}
			s := answer(f, x)
			if slices.ContainsFunc(f.Sources, func(s facts.Source) bool { return s.IP.String() == x.Target }) {
				s.said = "dnsbl" // it sends
			}
			l = append(l, s)
		}
		return l
	}
}

func listedNear(class blocklist.Class) func(*facts.Facts, facts.Listing) []Violation {
	return func(_ *facts.Facts, l facts.Listing) []Violation {
		if l.Status != facts.Listed || blocklist.Class(l.Class) != class {
			return nil
		}
		v := listed(Warn, l)
		if class == blocklist.ClassDomain {
			v.Fix = "" // the domain is somebody else's, and so is its removal
		}
		return []Violation{v}
	}
}

// vouchers are the answers about the sending addresses that could vouch for them: of allowlists, and of lists that hold
// good and bad.
func vouchers(f *facts.Facts) []subject[facts.Listing] {
	var l []subject[facts.Listing]
	for _, x := range slices.Concat(f.Allowed, f.Listings) {
		allowlist := slices.ContainsFunc(f.Allowlists, func(l facts.List) bool { return l.Zone == x.Zone })
		if answered(x) && (allowlist || blocklist.Class(x.Class) == blocklist.ClassAllow) {
			l = append(l, subject[facts.Listing]{name: x.Target, of: facts.Know(x), aside: true})
		}
	}
	return l
}

func vouched(_ *facts.Facts, l facts.Listing) []Violation {
	if blocklist.Class(l.Class) != blocklist.ClassAllow {
		return nil
	}
	return one(Info, fmt.Sprintf("%s vouches for %s: %s (%s)", l.Zone, l.Target, clip(l.Meaning), some(l.Codes)))
}

// dnsblDead is decided by the file of lists alone.
func dnsblDead(f *facts.Facts) []Verdict {
	if len(f.Lists)+len(f.Allowlists) == 0 {
		return nil
	}
	v := Verdict{Subject: f.Domain}
	for _, l := range slices.Concat(f.Lists, f.Allowlists) {
		if l.Dead {
			v.Broken = append(v.Broken, Violation{Status: Warn, Implied: true, Message: fmt.Sprintf("%s was not asked: %s", l.Zone, clip(l.Left))})
		}
	}
	return []Verdict{v}
}
