package audit

import "mailaudit/internal/facts"

// Vantage is from where the audit looked. What is wrong there makes findings unknown, and is no fault of the domain.
type Vantage struct {
	Honest    string   `json:"honest"`    // the resolver makes up no addresses for names that do not exist: pass, fail, unknown
	Rewrites  []string `json:"rewrites"`  // addresses that it makes up
	TCP       string   `json:"tcp"`       // the resolver answers over TCP: pass, unknown
	Validates string   `json:"validates"` // the resolver checks DNSSEC signatures: pass, fail, unknown
	TrustAD   bool     `json:"trust_ad"`  // the user believes what it says of them
	Cause     string   `json:"cause"`     // of the first unknown
	Egress    []Egress `json:"egress"`
}

// Egress is whether connections to a port leave our network.
type Egress struct {
	Port   int    `json:"port"`
	Status string `json:"status"` // open, blocked, perhaps blocked, unknown
	Cause  string `json:"cause"`  // what tells so
}

func vantage(f *facts.Facts) Vantage {
	v := f.Vantage
	honest := facts.Fact[bool]{State: v.Rewrites.State, Why: v.Rewrites.Why, Value: len(v.Rewrites.Value) == 0}
	out := Vantage{Honest: outcome(honest), Rewrites: texts(v.Rewrites.Value), TCP: outcome(v.TCP), Validates: outcome(v.Validates),
		TrustAD: v.Trusted, Egress: []Egress{}}
	for _, why := range []string{v.Rewrites.Why, v.TCP.Why, v.Validates.Why} {
		if out.Cause == "" {
			out.Cause = why
		}
	}
	for _, e := range v.Egress {
		status := map[string]string{"": "unknown", facts.EgressPerhaps: "perhaps blocked"}[e.State]
		if status == "" {
			status = e.State
		}
		out.Egress = append(out.Egress, Egress{e.Port, status, e.Why})
	}
	return out
}

// outcome is pass, fail or unknown.
func outcome(f facts.Fact[bool]) string {
	switch {
	case !f.Known():
		return "unknown"
	case f.Value:
		return "pass"
	}
	return "fail"
}
