package smtpx

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/internal/testnet"
)

// TestEnvelopes has servers answer envelopes in every way that matters. None is ever sent DATA.
func TestEnvelopes(t *testing.T) {
	ca := newCA(t)
	good := ca.Issue(host, days(-30), days(60))
	postmaster := Envelope{Purpose: "a", To: "postmaster@d.example"}
	unknown := Envelope{Purpose: "b", From: "postmaster@d.example", To: "nobody@d.example"}
	foreign := Envelope{Purpose: "c", From: "postmaster@d.example", To: "x@other.invalid"}
	verify := Envelope{Purpose: "d", Verify: true, To: "postmaster@d.example"}
	long := strings.Repeat("x", maxText)

	yes := EnvelopeReply{Envelope: postmaster, Stage: StageRcpt, Code: 250, Enhanced: "2.1.5", Text: "2.1.5 ok"}
	no := EnvelopeReply{Envelope: unknown, Stage: StageRcpt, Code: 550, Enhanced: "5.1.1", Text: "5.1.1 user unknown"}
	denied := EnvelopeReply{Envelope: foreign, Stage: StageRcpt, Code: 554, Enhanced: "5.7.1", Text: "5.7.1 relay access denied"}
	silent := EnvelopeReply{Envelope: verify, Stage: StageVrfy, Code: 252, Enhanced: "2.5.0", Text: "2.5.0 cannot say"}

	for _, c := range []struct {
		name    string
		ask     []Envelope
		replies map[string]string
		want    []EnvelopeReply
		why     string
		verbs   string
	}{
		{name: "each in turn", ask: []Envelope{postmaster, unknown, foreign, verify},
			want: []EnvelopeReply{yes, no, denied, silent}, verbs: "MAIL RCPT RSET MAIL RCPT RSET MAIL RCPT RSET VRFY QUIT"},
		{name: "VRFY first", ask: []Envelope{verify, postmaster}, want: []EnvelopeReply{silent, yes}, verbs: "VRFY MAIL RCPT QUIT"},
		{name: "MAIL refused", ask: []Envelope{postmaster, unknown}, replies: map[string]string{"MAIL FROM:<>": "550 no bounces\r\n"},
			want: []EnvelopeReply{{Envelope: postmaster, Stage: StageMail, Code: 550, Text: "no bounces"}, no}, verbs: "MAIL MAIL RCPT QUIT"},
		{name: "of several lines", ask: []Envelope{postmaster}, replies: map[string]string{"RCPT": "550-5.1.1 no\r\n550 5.1.1 such user\r\n"},
			want: []EnvelopeReply{{Envelope: postmaster, Stage: StageRcpt, Code: 550, Enhanced: "5.1.1", Text: "5.1.1 no 5.1.1 such user"}}, verbs: "MAIL RCPT QUIT"},
		{name: "an enhanced code of another class", ask: []Envelope{postmaster}, replies: map[string]string{"RCPT": "450 5.1.1 no\r\n"},
			want: []EnvelopeReply{{Envelope: postmaster, Stage: StageRcpt, Code: 450, Text: "5.1.1 no"}}, verbs: "MAIL RCPT QUIT"},
		{name: "much text", ask: []Envelope{postmaster}, replies: map[string]string{"RCPT": "250 " + long + "y\r\n"},
			want: []EnvelopeReply{{Envelope: postmaster, Stage: StageRcpt, Code: 250, Text: long + "..."}}, verbs: "MAIL RCPT QUIT"},
		{name: "closed in between", ask: []Envelope{postmaster, unknown, verify}, replies: map[string]string{"RCPT TO:<nobody@d.example>": ""},
			want: []EnvelopeReply{yes}, why: "the reply to RCPT under TLS did not end before the server closed the connection (0 octets came)", verbs: "MAIL RCPT RSET MAIL RCPT"},
		{name: "421 in between", ask: []Envelope{postmaster, unknown, verify}, replies: map[string]string{"RCPT TO:<nobody@d.example>": "421 4.7.0 too many\r\n"},
			want: []EnvelopeReply{yes, {Envelope: unknown, Stage: StageRcpt, Code: 421, Enhanced: "4.7.0", Text: "4.7.0 too many"}},
			why:  `the reply to RCPT under TLS is "421 4.7.0 too many"`, verbs: "MAIL RCPT RSET MAIL RCPT QUIT"},
		{name: "no RSET", ask: []Envelope{postmaster, unknown}, replies: map[string]string{"RSET": "502 no\r\n"},
			want: []EnvelopeReply{yes}, why: `the reply to RSET under TLS is "502 no"`, verbs: "MAIL RCPT RSET QUIT"},
		{name: "addresses that are commands", ask: []Envelope{{From: "a@b>\r\nDATA\r\n"}, {To: "ü@d.example"}, {To: strings.Repeat("x", 255)}, {To: "a b@d.example"}, {To: "a<b"}, postmaster},
			want: []EnvelopeReply{yes}, verbs: "MAIL RCPT QUIT"},
		{name: "too many", ask: append(repeat(verify, maxEnvelopes), postmaster),
			want: repeat(silent, maxEnvelopes), verbs: strings.Repeat("VRFY ", maxEnvelopes) + "QUIT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, testnet.Behaviour{Certificate: good, Mailboxes: []string{postmaster.To}, RepliesTLS: c.replies})
			p := Run(t.Context(), dialer.DialContext, Target{Host: host, Addrs: []netip.AddrPort{s.Addr()}, Roots: ca.Pool(), Now: now, Envelopes: c.ask})
			if d := cmp.Diff(c.want, p.Envelopes, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("replies (-want +got):\n%s", d)
			}
			if !p.Complete || p.Status != Open || p.Why != c.why {
				t.Errorf("complete %v, %s, %q", p.Complete, p.Status, p.Why)
			}
			if got, want := strings.Join(s.Verbs(), " "), "EHLO STARTTLS EHLO "+c.verbs; got != want {
				t.Errorf("verbs %s, want %s", got, want)
			}
			if s.Connections() != 1 {
				t.Errorf("%d connections", s.Connections())
			}
		})
	}
}

func repeat[T any](x T, n int) []T {
	var l []T
	for range n {
		l = append(l, x)
	}
	return l
}

// TestEnvelopesWithoutTLS: a server that has no TLS is asked all the same, and one whose TLS breaks is not.
func TestEnvelopesWithoutTLS(t *testing.T) {
	ca := newCA(t)
	ask := []Envelope{{To: "postmaster@d.example"}}
	for want, b := range map[int]testnet.Behaviour{
		1: {NoTLS: true, Mailboxes: []string{"postmaster@d.example"}},
		0: {Certificate: ca.Issue(host, days(-1), days(1)), NotTLS: "no TLS\n", Mailboxes: []string{"postmaster@d.example"}},
	} {
		s := serve(t, b)
		p := Run(t.Context(), dialer.DialContext, Target{Host: host, Addrs: []netip.AddrPort{s.Addr()}, Roots: ca.Pool(), Now: now, Envelopes: ask})
		if len(p.Envelopes) != want {
			t.Errorf("%d replies, want %d: %+v", len(p.Envelopes), want, p)
		}
	}
}
