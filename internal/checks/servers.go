package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/facts"
)

// The rules about what each authoritative server says when it is asked itself. None applies where they were not asked.
var serverChecks = []*Check{
	{
		ID: "ns.lame", Title: "each name server answers for the zone", Area: "domain", Worst: Warn, Impact: Defer,
		References: []string{"RFC 1912 2.8", "RFC 1034 4.3.1"},
		Needs:      facts.Domain | facts.Servers,
		Help: "A resolver asks any of the name servers. One that is down, or does not have the zone, costs it time at each turn, and while the " +
			"others are out of reach too the receiver finds neither SPF nor DKIM nor DMARC.",
		Fix:   "Repair the name server, or take its NS record out of the zone and of the delegation at the registrar",
		Judge: each(zoneServers, nsLame),
	},
	{
		ID: "ns.parent-mismatch", Title: "the zone above names the same name servers as the zone", Area: "domain", Worst: Warn, Impact: Defer,
		References: []string{"RFC 1034 4.2.2"},
		Needs:      facts.Domain | facts.Servers,
		Help: "Resolvers begin with the name servers that the zone above names, and some go on with those that the zone names itself. Where the " +
			"two differ, some servers are never asked, and others are asked that nobody keeps up to date.",
		Fix:   "Make the name servers at the registrar and the NS records in the zone the same",
		Judge: each(parentServers, nsParentMismatch),
	},
	{
		ID: "ns.tcp", Title: "each name server answers over TCP", Area: "domain", Worst: Warn, Impact: Defer,
		References: []string{"RFC 7766 5", "RFC 9210 3"},
		Needs:      facts.Domain | facts.Servers,
		Help: "An answer that does not fit a datagram is fetched over TCP. Without it long SPF records and DKIM keys of 2048 bits are lost to " +
			"whoever comes to this server, and SPF and DKIM end in a temporary error.",
		Fix:   "Open TCP port 53 of the name server, in its firewall too",
		Judge: each(overTCP, nsTCP),
	},
	{
		ID: "ns.case-0x20", Title: "the name servers take EDNS and names in mixed case", Area: "domain", Worst: Warn, Impact: Defer,
		References: []string{"RFC 4343 3", "RFC 5452 9.1", "RFC 6891 7"},
		Needs:      facts.Domain | facts.Servers,
		Help: "Large resolvers put names in a random case and expect it back, so that nobody can forge an answer, and all put EDNS into their " +
			"questions. A server that minds either is asked again and again, or not heard at all.",
		Fix:   "Upgrade the software of the name server, or take what stands before it out of the way",
		Judge: each(casedServers, nsCase),
	},
	{
		ID: "caa.blocks-issuer", Title: "a certificate may be issued for the MTA-STS host", Area: "domain", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 8659 4.2", "RFC 8461 3.3"},
		Needs:      facts.Domain,
		Help: "The MTA-STS policy is fetched over HTTPS from a host whose certificate must come from an authority that everybody trusts. Where CAA " +
			"records let none issue one, the next renewal fails, and with it every fetch of the policy.",
		Fix:     "Name the certificate authority of the host in a CAA issue record, at the host itself or at the domain",
		Example: Example{Zone: "example.com. CAA 0 issue \";\"\n_mta-sts.example.com. TXT \"v=STSv1; id=1\""},
		Judge:   each(zonePart(func(z facts.Zone) facts.Fact[facts.CAA] { return z.CAA }), caaBlocksIssuer),
	},
}

// caaBlocksIssuer finds records that let nobody issue: one that names an authority, and be it beside an empty one, lets
// that issue (RFC 8659 4.2).
func caaBlocksIssuer(_ *facts.Facts, c facts.CAA) []Violation {
	named := func(v string) bool {
		issuer, _, _ := strings.Cut(v, ";")
		return strings.TrimSpace(issuer) != ""
	}
	if len(c.Issue) == 0 || slices.ContainsFunc(c.Issue, named) {
		return nil
	}
	return one(Warn, fmt.Sprintf("the CAA record at %s, issue %q, lets no authority issue a certificate for %s", clip(c.At), clip(c.Issue[0]), clip(c.Host)))
}

// server is one name server with what it said at each of its addresses.
type server struct {
	host  string
	talks []facts.ServerTalk
	all   []facts.ServerTalk // of all servers of the zone
	above facts.Delegation   // the zero value: not known
}

// byHost are the servers that were asked.
func byHost(f *facts.Facts) []server {
	if gone(f) || !f.Zone.Known() {
		return nil
	}
	var l []server
	all := f.Zone.Value.Talks
	for _, t := range all {
		i := slices.IndexFunc(l, func(s server) bool { return s.host == t.Host })
		if i < 0 {
			i, l = len(l), append(l, server{host: t.Host, all: all, above: f.Zone.Value.Parent.Value})
		}
		l[i].talks = append(l[i].talks, t)
	}
	return l
}

func serverSubjects(l []server) []subject[server] {
	var out []subject[server]
	for _, s := range l {
		out = append(out, subject[server]{name: s.host, of: facts.Know(s)})
	}
	return out
}

// zoneServers are all of them. Where none answers with authority the fault is as likely on our side, since the resolver
// finds the zone by them.
func zoneServers(f *facts.Facts) []subject[server] {
	l := byHost(f)
	if len(l) == 0 || someHeard(f) {
		return serverSubjects(l)
	}
	t := f.Zone.Value.Talks[0]
	why := fmt.Sprintf("none of %s answers us with authority for %s, while the resolver finds it: perhaps something on our side of port 53 "+
		"stands between (%s: %s)", count(len(l), "name server"), clip(f.Zone.Value.SOA.Value.Apex), clip(t.Host), clip(t.UDP.Why))
	return []subject[server]{{name: f.Domain, of: facts.Cannot[server](why)}}
}

// heardServers are all of them, where questions of ours are known to reach any.
func heardServers(f *facts.Facts) []subject[server] {
	if !someHeard(f) {
		return nil
	}
	return serverSubjects(byHost(f))
}

func someHeard(f *facts.Facts) bool {
	return f.Zone.Known() && slices.ContainsFunc(f.Zone.Value.Talks, serves)
}

// serves says whether a server answers for the zone, by whatever transport.
func serves(t facts.ServerTalk) bool {
	return t.UDP.State == facts.HeardAuthoritative || t.TCP.State == facts.HeardAuthoritative
}

// fault says what is wrong where a server was heard with no answer of use. Silence is its own only where other servers of
// its family are heard; "" otherwise, and where nothing is wrong.
func fault(h facts.Heard, othersHeard bool) string {
	switch h.State {
	case facts.HeardLame, facts.HeardClosed, facts.HeardGarbled:
		return h.Why
	case facts.HeardQuiet:
		if othersHeard {
			return h.Why
		}
	}
	return ""
}

// others says whether any server of the family of t does something.
func (s server) others(t facts.ServerTalk, do func(facts.ServerTalk) bool) bool {
	return slices.ContainsFunc(s.all, func(x facts.ServerTalk) bool { return x.Addr.Is4() == t.Addr.Is4() && do(x) })
}

func nsLame(_ *facts.Facts, s server) []Violation {
	var wrong []string
	open := ""
	for _, t := range s.talks {
		heard := s.others(t, serves)
		why := cmp.Or(fault(t.UDP, false), fault(t.TCP, false), fault(t.UDP, heard), fault(t.TCP, heard)) // what it said before that it was silent
		switch {
		case serves(t):
		case why != "":
			wrong = append(wrong, clip(why))
		default:
			open = clip(t.UDP.Why)
		}
	}
	switch {
	case len(wrong) > 0:
		return one(Warn, fmt.Sprintf("%s does not answer for the zone: %s", clip(s.host), some(wrong)))
	case open != "" && !slices.ContainsFunc(s.talks, serves):
		return one(Unknown, "no answer that tells on which side the fault is: "+open)
	}
	return nil
}

// overTCP are the servers that are heard. That none is over TCP is as likely our side's doing, whether it drops or resets
// connections, unless the zone above is.
func overTCP(f *facts.Facts) []subject[server] {
	l := heardServers(f)
	tells := func(t facts.ServerTalk) bool { return t.TCP.Answered() || t.TCP.State == facts.HeardGarbled }
	if len(l) == 0 || f.Zone.Value.Parent.Value.TCP || slices.ContainsFunc(f.Zone.Value.Talks, tells) {
		return unheard(l, func(t facts.ServerTalk) bool { return t.UDP.Answered() })
	}
	why := fmt.Sprintf("none of %s is heard over TCP, which our side may block: %s", count(len(l), "name server"), clip(f.Zone.Value.Talks[0].TCP.Why))
	return []subject[server]{{name: f.Domain, of: facts.Cannot[server](why)}}
}

// unheard are servers, unknown where nothing was heard that a rule could go by: ns.lame says so.
func unheard(l []subject[server], heard func(facts.ServerTalk) bool) []subject[server] {
	for i, s := range l {
		if t := slices.IndexFunc(s.of.Value.talks, func(t facts.ServerTalk) bool { return !heard(t) }); t >= 0 {
			l = append(l, subject[server]{name: s.name, said: "domain", of: facts.Cannot[server](clip(s.of.Value.talks[t].UDP.Why))})
			l[i] = s
		}
	}
	return l
}

// casedServers are those whose answers tell how they take the case of a name.
func casedServers(f *facts.Facts) []subject[server] {
	return unheard(heardServers(f), func(t facts.ServerTalk) bool { return t.UDP.State == facts.HeardAuthoritative })
}

func nsTCP(_ *facts.Facts, s server) []Violation {
	var wrong []string
	open := ""
	for _, t := range s.talks {
		if !t.UDP.Answered() || t.TCP.Answered() {
			continue
		}
		control := s.above.TCP && s.above.Addr.Is4() == t.Addr.Is4()
		if why := fault(t.TCP, control || s.others(t, func(x facts.ServerTalk) bool { return x.TCP.Answered() })); why != "" {
			wrong = append(wrong, clip(why))
		} else {
			open = clip(t.TCP.Why)
		}
	}
	switch {
	case len(wrong) > 0:
		return one(Warn, fmt.Sprintf("%s answers over UDP and not over TCP: %s", clip(s.host), some(wrong)))
	case open != "":
		return one(Unknown, "no answer over TCP that tells on which side the fault is: "+open)
	}
	return nil
}

// nsCase judges the question over UDP, which goes out with EDNS and in mixed case, beside the one over TCP, which does not
// have the case.
func nsCase(_ *facts.Facts, s server) []Violation {
	var l []Violation
	for _, t := range s.talks {
		rightly := func(x facts.ServerTalk) bool { return x.UDP.State == facts.HeardAuthoritative }
		switch {
		case t.Recased:
			l = append(l, Violation{Status: Warn, Message: fmt.Sprintf("%s (%s) changes the case of the name that it was asked for", clip(s.host), t.Addr)})
		case t.TCP.State == facts.HeardAuthoritative && t.UDP.State != facts.HeardAuthoritative && s.others(t, rightly) && fault(t.UDP, true) != "":
			l = append(l, Violation{Status: Warn, Message: fmt.Sprintf("%s answers over TCP, and not to a question over UDP with EDNS and a name in mixed case: %s",
				clip(s.host), clip(t.UDP.Why))})
		case t.Plain:
			l = append(l, Violation{Status: Info, Message: fmt.Sprintf("%s (%s) answers FORMERR to EDNS: every answer longer than 512 octets takes TCP", clip(s.host), t.Addr)})
		}
	}
	return l[:min(len(l), 1)]
}

// serials are those of the servers that answer. A transfer that is under way makes them differ for a while.
func serials(f *facts.Facts) []Violation {
	var seen []uint32
	var l []string
	for _, t := range f.Zone.Value.Talks {
		if serves(t) && !slices.Contains(seen, t.Serial) {
			seen = append(seen, t.Serial)
			l = append(l, fmt.Sprintf("%d at %s", t.Serial, clip(t.Host)))
		}
	}
	if len(l) < 2 {
		return nil
	}
	return []Violation{{Status: Info, Message: fmt.Sprintf("the name servers have %d different serials: %s; a transfer may be under way", len(l), some(l)),
		Fix: "Look again after the refresh time, and repair the zone transfer to the server that is behind"}}
}

// delegated is a zone's name servers by its own word and by that of the zone above.
type delegated struct {
	facts.Delegation
	own []string
}

// parentServers is that pair. Nothing is said of what is not known where no server was heard at all: ns.lame does.
func parentServers(f *facts.Facts) []subject[delegated] {
	if gone(f) || !f.Zone.Known() || f.Zone.Value.Parent.State == facts.Unasked || !f.Zone.Value.Servers.Known() {
		return nil
	}
	z := f.Zone.Value
	if !z.Parent.Known() && !someHeard(f) {
		return nil
	}
	d := delegated{Delegation: z.Parent.Value}
	for _, s := range z.Servers.Value {
		d.own = append(d.own, s.Host)
	}
	return []subject[delegated]{{name: f.Domain, of: facts.Fact[delegated]{State: z.Parent.State, Why: z.Parent.Why, Value: d}}}
}

func nsParentMismatch(_ *facts.Facts, d delegated) []Violation {
	above := without(d.Servers, d.own)
	own := without(d.own, d.Servers)
	if len(d.Servers) == 0 {
		return one(Warn, fmt.Sprintf("%s, a server of %s, names no name server of the zone", clip(d.Server), clip(d.Zone)))
	}
	var l []string
	if len(above) > 0 {
		l = append(l, "only "+clip(d.Zone)+" names "+some(above))
	}
	if len(own) > 0 {
		l = append(l, "only the zone itself names "+some(own))
	}
	if len(l) == 0 {
		return nil
	}
	return one(Warn, strings.Join(l, "; "))
}

// without are those of l that are not in other.
func without(l, other []string) []string {
	var out []string
	for _, s := range l {
		if !slices.Contains(other, s) {
			out = append(out, clip(s))
		}
	}
	return out
}
