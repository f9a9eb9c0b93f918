// Package tlsrpt reads TLS reporting records: the TXT record at _smtp._tls.<domain> that says where senders report how TLS
// went with the domain's mail hosts (RFC 8460 3). It looks nothing up. All sections named here are those of RFC 8460.
//
//	_smtp._tls.example.com. TXT "v=TLSRPTv1; rua=mailto:tls@example.com,https://example.com/tls"
package tlsrpt

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"mailaudit/internal/record/fieldlist"
)

// Record is a TLS reporting record with every problem that its text has.
type Record struct {
	Text     string            `json:"text"`
	Fields   []fieldlist.Field `json:"fields"` // behind the version
	RUA      []string          `json:"rua"`    // destinations that senders can report to
	Problems []Problem         `json:"problems,omitempty"`
}

// Kind says what is wrong with a record.
type Kind string

// The kinds of problems.
const (
	Version     Kind = "version"     // v= not first or not exactly TLSRPTv1
	Syntax      Kind = "syntax"      // a piece that is no field
	Missing     Kind = "missing"     // there is no rua=
	Destination Kind = "destination" // a destination of rua= to which nobody can report
)

// Problem is one fault and its place, in octets from the start of the record. What is missing has none: its length is 0.
type Problem struct {
	Kind    Kind   `json:"kind"`
	Offset  int    `json:"offset"`
	Length  int    `json:"length"`
	Message string `json:"message"`
}

const version = "v=TLSRPTv1"

const wsp = " \t"

// IsTLSRPT tells whether text is a TLS reporting record. Senders discard everything else as if it were not there (3).
func IsTLSRPT(text string) bool { return fieldlist.Begins(text, version) }

// LooksLike tells whether text was meant to be one.
func LooksLike(text string) bool {
	start := strings.ToLower(text[:min(len(text), 40)])
	return strings.HasPrefix(strings.NewReplacer(" ", "", "\t", "", `"`, "").Replace(start), "v=tlsrpt")
}

// Parse reads a record. Destinations of several rua= are all taken: the grammar does not limit them.
func Parse(text string) Record {
	fields, faults := fieldlist.Parse(text, version, "rua")
	r := Record{Text: text, Fields: fields, RUA: []string{}}
	for _, f := range faults {
		r.fault(Syntax, f.Offset, f.Length, "%s", f.Message)
	}
	seen := false
	for _, f := range fields {
		if f.Name == "rua" {
			seen = true
			r.destinations(f)
		}
	}
	switch {
	case !IsTLSRPT(text):
		p := fieldlist.Misnamed(text, version)
		r.fault(Version, p.Offset, p.Length, "%s", p.Message)
	case !seen:
		r.fault(Missing, 0, 0, "there is no rua=, which says where reports go")
	}
	slices.SortStableFunc(r.Problems, func(a, b Problem) int { return cmp.Compare(a.Offset, b.Offset) })
	return r
}

func (r *Record) fault(kind Kind, offset, length int, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{Kind: kind, Offset: offset, Length: length, Message: fmt.Sprintf(format, args...)})
}

// destinations reads the list of a rua=, parted by commas.
func (r *Record) destinations(f fieldlist.Field) {
	offset := f.Offset + len("rua=")
	for piece := range strings.SplitSeq(f.Value, ",") {
		uri := strings.Trim(piece, wsp)
		if why := unfit(uri); why != "" {
			r.fault(Destination, offset+strings.Index(piece, uri), len(uri), "rua=%+.80q: %s", uri, why)
		} else {
			r.RUA = append(r.RUA, uri)
		}
		offset += len(piece) + len(",")
	}
}

var (
	// The characters of RFC 3986, but for ",", ";" and "!", which stand encoded (3, tlsrpt-uri).
	uriText = regexp.MustCompile(`^([A-Za-z0-9._~:/?#\[\]@$&'()*+=-]|%[0-9A-Fa-f]{2})+$`)
	// A mailbox with a local-part in no quotes (RFC 5321 4.1.2), once its percent signs are read.
	mailbox = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@" + label + `(\.` + label + `)*$`)
)

const label = `[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?`

// unfit says why nobody can report to a destination, "" where somebody can.
func unfit(uri string) string {
	scheme, rest, found := strings.Cut(uri, ":")
	switch {
	case uri == "":
		return "the destination is missing"
	case strings.ContainsAny(uri, wsp):
		return "white space inside a URI (destinations are parted by commas)"
	case !found && strings.Contains(uri, "@"):
		return "mailto: is missing before the address"
	case !found:
		return "it is no URI: it has no scheme such as mailto:"
	case !uriText.MatchString(uri):
		return "it holds a character that must be percent-encoded in a URI"
	}
	switch strings.ToLower(scheme) {
	case "mailto":
		address, _, _ := strings.Cut(rest, "?")   // header fields such as ?subject=
		address, err := url.PathUnescape(address) // RFC 6068 2
		if err != nil || !mailbox.MatchString(address) {
			return "it holds no address to which mail can be sent"
		}
	case "https":
		u, err := url.Parse(uri)
		if err != nil || u.Hostname() == "" {
			return "it names no host"
		}
		if _, err := netip.ParseAddr(u.Hostname()); err != nil && !strings.Contains(u.Hostname(), ".") {
			return fmt.Sprintf("its host %q is no fully qualified name", u.Hostname())
		}
	default:
		return fmt.Sprintf("senders report to mailto: and https: alone, not to %+.20s:", scheme)
	}
	return ""
}
