package gather

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"mailaudit/internal/eml"
	"mailaudit/internal/engine"
	"mailaudit/internal/facts"
)

// Bounds on what is kept of a message.
const (
	maxKept    = 100 // values of one kind
	maxKeptLen = 500 // octets of each
)

// content is what the rules about a message ask of it.
func content(m *eml.Message) *facts.Content {
	lines := m.Lines()
	c := &facts.Content{Size: lines.Size, Received: len(m.Received()), From: len(m.Values("From")), Dates: kept(m.Values("Date")), Date: m.Date(),
		MessageIDs: kept(m.Values("Message-ID")), Repeated: m.Repeated(), EightBit: kept(m.EightBit()), Longest: lines.Longest, LongestAt: lines.At,
		BareCR: lines.BareCR, Unsubscribe: kept(m.Values("List-Unsubscribe")), OneClick: kept(m.Values("List-Unsubscribe-Post")), Coverage: []facts.Coverage{}}
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
		v := facts.Coverage{Fields: []string{}, Length: cut(s.Tag("l")), Partial: s.Has("l")}
		for name := range strings.SplitSeq(s.Tag("h"), ":") {
			v.Fields = append(v.Fields, strings.ToLower(strings.TrimSpace(name)))
		}
		v.Fields = kept(v.Fields)
		if n, err := strconv.ParseInt(s.Tag("t"), 10, 37); err == nil && n > 0 {
			v.Signed = time.Unix(n, 0).UTC()
		}
		c.Coverage = append(c.Coverage, v)
	}
	return c
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
