package gather

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/eml"
	"mailaudit/internal/engine"
	"mailaudit/internal/facts"
)

// Bounds on what is kept of a message.
const (
	maxKept    = 100 // values of one kind
	maxKeptLen = 500 // octets of each
)

// content is what the rules about a message ask of it. What they read of the header is whole: that is of 1 MiB at most (package
// eml), and half a URI or half of h= would be judged as what it is not.
func content(m *eml.Message) *facts.Content {
	lines := m.Lines()
	c := &facts.Content{Size: lines.Size, Received: len(m.Received()), From: len(m.Values("From")), Dates: m.Values("Date"), Date: m.Date(),
		MessageIDs: m.Values("Message-ID"), Repeated: m.Repeated(), EightBit: kept(m.EightBit()), Longest: lines.Longest, LongestAt: lines.At,
		BareCR: lines.BareCR, Unsubscribe: m.Values("List-Unsubscribe"), OneClick: m.Values("List-Unsubscribe-Post"), Coverage: []facts.Coverage{},
		LinkListings: []facts.Listing{}}
	if lines.CRLF > 0 { // a file of lines that all end in LF is a message as systems keep it
		c.BareLF = lines.BareLF
	}
	var err error
	if c.Author, err = m.From(); err != nil {
		c.AuthorWhy = err.Error()
	}
	for _, f := range m.Fields {
		if f.Name == "" {
			c.Broken++
		}
	}
	c.List = len(m.Values("List-Id")) > 0 || slices.ContainsFunc(m.Values("Precedence"), func(v string) bool {
		return strings.EqualFold(v, "bulk") || strings.EqualFold(v, "list")
	})
	l, _ := m.Signatures()
	for _, s := range l {
		v := facts.Coverage{Fields: s.Covers(), Length: cut(s.Tag("l")), Partial: s.Has("l")}
		if n, _ := strconv.ParseInt(s.Tag("t"), 10, 37); n > 0 { // the largest, of what is larger still
			v.Signed = time.Unix(n, 0).UTC()
		}
		c.Coverage = append(c.Coverage, v)
	}
	c.Path = path(m)
	c.Links, c.LinksLeft = linkedDomains(m.Links())
	names := m.Attachments()
	for i, name := range names {
		names[i] = name[max(len(name)-maxKeptLen, 0):] // the type of a file stands at its end
	}
	c.Attachments = kept(names)
	return c
}

// path is the way that the message came, with the time that each hop took.
func path(m *eml.Message) []facts.Relay {
	l := []facts.Relay{}
	for _, r := range m.Received() {
		if len(l) == maxKept {
			break
		}
		l = append(l, facts.Relay{Number: r.Number, From: r.HELO, RDNS: r.RDNS, IP: r.IP, By: r.By, With: r.With, TLS: r.TLS, Time: r.Time})
	}
	for i := range max(len(l)-1, 0) { // that below it is the hop before
		if before := l[i+1].Time; !before.IsZero() && !l[i].Time.IsZero() {
			seconds := int64(l[i].Time.Sub(before) / time.Second)
			l[i].Delay = &seconds
		}
	}
	return l
}

// maxLinks bounds the domains of links that blocklists are asked about.
const maxLinks = 20

// linkedDomains are the registrable domains of hosts: what lists of domains hold.
func linkedDomains(hosts []string) (l []string, left int) {
	l = []string{}
	for _, h := range hosts {
		d := registrable(h)
		switch {
		case slices.Contains(l, d):
		case len(l) == maxLinks:
			left++
		default:
			l = append(l, d)
		}
	}
	return l, left
}

// linkListings asks the lists for whose word mail is refused about the domains of links. As everywhere, an answer counts only
// where the list passes its self-test (RFC 5782 5).
func (g *gatherer) linkListings(domains []string) []facts.Listing {
	lists := slices.DeleteFunc(slices.Clone(g.t.Lists), func(l blocklist.List) bool { return !listsDomains(l) || g.leave(l) != "" })
	if len(domains) == 0 {
		lists = nil
	}
	out := []facts.Listing{}
	health := soon(func() []blocklist.Health { return g.selfTests(lists, func(int) bool { return true }) })
	var targets []target
	for _, d := range domains {
		targets = append(targets, target{name: d})
	}
	for i, found := range g.askLists(lists, func(int) []target { return targets }) {
		_, found = believe(facts.List{}, health()[i], found)
		out = append(out, found...)
	}
	return out
}

func kept(l []string) []string {
	l = slices.Clone(l[:min(len(l), maxKept)])
	for i := range l {
		l[i] = cut(l[i])
	}
	return l
}

func cut(s string) string { return s[:min(len(s), maxKeptLen)] }

// scores are the opinions of the filters that were named. They are told of the first address of the stream.
func (g *gatherer) scores(s Sample) []facts.Score {
	from := engine.Envelope{}
	for _, stream := range g.t.Streams {
		if stream.Name == s.Stream {
			from.From, from.HELO = stream.MailFrom, stream.HELO
			if len(stream.IPs) > 0 {
				from.IP = stream.IPs[0]
			}
		}
	}
	return every(g.t.Engines, func(e engine.Engine) facts.Score {
		f := facts.Score{Engine: e.Kind, Addr: e.Addr}
		if g.env.Score == nil {
			f.Of = facts.Cannot[facts.Opinion](e.Kind + " at " + e.Addr + " was not asked: no connection is made")
			return f
		}
		o, err := g.env.Score(g.ctx, e, s.Message.Transit(), from)
		if err != nil {
			f.Of = facts.Cannot[facts.Opinion](e.Kind + " at " + e.Addr + ": " + cut(err.Error()))
			return f
		}
		f.Of = facts.Know(facts.Opinion(o))
		return f
	})
}
