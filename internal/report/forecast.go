package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailaudit/internal/audit"
)

// foretold is what several receivers would answer for the same reason.
type foretold struct {
	receivers              []string
	verdict, stage, reason string
}

// forecast says who would refuse the mail, and in which words. Who would take it stands on one line.
func (p *page) forecast(r *audit.Report, verbose bool) error {
	if len(r.Forecast) == 0 {
		return nil
	}
	rows, accept := answers(r, verbose)
	p.blank()
	if len(rows) > 0 {
		t := table{head: []string{"WHO WOULD REFUSE", "VERDICT", "AT", "BECAUSE"}, right: -1, word: 1}
		for _, x := range rows {
			t.rows = append(t.rows, []string{strings.Join(distinct(x.receivers), ", "), x.verdict, x.stage, x.reason})
		}
		if err := p.table(t); err != nil {
			return err
		}
		p.blank()
	}
	p.prose(2, taken(distinct(accept), len(rows) > 0, verbose))
	p.replies(r.Forecast, verbose)
	for _, s := range warmUps(r, verbose) {
		p.hanging(2, s)
	}
	if verbose {
		p.unseen(r.Forecast)
	}
	return nil
}

// answers puts receivers together that answer the same for the same reason, the worst first, and apart from them those
// that have nothing against the mail.
func answers(r *audit.Report, verbose bool) (rows []foretold, accept []string) {
	several, addresses := len(r.Streams) > 1, len(r.Evidence.Sources) > 1
	for _, f := range r.Forecast {
		x := foretold{[]string{f.Receiver}, f.Verdict, f.Stage, because(f, addresses, verbose)}
		if f.Verdict == "accept" && f.Bulk == nil && (!verbose || f.Reason == "") {
			accept = append(accept, f.Receiver)
			continue
		}
		if several {
			x.reason = list(x.reason, "stream "+f.Stream)
		}
		i := slices.IndexFunc(rows, func(y foretold) bool {
			return x.verdict == y.verdict && x.stage == y.stage && x.reason == y.reason
		})
		if i < 0 {
			rows = append(rows, x)
			continue
		}
		rows[i].receivers = append(rows[i].receivers, f.Receiver)
	}
	slices.SortStableFunc(rows, func(a, b foretold) int { return cmp.Compare(severity(a.verdict), severity(b.verdict)) })
	return rows, accept
}

// severity orders verdicts, the worst first.
func severity(verdict string) int {
	return slices.Index([]string{"reject", "defer", "unknown", "spam", "accept"}, verdict)
}

// because names the rules behind a refusal, or says in words what is not known.
func because(f audit.Forecast, addresses, verbose bool) string {
	const most = 3
	what := some(f.Rules, most)
	switch {
	case f.Verdict == "accept" && f.Bulk != nil:
		return fmt.Sprintf("as a bulk sender: %s, %s", f.Bulk.Verdict, some(f.Bulk.Rules, most))
	case f.Verdict == "unknown" && verbose:
		return list(f.Reason, f.Note)
	case f.Verdict == "accept" || f.Verdict == "unknown":
		return f.Reason
	case verbose:
		what = list(what, f.Reason, f.Note)
	}
	if addresses && f.IP != "" {
		what += " (" + f.IP + ")"
	}
	return what
}

// taken says that nothing speaks against the mail at the rest, which is less than that they take it.
func taken(l []string, rest, verbose bool) string {
	const handful = 3
	if len(l) == 0 {
		return ""
	}
	who, hint := strings.Join(l, ", "), ""
	if len(l) > handful && !verbose {
		who, hint = count(len(l), "receiver"), " (-v names them)"
		if rest {
			who = fmt.Sprintf("%d more", len(l))
		}
	}
	return "nothing is known for which " + who + " would refuse the mail" + hint + "; content and reputation are not seen"
}

// replies are the words of those that refuse, each once.
func (p *page) replies(l []audit.Forecast, verbose bool) {
	const (
		most    = 3   // replies
		longest = 200 // runes of one
	)
	all := sayings(l)
	for i, s := range all {
		if i == most && !verbose {
			p.blank()
			p.prose(2, fmt.Sprintf("the words of %d more are not shown (-v shows all)", len(all)-most))
			break
		}
		text := Visible(s.words)
		if runes := []rune(text); len(runes) > longest && !verbose {
			text = string(runes[:longest]) + ".."
		}
		p.blank()
		p.prose(2, s.who())
		p.prose(4, text)
	}
}

// saying is a reply, and whose it is.
type saying struct {
	words     string
	receivers []string
}

// sayings are the replies of a forecast, each once.
func sayings(l []audit.Forecast) []saying {
	var all []saying
	for _, f := range l {
		if f.Reply == "" {
			continue
		}
		i := slices.IndexFunc(all, func(s saying) bool { return s.words == f.Reply })
		if i < 0 {
			i = len(all)
			all = append(all, saying{words: f.Reply})
		}
		if !slices.Contains(all[i].receivers, f.Receiver) {
			all[i].receivers = append(all[i].receivers, f.Receiver)
		}
	}
	return all
}

func (s saying) who() string {
	if len(s.receivers) > 1 {
		return strings.Join(s.receivers, ", ") + " say"
	}
	return strings.Join(s.receivers, "") + " says"
}

// warmUps says of each stream how it would grow to its volume, should its address or the domain be new: nobody can see from
// outside whether receivers know them.
func warmUps(r *audit.Report, verbose bool) []string {
	var l []string
	for _, s := range r.Streams {
		if len(s.WarmUp) == 0 {
			continue
		}
		of := ""
		if len(r.Streams) > 1 {
			of = "stream " + s.Name + ": "
		}
		days := ""
		if verbose {
			days = ": " + strings.Trim(fmt.Sprint(s.WarmUp), "[]")
		}
		l = append(l, fmt.Sprintf("%sif the address or the domain is new: %d messages on the first day and half as many again on each, %d a day from day %d on%s (a convention)",
			of, s.WarmUp[0], s.Daily, len(s.WarmUp), days))
	}
	return l
}

// unseen says what each receiver also goes by.
func (p *page) unseen(l []audit.Forecast) {
	var who []string
	p.blank()
	for _, f := range l {
		if f.Unseen != "" && !slices.Contains(who, f.Receiver) {
			who = append(who, f.Receiver)
			p.hanging(2, f.Receiver+": "+f.Unseen)
		}
	}
}
