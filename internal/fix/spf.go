package fix

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
	"mailaudit/internal/record/spf"
)

// spf proposes one record for each domain whose own record is missing, or can be put right term by term.
func (p *proposer) spf() {
	for _, s := range p.facts.SPF {
		switch {
		case p.facts.Profile.Name == facts.Parked && locked(s.Root):
			// That nobody sends is what its owner says; whoever sends all the same uses another domain, or unlocks it first.
		case s.Root.Status == facts.SPFNone && len(s.Near) == 0:
			p.newSPF(s)
		case s.Root.Status == facts.SPFNone && len(s.Near) == 1, s.Root.Status == facts.SPFMultiple, s.Root.Status == facts.SPFFound:
			p.repairSPF(s)
		}
	}
}

// locked says whether a record is -all alone.
func locked(n facts.SPFNode) bool {
	return n.Status == facts.SPFFound && len(n.Record.Terms) == 1 && isAll(n.Record.Terms[0]) && n.Record.Terms[0].Qualifier == "-"
}

// declared are the declared addresses with certain results in a domain's SPF record, for MAIL FROM or HELO.
func (p *proposer) declared(domain string, want func(facts.SPFResult) bool) []netip.Addr {
	var l []netip.Addr
	for _, r := range p.facts.Results {
		if r.Domain == domain && r.Declared && want(r) && !p.stays("spf.ip-not-covered", r.IP.String()) {
			l = append(l, r.IP)
		}
	}
	return l
}

// notCovered says whether a finding is that an address does not pass the SPF record of a domain, which is a word of its
// message: its subject is the address.
func notCovered(f checks.Finding, ips []netip.Addr, domain string) bool {
	words := strings.FieldsFunc(f.Message, func(r rune) bool { return r == ' ' || r == ':' })
	return f.Check.ID == "spf.ip-not-covered" && slices.Contains(ips, f.Source) && slices.Contains(words, domain)
}

// newSPF proposes a first record, where the sending addresses are known.
func (p *proposer) newSPF(s facts.SPF) {
	ips := p.declared(s.Domain, func(r facts.SPFResult) bool { return r.Result == "none" })
	switch {
	case len(ips) == 0 || p.facts.Profile.Name == facts.Parked:
		return // what would have to stand in it is not known
	case !s.Exists:
		return // a name that has nothing but SPF cannot take the bounces, and is refused still
	}
	clears := p.take(func(f checks.Finding) bool {
		return f.Check.ID == "spf.missing" && f.Subject == s.Domain || notCovered(f, ips, s.Domain)
	})
	if len(clears) == 0 {
		return
	}
	p.add(p.at(s.Domain, Proposal{Kind: DNS, Authenticates: true,
		Text:    "Publish an SPF record that names every sending address; add the include of each service that sends for you",
		Changes: []Change{{Op: "add", Name: s.Domain, Type: "TXT", TTL: ttl, Data: quote("v=spf1 " + strings.Join(networks(ips), " ") + " ~all")}}}), clears)
}

// The limits of an evaluation (RFC 7208 4.6.4).
const (
	maxLookups = 10
	maxVoid    = 2
	maxMXHosts = 10
)

// draft is an SPF record that is being put right. What is right in it stays as it stands, word for word.
type draft struct {
	terms []spf.Term
	walk  map[int]facts.SPFTerm // what the terms lead to, by their offset; empty where nobody looked
	rules []string              // whose findings the changes answer
	front []netip.Addr          // addresses to name in front, where they match before anything else can go wrong
	all   string                // to stand at the end in place of any other; "": as published
	// lapsed: no evaluation comes to the end of the record as it is. What its all refuses was never refused, and the first
	// repair may not begin with it.
	lapsed  bool
	meant   string                 // the all that is published
	stays   func(rule string) bool // a finding of it is accepted
	lookups int                    // that the record takes
	inPlace bool                   // what stands behind all stays there
}

// repairSPF puts right what can be put right without knowing more than the record and what it leads to: several records
// become one, what voids the record or leads nowhere is left out, an all that lets everybody pass or decides nothing
// becomes ~all, and addresses that do not pass are named.
func (p *proposer) repairSPF(s facts.SPF) {
	d := p.read(s)
	if d == nil {
		return
	}
	d.stays = func(rule string) bool { return p.stays(rule, s.Domain) }
	d.lookups = s.Lookups
	d.respell()
	d.dropBroken()
	d.dropDead(s)
	d.dropBeyond(s)
	d.dropTwins()
	d.soften()
	d.settleAll()
	uncovered := p.declared(s.Domain, func(r facts.SPFResult) bool {
		return slices.Contains([]string{"fail", "softfail", "neutral"}, r.Result) || d.lapsed && slices.Contains([]string{"permerror", "none"}, r.Result) && !d.covers(r.IP)
	})
	d.front = uncovered
	if slices.Contains(d.rules, "spf.all-plus") {
		// Nobody who was declared may be left to the ~all.
		d.front = append(d.front, p.declared(s.Domain, func(r facts.SPFResult) bool {
			return r.Result == "temperror" || r.Result == "pass" && r.Why == "all"
		})...)
	}
	if d.end() == "~all" && len(d.front) == 0 && !slices.ContainsFunc(d.terms, authorises) {
		return // ~all would be all that there is, for mail from hosts that nobody has named
	}
	texts := s.Root.Texts
	if s.Root.Status == facts.SPFNone {
		texts = s.Near
	}
	text := d.String()
	if len(texts) == 1 && text == texts[0] {
		return
	}
	clears := p.take(func(f checks.Finding) bool {
		// With words of its own, spf.all-plus is about the record of somebody else.
		mine := f.Check.ID != "spf.all-plus" || f.Fix == f.Check.Fix
		return slices.Contains(d.rules, f.Check.ID) && f.Subject == s.Domain && mine || notCovered(f, d.front, s.Domain) || f.Check.ID == "spf.helo-not-covered" && f.Subject == s.Domain && len(d.front) > 0
	})
	if len(clears) == 0 {
		return
	}
	changes := merged(s.Domain, texts, text)
	words := "Replace the SPF record of " + s.Domain
	if len(texts) > 1 {
		words = "Merge the SPF records of " + s.Domain + " into one"
	}
	if d.lapsed && (strings.HasPrefix(d.meant, "-") || strings.HasPrefix(d.meant, "redirect=")) {
		words += ", with ~all until every host that sends is known to pass"
		p.later("Let the SPF record of "+s.Domain+" end in "+d.meant+" again, once every host that sends is known to pass",
			"mail from hosts that the record does not name, which is accepted today, would be refused")
	}
	doubt := ""
	if term := d.refusal(); term != "" {
		doubt = "it brings " + term + " into force, and mail that is accepted today would be refused"
	}
	p.add(p.at(s.Domain, Proposal{Kind: DNS, Authenticates: len(d.front) > 0 || d.lapsed, Text: words, Changes: changes, Doubt: doubt}), clears)
}

// read reads what is published as one list of terms; nil where that cannot be done.
func (p *proposer) read(s facts.SPF) *draft {
	d := &draft{walk: map[int]facts.SPFTerm{}}
	switch s.Root.Status {
	case facts.SPFMultiple:
		d.rules, d.lapsed = append(d.rules, "spf.multiple"), true
		for _, text := range s.Root.Texts {
			for _, t := range spf.Parse(text).Terms {
				if isAll(t) && d.meant == "" {
					d.meant = t.Text
				}
				t.Offset = 0 // of no use among the terms of several records
				if t.Modifier && t.Name == "exp" && slices.ContainsFunc(d.terms, func(x spf.Term) bool { return x.Modifier && x.Name == "exp" }) {
					continue // a second one would void the record (RFC 7208 6), and neither decides who passes
				}
				d.terms = append(d.terms, t)
			}
			d.terms = slices.DeleteFunc(d.terms, isAll)
		}
	case facts.SPFNone:
		rest, ok := unversioned(s.Near[0])
		if !ok {
			return nil
		}
		d.rules, d.lapsed = append(d.rules, "spf.version", "spf.missing"), true
		rec := spf.Parse("v=spf1 " + rest)
		all, _ := rec.All()
		d.terms, d.meant = rec.Terms, all.Text
	default:
		rec := *s.Root.Record
		if all, ok := rec.All(); ok {
			d.meant = all.Text
		}
		for _, t := range s.Root.Terms {
			d.walk[t.Term.Offset] = t
		}
		if healed := unglued(s.Root); healed.Text != rec.Text {
			rec, d.walk = healed, map[int]facts.SPFTerm{} // its terms stand elsewhere
			d.rules, d.lapsed = append(d.rules, "spf.string-too-long", "spf.syntax", "spf.ip4-invalid", "spf.ip6-invalid", "spf.macro-invalid",
				"spf.include-missing", "spf.redirect-missing", "spf.void", "spf.mech-a-mx-void", "spf.all-missing"), true
		}
		d.terms = slices.Clone(rec.Terms)
	}
	return d
}

var version = regexp.MustCompile("(?i)v=spf1")

// unversioned is what follows the version of a text that was meant to be a record: the first word, or what it begins with where
// something is glued to it or parted by another thing than a space. ok is false where nothing follows.
func unversioned(text string) (terms string, ok bool) {
	text = strings.TrimSpace(text)
	word, rest, ok := strings.Cut(text, " ")
	if at := version.FindStringIndex(word); at != nil {
		rest = strings.TrimLeftFunc(text[at[1]:], func(c rune) bool {
			return !('a' <= c|0x20 && c|0x20 <= 'z' || strings.ContainsRune("+-~?", c))
		})
		ok = rest != ""
	}
	return rest, ok
}

// maxSeams bounds the strings of a record whose seams are looked at, each of which takes reading it anew: many times what the ten
// lookups allow. More have been made to cost time.
const maxSeams = 64

// unglued is the record with a space at each seam between its strings where that heals a term: the strings are joined
// "without adding spaces" (RFC 7208 3.3), and people expect them. A term is ill that is malformed, or leads nowhere and is two good ones.
func unglued(n facts.SPFNode) spf.Record {
	best := *n.Record
	if len(n.Seams) > maxSeams {
		return best
	}
	text, cut := "", 0
	for i, seam := range n.Seams {
		cut += len(seam)
		rest := strings.Join(n.Seams[i+1:], "")
		if i+1 < len(n.Seams) {
			r := spf.Parse(text + seam + " " + rest)
			if len(r.Problems) < len(best.Problems) || len(r.Problems) == len(best.Problems) && nowhereAt(n, cut) {
				best, seam = r, seam+" "
			}
		}
		text += seam
	}
	return best
}

// nowhereAt says whether a place of a record is within a term that leads to no record, or finds nothing.
func nowhereAt(n facts.SPFNode, place int) bool {
	return slices.ContainsFunc(n.Terms, func(t facts.SPFTerm) bool {
		within := t.Term.Offset < place && place < t.Term.Offset+len(t.Term.Text)
		return within && (t.Void || t.Child != nil && t.Child.Status == facts.SPFNone)
	})
}

// drop leaves out the terms that are not wanted, and notes whose findings that answers.
func (d *draft) drop(unwanted func(spf.Term) bool, rules ...string) bool {
	if slices.ContainsFunc(rules, d.stays) {
		return false
	}
	n := len(d.terms)
	d.terms = slices.DeleteFunc(d.terms, unwanted)
	if len(d.terms) == n {
		return false
	}
	d.rules = append(d.rules, rules...)
	return true
}

// broken are the rules about malformed terms, each of which makes the whole record void (RFC 7208 4.6).
var broken = []string{"spf.syntax", "spf.ip4-invalid", "spf.ip6-invalid", "spf.macro-invalid", "spf.string-too-long", "spf.redirect-multiple"}

// respell writes malformed terms as they were meant where that is plain: whoever was to be named is not to be left out.
func (d *draft) respell() {
	if slices.ContainsFunc(broken, d.stays) {
		return
	}
	for i := 0; i < len(d.terms); i++ {
		t, words := d.terms[i], 1
		if !t.Bad {
			continue
		}
		meant := plain(t.Text)
		if meant == nil && strings.HasSuffix(t.Text, ":") && i+1 < len(d.terms) && d.terms[i+1].Bad {
			words = 2 // a space was put behind the colon
			meant = plain(t.Text + d.terms[i+1].Text)
		}
		looks := 0
		for _, x := range meant {
			if slices.Contains([]string{"include", "redirect", "a", "mx", "exists"}, x.Name) {
				looks++
			}
		}
		if meant != nil && !d.twice(meant) && d.lookups+looks <= maxLookups {
			d.lookups += looks
			meant[0].Offset = t.Offset
			d.terms = slices.Replace(d.terms, i, i+words, meant...)
			d.rules, d.lapsed = append(d.rules, broken...), true
		}
	}
}

// twice says whether terms would make a second redirect= or exp= of the one that stands already, which is an error by itself
// (RFC 7208 6).
func (d *draft) twice(l []spf.Term) bool {
	return slices.ContainsFunc(l, func(t spf.Term) bool {
		return t.Modifier && slices.ContainsFunc(d.terms, func(x spf.Term) bool { return x.Modifier && x.Name == t.Name && !x.Bad })
	})
}

// network is an address or network behind the name of a mechanism, right or not.
var network = regexp.MustCompile(`(?i)^([-+~?]?)ipv?[46]?:([0-9a-f.:]+(?:/[0-9]+)?)$`)

// plain are the terms that a malformed one was meant to be, nil where that is not plain: without the commas, semicolons, quotes
// and blanks that are no spaces, before, between and behind, and with ip4 or ip6 as an address asks for.
func plain(text string) []spf.Term {
	var l []spf.Term
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(",;\t\"'“”\u00a0\u200b\ufeff", r) }) {
		if m := network.FindStringSubmatch(part); m != nil {
			kind := "ip4:"
			if strings.Contains(m[2], ":") {
				kind = "ip6:"
			}
			part = m[1] + kind + m[2]
		}
		r := spf.Parse("v=spf1 " + part)
		if len(r.Problems) > 0 || len(r.Terms) != 1 {
			return nil
		}
		t := r.Terms[0]
		if t.Qualifier == "-" && !isAll(t) || t.Name == "ptr" || wide(t.Network) {
			return nil // what refuses, or lets strangers pass, is not brought into force
		}
		t.Offset = -1 // it stood nowhere
		l = append(l, t)
	}
	return l
}

// wide says whether a network is one that spf.ip-wide warns of.
func wide(n netip.Prefix) bool {
	return n.IsValid() && (n.Addr().Is4() && n.Bits() < 16 || n.Addr().Is6() && n.Bits() < 32)
}

// dropBroken leaves out malformed terms, each of which makes the whole record void (RFC 7208 4.6). Of several redirect=
// none is obeyed; as includes they let pass whom they were meant to.
func (d *draft) dropBroken() {
	isRedirect := func(t spf.Term) bool { return t.Modifier && t.Name == "redirect" }
	redirects := 0
	for _, t := range d.terms {
		if isRedirect(t) {
			redirects++
		}
	}
	hasAll := slices.ContainsFunc(d.terms, isAll)
	if redirects > 1 && !hasAll {
		for i, t := range d.terms {
			if isRedirect(t) {
				d.terms[i] = included(t)
			}
		}
		d.all = "~all"
		d.rules, d.lapsed = append(d.rules, "spf.redirect-multiple", "spf.all-missing"), true
	}
	if hasAll && d.drop(isRedirect, "spf.redirect-with-all", "spf.redirect-multiple") {
		d.lapsed = d.lapsed || redirects > 1
	}
	if d.drop(func(t spf.Term) bool { return t.Bad }, broken...) {
		d.lapsed = true
	}
}

// dropDead leaves out what leads nowhere: an include or redirect= of a record that is not there or void ends every
// evaluation that comes to it (RFC 7208 5.2, 6.1), and what finds no address matches nobody.
func (d *draft) dropDead(s facts.SPF) {
	redirected := false
	if d.drop(func(t spf.Term) bool {
		w, ok := d.walk[t.Offset]
		bad := ok && w.Child != nil && dead(w.Child)
		redirected = redirected || bad && t.Modifier
		return bad
	}, "spf.include-missing", "spf.include-permerror", "spf.include-loop", "spf.known-dead-include", "spf.redirect-missing", "spf.takeover", "spf.void", "spf.void-limit", "spf.syntax") {
		d.lapsed = true
	}
	if redirected {
		d.all = "~all"
	}
	if d.drop(func(t spf.Term) bool { return d.walk[t.Offset].Hosts > maxMXHosts }, "spf.mx-limit") {
		d.lapsed = true
	}
	if s.Void <= maxVoid {
		d.drop(func(t spf.Term) bool { return d.walk[t.Offset].Void }, "spf.void", "spf.mech-a-mx-void", "spf.takeover")
		return
	}
	// What anybody may register goes, and of the rest no more than must, the last of its own first: without these, the record is in
	// force.
	left, beyond, lapsed := 0, map[int]bool{}, false
	for _, t := range d.terms {
		w := d.walk[t.Offset]
		if w.Void && w.Unregistered != "" && !d.stays("spf.takeover") {
			beyond[t.Offset], lapsed = true, true
			continue
		}
		left += voids(w)
	}
	for _, t := range slices.Backward(d.terms) {
		if left > maxVoid && d.walk[t.Offset].Void && !beyond[t.Offset] {
			beyond[t.Offset] = true
			left--
		}
	}
	if d.drop(func(t spf.Term) bool { return beyond[t.Offset] }, "spf.void-limit") {
		d.lapsed = true
		if lapsed {
			d.rules = append(d.rules, "spf.takeover")
		}
	}
}

// voids is how many void lookups a term and what it leads to cause.
func voids(t facts.SPFTerm) int {
	n := 0
	if t.Void {
		n++
	}
	if t.Child != nil {
		for _, x := range t.Child.Terms {
			n += voids(x)
		}
	}
	return n
}

// dead says whether a record that a term leads to is certain to be none, or void, or to end every evaluation before
// anybody passes. Whom one lets pass that ends others in permerror would no longer pass without the term.
func dead(n *facts.SPFNode) bool {
	switch n.Status {
	case facts.SPFNone, facts.SPFMultiple, facts.SPFLoop:
		return true
	case facts.SPFFound:
		if len(n.Record.Problems) > 0 {
			return true
		}
		for _, t := range n.Terms {
			switch {
			case t.Child != nil && dead(t.Child):
				return true
			case !t.Term.Modifier && t.Term.Qualifier == "+" && !t.Void:
				return false
			}
		}
	}
	return false
}

// dropBeyond leaves out the terms that no evaluation reaches, since ten others look something up before them.
func (d *draft) dropBeyond(s facts.SPF) {
	if s.Lookups > maxLookups && d.drop(func(t spf.Term) bool { return d.walk[t.Offset].Lookup > maxLookups }, "spf.lookup-limit", "spf.lookup-near") {
		d.lapsed = true
	}
}

// dropTwins leaves out the second of two terms that are the same, and an include that another one holds.
func (d *draft) dropTwins() {
	seen := map[string]bool{}
	d.drop(func(t spf.Term) bool {
		word := t.Qualifier + folded(strings.TrimLeft(t.Text, "+-~?"))
		again := seen[word] && !isAll(t)
		seen[word] = true
		return again
	}, "spf.include-duplicate", "spf.redundant")
	all := slices.Clone(d.terms)
	d.drop(func(t spf.Term) bool {
		// What a macro stands for hangs on the record that it is in (RFC 7208 7.2).
		return t.Name == "include" && t.Qualifier == "+" && !strings.Contains(t.Spec, "%") && slices.ContainsFunc(all, func(other spf.Term) bool {
			c := d.walk[other.Offset].Child
			return other.Offset != t.Offset && other.Qualifier == "+" && c != nil && holds(c, strings.ToLower(t.Spec)) && unopposed(all, t, other)
		})
	}, "spf.include-duplicate")
}

// folded is a term in lower case, but for the letters of its macros: in upper case they stand for the same, escaped for a URL
// (RFC 7208 7.3).
func folded(text string) string {
	var b strings.Builder
	for text != "" {
		plain, macro, ok := strings.Cut(text, "%{")
		b.WriteString(strings.ToLower(plain))
		if !ok {
			break
		}
		end := strings.IndexByte(macro, '}') + 1
		b.WriteString("%{" + macro[:end])
		text = macro[end:]
	}
	return b.String()
}

// unopposed says whether whoever passes by one of two terms comes to the other without being refused: nothing but what lets
// pass stands between.
func unopposed(l []spf.Term, t, other spf.Term) bool {
	return !slices.ContainsFunc(l, func(x spf.Term) bool {
		return t.Offset < x.Offset && x.Offset < other.Offset && !x.Modifier && x.Qualifier != "+"
	})
}

// holds says whether whoever passes by the record of a name is certain to pass by another record: it includes that one,
// and nothing before it refuses anybody.
func holds(n *facts.SPFNode, name string) bool {
	for _, t := range n.Terms {
		switch {
		case t.Term.Modifier:
			continue
		case t.Term.Qualifier != "+":
			return false
		case t.Term.Name == "include" && (strings.EqualFold(t.Term.Spec, name) || t.Child != nil && holds(t.Child, name)):
			return true
		}
	}
	return false
}

// soften lets whom a redirect= lets pass do so still, where its record would begin to refuse the others: nobody is refused
// by a record that is not in force.
func (d *draft) soften() {
	if !d.lapsed || slices.ContainsFunc(d.terms, isAll) {
		return
	}
	for i, t := range d.terms {
		if t.Modifier && t.Name == "redirect" && !t.Bad && refuses(d.walk[t.Offset].Child) {
			d.meant = t.Text
			d.terms[i] = included(t)
			d.all = "~all"
		}
	}
}

// included is an include of what a redirect= leads to.
func included(t spf.Term) spf.Term {
	x := spf.Parse("v=spf1 include:" + t.Spec).Terms[0]
	x.Offset = t.Offset
	return x
}

// refuses says whether a record may give fail; nil is one that nobody looked at.
func refuses(n *facts.SPFNode) bool {
	if n == nil || n.Status != facts.SPFFound {
		return true
	}
	return slices.ContainsFunc(n.Terms, func(t facts.SPFTerm) bool {
		return !t.Term.Modifier && t.Term.Qualifier == "-" || t.Term.Modifier && t.Term.Name == "redirect" && refuses(t.Child)
	})
}

// refusal is a term that refuses somebody once the record is in force, "" where none does.
func (d *draft) refusal() string {
	i := slices.IndexFunc(d.terms, func(t spf.Term) bool { return !t.Modifier && !isAll(t) && t.Qualifier == "-" })
	if !d.lapsed || i < 0 {
		return ""
	}
	return d.terms[i].Text
}

// settleAll says what all is to be. Terms behind it are ignored today (RFC 7208 5.1), and are taken into force where that
// is certain to refuse nobody; else they stay where they are, and a person must say what they were meant to do.
func (d *draft) settleAll() {
	i := slices.IndexFunc(d.terms, isAll)
	_, redirects := spf.Record{Terms: d.terms}.Redirect()
	switch {
	case d.all != "":
	case i < 0 && redirects:
	case i < 0 && d.stays("spf.all-missing"):
	case i < 0:
		d.rules, d.all = append(d.rules, "spf.all-missing"), "~all"
	case d.terms[i].Qualifier == "+" && d.stays("spf.all-plus"), d.terms[i].Qualifier == "?" && d.stays("spf.all-neutral"):
	case d.terms[i].Qualifier == "+":
		d.rules, d.all = append(d.rules, "spf.all-plus"), "~all"
	case d.terms[i].Qualifier == "?":
		d.rules, d.all = append(d.rules, "spf.all-neutral"), "~all"
	case d.lapsed:
		d.all = "~all"
	}
	switch {
	case i < 0:
	case d.stays("spf.all-not-last"):
		d.inPlace = true
	case inOrder(d.terms[i:]) && d.fewVoid(d.terms[i:]):
		d.rules = append(d.rules, "spf.all-not-last")
	default:
		d.inPlace = true
	}
}

func isAll(t spf.Term) bool { return t.Name == "all" && !t.Modifier }

func authorises(t spf.Term) bool { return !t.Modifier && !isAll(t) && t.Qualifier == "+" }

// fewVoid says whether the lookups of what stands behind all, in force, can end no evaluation: whether one is void hangs on
// the sender's address, and so on who sends. Nobody has looked at them yet.
func (d *draft) fewVoid(behind []spf.Term) bool {
	n, looked := 0, false
	for _, t := range d.terms {
		n += d.mayVoid(t)
	}
	for _, t := range behind {
		looked = looked || !t.Modifier && t.NeedsLookup()
	}
	return !looked || n <= maxVoid
}

// mayVoid is how many void lookups a term may cause for some address.
func (d *draft) mayVoid(t spf.Term) int {
	w, walked := d.walk[t.Offset]
	switch {
	case isAll(t) || !t.NeedsLookup():
		return 0
	case walked && w.Child != nil:
		n := 0
		for _, x := range w.Child.Terms {
			n += (&draft{walk: map[int]facts.SPFTerm{x.Term.Offset: x}}).mayVoid(x.Term)
		}
		return n
	case t.Name == "mx":
		return max(2, w.Hosts) // one each
	case t.Name == "a" && bothFamilies(w.Addresses):
		return 0
	}
	return 1
}

func bothFamilies(l []netip.Addr) bool {
	return slices.ContainsFunc(l, netip.Addr.Is4) && slices.ContainsFunc(l, netip.Addr.Is6)
}

// inOrder says whether what stands behind all may be put before it: what lets pass refuses nobody in force. Whether it
// ends in permerror, the proof shows.
func inOrder(behind []spf.Term) bool {
	return !slices.ContainsFunc(behind, func(t spf.Term) bool { return !t.Modifier && !isAll(t) && t.Qualifier != "+" })
}

// end is the all that is to stand in the record.
func (d *draft) end() string {
	if d.all != "" {
		return d.all
	}
	return d.meant
}

// covers says whether an address is certain to pass by what the record names, as far as that has been looked up.
func (d *draft) covers(ip netip.Addr) bool {
	var l []facts.SPFTerm
	for _, t := range d.terms {
		w := d.walk[t.Offset]
		w.Term = t
		l = append(l, w)
	}
	return covers(l, ip)
}

func covers(l []facts.SPFTerm, ip netip.Addr) bool {
	for _, t := range l {
		if !t.Term.Modifier && !isAll(t.Term) && matches(t, ip) {
			return t.Term.Qualifier == "+"
		}
	}
	return false
}

// matches says whether a term is certain to match an address.
func matches(t facts.SPFTerm, ip netip.Addr) bool {
	switch t.Term.Name {
	case "ip4", "ip6":
		return t.Term.Network.Masked().Contains(ip)
	case "a", "mx":
		bits := t.Term.Prefix4
		if ip.Is6() {
			bits = t.Term.Prefix6
		}
		return slices.ContainsFunc(t.Addresses, func(a netip.Addr) bool {
			return a.BitLen() == ip.BitLen() && netip.PrefixFrom(a, bits).Masked().Contains(ip)
		})
	case "include":
		return t.Child != nil && covers(t.Child.Terms, ip)
	}
	return false
}

// String is the record: the terms in front, then those that stay, with one all behind the last mechanism.
func (d *draft) String() string {
	text := append([]string{"v=spf1"}, networks(d.front)...)
	all := d.end()
	last := -1
	for i, t := range d.terms {
		if !t.Modifier {
			last = i
		}
	}
	if d.inPlace {
		last = slices.IndexFunc(d.terms, isAll)
	}
	if last < 0 {
		text = append(text, all)
	}
	for i, t := range d.terms {
		if !isAll(t) {
			text = append(text, t.Text)
		}
		if i == last {
			text = append(text, all)
		}
	}
	return strings.Join(slices.DeleteFunc(text, func(t string) bool { return t == "" }), " ")
}

// most is how many addresses are named one by one. A record should stay small (RFC 7208 3.4).
const most = 10

// networks are the terms that name exactly these addresses, as ranges where they are many.
func networks(ips []netip.Addr) []string {
	ips = slices.Clone(ips)
	slices.SortFunc(ips, netip.Addr.Compare)
	ips = slices.Compact(ips)
	var l []netip.Prefix
	for _, ip := range ips {
		n := netip.PrefixFrom(ip, ip.BitLen())
		for len(ips) > most && len(l) > 0 {
			before := l[len(l)-1]
			both := netip.PrefixFrom(before.Addr(), before.Bits()-1).Masked()
			if before.Bits() != n.Bits() || !both.Contains(n.Addr()) {
				break
			}
			n, l = both, l[:len(l)-1]
		}
		l = append(l, n)
	}
	var terms []string
	for _, n := range l {
		term := "ip4:"
		if n.Addr().Is6() {
			term = "ip6:"
		}
		if n.IsSingleIP() {
			terms = append(terms, term+n.Addr().String())
			continue
		}
		terms = append(terms, term+n.String())
	}
	return terms
}
