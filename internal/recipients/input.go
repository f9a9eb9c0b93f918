package recipients

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// maxRow bounds one row, so that a quote that nobody closes does not take the rest of the file.
const maxRow = 1 << 20

// Row is one row of the list.
type Row struct {
	Line    int
	Cells   []string // as they were; one for a line of text
	Address string   // the cell that holds it
}

// Reader reads a list: CSV, or one address a line.
type Reader struct {
	Header []string // nil where the list has none
	Width  int      // cells of the first row

	Comma  rune // of CSV; 0: one address a line
	column int
	ahead  []Row // rows that were read to find the column

	in  *bufio.Reader
	end byte // of a line: '\n', or '\r' as on old Macs
	n   int  // lines that were read
	row []byte
}

// NewReader reads the start of a list. CSV is what is named so, or has a separator in its first line. The column of addresses
// is the one of that name or number, counted from 1; "" for the one whose name says so, or that holds an @ in the first row or in the
// one beneath.
func NewReader(name string, in io.Reader, column string) (*Reader, error) {
	b := bufio.NewReaderSize(in, maxLogLine)
	if mark, _ := b.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = b.Discard(len(mark)) // it was read already
	}
	if mark, _ := b.Peek(2); string(mark) == "\xff\xfe" || string(mark) == "\xfe\xff" {
		return nil, errors.New("it is UTF-16, and UTF-8 is read")
	}
	r := &Reader{in: b, end: '\n'}
	line, whole := start(b)
	if mac, _, ok := strings.Cut(line, "\r"); ok && !whole {
		line, r.end = mac, '\r'
	}
	if r.Comma = comma(name, line); r.Comma == 0 {
		if column != "" {
			return nil, fmt.Errorf("it has one address a line, and no column %q", column)
		}
		return r, nil
	}
	first, err := r.cells()
	if errors.Is(err, io.EOF) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	r.Width = len(first.Cells)
	return r, r.head(first, column)
}

// start is the first line, or what fits of it. It waits for no more than that: a list may be typed.
func start(b *bufio.Reader) (line string, whole bool) {
	for n := 1; ; n = b.Buffered() + 1 {
		text, err := b.Peek(min(n, maxLogLine)) // an error comes again
		text, _ = b.Peek(max(b.Buffered(), len(text)))
		if line, _, whole := strings.Cut(string(text), "\n"); whole || err != nil || len(text) == maxLogLine {
			return line, whole
		}
	}
}

// comma is the separator of CSV by its first line, 0 for text.
func comma(name, line string) rune {
	best, most := rune(0), 0
	quoted := false
	count := map[rune]int{}
	for _, c := range line {
		if c == '"' {
			quoted = !quoted
		} else if !quoted && strings.ContainsRune(",;\t", c) {
			count[c]++
		}
	}
	for _, c := range ",;\t" {
		if count[c] > most {
			best, most = c, count[c]
		}
	}
	switch ext := strings.ToLower(filepath.Ext(name)); {
	case best != 0:
		return best
	case ext == ".csv":
		return ','
	case ext == ".tsv":
		return '\t'
	}
	return 0
}

// titles are the names of a column of addresses. Of several columns the one whose name comes first here is taken: one of the last may
// as well be a postal address.
var titles = []string{"email", "e-mail", "mail", "email address", "e-mail address", "email_address", "emailaddress", "mail address", "recipient", "address", "to"}

// head finds the column of addresses by the first row and the next, and whether the first is a header.
func (r *Reader) head(first Row, column string) error {
	named := func(l []string, title string) int {
		return slices.IndexFunc(l, func(c string) bool { return strings.EqualFold(strings.TrimSpace(c), title) })
	}
	holds := func(l []string) int {
		return slices.IndexFunc(l, func(c string) bool { return strings.Contains(c, "@") })
	}
	l := first.Cells
	if column != "" {
		at := named(l, column)
		if n, err := strconv.Atoi(column); at < 0 && err == nil && n >= 1 && n <= len(l) && strings.Contains(l[n-1], "@") {
			r.column, r.ahead = n-1, []Row{first}
			return nil
		} else if at < 0 && err == nil && n >= 1 && n <= len(l) {
			at = n - 1
		}
		if at < 0 {
			return fmt.Errorf("no column %q among %d", column, len(l))
		}
		r.column, r.Header = at, l
		return nil
	}
	if at := holds(l); at >= 0 {
		r.column, r.ahead = at, []Row{first}
		return nil
	}
	for _, title := range titles {
		if at := named(l, title); at >= 0 {
			r.column, r.Header = at, l
			return nil
		}
	}
	next, err := r.cells()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	at := holds(next.Cells)
	switch {
	case len(l) == 1:
		r.ahead = []Row{first}
	case at >= 0 && at < len(l):
		r.column, r.Header = at, l
	default:
		return errors.New("no column of the first row is one of addresses: --column names it")
	}
	if err == nil {
		r.ahead = append(r.ahead, next)
	}
	return nil
}

// Next is the next row, and io.EOF at the end. Lines that are blank, and comments in text, are passed over.
func (r *Reader) Next() (row Row, err error) {
	switch {
	case len(r.ahead) > 0:
		row, r.ahead = r.ahead[0], r.ahead[1:]
	case r.Comma == 0:
		return r.text()
	default:
		if row, err = r.cells(); err != nil {
			return Row{}, err
		}
	}
	if r.column < len(row.Cells) {
		row.Address = row.Cells[r.column]
	}
	return row, nil
}

// line adds the next line to the row, without its end.
func (r *Reader) line() error {
	began := len(r.row)
	for {
		b, err := r.in.ReadSlice(r.end)
		r.row = append(r.row, b...)
		switch {
		case len(r.row) > maxRow:
			if r.Comma == 0 {
				return fmt.Errorf("line %d: more than %d MiB", r.n+1, maxRow>>20)
			}
			return fmt.Errorf("line %d: a row of more than %d MiB: is a quote not closed?", r.n+1, maxRow>>20)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(r.row) > began:
		case err != nil:
			return err
		}
		r.n++
		text := bytes.TrimSuffix(r.row[began:], []byte{r.end})
		r.row = r.row[:began+len(bytes.TrimSuffix(text, []byte{'\r'}))]
		return nil
	}
}

// text is the next line that is no comment.
func (r *Reader) text() (Row, error) {
	for {
		r.row = r.row[:0]
		if err := r.line(); err != nil {
			return Row{}, err
		}
		if bare := bytes.TrimSpace(r.row); len(bare) > 0 && bare[0] != '#' {
			text := string(r.row)
			return Row{Line: r.n, Cells: []string{text}, Address: text}, nil
		}
	}
}

// cells is the next row of CSV (RFC 4180 2). A quote that stands where none may is a part of its cell, as in "a b"@example.com. The
// reader of encoding/csv takes the rows behind such a one into the cell, in silence, as it does where a quote is not closed.
func (r *Reader) cells() (Row, error) {
	for r.row = r.row[:0]; len(r.row) == 0; {
		if err := r.line(); err != nil {
			return Row{}, err
		}
	}
	row := Row{Line: r.n}
	for at := 0; ; {
		text, end, err := r.cell(at)
		if err != nil {
			return Row{}, err
		}
		row.Cells = append(row.Cells, text)
		if end == len(r.row) {
			return row, nil
		}
		at = end + 1
	}
}

// cell is the one that begins there, and where it ends.
func (r *Reader) cell(at int) (text string, end int, err error) {
	plain := func(from int) (string, int, error) {
		end := len(r.row)
		if i := bytes.IndexByte(r.row[from:], byte(r.Comma)); i >= 0 {
			end = from + i
		}
		return string(r.row[at:end]), end, nil
	}
	if at == len(r.row) || r.row[at] != '"' {
		return plain(at)
	}
	began := r.n
	for from := at + 1; ; {
		i := bytes.IndexByte(r.row[from:], '"')
		if i < 0 { // it goes on in the next line
			from = len(r.row)
			r.row = append(r.row, '\n')
			if err := r.line(); errors.Is(err, io.EOF) {
				return "", 0, fmt.Errorf("line %d: a quote is not closed", began)
			} else if err != nil {
				return "", 0, err
			}
			continue
		}
		from += i + 1
		switch {
		case from == len(r.row) || r.row[from] == byte(r.Comma):
			return strings.ReplaceAll(string(r.row[at+1:from-1]), `""`, `"`), from, nil
		case r.row[from] == '"':
			from++
		default:
			return plain(from)
		}
	}
}
