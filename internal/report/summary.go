package report

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailaudit/internal/audit"
)

// summary says in one line what the rules of an area rest on, where nothing is wrong with it; "" where there is nothing
// to show. It states evidence and judges nothing: what it counts may well be less than all.
func summary(e audit.Evidence, now time.Time, area string) string {
	switch area {
	case "domain":
		return "exists"
	case "mx":
		return exchangers(e.MX)
	case "spf":
		return authorised(e.SPF)
	case "dkim":
		return keys(e.DKIM.Keys)
	case "dmarc":
		return policy(e.DMARC)
	case "ptr":
		return reverse(e.Sources)
	case "dnsbl":
		return unlisted(e.DNSBL)
	case "submission":
		return services(e.Submission, now)
	}
	return ""
}

// holds stands in where an area has no evidence of its own.
func holds(rules int) string {
	if rules == 1 {
		return "its rule holds"
	}
	return fmt.Sprintf("all %d rules hold", rules)
}

func exchangers(m audit.MX) string {
	switch m.Status {
	case "null":
		return "null MX: takes no mail"
	case "implicit":
		return "no MX record: the domain's own address takes its mail"
	case "found":
		n := 0
		for _, h := range m.Hosts {
			if len(h.Addresses) > 0 {
				n++
			}
		}
		return share(n, len(m.Hosts), "host", "resolves", "resolve")
	}
	return ""
}

func authorised(s audit.SPF) string {
	limits := ""
	if s.Status == "found" {
		limits = fmt.Sprintf("%d of 10 lookups, %d of 2 void", s.Lookups, s.VoidLookups) // RFC 7208 4.6.4
	}
	var all, failing []string
	for _, x := range s.Results {
		if x.Identity != "mailfrom" {
			continue
		}
		all = append(all, x.IP)
		if x.Result != "pass" {
			failing = append(failing, x.IP)
		}
	}
	all, failing = distinct(all), distinct(failing)
	if len(all) == 1 && len(failing) == 0 {
		return list(all[0]+" passes", limits)
	}
	return list(share(len(all)-len(failing), len(all), "address", "passes", "pass"), limits)
}

// share says how many of how many do something.
func share(n, of int, noun, one, many string) string {
	switch {
	case of == 0:
		return ""
	case n < of:
		return fmt.Sprintf("%d of %s %s", n, count(of, noun), many)
	case of == 1:
		return "1 " + noun + ", " + one
	case of == 2:
		return count(2, noun) + ", both " + many
	}
	return count(of, noun) + ", all " + many
}

func keys(l []audit.Key) string {
	var s []string
	for _, k := range l {
		what := k.Status
		if k.Status == "valid" {
			what = strength(k)
		}
		s = append(s, fmt.Sprintf("%s (%s)", k.Selector, what))
	}
	return some(s, 4)
}

// strength is a key's type, and its size where that varies.
func strength(k audit.Key) string {
	if k.Bits > 0 && k.Type != "ed25519" {
		return fmt.Sprintf("%s %d", k.Type, k.Bits)
	}
	return k.Type
}

func policy(d audit.DMARC) string {
	if d.Status != "found" {
		return ""
	}
	s := fmt.Sprintf("p=%s at %s", cmp.Or(d.Policy, "?"), d.FoundAt)
	if d.EffectivePolicy != "" && d.EffectivePolicy != d.Policy {
		s += ", for this domain " + d.EffectivePolicy
	}
	if d.Testing {
		s += ", testing (t=y)"
	}
	if len(d.RUA) == 0 {
		return s + ", no reports asked for"
	}
	to := make([]string, len(d.RUA))
	for i, u := range d.RUA {
		to[i] = strings.TrimPrefix(u, "mailto:")
	}
	return s + ", reports to " + some(to, 2)
}

func reverse(l []audit.Source) string {
	confirmed := map[string]bool{}
	var ips []string
	for _, s := range l {
		ips = append(ips, s.IP)
		confirmed[s.IP] = s.FCrDNS == "pass"
	}
	ips = distinct(ips)
	n := 0
	for _, yes := range confirmed {
		if yes {
			n++
		}
	}
	switch {
	case len(ips) == 0, n == 0: // what holds is told here, and what does not by its finding
		return ""
	case len(ips) == 1 && n == 1 && len(l[0].PTR) > 0:
		return fmt.Sprintf("%s is %s, confirmed", ips[0], some(l[0].PTR, 1))
	case len(ips) > 1 && n == len(ips):
		return count(n, "address") + ", each confirmed"
	}
	return fmt.Sprintf("%d of %s confirmed", n, count(len(ips), "address"))
}

func unlisted(l []audit.Listing) string {
	var zones, silent, listing []string
	for _, d := range l {
		zones = append(zones, d.Zone)
		switch d.Status {
		case "refused", "unknown":
			silent = append(silent, d.Zone)
		case "listed":
			listing = append(listing, d.Zone)
		}
	}
	all, mute := len(distinct(zones)), len(distinct(silent))
	lists := "none lists"
	if n := len(distinct(listing)); n > 0 {
		lists = "no listing that counts (" + some(distinct(listing), 2) + ")"
	}
	switch {
	case all == 0 || all == mute:
		return ""
	case mute > 0:
		return fmt.Sprintf("%d of %s answered, %s", all-mute, count(all, "list"), lists)
	}
	return count(all, "list") + ", " + lists
}

// services are the open ones by host, and for how long the first certificate to end is good.
func services(all []audit.Service, now time.Time) string {
	var hosts []string
	ports := map[string][]string{}
	days := -1
	for _, s := range all {
		if s.Status != "open" {
			continue
		}
		hosts = append(hosts, s.Host)
		ports[s.Host] = append(ports[s.Host], strings.TrimSpace(strconv.Itoa(s.Port)+" "+tls(s.TLS)))
		if c := s.Certificate; c != nil {
			if left := int(c.NotAfter.Sub(now).Hours() / 24); days < 0 || left < days {
				days = max(0, left)
			}
		}
	}
	var l []string
	for _, h := range distinct(hosts) {
		l = append(l, h+": "+strings.Join(ports[h], ", "))
	}
	s := strings.Join(l, "; ")
	if days >= 0 {
		s += ", certificate good for " + count(days, "day")
	}
	return s
}

func tls(mode string) string {
	switch mode {
	case "starttls":
		return "STARTTLS"
	case "implicit":
		return "TLS"
	case "none":
		return "without TLS"
	}
	return ""
}
