package smtpx

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/internal/testnet"
)

const host = "submission.example"

// now is today: authorities are good for ten years around it.
var now = time.Now().UTC().Truncate(24 * time.Hour)

// days is a time so many days from now.
func days(n int) time.Time { return now.AddDate(0, 0, n) }

func newCA(t *testing.T) *testnet.CA {
	t.Helper()
	ca, err := testnet.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func serve(t *testing.T, b testnet.Behaviour) *testnet.SMTP {
	t.Helper()
	b.Host = host
	s, err := testnet.ServeSMTP(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var dialer net.Dialer

// ignored are the fields that differ from run to run or from machine to machine, or that other tests look at.
var ignored = cmp.Options{
	cmpopts.IgnoreFields(Probe{}, "RoundTrip", "Cipher", "Chain"),
	cmpopts.EquateComparable(netip.Addr{}),
}

// The replies of a testnet server.
var (
	plain     = []string{host, "SIZE 36700160", "8BITMIME", "STARTTLS", "ENHANCEDSTATUSCODES"}
	plainAuth = []string{host, "SIZE 36700160", "8BITMIME", "STARTTLS", "AUTH PLAIN LOGIN", "ENHANCEDSTATUSCODES"}
	noTLSAuth = []string{host, "SIZE 36700160", "8BITMIME", "AUTH PLAIN LOGIN", "ENHANCEDSTATUSCODES"}
	bare      = []string{host, "SIZE 36700160", "8BITMIME", "ENHANCEDSTATUSCODES"}
	mechs     = []string{"PLAIN", "LOGIN"}
)

// TestRun puts each way of behaving before the probe, on a server of its own.
func TestRun(t *testing.T) {
	ca := newCA(t)
	good := ca.Issue(host, days(-30), days(60))
	cert := func(change func(*Cert)) *Cert {
		c := &Cert{
			Names: []string{host}, NotBefore: days(-30), NotAfter: days(60),
			NameOK: true, ChainOK: true, InDate: true, Issuer: "CN=testnet root",
			Key: "ECDSA", Bits: 256, Signature: "ECDSA-SHA256",
		}
		if change != nil {
			change(c)
		}
		return c
	}
	full := []string{"EHLO", "STARTTLS", "EHLO", "QUIT"}
	// What is seen of a good service, over STARTTLS and over implicit TLS; of one without TLS.
	starttls := func(change func(*Probe)) Probe {
		p := Probe{
			Status: Open, Banner: host + " ESMTP", EHLO: plain, EHLOTLS: noTLSAuth, STARTTLS: true, TLS: StartTLS,
			Version: "TLS 1.3", Auth: mechs, Cert: cert(nil), Complete: true,
		}
		if change != nil {
			change(&p)
		}
		return p
	}
	implicit := func(change func(*Probe)) Probe {
		p := Probe{
			Status: Open, Banner: host + " ESMTP", EHLOTLS: noTLSAuth, TLS: ImplicitTLS,
			Version: "TLS 1.3", Auth: mechs, Cert: cert(nil), Complete: true,
		}
		if change != nil {
			change(&p)
		}
		return p
	}
	// What is seen of a service with which something went wrong before TLS.
	broken := func(change func(*Probe)) Probe {
		p := Probe{Status: Open, Banner: host + " ESMTP", EHLO: plain, STARTTLS: true, TLS: NoTLS}
		change(&p)
		return p
	}
	unknown := func(why string) Probe { return Probe{Status: Unknown, TLS: NoTLS, Why: why} }
	late := func(why string) Probe { return Probe{Status: Unknown, TLS: NoTLS, Why: why, Late: true} }
	noBanner := func(why string) Probe { return Probe{Status: Unknown, TLS: NoTLS, Why: why, NoBanner: why} }
	hostile := "\x1b]0;owned\x07\x1b[31m\xff\x00<script>\u202e %s%n"

	for _, c := range []struct {
		name     string
		behave   testnet.Behaviour
		implicit bool
		patience time.Duration // of those that only time ends
		want     Probe
		verbs    []string
	}{
		{
			name:   "good",
			behave: testnet.Behaviour{Certificate: good},
			want:   starttls(nil), verbs: full,
		},
		{
			name:   "auth before TLS",
			behave: testnet.Behaviour{Certificate: good, EarlyAuth: true},
			want:   starttls(func(p *Probe) { p.EHLO, p.AuthPlain = plainAuth, mechs }), verbs: full,
		},
		{
			name:   "no STARTTLS",
			behave: testnet.Behaviour{NoTLS: true, EarlyAuth: true},
			want: broken(func(p *Probe) {
				p.EHLO, p.STARTTLS, p.AuthPlain, p.Auth, p.Complete = noTLSAuth, false, mechs, mechs, true
			}),
			verbs: []string{"EHLO", "QUIT"},
		},
		{
			name:   "no auth",
			behave: testnet.Behaviour{Certificate: good, NoAuth: true},
			want:   starttls(func(p *Probe) { p.EHLOTLS, p.Auth = bare, nil }), verbs: full,
		},
		{
			name:   "expired",
			behave: testnet.Behaviour{Certificate: ca.Issue(host, days(-92), days(-2))},
			want: starttls(func(p *Probe) {
				p.Cert = cert(func(c *Cert) { c.NotBefore, c.NotAfter, c.InDate = days(-92), days(-2), false })
			}),
			verbs: full,
		},
		{
			name:   "expiring",
			behave: testnet.Behaviour{Certificate: ca.Issue(host, days(-85), days(5))},
			want: starttls(func(p *Probe) {
				p.Cert = cert(func(c *Cert) { c.NotBefore, c.NotAfter = days(-85), days(5) })
			}),
			verbs: full,
		},
		{
			name:   "wrong name",
			behave: testnet.Behaviour{Certificate: ca.Issue("other.example", days(-30), days(60))},
			want: starttls(func(p *Probe) {
				p.Cert = cert(func(c *Cert) { c.Names, c.NameOK = []string{"other.example"}, false })
			}),
			verbs: full,
		},
		{
			name:   "self-signed",
			behave: testnet.Behaviour{Certificate: testnet.SelfSigned(host, days(-30), days(60))},
			want: starttls(func(p *Probe) {
				p.Cert = cert(func(c *Cert) {
					c.ChainOK, c.ChainWhy, c.Issuer = false, "the certificate is self-signed", "CN="+host
				})
			}),
			verbs: full,
		},
		{
			name:   "TLS 1.1 only",
			behave: testnet.Behaviour{Certificate: good, MaxTLS: tls.VersionTLS11},
			want:   starttls(func(p *Probe) { p.Version, p.OldTLS = "TLS 1.1", true }), verbs: full,
		},
		{
			name:   "TLS 1.0 only",
			behave: testnet.Behaviour{Certificate: good, MaxTLS: tls.VersionTLS10},
			want:   starttls(func(p *Probe) { p.Version, p.OldTLS = "TLS 1.0", true }), verbs: full,
		},
		{
			name:   "TLS 1.2 is not old",
			behave: testnet.Behaviour{Certificate: good, MaxTLS: tls.VersionTLS12},
			want:   starttls(func(p *Probe) { p.Version = "TLS 1.2" }), verbs: full,
		},
		{
			name:   "implicit good",
			behave: testnet.Behaviour{Certificate: good, Implicit: true}, implicit: true,
			want: implicit(nil), verbs: []string{"EHLO", "QUIT"},
		},
		{
			name:   "implicit and TLS 1.1 only",
			behave: testnet.Behaviour{Certificate: good, Implicit: true, MaxTLS: tls.VersionTLS11}, implicit: true,
			want: implicit(func(p *Probe) { p.Version, p.OldTLS = "TLS 1.1", true }), verbs: []string{"EHLO", "QUIT"},
		},
		{
			name:   "plain SMTP on an implicit port",
			behave: testnet.Behaviour{NoTLS: true, Greeting: "220-one\r\n220 two\r\n"}, implicit: true,
			want: Probe{
				Status: Open, Banner: "one\ntwo", TLS: NoTLS,
				TLSFault: "speaks SMTP in the clear on an implicit-TLS port",
				Why:      "speaks SMTP in the clear on an implicit-TLS port",
			},
		},
		{
			name:   "plain SMTP that turns us away on an implicit port",
			behave: testnet.Behaviour{NoTLS: true, Greeting: "554 5.7.1 go away\r\n"}, implicit: true,
			want: Probe{
				Status: Unknown, Banner: "5.7.1 go away", TLS: NoTLS,
				TLSFault: "speaks SMTP in the clear on an implicit-TLS port",
				Why:      `the greeting is "554 5.7.1 go away"`,
			},
		},
		{
			name:   "neither TLS nor SMTP on an implicit port",
			behave: testnet.Behaviour{NoTLS: true, Greeting: "SSH-2.0-OpenSSH_9.9\r\n"}, implicit: true,
			want: Probe{
				Status: Unknown, TLS: NoTLS,
				TLSFault: `the server answered the TLS handshake in the clear: "SSH-2.0-OpenSSH_9.9\r"`,
				Why:      `the server answered the TLS handshake in the clear: "SSH-2.0-OpenSSH_9.9\r"`,
			},
		},
		{
			name: "no common cipher on an implicit port",
			behave: testnet.Behaviour{
				Certificate: good, Implicit: true, MaxTLS: tls.VersionTLS12,
				Suites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, // the key is not RSA
			},
			implicit: true,
			want: Probe{
				Status: Open, TLS: NoTLS,
				Why: "the TLS handshake failed: remote error: tls: handshake failure (it may want ciphers that are not offered here, such as those with DHE)",
			},
		},
		{
			name:   "silent on an implicit port",
			behave: testnet.Behaviour{NoTLS: true, Silent: true}, implicit: true, patience: 200 * time.Millisecond,
			want: unknown("the TLS handshake did not end within 200ms (0 octets came)"),
		},
		{
			name:   "implicit TLS and then silent",
			behave: testnet.Behaviour{Certificate: good, Implicit: true, Silent: true}, implicit: true, patience: 2 * time.Second,
			want: Probe{
				Status: Unknown, TLS: ImplicitTLS, Version: "TLS 1.3", Cert: cert(nil), Late: true,
				Why: "the greeting did not end within 2s (0 octets came)",
			},
		},
		{
			name:   "octets behind the reply to STARTTLS",
			behave: testnet.Behaviour{Certificate: good, Inject: "250-injected\r\n250 AUTH EXTERNAL\r\n"},
			want: broken(func(p *Probe) {
				p.Injected = true
				p.TLSFault = "33 octets in the clear follow the reply to STARTTLS"
				p.Why = p.TLSFault
			}),
			verbs: []string{"EHLO", "STARTTLS"},
		},
		{
			name:   "garbage in place of TLS",
			behave: testnet.Behaviour{Certificate: good, NotTLS: "\x00\xff not TLS "},
			want: broken(func(p *Probe) {
				p.TLSFault = `the server answered the TLS handshake in the clear: "\x00\xff not TLS "`
				p.Why = p.TLSFault
			}),
			verbs: []string{"EHLO", "STARTTLS"},
		},
		{
			name:   "STARTTLS turned down",
			behave: testnet.Behaviour{Certificate: good, Replies: map[string]string{"STARTTLS": "454 4.7.0 TLS not available\r\n"}},
			want: broken(func(p *Probe) {
				p.TLSFault = `the reply to STARTTLS is "454 4.7.0 TLS not available"`
				p.Why = p.TLSFault
			}),
			verbs: []string{"EHLO", "STARTTLS", "QUIT"},
		},
		{
			name:   "shut down at STARTTLS",
			behave: testnet.Behaviour{Certificate: good, Replies: map[string]string{"STARTTLS": "421 4.3.2 closing\r\n"}},
			want:   broken(func(p *Probe) { p.Why = `the reply to STARTTLS is "421 4.3.2 closing"` }),
			verbs:  []string{"EHLO", "STARTTLS", "QUIT"},
		},
		{
			name:   "closed at STARTTLS",
			behave: testnet.Behaviour{Certificate: good, Replies: map[string]string{"STARTTLS": ""}},
			want: broken(func(p *Probe) {
				p.Why = "the reply to STARTTLS did not end before the server closed the connection (0 octets came)"
			}),
			verbs: []string{"EHLO", "STARTTLS"},
		},
		{
			name:   "EHLO turned down",
			behave: testnet.Behaviour{Certificate: good, Replies: map[string]string{"EHLO": "502 5.5.1 only\x07HELO\r\n"}},
			want: Probe{
				Status: Open, Banner: host + " ESMTP", TLS: NoTLS,
				Why: `the reply to EHLO is "502 5.5.1 only\aHELO"`,
			},
			verbs: []string{"EHLO", "QUIT"},
		},
		{
			name:   "EHLO turned down for its name",
			behave: testnet.Behaviour{Certificate: good, Replies: map[string]string{"EHLO": "550 5.7.1 Helo command rejected: Host not found\r\n"}},
			want: Probe{
				Status: Open, Banner: host + " ESMTP", TLS: NoTLS,
				Why: `the reply to EHLO is "550 5.7.1 Helo command rejected: Host not found", perhaps for the name that this audit gives, mailaudit.invalid`,
			},
			verbs: []string{"EHLO", "QUIT"},
		},
		{
			name:   "EHLO turned down under TLS",
			behave: testnet.Behaviour{Certificate: good, RepliesTLS: map[string]string{"EHLO": "421 4.3.2 closing\r\n"}},
			want: starttls(func(p *Probe) {
				p.EHLOTLS, p.Auth, p.Complete = nil, nil, false
				p.Why = `the reply to EHLO under TLS is "421 4.3.2 closing"`
			}),
			verbs: full,
		},
		{
			name:   "closed at EHLO under TLS",
			behave: testnet.Behaviour{Certificate: good, RepliesTLS: map[string]string{"EHLO": ""}},
			want: starttls(func(p *Probe) {
				p.EHLOTLS, p.Auth, p.Complete = nil, nil, false
				p.Why = "the reply to EHLO under TLS did not end before the server closed the connection (0 octets came)"
			}),
			verbs: []string{"EHLO", "STARTTLS", "EHLO"},
		},
		{
			name: "AUTH in both spellings",
			behave: testnet.Behaviour{NoTLS: true, Replies: map[string]string{
				"EHLO": "250-AUTH NTLM\r\n250-auth plain Login\r\n250-AUTH=PLAIN CRAM-MD5 \x1b[31m\r\n250 AUTHX GSSAPI\r\n",
			}},
			want: broken(func(p *Probe) {
				p.EHLO = []string{"AUTH NTLM", "auth plain Login", "AUTH=PLAIN CRAM-MD5 \x1b[31m", "AUTHX GSSAPI"}
				p.STARTTLS, p.Complete = false, true
				p.AuthPlain = []string{"PLAIN", "LOGIN", "CRAM-MD5"}
				p.Auth = p.AuthPlain
			}),
			verbs: []string{"EHLO", "QUIT"},
		},
		{
			name:   "hostile banner",
			behave: testnet.Behaviour{NoTLS: true, Greeting: "220-" + hostile + "\r\n220 \r\n"},
			want: broken(func(p *Probe) {
				p.Banner, p.EHLO, p.STARTTLS, p.Complete = hostile+"\n", bare, false, true
			}),
			verbs: []string{"EHLO", "QUIT"},
		},
		{
			name:   "a greeting that turns us away",
			behave: testnet.Behaviour{NoTLS: true, Greeting: "554-5.7.1 you are\r\n554 listed\r\n"},
			want: Probe{
				Status: Unknown, Banner: "5.7.1 you are\nlisted", TLS: NoTLS,
				Why: `the greeting is "554 5.7.1 you are listed"`,
			},
			verbs: []string{"QUIT"},
		},
		{
			name:   "no SMTP at all",
			behave: testnet.Behaviour{NoTLS: true, Greeting: "HTTP/1.1 400 Bad Request\r\n"},
			want:   noBanner(`the greeting is no SMTP reply: "HTTP/1.1 400 Bad Request\r\n"`),
		},
		{
			name:   "silent",
			behave: testnet.Behaviour{NoTLS: true, Silent: true}, patience: 200 * time.Millisecond,
			want: late("the greeting did not end within 200ms (0 octets came)"),
		},
		{
			name:   "endless banner",
			behave: testnet.Behaviour{NoTLS: true, Endless: true},
			want:   noBanner("the greeting has more than 64 lines"),
		},
		{
			name:   "endless line",
			behave: testnet.Behaviour{NoTLS: true, Greeting: "220 " + strings.Repeat("x", 5000) + "\r\n"},
			want:   noBanner("the greeting has a line longer than 2048 octets"),
		},
		{
			name:   "many octets",
			behave: testnet.Behaviour{NoTLS: true, Greeting: strings.Repeat("220-"+strings.Repeat("x", 1000)+"\r\n", 10)},
			want:   noBanner("the greeting is longer than 8192 octets"),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, c.behave)
			start := time.Now()
			got := Run(t.Context(), dialer.DialContext, Target{
				Host: host, Addrs: []netip.AddrPort{s.Addr()}, Implicit: c.implicit, Roots: ca.Pool(), Now: now,
				Patience: c.patience,
			})
			if took := time.Since(start); took > c.patience+5*time.Second {
				t.Errorf("took %v", took)
			}
			c.want.Addr = s.Addr().Addr()
			if d := cmp.Diff(c.want, got, ignored); d != "" {
				t.Errorf("probe (-want +got):\n%s", d)
			}
			if n := s.Connections(); n != 1 {
				t.Errorf("%d connections, want 1", n)
			}
			verbs := s.Verbs()
			if c.implicit && !c.behave.Implicit {
				// It reads the ClientHello as commands, and what those look like is chance.
				verbs = slices.DeleteFunc(verbs, func(v string) bool { return v != "AUTH" && v != "MAIL" && v != "RCPT" && v != "DATA" })
			}
			if d := cmp.Diff(c.verbs, verbs, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("verbs (-want +got):\n%s", d)
			}
		})
	}
}

// TestRunDrip has octets come for ever, each well within any bound on a single read.
func TestRunDrip(t *testing.T) {
	s := serve(t, testnet.Behaviour{
		NoTLS: true, Greeting: "220 " + strings.Repeat("slow", 10000) + "\r\n", Drip: 10 * time.Millisecond,
	})
	start := time.Now()
	p := Run(t.Context(), dialer.DialContext, Target{Addrs: []netip.AddrPort{s.Addr()}, Patience: time.Second})
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if p.Status != Unknown || !strings.HasPrefix(p.Why, "the greeting did not end within 1s (") || strings.Contains(p.Why, "(0 octets") {
		t.Errorf("got %s: %s", p.Status, p.Why)
	}
}

// TestRunOneSuite shows that suites which Go leaves out by default are offered, so that a server with nothing better is
// seen for what it is and not taken for one without TLS.
func TestRunOneSuite(t *testing.T) {
	ca := newCA(t)
	today := time.Now()
	s := serve(t, testnet.Behaviour{
		Certificate: ca.Issue(host, today.AddDate(0, 0, -1), today.AddDate(0, 0, 1)), MaxTLS: tls.VersionTLS12,
		Suites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA},
	})
	p := Run(t.Context(), dialer.DialContext, Target{Host: host, Addrs: []netip.AddrPort{s.Addr()}, Roots: ca.Pool()})
	if p.Cipher != "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA" || p.Version != "TLS 1.2" || p.OldTLS || !p.Complete {
		t.Fatalf("got %s, %s, old %v, complete %v: %s", p.Cipher, p.Version, p.OldTLS, p.Complete, p.Why)
	}
	if !p.Cert.InDate || !p.Cert.ChainOK {
		t.Errorf("in date %v, chain %v: with no time given, the clock's counts", p.Cert.InDate, p.Cert.ChainOK)
	}
}

// TestHello keeps the first flight of TLS in one segment, as servers have known it for long, and has it name the host.
func TestHello(t *testing.T) {
	client, server := net.Pipe()
	hello := make(chan []byte, 1)
	go func() {
		b := make([]byte, 4096)
		n, _ := server.Read(b)
		server.Close()
		hello <- b[:n]
	}()
	Run(t.Context(), pipe(client), Target{Host: host, Addrs: []netip.AddrPort{discard}, Implicit: true})
	b := <-hello
	// A record is type, version, length and content (RFC 8446 5.1).
	if len(b) < 5 || b[0] != 22 || len(b) != 5+int(b[3])<<8+int(b[4]) || len(b) > 1200 {
		t.Fatalf("%d octets: %x", len(b), b)
	}
	if !bytes.Contains(b, []byte(host)) {
		t.Errorf("no server name in %q", b)
	}
}

// TestRunHandshakeBroken has a server go away in the middle of a TLS record, and before the first.
func TestRunHandshakeBroken(t *testing.T) {
	for _, c := range []struct {
		name, said string
		status     Status
		why        string
	}{
		{"at once", "", Unknown, "the TLS handshake did not end before the server closed the connection (0 octets came)"},
		{"in a record", "\x16\x03\x03\x00\x40\x02", Open, "the TLS handshake did not end before the server closed the connection (6 octets came)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, server := net.Pipe()
			go func() {
				server.Read(make([]byte, 4096))
				io.WriteString(server, c.said)
				server.Close()
			}()
			p := Run(t.Context(), pipe(client), Target{Host: host, Addrs: []netip.AddrPort{discard}, Implicit: true})
			if p.Status != c.status || p.Why != c.why || p.TLSFault != c.why {
				t.Errorf("got %s: %s (TLS fault %q)", p.Status, p.Why, p.TLSFault)
			}
		})
	}
}

// TestRunEHLO shows what name goes into EHLO, and that one with a line end in it does not.
func TestRunEHLO(t *testing.T) {
	for _, c := range []struct{ name, helo, want, why string }{
		{name: "default", want: "EHLO mailaudit.invalid\r\n"},
		{name: "given", helo: "me.example", want: "EHLO me.example\r\n"},
		{name: "injection", helo: "me\r\nMAIL FROM:<>", why: `EHLO cannot be sent with the name "me\r\nMAIL FROM:<>"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, server := net.Pipe()
			defer server.Close()
			got := make(chan string, 1)
			go func() {
				io.WriteString(server, "220 hello\r\n")
				line, _ := bufio.NewReader(server).ReadString('\n')
				got <- line
				server.Close()
			}()
			p := Run(t.Context(), pipe(client), Target{HELO: c.helo, Addrs: []netip.AddrPort{discard}})
			client.Close() // where Run has not
			if line := <-got; line != c.want {
				t.Errorf("sent %q, want %q", line, c.want)
			}
			if c.why != "" && p.Why != c.why {
				t.Errorf("why %q, want %q", p.Why, c.why)
			}
		})
	}
}

// TestRunOurTLS has servers with which others agree on TLS, and our library does not: that is no fault of theirs.
func TestRunOurTLS(t *testing.T) {
	ca := newCA(t)
	odd := ca.Issue(host, days(-1), days(60))
	odd.Certificate = slices.Clone(odd.Certificate)
	der := slices.Clone(odd.Certificate[0])
	version := []byte{0xa0, 3, 2, 1, 2}                  // and behind it the serial number, which is positive (RFC 5280 4.1.2.2)
	der[bytes.Index(der, version)+len(version)+2] = 0x80 // no more; with 0xff, what follows may make it malformed instead (X.690 8.3.2)
	odd.Certificate[0] = der
	for _, c := range []struct {
		name string
		b    testnet.Behaviour
		why  string
	}{
		{"certificate", testnet.Behaviour{Certificate: odd}, "x509: negative serial number (others may take such a certificate)"},
		// The key is ECDSA, so that the server has no cipher that suits it.
		{"ciphers", testnet.Behaviour{Certificate: ca.Issue(host, days(-1), days(60)), MaxTLS: tls.VersionTLS12, Suites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}},
			"remote error: tls: handshake failure (it may want ciphers that are not offered here, such as those with DHE)"},
	} {
		for _, implicit := range []bool{false, true} {
			c.b.Implicit = implicit
			p := Run(t.Context(), dialer.DialContext, Target{Host: host, Addrs: []netip.AddrPort{serve(t, c.b).Addr()}, Implicit: implicit, Roots: ca.Pool()})
			if p.Status != Open || p.TLS != NoTLS || p.TLSFault != "" || p.Complete || !strings.HasSuffix(p.Why, c.why) {
				t.Errorf("%s, implicit %v: %s, %q, fault %q", c.name, implicit, p.Status, p.Why, p.TLSFault)
			}
		}
	}
}

// discard is an address that nothing dials: these tests bring their own connections.
var discard = netip.MustParseAddrPort("192.0.2.1:9")

func pipe(c net.Conn) DialFunc {
	return func(context.Context, string, string) (net.Conn, error) { return c, nil }
}

// TestRunTime measures what each kind of silence costs, by a clock that runs only while all wait.
func TestRunTime(t *testing.T) {
	const connect = 30 * time.Millisecond
	slowly := func(c net.Conn) DialFunc {
		return func(context.Context, string, string) (net.Conn, error) {
			time.Sleep(connect)
			return c, nil
		}
	}
	for _, c := range []struct {
		name  string
		hears []string // what the server says, before each line that it reads
		want  time.Duration
		done  bool
	}{
		{"nothing at all", nil, DefaultPatience, false},
		{"no reply to EHLO", []string{"220 hello\r\n"}, DefaultPatience, false},
		{"no reply to QUIT", []string{"220 hello\r\n", "250 mail.example\r\n"}, quitPatience, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				go func() {
					in := bufio.NewReader(server)
					for _, line := range c.hears {
						io.WriteString(server, line)
						in.ReadString('\n')
					}
					io.Copy(io.Discard, in)
				}()
				start := time.Now()
				p := Run(t.Context(), slowly(client), Target{Addrs: []netip.AddrPort{discard}})
				if took := time.Since(start); took != connect+c.want {
					t.Errorf("took %v, want %v", took, connect+c.want)
				}
				if p.Complete != c.done || p.RoundTrip != connect.Milliseconds() {
					t.Errorf("complete %v, round trip %d: %s", p.Complete, p.RoundTrip, p.Why)
				}
			})
		})
	}
}

// TestRunConnectTime has no address answer: together they get two thirds of the patience, or the time that is set for it.
func TestRunConnectTime(t *testing.T) {
	for n := 1; n <= maxAddrs+1; n++ {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			Run(t.Context(), func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}, Target{Addrs: slices.Repeat([]netip.AddrPort{discard}, n), Patience: time.Minute, Connect: 3 * time.Second})
			if took := time.Since(start).Round(10 * time.Millisecond); took != 3*time.Second {
				t.Errorf("%d addresses: took %v", n, took)
			}
			start = time.Now()
			p := Run(t.Context(), func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}, Target{Addrs: slices.Repeat([]netip.AddrPort{discard}, n)})
			if took := time.Since(start).Round(10 * time.Millisecond); took != 4*time.Second || p.Status != Filtered {
				t.Errorf("%d addresses: took %v, %s: %s", n, took, p.Status, p.Why)
			}
		})
	}
}

// waiting is a connection that tells when it is first read from.
type waiting struct {
	net.Conn
	once sync.Once
	tell func()
}

func (w *waiting) Read(b []byte) (int, error) {
	w.once.Do(w.tell)
	return w.Conn.Read(b)
}

// TestRunCancelled ends the audit at each point where the probe may be waiting.
func TestRunCancelled(t *testing.T) {
	s := serve(t, testnet.Behaviour{NoTLS: true, Silent: true})
	for _, c := range []struct {
		name     string
		implicit bool
		dial     func(cancel func()) DialFunc
		why      string
	}{
		{
			name: "connecting",
			dial: func(cancel func()) DialFunc {
				return func(ctx context.Context, _, _ string) (net.Conn, error) {
					cancel()
					<-ctx.Done()
					return nil, ctx.Err()
				}
			},
			why: "no answer to a connection attempt before the audit was cancelled",
		},
		{name: "greeting", dial: cancelling, why: "the greeting did not end before the audit was cancelled (0 octets came)"},
		{name: "handshake", implicit: true, dial: cancelling, why: "the TLS handshake did not end before the audit was cancelled (0 octets came)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			start := time.Now()
			p := Run(ctx, c.dial(cancel), Target{Addrs: []netip.AddrPort{s.Addr()}, Implicit: c.implicit, Patience: time.Minute})
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if p.Status != Unknown || p.Why != c.why || p.TLSFault != "" {
				t.Errorf("got %s: %s (TLS fault %q)", p.Status, p.Why, p.TLSFault)
			}
		})
	}
}

// TestRunCancelledLater has an address refuse and the audit end at the next: that is not known of all addresses then.
func TestRunCancelledLater(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	errs := []error{errRefused, context.Canceled}
	dial := func(context.Context, string, string) (net.Conn, error) {
		err := errs[0]
		if errs = errs[1:]; len(errs) == 0 {
			cancel()
		}
		return nil, err
	}
	p := Run(ctx, dial, Target{Addrs: []netip.AddrPort{discard, discard}})
	if p.Status != Unknown {
		t.Errorf("got %s: %s", p.Status, p.Why)
	}
}

func cancelling(cancel func()) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dialer.DialContext(ctx, network, address)
		return &waiting{Conn: c, tell: cancel}, err
	}
}

// TestRunDeadline has the audit's own time run out before the probe's.
func TestRunDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		go io.Copy(io.Discard, server)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		p := Run(ctx, pipe(client), Target{Addrs: []netip.AddrPort{discard}, Patience: time.Minute})
		want := "the greeting did not end before the time of the audit was up (0 octets came)"
		if p.Status != Unknown || p.Why != want {
			t.Errorf("got %s: %s", p.Status, p.Why)
		}
	})
}

// late is a context whose deadline has passed before its timer has noticed.
type late struct{ context.Context }

func (late) Deadline() (time.Time, bool) { return time.Unix(0, 0), true }

func TestRunDeadlineUnnoticed(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, os.ErrDeadlineExceeded }
	p := Run(late{t.Context()}, dial, Target{Addrs: []netip.AddrPort{discard, discard}})
	if want := "no answer to a connection attempt before the time of the audit was up"; p.Status != Unknown || p.Why != want {
		t.Errorf("got %s: %s", p.Status, p.Why)
	}
}

// failing is a connection that fails when read from.
type failing struct {
	net.Conn
	err error
}

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestRunReadFails names the reason for which a talk broke off.
func TestRunReadFails(t *testing.T) {
	reset := &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", errReset)}
	for _, c := range []struct {
		name     string
		implicit bool
		err      error
		why      string
		fault    bool // of the server's TLS
	}{
		{"reset", false, reset, "the greeting did not end before the server reset the connection (0 octets came)", false},
		{"reset in the handshake", true, reset, "the TLS handshake did not end before the server reset the connection (0 octets came)", true},
		{"other", false, errors.New("odd"), "the greeting did not end before this: odd (0 octets came)", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, server := net.Pipe()
			var wg sync.WaitGroup
			wg.Go(func() { io.Copy(io.Discard, server) })
			p := Run(t.Context(), pipe(failing{client, c.err}), Target{Host: host, Addrs: []netip.AddrPort{discard}, Implicit: c.implicit})
			wg.Wait() // only the probe can have closed the connection
			if p.Status != Unknown || p.Why != c.why || (p.TLSFault != "") != c.fault {
				t.Errorf("got %s: %s (TLS fault %q)", p.Status, p.Why, p.TLSFault)
			}
		})
	}
}

func TestRunRefused(t *testing.T) {
	addr, release, err := testnet.Refused()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	got := Run(t.Context(), dialer.DialContext, Target{Addrs: []netip.AddrPort{addr}})
	want := Probe{Status: Refused, Why: "connection refused", Addr: addr.Addr(), TLS: NoTLS}
	if d := cmp.Diff(want, got, ignored); d != "" {
		t.Errorf("probe (-want +got):\n%s", d)
	}
}

// TestRunConnect tells apart why no connection came about, over one address and several.
func TestRunConnect(t *testing.T) {
	op := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}
	}
	refused, unreachable, denied := op(errRefused), op(syscall.ENETUNREACH), op(syscall.EACCES)
	const (
		noAnswer = "no answer to a connection attempt within 4s: a firewall on either side"
		here     = "our side or the way there: "
	)
	for _, c := range []struct {
		name   string
		errs   []error // of each address in turn
		status Status
		addr   string
		why    string
	}{
		{name: "none", status: Unknown, why: "no address to connect to"},
		{name: "silence", errs: []error{os.ErrDeadlineExceeded}, status: Filtered, why: noAnswer},
		{name: "silence by the context", errs: []error{context.DeadlineExceeded}, status: Filtered, why: noAnswer},
		{name: "unreachable", errs: []error{unreachable}, status: Unknown, why: here + unreachable.Error()},
		{name: "denied", errs: []error{denied}, status: Unknown, why: here + denied.Error()},
		{name: "policy", errs: []error{errors.New("192.0.2.1 is a private address")}, status: Unknown, why: here + "192.0.2.1 is a private address"},
		{
			name: "no IPv6 here", errs: []error{unreachable, refused}, status: Refused, addr: "192.0.2.2",
			why: "192.0.2.1: " + here + unreachable.Error() + "; 192.0.2.2: connection refused",
		},
		{
			name: "silence is no refusal", errs: []error{os.ErrDeadlineExceeded, refused}, status: Filtered, addr: "192.0.2.2",
			why: "192.0.2.1: no answer to a connection attempt within 2s: a firewall on either side; 192.0.2.2: connection refused",
		},
		{
			name: "four at most", errs: []error{refused, refused, refused, refused, os.ErrDeadlineExceeded}, status: Refused, addr: "192.0.2.4",
			why: "192.0.2.1: connection refused; 192.0.2.2: connection refused; 192.0.2.3: connection refused; 192.0.2.4: connection refused",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var addrs []netip.AddrPort
			for i := range c.errs {
				addrs = append(addrs, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 587))
			}
			tried := 0
			dial := func(_ context.Context, network, address string) (net.Conn, error) {
				if want := addrs[tried].String(); network != "tcp" || address != want {
					t.Errorf("dialled %s %s, want tcp %s", network, address, want)
				}
				tried++
				return nil, c.errs[tried-1]
			}
			got := Run(t.Context(), dial, Target{Addrs: addrs})
			want := Probe{Status: c.status, Why: c.why, TLS: NoTLS}
			if c.addr != "" {
				want.Addr = netip.MustParseAddr(c.addr)
			}
			if d := cmp.Diff(want, got, ignored); d != "" {
				t.Errorf("probe (-want +got):\n%s", d)
			}
		})
	}
}

// TestRunNextAddress goes on to an address that answers.
func TestRunNextAddress(t *testing.T) {
	refused, release, err := testnet.Refused()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	s := serve(t, testnet.Behaviour{NoTLS: true})
	p := Run(t.Context(), dialer.DialContext, Target{Addrs: []netip.AddrPort{refused, s.Addr()}})
	if p.Status != Open || p.Why != "" || !p.Complete {
		t.Errorf("got %s, complete %v: %s", p.Status, p.Complete, p.Why)
	}
}

// TestMechanismsBounded keeps a server from filling the report with mechanisms of its own making.
func TestMechanismsBounded(t *testing.T) {
	ehlo := []string{"AUTH FIRST"}
	for i := range 50 {
		ehlo = append(ehlo, fmt.Sprintf("AUTH M%d M%d %s", i, i, strings.Repeat("X", maxMechanism+1)))
	}
	got := mechanisms(ehlo)
	if got := mechanisms([]string{"AUTH=PLAIN"}); got != nil {
		t.Errorf("the server's name gave %q", got)
	}
	if len(got) != maxMechanisms || got[0] != "M0" || got[maxMechanisms-1] != fmt.Sprintf("M%d", maxMechanisms-1) {
		t.Errorf("%d mechanisms: %q", len(got), got)
	}
}
