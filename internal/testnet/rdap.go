package testnet

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// RDAPReply is what an RDAP server answers to one question.
type RDAPReply struct {
	Status   int    // of HTTP; 0: 200
	Type     string // of the body; "": application/rdap+json
	Location string // with a Status of 3xx
	Body     string
	Endless  bool // Body, of which there must be some, again and again
	Silent   bool // no answer for as long as the other side waits
}

// RDAP is a running server on loopback. It stands for every host that is asked there.
type RDAP struct {
	listener net.Listener
	server   *http.Server
	replies  map[string]RDAPReply
	close    func() error

	mu    sync.Mutex
	asked []string
}

// ServeRDAP starts a server (RFC 7480) on a free port of 127.0.0.1. It answers by host and path, such as
// "rdap.example/domain/d.example", and with 404 to all else. Its certificates are ca's; without one it speaks plain HTTP.
func ServeRDAP(ca *CA, replies map[string]RDAPReply) (*RDAP, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &RDAP{listener: l, replies: replies}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute,
		ErrorLog: log.New(io.Discard, "", 0)} // clients that hang up are what is tested
	s.close = sync.OnceValue(s.server.Close)
	if ca == nil {
		go s.server.Serve(l)
		return s, nil
	}
	now := time.Now()
	s.server.TLSConfig = &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		name := hello.ServerName
		if name == "" { // an address stands in no SNI (RFC 6066 3)
			name = s.Addr().Addr().String()
		}
		c := ca.Issue(name, now.Add(-time.Hour), now.AddDate(0, 0, 90))
		return &c, nil
	}}
	go s.server.ServeTLS(l, "", "")
	return s, nil
}

// Addr is where the server listens.
func (s *RDAP) Addr() netip.AddrPort { return s.listener.Addr().(*net.TCPAddr).AddrPort() }

// Asked are the hosts and paths that were asked for so far, in order.
func (s *RDAP) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// Close ends the server and its connections. It may be called again.
func (s *RDAP) Close() error { return s.close() }

// ServeHTTP implements http.Handler.
func (s *RDAP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	name := strings.ToLower(host) + r.URL.Path
	s.mu.Lock()
	s.asked = append(s.asked, name)
	s.mu.Unlock()
	reply, ok := s.replies[name]
	switch {
	case !ok:
		reply.Status = http.StatusNotFound
	case !strings.Contains(r.Header.Get("Accept"), "application/rdap+json"): // RFC 7480 4.2
		reply = RDAPReply{Status: http.StatusNotAcceptable}
	case reply.Silent:
		<-r.Context().Done()
		return
	case reply.Location != "":
		w.Header().Set("Location", reply.Location)
	}
	if reply.Type == "" {
		reply.Type = "application/rdap+json"
	}
	w.Header().Set("Content-Type", reply.Type)
	w.WriteHeader(max(reply.Status, http.StatusOK))
	for {
		if _, err := w.Write([]byte(reply.Body)); err != nil || !reply.Endless {
			return
		}
	}
}

// RDAPDomain is the answer about a domain that is registered (RFC 9083 5.3); a zero time is of an event that is not told.
func RDAPDomain(name, registrar string, registered, expires time.Time, statuses ...string) string {
	type event struct {
		Action string    `json:"eventAction"`
		Date   time.Time `json:"eventDate"`
	}
	events := []event{}
	for _, e := range []event{{"registration", registered}, {"expiration", expires}} {
		if !e.Date.IsZero() {
			events = append(events, e)
		}
	}
	card := []any{"vcard", []any{[]any{"version", map[string]any{}, "text", "4.0"}, []any{"fn", map[string]any{}, "text", registrar}}}
	text, _ := json.Marshal(map[string]any{ // nothing in it that has no form in JSON
		"rdapConformance": []string{"rdap_level_0"}, "objectClassName": "domain", "ldhName": name, "status": statuses, "events": events,
		"entities": []any{map[string]any{"objectClassName": "entity", "roles": []string{"registrar"}, "vcardArray": card}},
	})
	return string(text)
}
