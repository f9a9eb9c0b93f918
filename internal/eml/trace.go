package eml

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Trace is what the top of a message tells of the way it came.
type Trace struct {
	Border   *Received // the hop at which the receiver's own servers took the message from outside; nil where none is seen
	Why      string    // why none is
	Sender   string    // the envelope sender; "" where it is not known, or is the null sender
	Null     bool      // the envelope sender is <>
	Received int       // how many Received fields there are
}

// delivers are the protocols of hops within a receiver: from its front to the mailbox, or from there to a reader.
var delivers = []string{"LMTP", "LMTPA", "LMTPS", "LMTPSA", "LOCAL", "POP3", "POP3S", "IMAP", "IMAPS", "HTTP", "HTTPS", "MAPI", "PIPE"}

// submits are the protocols of mail that an authenticated user hands in (RFC 3848).
var submits = []string{"ESMTPA", "ESMTPSA", "ASMTP", "UTF8SMTPA", "UTF8SMTPSA"}

// Trace walks the Received fields from the top, which the last server wrote, and stops at the first whose client has a
// public address and is none of the receiver's own: whatever stands beneath came with the message and may be forged.
// Hops from addresses that are not public are within the receiver's network. One from a host of the receiver's own
// organisation is too, if what stands right beneath it was again written by that organisation; where nothing more is
// found there, sender and receiver are of the same organisation, and it is the border itself.
func (m *Message) Trace(public func(netip.Addr) bool) Trace {
	hops := m.Received()
	t := Trace{Received: len(hops), Why: "there is no Received field: the message was not delivered yet"}
	if len(hops) > 0 {
		t.Why = fmt.Sprintf("none of the %d Received fields names a client with a public address", len(hops))
	}
	t.Border = border(hops, public, &t.Why)
	m.returnPath(&t, hops)
	return t
}

func border(hops []Received, public func(netip.Addr) bool, why *string) *Received {
	var own *Received
	for i := range hops {
		r := &hops[i]
		if own != nil && (r.Client || r.By != "") && organisation(r.By) != organisation(own.By) {
			return own
		}
		switch {
		case !r.Client || slices.Contains(delivers, r.With):
		case r.auth || slices.Contains(submits, r.With):
			*why = fmt.Sprintf("in Received field %d a user hands the message in: it did not leave the sender's servers by there", r.Number)
			return own
		case !r.IP.IsValid():
			*why = fmt.Sprintf("Received field %d names no address, and what stands beneath it may be forged", r.Number)
			return own
		case !public(r.IP):
		case !within(*r):
			return r
		default:
			own = r
		}
	}
	return own
}

// within says whether a client is of the organisation whose server wrote the field, by the name that the server found for
// it. The name in HELO is the client's own word and tells nothing; only Exchange Online writes no other, and has hosts of
// its own by which mail leaves it.
func within(r Received) bool {
	client, org := r.RDNS, organisation(r.By)
	if r.loose {
		client = ""
	}
	if r.plain && org == microsoft && !strings.HasSuffix(strings.ToLower(r.HELO), leaves) {
		client = r.HELO
	}
	return org != "" && org == organisation(client)
}

// Exchange Online is one organisation, whose servers hand mail to each other under several domains.
const (
	microsoft = "outlook.com"
	leaves    = ".outbound.protection.outlook.com"
)

// organisation is the registrable domain of a host, "" where it has none.
func organisation(host string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(strings.TrimSuffix(host, ".")))
	switch {
	case err != nil:
		return ""
	case d == "office365.com" || d == "exchangelabs.com":
		return microsoft
	}
	return d
}

// returnPath reads the envelope sender, which the last server puts on top (RFC 5321 4.4): beneath the border it came with
// the message. A message that was never received has it in front of all else or not at all.
func (m *Message) returnPath(t *Trace, hops []Received) {
	end := 1
	switch {
	case t.Border != nil:
		end = t.Border.field
	case len(hops) > 0:
		end = hops[0].field
	}
	for _, f := range m.Fields[:min(end, len(m.Fields))] {
		if !f.Is("Return-Path") {
			continue
		}
		s := strings.TrimSpace(uncommented(f.Value))
		if rest, ok := strings.CutPrefix(s, "<"); ok {
			s, ok = strings.CutSuffix(rest, ">")
			t.Null = ok && s == ""
		}
		if i := strings.LastIndexByte(s, '@'); i > 0 && i < len(s)-1 && !strings.ContainsAny(s, "<> \t") {
			t.Sender = s
		}
		return
	}
}
