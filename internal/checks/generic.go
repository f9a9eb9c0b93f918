package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// generic says whether a host name looks as if a provider had generated it for one address out of a range, and by
// what. Receivers take such hosts for home connections and hijacked machines. Taking a mail server for one is the
// worse mistake here: words count for nothing in a name that also says mail, and weak words only beside numbers.
//
// Only what stands beneath the registered domain is looked at: a company may be called Cable or 163.
func generic(name string, ip netip.Addr) (why string, ok bool) {
	host := beneath(strings.ToLower(strings.TrimSuffix(name, ".")))
	numbers := shape(host)
	switch {
	case contains(host, ip):
		return "contains its address", true
	case strings.Contains(numbers, "9-9-9-9"):
		return "contains four numbers in a row, like an address", true
	}
	words := strings.FieldsFunc(host, func(r rune) bool { return r < 'a' || r > 'z' })
	if slices.ContainsFunc(words, mailLike) {
		return "", false
	}
	i := slices.IndexFunc(words, poolLike)
	if i < 0 && strings.Contains(numbers, "9-9") {
		i = slices.IndexFunc(words, func(w string) bool { return slices.Contains(hostWords, w) })
	}
	switch {
	case i >= 0:
		return "contains the word " + strconv.Quote(words[i]), true
	case strings.HasPrefix(numbers, "9-9"):
		return "begins with numbers alone", true
	}
	return "", false
}

// ofService reports whether a name is of a service that sends for many domains. Their hosts are numbered, and known.
func ofService(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return slices.ContainsFunc(sendingServices, func(s string) bool { return strings.HasSuffix(name, "."+s) })
}

var sendingServices = []string{
	"amazonses.com", "google.com", "mailgun.org", "mandrillapp.com", "mcsv.net", "messagelabs.com", "messagingengine.com",
	"mimecast.com", "mtasv.net", "outlook.com", "pphosted.com", "sendgrid.net", "smtp2go.com", "sparkpostmail.com",
}

// mailWords begin what people call their mail servers.
var mailWords = []string{"mail", "email", "mx", "mta", "smtp", "out", "relay", "mout", "newsletter", "post"}

func mailLike(word string) bool {
	return slices.ContainsFunc(mailWords, func(m string) bool { return strings.HasPrefix(word, m) })
}

// poolWords name ways in which customers are connected.
var poolWords = []string{
	"arpa", "broadband", "cable", "cablemodem", "catv", "cpe", "cust", "customer", "customers", "dhcp", "dial", "dialin",
	"dialup", "dyn", "dynip", "ftth", "gprs", "pool", "pools", "ppp", "pppoe", "umts", "wimax",
}

func poolLike(word string) bool {
	return slices.Contains(poolWords, word) ||
		strings.HasPrefix(word, "dynamic") || strings.HasPrefix(word, "dsl") || strings.HasSuffix(word, "dsl")
}

// hostWords say no more than that this is a host. With two numbers in a row they count one out of a range.
var hostWords = []string{
	"addr", "client", "clients", "host", "ip", "mobile", "port", "res", "rev", "reverse", "static", "user",
	"users", "vps", "wifi", "wireless", "wlan",
}

// beneath is what stands beneath the registered domain, which by rule of thumb has two labels, or three where the
// name ends like co.uk.
func beneath(name string) string {
	labels := strings.Split(name, ".")
	own := len(labels) - 2
	if own > 0 && len(labels[own+1]) == 2 &&
		slices.Contains([]string{"ac", "co", "com", "edu", "gov", "ne", "net", "or", "org"}, labels[own]) {
		own--
	}
	return strings.Join(labels[:max(0, own)], ".")
}

const (
	digits     = "0123456789"
	separators = "-._"
)

// shape draws a name: 9 for a number that could be part of an address, - for a separator, x for all else.
func shape(host string) string {
	var b strings.Builder
	for host != "" {
		n := len(host) - len(strings.TrimLeft(host, digits))
		switch {
		case 1 <= n && n <= 3:
			b.WriteByte('9')
		case n == 0 && strings.IndexByte(separators, host[0]) >= 0:
			b.WriteByte('-')
		default:
			b.WriteByte('x')
		}
		host = host[max(1, n):]
	}
	return b.String()
}

// contains reports whether an address stands in a name: all of it in hexadecimal or in zero-padded decimals, or three
// parts of it that follow each other; an IPv4 address in either order.
func contains(host string, ip netip.Addr) bool {
	separator := func(r rune) bool { return strings.ContainsRune(separators, r) }
	bare := strings.Join(strings.FieldsFunc(host, separator), "")
	ip = ip.Unmap()
	if ip.Is6() {
		a := ip.As16()
		var groups []int64
		for i := 0; i < len(a); i += 2 {
			groups = append(groups, int64(a[i])<<8|int64(a[i+1]))
		}
		return strings.Contains(bare, fmt.Sprintf("%x", a)) || three(parse(strings.FieldsFunc(host, separator), 16), groups)
	}
	if !ip.Is4() {
		return false
	}
	a := ip.As4()
	found := parse(strings.FieldsFunc(host, func(r rune) bool { return !strings.ContainsRune(digits, r) }), 10)
	for range 2 {
		if strings.Contains(bare, fmt.Sprintf("%x", a)) ||
			strings.Contains(bare, fmt.Sprintf("%03d%03d%03d%03d", a[0], a[1], a[2], a[3])) ||
			three(found, []int64{int64(a[0]), int64(a[1]), int64(a[2]), int64(a[3])}) {
			return true
		}
		slices.Reverse(a[:])
	}
	return false
}

// parse reads numbers; what is none is -1.
func parse(l []string, base int) []int64 {
	var out []int64
	for _, s := range l {
		n, err := strconv.ParseUint(s, base, 16)
		if err != nil {
			out = append(out, -1)
			continue
		}
		out = append(out, int64(n))
	}
	return out
}

// three reports whether three parts of an address stand in found one after another. Parts that are zero prove nothing.
func three(found, parts []int64) bool {
	for i := range len(parts) - 2 {
		want := parts[i : i+3]
		if slices.Contains(want, 0) {
			continue
		}
		for j := range len(found) - 2 {
			if slices.Equal(found[j:j+3], want) {
				return true
			}
		}
	}
	return false
}
