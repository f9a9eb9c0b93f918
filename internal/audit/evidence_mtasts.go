package audit

import (
	"cmp"
	"slices"

	"mailaudit/internal/facts"
	"mailaudit/internal/record/mtasts"
	"mailaudit/internal/record/tlsrpt"
)

// MTASTS is the MTA-STS record and policy (RFC 8461).
type MTASTS struct {
	Status      string   `json:"status"` // found, none, multiple, invalid, unknown
	Record      string   `json:"record"`
	ID          string   `json:"id"`
	PolicyURL   string   `json:"policy_url"`  // "" where senders look for none
	Fetch       string   `json:"fetch"`       // answered, no-address, refused, filtered, no-tls, bad-cert, broken, slow, unknown; "" likewise
	HTTPStatus  int      `json:"http_status"` // 0 without an answer
	ContentType string   `json:"content_type"`
	Mode        string   `json:"mode"`              // enforce, testing, none; "" without a policy
	MaxAge      *int64   `json:"max_age,omitempty"` // seconds
	MX          []string `json:"mx"`                // at most 100
	Certificate *Cert    `json:"certificate,omitempty"`
	Cause       string   `json:"cause"` // of unknown, and of all fetches but answered
}

// TLSRPT is the TLS reporting record (RFC 8460).
type TLSRPT struct {
	Status string   `json:"status"` // found, none, multiple, invalid, unknown
	Record string   `json:"record"`
	RUA    []string `json:"rua"`
	Cause  string   `json:"cause"` // of unknown
}

// maxPatterns bounds what is shown of a policy, in which thousands may stand.
const maxPatterns = 100

func transport(f *facts.Facts) MTASTS {
	m := f.MTASTS.Value
	out := MTASTS{Status: "unknown", MX: []string{}, Cause: f.MTASTS.Why}
	if !f.MTASTS.Known() {
		return out
	}
	out.Status, out.Record = published(m.Texts, mtasts.IsSTS, m.Record != nil && m.Record.Void)
	if m.Record != nil {
		out.ID = m.Record.ID
	}
	if m.Page.State == facts.Unasked {
		return out
	}
	p := m.Page.Value
	out.PolicyURL, out.Fetch = "https://"+m.Host+facts.PolicyPath, cmp.Or(string(p.Status), string(facts.PageUnknown))
	out.HTTPStatus, out.ContentType, out.Cause = p.Code, p.ContentType, cmp.Or(m.Page.Why, p.Why)
	out.Certificate = certificate(f, p.Cert)
	if m.Policy != nil {
		out.Mode, out.MaxAge = m.Policy.Mode, m.Policy.MaxAge
		for _, x := range m.Policy.MX[:min(len(m.Policy.MX), maxPatterns)] {
			out.MX = append(out.MX, string(x))
		}
	}
	return out
}

func reporting(f *facts.Facts) TLSRPT {
	r := f.TLSRPT.Value
	out := TLSRPT{Status: "unknown", RUA: []string{}, Cause: f.TLSRPT.Why}
	if !f.TLSRPT.Known() {
		return out
	}
	out.Status, out.Record = published(r.Texts, tlsrpt.IsTLSRPT, r.Record != nil && len(r.Record.RUA) == 0)
	if r.Record != nil {
		out.RUA = list(r.Record.RUA)
	}
	return out
}

// published says what stands among texts that are records of a kind or were meant to be, and shows the first that counts.
func published(texts []string, is func(string) bool, void bool) (status, record string) {
	found := slices.DeleteFunc(slices.Clone(texts), func(t string) bool { return !is(t) })
	switch {
	case len(texts) == 0:
		return "none", ""
	case len(found) == 0:
		return "invalid", texts[0]
	case len(found) > 1:
		return "multiple", found[0]
	case void:
		return "invalid", found[0]
	}
	return "found", found[0]
}
