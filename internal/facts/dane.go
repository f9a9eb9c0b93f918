package facts

import "mailaudit/internal/record/tlsa"

// DANE is what one MX host pins its TLS certificate to (RFC 7672 2.2). The three answers that a sender needs for that are
// secure where DNSSEC vouches for them, as far as the resolver's AD bit can be believed (RFC 7672 2.1.1). False is the bit
// as it came: whether the resolver sets it at all, Vantage.Validates knows.
type DANE struct {
	Host            string       `json:"host"`
	Base            string       `json:"base"`             // the TLSA base domain: the host, or the name that its CNAME leads to (RFC 7672 2.2.2)
	Name            string       `json:"name"`             // where the records stand: _25._tcp and the base
	Pins            Fact[Pinned] `json:"pins"`             // the TLSA records
	Secure          Fact[bool]   `json:"secure"`           // the answer that gives them, or says that there are none
	SecureAddresses Fact[bool]   `json:"secure_addresses"` // the answers with the addresses of the host
	SecureMX        Fact[bool]   `json:"secure_mx"`        // the answer that names the host
}

// Pinned are the TLSA records at one name, none where there are none.
type Pinned struct {
	Records []Pin `json:"records"`
	More    int   `json:"more,omitempty"` // records beyond those
}

// Pin is one TLSA record.
type Pin struct {
	Data     string      `json:"data"` // as in a zone file
	Record   tlsa.Record `json:"record"`
	Problems []string    `json:"problems,omitempty"` // why no sender can use it, beside a usage of 0 or 1
}
