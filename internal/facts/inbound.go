package facts

import "mailaudit/internal/smtpx"

// MXTalk is what one MX host was seen to do on port 25.
type MXTalk struct {
	Host       string      `json:"host"`
	Preference int         `json:"preference"`
	Probe      Fact[Probe] `json:"probe"` // unasked: it was not connected to, Left says why
	Left       string      `json:"left,omitempty"`
	Name       string      `json:"name,omitempty"`  // what it calls itself, in EHLO or else in its greeting, where that is a host name
	Named      Fact[Hosts] `json:"named"`           // the addresses of Name
	Asked      []Envelope  `json:"asked,omitempty"` // with --probe-inbound
}

// Envelope is a question whether a server would take mail.
type Envelope = smtpx.Envelope

// EnvelopeReply is what it said to one.
type EnvelopeReply = smtpx.EnvelopeReply

// The values of EnvelopeReply.Stage.
const (
	StageMail = smtpx.StageMail
	StageRcpt = smtpx.StageRcpt
)

// The purposes of envelopes.
const (
	AskPostmaster  = "postmaster"  // from the null sender
	AskAbuse       = "abuse"       // likewise
	AskSender      = "sender"      // the Return-Path of a stream, from the null sender as a callout does it
	AskRandom      = "random"      // an address that nobody has
	AskRelay       = "relay"       // a recipient elsewhere, from the domain's postmaster
	AskVrfy        = "vrfy"        // VRFY of postmaster
	AskVrfyUnknown = "vrfy-random" // VRFY of an address that nobody has
)

// Answer is what was said to the envelope of a purpose, or why that is not known; unasked where there was no such.
// Of the sender's there can be several: those are in Answers.
func (t MXTalk) Answer(purpose string) Fact[EnvelopeReply] {
	for _, a := range t.Answers(purpose) {
		return a
	}
	return Fact[EnvelopeReply]{}
}

// Answers are those to all envelopes of a purpose. Value.Envelope is what was asked also where the reply is not known.
func (t MXTalk) Answers(purpose string) []Fact[EnvelopeReply] {
	return answers(t.Asked, purpose, t.Probe.Value)
}

// Answer is what the service said to the envelope of a purpose.
func (s Service) Answer(purpose string) Fact[EnvelopeReply] {
	for _, a := range answers(s.Asked, purpose, s.Probe.Value) {
		return a
	}
	return Fact[EnvelopeReply]{}
}

func answers(asked []Envelope, purpose string, p Probe) []Fact[EnvelopeReply] {
	var l []Fact[EnvelopeReply]
	for _, e := range asked {
		if e.Purpose != purpose {
			continue
		}
		why := p.Why
		if why == "" {
			why = "it was not answered"
		}
		a := Fact[EnvelopeReply]{State: Unknown, Why: why, Value: EnvelopeReply{Envelope: e}}
		for _, r := range p.Envelopes {
			if r.Envelope == e {
				a = Know(r)
			}
		}
		l = append(l, a)
	}
	return l
}
