package checks

import (
	"cmp"
	"slices"
	"strings"

	"mailaudit/internal/facts"
)

// Alignment is whether the mail of one stream passes DMARC: an authenticated identifier passes and is aligned with the
// author domain, and one of the two suffices (RFC 9989 4.4). What is not known is "unknown", never "fail".
type Alignment struct {
	Stream string
	SPF    Identity // MAIL FROM
	DKIM   Identity // d=
	DMARC  string   // pass, fail, unknown
	Single string   // spf or dkim, where DMARC passes by it alone; else ""
	Note   string   // what breaks it
}

// Identity is one identifier of a stream beside the author domain. Each judgement is pass, fail or unknown.
type Identity struct {
	Domain  string
	Passes  string // SPF or DKIM itself does
	Strict  string // it is the author domain
	Relaxed string // it has the organizational domain of the author domain
	Mode    string // strict or relaxed, as aspf= or adkim= of the record in force asks; "" where the record is not known
	Aligned string // in that mode
	Result  string // it passes and is aligned
}

// Alignments is the truth table of all streams.
func Alignments(f *facts.Facts) []Alignment {
	l := []Alignment{}
	spfMode, dkimMode := modes(f)
	for _, s := range f.Streams {
		_, mailFrom, _ := strings.Cut(s.MailFrom, "@")
		a := Alignment{Stream: s.Name, SPF: identity(f, mailFrom, spfMode, spfPasses(f, s.Name)), DKIM: signer(f, s, dkimMode)}
		a.DMARC = or(a.SPF.Result, a.DKIM.Result)
		switch {
		case a.SPF.Result == "pass" && a.DKIM.Result == "fail":
			a.Single, a.Note = "spf", "rests on SPF alone: forwarded mail fails, because it comes from an address that the SPF record does not name (RFC 9989 7.4)"
		case a.SPF.Result == "fail" && a.DKIM.Result == "pass":
			a.Single, a.Note = "dkim", "rests on DKIM alone: mail that is changed on its way, as by a mailing list, fails (RFC 9989 7.4)"
		}
		l = append(l, a)
	}
	return l
}

// signer is the identity that signs a stream: of its sample message the signature that helps most, else that of its selectors.
func signer(f *facts.Facts, s facts.Stream, mode string) Identity {
	signatures, sampled := signaturesOf(f, s.Name)
	if !sampled {
		return identity(f, s.DKIMDomain, mode, dkimPasses(f, s))
	}
	best := identity(f, s.DKIMDomain, mode, "fail")
	for _, x := range signatures {
		i := identity(f, cmp.Or(x.Domain, s.DKIMDomain), mode, verified(x))
		if unseen(x) {
			i.Strict, i.Relaxed, i.Aligned, i.Result = "unknown", "unknown", "unknown", "unknown"
		}
		if i.worth() > best.worth() {
			best = i
		}
	}
	return best
}

// worth orders the signatures of one message: by what they do for DMARC, then by being aligned, then by passing.
func (i Identity) worth() int {
	n := 0
	for _, word := range []string{i.Result, i.Aligned, i.Passes} {
		n = 3*n + max(0, slices.Index([]string{"fail", "unknown", "pass"}, word))
	}
	return n
}

// signaturesOf are those of a stream's sample message, and whether there is one. Of those that were not looked at nothing is known:
// one that names no domain stands for them.
func signaturesOf(f *facts.Facts, stream string) (l []facts.Signature, sampled bool) {
	for _, m := range f.Messages {
		if m.Stream == stream {
			l, sampled = append(l, m.Signatures...), true
			if m.Unread > 0 {
				l = append(l, facts.Signature{Result: facts.SignatureTempError, Why: count(m.Unread, "signature") + " more not looked at"})
			}
		}
	}
	return l, sampled
}

// unseen says that a signature stands for those that were not looked at.
func unseen(s facts.Signature) bool { return s.Domain == "" && s.Result == facts.SignatureTempError }

// verified says whether a signature passes. What was not verified for a reason of ours is not known.
func verified(s facts.Signature) string {
	switch s.Result {
	case facts.SignaturePass:
		return "pass"
	case facts.SignatureTempError, facts.SignaturePolicy:
		return "unknown"
	}
	return "fail"
}

// modes are how closely identifiers must agree, by the record in force; a void one asks for nothing.
func modes(f *facts.Facts) (spf, dkim string) {
	if !f.DMARC.Known() {
		return "", ""
	}
	spf, dkim = "relaxed", "relaxed"
	if d := f.DMARC.Value; d.Status == facts.DMARCFound && d.Record != nil {
		if d.Record.ASPF == "s" {
			spf = "strict"
		}
		if d.Record.ADKIM == "s" {
			dkim = "strict"
		}
	}
	return spf, dkim
}

func identity(f *facts.Facts, domain, mode, passes string) Identity {
	i := Identity{Domain: domain, Mode: mode, Passes: passes, Strict: "fail", Relaxed: sameOrg(f, domain)}
	if domain == f.Domain {
		i.Strict = "pass"
	}
	switch {
	case i.Strict == "pass" || mode == "relaxed":
		i.Aligned = i.Relaxed
	case mode == "strict" || i.Relaxed == "fail":
		i.Aligned = "fail"
	default:
		i.Aligned = "unknown"
	}
	i.Result = and(i.Passes, i.Aligned)
	return i
}

// sameOrg says whether a domain and the author domain have one organizational domain (RFC 9989 4.10.2).
func sameOrg(f *facts.Facts, domain string) string {
	own, other := orgOf(f, f.Domain), orgOf(f, domain)
	switch {
	case domain == f.Domain:
		return "pass"
	case own == "" || other == "":
		return "unknown"
	case own == other:
		return "pass"
	}
	return "fail"
}

// orgOf is the organizational domain of an identity, "" where it is not known.
func orgOf(f *facts.Facts, domain string) string {
	for _, o := range f.Orgs {
		if o.Domain == domain {
			return o.Org.Value
		}
	}
	return ""
}

// spfPasses is the worst result of a stream's sources.
func spfPasses(f *facts.Facts, stream string) string {
	passes, lost := false, false
	for _, r := range f.Results {
		switch {
		case r.Stream != stream || r.Identity != "mailfrom":
		case r.Result == "pass":
			passes = true
		case r.Result == "temperror":
			lost = true
		default:
			return "fail"
		}
	}
	if passes && !lost {
		return "pass"
	}
	return "unknown"
}

// dkimPasses says whether a key of the stream can verify a signature; without a named selector that is not known.
func dkimPasses(f *facts.Facts, s facts.Stream) string {
	missing, lost := false, false
	for _, d := range f.DKIM {
		if d.Domain != s.DKIMDomain {
			continue
		}
		if d.Subtree.Known() && d.Subtree.Value == facts.SubtreeAbsent {
			return "fail"
		}
		for _, k := range d.Keys {
			switch {
			case !slices.Contains(s.Selectors, k.Selector):
			case k.Status == facts.KeyValid:
				return "pass"
			case k.Status == facts.KeyUnknown:
				lost = true
			default:
				missing = true
			}
		}
	}
	if missing && !lost {
		return "fail"
	}
	return "unknown"
}

func and(a, b string) string {
	switch {
	case a == "fail" || b == "fail":
		return "fail"
	case a == "pass" && b == "pass":
		return "pass"
	}
	return "unknown"
}

func or(a, b string) string {
	switch {
	case a == "pass" || b == "pass":
		return "pass"
	case a == "fail" && b == "fail":
		return "fail"
	}
	return "unknown"
}
