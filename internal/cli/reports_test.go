package cli

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
	"mailaudit/internal/testnet"
)

const reportedZone = `
. SOA ns1.host.example. hostmaster.host.example. 1 7200 3600 1209600 300
shop.example. MX 10 mail.shop.example.
shop.example. TXT "v=spf1 ip4:11.22.33.44 -all"
bounce.shop.example. TXT "v=spf1 ip4:11.22.33.44 -all"
bounce.shop.example. MX 10 mail.shop.example.
mail.shop.example. A 11.22.33.44
44.33.22.11.in-addr.arpa. PTR mail.shop.example.
_dmarc.shop.example. TXT "v=DMARC1; p=none; rua=mailto:d@shop.example"
s1._domainkey.shop.example. TXT "v=DKIM1; k=ed25519; p=6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw="
`

// aggregate is a report about shop.example that ended so many days ago.
func aggregate(id string, ago int, records ...string) string {
	end := time.Now().Unix() - int64(ago)*24*60*60
	return fmt.Sprintf("<feedback><report_metadata><org_name>rcpt.example</org_name><report_id>%s</report_id><date_range><begin>%d</begin><end>%d</end></date_range></report_metadata>"+
		"<policy_published><domain>shop.example</domain></policy_published>%s</feedback>", id, end-24*60*60, end, strings.Join(records, ""))
}

// aggregateRow is mail from an address; what is "" does not pass.
func aggregateRow(ip string, count int, mailFrom, d, selector string) string {
	word := func(s string) string {
		if s == "" {
			return "fail"
		}
		return "pass"
	}
	spf := word(mailFrom)
	if !strings.HasSuffix(mailFrom, "shop.example") {
		spf = "fail"
	}
	s := fmt.Sprintf("<record><row><source_ip>%s</source_ip><count>%d</count><policy_evaluated><dkim>%s</dkim><spf>%s</spf></policy_evaluated></row><identifiers><header_from>shop.example</header_from></identifiers><auth_results>",
		ip, count, word(d), spf)
	if d != "" {
		s += fmt.Sprintf("<dkim><domain>%s</domain><selector>%s</selector><result>pass</result></dkim>", d, selector)
	}
	return s + fmt.Sprintf("<spf><domain>%s</domain><scope>mfrom</scope><result>%s</result></spf></auth_results></record>", mailFrom, word(mailFrom))
}

// reportedBy runs check with a folder of reports.
func reportedBy(t *testing.T, files map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := testnet.ServeDNS(testnet.MustZone(reportedZone), testnet.DNSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "DIR", dir)
	}
	var o, e bytes.Buffer
	code = Main(World{Args: append([]string{"check", "--resolver", s.Addr().String()}, args...), Stdin: strings.NewReader(""), Stdout: &o, Stderr: &e, Version: "test", Dial: testnet.Dial,
		LookupEnv: func(string) (string, bool) { return "", false }, Terminal: func() Terminal { return Terminal{} }})
	return code, o.String(), strings.ReplaceAll(e.String(), dir, "DIR")
}

// TestReports: who sends is audited, who does not is told, and whose addresses are nobody's fails nobody.
func TestReports(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	second := aggregate("2", 2, aggregateRow("11.22.33.44", 900, "bounce.shop.example", "shop.example", "s1"))
	fmt.Fprint(z, second)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"1.xml": aggregate("1", 1, aggregateRow("11.22.33.44", 100, "bounce.shop.example", "shop.example", "s1"), aggregateRow("11.22.33.90", 50, "", "", ""),
			aggregateRow("11.22.33.91", 2, "lists.example", "shop.example", "s1")),
		"2.xml.gz": packed.String(),
		"2.xml":    second,
		"bad.xml":  "<feedback>\n<x>",
	}
	code, out, errs := reportedBy(t, files, "--dmarc-report", "DIR", "--only", "spf,dkim,dmarc,ptr", "-f", "json")
	if code != exitOK {
		t.Fatalf("exit %d\n%s\n%s", code, out, errs)
	}
	var r audit.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	e := r.Evidence
	if d := cmp.Diff([]audit.Source{{IP: "11.22.33.44", Stream: "reports, MAIL FROM bounce.shop.example", Origin: "dmarc-report", PTR: []string{"mail.shop.example"}, FCrDNS: "pass"}}, e.Sources); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]audit.Stream{{Name: "reports, MAIL FROM bounce.shop.example", IPs: []string{"11.22.33.44"}, MailFrom: "postmaster@bounce.shop.example", DKIMDomain: "shop.example", Selectors: []string{"s1"}}}, r.Streams); d != "" {
		t.Error(d)
	}
	if len(e.DKIM.Keys) != 1 || e.DKIM.Keys[0].Origin != "dmarc-report" || e.Alignment[0].DMARC != "pass" {
		t.Errorf("%+v, %+v", e.DKIM, e.Alignment)
	}
	l := e.Reports
	if l.Reports != 2 || l.Messages != 1052 || l.SPF != 1000 || l.DKIM != 1002 || l.DMARC != 1002 || l.Addresses != 3 || l.Audited != 1 || l.Unknown != (audit.UnknownSources{Addresses: 1, Messages: 50}) {
		t.Errorf("%+v", l)
	}
	for i, want := range []string{"11.22.33.44 authorised false", "11.22.33.90 unauthenticated false", "11.22.33.91 signed false"} {
		if s := l.Sources[i]; fmt.Sprint(s.IP, " ", s.Kind, " ", s.Declared) != want {
			t.Errorf("%+v, want %s", s, want)
		}
	}
	const notes = "mailaudit: DIR: DIR/bad.xml: line 2: no XML: unexpected EOF\nmailaudit: DIR: 1 report came again, counted once\n"
	if errs != notes {
		t.Errorf("%q", errs)
	}
	_, out, _ = reportedBy(t, files, "--dmarc-report", "DIR", "--only", "spf,dkim,dmarc,ptr", "-v")
	for _, want := range []string{"the DMARC reports: 2 by 1 reporter, ", "1052 messages", "unknown senders: 1 address", "11.22.33.90\n  (50)", "from DMARC reports", "11.22.33.91 2 0.1 %; signed"} {
		if !strings.Contains(out, want) && !strings.Contains(strings.Join(strings.Fields(out), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestReportsCandidate: what passes by its signature alone warns at most, and SPF is not asked about it.
func TestReportsCandidate(t *testing.T) {
	files := map[string]string{"1.xml": aggregate("1", 1, aggregateRow("11.22.33.80", 500, "m.esp.example", "shop.example", "s1"))}
	code, out, errs := reportedBy(t, files, "--dmarc-report", "DIR/1.xml", "--only", "spf,dkim,dmarc,ptr", "-f", "json")
	if code != exitOK || !strings.Contains(out, `"ip": "11.22.33.80",
        "stream": "",
        "origin": "dmarc-report",
        "declared": false`) || strings.Contains(out, `"identity": "mailfrom",
            "domain": "m.esp.example"`) || !strings.Contains(out, `"rule": "ptr.missing"`) || !strings.Contains(out, `"selector": "s1"`) {
		t.Errorf("exit %d\n%s\n%s", code, out, errs)
	}
}

// TestReportsForged: anybody can mail a report. What it makes up fails nothing, and leaves nothing open that decides.
func TestReportsForged(t *testing.T) {
	files := map[string]string{"1.xml": aggregate("1", 1, aggregateRow("11.22.33.66", 9000, "shop.example", "shop.example", "forged"),
		aggregateRow("11.22.33.67", 9000, "forged.shop.example", "forged.shop.example", "forged"))}
	code, out, errs := reportedBy(t, files, "--dmarc-report", "DIR", "--only", "spf,dkim,dmarc,ptr,dnsbl", "-f", "json")
	var r audit.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err, errs)
	}
	if code != exitOK || r.Verdict != "warn" {
		t.Errorf("exit %d, %s", code, r.Verdict)
	}
	warned := map[string]bool{}
	for _, f := range r.Findings {
		warned[f.Rule] = warned[f.Rule] || f.Status == "warn"
		if f.Status == "fail" {
			t.Errorf("%+v", f)
		}
	}
	if !warned["ptr.missing"] || !warned["dkim.selector-missing"] || !warned["spf.ip-not-covered"] {
		t.Errorf("what it tells is not looked at: %v", warned)
	}
}

// TestReportsBeside: they add to what is given.
func TestReportsBeside(t *testing.T) {
	files := map[string]string{"1.xml": aggregate("1", 1, aggregateRow("11.22.33.44", 500, "bounce.shop.example", "", ""))}
	_, out, _ := reportedBy(t, files, "shop.example", "--dmarc-report", "DIR", "--ip", "11.22.33.44", "--only", "spf", "-f", "json")
	var r audit.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Streams) != 2 || r.Streams[0].Name != defaultStream || len(r.Evidence.Sources) != 2 {
		t.Errorf("%+v, %+v", r.Streams, r.Evidence.Sources)
	}
}

// TestReportsRefused: nothing is audited by files that say nothing.
func TestReportsRefused(t *testing.T) {
	other := strings.ReplaceAll(aggregate("9", 1, aggregateRow("11.22.33.44", 1, "", "", "")), "shop.example", "bank.example")
	files := map[string]string{"1.xml": aggregate("1", 1), "other.xml": other, "bad.xml": "<feedback>\n\n<a>&b;", "mail.eml": "From: a@b.example\n\nhello\n"}
	for _, c := range []struct{ args, says string }{
		{"--dmarc-report DIR/nosuch", "DIR/nosuch: no such file or directory"},
		{"--dmarc-report DIR/bad.xml", "DIR/bad.xml: line 3: no XML: invalid character entity &b;"},
		{"--dmarc-report DIR/mail.eml", "DIR/mail.eml: no aggregate report is in it"},
		{"--dmarc-report DIR", "reports about several domains: bank.example, shop.example"},
		{"other.example --dmarc-report DIR/1.xml", "no report has mail from other.example; they are about shop.example"},
		{"shop.example bank.example --dmarc-report DIR", "--dmarc-report is of one domain: give one"},
		{"--domains DIR/x --dmarc-report DIR", "--dmarc-report is of one domain: leave --domains out"},
	} {
		code, out, errs := reportedBy(t, files, strings.Fields(c.args)...)
		if code != exitUsage || out != "" || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit %d, %q, %q", c.args, code, out, errs)
		}
	}
	code, _, errs := reportedBy(t, files, "shop.example", "--dmarc-report", "DIR", "--only", "mx")
	if code != exitOK || !strings.Contains(errs, "1 message from other domains left out: bank.example") || !strings.Contains(errs, "1 message without a report passed over") {
		t.Errorf("exit %d, %q", code, errs)
	}
}

// TestReportsNotes: what must not be relied on is said.
func TestReportsNotes(t *testing.T) {
	for _, c := range []struct {
		text, says string
	}{
		{aggregate("1", 90, aggregateRow("11.22.33.44", 5, "bounce.shop.example", "", "")), "they end 90 days ago, so that no stream is made of them"},
		{strings.ReplaceAll(aggregate("1", 1, aggregateRow("11.22.33.44", 5, "bounce.shop.example", "", "")), "<end>", "<end>x"), "of which time they are is not known"},
		{aggregate("1", 1, aggregateRow("11.22.33.44", 6000, "bounce.shop.example", "", "")), "6000 messages a day: with --daily 6000 the domain is judged as a bulk sender"},
		{aggregate("1", 1, strings.Replace(aggregateRow("11.22.33.44", 6000, "", "", ""), "6000", "-1", 1)), `1 of 1 records are left out, the first at line 1: count "-1"`},
	} {
		_, out, errs := reportedBy(t, map[string]string{"1.xml": c.text}, "--dmarc-report", "DIR", "--only", "mx", "-f", "json")
		if !strings.Contains(errs, c.says) || !strings.Contains(out, strings.ReplaceAll(c.says, `"`, `\"`)) {
			t.Errorf("no %q in %q\n%s", c.says, errs, out)
		}
	}
}
