package dmarc

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"mailaudit/internal/record/taglist"
)

// uris reads a dmarc-urilist. One that receivers can send to has no fault; valid tells whether one at least is a URI at
// all, which is what RFC 9989 4.10.1 asks.
func (p *parser) uris(t taglist.Tag, kind Kind) (l []URI, valid bool) {
	offset := p.valueOffset(t)
	for piece := range strings.SplitSeq(t.Value, ",") {
		text := strings.Trim(piece, wsp)
		u, ok := parseURI(text)
		u.Offset = offset + strings.Index(piece, text)
		offset += len(piece) + len(",")
		l = append(l, u)
		valid = valid || ok
		if u.Fault != "" {
			p.fault(kind, t, "%+.80q: %s", u.Text, u.Fault)
		}
	}
	return l, valid
}

var (
	// obs-dmarc-report-size (RFC 9989 4.8); reporters should ignore it.
	reportSize = regexp.MustCompile(`![0-9]+[kmgtKMGT]?$`)
	// The characters of RFC 3986 but for ",", which parts the list.
	uriText = regexp.MustCompile(`^([A-Za-z0-9._~:/?#\[\]@!$&'()*+;=-]|%[0-9A-Fa-f]{2})+$`)
	scheme  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
)

// parseURI reads one destination of reports. valid tells whether it is a URI; a valid one may have a fault none the less:
// a scheme that receivers need not support and ignore (RFC 9989 4.7), or an address that nobody can send to.
func parseURI(text string) (u URI, valid bool) {
	u.Text = text
	if text == "" {
		u.Fault = "the address is missing"
		return u, false
	}
	u.Size = reportSize.FindString(text)
	text = strings.TrimSuffix(text, u.Size)
	name := scheme.FindString(text)
	switch {
	case strings.ContainsAny(text, " \t\r\n"):
		u.Fault = "white space inside a URI (addresses are separated by commas)"
	case name == "" && strings.Contains(text, "@"):
		u.Fault = "mailto: is missing before the address"
	case name == "":
		u.Fault = "it is no URI: it has no scheme such as mailto:"
	case !uriText.MatchString(text):
		u.Fault = "it holds a character that must be percent-encoded in a URI"
	case !strings.EqualFold(name, "mailto:"):
		u.Fault = fmt.Sprintf("receivers need to support mailto: only and ignore %s", name)
		valid = len(text) > len(name)
	default:
		u.Domain, valid, u.Fault = mailto(text[len(name):])
	}
	// RFC 9989 4.8 wants "!" encoded, for the sake of the sizes that it makes obsolete. RFC 3986 and RFC 6068 do not, so that
	// a URI with one is a valid URI and no DMARC URI.
	if valid && strings.Contains(text, "!") {
		u.Domain, u.Fault = "", "\"!\" is neither encoded as %21 nor the start of a size such as !10m"
	}
	return u, valid
}

// mailto returns the domain of a mailto URI with one address (RFC 6068 2), given what follows the scheme. An address can be
// valid and have a fault: 6068 knows no bounds on its length and takes for a domain what is none in the DNS.
func mailto(text string) (domain string, valid bool, fault string) {
	if strings.HasPrefix(text, "//") {
		return "", false, "mailto: takes no slashes"
	}
	text, _, _ = strings.Cut(text, "#")
	text, _, _ = strings.Cut(text, "?")  // header fields such as ?subject=
	address, _ := url.PathUnescape(text) // uriText has seen to the percent signs
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "", false, "it holds no address: there is no @"
	}
	local, domain := address[:at], address[at+1:]
	valid = localPart.MatchString(local) && dotAtom.MatchString(domain)
	switch {
	case !localPart.MatchString(local) || len(local) > 64: // RFC 5321 4.5.3.1.1
		return "", valid, fmt.Sprintf("%+.70q is no local-part of an address", local)
	case !hostName.MatchString(domain) || len(domain) > 253:
		return "", valid, fmt.Sprintf("%+.70q is no domain", domain)
	}
	return strings.ToLower(domain), valid, ""
}

const (
	label = `[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?`
	atom  = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
)

var (
	// dot-atom-text or quoted-string (RFC 5322 3.2.3, 3.2.4), without folding white space.
	dotAtom   = regexp.MustCompile(`^` + atom + `(\.` + atom + `)*$`)
	localPart = regexp.MustCompile(`^(` + atom + `(\.` + atom + `)*|"([ !#-\[\]-~]|\\[ -~])*")$`)
	// Labels as RFC 5321 4.1.2 has them, and with underscores, which the DNS allows. No address literal: reports to one
	// could not be authorised (RFC 9990 4).
	hostName = regexp.MustCompile(`^` + label + `(\.` + label + `)*$`)
)
