package facts

import "mailaudit/internal/record/tlsrpt"

// TLSRPT is where the domain wants reports on TLS (RFC 8460).
type TLSRPT struct {
	Name   string         `json:"name"`             // where the record stands
	Texts  []string       `json:"texts"`            // TXT records there that are TLS-RPT, or were meant to be
	Record *tlsrpt.Record `json:"record,omitempty"` // the one that senders find; nil where there is none, or several
}
