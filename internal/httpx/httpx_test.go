package httpx_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailaudit/internal/httpx"
	"mailaudit/internal/testnet"
)

const (
	host = "mta-sts.d.example"
	path = "/.well-known/mta-sts.txt"
)

// authority makes certificates for one test.
func authority(t *testing.T) *testnet.CA {
	t.Helper()
	ca, err := testnet.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// good is a certificate with nothing wrong.
func good(ca *testnet.CA) tls.Certificate {
	return ca.Issue(host, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

func serve(t *testing.T, site testnet.Site) *testnet.HTTPS {
	t.Helper()
	s, err := testnet.ServeHTTPS(site)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func target(ca *testnet.CA, addrs ...netip.AddrPort) httpx.Target {
	return httpx.Target{Host: host, Path: path, Addrs: addrs, Roots: ca.Pool()}
}

// patience is for servers that are waited for in vain, which come to that point within it.
const patience = 2 * time.Second

func TestFetch(t *testing.T) {
	ca := authority(t)
	stranger := authority(t)
	now := time.Now()
	for _, tt := range []struct {
		name     string
		site     testnet.Site
		patience time.Duration
		status   httpx.Status
		code     int
		body     string
		says     string // a part of Why
	}{
		{name: "a file", site: testnet.Site{Body: "version: STSv1\r\n"}, status: httpx.Answered, code: 200, body: "version: STSv1\r\n"},
		{name: "by HTTP/1.1", site: testnet.Site{Body: "x", HTTP1: true}, status: httpx.Answered, code: 200, body: "x"},
		{name: "no more than the bound", site: testnet.Site{Body: strings.Repeat("y", httpx.MaxBody)}, status: httpx.Answered, code: 200, body: strings.Repeat("y", httpx.MaxBody)},
		{name: "not there", site: testnet.Site{Code: 404, Body: "gone"}, status: httpx.Answered, code: 404},
		{name: "certificate out of date", site: testnet.Site{Certificate: ca.Issue(host, now.AddDate(0, -2, 0), now.AddDate(0, -1, 0))}, status: httpx.BadCert, says: "certificate"},
		{name: "certificate of another name", site: testnet.Site{Certificate: ca.Issue("d.example", now.Add(-time.Hour), now.Add(time.Hour))}, status: httpx.BadCert},
		{name: "certificate of an unknown authority", site: testnet.Site{Certificate: good(stranger)}, status: httpx.BadCert},
		{name: "TLS 1.1", site: testnet.Site{MaxTLS: tls.VersionTLS11}, status: httpx.NoTLS, says: "the TLS handshake broke off: "},
		{name: "no TLS", site: testnet.Site{NotTLS: "HTTP/1.1 400 Bad Request\r\n\r\n"}, status: httpx.NoTLS, says: "the TLS handshake broke off: "},
		{name: "silence", site: testnet.Site{Silent: true}, patience: patience, status: httpx.Slow, says: "the TLS handshake did not end within 2s"},
		{name: "a body that drips", site: testnet.Site{Body: strings.Repeat("z", 1000), Drip: 10 * time.Millisecond}, patience: patience, status: httpx.Slow, code: 200, says: "did not end within 2s"},
		{name: "no HTTP", site: testnet.Site{Raw: "220 mail.example ESMTP\r\n"}, status: httpx.Broken, says: "the HTTP response broke off: "},
		{name: "nothing", site: testnet.Site{Raw: "HTTP/1.1 "}, status: httpx.Broken},
		{name: "half a body", site: testnet.Site{Raw: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nversion"}, status: httpx.Broken, code: 200, says: "with 7 octets of body so far, broke off"},
		{name: "a header without end", site: testnet.Site{Raw: "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20)}, status: httpx.Broken, says: "headers exceeded"},
		{name: "interim responses without end", site: testnet.Site{Raw: strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000)}, status: httpx.Broken},
		{name: "a bad chunk", site: testnet.Site{Raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"}, status: httpx.Broken, code: 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.site.Certificate.Certificate == nil {
				tt.site.Certificate = good(ca)
			}
			s := serve(t, tt.site)
			to := target(ca, s.Addr())
			to.Patience = tt.patience
			p := httpx.Fetch(t.Context(), testnet.Dial, to)
			if p.Status != tt.status || p.Code != tt.code || p.Body != tt.body || p.More || !strings.Contains(p.Why, tt.says) {
				t.Errorf("%s, code %d, %q, %d octets of body, more %v", p.Status, p.Code, p.Why, len(p.Body), p.More)
			}
			if (p.Why == "") != (p.Status == httpx.Answered) || len(p.Why) > 400 {
				t.Errorf("%s because of %q", p.Status, p.Why)
			}
			if p.Addr != s.Addr().Addr() {
				t.Errorf("from %v", p.Addr)
			}
			if n := s.Connections(); n != 1 {
				t.Errorf("%d connections", n)
			}
			if p.Status == httpx.BadCert && len(s.Requests()) > 0 {
				t.Error("a server with a bad certificate was asked")
			}
		})
	}
}

// TestRequest: what is sent is one plain GET for the host, by the newest HTTP that the server has.
func TestRequest(t *testing.T) {
	ca := authority(t)
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	for _, old := range []bool{false, true} {
		s := serve(t, testnet.Site{Certificate: good(ca), HTTP1: old})
		httpx.Fetch(t.Context(), testnet.Dial, target(ca, s.Addr()))
		l := s.Requests()
		proto := map[bool]string{false: "HTTP/2.0", true: "HTTP/1.1"}[old]
		if len(l) != 1 || l[0].Method != http.MethodGet || l[0].Host != host || l[0].SNI != host || l[0].Path != path || l[0].Proto != proto {
			t.Fatalf("%+v", l)
		}
		if c := l[0].Header.Get("Connection"); old && c != "close" {
			t.Errorf("the connection is to be kept: %q", c)
		}
		for name := range l[0].Header {
			if name != "User-Agent" && name != "Connection" {
				t.Errorf("%s: %s: %q was sent", proto, name, l[0].Header[name])
			}
		}
	}
}

// TestTooLong: of a file without end the first 64 KiB are read.
func TestTooLong(t *testing.T) {
	ca := authority(t)
	for name, site := range map[string]testnet.Site{
		"an octet more": {Body: strings.Repeat("y", httpx.MaxBody+1)},
		"endless":       {Body: "y", Endless: true},
	} {
		site.Certificate = good(ca)
		p := httpx.Fetch(t.Context(), testnet.Dial, target(ca, serve(t, site).Addr()))
		if p.Status != httpx.Answered || !p.More || len(p.Body) != httpx.MaxBody {
			t.Errorf("%s: %s %q, more %v, %d octets", name, p.Status, p.Why, p.More, len(p.Body))
		}
	}
}

// TestRedirect: a redirect is an answer, and nobody goes there. Its header fields are kept within bounds.
func TestRedirect(t *testing.T) {
	ca := authority(t)
	s := serve(t, testnet.Site{Certificate: good(ca), Code: 301, Location: "https://" + strings.Repeat("l", 1000), ContentType: strings.Repeat("t", 1000)})
	p := httpx.Fetch(t.Context(), testnet.Dial, target(ca, s.Addr()))
	if p.Status != httpx.Answered || p.Code != 301 || !strings.HasPrefix(p.Location, "https://lll") || len(p.Location)+len(p.ContentType) > 500 {
		t.Errorf("%+v", p)
	}
	if len(s.Requests()) != 1 {
		t.Errorf("%d requests", len(s.Requests()))
	}
}

// TestCompressed: what a server compresses unasked is kept as it is, and cannot grow.
func TestCompressed(t *testing.T) {
	ca := authority(t)
	s := serve(t, testnet.Site{Certificate: good(ca), Raw: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"})
	if p := httpx.Fetch(t.Context(), testnet.Dial, target(ca, s.Addr())); p.Body != "\x1f\x8b\x08\x00" {
		t.Errorf("%s, %q", p.Status, p.Body)
	}
}

// TestUnreached: no address and a reset are two things.
func TestUnreached(t *testing.T) {
	ca := authority(t)
	closed, release, err := testnet.Refused()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if p := httpx.Fetch(t.Context(), testnet.Dial, target(ca)); p.Status != httpx.NoAddress || p.Why != "mta-sts.d.example has no address" {
		t.Errorf("no address: %s, %q", p.Status, p.Why)
	}
	if p := httpx.Fetch(t.Context(), testnet.Dial, target(ca, closed)); p.Status != httpx.Refused || p.Why != "connection refused" {
		t.Errorf("closed: %s, %q", p.Status, p.Why)
	}
}

// TestCallersEnd: that the time of the audit is up says nothing about the server.
func TestCallersEnd(t *testing.T) {
	ca := authority(t)
	s := serve(t, testnet.Site{Certificate: good(ca), Silent: true})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p := httpx.Fetch(ctx, testnet.Dial, target(ca, s.Addr()))
	if p.Status != httpx.Unknown || p.Why != "the TLS handshake did not end before the time of the audit was up" {
		t.Errorf("%s, %q", p.Status, p.Why)
	}
}

// TestAddresses: only the addresses given are dialled, and the next is tried where one fails.
func TestAddresses(t *testing.T) {
	ca := authority(t)
	s := serve(t, testnet.Site{Certificate: good(ca), Body: "x"})
	var dialled atomic.Int32
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled.Add(1)
		if address != "192.0.2.1:443" && address != s.Addr().String() {
			t.Errorf("dialled %s", address)
		}
		if address != s.Addr().String() {
			return nil, errors.New("network is unreachable")
		}
		return testnet.Dial(ctx, network, address)
	}
	p := httpx.Fetch(t.Context(), dial, target(ca, netip.MustParseAddrPort("192.0.2.1:443"), s.Addr()))
	if p.Status != httpx.Answered || p.Body != "x" || dialled.Load() != 2 {
		t.Errorf("%s, %q, dialled %d times", p.Status, p.Why, dialled.Load())
	}
}

// TestHello: the hello fits into one segment, and offers the ciphers of old servers, which senders take too.
func TestHello(t *testing.T) {
	client, server := net.Pipe()
	hello := make(chan []byte, 1)
	go func() {
		b := make([]byte, 4096)
		n, _ := server.Read(b)
		server.Close()
		hello <- b[:n]
	}()
	dial := func(context.Context, string, string) (net.Conn, error) { return client, nil }
	httpx.Fetch(t.Context(), dial, target(authority(t), netip.MustParseAddrPort("192.0.2.1:443")))
	// A record is type, version, length and content (RFC 8446 5.1); 00 9c is TLS_RSA_WITH_AES_128_GCM_SHA256 (RFC 5288 3).
	if b := <-hello; len(b) < 5 || len(b) != 5+int(b[3])<<8+int(b[4]) || len(b) > 1200 || !bytes.Contains(b, []byte{0x00, 0x9c}) {
		t.Errorf("%d octets: %x", len(b), b)
	}
}
