package fix_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"mailaudit/internal/audit"
	"mailaudit/internal/eml"
	"mailaudit/internal/gather"
)

// pair is a key, and the record of its public half.
func pair(seed byte) (ed25519.PrivateKey, string) {
	k := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	return k, "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(k.Public().(ed25519.PublicKey))
}

// signedWith is a message of a stream that was signed with a key at selector two.
func signedWith(t *testing.T, stream string, key ed25519.PrivateKey) gather.Sample {
	t.Helper()
	var b bytes.Buffer
	o := dkim.SignOptions{Domain: domain, Selector: "two", Signer: key}
	if err := dkim.Sign(&b, strings.NewReader("From: a@"+domain+"\r\nSubject: x\r\n\r\nhello\r\n"), &o); err != nil {
		t.Fatal(err)
	}
	m, err := eml.Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	return gather.Sample{Stream: stream, From: domain, Message: m, Trace: m.Trace(func(netip.Addr) bool { return true })}
}

// TestOneKeyTwice: of two records that hold one key either may go, and that stays which asks for less. A revoked key is another
// matter: nobody sees which of the two is meant, and the words say which is which.
func TestOneKeyTwice(t *testing.T) {
	_, record := pair(1)
	bare := strings.TrimPrefix(record, "v=DKIM1; ")
	const revoked = "v=DKIM1; p="
	for _, tt := range []struct {
		name    string
		records []string
		removes string
		text    string
	}{
		{"as two spellings", []string{record, bare}, record, "the same key once more"},
		{"one asks for more", []string{record + "; t=s", bare + "; n=x"}, record + "; t=s", "the same key once more"},
		{"both ask for more", []string{record + "; t=s", record + "; t=s:y"}, record + "; t=s:y", "the same key once more"},
		{"one is void", []string{record, bare + "; h=sha1"}, "", "ends in"},
		{"one is revoked", []string{record, revoked}, "", " that whose p= ends in " + record[len(record)-16:] + " or that without a key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := target(t, "192.0.2.25")
			w.Streams[0].Selectors = []string{"two"}
			at := "two._domainkey.healthy.example"
			under := publish(t, at+`. TXT "`+tt.records[0]+`"`, at+`. TXT "`+tt.records[1]+`"`)
			before, after, _ := audit.Repair(t.Context(), gather.Env{DNS: under, Now: time.Now}, w, audit.Options{Wanted: everything, Timeout: time.Minute})
			i := slices.IndexFunc(before.Fixes, func(f audit.Fix) bool { return slices.Contains(f.Rules, "dkim.multiple") })
			if i < 0 {
				t.Fatalf("no fix: %+v", before.Fixes)
			}
			f := before.Fixes[i]
			if f.Proven != (tt.removes != "") || !strings.Contains(f.Text, tt.text) {
				t.Errorf("proven %v (%s): %q", f.Proven, f.Reason, f.Text)
			}
			if tt.removes == "" {
				if len(f.Changes) > 0 {
					t.Errorf("changes %+v", f.Changes)
				}
				return
			}
			if len(f.Changes) != 1 || f.Changes[0].Op != "remove" || text(t, f.Changes[0].Was) != tt.removes {
				t.Errorf("changes %+v, not the removal of %s", f.Changes, tt.removes)
			}
			if !slices.ContainsFunc(after.Evidence.Alignment, func(a audit.Alignment) bool { return a.DKIM == "pass" }) {
				t.Errorf("no stream is signed: %+v", after.Evidence.Alignment)
			}
		})
	}
}

// TestTwoKeys: which of several keys at a selector stays, messages tell; where none does, or they do not agree, nothing is
// removed.
func TestTwoKeys(t *testing.T) {
	first, firstRecord := pair(1)
	second, secondRecord := pair(2)
	strange, _ := pair(3)
	tests := []struct {
		name    string
		from    string   // MAIL FROM, where it is somebody else's: DKIM alone is aligned then
		streams []string // that name the selector
		samples []gather.Sample
		removes string
		reason  string // why it is not proven

	}{
		{name: "signed with the first", streams: []string{"default"}, samples: []gather.Sample{signedWith(t, "default", first)}, removes: secondRecord},
		{name: "signed with the second", streams: []string{"default"}, samples: []gather.Sample{signedWith(t, "default", second)}, removes: firstRecord},
		{name: "signed with the second, by a service", from: "bounce@esp.example", streams: []string{"default"}, samples: []gather.Sample{signedWith(t, "default", second)}, removes: firstRecord},
		{name: "no message", streams: []string{"default"}, reason: "only a signed message tells: give one with --message"},
		{name: "signed with neither", streams: []string{"default"}, samples: []gather.Sample{signedWith(t, "default", strange)}, reason: "only a signed message tells"},
		{name: "two streams of one key", streams: []string{"default", "news"}, removes: secondRecord,
			samples: []gather.Sample{signedWith(t, "default", first), signedWith(t, "news", first)}},
		{name: "two streams of two keys", streams: []string{"default", "news"}, reason: "only a signed message tells",
			samples: []gather.Sample{signedWith(t, "default", first), signedWith(t, "news", second)}},
		{name: "a stream that nobody knows of", streams: []string{"default", "news"}, removes: secondRecord, reason: "stream news names this selector, too",
			samples: []gather.Sample{signedWith(t, "default", first)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := target(t, "192.0.2.25")
			w.Messages = tt.samples
			own := w.Streams[0]
			own.Selectors = []string{"two"}
			if tt.from != "" {
				own.MailFrom = tt.from
			}
			w.Streams = nil
			for _, name := range tt.streams {
				own.Name = name
				w.Streams = append(w.Streams, own)
			}
			at := "two._domainkey.healthy.example"
			under := publish(t, `esp.example. TXT "v=spf1 ip4:192.0.2.25 -all"`, "esp.example. MX 10 mx1.healthy.example.", at+`. TXT "`+firstRecord+`"`, at+`. TXT "`+secondRecord+`"`)
			before, after, _ := audit.Repair(t.Context(), gather.Env{DNS: under, Now: time.Now}, w, audit.Options{Wanted: everything, Timeout: time.Minute})
			i := slices.IndexFunc(before.Fixes, func(f audit.Fix) bool { return slices.Contains(f.Rules, "dkim.multiple") })
			if i < 0 {
				t.Fatalf("no fix: %+v", before.Fixes)
			}
			f := before.Fixes[i]
			if f.Proven != (tt.reason == "") || !strings.Contains(f.Reason, tt.reason) {
				t.Errorf("proven %v: %q", f.Proven, f.Reason)
			}
			switch {
			case tt.removes == "" && len(f.Changes) > 0:
				t.Errorf("changes %+v", f.Changes)
			case tt.removes == "":
				for _, record := range []string{firstRecord, secondRecord} {
					if !strings.Contains(f.Text, record[len(record)-12:]) {
						t.Errorf("%q does not name %s", f.Text, record)
					}
				}
			case len(f.Changes) != 1 || f.Changes[0].Op != "remove" || text(t, f.Changes[0].Was) != tt.removes:
				t.Errorf("changes %+v, not the removal of %s", f.Changes, tt.removes)
			}
			if f.Proven && !slices.ContainsFunc(after.Evidence.Alignment, func(a audit.Alignment) bool { return a.DKIM == "pass" }) {
				t.Errorf("no stream is signed: %+v", after.Evidence.Alignment)
			}
		})
	}
}
