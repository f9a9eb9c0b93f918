package checks

import (
	"fmt"
	"strings"
	"testing"

	"mailaudit/internal/facts"
)

// sampled gives the stream of healthy.example a sample message with these signatures: d= and result.
func sampled(signatures ...string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		m := facts.Message{Stream: "default", From: "healthy.example"}
		for _, s := range signatures {
			domain, result, _ := strings.Cut(s, " ")
			m.Signatures = append(m.Signatures, facts.Signature{Domain: domain, Selector: "s1", Result: result, Why: "the body was changed"})
		}
		f.Messages = []facts.Message{m}
		f.Orgs = append(f.Orgs, facts.Org{Domain: "news.healthy.example", Org: facts.Know("healthy.example")}, facts.Org{Domain: "esp.example", Org: facts.Know("esp.example")})
	}
}

// TestAlignmentOfMessage: with a sample message DKIM passes by a signature that verifies and is aligned, and by nothing else.
func TestAlignmentOfMessage(t *testing.T) {
	for _, tt := range []struct {
		name       string
		signatures []string
		want       string // d=, passes, aligned, result; whether anything authenticates where SPF does not
	}{
		{"signed", []string{"healthy.example pass"}, "healthy.example pass pass pass true true"},
		{"unsigned", nil, "healthy.example fail pass fail false false"},
		{"a signature that fails", []string{"healthy.example fail"}, "healthy.example fail pass fail false false"},
		{"one that cannot be read", []string{"healthy.example permerror"}, "healthy.example fail pass fail false false"},
		{"a key that is not known", []string{"healthy.example temperror"}, "healthy.example unknown pass unknown true false"},
		{"one that was not verified", []string{"healthy.example policy"}, "healthy.example unknown pass unknown true false"},
		{"a provider's alone", []string{"esp.example pass"}, "healthy.example fail pass fail true true"},
		{"a provider's and one's own", []string{"esp.example pass", "healthy.example pass"}, "healthy.example pass pass pass true true"},
		{"one's own, and it fails", []string{"esp.example pass", "healthy.example fail"}, "healthy.example fail pass fail true true"},
		{"of a subdomain", []string{"healthy.example fail", "news.healthy.example pass"}, "news.healthy.example pass pass pass true true"},
		{"what passes wins over what is not known", []string{"healthy.example policy", "news.healthy.example pass"}, "news.healthy.example pass pass pass true true"},
		{"of an organisation that nobody knows", []string{"lost.example pass"}, "lost.example pass unknown unknown true true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := healthy()
			sampled(tt.signatures...)(f)
			i := Alignments(f)[0].DKIM
			f.Results[0].Result = "fail"
			auth := Authenticates(f)
			if got := fmt.Sprint(i.Domain, " ", i.Passes, " ", i.Aligned, " ", i.Result, " ", !auth.None, " ", !auth.MaybeNone); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	f := healthy()
	sampled("healthy.example fail")(f)
	f.Messages[0].Unread = 5
	if i := Alignments(f)[0].DKIM; i.Passes != "unknown" || i.Result != "unknown" || i.Domain != "healthy.example" {
		t.Errorf("with more signatures than are looked at: %+v", i)
	}
	f = healthy()
	sampled()(f)
	f.Messages[0].Stream = "another"
	if i := Alignments(f)[0].DKIM; i.Result != "pass" {
		t.Errorf("a message of another stream makes it %s", i.Result)
	}
	f.Streams = append(f.Streams, facts.Stream{Name: "another", DKIMDomain: "healthy.example"})
	f.Results = nil
	f.SPF = nil
	if auth := Authenticates(f); auth.None {
		t.Error("the stream without a message could sign, and nothing is said to authenticate")
	}
}

// TestSPFAloneByMessage: what is wrong with the signatures of the message is told where good keys are published.
func TestSPFAloneByMessage(t *testing.T) {
	for _, tt := range []struct {
		name       string
		signatures []string
		edit       func(*facts.Facts)
		want       Status
		implied    bool
		says       string
	}{
		{"unsigned", nil, nil, Warn, false, "the message carries no DKIM signature; the policy is reject"},
		{"a signature that fails", []string{"healthy.example fail"}, nil, Warn, false, "d=healthy.example and s=s1 fails: the body was changed"},
		{"a key that is missing", []string{"healthy.example permerror"}, withKey(), Info, true, "no key verifies"},
		{"a provider's, asked strictly", []string{"esp.example pass"}, signedBy("esp.example", "esp.example"), Warn, false, "its signatures carry d=esp.example"},
		{"signed", []string{"healthy.example pass"}, nil, Pass, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := healthy()
			if tt.edit != nil {
				tt.edit(f)
			}
			sampled(tt.signatures...)(f)
			for _, x := range Run(f, everything).Findings {
				if x.Check.ID == "dmarc.spf-only" && (x.Status != tt.want || x.Implied != tt.implied || !strings.Contains(x.Message, tt.says)) {
					t.Errorf("%s, implied %v: %s", x.Status, x.Implied, x.Message)
				}
			}
		})
	}
}

// TestLearnedKey: a selector that a message names is in use, as one that the user names.
func TestLearnedKey(t *testing.T) {
	for origin, want := range map[string]Status{"message": Fail, "flag": Fail, "common": Pass} {
		f := healthy()
		withKey()(f)
		f.DKIM[0].Keys[0].Origin = origin
		got := Pass
		for _, x := range Run(f, everything).Findings {
			if x.Check.ID == "dkim.selector-missing" {
				got = x.Status
			}
		}
		if got != want {
			t.Errorf("a missing key by %s is %s, want %s", origin, got, want)
		}
	}
}
