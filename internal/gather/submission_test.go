package gather

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

// switchboard puts connections to addresses of the world through to servers on loopback, and keeps what was dialled.
type switchboard struct {
	lines map[string]netip.AddrPort

	mu     sync.Mutex
	dialed []string
}

func (s *switchboard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	s.mu.Lock()
	s.dialed = append(s.dialed, address)
	s.mu.Unlock()
	to, ok := s.lines[address]
	if !ok {
		return nil, fmt.Errorf("nobody is at %s", address)
	}
	return testnet.Dial(ctx, network, to.String())
}

// called lists what was dialled.
func (s *switchboard) called() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.dialed))
}

// authority makes certificates for one test.
func authority(t *testing.T) *testnet.CA {
	t.Helper()
	ca, err := testnet.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// service starts a submission service of that name.
func service(t *testing.T, ca *testnet.CA, host string, implicit bool) *testnet.SMTP {
	t.Helper()
	now := time.Now()
	s, err := testnet.ServeSMTP(testnet.Behaviour{Host: host, Implicit: implicit, Certificate: ca.Issue(host, now.Add(-time.Hour), now.Add(time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// services are the services found, what the probe saw left out but for its status.
func services(sub facts.Submission) []string {
	var l []string
	for _, s := range sub.Services {
		status := string(s.Probe.State)
		if s.Probe.Known() {
			status = string(s.Probe.Value.Status) + " " + s.Probe.Value.TLS
		}
		if s.Left != "" {
			status = strings.TrimSpace(status + " left")
		}
		l = append(l, fmt.Sprintf("%s %s:%d %s", s.Origin, s.Host, s.Port, status))
	}
	return l
}

// TestSubmissionNamed: what the user names is dialled wherever it is, loopback included, and nothing else is looked for.
func TestSubmissionNamed(t *testing.T) {
	ca := authority(t)
	start, wrapped := service(t, ca, "sub.example", false), service(t, ca, "sub.example", true)
	s := serve(t, "sub.example. A 127.0.0.1\n_submission._tcp.d.example. SRV 0 1 587 other.example.\n", lost("lost.example"))
	g := over(t.Context(), s, Target{Domain: "d.example", Submission: []Endpoint{
		{Host: "sub.example", Port: start.Port()},
		{Host: "sub.example", Port: wrapped.Port(), Implicit: true},
		{Host: "127.0.0.1", Port: start.Port()},
		{Host: "gone.example", Port: 587},
		{Host: "lost.example", Port: 587},
	}})
	g.env.Probe, g.env.Roots = Dialled(testnet.Dial), ca.Pool()
	sub := g.submission(nobodyTalked)
	want := []string{
		fmt.Sprintf("flag sub.example:%d open starttls", start.Port()),
		fmt.Sprintf("flag sub.example:%d open implicit", wrapped.Port()),
		fmt.Sprintf("flag 127.0.0.1:%d open starttls", start.Port()),
		"flag gone.example:587 refused none",
		"flag lost.example:587 unknown",
	}
	if d := cmp.Diff(want, services(sub)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if c := sub.Services[0].Probe.Value.Cert; c == nil || !c.ChainOK || !c.NameOK {
		t.Errorf("certificate %+v", c)
	}
	if why := sub.Services[3].Probe.Value.Why; why != "gone.example has no address" {
		t.Errorf("gone.example: %q", why)
	}
	unknown(t, "the service whose address is lost", sub.Services[4].Probe, "SERVFAIL")
	if sub.SRV.State != facts.Unasked || slices.Contains(questions(s), "_submission._tcp.d.example SRV") {
		t.Errorf("SRV although services were named: %+v", sub.SRV)
	}
	if n := start.Connections(); n != 2 {
		t.Errorf("%d connections to a service named twice", n)
	}
	for _, v := range slices.Concat(start.Verbs(), wrapped.Verbs()) {
		if !slices.Contains([]string{"EHLO", "STARTTLS", "QUIT"}, v) {
			t.Errorf("said %s", v)
		}
	}
}

// srvZone names two services at public addresses.
const srvZone = `
_submissions._tcp.d.example. SRV 0 1 465 sub.example.
_submission._tcp.d.example.  SRV 0 1 587 sub.example.
sub.example. A 11.0.0.5
`

// TestSubmissionSRV: SRV records say where and how (RFC 6186, RFC 8314 5.1).
func TestSubmissionSRV(t *testing.T) {
	ca := authority(t)
	lines := &switchboard{lines: map[string]netip.AddrPort{
		"11.0.0.5:587": service(t, ca, "sub.example", false).Addr(),
		"11.0.0.5:465": service(t, ca, "sub.example", true).Addr(),
		"11.0.0.6:587": service(t, ca, "second.example", false).Addr(),
	}}
	for _, tt := range []struct {
		name, zone string
		faults     map[dnsx.Question]testnet.DNSFault
		srv        facts.State
		want       []string
		dialed     []string
	}{
		{"both", srvZone, nil, facts.Known, []string{"srv sub.example:465 open implicit", "srv sub.example:587 open starttls"}, []string{"11.0.0.5:465", "11.0.0.5:587"}},
		{"one is not offered", "_submission._tcp.d.example. SRV 0 0 0 .\n_submissions._tcp.d.example. SRV 0 1 465 sub.example.\nsub.example. A 11.0.0.5\n", nil,
			facts.Known, []string{"srv sub.example:465 open implicit"}, []string{"11.0.0.5:465"}},
		{"none is offered", "_submission._tcp.d.example. SRV 0 0 0 .\nsmtp.d.example. A 11.0.0.5\n", nil, facts.Known, nil, nil},
		{"by priority", "_submission._tcp.d.example. SRV 20 1 587 sub.example.\n_submission._tcp.d.example. SRV 10 1 587 second.example.\nsub.example. A 11.0.0.5\nsecond.example. A 11.0.0.6\n", nil,
			facts.Known, []string{"srv second.example:587 open starttls", "srv sub.example:587 open starttls"}, []string{"11.0.0.5:587", "11.0.0.6:587"}},
		{"one service by two records", "_submission._tcp.d.example. SRV 0 1 587 sub.example.\n_submission._tcp.d.example. SRV 10 5 587 sub.example.\nsub.example. A 11.0.0.5\n", nil,
			facts.Known, []string{"srv sub.example:587 open starttls"}, []string{"11.0.0.5:587"}},
		{"one of the answers is lost", srvZone, lost("_submissions._tcp.d.example"), facts.Known, []string{"srv sub.example:587 open starttls"}, []string{"11.0.0.5:587"}},
		{"the only answer is lost", "smtp.d.example. A 11.0.0.5\n", lost("_submissions._tcp.d.example"), facts.Unknown, nil, nil},
		{"the host has no address", "_submission._tcp.d.example. SRV 0 1 587 gone.example.\n", nil, facts.Known, []string{"srv gone.example:587 refused none"}, nil},
		{"the host is lost", srvZone, lost("sub.example"), facts.Known, []string{"srv sub.example:465 unknown", "srv sub.example:587 unknown"}, nil},
		{"nobody listens", "_submission._tcp.d.example. SRV 0 1 587 h.example.\nh.example. A 11.0.0.99\n", nil, facts.Known, []string{"srv h.example:587 unknown none"}, []string{"11.0.0.99:587"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines.dialed = nil
			g := over(t.Context(), serve(t, tt.zone, tt.faults), Target{Domain: "d.example"})
			g.env.Probe, g.env.Roots = Dialled(lines.dial), ca.Pool()
			sub := g.submission(nobodyTalked)
			if d := cmp.Diff(tt.want, services(sub)); d != "" || sub.SRV.State != tt.srv {
				t.Errorf("SRV %+v; services (-want +got):\n%s", sub.SRV, d)
			}
			half := ""
			if tt.srv == facts.Known && tt.faults[dnsx.Question{Name: "_submissions._tcp.d.example"}] != 0 {
				half = "SRV records at _submissions._tcp.d.example: "
			}
			if !strings.HasPrefix(sub.Lost, half) || half == "" && sub.Lost != "" {
				t.Errorf("lost %q, want %q", sub.Lost, half)
			}
			if tt.srv == facts.Known && sub.SRV.Value != (len(tt.want) > 0) {
				t.Errorf("SRV is %v", sub.SRV.Value)
			}
			if d := cmp.Diff(tt.dialed, lines.called(), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("dialled (-want +got):\n%s", d)
			}
		})
	}
}

// TestSubmissionCandidates: without SRV the usual names are tried, and one that has no address is no service.
func TestSubmissionCandidates(t *testing.T) {
	ca := authority(t)
	lines := &switchboard{lines: map[string]netip.AddrPort{"11.0.0.5:587": service(t, ca, "smtp.d.example", false).Addr()}}
	g := over(t.Context(), serve(t, "smtp.d.example. A 11.0.0.5\nd.example. A 11.0.0.6\n", lost("mail.d.example")), Target{Domain: "d.example"})
	g.env.Probe, g.env.Roots = Dialled(lines.dial), ca.Pool()
	want := []string{
		"candidate smtp.d.example:587 open starttls", "candidate smtp.d.example:465 unknown none",
		"candidate mail.d.example:587 unknown", "candidate mail.d.example:465 unknown",
	}
	sub := g.submission(nobodyTalked)
	if d := cmp.Diff(want, services(sub)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if sub.SRV != facts.Know(false) || !sub.Services[1].Implicit || sub.Services[0].Implicit {
		t.Errorf("%+v", sub)
	}
	if d := cmp.Diff([]string{"11.0.0.5:465", "11.0.0.5:587"}, lines.called()); d != "" {
		t.Errorf("dialled (-want +got):\n%s", d)
	}
}

// TestSubmissionSafety: on the word of DNS only public addresses are dialled, on the ports of submission, at the very
// address that was looked up .
func TestSubmissionSafety(t *testing.T) {
	const ports = "_submission._tcp.d.example. SRV 0 1 "
	open := func(t *Target) { t.AllowPrivate = true }
	for _, tt := range []struct {
		name, zone string
		change     func(*Target)
		want       []string
		dialed     []string
	}{
		{"a private address", ports + "587 h.example.\nh.example. A 10.0.0.1\n", nil, []string{"srv h.example:587 left"}, nil},
		{"loopback", ports + "587 h.example.\nh.example. A 127.0.0.1\nh.example. AAAA ::1\n", nil, []string{"srv h.example:587 left"}, nil},
		{"metadata service", ports + "587 h.example.\nh.example. A 169.254.169.254\n", nil, []string{"srv h.example:587 left"}, nil},
		{"mapped loopback", ports + "587 h.example.\nh.example. AAAA ::ffff:127.0.0.1\n", nil, []string{"srv h.example:587 left"}, nil},
		{"a private one beside a public one", ports + "587 h.example.\nh.example. A 10.0.0.1\nh.example. A 11.0.0.1\n", nil, []string{"srv h.example:587 unknown none"}, []string{"11.0.0.1:587"}},
		{"a private one, allowed", ports + "587 h.example.\nh.example. A 10.0.0.1\n", open, []string{"srv h.example:587 unknown none"}, []string{"10.0.0.1:587"}},
		{"a private one that counts as public", ports + "587 h.example.\nh.example. A 10.0.0.1\n", func(t *Target) { t.AssumePublic = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")} },
			[]string{"srv h.example:587 unknown none"}, []string{"10.0.0.1:587"}},
		{"a candidate at a private address", "mail.d.example. A 10.0.0.1\n", nil, nil, nil},
		{"ssh", ports + "22 h.example.\nh.example. A 11.0.0.1\n", nil, []string{"srv h.example:22 left"}, nil},
		{"ssh, and private addresses are allowed", ports + "22 h.example.\nh.example. A 11.0.0.1\n", open, []string{"srv h.example:22 left"}, nil},
		{"relay", ports + "25 h.example.\nh.example. A 11.0.0.1\n", nil, []string{"srv h.example:25 left"}, nil},
		{"port 0", ports + "0 h.example.\nh.example. A 11.0.0.1\n", nil, []string{"srv h.example:0 left"}, nil},
		{"the alternative port", ports + "2525 h.example.\nh.example. A 11.0.0.1\n", nil, []string{"srv h.example:2525 unknown none"}, []string{"11.0.0.1:2525"}},
		{"a target that is an address", ports + "587 127.0.0.1.\n", nil, []string{"srv 127.0.0.1:587 left"}, nil},
		{"no probes in a batch", ports + "587 h.example.\nh.example. A 11.0.0.1\n", func(t *Target) { t.NoProbes = true }, []string{"srv h.example:587 left"}, nil},
		{"no probes of candidates either", "mail.d.example. A 11.0.0.1\n", func(t *Target) { t.NoProbes = true }, nil, nil},
		{"IPv4 alone", ports + "587 h.example.\nh.example. A 11.0.0.1\nh.example. AAAA 2a0f::1\n", func(t *Target) { t.Family = 4 }, []string{"srv h.example:587 unknown none"}, []string{"11.0.0.1:587"}},
		{"IPv6 alone", ports + "587 h.example.\nh.example. A 11.0.0.1\nh.example. AAAA 2a0f::1\n", func(t *Target) { t.Family = 6 }, []string{"srv h.example:587 unknown none"}, []string{"[2a0f::1]:587"}},
		{"IPv6 alone, and there is none", ports + "587 h.example.\nh.example. A 11.0.0.1\n", func(t *Target) { t.Family = 6 }, []string{"srv h.example:587 left"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			lines := &switchboard{}
			target := Target{Domain: "d.example"}
			if tt.change != nil {
				tt.change(&target)
			}
			g := over(t.Context(), serve(t, tt.zone, nil), target)
			g.env.Probe = Dialled(lines.dial)
			if d := cmp.Diff(tt.want, services(g.submission(nobodyTalked)), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.dialed, lines.called(), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("dialled (-want +got):\n%s", d)
			}
		})
	}
}

// TestSubmissionNamedInBatch: a batch probes what the user named, and nothing of what DNS did.
func TestSubmissionNamedInBatch(t *testing.T) {
	lines := &switchboard{}
	g := over(t.Context(), serve(t, "", nil), Target{Domain: "d.example", NoProbes: true, Submission: []Endpoint{{Host: "192.168.0.1", Port: 587}}})
	g.env.Probe = Dialled(lines.dial)
	g.submission(nobodyTalked)
	if d := cmp.Diff([]string{"192.168.0.1:587"}, lines.called()); d != "" {
		t.Errorf("dialled (-want +got):\n%s", d)
	}
}

// TestSubmissionOffline: without a dialer nothing is known of a service, not even that it is closed.
func TestSubmissionOffline(t *testing.T) {
	sub := over(t.Context(), serve(t, srvZone, nil), Target{Domain: "d.example"}).submission(nobodyTalked)
	if len(sub.Services) != 2 || sub.SRV != facts.Know(true) {
		t.Fatalf("%+v", sub)
	}
	for _, s := range sub.Services {
		unknown(t, s.Host, s.Probe, "offline")
	}
}

func TestSubmissionBounded(t *testing.T) {
	zone := "h.example. A 11.0.0.1\n"
	for i := range 50 {
		zone += fmt.Sprintf("_submission._tcp.d.example. SRV %d 1 587 h%d.example.\nh%[1]d.example. A 11.0.0.%[1]d\n", i, i)
	}
	lines := &switchboard{}
	g := over(t.Context(), serve(t, zone, nil), Target{Domain: "d.example"})
	g.env.Probe = Dialled(lines.dial)
	if sub := g.submission(nobodyTalked); len(sub.Services) != maxServices || len(lines.called()) != maxServices || sub.Lost != "only the first 8 of 50 services that SRV records name are looked at" {
		t.Errorf("%d services, %d dialled, lost %q", len(sub.Services), len(lines.called()), sub.Lost)
	}
}
