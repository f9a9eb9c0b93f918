package replies

import (
	"regexp"
	"strings"
)

// Lines of the logs of mail servers.
var (
	postfixLine   = regexp.MustCompile(`\bpostfix(?:[-/][a-z0-9/_-]+)*\[\d+\]: `)
	postfixStatus = regexp.MustCompile(`\bto=<([^>]*)>.*\bdsn=([245]\.\d+\.\d+), status=([a-z]+) \((.*)\)\s*$`)
	postfixReject = regexp.MustCompile(`: (?:milter-)?reject(?:_warning)?: \S+ from (\S+)\[([0-9a-fA-F.:]+)\](?::\d+)?: (.*?)(?:; from=<(.*?)>.*)?$`)
	eximLine      = regexp.MustCompile(`^(?:.{0,40} exim(?:\[\d+\])?: )?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)?(?: [+-]\d{4})? (?:\[\d+\] )?(.*)$`)
	eximFailure   = regexp.MustCompile(`^[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} (\*\*|==) (\S+)(.*)$`)
	eximOther     = regexp.MustCompile(`^(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} |Start queue run|End queue run|SMTP connection|no host name found|exim |H=)`)
	eximSaid      = regexp.MustCompile(` (?:T=\S+|R=\S+|H=\S+ \[\S+\]|DT=\S+|X=\S+|CV=\S+|defer \([^)]*\)|<\S*>|F=<\S*>|P=<\S*>)+:? ?`)
	sendmailLine  = regexp.MustCompile(`\b(?:sendmail|sm-mta|sm-msp-queue)\[\d+\]: `)
	sendmailStat  = regexp.MustCompile(`\bto=<?([^,>]*)>?.*\bstat=(.*)$`)
	sendmailDSN   = regexp.MustCompile(`\bdsn=([245]\.\d+\.\d+)`)
	exchangeTalk  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT[0-9:.]+Z,(?:[^,]*,){5}([<>+*-]),(.*)$`)
	exchangeTrack = regexp.MustCompile(`^\d{4}-\d\d-\d\dT[0-9:.]+Z,.*\{LED=(.*?)\};`)
	syslogTime    = regexp.MustCompile(`^(?:<\d+>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*)`)
)

// fromLog reads one line of a log. is says whether it is one; failed, whether it tells of a failure, in r.
func fromLog(line string) (r Reply, is, failed bool) {
	if m := syslogTime.FindStringSubmatch(line); m != nil {
		r.When = m[1]
	}
	switch {
	case postfixLine.MatchString(line):
		if m := postfixStatus.FindStringSubmatch(line); m != nil {
			if m[3] != "bounced" && m[3] != "deferred" && m[3] != "expired" && m[3] != "undeliverable" {
				return r, true, false
			}
			r.Recipient, r.Status = m[1], m[2]
			r.Outcome = map[string]string{"deferred": "delayed"}[m[3]]
			if h := hostForms[1].FindStringSubmatch(line); h != nil {
				r.Host, r.HostIP = hostName(h[1]), h[2]
			}
			r.fill(m[4])
			return r, true, true
		}
		// What this server refused of others is a reply, too: its client's address is the sending one.
		if m := postfixReject.FindStringSubmatch(line); m != nil {
			r.IP = m[2]
			r.Sender = hostName(m[4][strings.LastIndexByte(m[4], '@')+1:])
			if _, to, named := strings.Cut(line, " to=<"); named {
				r.Recipient = recipientIn("<" + to)
			}
			r.fill(m[3])
			return r, true, true
		}
		return r, true, false
	case sendmailLine.MatchString(line):
		m := sendmailStat.FindStringSubmatch(line)
		if m == nil || strings.HasPrefix(m[2], "Sent") || strings.HasPrefix(m[2], "queued") || strings.HasPrefix(m[2], "Sender notif") {
			return r, true, false
		}
		r.Recipient = recipientIn(m[1])
		if d := sendmailDSN.FindStringSubmatch(line); d != nil {
			r.Status = d[1]
		}
		if h := hostForms[1].FindStringSubmatch(line); h != nil {
			r.Host, r.HostIP = hostName(h[1]), h[2]
		}
		if strings.HasPrefix(m[2], "Deferred") {
			r.Outcome = "delayed"
		}
		r.fill(m[2])
		return r, true, true
	case exchangeTalk.MatchString(line):
		m := exchangeTalk.FindStringSubmatch(line)
		said := strings.Trim(m[2], `",`)
		if m[1] != "<" || len(said) < 3 || said[0] != '4' && said[0] != '5' {
			return r, true, false
		}
		r.fill(said)
		return r, true, r.Code > 0
	case exchangeTrack.MatchString(line):
		r.fill(exchangeTrack.FindStringSubmatch(line)[1])
		if h := hostForms[9].FindStringSubmatch(line); h != nil {
			r.Host, r.HostIP = hostName(h[1]), h[2]
		}
		return r, true, r.Code > 0 || r.Enhanced != ""
	}
	if m := eximLine.FindStringSubmatch(line); m != nil {
		r.When = m[1]
		f := eximFailure.FindStringSubmatch(m[2])
		if f == nil {
			if i := strings.Index(m[2], " rejected "); i >= 0 && strings.Contains(m[2], "H=") {
				r.fill(m[2][i+1:])
				if at := strings.LastIndex(m[2], ": "); at > i {
					r.IP = sendingIP(m[2][:i], "")
				}
				return r, true, true
			}
			return r, eximOther.MatchString(m[2]), false
		}
		r.Recipient = f[2]
		if f[1] == "==" {
			r.Outcome = "delayed"
		}
		r.fill(strings.TrimSpace(eximSaid.ReplaceAllString(f[3], " ")))
		if h := hostForms[2].FindStringSubmatch(f[3]); h != nil {
			r.Host, r.HostIP = hostName(h[1]), h[2]
		}
		return r, true, true
	}
	return r, false, false
}
