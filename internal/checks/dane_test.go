package checks

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/tlsa"
	"mailaudit/internal/smtpx"
	"mailaudit/internal/testnet"
)

// mxChain is the chain of ../record/tlsa/testdata, whose digests openssl computed.
var mxChain = func() (l [][]byte) {
	text, err := os.ReadFile("../record/tlsa/testdata/chain.pem")
	if err != nil {
		panic(err)
	}
	for b, rest := pem.Decode(text); b != nil; b, rest = pem.Decode(rest) {
		l = append(l, b.Bytes)
	}
	return l
}()

// TLSA data as openssl computed it for that chain, and of keys that nobody has.
const (
	keyInUse  = "3 1 1 " + exampleDigest
	nextKey   = "3 1 1 ab00000000000000000000000000000000000000000000000000000000000001"
	otherKey  = "3 1 1 cd00000000000000000000000000000000000000000000000000000000000002"
	strongKey = "3 1 2 " + exampleDigest + exampleDigest
	oldRoot   = "2 0 1 ef00000000000000000000000000000000000000000000000000000000000004"
)

// withDANE gives each MX host of some facts TLSA records, which match what it presents, and a next key.
func withDANE(f *facts.Facts) *facts.Facts {
	f.Vantage.Trusted, f.Vantage.Validates = true, facts.Know(true)
	for _, h := range f.MX.Value.Hosts {
		f.DANE = append(f.DANE, facts.DANE{Host: h.Host, Base: h.Host, Name: "_25._tcp." + h.Host,
			Pins: pinsFacts(keyInUse, nextKey), Secure: facts.Know(true), SecureAddresses: facts.Know(true), SecureMX: facts.Know(true)})
	}
	for i := range f.Inbound {
		f.Inbound[i].Probe.Value.Chain = mxChain
	}
	return f
}

func pinsFacts(data ...string) facts.Fact[facts.Pinned] {
	p := facts.Pinned{Records: []facts.Pin{}}
	for _, d := range data {
		r, problems := tlsa.Parse(d)
		p.Records = append(p.Records, facts.Pin{Data: d, Record: r, Problems: problems})
	}
	return facts.Know(p)
}

// dane0 edits the facts about the first MX host, mx1.healthy.example.
func dane0(edit func(*facts.DANE)) func(*facts.Facts) {
	return func(f *facts.Facts) { edit(&f.DANE[0]) }
}

// records0 gives it other TLSA records.
func records0(data ...string) func(*facts.Facts) {
	return dane0(func(d *facts.DANE) { d.Pins = pinsFacts(data...) })
}

// unpin takes the TLSA records of all hosts away, and then edits.
func unpin(edit func(*facts.Facts)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		for i := range f.DANE {
			f.DANE[i].Pins = pinsFacts()
		}
		if edit != nil {
			edit(f)
		}
	}
}

// talk0 edits what the first MX host was seen to do.
func talk0(edit func(*facts.MXTalk)) func(*facts.Facts) {
	return func(f *facts.Facts) { edit(&f.Inbound[0]) }
}

const noTrust = "the resolver's AD bit is not trusted without --trust-ad"

func untrusted(f *facts.Facts) {
	f.Vantage.Trusted, f.Vantage.Validates = false, facts.Fact[bool]{}
	for i := range f.DANE {
		d := &f.DANE[i]
		d.Secure, d.SecureAddresses, d.SecureMX = facts.Cannot[bool](noTrust), facts.Cannot[bool](noTrust), facts.Cannot[bool](noTrust)
	}
}

func insecure0(f *facts.Facts) { f.DANE[0].Secure = facts.Know(false) }

var (
	brokenDNS = dane0(func(d *facts.DANE) { d.Pins = facts.Cannot[facts.Pinned]("127.0.0.1:53 answered SERVFAIL") })
	bareTalk  = talk0(func(m *facts.MXTalk) {
		m.Probe = facts.Know(facts.Probe{Status: facts.ServiceOpen, EHLO: []string{"mx1"}, TLS: "none", Complete: true})
	})
	faultyTLS = talk0(func(m *facts.MXTalk) {
		m.Probe = facts.Know(facts.Probe{Status: facts.ServiceOpen, STARTTLS: true, TLS: "none", TLSFault: "the TLS handshake failed: no cipher"})
	})
	silentTalk = talk0(func(m *facts.MXTalk) {
		m.Probe = facts.Know(facts.Probe{Status: facts.ServiceFiltered, TLS: "none", Why: "no answer to a connection attempt within 2s"})
	})
)

var daneCases = []ruleCase{
	{rule: "dane.missing", want: Info, says: "_25._tcp.mx1.healthy.example has no TLSA record, although its zone is signed", edit: unpin(nil)},
	{rule: "dane.missing", name: "not signed", want: "", edit: unpin(func(f *facts.Facts) {
		for i := range f.DANE {
			f.DANE[i].Secure = facts.Know(false)
		}
	})},
	{rule: "dane.missing", name: "one is signed", want: Info, says: "mx2", edit: unpin(insecure0)},
	{rule: "dane.missing", name: "AD is not trusted", want: "", edit: unpin(untrusted)},
	{rule: "dane.missing", name: "the resolver does not validate", want: Unknown, says: "whether the zone of mx1.healthy.example is signed: the resolver does not validate",
		edit: unpin(inTurn(insecure0, func(f *facts.Facts) { f.Vantage.Validates = facts.Know(false) }))},
	{rule: "dane.missing", name: "whether it validates is lost", want: Unknown, says: "whether the resolver validates: timeout",
		edit: unpin(inTurn(insecure0, func(f *facts.Facts) { f.Vantage.Validates = facts.Cannot[bool]("timeout") }))},
	{rule: "dane.missing", name: "whether it validates was not asked", want: Unknown, says: "it is not known whether",
		edit: unpin(inTurn(insecure0, func(f *facts.Facts) { f.Vantage.Validates = facts.Fact[bool]{} }))},
	{rule: "dane.missing", name: "another has", want: Pass, edit: records0()},
	{rule: "dane.missing", name: "lost in a signed zone", want: Unknown, says: "SERVFAIL; the zone is signed, and while that lasts senders that use DANE do not deliver", edit: brokenDNS},
	{rule: "dane.missing", name: "lost", want: Unknown, says: "answered SERVFAIL", edit: inTurn(brokenDNS, untrusted)},
	{rule: "dane.missing", name: "no MX host", want: "", edit: func(f *facts.Facts) { f.DANE = nil }},
	{rule: "dane.missing", name: "MX lost", want: Unknown, says: "timeout", edit: func(f *facts.Facts) { f.MX, f.DANE = facts.Cannot[facts.MX]("timeout"), nil }},
	{rule: "dane.missing", name: "MX lost, and the domain is gone", want: "", edit: func(f *facts.Facts) {
		f.Exists, f.MX, f.DANE = facts.Know(false), facts.Cannot[facts.MX]("timeout"), nil
	}},

	{rule: "dane.insecure", want: Warn, says: "the TLSA records at _25._tcp.mx1.healthy.example are not authenticated by DNSSEC: no sender uses them", edit: insecure0},
	{rule: "dane.insecure", name: "addresses", want: Warn, says: "the addresses of mx1.healthy.example are not", edit: dane0(func(d *facts.DANE) { d.SecureAddresses = facts.Know(false) })},
	{rule: "dane.insecure", name: "MX", want: Warn, says: "the MX records of healthy.example are not", edit: dane0(func(d *facts.DANE) { d.SecureMX = facts.Know(false) })},
	{rule: "dane.insecure", name: "AD is not trusted", want: Unknown, says: "whether the TLSA records are authenticated: " + noTrust, edit: untrusted},
	{rule: "dane.insecure", name: "the resolver does not validate", want: Unknown, says: "does not validate",
		edit: inTurn(insecure0, func(f *facts.Facts) { f.Vantage.Validates = facts.Know(false) })},
	{rule: "dane.insecure", name: "it does for this answer", want: Pass, edit: func(f *facts.Facts) { f.Vantage.Validates = facts.Know(false) }},
	{rule: "dane.insecure", name: "addresses lost", want: Unknown, says: "whether the addresses of mx1.healthy.example are authenticated: timeout",
		edit: dane0(func(d *facts.DANE) { d.SecureAddresses = facts.Cannot[bool]("timeout") })},
	{rule: "dane.insecure", name: "no records", want: "", edit: unpin(insecure0)},

	{rule: "dane.mismatch", want: Warn, says: "no TLSA record matches what mx1.healthy.example presents (3 1 1 ab00000000000000…: the certificate is another)", edit: records0(nextKey)},
	{rule: "dane.mismatch", name: "rollover", want: Pass, edit: records0(nextKey, otherKey, keyInUse)},
	{rule: "dane.mismatch", name: "whether it is signed is not known", want: Warn, says: "(if its zone is signed)", edit: inTurn(records0(nextKey), untrusted)},
	{rule: "dane.mismatch", name: "whether the addresses are signed is not known", want: Warn, says: "(if its zone is signed)",
		edit: inTurn(records0(nextKey), dane0(func(d *facts.DANE) { d.SecureAddresses = facts.Cannot[bool]("timeout") }))},
	{rule: "dane.mismatch", name: "not signed", want: Pass, edit: inTurn(records0(nextKey), insecure0)},
	{rule: "dane.mismatch", name: "addresses not signed", want: Pass, edit: inTurn(records0(nextKey), dane0(func(d *facts.DANE) { d.SecureAddresses = facts.Know(false) }))},
	{rule: "dane.mismatch", name: "the root was not sent", want: Warn, says: "2 0 1 ef00000000000000…: no authority of the chain is it: 2 sent", edit: records0(oldRoot)},
	{rule: "dane.mismatch", name: "the stronger digest is stale", want: Warn, says: "only a SHA-256 record matches", edit: records0(keyInUse, strongKey)},
	{rule: "dane.mismatch", name: "a digest too short", want: Warn, says: "senders cannot use TLSA 3 1 1 abcd: its data is 2 octets long, and SHA-256 has 32", edit: records0("3 1 1 abcd")},
	{rule: "dane.mismatch", name: "a digest too short beside a good one", want: Warn, says: "senders cannot use TLSA 3 1 1 abcd", edit: records0("3 1 1 abcd", keyInUse)},
	{rule: "dane.mismatch", name: "usage 1 alone", want: Pass, edit: records0("1 1 1 " + exampleDigest)},
	{rule: "dane.mismatch", name: "too many records", want: Unknown, says: "none of the first 1 TLSA records matches, and 30 more were not looked at", edit: inTurn(records0(nextKey), dane0(func(d *facts.DANE) { d.Pins.Value.More = 30 }))},
	{rule: "dane.mismatch", name: "no connection", want: Unknown, says: "whether a TLSA record matches: no answer to a connection attempt within 2s", edit: silentTalk},
	{rule: "dane.mismatch", name: "the address is lost", want: Unknown, says: "SERVFAIL", edit: talk0(func(m *facts.MXTalk) { m.Probe = facts.Cannot[facts.Probe]("SERVFAIL") })},
	{rule: "dane.mismatch", name: "left alone", want: Unknown, says: "mx1.healthy.example was not connected to: no public address", edit: talk0(func(m *facts.MXTalk) { m.Probe, m.Left = facts.Fact[facts.Probe]{}, "no public address" })},
	{rule: "dane.mismatch", name: "not tried", want: Unknown, says: "was not connected to", edit: func(f *facts.Facts) { f.Inbound = nil }},
	{rule: "dane.mismatch", name: "no TLS", want: Pass, edit: bareTalk},
	{rule: "dane.mismatch", name: "no TLS anywhere", want: "", edit: inTurn(bareTalk, func(f *facts.Facts) { f.Inbound[1].Probe = f.Inbound[0].Probe })},
	{rule: "dane.mismatch", name: "garbage presented", want: Warn, says: "the certificate cannot be read", edit: talk0(func(m *facts.MXTalk) { m.Probe.Value.Chain = [][]byte{[]byte("garbage")} })},

	{rule: "dane.usage-pkix", want: Warn, says: "TLSA 1 1 1 45bdcea8b103f3bc… has usage 1, which senders of mail ignore; there is no other", edit: records0("1 1 1 " + exampleDigest)},
	{rule: "dane.usage-pkix", name: "beside others", want: Warn, says: "has usage 0, which senders of mail ignore", edit: records0("0 0 1 "+exampleDigest, keyInUse, nextKey)},
	{rule: "dane.usage-pkix", name: "too short besides", want: Pass, edit: records0("1 1 1 abcd", keyInUse)},

	{rule: "dane.rollover", want: Info, says: "mx1.healthy.example pins one key alone (3 1 1 45bdcea8b103f3bc…)", edit: records0(keyInUse)},
	{rule: "dane.rollover", name: "two digests of one key", want: Info, says: "one key alone", edit: records0(keyInUse, strongKey)},
	{rule: "dane.rollover", name: "an authority beside it", want: Pass, edit: records0(keyInUse, oldRoot)},
	{rule: "dane.rollover", name: "the same twice", want: Info, says: "one key alone", edit: records0(keyInUse, keyInUse)},
	{rule: "dane.rollover", name: "none that can be used", want: Pass, edit: records0("1 1 1 " + exampleDigest)},

	{rule: "dane.all-mx", want: Warn, says: "mx2.healthy.example has no TLSA record, and mx1.healthy.example has", edit: func(f *facts.Facts) { f.DANE[1].Pins = pinsFacts() }},
	{rule: "dane.all-mx", name: "whether it is signed is not known", want: Warn, says: "goes without DANE (if its zone is signed)",
		edit: inTurn(untrusted, func(f *facts.Facts) { f.DANE[1].Pins = pinsFacts() })},
	{rule: "dane.all-mx", name: "none has", want: "", edit: unpin(nil)},
	{rule: "dane.all-mx", name: "the one that has is not signed", want: "", edit: inTurn(insecure0, func(f *facts.Facts) { f.DANE[1].Pins = pinsFacts() })},
	{rule: "dane.all-mx", name: "one is lost", want: "", edit: brokenDNS},
	{rule: "dane.all-mx", name: "more hosts than are looked at", want: Unknown, says: "only the first 2 MX hosts are looked at for TLSA records, and there are 3 more", edit: func(f *facts.Facts) {
		nowhere := facts.Know(facts.Hosts{Missing: true})
		f.MX.Value.Hosts = append(f.MX.Value.Hosts, facts.MXHost{Host: "a.example"}, facts.MXHost{Host: "b.example"}, facts.MXHost{Host: "c.example"},
			facts.MXHost{Host: "a.example"}, facts.MXHost{Host: "."}, facts.MXHost{Host: "192.0.2.1"}, facts.MXHost{Host: "gone.example", Addresses: nowhere})
	}},

	{rule: "dane.starttls-missing", want: Warn, says: "mx1.healthy.example has TLSA records and offers no STARTTLS; senders that use DANE do not deliver to it", edit: bareTalk},
	{rule: "dane.starttls-missing", name: "it fails", want: Warn, says: "its STARTTLS fails: the TLS handshake failed: no cipher", edit: faultyTLS},
	{rule: "dane.starttls-missing", name: "of no use, and a promise all the same", want: Warn, says: "offers no STARTTLS", edit: inTurn(bareTalk, records0("1 1 1 "+exampleDigest))},
	{rule: "dane.starttls-missing", name: "whether it is signed is not known", want: Warn, says: "(if its zone is signed)", edit: inTurn(bareTalk, untrusted)},
	{rule: "dane.starttls-missing", name: "not signed", want: Pass, edit: inTurn(bareTalk, insecure0)},
	{rule: "dane.starttls-missing", name: "no connection", want: "", edit: silentTalk},
	{rule: "dane.starttls-missing", name: "no connection anywhere", want: "", edit: inTurn(silentTalk, func(f *facts.Facts) { f.Inbound[1].Probe = f.Inbound[0].Probe })},

	{rule: "dane.matching-0", want: Info, says: "TLSA 3 1 0 3059301306072a86… is 91 octets long, where a SHA-256 has 32", edit: records0("3 1 0 "+exampleKey, nextKey)},
	{rule: "dane.matching-0", name: "SHA-512", want: Pass, edit: records0(keyInUse, strongKey)},
}

// digestOf is the TLSA data of a certificate by SHA-256, computed without the code under test.
func digestOf(t *testing.T, kind string, der []byte) string {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	b := c.Raw
	if kind[2] == '1' {
		b = c.RawSubjectPublicKeyInfo
	}
	sum := sha256.Sum256(b)
	return kind + " " + hex.EncodeToString(sum[:])
}

// TestDANEHandshakes: what real servers present over STARTTLS, against TLSA records of it.
func TestDANEHandshakes(t *testing.T) {
	root, err := testnet.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	below, err := root.Intermediate()
	if err != nil {
		t.Fatal(err)
	}
	const host = "mx1.healthy.example"
	at := time.Now()
	block, _ := pem.Decode(root.PEM())
	whole := func(c tls.Certificate) tls.Certificate {
		c.Certificate = append(c.Certificate, block.Bytes)
		return c
	}
	good := whole(below.Issue(host, at.Add(-time.Hour), at.Add(time.Hour)))
	expired := whole(below.Issue(host, at.Add(-2*time.Hour), at.Add(-time.Hour)))
	named := whole(below.Issue("other.example", at.Add(-time.Hour), at.Add(time.Hour)))
	domain := whole(below.Issue("healthy.example", at.Add(-time.Hour), at.Add(time.Hour)))
	rootless := below.Issue(host, at.Add(-time.Hour), at.Add(time.Hour))
	leaf, middle, top := 0, 1, block.Bytes
	for _, tt := range []struct {
		name string
		cert tls.Certificate
		kind string
		of   []byte // nil: the server's own
		want Status
		says string
	}{
		{"the key", good, "3 1 1", nil, Pass, ""},
		{"the certificate", good, "3 0 1", nil, Pass, ""},
		{"the key of another", good, "3 1 1", expired.Certificate[leaf], Warn, "the certificate is another"},
		{"the intermediate", good, "2 1 1", good.Certificate[middle], Pass, ""},
		{"the root, sent", good, "2 0 1", top, Pass, ""},
		{"the root, not sent", rootless, "2 0 1", top, Warn, "no authority of the chain is it: 1 sent"},
		{"expired, by its key", expired, "3 1 1", nil, Pass, ""},
		{"expired, by its authority", expired, "2 1 1", top, Warn, "the certificate expired on"},
		{"another name, by its key", named, "3 1 1", nil, Pass, ""},
		{"another name, by its authority", named, "2 1 1", top, Warn, "not for mx1.healthy.example or healthy.example"},
		{"the name of the domain, by its authority", domain, "2 1 1", top, Pass, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := healthy()
			f.Started = at
			f.DANE = f.DANE[:1]
			of := tt.of
			if of == nil {
				of = tt.cert.Certificate[leaf]
			}
			f.DANE[0].Pins = pinsFacts(digestOf(t, tt.kind, of))
			f.Inbound[0].Probe = facts.Know(seenAt(t, tt.cert, host))
			expect(t, f, tt.want, tt.says)
			if tt.says == "not for mx1.healthy.example or healthy.example" {
				// Where MX is not signed, the host's is the only name (RFC 7672 3.2.2).
				f.DANE[0].SecureMX = facts.Know(false)
				expect(t, f, Warn, "not for mx1.healthy.example)")
			}
		})
	}
}

// seenAt is what the probe sees of a server with a certificate.
func seenAt(t *testing.T, cert tls.Certificate, host string) facts.Probe {
	t.Helper()
	s, err := testnet.ServeSMTP(testnet.Behaviour{Host: host, Certificate: cert})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	p := smtpx.Run(context.Background(), testnet.Dial, smtpx.Target{Host: host, Addrs: []netip.AddrPort{s.Addr()}, Patience: time.Minute})
	if p.TLS != "starttls" || len(p.Chain) != len(cert.Certificate) {
		t.Fatalf("%+v", p)
	}
	return p
}

// expect wants dane.mismatch to say something of some facts.
func expect(t *testing.T, f *facts.Facts, want Status, says string) {
	t.Helper()
	for _, x := range Run(f, func(a Area) bool { return a == "dane" }).Findings {
		if x.Check.ID == "dane.mismatch" {
			if x.Status != want || !strings.Contains(x.Message, says) {
				t.Errorf("%s %q, want %s that says %q", x.Status, x.Message, want, says)
			}
			return
		}
	}
	t.Error("the rule does not apply")
}

// TestDANEFix: the record to publish is that of the key in use.
func TestDANEFix(t *testing.T) {
	f := healthy()
	records0(otherKey)(f)
	for _, x := range Run(f, func(a Area) bool { return a == "dane" }).Findings {
		if x.Check.ID == "dane.mismatch" && x.Status == Warn {
			if want := "Publish _25._tcp.mx1.healthy.example TLSA " + keyInUse + ","; !strings.HasPrefix(x.Fix, want) {
				t.Errorf("fix %q, want %q", x.Fix, want)
			}
			return
		}
	}
	t.Error("no finding")
}

// TestDANELost: that a lookup fails keeps senders away where the zone is signed, and nobody else.
func TestDANELost(t *testing.T) {
	f := healthy()
	brokenDNS(f)
	f.DANE[0].SecureAddresses = facts.Know(false)
	for _, x := range Run(f, func(a Area) bool { return a == "dane" }).Findings {
		if x.Check.ID == "dane.missing" && x.Status == Unknown {
			if x.Message != f.DANE[0].Pins.Why {
				t.Errorf("%q of a zone that is not signed", x.Message)
			}
			return
		}
	}
	t.Error("no finding")
}
