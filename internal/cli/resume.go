package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"mailaudit/internal/audit"
)

// resumption is a batch that goes on in the file of its own reports (--resume). Each report is written in one piece, so that
// one that was killed leaves whole lines, and at most a last one that is torn. That is dropped, and its domain is audited
// again. One batch at a time can have the file, which is locked until it ends.
type resumption struct {
	name    string
	file    *os.File
	size    int64 // of the lines that are whole
	domains map[string]bool
	invalid map[badLine]bool
	code    int // of the reports in the file, as exit code
}

// badLine is a line of a list that is no domain.
type badLine struct {
	line  int
	input string
}

// written is what a resumption reads of a line.
type written struct {
	Domain   string          `json:"domain"`
	Verdict  string          `json:"verdict"`
	Score    *int            `json:"score"`
	ScoreLow *int            `json:"score_low"`
	Findings []audit.Finding `json:"findings"`
	Line     int             `json:"line"`
	Input    string          `json:"input"`
	Error    string          `json:"error"`
}

// resumption is that of --resume, if it was given.
func (o *checkOptions) resumption() (*resumption, error) {
	if o.resume == "" {
		return nil, nil
	}
	return readResumption(o.resume, o.failOn, o.minScore)
}

// readResumption takes the file for this batch and reads what is there of it; a file that is empty is one that has not begun.
func readResumption(name, failOn string, minScore int) (*resumption, error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil, usagef("--resume %s: not a regular file", name)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fileError(name, err)
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fileError(name, err)
	}
	r := &resumption{name: name, file: f, domains: map[string]bool{}, invalid: map[badLine]bool{}}
	err = lock(f)
	if errors.Is(err, errLocked) {
		err = usagef("--resume %s: another mailaudit is writing to it: wait for its end, or name another file", name)
	} else if err == nil {
		err = r.read(failOn, minScore)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// errLocked says that another process has the lock on a file.
var errLocked = errors.New("locked")

// maxWritten bounds a line of the file: no report is as long.
const maxWritten = 64 << 20

// read takes in all lines that are whole.
func (r *resumption) read(failOn string, minScore int) error {
	in := bufio.NewReaderSize(r.file, 1<<20)
	for n := 1; ; n++ {
		line, err := lineOf(in, maxWritten)
		switch {
		case errors.Is(err, io.EOF) && !torn(line):
			return r.foreign(n) // nobody's file is cut who mistyped its name
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, bufio.ErrTooLong):
			return r.foreign(n)
		case err != nil:
			return fileError(r.name, err)
		}
		var w written
		if json.Unmarshal(line, &w) != nil || !r.add(w, failOn, minScore) {
			return r.foreign(n)
		}
		r.size += int64(len(line))
	}
}

// lineOf reads a line, of so many octets at most.
func lineOf(in *bufio.Reader, most int) (line []byte, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) > most {
			return nil, bufio.ErrTooLong
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// torn says whether what has no line feed can be the beginning of a line of ours. After a loss of power octets 0 stand where the rest
// would, or all of it.
func torn(line []byte) bool {
	const begin = `{"schema_version":`
	line = bytes.TrimRight(line, "\x00")
	return bytes.HasPrefix(line, []byte(begin)) || strings.HasPrefix(begin, string(line))
}

// close lets go of the file where the batch does not come about.
func (r *resumption) close() {
	if r != nil {
		r.file.Close()
	}
}

func (r *resumption) foreign(line int) error {
	return usageError{fmt.Sprintf("%s:%d: no report of a batch", r.name, line), "--format ndjson --resume reports.ndjson"}
}

// add takes a line in, if it is one of a batch.
func (r *resumption) add(w written, failOn string, minScore int) bool {
	switch {
	case w.Domain != "" && w.Verdict != "" && (w.Score == nil) == (w.ScoreLow == nil):
		r.domains[w.Domain] = true
		code, _ := outcome(&audit.Report{Score: w.Score, ScoreLow: w.ScoreLow, Findings: w.Findings}, failOn, minScore)
		r.code = worse(r.code, code)
		return true
	case w.Line > 0 && w.Error != "":
		r.invalid[badLine{w.Line, w.Input}] = true
		return true
	}
	return false
}

// skip leaves out what is in the file.
func (r *resumption) skip(next source) source {
	return func() (entry, error) {
		for {
			e, err := next()
			if err != nil || !r.has(e) {
				return e, err
			}
		}
	}
}

func (r *resumption) has(e entry) bool {
	if e.err == nil {
		return r.domains[e.domain]
	}
	return r.invalid[badLine{e.line, string([]rune(e.input))}] // as JSON has it: U+FFFD for an octet that is no UTF-8
}

// open makes ready to write behind the last whole line.
func (r *resumption) open() (*sink, error) {
	a := &appender{r.file, r.size}
	if err := a.cut(); err != nil {
		r.close()
		return nil, fileError(r.name, err)
	}
	return &sink{Writer: a, file: r.file}, nil
}

// appender writes lines whole or not at all.
type appender struct {
	f    *os.File
	size int64
}

func (a *appender) Write(b []byte) (int, error) {
	n, err := a.f.Write(b)
	if err != nil {
		return n, errors.Join(err, a.cut())
	}
	a.size += int64(n)
	return n, nil
}

// cut takes away what is behind the last whole line.
func (a *appender) cut() error {
	if err := a.f.Truncate(a.size); err != nil {
		return err
	}
	_, err := a.f.Seek(a.size, io.SeekStart)
	return err
}
