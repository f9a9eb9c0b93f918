package testnet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// CA is a throw-away certificate authority that lives in memory.
type CA struct {
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	chain [][]byte // what a server sends after its own certificate: the intermediates, no root
}

// NewCA makes a root that is valid for ten years before and after now.
func NewCA() (*CA, error) {
	cert, key, err := authority("testnet root", nil, nil)
	if err != nil {
		return nil, err
	}
	return &CA{cert: cert, key: key}, nil
}

// Intermediate makes an authority below ca. What it issues comes with the certificates between leaf and root.
func (ca *CA) Intermediate() (*CA, error) {
	cert, key, err := authority("testnet intermediate", ca.cert, ca.key)
	if err != nil {
		return nil, err
	}
	return &CA{cert: cert, key: key, chain: append([][]byte{cert.Raw}, ca.chain...)}, nil
}

// Issue makes a certificate for a server, name being a host name or an IP address. A name that no certificate can
// hold, such as one that is not ASCII, gives the zero Certificate, which ServeSMTP refuses.
func (ca *CA) Issue(name string, notBefore, notAfter time.Time) tls.Certificate {
	c := leaf(name, notBefore, notAfter, ca.cert, ca.key)
	if len(c.Certificate) > 0 {
		c.Certificate = append(c.Certificate, ca.chain...)
	}
	return c
}

// IssueWeak is Issue for a certificate as nobody should present one: an RSA key of 1024 bits, signed by SHA-1.
func (ca *CA) IssueWeak(name string, notBefore, notAfter time.Time) tls.Certificate {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		return tls.Certificate{}
	}
	c := template(name, notBefore, notAfter)
	c.SignatureAlgorithm = x509.ECDSAWithSHA1
	der, err := x509.CreateCertificate(rand.Reader, c, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		return tls.Certificate{}
	}
	return tls.Certificate{Certificate: append([][]byte{der}, ca.chain...), PrivateKey: key}
}

// SelfSigned makes a certificate that no authority vouches for; see Issue for the name.
func SelfSigned(name string, notBefore, notAfter time.Time) tls.Certificate {
	return leaf(name, notBefore, notAfter, nil, nil)
}

// Pool holds ca as the only root.
func (ca *CA) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(ca.cert)
	return p
}

// PEM is ca's certificate as --ca-file reads it.
func (ca *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
}

// authority makes the certificate of a CA, signed by parent or, where that is nil, by itself.
func authority(name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	now := time.Now()
	c := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.AddDate(-10, 0, 0),
		NotAfter:              now.AddDate(10, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, key, err := sign(c, parent, parentKey)
	if err != nil {
		return nil, nil, err
	}
	c, err = x509.ParseCertificate(der)
	return c, key, err
}

func leaf(name string, notBefore, notAfter time.Time, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) tls.Certificate {
	der, key, err := sign(template(name, notBefore, notAfter), parent, parentKey)
	if err != nil {
		return tls.Certificate{}
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// template is the certificate of a server, without its key.
func template(name string, notBefore, notAfter time.Time) *x509.Certificate {
	c := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    notBefore,
		NotAfter:     notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		c.IPAddresses = []net.IP{ip}
	} else {
		c.DNSNames = []string{name}
	}
	return c
}

// sign makes a key for c and signs c with the parent's key or, without a parent, with its own.
func sign(c, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("key for %s: %w", c.Subject.CommonName, err)
	}
	if parent == nil {
		parent, parentKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, fmt.Errorf("certificate for %s: %w", c.Subject.CommonName, err)
	}
	return der, key, nil
}

// serial is random: 127 bits, positive and at most 20 octets (RFC 5280 4.1.2.2).
func serial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b) // never fails (crypto/rand)
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b)
}
