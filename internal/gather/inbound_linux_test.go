package gather

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/testnet"
)

// TestInboundFiltered: an MX host from which nothing comes back is not one that is closed.
func TestInboundFiltered(t *testing.T) {
	silent, release, err := testnet.Filtered()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	lines := &switchboard{lines: map[string]netip.AddrPort{"11.0.0.1:25": silent}}
	l := talks(asker(t, "d.example. MX 10 mx.d.example.\nmx.d.example. A 11.0.0.1\n", nil), lines, nil, 200*time.Millisecond)
	if d := cmp.Diff([]string{"10 mx.d.example filtered none"}, seen(l)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
