package gather_test

import (
	"context"
	"net/netip"
	"testing"

	"mailaudit/internal/gather"
	"mailaudit/internal/httpx"
	"mailaudit/internal/smtpx"
)

// TestRemembering: whoever was connected to in one audit is not in the next.
func TestRemembering(t *testing.T) {
	asked := 0
	e := gather.Env{
		Probe: func(context.Context, smtpx.Target) smtpx.Probe { asked++; return smtpx.Probe{Banner: "hello"} },
		Fetch: func(context.Context, httpx.Target) httpx.Page { asked++; return httpx.Page{Why: "gone"} },
		Reach: func(context.Context, netip.AddrPort) (smtpx.Status, string) {
			asked++
			return smtpx.Filtered, "silence"
		},
	}.Remembering()
	for range 2 {
		if p := e.Probe(t.Context(), smtpx.Target{Host: "mx.example"}); p.Banner != "hello" {
			t.Errorf("probe %+v", p)
		}
		if p := e.Fetch(t.Context(), httpx.Target{Host: "mx.example", Path: "/"}); p.Why != "gone" {
			t.Errorf("page %+v", p)
		}
		if s, why := e.Reach(t.Context(), netip.MustParseAddrPort("192.0.2.1:25")); s != smtpx.Filtered || why != "silence" {
			t.Errorf("%s, %s", s, why)
		}
	}
	if asked != 3 {
		t.Errorf("%d connections, want 3", asked)
	}
	e.Probe(t.Context(), smtpx.Target{Host: "mx.example", Implicit: true})
	e.Probe(t.Context(), smtpx.Target{Host: "mx.example", Envelopes: []smtpx.Envelope{{Purpose: "relay"}}})
	e.Fetch(t.Context(), httpx.Target{Host: "mx.example", Path: "/other"})
	e.Reach(t.Context(), netip.MustParseAddrPort("192.0.2.1:587"))
	if asked != 7 {
		t.Errorf("%d connections, want 7: a different one is made", asked)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		e.Probe(ended, smtpx.Target{Host: "slow.example"})
	}
	e.Probe(t.Context(), smtpx.Target{Host: "slow.example"})
	e.Probe(t.Context(), smtpx.Target{Host: "slow.example"})
	if asked != 10 {
		t.Errorf("%d connections, want 10: what the end of an audit cut short tells nothing", asked)
	}
	if none := (gather.Env{}).Remembering(); none.Probe != nil || none.Fetch != nil || none.Reach != nil {
		t.Error("offline is no longer offline")
	}
}

// TestRememberingWaits: two audits at once ask a host once; one that is over does not wait for the other.
func TestRememberingWaits(t *testing.T) {
	asked, begun, release := 0, make(chan struct{}), make(chan struct{})
	e := gather.Env{Probe: func(ctx context.Context, _ smtpx.Target) smtpx.Probe {
		if ctx.Err() != nil {
			return smtpx.Probe{Why: "over"}
		}
		asked++
		close(begun)
		<-release
		return smtpx.Probe{Banner: "hello"}
	}}.Remembering()
	first := make(chan smtpx.Probe)
	go func() { first <- e.Probe(t.Context(), smtpx.Target{Host: "mx.example"}) }()
	<-begun
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if p := e.Probe(over, smtpx.Target{Host: "mx.example"}); p.Why != "over" {
		t.Errorf("%+v", p)
	}
	second := make(chan smtpx.Probe)
	go func() { second <- e.Probe(t.Context(), smtpx.Target{Host: "mx.example"}) }()
	close(release)
	for _, c := range []chan smtpx.Probe{first, second} {
		if p := <-c; p.Banner != "hello" {
			t.Errorf("%+v", p)
		}
	}
	if asked != 1 {
		t.Errorf("%d connections", asked)
	}
}
