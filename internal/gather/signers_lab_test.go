//go:build lab

package gather

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/dkim/signed anew")

// signer is a real program that signs what it reads.
type signer struct {
	name string
	args []string // KEY, ED and BARE stand for files with keys; FILE for the message, which is read from standard input else
}

var signers = func() []signer {
	l := []signer{
		{"dkim-opendkim-sha1", strings.Fields("opendkim-testmsg -C -d shop.example -s sel -k KEY")},
		{"dkim-rspamd", strings.Fields("rspamadm mime --no-file sign -d shop.example -s sel -k KEY FILE")},
	}
	for _, h := range []string{"simple", "relaxed"} {
		for _, b := range []string{"simple", "relaxed"} {
			l = append(l,
				signer{"dkim-dkimpy-" + h + "-" + b, strings.Fields("dkimsign --hcanon " + h + " --bcanon " + b + " sel shop.example KEY")},
				signer{"dkim-dkimpy-ed25519-" + h + "-" + b, strings.Fields("dkimsign --signalg ed25519-sha256 --hcanon " + h + " --bcanon " + b + " ed shop.example ED")},
				signer{"dkim-maildkim-" + h + "-" + b, strings.Fields("dkimproxy-sign --binary --domain shop.example --selector sel --key BARE --method " + h + "/" + b)})
		}
	}
	return append(l, signer{"dkim-maildkim-tags", strings.Fields("dkimproxy-sign --binary --domain shop.example --selector sel --key BARE --method relaxed/relaxed --expiration 2000000000 --identity a@news.shop.example --extra-tag z=Subject:web=20b=20a")})
}()

// sign has a program sign a message.
func (s signer) sign(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	key, err := os.ReadFile("testdata/dkim/rsa2048.pem")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]string{"KEY": string(key), "BARE": regexp.MustCompile(`(?m)^---.*\n`).ReplaceAllString(string(key), ""),
		"ED": base64.StdEncoding.EncodeToString(testKeys["ed"].ed.Seed()), "FILE": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := slices.Clone(s.args)
	for i, a := range args {
		if slices.Contains([]string{"KEY", "BARE", "ED", "FILE"}, a) {
			args[i] = filepath.Join(dir, a)
		}
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Stdin, cmd.Stderr = strings.NewReader(text), &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v %s", s.name, err, said.String())
	}
	signed := strings.ReplaceAll(strings.ReplaceAll(string(out), "\r\n", "\n"), "\n", "\r\n")
	if !strings.Contains(signed, "\r\nFrom: Ann") { // dkimproxy-sign writes the field alone
		signed = strings.TrimRight(signed, "\r\n") + "\r\n" + text
	}
	return signed
}

// committed are the letters whose signed forms are in testdata/dkim/signed.
var committed = []string{"plain", "no body", "blanks at the ends of lines", "8-bit header", "several parts"}

// TestRealSigners: what real programs sign verifies.
func TestRealSigners(t *testing.T) {
	n := 0
	for _, s := range signers {
		for i, m := range letters {
			switch {
			case m.name == "blanks around the colon": // obsolete, and no signer takes it for a Subject (RFC 5322 4.5)
				continue
			case m.name == "a last line without its end" && strings.HasPrefix(s.name, "dkim-maildkim"): // it adds no CRLF (RFC 6376 3.4.3)
				continue
			case s.name == "dkim-rspamd" && !slices.Contains(committed, m.name): // each takes seconds
				continue
			}
			text := s.sign(t, m.text)
			n++
			c := signedCase{s.name + ", " + m.name, text, sealedKeys, wantOf(s.name), true}
			if l, why := results(t, c); strings.Join(l, " ") != c.want {
				t.Errorf("%s: %s, want %s\n%s", c.name, why, c.want, text)
			}
			if *update && slices.Contains(committed, m.name) {
				write(t, fmt.Sprintf("%s-%d.eml", s.name, i+1), text)
			}
		}
	}
	t.Logf("%d messages", n)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile("testdata/dkim/signed/"+name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sealers seal for a selector, a domain, a file with a key and a server.
var sealers = map[string]string{"dkimpy": "arcsign", "maildkim": "../../lab/dkim/seal.pl"}

// TestRealSealers: what real programs seal, once and three times by turns, verifies, and fails where it is changed; and the real
// verifiers say the same.
func TestRealSealers(t *testing.T) {
	var cases []signedCase
	for _, order := range [][]string{{"dkimpy"}, {"maildkim"}, {"dkimpy", "maildkim", "dkimpy"}, {"maildkim", "dkimpy", "maildkim"}} {
		text := plainText
		for i, who := range order {
			server, args, before := "mx.list.example", []string{"a", "list.example", "testdata/dkim/rsa2048.pem"}, ""
			if i%2 == 1 {
				server, args = "mx.other.example", []string{"b", "other.example", "testdata/dkim/rsa1024.pem"}
			}
			if i > 0 {
				before = "arc=pass; "
			}
			text = "Authentication-Results: " + server + "; " + before + "spf=pass smtp.mailfrom=shop.example\r\n" + text
			cmd := exec.CommandContext(t.Context(), sealers[who], append(args, server)...)
			cmd.Stdin = strings.NewReader(text)
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: %v", who, err)
			}
			text = strings.ReplaceAll(strings.ReplaceAll(string(out), "\r\n", "\n"), "\n", "\r\n")
		}
		name := "arc-" + strings.Join(order, "-")
		if n := strings.Count(text, "ARC-Seal: "); n != len(order) {
			t.Fatalf("%s: %d seals", name, n)
		}
		if *update {
			write(t, name+".eml", text)
		}
		cases = append(cases, signedCase{name, text, sealedKeys, "pass", true})
		for _, x := range [][2]string{{"test", "tesT"}, {"Subject: hello", "Subject: Hello"}, {"spf=pass", "spf=fail"}, {"cv=", "x=1; cv="}, {"ARC-Seal: i=1;", "X-Seal: i=1;"},
			{"bh=", "bh=A"}, {"Subject:", "X-New: 1\r\nSubject:"}, {"From: Ann", "From: Bob\r\nFrom: Ann"}, {"\r\nARC-Seal: i=2", "\r\nARC-Seal: i=5"}} {
			if now := strings.Replace(text, x[0], x[1], 1); now != text {
				cases = append(cases, signedCase{name: name + ", " + x[1], text: now, keys: sealedKeys})
			}
		}
	}
	python, perl := asked(t, "verify.py", cases), asked(t, "verify.pl", cases)
	for i, c := range cases {
		a := arcOf(t, c.text, c.keys)
		if strings.HasSuffix(c.name, "From: Bob\r\nFrom: Ann") { // dkimpy takes no message with two (RFC 5322 3.6)
			python[i].ARC = a.Result
		}
		if a.Result != python[i].ARC || a.Result != perl[i].ARC || c.want != "" && a.Result != c.want {
			t.Errorf("%s: %s %s, dkimpy %s, Mail::DKIM %s, want %s", c.name, a.Result, a.Why, python[i].ARC, perl[i].ARC, c.want)
		}
	}
	t.Logf("%d chains", len(cases))
}

// TestRealSuite: of every scenario of the ARC test suite one of the real verifiers says what we do.
func TestRealSuite(t *testing.T) {
	cases := arcCases(t)
	python, perl := asked(t, "verify.py", cases), asked(t, "verify.pl", cases)
	both := 0
	for i, c := range cases {
		a := arcOf(t, c.text, c.keys)
		switch said := []string{python[i].ARC, perl[i].ARC}; {
		case !slices.ContainsFunc(said, func(r string) bool { return r != a.Result }):
			both++
		case slices.Contains(said, a.Result):
			t.Logf("%s: %s, dkimpy %s, Mail::DKIM %s", c.name, a.Result, python[i].ARC, perl[i].ARC)
		default:
			t.Errorf("%s: %s %s, dkimpy %s, Mail::DKIM %s", c.name, a.Result, a.Why, python[i].ARC, perl[i].ARC)
		}
	}
	t.Logf("%d scenarios, of %d both say what we do", len(cases), both)
}
