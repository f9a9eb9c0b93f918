package testnet

import (
	"crypto/tls"
	"errors"
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

// Site is what an HTTPS server answers to every request. The zero value gives an empty text; it needs a Certificate.
type Site struct {
	Certificate tls.Certificate
	Code        int    // of HTTP; 0: 200
	ContentType string // "": text/plain; "-": none at all
	Location    string // of a redirect
	Body        string
	Endless     bool          // Body, and then octets for ever
	Drip        time.Duration // Body comes one octet in each Drip
	HTTP1       bool          // no HTTP/2
	MaxTLS      uint16        // such as tls.VersionTLS11; 0: no bound
	Raw         string        // sent under TLS in place of a response; then the connection is closed
	NotTLS      string        // sent in the clear where the server's first TLS message belongs
	Silent      bool          // accepts and says nothing
}

// HTTPS is a running server on loopback.
type HTTPS struct {
	site     Site
	listener net.Listener
	server   *http.Server
	done     chan struct{} // closed by Close
	wg       sync.WaitGroup

	mu       sync.Mutex
	conns    map[net.Conn]bool
	count    int
	requests []HTTPSRequest
}

// HTTPSRequest is one request as it came in.
type HTTPSRequest struct {
	Proto, Method, Host, Path, SNI string
	Header                         http.Header
}

// ServeHTTPS starts a server on a free port of 127.0.0.1.
func ServeHTTPS(site Site) (*HTTPS, error) {
	if len(site.Certificate.Certificate) == 0 {
		return nil, errors.New("an HTTPS server needs a certificate")
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &HTTPS{site: site, done: make(chan struct{}), conns: map[net.Conn]bool{}}
	s.listener = counted{l, s}
	if site.NotTLS != "" || site.Silent {
		s.wg.Go(s.mute)
		return s, nil
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(!site.HTTP1 && site.Raw == "") // what is sent raw needs a connection of its own
	s.server = &http.Server{
		Handler:   http.HandlerFunc(s.answer),
		ErrorLog:  log.New(io.Discard, "", 0), // clients that hang up are what is tested
		Protocols: protocols,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{site.Certificate}, MinVersion: tls.VersionTLS10, MaxVersion: site.MaxTLS},
	}
	s.wg.Go(func() { s.server.ServeTLS(s.listener, "", "") })
	return s, nil
}

// Addr is where the server listens.
func (s *HTTPS) Addr() netip.AddrPort { return s.listener.Addr().(*net.TCPAddr).AddrPort() }

// Connections counts the connections accepted so far.
func (s *HTTPS) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Requests are those received so far.
func (s *HTTPS) Requests() []HTTPSRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Close ends the server and its connections. It is called once.
func (s *HTTPS) Close() error {
	close(s.done)
	closing := s.listener.Close
	if s.server != nil {
		closing = s.server.Close
	}
	err := closing()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

// counted is a listener that notes every connection.
type counted struct {
	net.Listener
	s *HTTPS
}

func (l counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.s.mu.Lock()
		l.s.conns[c] = true
		l.s.count++
		l.s.mu.Unlock()
	}
	return c, err
}

// mute takes connections and speaks no TLS on them.
func (s *HTTPS) mute() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.wg.Go(func() {
			defer c.Close()
			select {
			case <-s.done: // Close may have missed this one
				return
			default:
			}
			// Only once the client has begun, and to its end: a close with octets unread would be a reset.
			if _, err := c.Read(make([]byte, 1)); err == nil {
				io.WriteString(c, s.site.NotTLS)
				io.Copy(io.Discard, c)
			}
		})
	}
}

func (s *HTTPS) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, HTTPSRequest{r.Proto, r.Method, r.Host, r.URL.RequestURI(), r.TLS.ServerName, r.Header.Clone()})
	s.mu.Unlock()
	site := s.site
	if site.Raw != "" {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			io.WriteString(c, site.Raw)
			c.Close()
		}
		return
	}
	h := w.Header()
	switch site.ContentType {
	case "":
		h.Set("Content-Type", "text/plain")
	case "-":
		h["Content-Type"] = nil
	default:
		h.Set("Content-Type", site.ContentType)
	}
	if site.Location != "" {
		h.Set("Location", site.Location)
	}
	code := site.Code
	if code == 0 {
		code = http.StatusOK
	}
	w.WriteHeader(code)
	s.body(w, r)
}

// body writes what the site says, as slowly as it should.
func (s *HTTPS) body(w http.ResponseWriter, r *http.Request) {
	if s.site.Drip == 0 {
		io.WriteString(w, s.site.Body)
		for more := strings.Repeat("x", 1<<10); s.site.Endless; {
			if _, err := io.WriteString(w, more); err != nil {
				return
			}
		}
		return
	}
	tick := time.NewTicker(s.site.Drip)
	defer tick.Stop()
	for i := range len(s.site.Body) {
		select {
		case <-s.done:
			return
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
		if _, err := io.WriteString(w, s.site.Body[i:i+1]); err != nil {
			return
		}
		http.NewResponseController(w).Flush()
	}
}
