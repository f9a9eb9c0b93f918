package httpx_test

import (
	"context"
	"strings"
	"testing"

	"mailaudit/internal/httpx"
	"mailaudit/internal/testnet"
)

// TestSilence: an attempt to connect that nobody answers may be our own network's doing, and the caller's end is.
func TestSilence(t *testing.T) {
	silent, release, err := testnet.Filtered()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	to := target(authority(t), silent)
	to.Patience = patience
	if p := httpx.Fetch(t.Context(), testnet.Dial, to); p.Status != httpx.Filtered || !strings.Contains(p.Why, "within 1.333s: a firewall on either side") {
		t.Errorf("%s, %q", p.Status, p.Why)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if p := httpx.Fetch(ctx, testnet.Dial, to); p.Status != httpx.Unknown || !strings.Contains(p.Why, "before the audit was cancelled") {
		t.Errorf("%s, %q", p.Status, p.Why)
	}
}
