package smtpx

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"mailaudit/internal/clip"
)

// Run probes a service. It returns by the end of ctx or of the target's patience, whichever is first.
func Run(ctx context.Context, dial DialFunc, t Target) Probe {
	if t.HELO == "" {
		t.HELO = "mailaudit.invalid"
	}
	if t.Now.IsZero() {
		t.Now = time.Now()
	}
	if t.Patience <= 0 {
		t.Patience = DefaultPatience
	}
	p := Probe{Status: Unknown, TLS: NoTLS}
	if err := probe(ctx, dial, t, &p); err != nil {
		p.Why = err.Error()
	}
	return p
}

func probe(ctx context.Context, dial DialFunc, t Target, p *Probe) error {
	if strings.ContainsFunc(t.HELO, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return fmt.Errorf("EHLO cannot be sent with the name %q", clip.Text(t.HELO, maxQuote))
	}
	conn, err := connect(ctx, dial, t, p)
	if err != nil {
		return err
	}
	// One clock for the whole talk: when it runs out, or the caller has had enough, the connection is closed beneath
	// whatever waits for it.
	ctx, cancel := context.WithTimeoutCause(ctx, t.Patience, errPatience)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	s := &session{Target: t, Probe: p, conn: conn, in: bufio.NewReaderSize(conn, maxLine)}
	defer func() { s.conn.Close() }()
	err = s.talk(ctx)
	var unwelcome *refusal
	if err == nil || errors.As(err, &unwelcome) {
		s.quit()
	}
	return err
}

// errPatience is the cause of a context that ended for the patience of the probe and not for its caller.
var errPatience = errors.New("patience is over")

// session is one connection. Its methods write what they learn into the Probe.
type session struct {
	Target
	*Probe
	conn net.Conn // with TLS, once there is TLS
	in   *bufio.Reader
}

// refusal is a whole reply with a code that the talk cannot go on with.
type refusal struct {
	what  string
	reply reply
}

func (r *refusal) Error() string { return fmt.Sprintf("%s is %q", r.what, r.reply) }

// talk goes from the connection to the last EHLO, and through the envelopes.
func (s *session) talk(ctx context.Context) error {
	if s.Implicit {
		if err := s.handshake(ctx, ImplicitTLS); err != nil {
			return err
		}
	}
	if err := s.greeting(ctx); err != nil {
		return err
	}
	if !s.Implicit {
		caps, err := s.hello(ctx)
		if err != nil {
			return err
		}
		s.EHLO, s.AuthPlain = caps, mechanisms(caps)
		s.STARTTLS = len(params(caps, "STARTTLS")) > 0
		if !s.STARTTLS {
			s.Auth, s.Complete = s.AuthPlain, true
			return s.envelopes(ctx)
		}
		if err := s.startTLS(ctx); err != nil {
			return err
		}
	}
	// RFC 3207 4.2: what was said before TLS is forgotten.
	caps, err := s.hello(ctx)
	if err != nil {
		return err
	}
	s.EHLOTLS, s.Auth, s.Complete = caps, mechanisms(caps), true
	return s.envelopes(ctx)
}

// greeting reads what a server opens with (RFC 5321 3.1): 220, or 554 and the like to turn a client away.
func (s *session) greeting(ctx context.Context) error {
	const what = "the greeting"
	r, err := s.reply(ctx, what)
	if err != nil {
		var bad malformed
		if errors.As(err, &bad) {
			s.NoBanner = err.Error()
		}
		s.Late = errors.Is(context.Cause(ctx), errPatience)
		return err
	}
	s.Banner = strings.Join(r.lines, "\n")
	if r.code != 220 {
		return &refusal{what, r}
	}
	s.Status = Open
	return nil
}

// hello says EHLO. Servers must not refuse mail for a name there that they cannot verify (RFC 5321 4.1.4), and some do: which says
// nothing about them to others, whose names they know.
func (s *session) hello(ctx context.Context) ([]string, error) {
	lines, err := s.command(ctx, "EHLO "+s.HELO, 250)
	var unwelcome *refusal
	if errors.As(err, &unwelcome) && !slices.Contains([]int{closing, 500, 502}, unwelcome.reply.code) { // which are about the command
		return nil, fmt.Errorf("%w, perhaps for the name that this audit gives, %s", err, clip.Text(s.HELO, maxQuote))
	}
	return lines, err
}

// command sends a line and gives the text of the reply, which must have the code wanted.
func (s *session) command(ctx context.Context, line string, want int) ([]string, error) {
	r, what, err := s.say(ctx, line)
	if err != nil {
		return nil, err
	}
	if r.code != want {
		return nil, &refusal{what, r}
	}
	return r.lines, nil
}

// say sends a line and gives the reply, and what that is in errors.
func (s *session) say(ctx context.Context, line string) (r reply, what string, err error) {
	// A failed write needs no word of its own: the read after it fails too, or gives what the server said in parting.
	io.WriteString(s.conn, line+"\r\n")
	verb, _, _ := strings.Cut(line, " ")
	if s.TLS != NoTLS {
		verb += " under TLS"
	}
	what = "the reply to " + verb
	r, err = s.reply(ctx, what)
	return r, what, err
}

// reply reads a reply; what names it in errors.
func (s *session) reply(ctx context.Context, what string) (reply, error) {
	r, err := readReply(s.in)
	var bad malformed
	switch {
	case err == nil:
		return r, nil
	case errors.As(err, &bad):
		return r, fmt.Errorf("%s %w", what, err)
	}
	return r, fmt.Errorf("%s did not end %s (%d octets came)", what, s.until(ctx, err), r.octets)
}

// until says what kept something from coming to its end, err being what a read or a write gave.
func (s *session) until(ctx context.Context, err error) string {
	switch {
	case errors.Is(context.Cause(ctx), errPatience):
		return fmt.Sprintf("within %v", s.Patience)
	case ctx.Err() != nil:
		return ended(ctx)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "before the server closed the connection"
	case errors.Is(err, errReset):
		return "before the server reset the connection"
	}
	return "before this: " + clip.Text(err.Error(), maxQuote)
}

// startTLS asks for TLS and shakes hands (RFC 3207 4).
func (s *session) startTLS(ctx context.Context) error {
	if _, err := s.command(ctx, "STARTTLS", 220); err != nil {
		var unwelcome *refusal
		// A server that shuts down (RFC 5321 3.8) says nothing about its TLS.
		if errors.As(err, &unwelcome) && unwelcome.reply.code != closing {
			s.TLSFault = err.Error()
		}
		return err
	}
	// The client speaks first in TLS, so nothing can rightly follow the 220. What does was not protected, and a client
	// that went on to read it under TLS would be led by whoever sits on the line (RFC 3207 4.2, 6).
	if n := s.in.Buffered(); n > 0 {
		s.Injected = true
		return s.fault(fmt.Sprintf("%d octets in the clear follow the reply to STARTTLS", n))
	}
	return s.handshake(ctx, StartTLS)
}

// fault notes why there is no TLS.
func (s *session) fault(why string) error {
	s.TLSFault = why
	return errors.New(why)
}

// handshake brings TLS up and looks at the certificate, which it takes whatever it is.
func (s *session) handshake(ctx context.Context, how string) error {
	tap := &tap{Conn: s.conn}
	c := tls.Client(tap, s.config())
	if err := c.HandshakeContext(ctx); err != nil {
		return s.noTLS(ctx, tap.first, err)
	}
	s.conn, s.in = c, bufio.NewReaderSize(c, maxLine)
	state := c.ConnectionState()
	s.TLS = how
	s.Version, s.OldTLS = tls.VersionName(state.Version), state.Version < tls.VersionTLS12
	s.Cipher = tls.CipherSuiteName(state.CipherSuite)
	s.Cert, s.Chain = examine(state.PeerCertificates, s.Target), presented(state.PeerCertificates)
	return nil
}

// config offers everything from TLS 1.0 on, the newest first. A server answers with the newest version that it has
// (RFC 8446 4.2.1, RFC 5246 E.1), so one connection finds those that have nothing newer than TLS 1.1.
func (s *session) config() *tls.Config {
	var suites []uint16
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		suites = append(suites, suite.ID)
	}
	return &tls.Config{
		ServerName:         s.Host,
		InsecureSkipVerify: true, // examine verifies: name, chain and dates each by themselves
		MinVersion:         tls.VersionTLS10,
		CipherSuites:       suites,
		// No post-quantum group: its hello fills two segments, at which some servers hang (go.dev/doc/godebug, tlsmlkem).
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
	}
}

// noTLS finds out why a handshake failed, first being the octets that the server sent in it.
func (s *session) noTLS(ctx context.Context, first []byte, err error) error {
	var header tls.RecordHeaderError
	alien := errors.As(err, &header) // what came is not TLS
	if s.Implicit && len(first) > 0 && !alien && ctx.Err() == nil {
		s.Status = Open
	}
	switch {
	case ctx.Err() != nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errReset):
		err := fmt.Errorf("the TLS handshake did not end %s (%d octets came)", s.until(ctx, err), len(first))
		if ctx.Err() == nil {
			s.TLSFault = err.Error()
		}
		return err
	case alien && s.Implicit && smtpish(first):
		return s.inTheClear(ctx, first)
	case alien:
		line, _, _ := strings.Cut(string(first), "\n")
		return s.fault(fmt.Sprintf("the server answered the TLS handshake in the clear: %q", clip.Text(line, maxQuote)))
	}
	why := clip.Text(fmt.Sprintf("the TLS handshake failed: %v", err), maxQuote)
	if by := ours(err); by != "" {
		return fmt.Errorf("%s (%s)", why, by)
	}
	return s.fault(why)
}

// ours says what of our own TLS may have ended a handshake that others finish, "" where it is the server's doing: package
// tls has no ciphers with DHE, and is stricter about certificates than most, of which it tells in words alone.
func ours(err error) string {
	for _, words := range []string{"remote error: tls: handshake failure", "remote error: tls: insufficient security level"} {
		if strings.Contains(err.Error(), words) {
			return "it may want ciphers that are not offered here, such as those with DHE"
		}
	}
	for _, words := range []string{"failed to parse certificate", "unsupported type of public key", "RSA key larger than", "keys are insecure"} {
		if strings.Contains(err.Error(), words) {
			return "others may take such a certificate"
		}
	}
	return ""
}

// inTheClear reads the greeting of a server that does without TLS on a port for implicit TLS.
func (s *session) inTheClear(ctx context.Context, first []byte) error {
	s.in = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(first), s.conn), maxLine)
	fault := s.fault("speaks SMTP in the clear on an implicit-TLS port")
	if err := s.greeting(ctx); err != nil {
		return err
	}
	return fault
}

// smtpish reports whether b begins like a reply.
func smtpish(b []byte) bool {
	_, _, _, ok := cutLine(string(b[:min(4, len(b))]))
	return ok
}

// quitPatience is how long the reply to QUIT is waited for. RFC 5321 4.1.1.10 asks clients to wait; nothing hangs on it.
const quitPatience = 250 * time.Millisecond

// quit takes leave.
func (s *session) quit() {
	s.conn.SetDeadline(time.Now().Add(quitPatience))
	io.WriteString(s.conn, "QUIT\r\n")
	readReply(s.in)
}

// maxTap is more than the handshake takes from the connection before it sees that what came is not TLS.
const maxTap = 4 << 10

// tap keeps the first octets that a server sent, to tell what it spoke where TLS was expected.
type tap struct {
	net.Conn
	first []byte
}

func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.first = append(t.first, b[:min(n, maxTap-len(t.first))]...)
	return n, err
}
