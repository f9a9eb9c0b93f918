package recipients

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"mailaudit/internal/report"
)

// Formats are what a Writer writes.
var Formats = []string{"table", "csv", "json", "ndjson"}

// Writer writes results as they come.
type Writer interface {
	Write(Result) error
	Close(Summary) error
}

// NewWriter makes the writer of a format; in is what is read.
func NewWriter(w io.Writer, format string, in *Reader) Writer {
	b := bufio.NewWriter(w)
	switch format {
	case "csv":
		return newCSVWriter(b, in)
	case "json":
		return &jsonWriter{w: b}
	case "ndjson":
		return &lineWriter{b}
	}
	return &tableWriter{b}
}

// csvWriter gives the rows back with three columns more.
type csvWriter struct {
	b     *bufio.Writer
	w     *csv.Writer
	width int // cells of a row, so that what is appended stands in its column
	head  []string
}

var appended = []string{"action", "reason", "suggestion"}

func newCSVWriter(b *bufio.Writer, in *Reader) *csvWriter {
	c := &csvWriter{b: b, w: csv.NewWriter(b), head: in.Header, width: in.Width}
	if in.Comma != 0 {
		c.w.Comma = in.Comma
	} else {
		c.head, c.width = []string{"address"}, 1
	}
	return c
}

func (c *csvWriter) header() error {
	if c.head == nil {
		return nil
	}
	h := slices.Concat(c.head, appended)
	c.head = nil
	return c.w.Write(h)
}

func (c *csvWriter) Write(r Result) error {
	if err := c.header(); err != nil {
		return err
	}
	cells := r.Cells
	for len(cells) < c.width {
		cells = append(cells, "")
	}
	return c.w.Write(append(cells, string(r.Action), report.Visible(r.Reason), report.Cell(r.Suggestion)))
}

func (c *csvWriter) Close(Summary) error {
	if err := c.header(); err != nil {
		return err
	}
	c.w.Flush()
	if err := c.w.Error(); err != nil {
		return err
	}
	return c.b.Flush()
}

// jsonRow is a result in JSON.
type jsonRow struct {
	Line       int    `json:"line"`
	Address    string `json:"address"`
	Action     Action `json:"action"`
	Reason     string `json:"reason"`
	Suggestion string `json:"suggestion"`
}

func encode(r Result) ([]byte, error) {
	text, err := json.Marshal(jsonRow{r.Line, r.Address, r.Action, r.Reason, r.Suggestion})
	return report.Inert(text), err
}

// jsonWriter writes one object with all of them.
type jsonWriter struct {
	w    *bufio.Writer
	rows bool
}

func (j *jsonWriter) Write(r Result) error {
	between := ",\n"
	if !j.rows {
		between, j.rows = "{\"schema_version\":1,\"recipients\":[\n", true
	}
	text, err := encode(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(j.w, "%s%s", between, text)
	return err
}

func (j *jsonWriter) Close(s Summary) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if !j.rows {
		fmt.Fprint(j.w, "{\"schema_version\":1,\"recipients\":[")
	}
	fmt.Fprintf(j.w, "\n],\"summary\":%s}\n", text)
	return j.w.Flush()
}

// lineWriter writes one object a line, the summary as the last.
type lineWriter struct{ w *bufio.Writer }

func (l *lineWriter) Write(r Result) error {
	text, err := encode(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(l.w, "%s\n", text)
	return err
}

func (l *lineWriter) Close(s Summary) error {
	text, err := json.Marshal(map[string]Summary{"summary": s})
	if err != nil {
		return err
	}
	fmt.Fprintf(l.w, "%s\n", text)
	return l.w.Flush()
}

// tableWriter tells whoever is not kept, and the summary.
type tableWriter struct{ w *bufio.Writer }

func (t *tableWriter) Write(r Result) error {
	if r.Action == Keep && !r.Doubtful {
		return nil
	}
	then := ""
	if r.Suggestion != "" {
		then = " -> " + r.Suggestion
	}
	_, err := fmt.Fprintln(t.w, report.Visible(fmt.Sprintf("line %d  %s  %s%s  %s", r.Line, r.Action, r.Address, then, r.Reason)))
	return err
}

func (t *tableWriter) Close(s Summary) error {
	fmt.Fprintf(t.w, "%d rows of %d domains: keep %d, fix %d, drop %d\n", s.Rows, s.Domains, s.Keep, s.Fix, s.Drop)
	for _, c := range []struct {
		n    int
		what string
	}{
		{s.Syntax, "no address by its syntax"}, {s.Duplicate, "duplicates"}, {s.Bounced, "bounced before"}, {s.Disposable, "disposable"},
		{s.NoDomain, "domain does not exist"}, {s.NullMX, "domain takes no mail"}, {s.NoMailHost, "domain has no mail host"},
		{s.Typo, "probably mistyped"}, {s.Role, "role accounts"}, {s.Free, "free mailboxes"}, {s.Unknown, "domain could not be looked up"},
	} {
		if c.n > 0 {
			fmt.Fprintf(t.w, "%8d  %s\n", c.n, c.what)
		}
	}
	if s.Unseen > 0 {
		fmt.Fprintf(t.w, "%8d  not remembered: of these no duplicates were found\n", s.Unseen)
	}
	if !s.Complete {
		fmt.Fprintln(t.w, "the list was not read to its end")
	}
	return t.w.Flush()
}
