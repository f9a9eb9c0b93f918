package facts

import (
	"mailaudit/internal/httpx"
	"mailaudit/internal/record/mtasts"
)

// MTASTS is the MTA-STS policy of the domain and how it was come by (RFC 8461).
type MTASTS struct {
	Name   string         `json:"name"`             // where the record stands
	Texts  []string       `json:"texts"`            // TXT records there that are MTA-STS, or were meant to be
	CNAME  []string       `json:"cname,omitempty"`  // that the name leads through
	Record *mtasts.Record `json:"record,omitempty"` // the one that senders find; nil where there is none, or several
	Host   string         `json:"host"`             // of the policy
	Page   Fact[Page]     `json:"page"`             // what came of fetching it; unasked: senders do not fetch it either
	Policy *mtasts.Policy `json:"policy,omitempty"` // of a page with code 200 that is not too long
}

// Page is what came of fetching a file over HTTPS.
type Page = httpx.Page

// How far a fetch came.
const (
	PageAnswered  = httpx.Answered
	PageNoAddress = httpx.NoAddress
	PageRefused   = httpx.Refused
	PageFiltered  = httpx.Filtered
	PageNoTLS     = httpx.NoTLS
	PageBadCert   = httpx.BadCert
	PageBroken    = httpx.Broken
	PageSlow      = httpx.Slow
	PageUnknown   = httpx.Unknown
)

// PageOK is the only code of an answer that holds a policy (RFC 8461 3.3).
const PageOK = 200

// MaxPage is how much of a file is read, in octets.
const MaxPage = httpx.MaxBody

// PolicyPath is where a policy stands on its host (RFC 8461 3.2).
const PolicyPath = "/.well-known/mta-sts.txt"
