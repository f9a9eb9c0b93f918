package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/spf"
	"mailaudit/internal/spfnet"
)

// What the static walk shows: the terms of the record and of all that it leads to.

// step is one term of the walk, the record that it stands in, and the term that leads there.
type step struct {
	*facts.SPFTerm
	in   *facts.SPFNode
	from *step
}

// String is the way to the term from the record at the top.
func (s step) String() string {
	if s.from == nil {
		return clip(s.Term.Text)
	}
	return s.from.String() + " > " + clip(s.Term.Text)
}

// at is where the term stands.
func (s step) at() Place { return at(*s.in, s.Term.Offset, s.Term.Text) }

// own says whether a term stands in the record itself, or in one that takes its place by redirect=.
func (s step) own() bool {
	return s.from == nil || s.from.Term.Name == "redirect" && s.from.own()
}

// counts says whether whom the term lets pass passes by the record at the top, too: an include passes on nothing else (RFC 7208 5.2).
func (s step) counts() bool {
	return s.from == nil || (s.from.Term.Modifier || s.from.Term.Qualifier == "+") && s.from.counts()
}

// by is the record's own term that the way to a term begins with.
func (s step) by() step {
	for !s.own() {
		s = *s.from
	}
	return s
}

// visit shows every term of a walk in the order in which an evaluation comes to it.
func visit(n *facts.SPFNode, from *step, see func(step)) {
	for i := range n.Terms {
		s := step{&n.Terms[i], n, from}
		see(s)
		if s.Child != nil {
			here := s
			visit(s.Child, &here, see)
		}
	}
}

// visitOwn shows those that are the owner's to change.
func visitOwn(s facts.SPF, see func(step)) {
	visit(&s.Root, nil, func(t step) {
		if t.own() {
			see(t)
		}
	})
}

// bites is how much a fault weighs that makes an evaluation end in permerror, but only one that comes to it: a failure where it happens to an address of this domain, or where no declared address shows that
// mail gets by. Candidates show nothing: an address that stands first in the record says nothing of those behind it.
func bites(f *facts.Facts, domain string) (status Status, note string) {
	declared, lost := false, false
	for _, r := range f.Results {
		if r.Identity != "mailfrom" || r.Domain != domain {
			continue
		}
		switch r.Result {
		case "permerror":
			return Fail, ""
		case "temperror":
			lost = true
		}
		declared = declared || r.Declared
	}
	switch {
	case !declared:
		return Fail, ""
	case lost:
		return Warn, ""
	}
	return Warn, "; no declared address comes that far"
}

// treeRule makes a rule out of what is wrong with one term of the walk, nil where nothing is. That nothing is wrong
// anywhere is certain only if nothing was lost that could have been.
func treeRule(wrong func(step) *Violation, lost func(step) string) func(*facts.Facts, facts.SPF) []Violation {
	return func(f *facts.Facts, s facts.SPF) []Violation {
		status, note := bites(f, s.Domain)
		var l []Violation
		visit(&s.Root, nil, func(t step) {
			w := wrong(t)
			if w == nil {
				return
			}
			w.Status, w.Message = status, w.Message+note
			if w.At == (Place{}) {
				w.At = t.at()
			}
			w.Implied = w.Implied || status == Warn && lapsed(t) || glued(t) // then spf.takeover weighs more, or spf.string-too-long says it
			l = append(l, *w)
		})
		if len(l) == 0 {
			return undecided(s, lost)
		}
		return bounded(l)
	}
}

// undecided is the violation that is none yet: a lookup of the walk got no answer, and that could hide one.
func undecided(s facts.SPF, lost func(step) string) []Violation {
	why := ""
	visit(&s.Root, nil, func(t step) { why = cmp.Or(why, lost(t)) })
	if why == "" {
		return nil
	}
	return []Violation{{Status: Unknown, Message: why, Fix: tryAgain}}
}

const tryAgain = "Try again; if it stays so, have the name servers of that name repaired"

// lostRecord is why the record that a term leads to is not known. One beyond the bounds of the walk (facts.SPFUnread) is
// beyond those of any evaluation too.
func lostRecord(t step) string {
	if t.Child == nil || t.Child.Status != facts.SPFUnknown {
		return ""
	}
	return fmt.Sprintf("the SPF record of %s is not known: %s", clip(t.Child.Domain), cmp.Or(t.Child.Why, "no answer"))
}

// lostAnswer is that, or why it is not known whether a term finds anything. A term without a target stands for a part
// of each message, and nothing was lost of it.
func lostAnswer(t step) string {
	if t.Why == "" || t.Target == "" || len(t.Addresses) > 0 || t.Hosts > 0 {
		return lostRecord(t)
	}
	return fmt.Sprintf("what %s finds is not known: %s", clip(t.Term.Text), t.Why)
}

// lostHost is why it is not known where an a or mx leads.
func lostHost(t step) string {
	if t.Term.Name == "a" || t.Term.Name == "mx" {
		return lostAnswer(t)
	}
	return lostRecord(t)
}

// lostMX is why the hosts of an mx are not known.
func lostMX(t step) string {
	if t.Term.Name == "mx" {
		return lostAnswer(t)
	}
	return lostRecord(t)
}

// lostRedirect is why the record that takes the place of the one at the top is not known.
func lostRedirect(t step) string {
	if t.Term.Name == "redirect" && t.own() {
		return lostRecord(t)
	}
	return ""
}

func wideMX(t step) *Violation {
	if t.Term.Name != "mx" || t.Hosts <= maxMXHosts {
		return nil
	}
	return &Violation{Message: fmt.Sprintf("%s leads to %s where %d are allowed", t, count(t.Hosts, "MX host"), maxMXHosts)}
}

func missingInclude(t step) *Violation {
	if t.Child == nil || t.Child.Status != facts.SPFNone || t.Term.Name != "include" {
		return nil
	}
	return &Violation{Message: fmt.Sprintf("%s: no SPF record at %s", t, clip(t.Child.Domain)), Implied: deadProvider(t) != nil}
}

// deadNames are names that public lists give for records of providers and that have none, and what is right instead.
var deadNames = map[string]string{
	"_spf.marketo.com":          "include:mktomail.com",
	"_spf.mimecast.com":         "the include:_netblocks.mimecast.com of your region",
	"_spf.pphosted.com":         "the include:spf-ID.pphosted.com of your tenant",
	"spf.barracudanetworks.com": "include:spf.ess.barracudanetworks.com",
}

// deadProvider finds such a name, as long as no record is there.
func deadProvider(t step) *Violation {
	right := deadNames[t.Target]
	if right == "" || t.Term.Name != "include" || t.Child == nil || t.Child.Status != facts.SPFNone {
		return nil
	}
	return &Violation{Message: fmt.Sprintf("%s: there is no such record, whatever lists say of this provider", t),
		Fix: fmt.Sprintf("Replace %s by %s, as the provider's documentation has it", clip(t.Term.Text), right)}
}

// lostProvider is why it is not known whether a record stands at such a name.
func lostProvider(t step) string {
	if deadNames[t.Target] == "" {
		return ""
	}
	return lostRecord(t)
}

func missingRedirect(t step) *Violation {
	if t.Child == nil || t.Child.Status != facts.SPFNone || t.Term.Name != "redirect" {
		return nil
	}
	return &Violation{Message: fmt.Sprintf("%s: no SPF record at %s", t, clip(t.Child.Domain))}
}

func brokenRecord(t step) *Violation {
	if t.Child == nil {
		return nil
	}
	if t.Child.Status == facts.SPFMultiple {
		return &Violation{Message: fmt.Sprintf("%s: %s where 1 is allowed", t, count(len(t.Child.Texts), "SPF record"))}
	}
	problems := record(*t.Child).Problems
	if len(problems) == 0 {
		return nil
	}
	more := ""
	if len(problems) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(problems)-1)
	}
	return &Violation{Message: fmt.Sprintf("%s: %s%s", t, place(problems[0]), more), At: at(*t.Child, problems[0].Offset, problems[0].Term)}
}

func loop(t step) *Violation {
	if t.Child == nil || t.Child.Status != facts.SPFLoop {
		return nil
	}
	return &Violation{Message: fmt.Sprintf("%s leads back to %s", t, clip(t.Child.Domain))}
}

// faulty says whether some term of the walk makes an evaluation end in permerror.
func faulty(s facts.SPF) bool {
	found := false
	visit(&s.Root, nil, func(t step) {
		for _, wrong := range []func(step) *Violation{missingInclude, missingRedirect, brokenRecord, loop, wideMX} {
			found = found || wrong(t) != nil
		}
	})
	return found
}

// spfTempError says which records were lost, as a receiver would find it now.
func spfTempError(_ *facts.Facts, s facts.SPF) []Violation {
	var l []Violation
	visit(&s.Root, nil, func(t step) {
		if why := lostRecord(t); why != "" {
			l = append(l, Violation{Status: Unknown, At: t.at(), Message: fmt.Sprintf("%s: %s", t, why), Fix: tryAgain})
		}
	})
	return bounded(l)
}

// costly is the record's own term that takes most of the lookups, and its share in words; "" where no term takes several.
func costly(s facts.SPF) (most step, share string) {
	n := 0
	visitOwn(s, func(t step) {
		if cost := spfnet.Lookups(t.SPFTerm); cost > n && t.Term.Name != "redirect" {
			most, n = t, cost
		}
	})
	if n > 1 {
		share = fmt.Sprintf("; %s takes %d of them", most, n)
	}
	return most, share
}

func spfLookupLimit(f *facts.Facts, s facts.SPF) []Violation {
	if s.Lookups <= maxLookups {
		return undecided(s, lostRecord)
	}
	var beyond []string
	var first Place
	visit(&s.Root, nil, func(t step) {
		if t.Lookup > maxLookups {
			beyond = append(beyond, fmt.Sprintf("%s (lookup %d)", t, t.Lookup))
		}
		if t.Lookup == maxLookups+1 {
			first = t.at()
		}
	})
	status, note := bites(f, s.Domain)
	_, share := costly(s)
	return []Violation{{Status: status, At: first,
		Message: fmt.Sprintf("%s where %d are allowed%s; out of reach: %s%s", count(s.Lookups, "DNS lookup"), maxLookups, share, some(beyond), note)}}
}

func spfLookupNear(_ *facts.Facts, s facts.SPF) []Violation {
	if s.Lookups < maxLookups-1 {
		return undecided(s, lostRecord)
	}
	most, share := costly(s)
	v := Violation{Status: Warn, Message: fmt.Sprintf("%s where %d are allowed%s", count(s.Lookups, "DNS lookup"), maxLookups, share)}
	if most.in != nil {
		v.At = most.at()
	}
	return []Violation{v}
}

// voids are the terms that find nothing.
func voids(s facts.SPF) []step {
	var l []step
	visit(&s.Root, nil, func(t step) {
		if t.Void {
			l = append(l, t)
		}
	})
	return l
}

// ways are the ways to some terms, in words.
func ways(l []step) string {
	var words []string
	for _, t := range l {
		words = append(words, t.String())
	}
	return some(words)
}

// dead says whether a rule of its own fails because a term finds nothing.
func dead(t step) bool { return missingInclude(t) != nil || missingRedirect(t) != nil }

// glued says whether a term leads nowhere because it is two that were glued together, which spf.string-too-long says.
func glued(t step) bool {
	return (t.Void || t.Child != nil && t.Child.Status == facts.SPFNone) && seam(t)
}

// seam says whether a term of the record at the top falls apart where two of its strings meet.
func seam(t step) bool {
	return t.from == nil && parted(*t.in, func(x spf.Term) bool { return x.Offset == t.Term.Offset })[t.Term.Offset] != nil
}

// lostSeam is why it is not known whether a term that could be two leads anywhere.
func lostSeam(t step) string {
	why := lostAnswer(t)
	if why == "" || !seam(t) {
		return ""
	}
	return why
}

func spfVoidLimit(f *facts.Facts, s facts.SPF) []Violation {
	if s.Void <= maxVoid {
		return undecided(s, lostAnswer)
	}
	l := voids(s)
	v := Violation{Implied: !slices.ContainsFunc(l, func(t step) bool { return !dead(t) })}
	if len(l) > maxVoid {
		v.At = l[maxVoid].at()
	}
	status, note := bites(f, s.Domain)
	v.Status, v.Message = status, fmt.Sprintf("%s where %d are allowed: %s%s", count(s.Void, "void lookup"), maxVoid, ways(l), note)
	return []Violation{v}
}

func spfVoid(_ *facts.Facts, s facts.SPF) []Violation {
	if s.Void == 0 {
		return undecided(s, lostAnswer)
	}
	l := voids(s)
	v := Violation{Status: Warn, Implied: !slices.ContainsFunc(l, func(t step) bool { return !dead(t) && noAddress(t) == "" && !lapsed(t) && !glued(t) })}
	if len(l) > 0 {
		v.At = l[0].at()
	}
	verb := "find"
	if s.Void == 1 {
		verb = "finds"
	}
	v.Message = fmt.Sprintf("%s %s nothing; %d such terms are allowed", ways(l), verb, maxVoid)
	return []Violation{v}
}

// spfNoAddress names the terms that authorise nobody. Where they are too many spf.void-limit carries the points.
func spfNoAddress(_ *facts.Facts, s facts.SPF) []Violation {
	var l []Violation
	visit(&s.Root, nil, func(t step) {
		if what := noAddress(t); what != "" {
			l = append(l, Violation{Status: Warn, At: t.at(), Message: what, Implied: s.Void > maxVoid || lapsed(t) || glued(t)})
		}
	})
	if len(l) == 0 {
		return undecided(s, lostHost)
	}
	return bounded(l)
}

// noAddress says why an a or mx authorises nobody, "" where it may do so.
func noAddress(t step) string {
	switch name := t.Term.Name; {
	case name != "a" && name != "mx", len(t.Addresses) > 0, t.Why != "":
		return ""
	case t.Void && name == "a":
		return fmt.Sprintf("%s authorises nobody: %s has neither A nor AAAA records", t, clip(t.Target))
	case t.Void:
		return fmt.Sprintf("%s authorises nobody: %s has no MX records", t, clip(t.Target))
	case t.Hosts > 0 && t.Hosts <= maxMXHosts:
		return fmt.Sprintf("%s authorises nobody: no MX host of %s has an address", t, clip(t.Target))
	}
	return ""
}

// spfIncludeDuplicate compares the records that the walk came to. What stands in one that is included twice comes twice,
// too, and is not counted again. A record that a provider includes twice is the provider's affair.
func spfIncludeDuplicate(_ *facts.Facts, s facts.SPF) []Violation {
	again := map[*facts.SPFTerm]bool{}
	found := map[string][]step{}
	var order []string
	visit(&s.Root, nil, func(t step) {
		switch {
		case t.Child == nil || t.Target == "" || t.Child.Status == facts.SPFLoop:
			return
		case t.from != nil && again[t.from.SPFTerm]:
			again[t.SPFTerm] = true
			return
		case found[t.Target] == nil:
			order = append(order, t.Target)
		default:
			again[t.SPFTerm] = true
		}
		found[t.Target] = append(found[t.Target], t)
	})
	var l []Violation
	for _, target := range order {
		if len(found[target]) > 1 {
			l = append(l, twice(target, found[target]))
		}
	}
	if len(l) == 0 {
		return undecided(s, lostRecord)
	}
	return bounded(l)
}

// twice is the violation that several terms lead to one record. It points at the one that could go.
func twice(target string, l []step) Violation {
	v := Violation{Status: Info, At: l[1].at(), Message: fmt.Sprintf("the record of %s is asked for %d times, by %s; each time takes %s of the %d",
		clip(target), len(l), ways(l), count(spfnet.Lookups(l[1].SPFTerm), "lookup"), maxLookups)}
	for _, t := range l {
		if t.by().SPFTerm != l[0].by().SPFTerm {
			v.Status = Warn
		}
		if t.own() {
			v.At = t.at()
		}
	}
	return v
}

func spfIncludeQualifier(_ *facts.Facts, s facts.SPF) []Violation {
	results := map[string]string{"-": "fail", "~": "softfail", "?": "neutral"}
	var l []Violation
	visitOwn(s, func(t step) {
		if result := results[t.Term.Qualifier]; result != "" && t.Term.Name == "include" && t.Child != nil {
			l = append(l, Violation{Status: Warn, At: t.at(),
				Message: fmt.Sprintf("%s gives %s to the very addresses that %s lets pass", t, result, clip(t.Child.Domain))})
		}
	})
	if len(l) == 0 {
		return undecided(s, lostRedirect)
	}
	return bounded(l)
}

// maxProviders is how many other domains a record may include before somebody should look over them.
const maxProviders = 5

func spfProviders(_ *facts.Facts, s facts.SPF) []Violation {
	var l []string
	var last Place
	visitOwn(s, func(t step) {
		if t.Term.Name != "include" || t.Child == nil {
			return
		}
		name := registered(t.Child.Domain)
		if name == registered(s.Domain) || strings.Contains(name, "%") || slices.Contains(l, name) {
			return
		}
		if l = append(l, name); len(l) == maxProviders+1 {
			last = t.at()
		}
	})
	if len(l) <= maxProviders {
		return undecided(s, lostRedirect)
	}
	return []Violation{{Status: Info, At: last, Message: fmt.Sprintf("%s are included: %s", count(len(l), "other domain"), some(l))}}
}

// registered is the registered domain above a name, by the same rule of thumb as beneath.
func registered(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, beneath(name)), ".")
}

// lapsed says whether a term gives pass to whoever registers the domain that it leads to.
func lapsed(t step) bool {
	if t.Unregistered == "" {
		return false
	}
	for s := &t; s != nil; s = s.from {
		if !s.Term.Modifier && s.Term.Qualifier != "+" {
			return false
		}
	}
	return true
}

// spfTakeover fails although no mail is refused: the contract calls that a failure, too, by which an authentication is void,
// and what anybody may buy for the price of a domain tells forgers apart no more than +all does. Where the term is an
// include that ends every evaluation already, that failure carries the points.
func spfTakeover(f *facts.Facts, s facts.SPF) []Violation {
	status, _ := bites(f, s.Domain)
	var l []Violation
	visit(&s.Root, nil, func(t step) {
		if !lapsed(t) {
			return
		}
		v := Violation{Status: Fail, At: t.at(), Implied: dead(t) && status == Fail,
			Message: fmt.Sprintf("%s: %s is not registered; whoever registers it passes SPF as %s", t, clip(t.Unregistered), clip(s.Domain))}
		if !t.own() {
			v.Fix = fmt.Sprintf("Remove %s at once, or have its owner remove %s", clip(t.by().Term.Text), clip(t.Term.Text))
		}
		l = append(l, v)
	})
	if len(l) == 0 {
		return undecided(s, lostAnswer)
	}
	return bounded(l)
}

func spfAllPlus(_ *facts.Facts, s facts.SPF) []Violation {
	var l []Violation
	for i := range s.Root.Terms {
		t := step{SPFTerm: &s.Root.Terms[i], in: &s.Root}
		open, why, ok := passesAll(t)
		if !ok {
			continue
		}
		v := Violation{Status: Fail, At: open.at(), Message: fmt.Sprintf("%s%s: every address on the Internet passes", open, why)}
		switch exists := open.Term.Name == "exists"; {
		case t.Child == nil && exists:
			v.Fix = fmt.Sprintf("Remove %s, or let its name hold %%{i}, as the documentation of the service has it", clip(t.Term.Text))
		case exists:
			v.Fix = fmt.Sprintf("Remove %s, or have %s removed from the record that it leads to", clip(t.Term.Text), clip(open.Term.Text))
		case t.Child != nil:
			v.Fix = fmt.Sprintf("Remove %s, or have %s replaced by ~all in the record that it leads to", clip(t.Term.Text), clip(open.Term.Text))
		}
		l = append(l, v)
	}
	if len(l) == 0 {
		return undecided(s, func(t step) string {
			if t.Term.Name == "exists" {
				return lostAnswer(t)
			}
			return lostRecord(t)
		})
	}
	return bounded(l)
}

// passesAll finds the term that gives pass to every address, in a record or in those that it leads to: a redirect takes
// over the result of the other record (RFC 7208 6.1), an include matches where that is pass (5.2).
func passesAll(t step) (open step, why string, ok bool) {
	if !t.Term.Modifier && t.Term.Qualifier != "+" {
		return step{}, "", false
	}
	switch {
	case t.Term.Name == "all" && !t.Term.Modifier:
		if !strings.HasPrefix(t.Term.Text, "+") {
			why = ", which means +all" // the qualifier defaults to + (RFC 7208 4.6.2)
		}
		return t, why, true
	case t.Term.Name == "exists" && t.Target != "" && t.Why == "" && !t.Void:
		return t, ", whose name is the same for every sender and has an address", true // RFC 7208 5.7
	}
	if t.Child == nil {
		return step{}, "", false
	}
	for i := range t.Child.Terms {
		if open, why, ok := passesAll(step{&t.Child.Terms[i], t.Child, &t}); ok {
			return open, why, true
		}
	}
	return step{}, "", false
}

// spfAllNeutral judges the all that is in force: that of the record, or of the one that redirect= leads to.
func spfAllNeutral(_ *facts.Facts, s facts.SPF) []Violation {
	var l []Violation
	visitOwn(s, func(t step) {
		if t.Term.Name == "all" && t.Term.Qualifier == "?" {
			l = []Violation{{Status: Warn, At: t.at(), Message: fmt.Sprintf("%s: any other address gets neutral, which counts as no SPF", t)}}
		}
	})
	if len(l) == 0 {
		return undecided(s, lostRedirect)
	}
	return l
}

// spfPTR reports ptr in the record itself; in somebody else's it is theirs to change.
func spfPTR(_ *facts.Facts, s facts.SPF) []Violation {
	return yoursFirst(s, func(t step) string {
		if t.Term.Name != "ptr" {
			return ""
		}
		return fmt.Sprintf("%s asks for the reverse name of every sending address", t)
	})
}

func spfMacroP(_ *facts.Facts, s facts.SPF) []Violation {
	l := yoursFirst(s, func(t step) string {
		if !asksForName(t.Term.Spec) {
			return ""
		}
		return fmt.Sprintf("%s needs the reverse name of every sending address", t)
	})
	if t, ok := explanation(s); ok && asksForName(t.Spec) {
		l = append(l, Violation{Status: Warn, At: at(s.Root, t.Offset, t.Text),
			Message: fmt.Sprintf("%s needs the reverse name of every address that fails", clip(t.Text))})
	}
	return l
}

// yoursFirst makes violations out of what is said of terms: warnings of the record's own, and a note of what others publish.
func yoursFirst(s facts.SPF, say func(step) string) []Violation {
	var yours, theirs []Violation
	visit(&s.Root, nil, func(t step) {
		switch what := say(t); {
		case what == "":
		case t.own():
			yours = append(yours, Violation{Status: Warn, At: t.at(), Message: what})
		default:
			theirs = append(theirs, Violation{Status: Info, At: t.at(), Message: what})
		}
	})
	if len(yours)+len(theirs) == 0 {
		return undecided(s, lostRecord)
	}
	return bounded(append(yours, theirs...))
}

// asksForName says whether a domain-spec holds %{p}.
func asksForName(spec string) bool {
	for i := 0; i+2 < len(spec); i++ {
		if spec[i] != '%' {
			continue
		}
		if spec[i+1] == '{' && spec[i+2]|0x20 == 'p' {
			return true
		}
		i++ // %% is a percent sign and begins no macro
	}
	return false
}

func spfExists(_ *facts.Facts, s facts.SPF) []Violation {
	var l []Violation
	visitOwn(s, func(t step) {
		if t.Term.Name == "exists" {
			l = append(l, Violation{Status: Info, At: t.at(), Message: fmt.Sprintf("%s leaves to the servers of that name who may send", t)})
		}
	})
	if len(l) == 0 {
		return undecided(s, lostRedirect)
	}
	return bounded(l)
}
