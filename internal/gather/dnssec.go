package gather

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
)

// maxSigning bounds the DS and DNSKEY records that are kept.
const maxSigning = 50

// dnssec finds out whether the domain's zone is signed. What an audit without servers cannot know, since the DS records are
// those of the zone above, stays unasked.
func (g *gatherer) dnssec() facts.Fact[facts.DNSSEC] {
	soa, _ := g.top()
	switch {
	case soa.State == facts.Unknown:
		return g.bogus(soa.Why)
	case soa.Value.Registry || soa.Value.Apex == "":
		return facts.Fact[facts.DNSSEC]{}
	}
	apex := soa.Value.Apex
	signers := soon(func() dnsx.Answer { return g.ask(apex, dnsx.DS) })
	keys := g.ask(apex, dnsx.DNSKEY)
	ds := signers()
	switch {
	case ds.Status == dnsx.Failed && ds.Asked == 0 && g.ctx.Err() == nil:
		return facts.Fact[facts.DNSSEC]{}
	case ds.Status == dnsx.Failed:
		return facts.Cannot[facts.DNSSEC](ds.Cause)
	}
	d := facts.DNSSEC{Apex: apex, Status: facts.Unsigned, DS: dsOf(ds), Keys: keysOf(keys), Vouched: g.ask(apex, dnsx.SOA).Authenticated}
	d.Validated = d.Vouched && g.t.TrustAD
	if len(d.DS) == 0 {
		return facts.Know(d)
	}
	if keys.Status == dnsx.Failed {
		return facts.Cannot[facts.DNSSEC](keys.Cause)
	}
	d.Status = facts.Signed
	if why := unprovable(d); why != "" && !d.Vouched {
		if g.root().Authenticated { // it would answer SERVFAIL; so what it answers is not what is published
			return facts.Cannot[facts.DNSSEC]("our resolver validates, and answers for " + apex + " without signatures although " + why +
				": perhaps it has a zone of its own by that name")
		}
		d.Status, d.Why = facts.Bogus, why
	}
	return facts.Know(d)
}

// bogus finds out whether what cannot be found out of the domain is there, and does not validate: SERVFAIL for every
// question, an answer as soon as the resolver is told not to check (RFC 4035 3.2.2), and SERVFAIL again after that. A zone
// that is known to have no DS record cannot be bogus.
func (g *gatherer) bogus(why string) facts.Fact[facts.DNSSEC] {
	unknown := facts.Cannot[facts.DNSSEC](why)
	failing := func(a dnsx.Answer) bool { return a.Status == dnsx.Failed && a.Rcode == "SERVFAIL" }
	for _, t := range []dnsx.Type{dnsx.SOA, dnsx.MX, dnsx.TXT} { // asked anyway
		if !failing(g.ask(g.t.Domain, t)) {
			return unknown
		}
	}
	own, _ := zoneNames(g.t.Domain)
	apex := ""
	for i, a := range every(own, func(n string) dnsx.Answer {
		return g.dns.Lookup(g.ctx, dnsx.Question{Name: n, Type: dnsx.SOA, Unchecked: true})
	}) {
		if a.Status == dnsx.Failed {
			return unknown
		}
		if apex == "" && a.Status == dnsx.Found && len(a.Chain) == 0 {
			apex = own[i]
		}
	}
	if apex == "" {
		return unknown
	}
	ds := g.ask(apex, dnsx.DS)
	again := g.dns.Lookup(g.ctx, dnsx.Question{Name: apex, Type: dnsx.SOA, TCP: true})
	if ds.Status != dnsx.Found && !failing(ds) || !failing(again) {
		return unknown
	}
	return facts.Know(facts.DNSSEC{Apex: apex, Status: facts.Bogus, DS: dsOf(ds), Keys: []facts.DNSKey{},
		Why: "the resolver answers SERVFAIL, and finds the records once it is told not to check signatures (CD)"})
}

// dsOf reads DS records: key tag, algorithm, digest type, digest (RFC 4034 5.3).
func dsOf(a dnsx.Answer) []facts.DS {
	l := []facts.DS{}
	for _, r := range a.Records[:min(len(a.Records), maxSigning)] {
		n, ok := leading(r.Data, 16, 8, 8)
		if ok {
			l = append(l, facts.DS{Tag: uint16(n[0]), Algorithm: uint8(n[1]), Digest: uint8(n[2])})
		}
	}
	return l
}

// keysOf reads DNSKEY records: flags, protocol, algorithm, key (RFC 4034 2.2). One without the flag of a zone key signs
// nothing (2.1.1).
func keysOf(a dnsx.Answer) []facts.DNSKey {
	const zoneKey, entryPoint = 0x100, 1
	l := []facts.DNSKey{}
	for _, r := range a.Records[:min(len(a.Records), maxSigning)] {
		n, ok := leading(r.Data, 16, 8, 8)
		if !ok || n[0]&zoneKey == 0 {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(r.Data)[3:], ""))
		if err != nil {
			continue
		}
		rdata := append([]byte{byte(n[0] >> 8), byte(n[0]), byte(n[1]), byte(n[2])}, key...)
		l = append(l, facts.DNSKey{Tag: keyTag(rdata), Algorithm: uint8(n[2]), Entry: n[0]&entryPoint != 0})
	}
	return l
}

// leading are the numbers that an RDATA begins with, of these sizes in bits.
func leading(rdata string, bits ...int) ([]uint64, bool) {
	f := strings.Fields(rdata)
	if len(f) < len(bits) {
		return nil, false
	}
	var l []uint64
	for i, b := range bits {
		n, err := strconv.ParseUint(f[i], 10, b)
		if err != nil {
			return nil, false
		}
		l = append(l, n)
	}
	return l, true
}

// keyTag is the sum by which a DS record names a key (RFC 4034 appendix B).
func keyTag(rdata []byte) uint16 {
	sum := uint32(0)
	for i, b := range rdata {
		if i%2 == 0 {
			sum += uint32(b) << 8
		} else {
			sum += uint32(b)
		}
	}
	return uint16(sum + sum>>16)
}

// Algorithms and digests that validators know (RFC 8624 3.1, 3.3). Who knows none of a zone's takes it for unsigned
// (RFC 4035 5.2).
var (
	algorithms = []uint8{5, 7, 8, 10, 13, 14, 15, 16}
	digests    = []uint8{1, 2, 4}
)

// unprovable says why no signature of a zone with DS records can be trusted; "" where nothing is seen.
func unprovable(d facts.DNSSEC) string {
	var tags []string
	for _, s := range d.DS {
		if !slices.Contains(algorithms, s.Algorithm) || !slices.Contains(digests, s.Digest) {
			continue
		}
		if slices.ContainsFunc(d.Keys, func(k facts.DNSKey) bool { return k.Tag == s.Tag && k.Algorithm == s.Algorithm }) {
			return ""
		}
		tags = append(tags, strconv.Itoa(int(s.Tag)))
	}
	switch {
	case len(tags) == 0:
		return ""
	case len(d.Keys) == 0:
		return "the zone above has a DS record, and the zone has no DNSKEY record"
	}
	return fmt.Sprintf("no DNSKEY record is the one that a DS record of the zone above names (key tag %s)", strings.Join(tags, ", "))
}
