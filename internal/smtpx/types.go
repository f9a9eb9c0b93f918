package smtpx

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"time"
)

// DialFunc opens a TCP connection to a literal address, "192.0.2.1:587" or "[2001:db8::1]:587". Names never reach it.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Target is one service to probe.
type Target struct {
	Host     string           // the name that clients use: SNI and the name that the certificate must hold
	Addrs    []netip.AddrPort // tried in order until one answers; the first four of them
	Implicit bool             // TLS from the first octet (RFC 8314 3.3)
	HELO     string           // what to say in EHLO; "mailaudit.invalid" where empty
	Roots    *x509.CertPool   // nil: the system's
	Now      time.Time        // for certificate validity; zero: the clock's
	Patience time.Duration    // for the talk; zero: DefaultPatience
	Connect  time.Duration    // for connecting; zero: two thirds of Patience

	// Envelopes are tried in this order after the last EHLO, the first 20 of them. No mail is ever handed in.
	Envelopes []Envelope
}

// Envelope is a question whether a server would take mail (RFC 5321 3.3), or knows an address (RFC 5321 3.5).
type Envelope struct {
	Purpose string `json:"purpose"`          // the caller's word for it
	Verify  bool   `json:"verify,omitempty"` // VRFY To, in place of MAIL and RCPT
	From    string `json:"from"`             // "" is the null reverse-path (RFC 5321 4.5.5)
	To      string `json:"to"`
}

// The values of EnvelopeReply.Stage: the command that was answered last. Where that is MAIL, RCPT was not sent.
const (
	StageMail = "mail"
	StageRcpt = "rcpt"
	StageVrfy = "vrfy"
)

// EnvelopeReply is what a server said to an envelope.
type EnvelopeReply struct {
	Envelope
	Stage    string `json:"stage"`
	Code     int    `json:"code"`
	Enhanced string `json:"enhanced,omitempty"` // "5.1.1" (RFC 2034), where the text begins with one of the same class
	Text     string `json:"text"`               // with it, lines joined by a space, bounded
}

// DefaultPatience is what a talk may take from connection to QUIT. RFC 5321 4.5.3.2.1 grants a server five minutes for
// its greeting; an audit that a person waits for does not, and says so.
const DefaultPatience = 6 * time.Second

// Status says what became of the connection.
type Status string

// Open: the service greeted with 220, or began the handshake of implicit TLS and failed. Refused: the host answered
// with a reset. Filtered: nothing came back within the bound, perhaps for our own network's sake. Unknown: no connection
// could be tried, or it was made and what followed was no SMTP, was not finished within the bounds, or was a greeting
// that turns us away (554, 421), which is about us.
const (
	Open     Status = "open"
	Refused  Status = "refused"
	Filtered Status = "filtered"
	Unknown  Status = "unknown"
)

// The values of Probe.TLS.
const (
	NoTLS       = "none"
	StartTLS    = "starttls"
	ImplicitTLS = "implicit"
)

// Probe is what a service was seen to do. Text from the server is kept as it came, bounded in size.
type Probe struct {
	Status    Status     `json:"status"`
	Why       string     `json:"why,omitempty"`       // where Status is not Open, or where the talk broke off later
	Addr      netip.Addr `json:"addr,omitzero"`       // the address that answered, if with a reset
	Banner    string     `json:"banner,omitempty"`    // the greeting's text, lines joined by \n
	NoBanner  string     `json:"no_banner,omitempty"` // why what came in place of a greeting is none that can be read
	Late      bool       `json:"late,omitempty"`      // the connection was taken, and patience was over before the greeting was
	EHLO      []string   `json:"ehlo,omitempty"`      // the reply before TLS, as sent: the server's name, then a capability a line
	EHLOTLS   []string   `json:"ehlo_tls,omitempty"`
	STARTTLS  bool       `json:"starttls,omitempty"`   // offered
	TLS       string     `json:"tls"`                  // starttls, implicit or none: what was established
	TLSFault  string     `json:"tls_fault,omitempty"`  // why there is no TLS, by the server's own doing: what our time or our TLS falls short of is none
	OldTLS    bool       `json:"old_tls,omitempty"`    // of all versions the server took TLS 1.1 or older (RFC 8996)
	Version   string     `json:"version,omitempty"`    // "TLS 1.3"
	Cipher    string     `json:"cipher,omitempty"`     // "TLS_AES_128_GCM_SHA256"
	Injected  bool       `json:"injected,omitempty"`   // octets stood in the buffer before TLS: plaintext command injection
	AuthPlain []string   `json:"auth_plain,omitempty"` // AUTH mechanisms offered before TLS
	Auth      []string   `json:"auth,omitempty"`       // AUTH mechanisms offered in the end, under TLS where there is TLS
	Cert      *Cert      `json:"cert,omitempty"`       // nil without TLS
	Chain     [][]byte   `json:"chain,omitempty"`      // the certificates as presented, DER, the leaf first: at most 10, and 64 KiB in all
	Complete  bool       `json:"complete"`             // the talk went as far as the last EHLO: what is not offered is not offered
	RoundTrip int64      `json:"round_trip_ms"`        // of the connect

	Envelopes []EnvelopeReply `json:"envelopes,omitempty"` // of those that were answered
}

// Cert is the leaf certificate as presented.
type Cert struct {
	Names        []string  `json:"names"` // subjectAltName dNSNames and iPAddresses, bounded
	NotBefore    time.Time `json:"not_before"`
	NotAfter     time.Time `json:"not_after"`
	NameOK       bool      `json:"name_ok"`                 // RFC 9525: holds Target.Host
	ChainOK      bool      `json:"chain_ok"`                // leads to a root at Target.Now, or would but for its own dates
	ChainUnknown bool      `json:"chain_unknown,omitempty"` // this machine has no roots to judge by
	ChainWhy     string    `json:"chain_fault,omitempty"`   // why neither
	InDate       bool      `json:"in_date"`                 // at Target.Now
	Issuer       string    `json:"issuer"`
	Key          string    `json:"key"`       // RSA, ECDSA, Ed25519, as Go names them
	Bits         int       `json:"bits"`      // of the key; 0 for kinds of key that Go does not know
	Signature    string    `json:"signature"` // by what the issuer signed, as Go names it: SHA256-RSA
}
