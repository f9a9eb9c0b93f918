package report

import (
	"strings"
	"testing"

	"mailaudit/internal/audit"
)

// at is a finding about a part of a record.
func at(rule, record, part string) audit.Finding {
	return audit.Finding{Rule: rule, Area: "spf", Status: "fail",
		At: &audit.Place{Name: "shop.example", Record: record, Offset: strings.Index(record, part), Length: len(part)}}
}

func TestCarets(t *testing.T) {
	const short = "v=spf1 ipv4:1.2.3.4 include:gone.example ?all"
	long := "v=spf1 " + strings.Repeat("ip4:198.51.100.1 ", 12) + "ipv4:1.2.3.4 -all"
	for _, c := range []struct {
		name   string
		record string
		faults []audit.Finding
		want   string
	}{
		{"one", short, []audit.Finding{at("spf.syntax", short, "ipv4:1.2.3.4")},
			"         ^^^^^^^^^^^^ spf.syntax\n"},
		{"in the order of the record", short, []audit.Finding{at("spf.all-neutral", short, "?all"), at("spf.syntax", short, "ipv4:1.2.3.4")},
			"         ^^^^^^^^^^^^ spf.syntax\n                                           ^^^^ spf.all-neutral\n"},
		{"two rules at one place", short, []audit.Finding{at("spf.include-missing", short, "include:gone.example"), at("spf.takeover", short, "include:gone.example")},
			"                      ^^^^^^^^^^^^^^^^^^^^ spf.include-missing, spf.takeover\n"},
		{"a record wider than the page is shown again around the place", long, []audit.Finding{at("spf.syntax", long, "ipv4:1.2.3.4")},
			"  ...198.51.100.1 ip4:198.51.100.1 ipv4:1.2.3.4 -all\n                                   ^^^^^^^^^^^^ spf.syntax\n"},
		{"octets that are written longer move the caret", "v=spf1 \xff -all", []audit.Finding{at("spf.syntax", "v=spf1 \xff -all", "-all")},
			"              ^^^^ spf.syntax\n"},
		{"a long place is pointed at by its beginning", "v=DKIM1; p=" + strings.Repeat("A", 60), []audit.Finding{at("dkim.key-1024", "v=DKIM1; p="+strings.Repeat("A", 60), strings.Repeat("A", 60))},
			"             " + strings.Repeat("^", 40) + " dkim.key-1024\n"},
		{"another record", short, []audit.Finding{at("spf.syntax", "v=spf1 -all", "-all")}, ""},
		{"a place outside of the record", short, []audit.Finding{{Rule: "spf.syntax", At: &audit.Place{Record: short, Offset: 40, Length: 99}}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPage(Options{Width: 80})
			p.carets(2, c.record, c.faults)
			if got := p.String(); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// Where Markdown shows the beginning of a place alone, it says so.
func TestLongPlaceInMarkdown(t *testing.T) {
	for n, want := range map[int]string{40: strings.Repeat("A", 40) + ": dkim", 41: strings.Repeat("A", 40) + "...: dkim"} {
		r, record := healthy(), "p="+strings.Repeat("A", n)
		add(r, at("dkim.key-1024", record, record[2:]))
		if out := written(t, Options{Format: "markdown"}, r).String(); !strings.Contains(out, "\n- "+want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// A record that a finding points into is shown, whoever's it is.
func TestRecordOfAnotherDomain(t *testing.T) {
	const record = "v=spf1 foo -all"
	r := &audit.Report{Domain: "shop.example", Findings: []audit.Finding{{Rule: "spf.include-permerror", Area: "spf", Status: "fail",
		At: &audit.Place{Name: "_spf.esp.example", Record: record, Offset: 7, Length: 3}}}}
	p := newPage(Options{Width: 80})
	p.records(r)
	want := "record of _spf.esp.example\n  v=spf1 foo -all\n         ^^^ spf.include-permerror\n"
	if got := p.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestTree(t *testing.T) {
	p := newPage(Options{Width: 40})
	p.tree(audit.SPF{Lookups: 3, VoidLookups: 1, Tree: &audit.SPFNode{Domain: "shop.example", Status: "found", Terms: []audit.SPFTerm{
		{Term: "include:a.example", Lookup: 1, Tree: &audit.SPFNode{Domain: "a.example", Status: "found", Terms: []audit.SPFTerm{
			{Term: "a:x.a.example", Lookup: 2, Void: true}, {Term: "-all"}}}},
		{Term: "include:lost.example", Lookup: 3, Cause: "127.0.0.1:53 answered SERVFAIL", Tree: &audit.SPFNode{Domain: "lost.example", Status: "unknown"}},
		{Term: "~all"},
	}}})
	want := `SPF tree: 3 of 10 lookups, 1 of 2 void
  shop.example
  |- include:a.example [1]
  |  |- a:x.a.example [2] void
  |  ` + "`" + `- -all
  |- include:lost.example [3] unknown
  |  (127.0.0.1:53 answered SERVFAIL)
  ` + "`" + `- ~all
`
	if got := p.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
