package eml

import (
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

// TestCharsets: text in a character set of its own is read, in a part and in a field; what is not known, or is called something that it is not,
// stays as it is.
func TestCharsets(t *testing.T) {
	const ja, ru, fr = "宛先が存在しません", "Пользователь не найден", "boîte pleine"
	for _, c := range []struct {
		charset string
		text    string
		e       encoding.Encoding
	}{
		{"ISO-2022-JP", ja, japanese.ISO2022JP}, {"Shift_JIS", ja, japanese.ShiftJIS}, {"EUC-JP", ja, japanese.EUCJP},
		{"KOI8-R", ru, charmap.KOI8R}, {"windows-1251", ru, charmap.Windows1251}, {"ISO-8859-5", ru, charmap.ISO8859_5},
		{"iso-8859-1", fr, charmap.ISO8859_1}, {"windows-1252", fr, charmap.Windows1252}, {"utf-8", ja, encoding.Nop}, {"koi8-r", "plain", encoding.Nop}, {"iso-8859-1", fr, encoding.Nop},
	} {
		octets, err := c.e.NewEncoder().String(c.text)
		if err != nil {
			t.Fatal(err)
		}
		coded := base64.StdEncoding.EncodeToString([]byte(octets))
		m := parsed(t, "From: a@b.example\nMIME-Version: 1.0\nContent-Type: text/plain; charset="+c.charset+"\nContent-Transfer-Encoding: base64\n\n"+coded+"\n")
		if l := m.Parts(); len(l) != 1 || l[0].Text != c.text {
			t.Errorf("%s: %+v", c.charset, l)
		}
		if c.e == encoding.Nop && c.charset != "utf-8" {
			continue
		}
		if got := Words("Re: =?" + c.charset + "?B?" + coded + "?="); got != "Re: "+c.text {
			t.Errorf("%s: %q", c.charset, got)
		}
	}
	for _, s := range []string{"=?iso-2022-kr?B?GyQpQw==?=", "=?nothing?B?####?=", "=?utf-8?Q?", "plain"} {
		if got := Words(s); got != s {
			t.Errorf("%q is %q", s, got)
		}
	}
	m := parsed(t, "From: a@b.example\nContent-Type: text/plain; charset=big5\n\n\xa6\x61 550 no such user\n")
	if l := m.Parts(); len(l) != 1 || !strings.Contains(l[0].Text, "\xa6\x61 550 no such user") {
		t.Errorf("%+v", l)
	}
}
