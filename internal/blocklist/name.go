package blocklist

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Limits of names (RFC 1035 2.3.4), in presentation form without the dot at the end.
const (
	maxName  = 253
	maxLabel = 63
)

// Name is the name whose A records tell whether the target, an address or a domain in A-labels, is listed. An
// address is named as it is written: ::ffff:127.0.0.2 by its nibbles, which is the test point of RFC 5782 5 for
// IPv6. A list of domains is never asked about an address: the big ones refuse whoever does.
func (l List) Name(target string) (string, error) {
	addr, err := netip.ParseAddr(target)
	isAddr := err == nil
	var labels string
	switch {
	case l.Kind == KindDomain && isAddr:
		return "", fmt.Errorf("%s lists domains, and %q is an address", l.Zone, target)
	case l.Kind == KindDomain:
		if labels, err = domain(target); err != nil {
			return "", fmt.Errorf("%q is no domain: %w", target, err)
		}
	case !isAddr:
		return "", fmt.Errorf("%s lists addresses, and %q is none", l.Zone, target)
	case addr.Zone() != "":
		return "", fmt.Errorf("%q has a zone, which means nothing beyond its host", target)
	case !l.Takes(addr):
		family := "IPv6"
		if addr.Is4() {
			family = "IPv4"
		}
		return "", fmt.Errorf("%s does not list %s addresses such as %s", l.Zone, family, target)
	case addr.Is4(): // RFC 5782 2.1
		o := addr.As4()
		labels = fmt.Sprintf("%d.%d.%d.%d", o[3], o[2], o[1], o[0])
	default: // RFC 5782 2.4
		labels = nibbles(addr.As16())
	}
	name := labels + "." + l.Zone
	if n := len(withKey(name)); n > maxName {
		return "", fmt.Errorf("%q beneath %s has %d octets, more than %d", target, l.Zone, n, maxName)
	}
	return name, nil
}

// withKey is a name with the longest of keys.
func withKey(name string) string {
	return strings.Replace(name, Placeholder, strings.Repeat("k", maxLabel), 1)
}

// CheckKey says whether a key can be a label. Its error does not hold the key.
func CheckKey(key string) error {
	for _, r := range key {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_') {
			return errors.New("the key has a character that no label of a zone has: letters, digits, - and _ are all")
		}
	}
	if len(key) > maxLabel || key == "" || key[0] == '-' || key[len(key)-1] == '-' {
		return fmt.Errorf("the key is no label of a zone: 1 to %d characters, no hyphen at either end", maxLabel)
	}
	return nil
}

// TestNames are the names of the two test points (RFC 5782 5), empty for a list that has none.
func (l List) TestNames() (listed, notListed string) {
	listed, err := l.Name(l.Listed)
	notListed, errNot := l.Name(l.NotListed)
	if err != nil || errNot != nil {
		return "", ""
	}
	return listed, notListed
}

// nibbles are the 32 hexadecimal digits of an address in reverse, a label each.
func nibbles(a [16]byte) string {
	const hex = "0123456789abcdef"
	b := make([]byte, 0, 64)
	for i := len(a) - 1; i >= 0; i-- {
		b = append(b, hex[a[i]&0xf], '.', hex[a[i]>>4], '.')
	}
	return string(b[:len(b)-1])
}

// domain checks a domain name and gives it in lower case without the dot at the end. A single label is one: the
// test points of RFC 5782 5 are.
func domain(s string) (string, error) {
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	if len(s) > maxName {
		return "", fmt.Errorf("%d octets, more than %d", len(s), maxName)
	}
	labels := strings.Split(s, ".")
	for _, l := range labels {
		switch {
		case l == "":
			return "", errors.New("a label is empty")
		case len(l) > maxLabel:
			return "", fmt.Errorf("the label %q has %d octets, more than %d", l, len(l), maxLabel)
		case l[0] == '-' || l[len(l)-1] == '-':
			return "", fmt.Errorf("the label %q begins or ends with a hyphen", l)
		}
		for _, r := range l {
			if !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_') {
				return "", fmt.Errorf("%q stands in it", r)
			}
		}
	}
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" { // RFC 1123 2.1: no such domain, so an address gone wrong
		return "", fmt.Errorf("it ends in the number %s", last)
	}
	return s, nil
}
