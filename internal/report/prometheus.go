package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"mailaudit/internal/audit"
)

// prometheusWriter writes gauges for the textfile collector of node_exporter
// (https://prometheus.io/docs/instrumenting/exposition_formats/). Samples of one name must stand together, so they are held until
// the end.
type prometheusWriter struct {
	w   io.Writer
	all [][][]sample   // by report, by family
	at  map[string]int // where in all a domain stands: a series may be there only once, and the last counts
}

// sample is one value, and its labels behind the domain: pairs of name and value.
type sample struct {
	labels []string
	value  float64
}

// family is all samples of one name.
type family struct {
	name, help string
	of         func(*audit.Report) []sample
}

var statuses = []string{"fail", "warn", "info", "unknown", "pass"}

var families = []family{
	{"mailaudit_score", "Score of the domain, 0 to 100; absent where it could not be scored.", func(r *audit.Report) []sample { return one(r.Score) }},
	{"mailaudit_score_low", "What the score would be if everything that decides and is unknown were at its worst.", func(r *audit.Report) []sample { return one(r.ScoreLow) }},
	{"mailaudit_coverage_ratio", "Share of what is to be judged that could be decided.", func(r *audit.Report) []sample { return []sample{{nil, r.Coverage}} }},
	{"mailaudit_verdict", "1 for the verdict of the domain, 0 for the others.", func(r *audit.Report) []sample {
		return states("verdict", []string{"pass", "warn", "unknown", "fail"}, r.Verdict)
	}},
	{"mailaudit_findings", "Number of findings of a status; accepted ones are not counted.", func(r *audit.Report) []sample {
		n := map[string]int{}
		for _, f := range r.Findings {
			if f.Accepted == nil {
				n[f.Status]++
			}
		}
		return counts("status", statuses, n)
	}},
	{"mailaudit_deciding_unknowns", "Number of findings that decide the verdict and could not be found out.", func(r *audit.Report) []sample {
		n := 0
		for _, f := range r.Findings {
			if f.Status == "unknown" && f.Deciding && f.Accepted == nil {
				n++
			}
		}
		return one(&n)
	}},
	{"mailaudit_receivers", "Number of receivers by their forecast, each by the worst of its answers.", func(r *audit.Report) []sample {
		worst, n := map[string]string{}, map[string]int{}
		for _, f := range r.Forecast {
			if w, seen := worst[f.Receiver]; !seen || severity(f.Verdict) < severity(w) {
				worst[f.Receiver] = f.Verdict
			}
		}
		for _, v := range worst {
			n[v]++
		}
		return counts("verdict", []string{"reject", "defer", "spam", "unknown", "accept"}, n)
	}},
	{"mailaudit_blocklist_answers", "Number of answers of blocklists by what they say.", func(r *audit.Report) []sample {
		n := map[string]int{}
		for _, d := range r.Evidence.DNSBL {
			n[d.Status]++
		}
		return counts("status", []string{"listed", "clean", "refused", "unknown"}, n)
	}},
	{"mailaudit_spf_lookups", "DNS lookups that the SPF record takes, of at most 10.", func(r *audit.Report) []sample {
		if r.Evidence.SPF.Status != "found" {
			return nil
		}
		return one(&r.Evidence.SPF.Lookups)
	}},
	{"mailaudit_certificate_not_after_timestamp_seconds", "End of the validity of a certificate of a submission service.", func(r *audit.Report) []sample {
		var l []sample
		seen := map[string]bool{}
		for _, s := range r.Evidence.Submission {
			port := fmt.Sprint(s.Port)
			if s.Certificate != nil && !seen[s.Host+" "+port] {
				seen[s.Host+" "+port] = true
				l = append(l, sample{[]string{"host", s.Host, "port", port}, float64(s.Certificate.NotAfter.Unix())})
			}
		}
		return l
	}},
	{"mailaudit_dns_queries", "Questions that the audit asked.", func(r *audit.Report) []sample { return one(&r.DNSQueries) }},
	{"mailaudit_duration_seconds", "How long the audit took.", func(r *audit.Report) []sample {
		return []sample{{nil, float64(r.DurationMS) / 1000}}
	}},
	{"mailaudit_timestamp_seconds", "When the audit began.", func(r *audit.Report) []sample {
		return []sample{{nil, float64(r.StartedAt.Unix())}}
	}},
}

// one is a number, if there is one.
func one(n *int) []sample {
	if n == nil {
		return nil
	}
	return []sample{{nil, float64(*n)}}
}

// counts has a sample for each value of a label, so that a series does not vanish when it falls to 0.
func counts(label string, values []string, n map[string]int) []sample {
	l := make([]sample, len(values))
	for i, v := range values {
		l[i] = sample{[]string{label, v}, float64(n[v])}
	}
	return l
}

// states is 1 for the value that is so.
func states(label string, values []string, is string) []sample {
	return counts(label, values, map[string]int{is: 1})
}

func (p *prometheusWriter) Report(r *audit.Report, _ string) error {
	l := make([][]sample, len(families))
	for i, f := range families {
		l[i] = f.of(r)
		for k := range l[i] {
			l[i][k].labels = append([]string{"domain", r.Domain}, l[i][k].labels...)
		}
	}
	if i, again := p.at[r.Domain]; again {
		p.all[i] = l
		return nil
	}
	p.at[r.Domain] = len(p.all)
	p.all = append(p.all, l)
	return nil
}

// Invalid leaves the line out: there is no domain to measure.
func (p *prometheusWriter) Invalid(int, string, error) error { return nil }

func (p *prometheusWriter) Close() error {
	var b bytes.Buffer
	for i, f := range families {
		head := fmt.Sprintf("# HELP %s %s\n# TYPE %[1]s gauge\n", f.name, f.help)
		for _, r := range p.all {
			for _, s := range r[i] {
				b.WriteString(head + f.name + "{" + labels(s.labels) + "} " + decimal(s.value) + "\n")
				head = ""
			}
		}
	}
	return write(p.w, b.Bytes())
}

// labels are pairs of name and value as the format writes them.
func labels(l []string) string {
	var pairs []string
	for i := 0; i < len(l); i += 2 {
		pairs = append(pairs, l[i]+`="`+quoted.Replace(Visible(l[i+1]))+`"`)
	}
	return strings.Join(pairs, ",")
}

var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
