package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
)

// deaf answers nothing about the questions named, or about none at all if they are nil.
type deaf struct {
	dnsx.Resolver
	lost []dnsx.Question
}

func (d deaf) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	if d.lost == nil || slices.Contains(d.lost, q) {
		return dnsx.Answer{Question: q, Status: dnsx.Failed, Cause: "203.0.113.53 did not answer"}
	}
	return d.Resolver.Lookup(ctx, q)
}

// wrecked is a domain with something wrong nearly everywhere, octets included that are no text.
var wrecked = []string{
	"-healthy.example. TXT",
	`healthy.example. TXT "v=spf1 \200\255foo ip4:192.0.2.1" "ip4:192.0.2.2 include:_spf.esp.example include:gone.esp.example ?all -all"`,
	`healthy.example. TXT "v=spf10 \233\000"`, "-_dmarc.healthy.example. TXT", `_dmarc.healthy.example. TXT "v=dmarc1; p=\254"`,
	"-s1._domainkey.healthy.example. TXT", `s1._domainkey.healthy.example. TXT "v=DKIM1; p=\200AAAA"`, "-s2._domainkey.healthy.example. TXT",
	"-mx2.healthy.example. A", "-25.2.0.192.in-addr.arpa. PTR",
	"25.2.0.192.in-addr.arpa. PTR out\\200.healthy.example.", "25.2.0.192.in-addr.arpa. PTR out.healthy.example.",
	"25.2.0.192.psbl.surriel.com. A 127.0.0.2", `25.2.0.192.psbl.surriel.com. TXT "spam \244 trap"`, "25.2.0.192.zen.spamhaus.org. A 127.0.0.4",
}

// worlds are those that reports of all shapes come from.
func worlds(t *testing.T) map[string]*facts.Facts {
	of := func(change func(*gather.Target), edits ...string) *facts.Facts {
		w := offline(t, edits...)
		if change != nil {
			change(&w.target)
		}
		return w.gathered()
	}
	silent := offline(t)
	silent.env.DNS = deaf{}
	return map[string]*facts.Facts{
		"healthy": served(t, nil).gathered(),
		"wrecked": of(nil, wrecked...),
		"silent":  silent.gathered(),
		"gone":    of(func(t *gather.Target) { t.Domain = "gone.example" }),
		"parked": of(func(t *gather.Target) { t.Streams[0].IPs, t.Streams[0].HELO, t.Streams[0].Selectors = nil, "", nil },
			"-healthy.example. MX", "healthy.example. MX 0 ."),
		"include alone": of(func(t *gather.Target) { t.Streams[0].IPs, t.Streams[0].HELO, t.Streams[0].Selectors = nil, "", nil },
			"-healthy.example. TXT", `healthy.example. TXT "v=spf1 include:_spf.esp.example exists:%{i}.esp.example -all"`),
		"two streams": of(func(t *gather.Target) {
			t.Streams = append(t.Streams, facts.Stream{Name: "news", MailFrom: "bounce@news.esp.example", DKIMDomain: "esp.example",
				IPs: []netip.Addr{netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("2001:db8::9")}, HELO: "[203.0.113.9]", Daily: 9000})
		}, "-_dmarc.healthy.example. TXT"),
	}
}

func judged(t *testing.T, f *facts.Facts) []byte {
	t.Helper()
	b, err := json.MarshalIndent(audit.Judge(f, options), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSavedFacts: facts that went to JSON and back are judged as they were. That is the second seam.
func TestSavedFacts(t *testing.T) {
	for name, f := range worlds(t) {
		t.Run(name, func(t *testing.T) {
			saved, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			var back facts.Facts
			if err := json.Unmarshal(saved, &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(judged(t, f)), string(judged(t, &back))); diff != "" {
				t.Errorf("report of saved facts (-fresh +saved):\n%s", diff)
			}
			again, err := json.Marshal(&back)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(saved, again) {
				t.Error("facts change on their second way through JSON")
			}
		})
	}
}

// TestJudgeIsPure: the same facts always give the same report, and stay as they are.
func TestJudgeIsPure(t *testing.T) {
	for name, f := range worlds(t) {
		t.Run(name, func(t *testing.T) {
			before, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			first := judged(t, f)
			for range 5 {
				if again := judged(t, f); !bytes.Equal(first, again) {
					t.Fatalf("reports differ:\n%s", cmp.Diff(string(first), string(again)))
				}
			}
			after, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(before, after) {
				t.Error("judging changed the facts")
			}
		})
	}
}

// nulls are the places of a JSON document where null stands.
func nulls(v any, at string) []string {
	var l []string
	switch x := v.(type) {
	case nil:
		l = append(l, at)
	case map[string]any:
		for k, e := range x {
			l = append(l, nulls(e, at+"."+k)...)
		}
	case []any:
		for i, e := range x {
			l = append(l, nulls(e, fmt.Sprintf("%s[%d]", at, i))...)
		}
	}
	return l
}

// TestListsAreNeverNull: only numbers and words that could not be found out are.
func TestListsAreNeverNull(t *testing.T) {
	may := regexp.MustCompile(`^\.(score|score_low|grade|evidence\.spf\.valid|fixes\[\d+\]\.score_after)$`)
	for name, f := range worlds(t) {
		t.Run(name, func(t *testing.T) {
			var report any
			if err := json.Unmarshal(judged(t, f), &report); err != nil {
				t.Fatal(err)
			}
			for _, at := range nulls(report, "") {
				if !may.MatchString(at) {
					t.Errorf("null at %s", at)
				}
			}
		})
	}
}

// TestFindings: whatever is wrong says what to do and what receivers answer; whatever is not says neither.
func TestFindings(t *testing.T) {
	for name, f := range worlds(t) {
		t.Run(name, func(t *testing.T) {
			for _, x := range audit.Judge(f, options).Findings {
				c, ok := checks.Find(x.Rule)
				if !ok || x.Area != string(c.Area) || x.Impact != string(c.Impact) || !slices.Equal(x.References, c.References) || x.Subject == "" || x.Message == "" {
					t.Errorf("finding %+v", x)
				}
				wrong := x.Status == "fail" || x.Status == "warn" || x.Status == "info"
				if (x.Fix != "") != wrong || len(x.Replies) > 0 != (wrong && len(c.Replies) > 0) {
					t.Errorf("%s %s: fix %q, %d replies", x.Rule, x.Status, x.Fix, len(x.Replies))
				}
				if x.Points > 0 && x.Status != "fail" && x.Status != "warn" || x.Deciding && x.Status != "unknown" {
					t.Errorf("%s %s: %v points, deciding %v", x.Rule, x.Status, x.Points, x.Deciding)
				}
			}
		})
	}
}

// TestEveryFaultHasAFix, and what a fix wins is never less than what there is.
func TestEveryFaultHasAFix(t *testing.T) {
	for name, f := range worlds(t) {
		t.Run(name, func(t *testing.T) {
			implied := map[string]bool{}
			for _, x := range checks.Run(f, everything).Findings {
				if x.Implied {
					implied[x.Check.ID+" "+x.Subject] = true
				}
			}
			r := audit.Judge(f, options)
			for _, x := range r.Findings {
				if x.Status != "fail" && x.Status != "warn" || implied[x.Rule+" "+x.Subject] {
					continue
				}
				if !slices.ContainsFunc(r.Fixes, func(f audit.Fix) bool { return slices.Contains(f.Rules, x.Rule) }) {
					t.Errorf("no fix for %s %s: %s", x.Rule, x.Subject, x.Message)
				}
			}
			best := 100
			for _, f := range r.Fixes {
				switch {
				case f.ScoreAfter == nil:
					if r.Score != nil {
						t.Errorf("%s: no score_after", f.ID)
					}
				case *f.ScoreAfter < *r.Score || *f.ScoreAfter > best:
					t.Errorf("%s: score_after %d; the score is %d, and the fix before it gives %d", f.ID, *f.ScoreAfter, *r.Score, best)
				default:
					best = *f.ScoreAfter
				}
			}
		})
	}
}

// TestALostAnswerNeverRaisesLow: score_low holds for whatever a deciding lookup would have said, in worlds where it says
// something bad, too.
func TestALostAnswerNeverRaisesLow(t *testing.T) {
	deciding := []dnsx.Question{dnsx.Q(domain, dnsx.TXT), dnsx.Q("_dmarc."+domain, dnsx.TXT), dnsx.Q("s1._domainkey."+domain, dnsx.TXT),
		dnsx.Q("s2._domainkey."+domain, dnsx.TXT), dnsx.Q("25.2.0.192.in-addr.arpa", dnsx.PTR)}
	for name, edits := range map[string][]string{
		"healthy":         nil,
		"wrecked":         wrecked,
		"unauthenticated": {"-healthy.example. TXT", `healthy.example. TXT "v=spf1 -all"`, "-s1._domainkey.healthy.example. TXT", "-s2._domainkey.healthy.example. TXT"},
	} {
		for _, q := range deciding {
			t.Run(name+" "+q.Name, func(t *testing.T) {
				w := offline(t, edits...)
				w.target.Profile = facts.Sender
				before := w.audited()
				w.env.DNS = deaf{w.env.DNS, []dnsx.Question{q}}
				after := w.audited()
				if *after.ScoreLow > *before.ScoreLow {
					t.Errorf("score_low rises from %d to %d", *before.ScoreLow, *after.ScoreLow)
				}
				if after.Coverage >= before.Coverage {
					t.Errorf("coverage %v, and was %v", after.Coverage, before.Coverage)
				}
				for _, f := range findings(after, "fail", "warn") {
					if rule, _, _ := strings.Cut(f, " "); !slices.ContainsFunc(before.Findings, func(b audit.Finding) bool {
						return b.Rule == rule && (b.Status == "fail" || b.Status == "warn")
					}) {
						t.Errorf("a lookup that failed is held against the domain: %s", f)
					}
				}
			})
		}
	}
}

// TestLostQuestionsDecide: the verdict is unknown for exactly the questions that decide.
func TestLostQuestionsDecide(t *testing.T) {
	for _, tt := range []struct {
		q       dnsx.Question
		verdict string
	}{
		{dnsx.Q(domain, dnsx.TXT), "unknown"},
		{dnsx.Q("_dmarc."+domain, dnsx.TXT), "unknown"},
		{dnsx.Q("s1._domainkey."+domain, dnsx.TXT), "unknown"},
		{dnsx.Q("25.2.0.192.in-addr.arpa", dnsx.PTR), "unknown"},
		{dnsx.Q(domain, dnsx.MX), "pass"},
		{dnsx.Q("mx1."+domain, dnsx.A), "pass"},
		{dnsx.Q("_domainkey."+domain, dnsx.TXT), "pass"},
		{dnsx.Q("25.2.0.192.zen.spamhaus.org", dnsx.A), "pass"},
	} {
		t.Run(tt.q.Name+" "+tt.q.Type.String(), func(t *testing.T) {
			w := offline(t)
			w.env.DNS = deaf{w.env.DNS, []dnsx.Question{tt.q}}
			if r := w.audited(); r.Verdict != tt.verdict {
				t.Errorf("verdict %s, want %s: %q", r.Verdict, tt.verdict, findings(r, "fail", "warn", "unknown"))
			}
		})
	}
}

// TestTimeout: an audit ends with its time limit, and says so.
func TestTimeout(t *testing.T) {
	w := offline(t)
	w.env.DNS = stuck{}
	o := options
	o.Timeout = time.Second
	r := audit.Run(context.Background(), w.env, w.target, o)
	if r.Score != nil || r.Verdict != "unknown" {
		t.Errorf("score %s, verdict %s", number(r.Score), r.Verdict)
	}
	// A question that could not be begun in time says so in fewer words, and which those are depends on the machine.
	l := findings(r, "unknown")
	if !slices.ContainsFunc(l, func(s string) bool { return strings.Contains(s, "time limit of 1s") }) {
		t.Errorf("unknown: %q", l)
	}
	for _, s := range l {
		if !strings.Contains(s, "time limit") {
			t.Errorf("not by the limit: %s", s)
		}
	}
}

// stuck answers when it must.
type stuck struct{}

func (stuck) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	<-ctx.Done()
	return dnsx.Answer{Question: q, Status: dnsx.Failed, Cause: context.Cause(ctx).Error()}
}

// TestAreas: what is not wanted is not judged, not scored and not said to be missing.
func TestAreas(t *testing.T) {
	w := offline(t, "-_dmarc.healthy.example. TXT", "-s1._domainkey.healthy.example. TXT", "-s2._domainkey.healthy.example. TXT")
	w.target.Streams[0].IPs = []netip.Addr{netip.MustParseAddr("192.0.2.99")}
	for _, tt := range []struct {
		only           []checks.Area
		score, verdict string
	}{
		{[]checks.Area{"dmarc"}, "50", "warn"},
		{[]checks.Area{"mx", "domain"}, "100", "pass"},
		{[]checks.Area{"spf"}, "50", "fail"},         // that nothing authenticates cannot be said without DKIM
		{[]checks.Area{"spf", "dkim"}, "29", "fail"}, // and now it can
		{[]checks.Area{"tls"}, "null", "pass"},
	} {
		t.Run(fmt.Sprint(tt.only), func(t *testing.T) {
			o := options
			o.Wanted = func(a checks.Area) bool { return slices.Contains(tt.only, a) }
			r := audit.Run(context.Background(), w.env, w.target, o)
			if number(r.Score) != tt.score || r.Verdict != tt.verdict {
				t.Errorf("score %s, verdict %s, want %s, %s: %q", number(r.Score), r.Verdict, tt.score, tt.verdict, findings(r, "fail", "warn"))
			}
			for _, f := range r.Findings {
				if !slices.Contains(tt.only, checks.Area(f.Area)) {
					t.Errorf("finding %s", f.Rule)
				}
			}
		})
	}
}

// TestOrderOfFixes: what wins most comes first, also where a cap hides what each wins.
func TestOrderOfFixes(t *testing.T) {
	f := &facts.Facts{Domain: "shop.example", Profile: facts.Profile{Name: facts.Sender}, Exists: facts.Know(true),
		MX:    facts.Know(facts.MX{Status: facts.MXFound}),
		HELOs: []facts.HELO{{Name: "mail", Stream: "s"}},
		DKIM: []facts.DKIM{{Domain: "shop.example", Named: true, Exists: true, Subtree: facts.Know(facts.SubtreeExists),
			Keys: []facts.Key{{Selector: "s1", Name: "s1._domainkey.shop.example", Origin: "flag", Status: facts.KeyValid}}}},
		DMARC:    facts.Know(facts.DMARC{Status: facts.DMARCNone, Walk: []facts.DMARCStep{{Name: "_dmarc.shop.example", Status: "none"}}}),
		Sources:  []facts.Source{{IP: netip.MustParseAddr("11.22.33.44"), Stream: "s", Declared: true, PTR: facts.Know(facts.PTR{Confirm: "fail"})}},
		Listings: []facts.Listing{{Zone: "zen.spamhaus.org", Target: "11.22.33.44", Kind: "ip", Declared: true, Status: facts.Listed, Class: "major", Codes: []string{"127.0.0.2"}}},
		Lists:    []facts.List{{Zone: "zen.spamhaus.org", Kind: "ip", Major: true, State: facts.ListUsable}}}
	r := audit.Judge(f, audit.Options{Wanted: func(checks.Area) bool { return true }})
	var got []string
	for _, x := range r.Fixes {
		got = append(got, x.Rules[0])
	}
	// The cap of the listing, 39, hides all but its own fix; the rest follows by points: 15, 10, 7.5.
	want := []string{"dnsbl.listed-major", "ptr.missing", "dmarc.missing", "helo.not-fqdn"}
	if !slices.Equal(got, want) {
		t.Errorf("fixes for %v, want %v", got, want)
	}
}
