// Package dmarcreport reads DMARC aggregate reports (RFC 9990; RFC 7489 appendix C) as they lie in files: XML, gzip, zip, and
// messages that carry them (open.go), and tells who sends as a domain by them (usage.go). Reports come by mail, from whoever
// writes them to the address in rua=: every file is bounded, and what is in it is a receiver's word and no more.
package dmarcreport

import (
	"bufio"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailaudit/internal/names"
)

// Bounds on one report.
const (
	maxXML     = 64 << 20 // octets of XML
	maxRows    = 200000
	maxDepth   = 32 // elements within each other
	ofFormat   = 6  // that the format has
	maxElement = 64 // octets of an element's name that are compared
	maxText    = 1 << 10
	maxResults = 20            // DKIM or SPF results of a row that are looked at
	maxCount   = 1_000_000_000 // messages of a row
)

// Report is one aggregate report.
type Report struct {
	Reporter   string // org_name, as the reporter writes it
	ID         string
	Begin, End time.Time // zero where the report does not tell
	Domain     string    // that whose policy was applied, an A-label name
	Rows       []Row
	Left       int    // rows that are left out, because they say nothing that can be counted
	Why        string // why the first of them is
}

// Row is what one address sent with the same outcome.
type Row struct {
	IP        netip.Addr
	Count     int64  // messages
	From      string // the author domain
	MailFrom  string // the domain that SPF was evaluated for; "" where the report does not say
	HELO      bool   // that is the name in HELO
	SPF, DKIM bool   // passes, and is aligned
	Signers   []Signer
	Forwarded bool // the receiver says that it came by a forwarder or a mailing list
}

// Signer is a signature that verified.
type Signer struct{ Domain, Selector string }

// parse reads one report, and nothing behind it. The error names the line.
func parse(r *bufio.Reader) (*Report, error) {
	p := &parser{dec: xml.NewDecoder(&tags{Reader: r}), names: map[string]string{}}
	p.dec.CharsetReader = charset
	err := p.run()
	var bad *xml.SyntaxError
	switch {
	case errors.As(err, &bad):
		return nil, fmt.Errorf("line %d: no XML: %s", bad.Line, bad.Msg)
	case errors.Is(err, io.EOF) && len(p.path) == 0:
		return nil, errors.New("no aggregate report: it has no element feedback")
	case err != nil:
		line, _ := p.dec.InputPos()
		return nil, fmt.Errorf("line %d: %w", line, err)
	case p.report.Domain == "":
		return nil, errors.New("no aggregate report: it does not say whose policy it is about (policy_published/domain)")
	}
	return &p.report, nil
}

// maxTag is how many octets one tag may have: the decoder keeps all attributes of an element, each in many times its size.
const maxTag = 64 << 10

// tags ends a report with a tag that is longer. The decoder reads octet by octet.
type tags struct {
	*bufio.Reader
	n int // octets of the tag so far, 0 outside
}

func (t *tags) ReadByte() (byte, error) {
	c, err := t.Reader.ReadByte()
	switch {
	case err != nil, c == '>', c == '!' && t.n == 1: // what begins with <! is no element, and the decoder keeps none of it
		t.n = 0
	case c == '<' || t.n > 0:
		t.n++
	}
	if t.n > maxTag {
		return 0, fmt.Errorf("a tag of more than %d KiB", maxTag>>10)
	}
	return c, err
}

// parser goes through the elements. Names are compared without their namespace: RFC 9990 has one, reports before it have none
// or one of their own.
type parser struct {
	dec    *xml.Decoder
	path   []string
	text   strings.Builder
	report Report
	row    *raw
	names  map[string]string // domains as they were written, and their A-label form
}

// raw is a row as it is written.
type raw struct {
	line                     int
	ip, count, spf, dkim     string
	headerFrom, envelopeFrom string
	mailFrom                 []result // of SPF
	signatures               []result
	spfResults, dkimResults  int
	forwarded                bool
}

type result struct{ domain, selector, scope, result string }

func (p *parser) run() error {
	for {
		t, err := p.dec.Token()
		if err != nil {
			if errors.Is(err, io.EOF) && len(p.path) > 0 {
				return errors.New("it ends within an element")
			}
			return err
		}
		switch t := t.(type) {
		case xml.Directive:
			// Nobody needs a document type here, and entities are declared by one.
			return errors.New("a document type, which no report has")
		case xml.StartElement:
			if err := p.start(t.Name.Local); err != nil {
				return err
			}
		case xml.EndElement:
			if err := p.end(); err != nil {
				return err
			}
			// What follows the report is none of it: some reporters let rubbish follow.
			if len(p.path) == 0 {
				return nil
			}
		case xml.CharData:
			if p.text.Len() < maxText {
				p.text.Write(t[:min(len(t), maxText)])
			}
		}
	}
}

func (p *parser) start(name string) error {
	switch {
	case len(p.path) == 0 && name != "feedback":
		return fmt.Errorf("no aggregate report: it begins with %.40q, not with feedback", name)
	case len(p.path) >= maxDepth:
		return fmt.Errorf("more than %d elements within each other", maxDepth)
	}
	p.path = append(p.path, strings.Clone(name[:min(len(name), maxElement)]))
	p.text.Reset()
	switch p.at() {
	case "record":
		line, _ := p.dec.InputPos()
		p.row = &raw{line: line}
	case "record/auth_results/spf":
		p.row.mailFrom, p.row.spfResults = another(p.row.mailFrom, p.row.spfResults)
	case "record/auth_results/dkim":
		p.row.signatures, p.row.dkimResults = another(p.row.signatures, p.row.dkimResults)
	}
	return nil
}

func another(l []result, n int) ([]result, int) {
	if n < maxResults {
		l = append(l, result{})
	}
	return l, n + 1
}

// at is where the parser is beneath feedback, "" beneath what the format has: what it costs depends on no element around it.
func (p *parser) at() string {
	if len(p.path) > ofFormat {
		return ""
	}
	return strings.Join(p.path[1:], "/")
}

func (p *parser) end() error {
	at, text := p.at(), strings.TrimSpace(p.text.String())
	p.path = p.path[:len(p.path)-1]
	p.text.Reset()
	if p.row != nil {
		return p.inRow(at, text)
	}
	switch at {
	case "report_metadata/org_name":
		p.report.Reporter = text
	case "report_metadata/report_id":
		p.report.ID = text
	case "report_metadata/date_range/begin":
		p.report.Begin = moment(text)
	case "report_metadata/date_range/end":
		p.report.End = moment(text)
	case "policy_published/domain":
		if p.report.Domain = p.name(text); p.report.Domain == "" {
			return fmt.Errorf("policy_published/domain %.80q is no domain", text)
		}
	}
	return nil
}

// moment reads seconds since 1970; zero for what is none before the year 2100.
func moment(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || n >= 4102444800 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

func (p *parser) inRow(at, text string) error {
	r := p.row
	// With more results than are kept the last one must not be written over.
	spf, dkim := last(r.mailFrom, r.spfResults), last(r.signatures, r.dkimResults)
	switch at {
	case "record":
		p.row = nil
		if len(p.report.Rows)+p.report.Left >= maxRows {
			return fmt.Errorf("more than %d records", maxRows)
		}
		row, err := p.read(r)
		if err == nil {
			p.report.Rows = append(p.report.Rows, row)
			return nil
		}
		if p.report.Left++; p.report.Left == 1 {
			p.report.Why = fmt.Sprintf("line %d: %v", r.line, err)
		}
	case "record/row/source_ip":
		r.ip = text
	case "record/row/count":
		r.count = text
	case "record/row/policy_evaluated/spf":
		r.spf = text
	case "record/row/policy_evaluated/dkim":
		r.dkim = text
	case "record/row/policy_evaluated/reason/type":
		r.forwarded = r.forwarded || slices.Contains([]string{"forwarded", "trusted_forwarder", "mailing_list"}, strings.ToLower(text))
	case "record/identifiers/header_from":
		r.headerFrom = text
	case "record/identifiers/envelope_from":
		r.envelopeFrom = text
	case "record/auth_results/spf/domain":
		spf.domain = text
	case "record/auth_results/spf/scope":
		spf.scope = text
	case "record/auth_results/spf/result":
		spf.result = text
	case "record/auth_results/dkim/domain":
		dkim.domain = text
	case "record/auth_results/dkim/selector":
		dkim.selector = text
	case "record/auth_results/dkim/result":
		dkim.result = text
	}
	return nil
}

// last is the result that is being read; one that nobody looks at where it is beyond those that are kept.
func last(l []result, n int) *result {
	if len(l) == 0 || n > len(l) {
		return new(result)
	}
	return &l[len(l)-1]
}

// read reads what a row says.
func (p *parser) read(r *raw) (Row, error) {
	var row Row
	ip, err := netip.ParseAddr(r.ip)
	if err != nil || ip.Zone() != "" {
		return row, fmt.Errorf("source_ip %.60q is no address", r.ip)
	}
	n, err := strconv.ParseInt(r.count, 10, 64)
	if err != nil || n < 0 || n > maxCount {
		return row, fmt.Errorf("count %.30q is no number of messages up to %d", r.count, maxCount)
	}
	row.IP, row.Count, row.Forwarded = ip.Unmap(), n, r.forwarded
	// Old reports leave header_from out, and are about one domain.
	if row.From = p.report.Domain; r.headerFrom != "" {
		row.From = p.name(r.headerFrom)
	}
	if row.From == "" {
		return row, fmt.Errorf("header_from %.80q is no domain", r.headerFrom)
	}
	row.SPF, row.DKIM = strings.EqualFold(r.spf, "pass"), strings.EqualFold(r.dkim, "pass")
	p.sender(&row, r)
	switch {
	case row.MailFrom == "" && row.SPF:
		row.MailFrom = row.From // by some name of its own
	case row.SPF:
		row.SPF = related(row.MailFrom, row.From) // a report that contradicts itself is not believed
	}
	for _, x := range r.signatures {
		s := Signer{p.name(x.domain), strings.ToLower(x.selector)}
		if _, err := names.Selector(s.Selector); err != nil {
			s.Selector = "" // RFC 7489 lets it be left out
		}
		if s.Domain != "" && strings.EqualFold(x.result, "pass") && !slices.Contains(row.Signers, s) {
			row.Signers = append(row.Signers, s)
		}
	}
	return row, nil
}

// sender finds the identity that SPF was evaluated for: of several results one that passes, else the envelope sender, of
// which some reporters write the whole address, and others "<>".
func (p *parser) sender(row *Row, r *raw) {
	l := slices.DeleteFunc(slices.Clone(r.mailFrom), func(x result) bool { return p.name(x.domain) == "" })
	slices.SortStableFunc(l, func(a, b result) int { return cmp.Compare(rank(a), rank(b)) })
	if len(l) > 0 {
		row.MailFrom, row.HELO = p.name(l[0].domain), strings.EqualFold(l[0].scope, "helo")
		return
	}
	row.MailFrom = p.name(strings.Trim(r.envelopeFrom[strings.LastIndexByte(r.envelopeFrom, '@')+1:], "<>"))
}

// rank puts a result that passes first, then the envelope sender before HELO.
func rank(r result) int {
	n := 0
	if !strings.EqualFold(r.result, "pass") {
		n = 2
	}
	if strings.EqualFold(r.scope, "helo") {
		n++
	}
	return n
}

// name is the A-label form of a domain, "" for what is none.
func (p *parser) name(s string) string {
	name, known := p.names[s]
	if !known {
		var err error
		if name, err = names.Host(strings.ToLower(s)); err != nil || !strings.Contains(name, ".") {
			name = ""
		}
		p.names[s] = name
	}
	return name
}
