package testnet

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"slices"
	"syscall"
	"testing"
	"time"
)

// TestServeSMTP has another client than ours take the server for a real one.
func TestServeSMTP(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	below, err := ca.Intermediate()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ServeSMTP(Behaviour{Host: "mail.example", Certificate: below.Issue("mail.example", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := smtp.Dial(s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if ok, _ := c.Extension("AUTH"); ok {
		t.Error("AUTH before TLS")
	}
	if err := c.StartTLS(&tls.Config{ServerName: "mail.example", RootCAs: ca.Pool()}); err != nil {
		t.Fatal(err)
	}
	if ok, with := c.Extension("AUTH"); !ok || with != "PLAIN LOGIN" {
		t.Errorf("AUTH under TLS: %v %q", ok, with)
	}
	if err := c.Quit(); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Verbs(), []string{"EHLO", "STARTTLS", "EHLO", "QUIT"}; !slices.Equal(got, want) {
		t.Errorf("verbs %q, want %q", got, want)
	}
	if s.Connections() != 1 || s.Port() != int(s.Addr().Port()) {
		t.Errorf("%d connections on port %d", s.Connections(), s.Port())
	}
}

func TestServeSMTPWithoutCertificate(t *testing.T) {
	if s, err := ServeSMTP(Behaviour{}); err == nil {
		s.Close()
		t.Error("TLS without a certificate")
	}
}

// TestSMTPClose ends clients that wait for a server which says nothing.
func TestSMTPClose(t *testing.T) {
	s, err := ServeSMTP(Behaviour{NoTLS: true, Silent: true})
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := io.ReadAll(c)
		ended <- err
	}()
	s.Close()
	<-ended
	if c, err := net.Dial("tcp", s.Addr().String()); err == nil {
		c.Close()
		t.Error("still listening")
	}
}

func TestRefused(t *testing.T) {
	addr, release, err := Refused()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	c, err := net.Dial("tcp", addr.String())
	if err == nil {
		c.Close()
		t.Fatal("connected")
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) || errno.Timeout() {
		t.Errorf("got %v", err)
	}
}

// TestMailboxes: an MX host takes mail for its own mailboxes, and a submission service for nobody without a login.
func TestMailboxes(t *testing.T) {
	for _, tt := range []struct {
		b              Behaviour
		from, to, want string
	}{
		{Behaviour{NoTLS: true, Mailboxes: []string{"a@d.example"}}, "", "a@d.example", ""},
		{Behaviour{NoTLS: true, Mailboxes: []string{"a@d.example"}}, "", "b@d.example", "550 5.1.1 user unknown"},
		{Behaviour{NoTLS: true, Mailboxes: []string{"a@d.example"}}, "", "a@other.example", "554 5.7.1 relay access denied"},
		{Behaviour{NoTLS: true}, "a@d.example", "a@d.example", "530 5.7.0 authentication required"},
		{Behaviour{NoTLS: true, Mailboxes: []string{"a@d.example"}, Replies: map[string]string{"RCPT TO:<a@d.example>": "450 4.2.0 later\r\n"}}, "", "a@d.example", "450 4.2.0 later"},
	} {
		s, err := ServeSMTP(tt.b)
		if err != nil {
			t.Fatal(err)
		}
		c, err := smtp.Dial(s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		got, refusal := "", new(textproto.Error)
		if errors.As(errors.Join(c.Mail(tt.from), c.Rcpt(tt.to)), &refusal) {
			got = fmt.Sprintf("%d %s", refusal.Code, refusal.Msg)
		}
		if got != tt.want {
			t.Errorf("%s to %s: %q, want %q", tt.from, tt.to, got, tt.want)
		}
		c.Close()
		s.Close()
	}
}
