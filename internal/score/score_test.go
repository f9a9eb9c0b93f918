package score

import (
	"fmt"
	"net/netip"
	"testing"

	"mailaudit/internal/checks"
)

// rule is a made-up rule that can fail.
func rule(area checks.Area, id string) *checks.Check {
	return &checks.Check{ID: id, Area: area, Worst: checks.Fail}
}

func finding(area checks.Area, id string, s checks.Status) checks.Finding {
	return checks.Finding{Check: rule(area, id), Status: s}
}

func failed(area checks.Area, id string) checks.Finding { return finding(area, id, checks.Fail) }
func warned(area checks.Area, id string) checks.Finding { return finding(area, id, checks.Warn) }

// refusedBy is a failure for which receivers refuse.
func refusedBy(f checks.Finding, receivers ...string) checks.Finding {
	f.Refused = receivers
	return f
}

func implied(f checks.Finding) checks.Finding {
	f.Implied = true
	return f
}

// at is a finding about one sending address.
func at(address string, f checks.Finding) checks.Finding {
	f.Source = netip.MustParseAddr(address)
	return f
}

// open is a deciding question without an answer.
func open(area checks.Area, id string) checks.Finding {
	f := finding(area, id, checks.Unknown)
	f.Deciding = true
	return f
}

// of is a result in which the areas named apply and all of them could be decided but for what is unknown.
func of(areas []checks.Area, l ...checks.Finding) checks.Result {
	r := checks.Result{Findings: l, Shares: map[checks.Area]checks.Share{}}
	for _, a := range areas {
		r.Shares[a] = checks.Share{Decided: 100, Total: 100}
	}
	for _, f := range l {
		if s := r.Shares[f.Check.Area]; f.Status == checks.Unknown {
			r.Shares[f.Check.Area] = checks.Share{Decided: s.Decided - 1, Total: s.Total}
		}
	}
	return r
}

// weighted are all areas that weigh something.
var weighted = []checks.Area{"domain", "mx", "spf", "dkim", "dmarc", "ptr", "dnsbl", "submission"}

func value(p *int) string {
	if p == nil {
		return "null"
	}
	return fmt.Sprint(*p)
}

func TestPoints(t *testing.T) {
	tests := []struct {
		name string
		f    checks.Finding
		want float64
	}{
		{"a fail costs half", failed("spf", "spf.x"), 10},
		{"a fail that gets mail refused costs all", refusedBy(failed("spf", "spf.x"), "gmail"), 20},
		{"by each of the big four: yahoo", refusedBy(failed("spf", "spf.x"), "gmx", "yahoo"), 20},
		{"by each of the big four: outlook", refusedBy(failed("spf", "spf.x"), "outlook"), 20},
		{"by each of the big four: microsoft365", refusedBy(failed("spf", "spf.x"), "microsoft365"), 20},
		{"a smaller receiver does not cost all", refusedBy(failed("spf", "spf.x"), "gmx", "postfix-strict"), 10},
		{"a warn costs 15 %", warned("spf", "spf.x"), 3},
		{"no DMARC as a warn costs half", warned("dmarc", "dmarc.missing"), 10},
		{"another DMARC warn costs 15 %", warned("dmarc", "dmarc.rua-missing"), 3},
		{"no DMARC as a fail that gets bulk refused costs all", refusedBy(failed("dmarc", "dmarc.missing"), "outlook"), 20},
		{"an info costs nothing", finding("spf", "spf.x", checks.Info), 0},
		{"a pass costs nothing", finding("spf", "spf.x", checks.Pass), 0},
		{"an unknown costs nothing", open("spf", "spf.x"), 0},
		{"an implied fail costs nothing", implied(refusedBy(failed("spf", "spf.x"), "gmail")), 0},
		{"an implied warn costs nothing", implied(warned("spf", "spf.x")), 0},
		{"dkim weighs 20", failed("dkim", "dkim.x"), 10},
		{"dmarc weighs 20", failed("dmarc", "dmarc.x"), 10},
		{"ptr weighs 15", failed("ptr", "ptr.x"), 7.5},
		{"dnsbl weighs 15", failed("dnsbl", "dnsbl.x"), 7.5},
		{"domain weighs 5", failed("domain", "domain.x"), 2.5},
		{"mx weighs 5", failed("mx", "mx.x"), 2.5},
		{"submission weighs 5", failed("submission", "submission.x"), 2.5},
		{"any other area weighs nothing", failed("tls", "tls.x"), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := of(weighted, tt.f)
			Of(r, checks.Auth{})
			if got := r.Findings[0].Points; got != tt.want {
				t.Errorf("%v points, want %v", got, tt.want)
			}
		})
	}
}

// TestLoss looks at few areas at a time, so that a loss shows beneath the caps.
func TestLoss(t *testing.T) {
	const one, two = "192.0.2.1", "192.0.2.2"
	spf := []checks.Area{"spf"}
	tests := []struct {
		name  string
		areas []checks.Area
		l     []checks.Finding
		want  string
	}{
		{"two rules add up", spf, []checks.Finding{warned("spf", "spf.a"), warned("spf", "spf.b")}, "70"},
		{"one rule counts once", spf, []checks.Finding{warned("spf", "spf.a"), warned("spf", "spf.a")}, "85"},
		{"at its worst", spf, []checks.Finding{warned("spf", "spf.a"), failed("spf", "spf.a"), warned("spf", "spf.a")}, "50"},
		{"an area loses no more than its weight", []checks.Area{"spf", "dkim"},
			[]checks.Finding{failed("spf", "spf.a"), failed("spf", "spf.b"), failed("spf", "spf.c")}, "50"},
		{"the worst source counts", []checks.Area{"ptr"},
			[]checks.Finding{at(one, warned("ptr", "ptr.a")), at(two, warned("ptr", "ptr.a")), at(two, warned("ptr", "ptr.b"))}, "70"},
		{"two sources do not add up", []checks.Area{"ptr"},
			[]checks.Finding{at(one, warned("ptr", "ptr.a")), at(two, warned("ptr", "ptr.b"))}, "85"},
		{"what is about no source adds to the worst", []checks.Area{"ptr"},
			[]checks.Finding{at(one, warned("ptr", "ptr.a")), warned("ptr", "helo.a")}, "70"},
		{"one rule counts once, about a source or not", []checks.Area{"dnsbl"},
			[]checks.Finding{at(one, warned("dnsbl", "dnsbl.a")), warned("dnsbl", "dnsbl.a")}, "85"},
		{"domain and mx share their weight", []checks.Area{"domain", "mx"},
			[]checks.Finding{failed("domain", "domain.a"), failed("mx", "mx.a")}, "0"},
		{"mx has all of it where domain does not apply", []checks.Area{"mx"}, []checks.Finding{failed("mx", "mx.a")}, "50"},
		{"areas that do not apply leave the total", []checks.Area{"spf", "ptr"}, []checks.Finding{refusedBy(failed("ptr", "ptr.a"), "gmail")}, "57"},
		{"areas without weight do not count", []checks.Area{"spf", "tls"}, []checks.Finding{failed("spf", "spf.a")}, "50"},
		{"rounded down", []checks.Area{"spf", "ptr"}, []checks.Finding{warned("ptr", "ptr.a")}, "93"}, // 32.75 of 35
		{"and no further than need be", []checks.Area{"spf", "mx"}, []checks.Finding{warned("spf", "spf.a"), warned("spf", "spf.b"), warned("spf", "spf.c"),
			warned("mx", "mx.a"), warned("mx", "mx.b")}, "58"}, // 14.5 of 25
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := value(Of(of(tt.areas, tt.l...), checks.Auth{}).Score); got != tt.want {
				t.Errorf("score %s, want %s", got, tt.want)
			}
		})
	}
}

func TestCaps(t *testing.T) {
	capped := func(f checks.Finding, c checks.Cap) checks.Finding {
		f.Cap = c
		return f
	}
	tests := []struct {
		name string
		f    checks.Finding
		auth checks.Auth
		want string
	}{
		{"any warning", warned("tls", "tls.x"), checks.Auth{}, "96"},
		{"an implied warning", implied(warned("spf", "spf.x")), checks.Auth{}, "96"},
		{"an info caps nothing", finding("spf", "spf.x", checks.Info), checks.Auth{}, "100"},
		{"any fail", failed("tls", "tls.x"), checks.Auth{}, "69"},
		{"an implied fail", implied(failed("spf", "spf.x")), checks.Auth{}, "69"},
		{"refused by Gmail", refusedBy(failed("tls", "tls.x"), "gmail"), checks.Auth{}, "59"},
		{"refused by Yahoo", refusedBy(failed("tls", "tls.x"), "yahoo"), checks.Auth{}, "59"},
		{"refused by Outlook.com", refusedBy(failed("tls", "tls.x"), "outlook"), checks.Auth{}, "59"},
		{"refused by Microsoft 365", refusedBy(failed("tls", "tls.x"), "microsoft365"), checks.Auth{}, "59"},
		{"refused by others", refusedBy(failed("tls", "tls.x"), "icloud", "gmx"), checks.Auth{}, "69"},
		{"listed on ZEN or DBL", capped(failed("dnsbl", "dnsbl.x"), checks.CapListed), checks.Auth{}, "39"},
		{"a warning has no cap but its own", capped(warned("dnsbl", "dnsbl.x"), checks.CapListed), checks.Auth{}, "96"},
		{"nothing authenticates", finding("spf", "spf.x", checks.Pass), checks.Auth{None: true}, "29"},
		{"perhaps nothing authenticates", finding("spf", "spf.x", checks.Pass), checks.Auth{MaybeNone: true}, "100"},
		{"dead", capped(failed("domain", "domain.x"), checks.CapDead), checks.Auth{None: true}, "10"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := value(Of(of(weighted, tt.f), tt.auth).Score); got != tt.want {
				t.Errorf("score %s, want %s", got, tt.want)
			}
		})
	}
	t.Run("a cap is not a floor", func(t *testing.T) {
		r := of([]checks.Area{"spf"}, refusedBy(failed("spf", "spf.x"), "gmail"))
		if got := value(Of(r, checks.Auth{}).Score); got != "0" {
			t.Errorf("score %s, want 0", got)
		}
	})
}

func TestGrade(t *testing.T) {
	tests := []struct {
		score    int
		coverage float64
		want     string
	}{
		{100, 1, "A+"}, {97, 1, "A+"}, {100, 0.999, "A"}, {96, 1, "A"}, {90, 1, "A"}, {89, 1, "B"}, {80, 0.5, "B"},
		{79, 1, "C"}, {70, 1, "C"}, {69, 1, "D"}, {60, 1, "D"}, {59, 1, "F"}, {0, 1, "F"},
	}
	for _, tt := range tests {
		if got := grade(tt.score, tt.coverage); got != tt.want {
			t.Errorf("grade(%d, %v) = %s, want %s", tt.score, tt.coverage, got, tt.want)
		}
	}
}

// TestLow is score_low: every unknown deciding question counted as all that its answer could cost.
func TestLow(t *testing.T) {
	worst := func(f checks.Finding, w checks.Status, c checks.Cap, could ...string) checks.Finding {
		f.Check.Worst, f.Check.Cap, f.Could = w, c, could
		return f
	}
	unknown := func(area checks.Area) checks.Finding { return finding(area, string(area)+".x", checks.Unknown) }
	tests := []struct {
		name       string
		l          []checks.Finding
		auth       checks.Auth
		score, low string
		grade      string
		verdict    Verdict
	}{
		{"nothing unknown", nil, checks.Auth{}, "100", "100", "A+", Pass},
		{"an unknown that decides nothing lowers coverage alone", []checks.Finding{unknown("dnsbl")}, checks.Auth{}, "100", "100", "A", Pass},
		{"one that could fail", []checks.Finding{open("dmarc", "dmarc.x")}, checks.Auth{}, "100", "69", "", Unknown},
		{"one that could get mail refused", []checks.Finding{worst(open("ptr", "ptr.x"), checks.Fail, "", "icloud", "gmail")}, checks.Auth{}, "100", "59", "", Unknown},
		{"one that could be listed", []checks.Finding{worst(open("dnsbl", "dnsbl.x"), checks.Fail, checks.CapListed)}, checks.Auth{}, "100", "39", "", Unknown},
		{"one that could be dead", []checks.Finding{worst(open("domain", "domain.x"), checks.Fail, checks.CapDead)}, checks.Auth{}, "100", "10", "", Unknown},
		{"one that could warn at most", []checks.Finding{worst(open("mx", "mx.x"), checks.Warn, "")}, checks.Auth{}, "100", "95", "A", Unknown},
		{"each area is lost whole, and once", []checks.Finding{open("spf", "spf.x"), open("spf", "spf.y"), open("dmarc", "dmarc.x")}, checks.Auth{}, "100", "60", "", Unknown},
		{"beside a fail in the same area", []checks.Finding{failed("spf", "spf.x"), open("spf", "spf.y")}, checks.Auth{}, "69", "69", "D", Fail},
		{"beside a fail in other areas", []checks.Finding{refusedBy(failed("spf", "spf.x"), "gmail"), open("dkim", "dkim.x"), open("dmarc", "dmarc.x")},
			checks.Auth{}, "59", "40", "F", Fail},
		{"perhaps nothing authenticates", []checks.Finding{open("dkim", "dkim.x")}, checks.Auth{MaybeNone: true}, "100", "29", "", Unknown},
		{"nothing authenticates", []checks.Finding{failed("spf", "spf.x")}, checks.Auth{None: true, MaybeNone: true}, "29", "29", "F", Fail},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Of(of(weighted, tt.l...), tt.auth)
			if value(s.Score) != tt.score || value(s.Low) != tt.low || s.Grade != tt.grade || s.Verdict != tt.verdict {
				t.Errorf("score %s, low %s, grade %q, verdict %s, want %s, %s, %q, %s",
					value(s.Score), value(s.Low), s.Grade, s.Verdict, tt.score, tt.low, tt.grade, tt.verdict)
			}
		})
	}
}

func TestCoverage(t *testing.T) {
	tests := []struct {
		name   string
		shares map[checks.Area]checks.Share
		want   float64
		null   bool
	}{
		{"all decided", map[checks.Area]checks.Share{"spf": {Decided: 7, Total: 7}, "ptr": {Decided: 3, Total: 3}}, 1, false},
		{"by weight", map[checks.Area]checks.Share{"spf": {Decided: 1, Total: 2}, "ptr": {Decided: 3, Total: 3}}, 0.714, false}, // 25 of 35, rounded down
		{"domain and mx are one", map[checks.Area]checks.Share{"domain": {Decided: 1, Total: 1}, "mx": {Total: 3}}, 0.25, false},
		{"exact where it can be", map[checks.Area]checks.Share{"ptr": {Decided: 3, Total: 25}}, 0.12, false},
		{"1 only where all was decided", map[checks.Area]checks.Share{"spf": {Decided: 99999, Total: 100000}}, 0.999, false},
		{"an area without weight says nothing", map[checks.Area]checks.Share{"spf": {Decided: 1, Total: 1}, "tls": {Total: 5}}, 1, false},
		{"nothing was decided", map[checks.Area]checks.Share{"spf": {Total: 4}, "dkim": {Total: 2}, "tls": {Decided: 1, Total: 1}}, 0, true},
		{"no area of weight applies", map[checks.Area]checks.Share{"tls": {Decided: 1, Total: 1}}, 0, true},
		{"nothing applies", nil, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Of(checks.Result{Shares: tt.shares}, checks.Auth{})
			if s.Coverage != tt.want {
				t.Errorf("coverage %v, want %v", s.Coverage, tt.want)
			}
			if null := s.Score == nil && s.Low == nil && s.Grade == ""; null != tt.null {
				t.Errorf("score %s, low %s, grade %q", value(s.Score), value(s.Low), s.Grade)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	info, pass := finding("spf", "spf.x", checks.Info), finding("spf", "spf.x", checks.Pass)
	tests := []struct {
		name string
		l    []checks.Finding
		want Verdict
	}{
		{"nothing", nil, Pass},
		{"info and pass", []checks.Finding{info, pass}, Pass},
		{"a warning", []checks.Finding{pass, warned("spf", "spf.x")}, Warn},
		{"an unknown that decides nothing", []checks.Finding{finding("dnsbl", "dnsbl.x", checks.Unknown)}, Pass},
		{"it leaves a warning", []checks.Finding{warned("spf", "spf.x"), finding("dnsbl", "dnsbl.x", checks.Unknown)}, Warn},
		{"an unknown that decides", []checks.Finding{open("spf", "spf.x"), warned("spf", "spf.y")}, Unknown},
		{"whatever comes first", []checks.Finding{warned("spf", "spf.y"), open("spf", "spf.x")}, Unknown},
		{"a fail", []checks.Finding{open("spf", "spf.x"), failed("spf", "spf.y"), warned("spf", "spf.z")}, Fail},
		{"an implied fail", []checks.Finding{implied(failed("spf", "spf.y"))}, Fail},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := VerdictOf(tt.l); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}
