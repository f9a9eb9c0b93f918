package serve

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
	"mailaudit/internal/history"
	"mailaudit/internal/names"
	"mailaudit/internal/report"
	"mailaudit/internal/testnet"
)

// zone is a domain that is in order as far as it goes.
const zone = `
example. SOA ns1.example. hostmaster.example. 1 7200 3600 1209600 300
example. NS ns1.example.
shop.example. MX 10 mail.shop.example.
shop.example. TXT "v=spf1 ip4:192.0.2.25 -all"
_dmarc.shop.example. TXT "v=DMARC1; p=none; rua=mailto:d@shop.example"
mail.shop.example. A 192.0.2.25
evil.example. TXT "v=spf1 <script>alert(1)</script> \"><img src=//192.0.2.1/ onerror=alert(2)> -all"
`

// world is a running server, and what stands behind it.
type world struct {
	t     *testing.T
	url   string
	store *history.Store
	log   bytes.Buffer  // once the server has stopped
	gate  chan struct{} // audits wait for it where it is not nil
	stop  func() error
}

// stream is the one of a request.
func stream(r Request) facts.Stream {
	s := facts.Stream{Name: "default", MailFrom: "postmaster@" + r.Domain, DKIMDomain: r.Domain, Selectors: r.Selectors}
	for _, ip := range r.IPs {
		s.IPs = append(s.IPs, netip.MustParseAddr(ip))
	}
	return s
}

// start runs a server on loopback. edit changes its configuration first.
func start(t *testing.T, edit func(*Config, *world)) *world {
	t.Helper()
	w := &world{t: t}
	var err error
	if w.store, err = history.Open(t.Context(), filepath.Join(t.TempDir(), "history.db")); err != nil {
		t.Fatal(err)
	}
	z, err := dnsx.ParseZone("test", strings.NewReader(zone))
	if err != nil {
		t.Fatal(err)
	}
	env := gather.Env{DNS: dnsx.NewOffline(z), Now: time.Now}
	options := audit.Options{Version: "1.2.3", Wanted: func(checks.Area) bool { return true }, Timeout: time.Minute}
	c := Config{
		Check: func(r Request) (string, error) {
			d, err := names.Domain(r.Domain)
			if err != nil {
				return "", BadRequest{err.Error()}
			}
			return d, nil
		},
		Audit: func(ctx context.Context, r Request, asked func()) (*audit.Report, error) {
			asked()
			if w.gate != nil {
				<-w.gate
			}
			if strings.HasPrefix(r.Domain, "panic.") {
				panic("at the audit")
			}
			return audit.Run(ctx, env, gather.Target{Domain: r.Domain, Streams: []facts.Stream{stream(r)}}, options), nil
		},
		History: w.store, Log: slog.New(slog.NewTextHandler(&w.log, nil)), Version: "1.2.3",
		Running: 2, Queue: 8, Rate: 1000, Burst: 1000, Timeout: time.Minute, Formats: report.Formats,
	}
	if edit != nil {
		edit(&c, w)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.url = "http://" + l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- New(c).Serve(ctx, l) }()
	w.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		w.store.Close()
	})
	return w
}

// reply is an answer, whose body has been read.
type reply struct {
	StatusCode int
	Status     string
	Header     http.Header
}

// send sends one request. body is a string, or what becomes JSON; header holds names and values in turn.
func (w *world) send(method, path string, body any, header ...string) (reply, []byte) {
	w.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	q, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, in)
	if err != nil {
		w.t.Fatal(err)
	}
	if in != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			q.Host = header[i+1]
		}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a, err := client.Do(q)
	if err != nil {
		w.t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{a.StatusCode, a.Status, a.Header}, text
}

// audit begins an audit through the API and waits for its end by its events.
func (w *world) audit(domain string) Audit {
	w.t.Helper()
	a, text := w.send("POST", "/api/v1/audits", Request{Domain: domain})
	if a.StatusCode != http.StatusAccepted {
		w.t.Fatalf("POST: %s %s", a.Status, text)
	}
	_, stream := w.send("GET", a.Header.Get("Location")+"/events", nil)
	l := w.events(stream)
	return l[len(l)-1]
}

// events reads what a stream of events told.
func (w *world) events(stream []byte) (l []Audit) {
	w.t.Helper()
	s := bufio.NewScanner(bytes.NewReader(stream))
	for s.Scan() {
		if data, ok := strings.CutPrefix(s.Text(), "data: "); ok {
			var a Audit
			if err := json.Unmarshal([]byte(data), &a); err != nil {
				w.t.Fatal(err)
			}
			l = append(l, a)
		}
	}
	if len(l) == 0 {
		w.t.Fatalf("no event in %q", stream)
	}
	return l
}

// described are the answers that openapi.json describes.
type described struct {
	t        *testing.T
	compiler *jsonschema.Compiler
	doc      map[string]any
}

func description(t *testing.T) *described {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(openAPI))
	if err != nil {
		t.Fatal(err)
	}
	d := &described{t: t, compiler: jsonschema.NewCompiler(), doc: doc.(map[string]any)}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	if err := d.compiler.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return d
}

// at goes down the document.
func (d *described) at(keys ...string) any {
	var v any = d.doc
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

// holds says what is wrong with an answer by the document: a status, a media type or a body that it does not have.
func (d *described) holds(method, path string, a reply, body []byte) error {
	status, kind := fmt.Sprint(a.StatusCode), a.Header.Get("Content-Type")
	kind, _, _ = strings.Cut(kind, ";")
	if d.at("paths", path, strings.ToLower(method), "responses", status, "content", kind) == nil {
		return fmt.Errorf("%s %s answers %s %s, which openapi.json does not have", method, path, status, kind)
	}
	if !strings.HasSuffix(kind, "json") || kind == "application/x-ndjson" {
		return nil
	}
	pointer := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	s, err := d.compiler.Compile("openapi.json#/paths/" + pointer.Replace(path) + "/" + strings.ToLower(method) + "/responses/" + status + "/content/" + pointer.Replace(kind) + "/schema")
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// TestDescription holds the document to the routes, and every answer to the document.
func TestDescription(t *testing.T) {
	d := description(t)
	w := start(t, nil)
	var routes, documented []string
	for _, r := range (&Server{}).routes() {
		if strings.HasPrefix(r.path, "/api/") {
			routes = append(routes, r.method+" "+r.path)
		}
	}
	for path, methods := range d.at("paths").(map[string]any) {
		for m := range methods.(map[string]any) {
			documented = append(documented, strings.ToUpper(m)+" "+path)
		}
	}
	slices.Sort(routes)
	slices.Sort(documented)
	if diff := cmp.Diff(routes, documented); diff != "" {
		t.Errorf("routes and openapi.json (-routes +document):\n%s", diff)
	}

	id := w.audit("shop.example").ID
	failed := w.audit("panic.example").ID
	for _, c := range []struct {
		method, path, route string
		body                any
		header              []string
		status              int
	}{
		{method: "POST", path: "/api/v1/audits", body: Request{Domain: "shop.example", IPs: []string{"192.0.2.25"}}, status: 202},
		{method: "POST", path: "/api/v1/audits", body: Request{Domain: "shop"}, status: 400},
		{method: "POST", path: "/api/v1/audits", body: `{"domain":"shop.example","zones":["/etc/passwd"]}`, status: 400},
		{method: "POST", path: "/api/v1/audits", body: `{"domain":"shop.example"} {}`, status: 400},
		{method: "POST", path: "/api/v1/audits", body: `{"domain":`, status: 400},
		{method: "POST", path: "/api/v1/audits", body: `{"domain":"shop.example","domain":"evil.example"}`, status: 400},
		{method: "POST", path: "/api/v1/audits", body: `{"Domain":"shop.example"}`, status: 400},
		{method: "POST", path: "/api/v1/audits", body: `{"domain":"shop.example","ipſ":[]}`, status: 400},
		{method: "POST", path: "/api/v1/audits", body: `{"domain":"` + strings.Repeat("x", maxBody) + `"}`, status: 413},
		{method: "POST", path: "/api/v1/audits", body: "domain=shop.example", header: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415},
		{method: "GET", path: "/api/v1/audits", status: 200},
		{method: "GET", path: "/api/v1/audits?domain=Shop.Example.&limit=1", status: 200},
		{method: "GET", path: "/api/v1/audits?limit=0", status: 400},
		{method: "GET", path: "/api/v1/audits/" + id, route: "/api/v1/audits/{id}", status: 200},
		{method: "GET", path: "/api/v1/audits/" + failed, route: "/api/v1/audits/{id}", status: 200},
		{method: "GET", path: "/api/v1/audits/none", route: "/api/v1/audits/{id}", status: 404},
		{method: "GET", path: "/api/v1/audits/run-x", route: "/api/v1/audits/{id}", status: 404},
		{method: "GET", path: "/api/v1/audits/" + id + "/events", route: "/api/v1/audits/{id}/events", status: 200},
		{method: "GET", path: "/api/v1/audits/none/events", route: "/api/v1/audits/{id}/events", status: 404},
		{method: "GET", path: "/api/v1/audits/none/report", route: "/api/v1/audits/{id}/report", status: 404},
		{method: "GET", path: "/api/v1/audits/" + failed + "/report", route: "/api/v1/audits/{id}/report", status: 409},
		{method: "GET", path: "/api/v1/audits/" + id + "/report?format=exe", route: "/api/v1/audits/{id}/report", status: 400},
		{method: "GET", path: "/api/v1/domains?prefix=SHOP", status: 200},
		{method: "GET", path: "/api/v1/domains?limit=x", status: 400},
		{method: "GET", path: "/api/v1/openapi.json", status: 200},
		{method: "GET", path: "/api/v1/report.schema.json", status: 200},
	} {
		a, body := w.send(c.method, c.path, c.body, c.header...)
		route, _, _ := strings.Cut(c.path, "?")
		if c.route != "" {
			route = c.route
		}
		if a.StatusCode != c.status {
			t.Errorf("%s %s: %s %s, want %d", c.method, c.path, a.Status, body, c.status)
		}
		if err := d.holds(c.method, route, a, body); err != nil {
			t.Errorf("%s %s: %v\n%s", c.method, c.path, err, body)
		}
	}
	for _, f := range report.Formats {
		a, body := w.send("GET", "/api/v1/audits/"+id+"/report?format="+f, nil)
		if a.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("shop.example")) {
			t.Errorf("report as %s: %s %s", f, a.Status, body)
		}
		if err := d.holds("GET", "/api/v1/audits/{id}/report", a, body); err != nil {
			t.Error(err)
		}
	}
}

// TestReportIsTheReport: what the API hands out is what the schema describes, and what the history keeps.
func TestReportIsTheReport(t *testing.T) {
	w := start(t, nil)
	a := w.audit("shop.example")
	if a.Status != done || a.Score == nil {
		t.Fatalf("%+v", a)
	}
	_, body := w.send("GET", "/api/v1/audits/"+a.ID, nil)
	var got struct{ Report json.RawMessage }
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(reportSchema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("report.schema.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(got.Report))
	if err == nil {
		err = compiled.Validate(v)
	}
	if err != nil {
		t.Error(err)
	}
	run, err := w.store.Find(t.Context(), a.ID)
	if err != nil || run.Domain != "shop.example" || *run.Score != *a.Score {
		t.Errorf("in the history: %+v, %v", run, err)
	}
}

// TestFailure: an audit that panics ends as failed, and the server goes on.
func TestFailure(t *testing.T) {
	w := start(t, nil)
	if a := w.audit("panic.example"); a.Status != failed || a.Error != "internal error" {
		t.Errorf("%+v", a)
	}
	if a := w.audit("shop.example"); a.Status != done {
		t.Errorf("after it: %+v", a)
	}
	_, body := w.send("GET", "/metrics", nil)
	for _, want := range []string{`mailaudit_serve_audits_total{verdict="failed"} 1`, "mailaudit_serve_audits_running 0", `mailaudit_serve_http_requests_total{code="202"} 2`} {
		if !bytes.Contains(body, []byte(want)) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	types := regexp.MustCompile(`(?m)^# TYPE .*$`).FindAllString(string(body), -1)
	for _, line := range types {
		if !regexp.MustCompile(`^# TYPE [a-z_]+ (counter|gauge)$`).MatchString(line) {
			t.Error(line)
		}
	}
	if len(types) < 5 {
		t.Errorf("%d types", len(types))
	}
	if err := w.stop(); err != nil || !strings.Contains(w.log.String(), "at the audit") {
		t.Errorf("%v; the log: %s", err, w.log.String())
	}
}

// TestEvents follows an audit that waits for another.
func TestEvents(t *testing.T) {
	w := start(t, func(c *Config, w *world) { c.Running, w.gate = 1, make(chan struct{}) })
	w.send("POST", "/api/v1/audits", Request{Domain: "first.example"})
	a, _ := w.send("POST", "/api/v1/audits", Request{Domain: "shop.example"})
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+a.Header.Get("Location")+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	first := make([]byte, len("event: queued"))
	if _, err := io.ReadFull(stream.Body, first); err != nil || string(first) != "event: queued" {
		t.Fatalf("%q, %v", first, err)
	}
	close(w.gate)
	rest, err := io.ReadAll(stream.Body)
	if err != nil {
		t.Fatal(err)
	}
	l := w.events(rest)
	last := l[len(l)-1]
	if last.Status != done || last.Verdict == "" || stream.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("the last event: %+v", last)
	}
}

// TestBounds: what one client, and all of them, can have under way.
func TestBounds(t *testing.T) {
	w := start(t, func(c *Config, w *world) { c.Running, c.Queue, w.gate = 1, 1, make(chan struct{}) })
	var got []int
	for range 4 { // one may run and one wait: of four at least one must be sent away
		a, _ := w.send("POST", "/api/v1/audits", Request{Domain: "shop.example"})
		got = append(got, a.StatusCode)
		if a.StatusCode == http.StatusServiceUnavailable && a.Header.Get("Retry-After") == "" {
			t.Error("503 without Retry-After")
		}
	}
	if got[0] != 202 || got[3] != 503 {
		t.Errorf("the queue: %v", got)
	}
	close(w.gate)

	w = start(t, func(c *Config, _ *world) { c.Rate, c.Burst = 1e-9, 2 })
	got = nil
	for range 3 {
		a, _ := w.send("POST", "/api/v1/audits", Request{Domain: "shop.example"})
		got = append(got, a.StatusCode)
	}
	if diff := cmp.Diff([]int{202, 202, 429}, got); diff != "" {
		t.Errorf("the pace (-want +got):\n%s", diff)
	}
	if a, _ := w.send("GET", "/probe?target=shop.example", nil); a.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a probe past the pace: %s", a.Status)
	}
	if a, _ := w.send("GET", "/api/v1/audits", nil); a.StatusCode != http.StatusOK {
		t.Errorf("what begins no audit: %s", a.Status)
	}
}

// TestWhoMayAsk: the token, and pages of other sites.
func TestWhoMayAsk(t *testing.T) {
	const token = "0123456789abcdef"
	open := start(t, nil)
	closed := start(t, func(c *Config, _ *world) { c.Token = token })
	for _, c := range []struct {
		name   string
		w      *world
		method string
		path   string
		header []string
		status int
	}{
		{"no token", closed, "GET", "/api/v1/audits", nil, 401},
		{"no token for the page", closed, "GET", "/", nil, 401},
		{"no token for the metrics", closed, "GET", "/metrics", nil, 401},
		{"no token for a report", closed, "GET", "/audits/x", nil, 401},
		{"health needs none", closed, "GET", "/healthz", nil, 200},
		{"wrong token", closed, "GET", "/api/v1/audits", []string{"Authorization", "Bearer 0123456789abcdeF"}, 401},
		{"part of the token", closed, "GET", "/api/v1/audits", []string{"Authorization", "Bearer 0123456789"}, 401},
		{"token", closed, "GET", "/api/v1/audits", []string{"Authorization", "Bearer " + token}, 200},
		{"token as password", closed, "GET", "/api/v1/audits", []string{"Authorization", "Basic dToMDEyMzQ1Njc4OWFiY2RlZg=="}, 401}, // malformed
		{"token as password of anybody", closed, "GET", "/api/v1/audits", []string{"Authorization", "Basic dTowMTIzNDU2Nzg5YWJjZGVm"}, 200},
		{"any name with a token", closed, "GET", "/api/v1/audits", []string{"Authorization", "Bearer " + token, "Host", "mail.example"}, 200},
		{"a name that was led here", open, "GET", "/", []string{"Host", "evil.example"}, 421},
		{"an address that was led here", open, "GET", "/", []string{"Host", "198.51.100.1:80"}, 421},
		{"localhost", open, "GET", "/", []string{"Host", "localhost:8025"}, 200},
		{"loopback", open, "GET", "/", []string{"Host", "[::1]:8025"}, 200},
		{"a form elsewhere", open, "POST", "/api/v1/audits", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"an old browser's form elsewhere", open, "POST", "/", []string{"Origin", "https://evil.example"}, 403},
		{"a picture elsewhere", open, "GET", "/probe?target=shop.example", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a link elsewhere", open, "GET", "/", []string{"Sec-Fetch-Site", "cross-site"}, 200},
		{"another method", open, "DELETE", "/api/v1/audits/x", nil, 405},
		{"nothing there", open, "GET", "/.git/config", nil, 404},
		{"nothing there, for whoever has no token", closed, "GET", "/.git/config", nil, 401},
		{"another method, for whoever has no token", closed, "DELETE", "/metrics", nil, 401},
		{"nothing there, for a name that was led here", open, "GET", "/.git/config", []string{"Host", "evil.example"}, 421},
	} {
		a, body := c.w.send(c.method, c.path, nil, c.header...)
		if a.StatusCode != c.status {
			t.Errorf("%s: %s %s, want %d", c.name, a.Status, body, c.status)
		}
		if a.StatusCode == http.StatusUnauthorized && !strings.Contains(a.Header.Get("WWW-Authenticate"), "Basic") {
			t.Errorf("%s: no way to say who one is", c.name)
		}
		if a.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: headers %v", c.name, a.Header)
		}
		if bytes.Contains(body, []byte(token)) {
			t.Errorf("%s: the token is told", c.name)
		}
		if a.StatusCode >= 400 && a.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s as %s", c.name, a.Status, a.Header.Get("Content-Type"))
		}
	}
}

// TestMistakes are told in words for whoever made them.
func TestMistakes(t *testing.T) {
	w := start(t, nil)
	for body, want := range map[string]string{
		"":                                      "there is nothing",
		"[]":                                    ": array does not belong there",
		`{"domain":"shop.example","daily":1.5}`: "daily: number 1.5 does not belong there",
		`{"domain":"shop.example","ips":"x"}`:   "ips: string does not belong there",
		`{"domain":"a","domain":"b"}`:           `\"domain\" stands twice`,
		`{"DOMAIN":"shop.example"}`:             `unknown field \"DOMAIN\"`,
	} {
		if a, text := w.send("POST", "/api/v1/audits", body); a.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), want) {
			t.Errorf("%s: %s %s, want %q", body, a.Status, text, want)
		}
	}
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	if a, text := w.send("POST", "/", "domain="+strings.Repeat("x", maxBody), form...); a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a form that is too large: %s %s", a.Status, text)
	}
	if a, _ := w.send("DELETE", "/metrics", nil); a.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("a method that is not taken: %v", a.Header)
	}
}

// TestProbe: what Prometheus gets.
func TestProbe(t *testing.T) {
	w := start(t, nil)
	a, body := w.send("GET", "/probe?target=shop.example&ip=192.0.2.25&selector=s1&daily=10", nil)
	if a.StatusCode != http.StatusOK || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain; version=0.0.4") ||
		!bytes.Contains(body, []byte("probe_success ")) || !bytes.Contains(body, []byte(`mailaudit_verdict{domain="shop.example",verdict=`)) {
		t.Errorf("%s\n%s", a.Status, body)
	}
	for _, bad := range []string{"?target=shop", "?target=", "?target=shop.example&resolver=10.0.0.1", "?target=shop.example&daily=x",
		"?target=shop.example&target=evil.example", "?target=shop.example&only=%zz", "?target=shop.example&only=spf;dmarc"} {
		if a, body := w.send("GET", "/probe"+bad, nil); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s %s", bad, a.Status, body)
		}
	}
	if l, err := w.store.Recent(t.Context(), 10); err != nil || len(l) != 0 {
		t.Errorf("probes in the history: %v, %v", l, err)
	}
	// One whose audit takes longer than Prometheus waits is answered in time.
	w = start(t, func(_ *Config, w *world) { w.gate = make(chan struct{}) })
	a, body = w.send("GET", "/probe?target=shop.example", nil, "X-Prometheus-Scrape-Timeout-Seconds", "0.6")
	if a.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("probe_success 0\n")) || bytes.Contains(body, []byte("mailaudit_verdict")) {
		t.Errorf("%s\n%s", a.Status, body)
	}
	close(w.gate)
}

// TestProbeInTime: an audit ends before Prometheus gives up, with what is known by then.
func TestProbeInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a clock that stands while anybody works
		s := New(Config{
			Check: func(r Request) (string, error) { return r.Domain, nil },
			Audit: func(ctx context.Context, r Request, _ func()) (*audit.Report, error) {
				<-ctx.Done()
				return &audit.Report{SchemaVersion: 1, Domain: r.Domain, Verdict: "unknown"}, nil
			},
			Log: slog.New(slog.DiscardHandler), Running: 1, Queue: 1, Rate: 1, Burst: 2, Timeout: time.Minute,
		})
		for header, want := range map[string]time.Duration{"1": 450 * time.Millisecond, "10": 9 * time.Second} {
			q := httptest.NewRequest(http.MethodGet, "http://localhost/probe?target=shop.example", nil)
			q.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", header)
			a, began := httptest.NewRecorder(), time.Now()
			s.http.Handler.ServeHTTP(a, q)
			if took := time.Since(began); took != want || a.Code != http.StatusOK || !strings.Contains(a.Body.String(), "mailaudit_verdict") {
				t.Errorf("%s s: %d after %v\n%s", header, a.Code, took, a.Body)
			}
		}
		s.queue.close()
	})
}

// TestProbeLeft: an audit ends with the client that wanted it.
func TestProbeLeft(t *testing.T) {
	ended := make(chan struct{})
	w := start(t, func(c *Config, _ *world) {
		c.Audit = func(ctx context.Context, _ Request, _ func()) (*audit.Report, error) {
			<-ctx.Done()
			close(ended)
			return nil, ctx.Err()
		}
	})
	ctx, leave := context.WithCancel(t.Context())
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/probe?target=shop.example", nil)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan error)
	go func() {
		a, err := http.DefaultClient.Do(q)
		if err == nil {
			a.Body.Close()
		}
		gone <- err
	}()
	for {
		if _, body := w.send("GET", "/metrics", nil); bytes.Contains(body, []byte("mailaudit_serve_audits_running 1")) {
			break
		}
	}
	leave()
	if err := <-gone; err == nil {
		t.Error("the client got an answer that nobody had")
	}
	<-ended
}

// TestAudited is shown by the name that the history has, whatever was typed, and once, also where it was kept a moment ago.
func TestAudited(t *testing.T) {
	w := start(t, func(_ *Config, w *world) { w.gate = make(chan struct{}) })
	a, body := w.send("POST", "/api/v1/audits", Request{Domain: "https://Bücher.Example/" + strings.Repeat("x", 1000)})
	if a.StatusCode != http.StatusAccepted || !bytes.Contains(body, []byte(`"domain":"xn--bcher-kva.example"`)) {
		t.Fatalf("%s %.200s", a.Status, body)
	}
	list := func() (l []Audit) {
		_, body := w.send("GET", "/api/v1/audits?domain=B%C3%BCcher.example", nil)
		var got struct{ Audits []Audit }
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		return got.Audits
	}
	if l := list(); len(l) != 1 || l[0].Status == done {
		t.Errorf("while it runs: %+v", l)
	}
	// Between its keeping and its end it is in both places.
	id := filepath.Base(a.Header.Get("Location"))
	if _, err := w.store.AddAs(t.Context(), &audit.Report{SchemaVersion: 1, Domain: "xn--bcher-kva.example", Verdict: "pass", StartedAt: time.Now()}, id); err != nil {
		t.Fatal(err)
	}
	if l := list(); len(l) != 1 || l[0].Status != done {
		t.Errorf("once it is kept: %+v", l)
	}
	close(w.gate)
}

// TestKeep: a server drops what its history need not keep.
func TestKeep(t *testing.T) {
	w := start(t, func(c *Config, _ *world) { c.Keep = 2 })
	for range 3 {
		w.audit("shop.example")
	}
	w.audit("other.example")
	for domain, want := range map[string]int{"shop.example": 2, "other.example": 1} {
		if l, err := w.store.Runs(t.Context(), domain, 0); err != nil || len(l) != want {
			t.Errorf("%s: %d runs, %v", domain, len(l), err)
		}
	}
}

// TestStop: what was taken on is finished and kept, and nothing is taken on after.
func TestStop(t *testing.T) {
	w := start(t, func(_ *Config, w *world) { w.gate = make(chan struct{}) })
	var ids []string
	for i := range 5 {
		a, body := w.send("POST", "/api/v1/audits", Request{Domain: fmt.Sprintf("d%d.example", i)})
		if a.StatusCode != http.StatusAccepted {
			t.Fatal(string(body))
		}
		ids = append(ids, filepath.Base(a.Header.Get("Location")))
	}
	// Whoever follows one does not hold the server up, and hears of its end.
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/api/v1/audits/"+ids[4]+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	follower, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer follower.Body.Close()
	ended := make(chan error)
	go func() { ended <- w.stop() }()
	refused := func() bool {
		a, _ := w.send("POST", "/api/v1/audits", Request{Domain: "late.example"})
		return a.StatusCode == http.StatusServiceUnavailable
	}
	for !refused() { // the stop is on its way
	}
	close(w.gate)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if _, err := w.store.Find(t.Context(), id); err != nil {
			t.Errorf("lost: %v", err)
		}
	}
	stream, err := io.ReadAll(follower.Body)
	if err != nil {
		t.Error(err)
	}
	if l := w.events(stream); l[len(l)-1].Status != done {
		t.Errorf("the last that was told: %+v", l[len(l)-1])
	}
	if a, err := http.Get(w.url + "/healthz"); err == nil {
		a.Body.Close()
		t.Error("it still answers")
	}
}

// TestStopMute: a connection on which nothing comes does not hold the server up.
func TestStopMute(t *testing.T) {
	w := start(t, nil)
	c, err := testnet.Dial(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if a, _ := w.send("GET", "/healthz", nil); a.StatusCode != http.StatusOK { // so that the connection before it was taken
		t.Fatal(a.Status)
	}
	began := time.Now()
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took >= spare {
		t.Errorf("it took %v", took)
	}
}

// TestPages: the way from the form to the report, without a script.
func TestPages(t *testing.T) {
	w := start(t, nil)
	form := func(v url.Values) (reply, []byte) {
		return w.send("POST", "/", v.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	}
	_, body := w.send("GET", "/", nil)
	if !bytes.Contains(body, []byte(`name="domain"`)) || bytes.Contains(body, []byte("Newest")) {
		t.Errorf("the form:\n%s", body)
	}
	a, body := form(url.Values{"domain": {`"><script>alert(1)</script>`}, "ips": {"192.0.2.25"}})
	if a.StatusCode != http.StatusBadRequest || bytes.Contains(body, []byte("<script>alert")) || !bytes.Contains(body, []byte(`role="alert"`)) || !bytes.Contains(body, []byte("<details open")) {
		t.Errorf("a bad form: %s\n%s", a.Status, body)
	}
	if a, _ := form(url.Values{"domain": {"shop.example"}, "daily": {"many"}}); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a bad number: %s", a.Status)
	}
	a, _ = form(url.Values{"domain": {" shop.example "}, "ips": {"192.0.2.25, 192.0.2.26"}, "selectors": {"s1"}})
	to := a.Header.Get("Location")
	if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/audits/") {
		t.Fatalf("%s, to %q", a.Status, to)
	}
	w.send("GET", "/api/v1"+to+"/events", nil) // until it has ended
	a, body = w.send("GET", to, nil)
	if a.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("Mail audit of shop.example")) {
		t.Errorf("the report: %s\n%s", a.Status, body)
	}
	w.audit("shop.example")
	_, body = w.send("GET", "/domains/Shop.Example", nil)
	if !bytes.Contains(body, []byte("<h1>Audits of shop.example</h1>")) || bytes.Count(body, []byte(`href="/audits/`)) != 2 {
		t.Errorf("the domain:\n%s", body)
	}
	_, body = w.send("GET", "/", nil)
	if !bytes.Contains(body, []byte("Newest audits")) || !bytes.Contains(body, []byte(`href="/domains/shop.example"`)) {
		t.Errorf("the newest:\n%s", body)
	}
	for _, none := range []string{"/audits/none", "/domains/none.example"} {
		if a, _ := w.send("GET", none, nil); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", none, a.Status)
		}
	}
	failed := w.audit("panic.example")
	if _, body = w.send("GET", "/audits/"+failed.ID, nil); !bytes.Contains(body, []byte("internal error")) {
		t.Errorf("a failure:\n%s", body)
	}
}

// TestWaitingPage follows the events by its script, and has a link for whoever has none.
func TestWaitingPage(t *testing.T) {
	w := start(t, func(_ *Config, w *world) { w.gate = make(chan struct{}) })
	a, _ := w.send("POST", "/api/v1/audits", Request{Domain: "shop.example"})
	_, body := w.send("GET", strings.TrimPrefix(a.Header.Get("Location"), "/api/v1"), nil)
	if !bytes.Contains(body, []byte("Look again")) || !bytes.Contains(body, []byte(`data-events="/api/v1/audits/`)) {
		t.Errorf("%s", body)
	}
	close(w.gate)
}

// TestForgets: clients and failures that are remembered are bounded.
func TestForgets(t *testing.T) {
	s := newGuard(Config{Rate: 1e-9, Burst: 1})
	for i := range maxClients + 10 {
		s.allow(fmt.Sprintf("10.%d.%d.%d:99", i>>16, i>>8&255, i&255))
	}
	if n := len(s.clients); n != maxClients {
		t.Errorf("%d clients", n)
	}
	if !s.allow("[2001:db8::1]:1") || s.allow("[2001:db8::2]:1") || s.allow("no address") {
		t.Error("an IPv6 client is its /64, and an address is needed")
	}
	q := &queue{jobs: map[string]*job{}}
	for i := range keptFailures + 10 {
		id := fmt.Sprint(i)
		q.jobs[id] = &job{state: Audit{ID: id}}
		q.forget(q.jobs[id], false)
	}
	if len(q.jobs) != keptFailures || q.find("0") != nil || q.find(fmt.Sprint(keptFailures)) == nil {
		t.Errorf("%d failures", len(q.jobs))
	}
}

// TestBrokenHistory is told, and is no answer.
func TestBrokenHistory(t *testing.T) {
	w := start(t, nil)
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/healthz", "/", "/api/v1/audits", "/api/v1/domains", "/api/v1/audits/x", "/domains/x.example", "/audits/x"} {
		if a, _ := w.send("GET", path, nil); a.StatusCode != http.StatusInternalServerError {
			t.Errorf("%s: %s", path, a.Status)
		}
	}
	if a := w.audit("shop.example"); a.Status != failed || a.Error != "its report could not be kept" {
		t.Errorf("%+v", a)
	}
	if errors.Is(w.stop(), os.ErrClosed) {
		t.Error("the server fell")
	}
}
