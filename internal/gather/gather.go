// Package gather finds out: it is the only code that does I/O on behalf of an audit. One file per topic. It
// judges nothing; what it learns goes into facts, and what it cannot learn goes there too, with the cause.
//
// Everything that is known at the start is asked at once, and what an answer makes known is asked as soon as
// that answer is there, so an audit costs the longest chain of dependent answers and not their sum. No question
// is asked twice: all lookups of a run share one memo.
package gather

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/engine"
	"mailaudit/internal/facts"
	"mailaudit/internal/httpx"
	"mailaudit/internal/rdapx"
	"mailaudit/internal/smtpx"
	"mailaudit/internal/special"
)

// Env is the world that an audit asks: the first seam. Tests and the demo put their own servers here.
type Env struct {
	DNS   dnsx.Resolver
	Probe ProbeFunc      // looks at one SMTP service; nil: no connection is made, as with --offline
	Reach ReachFunc      // tries whether a connection can be made; nil likewise
	Fetch FetchFunc      // gets a file over HTTPS; nil likewise
	Score ScoreFunc      // asks a filter about a message; nil likewise
	RDAP  *rdapx.Client  // remembers where the registries are, for all audits
	Roots *x509.CertPool // nil: the system's
	Now   func() time.Time
	// WhatIf lays records over a resolver that are not published; nil where there are none. An audit then tells what they
	// change.
	WhatIf func(dnsx.Resolver) dnsx.Resolver
}

// ProbeFunc looks at one SMTP service.
type ProbeFunc = func(context.Context, smtpx.Target) smtpx.Probe

// Dialled is the probe that connects by a dialer.
func Dialled(dial smtpx.DialFunc) ProbeFunc {
	return func(ctx context.Context, t smtpx.Target) smtpx.Probe { return smtpx.Run(ctx, dial, t) }
}

// ReachFunc tries whether a connection to an address can be made. why tells of all but open.
type ReachFunc = func(ctx context.Context, a netip.AddrPort) (s smtpx.Status, why string)

// Reached tries by a dialer.
func Reached(dial smtpx.DialFunc) ReachFunc {
	return func(ctx context.Context, a netip.AddrPort) (smtpx.Status, string) { return smtpx.Reach(ctx, dial, a) }
}

// ScoreFunc asks a filter about a message.
type ScoreFunc = func(context.Context, engine.Engine, string, engine.Envelope) (engine.Opinion, error)

// Scored asks by a dialer.
func Scored(dial smtpx.DialFunc) ScoreFunc {
	return func(ctx context.Context, e engine.Engine, message string, from engine.Envelope) (engine.Opinion, error) {
		return engine.Ask(ctx, dial, e, message, from)
	}
}

// FetchFunc gets a file over HTTPS.
type FetchFunc = func(context.Context, httpx.Target) httpx.Page

// Fetched gets it by a dialer.
func Fetched(dial smtpx.DialFunc) FetchFunc {
	return func(ctx context.Context, t httpx.Target) httpx.Page { return httpx.Fetch(ctx, dial, t) }
}

// Target is what is audited, and what the user said about it.
type Target struct {
	Domain       string // an A-label name, lower case, without the dot at the end
	Streams      []facts.Stream
	Profile      string // sender, bulk, parked, or "" to tell from the facts
	Submission   []Endpoint
	Lists        []blocklist.List
	LeaveTerms   bool   // leave out lists whose terms forbid use in bulk
	RequireLists bool   // that no major list answered decides
	NoProbes     bool   // make no SMTP connection that DNS named: a batch
	ProbeInbound bool   // ask the domain's own MX hosts about recipients
	AskServers   bool   // ask authoritative servers themselves
	TrustAD      bool   // believe the resolver's AD bit
	RDAP         bool   // ask the registry
	EgressCheck  string // a host that takes connections on 25, 465 and 587, "" where none was named
	AllowPrivate bool   // dial private addresses that DNS named
	AssumePublic []netip.Prefix
	RDAPServer   *url.URL        // asked in place of the registry's own, because the user typed it
	Family       int             // 4 or 6: dial only those addresses; 0: both
	Messages     []Sample        // of the domain's mail
	Samples      *facts.Samples  // what several messages told
	Reports      *facts.Reports  // what DMARC aggregate reports told
	Reported     []netip.Addr    // addresses that they tell of and that nobody declares
	Preflight    bool            // look at what these say, too
	Engines      []engine.Engine // filters that are asked about them
}

// Endpoint is a submission service that the user named.
type Endpoint struct {
	Host     string
	Port     int
	Implicit bool
	Guarded  bool // a stranger asked for it: it is dialled only as what DNS names is
}

// gatherer is one run.
type gatherer struct {
	ctx context.Context
	env Env
	t   Target
	dns dnsx.Resolver

	records sync.Map // the SPF records that were parsed, by their texts: every address is judged by them
}

// Gather finds out what the wanted topics need. It ends when ctx does at the latest; what is open then is unknown.
func Gather(ctx context.Context, env Env, t Target, want facts.Topic) *facts.Facts {
	memo := dnsx.NewMemo(ctx, env.DNS)
	g := &gatherer{ctx: ctx, env: env, t: t}
	g.dns = honest{memo, g.rewrites}
	f := &facts.Facts{Schema: facts.Schema, Domain: t.Domain, Started: env.Now().UTC(), Streams: t.Streams,
		Public: t.AssumePublic, RequireLists: t.RequireLists, Samples: t.Samples, Reports: t.Reports}

	// What decides the profile and the candidates is always asked.
	addresses := soonIf(want&(facts.Domain|facts.MXHosts) != 0, func() facts.Fact[facts.Hosts] { return g.hosts(t.Domain) })
	zone := soonIf(want&facts.Domain != 0, func() facts.Fact[facts.Zone] { return g.zone(want&facts.Policy != 0) })
	mx := soon(func() facts.Fact[facts.MX] { return g.mx(want&facts.MXHosts != 0) })
	records := g.walks(want)
	senders := soon(func() []facts.Source { return g.sources(records) })
	sources := soon(func() []facts.Source {
		if want&facts.Reverse == 0 {
			return senders()
		}
		return g.reverses(senders())
	})
	exists := soon(g.exists)
	servers := soonIf(want&facts.Servers != 0 && t.AskServers, func() authorities { return g.authorities(exists) })

	results := soonIf(want&facts.SPFTree != 0, func() []facts.SPFResult { return g.results(senders()) })
	keys := soonIf(want&facts.Keys != 0, func() []facts.DKIM { return g.keys(records) })
	policy := soonIf(want&facts.Policy != 0, g.dmarc)
	orgs := soonIf(want&facts.Policy != 0, g.orgs)
	logo := soonIf(want&facts.Logo != 0, g.bimi)
	helos := soonIf(want&facts.Greeting != 0, g.helos)
	listed := soonIf(want&(facts.Listings|facts.MXListings|facts.HostListings) != 0, func() listed { return g.listings(senders, mx, want) })
	returns := soonIf(want&facts.MXHosts != 0, g.returns)
	inbound := soonIf(want&facts.Inbound != 0, func() []facts.MXTalk { return g.inbound(mx) })
	services := soonIf(want&facts.Services != 0, func() facts.Submission { return g.submission(inbound) })
	sts := soonIf(want&facts.Transport != 0, g.mtasts)
	tlsrpt := soonIf(want&facts.Reporting != 0, g.tlsrpt)
	dane := soonIf(want&facts.Pins != 0, func() []facts.DANE { return g.dane() })
	dnssec := soonIf(want&facts.Signing != 0, g.dnssec)
	registration := soonIf(want&facts.Registry != 0 && t.RDAP, g.registration)
	vantage := soon(g.vantage)
	messages := soon(g.messages)

	f.Exists, f.Addresses, f.MX = exists(), addresses(), mx()
	f.Suffix, f.Zone = isSuffix(t.Domain), servers().into(zone())
	for _, r := range records {
		f.SPF = append(f.SPF, r.walk())
	}
	f.Profile = g.profile(f)
	f.Sources, f.Results = sources(), results()
	f.DKIM, f.DMARC, f.Orgs, f.HELOs = keys(), policy(), orgs(), helos()
	f.BIMI = logo()
	l := listed()
	f.Lists, f.Listings, f.HELOListings, f.Nearby, f.Allowlists, f.Allowed = l.lists, l.listings, l.helos, l.nearby, l.allowlists, l.allowed
	f.Submission, f.Inbound = services(), inbound()
	f.Returns = returns()
	f.Messages = messages()
	f.MTASTS, f.TLSRPT, f.DANE = sts(), tlsrpt(), dane()
	f.DNSSEC, f.Registration, f.Vantage = dnssec(), registration(), vantage()
	f.Vantage.Egress = outwards(f)
	f.Questions, f.Took = memo.Questions(), env.Now().Sub(f.Started)
	return f
}

// profile tells what the domain is for, from what it publishes.
func (g *gatherer) profile(f *facts.Facts) facts.Profile {
	if g.t.Profile != "" {
		return facts.Profile{Name: g.t.Profile, Reason: "--profile " + g.t.Profile}
	}
	daily := 0
	for _, s := range g.t.Streams {
		daily += s.Daily
	}
	if f.MX.Known() && f.MX.Value.Status == facts.MXNull {
		return facts.Profile{Name: facts.Parked, Reason: "a null MX: it neither receives nor, with that, sends mail (RFC 7505)"}
	}
	for _, s := range f.SPF {
		if s.From && s.Root.Status == facts.SPFFound && len(s.Root.Record.Terms) == 1 && isHardAll(s) {
			return facts.Profile{Name: facts.Parked, Reason: "its SPF record is -all alone: no host may send"}
		}
	}
	// Gmail and Outlook.com count a sender as bulk from 5,000 messages a day.
	const bulk = 5000
	switch {
	case daily >= bulk:
		return facts.Profile{Name: facts.Bulk, Reason: fmt.Sprintf("--daily %d is %d or more", daily, bulk)}
	case daily > 0:
		return facts.Profile{Name: facts.Sender, Reason: fmt.Sprintf("--daily %d is below %d", daily, bulk)}
	}
	return facts.Profile{Name: facts.Sender, Reason: "no --daily given"}
}

func isHardAll(s facts.SPF) bool {
	t := s.Root.Record.Terms[0]
	return t.Name == "all" && t.Qualifier == "-" && !t.Bad
}

// public says whether an address that DNS named may be dialled.
func (g *gatherer) public(a netip.Addr) bool {
	return g.t.AllowPrivate || special.Public(a, g.t.AssumePublic)
}

// askAll asks for some types at some names at once. The answers are in their order, those of one name beside each other.
func (g *gatherer) askAll(names []string, types ...dnsx.Type) []dnsx.Answer {
	qs := make([]dnsx.Question, 0, len(names)*len(types))
	for _, n := range names {
		for _, t := range types {
			qs = append(qs, dnsx.Q(n, t))
		}
	}
	l := make([]dnsx.Answer, len(qs))
	dnsx.LookupAll(g.ctx, g.dns, qs, func(i int, a dnsx.Answer) { l[i] = a })
	return l
}

// ask is one lookup.
func (g *gatherer) ask(name string, t dnsx.Type) dnsx.Answer {
	return g.dns.Lookup(g.ctx, dnsx.Q(name, t))
}
