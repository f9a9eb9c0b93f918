package tlsa

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxCerts is how many certificates of a chain are looked at.
const maxCerts = 10

// Match says whether a server that presents chain, in DER and with its own certificate first, is the one that the record
// means; why says why it is not. at and names, the reference identifiers, count for usage 2 alone.
func (r Record) Match(chain [][]byte, at time.Time, names ...string) (ok bool, why string) {
	certs, err := parse(chain)
	switch {
	case err != nil:
		return false, err.Error()
	case !r.Usable():
		return false, "no sender can use the record"
	case r.Usage == DANEEE:
		if !r.is(certs[0]) {
			return false, "the certificate is another"
		}
		return true, "" // RFC 7672 3.1.1: neither names nor dates count
	}
	// RFC 7672 3.1.2: the server sends the trust anchor, be it a root. The server's own certificate is none.
	anchors := slices.DeleteFunc(slices.Clone(certs[1:]), func(c *x509.Certificate) bool { return !r.is(c) })
	if len(anchors) == 0 {
		return false, fmt.Sprintf("no authority of the chain is it: %d sent after the server's own certificate", len(certs)-1)
	}
	why = unverified(certs, anchors, at, names)
	return why == "", why
}

// Of is the record by which a certificate, in DER, is found.
func Of(usage, selector, matching uint8, der []byte) (Record, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return Record{}, fmt.Errorf("the certificate cannot be read: %w", err)
	}
	r := Record{Usage: usage, Selector: selector, Matching: matching}
	r.Data = r.association(c)
	return r, nil
}

func parse(chain [][]byte) ([]*x509.Certificate, error) {
	if len(chain) == 0 {
		return nil, fmt.Errorf("no certificate was presented")
	}
	var l []*x509.Certificate
	for i, der := range chain[:min(len(chain), maxCerts)] {
		c, err := x509.ParseCertificate(der)
		switch {
		case err == nil:
			l = append(l, c)
		case i == 0:
			return nil, fmt.Errorf("the certificate cannot be read: %w", err)
		}
	}
	return l, nil
}

// is compares a certificate with the record.
func (r Record) is(c *x509.Certificate) bool { return bytes.Equal(r.Data, r.association(c)) }

// association is what the record would hold for a certificate (RFC 6698 2.1.4).
func (r Record) association(c *x509.Certificate) []byte {
	b := c.Raw
	if r.Selector == SPKI {
		b = c.RawSubjectPublicKeyInfo
	}
	switch r.Matching {
	case SHA256:
		sum := sha256.Sum256(b)
		return sum[:]
	case SHA512:
		sum := sha512.Sum512(b)
		return sum[:]
	}
	return b
}

// unverified says why the first certificate does not verifiably lead to one of the anchors, "" where it does (RFC 7672
// 3.1.2, 3.2.2).
func unverified(certs, anchors []*x509.Certificate, at time.Time, names []string) string {
	leaf := certs[0]
	switch {
	case at.After(leaf.NotAfter):
		return "the certificate expired on " + leaf.NotAfter.UTC().Format(time.DateOnly)
	case at.Before(leaf.NotBefore):
		return "the certificate is not valid before " + leaf.NotBefore.UTC().Format(time.RFC3339)
	case !slices.ContainsFunc(names, func(n string) bool { return holds(leaf, n) }):
		return "the certificate is not for " + strings.Join(names, " or ")
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range anchors {
		roots.AddCert(c)
	}
	for _, c := range certs[1:] {
		between.AddCert(c)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at}); err != nil {
		return "the certificate does not lead to it: " + strings.TrimPrefix(err.Error(), "x509: ")
	}
	return ""
}

// holds says whether a certificate is for a name. The common name counts where there is no DNS name (RFC 7672 3.2.3).
func holds(c *x509.Certificate, name string) bool {
	if len(c.DNSNames) == 0 {
		c = &x509.Certificate{DNSNames: []string{c.Subject.CommonName}}
	}
	return c.VerifyHostname(name) == nil
}
