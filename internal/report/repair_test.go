package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mailaudit/internal/audit"
)

// repaired is the broken sample, with what its proven fixes would make of it.
func repaired() (before, after *audit.Report, sets []audit.RRset) {
	before, after = foretelling(), foretelling()
	after.Score, after.ScoreLow, after.Grade, after.Verdict, after.Fixes = ptr(96), ptr(96), ptr("A"), "warn", []audit.Fix{}
	after.Evidence.SPF.Lookups = 3
	for i, f := range after.Forecast {
		if f.Receiver == "gmail" || f.Receiver == "postfix-strict" {
			after.Forecast[i].Verdict = "accept"
		}
		if f.Receiver == "exim" {
			after.Forecast[i].Verdict = "reject"
		}
	}
	return before, after, []audit.RRset{
		{Name: "shop.example", Type: "TXT", TTL: 3600, Data: []string{`"v=spf1 ip4:11.22.33.45 ~all"`, `"some \"quoted\" token"`}},
		{Name: "_dmarc.shop.example", Type: "TXT", TTL: 300, Data: []string{`"v=DMARC1; p=none"`}},
		{Name: "old.shop.example", Type: "MX", TTL: 3600, Data: []string{}},
	}
}

func TestRepair(t *testing.T) {
	before, after, sets := repaired()
	for _, format := range RepairFormats {
		var b bytes.Buffer
		if err := Repair(&b, Options{Format: format, Width: 80}, before, after, sets); err != nil {
			t.Fatal(err)
		}
		golden(t, "repair-"+format, b.Bytes())
	}
}

// TestRepairNothing: a domain in order, and one whose fixes are all done by hand.
func TestRepairNothing(t *testing.T) {
	in, byHand := healthy(), broken()
	byHand.Fixes = byHand.Fixes[:1]
	for _, tt := range []struct {
		r      *audit.Report
		format string
		want   string
	}{
		{in, "text", "nothing to fix"},
		{byHand, "text", "none of them is a change of DNS that could be proven here"},
		{byHand, "zone", "; by hand: Give 11.22.33.45 a reverse name"},
		{byHand, "nsupdate", "; nothing to change"},
		{in, "json", `"rrsets": []`},
	} {
		var b bytes.Buffer
		if err := Repair(&b, Options{Format: tt.format, Width: 80}, tt.r, nil, nil); err != nil || !strings.Contains(b.String(), tt.want) {
			t.Errorf("%s: %v, %q is not in\n%s", tt.format, err, tt.want, &b)
		}
	}
	if err := Repair(&bytes.Buffer{}, Options{Format: "table"}, in, nil, nil); err == nil {
		t.Error("an unknown format is taken")
	}
}

// TestRepairAll: every fix is shown, and of a change that is not proven, why.
func TestRepairAll(t *testing.T) {
	r := healthy()
	for i := range 20 {
		r.Fixes = append(r.Fixes, audit.Fix{Text: fmt.Sprintf("Publish number %d.", i), Reason: fmt.Sprintf("cause %d", i),
			Changes: []audit.Change{{Op: "add", Name: "d.example", Type: "A", TTL: 60, Data: "192.0.2.1"}}})
	}
	r.WhatIf = audit.Compare(r, r)
	var b bytes.Buffer
	if err := Repair(&b, Options{Format: "text", Width: 80}, r, nil, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Publish number 19.", "not proven: cause 19", "takes the records of --zone"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, &b)
		}
	}
}

// TestRepairHostile: what a record holds ends no line and no comment of a zone file or a script.
func TestRepairHostile(t *testing.T) {
	r := broken()
	r.Fixes = []audit.Fix{{ID: "x", Rules: []string{"spf.syntax"}, Kind: "dns", Proven: true, Text: "Replace\nupdate delete shop.example\x1b[31m",
		Changes: []audit.Change{{Op: "replace", Name: "shop.example\n", Type: "TXT", TTL: 60, Data: "\"a\"\nevil", Was: "\"b\"\x1b"}}}}
	sets := []audit.RRset{{Name: "shop.example\n", Type: "TXT", TTL: 60, Data: []string{"\"a\"\nevil"}}}
	for _, format := range RepairFormats {
		var b bytes.Buffer
		if err := Repair(&b, Options{Format: format, Width: 80}, r, r, sets); err != nil {
			t.Fatal(err)
		}
		if format == "json" {
			if !json.Valid(b.Bytes()) {
				t.Error("no JSON")
			}
			continue
		}
		commands := 0
		for line := range strings.Lines(b.String()) {
			if strings.HasPrefix(line, "evil") || strings.ContainsRune(line, 0x1b) {
				t.Errorf("%s: %q", format, line)
			}
			if strings.HasPrefix(line, "update delete") {
				commands++
			}
		}
		if commands > 1 {
			t.Errorf("%s: %d deletions for one change\n%s", format, commands, &b)
		}
	}
}

// TestWhatIf: the table says what the records given change.
func TestWhatIf(t *testing.T) {
	before, after, _ := repaired()
	after.WhatIf = audit.Compare(before, after)
	var b bytes.Buffer
	w, err := New(&b, Options{Format: "table", Width: 100})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Report(after, "exit 0"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"WHAT IF", "score 42 -> 96", "verdict fail -> warn", "no longer refused by gmail, postfix-strict", "now refused by exim", "still refused by gmx, webde, tonline"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, &b)
		}
	}
}
