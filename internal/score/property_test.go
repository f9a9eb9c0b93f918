package score

import (
	"flag"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mailaudit/internal/checks"
)

// The same inputs in every run, so that one that fails does so again; -rapid.seed=0 takes new ones.
func init() { _ = flag.Set("rapid.seed", "2026") }

// random is what rules could have found.
type random struct {
	result checks.Result
	auth   checks.Auth
}

var (
	ofAll   = rapid.SampledFrom(checks.All)
	sources = rapid.SampledFrom([]netip.Addr{{}, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::1")})
	yesNo   = rapid.Bool()
)

// defect is a violation of a rule, a fail or a warning as the rule allows.
func defect(t *rapid.T) checks.Finding {
	c := rapid.SampledFrom(slices.DeleteFunc(slices.Clone(checks.All), func(c *checks.Check) bool {
		return c.Worst != checks.Fail && c.Worst != checks.Warn
	})).Draw(t, "rule")
	f := checks.Finding{Check: c, Status: checks.Warn, Source: sources.Draw(t, "source"), Implied: yesNo.Draw(t, "implied")}
	if c.Worst == checks.Fail && yesNo.Draw(t, "fail") {
		f.Status, f.Refused = checks.Fail, refusals(c)
		if yesNo.Draw(t, "cap") {
			f.Cap = c.Cap
		}
	}
	return f
}

// refusals are those of a bulk sender: nobody is refused by more.
func refusals(c *checks.Check) []string {
	var l []string
	for _, r := range c.Refused {
		l = append(l, r.Receiver)
	}
	return l
}

// question is an unknown of a rule.
func question(c *checks.Check, source netip.Addr, deciding bool) checks.Finding {
	return checks.Finding{Check: c, Status: checks.Unknown, Source: source, Deciding: deciding, Could: refusals(c)}
}

func draw(t *rapid.T) random {
	r := random{result: checks.Result{Shares: map[checks.Area]checks.Share{}}}
	for range rapid.IntRange(0, 6).Draw(t, "defects") {
		r.result.Findings = append(r.result.Findings, defect(t))
	}
	for range rapid.IntRange(0, 3).Draw(t, "unknowns") {
		r.result.Findings = append(r.result.Findings, question(ofAll.Draw(t, "rule"), sources.Draw(t, "source"), yesNo.Draw(t, "deciding")))
	}
	for range rapid.IntRange(0, 3).Draw(t, "others") {
		r.result.Findings = append(r.result.Findings, checks.Finding{Check: ofAll.Draw(t, "rule"), Source: sources.Draw(t, "source"),
			Status: rapid.SampledFrom([]checks.Status{checks.Pass, checks.Info}).Draw(t, "status")})
	}
	for _, f := range r.result.Findings {
		s := r.result.Shares[f.Check.Area]
		s.Total++
		if f.Status != checks.Unknown {
			s.Decided++
		}
		r.result.Shares[f.Check.Area] = s
	}
	for _, a := range checks.Areas {
		more := rapid.IntRange(0, 3).Draw(t, "more")
		s := r.result.Shares[a]
		r.result.Shares[a] = checks.Share{Decided: s.Decided + more, Total: s.Total + more}
	}
	r.auth.None = yesNo.Draw(t, "none")
	r.auth.MaybeNone = r.auth.None || yesNo.Draw(t, "maybe none")
	return r
}

// with are the same areas with other findings.
func (r random) with(l []checks.Finding) random {
	return random{checks.Result{Findings: l, Shares: r.result.Shares}, r.auth}
}

func (r random) score() Score { return Of(r.result, r.auth) }

// above reports that a is above b; what is not scored is neither above nor below.
func above(a, b *int) bool { return a != nil && b != nil && *a > *b }

func TestScoreBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw(t).score()
		if (s.Score == nil) != (s.Low == nil) {
			t.Fatalf("score %s, low %s", value(s.Score), value(s.Low))
		}
		if s.Coverage < 0 || s.Coverage > 1 {
			t.Fatalf("coverage %v", s.Coverage)
		}
		if s.Score == nil {
			return
		}
		if *s.Low < 0 || *s.Low > *s.Score || *s.Score > 100 {
			t.Fatalf("score %d, low %d", *s.Score, *s.Low)
		}
	})
}

func TestADefectNeverRaises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := draw(t)
		d := defect(t)
		if r.result.Shares[d.Check.Area].Total == 0 {
			return // it would bring in an area that did not apply
		}
		before, after := r.score(), r.with(append(slices.Clone(r.result.Findings), d)).score()
		if above(after.Score, before.Score) || above(after.Low, before.Low) {
			t.Fatalf("%s %s: score %s to %s, low %s to %s", d.Check.ID, d.Status,
				value(before.Score), value(after.Score), value(before.Low), value(after.Low))
		}
	})
}

func TestARepairNeverLowers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := draw(t)
		var broken []int
		for i, f := range r.result.Findings {
			if f.Status == checks.Fail || f.Status == checks.Warn {
				broken = append(broken, i)
			}
		}
		if len(broken) == 0 {
			return
		}
		i := rapid.SampledFrom(broken).Draw(t, "repaired")
		gone := slices.Delete(slices.Clone(r.result.Findings), i, i+1)
		passes := slices.Clone(r.result.Findings)
		passes[i] = checks.Finding{Check: passes[i].Check, Status: checks.Pass}
		before := r.score()
		for how, l := range map[string][]checks.Finding{"gone": gone, "passes": passes} {
			after := r.with(l).score()
			if above(before.Score, after.Score) || above(before.Low, after.Low) {
				t.Fatalf("%s %s: score %s to %s, low %s to %s", r.result.Findings[i].Check.ID, how,
					value(before.Score), value(after.Score), value(before.Low), value(after.Low))
			}
		}
	})
}

// TestALostAnswerNeverRaisesLow is the promise behind score_low: whatever the answer was, not knowing it counts no better.
func TestALostAnswerNeverRaisesLow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := draw(t)
		if len(r.result.Findings) == 0 {
			return
		}
		i := rapid.IntRange(0, len(r.result.Findings)-1).Draw(t, "lost")
		f := r.result.Findings[i]
		if f.Status == checks.Unknown {
			return
		}
		l := slices.Clone(r.result.Findings)
		l[i] = question(f.Check, f.Source, true)
		after := r.with(l)
		after.result.Shares = map[checks.Area]checks.Share{}
		for a, s := range r.result.Shares {
			if a == f.Check.Area {
				s.Decided--
			}
			after.result.Shares[a] = s
		}
		was, is := r.score(), after.score()
		if above(is.Low, was.Low) {
			t.Fatalf("%s %s, lost: low %s to %s", f.Check.ID, f.Status, value(was.Low), value(is.Low))
		}
		if is.Coverage > was.Coverage {
			t.Fatalf("coverage %v to %v", was.Coverage, is.Coverage)
		}
	})
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := draw(t)
		was := r.score()
		is := r.with(rapid.Permutation(r.result.Findings).Draw(t, "order")).score()
		if value(was.Score) != value(is.Score) || value(was.Low) != value(is.Low) || was.Grade != is.Grade || was.Verdict != is.Verdict || was.Coverage != is.Coverage {
			t.Fatalf("%s, %s, %q, %s to %s, %s, %q, %s", value(was.Score), value(was.Low), was.Grade, was.Verdict,
				value(is.Score), value(is.Low), is.Grade, is.Verdict)
		}
	})
}

// TestOnceIsEnough: the same finding twice is one.
func TestOnceIsEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := draw(t)
		if len(r.result.Findings) == 0 {
			return
		}
		again := rapid.SampledFrom(r.result.Findings).Draw(t, "again")
		was, is := r.score(), r.with(append(slices.Clone(r.result.Findings), again)).score()
		if value(was.Score) != value(is.Score) || value(was.Low) != value(is.Low) {
			t.Fatalf("%s %s twice: score %s to %s, low %s to %s", again.Check.ID, again.Status,
				value(was.Score), value(is.Score), value(was.Low), value(is.Low))
		}
	})
}
