package gather

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
)

// InFlight is how many questions a client should have under way at once, so that 60 lists are asked about 8 addresses, and
// tested, in one go: each question waits for a server, and none for another question.
const InFlight = 1024

// listBurst is how many questions a list is asked before its pace counts: what one audit asks at most, which is the reason
// too for each of 256 addresses that are all listed, the two test points and what is nearby.
const listBurst = 600

// ListDNS stands between an audit and the client that asks real servers, and knows the zones of lists: the key of each and
// its pace. In front of it a key is nowhere. Names hold blocklist.Placeholder, and so does whatever comes back, be it a
// record, an alias or the cause of a failure; so nothing that is kept or shown can hold the key.
type ListDNS struct {
	under dnsx.Resolver
	zones map[string]*listZone
}

type listZone struct {
	zone string // as in the file
	wire string // as in a question
	key  *regexp.Regexp
	pace *rate.Limiter
	full rate.Limit // the pace, where nobody shares it
	wait bool       // for a turn: an allowlist decides nothing, and so holds nothing up
}

// NewListDNS makes a resolver that asks under, and about the lists with their keys, by variable, and no faster than each
// allows. A process needs one, since the pace is that of all its audits together, and a dnsx.Cache over it: what many of them
// ask, such as the self-tests of lists, then takes one turn.
func NewListDNS(under dnsx.Resolver, lists []blocklist.List, keys map[string]string) *ListDNS {
	d := &ListDNS{under: under, zones: map[string]*listZone{}}
	for _, l := range lists {
		perSecond := l.Rate
		if perSecond == 0 {
			perSecond = blocklist.DefaultRate
		}
		z := &listZone{zone: l.Zone, wire: l.Zone, full: rate.Limit(perSecond), pace: rate.NewLimiter(rate.Limit(perSecond), listBurst), wait: !l.Allows()}
		if key := keys[l.Key]; key != "" {
			z.wire = strings.Replace(l.Zone, blocklist.Placeholder, key, 1)
			z.key = regexp.MustCompile("(?i)" + regexp.QuoteMeta(key)) // servers may answer in another case
		}
		d.zones[l.Zone] = z
	}
	return d
}

// Share keeps to a part of each list's pace, from 0, at which none is asked, to 1: the rest belongs to others who ask for the
// same owner. More of it is never questions at once, which somebody else may have asked already, but only a faster pace. It
// returns for how long the earlier pace still holds, since questions wait for turns that they were promised.
func (d *ListDNS) Share(part float64) (still time.Duration) {
	burst := int(part * listBurst)
	if part > 0 {
		burst = max(burst, 1)
	}
	for _, z := range d.zones {
		if owed := -z.pace.Tokens(); owed > 0 && z.pace.Limit() > 0 {
			still = max(still, time.Duration(owed/float64(z.pace.Limit())*float64(time.Second)))
		}
		z.pace.SetBurst(burst)
		z.pace.SetLimit(z.full * rate.Limit(part)) // which cuts what was saved up to the new burst
	}
	return still
}

// Lookup implements dnsx.Resolver.
func (d *ListDNS) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	z := d.of(q)
	if z == nil {
		return d.under.Lookup(ctx, q)
	}
	// It fails at once where no turn would come in time. After the end of ctx the resolver has the better words.
	if !z.turn(ctx) && ctx.Err() == nil {
		return z.late(q)
	}
	return z.answer(q, d.under.Lookup(ctx, z.question(q)))
}

// LookupAll implements dnsx.Several. Those about lists that have no turn now are asked one by one.
func (d *ListDNS) LookupAll(ctx context.Context, qs []dnsx.Question, got func(i int, a dnsx.Answer)) {
	var t dnsx.Tasks
	defer t.Wait()
	ask := make([]dnsx.Question, 0, len(qs))
	zones, places := make([]*listZone, 0, len(qs)), make([]int, 0, len(qs)) // of ask; a nil zone is that of no list, places are in qs
	for i, q := range qs {
		z := d.of(q)
		switch {
		case z == nil:
		case z.pace.Allow():
			q = z.question(q)
		default:
			t.Go(func() { got(i, d.Lookup(ctx, q)) })
			continue
		}
		ask, zones, places = append(ask, q), append(zones, z), append(places, i)
	}
	t.Do(func() {
		dnsx.LookupAll(ctx, d.under, ask, func(j int, a dnsx.Answer) {
			i := places[j]
			if z := zones[j]; z != nil {
				a = z.answer(qs[i], a)
			}
			got(i, a)
		})
	})
}

// turn waits until a list may be asked, and says whether it may.
func (z *listZone) turn(ctx context.Context) bool {
	if !z.wait {
		return z.pace.Allow()
	}
	return z.pace.Wait(ctx) == nil
}

// late is the answer to a question that has no turn.
func (z *listZone) late(q dnsx.Question) dnsx.Answer {
	return dnsx.Answer{Question: q, Status: dnsx.Failed, Cause: fmt.Sprintf("our own rate limit of %s questions a second to %s: no turn within the time limit",
		strconv.FormatFloat(float64(z.pace.Limit()), 'g', 4, 64), z.zone)}
}

// question is what goes out for a question, with the key.
func (z *listZone) question(q dnsx.Question) dnsx.Question {
	q.Name = strings.TrimSuffix(q.Name, z.zone) + z.wire
	return q
}

// answer is the answer to it, without.
func (z *listZone) answer(q dnsx.Question, a dnsx.Answer) dnsx.Answer {
	a.Question = q
	return z.redact(a)
}

// of is the list about which a question is: the most specific to whose zone its name belongs. A key goes to no server that DNS
// named.
func (d *ListDNS) of(q dnsx.Question) *listZone {
	if q.Server.IsValid() {
		return nil
	}
	name := q.Name
	for more := true; more; _, name, more = strings.Cut(name, ".") {
		if z := d.zones[name]; z != nil {
			return z
		}
	}
	return nil
}

// redact puts the placeholder in the place of the key wherever an answer holds it.
func (z *listZone) redact(a dnsx.Answer) dnsx.Answer {
	if z.key == nil {
		return a
	}
	a.Cause, a.Chain = z.hide(a.Cause), z.hideAll(a.Chain)
	records := make([]dnsx.Record, len(a.Records))
	for i, r := range a.Records {
		r.Name, r.Data, r.Target = z.hide(r.Name), z.hide(r.Data), z.hide(r.Target)
		text := z.hide(r.Text)
		r.Strings = z.hideAll(r.Strings)
		if text != r.Text && strings.Join(r.Strings, "") != text { // a string ends within the key
			r.Strings, r.Data = []string{text}, strconv.Quote(text)
		}
		r.Text = text
		records[i] = r
	}
	if a.Records != nil {
		a.Records = records
	}
	return a
}

func (z *listZone) hide(s string) string {
	return z.key.ReplaceAllLiteralString(s, blocklist.Placeholder)
}

func (z *listZone) hideAll(l []string) []string {
	if l == nil {
		return nil
	}
	out := make([]string, len(l))
	for i, s := range l {
		out[i] = z.hide(s)
	}
	return out
}
