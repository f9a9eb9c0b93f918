package cli

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// A list is read twice: its checksum has to be known, and that it can be read to its end, before the first job goes out, and standard
// input cannot be read again. So it goes to disk first, in parts by domain, and each domain of a part is looked for among those
// of that part alone: memory holds one part's names at a time.
const listParts = 64

// spooled is a list on disk.
type spooled struct {
	dir    string
	digest string // of its lines, in their order
	valid  bool   // a line of it is a domain
}

// spooledLine is an entry of it.
type spooledLine struct {
	Line   int    `json:"l"`
	Input  string `json:"i"`
	Domain string `json:"d,omitempty"`
	Error  string `json:"e,omitempty"`
}

// spool reads a list to its end. remove is to be called in any case.
func spool(ctx context.Context, w World, name string) (s *spooled, err error) {
	in := w.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fileError(name, err)
		}
		defer f.Close()
		in = f
	}
	s = &spooled{}
	if s.dir, err = os.MkdirTemp("", "mailaudit-submit-"); err != nil {
		return nil, err
	}
	if err = s.fill(ctx, name, in); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

func (s *spooled) remove() { _ = os.RemoveAll(s.dir) }

func (s *spooled) part(i int) string { return filepath.Join(s.dir, strconv.Itoa(i)) }

// fill writes the parts.
func (s *spooled) fill(ctx context.Context, name string, in io.Reader) error {
	var parts [listParts]*bufio.Writer
	for i := range parts {
		f, err := os.Create(s.part(i))
		if err != nil {
			return err
		}
		defer f.Close()
		parts[i] = bufio.NewWriter(f)
	}
	sum := sha256.New()
	l := newList(name, in)
	l.seen = nil // each looks for them
	next := l.start(ctx)
	for {
		e, err := next()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF):
			s.digest = hex.EncodeToString(sum.Sum(nil))
			for _, p := range parts {
				if err := p.Flush(); err != nil {
					return err
				}
			}
			return nil
		case err != nil:
			return err
		}
		fmt.Fprintf(sum, "%d %q\n", e.line, e.input)
		line, of := spooledLine{Line: e.line, Input: e.input, Domain: e.domain}, e.domain
		if s.valid = s.valid || e.err == nil; e.err != nil {
			line.Error, of = e.err.Error(), e.input
		}
		text, err := json.Marshal(line)
		if err != nil {
			return err
		}
		h := fnv.New32a()
		_, _ = h.Write([]byte(of))
		if _, err := parts[h.Sum32()%listParts].Write(append(text, '\n')); err != nil {
			return err
		}
	}
}

// each gives the lines to use, of several with one domain the first, until use says no.
func (s *spooled) each(use func(entry) bool) error {
	for i := range listParts {
		if more, err := s.eachOf(i, use); err != nil || !more {
			return err
		}
	}
	return nil
}

func (s *spooled) eachOf(part int, use func(entry) bool) (more bool, err error) {
	f, err := os.Open(s.part(part))
	if err != nil {
		return false, err
	}
	defer f.Close()
	seen := map[string]bool{}
	for lines := json.NewDecoder(bufio.NewReader(f)); ; {
		var l spooledLine
		if err := lines.Decode(&l); errors.Is(err, io.EOF) {
			return true, nil
		} else if err != nil {
			return false, err
		}
		e := entry{line: l.Line, input: l.Input, domain: l.Domain}
		switch {
		case l.Error != "":
			e.err = errors.New(l.Error)
		case seen[l.Domain]:
			continue
		default:
			seen[l.Domain] = true
		}
		if !use(e) {
			return false, nil
		}
	}
}
