package gather

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/names"
	"mailaudit/internal/smtpx"
)

const (
	portMX   = 25
	maxTalks = 5 // MX hosts that are connected to
	maxPaths = 5 // Return-Paths that are asked about

	// MX hosts keep strangers waiting for their greeting: postscreen for 6 s, others for more. With the time to connect it
	// stays below what an audit takes at most unless told otherwise (30 s).
	mxPatience = 15 * time.Second
	mxConnect  = 4 * time.Second
)

// elsewhere is the recipient of the relay test. No such domain can exist (RFC 6761 6.4), so that nobody gets mail or is asked
// whether the address is good, whatever the server makes of it. It costs an answer where the server asks DNS about the
// domain before it thinks of relaying: the refusal says nothing then.
const elsewhere = "mailaudit@relay-test.invalid"

// inbound looks at the MX hosts on port 25, by preference.
func (g *gatherer) inbound(mx later[facts.Fact[facts.MX]]) []facts.MXTalk {
	m := mx()
	if !m.Known() {
		return nil
	}
	var l []facts.MXTalk
	for _, h := range m.Value.Hosts {
		known := slices.ContainsFunc(l, func(t facts.MXTalk) bool { return t.Host == h.Host })
		if known || h.Host == "." { // a null MX beside others
			continue
		}
		t := facts.MXTalk{Host: h.Host, Preference: h.Preference}
		if len(l) >= maxTalks {
			t.Left = fmt.Sprintf("only the first %d MX hosts by preference are connected to", maxTalks)
		}
		l = append(l, t)
	}
	ask := g.envelopes(m.Value)
	return every(l, func(t facts.MXTalk) facts.MXTalk {
		if t.Left != "" {
			return t
		}
		return g.talk(t, ask)
	})
}

// talk connects to one MX host, or says why it was left alone.
func (g *gatherer) talk(t facts.MXTalk, ask []facts.Envelope) facts.MXTalk {
	switch {
	case g.env.Probe == nil:
		t.Probe = facts.Cannot[facts.Probe](offline)
		return t
	case g.t.NoProbes:
		t.Left = noProbes
		return t
	}
	h := g.hosts(t.Host)
	if !h.Known() {
		t.Probe = facts.Cannot[facts.Probe](h.Why)
		return t
	}
	dial, left := g.reach(t.Host, h.Value.Addresses, portMX, false)
	if left != "" {
		t.Left = left
		return t
	}
	t.Asked = ask
	t.Probe = facts.Know(g.probe(smtpx.Target{Host: t.Host, Addrs: dial, Patience: mxPatience, Connect: mxConnect, Envelopes: ask}))
	if t.Name = nameOf(t.Probe.Value); t.Name != "" {
		t.Named = g.hosts(t.Name)
	}
	return t
}

// nameOf is the host name that a server gives itself in the reply to EHLO, or else in its greeting (RFC 5321 4.2, 4.1.1.1);
// "" where that is none.
func nameOf(p facts.Probe) string {
	for _, text := range []string{first(p.EHLOTLS), first(p.EHLO), p.Banner} {
		word, _, _ := strings.Cut(text, " ")
		word, _, _ = strings.Cut(word, "\n")
		if !strings.Contains(word, ".") {
			continue
		}
		if host, err := names.Host(word); err == nil && isHost(host) {
			return host
		}
	}
	return ""
}

func first(l []string) string {
	if len(l) == 0 {
		return ""
	}
	return l[0]
}

// envelopes are the questions about mail that the user asked for, none without --probe-inbound.
func (g *gatherer) envelopes(mx facts.MX) []facts.Envelope {
	if !g.t.ProbeInbound {
		return nil
	}
	at := "@" + g.t.Domain
	// The same in every run, so that a recording answers it, and nobody's by any likelihood.
	sum := sha256.Sum256([]byte(g.t.Domain))
	nobody := fmt.Sprintf("mailaudit-%x", sum[:6]) + at
	var l []facts.Envelope
	for _, path := range g.returnPaths(mx) { // first, as a callout does: a server may close after any of them
		l = append(l, facts.Envelope{Purpose: facts.AskSender, To: path})
	}
	return append(l,
		facts.Envelope{Purpose: facts.AskPostmaster, To: "postmaster" + at},
		facts.Envelope{Purpose: facts.AskAbuse, To: "abuse" + at},
		facts.Envelope{Purpose: facts.AskRandom, To: nobody},
		g.relay(),
		facts.Envelope{Purpose: facts.AskVrfy, Verify: true, To: "postmaster" + at},
		facts.Envelope{Purpose: facts.AskVrfyUnknown, Verify: true, To: nobody})
}

// relay is the question whether a server passes mail on for strangers. The sender is of the audited domain, which some
// servers trust for its name alone.
func (g *gatherer) relay() facts.Envelope {
	return facts.Envelope{Purpose: facts.AskRelay, From: "postmaster@" + g.t.Domain, To: elsewhere}
}

// returnPaths are the mailboxes in MAIL FROM that the domain's own MX hosts take mail for. An address postmaster is what
// stands for a mailbox that nobody named, and is asked about anyway.
func (g *gatherer) returnPaths(mx facts.MX) []string {
	var l []string
	for _, s := range g.t.Streams {
		local, domain, ok := cutAddress(s.MailFrom)
		path := local + "@" + domain
		if !ok || strings.EqualFold(local, "postmaster") || slices.Contains(l, path) || len(l) == maxPaths {
			continue
		}
		if domain == g.t.Domain || g.sameMX(domain, mx) {
			l = append(l, path)
		}
	}
	return l
}

// cutAddress takes an address apart at its last at sign.
func cutAddress(a string) (local, domain string, ok bool) {
	i := strings.LastIndexByte(a, '@')
	if i <= 0 {
		return "", "", false
	}
	return a[:i], strings.ToLower(a[i+1:]), true
}

// sameMX says whether another domain is known to have just the MX hosts of the audited one.
func (g *gatherer) sameMX(domain string, mx facts.MX) bool {
	var theirs, ours []string
	for _, r := range g.ask(domain, dnsx.MX).Records {
		theirs = append(theirs, r.Target)
	}
	for _, h := range mx.Hosts {
		ours = append(ours, h.Host)
	}
	slices.Sort(theirs)
	slices.Sort(ours)
	return mx.Status == facts.MXFound && slices.Equal(theirs, ours)
}

// probe looks at one service and keeps the answers to what was asked, and no others: a recording may hold those of another
// domain with the same MX host.
func (g *gatherer) probe(t smtpx.Target) facts.Probe {
	t.Roots, t.Now = g.env.Roots, g.env.Now()
	p := g.env.Probe(g.ctx, t)
	p.Envelopes = slices.DeleteFunc(slices.Clone(p.Envelopes), func(r facts.EnvelopeReply) bool { return !slices.Contains(t.Envelopes, r.Envelope) })
	return p
}

// Why nothing was dialled.
const (
	offline  = "offline: nothing is dialled"
	noProbes = "no connections are made in a batch unless --probe is given"
)

// reach are the addresses of a host that may be dialled, or why there is none. What the user typed is dialled whatever it
// resolves to.
func (g *gatherer) reach(host string, addresses []netip.Addr, port int, typed bool) (dial []netip.AddrPort, left string) {
	if len(addresses) == 0 {
		return nil, host + " has no address"
	}
	addresses = g.inFamily(addresses)
	if len(addresses) == 0 {
		return nil, fmt.Sprintf("%s has no IPv%d address, and no other is to be dialled", host, g.t.Family)
	}
	for _, a := range addresses {
		if typed || g.public(a) {
			dial = append(dial, netip.AddrPortFrom(a, uint16(port)))
		}
	}
	if len(dial) == 0 {
		return nil, fmt.Sprintf("DNS names %s, which is no public address: it is not dialled without --allow-private", addresses[0])
	}
	return dial, ""
}
