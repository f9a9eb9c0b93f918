// Package audit is the straight line of one audit: gather the facts, judge them, score the findings, propose the fixes,
// make the report. judge is the pure half: saved facts judged again give the same report.
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
	"mailaudit/internal/receivers"
	"mailaudit/internal/score"
)

// Options say what is judged.
type Options struct {
	Version string
	Wanted  func(checks.Area) bool // the areas of --only and --skip
	Timeout time.Duration          // bound on the whole audit

	Receivers []string         // those whose forecast is shown, of receivers.Names; none: all
	Books     []receivers.Book // what they ask for; nil: receivers.Books
	Accept    func(*Report)    // marks the findings that do not count: nothing is proposed for them; nil: all count
	Foretell  bool             // forecast even where the areas that it rests on are not wanted
}

// Run audits one domain.
func Run(ctx context.Context, env gather.Env, t gather.Target, o Options) *Report {
	ctx, cancel := context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("the audit's time limit of %s", o.Timeout))
	defer cancel()
	x, _ := run(ctx, env, t, o)
	return x.report
}

// audited is what one audit leads to: its report, what its fixes were proposed as, and what all receivers would say.
type audited struct {
	report    *Report
	proposals []fix.Proposal
	answers   []receivers.Entry // whoever of them the report shows
}

// run audits one domain, and gives the world in which it can be audited again.
func run(ctx context.Context, env gather.Env, t gather.Target, o Options) (audited, *world) {
	w, published := newWorld(ctx, env, t, o)
	worlds := []*world{w}
	if published != nil {
		worlds = append(worlds, published)
	}
	all := gather.All(worlds, func(w *world) audited { return w.audit(ctx) })
	x := all[0]
	w.prove(ctx, x)
	rank(x.report, x.proposals)
	if published != nil {
		x.report.WhatIf = Compare(all[1].report, x.report)
	}
	return x, w
}

// Repair audits one domain as it is, and with all proven fixes applied at once; after is nil where there are none. sets
// are the record sets to publish for that, each whole. A fix that does not go together with those before it is no longer
// proven. Whatever areas are judged, the proofs rest on the answers of all receivers.
func Repair(ctx context.Context, env gather.Env, t gather.Target, o Options) (before, after *Report, sets []RRset) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("the audit's time limit of %s", o.Timeout))
	defer cancel()
	o.Foretell = true
	x, w := run(ctx, env, t, o)
	before = x.report
	proposed := map[string]fix.Proposal{}
	for _, p := range x.proposals {
		proposed[p.ID] = p
	}
	var fixes []Fix
	var of []fix.Proposal
	for _, f := range before.Fixes {
		if f.Proven {
			fixes, of = append(fixes, f), append(of, proposed[f.ID])
		}
	}
	if len(fixes) == 0 {
		return before, nil, nil
	}
	after, sets, why := w.together(ctx, x, fixes, of)
	if why == "" {
		return before, after, sets
	}
	after, sets, fixes, of = nil, nil, nil, nil
	for i := range before.Fixes {
		f := &before.Fixes[i]
		if !f.Proven {
			continue
		}
		all, from := append(slices.Clip(fixes), *f), append(slices.Clip(of), proposed[f.ID])
		r, l, why := w.together(ctx, x, all, from)
		if why != "" {
			f.Proven, f.Reason = false, "not together with those above: "+why
			if ctx.Err() != nil {
				f.Reason = why
			}
			continue
		}
		after, sets, fixes, of = r, l, all, from
	}
	return before, after, sets
}

// Compare is what records change, by an audit without and one with them.
func Compare(before, after *Report) *WhatIf {
	return &WhatIf{ScoreBefore: before.Score, ScoreAfter: after.Score, VerdictBefore: before.Verdict, VerdictAfter: after.Verdict,
		LookupsBefore: before.Evidence.SPF.Lookups, LookupsAfter: after.Evidence.SPF.Lookups,
		IPv4Before: pass(before), IPv4After: pass(after), RefusedBefore: refused(before), RefusedAfter: refused(after)}
}

// pass is how many IPv4 addresses pass SPF, nil where there is no record.
func pass(r *Report) *uint64 {
	if r.Evidence.SPF.Authorised == nil {
		return nil
	}
	return &r.Evidence.SPF.Authorised.IPv4
}

// refused are the receivers that are forecast to refuse the mail of some stream.
func refused(r *Report) []string {
	l := []string{}
	for _, f := range r.Forecast {
		if f.Verdict == "reject" && !slices.Contains(l, f.Receiver) {
			l = append(l, f.Receiver)
		}
	}
	return l
}

func needs(o Options) facts.Topic {
	t := checks.Needs(o.Wanted)
	if o.Foretell {
		t |= checks.Needs(isForetold)
	}
	return t
}

// judge makes the report, and its fixes as they were proposed, in the same order.
func judge(f *facts.Facts, o Options) audited {
	result := checks.Run(f, o.Wanted)
	auth := checks.Auth{}
	if o.Wanted("spf") && o.Wanted("dkim") && f.Profile.Name != facts.Parked { // a parked domain has nothing to authenticate
		auth = checks.Authenticates(f)
	}
	s := score.Of(result, auth)
	said := answers(f, o)
	r := &Report{
		SchemaVersion: SchemaVersion, Version: o.Version, Domain: f.Domain,
		Profile: f.Profile.Name, ProfileReason: f.Profile.Reason,
		StartedAt: f.Started, DurationMS: f.Took.Milliseconds(), DNSQueries: f.Questions,
		Verdict: string(s.Verdict), Score: s.Score, ScoreLow: s.Low, Coverage: s.Coverage,
		Evidence: evidence(f), Findings: make([]Finding, 0, len(result.Findings)), Forecast: forecast(f, result.Findings, said, o), Fixes: []Fix{}, Streams: streams(f),
	}
	if s.Grade != "" {
		r.Grade = &s.Grade
	}
	for _, x := range result.Findings {
		r.Findings = append(r.Findings, finding(x))
	}
	open, accepted := result.Findings, []checks.Finding(nil)
	if o.Accept != nil {
		o.Accept(r)
		open, accepted = apart(result.Findings, r.Findings)
	}
	proposals := fix.Propose(f, open, accepted)
	for _, p := range proposals {
		r.Fixes = append(r.Fixes, proposal(p, result, auth))
	}
	return audited{r, proposals, said}
}

// apart tells the findings that count from those that were accepted in the report.
func apart(l []checks.Finding, reported []Finding) (open, accepted []checks.Finding) {
	open = make([]checks.Finding, 0, len(l))
	for i, x := range l {
		if reported[i].Accepted != nil {
			accepted = append(accepted, x)
		} else {
			open = append(open, x)
		}
	}
	return open, accepted
}

// rank puts the fix that wins most first: by the score, and where a cap keeps that down whatever is done first, by the
// points. Advice that comes later stays behind.
func rank(r *Report, proposals []fix.Proposal) {
	worth := map[string]float64{}
	for _, p := range proposals {
		worth[p.ID] = p.Worth()
		if p.Risk != "" {
			worth[p.ID] = -1
		}
	}
	after := func(f Fix) int {
		if f.ScoreAfter == nil || worth[f.ID] < 0 {
			return -1
		}
		return *f.ScoreAfter
	}
	slices.SortStableFunc(r.Fixes, func(a, b Fix) int {
		return cmp.Or(cmp.Compare(after(b), after(a)), cmp.Compare(worth[b.ID], worth[a.ID]))
	})
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
	out := Fix{ID: p.ID, Rules: p.Rules, Kind: p.Kind, Text: p.Text, Changes: []Change{}, RRsets: []RRset{}, Reason: "only whoever carries it out can see what comes of it"}
	switch {
	case p.Risk != "": // nothing is wrong that it would clear
		out.Reason, out.Risk = "it is advice for later: "+p.Risk, p.Risk
		return out
	case len(p.Changes) > 0:
		out.Reason = "not audited again with the change applied"
	case p.Doubt != "":
		out.Reason = p.Doubt
	}
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
