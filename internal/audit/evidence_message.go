package audit

import (
	"slices"
	"time"

	"mailaudit/internal/facts"
)

// Message is what was learned from the message that --message names; there is none without it.
type Message struct {
	Stream     string      `json:"stream"`
	From       string      `json:"from"`          // the author domain
	Learned    []string    `json:"learned"`       // fields of the stream that were taken from it
	Hop        *Hop        `json:"hop,omitempty"` // nil: none is seen at which a receiver took the message from outside
	Cause      string      `json:"cause"`         // why
	Envelope   string      `json:"envelope"`      // by Return-Path; <> for the null sender
	Signatures []Signature `json:"signatures"`
	Scores     []Score     `json:"scores,omitempty"` // of filters that were named
	Unread     int         `json:"unread"`           // signatures beyond those that are looked at

	// Of a message that is looked at before it is sent.
	Path        []Relay  `json:"path,omitempty"` // by its Received fields, the newest first
	Links       []Link   `json:"links,omitempty"`
	LinksLeft   int      `json:"links_left,omitempty"` // domains that no list was asked about
	Attachments []string `json:"attachments,omitempty"`
	ARC         *ARC     `json:"arc,omitempty"`

	AuthenticationResults *AuthResults `json:"authentication_results,omitempty"` // evidence alone
}

// Hop is the Received field by which the message came to its receiver.
type Hop struct {
	Number int    `json:"number"` // from the top, from 1
	Of     int    `json:"of"`
	By     string `json:"by"`
	IP     string `json:"ip"`
	HELO   string `json:"helo"`
	RDNS   string `json:"rdns"`
	Text   string `json:"text"`
}

// Relay is one Received field.
type Relay struct {
	Number int        `json:"number"` // from the top, from 1
	From   string     `json:"from"`   // the name in HELO
	RDNS   string     `json:"rdns"`
	IP     string     `json:"ip"`
	By     string     `json:"by"`
	With   string     `json:"with"`
	TLS    string     `json:"tls"` // "TLS 1.3" and the like, "TLS", none, or "" where nothing is said
	Time   *time.Time `json:"time"`
	Delay  *int64     `json:"delay"` // seconds since the hop before; null where a time is missing
}

// Link is a domain that the message leads to.
type Link struct {
	Domain string   `json:"domain"`
	Status string   `json:"status"` // listed, clean, unknown
	Lists  []string `json:"lists"`  // zones that list it
	Cause  string   `json:"cause"`  // of unknown
}

// ARC is the ARC chain, verified with the keys that are published now.
type ARC struct {
	Sets       int            `json:"sets"`
	CV         string         `json:"cv"`     // none, pass or fail, by the newest seal
	Result     string         `json:"result"` // pass, fail, unknown
	Cause      string         `json:"cause"`  // of fail and unknown
	Problems   []string       `json:"problems"`
	Signatures []ARCSignature `json:"signatures"` // the newest ARC-Message-Signature, then the seals from the newest; none where the form is broken
}

// ARCSignature is one signature of the chain.
type ARCSignature struct {
	Field    string `json:"field"` // ARC-Message-Signature or ARC-Seal
	Instance int    `json:"instance"`
	Domain   string `json:"domain"`
	Selector string `json:"selector"`
	Result   string `json:"result"` // pass, fail, temperror, permerror
	Cause    string `json:"cause"`  // of all but pass
}

// Signature is one DKIM-Signature, verified with the key that is published now.
type Signature struct {
	Domain    string     `json:"domain"`
	Selector  string     `json:"selector"`
	Algorithm string     `json:"algorithm"`
	Bits      int        `json:"bits"`
	Expires   *time.Time `json:"expires"`
	Result    string     `json:"result"` // pass, fail, policy, temperror, permerror
	Fits      bool       `json:"fits"`   // the message and the key in p=, whatever else voids it
	Cause     string     `json:"cause"`
}

// Score is what a filter says of the message; it takes it for spam from Required on.
type Score struct {
	Engine   string   `json:"engine"`
	Address  string   `json:"address"`
	Score    *float64 `json:"score"` // nil: it did not say
	Required *float64 `json:"required"`
	Symbols  []string `json:"symbols"` // what counts most comes first, where the filter tells
	Cause    string   `json:"cause"`   // why it did not
}

// AuthResults is what the receiver wrote (RFC 8601).
type AuthResults struct {
	Server  string   `json:"server"`
	Results []string `json:"results"`
}

func message(f *facts.Facts) *Message {
	if len(f.Messages) == 0 {
		return nil
	}
	return messageOf(f, f.Messages[0])
}

func messageOf(f *facts.Facts, m facts.Message) *Message {
	out := &Message{Stream: m.Stream, From: m.From, Learned: []string{}, Cause: m.Why, Envelope: m.Sender, Signatures: []Signature{}, Unread: m.Unread}
	if i := slices.IndexFunc(f.Streams, func(s facts.Stream) bool { return s.Name == m.Stream }); i >= 0 {
		out.Learned = list(f.Streams[i].Learned)
	}
	if h := m.Hop; h != nil {
		out.Hop = &Hop{Number: h.Number, Of: h.Of, By: h.By, IP: h.IP.String(), HELO: h.HELO, RDNS: h.RDNS, Text: h.Text}
	}
	for _, s := range m.Signatures {
		x := Signature{Domain: s.Domain, Selector: s.Selector, Algorithm: s.Algorithm, Bits: s.Bits, Result: s.Result, Fits: s.Holds, Cause: s.Why}
		if !s.Expires.IsZero() {
			x.Expires = &s.Expires
		}
		out.Signatures = append(out.Signatures, x)
	}
	out.content(m.Content)
	for _, s := range m.Scores {
		x := Score{Engine: s.Engine, Address: s.Addr, Symbols: list(s.Of.Value.Symbols), Cause: s.Of.Why}
		if s.Of.Known() {
			x.Score, x.Required = &s.Of.Value.Score, &s.Of.Value.Required
		}
		out.Scores = append(out.Scores, x)
	}
	if r := m.Results; r != nil {
		out.AuthenticationResults = &AuthResults{Server: r.Server, Results: list(r.Results)}
	}
	return out
}

// content adds what the message itself says.
func (m *Message) content(c *facts.Content) {
	if c == nil {
		return
	}
	for _, r := range c.Path {
		x := Relay{Number: r.Number, From: r.From, RDNS: r.RDNS, By: r.By, With: r.With, TLS: r.TLS, Delay: r.Delay}
		if r.IP.IsValid() {
			x.IP = r.IP.String()
		}
		if !r.Time.IsZero() {
			x.Time = &r.Time
		}
		m.Path = append(m.Path, x)
	}
	for _, d := range c.Links {
		m.Links = append(m.Links, linkOf(d, c.LinkListings))
	}
	m.LinksLeft, m.Attachments = c.LinksLeft, c.Attachments
	if c.ARC != nil {
		m.ARC = arc(*c.ARC)
	}
}

func arc(a facts.ARC) *ARC {
	out := &ARC{Sets: a.Sets, CV: a.CV, Result: a.Result, Cause: a.Why, Problems: list(a.Problems), Signatures: []ARCSignature{}}
	for _, s := range a.Signatures {
		out.Signatures = append(out.Signatures, ARCSignature{Field: s.Field, Instance: s.Instance, Domain: s.Domain, Selector: s.Selector, Result: s.Result, Cause: s.Why})
	}
	return out
}

// linkOf is what the lists say of a domain: one that lists it counts, then one that does not.
func linkOf(domain string, all []facts.Listing) Link {
	l := Link{Domain: domain, Status: facts.NoClue, Lists: []string{}, Cause: "no list was asked"}
	for _, x := range all {
		switch {
		case x.Target != domain:
		case x.Status == facts.Listed:
			l.Status, l.Cause = facts.Listed, ""
			l.Lists = append(l.Lists, x.Zone)
		case x.Status == facts.Clean && l.Status == facts.NoClue:
			l.Status, l.Cause = facts.Clean, ""
		case l.Status == facts.NoClue:
			l.Cause = x.Zone + ": " + x.Why
		}
	}
	return l
}
