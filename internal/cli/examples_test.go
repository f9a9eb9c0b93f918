package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailaudit"
	"mailaudit/internal/blocklist"
	"mailaudit/internal/checks"
	"mailaudit/internal/demo"
)

// noExample are the rules, and areas, that nothing published and no flag of one audit can show, and why.
var noExample = map[string]string{
	"submission":  "it takes a connection",
	"tls":         "it takes a connection",
	"message":     "it takes a message",
	"dnsbl.terms": "only a batch leaves lists out",

	"dnsbl.dead-zone": "it takes a file of lists",

	"domain.servfail":    "it takes name servers that fail",
	"ns.lame":            "it takes name servers that are asked themselves",
	"ns.parent-mismatch": "it takes name servers that are asked themselves",
	"ns.tcp":             "it takes name servers that are asked themselves",
	"ns.case-0x20":       "it takes name servers that are asked themselves",

	"domain.hold":     "it takes a registry",
	"domain.expiring": "it takes a registry",
	"domain.young":    "it takes a registry",

	"mtasts.policy-redirect": "it takes a policy",
	"mtasts.policy-cert":     "it takes a policy",
	"mtasts.content-type":    "it takes a policy",
	"mtasts.policy-syntax":   "it takes a policy",
	"mtasts.mx-mismatch":     "it takes a policy",
	"mtasts.wildcard":        "it takes a policy",
	"mtasts.mode-testing":    "it takes a policy",
	"mtasts.max-age":         "it takes a policy",
	"mtasts.mx-tls-fail":     "it takes a policy and a connection",

	"dane.missing":          "nobody signs a zone file",
	"dane.insecure":         "nobody signs a zone file",
	"dane.starttls-missing": "it takes a connection",
}

// TestExamples holds that the example of each rule gives what docs/rules.md says it gives, by the command line, and that
// it is an example of that rule: nothing fails in an area that it is not about.
func TestExamples(t *testing.T) {
	for _, c := range checks.All {
		why := noExample[string(c.Area)] + noExample[c.ID]
		if none := c.Example == (checks.Example{}); none != (why != "") {
			t.Errorf("%s: without an example %v, and the reason for having none is %q", c.ID, none, why)
		}
		if c.Example == (checks.Example{}) {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			want := c.Example.Finding
			if want == "" {
				want = c.Worst
			}
			r := auditExample(t, c.Example)
			if !slices.ContainsFunc(r.Findings, func(f exampleFinding) bool { return f.Rule == c.ID && f.Status == string(want) }) {
				t.Errorf("it does not give %s:\n%s", want, r.of(c.ID))
			}
			for _, f := range r.Findings {
				// What would make a domain look parked is somebody else's area, and breaks SPF or MX by itself.
				if f.Status == "fail" && f.Area != string(c.Area) && c.Area != "parked" && f.Area != "parked" {
					t.Errorf("it also gives %s %s: %s", f.Rule, f.Status, f.Message)
				}
			}
		})
	}
	for name := range noExample {
		if _, ok := checks.Find(name); !ok && !slices.Contains(checks.Areas, checks.Area(name)) {
			t.Errorf("%s is neither a rule nor an area", name)
		}
	}
}

// TestExampleBase holds that the domain which the examples differ from has nothing wrong with it.
func TestExampleBase(t *testing.T) {
	r := auditExample(t, checks.Example{})
	if r.Verdict != "pass" || r.Score == nil || *r.Score != 100 || r.Coverage != 1 {
		t.Errorf("verdict %s, score %v, coverage %v", r.Verdict, r.Score, r.Coverage)
	}
	for _, f := range r.Findings {
		if f.Status != "pass" && f.Status != "info" {
			t.Errorf("%s %s: %s", f.Rule, f.Status, f.Message)
		}
	}
}

type exampleReport struct {
	Verdict  string           `json:"verdict"`
	Score    *int             `json:"score"`
	Coverage float64          `json:"coverage"`
	Findings []exampleFinding `json:"findings"`
	Evidence struct {
		SPF struct {
			Lookups int `json:"lookups"`
			Void    int `json:"void_lookups"`
			Results []struct{ Identity, Result string }
		}
		DKIM struct {
			Keys []struct{ Selector, Status, Type string }
		}
	}
}

type exampleFinding struct{ Rule, Area, Status, Message string }

// of is all that a rule found.
func (r exampleReport) of(rule string) string {
	var b strings.Builder
	for _, f := range r.Findings {
		if f.Rule == rule {
			b.WriteString(f.Status + ": " + f.Message + "\n")
		}
	}
	if b.Len() == 0 {
		return "the rule does not apply\n"
	}
	return b.String()
}

// auditExample audits example.com, as testdata/example.com.zone has it, with the changes of an example.
func auditExample(t *testing.T, e checks.Example) exampleReport {
	t.Helper()
	file := filepath.Join(t.TempDir(), "zone")
	if err := os.WriteFile(file, []byte(exampleZone(t, e)), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"check", "--offline", "--zone", file, "--skip", "submission,tls", "--format", "json"}
	for _, public := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"} {
		args = append(args, "--assume-public", public)
	}
	args = append(args, exampleArgs(e)...)
	var out, errs bytes.Buffer
	code := Main(World{Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Version: "test",
		LookupEnv: func(string) (string, bool) { return "", false }, Terminal: func() Terminal { return Terminal{} }})
	var r exampleReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("mailaudit %s: exit %d: %v\n%s", strings.Join(args, " "), code, err, errs.String())
	}
	return r
}

// exampleZone is the zone of the healthy domain, with every RRset that the example gives or takes away replaced, and
// blocklists that list nothing.
func exampleZone(t *testing.T, e checks.Example) string {
	t.Helper()
	base, err := os.ReadFile("testdata/example.com.zone")
	if err != nil {
		t.Fatal(err)
	}
	file, err := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
	if err != nil {
		t.Fatal(err)
	}
	gone := map[[2]string]bool{}
	for line := range strings.Lines(e.Zone + "\n" + e.Remove) {
		if set, ok := rrset(line); ok {
			gone[set] = true
		}
	}
	var b strings.Builder
	for line := range strings.Lines(string(base) + demo.ListZones(defaults(file))) {
		if set, ok := rrset(line); !ok || !gone[set] {
			b.WriteString(line)
		}
	}
	return b.String() + e.Zone + "\n"
}

// rrset is the name and type of a line that says "NAME [TTL] [IN] TYPE", with or without data.
func rrset(line string) ([2]string, bool) {
	line, _, _ = strings.Cut(line, ";")
	f := strings.Fields(line)
	for i := 1; i < len(f); i++ {
		if f[i] != "IN" && strings.Trim(f[i], "0123456789") != "" {
			return [2]string{strings.ToLower(f[0]), strings.ToUpper(f[i])}, true
		}
	}
	return [2]string{}, false
}

// exampleArgs are the name and the flags of the healthy domain, but for what the example gives otherwise: a word in front
// of its flags is the name, and a flag that is empty is left out.
func exampleArgs(e checks.Example) []string {
	given := strings.Fields(e.Flags)
	args := []string{"example.com"}
	if len(given) > 0 && !strings.HasPrefix(given[0], "-") {
		args, given = given[:1:1], given[1:]
	}
	var own []string
	names := map[string]bool{}
	for _, f := range given {
		name, value, assigned := strings.Cut(f, "=")
		names[name] = true
		if !assigned || value != "" {
			own = append(own, f)
		}
	}
	for _, f := range [][2]string{{"--ip", "192.0.2.25"}, {"--helo", "mail.example.com"}, {"--selector", "s1"}} {
		if !names[f[0]] {
			args = append(args, f[0], f[1])
		}
	}
	return append(args, own...)
}
