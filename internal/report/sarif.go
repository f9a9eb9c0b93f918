package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"strings"

	"mailaudit/internal/audit"
	"mailaudit/internal/checks"
)

// sarifWriter writes SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html): one run, whose results are
// the findings but those that pass, as they come. What is said of the tool and its rules stands behind them, since only then it is
// known which are needed.
type sarifWriter struct {
	w       io.Writer
	begun   bool // a result has been written
	version string
	ids     []string       // of the rules, in the order of their first result
	rules   map[string]int // where in ids
	seen    map[string]int // how often a finding has been written
	misread []sarifNotice
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID       string             `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Kind         string             `json:"kind"`
	Level        string             `json:"level"`
	Message      sarifMessage       `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	Suppressions []sarifSuppression `json:"suppressions"`
	Properties   sarifProperties    `json:"properties"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

// sarifRegion is a place in a record, which is one line; without a record it is that line alone, which GitHub wants in any case.
type sarifRegion struct {
	Line    int           `json:"startLine"`
	Offset  *int          `json:"byteOffset,omitempty"`
	Length  *int          `json:"byteLength,omitempty"`
	Snippet *sarifMessage `json:"snippet,omitempty"`
}

type sarifLogical struct {
	Name string `json:"name"`
	Full string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Justification string `json:"justification"`
}

type sarifProperties struct {
	Domain   string   `json:"domain"`
	Area     string   `json:"area"`
	Impact   string   `json:"impact"`
	Points   float64  `json:"points"`
	Deciding bool     `json:"deciding"`
	Fix      string   `json:"fix"`
	Replies  []string `json:"replies"`
}

type sarifRule struct {
	ID         string              `json:"id"`
	Short      *sarifMessage       `json:"shortDescription,omitempty"`
	Full       *sarifMessage       `json:"fullDescription,omitempty"`
	Help       *sarifMessage       `json:"help,omitempty"`
	Default    *sarifLevel         `json:"defaultConfiguration,omitempty"`
	Properties map[string][]string `json:"properties,omitempty"`
}

type sarifLevel struct {
	Level string `json:"level"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifInvocation struct {
	Successful bool          `json:"executionSuccessful"`
	Notices    []sarifNotice `json:"toolExecutionNotifications"`
}

type sarifNotice struct {
	Level   string       `json:"level"`
	Message sarifMessage `json:"message"`
}

// sarifLevels are those of statuses. Of what could not be found out nothing is claimed: its kind is open (SARIF 3.27.9).
var sarifLevels = map[string]string{"fail": "error", "warn": "warning", "info": "note", "unknown": "none"}

func (s *sarifWriter) Report(r *audit.Report, _ string) error {
	s.version = cmp.Or(s.version, r.Version)
	var b bytes.Buffer
	for _, f := range r.Findings {
		level, ok := sarifLevels[f.Status]
		if !ok {
			continue
		}
		x, err := encode(s.result(r.Domain, f, level), "        ", "  ")
		if err != nil {
			return err
		}
		b.WriteString(s.begin())
		b.Write(bytes.TrimSuffix(x, []byte("\n")))
	}
	return write(s.w, b.Bytes())
}

// result is one finding.
func (s *sarifWriter) result(domain string, f audit.Finding, level string) sarifResult {
	at, ok := s.rules[f.Rule]
	if !ok {
		at = len(s.ids)
		s.rules[f.Rule] = at
		s.ids = append(s.ids, f.Rule)
	}
	kind := "fail"
	if f.Status == "unknown" {
		kind = "open"
	}
	name, region := domain, sarifRegion{Line: 1}
	if p := f.At; p != nil {
		name = cmp.Or(p.Name, domain)
		if p.Offset >= 0 && p.Length >= 0 && p.Offset+p.Length >= p.Offset && p.Offset+p.Length <= len(p.Record) {
			region.Offset, region.Length, region.Snippet = &p.Offset, &p.Length, &sarifMessage{p.Record[p.Offset : p.Offset+p.Length]}
		}
	}
	subject := cmp.Or(f.Subject, domain)
	out := sarifResult{RuleID: f.Rule, RuleIndex: at, Kind: kind, Level: level, Message: sarifMessage{stated(domain, f)},
		Locations: []sarifLocation{{sarifPhysical{sarifArtifact{place(name)}, region},
			[]sarifLogical{{Name: subject, Full: domain + "/" + subject, Kind: "resource"}}}},
		Fingerprints: map[string]string{"mailaudit/v1": s.fingerprint(domain, f.Rule, f.Subject)}, Suppressions: []sarifSuppression{},
		Properties: sarifProperties{Domain: domain, Area: f.Area, Impact: f.Impact, Points: f.Points, Deciding: f.Deciding, Fix: f.Fix, Replies: f.Replies}}
	if f.Accepted != nil {
		out.Suppressions = append(out.Suppressions, sarifSuppression{"external", accepted(f)})
	}
	return out
}

// fingerprint tells the finding again in the next run: its message may hold a count or a date. Of several of one rule and
// subject the number counts.
func (s *sarifWriter) fingerprint(parts ...string) string {
	k := strings.Join(parts, "\x00")
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", k, s.seen[k]))
	s.seen[k]++
	return hex.EncodeToString(sum[:16])
}

// place is a name as a relative URI: GitHub refuses a file with any scheme but that of the checkout, which dns: of RFC 4501 is not
// (github.com/github/codeql-action/issues/754). A colon would make a scheme of what stands before it (RFC 3986 4.2).
func place(name string) string {
	return strings.ReplaceAll(url.PathEscape(strings.ToValidUTF8(name, "\ufffd")), ":", "%3A")
}

// begin is what stands before the next result.
func (s *sarifWriter) begin() string {
	if s.begun {
		return ",\n        "
	}
	s.begun = true
	return `{
  "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "results": [
        `
}

func (s *sarifWriter) Invalid(line int, input string, why error) error {
	s.misread = append(s.misread, sarifNotice{"error", sarifMessage{misread(line, input, why)}})
	return nil
}

// rule says of a rule what the catalogue does: nothing, if the report is of another version that had more.
func (s *sarifWriter) rule(id string) sarifRule {
	r := sarifRule{ID: id}
	c, ok := checks.Find(id)
	if !ok {
		return r
	}
	r.Short, r.Default = &sarifMessage{c.Title}, &sarifLevel{sarifLevels[string(c.Worst)]}
	r.Properties = map[string][]string{"tags": {string(c.Area), string(c.Impact)}}
	if c.Help != "" {
		r.Full = &sarifMessage{c.Help}
	}
	if text := list(c.Fix, strings.Join(c.References, ", ")); text != "" {
		r.Help = &sarifMessage{text}
	}
	return r
}

func (s *sarifWriter) Close() error {
	var b bytes.Buffer
	if s.begun {
		b.WriteString("\n      ],\n")
	} else {
		b.WriteString(strings.TrimRight(s.begin(), " \n") + "],\n")
	}
	tool := sarifTool{sarifDriver{Name: "mailaudit", Version: s.version, Rules: []sarifRule{}}}
	for _, id := range s.ids {
		tool.Driver.Rules = append(tool.Driver.Rules, s.rule(id))
	}
	notices := s.misread
	if notices == nil {
		notices = []sarifNotice{}
	}
	for _, part := range []struct {
		name  string
		value any
		end   string
	}{
		{"tool", tool, ",\n"},
		{"invocations", []sarifInvocation{{len(notices) == 0, notices}}, "\n    }\n  ]\n}\n"},
	} {
		x, err := encode(part.value, "      ", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "      %q: %s%s", part.name, bytes.TrimSuffix(x, []byte("\n")), part.end)
	}
	return write(s.w, b.Bytes())
}
