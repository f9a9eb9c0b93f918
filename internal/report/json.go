package report

import (
	"bytes"
	"encoding/json"
	"io"

	"mailaudit/internal/audit"
)

// invalid is a line of input that is no domain, in place of its report.
type invalid struct {
	SchemaVersion int    `json:"schema_version"`
	Line          int    `json:"line"`
	Input         string `json:"input"`
	Error         string `json:"error"`
}

// jsonWriter writes one object, or an array of them as they come. What it writes of a report it writes at once: a
// reader that is cut off has whole reports and an array without its end.
type jsonWriter struct {
	w       io.Writer
	several bool
	begun   bool
}

func (j *jsonWriter) Report(r *audit.Report, _ string) error { return j.add(r) }

func (j *jsonWriter) Invalid(line int, input string, why error) error {
	return j.add(invalid{audit.SchemaVersion, line, input, why.Error()})
}

func (j *jsonWriter) add(v any) error {
	if !j.several {
		b, err := encode(v, "", "  ")
		if err != nil {
			return err
		}
		return write(j.w, b)
	}
	b, err := encode(v, "  ", "  ")
	if err != nil {
		return err
	}
	open := ",\n  "
	if !j.begun {
		open = "[\n  "
	}
	j.begun = true
	return write(j.w, append([]byte(open), bytes.TrimSuffix(b, []byte("\n"))...))
}

func (j *jsonWriter) Close() error {
	switch {
	case !j.several:
		return nil
	case !j.begun:
		return write(j.w, []byte("[]\n"))
	}
	return write(j.w, []byte("\n]\n"))
}

// ndjsonWriter writes one report a line.
type ndjsonWriter struct{ w io.Writer }

func (n *ndjsonWriter) Report(r *audit.Report, _ string) error { return n.add(r) }

func (n *ndjsonWriter) Invalid(line int, input string, why error) error {
	return n.add(invalid{audit.SchemaVersion, line, input, why.Error()})
}

func (n *ndjsonWriter) add(v any) error {
	b, err := encode(v, "", "")
	if err != nil {
		return err
	}
	return write(n.w, b)
}

func (n *ndjsonWriter) Close() error { return nil }

// encode gives JSON that is safe to show. Octets that are no UTF-8 become U+FFFD: JSON has no other word for them
// (RFC 8259 8.1). The escapes for HTML are left out, since a record full of \u003c cannot be read; whoever puts
// JSON into a page escapes for the page.
func encode(v any, prefix, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if indent != "" {
		e.SetIndent(prefix, indent)
	}
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return Inert(b.Bytes()), nil
}

// write hands all of b over in one call, which is what keeps lines whole where several processes share a file.
func write(w io.Writer, b []byte) error {
	_, err := w.Write(b)
	return err
}
