package smtpx

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"

	"mailaudit/internal/clip"
)

// Bounds on what is looked at and kept of the certificates.
const (
	maxCerts  = 10
	maxChain  = 64 << 10 // octets, of all certificates together
	maxNames  = 100
	maxName   = 255 // octets
	maxIssuer = 500 // octets
)

// examine looks at the certificates that a server sent, its own first.
func examine(sent []*x509.Certificate, t Target) *Cert {
	if len(sent) == 0 {
		return nil
	}
	sent = sent[:min(len(sent), maxCerts)]
	leaf := sent[0]
	c := &Cert{
		Names:     names(leaf),
		NotBefore: leaf.NotBefore.UTC(),
		NotAfter:  leaf.NotAfter.UTC(),
		// Subject alternative names only, never the common name (RFC 9525).
		NameOK: leaf.VerifyHostname(t.Host) == nil,
		// Both ends are inside (RFC 5280 4.1.2.5).
		InDate:    !t.Now.Before(leaf.NotBefore) && !t.Now.After(leaf.NotAfter),
		Issuer:    clip.Text(leaf.Issuer.String(), maxIssuer),
		Key:       leaf.PublicKeyAlgorithm.String(),
		Bits:      bits(leaf.PublicKey),
		Signature: leaf.SignatureAlgorithm.String(),
	}
	c.chain(sent, t)
	return c
}

// bits is the size of a public key as its kind counts it.
func bits(key any) int {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen()
	case *ecdsa.PublicKey:
		return k.Params().BitSize
	case ed25519.PublicKey:
		return len(k) * 8
	}
	return 0
}

// presented are the certificates as they came, as far as the bounds go.
func presented(sent []*x509.Certificate) [][]byte {
	var l [][]byte
	room := maxChain
	for _, c := range sent[:min(len(sent), maxCerts)] {
		if room -= len(c.Raw); room < 0 {
			break
		}
		l = append(l, c.Raw)
	}
	return l
}

// chain verifies that the leaf leads to a root. It asks for Target.Now where the leaf is valid then, and otherwise for
// the end of its validity that is nearest: a certificate that has run out is one fault and not two, while an
// intermediate that ran out before the leaf is a fault of the chain.
func (c *Cert) chain(sent []*x509.Certificate, t Target) {
	roots := t.Roots
	if roots == nil {
		var err error
		if roots, err = x509.SystemCertPool(); err != nil || roots.Equal(x509.NewCertPool()) {
			c.ChainUnknown, c.ChainWhy = true, "this machine has no trusted roots"
			return
		}
	}
	at := t.Now
	switch {
	case at.After(c.NotAfter):
		at = c.NotAfter
	case at.Before(c.NotBefore):
		at = c.NotBefore
	}
	c.ChainOK, c.ChainWhy = verify(sent, roots, at)
}

func verify(sent []*x509.Certificate, roots *x509.CertPool, at time.Time) (ok bool, why string) {
	leaf := sent[0]
	between := x509.NewCertPool()
	for _, ca := range sent[1:] {
		between.AddCert(ca)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at})
	switch {
	case err == nil:
		return true, ""
	case selfSigned(leaf):
		return false, "the certificate is self-signed"
	case len(sent) == 1:
		return false, clip.Text(fmt.Sprintf("%v (no intermediate certificate was sent)", err), maxQuote)
	}
	return false, clip.Text(fmt.Sprintf("%v (%d certificates were sent)", err, len(sent)), maxQuote)
}

// selfSigned reports whether c bears its own signature. CheckSignatureFrom would ask for a CA, which it need not be.
func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

func names(c *x509.Certificate) []string {
	out := []string{} // never null in JSON
	for _, n := range c.DNSNames {
		out = append(out, clip.Text(n, maxName))
	}
	for _, ip := range c.IPAddresses {
		out = append(out, ip.String())
	}
	return out[:min(len(out), maxNames)]
}
