package checks

import (
	"strings"
	"testing"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/facts"
)

// near has a list say something about what sends nothing: an MX host's address, or the domain of a host.
func near(zone, kind, target, host, status string, class blocklist.Class) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Nearby = append(f.Nearby, facts.Listing{Zone: zone, Target: target, Kind: kind, Host: host, Status: status, Class: string(class),
			Codes: []string{"127.0.0.2"}, Meaning: "what it means", Removal: "https://list.example/removal", Why: "timeout"})
	}
}

// vouch has an allowlist say something about the healthy sender.
func vouch(status string, class blocklist.Class, state string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Allowlists = []facts.List{{Zone: "list.dnswl.org", Kind: "ip", State: state, Why: "too many queries"}}
		f.Allowed = []facts.Listing{{Zone: "list.dnswl.org", Target: sender.String(), Kind: "ip", Declared: true, Status: status, Class: string(class), Meaning: "trust high", Codes: []string{"127.0.5.3"}}}
	}
}

// onNet64 is a listing of the address that is also one of the /64 around it.
func onNet64(ip string) func(*facts.Facts) {
	return also(onZEN, func(l *facts.Listing) { l.Target, l.Net64, l.Codes = ip, true, []string{"127.0.0.3"} })
}

var dnsblNearCases = []ruleCase{
	{rule: "dnsbl.ip6-64", want: Fail, says: "zen.spamhaus.org lists the whole of 2a0f:1:2:3::/64, in which 2a0f:1:2:3::25 is", edit: onNet64("2a0f:1:2:3::25")},
	{rule: "dnsbl.ip6-64", name: "candidate", want: Warn, says: "if this address sends", edit: also(onNet64("2a0f::1"), func(l *facts.Listing) { l.Declared = false })},
	{rule: "dnsbl.ip6-64", name: "IPv4", want: Pass, edit: onNet64("11.22.33.44")},
	{rule: "dnsbl.ip6-64", name: "another code", want: Pass, edit: also(onZEN, func(l *facts.Listing) { l.Target = "2a0f::1" })},
	{rule: "dnsbl.ip6-64", name: "a domain", want: Pass, edit: also(onDBL, func(l *facts.Listing) { l.Net64 = true })},

	{rule: "dnsbl.mx-ns-listed", want: Warn, says: "dbl.spamhaus.org lists esp.example, of mx.esp.example: what it means", edit: near("dbl.spamhaus.org", "domain", "esp.example", "mx.esp.example", facts.Listed, blocklist.ClassDomain)},
	{rule: "dnsbl.mx-ns-listed", name: "clean", want: Pass, edit: near("dbl.spamhaus.org", "domain", "esp.example", "mx.esp.example", facts.Clean, "")},
	{rule: "dnsbl.mx-ns-listed", name: "abused by others", want: Pass, edit: near("dbl.spamhaus.org", "domain", "esp.example", "mx.esp.example", facts.Listed, blocklist.ClassAbused)},
	{rule: "dnsbl.mx-ns-listed", name: "no answer", want: Unknown, says: "dbl.spamhaus.org gave no answer: timeout", edit: near("dbl.spamhaus.org", "domain", "esp.example", "mx.esp.example", facts.NoClue, "")},
	{rule: "dnsbl.mx-ns-listed", name: "a list that refuses", want: "", edit: func(f *facts.Facts) {
		near("dbl.spamhaus.org", "domain", "esp.example", "mx.esp.example", facts.Refused, "")(f)
		f.Lists[1].State = facts.ListRefused
	}},
	{rule: "dnsbl.mx-ns-listed", name: "hosts of its own alone", want: "", edit: func(*facts.Facts) {}},

	{rule: "mx.on-dnsbl", want: Warn, says: "zen.spamhaus.org lists 11.22.33.25, of mx1.healthy.example: what it means", edit: near("zen.spamhaus.org", "ip", "11.22.33.25", "mx1.healthy.example", facts.Listed, blocklist.ClassMajor)},
	{rule: "mx.on-dnsbl", name: "clean", want: Pass, edit: near("zen.spamhaus.org", "ip", "11.22.33.25", "mx1.healthy.example", facts.Clean, "")},
	{rule: "mx.on-dnsbl", name: "no place for senders", want: Pass, edit: near("zen.spamhaus.org", "ip", "11.22.33.25", "mx1.healthy.example", facts.Listed, blocklist.ClassPBL)},
	{rule: "mx.on-dnsbl", name: "no answer", want: Unknown, says: "zen.spamhaus.org gave no answer: timeout", edit: near("zen.spamhaus.org", "ip", "11.22.33.25", "mx1.healthy.example", facts.NoClue, "")},
	{rule: "mx.on-dnsbl", name: "an address that sends", want: "", edit: near("zen.spamhaus.org", "ip", "11.22.33.44", "mx1.healthy.example", facts.Listed, blocklist.ClassMajor)},

	{rule: "dnswl.listed", want: Info, says: "list.dnswl.org vouches for 11.22.33.44: trust high (127.0.5.3)", edit: vouch(facts.Clean, blocklist.ClassAllow, facts.ListUsable)},
	{rule: "dnswl.listed", name: "by a list that holds good and bad", want: Info, says: "rep.mailspike.net vouches for 11.22.33.44", edit: also(lists("rep.mailspike.net", "ip", blocklist.ClassAllow, "127.0.0.18"), func(l *facts.Listing) { l.Status = facts.Clean })},
	{rule: "dnswl.listed", name: "not there", want: Pass, edit: vouch(facts.Clean, "", facts.ListUsable)},
	{rule: "dnswl.listed", name: "refused", want: "", edit: vouch(facts.Refused, "", facts.ListRefused)},
	{rule: "dnsbl.query-refused", name: "by an allowlist", want: Unknown, says: "list.dnswl.org refuses this resolver (too many queries)", edit: vouch(facts.Refused, "", facts.ListRefused)},
	{rule: "dnsbl.self-test", name: "of an allowlist", want: Unknown, says: "list.dnswl.org was not used", edit: vouch(facts.NoClue, "", facts.ListFailed)},

	{rule: "dnsbl.dead-zone", want: Warn, says: "dnsbl.sorbs.net was not asked: emptied in 2024", edit: func(f *facts.Facts) {
		f.Lists = append(f.Lists, facts.List{Zone: "dnsbl.sorbs.net", Kind: "ip", State: facts.ListLeft, Left: "emptied in 2024", Dead: true})
	}},
	{rule: "dnsbl.dead-zone", name: "left by its terms", want: Pass, edit: func(f *facts.Facts) { f.Lists[0].State, f.Lists[0].Left = facts.ListLeft, "non-commercial" }},
	{rule: "dnsbl.terms", name: "dead", want: Pass, edit: func(f *facts.Facts) {
		f.Lists[0].State, f.Lists[0].Left, f.Lists[0].Dead = facts.ListLeft, "closed", true
	}},
	{rule: "dnsbl.dead-zone", name: "no lists", want: "", edit: func(f *facts.Facts) { f.Lists, f.Listings = nil, nil }},
}

// TestNearCosts: what is near the sender costs as a warning where it stands, and never as a listing of the sender: no cap, no
// receiver that refuses, no address whose fault it is.
func TestNearCosts(t *testing.T) {
	f := healthy()
	near("zen.spamhaus.org", "ip", "11.22.33.25", "mx1.healthy.example", facts.Listed, blocklist.ClassMajor)(f)
	near("dbl.spamhaus.org", "domain", "esp.example", "mx.esp.example", facts.Listed, blocklist.ClassDomain)(f)
	n := 0
	for _, x := range Run(f, everything).Findings {
		if x.Status == Pass {
			continue
		}
		n++
		if x.Status != Warn || x.Cap != CapNone || len(x.Refused) > 0 || x.Source.IsValid() || x.Deciding {
			t.Errorf("%s: %+v", x.Check.ID, x)
		}
	}
	if n != 2 {
		t.Errorf("%d findings", n)
	}
}

// TestNet64Implied: the listing itself costs, and not once more for its width.
func TestNet64Implied(t *testing.T) {
	f := healthy()
	onNet64("2a0f::1")(f)
	for _, x := range Run(f, everything).Findings {
		if x.Status == Fail && x.Implied != (x.Check.ID == "dnsbl.ip6-64") {
			t.Errorf("%s implied: %v", x.Check.ID, x.Implied)
		}
	}
}

// TestAllowlistsAside: whatever an allowlist says, or does not say, the share of what could be decided stays as it is.
func TestAllowlistsAside(t *testing.T) {
	want := Run(healthy(), everything).Shares["dnsbl"]
	for name, edit := range map[string]func(*facts.Facts){
		"vouched":   vouch(facts.Clean, blocklist.ClassAllow, facts.ListUsable),
		"not there": vouch(facts.Clean, "", facts.ListUsable),
		"refused":   vouch(facts.Refused, "", facts.ListRefused),
		"failed":    vouch(facts.NoClue, "", facts.ListFailed),
		"hijacked":  vouch(facts.NoClue, "", facts.ListHijacked),
	} {
		f := healthy()
		edit(f)
		if got := Run(f, everything).Shares["dnsbl"]; got.Decided-want.Decided != got.Total-want.Total || got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// TestCompromised holds the order for every code that stands for a hijacked host or account: find it, close it, then ask.
func TestCompromised(t *testing.T) {
	for zone, codes := range map[string][]string{
		"zen.spamhaus.org": {"127.0.0.3", "127.0.0.4"}, "<key>.zen.dq.spamhaus.net": {"127.0.0.3", "127.0.0.4"},
		"<key>.authbl.dq.spamhaus.net": {"127.0.0.20"}, "<key>.combined.mail.abusix.zone": {"127.0.0.4"},
		"all.spamrats.com": {"127.0.0.43"}, "bl.blocklist.de": {"127.0.0.2"}, "dnsbl.dronebl.org": {"127.0.0.6"},
	} {
		for _, code := range codes {
			f := healthy()
			also(lists(zone, "ip", blocklist.ClassMajor, code), func(l *facts.Listing) { l.Compromised = true })(f)
			found := false
			for _, x := range Run(f, everything).Findings {
				if x.Check.ID != "dnsbl.listed-major" || x.Status != Fail {
					continue
				}
				found = true
				at := -1
				for _, step := range []string{"Find the host or account", "clean it", "change its passwords", "second factor", "then ask for removal at https://"} {
					i := strings.Index(x.Fix, step)
					if i <= at {
						t.Errorf("%s %s: %q stands at %d in %q", zone, code, step, i, x.Fix)
					}
					at = i
				}
			}
			if !found {
				t.Errorf("%s %s: no finding", zone, code)
			}
		}
	}
}
