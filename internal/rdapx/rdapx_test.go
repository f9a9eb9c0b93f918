package rdapx_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/httpx"
	"mailaudit/internal/rdapx"
	"mailaudit/internal/testnet"
)

var now = time.Now().UTC().Truncate(time.Second)

// iana is a list of servers as data.iana.org has it (RFC 9224 3).
const iana = `{"version": "1.0", "publication": "2026-11-01T00:00:00Z", "services": [
	[["example", "test"], ["https://rdap.nic.example/"]],
	[["plain"], ["http://rdap.nic.plain/"]],
	[["both"], ["http://rdap.nic.both/", "https://rdap.nic.both/v1"]]]}`

const list = "data.iana.org/rdap/dns.json"

// world is one server that stands for all hosts, at the addresses of the map; every other host is at 10.0.0.1.
type world struct {
	ca     *testnet.CA
	server *testnet.RDAP
	client *rdapx.Client
	hosts  map[string]string

	mu    sync.Mutex
	dials []string
}

func build(t *testing.T, replies map[string]testnet.RDAPReply) *world {
	t.Helper()
	w := &world{hosts: map[string]string{"data.iana.org": "11.0.0.1", "rdap.nic.example": "11.0.0.2", "rdap.registrar.example": "11.0.0.3", "rdap.nic.both": "11.0.0.4"}}
	var err error
	if w.ca, err = testnet.NewCA(); err != nil {
		t.Fatal(err)
	}
	if _, ok := replies[list]; !ok && replies != nil {
		replies[list] = testnet.RDAPReply{Type: "application/json", Body: iana}
	}
	if w.server, err = testnet.ServeRDAP(w.ca, replies); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.server.Close() })
	w.client = rdapx.NewClient()
	return w
}

// dial leads every connection to the server.
func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	w.dials = append(w.dials, address)
	w.mu.Unlock()
	return testnet.Dial(ctx, network, w.server.Addr().String())
}

// reach is what a caller lets through: the addresses of the map, and what was typed.
func (w *world) reach(host string, port int, typed bool) ([]netip.AddrPort, error) {
	if a, ok := w.hosts[host]; ok {
		return []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(a), uint16(port))}, nil
	}
	if typed {
		return []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port))}, nil
	}
	return nil, fmt.Errorf("%s is at 10.0.0.1, which is no public address", host)
}

func (w *world) ask(t *testing.T, domain, server string) rdapx.Answer {
	t.Helper()
	return w.client.Lookup(t.Context(), w.query(t, domain, server))
}

func (w *world) query(t *testing.T, domain, server string) rdapx.Query {
	t.Helper()
	q := rdapx.Query{Domain: domain, Reach: w.reach, Roots: w.ca.Pool(), Now: now,
		Fetch: func(ctx context.Context, t httpx.Target) httpx.Page { return httpx.Fetch(ctx, w.dial, t) }}
	if server != "" {
		u, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		q.Server = u
	}
	return q
}

func nowhere(string, int, bool) ([]netip.AddrPort, error) { return nil, nil }

func body(text string) testnet.RDAPReply { return testnet.RDAPReply{Body: text} }

func redirect(to string) testnet.RDAPReply { return testnet.RDAPReply{Status: 302, Location: to} }

// TestLookup: the registry is found by IANA's list, asked, and read.
func TestLookup(t *testing.T) {
	registered, expires := now.AddDate(-3, 0, 0), now.AddDate(0, 2, 0)
	w := build(t, map[string]testnet.RDAPReply{
		"rdap.nic.example/domain/d.example":           body(testnet.RDAPDomain("D.example.", "Registrar Inc.", registered, expires, "active", "client hold")),
		"rdap.nic.both/v1/domain/a.b.both":            body(testnet.RDAPDomain("a.b.both", "R", registered, expires)),
		"rdap.nic.example/domain/bare.example":        body(`{"objectClassName": "domain"}`),
		"rdap.nic.example/domain/moved.example":       redirect("https://rdap.registrar.example/domain/moved.example"),
		"rdap.registrar.example/domain/moved.example": body(testnet.RDAPDomain("moved.example", "R", registered, expires)),
	})
	want := rdapx.Answer{Status: rdapx.Found, Server: "rdap.nic.example", Statuses: []string{"active", "client hold"},
		Registered: rdapx.Date{Time: registered}, Expires: rdapx.Date{Time: expires}, Registrar: "Registrar Inc."}
	if d := cmp.Diff(want, w.ask(t, "d.example", "")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if a := w.ask(t, "a.b.both", ""); a.Status != rdapx.Found || a.Server != "rdap.nic.both" || len(a.Statuses) != 0 {
		t.Errorf("of two servers the one over HTTPS, at its path: %+v", a)
	}
	if d := cmp.Diff(rdapx.Answer{Status: rdapx.Found, Server: "rdap.nic.example", Statuses: []string{}}, w.ask(t, "bare.example", "")); d != "" {
		t.Errorf("without events (-want +got):\n%s", d)
	}
	if a := w.ask(t, "moved.example", ""); a.Status != rdapx.Found || a.Server != "rdap.registrar.example" {
		t.Errorf("redirected: %+v", a)
	}
	if d := cmp.Diff(rdapx.Answer{Status: rdapx.None, Server: "rdap.nic.example"}, w.ask(t, "free.example", "")); d != "" {
		t.Errorf("not registered (-want +got):\n%s", d)
	}
	for _, d := range w.dials {
		if !strings.HasSuffix(d, ":443") {
			t.Errorf("dialled %s", d)
		}
	}
	if n := strings.Count(strings.Join(w.server.Asked(), "\n"), list); n != 1 {
		t.Errorf("IANA's list was fetched %d times", n)
	}
}

// TestList: what keeps IANA's list from being read is told, and not asked for again at once.
func TestList(t *testing.T) {
	for name, c := range map[string]struct {
		reply testnet.RDAPReply
		says  string
	}{
		"names no server":  {testnet.RDAPReply{Body: `{"services": [[["test"], ["https://rdap.nic.test/"]]]}`}, "IANA's list names no RDAP server for d.example"},
		"only one without": {testnet.RDAPReply{Body: `{"services": [[["example"], ["http://rdap.nic.example/"]]]}`}, "IANA's list names no RDAP server for d.example"},
		"a port of its own": {testnet.RDAPReply{Body: `{"services": [[["example"], ["https://rdap.nic.example:8443/"]]]}`},
			"https://rdap.nic.example:8443 is not asked: only https on port 443 is"},
		"no URL":        {testnet.RDAPReply{Body: `{"services": [[["example"], ["%zz"]]]}`}, "names no RDAP server"},
		"no host":       {testnet.RDAPReply{Body: `{"services": [[["example"], ["https:///x"]]]}`}, "no public address"},
		"not a list":    {testnet.RDAPReply{Body: `{"services": [[["example"]]]}`}, "IANA's list of RDAP servers: parsing DNS bootstrap: malformed"},
		"no JSON":       {testnet.RDAPReply{Body: `nothing`}, "IANA's list of RDAP servers: parsing"},
		"a web page":    {testnet.RDAPReply{Type: "text/html", Body: "<html>"}, "IANA's list of RDAP servers: data.iana.org answers with text/html, which is not RDAP"},
		"out of order":  {testnet.RDAPReply{Status: 503}, "IANA's list of RDAP servers: data.iana.org answers 503"},
		"not there":     {testnet.RDAPReply{Status: 404}, "data.iana.org answers 404"},
		"without end":   {testnet.RDAPReply{Body: strings.Repeat(" ", 1<<10), Endless: true}, "more than 1048576 octets"},
		"led elsewhere": {redirect("https://intern.example/dns.json"), "no public address"},
	} {
		w := build(t, map[string]testnet.RDAPReply{list: c.reply})
		for range 2 {
			if a := w.ask(t, "d.example", ""); a.Status != rdapx.Failed || !strings.Contains(a.Why, c.says) {
				t.Errorf("%s: %+v, want %q", name, a, c.says)
			}
		}
		if l := w.server.Asked(); !slices.Equal(l, []string{list}) {
			t.Errorf("%s: asked %q", name, l)
		}
	}
}

// TestListAgain: the list is fetched again after a day, and after a minute if it could not be had.
func TestListAgain(t *testing.T) {
	good := map[string]testnet.RDAPReply{"rdap.nic.example/domain/d.example": body(testnet.RDAPDomain("d.example", "R", now, now))}
	for _, c := range []struct {
		name    string
		replies map[string]testnet.RDAPReply
		later   time.Duration
		want    int
	}{
		{"within a day", good, 24 * time.Hour, 1},
		{"after a day", good, 24*time.Hour + 1, 2},
		{"lost, within a minute", map[string]testnet.RDAPReply{list: {Status: 503}}, time.Minute, 1},
		{"lost, after a minute", map[string]testnet.RDAPReply{list: {Status: 503}}, time.Minute + 1, 2},
	} {
		w := build(t, c.replies)
		q := w.query(t, "d.example", "")
		w.client.Lookup(t.Context(), q)
		q.Now = now.Add(c.later)
		w.client.Lookup(t.Context(), q)
		if n := strings.Count(strings.Join(w.server.Asked(), "\n"), list); n != c.want {
			t.Errorf("%s: fetched %d times, want %d", c.name, n, c.want)
		}
	}
}

// TestListShared: those who ask at once share one fetch of the list, and one whose time is up does not speak for the others.
func TestListShared(t *testing.T) {
	w := build(t, map[string]testnet.RDAPReply{"rdap.nic.example/domain/d.example": body(testnet.RDAPDomain("d.example", "R", now, now))})
	over, cancel := context.WithCancel(t.Context())
	late := w.query(t, "d.example", "")
	late.Fetch = func(context.Context, httpx.Target) httpx.Page {
		cancel()
		return httpx.Page{Status: httpx.Unknown, Why: "time is up"}
	}
	if a := w.client.Lookup(over, late); a.Status != rdapx.Failed || !strings.Contains(a.Why, "time is up") {
		t.Errorf("out of time: %+v", a)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if a := w.ask(t, "d.example", ""); a.Status != rdapx.Found {
				t.Errorf("%+v", a)
			}
		})
	}
	all.Wait()
	if n := strings.Count(strings.Join(w.server.Asked(), "\n"), list); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

// TestListWaits: who waits for another's fetch of the list waits no longer than its own time.
func TestListWaits(t *testing.T) {
	began, end := make(chan bool), make(chan bool)
	client := rdapx.NewClient()
	q := rdapx.Query{Domain: "d.example", Now: now, Reach: nowhere, Fetch: func(context.Context, httpx.Target) httpx.Page {
		close(began)
		<-end
		return httpx.Page{Status: httpx.Slow, Why: "slow"}
	}}
	var first sync.WaitGroup
	first.Go(func() { client.Lookup(t.Context(), q) })
	<-began
	over, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the audit's time is up"))
	if a := client.Lookup(over, q); a.Status != rdapx.Failed || !strings.Contains(a.Why, "time is up") {
		t.Errorf("%+v", a)
	}
	close(end)
	first.Wait()
}

// TestHostile: each hostile answer of a registry leaves the registration unknown, and says why.
func TestHostile(t *testing.T) {
	long := testnet.RDAPDomain("d.example", strings.Repeat("r", 300<<10), now, now)
	nested := func(open, end string, n int) string { return strings.Repeat(open, n) + strings.Repeat(end, n) }
	for name, c := range map[string]struct {
		reply testnet.RDAPReply
		says  string
	}{
		"without end":          {testnet.RDAPReply{Body: strings.Repeat("[", 1<<10), Endless: true}, "rdap.nic.example: its answer has more than 262144 octets"},
		"too long":             {body(long), "more than 262144 octets"},
		"too deep":             {body(nested("[", "]", 100_000)), "cannot be read"},
		"too deep, in objects": {body(`{"objectClassName":"domain","entities":` + nested(`[{"entities":`, "}]", 10_000) + "}"), "cannot be read"},
		"no JSON":              {body("<html>"), "cannot be read"},
		"half":                 {body(`{"objectClassName": "domain", "status": [`), "cannot be read"},
		"an array":             {body(`[]`), "cannot be read"},
		"nothing":              {body(""), "answers with nothing"},
		"null":                 {body("null"), "is not about a domain"},
		"an error":             {body(`{"errorCode": 500, "title": "down"}`), "is not about a domain"},
		"another kind":         {body(`{"objectClassName": "ip network"}`), "is not about a domain"},
		"an unheard-of kind":   {body(`{"objectClassName": "teapot"}`), "is not about a domain"},
		"another domain":       {body(testnet.RDAPDomain("e.example", "R", now, now)), "its answer is about e.example, not d.example"},
		"a web page":           {testnet.RDAPReply{Type: "text/html; charset=utf-8", Body: "<html>"}, "answers with text/html, which is not RDAP"},
		"JSON as text":         {testnet.RDAPReply{Type: "text/plain", Body: testnet.RDAPDomain("d.example", "R", now, now)}, "answers with text/plain"},
		"a type that is none":  {testnet.RDAPReply{Type: ";;", Body: "{}"}, "answers with no media type"},
		"a web page for a 404": {testnet.RDAPReply{Type: "text/html", Status: 404, Body: "<html>"}, "answers 404 with a web page"},
		"too many questions":   {testnet.RDAPReply{Status: 429}, "rdap.nic.example answers 429: too many questions"},
		"out of order":         {testnet.RDAPReply{Status: 503}, "rdap.nic.example answers 503"},
		"no right to ask":      {testnet.RDAPReply{Status: 403}, "answers 403"},
		"gone":                 {testnet.RDAPReply{Status: 410}, "answers 410"},
		"led nowhere":          {testnet.RDAPReply{Status: 302}, "answers 302"},
		"led round":            {redirect("/domain/d.example"), "more than 3 redirects"},
		"led to the inside":    {redirect("https://intern.example/domain/d.example"), "intern.example is at 10.0.0.1, which is no public address"},
		"led to an address":    {redirect("https://169.254.169.254/latest"), "no public address"},
		"led out of TLS":       {redirect("http://rdap.nic.example/domain/d.example"), "http://rdap.nic.example is not asked: only https on port 443 is"},
		"led to a port":        {redirect("https://rdap.nic.example:25/"), "only https on port 443 is"},
		"led to a file":        {redirect("file:///etc/passwd"), "only https on port 443 is"},
		"led astray":           {redirect("https://%zz/"), "Location"},
		"led far":              {redirect("https://rdap.nic.example/" + strings.Repeat("x", 300)), "too long an address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := build(t, map[string]testnet.RDAPReply{"rdap.nic.example/domain/d.example": c.reply})
			a := w.ask(t, "d.example", "")
			if a.Status != rdapx.Failed || !strings.Contains(a.Why, c.says) {
				t.Errorf("%+v, want %q", a, c.says)
			}
			if len(a.Why) > 400 {
				t.Errorf("%d octets of cause", len(a.Why))
			}
			if n := len(w.server.Asked()); n > 5 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// Three redirects are followed.
func TestRedirects(t *testing.T) {
	replies := map[string]testnet.RDAPReply{"rdap.nic.example/3": body(testnet.RDAPDomain("d.example", "R", now, now))}
	replies["rdap.nic.example/domain/d.example"] = redirect("/1")
	for i := 1; i < 3; i++ {
		replies[fmt.Sprint("rdap.nic.example/", i)] = redirect(fmt.Sprint("/", i+1))
	}
	if a := build(t, replies).ask(t, "d.example", ""); a.Status != rdapx.Found {
		t.Errorf("%+v", a)
	}
}

// TestDates: a date is what can be one, and what cannot is told.
func TestDates(t *testing.T) {
	last := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	for text, want := range map[string]rdapx.Date{
		"2019-03-31T12:00:00+02:00": {Time: time.Date(2019, 3, 31, 10, 0, 0, 0, time.UTC)},
		"9999-12-31T23:59:59Z":      {Time: last},
		"9999-12-31T23:59:59-01:00": {Why: `the date of the expiration is "9999-12-31T23:59:59-01:00"`},
		"0001-01-01T00:00:00Z":      {Why: `the date of the expiration is "0001-01-01T00:00:00Z"`},
		"0000-00-00T00:00:00Z":      {Why: `the date of the expiration is "0000-00-00T00:00:00Z"`},
		"soon":                      {Why: `the date of the expiration is "soon"`},
		"":                          {Why: `the date of the expiration is ""`},
	} {
		w := build(t, map[string]testnet.RDAPReply{"rdap.nic.example/domain/d.example": body(
			fmt.Sprintf(`{"objectClassName": "domain", "ldhName": "d.example", "events": [{"eventAction": "expiration", "eventDate": %q}, {"eventAction": "expiration", "eventDate": "2030-01-01T00:00:00Z"}]}`, text))})
		if d := cmp.Diff(want, w.ask(t, "d.example", "").Expires); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
	for days, says := range map[int]string{0: "", 1: "", 2: "which is yet to come"} {
		w := build(t, map[string]testnet.RDAPReply{"rdap.nic.example/domain/d.example": body(testnet.RDAPDomain("d.example", "R", now.AddDate(0, 0, days), now))})
		if a := w.ask(t, "d.example", ""); (says == "") != (a.Registered.Why == "") || !strings.Contains(a.Registered.Why, says) || a.Registered.Time.IsZero() != (says != "") {
			t.Errorf("registered %d days from now: %+v", days, a.Registered)
		}
	}
}

// TestBounds: what is kept of an answer is bounded, and what is of another form than it should be is left out.
func TestBounds(t *testing.T) {
	w := build(t, map[string]testnet.RDAPReply{
		"rdap.nic.example/domain/d.example":    body(testnet.RDAPDomain("d.example", strings.Repeat("ä", 500), now, now, slices.Repeat([]string{strings.Repeat("s", 500)}, 60)...)),
		"rdap.nic.example/domain/long.example": body(testnet.RDAPDomain("long.example", strings.Repeat("r", 200<<10), now, now)),
		"rdap.nic.example/domain/e.example":    body(`{"objectClassName": "domain", "ldhName": 5.5, "status": "active", "events": {"a": []}, "entities": [{"roles": ["registrar"], "vcardArray": ["vcard", [["fn", {}, "text", [["x"]]]]]}, 3]}`),
		"rdap.nic.example/domain/f.example":    body(`{"objectClassName": "domain", "events": [3, {"eventAction": 1}], "entities": [{"roles": ["registrar"], "vcardArray": ["vcard", [["fn"]]]}]}`),
	})
	if a := w.ask(t, "long.example", ""); a.Status != rdapx.Found {
		t.Errorf("of 200 KiB: %+v", a)
	}
	a := w.ask(t, "d.example", "")
	if len([]rune(a.Registrar)) > 103 || len(a.Statuses) > 40 || len(a.Statuses[0]) > 103 {
		t.Errorf("%+v", a)
	}
	if a := w.ask(t, "e.example", ""); a.Status != rdapx.Failed || !strings.Contains(a.Why, "5.5") {
		t.Errorf("a number for a name: %+v", a)
	}
	if a := w.ask(t, "f.example", ""); a.Status != rdapx.Found || a.Registrar != "" || a.Registered != (rdapx.Date{}) {
		t.Errorf("of other forms: %+v", a)
	}
}

// TestTyped: a server that the user typed is asked whatever its port and address, and where it leads is not.
func TestTyped(t *testing.T) {
	replies := map[string]testnet.RDAPReply{
		"127.0.0.1/v1/domain/d.example":       body(testnet.RDAPDomain("d.example", "R", now, now)),
		"127.0.0.1/v1/domain/near.example":    redirect("/v1/domain/d.example"),
		"127.0.0.1/v1/domain/out.example":     redirect("https://rdap.nic.example/domain/out.example"),
		"127.0.0.1/v1/domain/port.example":    redirect("https://127.0.0.1:22/"),
		"typed.example/domain/d.example":      redirect("http://typed.example/domain/d.example"),
		"127.0.0.1/v1/domain/in.example":      redirect("https://intern.example/"),
		"rdap.nic.example/domain/out.example": body(testnet.RDAPDomain("out.example", "R", now, now)),
	}
	w := build(t, replies)
	plain, err := testnet.ServeRDAP(nil, replies)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { plain.Close() })
	secure := fmt.Sprintf("https://%s/v1", w.server.Addr())
	for _, c := range []struct {
		domain, server string
		status         rdapx.Status
		says           string
	}{
		{"d.example", secure, rdapx.Found, ""},
		{"d.example", secure + "/", rdapx.Found, ""},
		{"free.example", secure, rdapx.None, ""},
		{"near.example", secure, rdapx.Failed, "is about d.example, not near.example"}, // it was followed
		{"out.example", secure, rdapx.Found, ""},
		{"port.example", secure, rdapx.Failed, "only https on port 443 is"},
		{"in.example", secure, rdapx.Failed, "no public address"},
		{"d.example", "https://typed.example", rdapx.Failed, "http://typed.example is not asked"},
	} {
		if a := w.ask(t, c.domain, c.server); a.Status != c.status || !strings.Contains(a.Why, c.says) {
			t.Errorf("%s at %s: %+v", c.domain, c.server, a)
		}
	}
	w.server = plain
	if a := w.ask(t, "d.example", fmt.Sprintf("http://%s/v1", plain.Addr())); a.Status != rdapx.Found {
		t.Errorf("without TLS: %+v", a)
	}
	if l := w.server.Asked(); slices.Contains(l, list) {
		t.Errorf("asked %q", l)
	}
}

// TestUnreached: what keeps a server from answering is told, with its host.
func TestUnreached(t *testing.T) {
	w := build(t, map[string]testnet.RDAPReply{"rdap.nic.example/domain/d.example": {Silent: true}, "rdap.nic.example/domain/e.example": body("{}")})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // enough to be told whom to ask
	defer cancel()
	if a := w.client.Lookup(ctx, w.query(t, "d.example", "")); a.Status != rdapx.Failed || !strings.Contains(a.Why, "rdap.nic.example: ") || a.Server != "rdap.nic.example" {
		t.Errorf("silent: %+v", a)
	}
	q := w.query(t, "e.example", "")
	q.Roots = nil // nobody vouches for the certificate
	if a := rdapx.NewClient().Lookup(t.Context(), q); a.Status != rdapx.Failed || !strings.Contains(a.Why, "certificate") {
		t.Errorf("a certificate of nobody's: %+v", a)
	}
	w.server.Close()
	if a := w.ask(t, "e.example", ""); a.Status != rdapx.Failed || !strings.Contains(a.Why, "refused") {
		t.Errorf("nobody listens: %+v", a)
	}
}

// FuzzAnswer: whatever a registry answers, there is an outcome, and of what is unknown a cause.
func FuzzAnswer(f *testing.F) {
	f.Add("application/json", testnet.RDAPDomain("d.example", "R", now, now, "active"))
	f.Add("application/rdap+json", `{"objectClassName": "domain", "variants": [{"relation": 1}], "secureDNS": {"dsData": [{"keyTag": -1, "algorithm": 1e300}]}, "network": {"cidr0_cidrs": [1]}}`)
	f.Add("application/rdap+json", `{"entitySearchResults": [{"vcardArray": ["vcard", [["tel", {"type": [1]}, "uri", {}]]]}]}`)
	f.Fuzz(func(t *testing.T, kind, text string) {
		a := rdapx.NewClient().Lookup(t.Context(), rdapx.Query{Domain: "d.example", Server: &url.URL{Scheme: "https", Host: "rdap.example"}, Now: now, Reach: nowhere,
			Fetch: func(context.Context, httpx.Target) httpx.Page {
				return httpx.Page{Status: httpx.Answered, Code: 200, ContentType: kind, Body: text}
			}})
		if (a.Status == rdapx.Failed) != (a.Why != "") || a.Status == rdapx.None {
			t.Errorf("%+v", a)
		}
	})
}
