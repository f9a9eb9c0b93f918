package audit

import (
	"slices"

	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
	"mailaudit/internal/receivers"
)

// foretold are the areas that a forecast rests on: where one is left out, so is the forecast.
var foretold = []checks.Area{"domain", "mx", "spf", "dkim", "dmarc", "ptr"}

func isForetold(a checks.Area) bool { return slices.Contains(foretold, a) }

// books are those of all receivers, and of the set-ups of the lab that were named.
func books(o Options) []receivers.Book {
	l := o.Books
	if l == nil {
		l = receivers.Books
	}
	return slices.Concat(l, slices.DeleteFunc(slices.Clone(receivers.Lab), func(b receivers.Book) bool { return !slices.Contains(o.Receivers, b.Name()) }))
}

// answers are what all receivers would say to each address, whoever of them is shown. A domain that sends nothing gets no
// answer.
func answers(f *facts.Facts, o Options) []receivers.Entry {
	declared := slices.ContainsFunc(f.Streams, func(s facts.Stream) bool { return len(s.IPs) > 0 })
	left := slices.ContainsFunc(foretold, func(a checks.Area) bool { return !o.Wanted(a) })
	if f.Profile.Name == facts.Parked && !declared || left && !o.Foretell {
		return nil
	}
	return receivers.Answers(f, books(o))
}

// forecast is what is shown of the answers: those of the receivers that were named, each to the address that fares worst.
func forecast(f *facts.Facts, found []checks.Finding, answers []receivers.Entry, o Options) []Forecast {
	l := []Forecast{}
	if len(answers) > 0 && slices.ContainsFunc(foretold, func(a checks.Area) bool { return !o.Wanted(a) }) {
		found = checks.Run(f, isForetold).Findings
	}
	found = faults(found)
	for _, e := range receivers.Worst(answers) {
		if len(o.Receivers) > 0 && !slices.Contains(o.Receivers, e.Name()) {
			continue
		}
		x := Forecast{Receiver: e.Receiver, Setup: e.Setup, Stream: e.Stream, IP: e.IP, Verdict: string(e.Verdict), Stage: string(e.Stage), Reply: e.Reply,
			Rules: list(behind(e.Rules, found, e.Verdict != receivers.Undecided)), Basis: string(e.Basis), Source: e.Source, Reason: e.Reason, Note: e.Note, Unseen: e.Unseen}
		if e.Bulk != nil {
			x.Bulk = &BulkForecast{Verdict: string(e.Bulk.Verdict), Reply: e.Bulk.Reply, Rules: list(behind(e.Bulk.Rules, found, true))}
		}
		l = append(l, x)
	}
	return l
}

// faults are the findings that can be behind an answer: few, and looked through for each receiver.
func faults(found []checks.Finding) []checks.Finding {
	var l []checks.Finding
	for i := range found {
		if x := &found[i]; x.Status != checks.Pass && !x.Implied {
			l = append(l, *x)
		}
	}
	return l
}

// behind are those of a requirement's rules that found something, the worst alone. Where none did, something is behind it all
// the same if it is broken: then all of them are named.
func behind(rules []string, found []checks.Finding, broken bool) []string {
	for _, s := range []checks.Status{checks.Fail, checks.Warn, checks.Info, checks.Unknown} {
		var l []string
		for _, x := range found {
			if x.Status == s && slices.Contains(rules, x.Check.ID) && !slices.Contains(l, x.Check.ID) {
				l = append(l, x.Check.ID)
			}
		}
		if len(l) > 0 {
			return l
		}
	}
	if !broken {
		return nil
	}
	return rules
}
