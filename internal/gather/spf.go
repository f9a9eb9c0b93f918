package gather

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/spf"
)

// Bounds of the static walk. RFC 7208 4.6.4 allows 10 terms that look something up, so a record that reaches
// either bound is far beyond it; what lies further is marked unread.
const (
	maxTerms = 60 // terms that are looked up in one walk
	maxMXs   = 10 // mx terms of which the hosts are looked up, ten of each
	maxDepth = 12 // includes within includes

	// Terms that are read in one walk. A record of 64 KiB, which is all that DNS can carry, has up to 32,000, and one that keeps to 450
	// octets (RFC 7208 3.4) fewer than 200.
	maxRead = 30000
)

// beyond is why a term was not looked at.
const beyond = "beyond the bounds of this walk"

// budget is what a walk may still look up.
type budget struct{ terms, mxs int }

// spfRecord is the walk of one domain's record, which is under way.
type spfRecord struct {
	domain   string
	mailFrom []string // streams
	walk     later[facts.SPF]
}

// walks starts the static walk of the SPF record of every domain that is an identity: From, MAIL FROM, and HELO
// where SPF is judged. The library that gives the verdict stops at the first match and hides what it counts;
// the walk sees every term.
func (g *gatherer) walks(want facts.Topic) []spfRecord {
	l := []facts.SPF{{Domain: g.t.Domain, From: true}}
	at := func(domain string) *facts.SPF {
		i := slices.IndexFunc(l, func(s facts.SPF) bool { return s.Domain == domain })
		if i < 0 {
			i = len(l)
			l = append(l, facts.SPF{Domain: domain})
		}
		return &l[i]
	}
	for _, s := range g.t.Streams {
		_, domain, _ := strings.Cut(s.MailFrom, "@")
		s2 := at(domain)
		s2.MailFrom = append(s2.MailFrom, s.Name)
		if s.HELO != "" && isHost(s.HELO) && want&facts.SPFTree != 0 {
			s2 = at(dnsx.Q(s.HELO, dnsx.TXT).Name)
			s2.HELO = append(s2.HELO, s.Name)
		}
	}
	records := make([]spfRecord, len(l))
	for i, s := range l {
		records[i] = spfRecord{s.Domain, s.MailFrom, soon(func() facts.SPF {
			if want&facts.SPFTree == 0 {
				return g.walk(s)
			}
			return g.survey(s)
		})}
	}
	return records
}

// own is a record's own terms and what they find, which is there before the tree beneath them is.
func (g *gatherer) own(domain string) []facts.SPFTerm {
	n := facts.SPFNode{Domain: domain}
	g.read(&n, g.ask(domain, dnsx.TXT))
	var lookups []later[bool]
	g.expand(step{node: &n}, &budget{maxTerms, maxMXs}, &lookups)
	for _, done := range lookups {
		done()
	}
	return n.Terms
}

// includes are the names whose records a record stands on: its include and redirect.
func (g *gatherer) includes(domain string) []string {
	n := facts.SPFNode{Domain: domain}
	g.read(&n, g.ask(domain, dnsx.TXT))
	if n.Record == nil {
		return nil
	}
	var l []string
	terms := n.Record.Effective()
	if r, ok := n.Record.Redirect(); ok {
		terms = append(terms, r)
	}
	for _, t := range terms {
		target, ok := spf.Expand(t.Spec, spf.Vars{Domain: domain})
		if ok && !t.Bad && (t.Name == "include" || t.Name == "redirect") {
			l = append(l, dnsx.Q(literal(target), dnsx.TXT).Name)
		}
	}
	return l
}

// step is a node of the tree whose record is still to be fetched.
type step struct {
	node  *facts.SPFNode
	above []string       // the names from the root to it
	term  *facts.SPFTerm // that leads to it, nil at the root
}

// walk fetches the tree level by level, all records of a level at once, and addresses beside them. The levels make
// it certain which terms a bound leaves unread, whatever order the answers come in.
func (g *gatherer) walk(s facts.SPF) facts.SPF {
	s.Root = facts.SPFNode{Domain: s.Domain}
	var lookups []later[bool]
	left, read := budget{maxTerms, maxMXs}, 0
	level := []step{{node: &s.Root}}
	for len(level) > 0 {
		var names []string
		for _, x := range level {
			names = append(names, x.node.Domain)
		}
		answers := g.askAll(names, dnsx.TXT)
		var next []step
		for i, x := range level {
			if x.term != nil {
				x.term.Void = answers[i].Missing()
			} else {
				s.Exists = answers[i].Status != dnsx.NXDomain
			}
			if read < maxRead {
				g.read(x.node, answers[i])
			} else {
				x.node.Status, x.node.Why = facts.SPFUnknown, fmt.Sprintf("%d terms were read before it", read)
			}
			if x.node.Record != nil {
				read += len(x.node.Record.Terms)
			}
			if x.node == &s.Root {
				s.Near = near(answers[i])
			}
			next = append(next, g.expand(x, &left, &lookups)...)
		}
		level = next
	}
	for _, done := range lookups {
		done()
	}
	s.Whole = true
	count(&s, &s.Root)
	return s
}

// read fills a node from the TXT records at its name (RFC 7208 4.5).
func (g *gatherer) read(n *facts.SPFNode, a dnsx.Answer) {
	if a.Status == dnsx.Failed {
		n.Status, n.Why = facts.SPFUnknown, a.Cause
		return
	}
	for _, r := range a.Records {
		if !spf.IsSPF(r.Text) {
			continue
		}
		n.Texts = append(n.Texts, r.Text)
		if len(r.Strings) > 1 {
			n.Seams = r.Strings
		}
	}
	switch len(n.Texts) {
	case 0:
		n.Status = facts.SPFNone
	case 1:
		n.Status = facts.SPFFound
		n.Record = g.parsed(n.Texts[0])
	default:
		n.Status = facts.SPFMultiple
		slices.Sort(n.Texts) // the order of records in an answer means nothing
	}
}

// parsed reads a record once, whoever asks.
func (g *gatherer) parsed(text string) *spf.Record {
	if rec, ok := g.records.Load(text); ok {
		return rec.(*spf.Record)
	}
	rec := spf.Parse(text)
	first, _ := g.records.LoadOrStore(text, &rec)
	return first.(*spf.Record)
}

// near are the TXT records that were meant to be SPF and are none.
func near(a dnsx.Answer) []string {
	var l []string
	for _, r := range a.Records {
		if _, ok := spf.LooksLike(r.Text); ok {
			l = append(l, r.Text)
		}
	}
	slices.Sort(l)
	return l
}

// expand lists the terms of a node that an evaluation could reach, starts their lookups, and returns the records
// to fetch next.
func (g *gatherer) expand(x step, left *budget, lookups *[]later[bool]) []step {
	n := x.node
	if n.Status != facts.SPFFound {
		return nil
	}
	terms := n.Record.Effective()
	if r, ok := n.Record.Redirect(); ok {
		terms = append(terms, r) // it is looked at after all mechanisms (RFC 7208 6.1)
	}
	n.Terms = make([]facts.SPFTerm, len(terms))
	path := append(slices.Clone(x.above), n.Domain)
	var next []step
	for i, t := range terms {
		out := &n.Terms[i]
		out.Term = t
		if t.Bad || !t.NeedsLookup() {
			continue
		}
		target, ok := spf.Expand(t.Spec, spf.Vars{Domain: n.Domain})
		target = dnsx.Q(literal(target), dnsx.TXT).Name
		isRecord := t.Name == "include" || t.Name == "redirect"
		if isRecord {
			out.Child = &facts.SPFNode{Domain: target}
		}
		switch {
		case !ok:
			out.Why = "its macros stand for parts of each message"
			if isRecord {
				out.Child.Domain, out.Child.Status, out.Child.Why = t.Spec, facts.SPFUndetermined, out.Why
			}
			continue
		case isRecord && slices.Contains(path, target):
			out.Target, out.Child.Status = target, facts.SPFLoop
			continue
		case left.terms == 0 || len(path) > maxDepth:
			out.Why = beyond
			if isRecord {
				out.Child.Status, out.Child.Why = facts.SPFUnread, out.Why
			}
			continue
		}
		left.terms--
		out.Target = target
		if isRecord {
			next = append(next, step{out.Child, path, out})
			continue
		}
		withHosts := t.Name == "mx" && left.mxs > 0
		if withHosts {
			left.mxs--
		}
		*lookups = append(*lookups, soon(func() bool { return g.term(out, withHosts) }))
	}
	return next
}

// term looks up what an a, mx or exists names, the hosts of an mx where they are wanted, and says whether that was void.
// Whether ptr finds anything depends on the sending address.
func (g *gatherer) term(t *facts.SPFTerm, withHosts bool) bool {
	switch t.Term.Name {
	case "a":
		h := g.hosts(t.Target)
		t.Why, t.Addresses = cmp.Or(h.Why, h.Value.Lost), h.Value.Addresses
		t.Void = h.Known() && len(h.Value.Addresses) == 0
	case "exists":
		a := g.ask(t.Target, dnsx.A) // A, whatever the family of the sender (RFC 7208 5.7)
		t.Why, t.Void = a.Cause, a.Missing()
	case "mx":
		a := g.ask(t.Target, dnsx.MX)
		t.Why, t.Void, t.Hosts = a.Cause, a.Missing(), len(a.Records)
		if !withHosts {
			t.Why = cmp.Or(t.Why, beyond)
			break
		}
		hosts := every(a.Records[:min(len(a.Records), 10)], func(r dnsx.Record) facts.Fact[facts.Hosts] { // RFC 7208 4.6.4
			if r.Target == "." {
				return facts.Know(facts.Hosts{})
			}
			return g.hosts(r.Target)
		})
		for _, h := range hosts {
			t.Addresses = append(t.Addresses, h.Value.Addresses...)
			t.Why = cmp.Or(t.Why, h.Why, h.Value.Lost)
		}
		slices.SortFunc(t.Addresses, netip.Addr.Compare)
		t.Addresses = slices.Compact(t.Addresses)
	}
	if t.Void {
		t.Why = "" // a name that cannot exist has a cause, and is known
	}
	return t.Void
}

// count numbers the lookups and voids in the order in which an evaluation comes to them.
func count(s *facts.SPF, n *facts.SPFNode) {
	if n.Status == facts.SPFUnknown {
		s.Whole = false
	}
	for i := range n.Terms {
		t := &n.Terms[i]
		if t.Term.Bad || !t.Term.NeedsLookup() {
			continue
		}
		s.Lookups++
		t.Lookup = s.Lookups
		if t.Void {
			s.Void++
			t.VoidCount = s.Void
		}
		if t.Why == beyond || t.Why != "" && t.Target != "" && len(t.Addresses) == 0 { // with an address it is not void
			s.Whole = false
		}
		if t.Child != nil {
			count(s, t.Child)
		}
	}
}

// survey is the walk, and what else only rules about SPF look at.
func (g *gatherer) survey(s facts.SPF) facts.SPF {
	domain := s.Domain
	type99 := soon(func() dnsx.Answer { return g.ask(domain, dnsx.SPF) })
	exp := soon(func() facts.Fact[facts.Exp] { return g.exp(domain) })
	s = g.walk(s)
	for _, r := range g.ask(s.Domain, dnsx.TXT).Records {
		s.Octets += len(r.Text) + len(r.Strings)
		if strings.HasPrefix(strings.ToLower(r.Text), "spf2.0/") {
			s.SenderID = append(s.SenderID, r.Text)
		}
	}
	slices.Sort(s.SenderID)
	abandoned := soon(func() bool { return g.abandoned(&s.Root) })
	s.Exp = exp()
	if a := type99(); a.Status == dnsx.Failed {
		s.Type99 = facts.Cannot[bool](a.Cause)
	} else {
		s.Type99 = facts.Know(a.Status == dnsx.Found)
	}
	abandoned()
	return s
}

// exp finds the explanation that the exp= of a domain's record leads to, unless its name is another one for each message.
func (g *gatherer) exp(domain string) facts.Fact[facts.Exp] {
	var n facts.SPFNode
	g.read(&n, g.ask(domain, dnsx.TXT))
	if n.Record == nil {
		return facts.Fact[facts.Exp]{}
	}
	i := slices.IndexFunc(n.Record.Terms, func(t spf.Term) bool { return t.Modifier && t.Name == "exp" && !t.Bad })
	if i < 0 {
		return facts.Fact[facts.Exp]{}
	}
	target, ok := spf.Expand(n.Record.Terms[i].Spec, spf.Vars{Domain: domain})
	if !ok {
		return facts.Fact[facts.Exp]{}
	}
	e := facts.Exp{Target: dnsx.Q(literal(target), dnsx.TXT).Name, Texts: []string{}}
	a := g.ask(e.Target, dnsx.TXT)
	if a.Status == dnsx.Failed {
		return facts.Cannot[facts.Exp](a.Cause)
	}
	for _, r := range a.Records {
		e.Texts = append(e.Texts, r.Text)
	}
	slices.Sort(e.Texts)
	return facts.Know(e)
}

// abandoned looks, where a term leads to a name that does not exist, for the registrable domain above it: one that does
// not exist either can be registered by anybody, who may then send in this domain's name.
func (g *gatherer) abandoned(n *facts.SPFNode) bool {
	var waits []later[bool]
	for i := range n.Terms {
		t := &n.Terms[i]
		if t.Child != nil && len(t.Child.Terms) > 0 {
			waits = append(waits, soon(func() bool { return g.abandoned(t.Child) }))
		}
		if t.Void {
			waits = append(waits, soon(func() bool { t.Unregistered = g.unregistered(t.Target); return true }))
		}
	}
	for _, w := range waits {
		w()
	}
	return true
}

// unregistered is the registrable domain of a name where it does not exist, by the public suffixes of registries: a name
// under a top-level domain that is none cannot be registered.
func (g *gatherer) unregistered(name string) string {
	suffix, icann := publicsuffix.PublicSuffix(name)
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil || !icann || suffix == name {
		return ""
	}
	if a := g.ask(domain, dnsx.NS); a.Status != dnsx.NXDomain || len(a.Chain) > 0 {
		return ""
	}
	return domain
}
