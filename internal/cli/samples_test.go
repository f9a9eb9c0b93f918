package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/internal/eml"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
)

// posted is a message as a stranger received it, with its lines in an mbox file.
type posted struct{ ip, helo, sender, d, s, from string }

func (p posted) String() string {
	var b strings.Builder
	if p.sender != "" {
		fmt.Fprintf(&b, "Return-Path: <%s>\n", p.sender)
	}
	if p.ip != "" {
		fmt.Fprintf(&b, "Received: from %s (out.shop.example [%s]) by mx.rcpt.example with ESMTP; x\n", p.helo, p.ip)
	}
	if p.d != "" {
		fmt.Fprintf(&b, "DKIM-Signature: v=1; d=%s; s=%s\n", p.d, p.s)
	}
	if p.from == "" {
		p.from = "a@shop.example"
	}
	return fmt.Sprintf("%sFrom: %s\n\nhello\n", b.String(), p.from)
}

func mboxOf(l ...posted) string {
	var b strings.Builder
	for _, p := range l {
		fmt.Fprintf(&b, "From a Sun Nov 22 10:00:00 2026\n%s\n", p)
	}
	return b.String()
}

// learned reads a file as --message does, and takes the mail of domains.
func learned(t *testing.T, text string, domains ...string) (*samples, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "box")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o := &checkOptions{message: file, public: []string{"198.51.100.0/24"}, profile: "auto"}
	if err := o.readSample(t.Context(), World{}); err != nil {
		t.Fatal(err)
	}
	if o.samples == nil {
		t.Fatal("a single message")
	}
	return o.samples, o.samples.of(domains...)
}

func TestSamples(t *testing.T) {
	own := posted{ip: "198.51.100.25", helo: "mail.shop.example", sender: "b+1@bounce.shop.example", d: "shop.example", s: "s1"}
	with := func(edit func(*posted)) posted {
		p := own
		edit(&p)
		return p
	}
	second := with(func(p *posted) { p.ip, p.sender, p.s = "198.51.100.3", "b+2@bounce.shop.example", "s2" })
	esp := posted{ip: "198.51.100.90", helo: "o1.esp.example", sender: "x@m.esp.example", d: "shop.example", s: "k1"}
	said := func(l *samples) []string {
		var out []string
		for _, w := range l.known {
			c := w.config
			out = append(out, fmt.Sprintf("%d: %s %s %s %s %s %s", w.messages, w.name(), c.IPs, c.HELO, c.MailFrom, c.DKIMDomain, c.Selectors))
		}
		return append(out, l.notes...)
	}
	for _, c := range []struct {
		name string
		mail []posted
		want []string
	}{
		{"two hosts of one way", []posted{own, second, own}, []string{
			"3: HELO mail.shop.example, MAIL FROM bounce.shop.example, d=shop.example [198.51.100.3 198.51.100.25] mail.shop.example b+1@bounce.shop.example shop.example [s1 s2]"}},
		{"two ways", []posted{esp, own, own}, []string{
			"2: HELO mail.shop.example, MAIL FROM bounce.shop.example, d=shop.example [198.51.100.25] mail.shop.example b+1@bounce.shop.example shop.example [s1]",
			"1: HELO o1.esp.example, MAIL FROM m.esp.example, d=shop.example [198.51.100.90] o1.esp.example x@m.esp.example shop.example [k1]"}},
		{"a copy without a trace joins", []posted{{d: "shop.example", s: "s3"}, own}, []string{
			"2: HELO mail.shop.example, MAIL FROM bounce.shop.example, d=shop.example [198.51.100.25] mail.shop.example b+1@bounce.shop.example shop.example [s1 s3]"}},
		{"one that was delivered without a signature does not", []posted{with(func(p *posted) { p.d = "" }), own, own}, []string{
			"2: HELO mail.shop.example, MAIL FROM bounce.shop.example, d=shop.example [198.51.100.25] mail.shop.example b+1@bounce.shop.example shop.example [s1]",
			"1: HELO mail.shop.example, MAIL FROM bounce.shop.example [198.51.100.25] mail.shop.example b+1@bounce.shop.example  []"}},
		{"a copy without anything joins the larger one of the two", []posted{with(func(p *posted) { p.d = "" }), own, own, {}}, []string{
			"3: HELO mail.shop.example, MAIL FROM bounce.shop.example, d=shop.example [198.51.100.25] mail.shop.example b+1@bounce.shop.example shop.example [s1]",
			"1: HELO mail.shop.example, MAIL FROM bounce.shop.example [198.51.100.25] mail.shop.example b+1@bounce.shop.example  []"}},
		{"a signer of its own does not", []posted{{d: "news.shop.example", s: "n"}, own}, []string{
			"1: HELO mail.shop.example, MAIL FROM bounce.shop.example, d=shop.example [198.51.100.25] mail.shop.example b+1@bounce.shop.example shop.example [s1]",
			"1: d=news.shop.example []   news.shop.example [n]"}},
		{"a subdomain counts, a stranger does not", []posted{own, with(func(p *posted) { p.from = "a@news.shop.example" }), with(func(p *posted) { p.from = "a@bank.example" })}, []string{
			"2: HELO mail.shop.example, MAIL FROM bounce.shop.example, d=shop.example [198.51.100.25] mail.shop.example b+1@bounce.shop.example shop.example [s1]",
			"1 message from other domains left out: bank.example"}},
		{"without an author", []posted{own, with(func(p *posted) { p.from = "nobody" })}, []string{
			"1: HELO mail.shop.example, MAIL FROM bounce.shop.example, d=shop.example [198.51.100.25] mail.shop.example b+1@bounce.shop.example shop.example [s1]",
			"1 message without one author domain left out"}},
		{"two names of one address", []posted{own, with(func(p *posted) { p.helo = "other.shop.example" })}, []string{
			"1: HELO mail.shop.example, MAIL FROM bounce.shop.example, d=shop.example [198.51.100.25] mail.shop.example b+1@bounce.shop.example shop.example [s1]",
			"1: HELO other.shop.example, MAIL FROM bounce.shop.example, d=shop.example [198.51.100.25] other.shop.example b+1@bounce.shop.example shop.example [s1]",
			"contradiction: 198.51.100.25 says HELO mail.shop.example in some messages and other.shop.example in others"}},
	} {
		l, err := learned(t, mboxOf(c.mail...), "shop.example")
		if d := cmp.Diff(c.want, said(l)); d != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", c.name, err, d)
		}
	}
}

// TestSamplesNone: whose messages they are.
func TestSamplesNone(t *testing.T) {
	two := mboxOf(posted{}, posted{from: "a@bank.example"}, posted{from: "a@bank.example"})
	l, err := learned(t, two, "other.example")
	if l.from() != "bank.example" || err == nil || !strings.Contains(err.Error(), "holds no message from other.example, but from bank.example") {
		t.Errorf("%s, %v", l.from(), err)
	}
	if _, err = learned(t, mboxOf(posted{from: "x"}, posted{from: "y"}), "shop.example"); err == nil || !strings.Contains(err.Error(), "none of 2 messages has one author domain") {
		t.Error(err)
	}
	var none *samples
	none.into(nil)
	if err := none.of("a.example"); err != nil {
		t.Error(err)
	}
}

// TestSamplesBounds: what is beyond a bound is said.
func TestSamplesBounds(t *testing.T) {
	var mail []posted
	for i := range maxWays + 5 {
		mail = append(mail, posted{ip: "198.51.100.25", helo: fmt.Sprintf("h%d.shop.example", i)})
	}
	l, err := learned(t, mboxOf(mail...), "shop.example")
	if err != nil || len(l.known) != maxStreams {
		t.Errorf("%d streams, %v", len(l.known), err)
	}
	got := strings.Join(l.notes, "\n")
	for _, want := range []string{"5 messages sent in more than 1000 ways left out", "984 streams with 984 messages left out: only the 16 largest are audited", "contradiction: 198.51.100.25 says HELO "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	mail = mail[:0]
	for i := range maxWayIPs + 5 {
		mail = append(mail, posted{ip: fmt.Sprintf("11.22.%d.%d", i/256, i%256), helo: "mail.shop.example"})
	}
	if l, err = learned(t, mboxOf(mail...), "shop.example"); err != nil || len(l.known[0].config.IPs) != maxWayIPs || !strings.Contains(strings.Join(l.notes, "\n"), "only its first 256 addresses are audited") {
		t.Errorf("%v, %v", err, l.notes)
	}
	for n, want := range map[int]string{maxSamples + 3: "what stands behind the first 10000 messages was not read", maxSamples: ""} {
		if l, err = learned(t, strings.Repeat(mboxOf(posted{}), n), "shop.example"); err != nil || strings.Join(l.notes, "\n") != want && (want == "" || !strings.HasPrefix(l.notes[0], want)) {
			t.Errorf("%d messages: %v, %v", n, err, l.notes)
		}
	}
}

// TestSamplesKept: of each way the smallest message is kept, and no more of all than the bound.
func TestSamplesKept(t *testing.T) {
	l := &samples{ways: map[wayKey]*wayOf{}, authors: map[string]int{}, public: nil}
	take := func(helo string, size int) {
		m, err := eml.Parse(strings.NewReader("Return-Path: <b@" + helo + ">\nFrom: a@shop.example\n\n" + strings.Repeat("x", size)))
		if err != nil {
			t.Fatal(err)
		}
		l.take(m, nil)
	}
	take("a.example", 100)
	take("a.example", 10)
	take("a.example", 1000)
	l.kept = maxKeptBytes - 100
	take("b.example", 1000)
	take("b.example", 10)
	for sender, want := range map[string]int{"a.example": 10, "b.example": 10} {
		w := l.ways[wayKey{"shop.example", "", sender, ""}]
		if got := len(w.sample.Message.Body); got != want {
			t.Errorf("%s: %d octets", sender, got)
		}
	}
	if l.kept > maxKeptBytes {
		t.Error(l.kept)
	}
}

// TestSamplesStreams: one stream is filled field by field, several stand beside what was given.
func TestSamplesStreams(t *testing.T) {
	own := posted{ip: "198.51.100.25", helo: "mail.shop.example", sender: "b@shop.example", d: "shop.example", s: "s1"}
	l, err := learned(t, mboxOf(own, own), "shop.example")
	if err != nil {
		t.Fatal(err)
	}
	want := []streamConfig{{Name: defaultStream, IPs: []string{"192.0.2.1"}, HELO: "mail.shop.example", MailFrom: "b@shop.example", DKIMDomain: "shop.example", Selectors: []string{"s1"},
		Learned: []string{facts.LearnedHELO, facts.LearnedMailFrom, facts.LearnedDKIMDomain, facts.LearnedSelectors}}}
	if d := cmp.Diff(want, l.streams(streamConfig{Name: defaultStream, IPs: []string{"192.0.2.1"}}, true)); d != "" {
		t.Error(d)
	}
	var target gather.Target
	l.into(&target)
	if len(target.Messages) != 1 || target.Messages[0].Stream != defaultStream || target.Samples.Messages != 2 {
		t.Errorf("%+v", target)
	}
	if l, err = learned(t, mboxOf(own, posted{helo: "x.shop.example", ip: "198.51.100.26"}), "shop.example"); err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[bool]int{false: 2, true: 3} {
		if got := l.streams(streamConfig{Name: defaultStream}, typed); len(got) != want || typed != (got[0].Name == defaultStream) {
			t.Errorf("%+v", got)
		}
	}
}

// TestMaildirSamples: a folder with one message is that message.
func TestMaildirSamples(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	told := ""
	read := func() *checkOptions {
		o, stderr := &checkOptions{message: dir, profile: "auto"}, &strings.Builder{}
		if err := o.readSample(t.Context(), World{Stderr: stderr}); err != nil {
			t.Fatal(err)
		}
		told = stderr.String()
		return o
	}
	write("cur/1.a:2,S", posted{}.String())
	if o := read(); o.sample == nil || o.samples != nil || o.sample.From != "shop.example" || told != "" {
		t.Errorf("%+v, %q", o.sample, told)
	}
	write(".Sent/cur/1", posted{}.String())
	if o := read(); o.sample == nil || told != "mailaudit: "+dir+": 1 subfolder left out: .Sent\n" {
		t.Errorf("%+v, %q", o.sample, told)
	}
	write("new/2.b", posted{}.String())
	write("new/3.c", "nothing")
	write("new/4.d", posted{}.String()+strings.Repeat("x\n", eml.MaxMember/2))
	o := read()
	if err := o.samples.of("shop.example"); err != nil || o.samples.read != 4 || o.samples.known[0].messages != 2 || fmt.Sprint(o.samples.notes) != "[1 subfolder left out: .Sent 2 messages could not be read, the first: no message: nothing in it is a header field]" {
		t.Errorf("%v, %+v, %v", err, o.samples, o.samples.notes)
	}
	for _, sub := range []string{"cur", "new"} {
		if err := os.RemoveAll(filepath.Join(dir, sub)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "cur"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := (&checkOptions{message: dir, profile: "auto"}).readSample(t.Context(), World{}); err == nil || !strings.HasSuffix(err.Error(), "no message is in it: 1 subfolder left out: .Sent") {
		t.Error(err)
	}
	for _, broken := range []string{t.TempDir(), filepath.Join(dir, "nosuch")} {
		if err := (&checkOptions{message: broken, profile: "auto"}).readSample(t.Context(), World{}); err == nil || !strings.Contains(err.Error(), broken) {
			t.Errorf("%s: %v", broken, err)
		}
	}
}
