//go:build lab

package labmatrix

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

// The parts that a copy of this process plays in the senders' namespace, by environment variable; the value is a file.
const (
	envSink = "MAILAUDIT_LAB_SINK" // the senders' MX hosts
	envSend = "MAILAUDIT_LAB_SEND" // sends, and prints what was answered
)

// Parts are for netlab.Play.
func Parts() map[string]func(string) error {
	return map[string]func(string) error{envSink: serveSinks, envSend: sendAll}
}

// sink is the MX host of one sender: in order but for what it says to callouts. It takes no message.
type sink struct{ Addr, Host, Domain, Rcpt, Null, Greeting, Certificate string }

func serveSinks(file string) error {
	var sinks []sink
	if err := read(file, &sinks); err != nil {
		return err
	}
	failed := make(chan error)
	for _, s := range sinks {
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", s.Addr+":25")
		if err != nil {
			return err
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					failed <- err
					return
				}
				go s.serve(c)
			}
		}()
	}
	return <-failed
}

func (s sink) serve(c net.Conn) {
	defer c.Close()
	_, encrypted := c.(*tls.Conn)
	say := func(line string) { fmt.Fprintf(c, "%s\r\n", line) }
	if !encrypted {
		say(or(s.Greeting, "220 "+s.Host+" ESMTP"))
		if s.Greeting != "" {
			return
		}
	}
	for lines := bufio.NewScanner(c); lines.Scan(); {
		line := lines.Text()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch {
		case verb == "EHLO" && !encrypted:
			say("250-" + s.Host)
			say("250 STARTTLS")
		case verb == "EHLO", verb == "HELO":
			say("250 " + s.Host)
		case verb == "STARTTLS":
			cert, err := tls.LoadX509KeyPair(s.Certificate, s.Certificate)
			if err != nil {
				say("454 4.7.0 " + err.Error())
				return
			}
			say("220 2.0.0 go ahead")
			s.serve(tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}}))
			return
		case verb == "MAIL" && strings.Contains(line, "<>"):
			say(or(s.Null, "250 2.1.0 ok"))
		case verb == "RCPT" && !strings.Contains(line, s.Domain+">"):
			say("550 5.7.1 relaying denied")
		case verb == "RCPT":
			say(or(s.Rcpt, "250 2.1.5 ok"))
		case verb == "DATA":
			say("554 5.5.1 no mail is taken here")
		case verb == "QUIT":
			say("221 2.0.0 bye")
			return
		default:
			say("250 2.0.0 ok")
		}
	}
}

// mail is one message to one receiver.
type mail struct{ Sender, From, HELO, MailFrom, File, Receiver, To string }

// reply is what a receiver answered: the first refusal, or the answer to the message.
type reply struct {
	Sender, Receiver string
	Stage            string // as in receivers.Stages
	Code             int    // 0: no answer at all
	Text             string
}

var enhancedCode = regexp.MustCompile(`^[245]\.\d+\.\d+`)

// enhanced is the reply's enhanced status code (RFC 3463), "" without one.
func (r reply) enhanced() string { return enhancedCode.FindString(r.Text) }

// atOnce is how many messages are under way.
const atOnce = 24

func sendAll(file string) error {
	var jobs []mail
	if err := read(file, &jobs); err != nil {
		return err
	}
	out := make([]reply, len(jobs))
	slots := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i, j := range jobs {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			out[i] = j.send()
		})
	}
	wg.Wait()
	return json.NewEncoder(os.Stdout).Encode(out)
}

// slowest is how long a receiver may take for one message: some wait for several lookups that time out, one after the other.
const slowest = 100 * time.Second

// send sends as a mail server does, from the sender's own address.
func (j mail) send() reply {
	r := reply{Sender: j.Sender, Receiver: j.Receiver, Stage: "connect"}
	text, err := os.ReadFile(j.File)
	if err != nil {
		r.Text = err.Error()
		return r
	}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(j.From)}, Timeout: 10 * time.Second}
	c, err := d.DialContext(context.Background(), "tcp", j.To+":25")
	if err != nil {
		r.Text = err.Error()
		return r
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(slowest)); err != nil {
		r.Text = err.Error()
		return r
	}
	talk := textproto.NewConn(c)
	for _, step := range []struct {
		stage, command string
		want           int
	}{
		{"connect", "", 2}, {"helo", "EHLO " + j.HELO, 2}, {"mail", "MAIL FROM:<" + strings.Trim(j.MailFrom, null) + ">", 2},
		{"rcpt", "RCPT TO:<" + recipient + ">", 2}, {"data", "DATA", 3}, {"data", "", 2},
	} {
		r.Stage = step.stage
		switch {
		case step.want == 2 && step.stage == "data":
			w := talk.DotWriter()
			_, err = w.Write(text)
			err = errors.Join(err, w.Close())
		case step.command != "":
			err = talk.PrintfLine("%s", step.command)
		}
		if err == nil {
			r.Code, r.Text, err = talk.ReadResponse(step.want)
		}
		var refused *textproto.Error
		switch {
		case errors.As(err, &refused):
			r.Code, r.Text = refused.Code, refused.Msg
		case err != nil:
			r.Code, r.Text = 0, err.Error()
		}
		if err != nil {
			break
		}
	}
	// The receiver has said what counts.
	_ = talk.PrintfLine("QUIT")
	r.Text = strings.ReplaceAll(r.Text, "\n", " | ")
	return r
}

func read(file string, v any) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
