package receivers

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/dmarc"
)

// The same inputs in every run, so that one that fails does so again; -rapid.seed=0 takes new ones.
func init() { _ = flag.Set("rapid.seed", "2026") }

// anyCase is a case of which each part is in one of its states.
func anyCase() *rapid.Generator[Case] {
	return rapid.Custom(func(t *rapid.T) Case {
		pick := func(what string, l ...string) string { return rapid.SampledFrom(l).Draw(t, what) }
		is := func(what string) Truth {
			return map[string]Truth{"yes": yes, "no": no, "unknown": cannot("SERVFAIL"), "unasked": unseen}[pick(what, "yes", "no", "unknown", "unasked")]
		}
		ip := netip.MustParseAddr(pick("ip", "192.0.2.25", "2001:db8::25"))
		c := Case{Domain: "d.example", Stream: "own", IP: ip, MailFrom: "a@" + pick("sender", "d.example", "news.d.example", "esp.example"),
			HELO: pick("helo", "", "mail.d.example", "mail", "[192.0.2.25]", "192.0.2.25", "ma_il.d.example", "bad name"), Bulk: rapid.Bool().Draw(t, "bulk"),
			Daily: rapid.SampledFrom([]int{0, 10, 5000, 100000}).Draw(t, "daily"), Answers: rapid.Bool().Draw(t, "answers"),
			Generic: pick("generic", "", "it has the address in it"), Exists: is("exists"), SPFOrg: is("org"), SPFMode: is("mode"), NoKey: rapid.Bool().Draw(t, "nokey")}
		if names := pick("ptr", "unknown", "none", "good", "bad"); names == "unknown" {
			c.PTR = facts.Cannot[facts.PTR]("SERVFAIL")
		} else {
			p := facts.PTR{Confirm: map[string]string{"none": "fail", "good": "pass", "bad": "fail"}[names]}
			if names != "none" {
				p.Names = []facts.PTRName{{Name: "mail.d.example"}}
			}
			c.PTR = facts.Know(p)
		}
		switch pick("helohosts", "unknown", "none", "some") {
		case "unknown":
			c.HELOHosts = facts.Cannot[facts.Hosts]("SERVFAIL")
		case "none":
			c.HELOHosts = facts.Know(facts.Hosts{})
		default:
			c.HELOHosts = facts.Know(facts.Hosts{Addresses: []netip.Addr{ip}})
		}
		c.MX = facts.Know(facts.MX{Status: pick("mx", facts.MXFound, facts.MXNull, facts.MXNone)})
		result := pick("spf", pass, fail, softfail, neutral, none, permerror, temperror)
		c.SPF = facts.Know(SPF{Result: result, Why: "SERVFAIL", Alone: result == fail && rapid.Bool().Draw(t, "alone"), Libspf2: facts.Know(result), Rspamd: facts.Know(result)})
		var l []Signature
		for range rapid.IntRange(0, 2).Draw(t, "signatures") {
			l = append(l, Signature{Domain: pick("signer", "d.example", "news.d.example", "esp.example"), Relaxed: is("relaxed"), Mode: is("adkim"), Why: "SERVFAIL",
				State: pick("state", Verifies, Short, Several, Missing, Revoked, Unusable, Misused, Untyped, Excused, Wrong, Lost)})
		}
		c.DKIM = facts.Know(l)
		if rapid.IntRange(0, 9).Draw(t, "unsigned") == 0 {
			c.DKIM = facts.Cannot[[]Signature](noSelector)
		}
		switch policy := pick("dmarc", "unknown", "absent", "none", "quarantine", "reject"); policy {
		case "unknown":
			c.DMARC = facts.Cannot[facts.DMARC]("SERVFAIL")
		case "absent":
			c.DMARC = facts.Know(facts.DMARC{Status: facts.DMARCNone})
		default:
			rec := dmarc.Parse("v=DMARC1; p=" + policy)
			c.DMARC = facts.Know(facts.DMARC{Status: facts.DMARCFound, Policy: policy, Record: &rec})
		}
		for _, zone := range []string{"zen.spamhaus.org", "dbl.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org"} {
			x := facts.Listing{Zone: zone, Target: ip.String(), Kind: "ip", Status: pick(zone, facts.Listed, facts.Clean, facts.Refused),
				Codes: []string{pick("code", "127.0.0.2", "127.0.0.4", "127.0.0.10", "127.0.1.2")}}
			if zone == "dbl.spamhaus.org" {
				x.Target, x.Kind = "d.example", "domain"
			}
			c.Listings = append(c.Listings, x)
		}
		return c
	})
}

// TestVocabulary: the conditions with names are those of the requirements that they are named for.
func TestVocabulary(t *testing.T) {
	names := map[string]bool{}
	for _, c := range Vocabulary {
		if names[c.Name] || !identifier.MatchString(c.Name) || c.Words == "" {
			t.Errorf("condition %q", c.Name)
		}
		names[c.Name] = true
		for _, id := range c.of {
			i := slices.IndexFunc(Books, func(b Book) bool { return strings.HasPrefix(id, b.Receiver+".") })
			if i < 0 || !slices.ContainsFunc(Books[i].Requirements, func(r Requirement) bool { return r.ID == id }) {
				t.Errorf("%s: %s is no requirement", c.Name, id)
			}
		}
	}
	for _, b := range slices.Concat(mailboxes, filters) {
		for _, r := range b.Requirements {
			if !names[when(r)] {
				t.Errorf("the condition of %s has no name", r.ID)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		c := anyCase().Draw(t, "case")
		for _, b := range Books {
			for _, r := range b.Requirements {
				if broken, ok := conditionOf(when(r)); !ok || broken(c) != r.Broken(c) {
					t.Fatalf("%s is not %s", r.ID, when(r))
				}
			}
		}
	})
}

// TestRoundTrip: what is printed says all that the forecast goes by.
func TestRoundTrip(t *testing.T) {
	text, err := Format(Books)
	if err != nil {
		t.Fatal(err)
	}
	books, err := Read("books.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Format(books)
	if err != nil || string(again) != string(text) {
		t.Errorf("%v: printed again it is\n%s", err, cmp.Diff(string(text), string(again)))
	}
	if changed, added, off := Changes(books); changed+added+off > 0 {
		t.Errorf("%d changed, %d added, %d off", changed, added, off)
	}
	rapid.Check(t, func(t *rapid.T) {
		c := anyCase().Draw(t, "case")
		for i, b := range Books {
			if d := cmp.Diff(b.Answer(c), books[i].Answer(c)); d != "" {
				t.Fatalf("%s (-built in +read):\n%s", b.Receiver, d)
			}
		}
	})
	if l := forecast(audited(), books); cmp.Diff(forecast(audited(), Books), l) != "" || len(l) == 0 {
		t.Errorf("forecast %+v", l)
	}
}

const mine = `
- receiver: cox
  bulk: somebody who sends a lot
  sources:
    - {id: replies, date: read in 2027-03}
    - {id: page, title: Postmaster page, where: https://postmaster.example, date: 2027-03-01, basis: documented}
  requirements:
    - id: cox.ptr
      reply: "421 no rDNS, {ip}"
      outcome: defer
      since: 2027-03
    - {id: cox.spamhaus, off: true}
    - id: cox.dmarc
      when: no-dmarc
      outcome: reject
      source: page
      basis: documented
    - id: cox.spf
      what: SPF passes
      when: spf-not-pass
      for: bulk
      volume: 20000
      outcome: reject
      stage: mail
      reply: "550 SPF of {s}"
      rules: [spf.missing, spf.ip-not-covered]
      since: 2027-03-01
      source: page
`

// TestRead: what a file changes, adds and turns off, and whom that is for.
func TestRead(t *testing.T) {
	books, err := Read("mine.yaml", []byte(mine))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(Books, func(b Book) bool { return b.Receiver == "cox" })
	b := books[i]
	if changed, added, off := Changes(books); changed != 2 || added != 1 || off != 1 {
		t.Errorf("%d changed, %d added, %d off", changed, added, off)
	}
	var ids []string
	for _, r := range b.Requirements {
		ids = append(ids, r.ID)
	}
	if got := strings.Join(ids, " "); got != "cox.ptr cox.spf cox.dmarc" { // by their stages
		t.Errorf("requirements %s", got)
	}
	if b.Bulk != "somebody who sends a lot" || b.Unseen != Books[i].Unseen || b.Sources[0].Title != Books[i].Sources[0].Title || b.Sources[0].Date != "read in 2027-03" {
		t.Errorf("%+v", b)
	}
	if Books[i].Requirements[0].ID != "cox.spamhaus" || len(Books[i].Sources) != 1 {
		t.Error("the books of the program are changed")
	}
	good := Case{Domain: "d.example", MailFrom: "a@d.example", IP: netip.MustParseAddr("192.0.2.25"), Daily: 20000, Bulk: true,
		PTR: facts.Know(facts.PTR{Confirm: "pass", Names: []facts.PTRName{{Name: "mail.d.example"}}}),
		SPF: facts.Know(SPF{Result: pass}), DMARC: facts.Know(facts.DMARC{Status: facts.DMARCFound, Policy: "none"}), DKIM: facts.Know([]Signature(nil))}
	tests := []struct {
		name string
		edit func(*Case)
		want string
	}{
		{"in order", func(*Case) {}, "accept "},
		{"no PTR record", func(c *Case) { c.PTR = facts.Know(facts.PTR{}) }, "defer 421 no rDNS, 192.0.2.25"},
		{"listed", func(c *Case) {
			c.Listings = []facts.Listing{{Zone: "zen.spamhaus.org", Kind: "ip", Status: facts.Listed, Codes: []string{"127.0.0.2"}}}
		}, "accept "},
		{"no DMARC record", func(c *Case) { c.DMARC = facts.Know(facts.DMARC{Status: facts.DMARCNone}) }, "reject "},
		{"SPF fails at the volume", func(c *Case) { c.SPF.Value.Result = fail }, "reject 550 SPF of d.example"},
		{"below it", func(c *Case) { c.SPF.Value.Result, c.Daily = fail, 19999 }, "accept "},
		{"bulk, who knows how much", func(c *Case) { c.SPF.Value.Result, c.Daily = fail, 0 }, "reject 550 SPF of d.example"},
		{"not bulk, who knows how much", func(c *Case) { c.SPF.Value.Result, c.Daily, c.Bulk = fail, 0, false }, "accept "},
	}
	for _, tt := range tests {
		c := good
		tt.edit(&c)
		e := b.Answer(c)
		if got := string(e.Verdict) + " " + e.Reply; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if below := strings.HasPrefix(tt.name, "below") || strings.HasPrefix(tt.name, "not bulk"); below != (e.Bulk != nil) {
			t.Errorf("%s: as a bulk sender %+v", tt.name, e.Bulk)
		}
	}
	text, err := Format(books)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Read("again.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	// What it turned off is not in the print, and so is not turned off by it.
	if changed, added, off := Changes(again); changed != 2 || added != 1 || off != 0 {
		t.Errorf("printed and read: %d changed, %d added, %d off", changed, added, off)
	}
}

// TestExample: what docs/receivers-data.md shows is what its commands are run with, and changes what it says.
func TestExample(t *testing.T) {
	text, err := os.ReadFile("../../cmd/mailaudit/testdata/docs/my-receivers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/receivers-data.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```yaml\n"+string(text)+"```\n") {
		t.Error("docs/receivers-data.md shows another file")
	}
	books, err := Read("my-receivers.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	if changed, added, off := Changes(books); changed != 1 || added != 1 || off != 1 {
		t.Errorf("%d changed, %d added, %d off", changed, added, off)
	}
}

// TestMistakes: each is told with its line, and all of them at once.
func TestMistakes(t *testing.T) {
	entry := func(fields string) string {
		return "- receiver: cox\n  requirements:\n    - {id: cox.new, what: it is so, when: no-ptr, outcome: reject, stage: data, source: replies, " + fields + "}\n"
	}
	change := func(fields string) string {
		return "- receiver: cox\n  requirements:\n    - {id: cox.ptr, " + fields + "}\n"
	}
	many := func() string {
		text := "- receiver: cox\n  sources:\n"
		for i := range maxEntries {
			text += fmt.Sprintf("    - {id: s%d, title: t, date: 2026, basis: inferred}\n", i)
		}
		return text
	}
	tests := []struct{ name, text, want string }{
		{"no receiver", "- receiver: nobody\n", `f.yaml:1: "nobody" is no receiver: one of gmail,`},
		{"twice", "- receiver: cox\n- receiver: cox\n", "f.yaml:2: cox stands here twice"},
		{"a requirement twice", "- receiver: cox\n  requirements:\n    - {id: cox.ptr}\n    - {id: cox.ptr}\n", "f.yaml:4: cox.ptr stands here twice"},
		{"an unknown key", "- receiver: cox\n  requirement: []\n", `f.yaml:2: unknown field "requirement"`},
		{"an unknown key of a requirement", change("text: x"), `f.yaml:3: unknown field "text"`},
		{"nothing", "- \n", "f.yaml: an entry is empty"},
		{"no list", "receiver: cox\n", "f.yaml:1: "},
		{"no YAML", "- receiver: [cox\n", "f.yaml:1: "},
		{"a condition that there is not", change("when: full-moon"), `f.yaml:3: cox.ptr: when "full-moon" is no condition`},
		{"an outcome that there is not", change("outcome: drop"), `f.yaml:3: cox.ptr: outcome "drop" is none of reject, defer, spam, unsaid`},
		{"a stage that there is not", change("stage: dot"), `stage "dot" is none of connect, helo, mail, rcpt, data`},
		{"for whom", change("for: friends"), `for "friends" is neither all nor bulk`},
		{"a volume for all", change("volume: 5000"), "volume 5000: a number of messages a day"},
		{"a volume that is none", change("for: bulk, volume: -1"), "volume -1: a number"},
		{"a volume in words", change("for: bulk, volume: many"), "f.yaml:3: "},
		{"a day that is none", change("since: soon"), `since "soon": a day such as`},
		{"a rule that there is not", change("rules: [ptr.gone]"), `rule "ptr.gone" is no rule`},
		{"a source that there is not", change("source: hearsay"), `source "hearsay" is none of those of cox`},
		{"memory", change("basis: memory"), "cox.ptr: what rests on memory decides nothing"},
		{"a source in memory", "- receiver: cox\n  sources:\n    - {id: old, title: t, date: 2026, basis: memory}\n", "f.yaml:3: source old: what rests on memory decides nothing"},
		{"a source without basis", "- receiver: cox\n  sources:\n    - {id: old, title: t, date: 2026}\n", "f.yaml:3: source old: its basis is needed"},
		{"a source without date", "- receiver: cox\n  sources:\n    - {id: old, title: t, basis: inferred}\n", "source old: title and date are needed"},
		{"a source without id", "- receiver: cox\n  sources:\n    - {title: t, date: 2026, basis: inferred}\n", `source "": an id`},
		{"a basis that there is not", change("basis: known"), `basis "known" is none of documented, measured, inferred`},
		{"a gap that nothing fills", change(`reply: "550 {name}"`), "{name} is none of {ip}"},
		{"what a terminal obeys", change(`reply: "550 \e[2J"`), "without control characters"},
		{"two lines", change(`reply: "550\n551"`), "without control characters"},
		{"a text without end", change("reply: " + strings.Repeat("x", maxText+1)), "a text of 1001 octets: 1000 are allowed"},
		{"off what is not there", "- receiver: cox\n  requirements:\n    - {id: cox.gone, off: true}\n", `f.yaml:3: "cox.gone" is no requirement of cox, so that it cannot be off`},
		{"no words", "- receiver: cox\n  requirements:\n    - {id: cox.ptr, what: \"\"}\n", "cox.ptr: what is needed"},
		{"another's name", "- receiver: cox\n  requirements:\n    - {id: gmail.new, what: x, when: no-ptr, outcome: reject, stage: data, source: replies}\n", `"gmail.new": a new requirement of cox is cox.name`},
		{"no condition", "- receiver: cox\n  requirements:\n    - {id: cox.new, what: x, outcome: reject, stage: data, source: replies}\n", "cox.new: when is needed"},
		{"no source", "- receiver: cox\n  requirements:\n    - {id: cox.new, what: x, when: no-ptr, outcome: reject, stage: data}\n", `cox.new: source "" is none`},
		{"an alias", "- &a {receiver: cox}\n- *a\n", "f.yaml:1: anchors, aliases and tags are not read"},
		{"deep", strings.Repeat("[", 1<<17), "f.yaml:1: nested deeper than 32"},
		{"deep by lines", strings.Repeat("[\n", 1<<16), "nested deeper than 32"},
		{"deep by dashes", strings.Repeat("- ", 1<<16), "f.yaml:1: nested deeper than 32"},
		{"deep by blanks", "- receiver: cox\n" + strings.Repeat(" ", 100) + "x: y", "f.yaml:2: nested deeper than 32"},
		{"deep by tags", "- receiver: " + strings.Repeat("!t ", 1<<15), "f.yaml:1: nested deeper than 32"},
		{"large", strings.Repeat("# x\n", 1<<18+1), "f.yaml: larger than 160 KiB"},
		{"not UTF-8", "- receiver: \xff\n", "f.yaml: not UTF-8"},
		{"too many", many(), "f.yaml:1: cox: more than 200 entries"},
	}
	for _, tt := range tests {
		_, err := Read("f.yaml", []byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %.300v, want %s", tt.name, err, tt.want)
		}
	}
	if _, err := Read("f.yaml", []byte(entry("since: 2027"))); err != nil {
		t.Errorf("what the others break: %v", err)
	}
	_, err := Read("f.yaml", []byte(change("stage: dot, outcome: drop")))
	if l, ok := err.(interface{ Unwrap() []error }); !ok || len(l.Unwrap()) != 2 {
		t.Errorf("two mistakes: %v", err)
	}
	for _, nothing := range []string{"", "# nothing\n", "[]\n"} {
		if books, err := Read("f.yaml", []byte(nothing)); err != nil || len(books) != len(Books) {
			t.Errorf("%q: %v", nothing, err)
		}
	}
}

// FuzzRead: whatever a file holds is books or a mistake.
func FuzzRead(f *testing.F) {
	f.Add(mine)
	f.Add("- receiver: cox\n  requirements:\n    - {id: cox.ptr, reply: '550'}\n")
	f.Add("- &a [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		books, err := Read("f.yaml", []byte(text))
		if err != nil {
			return
		}
		out, err := Format(books)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read("again.yaml", out); err != nil {
			t.Fatalf("%v\n%s", err, fmt.Sprintf("%.2000s", out))
		}
	})
}
