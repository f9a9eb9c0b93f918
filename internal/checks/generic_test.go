package checks

import (
	"net/netip"
	"testing"
)

func TestGeneric(t *testing.T) {
	for _, c := range []struct {
		name, ip, why string // no why: not generic
	}{
		// The address, in the notations that providers use.
		{"host-11-22-33-44.isp.example", "11.22.33.44", "contains its address"},
		{"44.33.22.11.isp.example.com", "11.22.33.44", "contains its address"},
		{"mail-11-22-33-44.isp.example.com", "11.22.33.44", "contains its address"},
		{"h33x22x11.isp.example.com", "11.22.33.44", "contains its address"},
		{"b22-c33-d44.isp.example.com", "11.22.33.44", "contains its address"},
		{"0B16212C.isp.example.com", "11.22.33.44", "contains its address"},
		{"0x2c21160b.isp.example.com", "11.22.33.44", "contains its address"},
		{"p011022033044.isp.example.com", "11.22.33.44", "contains its address"},
		{"044-033-022-011.isp.example.com", "11.22.33.44", "contains its address"},
		{"host-11-22-33-44.isp.example.com", "::ffff:11.22.33.44", "contains its address"},
		{"2a0f-1234-5678-0-0-0-0-25.isp.example.com", "2a0f:1234:5678::25", "contains its address"},
		{"2a0f-1234-5678--25.isp.example.com", "2a0f:1234:5678::25", "contains its address"},
		{"2a0f1234567800000000000000000025.isp.example.com", "2a0f:1234:5678::25", "contains its address"},
		{"0-0-0.isp.example.com", "2a0f:1234:5678::25", "begins with numbers alone"},
		// Another address, for a host that has moved or stands behind another.
		{"ip-192-0-2-1.isp.example.com", "11.22.33.44", "contains four numbers in a row, like an address"},
		{"192.0.2.1.isp.example.com", "", "contains four numbers in a row, like an address"},
		// Words.
		{"adsl.example.net", "", `contains the word "adsl"`},
		{"sub7.dyn.example.net", "", `contains the word "dyn"`},
		{"dynamicip7.example.net", "", `contains the word "dynamicip"`},
		{"a1b2c3.pool.example.net", "", `contains the word "pool"`},
		{"dslam4.example.net", "", `contains the word "dslam"`},
		{"x.2.0.192.in-addr.arpa.example.net", "", `contains the word "arpa"`},
		{"host-13-30.example.net", "", `contains the word "host"`},
		{"static-1-2.example.net", "", `contains the word "static"`},
		{"4-149.example.net", "", "begins with numbers alone"},
		// Proper names.
		{"mail.example.com", "11.22.33.44", ""},
		{"mail-33-44.example.com", "11.22.33.44", ""},
		{"mx1.dyn.example.com", "", ""},
		{"pool3.smtp.example.com", "", ""},
		{"out-4.cust.example.com", "", ""},
		{"host7.example.com", "", ""},
		{"static.example.com", "", ""},
		{"web-2024-1201-1530-1000.example.com", "", ""},
		{"alpha.example.com", "11.22.33.44", ""},
		{"alpha.cable.com", "", ""},
		{"alpha.cable.co.uk", "", ""},
		{"alpha.broadband.net.au", "", ""},
		{"1-2-3-4.com", "1.2.3.4", ""},
		{"localhost", "", ""},
		{"", "11.22.33.44", ""},
		{".", "", ""},
		{"a0-0-0.example.com", "10.0.0.0", ""},
	} {
		ip, _ := netip.ParseAddr(c.ip)
		why, ok := generic(c.name, ip)
		if why != c.why || ok != (c.why != "") {
			t.Errorf("generic(%q, %s) = %q, %v; want %q", c.name, c.ip, why, ok, c.why)
		}
	}
}
