package replies

import (
	"bufio"
	"errors"
	"io"
	"regexp"
	"strings"

	"mailaudit/internal/eml"
)

// Bounds on the reading of files. Of longer lines, and of longer messages, the rest is passed over.
const (
	maxLine    = 64 << 10
	maxMessage = 8 << 20
)

// Read finds the replies in what r holds: a message or an mbox, lines of a log, or text as it was pasted; and gives each as it
// comes, so that the size of r does not matter. An error is of reading or of give.
func Read(r io.Reader, give func(Reply) error) error {
	in := bufio.NewReaderSize(r, maxLine)
	begin, err := in.Peek(4 << 10)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return err
	}
	if isMessage(string(begin)) {
		return readMessages(in, give)
	}
	return readText(in, give)
}

// Lines takes each line for one reply, and gives one for each, in order. Empty lines are replies, too.
func Lines(r io.Reader, give func(Reply) error) error {
	in := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := nextLine(in)
		if line != "" || err == nil {
			text := strings.TrimRight(line, "\r\n")
			reply, _, failed := fromLog(text)
			if !failed {
				reply = New(text)
			}
			if err := give(reply); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// nextLine reads a line with its end. Of a longer one the rest is passed over.
func nextLine(in *bufio.Reader) (string, error) {
	b, err := in.ReadSlice('\n')
	line := string(b)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = in.ReadSlice('\n')
	}
	return line, err
}

var (
	headerLine = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,70}[ \t]*:`)
	usualField = regexp.MustCompile(`(?mi)^(?:from|to|subject|date|received|return-path|message-id|delivered-to|content-type|mime-version)[ \t]*:`)
	mboxLine   = regexp.MustCompile(`^From \S* ?.*\d\d:\d\d`)
)

// isMessage says whether a text begins as a message or an mbox does.
func isMessage(s string) bool {
	s = strings.TrimPrefix(s, "\ufeff")
	if mboxLine.MatchString(s) {
		return true
	}
	head, _, _ := strings.Cut(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n")
	return headerLine.MatchString(head) && len(usualField.FindAllString(head, 2)) == 2
}

// readMessages reads one message, or an mbox of them. Those of an mbox that are no bounces are passed over, and so is what only
// begins like a message.
func readMessages(in *bufio.Reader, give func(Reply) error) error {
	box := eml.NewMbox(in)
	box.Cut = maxMessage
	for first := true; ; first = false {
		m, err := box.Next()
		var none *eml.MessageError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &none):
			continue
		case err != nil:
			return err
		}
		l, bounce := Message(m)
		if !bounce && (!first || box.Several()) {
			continue
		}
		for _, r := range l {
			if err := give(r); err != nil {
				return err
			}
		}
	}
}

var enhancedLine = regexp.MustCompile(`^[ \t]*#?[245]\.\d{1,3}\.\d{1,3}[ :]`) // a reply without its first code

var codeLine = regexp.MustCompile(`^[ \t]*(?:<<<[ \t]*)?([245][0-5]\d)(-| |$)`)

// readText reads lines: those of logs are each for themselves, others are a reply from the line that has a code up to the next.
func readText(in *bufio.Reader, give func(Reply) error) error {
	var text strings.Builder
	has, given := false, false // text has a code; a reply was given
	open := ""                 // the code of a line that says that another follows
	var prose strings.Builder  // what has no code
	flush := func() error {
		s := text.String()
		text.Reset()
		open = ""
		if !has {
			prose.WriteString(s[:max(0, min(len(s), maxText-prose.Len()))])
			return nil
		}
		has, given = false, true
		return give(New(s))
	}
	for {
		line, err := nextLine(in)
		bare := strings.TrimRight(line, "\r\n")
		log, is, failed := fromLog(bare)
		m := codeLine.FindStringSubmatch(bare)
		switch {
		case is:
			if err := flush(); err != nil {
				return err
			}
			given = true
			if failed {
				if err := give(log); err != nil {
					return err
				}
			}
		case strings.TrimSpace(bare) == "":
			if has {
				if err := flush(); err != nil {
					return err
				}
			}
		default:
			code := 0
			if m != nil {
				code = number(m[1])
			} else if open == "" {
				code, _ = codes(oneLine(bare))
			}
			if code > 0 && has && (m == nil || m[1] != open) {
				if err := flush(); err != nil {
					return err
				}
			}
			has = has || code > 0 || enhancedLine.MatchString(bare)
			open = ""
			if m != nil && m[2] == "-" {
				open = m[1]
			}
			text.WriteString(line[:max(0, min(len(line), maxText-text.Len()))])
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if err := flush(); err != nil {
		return err
	}
	if s := strings.TrimSpace(prose.String()); s != "" && !given {
		return give(New(s))
	}
	return nil
}
