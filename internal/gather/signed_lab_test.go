//go:build lab

package gather

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// opinion is what a real verifier says: of each signature whether it verifies, and of the ARC chain.
type opinion struct {
	DKIM []bool `json:"dkim"`
	ARC  string `json:"arc"`
}

// asked has dkimpy or Mail::DKIM look at messages.
func asked(t *testing.T, script string, cases []signedCase) []opinion {
	t.Helper()
	type one struct {
		Text []byte            `json:"text"`
		Keys map[string]string `json:"keys"`
	}
	var in []one
	for _, c := range cases {
		in = append(in, one{[]byte(c.text), c.keys})
	}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "../../lab/dkim/"+script)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(b), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	var l []opinion
	if err := json.Unmarshal(out, &l); err != nil || len(l) != len(cases) {
		t.Fatalf("%s: %d opinions of %d, %v", script, len(l), len(cases), err)
	}
	return l
}

// openDKIM has OpenDKIM look at a message: whether one of its signatures verifies.
func openDKIM(t *testing.T, c signedCase) bool {
	t.Helper()
	dir := t.TempDir()
	keys := ""
	for name, record := range c.keys {
		if record != "" {
			keys += name + " " + record + "\n"
		}
	}
	for name, text := range map[string]string{"keys": keys, "text": c.text, "conf": fmt.Sprintf("Mode v\nMinimumKeyBits 1024\nTestDNSData file:%s\n", filepath.Join(dir, "keys"))} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// It ends with 70 where a message is not signed, and says in words what it found.
	out, _ := exec.CommandContext(t.Context(), "opendkim", "-x", filepath.Join(dir, "conf"), "-v", "-t", filepath.Join(dir, "text")).CombinedOutput()
	if !bytes.Contains(out, []byte("opendkim: ")) {
		t.Fatalf("%s: %s", c.name, out)
	}
	return bytes.Contains(out, []byte("succeeded"))
}

// differs are the messages of which a real verifier says otherwise than the standard, and why. OpenDKIM's -t hands fields on as
// a milter does, without the blank after the colon, so that it cannot tell what simple leaves as it is.
var differs = []struct {
	verifier string
	names    *regexp.Regexp
	why      string
}{
	{"verify.py", regexp.MustCompile(`^blanks around the colon`), "reads no obsolete fields (RFC 5322 4.5)"},
	{"verify.py", regexp.MustCompile(`^l= of more than there is$`), "RFC 6376 3.5: l= must not be larger than the body"},
	{"verify.py", regexp.MustCompile(`^q= with another way first$`), "RFC 6376 3.5: verifiers ignore what they do not know in q="},
	{"verify.py", regexp.MustCompile(`^h= without From$`), "RFC 6376 6.1.1: h= must name From"},
	{"verify.py", regexp.MustCompile(`^rsa-sha1$`), "RFC 8301 3.1: it must not be used"},
	{"verify.py", regexp.MustCompile(`^t= to come$`), "RFC 6376 3.5: verifiers may ignore such signatures; msg.dkim-x-expired says it"},
	{"verify.py", regexp.MustCompile(`^key: v= that is not first$`), notFirst},
	{"verify.py", regexp.MustCompile(`^key: h=sha1$`), "RFC 6376 6.1.2: h= of the key must name the hash"},
	{"verify.py", regexp.MustCompile(`^key: t=s, and i= beneath d=$`), "RFC 6376 3.6.1: t=s forbids it"},
	{"verify.pl", regexp.MustCompile(`, ed25519, `), "the version of Debian 12 has no ed25519 (RFC 8463)"},
	{"verify.pl", regexp.MustCompile(`^a last line without its end, (simple|relaxed)/simple$`), "RFC 6376 3.4.3: a CRLF is added; no such body comes by SMTP"},
	{"verify.pl", regexp.MustCompile(`^l=0$`), "RFC 6376 3.5: no octet of the body, and not all"},
	{"verify.pl", regexp.MustCompile(`^l= of more than there is$`), "RFC 6376 3.5: l= must not be larger than the body"},
	{"verify.pl", regexp.MustCompile(`^t= that is no time$`), "RFC 6376 6.1.1: a value that breaks the grammar"},
	{"verify.pl", regexp.MustCompile(`^q= with another way first$`), "RFC 6376 3.5: verifiers ignore what they do not know in q="},
	{"verify.pl", regexp.MustCompile(`^h= (without From|left out)$`), "RFC 6376 6.1.1: h= must name From"},
	{"verify.pl", regexp.MustCompile(`^v=(0.5| left out)$`), "RFC 6376 3.5: v=1; it reads drafts of it, too"},
	{"verify.pl", regexp.MustCompile(`^a= in capitals$`), "RFC 6376 3.2: values are case-sensitive"},
	{"verify.pl", regexp.MustCompile(`^rsa-sha1$`), "RFC 8301 3.1: it must not be used"},
	{"verify.pl", regexp.MustCompile(`^a tag twice$`), "RFC 6376 3.2: such a list is void"},
	{"verify.pl", regexp.MustCompile(`^damaged: b= cut short$`), "RFC 2045 6.8: base64 is padded"},
	{"verify.pl", regexp.MustCompile(`^a signature that is none above$`), "it tells nothing of it"},
	{"verify.pl", regexp.MustCompile(`^key: a bare RSAPublicKey$`), spkiAlone},
	{"verify.pl", regexp.MustCompile(`^key: v= that is not first$`), notFirst},
	{"verify.pl", regexp.MustCompile(`^key: g= of RFC 4871$`), "RFC 6376 3.6.1: there is no g= any more"},
	{"verify.pl", regexp.MustCompile(`^key: of (768|512) bits$`), "RFC 8301 3.2: no fewer than 1024"},
	{"opendkim", regexp.MustCompile(`^a last line without its end, .*/relaxed$`), "RFC 6376 3.4.4: a CRLF is added; no such body comes by SMTP"},
	{"opendkim", regexp.MustCompile(`^(a field folded right after its name|an empty field), (ed25519, )?simple/`), "-t"},
	{"opendkim", regexp.MustCompile(`^blanks around the colon`), "reads no obsolete fields (RFC 5322 4.5)"},
	{"opendkim", regexp.MustCompile(`^damaged: a refolded field, simple$`), "-t"},
	{"opendkim", regexp.MustCompile(`^i= in UTF-8$`), "RFC 8616 4: it knows no internationalized mail"},
	{"opendkim", regexp.MustCompile(`^v=0.5$`), "RFC 6376 3.5: v=1; it reads a draft of it, too"},
	{"opendkim", regexp.MustCompile(`^a= in capitals$`), "RFC 6376 3.2: values are case-sensitive"},
	{"opendkim", regexp.MustCompile(`^rsa-sha1$`), "RFC 8301 3.1: it must not be used"},
	{"opendkim", regexp.MustCompile(`^a tag twice$`), "RFC 6376 3.2: such a list is void"},
	{"opendkim", regexp.MustCompile(`^t= to come$`), "RFC 6376 3.5: verifiers may ignore such signatures; msg.dkim-x-expired says it"},
	{"opendkim", regexp.MustCompile(`^damaged: b= cut short$`), "RFC 2045 6.8: base64 is padded"},
	{"opendkim", regexp.MustCompile(`^a signature that is none above$`), "RFC 6376 6.1: the others count all the same"},
	{"opendkim", regexp.MustCompile(`^key: a bare RSAPublicKey$`), spkiAlone},
	{"opendkim", regexp.MustCompile(`^key: v= that is not first$`), notFirst},
}

const (
	notFirst  = "RFC 6376 3.6.1 and 6.1.2: v= must be the first tag, and a key that breaks the format is ignored"
	spkiAlone = "RFC 6376 3.6.1 names this form, and appendix C makes the other: it takes that alone"
)

func differing(verifier, name string) string {
	for _, d := range differs {
		if d.verifier == verifier && d.names.MatchString(name) {
			return d.why
		}
	}
	return ""
}

// TestRealVerifiers: dkimpy, Mail::DKIM and OpenDKIM say of every message what TestSigned wants, but for what is named.
func TestRealVerifiers(t *testing.T) {
	cases := signedCases(t)
	same, other := map[string]int{}, map[string]int{}
	compare := func(verifier string, c signedCase, got, want any) {
		g, w := fmt.Sprint(got), fmt.Sprint(want)
		why := differing(verifier, c.name)
		switch {
		case g == w && why != "":
			t.Errorf("%s says what the standard does of %q, and is said to differ: %s", verifier, c.name, why)
		case g == w:
			same[verifier]++
		case why != "":
			other[verifier]++
		default:
			t.Errorf("%s says %s of %q, want %s", verifier, g, c.name, w)
		}
	}
	for _, script := range []string{"verify.py", "verify.pl"} {
		for i, o := range asked(t, script, cases) {
			c := cases[i]
			want := []bool{}
			for _, word := range strings.Fields(c.want) {
				want = append(want, word == "pass" || word == "policy" && c.valid)
			}
			compare(script, c, o.DKIM, want)
		}
	}
	for _, c := range cases {
		compare("opendkim", c, openDKIM(t, c), c.valid)
	}
	for verifier, n := range same {
		t.Logf("%s: %d messages, %d alike, %d otherwise", verifier, len(cases), n, other[verifier])
	}
}
