package eml

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

const plain = "From: Ann <ann@shop.example>\r\nTo: b@rcpt.example\r\nSubject: hi\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n\r\nhello\r\n"

// signer is a key pair and the record that publishes it.
type signer struct {
	crypto.Signer
	record string
}

func newSigner(t testing.TB, bits int) signer {
	t.Helper()
	if bits == 0 {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return signer{private, "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)}
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, "v=DKIM1; p=" + base64.StdEncoding.EncodeToString(der)}
}

func (s signer) sign(t testing.TB, text string, o dkim.SignOptions) string {
	t.Helper()
	o.Signer = s
	if o.Domain == "" {
		o.Domain, o.Selector = "shop.example", "s1"
	}
	var b bytes.Buffer
	if err := dkim.Sign(&b, strings.NewReader(text), &o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestVerify(t *testing.T) {
	rsa2048, ed := newSigner(t, 2048), newSigner(t, 0)
	relaxed := dkim.SignOptions{HeaderCanonicalization: "relaxed", BodyCanonicalization: "relaxed"}
	good := rsa2048.sign(t, plain, dkim.SignOptions{})
	edit := func(old, now string) string {
		t.Helper()
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the message", old)
		}
		return strings.Replace(good, old, now, 1)
	}
	for _, tt := range []struct{ name, text, record, want string }{
		{"simple", good, rsa2048.record, "pass "},
		{"relaxed", rsa2048.sign(t, plain, relaxed), rsa2048.record, "pass "},
		{"relaxed, refolded", strings.Replace(rsa2048.sign(t, plain, relaxed), "Subject: hi", "subject:   hi\r\n ", 1), rsa2048.record, "pass "},
		{"ed25519", ed.sign(t, plain, dkim.SignOptions{}), ed.record, "pass "},
		{"the name of the key type in capitals", ed.sign(t, plain, dkim.SignOptions{}), strings.Replace(ed.record, "ed25519", "Ed25519", 1), "pass "},
		{"a key with tabs in it", good, strings.Replace(rsa2048.record, "p=MIIB", "p=MI\tIB", 1), "pass "},
		{"line ends of Unix", strings.ReplaceAll(good, "\r\n", "\n"), rsa2048.record, "pass "},
		{"an mbox line and fields on top", "From x\r\nReceived: by a\r\n" + good, rsa2048.record, "pass "},
		{"another signature on top", "DKIM-Signature: v=1; none\r\n" + good, rsa2048.record, "pass "},
		{"and beneath", edit("\nFrom:", "\nDKIM-Signature: v=1; none\r\nFrom:"), rsa2048.record, "pass "},
		{"no body", rsa2048.sign(t, "From: a@shop.example\r\n\r\n", dkim.SignOptions{}), rsa2048.record, "pass "},
		{"no body and no end of the header", strings.TrimSuffix(rsa2048.sign(t, "From: a@shop.example\r\n\r\n", dkim.SignOptions{}), "\r\n"), rsa2048.record, "pass "},
		{"a changed body", edit("hello", "hullo"), rsa2048.record, "fail the body was changed after it was signed: its hash is not that of bh="},
		{"a changed field", edit("Subject: hi", "Subject: ho"), rsa2048.record, "fail the signature does not fit the signed header fields and the published key"},
		{"a field on top", edit("From: Ann", "From: Bob <b@bank.example>\r\nFrom: Ann"), rsa2048.record, "pass "}, // the lower one is signed
		{"another key", good, newSigner(t, 2048).record, "fail the signature does not fit"},
		{"a key of another type", good, ed.record, "permerror a=rsa-sha256 is not for the key, which is of the type ed25519"},
		{"no key", good, "v=DKIM1", "permerror the key: there is no p= tag"},
		{"no tag list", good, "\x00;;=", "permerror "},
		{"SHA-1", edit("a=rsa-sha256", "a=rsa-sha1"), rsa2048.record, "permerror a=rsa-sha1 must not be used"},
		{"another version", edit("v=1", "v=2"), rsa2048.record, "permerror its version is v=\"2\""},
		{"From is not signed", edit("h=From:", "h=X:"), rsa2048.record, "permerror h= does not name From"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := parse(t, tt.text)
			l, _ := m.Signatures()
			s := l[0]
			for _, x := range l {
				if x.Has("bh") {
					s = x
				}
			}
			for range 2 {
				if result, why := m.Verify(s, tt.record); !strings.HasPrefix(result+" "+why, tt.want) || tt.want == "pass " && why != "" {
					t.Errorf("%s %s, want %s", result, why, tt.want)
				}
			}
		})
	}
}

// rfc8463 is the example of RFC 8463, appendix A.3, with the keys of A.2.
const rfc8463 = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.

`

func TestRFC8463(t *testing.T) {
	records := map[string]string{"brisbane": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"test": "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/" +
			"byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"}
	for text, want := range map[string]string{rfc8463: "pass", strings.ReplaceAll(rfc8463, "\n", "\r\n"): "pass", strings.Replace(rfc8463, "lost", "won", 1): "fail"} {
		m := parse(t, text)
		l, all := m.Signatures()
		if all != 2 {
			t.Fatalf("%d signatures", all)
		}
		for _, s := range l {
			if result, why := m.Verify(s, records[s.Selector]); result != want {
				t.Errorf("%s: %s %s, want %s", s.Selector, result, why, want)
			}
		}
	}
}

// TestVerifyBelow: a signature can cover those that were there before it.
func TestVerifyBelow(t *testing.T) {
	first, second := newSigner(t, 0), newSigner(t, 0)
	o := dkim.SignOptions{Domain: "list.example", Selector: "l", HeaderKeys: []string{"From", "DKIM-Signature"}}
	m := parse(t, second.sign(t, first.sign(t, plain, dkim.SignOptions{}), o))
	l, all := m.Signatures()
	if all != 2 || l[0].Domain != "list.example" || l[1].Domain != "shop.example" || l[1].Selector != "s1" {
		t.Fatalf("%d: %+v", all, l)
	}
	for i, record := range []string{second.record, first.record} {
		if result, why := m.Verify(l[i], record); result != "pass" {
			t.Errorf("signature %d: %s %s", i+1, result, why)
		}
	}
}

func TestSignatures(t *testing.T) {
	m := parse(t, "DKIM-Signature: v=1; d=Shop.\r\n Example; s=S1; x=5; l=; a=b\r\ndkim-signature: v=1; d=a b..c; s=-\x01\r\nDKIM-SIGNATURE: nothing\r\n\r\n")
	l, all := m.Signatures()
	if all != 3 || l[0].Domain != "shop.example" || l[0].Selector != "s1" || l[0].Tag("x") != "5" || !l[0].Has("l") || l[0].Has("z") || len(l[0].Problems) > 0 {
		t.Errorf("%d: %+v", all, l)
	}
	if l[1].Domain != "" || l[1].Selector != "" || len(l[1].Problems) == 0 || l[2].Domain != "" || len(l[2].Problems) == 0 {
		t.Errorf("what is none is taken: %+v", l[1:])
	}
	m = parse(t, strings.Repeat("DKIM-Signature: d=a.example\r\n", 25))
	if l, all = m.Signatures(); len(l) != MaxSignatures || all != 25 {
		t.Errorf("%d of %d signatures are looked at", len(l), all)
	}
}

// TestVerifyEmptyLines: a body of empty lines, which the library would copy once for every piece of it, takes no more time
// than any other, and a message is verified with a key once.
func TestVerifyEmptyLines(t *testing.T) {
	s := newSigner(t, 0)
	text := s.sign(t, plain, dkim.SignOptions{})
	m := parse(t, "DKIM-Signature: v=1\r\n"+text+strings.Repeat("\r\n", 20<<20)+"x")
	l, _ := m.Signatures()
	done := make(chan string, 1)
	go func() {
		result := ""
		for range 1000 {
			result, _ = m.Verify(l[1], s.record)
		}
		done <- result
	}()
	select {
	case result := <-done:
		if result != "fail" {
			t.Error(result)
		}
	case <-time.After(time.Minute): // it takes a second or two
		t.Fatal("it does not end")
	}
}

func FuzzParse(f *testing.F) {
	s := newSigner(f, 0)
	for _, h := range []string{outside, forged, filter, ms1, ms3, gmailTop, submit} {
		f.Add([]byte("Return-Path: <b@shop.example>\r\nReceived: " + h + "\r\nAuthentication-Results: a; dkim=pass (x;y) header.d=z\r\n" + plain))
	}
	f.Add([]byte(s.sign(f, plain, dkim.SignOptions{})))
	f.Add([]byte("ARC-Seal: i=1; a=ed25519-sha256; cv=none; d=f.example; s=s; b=AAAA\r\nARC-Message-Signature: i=1; a=ed25519-sha256; d=f.example; s=s; h=from; bh=AAAA; b=AAAA\r\n" +
		"ARC-Authentication-Results: i=1; mx.f.example; spf=pass\r\n" + plain))
	f.Add([]byte("From x\nReceived: from ((((\\\x00[IPv6:::1%\xff by ; \" from: <@@>\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(bytes.NewReader(b))
		if err != nil {
			return
		}
		raw := ""
		for _, x := range m.Fields {
			raw += x.Raw
		}
		if !bytes.Contains(b, []byte(raw)) || !bytes.HasSuffix(b, []byte(m.Body)) {
			t.Error("header and body are not those of the file")
		}
		if from, err := m.From(); err == nil && (from == "" || strings.ContainsAny(from, "@<> ")) {
			t.Errorf("From %q", from)
		}
		tr := m.Trace(lab)
		if tr.Border != nil && !lab(tr.Border.IP) || tr.Border == nil && tr.Why == "" {
			t.Errorf("%+v", tr)
		}
		if a := m.AuthResults(); a != nil && len(a.Results) > maxResults {
			t.Errorf("%d results", len(a.Results))
		}
		if a := m.ARC(); a != nil {
			if len(a.Chain) > 0 && (len(a.Problems) > 0 || len(a.Chain) != a.Sets+1 || a.Sets > maxARC) {
				t.Errorf("%+v", a)
			}
			for _, x := range a.Chain[:min(len(a.Chain), 3)] {
				if result, why := m.VerifyLink(a, x, s.record); result != "pass" && why == "" {
					t.Errorf("%s without a reason", result)
				}
			}
		}
		l, _ := m.Signatures()
		for _, x := range l[:min(len(l), 3)] {
			if result, why := m.Verify(x, s.record); result != "pass" && why == "" {
				t.Errorf("%s without a reason", result)
			}
		}
	})
}
