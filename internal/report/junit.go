package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"mailaudit/internal/audit"
)

// junitWriter writes a suite for each domain, with a case for each finding but notes: fail is a failure, an unknown that decides
// an error; another unknown is skipped, and so is what is accepted. Warnings pass, and stand in the suite's output with the
// notes. The order of the elements is that of the schema of Ant's reports (https://github.com/windyroad/JUnit-Schema), the
// strictest of those in use.
type junitWriter struct {
	w      io.Writer
	suites int
}

type junitSuite struct {
	XMLName    xml.Name        `xml:"testsuite"`
	Name       shown           `xml:"name,attr"`
	Package    string          `xml:"package,attr"`
	ID         int             `xml:"id,attr"`        // from 0
	Timestamp  string          `xml:"timestamp,attr"` // UTC, without a zone
	Host       string          `xml:"hostname,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"` // seconds
	Properties junitProperties `xml:"properties"`
	Cases      []junitCase     `xml:"testcase"`
	Out        string          `xml:"system-out"`
	Err        string          `xml:"system-err"`
}

type junitProperties struct {
	List []junitProperty `xml:"property"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value shown  `xml:"value,attr"`
}

type junitCase struct {
	Name    shown         `xml:"name,attr"`
	Class   shown         `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Skipped *junitSkipped `xml:"skipped,omitempty"`
	Error   *junitProblem `xml:"error,omitempty"`
	Failure *junitProblem `xml:"failure,omitempty"`
}

type junitSkipped struct {
	Message shown `xml:"message,attr"`
}

type junitProblem struct {
	Message shown  `xml:"message,attr"`
	Type    shown  `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// shown is text from outside, made visible: XML has no word for most controls (XML 1.0 2.2).
type shown string

func (s shown) MarshalText() ([]byte, error) { return []byte(Visible(string(s))), nil }

func (j *junitWriter) Report(r *audit.Report, exit string) error {
	s := junitSuite{Name: shown(r.Domain), Timestamp: r.StartedAt.UTC().Format("2006-01-02T15:04:05"), Time: decimal(float64(r.DurationMS) / 1000)}
	for _, p := range [][2]string{{"version", r.Version}, {"profile", r.Profile}, {"verdict", r.Verdict}, {"score", scored(r)}, {"coverage", percent(r.Coverage)}, {"exit", exit}} {
		if p[1] != "" {
			s.Properties.List = append(s.Properties.List, junitProperty{p[0], shown(p[1])})
		}
	}
	var out strings.Builder
	for _, f := range r.Findings {
		if f.Status == "warn" || f.Status == "info" {
			fmt.Fprintln(&out, Visible(fmt.Sprintf("%s %s: %s", f.Status, f.Rule, list(stated(r.Domain, f), accepted(f)))))
		}
		if f.Status != "info" {
			s.add(r.Domain, f)
		}
	}
	s.Out = out.String()
	return j.suite(s)
}

// add makes a case of a finding.
func (s *junitSuite) add(domain string, f audit.Finding) {
	c := junitCase{Name: shown(f.Rule + after(" ", f.Subject, f.Subject != domain)), Class: shown("mailaudit." + f.Area), Time: "0"}
	message := shown(stated(domain, f))
	switch {
	case f.Status == "unknown" && !f.Deciding || f.Accepted != nil:
		c.Skipped = &junitSkipped{shown(list(string(message), accepted(f)))}
		s.Skipped++
	case f.Status == "fail":
		var help strings.Builder
		for _, l := range []string{after("fix: ", f.Fix, true), after("references: ", strings.Join(f.References, ", "), true)} {
			if l != "" {
				fmt.Fprintln(&help, Visible(l))
			}
		}
		c.Failure = &junitProblem{message, shown(f.Impact), help.String()}
		s.Failures++
	case f.Status == "unknown":
		c.Error = &junitProblem{Message: message, Type: "unknown"}
		s.Errors++
	}
	s.Cases = append(s.Cases, c)
	s.Tests++
}

// Invalid is a suite of one error.
func (j *junitWriter) Invalid(line int, input string, why error) error {
	return j.suite(junitSuite{Name: shown(fmt.Sprintf("line %d", line)), Timestamp: "1970-01-01T00:00:00", Time: "0", Tests: 1, Errors: 1,
		Cases: []junitCase{{Name: "input", Class: "mailaudit", Time: "0", Error: &junitProblem{Message: shown(misread(line, input, why)), Type: "invalid"}}}})
}

func (j *junitWriter) suite(s junitSuite) error {
	s.Package, s.ID, s.Host = "mailaudit", j.suites, "localhost"
	b, err := xml.MarshalIndent(s, "  ", "  ")
	if err != nil {
		return err
	}
	return write(j.w, append(append(j.begin(), b...), '\n'))
}

// begin is what stands before the first suite.
func (j *junitWriter) begin() []byte {
	j.suites++
	if j.suites > 1 {
		return nil
	}
	return []byte(xml.Header + "<testsuites>\n")
}

func (j *junitWriter) Close() error {
	return write(j.w, append(j.begin(), "</testsuites>\n"...))
}
