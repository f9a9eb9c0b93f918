package facts

import "net/netip"

// Vantage is from where the audit looked: how far the resolver can be believed, and which ports are open outwards. It finds
// no fault with the domain: it tells what of the unknown is our own doing.
type Vantage struct {
	Trusted   bool               `json:"trusted,omitempty"` // the user believes the resolver's AD bit
	Rewrites  Fact[[]netip.Addr] `json:"rewrites"`          // addresses that the resolver makes up for names that do not exist (RFC 6761 6.4); none: it is honest
	TCP       Fact[bool]         `json:"tcp"`               // the resolver answers over TCP (RFC 7766 5)
	Validates Fact[bool]         `json:"validates"`         // the resolver sets AD for the root zone, which is signed
	Tested    []Egress           `json:"tested,omitempty"`  // by connections to the host that the user named for this
	Egress    []Egress           `json:"egress"`            // of the ports that mail takes, by that and all other connections, as far as something tells
}

// The states of Egress.
const (
	EgressOpen    = "open"    // a host took a connection there
	EgressBlocked = "blocked" // the host that the user named for this test did not answer
	EgressPerhaps = "perhaps" // several hosts of others did not answer, or all refused, and none took a connection
)

// Egress is whether connections to one port leave the network that the audit ran in.
type Egress struct {
	Port  int    `json:"port"`
	State string `json:"state,omitempty"` // "": nothing tells
	Why   string `json:"why,omitempty"`   // what tells so
}

// Port is what is known of one port.
func (v Vantage) Port(p int) Egress {
	for _, e := range v.Egress {
		if e.Port == p {
			return e
		}
	}
	return Egress{Port: p}
}
