package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailaudit/internal/facts"
)

var mxRecordChecks = []*Check{
	{
		ID: "mx.missing", Title: "the domain says by MX where its mail goes", Area: "mx", Worst: Warn, Impact: Inbound,
		References: []string{"RFC 5321 5.1"},
		Needs:      facts.MXHosts,
		Help: "Without MX records, mail goes to the domain's own address, which often is that of a web server. It works by the standard; " +
			"still, some receivers take a sender without MX records for one that nobody can answer.",
		Fix:     "Publish an MX record, be it for the host that takes the mail now",
		Example: Example{Remove: "example.com. MX"},
		Judge:   each(receiving, mxMissing),
	},
	{
		ID: "mx.ip-literal", Title: "MX records name hosts, not addresses", Area: "mx", Worst: Fail, Impact: Inbound,
		References: []string{"RFC 1035 3.3.9", "RFC 5321 5.1"},
		Replies:    []string{"550 Sender verify failed"},
		Needs:      facts.MXHosts,
		Help: "An MX record holds the name of a host. An address in its place is looked up as a name, which does not exist, so nobody can " +
			"deliver to it. When all are so, receivers that verify the sender refuse its mail.",
		Fix:     "Name the host in the MX record, and publish the address as an A or AAAA record at that name",
		Example: Example{Zone: "example.com. MX 10 192.0.2.35."},
		Judge:   andReturns(each(everyHost(mxNames, "mx"), mxLiteral), true, mxLiteral),
	},
	{
		ID: "mx.localhost", Title: "no MX record names localhost", Area: "mx", Worst: Fail, Impact: Inbound,
		References: []string{"RFC 5321 5.1", "RFC 6761 6.3"},
		Replies:    []string{"550 Sender verify failed"},
		Needs:      facts.MXHosts,
		Help: "localhost is whichever host looks it up: mail to the domain goes back to the host that sends it. Receivers take it for the mark " +
			"of a forged sender.",
		Fix:     "Publish the host that takes the mail, or a null MX, 0 ., for a domain that sends nothing either",
		Example: Example{Zone: "example.com. MX 10 localhost."},
		Judge:   andReturns(each(everyHost(mxNames, "mx"), mxLocal), true, mxLocal),
	},
	{
		ID: "mx.null-pref", Title: "a null MX has preference 0", Area: "mx", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 7505 3"},
		Needs:      facts.MXHosts,
		Help:       "The standard writes a null MX as 0 . and nothing else. With another preference most programs take it for the same, and some may not.",
		Fix:        "Set its preference to 0",
		Example:    Example{Zone: "example.com. MX 10 .", Flags: "--profile sender"},
		Judge:      each(theMX, mxNullPref),
	},
	{
		ID: "mx.single", Title: "mail can arrive by another way when one MX host is down", Area: "mx", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 5321 5.1"},
		Needs:      facts.MXHosts,
		Help: "Senders keep mail for some days when the only host is down, so nothing is lost at first. A provider's one name may stand for many " +
			"hosts; this is about a host of the domain's own with one address.",
		Fix:     "Leave it so, or add a second host of which you know that it takes the mail for all your addresses",
		Example: Example{Zone: "example.com. MX 10 mx1.example.com."},
		Judge:   each(onlyHost, mxSingle),
	},
	{
		ID: "mx.duplicate-pref-host", Title: "every MX record names another host", Area: "mx", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 5321 5.1"},
		Needs:      facts.MXHosts,
		Help:       "A second MX record for the same host gives no second way: senders try the same addresses again, and then give up for this time.",
		Fix:        "Delete the MX record that repeats another",
		Example:    Example{Zone: "example.com. MX 10 mx1.example.com.\nexample.com. MX 20 mx1.example.com."},
		Judge:      each(found, mxDuplicate),
	},
	{
		ID: "mx.no-ipv6", Title: "an MX host can be reached over IPv6", Area: "mx", Worst: Info, Impact: Hygiene,
		References: []string{"RFC 5321 5.2"},
		Needs:      facts.MXHosts,
		Help:       "A sender without IPv4 finds no way to a domain whose MX hosts have none but IPv4 addresses. Hardly any is without, so this is for later.",
		Fix:        "Publish an AAAA record at an MX host that listens on IPv6",
		Example:    Example{Zone: "mx1.example.com. A 192.0.2.35"},
		Judge:      each(found, mxNoIPv6),
	},
}

// receiving is the set of mail exchangers of a domain that may be sent mail: where there is neither MX nor address
// domain.unresolvable says so.
func receiving(f *facts.Facts) []subject[facts.MX] {
	return slices.DeleteFunc(theMX(f), func(s subject[facts.MX]) bool {
		return f.Profile.Name == facts.Parked || s.of.Value.Status == facts.MXNone
	})
}

// found is the set of mail exchangers, where there are MX records for hosts.
func found(f *facts.Facts) []subject[facts.MX] {
	return slices.DeleteFunc(theMX(f), func(s subject[facts.MX]) bool { return s.of.Known() && s.of.Value.Status != facts.MXFound })
}

// mxNames are the hosts of MX records, of which the names alone are judged: their addresses need not be known.
func mxNames(f *facts.Facts) []subject[mxHost] {
	l := mxHosts(f)
	for i := range l {
		l[i].of.State = facts.Known
	}
	return l
}

// onlyHost is the one mail exchanger of a domain that has one and runs it itself.
func onlyHost(f *facts.Facts) []subject[mxHost] {
	l := mxHosts(f)
	return slices.DeleteFunc(l, func(s subject[mxHost]) bool {
		h := s.of.Value.Host
		return len(l) > 1 || beyondMX(f) != "" || f.Profile.Name == facts.Parked || h != f.Domain && !strings.HasSuffix(h, "."+f.Domain)
	})
}

func mxMissing(_ *facts.Facts, mx facts.MX) []Violation {
	if mx.Status != facts.MXImplicit {
		return nil
	}
	return one(Warn, "no MX record: mail goes to the domain's own address")
}

// isAddress says whether an MX host is an address in place of a name, which a zone file without the dot at the end of it
// makes a name beneath the domain.
func isAddress(h mxHost) bool {
	name := strings.Trim(h.Host, "[]")
	if under, ok := strings.CutSuffix(name, "."+h.domain); ok && len(h.Addresses) == 0 {
		name = under
	}
	_, err := netip.ParseAddr(name)
	return err == nil
}

func mxLiteral(f *facts.Facts, h mxHost) []Violation {
	if !isAddress(h) {
		return nil
	}
	what := "an address"
	if strings.HasSuffix(h.Host, "."+h.domain) {
		what += " with the domain appended"
	}
	return unreachable(f, h, fmt.Sprintf("%s is %s, where a host name belongs", clip(h.Host), what))
}

// isLocal says whether an MX host is the sender's own: localhost, which RFC 6761 6.3 keeps for that, or what is made of it.
func isLocal(h mxHost) bool {
	switch h.Host {
	case "localhost", "localhost.localdomain", "localhost." + h.domain:
		return true
	}
	return strings.HasSuffix(h.Host, ".localhost")
}

func mxLocal(f *facts.Facts, h mxHost) []Violation {
	if !isLocal(h) || slices.ContainsFunc(h.Addresses, func(a netip.Addr) bool { return !a.IsLoopback() }) {
		return nil
	}
	return unreachable(f, h, fmt.Sprintf("%s is whichever host looks it up", clip(h.Host)))
}

func mxNullPref(_ *facts.Facts, mx facts.MX) []Violation {
	for _, h := range mx.Hosts {
		if h.Host == "." && h.Preference != 0 {
			return one(Info, fmt.Sprintf("the null MX has preference %d, not 0", h.Preference))
		}
	}
	return nil
}

func mxSingle(_ *facts.Facts, h mxHost) []Violation {
	switch {
	case len(h.Addresses) != 1:
		return nil
	case h.Lost != "":
		return one(Unknown, fmt.Sprintf("%s may have more addresses than %s: %s", clip(h.Host), h.Addresses[0], h.Lost))
	}
	return one(Info, fmt.Sprintf("%s is the only MX host, and %s its only address", clip(h.Host), h.Addresses[0]))
}

// mxDuplicate finds the first MX record for a host that another one names already.
func mxDuplicate(f *facts.Facts, mx facts.MX) []Violation {
	for i, h := range mx.Hosts {
		for _, g := range mx.Hosts[:i] {
			if h.Host == g.Host {
				return one(Info, fmt.Sprintf("%s stands in two MX records, with preferences %d and %d", clip(h.Host), g.Preference, h.Preference))
			}
		}
	}
	if why := beyondMX(f); why != "" {
		return one(Unknown, why)
	}
	return nil
}

func mxNoIPv6(f *facts.Facts, mx facts.MX) []Violation {
	lost := beyondMX(f)
	for _, h := range mx.Hosts {
		if slices.ContainsFunc(h.Addresses.Value.Addresses, netip.Addr.Is6) {
			return nil
		}
		if why := h.Addresses.Why + h.Addresses.Value.Lost; why != "" {
			lost = why
		}
	}
	if lost != "" {
		return one(Unknown, "no IPv6 address so far: "+lost)
	}
	return one(Info, "no MX host has an AAAA record")
}
