package cli

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mailaudit/internal/eml"
	"mailaudit/internal/engine"
	"mailaudit/internal/gather"
	"mailaudit/internal/names"
	"mailaudit/internal/report"
)

// noDomain stands for the author domain of a message that has none: no such name exists (RFC 6761 6.4).
const noDomain = "invalid"

// preflightOptions are the flags of message.
type preflightOptions struct {
	checkOptions
	spamd, rspamd string
}

func newMessage(w World) *cobra.Command {
	o := &preflightOptions{}
	cmd := &cobra.Command{
		Use: "message FILE", Short: "look at a message before it is sent", Args: one("file", "mailaudit message newsletter.eml"),
		Long: "message reads a message from a FILE (.eml) or from - for standard input, and says what\n" +
			"receivers find wrong with it: its header, its lines, its signatures. With --ip and\n" +
			"--mail-from it tells what they would answer to it.",
		Example: "  mailaudit message newsletter.eml --ip 192.0.2.25 --mail-from bounces.example.com",
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd, w, args[0]) },
	}
	cmd.Flags().StringVar(&o.spamd, "spamd", "", "ask SpamAssassin's spamd at this `ADDRESS`, HOST[:783], for its score")
	cmd.Flags().StringVar(&o.rspamd, "rspamd", "", "ask Rspamd at this `ADDRESS`, HOST[:11333], for its score")
	o.register(cmd, "table", report.Formats)
	keepsNone(cmd)
	for _, f := range []string{"message", "domains"} { // the argument is the message, and of one domain
		_ = cmd.Flags().MarkHidden(f) // it fails for a flag that there is not
	}
	return cmd
}

func (o *preflightOptions) run(cmd *cobra.Command, w World, file string) (failed error) {
	domainsTyped := cmd.Flags().Changed("domains")
	if o.message != "" {
		return usagef("message takes one file, and no --message")
	}
	streams, err := settle(w, cmd)
	if err != nil {
		return err
	}
	if domainsTyped {
		return usagef("message takes one file, and no --domains")
	}
	o.domains = "" // of check
	if !cmd.Flags().Changed("only") {
		o.only = []string{"message"}
	}
	engines, err := o.engines()
	if err != nil {
		return err
	}
	m, err := readAnyMessage(cmd.Context(), w, file)
	if err != nil {
		return err
	}
	domain := cmp.Or(authorOf(m), domainIn(o.mailFrom), noDomain)
	o.sample = &sample{gather.Sample{Stream: defaultStream, From: domain, Message: m}, file}
	job, err := o.job(w, streams, cmd, report.Formats)
	if err != nil {
		return err
	}
	job.target.Engines = engines
	job.target.Preflight, job.options.Foretell = true, domain != noDomain
	if !o.offline && o.replay == "" {
		job.env.Score = gather.Scored(w.Dial)
	}
	defer job.end(&failed)
	return job.several(cmd.Context(), w, []string{domain})
}

// engines are the filters that were named.
func (o *preflightOptions) engines() ([]engine.Engine, error) {
	var l []engine.Engine
	for _, e := range []struct{ kind, addr, port string }{{engine.Spamd, o.spamd, "783"}, {engine.Rspamd, o.rspamd, "11333"}} {
		if e.addr == "" {
			continue
		}
		host, port, err := net.SplitHostPort(e.addr)
		if err != nil {
			host, port = strings.Trim(e.addr, "[]"), e.port
		}
		n, bad := strconv.ParseUint(port, 10, 16)
		if err := hostOrAddress(&host); err != nil || host == "" || bad != nil || n == 0 {
			return nil, usageError{fmt.Sprintf("--%s %q: not of the form HOST[:PORT]", e.kind, e.addr), fmt.Sprintf("--%s 127.0.0.1:%s", e.kind, e.port)}
		}
		l = append(l, engine.Engine{Kind: e.kind, Addr: net.JoinHostPort(host, port)})
	}
	return l, nil
}

// readAnyMessage reads a file or standard input, whether it is a good message or not.
func readAnyMessage(ctx context.Context, w World, file string) (*eml.Message, error) {
	in := w.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fileError(file, err)
		}
		defer f.Close()
		in = f
	}
	several := false
	m, err := waitFor(ctx, w, file, func() (m *eml.Message, err error) {
		m, several, err = eml.First(in)
		return m, err
	})
	if err == nil && several {
		tell(w, file, []string{"it holds several messages, and only the first is looked at: mailaudit check --message reads them all"})
	}
	return m, err
}

// waitFor reads a file. Whoever waits for a terminal or a pipe can be interrupted.
func waitFor[T any](ctx context.Context, w World, file string, read func() (T, error)) (T, error) {
	type done struct {
		v   T
		err error
	}
	c := make(chan done, 1)
	go func() {
		v, err := read()
		c <- done{v, err}
	}()
	var none T
	select {
	case d := <-c:
		if d.err != nil {
			return none, fileError(file, d.err)
		}
		return d.v, nil
	case <-ctx.Done():
		return none, interrupted(w)
	}
}

// authorOf is the author domain, or that of the first From field that has one: a message with two is audited as that.
func authorOf(m *eml.Message) string {
	if d, err := m.From(); err == nil {
		return d
	}
	for _, v := range m.Values("From") {
		if d := domainIn(v); d != "" {
			return d
		}
	}
	return ""
}

func domainIn(s string) string {
	if d, err := names.Domain(s); err == nil {
		return d
	}
	return ""
}
