package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/fix"
	"mailaudit/internal/gather"
)

// world is what one audit asked, and can be asked again with records changed: what is known already is not asked twice.
type world struct {
	env    gather.Env
	target gather.Target
	o      Options
}

// newWorld remembers every answer of a run. published is the same world without the records of a what-if, nil where
// there are none.
func newWorld(ctx context.Context, env gather.Env, t gather.Target, o Options) (w, published *world) {
	env.DNS = dnsx.NewMemo(ctx, env.DNS)
	w = &world{env.Remembering(), t, o}
	if env.WhatIf != nil {
		before := *w
		published = &before
		w.env.DNS = env.WhatIf(env.DNS)
	}
	return w, published
}

// audit audits what is there.
func (w *world) audit(ctx context.Context) (*Report, []fix.Proposal) {
	return judge(gather.Gather(ctx, w.env, w.target, needs(w.o)), w.o)
}

// with audits with some record sets changed.
func (w *world) with(ctx context.Context, sets []RRset) (*Report, error) {
	z, removed, err := overlay(sets)
	if err != nil {
		return nil, err
	}
	changed := *w
	changed.env.DNS = dnsx.NewOverlay(z, removed, w.env.DNS)
	r, _ := changed.audit(ctx)
	if ctx.Err() != nil { // what it did not come to is missing in the report, and proves nothing
		return nil, context.Cause(ctx)
	}
	return r, nil
}

// overlay is what a resolver would have to say with record sets as they are given.
func overlay(sets []RRset) (*dnsx.Zone, []dnsx.Question, error) {
	var text strings.Builder
	var removed []dnsx.Question
	for _, s := range sets {
		kind, _ := dnsx.ParseType(s.Type)
		if len(s.Data) == 0 {
			removed = append(removed, dnsx.Q(s.Name, kind))
		}
		for _, data := range s.Data {
			fmt.Fprintf(&text, "%s. %d IN %s %s\n", s.Name, s.TTL, s.Type, data)
		}
	}
	z, err := dnsx.ParseZone("the change", strings.NewReader(text.String()))
	return z, removed, err
}

// rrsets are the record sets that changes lead to, each whole.
func (w *world) rrsets(ctx context.Context, changes []Change) ([]RRset, error) {
	var l []RRset
	for _, c := range changes {
		i := slices.IndexFunc(l, func(s RRset) bool { return s.Name == c.Name && s.Type == c.Type })
		if i < 0 {
			s, err := w.published(ctx, c)
			if err != nil {
				return nil, err
			}
			i, l = len(l), append(l, s)
		}
		s := &l[i]
		if c.Op != "add" {
			j := slices.IndexFunc(s.Data, func(data string) bool { return canonical(c.Type, data) == canonical(c.Type, c.Was) })
			if j < 0 {
				return nil, fmt.Errorf("%s %s is not published", c.Name, c.Was)
			}
			s.Data = slices.Delete(s.Data, j, j+1)
		}
		stands := slices.ContainsFunc(s.Data, func(data string) bool { return canonical(c.Type, data) == canonical(c.Type, c.Data) })
		if c.Op != "remove" && !stands { // two fixes may ask for the same record
			s.Data = append(s.Data, c.Data)
		}
	}
	return l, nil
}

// published is the record set at the name of a change.
func (w *world) published(ctx context.Context, c Change) (RRset, error) {
	kind, ok := dnsx.ParseType(c.Type)
	if !ok {
		return RRset{}, fmt.Errorf("%s is no record type", c.Type)
	}
	s := RRset{Name: c.Name, Type: c.Type, TTL: c.TTL, Data: []string{}}
	switch a := w.env.DNS.Lookup(ctx, dnsx.Q(c.Name, kind)); {
	case a.Status == dnsx.Failed:
		return s, fmt.Errorf("what is published at %s could not be found out: %s", c.Name, a.Cause)
	case len(a.Chain) > 0:
		return s, fmt.Errorf("%s is an alias of %s: the change belongs there", c.Name, a.Chain[len(a.Chain)-1])
	default:
		for _, r := range a.Records {
			s.Data = append(s.Data, r.Data)
		}
	}
	return s, nil
}

// textOf is what TXT RDATA stands for: its strings may be cut anywhere.
func textOf(data string) string {
	z, _, err := overlay([]RRset{{Name: "t.invalid", Type: "TXT", Data: []string{data}}})
	if err != nil {
		return data
	}
	a := dnsx.NewOffline(z).Lookup(context.Background(), dnsx.Q("t.invalid", dnsx.TXT))
	if len(a.Records) != 1 {
		return data
	}
	return a.Records[0].Text
}

// The proofs of one report: at most so many, and so many at once. Each is an audit of its own, and how many there are hangs
// on what a domain publishes.
const (
	maxProofs    = 64
	proofsAtOnce = 4
)

// prove audits again with each fix applied, as an overlay over what is published. A fix is proven if its findings are
// gone, no other has come, whatever passed or was accepted still is, and the score is no lower.
func (w *world) prove(ctx context.Context, before *Report, proposals []fix.Proposal) {
	var numbers []int
	for i := range before.Fixes {
		switch f := &before.Fixes[i]; {
		case len(f.Changes) == 0:
		case proposals[i].Doubt != "":
			f.Reason = proposals[i].Doubt
		case len(numbers) == maxProofs:
			f.Reason = fmt.Sprintf("not audited again with the change applied: %d others were", maxProofs)
		default:
			numbers = append(numbers, i)
		}
	}
	slots := make(chan struct{}, proofsAtOnce)
	gather.All(numbers, func(i int) bool {
		slots <- struct{}{}
		defer func() { <-slots }()
		f := &before.Fixes[i]
		w.asPublished(ctx, f.Changes)
		after, sets, why := w.together(ctx, before, []Fix{*f}, proposals[i:i+1])
		if after != nil {
			f.RRsets, f.ScoreAfter = sets, after.Score
		}
		f.Proven, f.Reason = why == "", why
		return f.Proven
	})
}

// asPublished writes what changes take away as it is published: a server finds a record by its very strings (RFC 2136
// 2.5.4), and those of a TXT record may be cut anywhere.
func (w *world) asPublished(ctx context.Context, changes []Change) {
	for i, c := range changes {
		if c.Was == "" {
			continue
		}
		s, err := w.published(ctx, c)
		if err != nil {
			continue // rrsets says so
		}
		for _, data := range s.Data {
			if canonical(c.Type, data) == canonical(c.Type, c.Was) {
				changes[i].Was = data
			}
		}
	}
}

// together audits with fixes applied at once. sets are what is to be published for that; why is what speaks against a
// proof, "" where nothing does. after is nil where no audit could be made.
func (w *world) together(ctx context.Context, before *Report, fixes []Fix, proposals []fix.Proposal) (after *Report, sets []RRset, why string) {
	var changes []Change
	var clears []checks.Finding
	var rules []string
	for i, f := range fixes {
		changes, rules = append(changes, f.Changes...), append(rules, f.Rules...)
		clears = append(clears, proposals[i].Clears()...)
	}
	sets, err := w.rrsets(ctx, changes)
	if err == nil {
		after, err = w.with(ctx, sets)
	}
	if err != nil {
		return nil, nil, err.Error()
	}
	return after, sets, unproven(before, after, clears, rules)
}

// unproven is why an audit with fixes applied does not prove them, "" where it does. rules are those that they answer.
func unproven(before, after *Report, clears []checks.Finding, rules []string) string {
	return cmp.Or(found(before, after, clears, rules), lost(before, after, clears), refuses(before, after))
}

// found is which finding is left or has come.
func found(before, after *Report, clears []checks.Finding, rules []string) string {
	was, is := counts(before), counts(after)
	cleared := map[violation]int{}
	for _, c := range clears {
		cleared[violation{c.Check.ID, c.Subject}]++
	}
	for _, c := range clears {
		if k := (violation{c.Check.ID, c.Subject}); is[k].n > was[k].n-cleared[k] {
			return fmt.Sprintf("with it applied, %s is still found at %s", k.rule, k.subject)
		}
	}
	for _, f := range after.Findings { // in their order: the reason is always the same one
		k := violation{f.Rule, f.Subject}
		if now := is[k]; (now.n > was[k].n || now.fails > was[k].fails) && !expected(k.rule, rules) {
			return fmt.Sprintf("with it applied, %s is found at %s", k.rule, k.subject)
		}
	}
	return ""
}

// lost is what could be found out before and no longer can, of all that decides and of what the fixes are to clear.
func lost(before, after *Report, clears []checks.Finding) string {
	for _, f := range after.Findings {
		if f.Status != "unknown" {
			continue
		}
		known := !slices.ContainsFunc(before.Findings, func(x Finding) bool {
			return x.Rule == f.Rule && x.Subject == f.Subject && x.Status == "unknown"
		})
		asked := slices.ContainsFunc(clears, func(c checks.Finding) bool { return c.Check.ID == f.Rule && c.Subject == f.Subject })
		if asked || known && f.Deciding {
			return fmt.Sprintf("what it leads to could not be found out: %s: %s", f.Rule, f.Message)
		}
	}
	return ""
}

// refuses is whose mail would fare worse than before.
func refuses(before, after *Report) string {
	for _, r := range before.Evidence.SPF.Results {
		for _, x := range after.Evidence.SPF.Results {
			same := r.IP == x.IP && r.Stream == x.Stream && r.Identity == x.Identity && r.Domain == x.Domain
			if same && worse(r.Result, x.Result) {
				return fmt.Sprintf("with it applied, SPF of %s gives %s instead of %s", r.IP, x.Result, r.Result)
			}
		}
	}
	for _, a := range before.Evidence.Alignment {
		for _, x := range after.Evidence.Alignment {
			if a.Stream == x.Stream && a.DMARC == "pass" && x.DMARC != "pass" {
				return fmt.Sprintf("with it applied, mail of stream %s no longer passes DMARC", a.Stream)
			}
		}
	}
	for _, f := range before.Forecast {
		for _, x := range after.Forecast {
			same := f.Receiver == x.Receiver && f.Setup == x.Setup && f.Stream == x.Stream
			if same && !turned(f.Verdict) && turned(x.Verdict) {
				return fmt.Sprintf("with it applied, the forecast for %s is %s instead of %s: %s", x.Receiver, x.Verdict, f.Verdict, strings.Join(x.Rules, ", "))
			}
		}
	}
	if before.Score != nil && (after.Score == nil || *after.Score < *before.Score) {
		return "with it applied, the score is lower"
	}
	return ""
}

// turned says whether a verdict is that mail is turned away, permanently or temporarily.
func turned(verdict string) bool { return verdict == "reject" || verdict == "defer" }

// violation is a rule and the subject that breaks it.
type violation struct{ rule, subject string }

// count is how often a rule is broken.
type count struct{ n, fails int }

func counts(r *Report) map[violation]count {
	m := map[violation]count{}
	for _, f := range r.Findings {
		if f.Status != "fail" && f.Status != "warn" {
			continue
		}
		k := violation{f.Rule, f.Subject}
		c := m[k]
		c.n++
		if f.Status == "fail" {
			c.fails++
		}
		m[k] = c
	}
	return m
}

// expected are the findings that a fix may leave: whose mailbox the reports of a new DMARC record are to go to only its
// owner knows, a record that is brought within a limit of SPF comes near it still, and where SPF passes again DMARC may rest
// on it alone.
func expected(rule string, fixes []string) bool {
	switch rule {
	case "dmarc.rua-missing":
		return slices.ContainsFunc(fixes, func(r string) bool { return strings.HasPrefix(r, "dmarc.") })
	case "dmarc.spf-only":
		return slices.ContainsFunc(fixes, func(r string) bool { return strings.HasPrefix(r, "spf.") || r == "dmarc.aspf-strict" })
	case "spf.lookup-near":
		return slices.Contains(fixes, "spf.lookup-limit")
	case "spf.void":
		return slices.Contains(fixes, "spf.void-limit")
	}
	return false
}

// worse says whether an SPF result gets mail refused that another did not, or no longer authenticates it.
func worse(was, is string) bool {
	broken := func(result string) bool { return result == "permerror" || result == "temperror" }
	return was == "pass" && is != "pass" || is == "fail" && was != "fail" || broken(is) && !broken(was)
}
