// Package bimi reads BIMI assertion records: the TXT record at default._bimi.<domain> that says where the logo is which mail
// programs may show beside the domain's mail. It looks nothing up. BIMI is no RFC yet: the sections here are those of
// draft-brand-indicators-for-message-identification-14.
//
// A record is a tag list (RFC 6376 3.2) whose first tag is v=BIMI1. l= is the place of the logo, an SVG image, and a= that of
// a mark certificate, in which an authority vouches for it; both are https URIs. With both empty the domain declines to have
// any logo shown (4.3.1), which is not the same as publishing nothing: a record above would apply then. Receivers must not
// mend mistakes of syntax or of case, and must ignore tags that they do not know (4.3).
package bimi

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"

	"mailaudit/internal/record/taglist"
)

// IsBIMI tells whether text is an assertion record: its first tag is v with exactly the value BIMI1 (4.3). Receivers discard
// everything else as if it were not there (7.2).
func IsBIMI(text string) bool {
	first, _, _ := strings.Cut(text, ";")
	name, value, ok := strings.Cut(first, "=")
	const wsp = " \t"
	return ok && strings.TrimRight(name, wsp) == "v" && strings.Trim(value, wsp) == "BIMI1"
}

// Parse reads a record. Where a tag stands twice the first one is read.
func Parse(text string) Record {
	tags, faults := taglist.Parse(text)
	r := Record{Text: text, Tags: tags}
	for _, f := range faults {
		kind := Syntax
		if f.Duplicate {
			kind = DuplicateTag
		}
		r.fault(kind, taglist.Tag{Name: f.Tag, Offset: f.Offset}, "%s", f.Message)
	}
	if !IsBIMI(text) {
		r.version()
	}
	l, hasLocation := r.tag("l")
	a, hasEvidence := r.tag("a")
	r.Location, r.Evidence = l.Value, a.Value
	switch {
	case !hasLocation:
		r.Problems = append(r.Problems, Problem{Kind: Location, Tag: "l", Message: "there is no l= tag, which says where the logo is"})
	case l.Value != "":
		if why := unfit(l.Value, otherImages); why != "" {
			r.fault(Location, l, "l= is no place of a logo: %s", why)
		}
	case a.Value != "":
		r.fault(Location, l, "l= is empty beside an a= that is not: this names no logo, and declines none either")
	default:
		r.Declined = IsBIMI(text)
	}
	if hasEvidence && a.Value != "" {
		if why := unfit(a.Value, append([]string{".svg", ".svgz"}, otherImages...)); why != "" {
			r.fault(Evidence, a, "a= is no place of a mark certificate: %s", why)
		}
	}
	if avp, ok := r.tag("avp"); ok && avp.Value != "brand" && avp.Value != "personal" {
		r.fault(Value, avp, "avp=%+.40q is neither brand nor personal", avp.Value)
	}
	slices.SortStableFunc(r.Problems, func(a, b Problem) int { return cmp.Compare(a.Offset, b.Offset) })
	return r
}

// tag is the first tag of a name, in this case: tag names are case-sensitive (RFC 6376 3.2).
func (r *Record) tag(name string) (taglist.Tag, bool) {
	i := slices.IndexFunc(r.Tags, func(t taglist.Tag) bool { return t.Name == name })
	if i < 0 {
		return taglist.Tag{}, false
	}
	return r.Tags[i], true
}

func (r *Record) fault(kind Kind, t taglist.Tag, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{Kind: kind, Tag: t.Name, Offset: t.Offset, Length: extent(r.Text[t.Offset:]),
		Message: fmt.Sprintf(format, args...)})
}

// extent is the length of the tag that text begins with, or of the semicolon where one should stand.
func extent(text string) int {
	piece, _, more := strings.Cut(text, ";")
	n := len(strings.TrimRight(piece, " \t\r\n"))
	if n == 0 && more {
		return len(piece) + 1
	}
	return n
}

// version says why a text is no assertion record.
func (r *Record) version() {
	v, ok := r.tag("v")
	switch {
	case !ok:
		r.Problems = append(r.Problems, Problem{Kind: Version, Tag: "v", Message: "the record does not begin with v=BIMI1"})
	case v.Value == "BIMI1":
		r.fault(Version, v, "v=BIMI1 is not the first thing in the record")
	case strings.EqualFold(v.Value, "BIMI1"):
		r.fault(Version, v, "v= is %q, not \"BIMI1\": the case counts", v.Value)
	default:
		r.fault(Version, v, "v= is %+.40q, not \"BIMI1\"", v.Value)
	}
}

// otherImages are endings of files in which no receiver looks for an SVG image: one such is a permanent error (4.3.2).
var otherImages = []string{".avif", ".bmp", ".gif", ".ico", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}

// unfit says why a value is no URI from which a file can be fetched, "" where it is one (bimi-uri, 4.3): https, with a fully
// qualified domain name. A file with one of the endings is not the one that is wanted.
func unfit(value string, endings []string) string {
	if strings.ContainsAny(value, " \t\r\n") {
		return "white space stands in it"
	}
	u, err := url.Parse(value)
	if err != nil {
		return "it is no URI"
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	switch _, err := netip.ParseAddr(host); {
	case u.Scheme == "":
		return "it does not begin with https://"
	case u.Scheme != "https":
		return fmt.Sprintf("its scheme is %.20s, and only https is allowed", u.Scheme)
	case host == "":
		return "it names no host"
	case err == nil || !strings.Contains(host, "."):
		return fmt.Sprintf("its host %+.40q is no fully qualified domain name", host)
	case strings.Contains(value, ","):
		return "a comma stands in it: it takes one URI, in which a comma is written %2C"
	}
	if ending := strings.ToLower(path.Ext(u.Path)); slices.Contains(endings, ending) {
		return fmt.Sprintf("it ends in %s", ending)
	}
	return ""
}
