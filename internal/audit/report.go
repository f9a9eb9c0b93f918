package audit

import "time"

// SchemaVersion is that of the JSON report; docs/report.schema.json describes it.
const SchemaVersion = 1

// Report is one audit as users and scripts read it. Writers only write it. Lists are never nil: JSON has [] and
// not null.
type Report struct {
	SchemaVersion int        `json:"schema_version"`
	Version       string     `json:"version"` // of mailaudit
	Domain        string     `json:"domain"`
	Profile       string     `json:"profile"`
	ProfileReason string     `json:"profile_reason"`
	StartedAt     time.Time  `json:"started_at"`
	DurationMS    int64      `json:"duration_ms"`
	DNSQueries    int        `json:"dns_queries"` // that went out for it: an answer from the cache counts 0
	Verdict       string     `json:"verdict"`
	Score         *int       `json:"score"`
	ScoreLow      *int       `json:"score_low"`
	Grade         *string    `json:"grade"`
	Coverage      float64    `json:"coverage"` // from 0 to 1, the share of the weight that could be decided
	Evidence      Evidence   `json:"evidence"`
	Findings      []Finding  `json:"findings"`
	Forecast      []Forecast `json:"forecast"`
	Fixes         []Fix      `json:"fixes"`
	Streams       []Stream   `json:"streams"`
	WhatIf        *WhatIf    `json:"what_if,omitempty"` // with records laid over what is published
}

// Stream is one stream as it was judged.
type Stream struct {
	Name       string   `json:"name"`
	IPs        []string `json:"ips"`
	MailFrom   string   `json:"mail_from"`
	HELO       string   `json:"helo"`
	DKIMDomain string   `json:"dkim_domain"`
	Selectors  []string `json:"selectors"`
	Daily      int      `json:"daily"`
	WarmUp     []int    `json:"warm_up,omitempty"` // messages a day, should address or domain be new (receivers.WarmUp)
}

// Finding is one line of the report.
type Finding struct {
	Rule       string   `json:"rule"`
	Area       string   `json:"area"`
	Status     string   `json:"status"`
	Impact     string   `json:"impact"`
	Subject    string   `json:"subject"`
	Message    string   `json:"message"`
	Points     float64  `json:"points"` // lost, before the limit of the area
	References []string `json:"references"`
	Replies    []string `json:"replies"`
	Fix        string   `json:"fix"`
	Deciding   bool     `json:"deciding"` // of unknown: it changes verdict and exit code
	At         *Place   `json:"at,omitempty"`

	Accepted *Accepted `json:"accepted,omitempty"` // it does not count for the exit code
}

// Accepted says why a finding does not count: it was there before, or somebody answers for it.
type Accepted struct {
	By     string `json:"by"`     // baseline, suppression
	Reason string `json:"reason"` // of a suppression
	Until  string `json:"until"`  // of a suppression: its last day, such as 2027-03-31
}

// Place is where in a published record the fault stands, in octets.
type Place struct {
	Name   string `json:"name"`
	Record string `json:"record"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
}

// Forecast is what one receiver would answer to one stream, to the worst of its addresses.
type Forecast struct {
	Receiver string        `json:"receiver"`
	Setup    string        `json:"setup,omitempty"` // of a set-up of the lab, its name there
	Stream   string        `json:"stream"`
	IP       string        `json:"ip"` // the address, "" where none is known
	Verdict  string        `json:"verdict"`
	Stage    string        `json:"stage"`
	Reply    string        `json:"reply"`
	Rules    []string      `json:"rules"`
	Basis    string        `json:"basis"`
	Source   string        `json:"source"`
	Reason   string        `json:"reason"` // what the receiver requires that is not so, or what is not known
	Note     string        `json:"note"`   // what else its sources say of that
	Unseen   string        `json:"unseen"` // what it goes by that cannot be seen from outside
	Bulk     *BulkForecast `json:"bulk,omitempty"`
}

// BulkForecast is what the receiver would answer if it counted the sender as bulk, where that is worse.
type BulkForecast struct {
	Verdict string   `json:"verdict"`
	Reply   string   `json:"reply"`
	Rules   []string `json:"rules"`
}

// Fix is one proposal and what it wins.
type Fix struct {
	ID         string   `json:"id"`
	Rules      []string `json:"rules"`
	Kind       string   `json:"kind"` // dns, host, operator
	Changes    []Change `json:"changes"`
	RRsets     []RRset  `json:"rrsets"` // the record sets that the changes lead to, each whole
	Text       string   `json:"text"`   // who does what
	Proven     bool     `json:"proven"`
	Reason     string   `json:"reason"`      // why it is not proven
	Risk       string   `json:"risk"`        // of advice that may follow another fix: what it could cost; "" of all else
	ScoreAfter *int     `json:"score_after"` // with its findings gone
}

// Change is one record to add, replace or remove. Data and Was are RDATA as in a zone file.
type Change struct {
	Op   string `json:"op"` // add, replace, remove
	Name string `json:"name"`
	Type string `json:"type"`
	TTL  int    `json:"ttl"` // seconds
	Data string `json:"data"`
	Was  string `json:"was"`
}

// WhatIf is what records change that are not published.
type WhatIf struct {
	ScoreBefore   *int     `json:"score_before"`
	ScoreAfter    *int     `json:"score_after"`
	VerdictBefore string   `json:"verdict_before"`
	VerdictAfter  string   `json:"verdict_after"`
	LookupsBefore int      `json:"lookups_before"` // of the SPF record
	LookupsAfter  int      `json:"lookups_after"`
	IPv4Before    *uint64  `json:"ipv4_before"` // addresses that pass SPF; null where there is no record
	IPv4After     *uint64  `json:"ipv4_after"`
	RefusedBefore []string `json:"refused_before"` // receivers that are forecast to refuse
	RefusedAfter  []string `json:"refused_after"`
}

// RRset is all records of one name and type; none where the last is removed. Data is RDATA as in a zone file.
type RRset struct {
	Name string   `json:"name"`
	Type string   `json:"type"`
	TTL  int      `json:"ttl"` // seconds
	Data []string `json:"data"`
}

// Evidence is what the findings rest on, area by area.
type Evidence struct {
	Sources    []Source    `json:"sources"`
	MX         MX          `json:"mx"`
	SPF        SPF         `json:"spf"`
	DKIM       DKIM        `json:"dkim"`
	DMARC      DMARC       `json:"dmarc"`
	Alignment  []Alignment `json:"alignment"`
	DNSBL      []Listing   `json:"dnsbl"`
	Submission []Service   `json:"submission"`
	TLS        []MXTalk    `json:"tls"`
	MTASTS     MTASTS      `json:"mtasts"`
	TLSRPT     TLSRPT      `json:"tlsrpt"`
	DANE       []DANE      `json:"dane"`

	NameServers []NameServer `json:"name_servers"`
	DNSSEC      DNSSEC       `json:"dnssec"`
	Vantage     Vantage      `json:"vantage"`

	Registration *Registration `json:"registration,omitempty"`  // with --rdap alone
	Message      *Message      `json:"message,omitempty"`       // with --message alone
	Samples      *Samples      `json:"samples,omitempty"`       // where that has several
	Reports      *Reports      `json:"dmarc_reports,omitempty"` // with --dmarc-report alone
}

// Source is one sending address.
type Source struct {
	IP       string   `json:"ip"`
	Stream   string   `json:"stream"`
	Origin   string   `json:"origin"`
	Declared bool     `json:"declared"`
	PTR      []string `json:"ptr"`
	FCrDNS   string   `json:"fcrdns"`
	HELO     string   `json:"helo"`
}

// MX is the domain's mail exchangers.
type MX struct {
	Status string   `json:"status"`
	Hosts  []MXHost `json:"hosts"`
}

// MXHost is one mail exchanger.
type MXHost struct {
	Host       string   `json:"host"`
	Preference int      `json:"preference"`
	Addresses  []string `json:"addresses"`
}

// SPF is the audited domain's record, and the results for every address and identity.
type SPF struct {
	Status      string      `json:"status"`
	Record      string      `json:"record"`
	Records     []string    `json:"records"` // all of them, where there are several
	Lookups     int         `json:"lookups"`
	VoidLookups int         `json:"void_lookups"`
	Valid       *bool       `json:"valid"` // null: it could not be found out
	Errors      []SPFError  `json:"errors"`
	Tree        *SPFNode    `json:"tree,omitempty"`
	Authorised  *Authorised `json:"authorised,omitempty"`
	Results     []SPFResult `json:"results"`
}

// Authorised is who passes by the record, and what that costs.
type Authorised struct {
	IPv4        uint64 `json:"ipv4"`     // addresses
	IPv6        string `json:"ipv6"`     // addresses: a decimal number of up to 39 digits
	Complete    bool   `json:"complete"` // nobody else could pass
	LookupsLeft int    `json:"lookups_left"`
	Costs       []Cost `json:"costs"` // of the record's own terms that cause lookups
}

// Cost is what one term takes of the ten lookups with all that it leads to, and whom it names.
type Cost struct {
	Term    string `json:"term"`
	Lookups int    `json:"lookups"`
	IPv4    uint64 `json:"ipv4"`
	IPv6    string `json:"ipv6"`
}

// SPFNode is one record of the static walk; an evaluation may stop before it comes to all of it.
type SPFNode struct {
	Domain string    `json:"domain"`
	Status string    `json:"status"` // found, none, multiple, unknown, loop, undetermined, unread
	Cause  string    `json:"cause,omitempty"`
	Record string    `json:"record,omitempty"`
	Terms  []SPFTerm `json:"terms,omitempty"` // those that an evaluation could reach
}

// SPFTerm is one term of a record, Offset its place there in octets.
type SPFTerm struct {
	Term   string   `json:"term"`
	Offset int      `json:"offset"`
	Lookup int      `json:"lookup,omitempty"` // its number among the terms that look something up, from 1
	Void   bool     `json:"void,omitempty"`
	Target string   `json:"target,omitempty"`
	Cause  string   `json:"cause,omitempty"` // why its lookup is not known
	Tree   *SPFNode `json:"tree,omitempty"`
}

// SPFError is one syntax error, with the place of its term in the record, in octets.
type SPFError struct {
	Message string `json:"message"`
	Term    string `json:"term"`
	Offset  int    `json:"offset"`
}

// SPFResult is what a receiver computes.
type SPFResult struct {
	IP       string `json:"ip"`
	Stream   string `json:"stream"`
	Identity string `json:"identity"`
	Domain   string `json:"domain"`
	Result   string `json:"result"`
	Matched  string `json:"matched"`
}

// DKIM is what is published beneath _domainkey.
type DKIM struct {
	Subtree string `json:"subtree"`
	Keys    []Key  `json:"keys"`
}

// Key is what stands at one selector.
type Key struct {
	Selector string `json:"selector"`
	Name     string `json:"name"`
	Status   string `json:"status"`
	Origin   string `json:"origin"`
	Type     string `json:"type"`
	Bits     int    `json:"bits"`
	Record   string `json:"record"`
	Provider string `json:"provider"` // whose the key is, by its CNAME
}

// DMARC is the policy that applies.
type DMARC struct {
	Status          string   `json:"status"`
	FoundAt         string   `json:"found_at"`
	Record          string   `json:"record"`
	Policy          string   `json:"policy"`
	SubdomainPolicy string   `json:"subdomain_policy"`
	NP              string   `json:"np"`
	Testing         bool     `json:"testing"`
	ADKIM           string   `json:"adkim"`
	ASPF            string   `json:"aspf"`
	RUA             []string `json:"rua"`
	OrgDomain       string   `json:"org_domain"`
	EffectivePolicy string   `json:"effective_policy"`
}

// Alignment is whether a stream's mail passes DMARC, and by what (RFC 9989 4.4).
type Alignment struct {
	Stream   string   `json:"stream"`
	SPF      string   `json:"spf"` // MAIL FROM passes SPF and is aligned
	DKIM     string   `json:"dkim"`
	DMARC    string   `json:"dmarc"`
	MailFrom Identity `json:"mail_from"`
	Signer   Identity `json:"signer"`
	RestsOn  string   `json:"rests_on"` // spf or dkim, where DMARC passes by it alone
	Note     string   `json:"note"`     // what breaks it
}

// Identity is one identifier beside the author domain: pass, fail or unknown each.
type Identity struct {
	Domain  string `json:"domain"`
	Passes  string `json:"passes"` // SPF or DKIM itself
	Relaxed string `json:"relaxed"`
	Strict  string `json:"strict"`
	Mode    string `json:"mode"`    // as aspf= or adkim= asks; "" where the record is not known
	Aligned string `json:"aligned"` // in that mode
}

// Listing is one target on one blocklist.
type Listing struct {
	Zone     string   `json:"zone"`
	Target   string   `json:"target"`
	Kind     string   `json:"kind"`
	Status   string   `json:"status"`
	Codes    []string `json:"codes"`
	Meaning  string   `json:"meaning"`
	Reason   string   `json:"reason"`
	Severity string   `json:"severity"`
	Cause    string   `json:"cause"` // of refused and unknown
}

// Service is one submission service.
type Service struct {
	Host          string   `json:"host"`
	Port          int      `json:"port"`
	Status        string   `json:"status"`
	TLS           string   `json:"tls"`
	Version       string   `json:"version"`
	Certificate   *Cert    `json:"certificate,omitempty"`
	Auth          []string `json:"auth"`
	AuthBeforeTLS bool     `json:"auth_before_tls"`
	Banner        string   `json:"banner"`
	Cause         string   `json:"cause"` // of all but open
}
