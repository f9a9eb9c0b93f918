package checks

import (
	"net/netip"
	"slices"
	"testing"

	"mailaudit/internal/facts"
)

// hostsAt gives the domain MX hosts in this order, each without addresses.
func hostsAt(hosts ...string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.MX.Value.Hosts = nil
		for i, h := range hosts {
			f.MX.Value.Hosts = append(f.MX.Value.Hosts, facts.MXHost{Host: h, Preference: 10 * (i + 1), Addresses: facts.Know(facts.Hosts{Missing: true})})
		}
	}
}

func implicitMX(f *facts.Facts) { f.MX = facts.Know(facts.MX{Status: facts.MXImplicit}) }

var mxRecordCases = []ruleCase{
	{rule: "mx.missing", want: Warn, says: "the domain's own address", edit: implicitMX},
	{rule: "mx.missing", name: "sends nothing", want: "", edit: profile(facts.Parked, implicitMX)},
	{rule: "mx.missing", name: "no address either", want: "", edit: func(f *facts.Facts) { f.MX = facts.Know(facts.MX{Status: facts.MXNone}) }},
	{rule: "mx.missing", name: "not found out", want: Unknown, says: "SERVFAIL", edit: func(f *facts.Facts) { f.MX = facts.Cannot[facts.MX]("SERVFAIL") }},

	{rule: "mx.ip-literal", want: Fail, says: "11.22.33.25 is an address, where a host name belongs, and no other MX host", edit: hostsAt("11.22.33.25")},
	{rule: "mx.ip-literal", name: "in brackets", want: Fail, says: "[11.22.33.25] is an address", edit: hostsAt("[11.22.33.25]")},
	{rule: "mx.ip-literal", name: "IPv6", want: Fail, says: "2a0f::25 is an address", edit: hostsAt("2a0f::25")},
	{rule: "mx.ip-literal", name: "without the dot at its end", want: Fail, says: "11.22.33.25.healthy.example is an address with the domain appended, where", edit: hostsAt("11.22.33.25.healthy.example")},
	{rule: "mx.ip-literal", name: "a host of that name", want: Pass, edit: mxOf(map[string][]string{"11.22.33.25.healthy.example": {"11.22.33.25"}})},
	{rule: "mx.ip-literal", name: "beside a host", want: Warn, edit: func(f *facts.Facts) { f.MX.Value.Hosts[1].Host = "11.22.33.25" }},
	{rule: "mx.ip-literal", name: "whose lookup fails", want: Warn, edit: func(f *facts.Facts) {
		f.MX.Value.Hosts[1] = facts.MXHost{Host: "11.22.33.25", Addresses: facts.Cannot[facts.Hosts]("timeout")}
	}},

	{rule: "mx.localhost", want: Fail, says: "localhost is whichever host looks it up, and no other MX host", edit: hostsAt("localhost")},
	{rule: "mx.localhost", name: "with its address", want: Fail, edit: mxOf(map[string][]string{"localhost.localdomain": {"127.0.0.1", "::1"}})},
	{rule: "mx.localhost", name: "beneath localhost", want: Fail, edit: hostsAt("mail.localhost")},
	{rule: "mx.localhost", name: "beneath the domain", want: Fail, edit: mxOf(map[string][]string{"localhost.healthy.example": {"127.0.0.1"}})},
	{rule: "mx.localhost", name: "a host of that name", want: Pass, edit: mxOf(map[string][]string{"localhost.healthy.example": {"11.22.33.25"}})},
	{rule: "mx.localhost", name: "beside a host", want: Warn, edit: func(f *facts.Facts) {
		f.MX.Value.Hosts[1] = facts.MXHost{Host: "localhost", Addresses: facts.Know(facts.Hosts{Missing: true})}
	}},

	{rule: "mx.null-pref", want: Info, says: "preference 10, not 0", edit: func(f *facts.Facts) {
		nullMX(f)
		f.MX.Value.Hosts[0].Preference = 10
	}},
	{rule: "mx.null-pref", name: "0", want: Pass, edit: nullMX},

	{rule: "mx.single", want: Info, says: "mx1.healthy.example is the only MX host, and 11.22.33.25 its only address", edit: mxOf(map[string][]string{"mx1.healthy.example": {"11.22.33.25"}})},
	{rule: "mx.single", name: "two addresses", want: Pass, edit: mxOf(map[string][]string{"mx1.healthy.example": {"11.22.33.25", "2a0f::25"}})},
	{rule: "mx.single", name: "perhaps more addresses", want: Unknown, says: "timeout", edit: func(f *facts.Facts) {
		mxOf(map[string][]string{"mx1.healthy.example": {"11.22.33.25"}})(f)
		f.MX.Value.Hosts[0].Addresses.Value.Lost = "timeout"
	}},
	{rule: "mx.single", name: "of a provider", want: "", edit: mxOf(map[string][]string{"mx.provider.example": {"11.22.33.25"}})},
	{rule: "mx.single", name: "two hosts", want: "", edit: func(*facts.Facts) {}},
	{rule: "mx.single", name: "sends nothing", want: "", edit: profile(facts.Parked, mxOf(map[string][]string{"mx1.healthy.example": {"11.22.33.25"}}))},

	{rule: "mx.duplicate-pref-host", want: Info, says: "mx1.healthy.example stands in two MX records, with preferences 10 and 20", edit: hostsAt("mx1.healthy.example", "mx1.healthy.example")},
	{rule: "mx.duplicate-pref-host", name: "no MX records", want: "", edit: implicitMX},

	{rule: "mx.no-ipv6", want: Info, says: "no MX host has an AAAA record", edit: mxOf(map[string][]string{"mx1.healthy.example": {"11.22.33.25"}})},
	{rule: "mx.no-ipv6", name: "one of two", want: Pass, edit: mxOf(map[string][]string{"mx1.healthy.example": {"11.22.33.25"}, "mx2.healthy.example": {"2a0f::25"}})},
	{rule: "mx.no-ipv6", name: "a host not found out", want: Unknown, says: "timeout", edit: func(f *facts.Facts) {
		mxOf(map[string][]string{"mx1.healthy.example": {"11.22.33.25"}})(f)
		f.MX.Value.Hosts = append(f.MX.Value.Hosts, facts.MXHost{Host: "mx2.healthy.example", Addresses: facts.Cannot[facts.Hosts]("timeout")})
	}},
	{rule: "mx.no-ipv6", name: "a family not found out", want: Unknown, says: "timeout", edit: func(f *facts.Facts) {
		mxOf(map[string][]string{"mx1.healthy.example": {"11.22.33.25"}})(f)
		f.MX.Value.Hosts[0].Addresses.Value.Lost = "timeout"
	}},
}

// An address or localhost in an MX record is one defect: that such a name has no address, or one of loopback, costs nothing more.
func TestMXDefectCountsOnce(t *testing.T) {
	for name, host := range map[string]facts.MXHost{
		"mx.ip-literal": {Host: "11.22.33.25", Addresses: facts.Know(facts.Hosts{Missing: true})},
		"mx.localhost":  {Host: "localhost", Addresses: facts.Know(facts.Hosts{Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})},
	} {
		f := healthy()
		f.MX.Value.Hosts = []facts.MXHost{host}
		var counted []string
		for _, x := range Run(f, everything).Findings {
			if x.Status == Fail && !x.Implied {
				counted = append(counted, x.Check.ID)
			}
		}
		if !slices.Equal(counted, []string{name}) {
			t.Errorf("%s: counted are %v", host.Host, counted)
		}
	}
}
