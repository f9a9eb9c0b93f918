package report

import (
	"fmt"
	"strings"

	"mailaudit/internal/audit"
)

// ourSide writes on one line what is wrong where the audit looked from.
func (p *page) ourSide(v audit.Vantage) {
	if s := ourSide(v); s != "" {
		p.hanging(0, s)
	}
}

// ourSide says what is wrong where the audit looked from, "" if nothing is.
func ourSide(v audit.Vantage) string {
	var l []string
	if v.Honest == "fail" {
		l = append(l, "the resolver makes up addresses for names that do not exist ("+some(v.Rewrites, 2)+"): name another by --resolver")
	}
	if v.Honest != "unknown" && v.TCP == "unknown" && v.Cause != "" {
		l = append(l, "the resolver does not answer over TCP: "+v.Cause)
	}
	for _, e := range v.Egress {
		if strings.HasSuffix(e.Status, "blocked") {
			l = append(l, fmt.Sprintf("port %d is %s on the way out: %s", e.Port, e.Status, e.Cause))
		}
	}
	return after("our side: ", strings.Join(l, "; "), true)
}

// vantage shows from where the audit looked, where anybody was asked.
func (p *page) vantage(v audit.Vantage) error {
	told := func(s string) bool { return s == "pass" || s == "fail" }
	if !told(v.Honest) && !told(v.TCP) && !told(v.Validates) && v.Cause == "" && len(v.Egress) == 0 {
		return nil
	}
	words := map[string]map[string]string{
		"honest":    {"pass": "honest", "fail": "makes up addresses", "unknown": "honesty not known"},
		"tcp":       {"pass": "answers over TCP", "unknown": "TCP not known"},
		"validates": {"pass": "validates DNSSEC", "fail": "does not validate DNSSEC", "unknown": "validation not known"},
	}
	trust := ""
	if v.TrustAD {
		trust = "believed about DNSSEC (--trust-ad)"
	}
	p.blank()
	p.prose(0, "OUR SIDE, resolver: "+list(words["honest"][v.Honest], words["tcp"][v.TCP], words["validates"][v.Validates], trust, v.Cause))
	t := table{head: []string{"PORT OUT", "STATUS", "WHAT"}, right: -1, word: -1}
	for _, e := range v.Egress {
		t.rows = append(t.rows, []string{fmt.Sprint(e.Port), e.Status, e.Cause})
	}
	if len(t.rows) == 0 {
		return nil
	}
	return p.table(t)
}

func serverTable(l []audit.NameServer) table {
	t := table{head: []string{"NAME SERVER", "SERIAL", "WHAT"}, right: -1, word: -1}
	for _, s := range l {
		t.rows = append(t.rows, []string{s.Host, fmt.Sprint(s.Serial), list(s.Address, "UDP "+s.UDP, "TCP "+s.TCP, s.Cause)})
	}
	return t
}

// serversTitle is "" where no server was asked itself.
func serversTitle(l []audit.NameServer) string {
	if len(l) == 0 {
		return ""
	}
	return "NAME SERVERS, asked themselves"
}

func dnssecTitle(d audit.DNSSEC) string {
	if d.Status == "unknown" && len(d.DS) == 0 && d.Apex == "" && d.Cause == "not looked for" {
		return ""
	}
	var algorithms []string
	for _, x := range d.DS {
		algorithms = append(algorithms, fmt.Sprintf("DS %d algorithm %d digest %d", x.Tag, x.Algorithm, x.Digest))
	}
	return list("DNSSEC, "+d.Status, d.Apex, some(algorithms, 3), after("validated: ", d.Validated, d.Validated != "unknown"), d.Cause)
}
