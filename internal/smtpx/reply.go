package smtpx

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"mailaudit/internal/clip"
)

// Bounds on one reply, the greeting included. RFC 5321 4.5.3.1.5 grants a line 512 octets; real servers overdraw that.
const (
	maxLines = 64
	maxLine  = 2 << 10 // octets, line end included; also the size of the reader's buffer
	maxReply = 8 << 10 // octets
)

// reply is what a server says at a time (RFC 5321 4.2).
type reply struct {
	code   int
	lines  []string // the texts, without codes and line ends
	octets int      // received, also of a reply that broke off
}

// String is the reply on one line, short enough for a message.
func (r reply) String() string {
	return clip.Text(fmt.Sprintf("%d %s", r.code, strings.Join(r.lines, " ")), maxQuote)
}

// malformed is what is wrong with a reply, as a predicate: "is no SMTP reply".
type malformed string

func (m malformed) Error() string { return string(m) }

// readReply reads one reply from in, whose buffer must be of maxLine octets. An error is either malformed or in's own;
// what came before it is lost but for the number of octets.
func readReply(in *bufio.Reader) (reply, error) {
	var r reply
	for {
		line, err := in.ReadSlice('\n')
		r.octets += len(line)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return r, malformed(fmt.Sprintf("has a line longer than %d octets", maxLine))
		case err != nil:
			return r, err
		case r.octets > maxReply:
			return r, malformed(fmt.Sprintf("is longer than %d octets", maxReply))
		case len(r.lines) == maxLines:
			return r, malformed(fmt.Sprintf("has more than %d lines", maxLines))
		}
		code, text, last, ok := cutLine(string(line))
		switch {
		case !ok:
			return r, malformed(fmt.Sprintf("is no SMTP reply: %q", clip.Text(string(line), maxQuote)))
		case len(r.lines) > 0 && code != r.code: // RFC 5321 4.2.1: the same code on each line
			return r, malformed(fmt.Sprintf("changes its code from %d to %d", r.code, code))
		}
		r.code = code
		r.lines = append(r.lines, text)
		if last {
			return r, nil
		}
	}
}

// cutLine takes a reply line apart (RFC 5321 4.2, Reply-line). A bare LF ends it too, and a code without a text need
// not be followed by a space: receivers of replies are asked to be lenient there.
func cutLine(line string) (code int, text string, last, ok bool) {
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !digit(line[1]) || !digit(line[2]) {
		return 0, "", false, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	switch {
	case len(line) == 3:
		return code, "", true, true
	case line[3] == ' ', line[3] == '-':
		return code, line[4:], line[3] == ' ', true
	}
	return 0, "", false, false
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// Bounds on the AUTH mechanisms of one EHLO reply.
const (
	maxMechanisms = 32
	maxMechanism  = 20 // octets (RFC 4422 3.1)
)

// params are the parameters of each line that announces a capability. The first line is the server's name
// (RFC 5321 4.1.1.1, ehlo-ok-rsp).
func params(ehlo []string, keyword string) (found [][]string) {
	for i, line := range ehlo {
		if f := strings.Fields(line); i > 0 && len(f) > 0 && strings.EqualFold(f[0], keyword) {
			found = append(found, f[1:])
		}
	}
	return found
}

// mechanisms are the SASL mechanisms of the AUTH capability (RFC 4954 3), each once, in upper case and in the server's
// order. Servers that remember old clients say "AUTH=PLAIN LOGIN" besides.
func mechanisms(ehlo []string) []string {
	var names []string
	for _, list := range params(ehlo, "AUTH") {
		names = append(names, list...)
	}
	for i, line := range ehlo {
		if i > 0 && len(line) > 5 && strings.EqualFold(line[:5], "AUTH=") {
			names = append(names, strings.Fields(line[5:])...)
		}
	}
	var out []string
	seen := map[string]bool{}
	for _, name := range names {
		name = strings.ToUpper(name)
		if mechanism(name) && !seen[name] && len(out) < maxMechanisms {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out
}

// mechanism reports whether name can be one (RFC 4422 3.1, sasl-mech).
func mechanism(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !('A' <= c && c <= 'Z' || digit(c) || c == '-' || c == '_') {
			return false
		}
	}
	return 0 < len(name) && len(name) <= maxMechanism
}

// maxQuote is how many octets of what a server said go into a message.
const maxQuote = 200
