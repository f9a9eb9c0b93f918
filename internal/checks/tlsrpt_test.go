package checks

import (
	"mailaudit/internal/facts"
	"mailaudit/internal/record/tlsrpt"
)

const goodReporting = "v=TLSRPTv1; rua=mailto:tls@healthy.example"

// withReports is the healthy domain with TLS reporting records.
func withReports(texts ...string) func(*facts.Facts) {
	return func(f *facts.Facts) { f.TLSRPT = facts.Know(reporting(texts...)) }
}

func reporting(texts ...string) facts.TLSRPT {
	r := facts.TLSRPT{Name: "_smtp._tls.healthy.example", Texts: texts}
	if len(texts) == 1 && tlsrpt.IsTLSRPT(texts[0]) {
		record := tlsrpt.Parse(texts[0])
		r.Record = &record
	}
	return r
}

// withoutPins is the healthy domain without DANE.
func withoutPins(f *facts.Facts) { f.DANE = nil }

var tlsrptCases = []ruleCase{
	{rule: "tlsrpt.missing", want: Warn, says: "no TLS reporting record at _smtp._tls.healthy.example, although the domain uses MTA-STS", edit: withReports()},
	{rule: "tlsrpt.missing", name: "DANE alone", want: Warn, says: "uses DANE", edit: inTurn(withReports(), withSTS())},
	{rule: "tlsrpt.missing", name: "neither", want: "", edit: inTurn(withReports(), withSTS(), withoutPins)},
	{rule: "tlsrpt.missing", name: "a void MTA-STS record", want: "", edit: inTurn(withReports(), withSTS("v=STSv1;"), withoutPins)},
	{rule: "tlsrpt.missing", name: "MTA-STS lost", want: "", edit: inTurn(withReports(), withoutPins, func(f *facts.Facts) { f.MTASTS = facts.Cannot[facts.MTASTS]("SERVFAIL") })},
	{rule: "tlsrpt.missing", name: "lost", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) { f.TLSRPT = facts.Cannot[facts.TLSRPT]("SERVFAIL") }},

	{rule: "tlsrpt.multiple", want: Warn, says: "2 TLS reporting records at _smtp._tls.healthy.example where 1 is allowed", edit: withReports(goodReporting, goodReporting+"x")},
	{rule: "tlsrpt.multiple", name: "one is none", want: Pass, edit: withReports(goodReporting, "v=TLSRPTv2; rua=mailto:a@b.example")},

	{rule: "tlsrpt.syntax", want: Warn, says: "mailto: is missing before the address", edit: withReports("v=TLSRPTv1; rua=tls@healthy.example")},
	{rule: "tlsrpt.syntax", name: "no rua", want: Warn, says: "there is no rua=", edit: withReports("v=TLSRPTv1;")},
	{rule: "tlsrpt.syntax", name: "in lower case", want: Warn, says: "the case counts", edit: withReports("v=tlsrptv1; rua=mailto:a@b.example")},
	{rule: "tlsrpt.syntax", name: "beside a right one", want: Info, says: "beside the right one", edit: withReports(goodReporting, "v=tlsrptv1; rua=mailto:a@b.example")},
	{rule: "tlsrpt.syntax", name: "nothing", want: "", edit: withReports()},
	{rule: "tlsrpt.syntax", name: "lost", want: "", edit: func(f *facts.Facts) { f.TLSRPT = facts.Cannot[facts.TLSRPT]("SERVFAIL") }},
}
