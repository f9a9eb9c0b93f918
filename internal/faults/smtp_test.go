package faults

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/gather"
	"mailaudit/internal/testnet"
)

const service = "submission." + domain

// bomb is a certificate that is as large as a handshake can carry: thousands of names, each long.
func bomb(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: strings.Repeat("bomb", 1000)},
		NotBefore: time.Now().AddDate(0, -1, 0), NotAfter: time.Now().AddDate(0, 2, 0)}
	for i := range 2500 {
		c.DNSNames = append(c.DNSNames, fmt.Sprintf("n%d.%s.example", i, strings.Repeat("x", 60)))
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestSMTP lets a submission service that the user named do everything wrong that a service can, and holds what the whole audit
// says of it.
func TestSMTP(t *testing.T) {
	ca, err := testnet.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	good := ca.Issue(service, time.Now().AddDate(0, -1, 0), time.Now().AddDate(0, 2, 0))
	ehlo := func(reply string) testnet.Behaviour {
		return testnet.Behaviour{Certificate: good, Replies: map[string]string{"EHLO": reply}}
	}
	var huge strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&huge, "250-X%d %s\r\n", i, strings.Repeat("x", 90))
	}
	z := testnet.MustZone(healthy(t))
	before := runtime.NumGoroutine()
	// Status is that of the evidence; cause stands in it, or else in a finding; blame are the rules that may cost something.
	cases := []struct {
		name          string
		behave        testnet.Behaviour
		status, cause string
		blame         []string
	}{
		{name: "healthy", behave: testnet.Behaviour{Certificate: good}, status: "open"},
		{name: "silent", behave: testnet.Behaviour{Certificate: good, Silent: true}, status: "unknown", cause: "greeting did not end within"},
		{name: "one octet a second", behave: testnet.Behaviour{Certificate: good, Drip: time.Second}, status: "unknown", cause: "within"},
		{name: "endless banner", behave: testnet.Behaviour{Certificate: good, Endless: true}, status: "unknown", cause: "greeting"},
		{name: "garbage", behave: testnet.Behaviour{Certificate: good, Greeting: "\x16\x03\x01\xff\xfe no SMTP at all\r\n"}, status: "unknown", cause: "greeting"},
		{name: "no line end", behave: testnet.Behaviour{Certificate: good, Greeting: strings.Repeat("220 ", 5000)}, status: "unknown", cause: "greeting"},
		{name: "NUL octets", behave: testnet.Behaviour{Certificate: good, Greeting: "220 \x00\x00\x00 ESMTP\x00\r\n"}, status: "open"},
		{name: "turned away", behave: testnet.Behaviour{Certificate: good, Greeting: "554 5.7.1 not you\r\n"}, status: "unknown", cause: "554 5.7.1 not you"},
		{name: "closed at EHLO", behave: ehlo(""), status: "open", cause: "EHLO"},
		{name: "EHLO without end", behave: ehlo(huge.String() + "250 end\r\n"), status: "open", cause: "EHLO"},
		{name: "EHLO that changes its code", behave: ehlo("250-one\r\n550 two\r\n"), status: "open", cause: "EHLO"},
		{name: "STARTTLS, then garbage", behave: testnet.Behaviour{Certificate: good, NotTLS: "\x00\xffthis is no TLS\r\n"}, status: "open", cause: "TLS", blame: []string{"submission."}},
		{name: "text before TLS", behave: testnet.Behaviour{Certificate: good, Inject: "250-AUTH PLAIN\r\n"}, status: "open", cause: "TLS", blame: []string{"submission."}},
		{name: "certificate bomb", behave: testnet.Behaviour{Certificate: bomb(t)}, status: "open", blame: []string{"submission.cert-"}},
	}
	var wg sync.WaitGroup
	for _, c := range cases {
		wg.Go(func() {
			s, err := testnet.ServeSMTP(c.behave)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			r := connected(t, z, ca, gather.Endpoint{Host: service, Port: s.Port()}, new(net.Dialer).DialContext)
			hold(t, c.name, r, c.status, c.cause, c.blame)
		})
	}
	// What no server can do, a dialer does: all of these are ports that do not take a connection.
	for name, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"refused": testnet.Dial,
		"filtered": func(ctx context.Context, network, address string) (net.Conn, error) {
			<-ctx.Done()
			return nil, &net.OpError{Op: "dial", Net: network, Err: context.DeadlineExceeded}
		},
	} {
		wg.Go(func() {
			closed, release, err := testnet.Refused()
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
			r := connected(t, z, ca, gather.Endpoint{Host: service, Port: int(closed.Port())}, dial)
			hold(t, name, r, name, "", []string{"submission."})
		})
	}
	wg.Wait()
	settled(t, before)
}

// connected is an audit of submission alone, with one service.
func connected(t *testing.T, z *dnsx.Zone, ca *testnet.CA, at gather.Endpoint, dial func(context.Context, string, string) (net.Conn, error)) *audit.Report {
	s := target(t)
	s.Submission = []gather.Endpoint{at}
	env := gather.Env{Now: time.Now, DNS: dnsx.NewOffline(z), Roots: ca.Pool(), Probe: gather.Dialled(dial)}
	only := func(a checks.Area) bool { return a == "submission" }
	began := time.Now()
	r := audit.Run(t.Context(), env, s, audit.Options{Version: "test", Wanted: only, Timeout: bound})
	if took := time.Since(began); took > bound+patience {
		t.Errorf("it took %v", took)
	}
	return r
}

// hold says what is wrong with a report.
func hold(t *testing.T, name string, r *audit.Report, status, cause string, blame []string) {
	if len(r.Evidence.Submission) != 1 {
		t.Errorf("%s: %+v", name, r.Evidence.Submission)
		return
	}
	s := r.Evidence.Submission[0]
	told := strings.Contains(s.Cause, cause) || slices.ContainsFunc(r.Findings, func(f audit.Finding) bool { return strings.Contains(f.Message, cause) })
	if s.Status != status || !told {
		t.Errorf("%s: %s because of %q, want %s and %q", name, s.Status, s.Cause, status, cause)
	}
	if len(s.Banner) > 1000 || s.Certificate != nil && len(s.Certificate.Names) > 200 {
		t.Errorf("%s: %d octets of a banner and %+v are kept", name, len(s.Banner), s.Certificate)
	}
	for _, b := range bad(r) {
		if !slices.ContainsFunc(blame, func(prefix string) bool { return strings.HasPrefix(b, prefix) }) {
			t.Errorf("%s is blamed for %q", name, b)
		}
	}
	if status == "unknown" && !slices.ContainsFunc(r.Findings, func(f audit.Finding) bool { return f.Status == "unknown" }) {
		t.Errorf("%s: nothing is unknown", name)
	}
}
