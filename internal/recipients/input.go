package recipients

import (
	"bufio"
	"encoding/csv"
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

	Comma  rune // of CSV; 0: one address a line
	column int
	first  []string // a row that was read to find the column

	text  *bufio.Reader
	csv   *csv.Reader
	limit *limited
	line  int
}

// limited ends a row that is too long.
type limited struct {
	r    io.Reader
	left int
}

var errRow = fmt.Errorf("a row of more than %d MiB: is a quote not closed?", maxRow>>20)

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, errRow
	}
	n, err := l.r.Read(b)
	l.left -= n
	return n, err
}

// NewReader reads the start of a list. CSV is what is named so, or has a separator in its first line. The column of addresses
// is the one of that name or number, counted from 1; "" for the one whose name says so, or that holds an @ in the first row.
func NewReader(name string, in io.Reader, column string) (*Reader, error) {
	l := &limited{r: in, left: maxRow}
	b := bufio.NewReaderSize(l, maxLogLine)
	if mark, _ := b.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = b.Discard(len(mark)) // it was read already
	}
	if mark, _ := b.Peek(2); string(mark) == "\xff\xfe" || string(mark) == "\xfe\xff" {
		return nil, errors.New("it is UTF-16, and UTF-8 is read")
	}
	r := &Reader{limit: l, text: b, Comma: comma(name, b)}
	if r.Comma == 0 {
		if column != "" {
			return nil, fmt.Errorf("it has one address a line, and no column %q", column)
		}
		return r, nil
	}
	r.csv = csv.NewReader(b)
	r.csv.Comma, r.csv.LazyQuotes, r.csv.FieldsPerRecord = r.Comma, true, -1
	first, err := r.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		return r, nil
	case err != nil:
		return nil, err
	}
	r.line, _ = r.csv.FieldPos(0)
	return r, r.head(first, column)
}

// start is the first line, or what fits of it. It waits for no more than that: a list may be typed.
func start(b *bufio.Reader) string {
	for n := 1; ; n = b.Buffered() + 1 {
		text, err := b.Peek(min(n, maxLogLine)) // an error comes again
		text, _ = b.Peek(max(b.Buffered(), len(text)))
		if line, _, whole := strings.Cut(string(text), "\n"); whole || err != nil || len(text) == maxLogLine {
			return line
		}
	}
}

// comma is the separator of CSV, 0 for text.
func comma(name string, b *bufio.Reader) rune {
	line := start(b)
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

// titles are the names of a column of addresses.
var titles = []string{"address", "email", "e-mail", "mail", "email address", "e-mail address", "email_address", "emailaddress", "mail address", "recipient", "to"}

// head finds the column of addresses by the first row, and whether that is a header.
func (r *Reader) head(first []string, column string) error {
	is := func(cell string, l ...string) bool {
		return slices.Contains(l, strings.ToLower(strings.TrimSpace(cell)))
	}
	holds := slices.IndexFunc(first, func(c string) bool { return strings.Contains(c, "@") })
	named := slices.IndexFunc(first, func(c string) bool { return is(c, titles...) })
	wanted := -1
	if column != "" {
		wanted = slices.IndexFunc(first, func(c string) bool { return is(c, strings.ToLower(column)) })
		if n, err := strconv.Atoi(column); wanted < 0 && err == nil && n >= 1 && n <= len(first) {
			wanted = n - 1
			holds = wanted
			if !strings.Contains(first[wanted], "@") {
				holds = -1
			}
		}
		if wanted < 0 {
			return fmt.Errorf("no column %q among %d", column, len(first))
		}
	}
	switch {
	case wanted >= 0 && wanted != holds:
		r.column, r.Header = wanted, first
	case wanted >= 0:
		r.column, r.first = wanted, first
	case holds < 0 && named >= 0:
		r.column, r.Header = named, first
	case holds >= 0:
		r.column, r.first = holds, first
	case len(first) == 1:
		r.first = first
	default:
		return fmt.Errorf("no column of the first row is one of addresses: --column names it")
	}
	return nil
}

// Next is the next row, and io.EOF at the end. Lines of text that are blank or comments are passed over.
func (r *Reader) Next() (Row, error) {
	r.limit.left = maxRow
	if r.Comma == 0 {
		return r.nextLine()
	}
	cells := r.first
	if r.first = nil; cells == nil {
		var err error
		if cells, err = r.csv.Read(); err != nil {
			return Row{}, err
		}
		r.line, _ = r.csv.FieldPos(0)
	}
	row := Row{Line: r.line, Cells: cells}
	if r.column < len(cells) {
		row.Address = cells[r.column]
	}
	return row, nil
}

func (r *Reader) nextLine() (Row, error) {
	for {
		b, more, err := r.text.ReadLine()
		if err != nil {
			return Row{}, err
		}
		line := string(b)
		for more && err == nil { // what follows is no address any more
			_, more, err = r.text.ReadLine()
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return Row{}, err
		}
		r.limit.left = maxRow
		r.line++
		if bare := strings.TrimSpace(line); bare != "" && bare[0] != '#' {
			return Row{Line: r.line, Cells: []string{line}, Address: line}, nil
		}
	}
}
