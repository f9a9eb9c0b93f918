package facts

// DNSSEC is whether the domain's zone is signed, and whether it validates (RFC 4035). It is unasked where the zone is a
// registry's, and where no resolver was asked.
type DNSSEC struct {
	Apex      string   `json:"apex"` // of the zone
	Status    string   `json:"status"`
	Why       string   `json:"why,omitempty"`       // of bogus: what proves it
	DS        []DS     `json:"ds"`                  // in the zone above
	Keys      []DNSKey `json:"keys"`                // in the zone itself
	Validated bool     `json:"validated,omitempty"` // the resolver set AD, and the user believes it
	Vouched   bool     `json:"vouched,omitempty"`   // the resolver set AD
}

// The statuses of DNSSEC.
const (
	Signed   = "signed"
	Unsigned = "unsigned" // no DS record leads to it: to everybody it is a zone without signatures (RFC 4035 4.3)
	Bogus    = "bogus"    // who validates gets SERVFAIL
)

// DS is a delegation signer record (RFC 4034 5).
type DS struct {
	Tag       uint16 `json:"tag"`
	Algorithm uint8  `json:"algorithm"`
	Digest    uint8  `json:"digest"` // its type
}

// DNSKey is a key of the zone (RFC 4034 2).
type DNSKey struct {
	Tag       uint16 `json:"tag"`
	Algorithm uint8  `json:"algorithm"`
	Entry     bool   `json:"entry,omitempty"` // the flag of a secure entry point is set (RFC 4034 2.1.1)
}
