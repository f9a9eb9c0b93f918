package facts

import "time"

// Registration is what the registry says of the registered domain (RFC 9083).
type Registration struct {
	Domain     string          `json:"domain"`             // the name that is registered: the audited domain or one above it
	Server     string          `json:"server,omitempty"`   // the host that answered
	Missing    bool            `json:"missing,omitempty"`  // the registry knows no such name (RFC 7480 5.3)
	Statuses   []string        `json:"statuses,omitempty"` // as RDAP writes them: "client hold" (RFC 8056 2)
	Registered Fact[time.Time] `json:"registered"`         // unasked where the registry does not tell
	Expires    Fact[time.Time] `json:"expires"`            // likewise
	Registrar  string          `json:"registrar,omitempty"`
}
