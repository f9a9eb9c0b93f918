package testnet

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// TestHTTPS: the server answers as it is told, and keeps what it was asked and how.
func TestHTTPS(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	s, err := ServeHTTPS(Site{Certificate: ca.Issue("www.example", now.Add(-time.Hour), now.Add(time.Hour)), Code: http.StatusNotFound, ContentType: "text/html", Body: "gone"})
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool(), ServerName: "www.example"}, DisableKeepAlives: true}
	res, err := tr.RoundTrip(&http.Request{Method: http.MethodGet, URL: mustURL(t, "https://"+s.Addr().String()+"/x?y"), Host: "www.example", Header: http.Header{}})
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusNotFound || res.Header.Get("Content-Type") != "text/html" || string(body) != "gone" {
		t.Errorf("%s, %v, %q", res.Status, res.Header, body)
	}
	l := s.Requests()
	if s.Connections() != 1 || len(l) != 1 || l[0].SNI != "www.example" || l[0].Host != "www.example" || l[0].Path != "/x?y" || l[0].Method != http.MethodGet {
		t.Errorf("%d connections, %+v", s.Connections(), l)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := ServeHTTPS(Site{}); err == nil {
		t.Error("a server without a certificate")
	}
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
