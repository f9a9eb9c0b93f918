package cli

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/eml"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
)

const hop = "Received: from mail.shop.example (out.shop.example [198.51.100.25]) by mx.rcpt.example with ESMTP; x\n"

// sampleOf is a message from shop.example, in a lab where 198.51.100.0/24 is public.
func sampleOf(t *testing.T, header string) *sample {
	t.Helper()
	m, err := eml.Parse(strings.NewReader(header + "From: a@shop.example\n\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := &sample{gather.Sample{Stream: defaultStream, From: "shop.example", Message: m}, "m.eml"}
	s.trace(&gather.Target{AssumePublic: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}})
	return s
}

// TestFill: what a message tells of a stream, and that what was given stays.
func TestFill(t *testing.T) {
	all := []string{facts.LearnedIPs, facts.LearnedHELO, facts.LearnedMailFrom, facts.LearnedDKIMDomain, facts.LearnedSelectors}
	const signed = "DKIM-Signature: v=1; d=esp.example; s=k\nDKIM-Signature: v=1; d=news.shop.example; s=n\nDKIM-Signature: v=1; d=shop.example; s=S1\nDKIM-Signature: v=1; d=shop.example; s=s2\n"
	for _, tt := range []struct {
		name, header string
		given, want  streamConfig
	}{
		{"nothing", "", streamConfig{}, streamConfig{}},
		{"all", "Return-Path: <b@shop.example>\n" + hop + signed, streamConfig{}, streamConfig{IPs: []string{"198.51.100.25"}, MailFrom: "b@shop.example",
			HELO: "mail.shop.example", DKIMDomain: "shop.example", Selectors: []string{"s1", "s2"}, Learned: all}},
		{"all is given", "Return-Path: <b@shop.example>\n" + hop + signed,
			streamConfig{IPs: []string{"192.0.2.1"}, MailFrom: "x@y.example", HELO: "y", DKIMDomain: "y.example", Selectors: []string{"z"}},
			streamConfig{IPs: []string{"192.0.2.1"}, MailFrom: "x@y.example", HELO: "y", DKIMDomain: "y.example", Selectors: []string{"z"}}},
		{"another signer is given", signed, streamConfig{DKIMDomain: "ESP.example."}, streamConfig{DKIMDomain: "ESP.example.", Selectors: []string{"k"}, Learned: []string{facts.LearnedSelectors}}},
		{"a signer that did not sign", signed, streamConfig{DKIMDomain: "y.example"}, streamConfig{DKIMDomain: "y.example"}},
		{"a name that is none", signed, streamConfig{DKIMDomain: "a..b"}, streamConfig{DKIMDomain: "a..b"}},
		{"a subdomain before a stranger", strings.Replace(signed, "d=shop.example", "d=x.example", 2), streamConfig{},
			streamConfig{DKIMDomain: "news.shop.example", Selectors: []string{"n"}, Learned: all[3:]}},
		{"a stranger alone", "DKIM-Signature: v=1; d=esp.example; s=k\n", streamConfig{}, streamConfig{DKIMDomain: "esp.example", Selectors: []string{"k"}, Learned: all[3:]}},
		{"signatures that name nobody", "DKIM-Signature: v=1; d=a..b; s=k\nDKIM-Signature: v=1; d=shop.example\nDKIM-Signature: d=com; s=k\n", streamConfig{}, streamConfig{}},
		{"the null sender", "Return-Path: <>\n" + hop, streamConfig{}, streamConfig{IPs: []string{"198.51.100.25"}, HELO: "mail.shop.example",
			MailFrom: "postmaster@mail.shop.example", Learned: []string{facts.LearnedIPs, facts.LearnedHELO, facts.LearnedMailFrom}}},
		{"the null sender of a host that was given", "Return-Path: <>\n" + hop, streamConfig{HELO: "out.shop.example"}, streamConfig{IPs: []string{"198.51.100.25"},
			HELO: "out.shop.example", MailFrom: "postmaster@out.shop.example", Learned: []string{facts.LearnedIPs, facts.LearnedMailFrom}}},
		{"the null sender of nobody", "Return-Path: <>\n", streamConfig{}, streamConfig{}},
		{"a sender that is none", "Return-Path: <a@b..c>\n" + hop, streamConfig{}, streamConfig{IPs: []string{"198.51.100.25"}, HELO: "mail.shop.example", Learned: all[:2]}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.given
			sampleOf(t, tt.header).fill(&got)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if _, err := streamsOf([]streamConfig{got}, "shop.example"); err != nil && tt.name != "a name that is none" {
				t.Errorf("what was learned is refused: %v", err)
			}
		})
	}
	var none *sample
	none.trace(nil)
	none.fill(nil)
	if err := none.of("a.example"); err != nil {
		t.Error(err)
	}
}

// TestSampleOf: whose message it may be.
func TestSampleOf(t *testing.T) {
	s := sampleOf(t, "")
	for domain, ok := range map[string]bool{"shop.example": true, "news.shop.example": true, "example": false, "bank.example": false, "notshop.example": false} {
		if err := s.of("shop.example", domain); (err == nil) != ok {
			t.Errorf("%s: %v", domain, err)
		}
	}
	if registrable("co.uk") != "co.uk" {
		t.Error("a public suffix is registrable by nobody")
	}
}

// endless never ends, as a terminal where nobody types.
type endless struct{ began chan struct{} }

func (e endless) Read([]byte) (int, error) {
	close(e.began)
	select {}
}

// readSample reads what --message names.
func readSample(ctx context.Context, t *testing.T, w World, o *checkOptions) error {
	t.Helper()
	o.profile = "auto"
	return o.readSample(ctx, w)
}

func TestReadSample(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in := endless{make(chan struct{})}
	go func() {
		<-in.began
		cancel()
	}()
	var stderr strings.Builder
	err := readSample(ctx, t, World{Stdin: in, Stderr: &stderr}, &checkOptions{message: "-"})
	var code exitError
	if !errors.As(err, &code) || code != exitInterrupted || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("%v, %q", err, stderr.String())
	}
	large := filepath.Join(t.TempDir(), "large.eml")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, eml.MaxSize+1); err != nil {
		t.Fatal(err)
	}
	if err := readSample(t.Context(), t, World{}, &checkOptions{message: large}); err == nil || !strings.Contains(err.Error(), "large.eml: larger than 50 MiB") {
		t.Error(err)
	}
}
