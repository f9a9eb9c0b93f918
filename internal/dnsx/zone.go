package dnsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// Bounds of a zone file.
const (
	maxZoneOctets = 64 << 20
	maxZoneNames  = 1 << 20 // names and records together
)

// zoneTTL is the TTL of records for which the file gives none.
const zoneTTL = 300

// dname is the type of DNAME, which nobody here asks for (RFC 6672).
const dname Type = 39

// Zone is what master files say (RFC 1035 5), which need not be one zone in the sense of the DNS: any names will do.
// The zero value is empty.
type Zone struct {
	nodes map[string]node // each name that exists, empty non-terminals too (RFC 4592 2.2.2)
	lines map[string]bool // each record, for a duplicate is no second one (RFC 2181 5)
}

// node holds the RRsets of a name.
type node map[Type][]dns.RR

// ParseZone reads a master file. Names are absolute, or relative to an $ORIGIN in the file. $INCLUDE is refused, since
// a zone file must not open others, and so is $GENERATE, a habit of BIND in which ZoneParser loses count of the lines.
// Errors begin with FILE:LINE; name is FILE.
func ParseZone(name string, r io.Reader) (*Zone, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxZoneOctets+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(text) > maxZoneOctets {
		return nil, fmt.Errorf("%s: larger than %d octets", name, maxZoneOctets)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors begin a file with it
	const generate = "$GENERATE"
	n := 0
	for line := range bytes.Lines(text) {
		if n++; len(line) >= len(generate) && strings.EqualFold(string(line[:len(generate)]), generate) {
			return nil, fmt.Errorf("%s:%d: %s is not in RFC 1035", name, n, generate)
		}
	}
	z := new(Zone)
	lines := &lineReader{Reader: bytes.NewReader(text)}
	p := dns.NewZoneParser(lines, "", "")
	p.SetDefaultTTL(zoneTTL)
	buf := make([]byte, dns.MaxMsgSize)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		rr, err := asServed(rr, buf)
		if err == nil {
			err = z.add(rr)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, lines.line(), err)
		}
	}
	if err := p.Err(); err != nil {
		line, what := explain(err, lines.line())
		return nil, fmt.Errorf("%s:%d: %s", name, line, what)
	}
	return z, nil
}

// lineReader counts lines, for ZoneParser does not say where a record came from. ZoneParser takes an io.ByteReader
// octet by octet and never reads past the line that it is at.
type lineReader struct {
	*bytes.Reader
	newlines int
	last     byte
}

func (r *lineReader) ReadByte() (byte, error) {
	c, err := r.Reader.ReadByte()
	if err != nil {
		return c, err
	}
	if c == '\n' {
		r.newlines++
	}
	r.last = c
	return c, nil
}

// line is the line of the last octet that was read.
func (r *lineReader) line() int {
	if r.last == '\n' {
		return r.newlines
	}
	return r.newlines + 1
}

// explain takes a ParseError apart, which gives its place only in its text. fallback is the line if it does not.
func explain(err error, fallback int) (line int, what string) {
	what = strings.TrimPrefix(err.Error(), "dns: ")
	line = fallback
	if i := strings.LastIndex(what, " at line: "); i >= 0 {
		place, _, _ := strings.Cut(what[i+len(" at line: "):], ":")
		if n, err := strconv.Atoi(place); err == nil && n > 0 {
			line, what = n, what[:i]
		}
	}
	if strings.HasPrefix(what, "bad owner name") && !strings.HasSuffix(what, `."`) {
		what += " (without a dot at its end a name needs $ORIGIN)"
	}
	return line, what
}

// asServed is the record as it would come off the wire, which makes one form of the many that a file may use. It refuses
// what ZoneParser lets pass and no server could serve. buf holds any message.
func asServed(rr dns.RR, buf []byte) (dns.RR, error) {
	h := rr.Header()
	switch {
	case h.Name == "":
		return nil, errors.New("no owner name")
	case h.Class != dns.ClassINET:
		return nil, fmt.Errorf("class %s is not IN", dns.Class(h.Class))
	}
	if _, problem := canonical(h.Name); problem != "" {
		return nil, fmt.Errorf("owner name: %s", problem)
	}
	n, err := dns.PackRR(rr, buf, 0, nil, false)
	if err == nil && h.Rdlength == 0 {
		err = errors.New("no data")
	}
	if err == nil {
		rr, _, err = dns.UnpackRR(buf[:n], 0)
	}
	if err != nil {
		return nil, fmt.Errorf("%s record: %s", Type(h.Rrtype), strings.TrimPrefix(err.Error(), "dns: "))
	}
	return rr, nil
}

func (z *Zone) add(rr dns.RR) error {
	name, t := fold(rr.Header().Name), Type(rr.Header().Rrtype)
	line := lineOf(rr)
	if z.lines[line] {
		return nil
	}
	if z.nodes == nil {
		z.nodes, z.lines = map[string]node{}, map[string]bool{}
	}
	for n := name; n != "."; n = parent(n) {
		if _, ok := z.nodes[n]; ok {
			break
		}
		z.nodes[n] = nil
	}
	if z.nodes[name] == nil {
		z.nodes[name] = node{}
	}
	z.lines[line] = true
	z.nodes[name][t] = append(z.nodes[name][t], rr)
	if len(z.nodes)+len(z.lines) > maxZoneNames {
		return fmt.Errorf("more than %d names and records", maxZoneNames)
	}
	return nil
}

// Add lays another zone over this one: each (name, type) in it replaces the RRset that is there whole, as NewOverlay does with what is
// published. A CNAME record takes the place of all others at its name, and any other that of a CNAME record (RFC 2181 10.1).
func (z *Zone) Add(other *Zone) error {
	for _, name := range slices.Sorted(maps.Keys(other.nodes)) {
		for t := range z.nodes[name] {
			if _, again := other.nodes[name][t]; again || len(other.nodes[name]) > 0 && (t == CNAME || other.nodes[name][CNAME] != nil) {
				z.drop(name, t)
			}
		}
		for _, t := range slices.Sorted(maps.Keys(other.nodes[name])) {
			for _, rr := range other.nodes[name][t] {
				if err := z.add(rr); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// drop removes an RRset. Its name stays: whoever drops one has another for it.
func (z *Zone) drop(name string, t Type) {
	for _, rr := range z.nodes[name][t] {
		delete(z.lines, lineOf(rr))
	}
	delete(z.nodes[name], t)
}

// lineOf is a record in the one form that tells it from others.
func lineOf(rr dns.RR) string {
	return fold(rr.Header().Name) + " " + Type(rr.Header().Rrtype).String() + " " + rdata(rr)
}

// exists reports whether the zone has the name, be it as an empty non-terminal.
func (z *Zone) exists(name string) bool {
	_, ok := z.nodes[name]
	return ok || name == "."
}

// at finds the RRsets at a name: its own, or the wildcard's at the closest encloser (RFC 4592 3.3.1).
func (z *Zone) at(name string) (sets node, exists bool) {
	if z.exists(name) {
		return z.nodes[name], true
	}
	encloser := parent(name)
	for !z.exists(encloser) {
		encloser = parent(encloser)
	}
	return z.synthesise(name, encloser)
}

// synthesise is what the wildcard under encloser gives to name.
func (z *Zone) synthesise(name, encloser string) (sets node, exists bool) {
	wild, ok := z.nodes[below("*", encloser)]
	if !ok {
		return nil, false
	}
	sets = node{}
	for t, rrs := range wild {
		for _, rr := range rrs {
			c := dns.Copy(rr)
			c.Header().Name = dns.Fqdn(name)
			sets[t] = append(sets[t], c)
		}
	}
	return sets, true
}

// apex is the SOA record of the zone that holds the name. cut is where that zone gives the name away: to name servers
// (RFC 1034 4.2.1), or by a DNAME (RFC 6672).
func (z *Zone) apex(name string) (soa dns.RR, cut string) {
	for n := name; ; n = parent(n) {
		if s := z.nodes[n][SOA]; len(s) > 0 {
			return s[0], cut
		}
		if len(z.nodes[n][NS]) > 0 || len(z.nodes[n][dname]) > 0 && n != name {
			cut = n
		}
		if n == "." {
			return nil, ""
		}
	}
}

// Reply fills in the answer of a recursive resolver for which this zone is all there is: what no SOA covers does not
// exist either, by word of a root that is made up.
func (z *Zone) Reply(m *dns.Msg) {
	if len(m.Question) != 1 {
		m.Rcode = dns.RcodeFormatError
		return
	}
	q := Q(m.Question[0].Name, Type(m.Question[0].Qtype))
	a := Answer{Question: q}
	for name := q.Name; ; {
		sets, exists := z.at(name)
		cname, ok := next(sets, q.Type)
		switch {
		case ok:
			m.Answer = append(m.Answer, cname)
			if name = fold(cname.Target); a.step(name) != "" {
				return // a loop: as far as one can follow it, and no SOA
			}
			continue
		case len(sets[q.Type]) > 0:
			m.Answer = append(m.Answer, sets[q.Type]...)
			return
		case !exists:
			m.Rcode = dns.RcodeNameError
		}
		soa, _ := z.apex(name)
		if soa == nil {
			soa = &dns.SOA{
				Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: zoneTTL},
				Ns:  "invalid.", Mbox: "invalid.", Minttl: zoneTTL,
			}
		}
		m.Ns = append(m.Ns, soa)
		return
	}
}

// Serve fills in the answer of a server with authority for the zones that begin in the file: REFUSED beyond them, and a
// referral beneath what they give away (RFC 1034 4.3.2).
func (z *Zone) Serve(m *dns.Msg) {
	if len(m.Question) != 1 {
		m.Rcode = dns.RcodeFormatError
		return
	}
	q := Q(m.Question[0].Name, Type(m.Question[0].Qtype))
	covers := q.Name
	if q.Type == DS {
		covers = parent(covers) // RFC 4035 3.1.4.1
	}
	soa, cut := z.apex(covers)
	switch {
	case soa == nil:
		m.Rcode = dns.RcodeRefused
	case len(z.nodes[cut][NS]) > 0:
		m.Ns = append(m.Ns, z.nodes[cut][NS]...)
		for _, rr := range m.Ns {
			at := z.nodes[record(rr).Target]
			m.Extra = append(append(m.Extra, at[A]...), at[AAAA]...)
		}
	default:
		m.Authoritative = true
		z.Reply(m)
	}
}

// next is the CNAME to follow for a question of type t, if there is one (RFC 1034 3.6.2).
func next(sets node, t Type) (*dns.CNAME, bool) {
	if t == CNAME || len(sets[t]) > 0 || len(sets[CNAME]) == 0 {
		return nil, false
	}
	cname, ok := sets[CNAME][0].(*dns.CNAME)
	return cname, ok
}
