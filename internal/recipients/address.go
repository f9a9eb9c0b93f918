package recipients

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"mailaudit/internal/names"
)

// Limits of an address in octets (RFC 5321 4.5.3.1). A path has 256, its angle brackets included.
const (
	maxLocal   = 64
	maxAddress = 254
	maxLabel   = 63
)

// Address is a mailbox as SMTP takes it (RFC 5321 4.1.2, RFC 6531 3.3).
type Address struct {
	Local  string // as written, with its quotes
	Domain string // an A-label name in lower case; "" for a literal
	// Literal is the address of the host, where that stands in place of its domain (RFC 5321 4.1.3).
	Literal netip.Addr
}

// Parse reads a mailbox that stands alone. Comments, folding and the obsolete forms of RFC 5322 are for header fields, and
// are mistakes here. The error says what is wrong, and where.
func Parse(s string) (Address, error) {
	var a Address
	if !utf8.ValidString(s) {
		return a, fmt.Errorf("it is not UTF-8")
	}
	if s == "" {
		return a, fmt.Errorf("nothing is there")
	}
	n, err := local(s)
	if err != nil {
		return a, err
	}
	a.Local = s[:n]
	switch {
	case n == 0 && s[0] == '@':
		return a, fmt.Errorf("no local part stands in front of @")
	case n == len(s):
		return a, fmt.Errorf("there is no @")
	case s[n] != '@':
		return a, fmt.Errorf("%s may not stand in a local part without quotes", sign(s[n:]))
	case n > maxLocal:
		return a, fmt.Errorf("a local part of %d octets, more than %d", n, maxLocal)
	case len(s) > maxAddress:
		return a, fmt.Errorf("%d octets, more than %d", len(s), maxAddress)
	}
	domain := s[n+1:]
	if strings.HasPrefix(domain, "[") {
		a.Literal, err = literal(domain)
		return a, err
	}
	a.Domain, err = host(domain)
	return a, err
}

// local is the length of the local part that s begins with (RFC 5321 4.1.2).
func local(s string) (int, error) {
	if s[0] == '"' {
		return quoted(s)
	}
	if s[0] == '.' {
		return 0, fmt.Errorf("a local part begins with a dot")
	}
	n := 0
	for n < len(s) && (atext(s[n]) || s[n] == '.') {
		if s[n] == '.' && n+1 < len(s) {
			switch s[n+1] {
			case '.':
				return 0, fmt.Errorf("two dots follow each other in the local part")
			case '@':
				return 0, fmt.Errorf("the local part ends with a dot")
			}
		}
		n++
	}
	return n, nil
}

// atext says whether an octet may stand in an atom (RFC 5322 3.2.3); RFC 6531 3.3 adds what is not ASCII.
func atext(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c >= utf8.RuneSelf:
		return true
	}
	return strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// quoted is the length of a quoted string (RFC 5321 4.1.2 Quoted-string).
func quoted(s string) (int, error) {
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1, nil
		case c == '\\':
			if i++; i == len(s) {
				return 0, fmt.Errorf("a quote is not closed")
			}
			if s[i] < ' ' || s[i] > '~' {
				return 0, fmt.Errorf("%s may not stand behind a backslash", sign(s[i:]))
			}
		case c < ' ' || c == 0x7f:
			return 0, fmt.Errorf("%s may not stand between quotes", sign(s[i:]))
		}
	}
	return 0, fmt.Errorf("a quote is not closed")
}

// literal reads an address literal. Of the general form only IPv6 is registered (RFC 5321 4.1.3).
func literal(s string) (netip.Addr, error) {
	text, ok := strings.CutSuffix(s[1:], "]")
	if !ok {
		return netip.Addr{}, fmt.Errorf("an address literal is not closed")
	}
	const tag = "IPv6:"
	six := len(text) > len(tag) && strings.EqualFold(text[:len(tag)], tag)
	if six {
		text = text[len(tag):]
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" || a.Is6() != six {
		return netip.Addr{}, fmt.Errorf("[%.60s] is no address literal", s[1:len(s)-1])
	}
	return a, nil
}

// host reads a domain: letters, digits and hyphens (RFC 5321 4.1.2), or U-labels (RFC 6531 3.3). It is no longer than a name may be: the
// address is not, and names.Host sees to those that grow.
func host(s string) (string, error) {
	if s == "" {
		return "", fmt.Errorf("no domain stands behind @")
	}
	if strings.HasSuffix(s, ".") {
		return "", fmt.Errorf("the domain ends with a dot")
	}
	name := strings.ToLower(s)
	if !isASCII(s) {
		var err error
		if name, err = names.Host(s); err != nil {
			return "", fmt.Errorf("the domain: %w", err)
		}
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return "", fmt.Errorf("the domain has an empty label")
		case len(label) > maxLabel:
			return "", fmt.Errorf("a label of %d octets, more than %d", len(label), maxLabel)
		case label[0] == '-' || label[len(label)-1] == '-':
			return "", fmt.Errorf("the label %s begins or ends with a hyphen", label)
		}
		for i := range len(label) {
			if c := label[i]; c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
				return "", fmt.Errorf("%s may not stand in a domain", sign(label[i:]))
			}
		}
		last = label
	}
	if strings.Trim(last, "0123456789") == "" {
		return "", fmt.Errorf("no top-level domain is a number, as %s is", last)
	}
	return name, nil
}

// sign names the first sign of s.
func sign(s string) string {
	r, _ := utf8.DecodeRuneInString(s)
	return fmt.Sprintf("%q", r)
}

// String is the address as it is written.
func (a Address) String() string {
	switch {
	case a.Literal.Is6():
		return a.Local + "@[IPv6:" + a.Literal.String() + "]"
	case a.Literal.IsValid():
		return a.Local + "@[" + a.Literal.String() + "]"
	}
	return a.Local + "@" + a.Domain
}

// mailbox is the same for all ways of writing one mailbox. Quotes and backslashes are no part of it, and a host should tell
// no mailboxes apart by case (RFC 5321 4.1.2). Gmail leaves the dots of its own addresses out:
// https://support.google.com/mail/answer/7436150.
func (a Address) mailbox() string {
	name := a.Local
	if name[0] == '"' {
		var b strings.Builder
		for i := 1; i < len(name)-1; i++ {
			if name[i] == '\\' {
				i++
			}
			b.WriteByte(name[i])
		}
		name = b.String()
	}
	if a.Domain == "gmail.com" {
		name = strings.ReplaceAll(name, ".", "")
	}
	a.Local = strings.ToLower(name)
	return a.String()
}
