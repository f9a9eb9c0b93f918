package recipients

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/dnsx"
	"mailaudit/internal/testnet"
)

var zone = `
. SOA ns1.example. hostmaster.example. 1 7200 3600 1209600 300
gmail.com. MX 10 mx.example.
mx.example. A 11.22.33.25
shop.example. MX 10 gone.example.
shop.example. MX 20 mx.example.
six.example. AAAA 2001:db8:1::25
null.example. MX 0 .
nohost.example. MX 10 gone.example.
nohost.example. MX 20 text.example.
text.example. TXT "no mail"
gmnil.com. MX 10 mx.example.
otherwise.com. A 11.22.33.26
dead.example. MX 10 mx.example.
deadhost.example. MX 10 silent.example.
silent.example. A 11.22.33.27
halfdead.example. MX 10 silent.example.
halfdead.example. MX 20 gone.example.
lost.com. MX 10 mx.example.
mixed.example. MX 0 .
mixed.example. MX 10 mx.example.
xn--bcher-kva.example. MX 10 mx.example.
` + manyHosts

// manyHosts is a domain with more MX hosts than are looked at, none of which exists.
var manyHosts = func() (z string) {
	for i := range maxHosts + 1 {
		z += fmt.Sprintf("many.example. MX 10 gone%d.example.\n", i)
	}
	return z
}()

// lookup asks a real server.
func lookup(t testing.TB) (dnsx.Resolver, *testnet.DNS) {
	t.Helper()
	s, err := testnet.ServeDNS(testnet.MustZone(zone), testnet.DNSOptions{Faults: map[dnsx.Question]testnet.DNSFault{
		dnsx.Q("dead.example", dnsx.MX): testnet.DNSServFail, dnsx.Q("gnail.com", dnsx.MX): testnet.DNSServFail, dnsx.Q("silent.example", dnsx.A): testnet.DNSServFail, dnsx.Q("lost.con", dnsx.MX): testnet.DNSServFail}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{s.Addr()}, Dial: testnet.Dial}), s
}

// TestDoubtful: of a name that is one sign away from a provider's, another is suggested only where nobody said that it takes mail.
func TestDoubtful(t *testing.T) {
	r, _ := lookup(t)
	for address, want := range map[string]string{"ann@gmnil.com": "", "ann@gnail.com": "ann@gmail.com"} {
		l, sum := judged(t, r, nil, address+"\n")
		_, got, _ := strings.Cut(l[0], " -> ")
		if got != want || sum.Keep != 1 || !strings.Contains(l[0], "one sign away from gmail.com") {
			t.Errorf("%s: %q", address, l)
		}
	}
}

// TestNoLocal: a local part may be empty (RFC 5321 4.1.2 Quoted-string), and is no domain that was seen.
func TestNoLocal(t *testing.T) {
	r, _ := lookup(t)
	if l, sum := judged(t, r, nil, "ann@six.example\n\"\"@six.example\n"); sum.Duplicate != 0 || sum.Domains != 1 {
		t.Errorf("%q, %+v", l, sum)
	}
}

// judged runs a list and gives "action reason -> suggestion" of each row.
func judged(t *testing.T, r dnsx.Resolver, bounced Bounced, list string) ([]string, Summary) {
	t.Helper()
	in, err := NewReader("list.txt", strings.NewReader(list), "")
	if err != nil {
		t.Fatal(err)
	}
	var l []string
	sum, err := Run(t.Context(), in, r, bounced, func(r Result) error {
		s := strings.TrimSpace(string(r.Action) + " " + r.Reason)
		if r.Suggestion != "" {
			s += " -> " + r.Suggestion
		}
		l = append(l, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return l, sum
}

// runCases are rows and what becomes of them.
var runCases = [][2]string{
	{"ann@shop.example", "keep"},
	{"ANN@Shop.example", "drop duplicate of line 1"},
	{"info@shop.example", "keep role account"},
	{"ann@six.example", "keep"},
	{"Ann.Lee@gmail.com", "keep free mailbox"},
	{"annlee@gmail.com", "drop duplicate of line 5"},
	{"old@shop.example", "drop bounced before: recipient-unknown"},
	{"ann@nosuch.example", "drop the domain nosuch.example does not exist"},
	{"ann@null.example", "drop null.example takes no mail: it has a null MX"},
	{"ann@nohost.example", "drop no MX host of nohost.example has an address"},
	{"ann@text.example", "drop text.example has neither an MX nor an address"},
	{"ann@gmaik.com", "fix typo: the domain gmaik.com does not exist; gmail.com was probably meant -> ann@gmail.com"},
	{"ann@homail.con", "fix typo: the domain homail.con does not exist; hotmail.com was probably meant -> ann@hotmail.com"},
	{"ann@gmnil.com", "keep one sign away from gmail.com"}, // it takes mail: of somebody there
	{"ann@otherwise.con", "fix typo: the domain otherwise.con does not exist; otherwise.com was probably meant -> ann@otherwise.com"},
	{"ann@nowhere.con", "drop the domain nowhere.con does not exist"},
	{"ann@gmial.com", "fix typo: disposable, and one sign away from gmail.com -> ann@gmail.com"},
	{"ann@x.0-mail.com", "drop disposable: x.0-mail.com gives mailboxes that are thrown away"},
	{"ann@dead.example", "keep unknown: the MX of dead.example could not be looked up: "},
	{"ann@deadhost.example", "keep unknown: the address of silent.example could not be looked up: "},
	{"ann@halfdead.example", "keep unknown: the address of silent.example could not be looked up: "},
	{"ann@lost.con", "keep unknown: the MX of lost.con could not be looked up: "}, // nobody knows that it is not there
	{"ann@mixed.example", "keep"},
	{"ann@many.example", "keep"},
	{"ann@b\u00fccher.example", "keep"},
	{"ANN@xn--bcher-kva.example", "drop duplicate of line 25"},
	{"bob@shop.example ", "fix signs that are no part of the address stand around it -> bob@shop.example"},
	{"bob\u200b@six.example", "fix signs that are no part of the address stand around it -> bob@six.example"},
	{"eva\u00a0@six.example", "fix syntax: ' ' may not stand in a local part without quotes -> eva@six.example"},
	{"Bob <bob2@shop.example>", "fix syntax: ' ' may not stand in a local part without quotes -> bob2@shop.example"},
	{"nobody", "drop syntax: there is no @"},
	{"Bob <BOB2@shop.example>", "drop syntax: ' ' may not stand in a local part without quotes; duplicate of line 30"},
	{"bob2@shop.example", "drop duplicate of line 30"},
	{"Ann <ann@nosuch.example>", "drop syntax: ' ' may not stand in a local part without quotes; duplicate of line 8"},
	{"Eve <eve@nosuch.example>", "drop syntax: ' ' may not stand in a local part without quotes; the domain nosuch.example does not exist"},
	{"Eve <eve@gmaik.com>", "fix syntax: ' ' may not stand in a local part without quotes; typo: the domain gmaik.com does not exist; gmail.com was probably meant -> eve@gmail.com"},
	{"<gone@shop.example>", "drop syntax: '<' may not stand in a local part without quotes; bounced before: recipient-unknown"},
	{"eve@six.example (Eve)", "fix syntax: ' ' may not stand in a domain -> eve@six.example"},
	{"sales@six.example;", "fix syntax: ';' may not stand in a domain; role account -> sales@six.example"},
	{"eve@null.example ", "drop null.example takes no mail: it has a null MX"},
	{"m\xfcller@six.example", "drop syntax: it is not UTF-8"},
	{"a\x00b@six.example", "drop syntax: '\\x00' may not stand in a local part without quotes"},
	{"\"a\x1b[31m\"@six.example", "drop syntax: '\\x1b' may not stand between quotes"},
	{"ann@[192.0.2.1]", "keep"},
}

func TestRun(t *testing.T) {
	r, s := lookup(t)
	bounced, err := ReadBounces(strings.NewReader("550 5.1.1 <old@shop.example>: no such user\n550 5.1.1 <gone@shop.example>: no such user\n"))
	if err != nil {
		t.Fatal(err)
	}
	var rows, want []string
	for _, c := range runCases {
		rows, want = append(rows, c[0]), append(want, c[1])
	}
	got, sum := judged(t, r, bounced, strings.Join(rows, "\n"))
	for i := range want {
		if i >= len(got) || got[i] != want[i] && (!strings.HasSuffix(want[i], ": ") || !strings.HasPrefix(got[i], want[i]) || strings.Contains(got[i], "->") != strings.Contains(want[i], "->")) {
			t.Errorf("%q: %q, want %q", rows[i], got[min(i, len(got)-1)], want[i])
		}
	}
	if d := cmp.Diff(Summary{Rows: 44, Keep: 13, Fix: 11, Drop: 20, Syntax: 13, Duplicate: 6, Bounced: 2, Disposable: 1, NoDomain: 7, NullMX: 2, NoMailHost: 2,
		Typo: 6, Role: 2, Free: 1, Unknown: 4, Domains: 21, Complete: true}, sum); d != "" {
		t.Error(d)
	}
	seen := map[dnsx.Question]int{}
	for _, a := range s.Asked() {
		if seen[a.Question]++; seen[a.Question] > 1 && !strings.HasSuffix(a.Question.Name, "dead.example") && a.Question.Name != "silent.example" && a.Question.Name != "lost.con" {
			t.Errorf("%v was asked twice", a.Question)
		}
		if strings.Contains(a.Question.Name, "0-mail") {
			t.Errorf("%v was asked", a.Question)
		}
		if a.Question.Name == "." || strings.HasPrefix(a.Question.Name, "gone0") {
			t.Errorf("%v was asked", a.Question)
		}
	}
}

// refusing fails every lookup and counts them.
type refusing struct{ asked chan struct{} }

func (r refusing) Lookup(context.Context, dnsx.Question) dnsx.Answer {
	r.asked <- struct{}{}
	return dnsx.Answer{Status: dnsx.Failed, Cause: "silence"}
}

// A resolver that is dead is not asked for every domain of a long list, and nobody is dropped for it.
func TestDeadResolver(t *testing.T) {
	var list strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&list, "a@d%d.example\n", i)
	}
	r := refusing{make(chan struct{}, 10000)}
	_, sum := judged(t, r, nil, list.String())
	if sum.Keep != 3000 || sum.Unknown != 3000 {
		t.Errorf("%+v", sum)
	}
	if n := len(r.asked); n < hopeless || n > hopeless+maxAtOnce {
		t.Errorf("%d questions", n)
	}
}

// fading answers one question.
type fading struct{ asked int }

func (f *fading) Lookup(ctx context.Context, q dnsx.Question) dnsx.Answer {
	if f.asked++; f.asked == 1 {
		return instant{}.Lookup(ctx, q)
	}
	return dnsx.Answer{Status: dnsx.Failed, Cause: "silence"}
}

// A resolver that has answered is asked to the end.
func TestFadingResolver(t *testing.T) {
	r := &fading{}
	d := newDomains(t.Context(), r)
	for i := range 3 * hopeless {
		d.ask(fmt.Sprintf("d%d.example", i), dnsx.MX)
	}
	if r.asked != 3*hopeless {
		t.Errorf("%d questions", r.asked)
	}
}

// dropping fails with a panic.
type dropping struct{}

func (dropping) Lookup(context.Context, dnsx.Question) dnsx.Answer { panic("a fault of ours") }
func (dropping) Read([]byte) (int, error)                          { panic("a fault of ours") }

// TestPanic: whatever goroutine fails, whoever called is told, and the program is not torn down.
func TestPanic(t *testing.T) {
	for name, list := range map[string]io.Reader{"a lookup": strings.NewReader("a@b.example\n"), "reading": io.MultiReader(strings.NewReader("a@[192.0.2.1]\n"), dropping{})} {
		func() {
			defer func() {
				if p := recover(); p != "a fault of ours" {
					t.Errorf("%s: %v", name, p)
				}
			}()
			in, err := NewReader("-", list, "")
			if err != nil {
				t.Fatal(err)
			}
			_, err = Run(t.Context(), in, dropping{}, nil, func(Result) error { return nil })
			t.Errorf("%s: %v", name, err)
		}()
	}
}

// endless is a list without an end.
type endless struct{ n int }

func (e *endless) Read(b []byte) (int, error) {
	e.n++
	return copy(b, fmt.Sprintf("a%d@[192.0.2.1]\n", e.n)), nil
}

// What is read ahead of what is written is bounded.
func TestStreams(t *testing.T) {
	src := &endless{}
	in, err := NewReader("-", src, "")
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("full")
	rows := 0
	sum, err := Run(t.Context(), in, refusing{}, nil, func(Result) error {
		if rows++; rows == 3*window {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || sum.Rows != 3*window || sum.Complete {
		t.Errorf("%+v, %v", sum, err)
	}
}

// TestSeen: every text is found again, at its first line, while the table grows.
func TestSeen(t *testing.T) {
	s := newSeen(10000)
	for round := range 2 {
		for i := range 10000 {
			first, full := s.add(fmt.Sprint(i), i+1+round)
			if want := round * (i + 1); first != want || full {
				t.Fatalf("round %d, %d: line %d, full %v", round, i, first, full)
			}
		}
	}
	if first, full := s.add("one more", 1); first != 0 || !full {
		t.Errorf("line %d, full %v", first, full)
	}
}

// TestMemory: what is remembered is bounded, and what is not is counted.
func TestMemory(t *testing.T) {
	d := newDomains(t.Context(), instant{})
	for i := range maxPlaces + 100 {
		name := fmt.Sprintf("d%d.example", i)
		d.places[name] = nil
		if d.host(name); i >= maxPlaces {
			forget(d.places)
		}
	}
	if len(d.hosts) != maxPlaces || len(d.places) > maxPlaces {
		t.Errorf("%d hosts, %d domains", len(d.hosts), len(d.places))
	}
	j := &judge{domains: newDomains(t.Context(), instant{}), seen: newSeen(3)}
	for i, c := range []struct {
		address           string
		duplicate, unseen bool
	}{{"a@b.example", false, false}, {"b@b.example", false, false}, {"c@b.example", false, true}, {"c@b.example", false, true}, {"a@b.example", true, false}} {
		if p := j.read(Row{Line: i + 1, Address: c.address}); p.duplicate != c.duplicate || p.unseen != c.unseen || p.domain != (i == 0) {
			t.Errorf("line %d: %+v", i+1, p)
		}
	}
	p := j.read(Row{Line: 9, Address: "d@b.example"})
	if j.count(&p); j.sum.Unseen != 1 {
		t.Errorf("%+v", j.sum)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe() // a list that does not go on
	defer pw.Close()
	go fmt.Fprintln(pw, "a@[192.0.2.1]")
	in, err := NewReader("-", onePiece{pr}, "")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := Run(ctx, in, refusing{}, nil, func(Result) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || sum.Rows != 1 || sum.Complete {
		t.Errorf("%+v, %v", sum, err)
	}
}

// onePiece reads no more than comes at once.
type onePiece struct{ io.Reader }

func TestReader(t *testing.T) {
	for _, c := range []struct{ name, file, column, text, want string }{
		{"a header", "l.csv", "", "name,Email\nAnn,a@b.example\n\"Bob, B.\",b@b.example\n", "2=a@b.example 3=b@b.example"},
		{"no header", "l.csv", "", "Ann,a@b.example\nBob,b@b.example\n", "1=a@b.example 2=b@b.example"},
		{"a mark of byte order", "l.csv", "", "\xef\xbb\xbfemail\na@b.example\n", "2=a@b.example"},
		{"semicolons", "-", "", "id;mail\n1;a@b.example\n", "2=a@b.example"},
		{"tabs", "l.txt", "", "id\taddress\n1\ta@b.example\n", "2=a@b.example"},
		{"a column by name", "l.csv", "work", "email,work\na@b.example,b@b.example\n", "2=b@b.example"},
		{"a column by number", "l.csv", "2", "email,other\na@b.example,b@b.example\n", "2=b@b.example"},
		{"a column without a header", "l.csv", "2", "a@b.example,b@b.example\n", "1=b@b.example"},
		{"a short row", "l.csv", "", "name,email\nAnn\nBob,b@b.example\n", "2= 3=b@b.example"},
		{"a cell of two lines", "l.csv", "", "name,email\n\"A\nB\",a@b.example\nC,c@b.example\n", "2=a@b.example 4=c@b.example"},
		{"text", "l.txt", "", "# those\n\na@b.example\r\nnobody\n", "3=a@b.example 4=nobody"},
		{"one column that is no address", "l.csv", "", "nobody\na@b.example\n", "1=nobody 2=a@b.example"},
		{"nothing", "l.csv", "", "", ""},
		{"a mark of byte order before a quote", "l.csv", "", "\ufeff\"email\"\r\n\"a@b.example\"\r\n", "2=a@b.example"},
		{"quotes within quotes", "l.csv", "", "email,note\na@b.example,\"x \"\"y\"\", z\"\nb@b.example,\n", "2=a@b.example 3=b@b.example"},
		{"a local part in quotes", "l.csv", "", "email,name\n\"a, b\"@b.example,A\n\"a\"\" b\"@b.example,B\nc@b.example,\"C\"\n", "2=\"a, b\"@b.example 3=\"a\"\" b\"@b.example 4=c@b.example"},
		{"a quote within a cell", "l.csv", "", "size,email\n5\" pipe,a@b.example\n6\" pipe,b@b.example\n", "2=a@b.example 3=b@b.example"},
		{"a quote behind a quote", "l.csv", "", "email,name\na@b.example,\"A\" B\nb@b.example,\"\"\n", "2=a@b.example 3=b@b.example"},
		{"old Macs", "l.csv", "", "email,name\ra@b.example,\"A\rB\"\r\rb@b.example,B", "2=a@b.example 5=b@b.example"},
		{"text of old Macs", "l.txt", "", "# those\ra@b.example\r", "2=a@b.example"},
		{"a stray return", "l.txt", "", "a\rb@b.example\nb@b.example\n", "1=a\rb@b.example 2=b@b.example"},
		{"another title", "l.csv", "", "Kunde;Adresse\nA;a@b.example\nB\n", "2=a@b.example 3="},
		{"a postal address", "l.csv", "", "address,E-Mail\nMain St 1,a@b.example\n", "2=a@b.example"},
		{"an @ in other cells", "l.csv", "", "note,email\n@home,a@b.example\n", "2=a@b.example"},
		{"a title that is typed in capitals", "l.csv", "WORK", "email,work\na@b.example,b@b.example\n", "2=b@b.example"},
		{"a long line", "l.txt", "", strings.Repeat("x", 100000) + "\na@b.example\n", "1=" + strings.Repeat("x", 100000) + " 2=a@b.example"},
	} {
		in, err := NewReader(c.file, strings.NewReader(c.text), c.column)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var l []string
		for row, err := in.Next(); !errors.Is(err, io.EOF); row, err = in.Next() {
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			l = append(l, fmt.Sprintf("%d=%s", row.Line, row.Address))
		}
		if got := strings.Join(l, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	for _, c := range []struct{ file, column, text, says string }{
		{"l.csv", "", "a,b\n1,2\n", "no column of the first row"},
		{"l.csv", "c", "a,b\n1,2\n", `no column "c" among 2`},
		{"l.csv", "3", "a,b\n1,2\n", `no column "3" among 2`},
		{"l.txt", "c", "a@b.example\n", "no column"},
		{"l.csv", "", "email,x\n\"" + strings.Repeat("x,\n", 1<<20), "is a quote not closed"},
		{"l.csv", "", "email,x\na@b.example,\"x\nb@b.example,y\n", "line 2: a quote is not closed"},
		{"l.txt", "", "a@b.example\n" + strings.Repeat("x", 3<<20), "line 2: more than 1 MiB"},
		{"l.csv", "0", "a,b\n1,2\n", `no column "0" among 2`},
		{"l.csv", "", "a,b\n1,2,c@d.example\n", "no column of the first row"},
		{"l.csv", "", "a,b\n", "no column of the first row"},
		{"l.csv", "", "\xff\xfee\x00m\x00", "it is UTF-16, and UTF-8 is read"},
		{"l.csv", "", "\xfe\xff\x00e", "it is UTF-16"},
	} {
		in, err := NewReader(c.file, strings.NewReader(c.text), c.column)
		for err == nil {
			_, err = in.Next()
		}
		if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.30q: %v, want %q", c.text, err, c.says)
		}
	}
}

func TestReadBounces(t *testing.T) {
	const at = "Nov 22 10:00:00 mx postfix/smtp[1]: 4X: "
	for _, c := range []struct {
		name, text string
		want       Bounced
	}{
		{"a log", at + "to=<gone@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx.b.example[192.0.2.1] said: 550 5.1.1 no such user)\n" +
			at + "to=<blocked@b.example>, relay=mx.b.example[192.0.2.1]:25, dsn=5.7.1, status=bounced (host mx.b.example[192.0.2.1] said: 550 5.7.1 blocked by policy)\n" +
			at + "to=<late@b.example>, relay=none, dsn=4.4.1, status=deferred (connect to mx.b.example[192.0.2.1]:25: Connection timed out)\n" +
			at + "to=<full@b.example>, relay=mx.b.example[192.0.2.1]:25, dsn=5.2.2, status=bounced (host mx.b.example[192.0.2.1] said: 552 5.2.2 mailbox full)\n" +
			at + "to=<slow@c.example>, relay=none, dsn=4.4.3, status=deferred (Host or domain name not found. Name service error for name=c.example type=MX: Host not found, try again)\n" +
			at + "to=<slow@d.example>, relay=none, dsn=4.4.4, status=deferred (Host or domain name not found. Name service error for name=d.example type=A: Host not found)\n" +
			at + "to=<lost@d.example>, relay=none, dsn=5.4.4, status=bounced (Host or domain name not found. Name service error for name=d.example type=A: Host not found)\n" +
			at + "to=<Back@b.example>, relay=mx.b.example[192.0.2.1]:25, dsn=5.1.1, status=bounced (host mx.b.example[192.0.2.1] said: 550 5.1.1 no such user)\n" +
			at + "to=<back@b.example>, relay=mx.b.example[192.0.2.1]:25, dsn=2.0.0, status=sent (250 2.0.0 ok)\n",
			Bounced{"gone@b.example": "recipient-unknown", "lost@d.example": "domain-unknown"}},
		{"Exim's", "2026-11-22 10:00:00 1tabcd-000001-AB ** gone@b.example R=dnslookup T=remote_smtp H=mx.b.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<gone@b.example>: 550 5.1.1 no such user\n",
			Bounced{"gone@b.example": "recipient-unknown"}},
		{"a bounce message", "From: MAILER-DAEMON@a.example\nSubject: failed\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n" +
			"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a.example\n\nFinal-Recipient: rfc822; gone@b.example\nAction: failed\nStatus: 5.1.1\n" +
			"Diagnostic-Code: smtp; 550 5.1.1 no such user\n\n--b--\n",
			Bounced{"gone@b.example": "recipient-unknown"}},
		{"a guess", "550 <live@b.example> address: forbidden word in subject\n", Bounced{}},
		{"nothing", "", Bounced{}},
	} {
		got, err := ReadBounces(strings.NewReader(c.text))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestLists(t *testing.T) {
	for name, l := range map[string]nameList{"disposable": disposables(), "free": frees(), "role": roles(), "providers": providers()} {
		for n := range l.names {
			if n != strings.ToLower(n) || strings.ContainsAny(n, " #/@") {
				t.Errorf("%s: %q", name, n)
			}
		}
		if len(l.names) < 20 {
			t.Errorf("%s has %d names", name, len(l.names))
		}
	}
	for p := range providers().names {
		if isDisposable(p) {
			t.Errorf("%s", p)
		}
	}
	if !isFree("hotmail.it") || isFree("shop.example") || !isRole("Info+x") || isRole("ann") {
		t.Error("patterns")
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"gmail.com", "gmail.com", 0}, {"gmial.com", "gmail.com", 1}, {"gmailc.om", "gmail.com", 1}, {"gmai.com", "gmail.com", 1}, {"homail.con", "hotmail.com", 2},
		{"comcast.nry", "comcast.net", 2}, {"a.example", "gmail.com", 3}, {"", "ab", 2}} {
		if got := distance(c.a, c.b, 2); got != c.want {
			t.Errorf("%s, %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
	// Short names and other providers are no slips.
	for _, d := range []string{"ymail.com", "gmx.com", "mail.com", "shop.example", "gmy.com", "aol.con", "gmxyz.com"} {
		if meant, _ := provider(d); meant != "" {
			t.Errorf("%s: %s", d, meant)
		}
	}
}

// TestSuffix: a top-level domain that exists is none that was mistyped.
func TestSuffix(t *testing.T) {
	for domain, want := range map[string]string{"shop.con": "shop.com", "shop.ogr": "shop.org", "shop.co": "", "shop.c.m": "", "shop.example": "", "con": ""} {
		if got := suffix(domain); got != want {
			t.Errorf("%s: %q, want %q", domain, got, want)
		}
	}
}

func TestWriters(t *testing.T) {
	r, _ := lookup(t)
	list := "name,email\nAnn,ann@shop.example\n\"Bob, B.\",bob@gmaik.com\nEve\n"
	write := func(format, name, list string) string {
		in, err := NewReader(name, strings.NewReader(list), "")
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		w := NewWriter(&out, format, in)
		sum, err := Run(t.Context(), in, r, nil, w.Write)
		if err == nil {
			err = w.Close(sum)
		}
		if err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if d := cmp.Diff("name,email,action,reason,suggestion\nAnn,ann@shop.example,keep,,\n"+
		"\"Bob, B.\",bob@gmaik.com,fix,typo: the domain gmaik.com does not exist; gmail.com was probably meant,bob@gmail.com\n"+
		"Eve,,drop,syntax: nothing is there,\n", write("csv", "l.csv", list)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff("address,action,reason,suggestion\nann@six.example,keep,,\n", write("csv", "-", "ann@six.example\n")); d != "" {
		t.Error(d)
	}
	// Without a header, too, what is appended stands in columns of its own.
	if d := cmp.Diff("A;ann@six.example;1;keep;;\nB;bob@six.example;;keep;;\n", write("csv", "-", "A;ann@six.example;1\nB;bob@six.example\n")); d != "" {
		t.Error(d)
	}
	// What is appended is no formula; what was there stays as it was.
	if d := cmp.Diff("address,action,reason,suggestion\n=1+2@gmaik.com,fix,typo: the domain gmaik.com does not exist; gmail.com was probably meant,'=1+2@gmail.com\n",
		write("csv", "-", "=1+2@gmaik.com\n")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff("line 3  fix  bob@gmaik.com -> bob@gmail.com  typo: the domain gmaik.com does not exist; gmail.com was probably meant\n"+
		"line 4  drop    syntax: nothing is there\n3 rows of 2 domains: keep 1, fix 1, drop 1\n       1  no address by its syntax\n       1  domain does not exist\n       1  probably mistyped\n",
		write("table", "l.csv", list)); d != "" {
		t.Error(d)
	}
	var all struct {
		Recipients []map[string]any
		Summary    Summary
	}
	for list, n := range map[string]int{list: 3, "": 0} {
		if err := json.Unmarshal([]byte(write("json", "l.csv", list)), &all); err != nil || len(all.Recipients) != n || all.Summary.Rows != n || all.Recipients == nil {
			t.Errorf("%v: %+v", err, all)
		}
	}
	if lines := strings.Split(strings.TrimSpace(write("ndjson", "l.csv", list)), "\n"); len(lines) != 4 || !strings.HasPrefix(lines[3], `{"summary":`) {
		t.Errorf("%q", lines)
	}
	if d := cmp.Diff("line 1  keep  ann@gmnil.com  one sign away from gmail.com\n1 rows of 1 domains: keep 1, fix 0, drop 0\n       1  probably mistyped\n",
		write("table", "-", "ann@gmnil.com\n")); d != "" {
		t.Error(d)
	}
	for _, format := range Formats { // what DNS says may be by an enemy
		var out bytes.Buffer
		w := NewWriter(&out, format, &Reader{})
		row := Result{Row: Row{Line: 1, Cells: []string{"a@b.example"}, Address: "a@b.example\u202e"}, Action: Drop, Reason: "\x1b[31m\u202e", Suggestion: "\u202e@b.example"}
		if err := errors.Join(w.Write(row), w.Close(Summary{Unseen: 3})); err != nil || strings.ContainsAny(out.String(), "\x1b\u202e") {
			t.Errorf("%s: %q, %v", format, &out, err)
		}
		if format == "table" && (!strings.Contains(out.String(), "3  not remembered") || !strings.HasSuffix(out.String(), "the list was not read to its end\n")) {
			t.Errorf("%q", &out)
		}
	}
	if out := write("table", "-", "\x1b[31m\n"); strings.Contains(out, "\x1b") {
		t.Errorf("%q", out)
	}
}

// instant answers as a zone in which every domain takes mail.
type instant struct{}

func (instant) Lookup(_ context.Context, q dnsx.Question) dnsx.Answer {
	if q.Type == dnsx.MX {
		return dnsx.Answer{Status: dnsx.Found, Records: []dnsx.Record{{Target: "mx.example"}}}
	}
	return dnsx.Answer{Status: dnsx.Found, Records: []dnsx.Record{{Addr: netip.MustParseAddr("11.22.33.25")}}}
}

// many is a file with so many addresses of a twentieth as many domains.
func many(b *testing.B, n int) string {
	b.Helper()
	name := filepath.Join(b.TempDir(), "l.csv")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "id,email")
	for i := range n {
		fmt.Fprintf(w, "%d,user%d@d%d.example\n", i, i, i%(n/20))
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		b.Fatal(err)
	}
	return name
}

// BenchmarkRun is 1,000,000 addresses of 50,000 domains in a file, beside reading its lines alone. peak-MiB is the memory that the process
// has of the system, looked at every 10,000 rows.
func BenchmarkRun(b *testing.B) {
	const n = 1000000
	name := many(b, n)
	each := func(b *testing.B, run func(io.Reader)) {
		for b.Loop() {
			f, err := os.Open(name)
			if err != nil {
				b.Fatal(err)
			}
			run(f)
			f.Close()
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "addresses/s")
	}
	b.Run("read", func(b *testing.B) {
		each(b, func(in io.Reader) {
			lines := 0
			for s := bufio.NewScanner(in); s.Scan(); lines++ {
			}
			if lines != n+1 {
				b.Fatal(lines)
			}
		})
	})
	b.Run("recipients", func(b *testing.B) {
		peak := uint64(0)
		each(b, func(f io.Reader) {
			in, err := NewReader("l.csv", f, "")
			if err != nil {
				b.Fatal(err)
			}
			w, rows := NewWriter(io.Discard, "csv", in), 0
			sum, err := Run(b.Context(), in, instant{}, nil, func(r Result) error {
				if rows++; rows%10000 == 0 {
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					peak = max(peak, m.Sys-m.HeapReleased)
				}
				return w.Write(r)
			})
			if err != nil || sum.Keep != n || sum.Domains != n/20 {
				b.Fatalf("%+v, %v", sum, err)
			}
		})
		b.ReportMetric(float64(peak>>20), "peak-MiB")
	})
}

// rowsWithoutEnd are one row after the other.
type rowsWithoutEnd struct {
	row  string
	read atomic.Int64 // octets
}

// Read implements io.Reader.
func (e *rowsWithoutEnd) Read(b []byte) (int, error) {
	n := copy(b, e.row[int(e.read.Load()%int64(len(e.row))):])
	e.read.Add(int64(n))
	return n, nil
}

// TestLongRows: rows that wait to be written are bounded in memory, however long they are.
func TestLongRows(t *testing.T) {
	e := &rowsWithoutEnd{row: "a@a.example," + strings.Repeat("x", maxRow-100) + "\n"}
	in, err := NewReader("l.csv", e, "1")
	if err != nil {
		t.Fatal(err)
	}
	const most = waiting + 4*maxRow
	stacks := make([]byte, 1<<20)
	waits := func() bool { // whether the reading of rows does
		return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("recipients.(*room).take("))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rows := 0
	_, err = Run(ctx, in, dnsx.NewOffline(testnet.MustZone("a.example. MX 10 mx.example.\n")), nil, func(r Result) error {
		for rows == 0 && e.read.Load() <= most && !waits() {
			runtime.Gosched()
		}
		if n := e.read.Load() - int64(rows*len(e.row)); n > most {
			t.Fatalf("%d MiB were read ahead", n>>20)
		}
		if rows++; rows == 2*waiting/maxRow {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || rows < 2*waiting/maxRow {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// TestRoom: what does not fit waits until there is room, or for the end.
func TestRoom(t *testing.T) {
	r := room{left: 3, freed: make(chan struct{}, 1)}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if !r.take(t.Context(), 3) || r.take(over, 1) {
		t.Error("what is taken can be taken again")
	}
	taken := make(chan bool)
	go func() { taken <- r.take(t.Context(), 3) }()
	r.give(1)
	r.give(1)
	select {
	case <-taken:
		t.Fatal("2 are 3")
	default:
	}
	r.give(1)
	if !<-taken || r.left != 0 {
		t.Errorf("%d left", r.left)
	}
}
