package audit

import (
	"mailaudit/internal/checks"
	"mailaudit/internal/facts"
)

// DANE is what one MX host pins its TLS certificate to (RFC 7672).
type DANE struct {
	Host    string `json:"host"`
	Name    string `json:"name"`   // where the TLSA records stand, or would
	Status  string `json:"status"` // found, none, unknown
	Secure  string `json:"secure"` // DNSSEC vouches for that: pass, fail, unknown
	Records []TLSA `json:"records"`
	Cause   string `json:"cause"` // of unknown
}

// TLSA is one record, and whether it matches what the host presented on port 25.
type TLSA struct {
	Data     string   `json:"data"`
	Matches  string   `json:"matches"` // pass, fail, unknown
	Cause    string   `json:"cause"`   // of all but pass
	Problems []string `json:"problems"`
}

func dane(f *facts.Facts) []DANE {
	l := []DANE{}
	for _, d := range f.DANE {
		out := DANE{Host: d.Host, Name: d.Name, Status: "none", Secure: "unknown", Records: []TLSA{}, Cause: d.Pins.Why}
		if secure := checks.Authentic(f, d.Secure); secure.Known() {
			out.Secure = map[bool]string{true: "pass", false: "fail"}[secure.Value]
		}
		if !d.Pins.Known() {
			out.Status = "unknown"
		}
		for _, p := range d.Pins.Value.Records {
			out.Status = "found"
			matches, cause := checks.PinMatch(f, d, p.Record)
			out.Records = append(out.Records, TLSA{Data: p.Data, Matches: matches, Cause: cause, Problems: list(p.Problems)})
		}
		l = append(l, out)
	}
	return l
}
