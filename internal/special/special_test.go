package special_test

import (
	"net/netip"
	"testing"

	"mailaudit/internal/special"
)

func TestPublic(t *testing.T) {
	lab := []netip.Prefix{netip.MustParsePrefix("10.7.0.0/16")}
	for _, c := range []struct {
		addr string
		want bool
	}{
		{"11.22.33.44", true}, {"2a0f:1234::25", true}, {"8.8.8.8", true},
		{"10.1.2.3", false}, {"10.7.2.3", true}, {"100.64.0.1", false}, {"100.128.0.1", true},
		{"127.0.0.1", false}, {"::1", false}, {"::ffff:127.0.0.1", false}, {"::ffff:10.7.0.1", true},
		{"172.15.255.255", true}, {"172.16.0.0", false}, {"172.31.255.255", false}, {"172.32.0.0", true},
		{"192.168.1.1", false}, {"169.254.1.1", false}, {"224.0.0.1", false}, {"255.255.255.255", false}, {"0.0.0.0", false},
		{"fe80::1", false}, {"fd00::1", false}, {"2001:db8::1", false}, {"ff02::1", false}, {"198.51.100.1", false},
		{"64:ff9b::7f00:1", false}, {"64:ff9b::10.1.2.3", false}, {"64:ff9b::8.8.8.8", true}, {"64:ff9b:1::808:808", false},
		{"2001::1", false}, {"2001:1::1", false}, {"2001:200::1", true}, {"100:0:0:1::1", false}, {"fec0::1", false},
		{"::127.0.0.1", false}, {"::8.8.8.8", false}, {"::ffff:0:7f00:1", false}, {"64:ff9b::1:0:0", false},
	} {
		a := netip.MustParseAddr(c.addr)
		if got := special.Public(a, lab); got != c.want {
			t.Errorf("Public(%s) = %v, want %v (%s)", c.addr, got, c.want, special.Name(a))
		}
	}
	if special.Public(netip.Addr{}, nil) {
		t.Error("the zero address is public")
	}
}
