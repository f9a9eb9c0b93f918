package dnsx

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// Limits of names on the wire (RFC 1035 2.3.4).
const (
	maxLabel = 63
	maxName  = 255
)

// Q makes a Question. The name may be in any case, with or without one dot at its end, and with RFC 1035 5.1
// escapes; a name that no message can carry is only lower-cased, and Lookup says what is wrong with it.
func Q(name string, t Type) Question {
	if c, problem := canonical(name); problem == "" {
		name = c
	} else {
		name = lower(name)
	}
	return Question{Name: name, Type: t}
}

// tidy is q with its name in the one form that Name allows.
func (q Question) tidy() Question {
	q.Name = Q(q.Name, q.Type).Name
	return q
}

// of is the same question about another name.
func (q Question) of(name string) Question {
	q.Name = name
	return q
}

// canonical puts a name into the one form that Question.Name allows. problem says why a name cannot exist.
func canonical(name string) (c, problem string) {
	switch name {
	case "":
		return "", "empty name"
	case ".":
		return ".", ""
	}
	if plain(name) {
		return name, ""
	}
	var b strings.Builder
	b.Grow(len(name))
	label, size := 0, 1 // octets of the label so far, and of the name on the wire with its root label
	for i := 0; i < len(name); {
		if name[i] == '.' {
			if label == 0 {
				return "", "empty label"
			}
			label = 0
			if i++; i < len(name) {
				b.WriteByte('.')
			}
			continue
		}
		octet, n := decode(name[i:])
		if n == 0 {
			return "", "bad escape"
		}
		i += n
		if label == 0 {
			size++ // its length octet
		}
		label++
		size++
		if label > maxLabel {
			return "", fmt.Sprintf("label longer than %d octets", maxLabel)
		}
		if size > maxName {
			return "", fmt.Sprintf("name longer than %d octets", maxName)
		}
		if 'A' <= octet && octet <= 'Z' {
			octet += 'a' - 'A'
		}
		switch {
		case strings.IndexByte(`. '@;()"\`, octet) >= 0:
			b.WriteByte('\\')
			b.WriteByte(octet)
		case octet < ' ' || octet > '~':
			fmt.Fprintf(&b, `\%03d`, octet)
		default:
			b.WriteByte(octet)
		}
	}
	return b.String(), ""
}

// plain says of a name that it is in that form, and without escapes, as nearly all are.
func plain(name string) bool {
	dot := -1 // where the last one stands
	for i := range len(name) {
		switch {
		case usual[name[i]]:
		case name[i] != '.' || i == dot+1 || i-dot-1 > maxLabel:
			return false
		default:
			dot = i
		}
	}
	last := len(name) - dot - 1
	return 0 < last && last <= maxLabel && len(name)+2 <= maxName
}

// usual are the octets of nearly all labels.
var usual = func() (is [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyz0123456789-_") {
		is[c] = true
	}
	return is
}()

// decode reads the first octet of a presentation text: X, \X or \DDD (RFC 1035 5.1). n is how much of s it took,
// 0 where s begins with a broken escape.
func decode(s string) (octet byte, n int) {
	digit := func(c byte) bool { return '0' <= c && c <= '9' }
	switch {
	case s[0] != '\\':
		return s[0], 1
	case len(s) == 1:
		return 0, 0
	case !digit(s[1]):
		return s[1], 2
	case len(s) < 4 || !digit(s[2]) || !digit(s[3]):
		return 0, 0
	}
	v, err := strconv.ParseUint(s[1:4], 10, 8)
	if err != nil {
		return 0, 0
	}
	return byte(v), 4
}

// lower folds ASCII only: DNS names are octets, not text (RFC 4343).
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// parent is the name without its first label; that of a top-level name is the root.
func parent(name string) string {
	if i, end := dns.NextLabel(name, 0); !end {
		return name[i:]
	}
	return "."
}

// below is the name of a label under a name.
func below(label, name string) string {
	if name == "." {
		return label
	}
	return label + "." + name
}

// String is the type's mnemonic, or TYPE123 (RFC 3597 5).
func (t Type) String() string { return dns.Type(t).String() }

// ParseType reads a mnemonic in any case, or TYPE123.
func ParseType(s string) (Type, bool) {
	s = strings.ToUpper(s)
	if t, ok := dns.StringToType[s]; ok && t != dns.TypeNone {
		return Type(t), true
	}
	if digits, ok := strings.CutPrefix(s, "TYPE"); ok {
		n, err := strconv.ParseUint(digits, 10, 16)
		return Type(n), err == nil && n > 0
	}
	return 0, false
}

// Missing reports whether the answer is an authoritative no: the name or the type is not there.
func (a Answer) Missing() bool { return a.Status == NoData || a.Status == NXDomain }

// Reverse is the name to ask for the PTR records of an address (RFC 1035 3.5, RFC 3596 2.5).
func Reverse(a netip.Addr) string {
	if a.Is4() {
		return ReverseLabels(a) + ".in-addr.arpa"
	}
	return ReverseLabels(a) + ".ip6.arpa"
}

// ReverseLabels is an address as blocklists want it before their zone: its octets (RFC 5782 2.1) or nibbles (2.4)
// in reverse. An IPv4-mapped address counts as the IPv6 address that it is.
func ReverseLabels(a netip.Addr) string {
	var labels []string
	if a.Is4() {
		for _, b := range a.As4() {
			labels = append(labels, strconv.Itoa(int(b)))
		}
	} else {
		for _, b := range a.As16() {
			labels = append(labels, strconv.FormatInt(int64(b>>4), 16), strconv.FormatInt(int64(b&15), 16))
		}
	}
	slices.Reverse(labels)
	return strings.Join(labels, ".")
}
