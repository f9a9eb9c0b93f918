// Package facts is the second seam of mailaudit: what one audit found out, as plain structs that go to JSON
// and back. Gathering writes them, rules read them, nothing here looks anything up. What could not be found
// out is a Fact in state Unknown with its cause, never a zero value that reads like "there is none".
package facts

import (
	"net/netip"
	"time"

	"mailaudit/internal/record/dkim"
	"mailaudit/internal/record/dmarc"
	"mailaudit/internal/record/spf"
	"mailaudit/internal/smtpx"
)

// Schema is the version of these structs in JSON.
const Schema = 1

// State says what is known of a Fact.
type State string

// A fact that no chosen rule needs is Unasked. Unknown carries its cause.
const (
	Unasked State = ""
	Known   State = "known"
	Unknown State = "unknown"
)

// Fact is one thing that was asked of the world.
type Fact[T any] struct {
	State State  `json:"state,omitempty"`
	Why   string `json:"why,omitempty"` // of Unknown: the cause, and whose side it is on where that can be told
	Value T      `json:"value"`
}

// Know is a fact that was found out.
func Know[T any](v T) Fact[T] { return Fact[T]{State: Known, Value: v} }

// Cannot is a fact that could not be found out.
func Cannot[T any](why string) Fact[T] { return Fact[T]{State: Unknown, Why: why} }

// Known says whether the value may be read.
func (f Fact[T]) Known() bool { return f.State == Known }

// Topic is a set of things to find out. A rule names what it needs, and only that is asked.
type Topic uint

// The topics. MX, SPF and the domain's existence decide the profile and are always asked.
const (
	Domain Topic = 1 << iota
	MXHosts
	SPFTree
	Keys
	Policy
	Reverse
	Greeting
	Listings
	Services
	Logo
	Inbound   // what each MX host does on port 25
	Transport // MTA-STS
	Reporting // TLS-RPT
	Pins      // DANE
	Signing   // DNSSEC
	Servers   // what each authoritative server answers
	Registry  // registration data

	MXListings   // blocklists about the addresses of the domain's own MX hosts
	HostListings // blocklists about the domains of MX hosts and name servers
)

// Facts is all that was found out about one domain.
type Facts struct {
	Schema       int                `json:"schema"`
	Domain       string             `json:"domain"` // an A-label name, lower case, no dot at the end
	Started      time.Time          `json:"started"`
	Profile      Profile            `json:"profile"`
	Streams      []Stream           `json:"streams"`
	Public       []netip.Prefix     `json:"public,omitempty"` // prefixes that the user declares public
	Exists       Fact[bool]         `json:"exists"`           // false: NXDOMAIN (RFC 8020)
	Addresses    Fact[Hosts]        `json:"addresses"`
	MX           Fact[MX]           `json:"mx"`
	Suffix       bool               `json:"suffix,omitempty"` // the domain is on the public suffix list itself
	Zone         Fact[Zone]         `json:"zone"`
	SPF          []SPF              `json:"spf"` // one for each domain that is an identity: From, MAIL FROM, HELO
	Results      []SPFResult        `json:"results"`
	DKIM         []DKIM             `json:"dkim"` // one for each signing domain
	DMARC        Fact[DMARC]        `json:"dmarc"`
	Orgs         []Org              `json:"orgs"`
	BIMI         Fact[BIMI]         `json:"bimi"`
	Sources      []Source           `json:"sources"`
	HELOs        []HELO             `json:"helos"`
	RequireLists bool               `json:"require_lists,omitempty"` // that no major list answered decides
	Lists        []List             `json:"lists"`
	Listings     []Listing          `json:"listings"`
	HELOListings []Listing          `json:"helo_listings,omitempty"` // of names in HELO that are no domain of the mail
	Nearby       []Listing          `json:"nearby"`                  // of what sends nothing: the domain's MX hosts, and the domains of MX hosts and name servers
	Allowlists   []List             `json:"allowlists"`
	Allowed      []Listing          `json:"allowed"` // what they say of the sending addresses
	Submission   Submission         `json:"submission"`
	Inbound      []MXTalk           `json:"inbound"` // one for each MX host
	MTASTS       Fact[MTASTS]       `json:"mtasts"`
	TLSRPT       Fact[TLSRPT]       `json:"tlsrpt"`
	DANE         []DANE             `json:"dane"` // one for each MX host
	DNSSEC       Fact[DNSSEC]       `json:"dnssec"`
	Registration Fact[Registration] `json:"registration"`
	Returns      []Return           `json:"returns,omitempty"`  // one for each other domain in MAIL FROM
	Messages     []Message          `json:"messages,omitempty"` // given with --message
	Samples      *Samples           `json:"samples,omitempty"`  // likewise, where there are several
	Reports      *Reports           `json:"reports,omitempty"`  // given with --dmarc-report
	Vantage      Vantage            `json:"vantage"`
	Questions    int                `json:"questions"` // DNS questions asked
	Took         time.Duration      `json:"took"`
}

// Profile is what the domain is for and why it is taken for that.
type Profile struct {
	Name   string `json:"name"` // sender, bulk, parked
	Reason string `json:"reason"`
}

// The profiles.
const (
	Sender = "sender"
	Bulk   = "bulk"
	Parked = "parked"
)

// Stream is one way in which the domain sends. Identities are judged within a stream and never crossed.
type Stream struct {
	Name       string       `json:"name"`
	IPs        []netip.Addr `json:"ips"`
	MailFrom   string       `json:"mail_from"` // an address; postmaster@ the audited domain where none was given (RFC 7208 4.3)
	HELO       string       `json:"helo,omitempty"`
	DKIMDomain string       `json:"dkim_domain"`
	Selectors  []string     `json:"selectors"`
	Daily      int          `json:"daily,omitempty"`      // messages a day; 0 where not given
	Learned    []string     `json:"learned,omitempty"`    // fields of it that were taken from a message
	ByReports  bool         `json:"by_reports,omitempty"` // they were taken from DMARC aggregate reports
}

// Hosts are the addresses at a name, and how the name leads to them.
type Hosts struct {
	Addresses []netip.Addr `json:"addresses"`
	CNAME     []string     `json:"cname,omitempty"`
	Missing   bool         `json:"missing,omitempty"` // NXDOMAIN for A and AAAA
	Lost      string       `json:"lost,omitempty"`    // why there may be more addresses than these
}

// Zone is how the DNS serves the domain, as a resolver sees it.
type Zone struct {
	SOA      Fact[SOA]          `json:"soa"`      // of the nearest zone at or above the domain
	Servers  Fact[[]NameServer] `json:"servers"`  // of that zone; unasked where it is a registry's
	Alias    Fact[Alias]        `json:"alias"`    // the domain itself is a CNAME
	Wildcard Fact[[]string]     `json:"wildcard"` // types of records at a name beneath the domain that nobody made
	TTLs     []TTL              `json:"ttls"`     // of the records that are there, or may be
	Talks    []ServerTalk       `json:"talks"`    // what the servers say themselves; none where they were not asked
	Parent   Fact[Delegation]   `json:"parent"`   // what the zone above says; unasked like Talks
	CAA      Fact[CAA]          `json:"caa"`      // who may issue the certificate of the MTA-STS host; unasked where there is none
	Outage   Fact[Outage]       `json:"outage"`   // what else was tried where nothing of the domain could be found out; unasked elsewhere
}

// CAA is the record set that says which authorities may issue certificates for a host (RFC 8659 3).
type CAA struct {
	Host  string   `json:"host"`
	At    string   `json:"at,omitempty"` // where the nearest set stands; "": none, and so all may
	Issue []string `json:"issue"`        // the values of its issue properties
}

// ServerTalk is what one authoritative server says at one of its addresses, asked for the SOA record of the zone.
type ServerTalk struct {
	Host    string     `json:"host"`
	Addr    netip.Addr `json:"addr"`
	UDP     Heard      `json:"udp"` // by a name in mixed case
	TCP     Heard      `json:"tcp"`
	Serial  uint32     `json:"serial"`            // where either is authoritative
	Recased bool       `json:"recased,omitempty"` // it changes the case of the name in the question
	Plain   bool       `json:"plain,omitempty"`   // it takes questions only without EDNS (RFC 6891 7)
}

// Heard is what came of asking a server.
type Heard struct {
	State string `json:"state"`
	Why   string `json:"why,omitempty"` // of all but authoritative
}

// The states of Heard.
const (
	HeardAuthoritative = "authoritative"
	HeardLame          = "lame"        // it answered, and not as one that has authority for the zone (RFC 1912 2.8)
	HeardGarbled       = "garbled"     // what came was no answer
	HeardClosed        = "closed"      // the port is closed, or the connection was ended without an answer
	HeardQuiet         = "quiet"       // nothing came; whose side that is on cannot be told
	HeardUnreachable   = "unreachable" // nothing could be sent from here
)

// Answered says whether the server has the port open and speaks DNS there.
func (h Heard) Answered() bool { return h.State == HeardAuthoritative || h.State == HeardLame }

// Delegation is what a server of the zone above says of the zone.
type Delegation struct {
	Zone    string     `json:"zone"` // the zone above
	Server  string     `json:"server"`
	Addr    netip.Addr `json:"addr"`          // of that server
	Servers []string   `json:"servers"`       // the name servers that it names; none: it knows of no such zone
	TCP     bool       `json:"tcp,omitempty"` // it is heard over TCP; asked where no server of the zone is
}

// Outage is what the servers of the zone do while the resolver finds nothing out about the domain.
type Outage struct {
	Zone    string       `json:"zone"`
	Control Delegation   `json:"control"` // the zone above, which the same resolver finds meanwhile
	Talks   []ServerTalk `json:"talks"`
	Lost    string       `json:"lost,omitempty"` // why there may be servers that were not asked
}

// SOA is the record that begins a zone (RFC 1035 3.3.13). Its times, from Refresh to TTL, are in seconds.
type SOA struct {
	Apex     string `json:"apex,omitempty"`     // the name where the zone begins
	Missing  bool   `json:"missing,omitempty"`  // name servers stand at the apex and no SOA does, or there is none at any name
	Registry bool   `json:"registry,omitempty"` // the apex is above what the domain's owner registered
	Serial   uint32 `json:"serial"`
	Refresh  uint32 `json:"refresh"`
	Retry    uint32 `json:"retry"`
	Expire   uint32 `json:"expire"`
	Minimum  uint32 `json:"minimum"`
	TTL      uint32 `json:"ttl"`
}

// NameServer is one name server of a zone.
type NameServer struct {
	Host      string      `json:"host"`
	Addresses Fact[Hosts] `json:"addresses"`
}

// Alias is the CNAME at a name, and the types of records that stand there beside it.
type Alias struct {
	CNAME  []string `json:"cname,omitempty"`
	Beside []string `json:"beside,omitempty"`
}

// TTL is for how many seconds a resolver may keep a record, or what is left of them.
type TTL struct {
	What    string       `json:"what"` // MX, SPF, DMARC
	Name    string       `json:"name"`
	Seconds Fact[uint32] `json:"seconds"`
}

// The statuses of MX.
const (
	MXFound    = "found"
	MXNull     = "null"     // "0 ." alone (RFC 7505)
	MXImplicit = "implicit" // none, but addresses (RFC 5321 5.1)
	MXNone     = "none"
)

// MX is the domain's mail exchangers, by preference.
type MX struct {
	Status string   `json:"status"`
	Hosts  []MXHost `json:"hosts"`
	Null   bool     `json:"null,omitempty"` // a null MX is among the records
	More   int      `json:"more,omitempty"` // records beyond those of Hosts, which are not looked at
}

// MXHost is one mail exchanger.
type MXHost struct {
	Host       string      `json:"host"`
	Preference int         `json:"preference"`
	Addresses  Fact[Hosts] `json:"addresses"`
}

// The statuses of an SPF record.
const (
	SPFFound        = "found"
	SPFNone         = "none"
	SPFMultiple     = "multiple"
	SPFUnknown      = "unknown"
	SPFLoop         = "loop"         // the name is already being walked
	SPFUndetermined = "undetermined" // a macro stands for something of the message
	SPFUnread       = "unread"       // beyond the budget of the walk
)

// SPF is the SPF record of one domain and the static walk of all that it names.
type SPF struct {
	Domain   string     `json:"domain"`
	From     bool       `json:"from,omitempty"`      // it is the audited domain
	MailFrom []string   `json:"mail_from,omitempty"` // streams whose MAIL FROM domain it is
	HELO     []string   `json:"helo,omitempty"`      // streams whose HELO name it is
	Root     SPFNode    `json:"root"`
	Near     []string   `json:"near,omitempty"`      // TXT records that were meant to be SPF and are none
	SenderID []string   `json:"sender_id,omitempty"` // spf2.0 records (RFC 4406, historic)
	Octets   int        `json:"octets,omitempty"`    // of all TXT records at the domain, as RDATA
	Type99   Fact[bool] `json:"type99"`              // a record of the retired type SPF stands there (RFC 7208 3.1)
	Exp      Fact[Exp]  `json:"exp"`                 // of the record's own exp=; unasked where there is none, or its macros are of each message
	Lookups  int        `json:"lookups"`             // terms that cause DNS lookups, at every occurrence (RFC 7208 4.6.4)
	Void     int        `json:"void"`                // of these, answered with NXDOMAIN or NODATA
	Whole    bool       `json:"whole"`               // all was looked up that could end an evaluation in permerror
	Exists   bool       `json:"exists"`              // the domain is not NXDOMAIN, or that is not known
}

// SPFNode is one record of the walk.
type SPFNode struct {
	Domain string      `json:"domain"`
	Status string      `json:"status"`
	Why    string      `json:"why,omitempty"` // of unknown and undetermined
	Texts  []string    `json:"texts,omitempty"`
	Seams  []string    `json:"seams,omitempty"` // the character-strings of the record where there are several
	Record *spf.Record `json:"record,omitempty"`
	Terms  []SPFTerm   `json:"terms,omitempty"` // those that an evaluation could reach, in order
}

// Exp is what an exp= modifier leads to (RFC 7208 6.2).
type Exp struct {
	Target string   `json:"target"`
	Texts  []string `json:"texts"`
}

// SPFTerm is one term that an evaluation could reach, and what it leads to.
type SPFTerm struct {
	Term      spf.Term     `json:"term"`
	Lookup    int          `json:"lookup,omitempty"` // its number in the count of the whole walk, from 1; 0: it causes none
	Target    string       `json:"target,omitempty"` // the name that is looked up
	Void      bool         `json:"void,omitempty"`
	VoidCount int          `json:"void_count,omitempty"` // the number of void lookups up to this one
	Why       string       `json:"why,omitempty"`        // why its lookup is not known
	Addresses []netip.Addr `json:"addresses,omitempty"`
	Hosts     int          `json:"hosts,omitempty"` // of an mx
	Child     *SPFNode     `json:"child,omitempty"`
	// Unregistered is the registrable domain of the target where that is known not to exist: anybody may register it.
	Unregistered string `json:"unregistered,omitempty"`
}

// SPFResult is what a receiver computes for one address and identity (RFC 7208 2.6).
type SPFResult struct {
	IP       netip.Addr `json:"ip"`
	Stream   string     `json:"stream"`
	Declared bool       `json:"declared"`
	Identity string     `json:"identity"` // mailfrom, helo
	Domain   string     `json:"domain"`
	Result   string     `json:"result"`
	Why      string     `json:"why"` // what matched, or what is wrong
}

// The states of what stands beneath _domainkey (RFC 8020).
const (
	SubtreeExists   = "exists"
	SubtreeAbsent   = "absent"
	SubtreeWildcard = "wildcard"
)

// DKIM is what one signing domain publishes.
type DKIM struct {
	Domain   string       `json:"domain"`
	Streams  []string     `json:"streams"`
	Named    bool         `json:"named"` // selectors were given: those are judged, and nothing is guessed
	Subtree  Fact[string] `json:"subtree"`
	Keys     []Key        `json:"keys"`               // the named ones, and those found by guessing
	Guessed  int          `json:"guessed"`            // selectors tried
	Lost     []Lost       `json:"lost"`               // guesses that got no answer
	Wildcard []string     `json:"wildcard,omitempty"` // TXT records that stand at every selector
	Legacy   []string     `json:"legacy,omitempty"`   // TXT records at _domainkey itself (DomainKeys, RFC 4870) and at _adsp._domainkey (RFC 5617)
	Unread   string       `json:"unread,omitempty"`   // why there may be more of those
	Exists   bool         `json:"exists"`             // the domain is not NXDOMAIN, or that is not known
}

// Lost is a guess that got no answer.
type Lost struct {
	Selector string `json:"selector"`
	Why      string `json:"why"`
}

// The statuses of a DKIM key.
const (
	KeyValid   = "valid"
	KeyRevoked = "revoked"
	KeyInvalid = "invalid"
	KeyMissing = "missing"
	KeyUnknown = "unknown"
)

// Key is what stands at one selector.
type Key struct {
	Selector  string       `json:"selector"`
	Name      string       `json:"name"`
	Origin    string       `json:"origin"` // flag, message, dmarc-report, provider, common
	Status    string       `json:"status"`
	Why       string       `json:"why,omitempty"`
	Texts     []string     `json:"texts"` // every TXT record at the name
	CNAME     []string     `json:"cname,omitempty"`
	Dangling  bool         `json:"dangling,omitempty"` // a CNAME leads to a name that does not exist
	Record    *dkim.Record `json:"record,omitempty"`
	Undoubled string       `json:"undoubled,omitempty"`  // why that is not known
	Doubled   string       `json:"doubled,omitempty"`    // a name beneath the domain's own name where the missing key stands: a panel appended the zone
	Provider  string       `json:"provider,omitempty"`   // whose the key is, by its CNAME
	Twins     []string     `json:"twins,omitempty"`      // selectors that the provider changes to, and that are known to be missing
	TwinsLost string       `json:"twins_lost,omitempty"` // why that is not known of others
	Octets    int          `json:"octets,omitempty"`     // of the answer's TXT RDATA
}

// The statuses of DMARC.
const (
	DMARCFound   = "found"
	DMARCNone    = "none"
	DMARCInvalid = "invalid" // something is published, and receivers ignore it
)

// DMARC is the policy that applies to the audited domain (RFC 9989 4.10).
type DMARC struct {
	Status    string        `json:"status"`
	FoundAt   string        `json:"found_at,omitempty"` // the name of the record that applies, or of the one that receivers ignore
	Texts     []string      `json:"texts,omitempty"`    // what stands there
	Record    *dmarc.Record `json:"record,omitempty"`
	Org       string        `json:"org"`              // the organizational domain
	Policy    string        `json:"policy,omitempty"` // that receivers apply to the audited domain
	Walk      []DMARCStep   `json:"walk"`
	Reports   []ReportTo    `json:"reports"`
	Near      []string      `json:"near,omitempty"`      // TXT records that were meant to be DMARC and are none
	Inherited bool          `json:"inherited"`           // the record stands above the audited domain
	Unplaced  string        `json:"unplaced,omitempty"`  // why it is not known whether there are others
	Misplaced []string      `json:"misplaced,omitempty"` // names where a DMARC record stands and nobody looks: the domain itself, _dmarc doubled
	CNAME     []string      `json:"cname,omitempty"`     // that _dmarc of the audited domain leads through
	Dangling  bool          `json:"dangling,omitempty"`  // the last of them does not exist
	Others    []string      `json:"others,omitempty"`    // TXT records at _dmarc of the audited domain that are not meant to be DMARC
	ListOrg   string        `json:"list_org"`            // the organizational domain by the public suffix list (RFC 7489 3.2)
	Mailboxes []Mailbox     `json:"mailboxes"`           // the domains that reports go to
	More      int           `json:"more,omitempty"`      // further destinations of reports, which are in neither Reports nor Mailboxes
	Wildcard  Fact[bool]    `json:"wildcard"`            // names that nobody made exist beneath the domain, so that np= never applies
}

// Mailbox is a domain that reports are mailed to, and whether it takes mail.
type Mailbox struct {
	Domain string       `json:"domain"`
	MX     Fact[string] `json:"mx"` // found, null, implicit, none
}

// DMARCStep is one name of the tree walk.
type DMARCStep struct {
	Name    string   `json:"name"`
	Status  string   `json:"status"` // found, none, multiple, unknown
	Why     string   `json:"why,omitempty"`
	Records []string `json:"records,omitempty"`
	Near    []string `json:"near,omitempty"`
}

// ReportTo is one destination of aggregate reports outside the organizational domain (RFC 9990 4).
type ReportTo struct {
	URI        string     `json:"uri"`
	Domain     string     `json:"domain"`
	Name       string     `json:"name"` // where the authorisation stands
	Authorised Fact[bool] `json:"authorised"`
}

// BIMI is the assertion record of the default selector (draft-brand-indicators-for-message-identification).
type BIMI struct {
	FoundAt string   `json:"found_at,omitempty"` // default._bimi of the audited or the organizational domain
	Texts   []string `json:"texts"`              // of TXT records there that are BIMI
}

// Org is the organizational domain of one identity (RFC 9989 4.10.2).
type Org struct {
	Domain string       `json:"domain"`
	Org    Fact[string] `json:"org"`
}

// Source is an address that sends, declared by the user, or a candidate taken from the domain's own SPF record.
type Source struct {
	IP       netip.Addr `json:"ip"`
	Stream   string     `json:"stream"`
	Origin   string     `json:"origin"` // flag, message, dmarc-report, spf
	Term     string     `json:"term,omitempty"`
	Declared bool       `json:"declared"`
	PTR      Fact[PTR]  `json:"ptr"`
}

// PTR is the reverse name of an address and whether it leads back (RFC 8601 2.7.3, iprev).
type PTR struct {
	Names   []PTRName `json:"names"`
	Confirm string    `json:"confirm"` // pass, fail, unknown
	Why     string    `json:"why,omitempty"`
}

// PTRName is one name that an address points to.
type PTRName struct {
	Name      string      `json:"name"`
	Addresses Fact[Hosts] `json:"addresses"`
}

// HELO is the name that a stream's hosts say.
type HELO struct {
	Name      string      `json:"name"`
	Stream    string      `json:"stream"`
	Addresses Fact[Hosts] `json:"addresses"` // unasked for what is no host name
	MX        Fact[bool]  `json:"mx"`        // it has an MX record; unasked where it has an address
}

// List is one blocklist in this run.
type List struct {
	Zone     string `json:"zone"`
	Kind     string `json:"kind"`
	Major    bool   `json:"major"`            // a listing there is refused by many
	Left     string `json:"left,omitempty"`   // why it was not asked at all: its terms of use, or it is dead
	Dead     bool   `json:"dead,omitempty"`   // it was not asked because it is known to be dead
	State    string `json:"state"`            // usable, refused, hijacked, failed, left
	Why      string `json:"why,omitempty"`    // of all but usable
	Broken   bool   `json:"broken,omitempty"` // it answered, and failed its self-test (RFC 5782 5)
	Severity string `json:"severity,omitempty"`
}

// The states of a list in this run.
const (
	ListUsable   = "usable"
	ListRefused  = "refused"
	ListHijacked = "hijacked"
	ListFailed   = "failed"
	ListLeft     = "left"
)

// The statuses of a listing.
const (
	Listed  = "listed"
	Clean   = "clean"
	Refused = "refused"
	NoClue  = "unknown"
)

// Listing is one target on one list.
type Listing struct {
	Zone     string   `json:"zone"`
	Target   string   `json:"target"`
	Kind     string   `json:"kind"` // ip, domain
	Declared bool     `json:"declared"`
	Status   string   `json:"status"`
	Why      string   `json:"why,omitempty"`
	Codes    []string `json:"codes"`
	Operator string   `json:"operator,omitempty"` // of a listing: who runs the list
	Weight   int      `json:"weight,omitempty"`   // of a listing: 0 to 100
	Class    string   `json:"class,omitempty"`    // of blocklist.Class, of the worst code
	Meaning  string   `json:"meaning,omitempty"`
	Reason   string   `json:"reason,omitempty"` // the list's own TXT
	Scope    string   `json:"scope,omitempty"`
	UsedBy   string   `json:"used_by,omitempty"`
	Removal  string   `json:"removal,omitempty"`

	Host        string `json:"host,omitempty"`        // of what is nearby: the MX host or name server that the target stands for
	Compromised bool   `json:"compromised,omitempty"` // of a listing: of a hijacked host or account, by its code
	HELO        bool   `json:"helo,omitempty"`        // it is of Facts.HELOListings
	Net64       bool   `json:"net64,omitempty"`       // of a listing: of the whole /64 of an IPv6 address, by its code
}

// Submission is what is known of the ways in which the domain's users hand in mail.
type Submission struct {
	SRV      Fact[bool] `json:"srv"`            // SRV records name services (RFC 6186, RFC 8314 5.1)
	Implicit Fact[bool] `json:"implicit"`       // those for implicit TLS among them do
	Lost     string     `json:"lost,omitempty"` // why SRV records may name further services
	Services []Service  `json:"services"`
}

// Service is one submission service.
type Service struct {
	Host     string      `json:"host"`
	Port     int         `json:"port"`
	Implicit bool        `json:"implicit"`
	Origin   string      `json:"origin"` // flag, srv, candidate
	Probe    Fact[Probe] `json:"probe"`  // unasked: it was not connected to, Left says why
	Left     string      `json:"left,omitempty"`
	Asked    []Envelope  `json:"asked,omitempty"` // with --probe-inbound
}

// Probe is what a service was seen to do.
type Probe = smtpx.Probe

// Cert is the leaf certificate that a service presented.
type Cert = smtpx.Cert

// The statuses of a probe.
const (
	ServiceOpen     = smtpx.Open
	ServiceRefused  = smtpx.Refused
	ServiceFiltered = smtpx.Filtered
	ServiceUnknown  = smtpx.Unknown
)

// Named says whether the user or the domain's SRV records name this service, so that clients rely on it.
func (s Service) Named() bool { return s.Origin == "flag" || s.Origin == "srv" }
