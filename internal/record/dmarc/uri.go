package dmarc

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"mailaudit/internal/record/taglist"
)

// uris reads a dmarc-urilist. One that receivers can send to has no fault; valid tells whether one at least is a URI at
// all, which is what RFC 9989 4.10.1 asks.
func (p *parser) uris(t taglist.Tag, kind Kind) (l []URI, valid bool) {
	for text := range strings.SplitSeq(t.Value, ",") {
		u, ok := parseURI(strings.Trim(text, wsp))
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
	// The characters of RFC 3986 without "!" and ",", which must be encoded here (RFC 9989 4.8).
	uriText = regexp.MustCompile(`^([A-Za-z0-9._~:/?#\[\]@$&'()*+;=-]|%[0-9A-Fa-f]{2})+$`)
	scheme  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
)

// parseURI reads one destination of reports. valid tells whether it is a URI; a valid one may have a fault none the less,
// namely a scheme that receivers need not support and ignore (RFC 9989 4.7).
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
	case strings.Contains(text, "!"):
		u.Fault = "\"!\" is neither encoded as %21 nor the start of a size such as !10m"
	case name == "" && strings.Contains(text, "@"):
		u.Fault = "mailto: is missing before the address"
	case name == "":
		u.Fault = "it is no URI: it has no scheme such as mailto:"
	case !uriText.MatchString(text):
		u.Fault = "it holds a character that must be percent-encoded in a URI"
	case !strings.EqualFold(name, "mailto:"):
		u.Fault = fmt.Sprintf("receivers need to support mailto: only and ignore %s", name)
		return u, len(text) > len(name)
	default:
		domain, err := mailtoDomain(text[len(name):])
		if err != nil {
			u.Fault = err.Error()
			return u, false
		}
		u.Domain = domain
		return u, true
	}
	return u, false
}

// mailtoDomain returns the domain of a mailto URI with one address (RFC 6068 2), given what follows the scheme.
func mailtoDomain(text string) (string, error) {
	if strings.HasPrefix(text, "//") {
		return "", errors.New("mailto: takes no slashes")
	}
	text, _, _ = strings.Cut(text, "#")
	text, _, _ = strings.Cut(text, "?")  // header fields such as ?subject=
	address, _ := url.PathUnescape(text) // uriText has seen to the percent signs
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "", errors.New("it holds no address: there is no @")
	}
	if local := address[:at]; !localPart.MatchString(local) || len(local) > 64 { // RFC 5321 4.5.3.1.1
		return "", fmt.Errorf("%+.70q is no local-part of an address", local)
	}
	domain := address[at+1:]
	if !hostName.MatchString(domain) || len(domain) > 253 {
		return "", fmt.Errorf("%+.70q is no domain", domain)
	}
	return strings.ToLower(domain), nil
}

const label = `[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?`

var (
	// dot-atom-text or quoted-string (RFC 5322 3.2.3, 3.2.4), without folding white space.
	localPart = regexp.MustCompile("^([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*" +
		`|"([ !#-\[\]-~]|\\[ -~])*")$`)
	// Labels as RFC 5321 4.1.2 has them, and with underscores, which the DNS allows. No address literal: reports to one
	// could not be authorised (RFC 9990 3).
	hostName = regexp.MustCompile(`^` + label + `(\.` + label + `)*$`)
)
