package replies

import (
	"encoding/csv"
	"regexp"
	"strings"
)

// Lines of the logs of mail servers.
var (
	postfixLine   = regexp.MustCompile(`\bpostfix(?:[-/][a-z0-9/_-]+)*\[\d+\]: `)
	postfixStatus = regexp.MustCompile(`\bto=<([^>]*)>.*\bdsn=([245]\.\d+\.\d+), status=([a-z]+) \((.*)\)\s*$`)
	postfixReject = regexp.MustCompile(`: (?:milter-)?reject(?:_warning)?: \S+ from (\S*)\[([0-9a-fA-F.:]+)\](?::\d+)?: (.*?)(?:; from=<(.*?)>.*)?$`)
	postfixOld    = regexp.MustCompile(`: from=<([^>]*)>, (status=(?:force-)?expired, returned to sender)`) // names no recipient
	eximLine      = regexp.MustCompile(`^(?:.{0,40} exim(?:\[\d+\])?: )?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)?(?: [+-]\d{4})? (?:\[\d+\] )?(.*)$`)
	eximFailure   = regexp.MustCompile(`^[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} (\*\*|==) (\S+)(.*)$`)
	eximOther     = regexp.MustCompile(`^(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} |Start queue run|End queue run|SMTP connection|no host name found|exim |H=)`)
	eximSaid      = regexp.MustCompile(`(?: (?:[A-Z]{1,3}=(?:"[^"]*"|<\S*>|\(\S*\) |[^\s\[]\S*)?(?: ?\[[0-9a-fA-F.:]+\](?::\d+)?)?|defer \([^)]*\)|<\S*>)(?::(?: |$))?)+`)
	eximOwn       = regexp.MustCompile(` I=\[([0-9a-fA-F.:]+)\]`)
	eximSender    = regexp.MustCompile(` F=<([^>]*)>`)
	sendmailLine  = regexp.MustCompile(`\b(?:sendmail|sm-(?:mta|msp|que|client)[a-z-]*)(?:-[a-z0-9]+)?\[\d+\]: `)
	sendmailSaid  = regexp.MustCompile(`\breply=(.*), stat=`)
	sendmailTurn  = regexp.MustCompile(`\bruleset=\S+, (?:arg1=<?([^,>]*)>?, )?.*\brelay=[^,]*\[([0-9a-fA-F.:]+)\][^,]*, reject=(.*)$`)
	sendmailStat  = regexp.MustCompile(`\bto=<?([^,>]*)>?.*\bstat=(.*)$`)
	sendmailDSN   = regexp.MustCompile(`\bdsn=([245]\.\d+\.\d+)`)
	exchangeTalk  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT[0-9:.]+Z,(?:[^,]*,){5}([<>+*-]),(.*)$`)
	exchangeTrack = regexp.MustCompile(`^\d{4}-\d\d-\d\dT[0-9:.]+Z,(?:(?:"[^"]*"|[^,]*),){7}[A-Z]+,`)
	opensmtpdLine = regexp.MustCompile(`\bsmtpd\[\d+\]: [0-9a-f]{16} (?:smtp|mta|mda) (.*)$`)
	opensmtpdStat = regexp.MustCompile(`^(?:event=)?delivery .*\bto=<([^>]*)> .*\bsource="?([^" ]*)"? relay="([^" ]*)(?: \(([^)"]*)\))?".*\bresult="(?:(Perm)|Temp)Fail" stat="(.*?)"?$`)
	qmailLine     = regexp.MustCompile(`(?:^|[ @])(?:[0-9a-f]{24}|\d{9,10}\.\d{1,9}) (?:(?:new|info|end|bounce|double bounce|triple bounce:?|starting delivery \d+:) msg |delivery \d+: (success|failure|deferral): (.*)|status: (?:local|exiting))`)
	qmailParts    = regexp.MustCompile(`/(Remote_host_said:|Giving_up_on_|Connected_to_|I'm_not_going_to_|STARTTLS_|$)`)
	powermtaLine  = regexp.MustCompile(`^(?:d|b|t|tq|r|rb|rs),(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d{9,10},)`)
	lastError     = regexp.MustCompile(`\{LED=(.*?)\}(?:;|\]|$)`)
	bracketed     = regexp.MustCompile(`<([^<>@\s]+@[^<>@\s]+)>`)
	loneAddress   = regexp.MustCompile(`^[^<>@\s;]+@[^<>@\s;]+`)
	syslogTime    = regexp.MustCompile(`^(?:<\d+>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)`)
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
			r.Sender = domainOf(m[4])
			if _, to, named := strings.Cut(line, " to=<"); named {
				r.Recipient = recipientIn("<" + to)
			}
			r.fill(m[3])
			return r, true, true
		}
		if m := postfixOld.FindStringSubmatch(line); m != nil {
			r.Sender, r.Outcome = domainOf(m[1]), "failed"
			r.fill(m[2])
			return r, true, true
		}
		return r, true, false
	case sendmailLine.MatchString(line):
		if m := sendmailTurn.FindStringSubmatch(line); m != nil {
			r.IP = m[2]
			if strings.Contains(line, "ruleset=check_rcpt") {
				r.Recipient = recipientIn(m[1])
			} else if strings.Contains(line, "ruleset=check_mail") {
				r.Sender = domainOf(m[1])
			}
			r.fill(m[3])
			return r, true, true
		}
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
		if said := sendmailSaid.FindStringSubmatch(line); said != nil { // what stat= makes of it says less
			r.More = []string{oneLine(m[2])}
			m[2] = said[1]
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
		return fromTracking(r, line)
	case opensmtpdLine.MatchString(line):
		m := opensmtpdStat.FindStringSubmatch(opensmtpdLine.FindStringSubmatch(line)[1])
		if m == nil {
			return r, true, false
		}
		r.Recipient, r.IP, r.HostIP, r.Host = recipientIn(m[1]), sendingIP(m[2], ""), m[3], hostName(m[4])
		r.Outcome = "delayed"
		if m[5] != "" {
			r.Outcome = "failed"
		}
		r.fill(m[6])
		return r, true, true
	case powermtaLine.MatchString(line):
		return fromAccounting(r, line)
	}
	if m := qmailLine.FindStringSubmatch(line); m != nil {
		if m[1] != "failure" && m[1] != "deferral" {
			return r, true, false
		}
		r.Outcome = map[string]string{"failure": "failed", "deferral": "delayed"}[m[1]]
		r.fill(strings.ReplaceAll(qmailParts.ReplaceAllString(m[2], " $1"), "_", " "))
		// Its underscores are spaces, and those of an address, too: only brackets tell where it begins.
		r.Recipient = ""
		if to := bracketed.FindStringSubmatch(m[2]); to != nil && !mailboxIn.MatchString(to[1]) {
			r.Recipient = to[1]
		}
		return r, true, true
	}
	if m := eximLine.FindStringSubmatch(line); m != nil {
		r.When = m[1]
		f := eximFailure.FindStringSubmatch(m[2])
		if f == nil {
			if i := strings.Index(m[2], " rejected "); i >= 0 && strings.Contains(m[2], "H=") {
				r.IP = sendingIP(m[2][:i], "")
				if from := eximSender.FindStringSubmatch(m[2][:i]); from != nil {
					r.Sender = domainOf(from[1])
				}
				r.Outcome = "failed"
				if strings.HasSuffix(m[2][:i], " temporarily") {
					r.Outcome = "delayed"
				}
				r.fill(m[2][i+1:])
				return r, true, true
			}
			return r, eximOther.MatchString(m[2]), false
		}
		// A pipe or a file stands before the address that led there.
		r.Recipient, r.Outcome = recipientIn(f[2]+f[3]), "failed"
		if f[1] == "==" {
			r.Outcome = "delayed"
		}
		if own := eximOwn.FindStringSubmatch(f[3]); own != nil {
			r.IP = own[1]
		}
		r.fill(strings.TrimSpace(eximSaid.ReplaceAllString(f[3], " ")))
		if h := hostForms[2].FindStringSubmatch(f[3]); h != nil {
			r.Host, r.HostIP = hostName(h[1]), h[2]
		}
		return r, true, true
	}
	return r, false, false
}

// domainOf is the domain of an address, "" of an empty one.
func domainOf(address string) string {
	return hostName(address[strings.LastIndexByte(address, '@')+1:])
}

// fromTracking reads a line of Exchange's message tracking: the event stands ninth, the recipient behind the message's own names, whose
// number differs between releases, and what the other side said behind that.
func fromTracking(r Reply, line string) (_ Reply, is, failed bool) {
	in := csv.NewReader(strings.NewReader(line))
	in.LazyQuotes, in.FieldsPerRecord = true, -1
	f, err := in.Read()
	if err != nil || len(f) < 13 || f[8] != "FAIL" && f[8] != "DEFER" {
		return r, true, false
	}
	r.Outcome = map[string]string{"FAIL": "failed", "DEFER": "delayed"}[f[8]]
	said := f[5]
	for i := 10; i+1 < len(f) && i < 14; i++ {
		if to := loneAddress.FindString(f[i]); to != "" {
			r.Recipient = to
			if f[i+1] != "" {
				said = f[i+1]
			}
			for _, v := range f[i+2:] {
				if from := loneAddress.FindString(v); from == v && from != "" {
					r.Sender = domainOf(from)
					break
				}
			}
			break
		}
	}
	if h := hostForms[9].FindStringSubmatch(said); h != nil {
		r.Host, r.HostIP = hostName(h[1]), h[2]
	}
	if m := lastError.FindStringSubmatch(said); m != nil {
		said = m[1]
	}
	r.fill(said)
	return r, true, r.Text != ""
}

// fromAccounting reads a record of PowerMTA's accounting file, of which b, t and tq tell of failures. Its columns can be chosen; the
// recipient stands behind the originator, and what was said begins with the type of RFC 3464 2.3.6.
func fromAccounting(r Reply, line string) (_ Reply, is, failed bool) {
	in := csv.NewReader(strings.NewReader(line))
	in.LazyQuotes, in.FieldsPerRecord = true, -1
	f, err := in.Read()
	if err != nil || f[0] != "b" && f[0] != "rb" && f[0] != "t" && f[0] != "tq" {
		return r, true, false
	}
	r.When, r.Outcome = f[1], "failed"
	if f[0][0] == 't' {
		r.Outcome = "delayed"
	}
	said, status := "", ""
	for i, v := range f {
		if to := loneAddress.FindString(v); i > 0 && to == v && to != "" && r.Recipient == "" && loneAddress.FindString(f[i-1]) == f[i-1] && f[i-1] != "" {
			r.Recipient, r.Sender = to, domainOf(f[i-1])
		}
		switch m := statusComment.FindString(v); {
		case strings.HasPrefix(v, "smtp;"):
			said = v
		case m != "" && m == v:
			status = v
		}
	}
	if said == "" {
		said = status
	}
	to := r.Recipient
	r.fill(untyped(said))
	if r.Recipient = to; status != "" {
		r.Status, _, _ = strings.Cut(status, " ")
	}
	return r, true, r.Text != ""
}
