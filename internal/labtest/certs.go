//go:build lab

package labtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"time"

	"mailaudit/internal/testnet"
)

// The certificates that a host may present; all but these are good.
const (
	certExpired    = "expired"
	certExpiring   = "expiring"
	certOtherName  = "other name"
	certSelfSigned = "self-signed"
)

// CAFile is the root that vouches for the good certificates, for --ca-file.
func (l *Lab) CAFile() string { return l.Path("ca.pem") }

// certificates makes a key and a certificate for each host with TLS.
func (l *Lab) certificates(context.Context) error {
	if err := l.Write("ca.pem", l.ca.PEM()); err != nil {
		return err
	}
	l.keys = map[string]tls.Certificate{}
	for _, h := range mailHosts {
		if err := l.certify(h.Host, h.Cert); err != nil {
			return err
		}
	}
	for _, s := range sites {
		if err := l.certify("mta-sts."+s.Domain, s.Cert); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) certify(host, kind string) error {
	day := 24 * time.Hour
	from, to := time.Now().Add(-30*day), time.Now().Add(60*day)
	var c tls.Certificate
	switch kind {
	case certExpired:
		c = l.ca.Issue(host, from, time.Now().Add(-3*day))
	case certExpiring:
		c = l.ca.Issue(host, from, time.Now().Add(7*day))
	case certOtherName:
		c = l.ca.Issue("elsewhere.example", from, to)
	case certSelfSigned:
		c = testnet.SelfSigned(host, from, to)
	default:
		c = l.ca.Issue(host, from, to)
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return fmt.Errorf("key of %s: %w", host, err)
	}
	// Postfix wants the key before the chain (smtpd_tls_chain_files); nginx does not care.
	var b bytes.Buffer
	for _, block := range append([]*pem.Block{{Type: "PRIVATE KEY", Bytes: key}}, chain(c)...) {
		if err := pem.Encode(&b, block); err != nil {
			return err
		}
	}
	l.keys[host] = c
	return l.Write("tls/"+host+".pem", b.Bytes())
}

func chain(c tls.Certificate) []*pem.Block {
	var blocks []*pem.Block
	for _, der := range c.Certificate {
		blocks = append(blocks, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	return blocks
}

// tlsa is the data of a DANE-EE TLSA record: the SHA-256 of the public key of a host (RFC 7672 3.1.1).
func (l *Lab) tlsa(host string) (string, error) {
	c, ok := l.keys[host]
	if !ok {
		return "", fmt.Errorf("no host %s has a key", host)
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return "3 1 1 " + hex.EncodeToString(sum[:]), nil
}
