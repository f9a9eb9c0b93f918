package cli

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailaudit/internal/facts"
	"mailaudit/internal/names"
)

// Ranges wider than these are no list of senders.
const (
	minBits4 = 24
	minBits6 = 120
)

// Bounds on names that no grammar bounds for us (RFC 5321 4.5.3.1, RFC 1035 2.3.4).
const (
	maxLocal = 255
	maxHELO  = 255
)

// streamsOf makes the streams of one domain.
func streamsOf(l []streamConfig, domain string) ([]facts.Stream, error) {
	var out []facts.Stream
	for _, c := range l {
		if slices.ContainsFunc(out, func(s facts.Stream) bool { return s.Name == c.Name }) {
			return nil, usagef("two streams are named %q", c.Name)
		}
		s := facts.Stream{Name: c.Name, IPs: []netip.Addr{}, HELO: strings.TrimSpace(c.HELO), MailFrom: "postmaster@" + domain,
			DKIMDomain: domain, Selectors: []string{}, Daily: c.Daily, Learned: c.Learned, ByReports: c.ByReports}
		for _, x := range c.IPs {
			ips, err := addresses(x)
			if err != nil {
				return nil, err
			}
			for _, ip := range ips {
				if !slices.Contains(s.IPs, ip) {
					s.IPs = append(s.IPs, ip)
				}
			}
		}
		if len(s.HELO) > maxHELO || strings.ContainsAny(s.HELO, " \t\r\n") {
			return nil, usagef("--helo %.40q: no argument of EHLO", s.HELO)
		}
		var err error
		if c.MailFrom != "" {
			if s.MailFrom, err = mailFrom(c.MailFrom); err != nil {
				return nil, err
			}
		}
		if c.DKIMDomain != "" {
			if s.DKIMDomain, err = domainOf(c.DKIMDomain); err != nil {
				return nil, usageError{"--dkim-domain: " + err.Error(), "--dkim-domain example.com"}
			}
		}
		for _, x := range c.Selectors {
			x = strings.ToLower(strings.TrimSpace(x))
			sel, under, ok := strings.Cut(x+".", "._domainkey.")
			if ok && sel != "" && under != "" && !slices.Contains(c.Learned, facts.LearnedSelectors) { // what a message says is not typed
				return nil, usageError{fmt.Sprintf("%q is the name of a key's record, not a selector", x), "--selector " + shellWord(sel)}
			}
			sel, err = names.Selector(x)
			if err != nil {
				return nil, usageError{fmt.Sprintf("%q is not a selector: %v", x, err), "the value of s= in a DKIM-Signature header: --selector s1"}
			}
			if !slices.Contains(s.Selectors, sel) {
				s.Selectors = append(s.Selectors, sel)
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// addresses reads an address or a range.
func addresses(s string) ([]netip.Addr, error) {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return nil, usageError{fmt.Sprintf("--ip %q: not an IP address", s), "--ip 192.0.2.25"}
		}
		return []netip.Addr{a.Unmap()}, nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return nil, usageError{fmt.Sprintf("--ip %q: not a range of addresses", s), "--ip 192.0.2.0/28"}
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	least := minBits6
	if p.Addr().Is4() {
		least = minBits4
	}
	if p.Bits() < least {
		return nil, usagef("--ip %s: wider than /%d, which is no list of senders", s, least)
	}
	var l []netip.Addr
	for a := p.Masked().Addr(); p.Contains(a); a = a.Next() {
		l = append(l, a)
	}
	return l, nil
}

// mailFrom reads an envelope sender; without a local part it is postmaster's (RFC 7208 4.3).
func mailFrom(s string) (string, error) {
	s = strings.Trim(strings.TrimSpace(s), "<>")
	local, domain := "", s
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		local, domain = s[:i], s[i+1:]
	}
	if strings.Contains(local, "@") {
		return "", usageError{fmt.Sprintf("--mail-from %.40q: two signs @", s), "--mail-from bounce@example.com"}
	}
	if len(local) > maxLocal {
		return "", usagef("--mail-from %.40q...: a local part of %d octets", s, len(local))
	}
	name, err := names.Host(domain)
	if err != nil {
		return "", usageError{fmt.Sprintf("--mail-from %q: %v", s, err), "--mail-from bounce@example.com"}
	}
	if local == "" {
		local = "postmaster"
	}
	return local + "@" + name, nil
}
