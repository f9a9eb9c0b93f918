package audit

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/fix"
	"mailaudit/internal/gather"
	"mailaudit/internal/receivers"
	dkimrecord "mailaudit/internal/record/dkim"
	dmarcrecord "mailaudit/internal/record/dmarc"
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
func (w *world) audit(ctx context.Context) audited {
	return judge(gather.Gather(ctx, w.env, w.target, needs(w.o)), w.o)
}

// with audits with some record sets changed.
func (w *world) with(ctx context.Context, sets []RRset) (audited, error) {
	z, removed, err := overlay(sets)
	if err != nil {
		return audited{}, err
	}
	changed := *w
	changed.env.DNS = dnsx.NewOverlay(z, removed, w.env.DNS)
	x := changed.audit(ctx)
	if ctx.Err() != nil { // what it did not come to is missing in the report, and proves nothing
		return audited{}, context.Cause(ctx)
	}
	return x, nil
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
	are := forms{}
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
			j := are.index(c.Type, s.Data, c.Was)
			if j < 0 {
				return nil, fmt.Errorf("%s %s is not published", c.Name, c.Was)
			}
			s.Data = slices.Delete(s.Data, j, j+1)
		}
		stands := slices.ContainsFunc(s.Data, func(data string) bool { return are.same(c.Type, data, c.Data) })
		if c.Op != "remove" && !stands { // two fixes may ask for the same record
			s.Data = append(s.Data, c.Data)
		}
	}
	return l, nil
}

// published is the record set at the name of a change, with its TTL, which is that of each of its records (RFC 2181 5.2).
func (w *world) published(ctx context.Context, c Change) (RRset, error) {
	kind, ok := dnsx.ParseType(c.Type)
	if !ok {
		return RRset{}, fmt.Errorf("%s is no record type", c.Type)
	}
	s := RRset{Name: c.Name, Type: c.Type, TTL: c.TTL, Data: []string{}}
	a := w.env.DNS.Lookup(ctx, dnsx.Q(c.Name, kind))
	switch {
	case a.Status == dnsx.Failed:
		return s, fmt.Errorf("what is published at %s could not be found out: %s", c.Name, a.Cause)
	case len(a.Chain) > 0:
		return s, fmt.Errorf("%s is an alias of %s: the change belongs there", c.Name, a.Chain[len(a.Chain)-1])
	}
	for _, r := range a.Records {
		s.Data = append(s.Data, r.Data)
	}
	if len(a.Records) > 0 {
		s.TTL = seconds(w.whole(ctx, a).Records)
	}
	return s, nil
}

// whole is an answer as an authoritative server gives it, where one may be asked: a resolver gives what is left of a TTL.
func (w *world) whole(ctx context.Context, a dnsx.Answer) dnsx.Answer {
	if w.env.WhatIf != nil { // then records are what --zone says
		return a
	}
	for _, at := range (follower{w.env.DNS, w.target}).places(ctx, a.Question.Name) {
		if !at.addr.IsValid() {
			break
		}
		q := a.Question
		q.Server = at.addr
		if x := w.env.DNS.Lookup(ctx, q); x.Status == dnsx.Found && len(x.Chain) == 0 {
			return x
		}
	}
	return a
}

// seconds is the TTL of a record set; of several the least counts (RFC 2181 5.2), and one with the highest bit set is zero
// (RFC 2181 8).
func seconds(l []dnsx.Record) int {
	const longest = 1<<31 - 1
	least := l[0].TTL
	for _, r := range l {
		least = min(least, r.TTL)
	}
	if least > longest {
		return 0
	}
	return int(least)
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
func (w *world) prove(ctx context.Context, before audited) {
	fixes, proposals := before.report.Fixes, before.proposals
	var numbers []int
	for i := range fixes {
		switch f := &fixes[i]; {
		case len(f.Changes) == 0:
		case proposals[i].Doubt != "":
			f.Reason = proposals[i].Doubt
			w.complete(ctx, f)
		case len(numbers) == maxProofs:
			w.complete(ctx, f)
			f.Reason = fmt.Sprintf("not audited again with the change applied: %d others were", maxProofs)
		default:
			numbers = append(numbers, i)
		}
	}
	slots := make(chan struct{}, proofsAtOnce)
	gather.All(numbers, func(i int) bool {
		slots <- struct{}{}
		defer func() { <-slots }()
		f := &fixes[i]
		if bare := w.complete(ctx, f); bare != "" {
			f.Reason = bare + " exists by a wildcard alone, which would answer for no name beneath it any more"
			return false
		}
		after, sets, why := w.together(ctx, before, []Fix{*f}, proposals[i:i+1])
		if after != nil {
			f.RRsets, f.ScoreAfter = sets, after.Score
		}
		f.Proven, f.Reason = why == "", why
		return f.Proven
	})
}

// complete writes the changes of a fix as they have to be made. bare is as copies gives it.
func (w *world) complete(ctx context.Context, f *Fix) (bare string) {
	w.asPublished(ctx, f.Changes)
	more, bare := w.copies(ctx, f.Changes)
	f.Changes = slices.Concat(f.Changes, more)
	return bare
}

// asPublished writes what changes take away as it is published: a server finds a record by its very strings (RFC 2136
// 2.5.4), and those of a TXT record may be cut anywhere. What joins or replaces records keeps their TTL.
func (w *world) asPublished(ctx context.Context, changes []Change) {
	are := forms{}
	taken := map[[2]string][]string{} // of each record set: several records may say the same, cut in other places
	for i, c := range changes {
		s, err := w.published(ctx, c)
		if err != nil {
			continue // rrsets says so
		}
		changes[i].TTL = s.TTL
		set := [2]string{c.Name, c.Type}
		left := slices.DeleteFunc(s.Data, func(data string) bool { return slices.Contains(taken[set], data) })
		if j := are.index(c.Type, left, c.Was); c.Was != "" && j >= 0 {
			changes[i].Was = left[j]
			taken[set] = append(taken[set], left[j])
		}
	}
}

// hostTypes are the types of records that mail to and from a name hangs on.
var hostTypes = []string{"MX", "A", "AAAA", "TXT"}

// copies are the records that have to be published beside changes, where names are answered for by a wildcard: it speaks no
// longer for a name that exists, or has one beneath it (RFC 4592 2.2.2, 3.3.1), and what it said would be lost. A name whose own
// records are the same loses nothing by one that it has. bare is a name above those of the changes that a wildcard answers for.
func (w *world) copies(ctx context.Context, changes []Change) (l []Change, bare string) {
	for _, c := range changes {
		for _, above := range w.wildcards(ctx, c.Name) {
			for name := c.Name; name != above; _, name, _ = strings.Cut(name, ".") {
				for _, s := range w.fromWildcard(ctx, name, gather.Unmade(above)) {
					if strings.HasPrefix(name, "_") && (name != c.Name || s.Type != c.Type) {
						continue // no host, and nobody asks for them
					}
					if name != c.Name {
						bare = name
					}
					for _, data := range s.Data {
						named := func(x Change) bool {
							return x.Name == name && x.Type == s.Type && (x.Was == data || x.Data == data)
						}
						if !slices.ContainsFunc(changes, named) && !slices.ContainsFunc(l, named) {
							l = append(l, Change{Op: "add", Name: name, Type: s.Type, TTL: s.TTL, Data: data})
						}
					}
				}
			}
		}
	}
	return l, bare
}

// wildcards are the names above another beneath which names exist that nobody made. Which of them has the wildcard is not seen:
// where it stands beneath the last, the others need not exist themselves. What cannot be found out is taken for none.
func (w *world) wildcards(ctx context.Context, name string) []string {
	var l []string
	for _, above, _ := strings.Cut(name, "."); strings.Contains(above, "."); _, above, _ = strings.Cut(above, ".") {
		if a := w.env.DNS.Lookup(ctx, dnsx.Q(gather.Unmade(above), dnsx.TXT)); a.Status != dnsx.Found && a.Status != dnsx.NoData {
			break
		}
		l = append(l, above)
	}
	return l
}

// fromWildcard are the record sets of a wildcard, by a name that it made, where a name shows these and no others: else it has its own.
func (w *world) fromWildcard(ctx context.Context, name, made string) []RRset {
	var l []RRset
	for _, kind := range hostTypes {
		set, err := w.published(ctx, Change{Name: name, Type: kind})
		if err != nil {
			return nil
		}
		all, err := w.published(ctx, Change{Name: made, Type: kind})
		slices.Sort(set.Data) // servers rotate what they answer
		slices.Sort(all.Data)
		if err != nil || !slices.Equal(set.Data, all.Data) {
			return nil
		}
		if len(set.Data) > 0 {
			l = append(l, set)
		}
	}
	return l
}

// together audits with fixes applied at once. sets are what is to be published for that; why is what speaks against a
// proof, "" where nothing does. after is nil where no audit could be made.
func (w *world) together(ctx context.Context, before audited, fixes []Fix, proposals []fix.Proposal) (after *Report, sets []RRset, why string) {
	var changes []Change
	var clears []checks.Finding
	for i, f := range fixes {
		changes = append(changes, f.Changes...)
		clears = append(clears, proposals[i].Clears()...)
	}
	sets, err := w.rrsets(ctx, changes)
	if err != nil {
		return nil, nil, err.Error()
	}
	x, err := w.with(ctx, sets)
	if err != nil {
		return nil, nil, err.Error()
	}
	return x.report, sets, unproven(before, x, clears, changes)
}

// unproven is why an audit with changes applied does not prove that they clear some findings, "" where it does.
func unproven(before, after audited, clears []checks.Finding, changes []Change) string {
	return cmp.Or(found(before.report, after.report, clears, changes), lost(before.report, after.report, clears), refuses(before, after))
}

// found is which finding is left or has come.
func found(before, after *Report, clears []checks.Finding, changes []Change) string {
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
		if now := is[k]; (now.n > was[k].n || now.fails > was[k].fails) && !stood(before, after, k) && !carried(before, f, changes) && !bared(before, k, changes) &&
			!(k.rule == "dmarc.rua-missing" && watches(before, changes)) {
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
func refuses(before, after audited) string {
	for _, r := range before.report.Evidence.SPF.Results {
		now := "no result any more"
		for _, x := range after.report.Evidence.SPF.Results {
			if r.IP == x.IP && r.Stream == x.Stream && r.Identity == x.Identity && r.Domain == x.Domain {
				now = x.Result
			}
		}
		if worse(r.Result, now) {
			return fmt.Sprintf("with it applied, SPF of %s gives %s instead of %s", r.IP, now, r.Result)
		}
	}
	for _, a := range before.report.Evidence.Alignment {
		for _, x := range after.report.Evidence.Alignment {
			if a.Stream == x.Stream && a.DMARC == "pass" && x.DMARC != "pass" {
				return fmt.Sprintf("with it applied, mail of stream %s no longer passes DMARC", a.Stream)
			}
		}
	}
	// Each address by itself: the worst of a stream would hide what becomes of the others.
	type asked struct{ receiver, stream, ip string }
	was := map[asked]receivers.Verdict{}
	for _, e := range before.answers {
		was[asked{e.Name(), e.Stream, e.IP}] = e.Verdict
	}
	for _, e := range after.answers {
		verdict, known := was[asked{e.Name(), e.Stream, e.IP}]
		if known && fallen(verdict, e.Verdict) {
			return fmt.Sprintf("with it applied, the forecast for %s is %s instead of %s: %s", e.Name(), e.Verdict, verdict, e.Reason)
		}
	}
	if s := before.report.Score; s != nil && (after.report.Score == nil || *after.report.Score < *s) {
		return "with it applied, the score is lower"
	}
	return ""
}

// fallen says whether mail is turned away, permanently or temporarily, that was not. What was accepted must be so for certain.
func fallen(was, is receivers.Verdict) bool {
	turned := func(v receivers.Verdict) bool { return v == receivers.Rejects || v == receivers.Defers }
	return !turned(was) && turned(is) || was == receivers.Accepts && is == receivers.Undecided
}

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

// stood says whether what a finding says was so before the change, although its rule said nothing: a graver one spoke for it.
// What stood is not raised. That goes by what was found out, and not by which fix it is.
func stood(before, after *Report, k violation) bool {
	switch k.rule {
	case "spf.lookup-near": // nine and more lookups, where there are not more than ten
		return counts(before)[violation{"spf.lookup-limit", k.subject}].n > 0
	case "spf.void": // some lookups find nothing, where they are not too many
		return counts(before)[violation{"spf.void-limit", k.subject}].n > 0
	case "spf.ip6-not-covered": // the host's other address does not pass, where one passes at all
		return voidSPF(before, k.subject)
	case "dmarc.spf-only": // no signature carries DMARC, where it passes at all
		return unsigned(before, after)
	}
	return false
}

// voidSPF says whether the record by which the hosts of a HELO name are judged was void for all of them: then none of their
// addresses passed.
func voidSPF(before *Report, helo string) bool {
	seen := false
	for _, r := range before.Evidence.SPF.Results {
		i := slices.IndexFunc(before.Streams, func(s Stream) bool { return s.Name == r.Stream && s.HELO == helo })
		if i < 0 || r.Identity != "mailfrom" {
			continue
		}
		if r.Result != "permerror" && r.Result != "none" {
			return false
		}
		seen = true
	}
	return seen
}

// ofOneTerm are the rules about a term or tag by itself, whatever else the record says, that refuse nobody.
var ofOneTerm = []string{"spf.ip-private", "spf.ptr", "spf.macro-p", "dmarc.unknown-tag", "dmarc.value-invalid", "dmarc.idn", "dmarc.rua-external", "dmarc.rua-undeliverable"}

// carried says whether a finding is about a term or tag that is published today, in a record that no rule reads for what else is
// wrong with it. A repair keeps what it is not about.
func carried(before *Report, f Finding, changes []Change) bool {
	if f.Status != "warn" || f.At == nil || !slices.Contains(ofOneTerm, f.Rule) || !unread(before, f.At.Name) {
		return false
	}
	at := *f.At
	if at.Offset < 0 || at.Length <= 0 || at.Offset+at.Length > len(at.Record) {
		return false
	}
	words := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" ;,=", r) })
	}
	return slices.ContainsFunc(changes, func(c Change) bool {
		if c.Type != "TXT" || c.Name != at.Name || c.Was == "" {
			return false
		}
		was := words(textOf(c.Was))
		return !slices.ContainsFunc(words(at.Record[at.Offset:at.Offset+at.Length]), func(w string) bool { return !slices.Contains(was, w) })
	})
}

// unread says whether what is published at a name is not read term by term: as SPF that is none or several, or as DMARC that is void.
func unread(r *Report, name string) bool {
	n := counts(r)
	spf := n[violation{"spf.multiple", name}].n+n[violation{"spf.version", name}].n > 0
	return spf || r.Evidence.DMARC.Status == "invalid" && r.Evidence.DMARC.FoundAt == name
}

// bared says whether a finding is about a key that stood before, too, among several at its selector: of those nothing but their
// number is said. It is where nothing but records of keys is taken away.
func bared(before *Report, k violation, changes []Change) bool {
	if !strings.HasPrefix(k.rule, "dkim.") || k.rule == "dkim.selector-missing" || k.rule == "dkim.none-found" {
		return false
	}
	if k.rule == "dkim.ed25519-only" && slices.ContainsFunc(changes, func(c Change) bool { return c.Was != "" && dkimrecord.Parse(textOf(c.Was)).KeyType == "rsa" }) {
		return false // it was not the only kind
	}
	several := slices.ContainsFunc(before.Findings, func(f Finding) bool { return f.Rule == "dkim.multiple" && f.Status == "fail" })
	return several && !slices.ContainsFunc(changes, func(c Change) bool { return strings.Contains(c.Name, "._domainkey.") && c.Op != "remove" })
}

// unsigned says whether each stream that newly rests on SPF alone had no signature that carries DMARC before, either: it failed.
func unsigned(before, after *Report) bool {
	for _, x := range after.Evidence.Alignment {
		i := slices.IndexFunc(before.Evidence.Alignment, func(a Alignment) bool { return a.Stream == x.Stream })
		if x.RestsOn == "spf" && (i < 0 || before.Evidence.Alignment[i].DKIM != "fail") {
			return false
		}
	}
	return true
}

// watches says whether changes put a DMARC record with p=none where no such record was in force, and take no destination of
// reports away. Whose mailbox they are to go to only the owner knows.
func watches(before *Report, changes []Change) bool {
	is := before.Evidence.DMARC
	none := false
	for _, c := range changes {
		if c.Type != "TXT" || !strings.HasPrefix(c.Name, "_dmarc.") {
			continue
		}
		// However the rest is written: what is void has no tags, and its owner reads the reports all the same once it is not.
		if c.Was != "" && destination.MatchString(textOf(c.Was)) {
			return false
		}
		if c.Data != "" {
			r := dmarcrecord.Parse(textOf(c.Data))
			none = none || !r.Void && r.Policy == "none" && !(is.Status == "found" && is.FoundAt == c.Name && is.Policy == "none")
		}
	}
	return none
}

var destination = regexp.MustCompile(`(?i)rua[ \t]*=[^;]*(?:mailto|https?):`)

// worse says whether an SPF result gets mail refused that another did not, or no longer authenticates it.
func worse(was, is string) bool {
	broken := func(result string) bool { return result == "permerror" || result == "temperror" }
	return was == "pass" && is != "pass" || is == "fail" && was != "fail" || broken(is) && !broken(was)
}
