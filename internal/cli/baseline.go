package cli

import (
	"cmp"
	"errors"
	"io"
	"os"
	"slices"

	"mailaudit/internal/audit"
)

// baseline is what earlier reports found, by domain: how often a rule said the same of a subject. Messages are not
// compared: they hold counts and dates.
type baseline map[string]map[complaint]int

type complaint struct{ rule, subject, status string }

// readBaseline reads the reports of a file; nil without one. Of several of one domain the last counts.
func readBaseline(name string) (baseline, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fileError(name, err)
	}
	defer f.Close()
	known := baseline{}
	for saved := newArchive(name, f); ; {
		d, err := saved.next()
		switch {
		case errors.Is(err, io.EOF):
			return known, nil
		case err != nil:
			return nil, err
		case d.err != nil:
			continue
		}
		n := map[complaint]int{}
		for _, x := range d.report.Findings {
			n[complaint{x.Rule, x.Subject, x.Status}]++
		}
		known[d.domain] = n
	}
}

// accept marks the findings of a report that are not new and not worse: the baseline has the same of the same subject, or a
// failure of it. A finding of the baseline answers for one.
func (b baseline) accept(r *audit.Report) {
	if b[r.Domain] == nil {
		return
	}
	left := map[complaint]int{}
	for c, n := range b[r.Domain] {
		left[c] = n
	}
	order := make([]*audit.Finding, len(r.Findings))
	for i := range r.Findings {
		order[i] = &r.Findings[i]
	}
	bad := []string{"fail", "warn", "unknown"}
	// The failures first: nothing else answers for them.
	slices.SortStableFunc(order, func(x, y *audit.Finding) int {
		return cmp.Compare(slices.Index(bad, x.Status), slices.Index(bad, y.Status))
	})
	for _, x := range order {
		if !slices.Contains(bad, x.Status) || x.Accepted != nil {
			continue
		}
		for _, was := range []string{x.Status, "fail"} {
			if c := (complaint{x.Rule, x.Subject, was}); left[c] > 0 {
				left[c]--
				x.Accepted = &audit.Accepted{By: "baseline"}
				break
			}
		}
	}
}
