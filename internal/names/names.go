// Package names turns what people write for a domain into the name that DNS knows: an A-label name in lower case
// without a dot at the end (RFC 5890 2.3.2.1), or says what is wrong with it.
package names

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Limits of a name (RFC 1035 2.3.4), in octets without the dot at the end.
const (
	maxName  = 253
	maxLabel = 63
)

// lookup maps as IDNA2008 lookups do (RFC 5895), and leaves underscores to us: they are legal in DNS, and
// MAIL FROM domains with one exist.
var lookup = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false))

// Error is a name that is none; Try is what to write instead, where that can be told.
type Error struct{ What, Try string }

func (e *Error) Error() string { return e.What }

func bad(in, format string, args ...any) error {
	return &Error{What: fmt.Sprintf("%q is not a domain name: %s", in, fmt.Sprintf(format, args...))}
}

// Domain reads a domain from what was typed or pasted: a name in any case, with or without the dot, in Unicode, an
// address of mail, or a URL.
func Domain(in string) (string, error) {
	s := strings.TrimSpace(strings.TrimPrefix(in, "\ufeff"))
	if strings.Contains(s, "://") {
		u, err := url.Parse(s)
		if err != nil || u.Hostname() == "" {
			return "", bad(in, "a URL without a host")
		}
		s = u.Hostname()
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s = strings.TrimSuffix(s[i+1:], ">")
	}
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return "", &Error{What: fmt.Sprintf("%q is an address, not a domain name", in), Try: "mailaudit check DOMAIN --ip " + a.WithZone("").String()}
	}
	name, err := Host(s)
	if err != nil {
		return "", bad(in, "%v", err)
	}
	if !strings.Contains(name, ".") {
		return "", &Error{What: fmt.Sprintf("%q is not a domain name: a single label cannot receive mail", in), Try: "mailaudit check " + name + ".example"}
	}
	return name, nil
}

// Host reads a name that stands alone.
func Host(in string) (string, error) {
	s := strings.TrimSuffix(in, ".")
	if s == "" {
		return "", fmt.Errorf("nothing is there")
	}
	if len(s) > 4*maxName {
		return "", fmt.Errorf("%d octets are more than %d", len(s), maxName)
	}
	if !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError) { // IDNA would make a name of U+FFFD, which is nobody's
		return "", fmt.Errorf("it is not in UTF-8, or was not")
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" {
			return "", fmt.Errorf("it has an empty label")
		}
	}
	name, err := lookup.ToASCII(s)
	if err != nil {
		return "", fmt.Errorf("it has no A-label form: %w", err)
	}
	if len(name) > maxName {
		return "", fmt.Errorf("%d octets are more than %d", len(name), maxName)
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return "", fmt.Errorf("it has an empty label")
		case len(label) > maxLabel:
			return "", fmt.Errorf("label %q has %d octets, more than %d", label[:20]+"...", len(label), maxLabel)
		case strings.ContainsFunc(label, notLDH):
			return "", fmt.Errorf("label %q has other signs than letters, digits and hyphens", label)
		}
		last = label
	}
	if strings.Trim(last, "0123456789") == "" {
		return "", fmt.Errorf("no top-level domain is a number, as %q is", last)
	}
	return name, nil
}

// Selector reads a DKIM selector: what stands in front of "._domainkey" (RFC 6376 3.1). Many are a number, such as 20230601.
func Selector(in string) (string, error) {
	const parent = "._domainkey.x"
	if strings.TrimSpace(in) == "" {
		return "", fmt.Errorf("nothing is there")
	}
	name, err := Host(strings.TrimSuffix(in, ".") + parent)
	return strings.TrimSuffix(name, parent), err
}

// notLDH says that a rune is no letter, digit, hyphen or underscore.
func notLDH(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_')
}
