package dmarcreport

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func file(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestStandards reads the example of RFC 9990 appendix B, and a report in the form of RFC 7489 appendix C.
func TestStandards(t *testing.T) {
	shop := func(d, s string) []Signer { return []Signer{{d, s}} }
	for name, want := range map[string]*Report{
		"rfc9990.xml": {Reporter: "Sample Reporter", ID: "3v98abbp8ya9n3va8yr8oa3ya", Begin: time.Unix(302832000, 0).UTC(), End: time.Unix(302918399, 0).UTC(),
			Domain: "example.com", Rows: []Row{{IP: netip.MustParseAddr("192.0.2.123"), Count: 123, From: "example.com", MailFrom: "example.com",
				DKIM: true, Signers: shop("example.com", "abc123")}}},
		"rfc7489.xml": {Reporter: "receiver.example", ID: "9391651994964116463", Begin: time.Unix(1795132800, 0).UTC(), End: time.Unix(1795219199, 0).UTC(),
			Domain: "shop.example", Rows: []Row{
				{IP: netip.MustParseAddr("11.22.33.44"), Count: 1000, From: "shop.example", MailFrom: "bounce.shop.example", SPF: true, DKIM: true,
					Signers: []Signer{{"shop.example", "s1"}, {"esp.example", "k9"}}},
				{IP: netip.MustParseAddr("11.22.33.45"), Count: 3, From: "shop.example", MailFrom: "lists.example", DKIM: true, Forwarded: true, Signers: shop("shop.example", "s1")},
				{IP: netip.MustParseAddr("2001:db8::bad"), Count: 40, From: "shop.example", MailFrom: "dsl.isp.example", HELO: true},
			}},
	} {
		got, err := parse(textOf(file(t, name)))
		if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); d != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, d)
		}
	}
}

// rowOf is a report with one record.
func rowOf(record string) string {
	return "<feedback><policy_published><domain>shop.example</domain></policy_published><record>" + record + "</record></feedback>"
}

const plain = "<row><source_ip>11.22.33.44</source_ip><count>5</count><policy_evaluated><dkim>fail</dkim><spf>pass</spf></policy_evaluated></row>" +
	"<identifiers><header_from>shop.example</header_from></identifiers>"

// TestQuirks are what reporters write beside the standards, as the maintainers of other readers were told.
func TestQuirks(t *testing.T) {
	wide := func(order binary.AppendByteOrder, s string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	good := rowOf(plain + "<auth_results><spf><domain>shop.example</domain><scope>mfrom</scope><result>pass</result></spf></auth_results>")
	for name, text := range map[string]string{
		"plain":                    good,
		"all on one line":          `<?xml version="1.0" encoding="utf-8"?>` + good,
		"a mark of byte order":     "\xef\xbb\xbf" + good,
		"UTF-16":                   wide(binary.BigEndian, "\ufeff<?xml version=\"1.0\" encoding=\"utf-16\"?>"+good),
		"UTF-16, the other way":    wide(binary.LittleEndian, "\ufeff"+good),
		"UTF-16 without a mark":    wide(binary.LittleEndian, good),
		"UTF-16 likewise":          wide(binary.BigEndian, good),
		"windows-1252":             `<?xml version="1.0" encoding="windows-1252"?>` + strings.Replace(good, "<feedback>", "<feedback><report_metadata><org_name>\x91AOL\x92</org_name></report_metadata>", 1),
		"octets that are no UTF-8": strings.Replace(good, "<feedback>", "<feedback><report_metadata><org_name>\x91AOL\x92</org_name></report_metadata>", 1),
		"a namespace":              strings.Replace(good, "<feedback>", `<feedback xmlns="http://dmarc.org/dmarc-xml/0.1" xmlns:x="y"><x:extension><record/></x:extension>`, 1),
		"a prefix":                 prefixed(good),
		"rubbish behind it":        good + "\x00\x00<<<",
		"an address as sender":     strings.Replace(rowOf(plain), "<header_from>", "<envelope_from>&lt;bounce@shop.example&gt;</envelope_from><header_from>", 1),
		"upper case and space":     strings.NewReplacer(">pass<", "> Pass <", ">shop.example<", "> SHOP.Example. <", ">5<", "> 5 <").Replace(good),
		"nobody in MAIL FROM":      rowOf(plain),
		"no header_from":           strings.Replace(good, "<identifiers><header_from>shop.example</header_from></identifiers>", "", 1),
		"a sender without results": strings.Replace(good, "<auth_results>", "<auth_results><spf><domain></domain><result>none</result></spf>", 1),
		"HELO before MAIL FROM":    strings.Replace(good, "<auth_results>", "<auth_results><spf><domain>mx.shop.example</domain><scope>helo</scope><result>pass</result></spf>", 1),
		"an empty reason":          strings.Replace(good, "</spf></policy_evaluated>", "</spf><reason></reason><reason><type>local_policy</type></reason></policy_evaluated>", 1),
		"comments":                 "<!-- a --><?x y?>" + strings.Replace(good, "<count>5", "<count><!-- six -->5", 1),
		"a mapped address":         strings.Replace(good, "11.22.33.44", "::ffff:11.22.33.44", 1),
	} {
		r, err := parse(textOf(text))
		if err != nil || r.Domain != "shop.example" || r.Left != 0 {
			t.Errorf("%s: %+v, %v", name, r, err)
			continue
		}
		want := []Row{{IP: netip.MustParseAddr("11.22.33.44"), Count: 5, From: "shop.example", MailFrom: "shop.example", SPF: true}}
		if d := cmp.Diff(want, r.Rows, cmpopts.EquateComparable(netip.Addr{})); d != "" {
			t.Errorf("%s: (-want +got)\n%s", name, d)
		}
	}
}

func textOf(s string) *bufio.Reader { return bufio.NewReader(newText(strings.NewReader(s))) }

func prefixed(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(s, "<", "<d:"), "<d:/", "</d:"), "<d:feedback>", `<d:feedback xmlns:d="urn:ietf:params:xml:ns:dmarc-2.0">`)
}

// TestLeft: a record that says nothing that can be counted is left out, and the rest of its report is not.
func TestLeft(t *testing.T) {
	for edit, says := range map[string]string{
		"<count>-5<":            `count "-5" is no number of messages`,
		"<count>99999999999999": `count "99999999999999" is no number of messages up to 1000000000`,
		"<count>1e3":            `count "1e3"`,
		"<count>":               `count ""`,
		"<source_ip>mail.shop.example</source_ip><x>":       `source_ip "mail.shop.example" is no address`,
		"<source_ip>fe80::1%eth0</source_ip><x>":            `source_ip "fe80::1%eth0"`,
		"<source_ip>" + strings.Repeat("1", 3000):           "is no address",
		"<header_from>a..b</header_from><x>":                `header_from "a..b" is no domain`,
		"<header_from>localhost</header_from><x>":           `header_from "localhost"`,
		"<header_from>\u00fc\x1b[31m.example</header_from>": "",
	} {
		name, _, _ := strings.Cut(edit[1:], ">")
		i, j := strings.Index(plain, "<"+name+">"), strings.Index(plain, "</"+name+">")
		bad := plain[:i] + strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(edit, "<"), "<x>"), "</"+name+">") + plain[j:]
		text := strings.Replace(rowOf(plain), "</record>", "</record>\n<record>"+bad+"</record>", 1)
		r, err := parse(textOf(text))
		if says == "" {
			if err == nil {
				t.Errorf("%q passes", edit)
			}
			continue
		}
		if err != nil || r.Left != 1 || len(r.Rows) != 1 || !strings.HasPrefix(r.Why, "line 2: ") || !strings.Contains(r.Why, says) {
			t.Errorf("%.60q: %+v, %v; want %q", edit, r, err, says)
		}
	}
}

// TestRefused: what is no report, and what would be too much.
func TestRefused(t *testing.T) {
	good := rowOf(plain)
	for name, c := range map[string]struct{ text, says string }{
		"nothing":                {"", "no element feedback"},
		"unused":                 {"unused", "no element feedback"},
		"another document":       {"<html></html>", `line 1: no aggregate report: it begins with "html"`},
		"no domain":              {"<feedback></feedback>", "it does not say whose policy"},
		"a domain that is none":  {"<feedback>\n<policy_published>\n<domain>a b</domain></policy_published></feedback>", `line 3: policy_published/domain "a b" is no domain`},
		"cut off":                {good[:len(good)-30], "line 1: no XML: unexpected EOF"},
		"an element open":        {strings.Replace(good, "</row>", "", 1), "line 1: no XML: element <row> closed by </record>"},
		"a < in a name":          {"<feedback>\n<org_name>a < b</org_name>", "line 2: no XML"},
		"an entity":              {"<feedback>&lol;</feedback>", "invalid character entity &lol;"},
		"a billion laughs":       {`<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><feedback>&lol2;</feedback>`, "a document type, which no report has"},
		"an external entity":     {`<!DOCTYPE feedback SYSTEM "file:///etc/passwd"><feedback></feedback>`, "a document type"},
		"a document type within": {`<feedback><!DOCTYPE x></feedback>`, "a document type"},
		"nesting":                {strings.Repeat("<feedback>", 1000000), "more than 32 elements within each other"},
		"a character set":        {`<?xml version="1.0" encoding="ebcdic-us"?><feedback>`, `the character set "ebcdic-us" is not read`},
		"control characters":     {"<feedback>\x01</feedback>", "illegal character code U+0001"},
		"an endless tag":         {"<feedback" + strings.Repeat(" a='b'", maxTag/6), "a tag of more than 64 KiB"},
		"half of UTF-16":         {"\xfe\xff\x00<\x00", "no XML"},
		"records":                {"<feedback><policy_published><domain>shop.example</domain></policy_published>" + strings.Repeat("<record/>\n", maxRows+1), "line 200001: more than 200000 records"},
	} {
		if r, err := parse(textOf(c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %+v, %v; want %q", name, r, err, c.says)
		}
	}
}

// TestPlace: what an element costs depends neither on how deep it stands nor on the names around it.
func TestPlace(t *testing.T) {
	p := &parser{path: slices.Repeat([]string{"a"}, 1000)}
	if got := p.at(); got != "" {
		t.Errorf("%d octets", len(got))
	}
	p = &parser{path: []string{"feedback"}}
	if err := p.start(strings.Repeat("n", 1<<20)); err != nil || len(p.path[1]) != maxElement {
		t.Errorf("%d octets of a name, %v", len(p.path[1]), err)
	}
}

// TestResults: of endless results the first are kept, and what follows does not write over them.
func TestResults(t *testing.T) {
	one := "<dkim><domain>shop.example</domain><selector>s%</selector><result>pass</result></dkim>"
	var all strings.Builder
	for i := range 2 * maxResults {
		all.WriteString(strings.Replace(one, "%", fmt.Sprint(i), 1))
	}
	r, err := parse(textOf(rowOf(plain + "<auth_results>" + all.String() + strings.Replace(one, "pass", "fail", 1) + "</auth_results>")))
	if err != nil || len(r.Rows[0].Signers) != maxResults || r.Rows[0].Signers[maxResults-1].Selector != "s19" {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestTold: a signature counts once and only if it verified, a text is cut, and a time is one of this century.
func TestTold(t *testing.T) {
	sig := func(result string) string {
		return "<dkim><domain>shop.example</domain><selector>s1</selector><result>" + result + "</result></dkim>"
	}
	text := rowOf(plain + "<auth_results>" + sig("pass") + sig("pass") + strings.Replace(sig("fail"), "s1", "s2", 1) + "</auth_results>")
	for name, orgName := range map[string]string{"long": strings.Repeat("x", 1<<20), "in pieces": strings.Repeat(strings.Repeat("x", 900)+"<!-- -->", 1000)} {
		r, err := parse(textOf(strings.Replace(text, "<feedback>", "<feedback><report_metadata><org_name>"+orgName+
			"</org_name><date_range><begin>1795000000</begin><end>4102444800</end></date_range></report_metadata>", 1)))
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Reporter) > 2*maxText || r.Begin.IsZero() || !r.End.IsZero() {
			t.Errorf("%s: %d octets, %v to %v", name, len(r.Reporter), r.Begin, r.End)
		}
		if d := cmp.Diff([]Signer{{"shop.example", "s1"}}, r.Rows[0].Signers); d != "" {
			t.Error(d)
		}
	}
}

// FuzzFile: whatever lies in a file, it ends, and what it counts adds up.
func FuzzFile(f *testing.F) {
	f.Add([]byte(file(f, "rfc9990.xml")))
	f.Add([]byte(file(f, "rfc7489.xml")))
	f.Add(gzipped(f, file(f, "rfc9990.xml")))
	f.Add(zipped(f, map[string]string{"a.xml": file(f, "rfc7489.xml")}))
	f.Add([]byte(mailed("a.xml.gz", string(gzipped(f, file(f, "rfc7489.xml"))))))
	now := time.Unix(1795300000, 0)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader()
		r.File("f", strings.NewReader(string(b)))
		for _, d := range r.Domains() {
			u := r.Usage(d, now, 4, func(netip.Addr) bool { return true })
			n := u.Left
			for _, s := range u.Sources {
				n += s.Messages
				if s.DMARC > s.Messages || s.SPF > s.DMARC || s.DKIM > s.DMARC {
					t.Errorf("%+v", s)
				}
			}
			if n != u.Messages+u.Left || len(u.PassedSPF)+len(u.Candidate) > 4 {
				t.Errorf("%+v", u)
			}
		}
	})
}
