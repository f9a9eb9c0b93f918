package serve

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxClients bounds the clients whose pace is remembered.
const maxClients = 10_000

// guard lets in who may ask, and as often as they may.
type guard struct {
	token   [sha256.Size]byte // of the token
	asked   bool              // a token is
	rate    rate.Limit
	burst   int
	origins *http.CrossOriginProtection

	mu      sync.Mutex
	clients map[netip.Prefix]*client
}

// client is the pace of one.
type client struct {
	limit *rate.Limiter
	last  time.Time
}

func newGuard(c Config) *guard {
	return &guard{token: sha256.Sum256([]byte(c.Token)), asked: c.Token != "", rate: rate.Limit(c.Rate), burst: c.Burst,
		origins: http.NewCrossOriginProtection(), clients: map[netip.Prefix]*client{}}
}

// wrap puts the guard before a route.
func (g *guard) wrap(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		q.Body = http.MaxBytesReader(w, q.Body, maxBody)
		switch {
		case r.open:
		case !g.asked && !local(q.Host):
			// A page elsewhere may have a browser believe that its name is at a loopback address (DNS rebinding).
			problem(w, http.StatusMisdirectedRequest, "this server is asked as localhost or 127.0.0.1, since it asks for no token")
			return
		case g.asked && !g.knows(q):
			w.Header().Set("WWW-Authenticate", `Basic realm="mailaudit", charset="UTF-8"`)
			problem(w, http.StatusUnauthorized, "the token is needed: Authorization: Bearer TOKEN, or as the password")
			return
		}
		// What begins an audit is for this server's own pages and for programs, even where it is a GET.
		if err := g.origins.Check(q); err != nil || r.audits && q.Header.Get("Sec-Fetch-Site") == "cross-site" {
			problem(w, http.StatusForbidden, "this came from another site's page")
			return
		}
		if r.audits && !g.allow(q.RemoteAddr) {
			w.Header().Set("Retry-After", "1")
			problem(w, http.StatusTooManyRequests, "too many audits for one client: come back in a second")
			return
		}
		r.handle(w, q)
	})
}

// local says whether a Host header names this machine itself.
func local(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	a, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && a.Unmap().IsLoopback()
}

// knows looks for the token (RFC 6750 2.1, RFC 7617), in a time that tells nothing of it.
func (g *guard) knows(q *http.Request) bool {
	_, given, ok := q.BasicAuth()
	if scheme, rest, _ := strings.Cut(q.Header.Get("Authorization"), " "); !ok && strings.EqualFold(scheme, "Bearer") {
		given = strings.TrimSpace(rest)
	}
	sum := sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1
}

// allow counts one audit of a client: an IPv4 address, or the /64 of an IPv6 address, which one subscriber has whole.
func (g *guard) allow(remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	a := at.Addr().Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	key, err := a.Prefix(bits)
	if err != nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.clients[key]
	if c == nil {
		g.makeRoom()
		c = &client{limit: rate.NewLimiter(g.rate, g.burst)}
		g.clients[key] = c
	}
	c.last = time.Now()
	return c.limit.Allow()
}

// makeRoom forgets clients: those whose allowance is whole again, and if there is none, the one that was away for longest.
func (g *guard) makeRoom() {
	if len(g.clients) < maxClients {
		return
	}
	var oldest netip.Prefix
	for k, c := range g.clients {
		if c.limit.Tokens() >= float64(g.burst) {
			delete(g.clients, k)
		} else if o := g.clients[oldest]; o == nil || c.last.Before(o.last) {
			oldest = k
		}
	}
	if len(g.clients) >= maxClients {
		delete(g.clients, oldest)
	}
}

// secured sets what every answer says to a browser, and the time that it may take to be read. Pages widen the policy.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		writeWithin(w, bodyTime+writeTime)
		next.ServeHTTP(w, q)
	})
}

// writeWithin bounds the time until an answer is written.
func writeWithin(w http.ResponseWriter, d time.Duration) {
	// It fails only for what is no connection of net/http.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d))
}
