package eml

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func parsed(t *testing.T, text string) *Message {
	t.Helper()
	m, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLinks(t *testing.T) {
	m := parsed(t, "From: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"+
		"See https://www.text.example/a=\n?b, (http://wrapped.example). HTTP://UPPER.example:8080/ ftp://no.example http://192.0.2.1/ https://[2001:db8::1]/ https://b\u00fccher.example\n"+
		"--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n"+
		// <a href="https://html.example/?a=1&amp;b=2">x</a><img src='//image.example/1.gif'><a href="mailto:a@b.example">y</a><a href="https://www.text.example/">z</a><form action=https://form.example/><!-- <a href="https://comment.example/"> -->
		"PGEgaHJlZj0iaHR0cHM6Ly9odG1sLmV4YW1wbGUvP2E9MSZhbXA7Yj0yIj54PC9hPjxpbWcgc3JjPScvL2ltYWdlLmV4YW1wbGUvMS5naWYnPjxhIGhyZWY9Im1haWx0bzphQGIuZXhhbXBsZSI+eTwvYT48YSBocmVmPSJodHRwczovL3d3dy50ZXh0LmV4YW1wbGUvIj56PC9hPjxmb3JtIGFjdGlvbj1odHRwczovL2Zvcm0uZXhhbXBsZS8+PCEtLSA8YSBocmVmPSJodHRwczovL2NvbW1lbnQuZXhhbXBsZS8iPiAtLT4=\n--b--\n")
	if got, want := strings.Join(m.Links(), " "), "www.text.example wrapped.example upper.example xn--bcher-kva.example html.example image.example form.example"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var b strings.Builder
	b.WriteString("From: a@b.example\n\n")
	for i := range 2 * maxTargets {
		fmt.Fprintf(&b, "http://a%d.example/ ", i)
	}
	if n := len(parsed(t, b.String()).Links()); n != maxTargets {
		t.Errorf("%d hosts", n)
	}
}

// TestLinksOfLarge: of a part that is too large what is looked at is decoded, wherever it is cut.
func TestLinksOfLarge(t *testing.T) {
	coded := base64.StdEncoding.EncodeToString([]byte(`<a href="https://www.shop.example/">x</a>` + strings.Repeat(" ", MaxPart)))
	for _, width := range []int{73, 74, 75, 76} {
		lines := slices.Collect(slices.Chunk([]byte(coded), width))
		m := parsed(t, "From: a@b.example\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n"+string(bytes.Join(lines, []byte("\n"))))
		if got := strings.Join(m.Links(), " "); got != "www.shop.example" {
			t.Errorf("lines of %d: %q", width, got)
		}
	}
}

func TestAttachments(t *testing.T) {
	m := parsed(t, "From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b\nContent-Type: application/octet-stream; name=old.exe\n\nx\n"+
		"--b\nContent-Type: application/octet-stream; name=b.txt\nContent-Disposition: attachment; filename=\"a b.exe\"\n\nx\n"+
		"--b\nContent-Disposition: attachment; filename*=UTF-8''%C3%A9.js\nContent-Type: text/plain\n\nx\n--b\nContent-Disposition: inline; filename=\"=?utf-8?q?=C3=A9.vbs?=\"\nContent-Type: text/plain\n\nx\n"+
		"--b\nContent-Disposition: attachment; filename=\nContent-Type: text/plain\n\nx\n--b--\n")
	if got, want := strings.Join(m.Attachments(), "|"), "old.exe|a b.exe|\u00e9.js|\u00e9.vbs"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestARC(t *testing.T) {
	set := func(i int, cv string) string {
		return fmt.Sprintf("ARC-Seal: i=%d; a=rsa-sha256; cv=%s; d=f.example; s=s; b=x\nARC-Message-Signature: i=%d; a=rsa-sha256; d=f.example; s=s; h=from; bh=x; b=x\n"+
			"ARC-Authentication-Results: i=%d; mx.f.example; spf=pass\n", i, cv, i, i)
	}
	for _, tt := range []struct{ name, fields, want string }{
		{"none", "", "nil"},
		{"one", set(1, "none"), "1 none"},
		{"two", set(2, "pass") + set(1, "none"), "2 pass"},
		{"failed", set(2, "fail") + set(1, "none"), "2 fail"},
		{"the first says pass", set(1, "pass"), `1 pass seal 1 says cv="pass", and not none (RFC 8617 5.2)`},
		{"one in between failed", set(3, "pass") + set(2, "fail") + set(1, "none"), `3 pass seal 2 says cv="fail", and not pass (RFC 8617 5.2)`},
		{"a set is missing", set(2, "pass"), "2 pass set 1 has 0 fields ARC-Authentication-Results, and not 1 (RFC 8617 5.2), set 1 has 0 fields ARC-Message-Signature, and not 1 (RFC 8617 5.2), set 1 has 0 fields ARC-Seal, and not 1 (RFC 8617 5.2)"},
		{"two of one", set(1, "none") + "ARC-Seal: i=1; cv=none\n", "1 none set 1 has 2 fields ARC-Seal, and not 1 (RFC 8617 5.2)"},
		{"no instance", set(1, "none") + "ARC-Seal: i=51; cv=none\nARC-Seal: cv=none\n", "1 none a field ARC-Seal has no i= from 1 to 50 (RFC 8617 4.2.1), a field ARC-Seal has no i= from 1 to 50 (RFC 8617 4.2.1)"},
	} {
		a := parsed(t, tt.fields+"From: a@b.example\n\nx\n").ARC()
		got := "nil"
		if a != nil {
			got = strings.TrimSpace(fmt.Sprint(a.Sets, " ", a.CV, " ", strings.Join(a.Problems, ", ")))
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if n := len(parsed(t, strings.Repeat("ARC-Seal: x\n", 1000)+"From: a@b.example\n\nx\n").ARC().Problems); n != maxARCProblems {
		t.Errorf("%d problems", n)
	}
}

func TestEncryption(t *testing.T) {
	for field, want := range map[string]string{
		"from a (b [192.0.2.1]) (using TLSv1.3 with cipher X) by c (Postfix) with ESMTPS id 1; date":       "TLS 1.3",
		"from a (b [192.0.2.1]) by c with ESMTPS (version=TLS1_2 cipher=X); date":                          "TLS 1.2",
		"from a ([192.0.2.1] helo=b) by c with esmtps (TLS1.3) tls X (Exim 4.98); date":                    "TLS 1.3",
		"from a (b [192.0.2.1]) by c with UTF8SMTPSA id 1; date":                                           "TLS",
		"from a (b [192.0.2.1]) by c with ESMTP/TLS/AES; date":                                             "TLS",
		"from a (b [192.0.2.1]) by c with ESMTPA id 1; date":                                               "none",
		"from a (b [192.0.2.1]) by c with Microsoft SMTP Server (version=TLS1_3, cipher=X) id 1; date":     "TLS 1.3",
		"from a (b [192.0.2.1]) by c with SMTP id 1; Sun, 22 Nov 2026 10:00:00 +0000 (that is no TLS 1.3)": "none",
		"by c id 1; date": "",
	} {
		if got := received(field).TLS; got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
}
