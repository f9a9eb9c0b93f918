package faults

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"mailaudit/internal/cli"
	"mailaudit/internal/testnet"
)

// hostile has every trick: escape sequences that clear the screen, set the title and hide a link, C1 controls raw and as UTF-8, marks that
// turn the direction, markup of HTML, Markdown, XML and LaTeX, a formula, a bar, a quote of every kind, line ends, and NUL.
const hostile = "=cmd|'/C calc'!A0 \x1b[2J\x1b]0;owned\x07\x1b]8;;http://evil.example\x07 \x9b31m \u009b31m \u202egnp.exe\u2066 \u200b\ufeff" +
	"<script>alert(1)</script><img src=x onerror=alert(1)> \" onload=\"x ' | a|b `code` ![x](javascript:alert(1)) [x](javascript:alert(1)) ]]> &amp; \r\n\r\n# heading\nnew,line;\t\x00\x08\x7f"

// record is a TXT record with any octets.
func record(name, text string) string {
	var b strings.Builder
	b.WriteString(name + ". TXT")
	for text != "" {
		n := min(len(text), 255)
		b.WriteString(` "`)
		for _, c := range []byte(text[:n]) {
			if c < ' ' || c > '~' || c == '"' || c == '\\' || c == ';' {
				fmt.Fprintf(&b, `\%03d`, c)
			} else {
				b.WriteByte(c)
			}
		}
		b.WriteByte('"')
		text = text[n:]
	}
	return b.String()
}

// poisoned is a certificate whose names are all that a name may not be.
func poisoned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().AddDate(0, -1, 0), NotAfter: time.Now().AddDate(0, 2, 0)}
	c.Subject.CommonName, c.Issuer.CommonName = strings.ToValidUTF8(hostile, ""), strings.ToValidUTF8(hostile, "")
	c.DNSNames = []string{strings.Map(func(r rune) rune {
		if r >= utf8.RuneSelf {
			return -1
		}
		return r
	}, hostile), "=1+1.example"}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// enemy is a world in which everybody who is asked says what harms most, and the way there.
func enemy(t *testing.T) (flags []string, dial func(context.Context, string, string) (net.Conn, error)) {
	t.Helper()
	zone := testnet.EditZone(healthy(t), "-healthy.example. TXT", "-_dmarc.healthy.example. TXT", "-s2._domainkey.healthy.example. TXT", "-25.2.0.192.in-addr.arpa. PTR", "-_smtp._tls.healthy.example. TXT",
		"-default._bimi.healthy.example. TXT",
		record("healthy.example", "v=spf1 ip4:192.0.2.25 "+hostile+" exp="+hostile+" -all"), record("healthy.example", hostile),
		record("_dmarc.healthy.example", "v=DMARC1; p=reject; rua=mailto:"+hostile+"; "+hostile+"=1"),
		record("s2._domainkey.healthy.example", "v=DKIM1; n="+hostile+"; k="+hostile+"; p=x"),
		record("_smtp._tls.healthy.example", "v=TLSRPTv1; rua="+hostile), record("default._bimi.healthy.example", "v=BIMI1; l="+hostile),
		record("25.2.0.192.zen.spamhaus.org", hostile), "25.2.0.192.zen.spamhaus.org. A 127.0.0.2",
		`healthy.example. MX 30 \027[31m\<script\>alert\(1\)\</script\>\226\128\174.healthy.example.`,
		`25.2.0.192.in-addr.arpa. PTR \061cmd|\027[2J\<img\032src=x\>.example.`,
		`healthy.example. CAA 0 issue "\027[31m<script>alert(1)</script>"`)
	dns, err := testnet.ServeDNS(testnet.MustZone(zone), testnet.DNSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dns.Close() })
	oneLine := strings.NewReplacer("\r", " ", "\n", " ").Replace(hostile)
	certificate := poisoned(t)
	smtp, err := testnet.ServeSMTP(testnet.Behaviour{Certificate: certificate, Greeting: "220 " + oneLine + "\r\n", EarlyAuth: true,
		Replies: map[string]string{"EHLO": "250-" + oneLine + "\r\n250-AUTH PLAIN " + oneLine + "\r\n250 STARTTLS\r\n"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { smtp.Close() })
	web, err := testnet.ServeHTTPS(testnet.Site{Certificate: certificate, ContentType: strings.ToValidUTF8(strings.ReplaceAll(oneLine, "\x00", ""), ""), Body: "version: STSv1\nmode: " + hostile + "\nmx: " + hostile + "\n" + hostile})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { web.Close() })
	quoted, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	registry, err := testnet.ServeRDAP(nil, map[string]testnet.RDAPReply{})
	if err != nil {
		t.Fatal(err)
	}
	registry.Close()
	q := string(quoted)
	registry, err = testnet.ServeRDAP(nil, map[string]testnet.RDAPReply{"127.0.0.1/domain/healthy.example": {
		Body: `{"objectClassName":"domain","ldhName":` + q + `,"status":[` + q + `,"client hold"],"events":[{"eventAction":` + q + `,"eventDate":` + q + `}],"entities":[{"roles":["registrar"],"vcardArray":["vcard",[["fn",{},"text",` + q + `]]]}]}`}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { registry.Close() })
	dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		to := map[string]string{"25": smtp.Addr().String(), "443": web.Addr().String()}
		if _, port, err := net.SplitHostPort(address); err == nil && to[port] != "" {
			address = to[port]
		}
		return testnet.Dial(ctx, network, address)
	}
	return []string{"healthy.example", "--resolver", dns.Addr().String(), "--ip", "192.0.2.25", "--selector", "s1", "--selector", "s2", "--helo", "mail.healthy.example",
		"--assume-public", "192.0.2.0/24", "--submission", fmt.Sprintf("smtp://%s:%d", service, smtp.Port()), "--rdap-server", "http://" + registry.Addr().String(), "--timeout", "20s"}, dial
}

// program runs the program in this process.
func program(t *testing.T, dial func(context.Context, string, string) (net.Conn, error), stdin string, args ...string) (code int, stdout, stderr []byte) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Main(cli.World{Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs, Dial: dial, Version: "test",
		LookupEnv: func(string) (string, bool) { return "", false }, Terminal: func() cli.Terminal { return cli.Terminal{Width: 100} }})
	return code, out.Bytes(), errs.Bytes()
}

// acts is a rune that a terminal or a reader of text acts on.
func acts(r rune) bool {
	return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r))
}

// inert holds the rules of a format.
func inert(t *testing.T, name, format string, out []byte) {
	t.Helper()
	text := bytes.ReplaceAll(out, []byte("\r\n"), []byte("\n"))
	if i := bytes.IndexFunc(text, acts); i >= 0 && format != "csv of recipients" {
		t.Errorf("%s: raw %.40q", name, text[i:])
	}
	if !utf8.Valid(out) && format != "csv of recipients" {
		t.Errorf("%s: octets that are no UTF-8", name)
	}
	live := func(patterns ...string) {
		for _, p := range patterns {
			if i := bytes.Index(bytes.ToLower(out), []byte(p)); i >= 0 {
				t.Errorf("%s: %q is live: %.80q", name, p, out[max(i-20, 0):])
			}
		}
	}
	switch format {
	case "html":
		live("<script>alert", "<img src=x", `href="javascript:`, `" onload="`)
	case "markdown":
		live("<script>alert", "<img src=x", "](javascript:")
	case "csv of recipients": // whose own cells are given back as they came (docs/recipients.md)
		rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
		if err != nil || len(rows) < 3 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
		for _, row := range rows {
			for _, cell := range row[2:] {
				if strings.IndexFunc(cell, acts) >= 0 || cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
					t.Errorf("%s: a cell of ours: %.40q", name, cell)
				}
			}
		}
		return
	case "csv":
		rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if _, err := strconv.ParseFloat(cell, 64); cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") && err != nil {
					t.Errorf("%s: a cell is a formula: %.40q", name, cell)
				}
			}
		}
	case "json", "ndjson", "sarif":
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var v any
			if err := d.Decode(&v); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
	case "junit":
		for d := xml.NewDecoder(bytes.NewReader(out)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
	case "nagios":
		if n := bytes.Count(bytes.TrimSpace(out), []byte("\n")); n > 0 || bytes.Count(out, []byte("|")) > 1 {
			t.Errorf("%s: %d line ends: %.200q", name, n, out)
		}
	case "prometheus":
		sample := regexp.MustCompile(`^(# (HELP|TYPE) .*|[a-z_]+(\{[a-z_]+="([^"\\]|\\["\\n])*"(,[a-z_]+="([^"\\]|\\["\\n])*")*\})? \S+)$`)
		for l := range strings.Lines(string(out)) {
			if !sample.MatchString(strings.TrimSuffix(l, "\n")) {
				t.Errorf("%s: no sample: %.100q", name, l)
			}
		}
	}
}

// TestInjection: in a world of enemies nothing that the program writes acts on a terminal, browser, spreadsheet or parser.
func TestInjection(t *testing.T) {
	flags, dial := enemy(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	message := file("m.eml", "Received: from "+hostile[:60]+" by mx.example; Mon, 1 Jan 2026 00:00:00 +0000\r\nFrom: \"=?utf-8?q?"+strings.ReplaceAll(hostile[:80], "\n", " ")+"?=\" <a@healthy.example>\r\nSubject: "+
		strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(hostile)+"\r\nAuthentication-Results: mx.example; dkim=pass header.d="+hostile[:70]+"\r\nDKIM-Signature: v=1; d=healthy.example; s="+hostile[20:60]+"; b=x\r\n\r\n"+hostile+"\r\n")
	replies := file("replies.txt", "550 5.7.1 "+strings.ReplaceAll(hostile, "\n", " ")+"\n421 "+hostile+"\n")
	rows := file("rows.csv", "address,name\n"+strings.NewReplacer("\r", "", "\n", "", ",", "").Replace(hostile)+",x\na@healthy.example,\"=1+1\"\n@x,-1\n")
	list := file("list.txt", "healthy.example\n"+hostile+"\n\u202eexample.com\n=cmd.example|\n")
	check := func(more ...string) []string { return slices.Concat([]string{"check"}, flags, more) }
	batch := slices.Concat([]string{"check"}, flags[1:], []string{"--domains", list, "--only", "spf,dmarc", "--ordered"})
	type run struct {
		name   string
		format string
		args   []string
	}
	var runs []run
	for _, f := range []string{"table", "json", "ndjson", "markdown", "html", "csv", "junit", "sarif", "nagios", "prometheus"} {
		runs = append(runs, run{"check -f " + f, f, check("-f", f)}, run{"a batch -f " + f, f, append(slices.Clone(batch), "-f", f)})
	}
	runs = append(runs, run{"check -v --tree", "table", check("-v", "--tree")}, run{"fix zone", "text", slices.Concat([]string{"fix"}, flags, []string{"--format", "zone"})},
		run{"message", "table", []string{"message", message, "--resolver", flags[2]}}, run{"message json", "json", []string{"message", message, "--resolver", flags[2], "-f", "json"}},
		run{"explain", "text", []string{"explain", "--file", replies}}, run{"explain eml", "text", []string{"explain", "--file", message}}, run{"explain json", "json", []string{"explain", "--lines", "--file", replies, "-f", "json"}},
		run{"recipients", "table", []string{"recipients", rows, "--resolver", flags[2]}}, run{"recipients csv", "csv of recipients", []string{"recipients", rows, "--resolver", flags[2], "-f", "csv"}},
		run{"recipients json", "json", []string{"recipients", rows, "--resolver", flags[2], "-f", "json"}},
		run{"usage", "text", []string{"check", hostile, "--resolver", flags[2]}}, run{"a file that is not there", "text", []string{"check", "--domains", hostile[1:40], "--resolver", flags[2]}})
	for _, x := range runs {
		code, stdout, stderr := program(t, dial, "", x.args...)
		if code == 4 || len(stdout)+len(stderr) == 0 {
			t.Errorf("%s: exit %d, stderr %.300q", x.name, code, stderr)
		}
		inert(t, x.name, x.format, stdout)
		inert(t, x.name+", stderr", "text", stderr)
	}
}
