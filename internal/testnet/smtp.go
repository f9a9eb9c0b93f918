package testnet

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Behaviour is how an SMTP service behaves. The zero value greets, offers STARTTLS, and AUTH once TLS is up, as a
// submission service should (RFC 8314 3, RFC 4954 4); it needs a Certificate.
type Behaviour struct {
	Host        string          // its own name in greeting and EHLO; "mail.example" where empty
	Certificate tls.Certificate // for STARTTLS and Implicit
	Implicit    bool            // TLS from the first octet
	NoTLS       bool            // no STARTTLS
	NoAuth      bool            // no AUTH under TLS
	EarlyAuth   bool            // AUTH before TLS
	MaxTLS      uint16          // such as tls.VersionTLS11; 0: no bound
	Suites      []uint16        // of TLS 1.2 and older; nil: all that Go has
	Greeting    string          // sent verbatim, line ends included; "": 220, Host and ESMTP
	Silent      bool            // accepts and says nothing
	Endless     bool            // greets with 220- lines for ever
	Drip        time.Duration   // greets with one octet in each Drip
	Inject      string          // sent in the clear together with the reply to STARTTLS
	NotTLS      string          // sent in the clear where the server's first TLS message belongs

	Offers []string // announced under TLS besides the usual
	// Mailboxes are what an MX host takes mail for without a login. It refuses others in their domains as unknown, and
	// the rest of the world as relaying. nil: a submission service, which wants a login first.
	Mailboxes []string

	// Replies to verbs, or to whole lines, sent verbatim in place of the usual ones: before TLS and under it. An empty
	// reply closes the connection instead.
	Replies, RepliesTLS map[string]string
}

// SMTP is a running server on loopback.
type SMTP struct {
	behaviour Behaviour
	listener  net.Listener
	config    *tls.Config
	done      chan struct{} // closed by Close
	wg        sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	count int
	verbs []string
}

const (
	smtpPatience = time.Minute // how long a connection may last
	maxVerbs     = 1000        // kept in the log
	maxCommand   = 1000        // octets of a command line; RFC 5321 4.5.3.1.4 asks for 512
)

// ServeSMTP starts a server on a free port of 127.0.0.1.
func ServeSMTP(b Behaviour) (*SMTP, error) {
	if len(b.Certificate.Certificate) == 0 && (b.Implicit || !b.NoTLS) {
		return nil, errors.New("an SMTP server with TLS needs a certificate")
	}
	if b.Host == "" {
		b.Host = "mail.example"
	}
	if b.Greeting == "" {
		b.Greeting = "220 " + b.Host + " ESMTP\r\n"
	}
	suites := b.Suites
	if suites == nil {
		for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
			suites = append(suites, s.ID)
		}
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &SMTP{
		behaviour: b,
		listener:  l,
		config: &tls.Config{
			Certificates: []tls.Certificate{b.Certificate},
			MinVersion:   tls.VersionTLS10,
			MaxVersion:   b.MaxTLS,
			CipherSuites: suites,
		},
		done:  make(chan struct{}),
		conns: map[net.Conn]bool{},
	}
	s.wg.Go(s.accept)
	return s, nil
}

// Addr is where the server listens.
func (s *SMTP) Addr() netip.AddrPort {
	return s.listener.Addr().(*net.TCPAddr).AddrPort()
}

// Port is the port of Addr.
func (s *SMTP) Port() int { return int(s.Addr().Port()) }

// Verbs are the first words of all lines received so far, in upper case.
func (s *SMTP) Verbs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.verbs)
}

// Connections counts the connections accepted so far.
func (s *SMTP) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Close ends the server and its connections, and returns when all of them are gone. It is called once.
func (s *SMTP) Close() error {
	close(s.done)
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

func (s *SMTP) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = true
		s.count++
		s.mu.Unlock()
		s.wg.Go(func() {
			s.serve(c)
			c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// serve talks to one client until either side has had enough.
func (s *SMTP) serve(c net.Conn) {
	select {
	case <-s.done: // Close may have missed this one
		return
	default:
	}
	c.SetDeadline(time.Now().Add(smtpPatience))
	secure := s.behaviour.Implicit
	if secure {
		if c = s.handshake(c); c == nil {
			return
		}
	}
	if !s.greet(c) {
		return
	}
	in := bufio.NewReaderSize(c, maxCommand)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		text := strings.TrimRight(string(line), "\r\n")
		verb := s.note(text)
		reply := s.reply(verb, text, secure)
		if _, err := io.WriteString(c, reply); err != nil || reply == "" || verb == "QUIT" {
			return
		}
		if verb == "STARTTLS" && strings.HasPrefix(reply, "220") {
			if c = s.handshake(c); c == nil {
				return
			}
			in, secure = bufio.NewReaderSize(c, maxCommand), true
		}
	}
}

// handshake gives the connection under TLS, or nil.
func (s *SMTP) handshake(c net.Conn) net.Conn {
	if s.behaviour.NotTLS != "" {
		// Only once the client has begun: nobody can take the octets for a part of what was said before.
		if _, err := c.Read(make([]byte, 1)); err == nil {
			io.WriteString(c, s.behaviour.NotTLS)
			io.Copy(io.Discard, c) // a close with octets unread would be a reset, and could overtake the above
		}
		return nil
	}
	t := tls.Server(c, s.config)
	if t.Handshake() != nil {
		return nil
	}
	return t
}

// greet reports whether the client has seen all of the greeting.
func (s *SMTP) greet(c net.Conn) bool {
	b := s.behaviour
	switch {
	case b.Silent:
		io.Copy(io.Discard, c) // until the client goes
		return false
	case b.Endless:
		for {
			if _, err := io.WriteString(c, "220-still greeting you\r\n"); err != nil {
				return false
			}
		}
	case b.Drip > 0:
		tick := time.NewTicker(b.Drip)
		defer tick.Stop()
		for i := range len(b.Greeting) {
			select {
			case <-s.done:
				return false
			case <-tick.C:
			}
			if _, err := io.WriteString(c, b.Greeting[i:i+1]); err != nil {
				return false
			}
		}
		return true
	}
	_, err := io.WriteString(c, b.Greeting)
	return err == nil
}

// note logs the verb of a command and gives it.
func (s *SMTP) note(line string) string {
	verb, _, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.verbs) < maxVerbs {
		s.verbs = append(s.verbs, verb)
	}
	return verb
}

// reply is the answer to a line, with all its lines. It is empty where the connection is to be closed instead.
func (s *SMTP) reply(verb, line string, secure bool) string {
	b := s.behaviour
	replies := b.Replies
	if secure {
		replies = b.RepliesTLS
	}
	if r, ok := replies[line]; ok {
		return r
	}
	if r, ok := replies[verb]; ok {
		return r
	}
	switch verb {
	case "EHLO":
		r := fmt.Sprintf("250-%s\r\n250-SIZE 36700160\r\n250-8BITMIME\r\n", b.Host)
		if !secure && !b.NoTLS {
			r += "250-STARTTLS\r\n"
		}
		if secure && !b.NoAuth || !secure && b.EarlyAuth {
			r += "250-AUTH PLAIN LOGIN\r\n"
		}
		for _, capability := range b.Offers {
			if secure {
				r += "250-" + capability + "\r\n"
			}
		}
		return r + "250 ENHANCEDSTATUSCODES\r\n"
	case "STARTTLS":
		if secure || b.NoTLS {
			return "502 5.5.1 no STARTTLS here\r\n"
		}
		return "220 2.0.0 ready\r\n" + b.Inject
	case "QUIT":
		return "221 2.0.0 bye\r\n"
	case "RSET":
		return "250 2.0.0 reset\r\n"
	case "VRFY":
		return "252 2.5.0 cannot say\r\n"
	case "MAIL", "RCPT", "DATA":
		if b.Mailboxes != nil && verb != "DATA" {
			return b.envelope(verb, line)
		}
		return "530 5.7.0 authentication required\r\n"
	}
	return "502 5.5.1 no such command\r\n"
}

// envelope is the answer of an MX host to MAIL and RCPT.
func (b *Behaviour) envelope(verb, line string) string {
	_, to, _ := strings.Cut(strings.TrimSuffix(line, ">"), ":<")
	_, domain, _ := strings.Cut(to, "@")
	switch {
	case verb == "MAIL":
		return "250 2.1.0 ok\r\n"
	case slices.Contains(b.Mailboxes, to):
		return "250 2.1.5 ok\r\n"
	case slices.ContainsFunc(b.Mailboxes, func(m string) bool { return strings.HasSuffix(m, "@"+domain) }):
		return "550 5.1.1 user unknown\r\n"
	}
	return "554 5.7.1 relay access denied\r\n"
}

// Refused gives a port on which nothing listens, and which nothing else on this machine can take before release:
// it is the near end of a connection.
func Refused() (addr netip.AddrPort, release func(), err error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, nil, err
	}
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		l.Close()
		return netip.AddrPort{}, nil, err
	}
	return c.LocalAddr().(*net.TCPAddr).AddrPort(), func() {
		c.Close()
		l.Close()
	}, nil
}
