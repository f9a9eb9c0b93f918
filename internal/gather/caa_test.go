package gather

import (
	"slices"
	"testing"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/testnet"
)

func TestCAA(t *testing.T) {
	sts := txt("_mta-sts.d.example", "v=STSv1; id=1")
	for _, c := range []struct {
		name, zone string
		faults     map[dnsx.Question]testnet.DNSFault
		state      facts.State
		at         string
		issue      []string
	}{
		{"none", sts, nil, facts.Known, "", nil},
		{"at the domain", sts + "d.example. CAA 0 issue \";\"\nd.example. CAA 0 issuewild \"wild.example\"", nil, facts.Known, "d.example", []string{";"}},
		{"the nearest counts", sts + "d.example. CAA 0 issue \";\"\nmta-sts.d.example. CAA 128 Issue \"ca.example; a=b\"", nil, facts.Known, "mta-sts.d.example", []string{"ca.example; a=b"}},
		{"by a CNAME", sts + "mta-sts.d.example. CNAME h.example.\nh.example. CAA 0 issue \"ca.example\"", nil, facts.Known, "mta-sts.d.example", []string{"ca.example"}},
		{"the nearest lost", sts + "d.example. CAA 0 issue \";\"", failing("mta-sts.d.example", dnsx.CAA), facts.Unknown, "", nil},
		{"beside another record", txt("_mta-sts.d.example", "verification") + sts + "d.example. CAA 0 issue \";\"", nil, facts.Known, "d.example", []string{";"}},
		{"without MTA-STS", "d.example. CAA 0 issue \";\"", nil, facts.Unasked, "", nil},
		{"another record there", txt("_mta-sts.d.example", "verification") + "d.example. CAA 0 issue \";\"", nil, facts.Unasked, "", nil},
	} {
		s := serve(t, c.zone, c.faults)
		got := over(t.Context(), s, Target{Domain: "d.example"}).caa()
		if got.State != c.state || got.Value.At != c.at || !slices.Equal(got.Value.Issue, c.issue) {
			t.Errorf("%s: %+v", c.name, got)
		}
		if c.state == facts.Unasked && len(s.Asked()) != 1 {
			t.Errorf("%s: asked %v", c.name, questions(s))
		}
	}
}

// TestCAABeyondReach: what stands at names that are not looked at may count.
func TestCAABeyondReach(t *testing.T) {
	const deep = "a.b.c.d.d.example"
	s := serve(t, txt("_mta-sts."+deep, "v=STSv1; id=1")+"d.example. CAA 0 issue \";\"", nil)
	if c := over(t.Context(), s, Target{Domain: deep}).caa(); c.State != facts.Unknown || c.Why == "" {
		t.Errorf("%+v", c)
	}
}
