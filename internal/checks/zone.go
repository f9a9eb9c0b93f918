package checks

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
)

const (
	minServers = 2      // RFC 2182 5
	day        = 86400  // seconds
	week       = 604800 // seconds
)

// The rules about the zone. What only the name servers themselves could tell is not judged here: a resolver answers for them.
var zoneChecks = []*Check{
	{
		ID: "domain.public-suffix", Title: "the domain is no public suffix", Area: "domain", Worst: Warn, Impact: Spam,
		References: []string{"RFC 7489 3.2", "RFC 9989 4.10"},
		Help: "Beneath a public suffix, such as co.uk or the name that a hosting company gives its customers' sites, everybody may have a " +
			"name. Receivers hold what others send from there against it, and many look for no DMARC policy at such a name.",
		Fix: "Send from a domain of your own",
		Example: Example{Zone: "co.uk. MX 10 mx1.example.com.\n" + `co.uk. TXT "v=spf1 ip4:192.0.2.25 -all"` + "\n" +
			`_dmarc.co.uk. TXT "v=DMARC1; p=none; rua=mailto:dmarc@co.uk"`, Flags: "co.uk --ip= --helo= --selector="},
		Judge: publicSuffix,
	},
	{
		ID: "domain.wildcard", Title: "names beneath the domain exist only where somebody made them", Area: "domain", Worst: Warn, Impact: Spam,
		References: []string{"RFC 4592 2.2.1", "RFC 9989 4.7"},
		Needs:      facts.Domain | facts.Policy,
		Help: "A wildcard makes every name beneath the domain exist, so a forger may make one up that receivers find in order. Where DMARC " +
			"asks to quarantine or reject what fails beneath the domain, that gains nothing, and the wildcard is harmless.",
		Fix:     "Remove the wildcard, or set sp=reject in the DMARC record once its reports show no mail of your own that fails",
		Example: Example{Zone: "*.example.com. A 192.0.2.80\n" + `_dmarc.example.com. TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.com"`},
		Judge:   each(zonePart(func(z facts.Zone) facts.Fact[[]string] { return z.Wildcard }), domainWildcard),
	},
	{
		ID: "domain.cname-apex", Title: "nothing stands beside a CNAME at the domain", Area: "domain", Worst: Warn, Impact: Defer,
		References: []string{"RFC 1034 3.6.2", "RFC 2181 10.1"},
		Needs:      facts.Domain,
		Help: "Where a CNAME stands nothing else may, and the top of a zone always holds SOA and NS. Resolvers that know the CNAME already answer " +
			"every question with it, so MX, SPF and the rest are there for some receivers and not for others, as their caches have it.",
		Fix:     "Replace the CNAME by A and AAAA records, or by what your DNS provider calls ALIAS or flattening",
		Example: Example{Zone: "example.com. CNAME www.example.com.\nwww.example.com. A 192.0.2.80", Remove: "example.com. A"},
		Judge:   each(zonePart(func(z facts.Zone) facts.Fact[facts.Alias] { return z.Alias }), domainCNAME),
	},
	{
		ID: "ns.count", Title: "the zone has two name servers or more", Area: "domain", Worst: Warn, Impact: Defer,
		References: []string{"RFC 2182 5", "RFC 1034 4.1"},
		Needs:      facts.Domain,
		Help: "While the only name server is out of reach, receivers find neither the domain nor its SPF, DKIM and DMARC records, and put the " +
			"mail off or judge it without them.",
		Fix:     "Add a second name server in another network, at the registrar too",
		Example: Example{Zone: "example.com. NS ns1.example.net."},
		Judge:   each(nameServers, nsCount),
	},
	{
		ID: "ns.same-net", Title: "the name servers are in different networks", Area: "domain", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 2182 3.1"},
		Needs:      facts.Domain,
		Help: "Name servers in one network fail together, with its line or its router. One address may stand for hosts in many places (anycast), " +
			"which cannot be told from outside.",
		Fix:     "Place one name server in another network, unless the addresses are anycast",
		Example: Example{Zone: "example.com. NS ns1.example.net.\nexample.com. NS ns2.example.net."},
		Judge:   each(nameServers, nsSameNet),
	},
	{
		ID: "soa.missing", Title: "the zone has an SOA record", Area: "domain", Worst: Warn, Impact: Defer,
		References: []string{"RFC 1035 3.3.13", "RFC 2308 3"},
		Replies:    []string{"451/554 Message temporarily deferred/rejected due to unresolvable RFC.5321 from domain"},
		Needs:      facts.Domain,
		Help: "A zone begins with its SOA record. Without one its servers cannot say in due form that a record does not exist, and resolvers " +
			"may take the answer for a failure. A subdomain needs none of its own: that of the zone above serves it.",
		Fix:     "Repair the zone at the DNS provider, or let its servers load it anew",
		Example: Example{Remove: "example.com. SOA\nexample.com. NS"},
		Judge:   each(theSOA, soaMissing),
	},
	{
		ID: "soa.values", Title: "the times in the SOA record are within reason", Area: "domain", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 1912 2.2", "RFC 2308 5"},
		Needs:      facts.Domain,
		Help: "expire is how long secondary servers go on without the primary, retry how soon they try again, and minimum how long resolvers " +
			"remember that a record does not exist: with a long one a new record is not seen for as long.",
		Fix:     "Set refresh 7200, retry 3600, expire 1209600 and minimum 3600, or what your provider advises within these bounds",
		Example: Example{Zone: "example.com. SOA ns1.example.net. hostmaster.example.com. 1 7200 3600 86400 3600"},
		Judge:   each(ownSOA, soaValues),
	},
	{
		ID: "ttl.long", Title: "the MX, SPF and DMARC records are kept for a day at most", Area: "domain", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 1912 2.2", "RFC 2181 8"},
		Needs:      facts.Domain | facts.Policy,
		Help: "For as long as the TTL says, receivers go on with the record that they know. A mistake in it, and a change of provider, take " +
			"as long to be through with.",
		Fix:     "Set a TTL of 3600",
		Example: Example{Zone: "example.com. 604800 MX 10 mx1.example.com.\nexample.com. 604800 MX 20 mx2.example.com."},
		Judge:   each(theTTLs, ttlLong),
	},
}

// zonePart makes the subject of one part of what is known of the zone.
func zonePart[T any](part func(facts.Zone) facts.Fact[T]) func(*facts.Facts) []subject[T] {
	return func(f *facts.Facts) []subject[T] {
		if gone(f) || f.Zone.State == facts.Unasked {
			return nil
		}
		s := subject[T]{name: f.Domain, of: part(f.Zone.Value)}
		if !f.Zone.Known() {
			s.of = facts.Cannot[T](f.Zone.Why)
		}
		return []subject[T]{s}
	}
}

// nameServers are those of the domain's own zone.
func nameServers(f *facts.Facts) []subject[[]facts.NameServer] {
	return zonePart(func(z facts.Zone) facts.Fact[[]facts.NameServer] { return z.Servers })(f)
}

// theSOA is the SOA record that begins the zone. The serial of a server that gives no answer is not known: ns.lame says so.
func theSOA(f *facts.Facts) []subject[facts.SOA] {
	l := zonePart(func(z facts.Zone) facts.Fact[facts.SOA] { return z.SOA })(f)
	if i := slices.IndexFunc(f.Zone.Value.Talks, func(t facts.ServerTalk) bool { return !serves(t) }); i >= 0 && len(l) > 0 {
		l = append(l, subject[facts.SOA]{name: f.Domain, said: "domain", of: facts.Cannot[facts.SOA](clip(f.Zone.Value.Talks[i].UDP.Why))})
	}
	return l
}

// ownSOA is the SOA record of a zone that the domain's owner has a hand in.
func ownSOA(f *facts.Facts) []subject[facts.SOA] {
	l := zonePart(func(z facts.Zone) facts.Fact[facts.SOA] { return z.SOA })(f)
	return slices.DeleteFunc(l, func(s subject[facts.SOA]) bool { return s.of.Value.Missing || s.of.Value.Registry })
}

// ofRecord are the areas whose rules say that a record could not be looked up.
var ofRecord = map[string]Area{"MX": "mx", "SPF": "spf", "DMARC": "dmarc"}

// theTTLs are the records that say how long they may be kept.
func theTTLs(f *facts.Facts) []subject[facts.TTL] {
	if gone(f) || !f.Zone.Known() {
		return nil
	}
	var l []subject[facts.TTL]
	for _, t := range f.Zone.Value.TTLs {
		s := subject[facts.TTL]{name: t.Name, of: facts.Fact[facts.TTL]{State: t.Seconds.State, Why: t.Seconds.Why, Value: t}}
		if s.of.State == facts.Unknown {
			s.said = ofRecord[t.What]
		}
		l = append(l, s)
	}
	return l
}

func publicSuffix(f *facts.Facts) []Verdict {
	if f.Profile.Name == facts.Parked {
		return nil // nobody sends from it
	}
	v := Verdict{Subject: f.Domain}
	if f.Suffix {
		v.Broken = one(Warn, fmt.Sprintf("%s is on the public suffix list: names beneath it belong to others", clip(f.Domain)))
	}
	return []Verdict{v}
}

func domainWildcard(f *facts.Facts, types []string) []Violation {
	if len(types) == 0 {
		return nil
	}
	what := fmt.Sprintf("any name beneath the domain has %s records, by a wildcard", strings.Join(types, ", "))
	d := f.DMARC.Value
	switch {
	case f.DMARC.State == facts.Unknown:
		return one(Unknown, what+"; whether DMARC guards those names is not known: "+f.DMARC.Why)
	case d.Record != nil && d.Status == facts.DMARCFound:
		policy := d.Record.Enforced(d.Record.PolicyFor(dmarc.Subdomain))
		if policy == "quarantine" || policy == "reject" {
			return one(Info, fmt.Sprintf("%s; the DMARC policy for them is %s", what, policy))
		}
	}
	return one(Warn, what+", and no DMARC policy guards them")
}

// domainCNAME judges a CNAME beside other data. A name that has nothing but the CNAME is in order.
func domainCNAME(_ *facts.Facts, a facts.Alias) []Violation {
	if len(a.CNAME) == 0 || len(a.Beside) == 0 {
		return nil
	}
	return one(Warn, fmt.Sprintf("the domain is a CNAME for %s, beside %s records", clip(a.CNAME[0]), strings.Join(a.Beside, ", ")))
}

func nsCount(_ *facts.Facts, l []facts.NameServer) []Violation {
	switch len(l) {
	case 0:
		return one(Warn, fmt.Sprintf("the zone has no NS record, where there must be %d or more", minServers))
	case 1:
		return one(Warn, fmt.Sprintf("%s is the only name server, where there must be %d or more", clip(l[0].Host), minServers))
	}
	return nil
}

// nsSameNet finds one network that all name servers are in: a /24 of IPv4, or a /48 of IPv6.
func nsSameNet(_ *facts.Facts, l []facts.NameServer) []Violation {
	if len(l) < minServers {
		return nil // ns.count
	}
	var nets []netip.Prefix
	hosts := map[netip.Prefix]int{} // with an address there
	lost := ""
	for _, s := range l {
		lost = cmp.Or(lost, s.Addresses.Why, s.Addresses.Value.Lost)
		var own []netip.Prefix
		for _, a := range s.Addresses.Value.Addresses {
			bits := 48
			if a.Is4() {
				bits = 24
			}
			if p, err := a.Prefix(bits); err == nil && !slices.Contains(own, p) {
				own = append(own, p)
			}
		}
		for _, p := range own {
			if hosts[p]++; hosts[p] == 1 {
				nets = append(nets, p)
			}
		}
	}
	v4 := slices.DeleteFunc(slices.Clone(nets), func(p netip.Prefix) bool { return p.Addr().Is6() })
	if len(v4) > 1 || len(nets)-len(v4) > 1 {
		return nil
	}
	if lost != "" {
		return one(Unknown, "whether another name server is in another network is not known: "+clip(lost))
	}
	for _, p := range nets {
		if hosts[p] == len(l) {
			return one(Info, fmt.Sprintf("all %d name servers are in %s", len(l), p))
		}
	}
	return nil
}

// soaMissing is about a zone that has none at all: that a subdomain has none of its own is in order.
func soaMissing(f *facts.Facts, s facts.SOA) []Violation {
	switch {
	case !s.Missing:
		return serials(f)
	case s.Apex != "":
		return one(Warn, fmt.Sprintf("name servers are named at %s, and no SOA record stands there", clip(s.Apex)))
	}
	return one(Warn, fmt.Sprintf("no SOA record at %s, nor at any name above it", clip(f.Domain)))
}

func soaValues(_ *facts.Facts, s facts.SOA) []Violation {
	var l []string
	if s.Expire < week {
		l = append(l, fmt.Sprintf("expire is %d s, less than %d (1 week)", s.Expire, week))
	}
	if s.Retry > s.Refresh {
		l = append(l, fmt.Sprintf("retry is %d s, more than refresh, which is %d", s.Retry, s.Refresh))
	}
	if negative := min(s.Minimum, s.TTL); negative > day { // RFC 2308 5: the lesser of both
		l = append(l, fmt.Sprintf("what does not exist is remembered for %d s, more than %d (1 day)", negative, day))
	}
	if len(l) == 0 {
		return nil
	}
	return one(Info, fmt.Sprintf("SOA record of %s: %s", clip(s.Apex), strings.Join(l, "; ")))
}

func ttlLong(_ *facts.Facts, t facts.TTL) []Violation {
	if t.Seconds.Value <= day {
		return nil
	}
	return one(Info, fmt.Sprintf("the TTL of the %s record is %d s or more, above %d (1 day)", t.What, t.Seconds.Value, day))
}
