package facts

// Return is where the bounces of a stream go whose MAIL FROM is not of the audited domain.
type Return struct {
	Domain string     `json:"domain"`
	Exists Fact[bool] `json:"exists"` // false: NXDOMAIN (RFC 8020)
	MX     Fact[MX]   `json:"mx"`
}
