//go:build lab

package labtest

import (
	"context"
	"os"
	"strings"

	"mailaudit/internal/netlab"
)

// Where the filters answer in the auditor's namespace.
const (
	spamd  = "127.0.0.1:783"
	rspamd = "127.0.0.1:11333"
)

// filters starts SpamAssassin's spamd and Rspamd with the rules of their packages, which ask nobody and learn nothing. Who needs
// them waits for them.
func (l *Lab) filters(context.Context) error {
	var b strings.Builder
	if err := l.Templates.ExecuteTemplate(&b, "filters.tmpl", struct {
		Dir, Rspamd string
		Without     []string // modules that learn, or ask somebody
	}{l.Dir, rspamd, []string{"arc", "asn", "bimi", "dkim", "dmarc", "fuzzy_check", "greylist", "mx_check", "neural", "phishing", "ratelimit", "rbl", "rspamd_update", "spf"}}); err != nil {
		return err
	}
	for _, part := range strings.Split(b.String(), "=== ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		if err := l.Write("rspamd/local.d/"+name, []byte(text)); err != nil {
			return err
		}
	}
	// Of the whole list of public suffixes it makes an automaton for seconds.
	if err := l.Write("rspamd/tld", []byte("com\nexample\n")); err != nil {
		return err
	}
	for _, dir := range []string{"rspamd/run", "rspamd/db"} {
		if err := os.MkdirAll(l.Path(dir), 0o755); err != nil {
			return err
		}
		if err := netlab.Give(l.Path(dir), "_rspamd"); err != nil {
			return err
		}
	}
	host, port, _ := strings.Cut(spamd, ":")
	if err := l.Start(l.Auditor, "spamd", nil, "spamd", "-L", "-x", "-m", "1", "-i", host, "-p", port, "-u", "nobody", "--syslog", "stderr", "--cf", "use_bayes 0"); err != nil {
		return err
	}
	return l.Start(l.Auditor, "rspamd", nil, "rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", "/etc/rspamd/rspamd.conf", "--var=LOCAL_CONFDIR="+l.Path("rspamd"),
		"--var=DBDIR="+l.Path("rspamd/db"), "--var=RUNDIR="+l.Path("rspamd/run"), "--var=LOGDIR="+l.Path("rspamd/run"))
}
