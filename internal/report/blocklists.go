package report

import (
	"fmt"
	"io"
	"slices"
)

// ListFormats are those of Blocklists.
var ListFormats = []string{"table", "json"}

// BlocklistRow is one list and whether its answers count for this resolver.
type BlocklistRow struct {
	Zone     string `json:"zone"`
	Kind     string `json:"kind"`   // ip, domain
	Allows   bool   `json:"allows"` // an allowlist
	Key      string `json:"key"`    // the variable that holds its key; "" where it needs none
	Operator string `json:"operator"`
	State    string `json:"state"` // usable, refused, hijacked, failed, off
	Cause    string `json:"cause"` // of all but usable
	Severity string `json:"severity"`
	Terms    string `json:"terms"`
	UsedBy   string `json:"used_by"`
	Removal  string `json:"removal"`
}

// Blocklists writes the lists.
func Blocklists(w io.Writer, o Options, l []BlocklistRow) error {
	switch o.Format {
	case "json":
		return writeJSON(w, l)
	case "table":
	default:
		return badFormat(o.Format, ListFormats)
	}
	words := map[string]string{"usable": "pass", "off": "info"}
	p := newPage(o)
	t := table{head: []string{"LIST", "RESULT", "WHAT"}, right: -1, word: 1}
	usable, asked := 0, 0
	for _, r := range l {
		if r.State != "off" {
			asked++
		}
		word := "unknown"
		if s, ok := words[r.State]; ok {
			word = s
		}
		what := list(r.Kind+"s", r.Cause)
		if r.State == "usable" {
			usable++
			is := r.Severity
			if r.Allows {
				is = "allowlist"
			}
			what = list(r.Kind+"s, "+is, after("used by ", r.UsedBy, true), r.Terms)
		}
		t.rows = append(t.rows, []string{r.Zone, word, what})
	}
	slices.SortStableFunc(t.rows, func(a, b []string) int { return listRank(a[1]) - listRank(b[1]) })
	if err := p.table(t); err != nil {
		return err
	}
	p.blank()
	p.prose(0, fmt.Sprintf("%d of %d lists answer this resolver honestly: what the others say does not count", usable, asked))
	return write(w, p.Bytes())
}

// listRank puts first what needs a word.
func listRank(word string) int { return slices.Index([]string{"unknown", "pass", "info"}, word) }
