package smtpx

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/testnet"
)

// parse gives the certificates as a client receives them.
func parse(t *testing.T, c tls.Certificate) []*x509.Certificate {
	t.Helper()
	var out []*x509.Certificate
	for _, der := range c.Certificate {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, cert)
	}
	return out
}

// TestExamine tells the faults of a certificate apart, each with the others absent and some together.
func TestExamine(t *testing.T) {
	ca, stranger := newCA(t), newCA(t)
	below, err := ca.Intermediate()
	if err != nil {
		t.Fatal(err)
	}
	leafOnly := func(c tls.Certificate) tls.Certificate {
		c.Certificate = c.Certificate[:1]
		return c
	}
	const unknownCA = "x509: certificate signed by unknown authority (no intermediate certificate was sent)"
	late := "x509: certificate has expired or is not yet valid: current time " + now.AddDate(11, 0, 0).Format(time.RFC3339) + " is after "
	type verdict struct{ Name, Chain, Date bool }
	for _, c := range []struct {
		name  string
		host  string
		cert  tls.Certificate
		years int // from now to the audit
		want  verdict
		why   string
	}{
		{name: "good", cert: ca.Issue(host, days(-1), days(1)), want: verdict{true, true, true}},
		{name: "expired, known authority", cert: ca.Issue(host, days(-2), days(-1)), want: verdict{true, true, false}},
		{name: "not yet valid, known authority", cert: ca.Issue(host, days(1), days(2)), want: verdict{true, true, false}},
		{name: "first moment", cert: ca.Issue(host, now, days(1)), want: verdict{true, true, true}},
		{name: "last moment", cert: ca.Issue(host, days(-1), now), want: verdict{true, true, true}},
		{name: "expired, unknown authority", cert: stranger.Issue(host, days(-2), days(-1)), want: verdict{true, false, false}},
		{name: "unknown authority", cert: stranger.Issue(host, days(-1), days(1)), want: verdict{true, false, true}},
		{name: "wrong name", cert: ca.Issue("other.example", days(-1), days(1)), want: verdict{false, true, true}},
		{name: "all wrong", cert: testnet.SelfSigned("other.example", days(-2), days(-1)), why: "the certificate is self-signed"},
		{name: "self-signed", cert: testnet.SelfSigned(host, days(-1), days(1)), want: verdict{true, false, true}, why: "the certificate is self-signed"},
		{name: "intermediate", cert: below.Issue(host, days(-1), days(1)), want: verdict{true, true, true}},
		{name: "missing intermediate", cert: leafOnly(below.Issue(host, days(-1), days(1))), want: verdict{true, false, true}, why: unknownCA},
		{name: "expired with intermediate", cert: below.Issue(host, days(-2), days(-1)), want: verdict{true, true, false}},
		{name: "leaf outlives its authorities", cert: ca.Issue(host, days(-1), days(20*365)), years: 11, want: verdict{true, false, true}, why: late},
		{name: "wildcard", cert: ca.Issue("*.example", days(-1), days(1)), want: verdict{true, true, true}},
		{name: "wildcard for one label only", cert: ca.Issue("*.example", days(-1), days(1)), host: "a.b.example", want: verdict{false, true, true}},
		{name: "case and root dot", cert: ca.Issue(host, days(-1), days(1)), host: "Submission.Example.", want: verdict{true, true, true}},
		{name: "address", cert: ca.Issue("192.0.2.1", days(-1), days(1)), host: "192.0.2.1", want: verdict{true, true, true}},
		{name: "other address", cert: ca.Issue("192.0.2.1", days(-1), days(1)), host: "192.0.2.2", want: verdict{false, true, true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := Target{Host: host, Roots: ca.Pool(), Now: now.AddDate(c.years, 0, 0)}
			if c.host != "" {
				target.Host = c.host
			}
			got := examine(parse(t, c.cert), target)
			if d := cmp.Diff(c.want, verdict{got.NameOK, got.ChainOK, got.InDate}); d != "" {
				t.Errorf("verdict (-want +got):\n%s%s", d, got.ChainWhy)
			}
			if got.ChainOK != (got.ChainWhy == "") {
				t.Errorf("chain %v, but why is %q", got.ChainOK, got.ChainWhy)
			}
			if len(got.ChainWhy) < len(c.why) || got.ChainWhy[:len(c.why)] != c.why {
				t.Errorf("why %q, want %q", got.ChainWhy, c.why)
			}
		})
	}
}

// TestExamineBounded has a server send more certificates and names than anyone needs. The one that would complete the
// chain stands behind the bound and is not found.
func TestExamineBounded(t *testing.T) {
	ca := newCA(t)
	below, err := ca.Intermediate()
	if err != nil {
		t.Fatal(err)
	}
	sent := parse(t, below.Issue(host, days(-1), days(1)))
	filler := parse(t, testnet.SelfSigned("filler.example", days(-1), days(1)))[0]
	long := []*x509.Certificate{sent[0]}
	for len(long) < maxCerts {
		long = append(long, filler)
	}
	long = append(long, sent[1])
	target := Target{Host: host, Roots: ca.Pool(), Now: now}
	if examine(long, target).ChainOK {
		t.Errorf("certificate %d was looked at", len(long))
	}
	if !examine(long[1:], target).NotAfter.Equal(days(1)) {
		t.Error("the first certificate is not the one described")
	}
	if examine(nil, target) != nil {
		t.Error("a certificate out of none")
	}
	many := &x509.Certificate{NotBefore: now, NotAfter: now.Add(time.Hour)}
	for range maxNames + 1 {
		many.DNSNames = append(many.DNSNames, string(make([]byte, 1000)))
	}
	got := names(many)
	if len(got) != maxNames || len(got[0]) > maxName+len("...") {
		t.Errorf("%d names of %d octets", len(got), len(got[0]))
	}
}

// TestKey: what the key and the signature of a certificate are.
func TestKey(t *testing.T) {
	ca := newCA(t)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: days(1)}
	edwards, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	type kind struct {
		Key       string
		Bits      int
		Signature string
	}
	for want, c := range map[kind]tls.Certificate{
		{"ECDSA", 256, "ECDSA-SHA256"}: ca.Issue(host, days(-1), days(1)),
		{"RSA", 1024, "ECDSA-SHA1"}:    ca.IssueWeak(host, days(-1), days(1)),
		{"Ed25519", 256, "Ed25519"}:    {Certificate: [][]byte{edwards}},
	} {
		got := examine(parse(t, c), Target{Host: host, Roots: ca.Pool(), Now: now})
		if d := cmp.Diff(want, kind{got.Key, got.Bits, got.Signature}); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	if n := bits(struct{}{}); n != 0 {
		t.Errorf("a key of no known kind has %d bits", n)
	}
}

// TestPresented: the certificates are kept as they came, within bounds.
func TestPresented(t *testing.T) {
	below, err := newCA(t).Intermediate()
	if err != nil {
		t.Fatal(err)
	}
	c := below.Issue(host, days(-1), days(1))
	if d := cmp.Diff(c.Certificate, presented(parse(t, c))); d != "" || len(c.Certificate) != 2 {
		t.Errorf("(-sent +kept):\n%s", d)
	}
	small, big := &x509.Certificate{Raw: []byte{1}}, &x509.Certificate{Raw: make([]byte, maxChain-1)}
	for _, tt := range []struct {
		sent []*x509.Certificate
		want int
	}{
		{nil, 0},
		{slices.Repeat([]*x509.Certificate{small}, maxCerts+1), maxCerts},
		{[]*x509.Certificate{small, big, small}, 2},
		{[]*x509.Certificate{small, small, big}, 2},
	} {
		if got := presented(tt.sent); len(got) != tt.want {
			t.Errorf("%d of %d certificates are kept, want %d", len(got), len(tt.sent), tt.want)
		}
	}
}
