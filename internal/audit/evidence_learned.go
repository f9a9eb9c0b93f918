package audit

import (
	"time"

	"mailaudit/internal/facts"
)

// Samples is what several messages told together; there is none for a single one.
type Samples struct {
	Messages int            `json:"messages"` // that were read
	Streams  []SampleStream `json:"streams"`
	Notes    []string       `json:"notes"` // what was left out, and where messages contradict each other
}

// SampleStream is how many messages a stream was learned from, and which of their Received fields is believed of the one
// whose signatures were verified.
type SampleStream struct {
	Stream   string   `json:"stream"`
	Messages int      `json:"messages"`
	Message  *Message `json:"message,omitempty"` // nil: all were too large to be kept
}

func samples(f *facts.Facts) *Samples {
	if f.Samples == nil {
		return nil
	}
	out := &Samples{Messages: f.Samples.Messages, Streams: []SampleStream{}, Notes: list(f.Samples.Notes)}
	for _, s := range f.Samples.Streams {
		x := SampleStream{Stream: s.Stream, Messages: s.Messages}
		for _, m := range f.Messages {
			if m.Stream == s.Stream {
				x.Message = messageOf(f, m)
			}
		}
		out.Streams = append(out.Streams, x)
	}
	return out
}

// Reports is what DMARC aggregate reports say of the domain: the word of receivers; there is none without --dmarc-report.
type Reports struct {
	Reports   int            `json:"reports"`
	Reporters []string       `json:"reporters"` // the first by reports
	Reporting int            `json:"reporting"` // how many there are
	Begin     *time.Time     `json:"begin"`     // null: no report tells
	End       *time.Time     `json:"end"`
	Messages  int64          `json:"messages"`
	SPF       int64          `json:"spf"`  // of these, pass it and are aligned
	DKIM      int64          `json:"dkim"` // likewise
	DMARC     int64          `json:"dmarc"`
	Addresses int            `json:"addresses"`
	Sources   []ReportSource `json:"sources"`   // the first by messages
	Beyond    int64          `json:"beyond"`    // messages of addresses that are not among them
	Unknown   UnknownSources `json:"unknown"`   // whose mail never passed
	Others    []OtherDomain  `json:"others"`    // that the reports are about, too
	Notes     []string       `json:"notes"`     // what could not be read, or was left out
	Audited   int            `json:"audited"`   // addresses that became sources
	Candidate int            `json:"candidate"` // of these, that nobody declares
}

// ReportSource is an address that receivers saw.
type ReportSource struct {
	IP        string     `json:"ip"`
	Kind      string     `json:"kind"` // authorised, signed, unauthenticated
	Messages  int64      `json:"messages"`
	Share     float64    `json:"share"` // of the domain's mail
	SPF       int64      `json:"spf"`
	DKIM      int64      `json:"dkim"`
	DMARC     int64      `json:"dmarc"`
	Forwarded int64      `json:"forwarded"` // by the word of receivers
	Last      *time.Time `json:"last"`
	MailFrom  []string   `json:"mail_from"`
	Signers   []string   `json:"signers"`
	Audited   bool       `json:"audited"`
	Declared  bool       `json:"declared"`
}

// UnknownSources are the addresses whose mail passes by nothing.
type UnknownSources struct {
	Addresses int   `json:"addresses"`
	Messages  int64 `json:"messages"`
}

// OtherDomain is another domain in the reports.
type OtherDomain struct {
	Domain   string `json:"domain"`
	Messages int64  `json:"messages"`
}

func reports(f *facts.Facts) *Reports {
	r := f.Reports
	if r == nil {
		return nil
	}
	out := &Reports{Reports: r.Reports, Reporters: list(r.Reporters), Reporting: r.Reporting, Begin: moment(r.Begin), End: moment(r.End),
		Messages: r.Passes.Messages, SPF: r.Passes.SPF, DKIM: r.Passes.DKIM, DMARC: r.Passes.DMARC, Addresses: r.Addresses, Beyond: r.Beyond,
		Unknown: UnknownSources{r.Unknown, r.UnknownOf}, Sources: []ReportSource{}, Others: []OtherDomain{}, Notes: list(r.Notes)}
	audited := map[string]bool{} // and whether it is declared
	for _, s := range f.Sources {
		if s.Origin == facts.LearnedByReports {
			audited[s.IP.String()] = s.Declared
		}
	}
	out.Audited = len(audited)
	for _, declared := range audited {
		if !declared {
			out.Candidate++
		}
	}
	for _, s := range r.Sources {
		x := ReportSource{IP: s.IP.String(), Kind: s.Kind, Messages: s.Passes.Messages, SPF: s.Passes.SPF, DKIM: s.Passes.DKIM, DMARC: s.Passes.DMARC,
			Share: float64(s.Passes.Messages) / float64(max(r.Passes.Messages, 1)), Forwarded: s.Forwarded, Last: moment(s.Last), MailFrom: list(s.MailFrom), Signers: list(s.Signers)}
		x.Declared, x.Audited = audited[x.IP]
		out.Sources = append(out.Sources, x)
	}
	for _, o := range r.Others {
		out.Others = append(out.Others, OtherDomain(o))
	}
	return out
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
