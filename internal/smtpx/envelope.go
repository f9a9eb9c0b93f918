package smtpx

import (
	"context"
	"regexp"
	"strings"

	"mailaudit/internal/clip"
)

// Bounds on envelopes.
const (
	maxEnvelopes = 20
	maxPath      = 254 // octets of an address; RFC 5321 4.5.3.1.3 grants 256 with the angle brackets
	maxText      = 500 // octets of a reply that are kept
)

// closing is what a server says before it closes the connection, at any time (RFC 5321 3.8).
const closing = 421

// envelopes asks whether the server would take mail, and never hands any in: RSET takes back what was said before the
// next question, and QUIT what was said before it. A server that closes, or says that it is about to, leaves the rest
// without a reply.
func (s *session) envelopes(ctx context.Context) error {
	begun := false // MAIL was accepted, and is open (RFC 5321 4.1.4)
	for _, e := range s.Target.Envelopes[:min(len(s.Target.Envelopes), maxEnvelopes)] {
		if !sendable(e.From) || !sendable(e.To) {
			continue
		}
		if begun {
			if _, err := s.command(ctx, "RSET", 250); err != nil {
				return err
			}
			begun = false
		}
		if e.Verify {
			if _, err := s.step(ctx, e, StageVrfy, "VRFY "+e.To); err != nil {
				return err
			}
			continue
		}
		r, err := s.step(ctx, e, StageMail, "MAIL FROM:<"+e.From+">")
		if err != nil {
			return err
		}
		if begun = r.code/100 == 2; !begun {
			continue
		}
		if _, err := s.step(ctx, e, StageRcpt, "RCPT TO:<"+e.To+">"); err != nil {
			return err
		}
	}
	return nil
}

// step sends one command of an envelope and keeps the reply, unless that is the yes to MAIL: the question is RCPT.
func (s *session) step(ctx context.Context, e Envelope, stage, line string) (reply, error) {
	r, what, err := s.say(ctx, line)
	if err != nil || stage == StageMail && r.code/100 == 2 {
		return r, err
	}
	s.Probe.Envelopes = append(s.Probe.Envelopes, EnvelopeReply{Envelope: e, Stage: stage, Code: r.code, Enhanced: enhanced(r),
		Text: clip.Text(strings.Join(r.lines, " "), maxText)})
	if r.code == closing {
		return r, &refusal{what, r}
	}
	return r, nil
}

// sendable reports whether an address can stand in a command without changing what the command is. Such as need
// SMTPUTF8 (RFC 6531) are not asked about.
func sendable(address string) bool {
	return len(address) <= maxPath && !strings.ContainsFunc(address, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || c == '<' || c == '>'
	})
}

// statusCode is an enhanced status code (RFC 2034 4, RFC 3463 2).
var statusCode = regexp.MustCompile(`^[245]\.[0-9]{1,3}\.[0-9]{1,3}\b`)

func enhanced(r reply) string {
	code := statusCode.FindString(r.lines[0])
	if code == "" || int(code[0]-'0') != r.code/100 {
		return ""
	}
	return code
}
