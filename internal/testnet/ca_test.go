package testnet

import (
	"crypto/rsa"
	"crypto/x509"
	"testing"
	"time"
)

func TestCA(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	from, to := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	good, self := ca.Issue("mail.example", from, to), SelfSigned("mail.example", from, to)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca.PEM()) || !roots.Equal(ca.Pool()) {
		t.Error("PEM and Pool are not the same root")
	}
	for name, c := range map[string]struct {
		der  []byte
		name string
		ok   bool
	}{
		"issued":      {good.Certificate[0], "mail.example", true},
		"other name":  {good.Certificate[0], "other.example", false},
		"self-signed": {self.Certificate[0], "mail.example", false},
	} {
		cert, err := x509.ParseCertificate(c.der)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: c.name}); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c := ca.Issue("größe.example", from, to); len(c.Certificate) > 0 || c.PrivateKey != nil {
		t.Error("a certificate for a name that it cannot hold")
	}
	weak, err := x509.ParseCertificate(ca.IssueWeak("mail.example", from, to).Certificate[0])
	if err != nil || weak.SignatureAlgorithm != x509.ECDSAWithSHA1 || weak.PublicKey.(*rsa.PublicKey).N.BitLen() != 1024 {
		t.Errorf("a weak certificate: %v %+v", err, weak)
	}
}
