package rdapx

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"mailaudit/internal/httpx"
)

// accept are the media types of RDAP (RFC 7480 4.2) and of IANA's list.
const accept = "application/rdap+json, application/json"

// way is the way out of one question: it stands where net/http has its transport, so that nothing goes past it.
type way struct {
	query Query
	typed *url.URL // the server that the user typed
	most  int      // octets of an answer
	host  string   // the last that was asked
}

// http is a client that goes this way.
func (w *way) http() *http.Client {
	return &http.Client{Transport: w, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("more than %d redirects", maxRedirects)
		}
		return nil
	}}
}

// RoundTrip implements http.RoundTripper. A server that DNS or a redirect named is asked over HTTPS, on port 443, and at the
// addresses that the caller lets through; the one that the user typed as it was typed.
func (w *way) RoundTrip(r *http.Request) (*http.Response, error) {
	host, typed := r.URL.Hostname(), w.isTyped(r.URL)
	w.host = clip(host)
	port := cmp.Or(r.URL.Port(), map[string]string{"http": "80", "https": "443"}[r.URL.Scheme])
	if !typed && (r.URL.Scheme != "https" || port != "443") {
		return nil, fmt.Errorf("%s is not asked: only https on port 443 is", clip(r.URL.Scheme+"://"+r.URL.Host))
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%s has no port %s", w.host, port)
	}
	addresses, err := w.query.Reach(host, int(number), typed)
	if err != nil {
		return nil, err
	}
	t := httpx.Target{Host: host, Addrs: addresses, Path: r.URL.RequestURI(), Roots: w.query.Roots, Now: w.query.Now, Patience: patience,
		Accept: accept, MaxBody: w.most, Plain: r.URL.Scheme == "http"}
	if strings.Contains(host, ":") {
		t.Host = "[" + host + "]"
	}
	return w.response(r, w.query.Fetch(r.Context(), t))
}

// isTyped says whether an address is at the server that the user typed.
func (w *way) isTyped(u *url.URL) bool {
	return w.typed != nil && u.Scheme == w.typed.Scheme && strings.EqualFold(u.Host, w.typed.Host)
}

// response is a page as net/http wants it, if it is one that RDAP can give.
func (w *way) response(r *http.Request, p httpx.Page) (*http.Response, error) {
	kind, _, _ := mime.ParseMediaType(p.ContentType)
	isJSON := strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "/json")
	switch {
	case p.Status != httpx.Answered:
		return nil, fmt.Errorf("%s: %s", w.host, p.Why)
	case p.More:
		return nil, fmt.Errorf("%s: its answer has more than %d octets", w.host, w.most)
	case strings.HasSuffix(p.Location, "..."): // as httpx cuts it
		return nil, fmt.Errorf("%s redirects to %s, which is too long an address", w.host, clip(p.Location))
	case p.Code == http.StatusOK && !isJSON:
		return nil, fmt.Errorf("%s answers with %s, which is not RDAP", w.host, cmp.Or(clip(kind), "no media type"))
	case p.Code == http.StatusNotFound && kind == "text/html":
		// RFC 7480 5.3 means a registry that looked; a page for people is of a web server that has no RDAP there.
		return nil, fmt.Errorf("%s answers 404 with a web page, which is not RDAP", w.host)
	}
	out := &http.Response{StatusCode: p.Code, Status: strconv.Itoa(p.Code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {p.ContentType}}, Body: io.NopCloser(bytes.NewReader([]byte(p.Body))), Request: r}
	if p.Location != "" {
		out.Header.Set("Location", p.Location)
	}
	return out, nil
}

// read is the body of an answer of 200.
func (w *way) read(r *http.Response) ([]byte, error) {
	if r.StatusCode != http.StatusOK {
		return nil, w.answered(r.StatusCode)
	}
	return io.ReadAll(r.Body)
}

// answered is an HTTP status that is no answer to the question.
func (w *way) answered(code int) error {
	if code == http.StatusTooManyRequests {
		return fmt.Errorf("%s answers 429: too many questions (RFC 7480 5.5)", w.host)
	}
	return fmt.Errorf("%s answers %d", w.host, code)
}

// inner is an error without what net/http puts in front of it.
func inner(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
