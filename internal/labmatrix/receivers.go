//go:build lab

package labmatrix

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"mailaudit/internal/netlab"
)

// recipient is a mailbox that every receiver has.
const recipient = "user@rx.example"

// receiver is one set-up of mail software on an address of its own. internal/receivers has its book by the name: Lab there
// says which receiver of the contract it is, and with what policy.
type receiver struct {
	Setup string
	Addr  string
	On    software
	// Options are what differs: of Postfix parameters of main.cf, of Exim statements of the ACLs (RCPT, then DKIM), of OpenSMTPD
	// filters.
	Options []string
}

type software string

const (
	postfix    software = "postfix"
	postscreen software = "postscreen" // a Postfix whose port 25 postscreen answers: there may be one
	exim       software = "exim"
	opensmtpd  software = "opensmtpd" // there may be one
)

// What several set-ups of Postfix share.
const (
	helo      = "reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname, reject_unknown_helo_hostname"
	senderDom = "reject_non_fqdn_sender, reject_unknown_sender_domain, " +
		"check_sender_mx_access cidr:{ {127.0.0.0/8 550 5.7.1 sender MX is in a loopback network}, {10.0.0.0/8 550 5.7.1 sender MX is in a private network} }"
	lists = "reject_rbl_client zen.spamhaus.org=127.0.0.[2..11], reject_rbl_client bl.spamcop.net, " +
		"reject_rhsbl_sender dbl.spamhaus.org=127.0.1.[2..99], reject_rhsbl_helo dbl.spamhaus.org=127.0.1.[2..99]"
	spfPolicy = "check_policy_service unix:private/policyd-spf"

	openDKIM  = "inet:127.0.0.1:8891"
	openDKIMR = "inet:127.0.0.1:8892" // refuses
	openDMARC = "inet:127.0.0.1:8893"
	rspamd    = "inet:127.0.0.1:11332"
)

func restricts(l ...string) string {
	return "smtpd_recipient_restrictions=" + strings.Join(l, ", ")
}

// receiverTable is the table. A row is a receiver.
var receiverTable = []receiver{
	{"pf-fcrdns", "203.0.113.11", postfix, []string{restricts("reject_unknown_client_hostname")}},
	{"pf-rptr", "203.0.113.12", postfix, []string{restricts("reject_unknown_reverse_client_hostname")}},
	{"pf-helo", "203.0.113.13", postfix, []string{restricts(helo)}},
	{"pf-senderdom", "203.0.113.14", postfix, []string{restricts(senderDom)}},
	{"pf-rbl", "203.0.113.15", postfix, []string{restricts(lists)}},
	{"pf-callout", "203.0.113.16", postfix, []string{restricts("reject_unknown_sender_domain", "reject_unverified_sender")}},
	{"pf-spfpy", "203.0.113.17", postfix, []string{restricts(spfPolicy)}},
	{"pf-spfpystrict", "203.0.113.18", postfix, []string{restricts(spfPolicy + "-strict")}},
	{"pf-spfperl", "203.0.113.19", postfix, []string{restricts(spfPolicy + "-perl")}},
	{"pf-dmarc", "203.0.113.20", postfix, []string{"smtpd_milters=" + openDKIM + ", " + openDMARC}},
	{"pf-dkimrej", "203.0.113.21", postfix, []string{"smtpd_milters=" + openDKIMR}},
	{"pf-postscreen", "203.0.113.22", postscreen, nil},
	{"pf-rspamd", "203.0.113.23", postfix, []string{"smtpd_milters=" + rspamd}},
	{"pf-strict550", "203.0.113.24", postfix, []string{
		restricts("reject_unknown_client_hostname", helo, senderDom, lists, spfPolicy, "reject_unverified_sender"),
		"smtpd_milters=" + openDKIM + ", " + openDMARC, "unknown_client_reject_code=550", "unknown_hostname_reject_code=550",
		"unknown_address_reject_code=550", "unverified_sender_reject_code=550"}},
	{"exim-spf", "203.0.113.31", exim, []string{`  deny spf = fail
       message = SPF: $sender_host_address is not allowed to send mail from ${if def:sender_address_domain {$sender_address_domain}{$sender_helo_name}}.
  deny spf = permerror
       message = SPF: permerror for $sender_address_domain
  defer spf = temperror
       message = SPF: temperror for $sender_address_domain`}},
	{"exim-callout", "203.0.113.32", exim, []string{`  accept verify = sender/callout=10s,no_cache
  deny message = Sender verify failed`}},
	{"exim-conn", "203.0.113.33", exim, []string{`  deny !verify = reverse_host_lookup
       message = Reverse DNS lookup failed for host $sender_host_address
  deny dnslists = zen.spamhaus.org : dbl.spamhaus.org/$sender_address_domain
       message = $sender_host_address is listed at $dnslist_domain ($dnslist_value: $dnslist_text)
  deny !verify = helo
       message = HELO $sender_helo_name does not match $sender_host_address
  deny !verify = sender
       message = Sender verify failed`}},
	{"exim-dkim", "203.0.113.34", exim, []string{"", `  deny dkim_status = fail : invalid
       message = DKIM: $dkim_verify_status for $dkim_cur_signer ($dkim_verify_reason)`}},
	{"osmtpd-fcrdns", "203.0.113.41", opensmtpd, []string{
		`"rdns" phase connect match !rdns disconnect "550 5.7.25 no reverse DNS"`,
		`"fcrdns" phase connect match !fcrdns disconnect "550 5.7.25 reverse DNS does not match"`}},
}

// Option is a parameter as master.cf takes it.
func (receiver) Option(s string) string {
	name, value, _ := strings.Cut(s, "=")
	return fmt.Sprintf("-o { %s = %s }", name, value)
}

// ACL is a name in Exim's configuration.
func (r receiver) ACL() string { return strings.ReplaceAll(r.Addr, ".", "_") }

// Statements are those of one of Exim's ACLs.
func (r receiver) Statements(i int) string {
	if i < len(r.Options) {
		return r.Options[i]
	}
	return ""
}

// Filter is the name of a filter of OpenSMTPD.
func (receiver) Filter(option string) string { return strings.Fields(option)[0] }

// Unpacked is where lab/install puts the packages that cannot be installed beside Postfix.
const Unpacked = "/var/cache/mailaudit-lab"

// configureReceivers writes what the receivers' software reads.
func (m *Matrix) configureReceivers(ctx context.Context) error {
	data := struct {
		Dir, Unpacked, Resolver string
		On                      map[string][]receiver
		Without                 []string // modules of Rspamd that learn, or ask somebody who is not here
	}{m.Dir, Unpacked, netlab.AuditorEnd, map[string][]receiver{},
		[]string{"fuzzy_check", "greylist", "neural", "phishing", "rspamd_update", "asn", "bimi", "ratelimit"}}
	for _, r := range receiverTable {
		data.On[string(r.On)] = append(data.On[string(r.On)], r)
	}
	for file, from := range map[string]string{
		"postfix/main.cf": "main.cf.tmpl", "postfix/master.cf": "master.cf.tmpl",
		"policyd-spf.conf": "policyd-spf.conf.tmpl", "policyd-spf-strict.conf": "policyd-spf-strict.conf.tmpl",
		"opendkim.conf": "opendkim.conf.tmpl", "opendkim-reject.conf": "opendkim-reject.conf.tmpl", "opendmarc.conf": "opendmarc.conf.tmpl",
		"exim.conf": "exim.conf.tmpl", "smtpd.conf": "smtpd.conf.tmpl", "opensmtpd.sh": "opensmtpd.sh.tmpl",
	} {
		if err := m.Configure(file, from, data); err != nil {
			return err
		}
	}
	// One template has all of Rspamd's files: the name of each, then its text.
	var b strings.Builder
	if err := m.Templates.ExecuteTemplate(&b, "rspamd.tmpl", data); err != nil {
		return err
	}
	for _, part := range strings.Split(b.String(), "=== ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		if err := m.Write("rspamd/local.d/"+name, []byte(text)); err != nil {
			return err
		}
	}
	// OpenSMTPD reads no configuration that others may read.
	if err := os.Chmod(m.Path("smtpd.conf"), 0o600); err != nil {
		return err
	}
	for dir, owner := range map[string]string{"spool": "root", "data": "postfix", "exim-spool": "Debian-exim", "exim-log": "Debian-exim",
		"rspamd/run": "_rspamd", "rspamd/db": "_rspamd", "opendkim": "opendkim", "opendmarc": "opendmarc"} {
		if err := os.MkdirAll(m.Path(dir), 0o755); err != nil {
			return err
		}
		if err := netlab.Give(m.Path(dir), owner); err != nil {
			return err
		}
	}
	return netlab.Run(exec.CommandContext(ctx, "postfix", "-c", m.Path("postfix"), "check"))
}

// startReceivers starts all that answer mail. Each remembers answers of DNS, or of callouts.
func (m *Matrix) startReceivers() error {
	for _, d := range []struct {
		name string
		args []string
	}{
		{"opendkim", []string{"opendkim", "-f", "-x", m.Path("opendkim.conf")}},
		{"opendkim-reject", []string{"opendkim", "-f", "-x", m.Path("opendkim-reject.conf")}},
		{"opendmarc", []string{"opendmarc", "-f", "-c", m.Path("opendmarc.conf")}},
		{"rspamd", []string{"rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", "/etc/rspamd/rspamd.conf", "--var=LOCAL_CONFDIR=" + m.Path("rspamd"),
			"--var=DBDIR=" + m.Path("rspamd/db"), "--var=RUNDIR=" + m.Path("rspamd/run"), "--var=LOGDIR=" + m.Path("rspamd/run")}},
		{"exim", []string{Unpacked + "/exim/usr/sbin/exim4", "-bdf", "-C", m.Path("exim.conf")}},
		{"postfix", []string{"/usr/lib/postfix/sbin/master", "-c", m.Path("postfix"), "-d"}},
		{"opensmtpd", []string{"sh", m.Path("opensmtpd.sh")}},
	} {
		if err := m.Start(m.Auditor, d.name, nil, d.args...); err != nil {
			return err
		}
	}
	return nil
}

// remembering are the servers of which each remembers answers of DNS, or of callouts.
var remembering = []string{"opendkim", "opendkim-reject", "opendmarc", "rspamd", "exim", "postfix", "opensmtpd", "unbound"}

// places are those that answer once the receivers are up: their ports, and those of their filters.
func places() []string {
	var l []string
	for _, p := range []string{openDKIM, openDKIMR, openDMARC, rspamd} {
		l = append(l, "tcp/"+strings.TrimPrefix(p, "inet:"))
	}
	for _, r := range receiverTable {
		l = append(l, "tcp/"+r.Addr+":25")
	}
	return l
}
