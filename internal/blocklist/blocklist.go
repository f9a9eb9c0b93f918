// Package blocklist knows DNS blocklists as data: it reads the file that describes them, makes the name to ask
// about an address or a domain, and decodes the answer. It asks nothing itself.
//
// A blocklist is a DNS zone (RFC 5782). About the address 192.0.2.99 one asks for the A records of
// 99.2.0.192.ZONE (2.1), about an IPv6 address for those of its 32 nibbles in reverse (2.4), about a domain for
// those of DOMAIN.ZONE (3). No such name means not listed. Any answer means listed, and the answer is not an
// address but a code inside 127.0.0.0/8, whose meaning each list documents for itself: as one code for one
// reason, or as a bit mask in the last octet (2.3). Three things stand between an answer and a verdict:
//
//   - Lists refuse resolvers that they do not like by answering, mostly from 127.255.255.0/24. Whoever counts
//     that as a listing tells an innocent sender that he is listed.
//   - An answer outside 127.0.0.0/8 is not the list's: a resolver that rewrites answers, or a zone that has
//     lapsed and been sold.
//   - A dead list answers nothing, or lists the whole Internet. Section 5 therefore has every list contain
//     127.0.0.2 and never 127.0.0.1 (a list of domains: "test", never "invalid"), and a list that fails this
//     test is not believed.
//
// Some lists answer only questions that hold a key, as a label of the name. Here and in all that is kept or shown
// that label is Placeholder; whoever asks puts the key in its place on the way to the wire.
package blocklist

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// File is what a file of lists says.
type File struct {
	Lists []List
	Dead  []Dead
}

// List is one blocklist.
type List struct {
	Zone     string // lower case, without the dot at the end
	Operator string // who runs it; the zone where the file does not say
	About    string // what it lists, in words
	Kind     Kind
	IP4, IP6 bool // the families that a list of addresses takes
	Scope    Scope
	Codes    []Code
	Refused  []Code // answers that refuse, beyond 127.255.255.0/24; without a class

	Compromised []Match // answers that stand for a hijacked host or account
	Net64       []Match // answers that, about an IPv6 address, are about its whole /64

	Listed, NotListed string // the test points of RFC 5782 5; both empty where there are none

	Weight    int    // 0 to 100: how much of the world's mail the list touches
	UsedBy    string // who refuses mail because of it, in words
	Removal   string // the page to go to
	NoRemoval string // how a listing ends where there is no page to go to
	Terms     Terms
	Note      string
	Default   bool // asked unless told otherwise

	Key      string  // the variable of the environment that holds the key; the zone has Placeholder then
	WithKey  bool    // asked where there is a key
	Replaces string  // the zone that need not be asked where this list is: it has the same data
	Rate     float64 // questions a second that we allow ourselves; 0: DefaultRate
	Dead     string  // why it is not to be asked after all
}

// Placeholder stands in a zone where its key belongs.
const Placeholder = "<key>"

// DefaultRate is the pace at which a list is asked where the file does not say, in questions a second: what one busy mail server
// asks, which is what lists are there for. Those that publish a limit say it in the file.
const DefaultRate = 200

// Off says why the list l of the file is not asked, "" for one that is. has says which keys there are, by the name of
// their variable; nil: none.
func (f File) Off(l List, has func(variable string) bool) string {
	on := func(l List) bool { return l.Dead == "" && (l.Default || l.WithKey && has != nil && has(l.Key)) }
	switch {
	case l.Dead != "":
		return "not to be asked: " + l.Dead
	case l.WithKey && !on(l):
		return "needs a key: set " + l.Key
	case !on(l):
		return "off by default"
	}
	for _, m := range f.Lists {
		if m.Replaces == l.Zone && on(m) {
			return m.Zone + " takes its place"
		}
	}
	return ""
}

// On are the lists that are asked, and those that would be if they were alive.
func (f File) On(has func(variable string) bool) []List {
	return slices.DeleteFunc(slices.Clone(f.Lists), func(l List) bool { return l.Dead == "" && f.Off(l, has) != "" })
}

// Allows reports whether the list is an allowlist: it vouches, and lists nobody.
func (l List) Allows() bool {
	allows := false
	for _, c := range l.Codes {
		if c.Class != ClassAllow && c.Class != ClassNone {
			return false
		}
		allows = allows || c.Class == ClassAllow
	}
	return allows
}

// Dead is a zone that is not to be asked, and every zone beneath it.
type Dead struct {
	Zone     string
	Reason   string
	Doubtful bool // the reason is hearsay: to be told to whoever names the zone, and left to the self-test
}

// Kind says what a list takes.
type Kind string

// The kinds of lists.
const (
	KindIP     Kind = "ip"
	KindDomain Kind = "domain"
)

// Scope says how much a listing covers: whether it is about this sender or about its neighbours.
type Scope string

// The scopes. Net and ASN are listings for which somebody else may be to blame.
const (
	ScopeAddress Scope = "address"
	ScopeNet     Scope = "net"
	ScopeASN     Scope = "asn"
	ScopeDomain  Scope = "domain"
)

// Terms say who may ask a list.
type Terms string

// The terms.
const (
	TermsFree          Terms = "free"
	TermsNonCommercial Terms = "noncommercial"
	TermsRegistration  Terms = "registration" // the resolver or its owner must be registered
	TermsKey           Terms = "key"          // every question carries a key
)

// Code is an answer of a list, or several, and what it means.
type Code struct {
	Match   Match
	Class   Class
	Meaning string
}

// Match says which answers a code stands for: Net.First to Net.Last, or, where Bit is not 0, every answer in Net
// whose last octet has that bit. Where Third is not 0 that goes for several nets, up to the third octet Third.
type Match struct {
	Net         [3]byte
	Third       byte
	First, Last byte
	Bit         byte
}

// third is the last of m's third octets.
func (m Match) third() byte { return max(m.Net[2], m.Third) }

// holds reports whether an answer is one of m's.
func (m Match) holds(answer [4]byte) bool {
	if [2]byte(answer[:2]) != [2]byte(m.Net[:2]) || answer[2] < m.Net[2] || answer[2] > m.third() {
		return false
	}
	if m.Bit != 0 {
		return answer[3]&m.Bit != 0
	}
	return m.First <= answer[3] && answer[3] <= m.Last
}

// clashes reports whether one answer could match both and nothing says which counts. Bits do not clash with one
// another, but bits and whole codes in one net do: 127.0.0.10 is a code or the bits 8 and 2.
func (m Match) clashes(n Match) bool {
	switch {
	case [2]byte(m.Net[:2]) != [2]byte(n.Net[:2]), m.third() < n.Net[2], n.third() < m.Net[2]:
		return false
	case m.Bit != 0 && n.Bit != 0:
		return m.Bit == n.Bit
	case m.Bit != 0 || n.Bit != 0:
		return true
	}
	return m.First <= n.Last && n.First <= m.Last
}

// String gives m as it stands in a file.
func (m Match) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d.%d.%d", m.Net[0], m.Net[1], m.Net[2])
	if m.Third != 0 {
		fmt.Fprintf(&b, "-%d", m.Third)
	}
	b.WriteByte('.')
	switch {
	case m.Bit != 0:
		b.WriteString("&" + strconv.Itoa(int(m.Bit)))
	case m.First == m.Last:
		b.WriteString(strconv.Itoa(int(m.First)))
	default:
		b.WriteString(strconv.Itoa(int(m.First)) + "-" + strconv.Itoa(int(m.Last)))
	}
	return b.String()
}

// Class says what a code amounts to. The zero Class is that of no listing, as ClassNone.
type Class string

// The classes, mildest first.
const (
	ClassAllow  Class = "allow"  // the list vouches for the target
	ClassNone   Class = "none"   // known to the list and not a listing: a neutral or good reputation
	ClassInfo   Class = "info"   // hardly anybody refuses for it
	ClassPolicy Class = "policy" // a dynamic or generic address, not abuse
	ClassMinor  Class = "minor"  // some receivers refuse or mark
	ClassAbused Class = "abused" // a legitimate domain that others abuse
	ClassPBL    Class = "pbl"    // a policy listing for which big receivers refuse: Spamhaus PBL
	ClassDomain Class = "domain" // a domain for which mail is refused
	ClassMajor  Class = "major"  // an address for which big receivers refuse
)

func (c Class) rank() int {
	switch c {
	case ClassInfo:
		return 1
	case ClassPolicy:
		return 2
	case ClassMinor:
		return 3
	case ClassAbused:
		return 4
	case ClassPBL:
		return 5
	case ClassDomain:
		return 6
	case ClassMajor:
		return 7
	}
	return 0
}

// Worse reports whether c is worse than d.
func (c Class) Worse(d Class) bool { return c.rank() > d.rank() }

// Severity is the class in the words of a report's evidence: major, policy, minor or info, and nothing where
// there is no listing.
func (c Class) Severity() string {
	switch c {
	case ClassMajor, ClassDomain:
		return "major"
	case ClassPBL, ClassPolicy:
		return "policy"
	case ClassMinor, ClassAbused:
		return "minor"
	case ClassInfo:
		return "info"
	}
	return ""
}

// Worst is the worst class that the list can give: ClassMajor for the lists of addresses that matter most.
func (l List) Worst() Class {
	worst := ClassNone
	for _, c := range l.Codes {
		if c.Class.Worse(worst) {
			worst = c.Class
		}
	}
	return worst
}

// Takes reports whether the list knows addresses of this family. An IPv4-mapped address is an IPv6 address here
// (see Name): unmap a sender's address first.
func (l List) Takes(a netip.Addr) bool {
	return l.Kind == KindIP && (l.IP4 && a.Is4() || l.IP6 && a.Is6())
}

// DeadZone looks a zone up among those that are not to be asked; of several that cover it the most specific.
func (f File) DeadZone(zone string) (Dead, bool) {
	zone = strings.ToLower(strings.TrimSuffix(zone, "."))
	var found Dead
	for _, d := range f.Dead {
		if (zone == d.Zone || strings.HasSuffix(zone, "."+d.Zone)) && len(d.Zone) > len(found.Zone) {
			found = d
		}
	}
	return found, found.Zone != ""
}
