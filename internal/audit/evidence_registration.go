package audit

import (
	"time"

	"mailaudit/internal/facts"
)

// Registration is what the registry says of the domain (RFC 9083); there is none without --rdap.
type Registration struct {
	Domain     string     `json:"domain"`     // the name that is registered: the audited domain or one above it
	Status     string     `json:"status"`     // found, none, unknown
	Server     string     `json:"server"`     // the host that answered
	Statuses   []string   `json:"statuses"`   // as RDAP writes them
	Registered *time.Time `json:"registered"` // null: the registry does not tell
	Expires    *time.Time `json:"expires"`    // likewise
	Registrar  string     `json:"registrar"`
	Cause      string     `json:"cause"` // of unknown
}

func registration(f *facts.Facts) *Registration {
	if f.Registration.State == facts.Unasked {
		return nil
	}
	r := f.Registration.Value
	out := &Registration{Domain: r.Domain, Status: "found", Server: r.Server, Statuses: list(r.Statuses),
		Registered: day(r.Registered), Expires: day(r.Expires), Registrar: r.Registrar, Cause: f.Registration.Why}
	switch {
	case !f.Registration.Known():
		out.Status = "unknown"
	case r.Missing:
		out.Status = "none"
	}
	return out
}

// day is a date that is known.
func day(d facts.Fact[time.Time]) *time.Time {
	if !d.Known() {
		return nil
	}
	return &d.Value
}
