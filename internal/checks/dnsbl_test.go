package checks

import (
	"slices"
	"strings"
	"testing"

	"mailaudit/internal/blocklist"
	"mailaudit/internal/facts"
)

// lists puts the healthy sender (ip) or domain on a list.
func lists(zone, kind string, class blocklist.Class, codes ...string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		target := sender.String()
		if kind == "domain" {
			target = f.Domain
		}
		f.Listings = append(f.Listings, facts.Listing{Zone: zone, Target: target, Kind: kind, Declared: true, Status: facts.Listed,
			Codes: codes, Class: string(class), Meaning: "what it means", Scope: "address", Removal: "https://list.example/removal"})
		if !slices.ContainsFunc(f.Lists, func(l facts.List) bool { return l.Zone == zone }) {
			f.Lists = append(f.Lists, facts.List{Zone: zone, Kind: kind, Major: class == blocklist.ClassMajor || class == blocklist.ClassDomain, State: facts.ListUsable})
		}
	}
}

// also is an edit and another of the listing that it made.
func also(edit func(*facts.Facts), then func(*facts.Listing)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		edit(f)
		then(&f.Listings[len(f.Listings)-1])
	}
}

// state puts a list, ZEN at first, into a state in which it says nothing.
func state(s, why string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		f.Lists[0].State, f.Lists[0].Why = s, why
		f.Listings[0].Status, f.Listings[0].Why = facts.NoClue, why
	}
}

// silent is a usable list that did not answer about one target.
func silent(zone, kind string, major bool) func(*facts.Facts) {
	return func(f *facts.Facts) {
		lists(zone, kind, "")(f)
		l := &f.Listings[len(f.Listings)-1]
		l.Status, l.Why = facts.NoClue, "timeout"
		f.Lists = append(f.Lists, facts.List{Zone: zone, Kind: kind, Major: major, State: facts.ListUsable})
	}
}

// smallerIn puts the only smaller list into a state in which it says nothing; one that is left out has no answers at all.
func smallerIn(s string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		silent("psbl.surriel.com", "ip", false)(f)
		f.Lists = slices.DeleteFunc(f.Lists, func(l facts.List) bool { return l.Zone == "psbl.surriel.com" })
		f.Lists = append(f.Lists, facts.List{Zone: "psbl.surriel.com", Kind: "ip", State: s, Why: "timeout"})
		if s == facts.ListLeft {
			f.Listings = f.Listings[:len(f.Listings)-1]
		}
	}
}

// heloListing is what the DBL says of a name in HELO that is no domain of the mail.
func heloListing(status string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		x := facts.Listing{Zone: "dbl.spamhaus.org", Target: "mail.other.example", Kind: "domain", Declared: true, HELO: true, Status: status}
		switch status {
		case facts.Listed:
			x.Codes, x.Class, x.Meaning = []string{"127.0.1.2"}, string(blocklist.ClassDomain), "what it means"
		case facts.NoClue:
			x.Why = "timeout"
		}
		f.HELOListings = append(f.HELOListings, x)
	}
}

// demanded is an edit under --require-dnsbl.
func demanded(edit func(*facts.Facts)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		edit(f)
		f.RequireLists = true
	}
}

// beside is an edit and a smaller list that has nothing against anybody.
func beside(edit func(*facts.Facts), kind string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		edit(f)
		also(lists("small.example", kind, ""), func(l *facts.Listing) { l.Status, l.Codes = facts.Clean, nil })(f)
		f.Lists = append(f.Lists, facts.List{Zone: "small.example", Kind: kind, State: facts.ListUsable})
	}
}

var (
	onZEN = lists("zen.spamhaus.org", "ip", blocklist.ClassMajor, "127.0.0.2", "127.0.0.9")
	onPBL = lists("zen.spamhaus.org", "ip", blocklist.ClassPBL, "127.0.0.10")
	onDBL = lists("dbl.spamhaus.org", "domain", blocklist.ClassDomain, "127.0.1.2")
)

var dnsblCases = []ruleCase{
	{rule: "dnsbl.listed-major", want: Fail, says: "zen.spamhaus.org lists 11.22.33.44: what it means (127.0.0.2, 127.0.0.9)", edit: onZEN},
	{rule: "dnsbl.listed-major", name: "the list's own words", want: Fail, says: "; the list says: see https://list.example/1; used by everybody",
		edit: also(onZEN, func(l *facts.Listing) { l.Reason, l.UsedBy = "see https://list.example/1", "everybody" })},
	{rule: "dnsbl.listed-major", name: "words without end", want: Fail, says: "the list says: aaa", edit: also(onZEN, func(l *facts.Listing) { l.Reason = strings.Repeat("a", 1<<16) })},
	{rule: "dnsbl.listed-major", name: "a network", want: Fail, says: "covers the network around it", edit: also(onZEN, func(l *facts.Listing) { l.Scope = "net" })},
	{rule: "dnsbl.listed-major", name: "a provider", want: Fail, says: "covers the whole network of its provider", edit: also(onZEN, func(l *facts.Listing) { l.Scope = "asn" })},
	{rule: "dnsbl.listed-major", name: "candidate", want: Warn, says: "if this address sends", edit: also(onZEN, func(l *facts.Listing) { l.Declared = false })},
	{rule: "dnsbl.listed-major", name: "one answer lost", want: Unknown, says: "b.barracudacentral.org gave no answer: timeout", edit: silent("b.barracudacentral.org", "ip", true)},
	{rule: "dnsbl.listed-major", name: "one minor answer lost", want: Pass, edit: silent("psbl.surriel.com", "ip", false)},
	{rule: "dnsbl.listed-major", name: "no list answered", want: "", edit: state(facts.ListFailed, "timeout")},
	{rule: "dnsbl.listed-major", name: "smaller lists alone answered", want: "", edit: beside(state(facts.ListRefused, "127.255.255.254"), "ip")},
	{rule: "dnsbl.listed-policy", name: "smaller lists alone answered", want: "", edit: beside(state(facts.ListRefused, "127.255.255.254"), "ip")},
	{rule: "dnsbl.domain-abused-legit", name: "smaller lists alone answered", want: "", edit: beside(func(f *facts.Facts) {
		f.Lists[1].State, f.Listings[1].Status = facts.ListRefused, facts.Refused
	}, "domain")},
	{rule: "dnsbl.domain-listed", name: "smaller lists alone answered", want: "", edit: beside(func(f *facts.Facts) {
		f.Lists[1].State, f.Listings[1].Status = facts.ListRefused, facts.Refused
	}, "domain")},
	{rule: "dnsbl.listed-major", name: "no list answered and one is required", want: Unknown, says: "no major blocklist answered: zen.spamhaus.org: SERVFAIL",
		edit: demanded(state(facts.ListFailed, "SERVFAIL"))},
	{rule: "dnsbl.listed-major", name: "one is required, and left out by its terms", want: Unknown, says: "zen.spamhaus.org: non-commercial", edit: demanded(func(f *facts.Facts) {
		f.Lists[0].State, f.Lists[0].Left = facts.ListLeft, "non-commercial"
		f.Listings = f.Listings[1:]
	})},
	{rule: "dnsbl.listed-major", name: "one is required of a file without", want: Unknown, says: "none was to be asked", edit: demanded(func(f *facts.Facts) {
		f.Lists[0].Major = false
	})},
	{rule: "dnsbl.listed-major", name: "one is required and answers", want: Pass, edit: demanded(func(*facts.Facts) {})},
	{rule: "dnsbl.listed-major", name: "one is required, of two one answers", want: Unknown, says: "b.barracudacentral.org gave no answer", edit: demanded(silent("b.barracudacentral.org", "ip", true))},
	{rule: "dnsbl.listed-major", name: "one is required of a private address", want: Pass, edit: demanded(sends("10.1.2.3"))},

	{rule: "dnsbl.listed-minor", want: Warn, says: "psbl.surriel.com lists 11.22.33.44", edit: lists("psbl.surriel.com", "ip", blocklist.ClassMinor, "127.0.0.2")},
	{rule: "dnsbl.listed-minor", name: "domain", want: Warn, says: "multi.uribl.com lists healthy.example", edit: lists("multi.uribl.com", "domain", blocklist.ClassMinor, "127.0.0.4")},
	{rule: "dnsbl.listed-minor", name: "one answer lost", want: Unknown, says: "timeout", edit: silent("psbl.surriel.com", "ip", false)},

	{rule: "dnsbl.listed-minor", name: "none of them answers", want: Unknown, says: "no smaller blocklist can be believed: psbl.surriel.com: timeout", edit: smallerIn(facts.ListFailed)},
	{rule: "dnsbl.listed-minor", name: "one of two answers", want: "", edit: func(f *facts.Facts) {
		smallerIn(facts.ListFailed)(f)
		f.Lists = append(f.Lists, facts.List{Zone: "all.s5h.net", Kind: "ip", State: facts.ListUsable})
	}},
	{rule: "dnsbl.listed-minor", name: "all are left out", want: Pass, edit: smallerIn(facts.ListLeft)},
	{rule: "dnsbl.listed-major", name: "one of two refuses", want: "", edit: func(f *facts.Facts) {
		state(facts.ListRefused, "127.255.255.254")(f)
		f.Lists = append(f.Lists, facts.List{Zone: "b.barracudacentral.org", Kind: "ip", Major: true, State: facts.ListUsable})
		f.Listings = append(f.Listings, facts.Listing{Zone: "b.barracudacentral.org", Target: sender.String(), Kind: "ip", Declared: true, Status: facts.Clean})
	}},
	{rule: "dnsbl.domain-listed", name: "the name in HELO", want: Warn, says: "dbl.spamhaus.org lists mail.other.example: what it means (127.0.1.2); it is the name in HELO", edit: heloListing(facts.Listed)},
	{rule: "dnsbl.domain-listed", name: "the name in HELO, lost", want: Unknown, says: "dbl.spamhaus.org gave no answer: timeout", edit: heloListing(facts.NoClue)},
	{rule: "dnsbl.domain-listed", name: "the name in HELO, clean", want: Pass, edit: heloListing(facts.Clean)},

	{rule: "dnsbl.listed-policy", want: Fail, says: "127.0.0.10", edit: onPBL},
	{rule: "dnsbl.listed-policy", name: "another list's", want: Warn, says: "dnsbl.spfbl.net", edit: lists("dnsbl.spfbl.net", "ip", blocklist.ClassPolicy, "127.0.0.4")},
	{rule: "dnsbl.listed-policy", name: "listed for abuse", want: Pass, edit: onZEN},

	{rule: "dnsbl.listed-info", want: Info, says: "dnsbl-3.uceprotect.net", edit: lists("dnsbl-3.uceprotect.net", "ip", blocklist.ClassInfo, "127.0.0.2")},

	{rule: "dnsbl.domain-listed", want: Fail, says: "dbl.spamhaus.org lists healthy.example", edit: onDBL},
	{rule: "dnsbl.domain-listed", name: "one answer lost", want: Unknown, says: "multi.surbl.org gave no answer", edit: silent("multi.surbl.org", "domain", false)},
	{rule: "dnsbl.domain-listed", name: "an address", want: Pass, edit: onZEN},

	{rule: "dnsbl.domain-abused-legit", want: Warn, says: "127.0.1.102", edit: lists("dbl.spamhaus.org", "domain", blocklist.ClassAbused, "127.0.1.102")},

	{rule: "dnsbl.query-refused", want: Unknown, says: "zen.spamhaus.org refuses this resolver (127.255.255.254): a listing there would not be seen",
		edit: state(facts.ListRefused, "127.255.255.254")},
	{rule: "dnsbl.query-refused", name: "a list that failed", want: "", edit: state(facts.ListFailed, "timeout")},
	{rule: "dnsbl.self-test", want: Unknown, says: "zen.spamhaus.org was not used (test point 127.0.0.2 must be listed and is not)",
		edit: state(facts.ListFailed, "test point 127.0.0.2 must be listed and is not")},
	{rule: "dnsbl.hijacked", want: Unknown, says: "203.0.113.9", edit: state(facts.ListHijacked, "203.0.113.9 is outside 127.0.0.0/8")},

	{rule: "dnsbl.terms", want: Info, says: "not asked: zen.spamhaus.org (non-commercial)", edit: func(f *facts.Facts) {
		f.Lists[0].State, f.Lists[0].Left = facts.ListLeft, "non-commercial"
		f.Listings = f.Listings[1:]
	}},
	{rule: "dnsbl.terms", name: "no lists", want: "", edit: func(f *facts.Facts) { f.Lists, f.Listings = nil, nil }},
}

// TestListedCap holds which listings limit the score: those of ZEN and DBL that fail, by whatever zone they come.
func TestListedCap(t *testing.T) {
	for _, c := range []struct {
		name string
		rule string
		edit func(*facts.Facts)
		want Cap
	}{
		{"ZEN", "dnsbl.listed-major", onZEN, CapListed},
		{"ZEN with a key", "dnsbl.listed-major", lists("key.zen.dq.spamhaus.net", "ip", blocklist.ClassMajor, "127.0.0.4"), CapListed},
		{"PBL", "dnsbl.listed-policy", onPBL, CapListed},
		{"DBL", "dnsbl.domain-listed", onDBL, CapListed},
		{"DBL with a key", "dnsbl.domain-listed", lists("key.dbl.dq.spamhaus.net", "domain", blocklist.ClassDomain, "127.0.1.2"), CapListed},
		{"Barracuda", "dnsbl.listed-major", lists("b.barracudacentral.org", "ip", blocklist.ClassMajor, "127.0.0.2"), CapNone},
		{"SURBL", "dnsbl.domain-listed", lists("multi.surbl.org", "domain", blocklist.ClassDomain, "127.0.0.64"), CapNone},
		{"a name like ZEN's", "dnsbl.listed-major", lists("notzen.spamhaus.org", "ip", blocklist.ClassMajor, "127.0.0.2"), CapNone},
		{"an unknown code of ZEN", "dnsbl.listed-minor", lists("zen.spamhaus.org", "ip", blocklist.ClassMinor, "127.0.0.99"), CapNone},
		{"candidate", "dnsbl.listed-major", also(onZEN, func(l *facts.Listing) { l.Declared = false }), CapNone},
	} {
		f := healthy()
		c.edit(f)
		found := false
		for _, x := range Run(f, everything).Findings {
			if x.Check.ID == c.rule && x.Status != Pass {
				found = true
				if x.Cap != c.want {
					t.Errorf("%s: cap %q, want %q", c.name, x.Cap, c.want)
				}
			}
		}
		if !found {
			t.Errorf("%s: no %s", c.name, c.rule)
		}
	}
}

// TestRemedy holds that the cause comes before the removal.
func TestRemedy(t *testing.T) {
	const page = "https://list.example/removal"
	for _, c := range []struct {
		name string
		l    facts.Listing
		want string
	}{
		{"plain", facts.Listing{Zone: "psbl.surriel.com", Class: "minor", Removal: page}, "Stop the cause of the listing first, then ask for removal at " + page},
		{"SBL", facts.Listing{Zone: "zen.spamhaus.org", Class: "major", Codes: []string{"127.0.0.2"}, Removal: page}, "Stop the cause of the listing first, then ask"},
		{"XBL", facts.Listing{Zone: "zen.spamhaus.org", Class: "major", Codes: []string{"127.0.0.2", "127.0.0.4"}, Compromised: true, Removal: page},
			"Find the host or account that this comes from, clean it, change its passwords and turn on a second factor for logins first, then ask for removal at " + page},
		{"the code of another list", facts.Listing{Zone: "bl.example", Class: "major", Codes: []string{"127.0.0.4"}, Removal: page}, "Stop the cause"},
		{"PBL", facts.Listing{Zone: "zen.spamhaus.org", Class: "pbl", Codes: []string{"127.0.0.11"}, Removal: page}, "Send through the provider's mail relay"},
		{"policy", facts.Listing{Zone: "dnsbl.spfbl.net", Class: "policy", Removal: page}, "Send through the provider's mail relay"},
		{"domain", facts.Listing{Zone: "dbl.spamhaus.org", Class: "domain", Scope: "domain", Removal: page}, "Clean the web site and stop the mail that advertises it first, then"},
		{"abused", facts.Listing{Zone: "dbl.spamhaus.org", Class: "abused", Scope: "domain", Removal: page}, "Clean the hacked site or close the redirector first, then"},
		{"a provider's", facts.Listing{Zone: "dnsbl-3.uceprotect.net", Class: "info", Scope: "asn", Removal: "the provider must act"}, "Tell the provider of the address"},
		{"a network's with a page", facts.Listing{Zone: "nbl.0spam.org", Class: "info", Scope: "net", Removal: page}, "Stop the cause of the listing first, then ask"},
		{"without a page", facts.Listing{Zone: "truncate.gbudb.net", Class: "minor", Removal: "ages out"}, "Stop the cause of the listing first, then wait until the listing ends (ages out)"},
		{"nothing known", facts.Listing{Zone: "bl.example", Class: "minor"}, "Stop the cause of the listing first, then wait until the listing ends"},
	} {
		if got := remedy(c.l); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestListsDecide holds that blocklists decide only where one is required, and then for each declared address.
func TestListsDecide(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*facts.Facts)
		want int
	}{
		{"not required", state(facts.ListFailed, "timeout"), 0},
		{"refused, not required", state(facts.ListRefused, "timeout"), 0},
		{"required", demanded(state(facts.ListFailed, "timeout")), 1},
		{"required and refused", demanded(state(facts.ListRefused, "127.255.255.254")), 1},
		{"required, one address of two", demanded(sends("11.22.33.45")), 1},
		{"required, the same address in two streams", demanded(func(f *facts.Facts) { sends("11.22.33.45")(f); sends("11.22.33.45")(f) }), 1},
		{"required of candidates", demanded(func(f *facts.Facts) {
			state(facts.ListFailed, "timeout")(f)
			f.Sources[0].Declared = false
		}), 0},
		{"required, one lost answer beside one that came", demanded(silent("b.barracudacentral.org", "ip", true)), 0},
		{"required, a domain list is lost", demanded(silent("multi.surbl.org", "domain", false)), 0},
	} {
		f := healthy()
		c.edit(f)
		n := 0
		for _, x := range Run(f, func(a Area) bool { return a == "dnsbl" }).Findings {
			if x.Deciding {
				n++
			}
		}
		if n != c.want {
			t.Errorf("%s: %d findings decide, want %d", c.name, n, c.want)
		}
	}
}

// TestLostCandidate holds that a lost answer about a guessed address is told from one about a declared address.
func TestLostCandidate(t *testing.T) {
	for _, declared := range []bool{true, false} {
		f := healthy()
		also(silent("b.barracudacentral.org", "ip", true), func(l *facts.Listing) { l.Declared = declared })(f)
		for _, x := range Run(f, everything).Findings {
			if x.Status == Unknown && x.Candidate == declared {
				t.Errorf("declared %v: candidate is %v: %s", declared, x.Candidate, x.Message)
			}
		}
	}
}

// TestListedRefusals: receivers document that they refuse for Spamhaus, and for no other major list.
func TestListedRefusals(t *testing.T) {
	const spamhaus = "yahoo outlook icloud gmx webde comcast cox"
	for _, c := range []struct {
		name, want string
		edit       func(*facts.Facts)
	}{
		{"ZEN", spamhaus, onZEN},
		{"ZEN by a key", spamhaus, lists("key.zen.dq.spamhaus.net", "ip", blocklist.ClassMajor, "127.0.0.2")},
		{"PBL", spamhaus, onPBL},
		{"another major list", "", lists("b.barracudacentral.org", "ip", blocklist.ClassMajor, "127.0.0.2")},
		{"a candidate", "", also(onZEN, func(l *facts.Listing) { l.Declared = false })},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := healthy()
			c.edit(f)
			var got []string
			for _, x := range Run(f, everything).Findings {
				got = append(got, x.Refused...)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("refused by %v, want %s", got, c.want)
			}
		})
	}
}
