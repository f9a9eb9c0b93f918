// Package dmarc reads DMARC policy records: the TXT record at _dmarc.<domain> that says what receivers are asked to do with
// mail that uses the domain in From and fails authentication, and where to send reports (RFC 9989 4.7 and 4.8). It looks
// nothing up.
//
// A record is a tag list whose first tag is v=DMARC1. p= is the policy for the domain itself, sp= for its subdomains that
// exist, np= for those that do not; np falls back to sp and sp to p. Unknown tags are ignored and most bad values give way to
// the default, with one exception: where p= is missing or wrong, or sp= or np= is wrong, the record counts as p=none if rua=
// has a valid address, and otherwise as no record at all (4.10.1). A tag that stands twice makes the list void (RFC 6376 3.2).
//
// The strings of the formal definition (4.8) are without case but for "DMARC1". RFC 6376 3.2, on which the record's format
// rests, has case-sensitive tag names, so P=reject is read here and reported.
package dmarc

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/record/taglist"
)

// wsp is the white space of the ABNF.
const wsp = " \t"

// IsDMARC tells whether text is a DMARC record: its first tag is v with the value DMARC1, in this case (RFC 9989 4.7).
// Nothing may stand before the v. Everything else is discarded by receivers as if it were not there (4.10).
func IsDMARC(text string) bool {
	first, _, _ := strings.Cut(text, ";")
	name, value, ok := strings.Cut(first, "=")
	return ok && strings.EqualFold(strings.TrimRight(name, wsp), "v") && strings.Trim(value, wsp) == "DMARC1"
}

// wrapping is what people leave in front of a record when they paste it: white space, quotes, a byte order mark.
const wrapping = " \t\r\n\"'`\\(“”„‘’«»\u00a0\u200b\ufeff"

var almostVersion = regexp.MustCompile(`(?i)^(v[ \t]*[=:;,.-]?[ \t]*["'“”‘’]?dmarc|dmarc1)`)

// LooksLike tells whether text was meant to be a DMARC record and is none.
func LooksLike(text string) bool {
	if IsDMARC(text) {
		return false
	}
	if almostVersion.MatchString(strings.TrimLeft(text, wrapping)) {
		return true
	}
	tags, _ := taglist.Parse(text)
	asks := false
	for _, t := range tags {
		switch strings.ToLower(t.Name) {
		case "v":
			return strings.HasPrefix(strings.ToLower(t.Value), "dmarc")
		case "p":
			asks = asks || policy(t.Value) != ""
		}
	}
	return asks
}

// policy returns a dmarc-request in lower case, "" where value is none.
func policy(value string) string { return oneOf(value, "none", "quarantine", "reject") }

// oneOf returns value in lower case where it is one of the allowed ones, else "".
func oneOf(value string, allowed ...string) string {
	if value = strings.ToLower(value); slices.Contains(allowed, value) {
		return value
	}
	return ""
}

// Parse reads a record. Where a tag stands twice the first one is read. Text that is no DMARC record is void and read as far
// as it goes, so that one with nothing but a wrong version can be repaired.
func Parse(text string) Record {
	tags, faults := taglist.Parse(text)
	r := Record{Text: text, Tags: tags, ADKIM: "r", ASPF: "r", PSD: "u"}
	p := parser{record: &r, seen: map[string]bool{}}
	for _, f := range faults {
		if !f.Duplicate { // parser.tag tells those, without regard to case
			p.fault(Syntax, taglist.Tag{Name: f.Tag, Offset: f.Offset}, "%s", f.Message)
		}
	}
	if !IsDMARC(text) {
		p.version()
	}
	for _, t := range tags {
		p.tag(t)
		p.swallowed(t)
	}
	p.conclude()
	slices.SortStableFunc(r.Problems, func(a, b Problem) int { return cmp.Compare(a.Offset, b.Offset) })
	return r
}

// parser fills in a record tag by tag.
type parser struct {
	record    *Record
	seen      map[string]bool // names, lower case
	subFault  bool            // sp= or np= is invalid
	reachable bool            // rua= has a URI that is valid, whatever its scheme
}

func (p *parser) fault(kind Kind, t taglist.Tag, format string, args ...any) {
	p.record.Problems = append(p.record.Problems, Problem{
		Kind: kind, Tag: t.Name, Offset: t.Offset, Message: fmt.Sprintf(format, args...),
	})
}

// version says what is wrong with the version of a text that is no DMARC record.
func (p *parser) version() {
	p.record.Void = true
	i := slices.IndexFunc(p.record.Tags, func(t taglist.Tag) bool { return strings.EqualFold(t.Name, "v") })
	if i < 0 {
		p.fault(Version, taglist.Tag{Name: "v"}, "the record does not begin with v=DMARC1")
		return
	}
	switch t := p.record.Tags[i]; {
	case t.Value == "DMARC1":
		p.fault(Version, t, "v=DMARC1 is not the first thing in the record")
	case strings.EqualFold(t.Value, "DMARC1"):
		p.fault(Version, t, "v= is %q, not \"DMARC1\": the case counts", t.Value)
	default:
		p.fault(Version, t, "v= is %+.40q, not \"DMARC1\"", t.Value)
	}
}

// tag reads one tag (RFC 9989 4.7).
func (p *parser) tag(t taglist.Tag) {
	r, name := p.record, strings.ToLower(t.Name)
	if p.seen[name] {
		r.Void = true
		p.fault(DuplicateTag, t, "%s= stands more than once, which makes the whole record void (RFC 6376 3.2)", name)
		return
	}
	p.seen[name] = true
	known := true
	switch name {
	case "v": // IsDMARC and version deal with it
	case "p":
		if r.Policy = policy(t.Value); r.Policy == "" {
			p.fault(PolicyInvalid, t, "p=%+.40q is none of none, quarantine, reject", t.Value)
		}
	case "sp":
		r.SP = p.subPolicy(t, name)
	case "np":
		r.NP = p.subPolicy(t, name)
	case "adkim":
		r.ADKIM = p.choice(t, name, "r", "s")
	case "aspf":
		r.ASPF = p.choice(t, name, "r", "s")
	case "psd":
		r.PSD = p.choice(t, name, "u", "y", "n")
	case "t":
		r.Testing = p.choice(t, name, "n", "y") == "y"
	case "fo":
		if !validFO(t.Value) {
			p.fault(ValueInvalid, t, "fo=%+.40q: it takes 0 or 1, d and s, each at most once, with colons between them", t.Value)
		}
	case "rua":
		var valid bool
		r.RUA, valid = p.uris(t, RUAInvalid)
		p.reachable = valid
	case "ruf":
		r.RUF, _ = p.uris(t, RUFInvalid)
	case "pct":
		p.fault(Obsolete, t, "pct= was removed by RFC 9989; older receivers still apply the policy to that percentage only")
		if n, err := strconv.Atoi(t.Value); err == nil && n >= 0 && n <= 100 {
			r.Percent = &n
		} else {
			p.fault(ValueInvalid, t, "pct=%+.40q is no number of 0 to 100", t.Value)
		}
	case "rf", "ri":
		p.fault(Obsolete, t, "%s= was removed by RFC 9989 and is ignored", name)
	default:
		known = false
		p.fault(UnknownTag, t, "%+.40q is no tag of DMARC and is ignored", t.Name)
	}
	if known && name != t.Name {
		p.fault(UnknownTag, t, "%q is not in lower case: receivers that read tag names as RFC 6376 3.2 does ignore it", t.Name)
	}
}

// lostTag finds a tag of DMARC where a value goes on behind white space or a comma.
var lostTag = regexp.MustCompile(`(?i)[ \t,]((p|sp|np|adkim|aspf|fo|rua|ruf|psd|t|pct|rf|ri)[ \t]*=)`)

// swallowed finds the tags that a value took in because no semicolon stands before them.
func (p *parser) swallowed(t taglist.Tag) {
	start := p.valueOffset(t)
	for _, m := range lostTag.FindAllStringSubmatchIndex(t.Value, -1) {
		name := t.Value[m[4]:m[5]]
		p.fault(Separator, taglist.Tag{Name: name, Offset: start + m[4]}, "no semicolon stands before %s=, which is read as a part of %s=", name, t.Name)
	}
}

// valueOffset is where the value of a tag begins in the record.
func (p *parser) valueOffset(t taglist.Tag) int {
	text := p.record.Text
	offset := t.Offset + strings.IndexByte(text[t.Offset:], '=') + 1
	return offset + strings.Index(text[offset:], t.Value) // behind white space
}

func (p *parser) subPolicy(t taglist.Tag, name string) string {
	value := policy(t.Value)
	if value == "" {
		p.subFault = true
		p.fault(SubInvalid, t, "%s=%+.40q is none of none, quarantine, reject, which makes the whole policy void (RFC 9989 4.10.1)", name, t.Value)
	}
	return value
}

// choice reads a value that is one of the default and others; anything else is discarded in favour of the default (4.8).
func (p *parser) choice(t taglist.Tag, name, def string, others ...string) string {
	allowed := append([]string{def}, others...)
	if value := oneOf(t.Value, allowed...); value != "" {
		return value
	}
	p.fault(ValueInvalid, t, "%s=%+.40q is none of %s: the default %s applies", name, t.Value, strings.Join(allowed, ", "), def)
	return def
}

// validFO checks dmarc-fo: 0 or 1, d and s, each at most once.
func validFO(value string) bool {
	seen := map[string]bool{}
	for option := range strings.SplitSeq(strings.ToLower(value), ":") {
		if oneOf(option, "0", "1", "d", "s") == "" || seen[option] {
			return false
		}
		seen[option] = true
	}
	return !seen["0"] || !seen["1"]
}

// conclude applies RFC 9989 4.10.1 to a record without a usable policy.
func (p *parser) conclude() {
	r := p.record
	if r.Policy != "" && !p.subFault {
		return
	}
	consequence := "and without a valid address in rua= there is no DMARC record at all"
	if p.reachable {
		consequence = "so receivers act as if it were p=none"
	} else {
		r.Void = true
	}
	if !p.seen["p"] {
		p.fault(PolicyMissing, taglist.Tag{Name: "p"}, "there is no p= tag, %s (RFC 9989 4.10.1)", consequence)
	}
}

// Scope says how an author domain stands to the domain that the record was found at.
type Scope int

// The scopes of a policy (RFC 9989 4.10.1).
const (
	Own         Scope = iota // the author domain is the record's domain
	Subdomain                // it is a subdomain that exists
	NonExistent              // it is a subdomain that does not exist (3.2.13)
)

// PolicyFor returns the policy that the record asks for: p; for a subdomain sp and then p; for one that does not exist np,
// sp and p. It is none where 4.10.1 treats the record as p=none, and "" where the record is void.
func (r Record) PolicyFor(s Scope) string {
	invalid := slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Kind == SubInvalid })
	switch {
	case r.Void:
		return ""
	case r.Policy == "" || invalid:
		return "none"
	case s == NonExistent:
		return cmp.Or(r.NP, r.SP, r.Policy)
	case s == Subdomain:
		return cmp.Or(r.SP, r.Policy)
	}
	return r.Policy
}

// Enforced returns what a receiver does where the record asks for policy: with t=y one level less (RFC 9989 4.7).
func (r Record) Enforced(policy string) string {
	switch {
	case r.Testing && policy == "reject":
		return "quarantine"
	case r.Testing && policy == "quarantine":
		return "none"
	}
	return policy
}

// Effective returns the policy that a receiver applies to mail from the record's own domain, "" where the record is void.
func (r Record) Effective() string { return r.Enforced(r.PolicyFor(Own)) }
