package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"mailaudit/internal/audit"
	"mailaudit/internal/replies"
)

func explainAll(t *testing.T, format string, s *ReplySummary, l ...string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := Explain(&b, Options{Format: format, Width: 80})
	if err != nil {
		t.Fatal(err)
	}
	for _, reply := range l {
		e := replies.Explain(replies.New(reply))
		if err := w.Explain(e, e.Contact(""), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The names are what scripts rely on.
func TestExplainJSON(t *testing.T) {
	var l []map[string]any
	if err := json.Unmarshal([]byte(explainAll(t, "json", nil, "550 5.7.1 relaying denied", "well")), &l); err != nil || len(l) != 2 {
		t.Fatal(l, err)
	}
	for _, name := range []string{"schema_version", "input", "code", "enhanced_code", "receiver", "class", "sisimai", "permanent", "hard", "side", "meaning", "action", "retry", "rules", "contact"} {
		if _, has := l[0][name]; !has {
			t.Errorf("no %s", name)
		}
	}
	if l[0]["code"] != 550.0 || l[1]["code"] != nil || l[1]["class"] != "unknown" {
		t.Errorf("%v", l)
	}
	if rules, ok := l[1]["rules"].([]any); !ok || len(rules) != 0 {
		t.Errorf("rules: %v", l[1]["rules"])
	}
	if got := explainAll(t, "json", nil); got != "[]\n" {
		t.Errorf("%q", got)
	}
}

func TestExplainText(t *testing.T) {
	got := explainAll(t, "text", nil, "550 5.1.1 user unknown \u202e", "450 4.2.0 greylisted")
	for _, want := range []string{`\u202e`, "permanent, and the address is dead", "send again: never to this address", "temporary", "to act: the receiver"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for line := range strings.Lines(got) {
		if len(strings.TrimRight(line, "\n")) > 80 {
			t.Errorf("too wide: %q", line)
		}
	}
	if got := explainAll(t, "text", nil); got != "no reply was found\n" {
		t.Errorf("%q", got)
	}
}

func TestExplainSummary(t *testing.T) {
	s := &ReplySummary{Replies: 12, Recognised: 11, Left: 1, Rows: []ReplyCount{{Class: replies.Full, Receiver: "example.net", N: 11, Example: "552 \x1b[2J"}}}
	got := explainAll(t, "text", s)
	for _, want := range []string{"12 replies, 11 of them recognised", "mailbox-full", "the recipient", `\x1b[2J`, "and 1 more"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if got := explainAll(t, "ndjson", s); !strings.Contains(got, `"sisimai":"mailboxfull","side":"recipient","receiver":"example.net","count":11`) {
		t.Error(got)
	}
}

func TestExplainChecked(t *testing.T) {
	for _, status := range []string{"fail", "pass"} {
		var b bytes.Buffer
		w, err := Explain(&b, Options{Format: "text", Width: 80})
		if err != nil {
			t.Fatal(err)
		}
		r := &audit.Report{Domain: "example.com", Findings: []audit.Finding{{Rule: "ptr.missing", Status: status, Subject: "192.0.2.25", Message: "no PTR"}, {Rule: "spf.missing", Status: "fail", Message: "beside the point"}}}
		if err := w.Explain(replies.Explain(replies.New("550 5.7.25 no PTR record")), nil, r); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); strings.Contains(got, "none of these rules is broken") != (status == "pass") || strings.Contains(got, "beside") || !strings.Contains(got, "CHECKED example.com") {
			t.Errorf("%s:\n%s", status, got)
		}
	}
	if _, err := Explain(nil, Options{Format: "html"}); err == nil {
		t.Error("a format that there is not is taken")
	}
}
