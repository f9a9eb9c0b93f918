package checks

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/facts"
	"mailaudit/internal/special"
)

// refuseZEN are the receivers that document that they refuse what Spamhaus lists as an address.
var refuseZEN = []Refusal{{Receiver: "yahoo"}, {Receiver: "outlook"}, {Receiver: "icloud"}, {Receiver: "gmx"}, {Receiver: "webde"},
	{Receiver: "comcast"}, {Receiver: "cox"}}

var dnsblChecks = []*Check{
	{
		ID: "dnsbl.listed-major", Title: "no major blocklist lists the sending addresses", Area: "dnsbl", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5782 2.1", "RFC 5782 2.4"},
		Replies: []string{
			"554 5.7.1 Service unavailable; Client host [{ip}] blocked using zen.spamhaus.org",
			"553 5.7.1 [BL21] Connections will not be accepted from {ip}, because the ip is in Spamhaus's list",
			"550 5.7.1 Mail from IP {ip} was rejected due to listing in Spamhaus SBL/XBL/PBL. For details please see http://www.spamhaus.org/query/bl?ip={ip}",
			"554-IP address is block listed.",
			"554 5.7.1 Service unavailable; Client host [{ip}] blocked using b.barracudacentral.org",
		},
		// No receiver is known to refuse for every major list: who refuses for Spamhaus stands with the listing.
		Cap:   CapListed,
		Needs: facts.Listings,
		Help: "Large receivers ask these lists about every connection and refuse what they list: for Spamhaus, Yahoo, Outlook.com, iCloud, " +
			"GMX and web.de say so. A listing has a cause, such as a hijacked account or a bought address list, and comes back as long as the cause is there.",
		Fix:     "Stop the cause first, then ask the list for removal",
		Example: Example{Zone: "25.2.0.192.zen.spamhaus.org. A 127.0.0.2"},
		Judge:   each(majorAnswers, listedMajor),
	},
	{
		ID: "dnsbl.listed-minor", Title: "no smaller blocklist lists the sending addresses or the domain", Area: "dnsbl", Worst: Warn, Impact: Spam,
		References: []string{"RFC 5782 2.1", "RFC 5782 3"},
		Needs:      facts.Listings,
		Help: "Smaller lists are asked by some receivers, and by filters that add them up. A listing there costs some mail, and " +
			"is often the first sign of what the major lists will see next.",
		Fix:     "Stop the cause first, then ask the list for removal",
		Example: Example{Zone: "25.2.0.192.psbl.surriel.com. A 127.0.0.2"},
		Judge:   each(minorAnswers, listedAs(Warn, blocklist.ClassMinor)),
	},
	{
		ID: "dnsbl.listed-policy", Title: "no policy list counts the sending addresses as no mail servers", Area: "dnsbl", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5782 2.1"},
		Replies: []string{
			"550 5.7.1 Mail from IP {ip} was rejected due to listing in Spamhaus SBL/XBL/PBL. For details please see http://www.spamhaus.org/query/bl?ip={ip}",
			"550 5.7.1 The IP you're using to send email is not authorized to send email directly to our servers. Please use the SMTP relay at your service provider instead.",
			"550 DY-001",
		},
		// It fails for the Spamhaus PBL alone, which is part of ZEN, so that what is documented for Spamhaus holds.
		Refused: refuseZEN,
		Cap:     CapListed,
		Needs:   facts.Listings,
		Help: "Policy lists do not accuse anybody of spam: they hold addresses from which no mail should come directly, such as " +
			"those of home connections, by the word of their own providers. Most receivers refuse what is on the Spamhaus PBL.",
		Fix:     "Send through the provider's mail relay, or have a static address taken off the list",
		Example: Example{Zone: "25.2.0.192.zen.spamhaus.org. A 127.0.0.10"},
		Judge:   each(inClasses("ip", blocklist.ClassPBL, blocklist.ClassPolicy), listedPolicy),
	},
	{
		ID: "dnsbl.listed-info", Title: "no list that hardly anybody uses lists the sending addresses or the domain", Area: "dnsbl", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 5782 2.1"},
		Needs:      facts.Listings,
		Help: "Hardly any receiver refuses for these lists. Some cover a whole network or provider for the sake of a few hosts in " +
			"it; those end when the provider acts, and never by paying.",
		Fix:     "Tell the provider of the address where the listing is about its network",
		Example: Example{Zone: "25.2.0.192.bl.0spam.org. A 127.0.0.2"},
		Judge:   each(smallerAnswers, listedAs(Info, blocklist.ClassInfo)),
	},
	{
		ID: "dnsbl.domain-listed", Title: "no domain blocklist lists the domain", Area: "dnsbl", Worst: Fail, Impact: Reject,
		References: []string{"RFC 5782 3"},
		Replies: []string{
			"rejected due to having a domain present in the Spamhaus DBL",
			"554 5.7.1 Service unavailable; Sender address blocked using dbl.spamhaus.org",
		},
		// iCloud documents the DBL only, and the rule holds SURBL and URIBL too.
		Cap:   CapListed,
		Needs: facts.Listings,
		Help: "Filters look up the domains in the envelope, the header and the links of a message. A listed domain takes its mail " +
			"down from every address that sends it. A name in HELO is looked up by some alone, so that is a warning.",
		Fix:     "Clean the web site and stop the mail that advertises it first, then ask the list for removal",
		Example: Example{Zone: "example.com.dbl.spamhaus.org. A 127.0.1.2"},
		Judge:   each(domainAnswers, listedDomain),
	},
	{
		ID: "dnsbl.domain-abused-legit", Title: "no domain blocklist lists the domain as abused by others", Area: "dnsbl", Worst: Warn, Impact: Spam,
		References: []string{"RFC 5782 3"},
		Needs:      facts.Listings,
		Help: "The list takes the domain for a legitimate one that others abuse: a hacked web site, or a redirector that anybody " +
			"can use. Messages with links to it are refused or filed as spam.",
		Fix:     "Clean the hacked site or close the redirector first, then ask the list for removal",
		Example: Example{Zone: "example.com.dbl.spamhaus.org. A 127.0.1.102"},
		Judge:   each(inClasses("domain", blocklist.ClassAbused), listedAs(Warn, blocklist.ClassAbused)),
	},
	{
		ID: "dnsbl.query-refused", Title: "the blocklists answer this resolver", Area: "dnsbl", Worst: Unknown, Impact: Hygiene,
		References: []string{"RFC 5782 2.1", "docs.spamhaus.com"},
		Needs:      facts.Listings,
		Help: "Lists refuse public resolvers and heavy users, with an answer that careless tools take for a listing. It says " +
			"nothing about the address, neither good nor bad.",
		Fix:     "Ask through a recursive resolver of your own (--resolver), or with the key that the list gives to registered users (docs/blocklists.md)",
		Example: Example{Zone: "25.2.0.192.zen.spamhaus.org. A 127.255.255.254"},
		Judge:   each(inState(facts.ListRefused), blind("refuses this resolver")),
	},
	{
		ID: "dnsbl.self-test", Title: "the blocklists pass their self-test", Area: "dnsbl", Worst: Unknown, Impact: Hygiene,
		References: []string{"RFC 5782 5", "RFC 6471 3.3"},
		Needs:      facts.Listings,
		Help: "Every list holds 127.0.0.2 and never 127.0.0.1, or test names of its own, so that a dead list can be told from one " +
			"that has nothing to say. A list that fails this is not believed in this run, whatever it answers.",
		Fix:     "Repeat the audit; where the list stays silent, take it out of the list file",
		Example: Example{Remove: "2.0.0.127.psbl.surriel.com. A"},
		Judge:   each(inState(facts.ListFailed), blind("was not used")),
	},
	{
		ID: "dnsbl.hijacked", Title: "the blocklists answer with codes of their own", Area: "dnsbl", Worst: Unknown, Impact: Hygiene,
		References: []string{"RFC 5782 2.1", "RFC 6471 3.4"},
		Needs:      facts.Listings,
		Help: "A list answers from 127.0.0.0/8 and from nowhere else. Another address comes from a resolver that rewrites " +
			"answers, or from a zone that has lapsed and belongs to somebody else.",
		Fix:     "Ask through a resolver that does not rewrite answers (--resolver), or take the list out of the list file",
		Example: Example{Zone: "2.0.0.127.psbl.surriel.com. A 203.0.113.9"},
		Judge:   each(inState(facts.ListHijacked), blind("does not answer as a blocklist")),
	},
	{
		ID: "dnsbl.terms", Title: "every blocklist of this run could be asked", Area: "dnsbl", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 6471 2.1", "docs.spamhaus.com"},
		Help: "Some lists are free for small and non-commercial use only. A batch leaves them out unless it is told that there is " +
			"an agreement, and a listing there is then not seen.",
		Fix:   "Give --accept-list-terms where an agreement with the lists exists",
		Judge: dnsblTerms,
	},
}

// The answers that listed-* rules judge. Of a list that can be believed, one answer may still be lost; that is then
// unknown, in the rule that a listing would have come under. What is wrong with a list as a whole is said once.

func majorAnswers(f *facts.Facts) []subject[facts.Listing] {
	return slices.Concat(required(f), inClasses("ip", blocklist.ClassMajor)(f), unanswered(f, "ip", major))
}

func minorAnswers(f *facts.Facts) []subject[facts.Listing] {
	return slices.Concat(silence(f), smallerAnswers(f), unanswered(f, "ip", smaller))
}

func domainAnswers(f *facts.Facts) []subject[facts.Listing] {
	return slices.Concat(inClasses("domain", blocklist.ClassDomain)(f), unanswered(f, "domain", func(facts.List) bool { return true }), heloAnswers(f))
}

// heloAnswers are those about names in HELO that are no domain of the mail.
func heloAnswers(f *facts.Facts) []subject[facts.Listing] {
	var l []subject[facts.Listing]
	for _, x := range f.HELOListings {
		l = append(l, answer(f, x))
	}
	return l
}

// answer is what one list says of one target. That a list as a whole cannot be believed is said once for it.
func answer(f *facts.Facts, x facts.Listing) subject[facts.Listing] {
	s := subject[facts.Listing]{name: x.Target, of: facts.Know(x)}
	if !answered(x) {
		s.of = facts.Cannot[facts.Listing](x.Zone + " gave no answer: " + clip(x.Why))
		if !slices.ContainsFunc(f.Lists, func(l facts.List) bool { return l.Zone == x.Zone && l.State == facts.ListUsable }) {
			s.said = "dnsbl"
		}
	}
	return s
}

func major(l facts.List) bool   { return l.Major }
func smaller(l facts.List) bool { return !l.Major }

// toldBy leaves out that lists did not answer which could not have told what a rule is about.
func toldBy(f *facts.Facts, l []subject[facts.Listing], could func(facts.List) bool) []subject[facts.Listing] {
	return slices.DeleteFunc(l, func(s subject[facts.Listing]) bool {
		return !s.of.Known() && slices.ContainsFunc(f.Lists, func(l facts.List) bool { return l.Zone == s.of.Value.Zone && !could(l) })
	})
}

// silence says that none of the smaller lists that were asked can be believed. Each by itself is said to be so elsewhere.
func silence(f *facts.Facts) []subject[facts.Listing] {
	var why []string
	for _, l := range f.Lists {
		switch {
		case l.Major || l.State == facts.ListLeft:
		case l.State == facts.ListUsable:
			return nil
		default:
			why = append(why, l.Zone+": "+clip(l.Why))
		}
	}
	if len(why) == 0 {
		return nil
	}
	if more := len(why) - 1; more > 0 {
		why[0] += fmt.Sprintf(" (and %d more)", more)
	}
	return []subject[facts.Listing]{{name: f.Domain, aside: true, of: facts.Cannot[facts.Listing]("no smaller blocklist can be believed: " + why[0])}}
}

// inClasses are the listings of some classes, and the other answers about targets that a major list of the kind answered about:
// that smaller lists have nothing against somebody does not say that the major ones have not.
func inClasses(kind string, classes ...blocklist.Class) func(*facts.Facts) []subject[facts.Listing] {
	return func(f *facts.Facts) []subject[facts.Listing] {
		byMajor := func(x facts.Listing) bool {
			return answered(x) && slices.ContainsFunc(f.Lists, func(l facts.List) bool { return l.Zone == x.Zone && l.Kind == kind && l.Major })
		}
		could := major
		if slices.Contains(classes, blocklist.ClassPolicy) { // smaller lists have some, too
			could = func(facts.List) bool { return true }
		}
		return slices.DeleteFunc(toldBy(f, listings(kind)(f), could), func(s subject[facts.Listing]) bool {
			l := s.of.Value
			return !(l.Status == facts.Listed && slices.Contains(classes, blocklist.Class(l.Class))) &&
				!slices.ContainsFunc(f.Listings, func(x facts.Listing) bool { return x.Target == l.Target && byMajor(x) })
		})
	}
}

// smallerAnswers are all answers, for rules about what smaller lists hold.
func smallerAnswers(f *facts.Facts) []subject[facts.Listing] {
	return toldBy(f, append(listings("ip")(f), listings("domain")(f)...), smaller)
}

// unanswered are the questions to usable lists of one kind that got no answer.
func unanswered(f *facts.Facts, kind string, of func(facts.List) bool) []subject[facts.Listing] {
	var l []subject[facts.Listing]
	for _, x := range f.Listings {
		if x.Kind != kind || answered(x) || !slices.ContainsFunc(f.Lists, func(l facts.List) bool {
			return l.Zone == x.Zone && l.State == facts.ListUsable && of(l)
		}) {
			continue
		}
		s := subject[facts.Listing]{name: x.Target, of: facts.Cannot[facts.Listing](x.Zone + " gave no answer: " + clip(x.Why))}
		if kind == "ip" {
			s.source, _ = netip.ParseAddr(x.Target)
			s.candidate = !x.Declared
		}
		l = append(l, s)
	}
	return l
}

func answered(x facts.Listing) bool { return x.Status == facts.Listed || x.Status == facts.Clean }

// required are, where the user demands it, the declared addresses about which no major list answered: they decide.
func required(f *facts.Facts) []subject[facts.Listing] {
	if !f.RequireLists {
		return nil
	}
	major := map[string]bool{}
	var why []string
	for _, l := range f.Lists {
		if l.Kind == "ip" && l.Major {
			major[l.Zone] = true
			why = append(why, l.Zone+": "+clip(cmp.Or(l.Why, l.Left, "no answer about this address")))
		}
	}
	if len(why) == 0 {
		why = []string{"none was to be asked"}
	}
	var out []subject[facts.Listing]
	for _, s := range f.Sources {
		name := s.IP.String()
		switch {
		case !s.Declared || !special.Public(s.IP, f.Public), // no list knows a private address
			slices.ContainsFunc(f.Listings, func(x facts.Listing) bool { return x.Target == name && major[x.Zone] && answered(x) }),
			slices.ContainsFunc(out, func(x subject[facts.Listing]) bool { return x.source == s.IP }):
			continue
		}
		out = append(out, subject[facts.Listing]{name: name, source: s.IP, deciding: true,
			of: facts.Cannot[facts.Listing]("no major blocklist answered: " + some(why))})
	}
	return out
}

// listedMajor judges the listings of one class, of which some receivers refuse those of Spamhaus.
func listedMajor(_ *facts.Facts, l facts.Listing) []Violation {
	if l.Status != facts.Listed || blocklist.Class(l.Class) != blocklist.ClassMajor {
		return nil
	}
	v := listed(Fail, l)
	if isZEN(l.Zone) {
		v.Refused = refuseZEN
	}
	return []Violation{v}
}

// listedAs makes a rule about the listings of one class.
func listedAs(status Status, class blocklist.Class) func(*facts.Facts, facts.Listing) []Violation {
	return func(_ *facts.Facts, l facts.Listing) []Violation {
		if l.Status != facts.Listed || blocklist.Class(l.Class) != class {
			return nil
		}
		return []Violation{listed(status, l)}
	}
}

// listedDomain judges the listings of domains. One of a name in HELO is refused by those that look that up too, as Postfix does
// with reject_rhsbl_helo; no large receiver says that it does.
func listedDomain(f *facts.Facts, l facts.Listing) []Violation {
	if !l.HELO {
		return listedAs(Fail, blocklist.ClassDomain)(f, l)
	}
	v := listedAs(Warn, blocklist.ClassDomain)(f, l)
	for i := range v {
		v[i].Message += "; it is the name in HELO"
	}
	return v
}

func listedPolicy(_ *facts.Facts, l facts.Listing) []Violation {
	switch {
	case l.Status != facts.Listed:
		return nil
	case l.Class == string(blocklist.ClassPBL):
		return []Violation{listed(Fail, l)}
	case l.Class == string(blocklist.ClassPolicy):
		return []Violation{listed(Warn, l)}
	}
	return nil
}

func listed(status Status, l facts.Listing) Violation {
	message := fmt.Sprintf("%s lists %s: %s (%s)", l.Zone, l.Target, clip(l.Meaning), some(l.Codes))
	if l.Host != "" {
		message = fmt.Sprintf("%s lists %s, of %s: %s (%s)", l.Zone, l.Target, clip(l.Host), clip(l.Meaning), some(l.Codes))
	}
	switch blocklist.Scope(l.Scope) {
	case blocklist.ScopeNet:
		message += "; the listing covers the network around it"
	case blocklist.ScopeASN:
		message += "; the listing covers the whole network of its provider"
	}
	if l.Reason != "" {
		message += "; the list says: " + clip(l.Reason)
	}
	if l.UsedBy != "" {
		message += "; used by " + clip(l.UsedBy)
	}
	v := Violation{Status: status, Message: message, Fix: remedy(l)}
	if status == Fail && (isZEN(l.Zone) || isDBL(l.Zone)) {
		v.Cap = CapListed
	}
	return v
}

// Spamhaus gives registered users the same data under zones that begin with their key.

func isZEN(zone string) bool {
	return zone == "zen.spamhaus.org" || strings.HasSuffix(zone, ".zen.dq.spamhaus.net")
}

func isDBL(zone string) bool {
	return zone == "dbl.spamhaus.org" || strings.HasSuffix(zone, ".dbl.dq.spamhaus.net")
}

// remedy is what to do about a listing, in the order in which it helps: removal while the cause lasts brings the
// next listing.
func remedy(l facts.Listing) string {
	page := strings.HasPrefix(l.Removal, "http")
	scope := blocklist.Scope(l.Scope)
	first := "Stop the cause of the listing first"
	switch class := blocklist.Class(l.Class); {
	case class == blocklist.ClassPBL || class == blocklist.ClassPolicy:
		first = "Send through the provider's mail relay; where the address is static and a mail server's, give it a PTR name of its own"
	case class == blocklist.ClassDomain:
		first = "Clean the web site and stop the mail that advertises it first"
	case class == blocklist.ClassAbused:
		first = "Clean the hacked site or close the redirector first"
	case !page && (scope == blocklist.ScopeNet || scope == blocklist.ScopeASN):
		return "Tell the provider of the address, which alone can end a listing of its network; never pay for it"
	case l.Compromised:
		first = "Find the host or account that this comes from, clean it, change its passwords and turn on a second factor for logins first"
	}
	then := "then wait until the listing ends"
	switch {
	case page:
		then = "then ask for removal at " + l.Removal
	case l.Removal != "":
		then += " (" + l.Removal + ")"
	}
	return first + ", " + then
}

// inState are the lists, unknown where they are in another state than the one: then the rule about that speaks.
func inState(state string) func(*facts.Facts) []subject[facts.List] {
	return func(f *facts.Facts) []subject[facts.List] {
		l := theLists(f)
		for i, s := range l {
			if is := s.of.Value.State; is != facts.ListUsable && is != state {
				l[i].of, l[i].said = facts.Cannot[facts.List](clip(s.of.Value.Why)), "dnsbl"
			}
		}
		return l
	}
}

// blind makes a rule of lists that cannot be used: what they hold is not known.
func blind(what string) func(*facts.Facts, facts.List) []Violation {
	return func(_ *facts.Facts, l facts.List) []Violation {
		if l.State == facts.ListUsable {
			return nil
		}
		return one(Unknown, fmt.Sprintf("%s %s (%s): a listing there would not be seen", l.Zone, what, clip(l.Why)))
	}
}

// dnsblTerms is decided by the command line and the file of lists alone.
func dnsblTerms(f *facts.Facts) []Verdict {
	if len(f.Lists) == 0 {
		return nil
	}
	v := Verdict{Subject: f.Domain}
	var left []string
	why := ""
	for _, l := range slices.Concat(f.Lists, f.Allowlists) {
		if l.State == facts.ListLeft && !l.Dead {
			left, why = append(left, l.Zone), l.Left
		}
	}
	if len(left) > 0 {
		v.Broken = one(Info, fmt.Sprintf("not asked: %s (%s)", some(left), clip(why)))
	}
	return []Verdict{v}
}
