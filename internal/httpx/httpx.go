// Package httpx fetches one small file over HTTPS as a sender of mail fetches an MTA-STS policy (RFC 8461 3.3): with GET, from
// the addresses that were judged and no others, without following redirects (3xx is an answer), with a certificate that must
// hold the host's name, and with no cache, cookie, proxy, compression or second connection.
//
// It judges nothing but the way to the answer: what kept the answer from coming is a Status, with whose side it is on where
// that can be told. Everything is bounded, in octets and in time.
package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"mailaudit/internal/clip"
	"mailaudit/internal/smtpx"
)

// The bounds of one fetch. RFC 8461 3.3 suggests 64 KiB of policy and a minute, which nobody waits for.
const (
	MaxBody         = 64 << 10 // octets
	DefaultPatience = 10 * time.Second
	maxHeader       = 16 << 10 // octets
	maxText         = 200      // octets of an error, and of a header field that is kept
)

// Target is one file.
type Target struct {
	Host     string           // SNI, the Host field, and the name that the certificate must hold
	Path     string           // begins with "/"
	Addrs    []netip.AddrPort // tried in order until one answers; the first four of them
	Roots    *x509.CertPool   // nil: the system's
	Now      time.Time        // for certificate validity; zero: the clock's
	Patience time.Duration    // for everything, and two thirds of it for connecting; zero: DefaultPatience
	Accept   string           // the media types that are asked for; "": any
	MaxBody  int              // octets of a body that are read; zero: MaxBody
	Plain    bool             // HTTP without TLS, of a server that the user typed
}

// Status says how far the fetch came.
type Status string

// Answered: there is a response with a Code, and as much of its body as is read. NoAddress: there is nothing to connect to.
// Refused: the host answered with a reset. Filtered: nothing came back within the bound, perhaps for our own network's sake.
// NoTLS: the server did not finish the handshake. BadCert: it did, with a certificate that senders do not take; nothing was
// asked then. Broken: the server broke the connection off or sent no HTTP. Slow: the response was not whole in time.
// Unknown: our side.
const (
	Answered  Status = "answered"
	NoAddress Status = "no-address"
	Refused   Status = "refused"
	Filtered  Status = "filtered"
	NoTLS     Status = "no-tls"
	BadCert   Status = "bad-cert"
	Broken    Status = "broken"
	Slow      Status = "slow"
	Unknown   Status = "unknown"
)

// Page is what came of it. Text from the server is kept as it came, bounded in size.
type Page struct {
	Status      Status      `json:"status"`
	Why         string      `json:"why,omitempty"`          // where Status is not Answered
	Addr        netip.Addr  `json:"addr,omitzero"`          // the address that answered, if with a reset
	Cert        *smtpx.Cert `json:"cert,omitempty"`         // nil without TLS
	Code        int         `json:"code,omitempty"`         // of HTTP: 200, 404
	Location    string      `json:"location,omitempty"`     // of a redirect
	ContentType string      `json:"content_type,omitempty"` // as sent
	Body        string      `json:"body,omitempty"`         // of 200 alone
	More        bool        `json:"more,omitempty"`         // Body is the first octets of a longer one
}

// Fetch gets a file. It returns by the end of ctx or of the target's patience, whichever is first.
func Fetch(ctx context.Context, dial smtpx.DialFunc, t Target) Page {
	if len(t.Addrs) == 0 {
		return Page{Status: NoAddress, Why: t.Host + " has no address"}
	}
	if t.Now.IsZero() {
		t.Now = time.Now()
	}
	if t.Patience <= 0 {
		t.Patience = DefaultPatience
	}
	if t.MaxBody <= 0 {
		t.MaxBody = MaxBody
	}
	f := fetch{Target: t, caller: ctx}
	ctx, cancel := context.WithTimeout(ctx, t.Patience)
	defer cancel()
	service := smtpx.Target{Host: t.Host, Addrs: t.Addrs, Roots: t.Roots, Now: t.Now, Connect: t.Patience * 2 / 3}
	conn, p := smtpx.Connect(f.caller, dial, service) // its own bound holds; what else ends it is the audit's end
	f.Addr = p.Addr
	if conn == nil {
		f.fail(reached(p.Status), p.Why)
		return f.Page
	}
	defer conn.Close()
	if t.Plain {
		f.get(ctx, conn, "http://")
		return f.Page
	}
	secure := f.handshake(ctx, conn)
	if secure == nil {
		return f.Page
	}
	if f.Cert = smtpx.Examine(secure.ConnectionState().PeerCertificates, service); !trusted(f.Cert) {
		f.fail(BadCert, "the certificate is not one that senders take")
		return f.Page
	}
	f.get(ctx, secure, "https://")
	return f.Page
}

// reached is the status of an attempt to connect that failed.
func reached(s smtpx.Status) Status {
	switch s {
	case smtpx.Refused:
		return Refused
	case smtpx.Filtered:
		return Filtered
	}
	return Unknown
}

// trusted says whether nothing is known against a certificate.
func trusted(c *smtpx.Cert) bool {
	return c != nil && c.NameOK && c.InDate && (c.ChainOK || c.ChainUnknown)
}

// fetch is one run.
type fetch struct {
	Target
	Page
	caller context.Context
}

func (f *fetch) fail(s Status, why string) { f.Status, f.Why = s, clip.Text(why, maxText) }

// lost notes that something broke off, status being that of a server which is to blame. What the bounds of time ended is
// nobody's fault that we could tell.
func (f *fetch) lost(ctx context.Context, status Status, what string, err error) {
	var timeout net.Error
	switch {
	case f.caller.Err() != nil:
		f.fail(Unknown, what+" did not end before the time of the audit was up")
	case ctx.Err() != nil || errors.As(err, &timeout) && timeout.Timeout():
		f.fail(Slow, fmt.Sprintf("%s did not end within %v", what, f.Patience))
	default:
		f.fail(status, fmt.Sprintf("%s broke off: %v", what, err))
	}
}

// handshake brings TLS up and takes whatever certificate there is: Examine verifies.
func (f *fetch) handshake(ctx context.Context, conn net.Conn) *tls.Conn {
	c := tls.Client(conn, &tls.Config{
		ServerName:         f.Host,
		InsecureSkipVerify: true, // Examine verifies: name, chain and dates each by themselves
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{"h2", "http/1.1"},
		// As senders, which take old ciphers too, and offer no group that makes the hello two segments long.
		CipherSuites:     suites(),
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
	})
	if err := c.HandshakeContext(ctx); err != nil {
		f.lost(ctx, NoTLS, "the TLS handshake", err)
		return nil
	}
	return c
}

// suites are all ciphers that there are.
func suites() []uint16 {
	var l []uint16
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		l = append(l, s.ID)
	}
	return l
}

// get asks for the file on a connection that is there already.
func (f *fetch) get(ctx context.Context, conn net.Conn, scheme string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+f.Host+f.Path, http.NoBody)
	if err != nil {
		f.fail(Unknown, err.Error())
		return
	}
	r.Header.Set("User-Agent", "mailaudit")
	if f.Accept != "" {
		r.Header.Set("Accept", f.Accept)
	}
	transport := over(conn)
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(r)
	if err != nil {
		f.lost(ctx, Broken, "the HTTP response", err)
		return
	}
	defer response.Body.Close()
	f.Status, f.Code = Answered, response.StatusCode
	f.Location, f.ContentType = clip.Text(response.Header.Get("Location"), maxText), clip.Text(response.Header.Get("Content-Type"), maxText)
	if f.Code != http.StatusOK {
		return
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(f.MaxBody)+1))
	switch {
	case len(body) > f.MaxBody:
		body, f.More = body[:f.MaxBody], true
	case err != nil:
		f.lost(ctx, Broken, fmt.Sprintf("the HTTP response, with %d octets of body so far,", len(body)), err)
		return
	}
	f.Body = string(body)
}

// over is a transport that has one connection and makes no other.
func over(conn net.Conn) *http.Transport {
	once := make(chan net.Conn, 1)
	once <- conn
	take := func(context.Context, string, string) (net.Conn, error) {
		select {
		case c := <-once:
			return c, nil
		default:
			return nil, errors.New("the server wants to be asked again")
		}
	}
	return &http.Transport{
		DialContext:            take,
		DialTLSContext:         take,
		ForceAttemptHTTP2:      true,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
	}
}
