package audit

import "mailaudit/internal/facts"

// NameServer is what an authoritative server answers at one address, asked itself.
type NameServer struct {
	Host    string `json:"host"`
	Address string `json:"address"`
	UDP     string `json:"udp"` // authoritative, lame, garbled, closed, quiet, unreachable
	TCP     string `json:"tcp"`
	Serial  uint32 `json:"serial"` // of the zone; 0 where it did not answer with authority
	Cause   string `json:"cause"`  // of all but authoritative
}

// nameServers are those of the zone, or those that were asked since nothing could be found out by the resolver.
func nameServers(f *facts.Facts) []NameServer {
	l := []NameServer{}
	z := f.Zone.Value
	for _, t := range append(append([]facts.ServerTalk{}, z.Talks...), z.Outage.Value.Talks...) {
		cause := t.UDP.Why
		if cause == "" {
			cause = t.TCP.Why
		}
		l = append(l, NameServer{t.Host, t.Addr.String(), t.UDP.State, t.TCP.State, t.Serial, cause})
	}
	return l
}

// DNSSEC is whether the zone is signed.
type DNSSEC struct {
	Status    string   `json:"status"`    // signed, unsigned, bogus, unknown
	Apex      string   `json:"apex"`      // of the zone
	Validated string   `json:"validated"` // the resolver vouches for it, and is believed: pass; unknown: it was not validated here
	DS        []DS     `json:"ds"`
	Keys      []DNSKey `json:"keys"`
	Cause     string   `json:"cause"` // of bogus and unknown; of signed: why it was not validated here
}

// DS is a record of the zone above.
type DS struct {
	Tag       uint16 `json:"tag"`
	Algorithm uint8  `json:"algorithm"`
	Digest    uint8  `json:"digest"` // its type
}

// DNSKey is a key of the zone.
type DNSKey struct {
	Tag       uint16 `json:"tag"`
	Algorithm uint8  `json:"algorithm"`
	Entry     bool   `json:"entry"` // a DS record is meant to name it
}

func dnssec(f *facts.Facts) DNSSEC {
	d := f.DNSSEC.Value
	out := DNSSEC{Status: "unknown", Validated: "unknown", Apex: d.Apex, DS: []DS{}, Keys: []DNSKey{}, Cause: f.DNSSEC.Why}
	for _, x := range d.DS {
		out.DS = append(out.DS, DS(x))
	}
	for _, x := range d.Keys {
		out.Keys = append(out.Keys, DNSKey(x))
	}
	switch f.DNSSEC.State {
	case facts.Unknown:
		return out
	case facts.Unasked:
		out.Cause = "not looked for"
		return out
	}
	out.Status, out.Cause = d.Status, d.Why
	switch {
	case d.Validated:
		out.Validated = "pass"
	case d.Status == facts.Bogus:
		out.Validated = "fail"
	case d.Status == facts.Signed && d.Vouched:
		out.Cause = "not validated here: the resolver says that it has, and is not believed without --trust-ad"
	case d.Status == facts.Signed:
		out.Cause = "not validated here: the resolver does not say that it has"
	}
	return out
}
