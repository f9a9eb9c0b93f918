package gather

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"mailaudit/internal/eml"
	"mailaudit/internal/facts"
)

// arcOf is the ARC chain of a message in a world with these keys; DNS fails for what is lost.
func arcOf(t testing.TB, text string, keys map[string]string, gone ...string) facts.ARC {
	t.Helper()
	zone := ""
	for name, record := range keys {
		_, domain, _ := strings.Cut(name, "._domainkey.")
		zone += domain + ". A 192.0.2.1\n"
		if record != "" {
			zone += keyZone(map[string]string{name: record})
		}
	}
	m, err := eml.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	g := over(t.Context(), serve(t, zone, lost(gone...)), Target{Domain: "shop.example", Preflight: true, Messages: []Sample{{Stream: "main", Message: m}}})
	if a := g.messages()[0].Content.ARC; a != nil {
		return *a
	}
	return facts.ARC{Result: "none"}
}

// arcCases are the scenarios of the ARC test suite (testdata/arc_test_suite), as cases whose want is the result.
func arcCases(t testing.TB) []signedCase {
	t.Helper()
	f, err := os.Open("testdata/arc_test_suite/arc-draft-validation-tests.yml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var l []signedCase
	for d := yaml.NewDecoder(f, yaml.AllowDuplicateMapKey()); ; { // it has one scenario twice
		var s struct {
			Tests yaml.MapSlice     `yaml:"tests"`
			Keys  map[string]string `yaml:"txt-records"`
		}
		err := d.Decode(&s)
		if errors.Is(err, io.EOF) {
			return l
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range s.Tests {
			scenario := x.Value.(map[string]any)
			text, _ := scenario["message"].(string)
			cv, _ := scenario["cv"].(string)
			l = append(l, signedCase{name: fmt.Sprint(x.Key), text: strings.ReplaceAll(text, "\n", "\r\n"), keys: s.Keys, want: strings.ToLower(cv)})
		}
	}
}

// suiteDiffers are the scenarios of the suite that we say otherwise of, and why.
var suiteDiffers = map[string]struct{ want, why string }{
	"ams_fields_a_sha1":     {"fail", "RFC 8301 3.1: SHA-1 must not be used any more"},
	"as_fields_a_sha1":      {"fail", "the same"},
	"cv_fail_i1_as_cv_fail": {"fail", "the suite leaves it open: a chain that failed is not validated again (RFC 8617 5.2)"},
	"cv_fail_i2_as2_fail":   {"fail", "the same"},
	"cv_fail_i2_as1_fail":   {"fail", "the same"},
}

// TestARCSuite: the ARC test suite of ValiMail.
func TestARCSuite(t *testing.T) {
	cases := arcCases(t)
	if len(cases) != 174 {
		t.Fatalf("%d scenarios", len(cases))
	}
	for _, c := range cases {
		want := c.want
		if d, ok := suiteDiffers[c.name]; ok {
			if d.want == want {
				t.Errorf("%s does not differ", c.name)
			}
			want = d.want
		}
		if a := arcOf(t, c.text, c.keys); a.Result != want {
			t.Errorf("%s: %s %s, want %s", c.name, a.Result, a.Why, want)
		}
	}
}

// sealedKeys are the keys of the messages in testdata/dkim/signed.
var sealedKeys = map[string]string{selName: testKeys["rsa2048"].record(), "ed._domainkey.shop.example": testKeys["ed"].record(),
	"a._domainkey.list.example": testKeys["rsa2048"].record(), "b._domainkey.other.example": testKeys["rsa1024"].record()}

// TestSealed: what real programs sealed, whole and damaged, and with keys that are not there, or cannot be found out.
func TestSealed(t *testing.T) {
	files, err := filepath.Glob("testdata/dkim/signed/arc-*.eml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	const list, other = "a._domainkey.list.example", "b._domainkey.other.example"
	without := func(name string) map[string]string {
		keys := map[string]string{}
		for n, r := range sealedKeys {
			keys[n] = r
		}
		keys[name] = ""
		return keys
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		sets := strings.Count(text, "ARC-Seal: i=")
		replaced := func(old, now string) string {
			s := strings.Replace(text, old, now, 1)
			if s == text {
				t.Fatalf("%s: %q is not there", name, old)
			}
			return s
		}
		for _, x := range []struct {
			what, text string
			keys       map[string]string
			lost       []string
			want       string
		}{
			{"as it is", text, sealedKeys, nil, facts.ARCPass},
			{"line ends of Unix", strings.ReplaceAll(text, "\r\n", "\n"), sealedKeys, nil, facts.ARCPass},
			{"a field above", "Received: by mx.example; x\r\n" + text, sealedKeys, nil, facts.ARCPass},
			{"another body", text + "more\r\n", sealedKeys, nil, facts.ARCFail},
			{"another subject", replaced("Subject: hello", "Subject: hullo"), sealedKeys, nil, facts.ARCFail},
			{"other results in the first set", replaced("ARC-Authentication-Results: i=1; mx.list.example; spf=pass", "ARC-Authentication-Results: i=1; mx.list.example; spf=fail"), sealedKeys, nil, facts.ARCFail},
			{"a set that is gone", replaced(fmt.Sprintf("ARC-Seal: i=%d;", sets), "X-Seal:"), sealedKeys, nil, facts.ARCFail},
			{"a set that says that the chain failed", replaced("cv=", "cv=fail; was="), sealedKeys, nil, facts.ARCFail},
			{"h= in a seal", replaced("ARC-Seal: i=1;", "ARC-Seal: i=1; h=from;"), sealedKeys, nil, facts.ARCFail},
			{"no key of the first set", text, without(list), nil, facts.ARCFail},
			{"the key of the first set is lost", text, sealedKeys, []string{list}, facts.ARCUnknown},
			{"lost, and broken elsewhere", text + "more\r\n", sealedKeys, []string{other}, facts.ARCFail},
			{"a key that is revoked", text, map[string]string{list: "v=DKIM1; p=", other: sealedKeys[other]}, nil, facts.ARCFail},
		} {
			a := arcOf(t, x.text, x.keys, x.lost...)
			if a.Result != x.want || (a.Why == "") != (x.want == facts.ARCPass) {
				t.Errorf("%s, %s: %s %s, want %s", name, x.what, a.Result, a.Why, x.want)
			}
			if x.want == facts.ARCPass && (a.Sets != sets || len(a.Signatures) != sets+1) {
				t.Errorf("%s: %d sets, %+v", name, a.Sets, a.Signatures)
			}
		}
	}
}

// TestARCBounded: a message by an enemy asks for no more keys than 51, and a broken form for none.
func TestARCBounded(t *testing.T) {
	set := func(i int) string {
		cv := "pass"
		if i == 1 {
			cv = "none"
		}
		return fmt.Sprintf("ARC-Seal: i=%d; a=rsa-sha256; cv=%s; d=d%d.example; s=s; b=AAAA\r\nARC-Message-Signature: i=%d; a=rsa-sha256; d=m%d.example; s=s; h=from; bh=AAAA; b=AAAA\r\n"+
			"ARC-Authentication-Results: i=%d; mx.f.example; spf=pass\r\n", i, cv, i, i, i, i)
	}
	chain := func(n int) string {
		s := ""
		for i := n; i > 0; i-- {
			s += set(i)
		}
		return s + "From: a@shop.example\r\n\r\nx\r\n"
	}
	for _, x := range []struct {
		name, text string
		keys       int
	}{
		{"as many sets as there may be", chain(50), 51},
		{"more", set(51) + chain(50), 0},
		{"one twice", set(3) + chain(3), 0},
		{"the last says fail", strings.Replace(chain(3), "cv=pass", "cv=fail", 1), 0},
	} {
		s := serve(t, "example. A 192.0.2.1\n", nil)
		g := over(t.Context(), s, Target{Domain: "shop.example", Preflight: true, Messages: []Sample{sampleOf(t, x.text)}})
		a := g.messages()[0].Content.ARC
		if a.Result != facts.ARCFail || len(a.Signatures) != x.keys || len(questions(s)) != x.keys {
			t.Errorf("%s: %s, %d signatures, %d questions, want %d", x.name, a.Result, len(a.Signatures), len(questions(s)), x.keys)
		}
	}
}
