package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"mailaudit/internal/audit"
	"mailaudit/internal/testnet"
)

// served is a running serve, and what it dialled beside its resolver.
type served struct {
	t   *testing.T
	url string

	mu      sync.Mutex
	dialled []string
}

// serving runs serve on a free port over a DNS server with insideZone.
func serving(t *testing.T, args ...string) *served {
	t.Helper()
	dns, err := testnet.ServeDNS(testnet.MustZone(insideZone), testnet.DNSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dns.Close() })
	s := &served{t: t}
	w, _, _ := world(nil)
	read, write := io.Pipe()
	w.Stderr = write
	w.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == dns.Addr().String() {
			return testnet.Dial(ctx, network, address)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.dialled = append(s.dialled, address)
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := newServe(w)
	cmd.SetArgs(append([]string{"--listen", "127.0.0.1:0", "--resolver", dns.Addr().String()}, args...))
	ended := make(chan error, 1)
	go func() {
		err := cmd.ExecuteContext(ctx)
		write.CloseWithError(io.EOF)
		ended <- err
	}()
	lines := bufio.NewReader(read)
	first, err := lines.ReadString('\n')
	at := regexp.MustCompile(`url=(http://\S+)/ `).FindStringSubmatch(first)
	if err != nil || at == nil {
		t.Fatalf("%q, %v", first, err)
	}
	s.url = at[1]
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return s
}

// audit has one request audited and gives its report.
func (s *served) audit(body string) *audit.Report {
	s.t.Helper()
	a, err := http.Post(s.url+"/api/v1/audits", "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	text, _ := io.ReadAll(a.Body)
	a.Body.Close()
	if a.StatusCode != http.StatusAccepted {
		s.t.Fatalf("%s: %s %s", body, a.Status, text)
	}
	for _, path := range []string{"/events", ""} {
		got, err := http.Get(s.url + a.Header.Get("Location") + path)
		if err != nil {
			s.t.Fatal(err)
		}
		text, err = io.ReadAll(got.Body)
		got.Body.Close()
		if err != nil {
			s.t.Fatal(err)
		}
	}
	var out struct {
		Status string
		Report *audit.Report
	}
	if err := json.Unmarshal(text, &out); err != nil || out.Status != "done" {
		s.t.Fatalf("%s: %v\n%s", body, err, text)
	}
	return out.Report
}

// took are the addresses that were dialled since the last call.
func (s *served) took() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := slices.Compact(slices.Sorted(slices.Values(s.dialled)))
	s.dialled = nil
	return l
}

// insideZone is of a stranger who would have the server connect to hosts inside its network.
const insideZone = `
good.example. MX 10 mx.good.example.
mx.good.example. A 11.22.33.44
_submissions._tcp.good.example. SRV 0 0 465 mx.good.example.
loop.evil.example. A 127.0.0.1
loop6.evil.example. AAAA ::1
ten.evil.example. A 10.1.2.3
mapped.evil.example. AAAA ::ffff:192.168.0.1
nat64.evil.example. AAAA 64:ff9b::7f00:1
meta.evil.example. A 169.254.169.254
alias.evil.example. CNAME loop.evil.example.
compatible.evil.example. AAAA ::127.0.0.1
translated.evil.example. AAAA ::ffff:0:127.0.0.1
both.evil.example. A 11.22.33.44
both.evil.example. A 127.0.0.1
srv.evil.example. MX 10 loop.evil.example.
_submission._tcp.srv.evil.example. SRV 0 0 587 ten.evil.example.
_submissions._tcp.srv.evil.example. SRV 0 0 465 meta.evil.example.
_mta-sts.srv.evil.example. TXT "v=STSv1; id=1"
mta-sts.srv.evil.example. A 192.168.7.7
`

// TestServeStaysOutside: whatever a client or DNS names, nothing inside is dialled. Each address is judged and dialled itself: a
// name is never looked up again, so that an answer that changes (DNS rebinding) leads nowhere else.
func TestServeStaysOutside(t *testing.T) {
	s := serving(t, "--probe", "--only", "submission,tls,mtasts,mx", "--timeout", "10s")
	for _, service := range []string{
		"127.0.0.1:587", "smtps://127.0.0.1:465", "127.8.9.10:2525", "[::1]:587", "[::ffff:127.0.0.1]:587", "[::ffff:10.0.0.1]:587",
		"0.0.0.0:587", "[::]:587", "10.0.0.1:587", "172.16.0.1:587", "172.31.255.254:465", "192.168.1.1:587", "100.64.0.1:587",
		"169.254.169.254:587", "[fe80::1]:587", "[fd00:ec2::254]:587", "[64:ff9b::7f00:1]:587", "[2002:7f00:1::]:587", "224.0.0.1:587", "255.255.255.255:587",
		"[::127.0.0.1]:587", "[::ffff:0:127.0.0.1]:587", "[64:ff9b::10.0.0.1]:587", "[64:ff9b:1::7f00:1]:587", "[2001:0:7f00:1::]:587", "[fe80::1%1]:587",
		"[fec0::1]:587", "[ff02::1]:587", "198.18.0.1:587", "192.0.0.8:587", "240.0.0.1:587", "0.1.2.3:587",
		"compatible.evil.example:587", "translated.evil.example:587", "loop.evil.example.:587", "loop\u3002evil\uff0eexample:587",
		"loop.evil.example:587", "loop6.evil.example:587", "ten.evil.example", "mapped.evil.example", "nat64.evil.example:465",
		"meta.evil.example:587", "alias.evil.example:587",
	} {
		r := s.audit(`{"domain":"good.example","only":["submission"],"submission":["` + service + `"]}`)
		if l := s.took(); l != nil {
			t.Errorf("%s: dialled %v", service, l)
		}
		if len(r.Evidence.Submission) != 1 || r.Evidence.Submission[0].Status != "unknown" {
			t.Errorf("%s: %+v", service, r.Evidence.Submission)
		}
	}
	for _, service := range []string{"11.22.33.44:22", "11.22.33.44:80", "smtps://11.22.33.44:6379", "11.22.33.44:25"} {
		s.audit(`{"domain":"good.example","only":["submission"],"submission":["` + service + `"]}`)
		if l := s.took(); l != nil {
			t.Errorf("a port that is none of submission: dialled %v", l)
		}
	}
	s.audit(`{"domain":"srv.evil.example"}`)
	if l := s.took(); l != nil {
		t.Errorf("what DNS names: dialled %v", l)
	}
	// What is outside is dialled: the others were left alone for what they are.
	s.audit(`{"domain":"good.example","submission":["11.22.33.44:587"]}`)
	if l := s.took(); !slices.Equal(l, []string{"11.22.33.44:25", "11.22.33.44:587"}) {
		t.Errorf("outside: dialled %v", l)
	}
	// A name that has an address inside beside one outside leads to the latter alone.
	s.audit(`{"domain":"good.example","only":["submission"],"submission":["both.evil.example:587"]}`)
	for _, a := range s.took() {
		if a != "11.22.33.44:587" {
			t.Errorf("both: dialled %v", a)
		}
	}
}

// TestServeProbes only where it is told to, and inside as well only where it is told that.
func TestServeProbes(t *testing.T) {
	s := serving(t, "--only", "submission")
	s.audit(`{"domain":"good.example","submission":["11.22.33.44:587"]}`)
	if l := s.took(); l != nil {
		t.Errorf("without --probe: dialled %v", l)
	}
	s = serving(t, "--only", "submission", "--probe", "--allow-private")
	s.audit(`{"domain":"good.example","submission":["ten.evil.example:587"]}`)
	if l := s.took(); !slices.Equal(l, []string{"10.1.2.3:587"}) {
		t.Errorf("with --allow-private: dialled %v", l)
	}
}

// TestProbeParameters: what is wrong with a parameter is told by its name, and not by that of a flag.
func TestProbeParameters(t *testing.T) {
	s := serving(t, "--only", "spf")
	for query, want := range map[string]string{
		"mail_from=a@b@good.example": `"mail_from \"a@b`,
		"mail_from=a..b":             `"mail_from \"a..b`,
		"mail_from=" + strings.Repeat("a", maxLocal+1) + "@good.example": `"mail_from \"aaa`,
		"dkim_domain=shop":   `"dkim_domain: `,
		"ip=x":               `"ip \"x\": not an IP address`,
		"helo=a+b":           `"helo \"a b\": `,
		"submission=ftp://x": `"submission \"ftp://x\": `,
		"daily=-1":           `"daily -1: `,
		"profile=king":       `"profile \"king\": `,
		strings.Repeat("ip=192.0.2.1&", maxRequestAddresses) + "ip=::1":   `"256 addresses at most`,
		strings.Repeat("selector=s&", maxRequestSelectors) + "selector=s": `"selectors: 32 at most`,
	} {
		a, err := http.Get(s.url + "/probe?target=good.example&" + query)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(a.Body)
		a.Body.Close()
		if a.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), `"detail":`+want) {
			t.Errorf("%.80s: %s %s, want %s", query, a.Status, text, want)
		}
	}
}

// TestServeRequests: what a request cannot ask for.
func TestServeRequests(t *testing.T) {
	s := serving(t, "--only", "spf,dmarc")
	for body, want := range map[string]string{
		`{"domain":"shop"}`: "single label",
		`{"domain":"good.example","ips":["10.0.0.0/8"]}`:                                                                 `"ip 10.0.0.0/8: wider than /24`,
		`{"domain":"good.example","ips":["192.0.2.0/24","198.51.100.1"]}`:                                                "256 addresses at most",
		`{"domain":"good.example","ips":["192.0.2.0/24","198.51.100.0/24","x"]}`:                                         "256 addresses at most", // and no further is read
		`{"domain":"good.example","ips":["` + strings.Repeat(`192.0.2.1","`, maxRequestAddresses) + `192.0.2.1"]}`:       "256 addresses at most",
		`{"domain":"good.example","daily":-1}`:                                                                           "negative",
		`{"domain":"good.example","profile":"king"}`:                                                                     "one of auto, sender",
		`{"domain":"good.example","only":["weather"]}`:                                                                   "is no area",
		`{"domain":"good.example","helo":"a b"}`:                                                                         "no argument of EHLO",
		`{"domain":"good.example","submission":["ftp://x"]}`:                                                             "not of the form",
		`{"domain":"good.example","selectors":["` + strings.Repeat(`s","`, maxRequestSelectors) + `s"]}`:                 "32 at most",
		`{"domain":"good.example","submission":["` + strings.Repeat(`a.example","`, maxRequestServices) + `b.example"]}`: "8 services at most",
		`{"domain":"good.example","mail_from":"a@b@good.example"}`:                                                       `"mail_from \"a@b`,
		`{"domain":"good.example","dkim_domain":"shop"}`:                                                                 `"dkim_domain: `,
		`{"domain":"good.example","resolver":["127.0.0.1"]}`:                                                             "unknown field",
		`{"domain":"good.example","allow_private":true}`:                                                                 "unknown field",
	} {
		a, err := http.Post(s.url+"/api/v1/audits", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(a.Body)
		a.Body.Close()
		if a.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), want) {
			t.Errorf("%.80s: %s %s, want %q", body, a.Status, text, want)
		}
	}
	// A request narrows what the server judges, and does not widen it.
	r := s.audit(`{"domain":"good.example","profile":"bulk","ips":["192.0.2.25"],"selectors":["s1"],"only":["spf","dnsbl"]}`)
	for _, f := range r.Findings {
		if f.Area != "spf" {
			t.Errorf("%s was judged", f.Rule)
		}
	}
	if r.Profile != "bulk" || len(r.Streams) != 1 || r.Streams[0].IPs[0] != "192.0.2.25" || r.Streams[0].Selectors[0] != "s1" {
		t.Errorf("%s %+v", r.Profile, r.Streams)
	}
}

// TestServeRefuses to listen where strangers are without a token, and flags that no server has.
func TestServeRefuses(t *testing.T) {
	for _, c := range []struct {
		args  []string
		token string
		want  string
	}{
		{args: []string{"--listen", "0.0.0.0:0"}, want: "not loopback"},
		{args: []string{"--listen", ":0"}, want: "not loopback"},
		{args: []string{"--listen", "[::]:0"}, want: "not loopback"},
		{args: []string{"--listen", "192.0.2.1:0"}, want: "not loopback"},
		{args: []string{"--listen", "mail.example:0"}, want: "not loopback"},
		{args: []string{"--listen", "127.0.0.1"}, want: "not of the form HOST:PORT"},
		{args: []string{"--listen", "0.0.0.0:0"}, token: "short", want: "16 are needed"},
		{args: []string{"--queue", "0"}, want: "--queue 0"},
		{args: []string{"--queue", "99999999999"}, want: "--queue 99999999999: between 1 and 100000"},
		{args: []string{"--history-keep", "-1"}, want: "--history-keep -1"},
		{args: []string{"--rate", "0"}, want: "--rate 0"},
		{args: []string{"--domains", "x"}, want: "serve takes no --domains"},
		{args: []string{"--ip", "192.0.2.1"}, want: "serve takes no --ip"},
		{args: []string{"--format", "html"}, want: "serve takes no --format"},
	} {
		w, _, stderr := world(nil)
		w.LookupEnv = func(k string) (string, bool) { return map[string]string{"MAILAUDIT_TOKEN": c.token}[k], true }
		w.Args = append([]string{"serve"}, c.args...)
		if code := Main(w); code != exitUsage || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%v: exit %d, %s", c.args, code, stderr)
		}
		if c.token != "" && bytes.Contains(stderr.Bytes(), []byte(c.token)) {
			t.Errorf("the token is told: %s", stderr)
		}
	}
	// What is in the environment for check is no mistake.
	w, _, stderr := world(nil)
	w.LookupEnv = func(k string) (string, bool) {
		v := map[string]string{"MAILAUDIT_DOMAINS": "customers.csv", "MAILAUDIT_FORMAT": "ndjson"}[k]
		return v, v != ""
	}
	cmd := newServe(w)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cmd.SetArgs([]string{"--listen", "127.0.0.1:0", "--resolver", "127.0.0.1:9"})
	if err := cmd.ExecuteContext(ctx); err == nil || !strings.Contains(err.Error(), "context canceled") { // all was taken, and then it had to stop
		t.Errorf("%v, %s", err, stderr)
	}
}
