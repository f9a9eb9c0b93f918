package facts

import (
	"net/netip"
	"time"
)

// LearnedByReports is the origin of what DMARC aggregate reports tell, in sources and keys.
const LearnedByReports = "dmarc-report"

// LearnedBy is the origin of a field of the stream that was learned: message or dmarc-report.
func (s Stream) LearnedBy() string {
	if s.ByReports {
		return LearnedByReports
	}
	return "message"
}

// Samples is what the messages of one file or folder told together.
type Samples struct {
	Messages int            `json:"messages"` // that were read
	Streams  []SampleStream `json:"streams"`
	Notes    []string       `json:"notes,omitempty"` // what was left out, and where messages contradict each other
}

// SampleStream is how many messages a stream was learned from.
type SampleStream struct {
	Stream   string `json:"stream"`
	Messages int    `json:"messages"`
}

// Reports is what DMARC aggregate reports say of the audited domain (RFC 9990): the word of receivers.
type Reports struct {
	Reports   int            `json:"reports"`
	Reporters []string       `json:"reporters"` // the first by reports
	Reporting int            `json:"reporting"` // how many there are
	Begin     time.Time      `json:"begin,omitzero"`
	End       time.Time      `json:"end,omitzero"`
	Passes    Passes         `json:"passes"`
	Sources   []ReportSource `json:"sources"` // the first by messages
	Addresses int            `json:"addresses"`
	Beyond    int64          `json:"beyond,omitempty"` // messages of addresses that are not among Sources
	Unknown   int            `json:"unknown"`          // addresses whose mail never passed
	UnknownOf int64          `json:"unknown_of"`       // their messages
	Others    []ReportOther  `json:"others,omitempty"`
	Notes     []string       `json:"notes,omitempty"` // what could not be read, or was left out
}

// Passes counts messages: all, those that pass SPF and are aligned, likewise DKIM, and those that pass DMARC.
type Passes struct {
	Messages int64 `json:"messages"`
	SPF      int64 `json:"spf"`
	DKIM     int64 `json:"dkim"`
	DMARC    int64 `json:"dmarc"`
}

// ReportSource is an address that receivers saw.
type ReportSource struct {
	IP        netip.Addr `json:"ip"`
	Passes    Passes     `json:"passes"`
	Kind      string     `json:"kind"` // authorised, signed, unauthenticated
	Forwarded int64      `json:"forwarded,omitempty"`
	Last      time.Time  `json:"last,omitzero"`
	MailFrom  []string   `json:"mail_from"`
	Signers   []string   `json:"signers"`
}

// ReportOther is another domain that the reports are about.
type ReportOther struct {
	Domain   string `json:"domain"`
	Messages int64  `json:"messages"`
}
