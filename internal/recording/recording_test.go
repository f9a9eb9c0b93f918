package recording_test

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/recording"
	"mailaudit/internal/smtpx"
	"mailaudit/internal/testnet"
)

var started = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const zone = `
example.com. SOA ns.example.com. h.example.com. 1 1 1 1 1
example.com. TXT "v=spf1 \255\"\\ " "-all"
example.com. TXT "other"
example.com. MX 10 mx.example.com.
mx.example.com. A 192.0.2.1
alias.example.com. CNAME mx.example.com.
gone.example.com. CNAME nowhere.example.com.
`

// TestAgain: what was asked in one run is answered the same in another, with nobody to ask.
func TestAgain(t *testing.T) {
	live := dnsx.NewOffline(testnet.MustZone(zone))
	questions := []dnsx.Question{
		dnsx.Q("example.com", dnsx.TXT), dnsx.Q("example.com", dnsx.MX), dnsx.Q("alias.example.com", dnsx.A), dnsx.Q("gone.example.com", dnsx.A),
		dnsx.Q("example.com", dnsx.AAAA), dnsx.Q("nosuch.example.com", dnsx.A), dnsx.Q("example.net", dnsx.A),
	}
	target := smtpx.Target{Host: "mx.example.com", Addrs: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:587")}}
	probe := smtpx.Probe{Status: smtpx.Open, Banner: "mx.example.com ESMTP", TLS: smtpx.StartTLS, Auth: []string{"PLAIN"}, Complete: true,
		Cert: &smtpx.Cert{Names: []string{"mx.example.com"}, NotAfter: started.AddDate(0, 1, 0), NameOK: true, ChainOK: true, InDate: true}}

	var file bytes.Buffer
	w := recording.NewWriter(&file, started)
	r := w.Resolver(live)
	var wg sync.WaitGroup
	for _, q := range questions {
		wg.Go(func() {
			if got, want := r.Lookup(t.Context(), q), live.Lookup(t.Context(), q); !cmp.Equal(got, want, cmpopts.EquateComparable(netip.Addr{})) {
				t.Errorf("%v: recording changes the answer: %+v", q, got)
			}
		})
	}
	wg.Wait()
	w.Probe(func(context.Context, smtpx.Target) smtpx.Probe { return probe })(t.Context(), target)
	if w.Err() != nil {
		t.Fatal(w.Err())
	}

	again, err := recording.Read(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if !again.Started.Equal(started) {
		t.Errorf("started %v, want %v", again.Started, started)
	}
	for _, q := range questions {
		got, want := again.Lookup(t.Context(), q), live.Lookup(t.Context(), q)
		if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%v (-live +again):\n%s", q, d)
		}
	}
	if d := cmp.Diff(probe, again.Probe(t.Context(), target), cmpopts.EquateComparable(netip.Addr{})); d != "" {
		t.Errorf("the probe (-then +again):\n%s", d)
	}
	// What was not asked then is not known now: neither missing nor closed.
	if a := again.Lookup(t.Context(), dnsx.Q("example.com", dnsx.NS)); a.Status != dnsx.Failed || a.Cause == "" {
		t.Errorf("a new question gives %s, %q", a.Status, a.Cause)
	}
	target.Implicit = true
	if p := again.Probe(t.Context(), target); p.Status != smtpx.Unknown || p.Why == "" {
		t.Errorf("another service gives %s, %q", p.Status, p.Why)
	}
}

// TestFirst: of several answers to one question, as in a batch, the first counts.
func TestFirst(t *testing.T) {
	var file bytes.Buffer
	w := recording.NewWriter(&file, started)
	q := dnsx.Q("example.com", dnsx.A)
	w.Resolver(dnsx.NewOffline(testnet.MustZone("example.com. A 192.0.2.1\n"))).Lookup(t.Context(), q)
	w.Resolver(dnsx.NewOffline(testnet.MustZone("example.com. A 192.0.2.2\n"))).Lookup(t.Context(), q)
	r, err := recording.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	if a := r.Lookup(t.Context(), q); len(a.Records) != 1 || a.Records[0].Addr.String() != "192.0.2.1" {
		t.Errorf("%+v", a.Records)
	}
}

func TestBadRecordings(t *testing.T) {
	head := `{"mailaudit_recording":1,"started":"2026-11-22T12:00:00Z"}` + "\n"
	for text, says := range map[string]string{
		"":                             "line 1",
		"{}\n":                         "line 1",
		`{"mailaudit_recording":2}`:    "another version",
		"v=spf1 -all":                  "line 1",
		head + `{"dns":{"question":`:   "line 2",
		head + `{"dns":"no answer"}`:   "line 2",
		head + "{}\n" + `{"smtp":[1]}`: "line 3",
	} {
		if _, err := recording.Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want an error that says %q", text, err, says)
		}
	}
	if _, err := recording.Read(strings.NewReader(head)); err != nil {
		t.Errorf("an empty recording: %v", err)
	}
}

// full is a disk with no room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestFullDisk(t *testing.T) {
	w := recording.NewWriter(full{}, started)
	w.Resolver(dnsx.NewOffline(nil)).Lookup(t.Context(), dnsx.Q("example.com", dnsx.A))
	if err := w.Err(); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("%v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"mailaudit_recording":1,"started":"2026-11-22T12:00:00Z"}` + "\n" + `{"dns":{"question":{"name":"example.com","type":16},"status":"found","records":[{"name":"example.com","type":16}],"octets":[["dj1zcGYx"],["eA=="]]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := recording.Read(strings.NewReader(text))
		if err == nil {
			r.Lookup(t.Context(), dnsx.Q("example.com", dnsx.TXT))
		}
	})
}

// TestWholeQuestions: a server's own answer, one without checks and one over TCP are each kept apart from the plain one.
func TestWholeQuestions(t *testing.T) {
	server := netip.MustParseAddr("192.0.2.53")
	questions := []dnsx.Question{
		{Name: "example.com", Type: dnsx.SOA},
		{Name: "example.com", Type: dnsx.SOA, Unchecked: true},
		{Name: "example.com", Type: dnsx.SOA, TCP: true},
		{Name: "example.com", Type: dnsx.SOA, Server: server},
	}
	live := answers(func(q dnsx.Question) dnsx.Answer {
		a := dnsx.Answer{Question: q, Status: dnsx.Failed, Cause: "cause", Rcode: "SERVFAIL", Asked: 1}
		if q.Server.IsValid() {
			a.Server = &dnsx.Server{Authoritative: true, Silence: dnsx.Garbled, Recased: true, Plain: true,
				Referral: []dnsx.Record{{Name: "example.com", Type: dnsx.NS, Target: "ns.example.com"}}}
		}
		a.Cause += q.Server.String()
		return a
	})
	for i := range questions {
		var file bytes.Buffer
		w := recording.NewWriter(&file, started)
		for _, q := range questions[:i+1] {
			w.Resolver(live).Lookup(t.Context(), q)
		}
		r, err := recording.Read(&file)
		if err != nil {
			t.Fatal(err)
		}
		for j, q := range questions {
			got, want := r.Lookup(t.Context(), q), live(q)
			if same := cmp.Equal(got, want, cmpopts.EquateComparable(netip.Addr{})); same != (j <= i) {
				t.Errorf("%d kept, %+v: %+v", i+1, q, got)
			}
		}
		if r.AskedServers() != (i == 3) {
			t.Errorf("%d kept: servers asked: %v", i+1, r.AskedServers())
		}
	}
}

// answers is a resolver that is asked nothing else.
type answers func(dnsx.Question) dnsx.Answer

func (a answers) Lookup(_ context.Context, q dnsx.Question) dnsx.Answer { return a(q) }

// TestReach: a connection that was tried in one run is as it was in another.
func TestReach(t *testing.T) {
	at, other := netip.MustParseAddrPort("192.0.2.1:25"), netip.MustParseAddrPort("192.0.2.1:587")
	var file bytes.Buffer
	w := recording.NewWriter(&file, started)
	live := func(context.Context, netip.AddrPort) (smtpx.Status, string) { return smtpx.Filtered, "no answer" }
	if s, why := w.Reach(live)(t.Context(), at); s != smtpx.Filtered || why != "no answer" {
		t.Errorf("recording changes the outcome: %s, %s", s, why)
	}
	r, err := recording.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	if s, why := r.Reach(t.Context(), at); s != smtpx.Filtered || why != "no answer" {
		t.Errorf("%s, %s", s, why)
	}
	if s, why := r.Reach(t.Context(), other); s != smtpx.Unknown || why != "not in the recording" {
		t.Errorf("%s, %s", s, why)
	}
}
