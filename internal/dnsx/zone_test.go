package dnsx_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/miekg/dns"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/testnet"
)

func TestZoneErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"good.example. 300 IN A 192.0.2.1\ngood.example. 300 IN MX not-a-number mail\n", `f:2: bad MX Pref: "not-a-number"`},
		{"\n; comment\n\na.example. A 192.0.2.300\n", `f:4: bad A A: "192.0.2.300"`},
		{"a.example. A 192.0.2.1\r\na.example. BOGUS x\r\n", `f:2: not a TTL: "BOGUS"`},
		{"a.example. TXT ( \"a\"\n \"b\" )\nb.example. TXT ( \"a\"\n \"b\" )\nc.example. A x\n", `f:5: bad A A: "x"`},
		{"mail A 192.0.2.1\n", `f:1: bad owner name: "mail" (without a dot at its end a name needs $ORIGIN)`},
		{"a.example. MX 10 mail\n", `f:1: bad MX Mx: "mail"`},
		{"a..example. A 192.0.2.1\n", `f:1: bad owner name: "a..example."`},
		{"a.example. A 192.0.2.1\n" + strings.Repeat("a", 64) + ".example. A 192.0.2.1\n", `f:2: bad owner name: "` + strings.Repeat("a", 64) + `.example."`},
		{"a.example. A 192.0.2.1\n$INCLUDE /etc/passwd\n", `f:2: $INCLUDE directive not allowed: "/etc/passwd"`},
		{"a.example. A 192.0.2.1\n$generate 1-65535 h$.example. A 192.0.2.1\n", "f:2: $GENERATE is not in RFC 1035"},
		{"\na.example. CH TXT \"x\"\nb.example. A 192.0.2.1\n", "f:2: class CH is not IN"},
		{"a.example. A 192.0.2.1 ; fine\nb.example. CH A 192.0.2.1 ; not fine\nc.example. A 192.0.2.1\n", "f:2: class CH is not IN"},
		{" A 192.0.2.1\n", "f:1: no owner name"},
		{"b.example. A 192.0.2.1\na.example. A\n", `f:2: A record: no data`},
		{"a.example. TXT \\# 0\n", `f:1: TXT record: no data`},
		{"a.example. TXT \"open\nb.example. A 192.0.2.1\n", `f:1: bad TXT Txt: " "`},
	} {
		z, err := dnsx.ParseZone("f", strings.NewReader(tt.text))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%q: %v, %v\nwant %s", tt.text, z, err, tt.want)
		}
	}
	big := io.MultiReader(strings.NewReader("; "), io.LimitReader(zeros{}, 64<<20))
	if _, err := dnsx.ParseZone("f", big); err == nil || err.Error() != "f: larger than 67108864 octets" {
		t.Errorf("64 MiB and more: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestZoneTooManyNames: few octets make many names, since each label of a deep name makes one.
func TestZoneTooManyNames(t *testing.T) {
	var b bytes.Buffer
	for i := range 9200 {
		fmt.Fprintf(&b, "%sx%d. A 192.0.2.1\n", strings.Repeat("a.", 115), i)
	}
	if _, err := dnsx.ParseZone("f", &b); err == nil || !strings.HasSuffix(err.Error(), ": more than 1048576 names and records") {
		t.Errorf("9200 names of 116 labels: %v", err)
	}
}

func TestZoneForms(t *testing.T) {
	z := testnet.MustZone("\ufeff$TTL 60\n$ORIGIN D.Example.\n@ SOA ns host 1 2 3 4 5\n IN TXT \"one\"\nmail 90 A 192.0.2.1\nb\\097d IN 70 MX 10 mail\nlast A 192.0.2.2")
	other := testnet.MustZone("d.example. TXT \"two\"\nD.EXAMPLE. 5 TXT \"three\"\nD.Example. 5 TXT \"three\"\n*.d.example. TXT star\nlast.d.example. CNAME mail.d.example.\n")
	if err := z.Add(other); err != nil {
		t.Fatal(err)
	}
	r := dnsx.NewOffline(z)
	for _, tt := range []struct {
		name string
		typ  dnsx.Type
		want []string // data
		ttl  uint32
	}{
		{"d.example", dnsx.TXT, []string{`"two"`, `"three"`}, 300}, // the other zone's alone; a duplicate is no second record (RFC 2181 5)
		{"mail.d.example", dnsx.A, []string{"192.0.2.1"}, 90},
		{"bad.d.example", dnsx.MX, []string{"10 mail.D.Example."}, 70},
		{"last.d.example", dnsx.A, []string{"192.0.2.1"}, 90}, // the alias took its place
		{"any.d.example", dnsx.TXT, []string{`"star"`}, 5},    // the last TTL stated (RFC 1035 5.1)
		{"d.example", dnsx.SOA, []string{"ns.D.Example. host.D.Example. 1 2 3 4 5"}, 60},
	} {
		got := r.Lookup(t.Context(), dnsx.Q(tt.name, tt.typ))
		var data []string
		for _, r := range got.Records {
			data = append(data, r.Data)
		}
		if d := cmp.Diff(tt.want, data, cmpopts.EquateEmpty()); d != "" || len(got.Records) > 0 && got.Records[0].TTL != tt.ttl {
			t.Errorf("%s %s: %+v (-want +got):\n%s", tt.name, tt.typ, got, d)
		}
	}
}

const offlineZone = `
$ORIGIN example.
example.     SOA ns host 1 2 3 4 5
a.b          A 192.0.2.1
*.w          TXT "wild"
*.w          MX 10 mail
x.w          A 192.0.2.2
e.f.w        A 192.0.2.3
*.c          CNAME a.b
*.g.h.i      A 192.0.2.4
d.*.j        A 192.0.2.5
out          CNAME www.elsewhere.test.
gone         CNAME nothing
self         CNAME self
lent         NS ns.elsewhere.test.
kept.lent    A 192.0.2.6
own          NS ns.elsewhere.test.
own          SOA ns host 1 2 3 4 5
named        DNAME elsewhere.test.
alone.test.  A 192.0.2.7
`

func TestOffline(t *testing.T) {
	r := dnsx.NewOffline(testnet.MustZone(offlineZone))
	for _, tt := range []struct {
		name string
		typ  dnsx.Type
		want dnsx.Status
		data string
		say  string // cause, or the chain
	}{
		{"a.b.example", dnsx.A, dnsx.Found, "192.0.2.1", ""},
		{"a.b.example", dnsx.MX, dnsx.NoData, "", ""},
		{"b.example", dnsx.A, dnsx.NoData, "", ""}, // an empty non-terminal
		{"c.a.b.example", dnsx.A, dnsx.NXDomain, "", ""},
		{"n.example", dnsx.A, dnsx.NXDomain, "", ""},
		// RFC 4592 2.2.1
		{"n.w.example", dnsx.TXT, dnsx.Found, `"wild"`, ""},
		{"n.n.w.example", dnsx.TXT, dnsx.Found, `"wild"`, ""},
		{"n.w.example", dnsx.A, dnsx.NoData, "", ""},
		{"x.w.example", dnsx.TXT, dnsx.NoData, "", ""},     // the name exists
		{"n.x.w.example", dnsx.TXT, dnsx.NXDomain, "", ""}, // and is the closest encloser
		{"f.w.example", dnsx.TXT, dnsx.NoData, "", ""},
		{"n.f.w.example", dnsx.TXT, dnsx.NXDomain, "", ""},
		{"*.w.example", dnsx.TXT, dnsx.Found, `"wild"`, ""},
		{"w.example", dnsx.TXT, dnsx.NoData, "", ""},
		{"n.c.example", dnsx.A, dnsx.Found, "192.0.2.1", "a.b.example"},
		{"n.j.example", dnsx.A, dnsx.NoData, "", ""}, // the wildcard is an empty non-terminal
		{"h.i.example", dnsx.A, dnsx.NoData, "", ""},
		{"n.h.i.example", dnsx.A, dnsx.NXDomain, "", ""},
		{"gone.example", dnsx.A, dnsx.NXDomain, "", "nothing.example"},
		{"self.example", dnsx.A, dnsx.Failed, "", "CNAME loop at self.example"},
		{"out.example", dnsx.A, dnsx.Failed, "", "no zone given covers www.elsewhere.test"},
		{"out.example", dnsx.CNAME, dnsx.Found, "www.elsewhere.test.", ""},
		{"lent.example", dnsx.NS, dnsx.Found, "ns.elsewhere.test.", ""},
		{"lent.example", dnsx.TXT, dnsx.Failed, "", "no zone given covers lent.example: lent.example is delegated or a DNAME"},
		{"n.lent.example", dnsx.TXT, dnsx.Failed, "", "no zone given covers n.lent.example: lent.example is delegated or a DNAME"},
		{"kept.lent.example", dnsx.A, dnsx.Found, "192.0.2.6", ""},
		{"n.own.example", dnsx.TXT, dnsx.NXDomain, "", ""},
		{"named.example", dnsx.TXT, dnsx.NoData, "", ""},
		{"n.named.example", dnsx.TXT, dnsx.Failed, "", "no zone given covers n.named.example: named.example is delegated or a DNAME"},
		{"alone.test", dnsx.A, dnsx.Found, "192.0.2.7", ""},
		{"alone.test", dnsx.MX, dnsx.Failed, "", "no zone given covers alone.test"},
		{"test", dnsx.MX, dnsx.Failed, "", "no zone given covers test"},
		{".", dnsx.NS, dnsx.Failed, "", "no zone given covers ."},
	} {
		got := r.Lookup(t.Context(), dnsx.Q(tt.name, tt.typ))
		data := ""
		if len(got.Records) > 0 {
			data = got.Records[0].Data
		}
		say := got.Cause
		if say == "" {
			say = strings.Join(got.Chain, " ")
		}
		if got.Status != tt.want || data != tt.data || say != tt.say || got.Asked != 0 {
			t.Errorf("%s %s: %+v\nwant %s, %s, %s", tt.name, tt.typ, got, tt.want, tt.data, tt.say)
		}
		if tt.want == dnsx.Found && len(got.Chain) == 0 && got.Records[0].Name != tt.name {
			t.Errorf("%s %s: owner %s", tt.name, tt.typ, got.Records[0].Name)
		}
	}
}

func TestOfflineContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := dnsx.NewOffline(testnet.MustZone(offlineZone)).Lookup(ctx, dnsx.Q("a.b.example", dnsx.A)); got.Status != dnsx.Failed || got.Cause != "interrupted" {
		t.Errorf("%+v", got)
	}
}

func TestReplyWithoutQuestion(t *testing.T) {
	m := new(dns.Msg)
	testnet.MustZone(offlineZone).Reply(m)
	if m.Rcode != dns.RcodeFormatError {
		t.Errorf("%v, want FORMERR", m)
	}
}

func FuzzZone(f *testing.F) {
	f.Add(offlineZone, "n.w.example")
	f.Add(world, "www.d.example")
	f.Add("a.example. TXT \"\\000\\\"\\\\\" \\255\n* A 192.0.2.1\n", `a\.b`)
	f.Add("$ORIGIN a.\n* CNAME b.*\n", "*.a")
	f.Fuzz(func(t *testing.T, text, name string) {
		z, err := dnsx.ParseZone("f", strings.NewReader(text))
		if err != nil {
			if z != nil || !strings.HasPrefix(err.Error(), "f:") {
				t.Errorf("%v, %v", z, err)
			}
			return
		}
		over := dnsx.NewOverlay(z, []dnsx.Question{dnsx.Q(name, dnsx.MX)}, dnsx.NewOffline(z))
		for _, typ := range []dnsx.Type{dnsx.A, dnsx.NS, dnsx.CNAME, dnsx.SOA, dnsx.MX, dnsx.TXT, dnsx.SRV} {
			q := dnsx.Q(name, typ)
			got := dnsx.NewOffline(z).Lookup(t.Context(), q)
			over.Lookup(t.Context(), q)
			if got.Question != q || (got.Status == dnsx.Found) != (len(got.Records) > 0) || (got.Status == dnsx.Failed && got.Cause == "") {
				t.Errorf("%+v", got)
			}
			for _, r := range got.Records {
				// What was found can be written to a zone file and read back.
				again, err := dnsx.ParseZone("f", strings.NewReader("x. 300 IN "+r.Type.String()+" "+r.Data+"\n"))
				if err != nil {
					t.Fatalf("%q: %v", r.Data, err)
				}
				if b := dnsx.NewOffline(again).Lookup(t.Context(), dnsx.Q("x", typ)); len(b.Records) != 1 || b.Records[0].Text != r.Text || b.Records[0].Target != r.Target {
					t.Errorf("%+v came back as %+v", r, b)
				}
			}
		}
	})
}
