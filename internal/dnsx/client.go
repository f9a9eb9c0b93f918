package dnsx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"
)

// Defaults of Config.
const (
	defaultTimeout  = 4500 * time.Millisecond
	defaultInFlight = 256
)

// Bounds on what an answer may hold.
const (
	maxChain   = 12   // CNAMEs that are followed from one question
	maxRecords = 1000 // records of the type that was asked for
)

// Config says whom a Client asks, and how. The zero value of each field but Servers has a default.
type Config struct {
	Servers  []netip.AddrPort // recursive resolvers, in order of preference
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Timeout  time.Duration // for one Lookup, its retransmissions and its repeat over TCP included; 4.5 s
	InFlight int           // Lookups at once at most, and half of what the process may have open; the others wait in line; 256
}

// Client asks recursive resolvers. It is safe for concurrent use.
type Client struct {
	servers []netip.AddrPort
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	timeout time.Duration
	lines   map[netip.AddrPort]*line // of servers
	window  *window

	inFlight int // as in Config
}

// NewClient makes a Client.
func NewClient(c Config) *Client {
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.InFlight <= 0 {
		c.InFlight = defaultInFlight
	}
	c.InFlight = min(c.InFlight, max(descriptors()/2, 1)) // each has a socket, or one for each of two servers
	return &Client{
		servers: slices.Clone(c.Servers),
		dial:    c.Dial,
		timeout: c.Timeout,
		lines:   newLines(c.Servers, c.Timeout),
		window:  newWindow(c.InFlight),

		inFlight: c.InFlight,
	}
}

// Share bounds the questions under way to a part of Config.InFlight, from 0, which lets none out, to 1: the rest belongs to others
// who ask the same servers. It returns for how long more than that may be under way still.
func (c *Client) Share(part float64) time.Duration {
	most := int(part * float64(c.inFlight))
	if part > 0 {
		most = max(most, 1)
	}
	if c.window.bound(most) {
		return c.timeout
	}
	return 0
}

// Lookup implements Resolver.
func (c *Client) Lookup(ctx context.Context, q Question) Answer {
	q = q.tidy()
	if _, problem := canonical(q.Name); problem != "" {
		return impossible(q, problem)
	}
	if len(c.servers) == 0 && !q.Server.IsValid() {
		return failed(q, "there is no DNS server to ask")
	}
	if ctx.Err() != nil {
		return failed(q, ended(ctx))
	}
	if c.window.enter(ctx, 1) == 0 {
		return failed(q, ended(ctx))
	}
	defer c.window.leave()
	deadline := time.Now().Add(c.timeout)
	if q.Server.IsValid() {
		return c.server(ctx, q, deadline)
	}
	return c.follow(ctx, q, c.exchange(ctx, q, c.servers, deadline), deadline)
}

// follow reads the answer out of what came of the first exchange, and asks for the end of an alias where that is missing.
func (c *Client) follow(ctx context.Context, q Question, r outcome, until time.Time) Answer {
	a := Answer{Question: q, Authenticated: true, Keep: maxKeep}
	name := q.Name
	for {
		a.Asked += r.asked
		m := r.message
		if m == nil {
			a.Rcode = r.rcode
			return a.fail(r.cause)
		}
		a.Authenticated = a.Authenticated && m.AuthenticatedData
		a.Keep = min(a.Keep, lifetime(m, q.Type))
		cnames, owned := sections(m, q.Type)
		moved := false
		for len(owned[name]) == 0 && cnames[name] != "" {
			if cause := a.step(cnames[name]); cause != "" {
				return a.fail(cause)
			}
			name, moved = cnames[name], true
		}
		switch {
		case m.Rcode == dns.RcodeNameError && len(owned[name]) > 0:
			return a.fail("the answer is NXDOMAIN and yet holds records")
		case m.Rcode == dns.RcodeNameError: // of the chain's last name, RFC 6604 3
			a.Status = NXDomain
			return a
		case len(owned[name]) > 0:
			a.found(owned[name])
			return a
		case moved && !has[*dns.SOA](m.Ns):
			// An authoritative server, or a resolver that is sparing, left the end of the chain to us.
			r = c.exchange(ctx, q.of(name), c.servers, until)
		default:
			a.Status = NoData
			return a
		}
	}
}

// sections sorts an answer section by owner: the target of each CNAME, and the records of type t.
func sections(m *dns.Msg, t Type) (cnames map[string]string, owned map[string][]dns.RR) {
	if len(m.Answer) == 0 { // as of most questions
		return nil, nil
	}
	cnames, owned = map[string]string{}, map[string][]dns.RR{}
	for _, rr := range m.Answer {
		h := rr.Header()
		if h.Class != dns.ClassINET {
			continue
		}
		owner := fold(h.Name)
		if Type(h.Rrtype) == t {
			owned[owner] = append(owned[owner], rr)
		} else if cname, ok := rr.(*dns.CNAME); ok {
			cnames[owner] = fold(cname.Target)
		}
	}
	return cnames, owned
}

// has reports whether a section holds a record of type T.
func has[T dns.RR](rrs []dns.RR) bool {
	return slices.ContainsFunc(rrs, func(rr dns.RR) bool {
		_, ok := rr.(T)
		return ok
	})
}

// step follows one CNAME; cause says why that leads nowhere.
func (a *Answer) step(target string) (cause string) {
	if target == a.Question.Name || slices.Contains(a.Chain, target) {
		return "CNAME loop at " + target
	}
	if len(a.Chain) == maxChain {
		return fmt.Sprintf("more than %d CNAMEs from %s", maxChain, a.Question.Name)
	}
	a.Chain = append(a.Chain, target)
	return ""
}

// found keeps the records. Some of them would not do: the one that matters may be among the others.
func (a *Answer) found(rrs []dns.RR) {
	if len(rrs) > maxRecords {
		*a = a.fail(fmt.Sprintf("%d records at one name, more than %d", len(rrs), maxRecords))
		return
	}
	a.Status = Found
	for _, rr := range rrs {
		a.Records = append(a.Records, record(rr))
	}
}

// fail turns what is known so far into a failure.
func (a Answer) fail(cause string) Answer {
	a.Status, a.Cause, a.Authenticated = Failed, cause, false
	return a
}

func failed(q Question, cause string) Answer { return Answer{Question: q}.fail(cause) }

// impossible answers for a name that no message can carry: it cannot exist, and nobody need be asked. RFC 7208 4.3
// relies on that.
func impossible(q Question, problem string) Answer {
	return Answer{Question: q, Status: NXDomain, Cause: problem}
}

// errSilence ends a Lookup whose own time is over.
var errSilence = errors.New("no answer in time")

// ended says why ctx is over.
func ended(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.Canceled) {
		return "interrupted"
	}
	return "ended by the time limit"
}
