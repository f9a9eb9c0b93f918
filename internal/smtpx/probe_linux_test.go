package smtpx

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/testnet"
)

func TestRunFiltered(t *testing.T) {
	addr, release, err := testnet.Filtered()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	got := Run(t.Context(), dialer.DialContext, Target{Addrs: []netip.AddrPort{addr}, Patience: 300 * time.Millisecond})
	want := Probe{
		Status: Filtered, TLS: NoTLS,
		Why: "no answer to a connection attempt within 200ms: a firewall on either side",
	}
	if d := cmp.Diff(want, got, ignored); d != "" {
		t.Errorf("probe (-want +got):\n%s", d)
	}
}

// TestNoRootsHere has a machine without root certificates, as many containers are: that says nothing about a server.
func TestNoRootsHere(t *testing.T) {
	t.Setenv("SSL_CERT_FILE", "/dev/null")
	t.Setenv("SSL_CERT_DIR", t.TempDir())
	ca := newCA(t)
	c := examine(parse(t, ca.Issue(host, days(-30), days(60))), Target{Host: host, Now: now})
	if c.ChainOK || !c.ChainUnknown || c.ChainWhy != "this machine has no trusted roots" {
		t.Errorf("chain %v, unknown %v: %s", c.ChainOK, c.ChainUnknown, c.ChainWhy)
	}
	if !c.NameOK || !c.InDate {
		t.Errorf("name %v, in date %v: both can be told without roots", c.NameOK, c.InDate)
	}
}
