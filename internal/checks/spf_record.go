package checks

import (
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/spf"
)

// What one record says by itself, whatever it leads to.

// The sizes up to which an answer needs neither EDNS nor TCP (RFC 7208 3.4), in octets.
const (
	maxText = 450
	maxUDP  = 512
)

// record is a node's parsed record; the empty one where there is none.
func record(n facts.SPFNode) spf.Record {
	if n.Record == nil {
		return spf.Record{}
	}
	return *n.Record
}

// at is the place of a text in a node's record.
func at(n facts.SPFNode, offset int, text string) Place {
	return Place{Name: n.Domain, Record: record(n).Text, Offset: offset, Length: len(text)}
}

func spfMissing(f *facts.Facts, s facts.SPF) []Violation {
	if s.Root.Status != facts.SPFNone {
		return nil
	}
	v := Violation{Status: Fail, Message: "no TXT record begins with v=spf1"}
	switch {
	case len(s.MailFrom) == 0:
		// SPF is about MAIL FROM and HELO (RFC 7208 2.3, 2.4); a From domain that is neither needs none.
		v.Status, v.Message = Info, "no SPF record, and none is needed to send: this domain stands in no MAIL FROM"
		v.Fix = "Leave it so, or publish v=spf1 -all if this domain is never to stand in MAIL FROM"
	case sendsNothing(f):
		v.Status, v.Message = Warn, "no SPF record says that this domain sends nothing"
		v.Fix = "Publish the TXT record v=spf1 -all" // RFC 7208 10.1.2
	case !s.Exists:
		v.Message = clip(s.Domain) + " does not exist (NXDOMAIN), and so has no SPF record" // RFC 7208 4.3
	case strings.HasSuffix(s.Domain, "."+f.Domain):
		v.Message += fmt.Sprintf(" at %s; SPF of %s does not hold for its subdomains", clip(s.Domain), f.Domain) // RFC 7208 3
	}
	return []Violation{v}
}

func spfMultiple(_ *facts.Facts, s facts.SPF) []Violation {
	if s.Root.Status != facts.SPFMultiple {
		return nil
	}
	var l []string
	for _, text := range s.Root.Texts {
		l = append(l, fmt.Sprintf("%q", clip(text)))
	}
	return one(Fail, fmt.Sprintf("%s where 1 is allowed: %s", count(len(l), "SPF record"), some(l)))
}

func spfVersion(_ *facts.Facts, s facts.SPF) []Violation {
	status := Fail
	if s.Root.Status != facts.SPFNone {
		status = Info // receivers discard it, and find another
	}
	var l []Violation
	for _, text := range s.Near {
		why, _ := spf.LooksLike(text)
		l = append(l, Violation{Status: status, Message: fmt.Sprintf("receivers do not take %q for SPF: %s", clip(text), why),
			At: Place{Name: s.Domain, Record: text, Length: firstWord(text)}})
	}
	return bounded(l)
}

// firstWord is how far the first word of a text reaches, with what stands before it.
func firstWord(text string) int {
	start := strings.IndexFunc(text, func(c rune) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' })
	if start < 0 {
		return len(text)
	}
	if n := strings.IndexAny(text[start:], " \t"); n >= 0 {
		return start + n
	}
	return len(text)
}

// spfType99 are the names at which it is known whether a record of the retired type stands. Firewalls drop questions for
// types that they have never heard of, and no receiver asks them: an answer that is lost is nobody's trouble.
func spfType99(f *facts.Facts) []subject[facts.SPF] {
	var l []subject[facts.SPF]
	for _, s := range f.SPF {
		if s.Exists && s.Type99.Known() {
			l = append(l, subject[facts.SPF]{name: s.Domain, of: facts.Know(s)})
		}
	}
	return l
}

func spfRetiredType(_ *facts.Facts, s facts.SPF) []Violation {
	if !s.Type99.Value {
		return nil
	}
	return one(Warn, "a record of the retired type SPF (99) stands here, which receivers do not look at")
}

func spfSenderID(_ *facts.Facts, s facts.SPF) []Violation {
	var l []Violation
	for _, text := range s.SenderID {
		l = append(l, Violation{Status: Info, At: Place{Name: s.Domain, Record: text, Length: firstWord(text)},
			Message: fmt.Sprintf("%q is a record of Sender ID, which nobody uses any more", clip(text))})
	}
	return bounded(l)
}

// spfRecordSize goes by the two numbers of RFC 7208 3.4: where the text has fewer than 450 octets the answer ought to fit
// into 512, and all TXT records at the name are in that answer.
func spfRecordSize(_ *facts.Facts, s facts.SPF) []Violation {
	text := record(s.Root).Text
	switch {
	case len(text) > maxText:
		return []Violation{{Status: Info, At: at(s.Root, maxText, text[maxText:]),
			Message: fmt.Sprintf("the record has %d octets; with up to %d the answer fits into %d", len(text), maxText, maxUDP)}}
	case s.Octets > maxUDP:
		return one(Info, fmt.Sprintf("all TXT records here have %d octets together, and an answer that needs neither EDNS nor TCP has room for %d", s.Octets, maxUDP))
	}
	return nil
}

// spfExplained are the records with an exp= whose name is the same for every message.
func spfExplained(f *facts.Facts) []subject[facts.SPF] {
	var l []subject[facts.SPF]
	for _, s := range f.SPF {
		if s.Root.Status == facts.SPFFound {
			l = append(l, subject[facts.SPF]{name: s.Domain, of: facts.Fact[facts.SPF]{State: s.Exp.State, Why: s.Exp.Why, Value: s}})
		}
	}
	return l
}

// spfExp finds what makes a receiver go on "as if no exp modifier was given" (RFC 7208 6.2).
func spfExp(_ *facts.Facts, s facts.SPF) []Violation {
	e := s.Exp.Value
	var what string
	switch {
	case len(e.Texts) == 0:
		what = "there is no TXT record"
	case len(e.Texts) > 1:
		what = fmt.Sprintf("there are %d TXT records where 1 is allowed", len(e.Texts))
	case strings.ContainsFunc(e.Texts[0], func(c rune) bool { return c > 0x7F }):
		what = "the text is not ASCII"
	default:
		return nil
	}
	v := Violation{Status: Info, Message: fmt.Sprintf("exp= leads to %s, and %s: receivers explain nothing", clip(e.Target), what)}
	if t, ok := explanation(s); ok {
		v.At = at(s.Root, t.Offset, t.Text)
	}
	return []Violation{v}
}

// explanation is the exp= of a record.
func explanation(s facts.SPF) (spf.Term, bool) {
	rec := record(s.Root)
	i := slices.IndexFunc(rec.Terms, func(t spf.Term) bool { return t.Modifier && t.Name == "exp" && !t.Bad })
	if i < 0 {
		return spf.Term{}, false
	}
	return rec.Terms[i], true
}

// place says what is wrong with a term and where it stands, counted from 1.
func place(p spf.Problem) string {
	return fmt.Sprintf("%s at octet %d: %s", clip(p.Term), p.Offset+1, p.Message)
}

// syntaxErrors are the problems of a record that a rule reports. One that comes from a seam is that of another rule.
func syntaxErrors(s facts.SPF, mine func(spf.Problem) bool) []Violation {
	glued := seams(s.Root)
	var l []Violation
	for _, p := range record(s.Root).Problems {
		if mine(p) {
			l = append(l, Violation{Status: Fail, Message: place(p), Implied: glued[p.Offset] != nil, At: at(s.Root, p.Offset, p.Term)})
		}
	}
	return bounded(l)
}

// spfProblems is the rule over one kind of problem.
func spfProblems(k spf.Kind) func(*facts.Facts, facts.SPF) []Violation {
	return func(_ *facts.Facts, s facts.SPF) []Violation {
		return syntaxErrors(s, func(p spf.Problem) bool { return p.Kind == k })
	}
}

func spfSyntax(_ *facts.Facts, s facts.SPF) []Violation {
	return syntaxErrors(s, func(p spf.Problem) bool {
		return p.Kind == spf.Syntax || p.Kind == spf.Duplicate && !secondRedirect(p) // a second exp=
	})
}

func spfRedirectMultiple(_ *facts.Facts, s facts.SPF) []Violation {
	return syntaxErrors(s, secondRedirect)
}

func secondRedirect(p spf.Problem) bool {
	name, _, _ := strings.Cut(strings.TrimLeft(p.Term, "+-~?"), "=")
	return p.Kind == spf.Duplicate && strings.EqualFold(name, "redirect")
}

func spfGlued(f *facts.Facts, s facts.SPF) []Violation {
	glued := seams(s.Root)
	var l []Violation
	for _, t := range record(s.Root).Terms { // in order
		parts := glued[t.Offset]
		if parts == nil {
			continue
		}
		for i := range parts {
			parts[i] = clip(parts[i])
		}
		status, note := Fail, ""
		switch {
		case t.Bad:
		case t.Name == "include" || t.Name == "redirect":
			status, note = bites(f, s.Domain)
			note = ", which leads nowhere" + note
		default:
			status, note = Warn, ", which finds nothing"
		}
		l = append(l, Violation{Status: status, At: at(s.Root, t.Offset, t.Text),
			Message: fmt.Sprintf("no space between %s where two strings of the TXT record meet: they make the one term %s%s", strings.Join(parts, " and "), clip(t.Text), note),
			Fix:     fmt.Sprintf("Put a space after %s, at the end of its string", strings.Join(parts[:len(parts)-1], " and after "))})
	}
	if len(l) == 0 {
		return undecided(s, lostSeam)
	}
	return bounded(l)
}

// seams finds the terms that are malformed, or lead nowhere, and fall apart into good ones where two character-strings of the
// record meet: the strings are joined "without adding spaces" (RFC 7208 3.3). include:a.example and -all make a name that may be one.
// The keys are the terms' offsets.
func seams(n facts.SPFNode) map[int][]string {
	dead := map[int]bool{}
	for _, t := range n.Terms {
		dead[t.Term.Offset] = t.Void || t.Child != nil && t.Child.Status == facts.SPFNone
	}
	return parted(n, func(t spf.Term) bool { return t.Bad || dead[t.Offset] })
}

// parted are the suspected terms that fall apart so.
func parted(n facts.SPFNode, suspect func(spf.Term) bool) map[int][]string {
	var cuts []int
	for i, at := 0, 0; i < len(n.Seams)-1; i++ {
		at += len(n.Seams[i])
		cuts = append(cuts, at)
	}
	glued := map[int][]string{}
	for _, t := range record(n).Terms {
		from, _ := slices.BinarySearch(cuts, t.Offset+1)
		to, _ := slices.BinarySearch(cuts, t.Offset+len(t.Text))
		// A term runs over many strings only in a record made to cost time.
		if to <= from || to-from > 8 || !suspect(t) {
			continue
		}
		inner := slices.Clone(cuts[from:to])
		for i := range inner {
			inner[i] -= t.Offset
		}
		if parts := fallApart(t.Text, inner); parts != nil {
			glued[t.Offset] = parts
		}
	}
	return glued
}

// fallApart cuts a text at some of the places given so that every part is a term by itself; nil where none does that.
func fallApart(text string, cuts []int) []string {
	for i, at := range cuts {
		if !isTerm(text[:at]) {
			continue
		}
		if isTerm(text[at:]) {
			return []string{text[:at], text[at:]}
		}
		rest := slices.Clone(cuts[i+1:])
		for j := range rest {
			rest[j] -= at
		}
		if parts := fallApart(text[at:], rest); parts != nil {
			return append([]string{text[:at]}, parts...)
		}
	}
	return nil
}

// isTerm says whether a text without spaces is one term without a problem.
func isTerm(text string) bool {
	r := spf.Parse("v=spf1 " + text)
	return len(r.Terms) == 1 && len(r.Problems) == 0
}

func spfRedirectWithAll(_ *facts.Facts, s facts.SPF) []Violation {
	rec := record(s.Root)
	all, ok := rec.All()
	i := slices.IndexFunc(rec.Terms, func(t spf.Term) bool { return t.Modifier && t.Name == "redirect" && !t.Bad })
	if !ok || i < 0 {
		return nil
	}
	t := rec.Terms[i]
	return []Violation{{Status: Warn, At: at(s.Root, t.Offset, t.Text), Message: fmt.Sprintf("%s is ignored beside %s", clip(t.Text), all.Text)}}
}

func spfAllMissing(_ *facts.Facts, s facts.SPF) []Violation {
	rec := record(s.Root)
	_, all := rec.All()
	_, redirect := rec.Redirect()
	if all || redirect {
		return nil
	}
	// A malformed term that was meant to be one of them is reported as such, and one that took it in at a seam.
	glued := seams(s.Root)
	meant := slices.ContainsFunc(rec.Terms, func(t spf.Term) bool {
		text := strings.ToLower(t.Text)
		return (t.Bad || glued[t.Offset] != nil) && (strings.Contains(text, "redirect") || strings.Contains(text, "all"))
	})
	v := Violation{Status: Warn, Implied: meant, Message: "neither all nor redirect= at the end: any other address gets neutral"}
	if n := len(rec.Terms); n > 0 {
		v.At = at(s.Root, rec.Terms[n-1].Offset, rec.Terms[n-1].Text) // it belongs behind this one
	}
	return []Violation{v}
}

func spfAllNotLast(_ *facts.Facts, s facts.SPF) []Violation {
	rec := record(s.Root)
	all, ok := rec.All()
	if !ok {
		return nil
	}
	var after []string
	var first Place
	for _, t := range rec.Terms {
		// Modifiers may stand anywhere (RFC 7208 6); malformed terms are reported as such.
		if t.Offset > all.Offset && !t.Modifier && !t.Bad {
			after = append(after, clip(t.Text))
			if len(after) == 1 {
				first = at(s.Root, t.Offset, t.Text)
			}
		}
	}
	if len(after) == 0 {
		return nil
	}
	return []Violation{{Status: Warn, At: first, Message: fmt.Sprintf("ignored after %s: %s", all.Text, some(after))}}
}
