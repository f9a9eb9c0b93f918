// Package audit is the straight line of one audit: gather the facts, judge them, score the findings, propose the fixes,
// make the report. Judge is the pure half: saved facts judged again give the same report.
package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
	"mailaudit/internal/fix"
	"mailaudit/internal/gather"
	"mailaudit/internal/score"
)

// Options say what is judged.
type Options struct {
	Version string
	Wanted  func(checks.Area) bool // the areas of --only and --skip
	Timeout time.Duration          // bound on the whole audit
}

// Run audits one domain.
func Run(ctx context.Context, env gather.Env, t gather.Target, o Options) *Report {
	ctx, cancel := context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("the audit's time limit of %s", o.Timeout))
	defer cancel()
	return Judge(gather.Gather(ctx, env, t, checks.Needs(o.Wanted)), o)
}

// Judge makes the report from facts.
func Judge(f *facts.Facts, o Options) *Report {
	result := checks.Run(f, o.Wanted)
	auth := checks.Auth{}
	if o.Wanted("spf") && o.Wanted("dkim") && f.Profile.Name != facts.Parked { // a parked domain has nothing to authenticate
		auth = checks.Authenticates(f)
	}
	s := score.Of(result, auth)
	r := &Report{
		SchemaVersion: SchemaVersion, Version: o.Version, Domain: f.Domain,
		Profile: f.Profile.Name, ProfileReason: f.Profile.Reason,
		StartedAt: f.Started, DurationMS: f.Took.Milliseconds(), DNSQueries: f.Questions,
		Verdict: string(s.Verdict), Score: s.Score, ScoreLow: s.Low, Coverage: s.Coverage,
		Evidence: evidence(f), Findings: []Finding{}, Forecast: []Forecast{}, Fixes: []Fix{}, Streams: streams(f),
	}
	if s.Grade != "" {
		r.Grade = &s.Grade
	}
	for _, x := range result.Findings {
		r.Findings = append(r.Findings, finding(x))
	}
	after, worth := map[string]int{}, map[string]float64{}
	for _, p := range fix.Propose(f, result.Findings) {
		x := proposal(p, result, auth)
		if x.ScoreAfter != nil {
			after[x.ID] = *x.ScoreAfter
		}
		worth[x.ID] = p.Worth()
		r.Fixes = append(r.Fixes, x)
	}
	// What wins most comes first: by the score, and where a cap keeps that down whatever is done first, by the points.
	slices.SortStableFunc(r.Fixes, func(a, b Fix) int {
		return cmp.Or(cmp.Compare(after[b.ID], after[a.ID]), cmp.Compare(worth[b.ID], worth[a.ID]))
	})
	return r
}

func finding(x checks.Finding) Finding {
	out := Finding{Rule: x.Check.ID, Area: string(x.Check.Area), Status: string(x.Status), Impact: string(x.Check.Impact),
		Subject: x.Subject, Message: x.Message, Points: x.Points, References: list(x.Check.References), Replies: []string{}, Deciding: x.Deciding}
	if x.Status == checks.Fail || x.Status == checks.Warn || x.Status == checks.Info {
		out.Replies, out.Fix = list(x.Check.Replies), x.Fix
	}
	if x.At.Record != "" {
		at := Place(x.At)
		out.At = &at
	}
	return out
}

// proposal is a fix with the score that it leads to.
func proposal(p fix.Proposal, r checks.Result, auth checks.Auth) Fix {
	out := Fix{ID: p.ID, Rules: p.Rules, Kind: p.Kind, Text: p.Text, Changes: []Change{},
		Reason: "computed from the findings; not audited again with the change applied"}
	for _, c := range p.Changes {
		out.Changes = append(out.Changes, Change(c))
	}
	if p.Authenticates {
		auth = checks.Auth{}
	}
	out.ScoreAfter = score.Of(checks.Result{Findings: p.After(r.Findings), Shares: r.Shares}, auth).Score
	return out
}

// list is l, never nil.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
