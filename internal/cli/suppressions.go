package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
	"mailaudit/internal/report"
)

// suppression is a finding that somebody answers for, up to a day.
type suppression struct {
	Rule    string `yaml:"rule"`
	Subject string `yaml:"subject"` // "" for any
	Reason  string `yaml:"reason"`
	Until   string `yaml:"until"` // the last day, UTC

	at string // file and line
}

// readSuppressions reads a list of them; none without a file.
func readSuppressions(name string) ([]suppression, error) {
	if name == "" {
		return nil, nil
	}
	text, err := readFile(name)
	if err != nil {
		return nil, err
	}
	var nodes []ast.Node
	if err := document(name, text, &nodes); err != nil {
		return nil, err
	}
	l := make([]suppression, len(nodes))
	for i, n := range nodes {
		if n == nil {
			return nil, usagef("%s: entry %d is empty", name, i+1)
		}
		if err := decoded(func() error { return yaml.NodeToValue(n, &l[i], yaml.Strict()) }); err != nil {
			return nil, yamlError(name, err)
		}
		s := &l[i]
		s.at = fmt.Sprintf("%s:%d", name, n.GetToken().Position.Line)
		s.Subject = strings.TrimSuffix(s.Subject, ".")
		if err := s.check(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (s suppression) check() error {
	if _, ok := checks.Find(s.Rule); !ok {
		return usageError{fmt.Sprintf("%s: rule %q is no rule", s.at, s.Rule), "mailaudit rules"}
	}
	if strings.TrimSpace(s.Reason) == "" {
		return usagef("%s: %s is suppressed without a reason", s.at, s.Rule)
	}
	if _, err := time.Parse(time.DateOnly, s.Until); err != nil {
		return usagef("%s: until %q: a day such as 2027-03-31 is needed", s.at, s.Until)
	}
	return nil
}

// over says whether its last day has passed.
func (s suppression) over(now time.Time) bool { return now.UTC().Format(time.DateOnly) > s.Until }

// tellExpired warns of those that no longer count.
func tellExpired(w World, l []suppression, now time.Time) {
	for _, s := range l {
		if s.over(now) {
			fmt.Fprintln(w.Stderr, "mailaudit: "+report.Visible(fmt.Sprintf("%s: the suppression of %s ended on %s, and counts no longer: %s",
				s.at, strings.TrimSpace(s.Rule+" "+s.Subject), s.Until, s.Reason)))
		}
	}
}

// suppress marks the findings of a report that somebody answers for on the day of the audit.
func suppress(l []suppression, r *audit.Report) {
	for i := range r.Findings {
		f := &r.Findings[i]
		for _, s := range l {
			if f.Status != "pass" && s.Rule == f.Rule && (s.Subject == "" || strings.EqualFold(s.Subject, f.Subject)) && !s.over(r.StartedAt) {
				f.Accepted = &audit.Accepted{By: "suppression", Reason: s.Reason, Until: s.Until}
				break
			}
		}
	}
}
