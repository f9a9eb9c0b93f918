package spf

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// parser reads one term and collects what is wrong with it.
type parser struct {
	term     Term
	problems []Problem
}

func (p *parser) fault(kind Kind, format string, args ...any) {
	p.term.Bad = true
	p.problems = append(p.problems, Problem{
		Kind: kind, Message: fmt.Sprintf(format, args...), Term: p.term.Text, Offset: p.term.Offset,
	})
}

// parse fills in the term from its text, which is not empty and holds no space (RFC 7208 4.6.1).
func (p *parser) parse() {
	t := &p.term
	for i := range len(t.Text) {
		if c := t.Text[i]; c < '!' || c > '~' {
			p.fault(Syntax, "octet 0x%02x: terms are visible ASCII with spaces between them, nothing else", c)
			return
		}
	}
	text, qualifier := t.Text, ""
	if strings.IndexByte("+-~?", text[0]) >= 0 {
		qualifier, text = text[:1], text[1:]
	}
	end := strings.IndexAny(text, "=:/")
	if end < 0 {
		end = len(text)
	}
	name, rest := text[:end], text[end:]
	if isName(name) {
		t.Name = strings.ToLower(name)
	}
	// A modifier has "=" right after its name, before any ":" or "/".
	if value, ok := strings.CutPrefix(rest, "="); ok {
		t.Modifier, t.Spec = true, value
		p.modifier(qualifier)
		return
	}
	t.Qualifier = qualifier
	if qualifier == "" {
		t.Qualifier = "+"
	}
	p.mechanism(name, rest)
}

// isName is name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ).
func isName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case isAlpha(c):
		case i > 0 && (isDigit(c) || c == '-' || c == '_' || c == '.'):
		default:
			return false
		}
	}
	return s != ""
}

func isAlpha(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// modifier checks a modifier (RFC 7208 6). A known name with a bad value is an error and no unknown modifier: the suites
// of RFC 4408 and 7208 say so (redirect-syntax-error).
func (p *parser) modifier(qualifier string) {
	t := &p.term
	if qualifier != "" {
		p.fault(Syntax, "a modifier takes no qualifier, and here is %q", qualifier)
	}
	switch t.Name {
	case "":
		p.fault(Syntax, "what stands before \"=\" is no modifier name")
	case "redirect", "exp":
		p.domainSpec(t.Spec)
	default:
		if _, err := pieces(t.Spec); err != nil {
			p.fault(Macro, "%v", err)
		}
	}
}

// mechanism checks a mechanism by its name as published; rest is what follows the name (RFC 7208 5).
func (p *parser) mechanism(name, rest string) {
	t := &p.term
	value, colon := strings.CutPrefix(rest, ":")
	if colon {
		t.Spec = value
	}
	switch t.Name {
	case "all": // 5.1
		if rest != "" {
			p.fault(Syntax, "all takes no argument, and here is %+.40q", rest)
		}
	case "include", "exists": // 5.2, 5.7
		if !colon {
			p.fault(Syntax, "%s needs a domain after a colon", t.Name)
			return
		}
		p.domainSpec(value)
	case "a", "mx": // 5.3, 5.4
		spec, cidr := cutCIDR(rest)
		p.dualCIDR(cidr)
		t.Spec = ""
		if domain, ok := strings.CutPrefix(spec, ":"); ok {
			t.Spec = domain
			p.domainSpec(domain)
		} else if spec != "" {
			p.fault(Syntax, "%+.40q is no prefix length", spec)
		}
	case "ptr": // 5.5
		if colon {
			p.domainSpec(value)
		} else if rest != "" {
			p.fault(Syntax, "ptr takes a domain and no prefix length")
		}
	case "ip4": // 5.6
		p.network(IP4, 32)
	case "ip6":
		p.network(IP6, 128)
	case "redirect", "exp":
		p.fault(Syntax, "%s is a modifier: write %[1]s= instead of %[1]s:", t.Name)
	default:
		if name == "" {
			p.fault(Syntax, "the name of the mechanism is missing")
			return
		}
		p.fault(Syntax, "there is no mechanism %+.40q", name)
	}
}

// cutCIDR splits what follows the name of a or mx before its dual-cidr-length: the longest end made of digits and slashes
// that begins with a slash. No domain-spec ends so, since it ends in a top label, a dot or a macro.
func cutCIDR(s string) (spec, cidr string) {
	start := len(strings.TrimRight(s, "0123456789/"))
	slash := strings.IndexByte(s[start:], '/')
	if slash < 0 {
		return s, ""
	}
	return s[:start+slash], s[start+slash:]
}

// dualCIDR reads [ "/" ip4-cidr-length ] [ "//" ip6-cidr-length ].
func (p *parser) dualCIDR(s string) {
	t := &p.term
	t.Prefix4, t.Prefix6 = 32, 128
	v4, v6, dual := strings.Cut(s, "//")
	if v4 != "" {
		if n, ok := prefixLength(v4[1:], 32); ok {
			t.Prefix4 = n
		} else {
			p.fault(Syntax, "%+.40q is no IPv4 prefix length of 0 to 32 (one for IPv6 follows two slashes)", v4[1:])
		}
	}
	if dual {
		if n, ok := prefixLength(v6, 128); ok {
			t.Prefix6 = n
		} else {
			p.fault(Syntax, "%+.40q is no IPv6 prefix length of 0 to 128", v6)
		}
	}
}

// prefixLength is "0" / %x31-39 *DIGIT, up to limit.
func prefixLength(s string, limit int) (int, bool) {
	if s == "" || len(s) > 3 || s[0] == '0' && s != "0" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= limit
}

// network reads the argument of ip4 (32 bits) or ip6 (128 bits).
func (p *parser) network(kind Kind, bits int) {
	t := &p.term
	if t.Spec == "" {
		p.fault(kind, "%s needs an address after a colon", t.Name)
		return
	}
	address, length, cidr := strings.Cut(t.Spec, "/")
	// ParseAddr refuses what the grammar of qnum refuses, such as leading zeros. An IPv4-mapped address is a legal
	// ip6-network (it matches nobody: RFC 7208 5). Zones (RFC 4007) are no part of RFC 4291 2.2.
	addr, err := netip.ParseAddr(address)
	switch {
	case err != nil || addr.Zone() != "":
		p.fault(kind, "%+.50q is no %s address", address, family(bits))
	case bits == 32 && addr.Is6():
		p.fault(kind, "%s is an IPv6 address: write ip6:", address)
	case bits == 128 && addr.Is4():
		p.fault(kind, "%s is an IPv4 address: write ip4:", address)
	}
	n := bits
	if cidr {
		var ok bool
		if n, ok = prefixLength(length, bits); !ok {
			p.fault(kind, "%+.40q is no %s prefix length of 0 to %d", length, family(bits), bits)
		}
	}
	if !t.Bad {
		t.Network = netip.PrefixFrom(addr, n)
	}
}

func family(bits int) string {
	if bits == 32 {
		return "IPv4"
	}
	return "IPv6"
}

// domainSpec checks a domain-spec (RFC 7208 7.1):
//
//	domain-spec = macro-string domain-end
//	domain-end  = ( "." toplabel [ "." ] ) / macro-expand
//
// So it ends in a macro, or in a dot and a top label; a single label is none.
func (p *parser) domainSpec(spec string) {
	if spec == "" {
		p.fault(Syntax, "the domain is empty")
		return
	}
	list, err := pieces(spec)
	if err != nil {
		p.fault(Macro, "%v", err)
		return
	}
	last := list[len(list)-1]
	if last.expand {
		return
	}
	end := strings.TrimSuffix(last.text, ".")
	dot := strings.LastIndexByte(end, '.')
	if _, err := netip.ParseAddr(spec); err == nil {
		p.fault(Syntax, "%+.50q is an address and no domain: write ip4: or ip6:", spec)
	} else if dot < 0 || dot == len(end)-1 {
		p.fault(Syntax, "the domain %+.50q has no dot and top-level label at its end (RFC 7208 7.1)", spec)
	} else if !isTopLabel(end[dot+1:]) {
		p.fault(Syntax, "%+.40q at the end of the domain is no top-level label (RFC 7208 7.1)", end[dot+1:])
	}
}

// isTopLabel is
//
//	toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
//
// letters, digits and inner hyphens, and not digits alone.
func isTopLabel(s string) bool {
	digits := true
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
		case isAlpha(c), c == '-' && i > 0 && i < len(s)-1:
			digits = false
		default:
			return false
		}
	}
	return s != "" && !digits
}
