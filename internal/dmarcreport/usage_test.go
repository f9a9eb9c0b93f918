package dmarcreport

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// now is a day after the reports of these tests end.
var now = time.Unix(1795300000, 0).UTC()

const day = 24 * 60 * 60

// sent is one row of a report that ended so many days ago.
type sent struct {
	ago             int
	ip              string
	count           int
	mailFrom, d, s  string // d and s: of a signature that verified, "" where none did
	spf             bool   // aligned
	helo, forwarded bool
	from            string // shop.example where it is ""
}

// usageOf is what a report for each row tells.
func usageOf(t *testing.T, most int, rows ...sent) Usage {
	t.Helper()
	r := NewReader()
	for i, x := range rows {
		var b strings.Builder
		end := now.Unix() - int64(x.ago)*day
		fmt.Fprintf(&b, "<feedback><report_metadata><report_id>%d</report_id><date_range><begin>%d</begin><end>%d</end></date_range></report_metadata>", i, end-day, end)
		from := x.from
		if from == "" {
			from = "shop.example"
		}
		word := map[bool]string{true: "pass", false: "fail"}
		fmt.Fprintf(&b, "<policy_published><domain>shop.example</domain></policy_published><record><row><source_ip>%s</source_ip><count>%d</count><policy_evaluated><dkim>%s</dkim><spf>%s</spf>",
			x.ip, x.count, word[x.d != "" && related(x.d, from)], word[x.spf])
		if x.forwarded {
			b.WriteString("<reason><type>forwarded</type></reason>")
		}
		fmt.Fprintf(&b, "</policy_evaluated></row><identifiers><header_from>%s</header_from></identifiers><auth_results>", from)
		if x.d != "" {
			fmt.Fprintf(&b, "<dkim><domain>%s</domain><selector>%s</selector><result>pass</result></dkim>", x.d, x.s)
		}
		scope := "mfrom"
		if x.helo {
			scope = "helo"
		}
		fmt.Fprintf(&b, "<spf><domain>%s</domain><scope>%s</scope><result>%s</result></spf></auth_results></record></feedback>", x.mailFrom, scope, word[x.spf])
		r.File(fmt.Sprint(i), strings.NewReader(b.String()))
	}
	if len(r.Problems) > 0 {
		t.Fatal(r.Problems)
	}
	return r.Usage("shop.example", now, most, func(a netip.Addr) bool { return !a.IsPrivate() })
}

// said is who is audited, and as which streams.
func said(u Usage) []string {
	l := []string{fmt.Sprintf("passed %v candidate %v", u.PassedSPF, u.Candidate)}
	for _, s := range u.Sources {
		l = append(l, fmt.Sprintf("%s %s %d spf %d dkim %d dmarc %d", s.IP, s.Kind, s.Messages, s.SPF, s.DKIM, s.DMARC))
	}
	for _, s := range u.Streams {
		l = append(l, fmt.Sprintf("%s: %v %s %v %d", s.Name(), s.IPs, s.Signer, s.Selectors, s.Messages))
	}
	return l
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		name string
		rows []sent
		want []string
	}{
		{"an own server, signed", []sent{{ago: 1, ip: "11.22.33.44", count: 100, mailFrom: "b.shop.example", spf: true, d: "shop.example", s: "s1"}},
			[]string{"passed [11.22.33.44] candidate []", "11.22.33.44 authorised 100 spf 100 dkim 100 dmarc 100",
				"reports, MAIL FROM b.shop.example: [11.22.33.44] shop.example [s1] 100"}},
		{"bounces of it have the null sender", []sent{{ago: 1, ip: "11.22.33.44", count: 3, mailFrom: "mx.shop.example", helo: true, spf: true}},
			[]string{"passed [11.22.33.44] candidate []", "11.22.33.44 authorised 3 spf 3 dkim 0 dmarc 3", "reports, HELO mx.shop.example: [11.22.33.44]  [] 3"}},
		{"a spoofer declares nothing, whatever it signs with", []sent{{ago: 1, ip: "11.22.33.44", count: 100000, mailFrom: "evil.example", spf: false, d: "evil.example", s: "x"}},
			[]string{"passed [] candidate []", "11.22.33.44 unauthenticated 100000 spf 0 dkim 0 dmarc 0"}},
		{"SPF of a stranger is not aligned, whatever the report says", []sent{{ago: 1, ip: "11.22.33.44", count: 100, mailFrom: "evil.example", spf: true}},
			[]string{"passed [] candidate []", "11.22.33.44 unauthenticated 100 spf 0 dkim 0 dmarc 0"}},
		{"a service is a candidate by the share of all its addresses, and its key is in use", []sent{
			{ago: 1, ip: "11.22.33.44", count: 100, mailFrom: "shop.example", spf: true, d: "shop.example", s: "s1"},
			{ago: 1, ip: "11.22.34.1", count: 15, mailFrom: "x.esp.example", d: "shop.example", s: "k1"},
			{ago: 1, ip: "11.22.34.2", count: 15, mailFrom: "y.esp.example", d: "shop.example", s: "k1"},
			{ago: 1, ip: "11.22.35.1", count: 15, mailFrom: "forwarder.example", d: "shop.example", s: "s1"}},
			[]string{"passed [11.22.33.44] candidate [11.22.34.1 11.22.34.2]", "11.22.33.44 authorised 100 spf 100 dkim 100 dmarc 100",
				"11.22.34.1 signed 15 spf 0 dkim 15 dmarc 15", "11.22.34.2 signed 15 spf 0 dkim 15 dmarc 15", "11.22.35.1 signed 15 spf 0 dkim 15 dmarc 15",
				"reports, MAIL FROM shop.example: [11.22.33.44] shop.example [s1] 100", "reports, d=shop.example: [] shop.example [k1] 30"}},
		{"much that receivers take for forwarded is no candidate", []sent{{ago: 1, ip: "11.22.33.44", count: 100, mailFrom: "lists.example", d: "shop.example", s: "s1", forwarded: true}},
			[]string{"passed [] candidate []", "11.22.33.44 signed 100 spf 0 dkim 100 dmarc 100", "reports, d=shop.example: [] shop.example [s1] 100"}},
		{"an own server that SPF has forgotten", []sent{{ago: 1, ip: "11.22.33.44", count: 100, mailFrom: "shop.example", d: "shop.example", s: "s1"}},
			[]string{"passed [] candidate [11.22.33.44]", "11.22.33.44 signed 100 spf 0 dkim 100 dmarc 100", "reports, d=shop.example: [] shop.example [s1] 100"}},
		{"what was seen long before the last report may be gone", []sent{
			{ago: 1, ip: "11.22.33.44", count: 100, mailFrom: "shop.example", spf: true, d: "shop.example", s: "new"},
			{ago: 8, ip: "11.22.33.44", count: 100, mailFrom: "shop.example", spf: true, d: "shop.example", s: "old"},
			{ago: 31, ip: "11.22.33.45", count: 100, mailFrom: "shop.example", spf: true}},
			[]string{"passed [11.22.33.44] candidate [11.22.33.45]", "11.22.33.44 authorised 200 spf 200 dkim 200 dmarc 200", "11.22.33.45 authorised 100 spf 100 dkim 0 dmarc 100",
				"reports, MAIL FROM shop.example: [11.22.33.44] shop.example [new] 200"}},
		{"old reports declare nobody", []sent{{ago: 31, ip: "11.22.33.44", count: 100, mailFrom: "shop.example", spf: true, d: "shop.example", s: "s1"}},
			[]string{"passed [] candidate [11.22.33.44]", "11.22.33.44 authorised 100 spf 100 dkim 100 dmarc 100"}},
		{"nor do those of days to come", []sent{{ago: -3, ip: "11.22.33.44", count: 100, mailFrom: "shop.example", spf: true, d: "shop.example", s: "s1"}},
			[]string{"passed [] candidate [11.22.33.44]", "11.22.33.44 authorised 100 spf 100 dkim 100 dmarc 100"}},
		{"an address that no receiver sees", []sent{{ago: 1, ip: "10.0.0.1", count: 100, mailFrom: "shop.example", spf: true}},
			[]string{"passed [] candidate []", "10.0.0.1 authorised 100 spf 100 dkim 0 dmarc 100"}},
		{"mail of a subdomain is another domain's", []sent{{ago: 1, ip: "11.22.33.44", count: 100, mailFrom: "shop.example", spf: true, from: "news.shop.example"}},
			[]string{"passed [] candidate []"}},
		{"the most first, and no more than that", []sent{
			{ago: 1, ip: "11.22.33.41", count: 1, mailFrom: "shop.example", spf: true}, {ago: 1, ip: "11.22.33.43", count: 3, mailFrom: "shop.example", spf: true},
			{ago: 1, ip: "11.22.33.42", count: 2, mailFrom: "shop.example", spf: true}, {ago: 1, ip: "11.22.33.40", count: 1, mailFrom: "shop.example", spf: true}},
			[]string{"passed [11.22.33.43 11.22.33.42 11.22.33.40] candidate []", "11.22.33.43 authorised 3 spf 3 dkim 0 dmarc 3", "11.22.33.42 authorised 2 spf 2 dkim 0 dmarc 2",
				"11.22.33.40 authorised 1 spf 1 dkim 0 dmarc 1", "11.22.33.41 authorised 1 spf 1 dkim 0 dmarc 1", "reports, MAIL FROM shop.example: [11.22.33.40 11.22.33.42 11.22.33.43]  [] 6"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, said(usageOf(t, 3, c.rows...))); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// TestMuch: what passes by its signature alone is a candidate from so many messages, and from so large a share.
func TestMuch(t *testing.T) {
	own := sent{ago: 1, ip: "11.22.33.44", mailFrom: "shop.example", spf: true}
	service := sent{ago: 1, ip: "11.22.34.1", mailFrom: "esp.example", d: "shop.example", s: "k1"}
	for _, c := range []struct {
		own, by   int
		candidate bool
	}{{1, atLeast - 1, false}, {1, atLeast, true}, {19 * 40, 39, false}, {19 * 40, 40, true}} {
		own.count, service.count = c.own, c.by
		if u := usageOf(t, 3, own, service); (len(u.Candidate) == 1) != c.candidate {
			t.Errorf("%d of %d: %v", c.by, c.own+c.by, u.Candidate)
		}
	}
}

// TestSigners: signatures of others in mail that passed by the domain's own are none of its keys, and names are bounded.
func TestSigners(t *testing.T) {
	u := newUsage()
	row := Row{IP: netip.MustParseAddr("11.22.33.44"), From: "shop.example", Count: 1, DKIM: true, Signers: []Signer{{"evil.example", "x"}}}
	for i := range 2 * maxNames {
		row.Signers = append(row.Signers, Signer{fmt.Sprintf("s%d.shop.example", i), "k"})
	}
	u.add(&Report{Domain: "shop.example", End: now, Rows: []Row{row}})
	for _, v := range u.flows {
		if len(v.signers) != maxNames {
			t.Errorf("%v", v.signers)
		}
	}
	s := Stream{}
	l := map[Signer]int64{}
	for i := range 2 * maxKeys {
		l[Signer{"shop.example", fmt.Sprint(i)}] = 1
	}
	if s.sign(l); len(s.Selectors) != maxKeys {
		t.Errorf("%v", s.Selectors)
	}
	if len(u.keys) != 2*maxNames || len(u.flows) != 1 {
		t.Errorf("%d keys, %d flows", len(u.keys), len(u.flows))
	}
}

func TestOthers(t *testing.T) {
	u := usageOf(t, 3, sent{ago: 1, ip: "11.22.33.44", count: 5, from: "b.example"}, sent{ago: 1, ip: "11.22.33.44", count: 7, from: "c.example"}, sent{ago: 1, ip: "11.22.33.44", count: 5, from: "a.example"})
	if got := fmt.Sprint(u.Others); got != "[{c.example 7} {a.example 5} {b.example 5}]" || u.Messages != 0 {
		t.Error(got, u.Messages)
	}
	r := NewReader()
	r.usage.add(&Report{Domain: "z.example", Rows: []Row{{From: "y.example", Count: 1}}})
	if got := fmt.Sprint(r.Domains()); got != "[y.example z.example]" {
		t.Error(got)
	}
}

// TestKept: names cost nothing, so that what is kept of them is bounded, and what is not kept is counted.
func TestKept(t *testing.T) {
	u := newUsage()
	r := Report{Domain: "shop.example", End: now}
	for i := range maxDomains + 10 {
		r.Rows = append(r.Rows, Row{From: fmt.Sprintf("d%d.example", i), Count: 1})
	}
	u.add(&r)
	if len(u.domains) != maxDomains || len(u.spans) > 2*maxDomains {
		t.Errorf("%d domains, %d spans", len(u.domains), len(u.spans))
	}
	u, r.Rows = newUsage(), nil
	for i := range maxFlows + 10 {
		ip := netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)})
		r.Rows = append(r.Rows, Row{IP: ip, From: "shop.example", Count: 1, DKIM: true, Signers: []Signer{{"shop.example", fmt.Sprint("s", i)}}})
	}
	u.add(&r)
	if len(u.flows) != maxFlows || u.left["shop.example"] != 10 || len(u.keys) != maxSigners {
		t.Errorf("%d flows, %d left, %d keys", len(u.flows), u.left["shop.example"], len(u.keys))
	}
}
