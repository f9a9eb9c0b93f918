package recording_test

import (
	"bytes"
	"context"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/internal/httpx"
	"mailaudit/internal/recording"
	"mailaudit/internal/smtpx"
)

// TestPages: what was fetched in one run is there in another, octet for octet, because a policy that is not UTF-8 is judged.
func TestPages(t *testing.T) {
	target := httpx.Target{Host: "mta-sts.example.com", Path: "/.well-known/mta-sts.txt", Addrs: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:443")}}
	for _, page := range []httpx.Page{
		{Status: httpx.Answered, Addr: netip.MustParseAddr("192.0.2.1"), Code: 200, ContentType: "text/plain", Body: "version: STSv1\r\nx: \u00e9\r\n",
			Cert: &smtpx.Cert{Names: []string{"mta-sts.example.com"}, NotAfter: started.AddDate(0, 1, 0), NameOK: true, ChainOK: true, InDate: true}},
		{Status: httpx.Answered, Code: 200, Body: "version: STSv1\r\nx: \xff\xfe \ufffd\r\n", More: true},
		{Status: httpx.Slow, Why: "the HTTP response did not end within 10s", Code: 200},
	} {
		var file bytes.Buffer
		w := recording.NewWriter(&file, started)
		w.Fetch(func(context.Context, httpx.Target) httpx.Page { return page })(t.Context(), target)
		r, err := recording.Read(&file)
		if err != nil || w.Err() != nil {
			t.Fatal(err, w.Err())
		}
		if d := cmp.Diff(page, r.Fetch(t.Context(), target), cmpopts.EquateComparable(netip.Addr{})); d != "" {
			t.Errorf("the page (-then +again):\n%s", d)
		}
		other := target
		other.Path = "/"
		if p := r.Fetch(t.Context(), other); p.Status != httpx.Unknown || p.Why == "" {
			t.Errorf("another file gives %s, %q", p.Status, p.Why)
		}
	}
}
