// Package report writes audits, one writer for each format. Writers only write: no rule, no score and no
// lookup stands here. It is the only place that knows width and colour, and the only one where text from
// outside (a TXT record, a banner, a certificate) becomes output: each writer escapes it for its own medium.
package report

import (
	"io"

	"mailaudit/internal/audit"
)

// Formats are those that New takes, in the order of the help text.
var Formats = []string{"table", "json", "ndjson", "markdown", "html", "csv", "junit", "sarif", "nagios", "prometheus"}

// Options say how to write.
type Options struct {
	Format  string
	Several bool // more than one domain: json is an array
	Width   int  // of the table, in columns
	Color   bool
	Verbose bool // also what passed, references and evidence
	Tree    bool // the SPF tree drawn in the table

	// Put takes a file of a folder, whole: html is then a page for each domain, and an index.
	Put func(name string, page []byte) error

	// State is what nagios says of a report: OK, WARNING, CRITICAL or UNKNOWN. Without it the verdict decides.
	State func(*audit.Report) string
}

// Writer takes reports one by one, so that a batch needs no memory.
type Writer interface {
	// Report writes one report; exit says in words why the exit code is what it is for this domain.
	Report(r *audit.Report, exit string) error
	// Invalid writes one line of input that is no domain.
	Invalid(line int, input string, why error) error
	// Close ends the output.
	Close() error
}

// New is the writer for a format.
func New(w io.Writer, o Options) (Writer, error) {
	switch o.Format {
	case "table":
		return newTable(w, o), nil
	case "json":
		return &jsonWriter{w: w, several: o.Several}, nil
	case "ndjson":
		return &ndjsonWriter{w: w}, nil
	case "markdown":
		return &markdownWriter{w: w, o: o}, nil
	case "html":
		if o.Put != nil {
			return newFolder(o.Put), nil
		}
		return &htmlWriter{w: w, several: o.Several}, nil
	case "csv":
		return &csvWriter{w: w}, nil
	case "junit":
		return &junitWriter{w: w}, nil
	case "sarif":
		return &sarifWriter{w: w, rules: map[string]int{}, seen: map[string]int{}}, nil
	case "nagios":
		return &nagiosWriter{w: w, state: o.State}, nil
	case "prometheus":
		return &prometheusWriter{w: w, at: map[string]int{}}, nil
	}
	return nil, badFormat(o.Format, Formats)
}
