package tlsa

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"
)

// midway is inside the validity of all certificates of testdata/chain.pem.
var midway = time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)

// vectors are the certificates of testdata/chain.pem: leaf, intermediate, root, made with openssl by testdata/make.sh.
func vectors(t testing.TB) [][]byte {
	t.Helper()
	text, err := os.ReadFile("testdata/chain.pem")
	if err != nil {
		t.Fatal(err)
	}
	var l [][]byte
	for b, rest := pem.Decode(text); b != nil; b, rest = pem.Decode(rest) {
		l = append(l, b.Bytes)
	}
	if len(l) != 3 {
		t.Fatalf("%d certificates", len(l))
	}
	return l
}

// TestOpenSSL: what openssl computes for a certificate is what we compare with, in every selector and matching type, and
// nothing else matches.
func TestOpenSSL(t *testing.T) {
	text, err := os.ReadFile("testdata/openssl.txt")
	if err != nil {
		t.Fatal(err)
	}
	chain := vectors(t)
	of := map[string]int{"leaf": 0, "intermediate": 1, "root": 2}
	n := 0
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		i := of[f[0]]
		for usage, want := range map[string]bool{"3": i == 0, "2": i > 0, "1": false, "0": false} {
			r, problems := Parse(usage + " " + strings.Join(f[1:], " "))
			if len(problems) > 0 {
				t.Fatalf("%s: %q", line, problems)
			}
			if ok, why := r.Match(chain, midway, "mx1.example.com"); ok != want {
				t.Errorf("usage %s of the %s, %s %s: %v: %s", usage, f[0], f[1], f[2], ok, why)
			}
			made, err := Of(r.Usage, r.Selector, r.Matching, chain[i])
			if err != nil || !made.Equal(r) {
				t.Errorf("of the %s: %s, %v, want %s", f[0], made, err, r)
			}
		}
		n++
	}
	if n != 18 {
		t.Errorf("%d vectors", n)
	}
}

// made is a certificate that a test made, and its key.
type made struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// issue makes a certificate from a template, by issuer or, where that is nil, by itself.
func issue(t *testing.T, c x509.Certificate, issuer *made) *made {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(1)
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = midway.AddDate(0, -1, 0), midway.AddDate(0, 1, 0)
	}
	parent, by := &c, k
	if issuer != nil {
		parent, by = issuer.Certificate, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, &c, parent, &k.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &made{parsed, k}
}

func authority(name string) x509.Certificate {
	return x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
}

func server(names ...string) x509.Certificate {
	return x509.Certificate{Subject: pkix.Name{CommonName: "ignored.example"}, DNSNames: names}
}

func chainOf(l ...*made) [][]byte {
	var out [][]byte
	for _, c := range l {
		out = append(out, c.Raw)
	}
	return out
}

// TestMatch: what decides beside the octets.
func TestMatch(t *testing.T) {
	root := issue(t, authority("root"), nil)
	below := issue(t, authority("below"), root)
	stranger := issue(t, authority("root"), nil) // of the same name
	good := issue(t, server("mx1.d.example"), below)
	expired := server("mx1.d.example")
	expired.NotBefore, expired.NotAfter = midway.AddDate(-1, 0, 0), midway.AddDate(0, 0, -1)
	early := server("mx1.d.example")
	early.NotBefore, early.NotAfter = midway.AddDate(0, 0, 1), midway.AddDate(1, 0, 0)
	old, unborn := issue(t, expired, below), issue(t, early, below)
	retired := authority("retired")
	retired.NotBefore, retired.NotAfter = midway.AddDate(-2, 0, 0), midway.AddDate(-1, 0, 0)
	late := issue(t, retired, root)
	common := x509.Certificate{Subject: pkix.Name{CommonName: "mx1.d.example"}}
	self := issue(t, server("mx1.d.example"), nil)
	forged := issue(t, server("mx1.d.example"), stranger)

	names := []string{"mx1.d.example", "d.example"}
	for _, tt := range []struct {
		name  string
		rule  string // usage, selector, matching
		of    *made  // the certificate that the record is of
		chain [][]byte
		says  string // "" where it matches
	}{
		{"the server's certificate", "3 0 1", good, chainOf(good, below, root), ""},
		{"the server's key", "3 1 1", good, chainOf(good), ""},
		{"the server's key, SHA-512", "3 1 2", good, chainOf(good, below), ""},
		{"the server's certificate whole", "3 0 0", good, chainOf(good, below), ""},
		{"an expired certificate, by its key", "3 1 1", old, chainOf(old), ""},
		{"a certificate of tomorrow, by its key", "3 1 1", unborn, chainOf(unborn), ""},
		{"a certificate for another name, by its key", "3 1 1", forged, chainOf(forged), ""},
		{"another certificate", "3 1 1", old, chainOf(good, below, root), "the certificate is another"},
		{"usage 3 of an authority that is sent", "3 1 1", below, chainOf(good, below, root), "the certificate is another"},
		{"the root, sent", "2 0 1", root, chainOf(good, below, root), ""},
		{"the root, by its key", "2 1 1", root, chainOf(good, below, root), ""},
		{"the intermediate", "2 1 1", below, chainOf(good, below), ""},
		{"the authorities in disorder", "2 1 1", root, chainOf(good, root, below), ""},
		{"the root, not sent", "2 0 1", root, chainOf(good, below), "no authority of the chain is it: 1 sent"},
		{"the root whole, not sent", "2 0 0", root, chainOf(good, below), "no authority of the chain is it"},
		{"the server's certificate is no authority", "2 1 1", good, chainOf(good, below, root), "no authority of the chain is it"},
		{"a self-signed one is none either", "2 0 1", self, chainOf(self), "no authority of the chain is it: 0 sent"},
		{"an authority that issued nothing here", "2 1 1", stranger, chainOf(good, stranger), "does not lead to it"},
		{"a certificate of another authority", "2 1 1", root, chainOf(forged, root), "does not lead to it"},
		{"the way there is not sent", "2 1 1", root, chainOf(good, root), "does not lead to it"},
		{"expired, by its authority", "2 1 1", below, chainOf(old, below), "the certificate expired on 2027-04-30"},
		{"of tomorrow, by its authority", "2 1 1", below, chainOf(unborn, below), "not valid before 2027-05-02"},
		{"an expired authority between", "2 1 1", root, chainOf(issue(t, server("mx1.d.example"), late), late, root), "does not lead to it"},
		{"another name", "2 1 1", below, chainOf(issue(t, server("other.example"), below), below), "not for mx1.d.example or d.example"},
		{"the name of the domain", "2 1 1", below, chainOf(issue(t, server("d.example"), below), below), ""},
		{"a wildcard", "2 1 1", below, chainOf(issue(t, server("*.d.example"), below), below), ""},
		{"the common name alone", "2 1 1", below, chainOf(issue(t, common, below), below), ""},
		{"the common name beside another name", "2 1 1", below, chainOf(issue(t, x509.Certificate{Subject: common.Subject, DNSNames: []string{"other.example"}}, below), below), "not for"},
		{"usage 1", "1 1 1", good, chainOf(good, below), "no sender can use"},
		{"usage 0", "0 1 1", below, chainOf(good, below), "no sender can use"},
		{"selector 7", "3 7 1", good, chainOf(good), "no sender can use"},
		{"nothing presented", "3 1 1", good, nil, "no certificate was presented"},
		{"garbage presented", "3 1 1", good, [][]byte{[]byte("garbage"), good.Raw}, "cannot be read"},
		{"garbage behind the certificate", "2 1 1", below, [][]byte{good.Raw, []byte("garbage"), below.Raw}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var u, s, m uint8
			if _, err := fmt.Sscan(tt.rule, &u, &s, &m); err != nil {
				t.Fatal(err)
			}
			r, err := Of(u, s, m, tt.of.Raw)
			if err != nil {
				t.Fatal(err)
			}
			ok, why := r.Match(tt.chain, midway, names...)
			if ok != (tt.says == "") || !strings.Contains(why, tt.says) || ok != (why == "") {
				t.Errorf("match %v: %q, want %q", ok, why, tt.says)
			}
		})
	}
}

// TestMatchBounded: what stands beyond ten certificates is not looked at.
func TestMatchBounded(t *testing.T) {
	root := issue(t, authority("root"), nil)
	leaf := issue(t, server("mx1.d.example"), root)
	r, err := Of(2, 1, 1, root.Raw)
	if err != nil {
		t.Fatal(err)
	}
	chain := append([][]byte{leaf.Raw}, bytes.Split([]byte(strings.Repeat("x ", maxCerts-2)+"x"), []byte(" "))...)
	if ok, _ := r.Match(append(chain, root.Raw), midway, "mx1.d.example"); ok {
		t.Errorf("certificate %d was looked at", len(chain)+1)
	}
	if ok, why := r.Match(append(chain[:maxCerts-1:maxCerts-1], root.Raw), midway, "mx1.d.example"); !ok {
		t.Errorf("certificate %d was not looked at: %s", maxCerts, why)
	}
}

func TestOfGarbage(t *testing.T) {
	if r, err := Of(3, 1, 1, []byte("garbage")); err == nil {
		t.Errorf("%s of garbage", r)
	}
}
