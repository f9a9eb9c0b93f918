package spf

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A piece of a macro-string (RFC 7208 7.1): literal text, one of %% %_ %-, or a macro.
type piece struct {
	text    string // literal text, or what %% %_ %- stand for
	expand  bool   // the piece is a macro-expand: anything but literal text
	letter  byte   // of a macro, lower case; 0 for text
	escape  bool   // the letter was in upper case: the value is URL-escaped
	keep    int    // how many right-hand parts are kept; 0 for all
	reverse bool
	delims  string // where the value is split, "" for dots
}

// pieces takes a macro-string apart. The letters c, r and t are refused: they belong to the explanation text that exp=
// leads to (7.2) and to no term.
func pieces(s string) ([]piece, error) {
	var list []piece
	for s != "" {
		i := strings.IndexByte(s, '%')
		if i < 0 {
			i = len(s)
		}
		if i > 0 {
			list = append(list, piece{text: s[:i]})
			s = s[i:]
			continue
		}
		switch mark := s[:min(2, len(s))]; mark {
		case "%%":
			list = append(list, piece{text: "%", expand: true})
			s = s[2:]
		case "%_":
			list = append(list, piece{text: " ", expand: true})
			s = s[2:]
		case "%-":
			list = append(list, piece{text: "%20", expand: true})
			s = s[2:]
		case "%{":
			body, rest, closed := strings.Cut(s[2:], "}")
			if !closed {
				return nil, fmt.Errorf("%+.40q has no closing brace", s)
			}
			p, err := macro(body)
			if err != nil {
				return nil, fmt.Errorf("%+.40q: %w", s[:len(body)+3], err)
			}
			list = append(list, p)
			s = rest
		default:
			return nil, fmt.Errorf("%+q is no macro: after %% comes {, %%, _ or - (RFC 7208 7.3)", mark)
		}
	}
	return list, nil
}

// macro reads what stands between the braces: macro-letter transformers *delimiter.
func macro(body string) (piece, error) {
	if body == "" {
		return piece{}, errors.New("the macro letter is missing")
	}
	letter := body[0] | 0x20 // lower case, for letters
	switch {
	case strings.IndexByte("slodiphv", letter) >= 0:
	case strings.IndexByte("crt", letter) >= 0:
		return piece{}, fmt.Errorf("the macro letter %c is for explanation texts only (RFC 7208 7.2)", letter)
	default:
		return piece{}, fmt.Errorf("there is no macro letter %+q (RFC 7208 7.2)", body[:1])
	}
	p := piece{expand: true, letter: letter, escape: body[0] != letter}
	rest := strings.TrimLeft(body[1:], "0123456789")
	if digits := body[1 : len(body)-len(rest)]; digits != "" {
		// A number too large for an int keeps everything, as does every number above the count of parts.
		p.keep, _ = strconv.Atoi(digits)
		if p.keep == 0 {
			return piece{}, errors.New("the number of parts to keep must not be zero (RFC 7208 7.3)")
		}
	}
	if strings.HasPrefix(rest, "r") || strings.HasPrefix(rest, "R") {
		p.reverse, rest = true, rest[1:]
	}
	if bad := strings.Trim(rest, ".-+,/_="); bad != "" {
		return piece{}, fmt.Errorf("%+.20q is neither a transformer nor a delimiter", bad)
	}
	p.delims = rest
	return p, nil
}

// Vars holds what macros stand for (RFC 7208 7.2). A zero field is not known.
type Vars struct {
	Sender string     // s, l, o: the MAIL FROM address; without a local-part it is postmaster's (4.3)
	Domain string     // d: the domain whose record is evaluated, without the dot at the end
	HELO   string     // h
	IP     netip.Addr // i, v
}

// Expand computes the target-name of a domain-spec (RFC 7208 7.3); an empty one is the domain itself (4.8). It is not ok
// where a macro needs something that v lacks, always for %{p}, whose value takes lookups, and for a malformed spec: no name
// is ever made up. The name has no dot at its end and need not be a valid one.
func Expand(spec string, v Vars) (name string, ok bool) {
	if spec == "" {
		return v.Domain, v.Domain != ""
	}
	list, err := pieces(spec)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	for _, p := range list {
		text := p.text
		if p.letter != 0 {
			value := v.value(p.letter)
			if value == "" {
				return "", false
			}
			text = p.transform(value)
		}
		b.WriteString(text)
	}
	name = strings.TrimSuffix(b.String(), ".")
	// "The left side is truncated to fit, by removing successive domain labels" (7.3).
	for len(name) > 253 {
		_, name, _ = strings.Cut(name, ".")
	}
	return name, name != ""
}

// value is what a macro letter stands for, "" where that is not known.
func (v Vars) value(letter byte) string {
	local, domain := "", v.Sender
	if i := strings.LastIndexByte(v.Sender, '@'); i >= 0 {
		local, domain = v.Sender[:i], v.Sender[i+1:]
	}
	if local == "" {
		local = "postmaster"
	}
	ip := v.IP.Unmap() // an IPv4-mapped address is an IPv4 address (5)
	switch {
	case letter == 'd':
		return v.Domain
	case letter == 'h':
		return v.HELO
	case letter == 'o':
		return domain
	case letter == 'l' && domain != "":
		return local
	case letter == 's' && domain != "":
		return local + "@" + domain
	case letter == 'v' && ip.Is4():
		return "in-addr"
	case letter == 'v' && ip.Is6():
		return "ip6"
	case letter == 'i' && ip.Is4():
		return ip.String()
	case letter == 'i' && ip.Is6():
		return nibbles(ip)
	}
	return ""
}

// nibbles is the dot-format of an IPv6 address: 32 hexadecimal digits with dots between them (RFC 7208 7.3).
func nibbles(ip netip.Addr) string {
	return strings.Join(strings.Split(fmt.Sprintf("%x", ip.As16()), ""), ".")
}

// transform splits, reverses, cuts and rejoins a value as RFC 7208 7.3 says, and escapes it for a macro in upper case.
func (p piece) transform(value string) string {
	if p.keep > 0 || p.reverse || p.delims != "" {
		delims := p.delims
		if delims == "" {
			delims = "."
		}
		for i := 1; i < len(delims); i++ {
			value = strings.ReplaceAll(value, delims[i:i+1], delims[:1])
		}
		parts := strings.Split(value, delims[:1])
		if p.reverse {
			slices.Reverse(parts)
		}
		if p.keep > 0 && p.keep < len(parts) {
			parts = parts[len(parts)-p.keep:]
		}
		value = strings.Join(parts, ".")
	}
	if !p.escape {
		return value
	}
	var b strings.Builder
	for i := range len(value) {
		c := value[i]
		if isAlpha(c) || isDigit(c) || strings.IndexByte("-._~", c) >= 0 { // unreserved (RFC 3986 2.3)
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
