package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mailaudit/internal/audit"
	"mailaudit/internal/report"
)

func newConvert(w World) *cobra.Command {
	o := outputOptions{}
	cmd := &cobra.Command{
		Use: "convert FILE", Short: "saved JSON reports in another format",
		Long: "convert reads what check wrote as json or ndjson, from a file or from standard\n" +
			"input (-), and writes it as check would have in another format. Nothing is asked\n" +
			"and nothing judged again: it ends with 0, whatever the reports say.",
		Example: "  mailaudit convert --format html report.json > report.html\n  mailaudit convert --format csv reports.ndjson",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{"convert takes one file, or - for standard input", "mailaudit convert --format html report.json"}
			}
			if err := o.check(report.Formats); err != nil {
				return err
			}
			return o.convert(w, args[0])
		},
	}
	o.flags(cmd, "table", report.Formats)
	cmd.Flags().BoolVar(&o.tree, "tree", false, "draw the SPF tree in the table")
	return cmd
}

// convert writes the reports of a file one by one.
func (o outputOptions) convert(w World, file string) error {
	in := w.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fileError(file, err)
		}
		defer f.Close()
		in = f
	}
	saved := newArchive(file, in)
	// Whether there are several is looked at before the first is written, as check does.
	var ahead []done
	var err error
	for len(ahead) < 2 && err == nil {
		var d done
		if d, err = saved.next(); err == nil {
			ahead = append(ahead, d)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) && len(ahead) == 0 {
		return err
	}
	out, oerr := o.open(w)
	if oerr != nil {
		return oerr
	}
	defer func() { _ = out.finish(false) }() // whatever is left of it after a failure
	options := o.options(w, saved.array || len(ahead) > 1)
	options.Put = out.put
	writer, werr := report.New(out, options)
	if werr != nil {
		return werr
	}
	for _, d := range ahead {
		if werr := put(writer, d); werr != nil {
			return werr
		}
	}
	for err == nil {
		var d done
		if d, err = saved.next(); err == nil {
			err = put(writer, d)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	// What was good before a mistake is brought to its end, too.
	if cerr := writer.Close(); err == nil {
		err = cerr
	}
	if ferr := out.finish(err == nil); err == nil {
		err = ferr
	}
	return err
}

// put writes one entry as it was saved. Why it ended with which exit code was not.
func put(w report.Writer, d done) error {
	if d.err != nil {
		return w.Invalid(d.line, d.input, d.err)
	}
	return w.Report(d.report, "")
}

// archive reads reports as check writes them: one object, an array of them, or one a line.
type archive struct {
	name   string
	in     *rationed
	json   *json.Decoder
	array  bool
	n      int // reports read
	opened bool
}

func newArchive(name string, in io.Reader) *archive {
	r := &rationed{in: bufio.NewReader(in)}
	return &archive{name: name, in: r, json: json.NewDecoder(r)}
}

// record is an entry of an archive: a report, or a line of a list that is no domain.
type record struct {
	audit.Report
	Line  int    `json:"line"`
	Input string `json:"input"`
	Error string `json:"error"`
}

// next gives one entry after the other, and io.EOF at the end. There is at least one, unless an array is empty.
func (a *archive) next() (done, error) {
	a.in.left = maxInput
	if !a.opened {
		if err := a.open(); err != nil {
			return done{}, err
		}
	}
	if a.array && !a.json.More() {
		return done{}, a.end()
	}
	a.n++
	var r record
	err := a.json.Decode(&r)
	switch {
	case errors.Is(err, io.EOF) && !a.array && a.n > 1:
		return done{}, io.EOF
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return done{}, a.wrong("it ends in the middle")
	case err != nil:
		return done{}, a.wrong(misread(err))
	case r.SchemaVersion != audit.SchemaVersion:
		return done{}, a.wrong(fmt.Sprintf("no report of schema_version %d", audit.SchemaVersion))
	case r.Domain == "" && r.Error != "":
		return done{entry: entry{line: r.Line, input: r.Input, err: errors.New(r.Error)}}, nil
	case r.Domain == "" || r.Verdict == "" || (r.Score == nil) != (r.ScoreLow == nil) || r.Score != nil && (!score(*r.Score) || !score(*r.ScoreLow)):
		return done{}, a.wrong("no report of mailaudit")
	}
	return done{entry: entry{domain: r.Domain}, report: &r.Report}, nil
}

// score says whether a number can be one.
func score(n int) bool { return n >= 0 && n <= 100 }

// open looks whether it is an array.
func (a *archive) open() error {
	a.opened = true
	for {
		b, err := a.in.in.Peek(1)
		switch {
		case errors.Is(err, io.EOF):
			return usagef("%s: there is no report in it", a.name)
		case err != nil:
			return fileError(a.name, err)
		case b[0] == ' ' || b[0] == '\t' || b[0] == '\r' || b[0] == '\n':
			_, _ = a.in.in.Discard(1) // it has been looked at
			continue
		case b[0] != '[':
			return nil
		}
		a.array = true
		_, err = a.json.Token()
		return err
	}
}

// end sees that an array has an end, and that nothing stands behind it.
func (a *archive) end() error {
	if _, err := a.json.Token(); err != nil {
		return usagef("%s: the array has no end", a.name)
	}
	if _, err := a.json.Token(); !errors.Is(err, io.EOF) {
		return usagef("%s: something stands behind the array", a.name)
	}
	return io.EOF
}

func (a *archive) wrong(what string) error {
	return usageError{fmt.Sprintf("%s: report %d: %s", a.name, a.n, what), "mailaudit check example.com --format json --output report.json"}
}

// misread says what is wrong with JSON.
func misread(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return strings.TrimPrefix(fmt.Sprintf("%s: a %s does not belong there", strings.TrimPrefix(kind.Field, "Report."), kind.Value), ": ")
	}
	return err.Error()
}

// rationed reads no more than is left.
type rationed struct {
	in   *bufio.Reader
	left int // bytes
}

func (r *rationed) Read(b []byte) (int, error) {
	if r.left <= 0 {
		return 0, fmt.Errorf("a report is larger than %d MiB", maxInput>>20)
	}
	n, err := r.in.Read(b[:min(len(b), r.left)])
	r.left -= n
	return n, err
}
