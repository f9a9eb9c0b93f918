// Package rdapx asks a registry about a domain over RDAP (RFC 7480, RFC 9082, RFC 9083), and finds the registry's server in
// the list that IANA keeps (RFC 9224). It says what the registry says and judges nothing.
//
// The form of IANA's list is github.com/openrdap/rdap/bootstrap's. The way out is ours: each request, redirects included, goes
// through one function that resolves by the caller's resolver, dials only what the caller lets it dial, and bounds the answer in
// octets and in time (docs/decisions/0004-rdap.md).
package rdapx

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/openrdap/rdap/bootstrap"

	"mailaudit/internal/httpx"
)

// listURL is where IANA keeps the servers of the top-level domains (RFC 9224 4).
const listURL = "https://data.iana.org/rdap/dns.json"

// The bounds of one question.
const (
	patience     = 10 * time.Second // for each answer
	maxRedirects = 3
	maxAnswer    = 256 << 10 // octets
	maxList      = 1 << 20   // octets of IANA's list
)

// How long IANA's list is kept, and how long it is not asked for again when it could not be had.
const (
	keepList    = 24 * time.Hour
	keepFailure = time.Minute
)

// FetchFunc gets one file over HTTPS.
type FetchFunc = func(context.Context, httpx.Target) httpx.Page

// Query is one question.
type Query struct {
	Fetch  FetchFunc
	Domain string   // the registered name, an A-label name
	Server *url.URL // asked whatever the domain, because the user typed it; nil: the one that IANA's list names
	// Reach is where a host may be asked; typed says that the user named the server.
	Reach func(host string, port int, typed bool) ([]netip.AddrPort, error)
	Roots *x509.CertPool // nil: the system's
	Now   time.Time
}

// Status is what is known of a domain.
type Status string

// Found: it is registered. None: the registry says that it is not (RFC 7480 5.3). Failed: that could not be found out.
const (
	Found  Status = "found"
	None   Status = "none"
	Failed Status = "failed"
)

// Answer is what a registry says of a domain. Text is kept as it came, bounded in size.
type Answer struct {
	Status     Status
	Why        string   // of Failed
	Server     string   // the host that answered
	Statuses   []string // as RDAP writes them: "client hold" (RFC 8056 2)
	Registered Date
	Expires    Date
	Registrar  string
}

// Date is when an event was or will be (RFC 9083 4.5). The zero Date is of an event that the registry does not tell.
type Date struct {
	Time time.Time
	Why  string // why what it tells is no date
}

// Client asks registries, and remembers IANA's list. It is safe for concurrent use.
type Client struct {
	turn   chan struct{} // held by who reads or fills what follows
	list   *bootstrap.DNSRegistry
	failed error
	asked  time.Time
}

// NewClient makes a client for all questions of a process.
func NewClient() *Client { return &Client{turn: make(chan struct{}, 1)} }

// Lookup asks about one domain. It returns by the end of ctx.
func (c *Client) Lookup(ctx context.Context, q Query) Answer {
	server := q.Server
	if server == nil {
		var err error
		if server, err = c.serverOf(ctx, q); err != nil {
			return Answer{Status: Failed, Why: err.Error()}
		}
	}
	return ask(ctx, q, server)
}

// serverOf is the server that IANA's list names for a domain: the first that is asked over HTTPS. Who comes while another
// fetches the list waits for that.
func (c *Client) serverOf(ctx context.Context, q Query) (*url.URL, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("IANA's list of RDAP servers: %w", context.Cause(ctx))
	}
	if age := q.Now.Sub(c.asked); c.asked.IsZero() || age > keepList || c.failed != nil && age > keepFailure {
		list, err := fetchList(ctx, q)
		if err != nil && ctx.Err() != nil {
			return nil, err // that one audit had no more time says nothing for the next
		}
		c.list, c.failed, c.asked = list, err, q.Now
	}
	if c.failed != nil {
		return nil, c.failed
	}
	answer, err := c.list.Lookup(&bootstrap.Question{RegistryType: bootstrap.DNS, Query: q.Domain})
	if err != nil {
		return nil, fmt.Errorf("IANA's list of RDAP servers: %w", err)
	}
	for _, u := range answer.URLs {
		if u.Scheme == "https" {
			return u, nil
		}
	}
	return nil, fmt.Errorf("IANA's list names no RDAP server for %s", q.Domain)
}

// fetchList gets IANA's list.
func fetchList(ctx context.Context, q Query) (*bootstrap.DNSRegistry, error) {
	bad := func(err error) (*bootstrap.DNSRegistry, error) {
		return nil, fmt.Errorf("IANA's list of RDAP servers: %w", inner(err))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, listURL, http.NoBody)
	if err != nil {
		return bad(err)
	}
	w := &way{query: q, most: maxList}
	response, err := w.http().Do(r)
	if err != nil {
		return bad(err)
	}
	defer response.Body.Close()
	text, err := w.read(response)
	if err != nil {
		return bad(err)
	}
	list, err := bootstrap.NewDNSRegistry(text)
	if err != nil {
		return bad(err)
	}
	return list, nil
}

// ask puts the question to a server (RFC 9082 3.1.3).
func ask(ctx context.Context, q Query, server *url.URL) Answer {
	w := &way{query: q, typed: q.Server, most: maxAnswer}
	a, err := w.domain(ctx, server)
	if err != nil {
		a = Answer{Status: Failed, Why: err.Error()}
	}
	a.Server = w.host
	return a
}

func (w *way) domain(ctx context.Context, server *url.URL) (Answer, error) {
	u := *server
	u.RawQuery, u.Fragment = "", ""
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.JoinPath("domain", w.query.Domain).String(), http.NoBody)
	if err != nil {
		return Answer{}, err
	}
	response, err := w.http().Do(r)
	if err != nil {
		return Answer{}, inner(err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return Answer{Status: None}, nil
	}
	text, err := w.read(response)
	if err != nil {
		return Answer{}, err
	}
	a, err := read(text, w.query)
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %w", w.host, err)
	}
	return a, nil
}
