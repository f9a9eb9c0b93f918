package recipients

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"

	"mailaudit/internal/replies"
)

// Bounced are the addresses that earlier mail bounced from for good, by mailbox, with the class of the reply.
type Bounced map[string]string

// Bounds on a log.
const (
	maxLogLine = 64 << 10 // octets of its first line that are looked at
	maxBounced = 1000000  // addresses
)

// logTime is how a line of a log begins (RFC 5424 6.2.3, RFC 3164 4.1.2, and Exim's own).
var logTime = regexp.MustCompile(`^(?:<\d+>)?(?:\d{4}-\d\d-\d\d[T ]|[A-Z][a-z]{2} [ \d]\d \d\d:)`)

// ReadBounces reads a log, or bounce messages. An address that is refused for what the sender did is none of them, and
// neither is one to which a log tells of a delivery later on.
func ReadBounces(r io.Reader) (Bounced, error) {
	in := bufio.NewReaderSize(r, maxLogLine)
	begin, err := in.Peek(len("<191>2026-11-22T10:00"))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	l := Bounced{}
	if logTime.Match(begin) {
		return l, replies.Lines(in, l.take)
	}
	return l, replies.Read(in, l.take)
}

func (l Bounced) take(r replies.Reply) error {
	a, err := Parse(r.Recipient)
	if err != nil {
		return nil // it names nobody
	}
	e := replies.Explain(r)
	switch {
	// Hard is of recipients alone. A DNS server that does not find a host may do so the next time, and nobody is dropped by a guess.
	case e.Hard && e.Permanent && e.Basis != replies.ByGuess:
		if len(l) >= maxBounced {
			return fmt.Errorf("more than %d addresses bounced", maxBounced)
		}
		l[a.mailbox()] = string(e.Class)
	case r.Code/100 == 2:
		delete(l, a.mailbox())
	}
	return nil
}
