package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mailaudit/internal/audit"
)

// evidence shows what the findings rest on, each answer a line.
func (p *page) evidence(r *audit.Report) error {
	e := r.Evidence
	judged := areas(r.Findings)
	for _, s := range []struct {
		area, title string
		table       table
	}{
		{"ptr", "ADDRESSES, " + count(len(e.Sources), "source"), sourceTable(e.Sources)},
		{"mx", "MX, " + e.MX.Status, mxTable(e.MX.Hosts)},
		{"spf", spfTitle(e.SPF), spfTable(e.SPF.Results)},
		{"dkim", "DKIM, beneath _domainkey: " + e.DKIM.Subtree, keyTable(e.DKIM.Keys)},
		{"dmarc", dmarcTitle(e.DMARC), alignmentTable(e.Alignment)},
		{"dnsbl", "BLOCKLISTS, " + count(len(e.DNSBL), "answer"), listingTable(e.DNSBL)},
		{"submission", "SUBMISSION, " + count(len(e.Submission), "service"), serviceTable(e.Submission)},
	} {
		if !slices.Contains(judged, s.area) {
			continue
		}
		p.blank()
		p.prose(0, s.title)
		if len(s.table.rows) == 0 {
			continue
		}
		if err := p.table(s.table.compact()); err != nil {
			return err
		}
	}
	return nil
}

func sourceTable(l []audit.Source) table {
	t := table{head: []string{"ADDRESS", "CONFIRMED", "STREAM", "ORIGIN", "HELO", "PTR"}, right: -1, word: 1}
	for _, s := range l {
		origin := s.Origin
		if !s.Declared {
			origin += ", a candidate"
		}
		t.rows = append(t.rows, []string{s.IP, s.FCrDNS, s.Stream, origin, s.HELO, strings.Join(s.PTR, ", ")})
	}
	return t
}

func mxTable(l []audit.MXHost) table {
	t := table{head: []string{"PREFERENCE", "HOST", "ADDRESSES"}, right: 0, word: -1}
	for _, h := range l {
		t.rows = append(t.rows, []string{strconv.Itoa(h.Preference), h.Host, strings.Join(h.Addresses, ", ")})
	}
	return t
}

func spfTitle(s audit.SPF) string {
	if s.Status != "found" {
		return "SPF, " + s.Status
	}
	return fmt.Sprintf("SPF, %d of 10 lookups, %d of 2 void", s.Lookups, s.VoidLookups)
}

func spfTable(l []audit.SPFResult) table {
	t := table{head: []string{"ADDRESS", "RESULT", "STREAM", "IDENTITY", "DOMAIN", "BY"}, right: -1, word: 1}
	for _, s := range l {
		t.rows = append(t.rows, []string{s.IP, s.Result, s.Stream, s.Identity, s.Domain, s.Matched})
	}
	return t
}

func keyTable(l []audit.Key) table {
	t := table{head: []string{"SELECTOR", "KEY", "TYPE", "ORIGIN", "NAME"}, right: -1, word: 1}
	for _, k := range l {
		t.rows = append(t.rows, []string{k.Selector, k.Status, strength(k), k.Origin, k.Name})
	}
	return t
}

func dmarcTitle(d audit.DMARC) string {
	if s := policy(d); s != "" {
		return "DMARC, " + s
	}
	return "DMARC, " + d.Status
}

func alignmentTable(l []audit.Alignment) table {
	t := table{head: []string{"STREAM", "DMARC", "SPF", "DKIM"}, right: -1, word: 1}
	for _, a := range l {
		t.rows = append(t.rows, []string{a.Stream, a.DMARC, a.SPF, a.DKIM})
	}
	return t
}

func listingTable(l []audit.Listing) table {
	t := table{head: []string{"LIST", "RESULT", "TARGET", "CODES", "BECAUSE"}, right: -1, word: 1}
	for _, d := range l {
		var why []string
		for _, s := range []string{d.Meaning, d.Reason, d.Cause} {
			if s != "" {
				why = append(why, s)
			}
		}
		t.rows = append(t.rows, []string{d.Zone, d.Status, d.Target, strings.Join(d.Codes, ", "), strings.Join(why, "; ")})
	}
	return t
}

func serviceTable(l []audit.Service) table {
	t := table{head: []string{"SERVICE", "RESULT", "TLS", "AUTH", "CERTIFICATE", "BANNER", "BECAUSE"}, right: -1, word: 1}
	for _, s := range l {
		auth := strings.Join(s.Auth, " ")
		if s.AuthBeforeTLS {
			auth += " before TLS"
		}
		cert := ""
		if c := s.Certificate; c != nil {
			cert = "until " + c.NotAfter.UTC().Format("2006-01-02") + ", " + some(c.Names, 3)
			if !c.Trusted {
				cert += ", not trusted"
			}
		}
		t.rows = append(t.rows, []string{fmt.Sprintf("%s:%d", s.Host, s.Port), s.Status,
			strings.TrimSpace(tls(s.TLS) + " " + s.Version), auth, cert, s.Banner, s.Cause})
	}
	return t
}
