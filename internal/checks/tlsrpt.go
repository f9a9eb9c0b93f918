package checks

import (
	"fmt"
	"slices"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/tlsrpt"
)

// TLS reporting refuses no mail: without it nobody tells that MTA-STS or DANE keeps mail out.
var tlsrptChecks = []*Check{
	{
		ID: "tlsrpt.missing", Title: "senders can report how TLS went", Area: "tlsrpt", Worst: Warn, Impact: Reports,
		References: []string{"RFC 8460 3"},
		Needs:      facts.Reporting | facts.Transport | facts.Pins,
		Help: "With MTA-STS or DANE senders keep mail back when TLS fails, and the domain that should get it sees nothing of that. TLS " +
			"reports say which host failed, for whom and why. Without either they are of little use.",
		Fix:     "Publish TXT v=TLSRPTv1; rua=mailto:<address> at _smtp._tls",
		Example: Example{Zone: `_mta-sts.example.com. TXT "v=STSv1; id=1"`, Remove: "_smtp._tls.example.com. TXT"},
		Judge:   each(reportsWanted, tlsrptMissing),
	},
	{
		ID: "tlsrpt.multiple", Title: "there is one TLS reporting record", Area: "tlsrpt", Worst: Warn, Impact: Reports,
		References: []string{"RFC 8460 3"},
		Needs:      facts.Reporting,
		Help:       "Senders that find several TLS reporting records go on as if there were none, and report nothing.",
		Fix:        "Keep one record, with all destinations in its rua=, parted by commas",
		Example: Example{Zone: `_smtp._tls.example.com. TXT "v=TLSRPTv1; rua=mailto:tls@example.com"` + "\n" +
			`_smtp._tls.example.com. TXT "v=TLSRPTv1; rua=mailto:other@example.com"`},
		Judge: each(reportsMeant, tlsrptMultiple),
	},
	{
		ID: "tlsrpt.syntax", Title: "the TLS reporting record can be read", Area: "tlsrpt", Worst: Warn, Impact: Reports,
		References: []string{"RFC 8460 3"},
		Needs:      facts.Reporting,
		Help: "The record begins with exactly v=TLSRPTv1; and names in rua= where reports go, by mailto: or https:. Senders report nothing " +
			"where they cannot read it.",
		Fix:     "Correct the record, such as v=TLSRPTv1; rua=mailto:tls@example.com",
		Example: Example{Zone: `_smtp._tls.example.com. TXT "v=TLSRPTv1; rua=tls@example.com"`},
		Judge:   each(reportsMeant, tlsrptSyntax),
	},
}

// theReports is what stands at _smtp._tls.
func theReports(f *facts.Facts) []subject[facts.TLSRPT] {
	if gone(f) {
		return nil
	}
	return []subject[facts.TLSRPT]{{name: "_smtp._tls." + f.Domain, of: f.TLSRPT}}
}

// reportsWanted is that of a domain which has something to be told of. This rule alone says where it could not be found out. That it is not
// known whether there is something the rules about that say.
func reportsWanted(f *facts.Facts) []subject[facts.TLSRPT] {
	l := theReports(f)
	if insistsOnTLS(f) != "" {
		return l
	}
	why, area := maybeInsists(f)
	if why == "" {
		return nil
	}
	for i := range l {
		l[i].of, l[i].said = facts.Cannot[facts.TLSRPT]("whether the domain asks for TLS: "+why), area
	}
	return l
}

// maybeInsists is why it is not known whether the domain asks senders for TLS, and the area whose rules say so.
func maybeInsists(f *facts.Facts) (why string, area Area) {
	if f.MTASTS.State == facts.Unknown {
		return f.MTASTS.Why, "mtasts"
	}
	for _, d := range f.DANE {
		if d.Pins.State == facts.Unknown {
			return d.Pins.Why, "dane"
		}
	}
	return "", ""
}

// insistsOnTLS is by what the domain asks senders for TLS, "" where nothing is known of that.
func insistsOnTLS(f *facts.Facts) string {
	switch {
	case f.MTASTS.Known() && f.MTASTS.Value.Record != nil && !f.MTASTS.Value.Record.Void:
		return "MTA-STS"
	case slices.ContainsFunc(f.DANE, func(d facts.DANE) bool { return d.Pins.Known() && len(d.Pins.Value.Records) > 0 }):
		return "DANE"
	}
	return ""
}

// reportsMeant is that where something was published.
func reportsMeant(f *facts.Facts) []subject[facts.TLSRPT] {
	return slices.DeleteFunc(onlyKnown(theReports)(f), func(s subject[facts.TLSRPT]) bool { return len(s.of.Value.Texts) == 0 })
}

func tlsrptMissing(f *facts.Facts, r facts.TLSRPT) []Violation {
	if len(r.Texts) > 0 {
		return nil
	}
	return one(Warn, fmt.Sprintf("no TLS reporting record at %s, although the domain uses %s: nobody tells when TLS fails", r.Name, insistsOnTLS(f)))
}

func tlsrptMultiple(_ *facts.Facts, r facts.TLSRPT) []Violation {
	l := slices.DeleteFunc(slices.Clone(r.Texts), func(text string) bool { return !tlsrpt.IsTLSRPT(text) })
	if len(l) < 2 {
		return nil
	}
	return []Violation{{Status: Warn, Message: fmt.Sprintf("%s at %s where 1 is allowed: senders take none of them", count(len(l), "TLS reporting record"), r.Name),
		At: Place{Name: r.Name, Record: l[1], Length: len(l[1])}}}
}

func tlsrptSyntax(_ *facts.Facts, r facts.TLSRPT) []Violation {
	var l []Violation
	taken := slices.ContainsFunc(r.Texts, tlsrpt.IsTLSRPT)
	for _, text := range r.Texts {
		for _, p := range tlsrpt.Parse(text).Problems {
			v := Violation{Status: Warn, Message: clip(p.Message), At: Place{Name: r.Name, Record: text, Offset: p.Offset, Length: p.Length}}
			if p.Kind == tlsrpt.Version && taken {
				v.Status, v.Fix = Info, "Remove the record that is ignored"
				v.Message = "senders ignore a record beside the right one: " + v.Message
			}
			l = append(l, v)
		}
	}
	return bounded(l)
}
