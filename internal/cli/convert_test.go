package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// entries are what is read of an archive before its end or a mistake.
func entries(text string) (l []string, array bool, err error) {
	a := newArchive("x.json", strings.NewReader(text))
	for {
		d, err := a.next()
		switch {
		case err != nil:
			return l, a.array, err
		case d.err != nil:
			l = append(l, fmt.Sprintf("%d %s: %v", d.line, d.input, d.err))
		default:
			l = append(l, d.domain)
		}
	}
}

func TestArchive(t *testing.T) {
	one, two := `{"schema_version":1,"domain":"a.example","verdict":"pass"}`, `{"schema_version":1,"domain":"b.example","verdict":"fail","future":[{}]}`
	bad := `{"schema_version":1,"line":7,"input":"x","error":"no domain"}`
	for _, c := range []struct {
		text, want string
		array      bool
		err        string // "" for the end
	}{
		{text: one, want: "a.example"},
		{text: "\r\n\t " + one + "\n" + two + "\n\n" + bad, want: "a.example, b.example, 7 x: no domain"},
		{text: "[" + one + "," + bad + ",\n" + two + "]\n", want: "a.example, 7 x: no domain, b.example", array: true},
		{text: " []", array: true},
		{text: "", err: "x.json: there is no report in it"},
		{text: " \n", err: "x.json: there is no report in it"},
		{text: one[:20], err: "x.json: report 1: it ends in the middle"},
		{text: one + "\n" + two[:30], want: "a.example", err: "x.json: report 2: it ends in the middle"},
		{text: "[" + one, want: "a.example", array: true, err: "the array has no end"},
		{text: "[" + one + ",", want: "a.example", array: true, err: "it ends in the middle"},
		{text: "[" + one + "] " + two, want: "a.example", array: true, err: "something stands behind the array"},
		{text: "domain,rule\n", err: "report 1: invalid character"},
		{text: "1", err: "report 1: a number does not belong there"},
		{text: "{}", err: "report 1: no report of schema_version 1"},
		{text: `{"schema_version":2,"domain":"a.example","verdict":"pass"}`, err: "report 1: no report of schema_version 1"},
		{text: `{"schema_version":1,"domain":"a.example"}`, err: "report 1: no report of mailaudit"},
		{text: `{"schema_version":1,"domain":"a.example","verdict":"pass","score":1}`, err: "report 1: no report of mailaudit"},
		{text: `{"schema_version":1,"domain":"a.example","verdict":"pass","score":101,"score_low":0}`, err: "report 1: no report of mailaudit"},
		{text: `{"schema_version":1,"domain":"a.example","verdict":"pass","score":100,"score_low":-1}`, err: "report 1: no report of mailaudit"},
		{text: `{"schema_version":1,"findings":[{"points":"x"}]}`, err: "report 1: findings.points: a string does not belong there"},
	} {
		l, array, err := entries(c.text)
		if got := strings.Join(l, ", "); got != c.want || array != c.array {
			t.Errorf("%.60s: read %s, array %v", c.text, got, array)
		}
		if c.err == "" && !errors.Is(err, io.EOF) || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%.60s: %v, want %q", c.text, err, c.err)
		}
	}
}

// bottomless is a string without an end.
type bottomless struct{}

func (bottomless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

func TestArchiveIsBounded(t *testing.T) {
	a := newArchive("x.json", io.MultiReader(strings.NewReader(`{"domain":"`), bottomless{}))
	if _, err := a.next(); err == nil || !strings.Contains(err.Error(), "a report is larger than 64 MiB") {
		t.Errorf("got %v", err)
	}
}
