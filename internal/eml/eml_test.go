package eml

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func parse(t testing.TB, text string) *Message {
	t.Helper()
	m, err := Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParse(t *testing.T) {
	m := parse(t, "\ufeffFrom a@b Sun Nov 22\r\nSubject: one\r\n\ttwo\r\nX-Empty:\r\nno field\r\nSpaced : x\nsubject: again\n\n body\r\n\r\nFrom: not a field\r\n")
	var got []string
	for _, f := range m.Fields {
		got = append(got, fmt.Sprintf("%s|%s|%q", f.Name, f.Value, f.Raw))
	}
	want := `Subject|one	two|"Subject: one\r\n\ttwo\r\n" X-Empty||"X-Empty:\r\n" ||"no field\r\n" Spaced|x|"Spaced : x\n" subject|again|"subject: again\n"`
	if s := strings.Join(got, " "); s != want {
		t.Errorf("\n%s, want\n%s", s, want)
	}
	if m.Body != " body\r\n\r\nFrom: not a field\r\n" {
		t.Errorf("body %q", m.Body)
	}
	if m := parse(t, "Subject: no end"); m.Body != "" || len(m.Fields) != 1 || m.Fields[0].Value != "no end" {
		t.Errorf("a header alone: %+v", m.Fields)
	}
}

func TestParseRefuses(t *testing.T) {
	long := strings.Repeat("a", 1<<10)
	for name, tt := range map[string]struct {
		in   io.Reader
		want string
	}{
		"nothing":              {strings.NewReader(""), "nothing in it is a header field"},
		"no header":            {strings.NewReader("\r\nSubject: x\r\n"), "nothing in it is a header field"},
		"zeros":                {strings.NewReader(strings.Repeat("\x00", 1000)), "nothing in it is a header field"},
		"prose":                {strings.NewReader("Dear all,\nthis is none\n"), "nothing in it is a header field"},
		"larger than it may":   {io.LimitReader(repeat{}, MaxSize+1), "larger than 50 MiB"},
		"a header without end": {strings.NewReader("Subject: x\r\n" + strings.Repeat("X: "+long+"\r\n", 1<<10)), "its header is larger than 1 MiB"},
		"a line without end":   {strings.NewReader("Subject: " + strings.Repeat("x", 2<<20)), "its header is larger than 1 MiB"},
		"too many lines":       {strings.NewReader("Subject: x\r\n" + strings.Repeat(" x\r\n", 10000)), "its header has more than 10000 lines"},
		"a broken pipe":        {iotest.ErrReader(errors.New("broken pipe")), "broken pipe"},
	} {
		if _, err := Parse(tt.in); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if m := parse(t, "Subject: x\r\n"+strings.Repeat(" x\r\n", 9999)+"\r\n"); len(m.Fields) != 1 || len(m.Fields[0].Raw) != 12+4*9999 {
		t.Errorf("10000 lines: %d fields", len(m.Fields))
	}
}

// repeat is text without end.
type repeat struct{}

func (repeat) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

func TestFrom(t *testing.T) {
	for _, tt := range []struct{ header, want string }{
		{"From: Ann <ann@Shop.Example>", "shop.example"},
		{"from: ann@shop.example (Ann)", "shop.example"},
		{"From: a@shop.example, b@shop.example", "shop.example"},
		{"From: =?x-klingon?q?=41?= <a@shop.example>", "shop.example"},
		{"From: =?utf-8?q?a=40bank.example?= <a@shop.example>", "shop.example"},
		{"From: Ann @ Shop <a@shop.example>", "shop.example"},
		{"From: \"a@bank.example\" <a@shop.example>", "shop.example"},
		{"From: a@b\u00fccher.example", "xn--bcher-kva.example"},
		{"From: \"a\xff\" <a@shop.example>", "shop.example"},
		{"From: a@shop.example\r\n .", "error"},
		{"From: Pete(A nice \\) chap) <pete(his account)@shop.example(his host)>", "shop.example"}, // RFC 5322 A.5
		{"From: Ann <ann@(c (d)) shop . example>", "shop.example"},
		{"From: Ann <@a.example,@b.example:ann@shop.example>", "shop.example"},
		{"From: Doe, Ann <ann@shop.example>", "shop.example"},
		{"From: Ann @ Shop, Inc. <ann@shop.example>", "shop.example"},
		{"From: a@bank.example <ann@shop.example>", "shop.example"},
		{"From: a @ b <ann@shop.example>, \"c, d\" <bob@shop.example>", "shop.example"},
		{"From: \"Ann <ann@shop.example>", "shop.example"},
		{"From: Ann (x <ann@shop.example>", "shop.example"},
		{"From: Ann (<eve@bank.example>) [x] <ann@shop.example>", "shop.example"},
		{"From: Ann [x] \"<eve@bank.example>\" <ann@shop.example>", "shop.example"},
		{"From: \"ann@bank.example\"@shop.example, [x] <bob@shop.example>", "shop.example"},
		{"From: a@b <ann@shop.example>, c@d <eve@bank.example>", "two domains, shop.example and bank.example"},
		{"From: a@b <ann@shop.example>, eve@bank.example", "two domains, shop.example and bank.example"},
		{"From: eve@bank.example, a@b <ann@shop.example>", "two domains, bank.example and shop.example"},
		{"From: Ann <ann@shop.example> <eve@bank.example>", "two domains, shop.example and bank.example"},
		{"From: ann@shop.example; eve@bank.example", "two domains, shop.example and bank.example"},
		{"From: Both: a@b <ann@shop.example>, eve(c)@bank.example;", "two domains, shop.example and bank.example"},
		{"From: ann@shop.example\x00", "From: "},
		{"Subject: x", "0 From fields"},
		{"From: a@shop.example\r\nFrom: b@shop.example", "2 From fields"},
		{"From: a@shop.example, b@bank.example", "two domains, shop.example and bank.example"},
		{"From: Ann", "no address in From"},
		{"From:", "no address in From"},
		{"From: undisclosed:;", "no address in From"},
		{"From: a@localhost", "From: "},
		{"From: a@[192.0.2.1]", "From: "},
		{"From: <@>", "From: "},
		{"From: " + strings.Repeat("a", 70000) + "@shop.example", "a From field of 70013 octets"},
	} {
		got, err := parse(t, tt.header+"\r\n\r\n").From()
		if err != nil {
			got = err.Error()
		}
		if tt.want == "error" && err == nil || tt.want != "error" && !strings.Contains(got, tt.want) {
			t.Errorf("%.60q: %s, want %s", tt.header, got, tt.want)
		}
	}
}

func TestAuthResults(t *testing.T) {
	const own = "Authentication-Results: mx.rcpt.example;\r\n dkim=pass (2048-bit; x) header.d=shop.example header.s=s1 header.b=\"a;b\";\r\n spf=softfail smtp.mailfrom=b@shop.example; none\r\n"
	for _, tt := range []struct{ name, header, want string }{
		{"none", "Subject: x\r\n", "nothing"},
		{"one", own, `mx.rcpt.example ["dkim=pass header.d=shop.example header.s=s1 header.b=\"a;b\"" "spf=softfail smtp.mailfrom=b@shop.example"]`},
		{"of another server", own + "Authentication-Results: mx.bank.example; dmarc=pass\r\n", "header.s=s1"},
		{"two by one server", "Authentication-Results: mx.rcpt.example 1; dmarc=pass\r\n" + own, `["dmarc=pass" "dkim=pass`},
		{"beneath the next hop", "Authentication-Results: mx.rcpt.example; dmarc=fail\r\nReceived: " + outside + "\r\n" + own, `mx.rcpt.example ["dmarc=fail"]`},
		{"beneath the top hop", "Received: " + outside + "\r\n" + own, "header.s=s1"},
		{"nothing said", "Authentication-Results: mx.rcpt.example; none\r\n", "mx.rcpt.example []"},
		{"empty", "Authentication-Results:\r\n", " []"},
		{"without end", "Authentication-Results: a; (b; c=d\r\n", "a []"},
	} {
		got := "nothing"
		if a := parse(t, tt.header+"\r\n").AuthResults(); a != nil {
			got = fmt.Sprintf("%s %q", a.Server, a.Results)
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if strings.Contains(got, "bank.example") || tt.name == "beneath the next hop" && strings.Contains(got, "pass") {
			t.Errorf("%s: believed %s", tt.name, got)
		}
	}
	many := parse(t, "Authentication-Results: a"+strings.Repeat("; x="+strings.Repeat("y", 600), 200)+"\r\n\r\n").AuthResults()
	if len(many.Results) != maxResults || len(many.Results[0]) != maxResult {
		t.Errorf("%d results of %d octets are kept", len(many.Results), len(many.Results[0]))
	}
}

// TestFromBounds: what does not end is read in one go.
func TestFromBounds(t *testing.T) {
	for _, piece := range []string{"(", "\"", "<", "<a@b", "@", "(\\", "a@ ", " . "} {
		m := parse(t, "From: "+strings.Repeat(piece, maxFrom/len(piece))+"\r\n\r\n")
		if from, err := m.From(); err == nil {
			t.Errorf("%q: %s", piece, from)
		}
	}
}

// A field in the obsolete way (RFC 5322 4.5) is no first line of an mbox file.
func TestObsoleteFirst(t *testing.T) {
	for text, want := range map[string]string{
		"From : <a@shop.example>\r\n\r\nhi\r\n":                                         "shop.example",
		"From b@other.example Sun Nov 22 02:00:00 2026\nFrom: <a@shop.example>\n\nhi\n": "shop.example",
	} {
		m, err := Parse(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if from, err := m.From(); from != want || err != nil || len(m.Fields) != 1 {
			t.Errorf("%q: %q, %v", text, from, err)
		}
		m, err = NewMbox(strings.NewReader(text)).Next()
		if err != nil {
			t.Fatal(err)
		}
		if from, err := m.From(); from != want || err != nil || len(m.Fields) != 1 {
			t.Errorf("mbox, %q: %q, %v", text, from, err)
		}
	}
}
