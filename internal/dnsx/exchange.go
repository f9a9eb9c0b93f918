package dnsx

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

const (
	// ednsSize is the UDP payload that we ask for: the least MTU of IPv6, 1280 octets (RFC 8200 5), without the
	// headers of IPv6 and UDP, crosses any path in one piece.
	ednsSize = 1232
	// readSize is what we read of a datagram: more than ednsSize, for servers that do not care. A longer one fails
	// to parse and is asked for again over TCP.
	readSize = 4096
	// attention is how long prompt goes without a look at whether its caller still waits: to be told of that by a context
	// takes two objects and a lock for each question.
	attention = 20 * time.Millisecond
)

// An exchange puts one question to the servers until one of them gives an answer that can be used. All of its state
// belongs to one goroutine; others only read from the sockets and post events.
type exchange struct {
	*Client
	caller context.Context // of the Lookup
	until  time.Time       // when the time of the Lookup is over
	q      Question
	peers  []peer
	usual  [1]peer // what peers is of one server
	rcode  string  // as Answer.Rcode
	turn   int     // the peer for the next attempt
	asked  int     // as Answer.Asked
	strays int     // datagrams that answer some other question

	started bool // prompt is over: whatever is sent has somebody else who reads
	// What only an exchange needs that is not settled at once: see context.
	ctx    context.Context
	cancel context.CancelFunc
	events chan event

	attempts int       // so far, early ones aside
	due      time.Time // of the next attempt
	early    int       // retransmissions before that
}

// peer is a server in an exchange.
type peer struct {
	addr  netip.AddrPort
	state state
	cause string // failed: why; overTCP: what was wrong over UDP
	conn  socket // UDP, connected: the kernel drops datagrams from elsewhere, and each has its random port
	line  *line  // nil: to a server that is asked now and then
	sent  time.Time
	query []byte
	plain bool // the query has no EDNS
	clean bool // nothing is awaited on conn any more

	silence Silence // failed: how
}

type state int

const (
	unasked state = iota
	asked
	overTCP
	unusable
)

// event is news from a socket of a peer: a message or an error.
type event struct {
	peer    *peer
	tcp     bool
	message []byte
	err     error
	crash   error // a panic, which is raised again where the exchange goes on
}

// outcome is what came of an exchange. A nil message means that no server helped; cause then says why.
type outcome struct {
	message *dns.Msg
	cause   string
	asked   int    // as Answer.Asked
	rcode   string // as Answer.Rcode
	silence Silence
	plain   bool // of the first server
}

// exchange asks q of servers, until the time given.
func (c *Client) exchange(caller context.Context, q Question, servers []netip.AddrPort, until time.Time) outcome {
	var x exchange
	x.begin(caller, c, q, servers, until)
	return x.finish((*exchange).ask)
}

func (x *exchange) begin(caller context.Context, c *Client, q Question, servers []netip.AddrPort, until time.Time) {
	x.Client, x.caller, x.until, x.q, x.asked = c, caller, until, q, 1
	if x.peers = x.usual[:]; len(servers) != 1 {
		x.peers = make([]peer, len(servers))
	}
	for i, addr := range servers {
		x.peers[i].addr, x.peers[i].line = addr, c.lines[addr]
	}
}

// finish goes on from what f makes of the exchange until it is over.
func (x *exchange) finish(f func(*exchange) *dns.Msg) outcome {
	defer x.close()
	if m := f(x); m != nil {
		return x.outcome(m, "")
	}
	x.late()
	ctx := x.context()
	timer := time.NewTimer(x.pause())
	defer timer.Stop()
	for {
		if cause, all := x.exhausted(); all {
			return x.outcome(nil, cause)
		}
		select {
		case <-ctx.Done(): // errors that this brings about blame no server: see send and handleTCP
			o := x.outcome(nil, x.silence(ctx))
			if o.silence == Quiet && !errors.Is(context.Cause(ctx), errSilence) {
				o.silence = Unreachable // our time was up, not the server's
			}
			return o
		case <-timer.C:
			x.late()
			timer.Reset(x.pause())
		case e := <-x.events:
			if m := x.handle(e); m != nil {
				return x.outcome(m, "")
			}
		}
	}
}

func (x *exchange) outcome(m *dns.Msg, cause string) outcome {
	p := &x.peers[0]
	o := outcome{message: m, cause: cause, asked: x.asked, rcode: x.rcode, plain: p.plain}
	switch {
	case m != nil:
	case p.state == unusable:
		o.silence = p.silence
	default:
		o.silence = Quiet
	}
	return o
}

// context ends with the exchange. It is made when something has to wait for that, since most exchanges are over before.
func (x *exchange) context() context.Context {
	if x.ctx == nil {
		x.ctx, x.cancel = context.WithDeadlineCause(x.caller, x.until, errSilence)
		x.events = make(chan event)
	}
	return x.ctx
}

func (x *exchange) close() {
	if x.ctx != nil {
		x.cancel()
	}
	if !x.q.Server.IsValid() {
		x.window.note(x.attempts == 1)
	}
	for i := range x.peers {
		p := &x.peers[i]
		switch {
		case p.conn.Conn == nil:
		case p.clean:
			p.line.put(p.conn, 1)
		default:
			p.conn.Close()
		}
	}
}

// again makes the next of three attempts, each with more patience than the one before: at 0, 1 and 2.5 s of 4.5 s. A late
// answer to an earlier attempt still counts, since the sockets stay open.
func (x *exchange) again(upTo state) {
	x.attempts++
	switch x.attempts {
	case 1:
		x.due = time.Now().Add(x.firstPatience())
	case 2:
		x.due = time.Now().Add(x.timeout * 3 / 9)
	default:
		x.due = time.Now().Add(x.timeout) // ctx ends before
	}
	x.attempt(upTo)
}

// firstPatience is for how long an answer to the first attempt is waited for.
func (x *exchange) firstPatience() time.Duration { return x.timeout * 2 / 9 }

// pause is how long to wait for an answer before it is time to look at what is late.
func (x *exchange) pause() time.Duration {
	d, p := time.Until(x.due), &x.peers[0]
	if !x.mayRepeat(p) {
		return d
	}
	if soon := time.Until(x.lateAt(p)); soon > 0 {
		return min(d, soon)
	}
	return min(d, p.line.least) // nothing is earned yet
}

// mayRepeat says whether a question may be sent to p again before its time.
func (x *exchange) mayRepeat(p *peer) bool {
	return x.attempts == 1 && x.early < maxEarly && p.line != nil && p.state == asked && p.conn.Conn != nil
}

// lateAt is when the question to p is to be sent again early. Before anything was measured that is asked again and again.
func (x *exchange) lateAt(p *peer) time.Time {
	patience := p.line.patience()
	if patience == 0 {
		return time.Now().Add(p.line.least)
	}
	return p.sent.Add(patience << x.early)
}

// late sends again what is late: to the next server when an attempt has had its time, and before that to the same one, for
// that a datagram is lost says nothing against a server.
func (x *exchange) late() {
	p := &x.peers[0]
	switch {
	case !time.Now().Before(x.due):
		x.again(asked)
	case !x.mayRepeat(p) || time.Now().Before(x.lateAt(p)) || !p.line.spend():
	default:
		x.early++
		if _, err := p.conn.Write(p.query); err != nil {
			p.failUDP(err)
			x.attempt(unasked)
		}
	}
}

// attempt sends the question to the next server that has got no further than state upTo. One that cannot be reached
// makes way for the next that was not asked yet.
func (x *exchange) attempt(upTo state) {
	for range x.peers {
		p := &x.peers[x.turn%len(x.peers)]
		x.turn++
		if p.state > upTo {
			continue
		}
		p.state = asked
		if x.send(p) {
			return
		}
		upTo = unasked
	}
}

// send sends the query to p over UDP, for the first time or again.
func (x *exchange) send(p *peer) bool {
	if p.query == nil {
		query, err := newQuery(x.q, p.plain)
		if err != nil {
			return p.fail(Unreachable, "the question cannot be put: %v", err)
		}
		p.query = query
	}
	if x.q.TCP {
		x.overTCP(p)
		return true
	}
	first := p.conn.Conn == nil
	if first {
		p.line.earn()
		p.conn = p.line.take()
	}
	if p.conn.Conn == nil {
		ctx := x.context()
		conn, err := x.dial(ctx, "udp", p.addr.String())
		if err != nil && ctx.Err() != nil {
			return true
		}
		if err != nil {
			return p.fail(silenceOf(err), "%s cannot be reached: %s", p.addr, reason(err))
		}
		p.conn.Conn = conn
	}
	if first {
		p.sent = time.Now()
		if x.started {
			_ = p.conn.SetReadDeadline(time.Time{}) // of its last use
			go x.read(x.context(), p)
		} // else see prompt
	}
	if _, err := p.conn.Write(p.query); err != nil {
		return p.failUDP(err)
	}
	return true
}

func (p *peer) fail(how Silence, format string, args ...any) bool {
	p.state, p.silence, p.cause = unusable, how, fmt.Sprintf(format, args...)
	return false
}

func (p *peer) failUDP(err error) bool {
	if refused(err) {
		return p.fail(Closed, "nothing listens at %s", p.addr)
	}
	return p.fail(silenceOf(err), "%s: %s", p.addr, reason(err))
}

// silenceOf tells an error of the network: only a reset and an end say something about the server.
func silenceOf(err error) Silence {
	var wrong useless
	var timeout interface{ Timeout() bool } // net.Error, and context.DeadlineExceeded
	switch {
	case refused(err), errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Closed
	case errors.As(err, &wrong):
		return Garbled
	case errors.As(err, &timeout) && timeout.Timeout():
		return Quiet
	}
	return Unreachable
}

// newQuery packs a query.
func newQuery(q Question, plain bool) ([]byte, error) {
	questions := [1]dns.Question{{Name: dns.Fqdn(q.Name), Qtype: uint16(q.Type), Qclass: dns.ClassINET}}
	m := dns.Msg{Question: questions[:]}
	// The runtime's generator is ChaCha8 with a seed of the system, and makes the IDs of Go's own resolver; to ask the system
	// for each, as miekg/dns does, took 4 % of a batch.
	m.Id = uint16(rand.Uint32()) //nolint:gosec // see above
	m.CheckingDisabled = q.Unchecked
	recursive := !q.Server.IsValid()
	m.RecursionDesired, m.AuthenticatedData = recursive, recursive // we understand AD in the answer (RFC 6840 5.7)
	if !recursive && !q.TCP {
		questions[0].Name = mixed(questions[0].Name)
	}
	if !plain {
		m.SetEdns0(ednsSize, false)
	}
	return m.Pack()
}

// mixed is a name with every second letter in upper case. Resolvers put names so, to be told from forgers by the case of
// the copy in the answer (draft-vixie-dnsext-dns0x20): one question tells whether that works, too.
func mixed(name string) string {
	b, up := []byte(name), false
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			if up = !up; up {
				b[i] = c - 'a' + 'A'
			}
		}
	}
	return string(b)
}

// buffers are for what comes over UDP.
var buffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// ask makes the first attempt.
func (x *exchange) ask() *dns.Msg {
	x.again(unasked)
	return x.prompt()
}

// prompt waits for the answer of the first server, in the usual case that it comes at once and settles everything: that
// takes neither a goroutine nor a socket of its own. What it leaves is for the events to bring.
func (x *exchange) prompt() *dns.Msg {
	p := &x.peers[0]
	if x.started = true; p.state != asked || p.conn.Conn == nil {
		return nil
	}
	buf := buffers.Get().(*[readSize]byte)
	defer buffers.Put(buf)
	began := time.Now()
	end := began.Add(min(x.pause(), x.until.Sub(began)))
	for left := end.Sub(began); left > 0 && x.caller.Err() == nil; left = time.Until(end) {
		// A socket fails to take a deadline only where it fails to read, too.
		_ = p.conn.SetReadDeadline(time.Now().Add(min(left, attention)))
		n, err := p.conn.Read(buf[:])
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			if m := x.handle(event{peer: p, message: buf[:n], err: err}); m != nil {
				p.clean = x.asked == 1
				return m
			}
			break
		}
	}
	if p.state == asked {
		_ = p.conn.SetReadDeadline(time.Time{})
		go x.read(x.context(), p)
	}
	return nil
}

// read posts what arrives on a UDP socket.
func (x *exchange) read(ctx context.Context, p *peer) {
	buf := make([]byte, readSize)
	for {
		n, err := p.conn.Read(buf)
		x.post(ctx, event{peer: p, message: bytes.Clone(buf[:n]), err: err})
		if err != nil {
			return
		}
	}
}

func (x *exchange) post(ctx context.Context, e event) {
	select {
	case x.events <- e:
	case <-ctx.Done():
	}
}

// handle takes in one event, and returns the message that ends the exchange if this is it.
func (x *exchange) handle(e event) *dns.Msg {
	p := e.peer
	if e.crash != nil {
		panic(e.crash)
	}
	if e.tcp {
		return x.handleTCP(e)
	}
	if p.state != asked {
		return nil // it is being asked over TCP already, or has failed
	}
	if e.err != nil {
		p.failUDP(e.err)
		x.attempt(unasked)
		return nil
	}
	m, k := x.parse(e.message, p.query)
	if k == fitting && x.attempts == 1 && x.early == 0 && x.asked == 1 {
		p.line.measured(time.Since(p.sent))
	}
	switch {
	case k == stray:
		x.strays++
		return nil
	case k == broken:
		x.repeat(p, "malformed over UDP")
		return nil
	case m.Truncated: // RFC 2181 9, RFC 7766 5: whatever such a message holds, do not use it
		x.repeat(p, "truncated over UDP")
		return nil
	case m.Rcode == dns.RcodeFormatError && !p.plain: // RFC 6891 7: it may not know EDNS
		p.plain, p.query = true, nil
		x.asked++
		if !x.send(p) {
			x.attempt(unasked)
		}
		return nil
	}
	if cause := x.refusal(m); cause != "" {
		p.fail(Garbled, "%s %s", p.addr, cause)
		x.attempt(unasked)
		return nil
	}
	return m
}

func (x *exchange) handleTCP(e event) *dns.Msg {
	p, err := e.peer, e.err
	if err != nil && x.context().Err() != nil {
		return nil
	}
	var m *dns.Msg
	if err == nil {
		var k kind
		switch m, k = x.parse(e.message, p.query); {
		case k == stray:
			err = useless("it answered another question")
		case k == broken:
			err = useless("malformed" + p.again())
		case m.Truncated:
			err = useless("truncated" + p.again())
		}
	}
	switch {
	case err != nil:
		p.fail(silenceOf(err), "%sTCP to %s failed: %s", p.before(), p.addr, reason(err))
	case x.refusal(m) != "":
		p.fail(Garbled, "%sover TCP %s %s", p.before(), p.addr, x.refusal(m))
	default:
		return m
	}
	x.attempt(unasked)
	return nil
}

// useless is what is wrong with an answer over TCP.
type useless string

func (u useless) Error() string { return string(u) }

// before is what went wrong over UDP, to go in front of what did over TCP.
func (p *peer) before() string {
	if p.cause == "" {
		return ""
	}
	return p.cause + ", and "
}

func (p *peer) again() string {
	if p.cause == "" {
		return ""
	}
	return " there too"
}

// repeat asks p again over TCP.
func (x *exchange) repeat(p *peer, why string) {
	p.cause = why
	x.asked++
	x.overTCP(p)
}

func (x *exchange) overTCP(p *peer) {
	p.state = overTCP
	ctx, query := x.context(), p.query
	go func() {
		e := event{peer: p, tcp: true}
		defer func() {
			if crash := recover(); crash != nil {
				e.crash = fmt.Errorf("%v\n%s", crash, debug.Stack())
			}
			x.post(ctx, e)
		}()
		e.message, e.err = x.tcp(ctx, p.addr.String(), query)
	}()
}

// tcp asks over a connection of its own (RFC 1035 4.2.2).
func (x *exchange) tcp(ctx context.Context, addr string, query []byte) ([]byte, error) {
	conn, err := x.dial(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	// Length and message in one segment: some servers read no further (RFC 7766 8).
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...)); err != nil {
		return nil, err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err = io.ReadFull(conn, message)
	return message, err
}

// kind is what parse makes of a message.
type kind int

const (
	fitting kind = iota
	broken       // it bears our ID, and is no DNS message
	stray        // it answers something else, or is noise or forged: as good as not received (RFC 5452 9.1)
)

// parse reads a message as an answer to query.
func (x *exchange) parse(message, query []byte) (*dns.Msg, kind) {
	const header = 12
	if len(message) < header || [2]byte(message) != [2]byte(query) || message[2]&0x80 == 0 {
		return nil, stray
	}
	m := new(dns.Msg)
	if m.Unpack(message) != nil {
		return nil, broken
	}
	if len(m.Question) == 0 {
		switch m.Rcode {
		case dns.RcodeFormatError, dns.RcodeServerFailure, dns.RcodeNotImplemented, dns.RcodeRefused:
			return m, fitting // some servers refuse without repeating the question
		}
		return nil, broken
	}
	if len(m.Question) != 1 {
		return nil, broken
	}
	q := m.Question[0]
	if !isName(q.Name, x.q.Name) || Type(q.Qtype) != x.q.Type || q.Qclass != dns.ClassINET || m.Opcode != dns.OpcodeQuery {
		return nil, stray
	}
	// Unpack takes a message that ends between two records for whole, and a record without data for empty.
	for i, section := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
		if int(binary.BigEndian.Uint16(message[6+2*i:])) != len(section) {
			return nil, broken
		}
	}
	for _, rr := range m.Answer {
		if txt, ok := rr.(*dns.TXT); ok && len(txt.Txt) == 0 {
			txt.Txt = []string{""} // against RFC 1035 3.3.14, but seen, and clear enough
		} else if rr.Header().Rdlength == 0 {
			return nil, broken
		}
	}
	return m, fitting
}

// refusal says why an answer is of no use; "" means that it is.
func (x *exchange) refusal(m *dns.Msg) string {
	x.rcode = rcode(m)
	if x.q.Server.IsValid() {
		return "" // whatever a server says is what was asked for
	}
	switch m.Rcode {
	case dns.RcodeSuccess:
	case dns.RcodeNameError:
		return ""
	default:
		if name := dns.RcodeToString[m.Rcode]; name != "" {
			return "answered " + name
		}
		return fmt.Sprintf("answered with the unknown response code %d", m.Rcode)
	}
	cnames, owned := sections(m, x.q.Type)
	switch {
	case len(owned[x.q.Name]) > 0 || cnames[x.q.Name] != "" || has[*dns.SOA](m.Ns):
		return ""
	case len(m.Answer) > 0:
		return "answered with records of other names only"
	case m.Authoritative, m.RecursionAvailable && !has[*dns.NS](m.Ns): // NODATA type 3, RFC 2308 2.2
		return ""
	}
	return "does not resolve recursively (lame or a referral)"
}

// rcode is the response code by its name, or RCODE123.
func rcode(m *dns.Msg) string {
	if name := dns.RcodeToString[m.Rcode]; name != "" {
		return name
	}
	return fmt.Sprintf("RCODE%d", m.Rcode)
}

// exhausted reports whether all servers have failed, and how.
func (x *exchange) exhausted() (cause string, all bool) {
	var causes []string
	for i := range x.peers {
		p := &x.peers[i]
		if p.state != unusable {
			return "", false
		}
		causes = append(causes, p.cause)
	}
	return strings.Join(causes, "; "), true
}

// silence says what happened until ctx ended.
func (x *exchange) silence(ctx context.Context) string {
	var causes []string
	within := ""
	if errors.Is(context.Cause(ctx), errSilence) {
		within = fmt.Sprintf(" within %v", x.timeout)
	} else {
		causes = append(causes, ended(ctx))
	}
	for i := range x.peers {
		p := &x.peers[i]
		switch p.state {
		case asked:
			causes = append(causes, fmt.Sprintf("%s did not answer%s", p.addr, within))
		case overTCP:
			causes = append(causes, fmt.Sprintf("%sTCP to %s failed: no answer%s", p.before(), p.addr, within))
		case unusable:
			causes = append(causes, p.cause)
		}
	}
	if x.strays > 0 {
		causes = append(causes, fmt.Sprintf("datagrams ignored that answer another question: %d", x.strays))
	}
	return strings.Join(causes, "; ")
}

func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// reason is an error of the network in few words.
func reason(err error) string {
	switch {
	case refused(err):
		return "connection refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed before the answer was whole"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "no answer"
	}
	return err.Error()
}
