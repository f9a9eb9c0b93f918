package report

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"mailaudit/internal/audit"
)

// show is the table of one report.
func show(t *testing.T, r *audit.Report, o Options, exit string) string {
	t.Helper()
	var b calls
	o.Format = "table"
	w, err := New(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Report(r, exit); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if b.n != 1 {
		t.Errorf("%d calls of Write for one report", b.n)
	}
	return b.String()
}

var samples = []struct {
	name   string
	report func() *audit.Report
	exit   string
}{
	{"healthy", healthy, "exit 0"},
	{"broken", broken, "exit 1: 3 findings at fail"},
	{"dead", dead, "exit 3: 6 deciding questions are unknown"},
	{"partly", partly, "exit 3: a deciding question is unknown"},
	{"attacked", attacked, "exit 1: 3 findings at fail"},
}

func TestTableGolden(t *testing.T) {
	for _, s := range samples {
		for _, width := range []int{60, 80, 120} {
			name := fmt.Sprintf("%s-%d", s.name, width)
			t.Run(name, func(t *testing.T) {
				out := show(t, s.report(), Options{Width: width}, s.exit)
				golden(t, name, []byte(out))
				holdsTable(t, out, width)
			})
		}
		t.Run(s.name+"-verbose", func(t *testing.T) {
			out := show(t, s.report(), Options{Width: 80, Verbose: true}, s.exit)
			golden(t, s.name+"-verbose", []byte(out))
			holdsTable(t, out, 80)
		})
	}
	t.Run("color", func(t *testing.T) {
		golden(t, "color", []byte(show(t, broken(), Options{Width: 80, Color: true}, "exit 1")))
	})
}

var paste = regexp.MustCompile(`^     [-+] \S+ .*IN  |^  (v=|\\027)`)

// holdsTable fails if a line that is not to be pasted is too wide, or anything acts on a terminal.
func holdsTable(t *testing.T, out string, limit int) {
	t.Helper()
	for l := range strings.Lines(out) {
		l = strings.TrimSuffix(l, "\n")
		if strings.ContainsFunc(l, func(r rune) bool { return !plain(r) }) {
			t.Errorf("not plain: %q", l)
		}
		if width(l) > limit && !paste.MatchString(l) {
			t.Errorf("%d columns, the limit is %d: %s", width(l), limit, l)
		}
		if strings.HasSuffix(l, " ") {
			t.Errorf("spaces at the end: %q", l)
		}
	}
}

// poison puts the hostile string into every string of v.
func poison(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostile)
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i))
		}
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			return
		}
		for i := range v.NumField() {
			poison(v.Field(i))
		}
	}
}

// Whatever field a string comes from, also one whose values are ours today, it does no harm.
func TestEveryStringIsMadeVisible(t *testing.T) {
	for _, verbose := range []bool{false, true} {
		for _, keep := range [][]string{nil, {"Status", "Area", "Op", "Identity", "TLS"}} {
			r := broken()
			fresh := broken()
			poison(reflect.ValueOf(r).Elem())
			restore(reflect.ValueOf(r).Elem(), reflect.ValueOf(fresh).Elem(), keep)
			out := show(t, r, Options{Width: 80, Verbose: verbose}, "exit 1: "+hostile)
			for l := range strings.Lines(out) {
				if i := strings.IndexFunc(strings.TrimSuffix(l, "\n"), func(r rune) bool { return !plain(r) }); i >= 0 {
					t.Errorf("verbose %v, kept %v: %q", verbose, keep, l[i:])
				}
			}
		}
	}
}

// restore copies the fields of these names back, so that the branches which they choose are taken.
func restore(v, from reflect.Value, names []string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			restore(v.Elem(), from.Elem(), names)
		}
	case reflect.Slice:
		for i := range v.Len() {
			restore(v.Index(i), from.Index(i), names)
		}
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			return
		}
		for i := range v.NumField() {
			for _, n := range names {
				if v.Type().Field(i).Name == n {
					v.Field(i).Set(from.Field(i))
				}
			}
			if v.Field(i).Kind() != reflect.String {
				restore(v.Field(i), from.Field(i), names)
			}
		}
	}
}

func TestColor(t *testing.T) {
	plainly := show(t, broken(), Options{Width: 60}, "exit 1")
	if strings.Contains(plainly, "\x1b") {
		t.Error("colour without being asked for")
	}
	colored := show(t, broken(), Options{Width: 60, Color: true}, "exit 1")
	codes := regexp.MustCompile(`\x1b\[3[1-6]m([a-z]+)\x1b\[0m`)
	words := map[string]bool{}
	for l := range strings.Lines(colored) {
		for _, m := range codes.FindAllStringSubmatch(l, -1) {
			words[m[1]] = true
		}
		if strings.Contains(codes.ReplaceAllString(l, ""), "\x1b") {
			t.Errorf("a colour that is not closed around one word: %q", l)
		}
	}
	for _, w := range []string{"fail", "warn", "unknown", "pass"} {
		if !words[w] {
			t.Errorf("%s has no colour", w)
		}
	}
	if got := codes.ReplaceAllString(colored, "$1"); got != plainly {
		t.Error("colour changes the layout")
	}
}

// what is the table's lines about an area, each with its wrapped rest.
func what(out, area string) []string {
	var l []string
	in := false
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "  "+area+" "):
			l, in = append(l, strings.Join(f[1:], " ")), true
		case in && strings.HasPrefix(line, "          "):
			l[len(l)-1] += " " + strings.Join(f, " ")
		default:
			in = false
		}
	}
	return l
}

func TestFindings(t *testing.T) {
	base := func(l ...audit.Finding) *audit.Report {
		r := healthy()
		r.Findings = nil
		for _, f := range l {
			if f.Subject == "" {
				f.Subject = r.Domain
			}
			add(r, f)
		}
		return r
	}
	pass := audit.Finding{Rule: "spf.missing", Status: "pass", Message: "the domain publishes an SPF record"}
	note := audit.Finding{Rule: "spf.all-hard", Status: "info", Impact: "hygiene", Message: "-all"}
	subject := audit.Finding{Rule: "spf.void", Status: "warn", Subject: "_spf.a.example", Message: "a term finds nothing", Points: 3}
	fail := audit.Finding{Rule: "spf.syntax", Status: "fail", Message: "bad term", Points: 20}
	unknown := func(rule, subject, message string) audit.Finding {
		return audit.Finding{Rule: rule, Status: "unknown", Subject: subject, Message: message}
	}
	for _, c := range []struct {
		name string
		r    *audit.Report
		area string
		want []string
	}{
		{"one line while nothing is wrong", base(pass, pass), "spf", []string{"pass 11.22.33.44 passes; 3 of 10 lookups, 0 of 2 void"}},
		{"a note of hygiene hides", base(pass, note), "spf", []string{"pass 11.22.33.44 passes; 3 of 10 lookups, 0 of 2 void"}},
		{"a note shows where it is all there is", base(note), "spf", []string{"info -all [spf.all-hard]"}},
		{"a note shows where there is no evidence to sum up", func() *audit.Report {
			r := base(audit.Finding{Rule: "dkim.none-found", Status: "pass", Message: "the domain publishes a DKIM key"},
				audit.Finding{Rule: "dkim.not-found-maybe", Status: "info", Impact: "hygiene", Message: "no key under 40 common selectors; name yours with --selector"})
			r.Evidence.DKIM.Keys = nil
			return r
		}(), "dkim", []string{"info no key under 40 common selectors; name yours with --selector [dkim.not-found-maybe]"}},
		{"a note shows where more than hygiene hangs on it", base(pass, audit.Finding{Rule: "spf.exp", Status: "info", Impact: "spam", Message: "look"}), "spf",
			[]string{"info look [spf.exp]", "pass 11.22.33.44 passes; 3 of 10 lookups, 0 of 2 void"}},
		{"what is wrong, worst first, without the sum", base(pass, note, subject, fail), "spf",
			[]string{"fail -20 bad term [spf.syntax]", "warn -3 _spf.a.example: a term finds nothing [spf.void]"}},
		{"by points within a status", base(audit.Finding{Rule: "spf.a", Status: "warn", Message: "x", Points: 2.25}, subject), "spf",
			[]string{"warn -3 _spf.a.example: a term finds nothing [spf.void]", "warn -2.3 x [spf.a]"}},
		{"what is implied costs nothing", base(audit.Finding{Rule: "spf.a", Status: "fail", Message: "x"}), "spf", []string{"fail x [spf.a]"}},
		{"a domain of which nothing is known", base(unknown("spf.missing", "", "timeout"), unknown("spf.syntax", "", "timeout")), "spf",
			[]string{"unknown - nothing could be found out: timeout (2 rules)"}},
		{"an area of which something is known", base(pass, unknown("spf.void", "", "timeout"), unknown("spf.void-limit", "", "timeout")), "spf",
			[]string{"unknown - timeout (2 rules)", "pass 11.22.33.44 passes; 3 of 10 lookups, 0 of 2 void"}},
		{"two causes", base(unknown("spf.missing", "", "timeout"), unknown("spf.syntax", "", "SERVFAIL")), "spf",
			[]string{"unknown - timeout [spf.missing]", "unknown - SERVFAIL [spf.syntax]"}},
		{"the deciding unknown first", base(unknown("spf.a", "", "timeout"), audit.Finding{Rule: "spf.b", Status: "unknown", Message: "SERVFAIL", Deciding: true}), "spf",
			[]string{"unknown - SERVFAIL [spf.b]", "unknown - timeout [spf.a]"}},
		{"one cause, several subjects", base(unknown("dnsbl.query-refused", "a.example", "a.example refuses"), unknown("dnsbl.query-refused", "b.example", "b.example refuses"),
			unknown("dnsbl.query-refused", "c.example", "c.example refuses"), unknown("dnsbl.query-refused", "d.example", "d.example refuses")), "dnsbl",
			[]string{"unknown - a.example refuses; likewise b.example, c.example and 1 more [dnsbl.query-refused]"}},
		{"an area without evidence", base(audit.Finding{Rule: "bimi.syntax", Status: "pass"}, audit.Finding{Rule: "bimi.svg", Status: "pass"}), "bimi", []string{"pass all 2 rules hold"}},
		{"an area with one rule", base(audit.Finding{Rule: "bimi.syntax", Status: "pass"}), "bimi", []string{"pass its rule holds"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := what(show(t, c.r, Options{Width: 120}, ""), c.area)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

// A network of addresses with one fault is one line; with -v it names them all.
func TestManyAlike(t *testing.T) {
	r := healthy()
	r.Findings = nil
	for i := range 256 {
		ip := fmt.Sprintf("11.22.33.%d", i)
		add(r, audit.Finding{Rule: "ptr.missing", Status: "fail", Subject: ip, Message: ip + " has no PTR", Points: 15})
	}
	got := what(show(t, r, Options{Width: 120}, ""), "ptr")
	if want := "fail -15 11.22.33.0 has no PTR; likewise 11.22.33.1, 11.22.33.2 and 253 more [ptr.missing]"; len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := what(show(t, r, Options{Width: 120, Verbose: true}, ""), "ptr"); len(got) != 1 || strings.Count(got[0], "11.22.33.") != 256 {
		t.Errorf("with -v not all addresses: %q", got)
	}
	r.Findings = r.Findings[:4]
	if got := what(show(t, r, Options{Width: 120}, ""), "ptr"); len(got) != 4 {
		t.Errorf("%d lines for 4 addresses, want each on its own", len(got))
	}
}

func TestSummaries(t *testing.T) {
	for _, c := range []struct {
		name, area string
		change     func(*audit.Evidence)
		want       string
	}{
		{"mx", "mx", nil, "2 hosts, both resolve"},
		{"one mx", "mx", func(e *audit.Evidence) { e.MX.Hosts = e.MX.Hosts[:1] }, "1 host, resolves"},
		{"three mx", "mx", func(e *audit.Evidence) { e.MX.Hosts = append(e.MX.Hosts, e.MX.Hosts...)[:3] }, "3 hosts, all resolve"},
		{"an mx without address", "mx", func(e *audit.Evidence) { e.MX.Hosts = append(e.MX.Hosts, audit.MXHost{Host: "x"}) }, "2 of 3 hosts resolve"},
		{"null mx", "mx", func(e *audit.Evidence) { e.MX = audit.MX{Status: "null"} }, "null MX: takes no mail"},
		{"implicit mx", "mx", func(e *audit.Evidence) { e.MX = audit.MX{Status: "implicit"} }, "no MX record: the domain's own address takes its mail"},
		{"spf without addresses", "spf", func(e *audit.Evidence) { e.SPF.Results = nil }, "3 of 10 lookups, 0 of 2 void"},
		{"spf of another domain's MAIL FROM alone", "spf", func(e *audit.Evidence) { e.SPF.Status = "none" }, "11.22.33.44 passes"},
		{"no spf at all", "spf", func(e *audit.Evidence) { e.SPF = audit.SPF{Status: "none"} }, ""},
		{"spf, two pass", "spf", func(e *audit.Evidence) {
			e.SPF.Results = []audit.SPFResult{{IP: "1", Identity: "mailfrom", Result: "pass"}, {IP: "2", Identity: "mailfrom", Result: "pass"}}
		}, "2 addresses, both pass; 3 of 10 lookups, 0 of 2 void"},
		{"spf, one of two streams of an address does not pass", "spf", func(e *audit.Evidence) {
			e.SPF.Results = []audit.SPFResult{{IP: "1", Identity: "mailfrom", Result: "pass"}, {IP: "2", Identity: "mailfrom", Result: "pass"}, {IP: "2", Identity: "mailfrom", Result: "neutral"}}
		}, "1 of 2 addresses pass; 3 of 10 lookups, 0 of 2 void"},
		{"dkim", "dkim", nil, "s1 (rsa 2048), s2 (ed25519)"},
		{"a revoked key", "dkim", func(e *audit.Evidence) { e.DKIM.Keys[1].Status = "revoked" }, "s1 (rsa 2048), s2 (revoked)"},
		{"dmarc", "dmarc", nil, "p=reject at _dmarc.healthy.example, reports to dmarc@healthy.example"},
		{"dmarc of the parent", "dmarc", func(e *audit.Evidence) {
			e.DMARC.EffectivePolicy, e.DMARC.Testing, e.DMARC.RUA = "none", true, nil
		}, "p=reject at _dmarc.healthy.example, for this domain none, testing (t=y), no reports asked for"},
		{"ptr", "ptr", nil, "11.22.33.44 is mail.healthy.example, confirmed"},
		{"two addresses", "ptr", func(e *audit.Evidence) {
			e.Sources = append(e.Sources, audit.Source{IP: "11.22.33.45", FCrDNS: "pass"})
		}, "2 addresses, each confirmed"},
		{"an address that is not confirmed", "ptr", func(e *audit.Evidence) {
			e.Sources = append(e.Sources, audit.Source{IP: "11.22.33.45", FCrDNS: "unknown"})
		}, "1 of 2 addresses confirmed"},
		{"dnsbl", "dnsbl", nil, "5 lists, none lists"},
		{"a silent list", "dnsbl", func(e *audit.Evidence) { e.DNSBL[0].Status = "refused" }, "4 of 5 lists answered, none lists"},
		{"a list of good repute", "dnsbl", func(e *audit.Evidence) { e.DNSBL[0].Status = "listed" }, "5 lists, no listing that counts (zen.spamhaus.org)"},
		{"submission", "submission", nil, "mail.healthy.example: 587 STARTTLS, 465 TLS, certificate good for 61 days"},
		{"a closed port", "submission", func(e *audit.Evidence) { e.Submission[0].Status = "refused" }, "mail.healthy.example: 465 TLS, certificate good for 89 days"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := healthy()
			if c.change != nil {
				c.change(&r.Evidence)
			}
			if got := summary(r.Evidence, r.StartedAt, c.area); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFirstLine(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*audit.Report)
		want   string
	}{
		{"given", func(*audit.Report) {}, "1 address, 2 selectors"},
		{"candidates", func(r *audit.Report) { r.Evidence.Sources[0].Declared, r.Streams[0].Selectors = false, nil }, "1 candidate address, no selector"},
		{"nothing", func(r *audit.Report) { r.Evidence.Sources, r.Streams[0].Selectors = nil, []string{"s1"} }, "no address, 1 selector"},
		{"streams", func(r *audit.Report) {
			r.Streams = append(r.Streams, r.Streams[0])
			r.Evidence.Sources = append(r.Evidence.Sources, r.Evidence.Sources[0])
		}, "2 streams, 1 address, 2 selectors"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := healthy()
			c.change(r)
			got, _, _ := strings.Cut(show(t, r, Options{Width: 200}, ""), "\n")
			if want := "healthy.example   sender (no --daily given)   " + c.want + "   143 questions in 0.41 s"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestLastLine(t *testing.T) {
	for _, c := range []struct {
		name   string
		report *audit.Report
		want   string
	}{
		{"graded", broken(), "score 42 (F), 42 at worst   coverage 92.8 %   exit 1"},
		{"no grade", partly(), "score 100 (no grade: what is unknown could make it 69)   coverage 80 %   exit 1"},
		{"not scored", dead(), "not scored   coverage 0 %   exit 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := strings.TrimSuffix(show(t, c.report, Options{Width: 120}, "exit 1"), "\n")
			if got := out[strings.LastIndexByte(out, '\n')+1:]; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPercent(t *testing.T) {
	for share, want := range map[float64]string{1: "100 %", 0.9999: "99.9 %", 0.999: "99.9 %", 0.92: "92 %", 0.29: "29 %", 0: "0 %"} {
		if got := percent(share); got != want {
			t.Errorf("percent(%v) = %q, want %q", share, got, want)
		}
	}
}

func TestSilentBlocklists(t *testing.T) {
	listing := func(status ...string) []audit.Listing {
		var l []audit.Listing
		for i, s := range status {
			l = append(l, audit.Listing{Zone: fmt.Sprintf("l%d.example", i), Status: s})
		}
		return l
	}
	for _, c := range []struct {
		l    []audit.Listing
		want string
	}{
		{listing("clean", "listed"), ""},
		{listing("clean", "refused"), "1 of 2 blocklists did not answer: a listing there would not be seen"},
		{listing("unknown", "refused"), "none of the 2 blocklists answered: a listing would not be seen"},
		{listing("unknown"), "the blocklist did not answer: a listing would not be seen"},
	} {
		if got := silence(c.l); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// The records at fault stand whole on lines of their own, and only where their area is at fault.
func TestRecordsWhole(t *testing.T) {
	r := broken()
	r.Evidence.DMARC = audit.DMARC{Status: "invalid", FoundAt: "_dmarc.shop.example", Record: "v=DMARC1; p=nonsense", RUA: []string{}}
	out := show(t, r, Options{Width: 60}, "")
	for _, want := range []string{"\nSPF record of shop.example\n  " + r.Evidence.SPF.Record + "\n", "\nDMARC record of _dmarc.shop.example\n  v=DMARC1; p=nonsense\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	r.Evidence.SPF.Records = []string{"v=spf1 -all", "v=spf1 ~all"}
	if out := show(t, r, Options{Width: 60}, ""); !strings.Contains(out, "\nSPF records of shop.example, 2 of them\n  v=spf1 -all\n  v=spf1 ~all\n") {
		t.Errorf("not both records:\n%s", out)
	}
	if out := show(t, healthy(), Options{Width: 60}, ""); strings.Contains(out, "record of") {
		t.Errorf("a record that is not at fault:\n%s", out)
	}
}

func TestManyFixes(t *testing.T) {
	r := broken()
	for range 128 {
		r.Fixes = append(r.Fixes, audit.Fix{Text: "Give it a name"})
	}
	out := show(t, r, Options{Width: 80}, "")
	if !strings.Contains(out, "\n 10  Give it a name\n  122 more fixes not shown (-v shows all)\n") || strings.Contains(out, " 11  ") {
		t.Errorf("not the first ten:\n%s", out)
	}
	if out := show(t, r, Options{Width: 80, Verbose: true}, ""); !strings.Contains(out, "132  Give it a name\n") {
		t.Errorf("not all with -v:\n%s", out)
	}
}

// TestFixOfOddScores: what a saved report says of its scores is not ours to rely on.
func TestFixOfOddScores(t *testing.T) {
	r := broken()
	r.Score, r.Fixes[0].ScoreAfter = ptr(-1<<62), ptr(-1<<62)
	r.Fixes[0].Text = strings.Repeat("x", 80)
	if out := show(t, r, Options{Width: least}, ""); !strings.Contains(out, "-4611686018427387904") {
		t.Error(out)
	}
}

func TestZoneLines(t *testing.T) {
	long := strings.Repeat("x", 60) + ".example"
	got := zoneLines([]audit.Change{
		{Op: "add", Name: "a.example", Type: "A", TTL: 3600, Data: "11.22.33.44"},
		{Op: "replace", Name: "_dmarc.a.example", Type: "TXT", TTL: 300, Data: `"v=DMARC1; p=none"`, Was: `"v=DMARC1"`},
		{Op: "remove", Name: "b.example.", Type: "MX", Was: "0 ."},
		{Op: "add", Name: long, Type: "MX", Data: "10 a.example."},
	})
	want := []string{
		`+ a.example.` + strings.Repeat(" ", 40) + `  3600  IN  A  11.22.33.44`,
		`- _dmarc.a.example.` + strings.Repeat(" ", 33) + `  300   IN  TXT  "v=DMARC1"`,
		`+ _dmarc.a.example.` + strings.Repeat(" ", 33) + `  300   IN  TXT  "v=DMARC1; p=none"`,
		`- b.example.` + strings.Repeat(" ", 40) + `        IN  MX  0 .`,
		`+ ` + long + `.        IN  MX  10 a.example.`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSeveral(t *testing.T) {
	var b bytes.Buffer
	w, err := New(&b, Options{Format: "table", Width: 80, Several: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []error{
		w.Invalid(1, "bad..name\x1b", errors.New("an empty label")),
		w.Report(healthy(), "exit 0"),
		w.Report(healthy(), "exit 0"),
		w.Invalid(4, "shop", errors.New(`"shop" is not a domain name: a single label cannot receive mail`)),
		w.Invalid(0, "x y", errors.New("a space")),
		w.Close(),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	one := show(t, healthy(), Options{Width: 80}, "exit 0")
	want := `line 1: "bad..name\x1b": an empty label` + "\n\n" + one + "\n" + one + "\n" +
		`line 4: "shop" is not a domain name: a single label cannot receive mail` + "\n" + `"x y": a space` + "\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestNothingApplies(t *testing.T) {
	r := healthy()
	r.Findings = []audit.Finding{}
	if out := show(t, r, Options{Width: 80}, ""); !strings.Contains(out, "no rule of the chosen areas applies to this domain") {
		t.Error(out)
	}
}

func TestVerboseNamesTheRulesOfOneCause(t *testing.T) {
	got := what(show(t, partly(), Options{Width: 120, Verbose: true}, ""), "dmarc")
	if want := "unknown - nothing could be found out: _dmarc.healthy.example TXT: SERVFAIL from 192.0.2.53 [dmarc.missing, dmarc.multiple, dmarc.p-missing]"; len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRepliesAreFilledIn(t *testing.T) {
	out := show(t, broken(), Options{Width: 120, Verbose: true}, "")
	if !strings.Contains(out, "550-5.7.25 [11.22.33.45] The IP address") {
		t.Errorf("no address in the reply:\n%s", out)
	}
}

// failing is a full disk.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteErrors(t *testing.T) {
	for _, f := range Formats {
		w, err := New(failing{}, Options{Format: f, Width: 80, Several: true})
		if err != nil {
			t.Fatal(err)
		}
		report, invalid := w.Report(healthy(), ""), w.Invalid(1, "x", errors.New("y"))
		// What is only known at the end is written there.
		switch end := w.Close(); f {
		case "nagios", "prometheus":
			report, invalid = end, end
		case "sarif":
			invalid = end
		}
		if report == nil || !strings.Contains(report.Error(), "disk full") {
			t.Errorf("%s: Report gives %v", f, report)
		}
		if invalid == nil {
			t.Errorf("%s: Invalid gives no error", f)
		}
	}
}
