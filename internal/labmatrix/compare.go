//go:build lab

package labmatrix

import (
	"fmt"
	"slices"
	"strings"
)

// cell is one sender at one receiver.
type cell struct{ Sender, Receiver string }

func (r reply) cell() cell { return cell{r.Sender, r.Receiver} }

// The classes of answers, and of forecasts.
const (
	accepted  = "2xx"
	deferred  = "4xx"
	refused   = "5xx"
	undecided = "?"
)

var classes = []string{accepted, deferred, refused}

func (r reply) class() string {
	if i := r.Code/100 - 2; i == 0 || i == 2 || i == 3 {
		return fmt.Sprintf("%dxx", r.Code/100)
	}
	return "none"
}

// class of a forecast. Mail that is filed as spam, or held, was accepted.
func (f forecast) class() string {
	switch f.Verdict {
	case "accept", "spam":
		return accepted
	case "defer":
		return deferred
	case "reject":
		return refused
	}
	return undecided
}

// enhanced is the enhanced status code of the reply that is foretold, "" without one.
func (f forecast) enhanced() string {
	if len(f.Reply) < 4 {
		return ""
	}
	return enhancedCode.FindString(f.Reply[4:])
}

// comparison is what was foretold beside what was answered.
type comparison struct {
	cells      int
	byOrder    int               // more cells, in which the order of records decides and the forecast says so
	confusion  map[[2]string]int // answered, foretold
	wrong      []string
	refusals   int // cells that both refuse
	stages     int // of these, with the same stage
	codes      int // and with the same enhanced code
	unlike     []string
	tableLines []string
}

// ordered begins the reason of a forecast that hangs on the order in which a resolver gives records.
const ordered = "it hangs on which"

func compare(replies []reply, foretold map[cell]forecast) comparison {
	c := comparison{confusion: map[[2]string]int{}}
	byOrder := map[string]bool{}
	for _, s := range senders {
		byOrder[s.Name] = s.Order
	}
	for _, r := range replies {
		f, ok := foretold[r.cell()]
		if !ok {
			f = forecast{Verdict: "none"}
		}
		got, want := f.class(), r.class()
		c.tableLines = append(c.tableLines, strings.Join([]string{r.Sender, r.Receiver, r.Stage, fmt.Sprint(r.Code), r.Text, f.Receiver, f.Verdict, f.Stage, f.Reply, f.Reason}, "\t"))
		if got == undecided && byOrder[r.Sender] && strings.Contains(f.Reason, ordered) {
			c.byOrder++
			continue
		}
		c.cells++
		c.confusion[[2]string{want, got}]++
		if got != want {
			c.wrong = append(c.wrong, fmt.Sprintf("%-16s %-15s answered %d %s\n%32s foretold %s %q: %s", r.Sender, r.Receiver, r.Code, r.Text, "", f.Verdict, f.Reply, f.Reason))
		}
		if got != want || want == accepted {
			continue
		}
		c.refusals++
		if f.Stage == r.Stage {
			c.stages++
		}
		if f.enhanced() == r.enhanced() {
			c.codes++
		}
		if f.Stage != r.Stage || f.enhanced() != r.enhanced() {
			c.unlike = append(c.unlike, fmt.Sprintf("%-16s %-15s answered at %s: %d %s\n%32s foretold at %s: %s", r.Sender, r.Receiver, r.Stage, r.Code, r.Text, "", f.Stage, f.Reply))
		}
	}
	slices.Sort(c.wrong)
	slices.Sort(c.unlike)
	return c
}

// accuracy is the share of cells whose class is right.
func (c comparison) accuracy() float64 {
	right := 0
	for _, class := range classes {
		right += c.confusion[[2]string{class, class}]
	}
	return float64(right) / float64(c.cells)
}

// recall is the share of the answers of one class that were foretold.
func (c comparison) recall(class string) float64 {
	all := 0
	for k, n := range c.confusion {
		if k[0] == class {
			all += n
		}
	}
	return float64(c.confusion[[2]string{class, class}]) / float64(all)
}

func (c comparison) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d senders x %d receivers: %d cells, and %d in which the order of records decides\n", len(senders), len(receiverTable), c.cells, c.byOrder)
	fmt.Fprintf(&b, "answered / foretold")
	for _, got := range append(slices.Clone(classes), undecided) {
		fmt.Fprintf(&b, "%7s", got)
	}
	b.WriteString("   recall\n")
	for _, want := range append(slices.Clone(classes), "none") {
		fmt.Fprintf(&b, "%-19s", want)
		for _, got := range append(slices.Clone(classes), undecided) {
			fmt.Fprintf(&b, "%7d", c.confusion[[2]string{want, got}])
		}
		if want != "none" {
			fmt.Fprintf(&b, "%8.2f %%", 100*c.recall(want))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "class right: %.2f %%; of %d refusals foretold the stage %d, the enhanced code %d\n", 100*c.accuracy(), c.refusals, c.stages, c.codes)
	for title, l := range map[string][]string{"wrong class": c.wrong, "wrong stage or code": c.unlike} {
		if len(l) > 0 {
			fmt.Fprintf(&b, "\n%s:\n%s\n", title, strings.Join(l, "\n"))
		}
	}
	return b.String()
}

// table is every cell as tab-separated values.
func (c comparison) table() string {
	return "sender\tsetup\tstage\tcode\ttext\treceiver\tforetold\tat\treply\treason\n" + strings.Join(c.tableLines, "\n") + "\n"
}
