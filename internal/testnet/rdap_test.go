package testnet

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"
)

// TestRDAP: the server stands for every host, answers as it is told, and 404 to what it was not told.
func TestRDAP(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	replies := map[string]RDAPReply{
		"rdap.example/domain/d.example": {Body: RDAPDomain("d.example", "R", time.Now(), time.Time{}, "active")},
		"rdap.example/moved":            {Status: 302, Location: "https://other.example/"},
	}
	for name, by := range map[string]*CA{"https://": ca, "http://": nil} {
		s, err := ServeRDAP(by, replies)
		if err != nil {
			t.Fatal(err)
		}
		accept := "application/rdap+json, application/json"
		get := func(host, path string) (int, http.Header, string) {
			t.Helper()
			tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool(), ServerName: host}, DisableKeepAlives: true}
			res, err := tr.RoundTrip(&http.Request{Method: http.MethodGet, URL: mustURL(t, name+s.Addr().String()+path), Host: host,
				Header: http.Header{"Accept": {accept}}})
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			return res.StatusCode, res.Header, string(body)
		}
		var v struct {
			Name   string `json:"ldhName"`
			Events []struct {
				Action string `json:"eventAction"`
			}
		}
		code, header, text := get("rdap.example", "/domain/d.example")
		if err := json.Unmarshal([]byte(text), &v); err != nil || code != http.StatusOK || header.Get("Content-Type") != "application/rdap+json" ||
			v.Name != "d.example" || len(v.Events) != 1 || v.Events[0].Action != "registration" {
			t.Errorf("%v, %d: %s", err, code, text)
		}
		if code, header, _ := get("rdap.example", "/moved"); code != http.StatusFound || header.Get("Location") != "https://other.example/" {
			t.Errorf("%d, %v", code, header)
		}
		if code, _, _ := get("another.example", "/domain/d.example"); code != http.StatusNotFound {
			t.Errorf("%d", code)
		}
		accept = "text/html"
		if code, _, _ := get("rdap.example", "/domain/d.example"); code != http.StatusNotAcceptable {
			t.Errorf("to a browser: %d", code)
		}
		if l := s.Asked(); !slices.Equal(l, []string{"rdap.example/domain/d.example", "rdap.example/moved", "another.example/domain/d.example", "rdap.example/domain/d.example"}) {
			t.Errorf("asked %q", l)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
