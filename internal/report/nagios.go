package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"mailaudit/internal/audit"
)

// nagiosWriter writes the one line of a monitoring plugin, with performance data behind the bar
// (https://www.monitoring-plugins.org/doc/guidelines.html). It is written at the end, and holds what it needs alone.
type nagiosWriter struct {
	w     io.Writer
	state func(*audit.Report) string

	worst    string // state
	alone    string // what there is to say of the one domain
	bad      []string
	domains  int
	misread  int // lines that are no domain
	counts   map[string]int
	lowest   *int // score
	coverage float64
}

// nagiosStates are the states, the worst first: what could not be found out may be worse than a warning.
var nagiosStates = []string{"CRITICAL", "UNKNOWN", "WARNING", "OK"}

// byVerdict are the states of verdicts.
var byVerdict = map[string]string{"fail": "CRITICAL", "unknown": "UNKNOWN", "warn": "WARNING", "pass": "OK"}

// paged is how many domains, or findings of one domain, the line names: a pager has little room.
const paged = 5

func (n *nagiosWriter) Report(r *audit.Report, _ string) error {
	state := cmp.Or(byVerdict[r.Verdict], "UNKNOWN")
	if n.state != nil {
		state = n.state(r)
	}
	n.add(state)
	if n.counts == nil {
		n.counts, n.coverage = map[string]int{}, r.Coverage
	}
	n.domains++
	n.coverage = min(n.coverage, r.Coverage)
	if r.Score != nil && (n.lowest == nil || *r.Score < *n.lowest) {
		n.lowest = r.Score
	}
	var named []string
	for _, f := range counting(r) {
		n.counts[f.Status]++
		s := f.Rule
		if f.Subject != "" && f.Subject != r.Domain {
			s += " " + f.Subject
		}
		named = append(named, s)
	}
	n.alone = r.Domain + " " + scored(r) + after(": ", some(distinct(named), paged), true)
	if state != "OK" {
		n.bad = append(n.bad, r.Domain+" "+strings.ToLower(state))
	}
	return nil
}

// counting are the findings that can decide an exit code, the worst first.
func counting(r *audit.Report) []audit.Finding {
	l := slices.DeleteFunc(slices.Clone(r.Findings), func(f audit.Finding) bool {
		return f.Accepted != nil || f.Status == "pass" || f.Status == "info" || f.Status == "unknown" && !f.Deciding
	})
	slices.SortStableFunc(l, func(a, b audit.Finding) int { return cmp.Compare(rank(a.Status), rank(b.Status)) })
	return l
}

func (n *nagiosWriter) Invalid(int, string, error) error {
	n.misread++
	n.add("UNKNOWN")
	return nil
}

// add counts a state.
func (n *nagiosWriter) add(state string) {
	if n.worst == "" || slices.Index(nagiosStates, state) < slices.Index(nagiosStates, n.worst) {
		n.worst = state
	}
}

// State is that of all, of which the exit code tells, too.
func (n *nagiosWriter) State() string { return cmp.Or(n.worst, "UNKNOWN") }

func (n *nagiosWriter) Close() error {
	words := n.alone
	if n.domains != 1 || n.misread > 0 {
		words = count(n.domains, "domain")
		if n.misread > 0 {
			words += fmt.Sprintf(", %s of the list no domain", count(n.misread, "line"))
		}
		words += after(": ", some(n.bad, paged), true)
	}
	score := ""
	if n.lowest != nil {
		score = fmt.Sprintf("score=%d;;;0;100 ", *n.lowest)
	}
	return write(n.w, fmt.Appendf(nil, "%s | domains=%d;;;0 %sfail=%d;;;0 warn=%d;;;0 unknown=%d;;;0 coverage=%s%%;;;0;100\n",
		NagiosLine(n.State(), words), n.domains, score, n.counts["fail"], n.counts["warn"], n.counts["unknown"],
		strings.TrimSuffix(percent(n.coverage), " %")))
}

// NagiosLine is the text of a plugin, without performance data and line end. What a shell or the reader of the bar would take
// for more than text becomes a dot: monitoring systems put this line into commands of their own.
func NagiosLine(state, words string) string {
	return "MAILAUDIT " + state + " - " + strings.Map(func(r rune) rune {
		if strings.ContainsRune("`~$&|'\"<>\\", r) {
			return '.'
		}
		return r
	}, Visible(words))
}
