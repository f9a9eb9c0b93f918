package dmarcreport

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/net/publicsuffix"
)

// Bounds on what is kept of all reports: each row is by somebody's word, and names cost nothing.
const (
	maxFlows   = 200000
	maxSigners = 20000
	maxDomains = 1000
	maxNames   = 5  // names of one kind that are told of an address
	maxStreams = 16 // that are made of the reports
	maxKeys    = 10 // selectors of a stream
)

// How long something stays in use: what the reports last saw before that may be gone by now.
const (
	addressStays  = 30 * 24 * time.Hour
	selectorStays = 7 * 24 * time.Hour
)

// An address that passes by its signature alone belongs to a service that signs for the domain, or to a forwarder, and no report
// tells which. Much mail speaks for a service: a share of one twentieth, and as many messages.
const (
	muchOf   = 20
	atLeast  = 20
	maxAhead = 48 * time.Hour // of our clock: a report about later days than that is believed nothing about time
)

// Kind is what the reports prove of an address.
type Kind string

// The kinds.
const (
	BySPF           Kind = "authorised"      // passed SPF, aligned, by the word of receivers: the domain's own record let it send
	Signed          Kind = "signed"          // by DKIM alone, aligned: a service that signs for the domain, or a forwarder
	Unauthenticated Kind = "unauthenticated" // by nothing: a sender that was forgotten, a forwarder, or somebody else
)

// Usage is who sends as one domain.
type Usage struct {
	Domain     string
	Begin, End time.Time // of the reports about it; zero where none tells
	Counts
	Sources   []Source // by messages, the most first
	Left      int64    // messages whose addresses were not kept, by the bounds on memory
	Streams   []Stream
	PassedSPF []netip.Addr // addresses that passed SPF, aligned, lately: those of Streams
	Candidate []netip.Addr // others that are audited: they passed SPF long ago, or carry much of its signed mail
	Others    []Other      // domains that the reports are about beside it, the most messages first
}

// Counts are messages.
type Counts struct {
	Messages int64
	SPF      int64 // that pass it, aligned
	DKIM     int64 // likewise
	DMARC    int64 // that pass by one of them
}

func (c *Counts) add(n int64, spf, dkim bool) {
	c.Messages += n
	if spf {
		c.SPF += n
	}
	if dkim {
		c.DKIM += n
	}
	if spf || dkim {
		c.DMARC += n
	}
}

// Source is an address that sends as the domain.
type Source struct {
	IP netip.Addr
	Counts
	Kind      Kind
	Forwarded int64 // messages that receivers took for forwarded
	Last      time.Time
	MailFrom  []string // domains in MAIL FROM, the most messages first
	Signers   []string // d= of signatures that verified, likewise

	lastSPF time.Time
	froms   tally
	signers tally
}

// Stream is a way that the domain sends: mail with one domain in MAIL FROM, its own, or signed by one that has none such.
type Stream struct {
	MailFrom  string // "" where it is another's, which is not judged
	HELO      bool   // MAIL FROM is null, and that is the name in HELO
	IPs       []netip.Addr
	Signer    string // d=; "" where nothing verified
	Selectors []string
	Messages  int64
}

// Name tells the stream from the others of one domain.
func (s Stream) Name() string {
	switch {
	case s.HELO:
		return "reports, HELO " + s.MailFrom
	case s.MailFrom != "":
		return "reports, MAIL FROM " + s.MailFrom
	}
	return "reports, d=" + s.Signer
}

// Other is another domain, and how many messages were sent as it.
type Other struct {
	Domain   string
	Messages int64
}

// flow is mail of one author domain from one address with one domain in MAIL FROM.
type flow struct {
	from, mailFrom string
	helo           bool
	ip             netip.Addr
}

type volume struct {
	Counts
	forwarded    int64
	last, lastBy time.Time // seen at all, and passing SPF
	signers      []string
}

// key is a signature that verified in mail of one author domain and one domain in MAIL FROM.
type key struct {
	from, mailFrom string
	helo           bool
	Signer
}

type use struct {
	messages int64
	last     time.Time
}

// usage adds reports up.
type usage struct {
	flows   map[flow]*volume
	keys    map[key]*use
	left    map[string]int64        // messages without a flow, by author domain
	domains map[string]int64        // messages, by author domain
	spans   map[string][2]time.Time // of the reports, by author domain
}

func newUsage() usage {
	return usage{map[flow]*volume{}, map[key]*use{}, map[string]int64{}, map[string]int64{}, map[string][2]time.Time{}}
}

func (u *usage) add(r *Report) {
	u.span(r.Domain, r)
	for _, row := range r.Rows {
		if _, known := u.domains[row.From]; !known && len(u.domains) >= maxDomains {
			continue
		}
		u.domains[row.From] += row.Count
		if row.From != r.Domain {
			u.span(row.From, r)
		}
		f := flow{row.From, row.MailFrom, row.HELO, row.IP}
		v := u.flows[f]
		if v == nil && len(u.flows) >= maxFlows {
			u.left[row.From] += row.Count
			continue
		}
		if v == nil {
			v = &volume{}
			u.flows[f] = v
		}
		v.add(row.Count, row.SPF, row.DKIM)
		v.last = later(v.last, r.End)
		if row.SPF {
			v.lastBy = later(v.lastBy, r.End)
		}
		if row.Forwarded {
			v.forwarded += row.Count
		}
		if row.DKIM {
			u.signed(row, v, r.End)
		}
	}
}

// signed notes the signatures that are aligned: those of others in the same mail prove nothing for the domain.
func (u *usage) signed(row Row, v *volume, end time.Time) {
	for _, s := range row.Signers {
		if !related(s.Domain, row.From) {
			continue
		}
		if !slices.Contains(v.signers, s.Domain) && len(v.signers) < maxNames {
			v.signers = append(v.signers, s.Domain)
		}
		k := key{row.From, row.MailFrom, row.HELO, s}
		x := u.keys[k]
		if x == nil {
			if len(u.keys) >= maxSigners {
				continue
			}
			x = &use{}
			u.keys[k] = x
		}
		x.messages += row.Count
		x.last = later(x.last, end)
	}
}

func (u *usage) span(domain string, r *Report) {
	s, known := u.spans[domain]
	if !known && len(u.spans) >= 2*maxDomains {
		return
	}
	if s[0].IsZero() || !r.Begin.IsZero() && r.Begin.Before(s[0]) {
		s[0] = r.Begin
	}
	s[1] = later(s[1], r.End)
	u.spans[domain] = s
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// related says whether two domains are of one owner, as far as their names tell.
func related(a, b string) bool { return a == b || organisation(a) == organisation(b) }

// organisation is the registrable domain; the name itself where it is a public suffix.
func organisation(domain string) string {
	if d, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return d
	}
	return domain
}

// Domains are the author domains that the reports have mail of, the most messages first, and those whose policy they are
// about.
func (r *Reader) Domains() []string {
	var l []Other
	for d := range r.usage.spans {
		l = append(l, Other{d, r.usage.domains[d]})
	}
	slices.SortFunc(l, byMessages)
	out := make([]string, len(l))
	for i, o := range l {
		out[i] = o.Domain
	}
	return out
}

func byMessages(a, b Other) int {
	return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Domain, b.Domain))
}

// Usage tells who sends as a domain, at most so many addresses to audit. public says which addresses receivers can have seen.
func (r *Reader) Usage(domain string, now time.Time, most int, public func(netip.Addr) bool) Usage {
	u := r.usage
	out := Usage{Domain: domain, Begin: u.spans[domain][0], End: u.spans[domain][1], Left: u.left[domain]}
	if out.End.After(now.Add(maxAhead)) {
		out.Begin, out.End = time.Time{}, time.Time{}
	}
	for d, n := range u.domains {
		if d != domain {
			out.Others = append(out.Others, Other{d, n})
		}
	}
	slices.SortFunc(out.Others, byMessages)
	by := map[netip.Addr]*Source{}
	groups := map[string]int64{} // messages by the owner of MAIL FROM
	for f, v := range u.flows {
		if f.from != domain {
			continue
		}
		s := by[f.ip]
		if s == nil {
			s = &Source{IP: f.ip, froms: tally{}, signers: tally{}}
			by[f.ip] = s
		}
		s.Messages, s.SPF, s.DKIM, s.DMARC = s.Messages+v.Messages, s.SPF+v.SPF, s.DKIM+v.DKIM, s.DMARC+v.DMARC
		s.Forwarded += v.forwarded
		s.Last = later(s.Last, v.last)
		s.lastSPF = later(s.lastSPF, v.lastBy)
		s.froms.add(f.mailFrom, v.Messages)
		for _, d := range v.signers {
			s.signers.add(d, v.DKIM)
		}
		groups[organisation(f.mailFrom)] += v.Messages
		out.Messages, out.SPF, out.DKIM, out.DMARC = out.Messages+v.Messages, out.SPF+v.SPF, out.DKIM+v.DKIM, out.DMARC+v.DMARC
	}
	for _, s := range by {
		s.MailFrom, s.Signers = s.froms.most(maxNames), s.signers.most(maxNames)
		switch {
		case s.SPF > 0:
			s.Kind = BySPF
		case s.DKIM > 0:
			s.Kind = Signed
		default:
			s.Kind = Unauthenticated
		}
		out.Sources = append(out.Sources, *s)
	}
	slices.SortFunc(out.Sources, func(a, b Source) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), a.IP.Compare(b.IP))
	})
	out.choose(groups, now, most, public)
	out.streams(u, now)
	return out
}

// choose takes the addresses that are audited. What a domain does with its mail changes, so that only those that were seen
// lately are taken for senders of streams, and none where the reports themselves are old.
func (u *Usage) choose(groups map[string]int64, now time.Time, most int, public func(netip.Addr) bool) {
	fresh := !u.End.IsZero() && u.End.After(now.Add(-addressStays))
	for _, s := range u.Sources {
		if s.Kind == BySPF && fresh && s.lastSPF.After(u.End.Add(-addressStays)) && public(s.IP) && len(u.PassedSPF) < most {
			u.PassedSPF = append(u.PassedSPF, s.IP)
		}
	}
	for _, s := range u.Sources {
		weight := s.Messages
		if len(s.MailFrom) > 0 && !related(s.MailFrom[0], u.Domain) {
			weight = groups[organisation(s.MailFrom[0])] // a service has many addresses
		}
		much := weight >= atLeast && weight*muchOf >= u.Messages && 2*s.Forwarded < s.Messages
		if (s.Kind == BySPF || s.Kind == Signed && much) && public(s.IP) && !slices.Contains(u.PassedSPF, s.IP) && len(u.PassedSPF)+len(u.Candidate) < most {
			u.Candidate = append(u.Candidate, s.IP)
		}
	}
}

// way is an identity in MAIL FROM.
type way struct {
	mailFrom string
	helo     bool
}

// streams are those of the addresses that passed SPF lately, one for each MAIL FROM. What else signs is a stream of its own,
// without an address: whose they are is not known.
func (u *Usage) streams(all usage, now time.Time) {
	own := map[way]*Stream{}
	for f, v := range all.flows {
		recent := !v.lastBy.IsZero() && v.lastBy.After(u.End.Add(-addressStays))
		if f.from != u.Domain || !recent || !slices.Contains(u.PassedSPF, f.ip) {
			continue
		}
		s := own[way{f.mailFrom, f.helo}]
		if s == nil {
			s = &Stream{MailFrom: f.mailFrom, HELO: f.helo}
			own[way{f.mailFrom, f.helo}] = s
		}
		s.IPs = append(s.IPs, f.ip)
		s.Messages += v.Messages
	}
	signed, everywhere := map[way]map[Signer]int64{}, map[Signer]int64{}
	for k, x := range all.keys {
		if k.from != u.Domain || u.End.Before(now.Add(-addressStays)) || !x.last.After(u.End.Add(-selectorStays)) {
			continue
		}
		w := way{k.mailFrom, k.helo}
		if signed[w] == nil {
			signed[w] = map[Signer]int64{}
		}
		signed[w][k.Signer] += x.messages
		everywhere[k.Signer] += x.messages
	}
	for w, s := range own {
		s.sign(signed[w])
		slices.SortFunc(s.IPs, netip.Addr.Compare)
		for _, x := range s.Selectors {
			delete(everywhere, Signer{s.Signer, x})
		}
		u.Streams = append(u.Streams, *s)
	}
	for len(everywhere) > 0 {
		s := Stream{}
		s.sign(everywhere)
		for k, n := range everywhere {
			if k.Domain == s.Signer {
				s.Messages += n
				delete(everywhere, k)
			}
		}
		if len(s.Selectors) > 0 {
			u.Streams = append(u.Streams, s)
		}
	}
	slices.SortFunc(u.Streams, func(a, b Stream) int {
		return cmp.Or(-cmp.Compare(min(len(a.IPs), 1), min(len(b.IPs), 1)), -cmp.Compare(a.Messages, b.Messages),
			cmp.Compare(a.Name(), b.Name()))
	})
	u.Streams = u.Streams[:min(len(u.Streams), maxStreams)]
}

// sign takes the domain that signs most, and its selectors.
func (s *Stream) sign(l map[Signer]int64) {
	domains, selectors := tally{}, tally{}
	for k, n := range l {
		domains.add(k.Domain, n)
	}
	if d := domains.most(1); len(d) > 0 {
		s.Signer = d[0]
	}
	for k, n := range l {
		if k.Domain == s.Signer {
			selectors.add(k.Selector, n)
		}
	}
	s.Selectors = selectors.most(maxKeys)
}

// tally counts the messages of names.
type tally map[string]int64

func (t tally) add(name string, n int64) {
	if name != "" {
		t[name] += n
	}
}

// most are the first names by messages.
func (t tally) most(n int) []string {
	l := slices.SortedFunc(maps.Keys(t), func(a, b string) int { return cmp.Or(-cmp.Compare(t[a], t[b]), cmp.Compare(a, b)) })
	return l[:min(len(l), n)]
}
