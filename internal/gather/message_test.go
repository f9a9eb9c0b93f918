package gather

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/eml"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// private is the key that the messages of these tests are signed with.
var private = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

var signingKey = "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey))

// signed is a message with one signature.
func signed(t testing.TB, o dkim.SignOptions) string {
	t.Helper()
	if o.Domain == "" {
		o.Domain = "d.example"
	}
	if o.Selector == "" {
		o.Selector = "s1"
	}
	o.Signer = private
	var b bytes.Buffer
	if err := dkim.Sign(&b, strings.NewReader("From: a@d.example\r\nSubject: x\r\n\r\nhello\r\n"), &o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// sampleOf is a message of the stream main, in a world where the documentation ranges are public.
func sampleOf(t testing.TB, text string) Sample {
	t.Helper()
	m, err := eml.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return Sample{Stream: "main", From: "d.example", Message: m, Trace: m.Trace(func(a netip.Addr) bool { return a.Is4() })}
}

func TestSignatureResults(t *testing.T) {
	at := func(record string) string { return txt("s1._domainkey.d.example", record) }
	later := dkim.SignOptions{Expiration: time.Now().Add(time.Hour)}
	long := base64.StdEncoding.EncodeToString(slices.Concat([]byte{0x30, 0x82, 0x10, 0x0a, 0x02, 0x82, 0x10, 0x01, 0x00, 0x80}, bytes.Repeat([]byte{1}, 4095), []byte{0x02, 0x03, 1, 0, 1}))
	good := signed(t, dkim.SignOptions{})
	for _, tt := range []struct {
		name, text, zone string
		faults           map[dnsx.Question]testnet.DNSFault
		want             string // d=, s=, result, why
	}{
		{"good", good, at(signingKey), nil, "d.example s1 pass "},
		{"beside other records", good, at("v=spf1 -all") + at(signingKey), nil, "d.example s1 pass "},
		{"not yet expired", signed(t, later), at(signingKey), nil, "d.example s1 pass "},
		{"expired", signed(t, dkim.SignOptions{Expiration: time.Date(2024, 2, 3, 0, 0, 0, 0, time.UTC)}), at(signingKey), nil, "d.example s1 policy it fits, and expired on 2024-02-03 (x=)"},
		{"expired, and changed", signed(t, dkim.SignOptions{Expiration: time.Date(2024, 2, 3, 0, 0, 0, 0, time.UTC)}) + "more\r\n", at(signingKey), nil, "d.example s1 fail the body was changed"},
		{"l= that was put in", strings.Replace(good, "v=1;", "v=1; l=2;", 1), at(signingKey), nil, "d.example s1 fail the body was changed"},
		{"a changed body", good + "more\r\n", at(signingKey), nil, "d.example s1 fail the body was changed"},
		{"no key", good, "", nil, "d.example s1 permerror no key is published at s1._domainkey.d.example"},
		{"no key, and l=", strings.Replace(good, "v=1;", "v=1; l=2;", 1), "", nil, "d.example s1 permerror no key is published"},
		{"an alias that leads nowhere", good, "s1._domainkey.d.example. CNAME gone.example.\n", nil, "d.example s1 permerror no key is published at s1._domainkey.d.example"},
		{"revoked", good, at("v=DKIM1; k=ed25519; p="), nil, "d.example s1 permerror the key at s1._domainkey.d.example is revoked"},
		{"broken", good, at("v=DKIM1; k=ed25519; p=AAAA"), nil, "d.example s1 permerror the key at s1._domainkey.d.example: p= holds 3 octets"},
		{"two", good, at(signingKey) + at(otherKey), nil, "d.example s1 permerror the key at s1._domainkey.d.example: several key records stand there"},
		{"lost", good, at(signingKey), lost("s1._domainkey.d.example"), "d.example s1 temperror the key at s1._domainkey.d.example could not be looked up:"},
		{"a key without bounds", good, at("v=DKIM1; p=" + long), nil, "d.example s1 permerror the key at s1._domainkey.d.example has 32768 bits"},
		{"of a subdomain, where t=s forbids it", signed(t, dkim.SignOptions{Identifier: "a@b.d.example"}), at(signingKey + "; t=s"), nil, "d.example s1 permerror the key has t=s"},
		{"of the domain itself", signed(t, dkim.SignOptions{Identifier: "a@d.example"}), at(signingKey + "; t=s"), nil, "d.example s1 pass "},
		{"in capitals", signed(t, dkim.SignOptions{Domain: "D.Example", Selector: "S1"}), at(signingKey), nil, "d.example s1 pass "},
		{"no tag list", "DKIM-Signature: x\r\nFrom: a@d.example\r\n\r\n", "", nil, "  permerror it is no tag list:"},
		{"no domain", "DKIM-Signature: v=1; d=a..b; s=s1\r\nFrom: a@d.example\r\n\r\n", "", nil, " s1 permerror d=\"a..b\" is no domain"},
		{"no selector", "DKIM-Signature: v=1; d=d.example\r\nFrom: a@d.example\r\n\r\n", "", nil, "d.example  permerror s=\"\" is no selector"},
		{"too few tags", "DKIM-Signature: v=1; d=d.example; s=s1\r\nFrom: a@d.example\r\n\r\n", at(signingKey), nil, "d.example s1 permerror it has no a="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := over(t.Context(), serve(t, "d.example. A 11.0.0.1\n"+tt.zone, tt.faults), Target{Domain: "d.example", Messages: []Sample{sampleOf(t, tt.text)}})
			l := g.messages()[0].Signatures
			if len(l) != 1 {
				t.Fatalf("%+v", l)
			}
			if got := fmt.Sprint(l[0].Domain, " ", l[0].Selector, " ", l[0].Result, " ", l[0].Why); !strings.HasPrefix(got, tt.want) || l[0].Result == "pass" && (l[0].Why != "" || l[0].Bits != 256) {
				t.Errorf("%s, %d bits, want %s", got, l[0].Bits, tt.want)
			}
		})
	}
}

// TestWhichKey: of several keys at a selector that with which the signature verifies.
func TestWhichKey(t *testing.T) {
	at := func(records ...string) (zone string) {
		for _, r := range records {
			zone += txt("s1._domainkey.d.example", r)
		}
		return zone
	}
	good := signed(t, dkim.SignOptions{})
	third := strings.Replace(otherKey, "p=", "n=third; p=", 1)
	for _, tt := range []struct{ name, text, zone, want string }{
		{"one of two", good, at(signingKey, otherKey), signingKey},
		{"one of two, in another order", good, at(otherKey, signingKey), signingKey},
		{"beside what is no key", good, at("v=spf1 -all", signingKey, otherKey), signingKey},
		{"one alone", good, at(signingKey), ""},
		{"neither", good, at(otherKey, third), ""},
		{"both", good, at(signingKey, signingKey+"; n=again"), ""},
		{"one that is not for mail", good, at(signingKey+"; s=tlsrpt", otherKey), ""},
		{"one that t=s keeps from it", signed(t, dkim.SignOptions{Identifier: "a@b.d.example"}), at(signingKey+"; t=s", otherKey), ""},
		{"expired", signed(t, dkim.SignOptions{Expiration: time.Date(2024, 2, 3, 0, 0, 0, 0, time.UTC)}), at(signingKey, otherKey), signingKey},
		{"l= that was put in", strings.Replace(good, "v=1;", "v=1; l=2;", 1), at(signingKey, otherKey), ""},
		{"a changed body", good + "more\r\n", at(signingKey, otherKey), ""},
		{"more than are tried", good, at(signingKey, otherKey, third, third+"; t=s", third+"; t=y"), ""},
	} {
		g := over(t.Context(), serve(t, "d.example. A 11.0.0.1\n"+tt.zone, nil), Target{Domain: "d.example", Messages: []Sample{sampleOf(t, tt.text)}})
		if l := g.messages()[0].Signatures; len(l) != 1 || l[0].Key != tt.want {
			t.Errorf("%s: %+v", tt.name, l)
		}
	}
}

// TestSignatureFaults: what stands against a signature beside its result, and whether it holds all the same.
func TestSignatureFaults(t *testing.T) {
	at := func(record string) string { return txt("s1._domainkey.d.example", record) }
	good := signed(t, dkim.SignOptions{})
	tags := func(more string) string { return strings.Replace(good, "v=1;", "v=1; "+more, 1) }
	made := func(later time.Duration) string {
		return regexp.MustCompile(`\bt=[0-9]+`).ReplaceAllString(good, fmt.Sprint("t=", time.Now().Add(later).Unix()))
	}
	for _, tt := range []struct {
		name, text, zone string
		faults           []string
		holds            bool
	}{
		{"good", good, at(signingKey), nil, true},
		{"expired", signed(t, dkim.SignOptions{Expiration: time.Date(2024, 2, 3, 0, 0, 0, 0, time.UTC)}), at(signingKey), []string{facts.FaultExpired}, true},
		{"not yet", signed(t, dkim.SignOptions{Expiration: time.Now().Add(time.Hour)}), at(signingKey), nil, true},
		{"of a subdomain", signed(t, dkim.SignOptions{Identifier: "a@b.d.example"}), at(signingKey), nil, true},
		{"of a subdomain, where t=s forbids it", signed(t, dkim.SignOptions{Identifier: "a@b.d.example"}), at(signingKey + "; t=s"), []string{facts.FaultAgent}, true},
		{"of another domain", tags("i=a@x.example;"), at(signingKey), []string{facts.FaultAgent}, false},
		{"signed tomorrow", made(24 * time.Hour), at(signingKey), []string{facts.FaultFuture}, false},
		{"signed by a clock that is fast", made(time.Minute), at(signingKey), nil, false},
		{"l=", tags("l=2;"), at(signingKey), []string{facts.FaultLength}, false},
		{"without From", "DKIM-Signature: v=1; a=rsa-sha1; d=d.example; s=s1; h=subject\r\nFrom: a@d.example\r\n\r\n", at(signingKey), []string{facts.FaultUncovered, facts.FaultSHA1}, false},
		{"of another version", strings.Replace(good, "v=1;", "v=2;", 1), at(signingKey), []string{facts.FaultVersion}, false},
		{"in capitals", strings.Replace(good, "a=ed25519-sha256", "a=ED25519-SHA256", 1), at(signingKey), []string{facts.FaultCapitals}, false},
		{"an algorithm that there is not", strings.Replace(good, "a=ed25519-sha256", "a=dsa-sha256", 1), at(signingKey), []string{facts.FaultUnknown}, false},
		{"a canonicalisation that there is not", strings.Replace(good, "c=simple/simple", "c=nowsp", 1), at(signingKey), []string{facts.FaultUnknown}, false},
		{"a void record", good, at("k=ed25519; p=" + strings.TrimPrefix(signingKey, "v=DKIM1; k=ed25519; p=") + "; v=DKIM1"), nil, true},
		{"two records", good, at(signingKey) + at(otherKey), nil, false},
		{"no record", good, "", nil, false},
	} {
		g := over(t.Context(), serve(t, "d.example. A 11.0.0.1\n"+tt.zone, nil), Target{Domain: "d.example", Messages: []Sample{sampleOf(t, tt.text)}})
		s := g.messages()[0].Signatures[0]
		if !slices.Equal(s.Faults, tt.faults) || s.Holds != tt.holds {
			t.Errorf("%s: %q, holds %v: %s %s", tt.name, s.Faults, s.Holds, s.Result, s.Why)
		}
	}
}

// TestMessages: a message and what an audit takes from it.
func TestMessages(t *testing.T) {
	text := "Return-Path: <b@d.example>\r\nReceived: from mail.d.example (out.d.example [11.0.0.1]) by mx.r.example with ESMTP; x\r\nReceived: from y (y [11.9.9.9]) by z; x\r\n" +
		"Authentication-Results: mx.r.example; dkim=pass header.d=d.example\r\n" + strings.Repeat("DKIM-Signature: v=1; d=esp.example; s=k\r\n", 20) + signed(t, dkim.SignOptions{})
	s := stream("11.0.0.1")
	s.Selectors, s.Learned = []string{"s1"}, []string{facts.LearnedIPs, facts.LearnedSelectors}
	dns := serve(t, mailed+txt("s1._domainkey.d.example", signingKey)+txt("_dmarc.esp.example", "v=DMARC1; p=none"), nil)
	f := Gather(t.Context(), env(client(dns, patient)), Target{Domain: "d.example", Streams: []facts.Stream{s}, Messages: []Sample{sampleOf(t, text)}}, facts.Keys|facts.Policy)
	if len(f.Messages) != 1 || len(f.Messages[0].Signatures) != eml.MaxSignatures || f.Messages[0].Unread != 1 {
		t.Fatalf("%+v", f.Messages)
	}
	m := f.Messages[0]
	m.Signatures = nil
	want := facts.Message{Stream: "main", From: "d.example", Sender: "b@d.example", Authors: 1, Unread: 1,
		Hop: &facts.Hop{Number: 1, Of: 2, Text: "from mail.d.example (out.d.example [11.0.0.1]) by mx.r.example with ESMTP; x", By: "mx.r.example",
			HELO: "mail.d.example", RDNS: "out.d.example", IP: netip.MustParseAddr("11.0.0.1")},
		Results: &facts.AuthResults{Server: "mx.r.example", Results: []string{"dkim=pass header.d=d.example"}}}
	if d := cmp.Diff(want, m, alike); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if f.Sources[0].Origin != "message" || !f.Sources[0].Declared {
		t.Errorf("%+v", f.Sources[0])
	}
	if k := f.DKIM[0].Keys; len(k) != 1 || k[0].Origin != "message" || k[0].Status != facts.KeyValid {
		t.Errorf("%+v", k)
	}
	if i := slices.IndexFunc(f.Orgs, func(o facts.Org) bool { return o.Domain == "esp.example" }); i < 0 || f.Orgs[i].Org.Value != "esp.example" {
		t.Errorf("the organizational domain of the other signer is missing: %+v", f.Orgs)
	}
	if l := repeated(dns.Asked()); len(l) > 0 {
		t.Errorf("asked more than once: %q", l)
	}
}

// TestOneNamedAndLearned: a selector that one stream was given and another learned was given.
func TestOneNamedAndLearned(t *testing.T) {
	given, learned := stream(), stream()
	given.Selectors, learned.Selectors, learned.Learned = []string{"a"}, []string{"a", "b"}, []string{facts.LearnedSelectors}
	g := over(t.Context(), serve(t, mailed, nil), Target{Domain: "d.example", Streams: []facts.Stream{given, learned}})
	if got := found(g.keys(nil)[0]); !slices.Equal(got, []string{"a flag missing", "b message missing"}) {
		t.Errorf("%q", got)
	}
}

// TestMessageWithoutPath: why no hop is known, and the null sender.
func TestMessageWithoutPath(t *testing.T) {
	g := over(t.Context(), serve(t, mailed, nil), Target{Domain: "d.example", Messages: []Sample{sampleOf(t, "Return-Path: <>\r\nFrom: a@d.example\r\n\r\n")}})
	if m := g.messages()[0]; m.Hop != nil || !strings.Contains(m.Why, "no Received field") || m.Sender != "<>" || m.Results != nil || len(m.Signatures) != 0 {
		t.Errorf("%+v", m)
	}
}

// TestSignatureAfterTheEnd: an audit that is over verifies nothing more.
func TestSignatureAfterTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := sampleOf(t, signed(t, dkim.SignOptions{}))
	g := over(ctx, serve(t, txt("s1._domainkey.d.example", signingKey), nil), Target{Domain: "d.example", Messages: []Sample{s}})
	k := g.key("d.example", "s1", "message")
	cancel()
	l, _ := s.Message.Signatures()
	if x := g.signature(s.Message, l[0], k); x.Result != facts.SignatureTempError || !strings.Contains(x.Why, "the audit was over") {
		t.Errorf("%+v", x)
	}
}
