// Package spf reads SPF records: the grammar of RFC 7208 (collected in its section 12), every problem in a record and not
// only the first, and the expansion of macros (section 7). It looks nothing up.
//
// A record is the version "v=spf1" and terms separated by spaces. A directive such as "-ip4:192.0.2.0/24" is a mechanism
// with a qualifier: what the sender gets when the mechanism matches ("+" pass, "-" fail, "~" softfail, "?" neutral; "+"
// where it is left out). Directives are tried from left to right until one matches. A modifier, "name=value", adds to the
// record as a whole: redirect= names the record to go on with when nothing matched, exp= the explanation of a fail.
//
// A syntax error anywhere in a record, even after a term that would have matched, is a permerror (4.6). That is why Parse
// checks each term exactly by the grammar. What the grammar allows and the DNS does not, such as an empty label, is no
// problem here: RFC 7208 4.8 leaves its result open.
package spf

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const version = "v=spf1"

// IsSPF tells whether txt is an SPF record: it begins with "v=spf1", in upper or lower case, and then a space or nothing
// follows (RFC 7208 4.5). Everything else is discarded by verifiers as if it were not there.
func IsSPF(txt string) bool {
	return len(txt) >= len(version) && strings.EqualFold(txt[:len(version)], version) &&
		(len(txt) == len(version) || txt[len(version)] == ' ')
}

// wrapping is what people leave in front of a record when they paste it: white space, quotes, a byte order mark.
const wrapping = " \t\r\n\"'`\\(“”„‘’«»\u00a0\u200b\ufeff"

var (
	almostVersion = regexp.MustCompile(`(?i)^(v[ \t]*[=:;,.-]?[ \t]*spf[^ \t]*|spf1)`)
	senderID      = regexp.MustCompile(`(?i)^spf2\.0/`) // RFC 4406: another thing, and historic
)

// LooksLike tells whether txt was meant to be an SPF record and is none, and why. Sender ID records (spf2.0/) are not meant.
func LooksLike(txt string) (why string, ok bool) {
	core := strings.TrimLeft(txt, wrapping)
	if IsSPF(txt) || senderID.MatchString(core) {
		return "", false
	}
	first := almostVersion.FindString(core)
	if first == "" {
		return "", false
	}
	if len(first) >= len(version) && strings.EqualFold(first[:len(version)], version) {
		if before := txt[:len(txt)-len(core)]; before != "" {
			return fmt.Sprintf("%+.20q stands before v=spf1", before), true
		}
		return fmt.Sprintf("%+.20q follows v=spf1 where a space belongs", core[len(version):]), true
	}
	if strings.EqualFold(first, "spf1") {
		if after := core[len(first):]; after != "" && !strings.ContainsAny(after[:1], " \t:;,=") {
			return "", false // a name of its own, such as spf1-verification=
		}
	}
	return fmt.Sprintf("it begins with %+.20q instead of v=spf1", first), true
}

// Parse reads a record. Text that is no SPF record has no terms and one problem.
func Parse(txt string) Record {
	r := Record{Text: txt, Terms: []Term{}}
	if !IsSPF(txt) {
		r.Problems = []Problem{{Kind: Syntax, Message: "the text does not begin with v=spf1 and a space (RFC 7208 4.5)"}}
		return r
	}
	seen := map[string]bool{}
	for offset := len(version); offset < len(txt); {
		text, _, _ := strings.Cut(txt[offset:], " ")
		if text != "" {
			p := parser{term: Term{Text: text, Offset: offset}}
			p.parse()
			t := &p.term
			if t.Modifier && (t.Name == "redirect" || t.Name == "exp") {
				if seen[t.Name] {
					p.fault(Duplicate, "%s= stands more than once (RFC 7208 6)", t.Name)
				}
				seen[t.Name] = true
			}
			r.Terms = append(r.Terms, *t)
			r.Problems = append(r.Problems, p.problems...)
		}
		offset += len(text) + 1
	}
	return r
}

// String is the record's text with single spaces; the terms stay as published.
func (r Record) String() string {
	var b strings.Builder
	b.WriteString(version)
	for _, t := range r.Terms {
		b.WriteByte(' ')
		b.WriteString(t.Text)
	}
	return b.String()
}

// All returns the first all mechanism.
func (r Record) All() (Term, bool) {
	return r.find(func(t Term) bool { return t.Name == "all" && !t.Modifier })
}

// Redirect returns the redirect modifier that takes effect: none where an all mechanism stands anywhere (RFC 7208 6.1).
func (r Record) Redirect() (Term, bool) {
	if _, ok := r.All(); ok {
		return Term{}, false
	}
	return r.find(func(t Term) bool { return t.Name == "redirect" && t.Modifier })
}

// Effective returns the directives that an evaluation can reach: those up to and including the first all (RFC 7208 5.1).
func (r Record) Effective() []Term {
	var l []Term
	for _, t := range r.Terms {
		if t.Modifier || t.Bad {
			continue
		}
		l = append(l, t)
		if t.Name == "all" {
			break
		}
	}
	return l
}

// find returns the first term that is well formed and wanted.
func (r Record) find(want func(Term) bool) (Term, bool) {
	i := slices.IndexFunc(r.Terms, func(t Term) bool { return !t.Bad && want(t) })
	if i < 0 {
		return Term{}, false
	}
	return r.Terms[i], true
}

// NeedsLookup tells whether the term counts towards the limit of 10 terms that cause DNS queries (RFC 7208 4.6.4).
// The exp modifier does not: it is looked up after the result is known.
func (t Term) NeedsLookup() bool {
	if t.Modifier {
		return t.Name == "redirect"
	}
	switch t.Name {
	case "include", "a", "mx", "ptr", "exists":
		return true
	}
	return false
}
