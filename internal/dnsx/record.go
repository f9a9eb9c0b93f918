package dnsx

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// record is what the rest of mailaudit sees of a resource record. miekg/dns keeps TXT in presentation form even when
// it came off the wire, so this is the one place where it is unescaped.
func record(rr dns.RR) Record {
	h := rr.Header()
	r := Record{Name: fold(h.Name), Type: Type(h.Rrtype), TTL: h.Ttl, Data: rdata(rr)}
	switch rr := rr.(type) {
	case *dns.A:
		r.Addr, _ = netip.AddrFromSlice(rr.A.To4())
	case *dns.AAAA:
		r.Addr, _ = netip.AddrFromSlice(rr.AAAA.To16())
	case *dns.TXT:
		for _, s := range rr.Txt {
			r.Strings = append(r.Strings, unescape(s))
		}
		r.Text = strings.Join(r.Strings, "")
	case *dns.MX:
		r.Preference, r.Target = rr.Preference, fold(rr.Mx)
	case *dns.NS:
		r.Target = fold(rr.Ns)
	case *dns.PTR:
		r.Target = fold(rr.Ptr)
	case *dns.CNAME:
		r.Target = fold(rr.Target)
	case *dns.SOA:
		r.Target = fold(rr.Ns)
	case *dns.SRV:
		r.Priority, r.Weight, r.Port, r.Target = rr.Priority, rr.Weight, rr.Port, fold(rr.Target)
	}
	return r
}

// fold is the canonical form of a name that miekg/dns has accepted.
func fold(name string) string { return Q(name, 0).Name }

// isName says whether a name that miekg/dns has accepted is the one of a Question, in which most come back as they were sent.
func isName(name, want string) bool {
	if n := len(name) - 1; n > 0 && name[n] == '.' && name[:n] == want {
		return true
	}
	return fold(name) == want
}

// rdata is the RDATA in presentation form: what follows owner, TTL, class and type, which a tab ends each. No name
// holds a raw tab.
func rdata(rr dns.RR) string {
	f := strings.SplitN(rr.String(), "\t", 5)
	return f[len(f)-1]
}

// unescape gives the octets of a character-string.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	b := make([]byte, 0, len(s))
	for len(s) > 0 {
		octet, n := decode(s)
		if n == 0 {
			break // not from miekg/dns, which has made the escapes itself
		}
		b, s = append(b, octet), s[n:]
	}
	return string(b)
}
