package blocklist_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"mailaudit"
	"mailaudit/internal/blocklist"
)

const small = `zone: bl.example.org
kind: ip
families: ip4
default: off
code: 127.0.0.2 minor listed
`

func TestParse(t *testing.T) {
	in := strings.Join([]string{
		"\ufeff# a comment: with a colon",
		"",
		"  zone:\tBL.Example.ORG.  ",
		"operator:   Example: the operator",
		"# a comment does not end a list",
		"about:      abuse",
		"kind:       ip",
		"families:   ip4 ip6",
		"scope:      net",
		"terms:      registration",
		"default:    on",
		"listed:     127.0.0.2",
		"not-listed: 127.0.0.1",
		"code:\t127.0.0.2\tmajor\tspam:  bad",
		"code:       127.0.0.10-12  policy  dynamic",
		"refused:    127.0.0.255    too many",
		"weight:     42",
		"used-by:    few",
		"removal:    https://example.org/remove?ip=1#top",
		"note:       none",
		"",
		"",
		"dead:       old.example.org   closed in 2001",
		"doubtful:   odd.example.org   hearsay",
		"zone:       dbl.example.org",
		"kind:       domain",
		"default:    off",
		"code:       127.0.0.&128  domain  bad",
		"no-removal: ages out",
		"",
		"zone:       <KEY>.bl.Example.org",
		"kind:       ip",
		"families:   ip6",
		"default:    key",
		"key:        MAILAUDIT_X2_KEY",
		"replaces:   bl.example.org",
		"rate:       0.5/s",
		"listed:     ::ffff:127.0.0.2",
		"not-listed: ::ffff:127.0.0.1",
		"code:       127.0.2-9.3  allow  good",
		"compromised: 127.0.3.3",
		"net64:      127.0.9.0-255",
	}, "\r\n")
	want := blocklist.File{
		Lists: []blocklist.List{
			{
				Zone: "bl.example.org", Operator: "Example: the operator", About: "abuse", Kind: "ip", IP4: true, IP6: true, Scope: "net",
				Codes: []blocklist.Code{
					{Match: blocklist.Match{Net: [3]byte{127, 0, 0}, First: 2, Last: 2}, Class: "major", Meaning: "spam:  bad"},
					{Match: blocklist.Match{Net: [3]byte{127, 0, 0}, First: 10, Last: 12}, Class: "policy", Meaning: "dynamic"},
				},
				Refused: []blocklist.Code{{Match: blocklist.Match{Net: [3]byte{127, 0, 0}, First: 255, Last: 255}, Meaning: "too many"}},
				Listed:  "127.0.0.2", NotListed: "127.0.0.1", Weight: 42, UsedBy: "few", Removal: "https://example.org/remove?ip=1#top",
				Terms: "registration", Note: "none", Default: true,
			},
			{
				Zone: "dbl.example.org", Operator: "dbl.example.org", Kind: "domain", Scope: "domain", Terms: "free", NoRemoval: "ages out",
				Codes: []blocklist.Code{{Match: blocklist.Match{Net: [3]byte{127, 0, 0}, Bit: 128}, Class: "domain", Meaning: "bad"}},
			},
			{
				Zone: "<key>.bl.example.org", Operator: "<key>.bl.example.org", Kind: "ip", IP6: true, Scope: "address", Terms: "key",
				WithKey: true, Key: "MAILAUDIT_X2_KEY", Replaces: "bl.example.org", Rate: 0.5, Listed: "::ffff:127.0.0.2", NotListed: "::ffff:127.0.0.1",
				Codes:       []blocklist.Code{{Match: blocklist.Match{Net: [3]byte{127, 0, 2}, Third: 9, First: 3, Last: 3}, Class: "allow", Meaning: "good"}},
				Compromised: []blocklist.Match{{Net: [3]byte{127, 0, 3}, First: 3, Last: 3}},
				Net64:       []blocklist.Match{{Net: [3]byte{127, 0, 9}, First: 0, Last: 255}},
			},
		},
		Dead: []blocklist.Dead{
			{Zone: "old.example.org", Reason: "closed in 2001"},
			{Zone: "odd.example.org", Reason: "hearsay", Doubtful: true},
		},
	}
	got, err := blocklist.Parse("x", strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var codes []string
	for _, l := range got.Lists {
		for _, c := range append(l.Codes, l.Refused...) {
			codes = append(codes, c.Match.String())
		}
	}
	if d := cmp.Diff([]string{"127.0.0.2", "127.0.0.10-12", "127.0.0.255", "127.0.0.&128", "127.0.2-9.3"}, codes); d != "" {
		t.Errorf("written back: %s", d)
	}
}

func TestParseLeftOut(t *testing.T) {
	f, err := blocklist.Parse("x", strings.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	if l := f.Lists[0]; l.Scope != "address" || l.Terms != "free" || l.Operator != "bl.example.org" || l.Weight != 0 {
		t.Errorf("what is left out became %+v", l)
	}
}

// TestParseMistakes changes one line of a good file, or adds to it, and wants the message with its line.
func TestParseMistakes(t *testing.T) {
	const tested = "listed: 127.0.0.2\nnot-listed: 127.0.0.1\n"
	const domains = "zone: dbl.example.org\nkind: domain\ndefault: off\ncode: 127.0.0.2 domain bad\n"
	cases := []struct {
		name string
		file string
		want string
	}{
		{"no colon", small + "nonsense here\n", `F:6: "nonsense here" is no line of the form KEY: VALUE`},
		{"unknown key", small + "wieght: 3\n", `F:6: unknown key "wieght"`},
		{"no value", small + "note:\n", `F:6: "note" has no value`},
		{"key twice", small + "kind: ip\n", "F:6: kind stands on line 2 already"},
		{"key in no list", small + "\n\n# here\nnote: lost\n", `F:9: "note" stands in no list: a list begins with zone: and ends at an empty line`},
		{"not text", small + "note: a\x00b\n", "F:6: not plain text in UTF-8"},
		{"not UTF-8", small + "note: caf\xe9\n", "F:6: not plain text in UTF-8"},
		{"a terminal sequence", small + "note: \x1b[31mred\n", "F:6: not plain text in UTF-8"},
		{"a NEL", small + "note: a\u0085b\n", "F:6: not plain text in UTF-8"},
		{"no empty line between lists", small + domains, "F:6: zone within the list that begins on line 1: put an empty line between them"},
		{"dead in a list", small + "dead: old.example.org closed\n", "F:6: dead within the list that begins on line 1: put an empty line between them"},
		{"a zone twice", small + "\n" + strings.Replace(small, "bl.example", "BL.Example", 1), "F:7: zone bl.example.org stands on line 1 already"},
		{"a dead zone twice", small + "\ndead: old.example.org a\ndoubtful: old.example.org b\n", "F:8: zone old.example.org stands on line 7 already"},
		{"dead without a reason", small + "\ndead: old.example.org\n", "F:7: dead old.example.org without a reason"},
		{"dead is no domain", small + "\ndead: old..org closed\n", `F:7: zone "old..org" is no domain: a label is empty`},
		{"a dead zone as a list", small + "\ndead: bl.example.org closed in 2001\n", "F:1: zone bl.example.org is not to be asked (line 7): closed in 2001"},
		{"a list beneath a dead zone", small + "\ndead: example.org closed in 2001\n", "F:1: zone bl.example.org is not to be asked (line 7): closed in 2001"},
		{"zone is no domain", strings.Replace(small, "bl.", "bl!", 1), `F:1: zone "bl!example.org" is no domain: '!' stands in it`},
		{"zone is an address", strings.Replace(small, "bl.example.org", "192.0.2.1", 1), `F:1: zone "192.0.2.1" is no domain: it ends in the number 1`},
		{"zone is one label", strings.Replace(small, "bl.example.org", "localhost", 1), `F:1: zone "localhost" is a single label`},
		{"zone is long", strings.Replace(small, "bl.", strings.Repeat("a.", 90), 1), `F:1: zone "` + strings.Repeat("a.", 90) + `example.org" has 191 octets, more than 189`},
		{"bad kind", strings.Replace(small, "kind: ip", "kind: ipv4", 1), `F:2: kind "ipv4" is none of ip, domain`},
		{"no kind", strings.Replace(small, "kind: ip\n", "", 1), "F:1: the list has no kind"},
		{"no default", strings.Replace(small, "default: off\n", "", 1), "F:1: the list has no default"},
		{"no code", strings.Replace(small, "code: 127.0.0.2 minor listed\n", "", 1), "F:1: the list has no code"},
		{"no families", strings.Replace(small, "families: ip4\n", "", 1), "F:1: the list has no families"},
		{"bad family", strings.Replace(small, "families: ip4", "families: ip4 ip5 ip7", 1), `F:3: family "ip5" is none of ip4, ip6`},
		{"families of domains", domains + "families: ip4\n", "F:5: families on a list of domains"},
		{"bad default", strings.Replace(small, "off", "yes", 1), `F:4: default "yes" is none of on, off, key`},
		{"on without test points", strings.Replace(small, "off", "on", 1), "F:4: on without test points (listed, not-listed): silence cannot be told from death"},
		{"listed alone", small + "listed: 127.0.0.2\n", "F:6: listed without not-listed"},
		{"not-listed alone", small + "not-listed: 127.0.0.1\n", "F:6: not-listed without listed"},
		{"test points equal", small + "listed: 127.0.0.2\nnot-listed: 127.0.0.2\n", "F:7: 127.0.0.2 is the listed test point too"},
		{"test point of another kind", small + "listed: test\nnot-listed: 127.0.0.1\n", `F:6: test point: bl.example.org lists addresses, and "test" is none`},
		{"test point of another family", small + "listed: 127.0.0.2\nnot-listed: ::ffff:127.0.0.1\n", "F:7: test point: bl.example.org does not list IPv6 addresses such as ::ffff:127.0.0.1"},
		{"address as test point of domains", domains + "listed: 127.0.0.2\nnot-listed: invalid\n", `F:5: test point: dbl.example.org lists domains, and "127.0.0.2" is an address`},
		{"bad scope", small + "scope: world\n", `F:6: scope "world" is none of address, net, asn, domain`},
		{"scope domain of addresses", small + "scope: domain\n", "F:6: scope domain on a list of addresses"},
		{"scope net of domains", domains + "scope: net\n", "F:5: scope net on a list of domains"},
		{"bad terms", small + "terms: paid\n", `F:6: terms "paid" is none of free, noncommercial, registration, key`},
		{"weight is no number", small + "weight: heavy\n", `F:6: weight "heavy" is no number from 0 to 100`},
		{"weight is large", small + "weight: 101\n", `F:6: weight "101" is no number from 0 to 100`},
		{"weight is negative", small + "weight: -1\n", `F:6: weight "-1" is no number from 0 to 100`},
		{"removal without scheme", small + "removal: example.org/remove\n", `F:6: removal "example.org/remove" is no web address`},
		{"removal of another scheme", small + "removal: javascript:alert(1)\n", `F:6: removal "javascript:alert(1)" is no web address`},
		{"removal without host", small + "removal: https:///remove\n", `F:6: removal "https:///remove" is no web address`},
		{"two removals", small + "removal: https://a.example https://b.example\n", `F:6: removal "https://a.example https://b.example" is no web address`},
		{"removal broken", small + "removal: https://a.example/%zz\n", `F:6: removal "https://a.example/%zz" is no web address`},
		{"removal and none", small + "removal: https://a.example/\nno-removal: ages out\n", "F:7: no-removal beside the removal on line 6"},
		{"code without class", small + "code: 127.0.0.3\n", `F:6: code 127.0.0.3: class "" is none of major, domain, pbl, abused, minor, policy, info, none, allow`},
		{"bad class", small + "code: 127.0.0.3 bad spam\n", `F:6: code 127.0.0.3: class "bad" is none of major, domain, pbl, abused, minor, policy, info, none, allow`},
		{"code without meaning", small + "code: 127.0.0.3 minor\n", "F:6: code 127.0.0.3 has no meaning"},
		{"class of domains", small + "code: 127.0.0.3 domain spam\n", "F:6: class domain on a list of addresses"},
		{"class abused of addresses", small + "code: 127.0.0.3 abused spam\n", "F:6: class abused on a list of addresses"},
		{"class major of domains", domains + "code: 127.0.0.3 major spam\n", "F:5: class major on a list of domains"},
		{"class pbl of domains", domains + "code: 127.0.0.3 pbl spam\n", "F:5: class pbl on a list of domains"},
		{"class policy of domains", domains + "code: 127.0.0.3 policy spam\n", "F:5: class policy on a list of domains"},
		{"code outside", small + "code: 128.0.0.2 minor spam\n", "F:6: 128.0.0.2 is outside 127.0.0.0/8"},
		{"code is no address", small + "code: 127.0.0 minor spam\n", `F:6: "127.0.0" is none of 127.0.0.2, 127.0.0.2-9, 127.0.2-9.3 and 127.0.0.&64`},
		{"code is a net", small + "code: 127.0.4.0/24 minor spam\n", `F:6: "127.0.4.0/24" is none of 127.0.0.2, 127.0.0.2-9, 127.0.2-9.3 and 127.0.0.&64`},
		{"octet is large", small + "code: 127.0.256.2 minor spam\n", `F:6: "127.0.256.2" is none of 127.0.0.2, 127.0.0.2-9, 127.0.2-9.3 and 127.0.0.&64`},
		{"octet with a zero in front", small + "code: 127.0.0.03 minor spam\n", `F:6: "127.0.0.03" is none of 127.0.0.2, 127.0.0.2-9, 127.0.2-9.3 and 127.0.0.&64`},
		{"octet with a sign", small + "code: 127.0.+0.3 minor spam\n", `F:6: "127.0.+0.3" is none of 127.0.0.2, 127.0.0.2-9, 127.0.2-9.3 and 127.0.0.&64`},
		{"range without end", small + "code: 127.0.0.3- minor spam\n", `F:6: "127.0.0.3-" is none of 127.0.0.2, 127.0.0.2-9, 127.0.2-9.3 and 127.0.0.&64`},
		{"range without beginning", small + "code: 127.0.0.-3 minor spam\n", `F:6: "127.0.0.-3" is none of 127.0.0.2, 127.0.0.2-9, 127.0.2-9.3 and 127.0.0.&64`},
		{"range backwards", small + "code: 127.0.0.9-3 minor spam\n", `F:6: "127.0.0.9-3" runs backwards`},
		{"two bits", small + "code: 127.0.1.&3 minor spam\n", `F:6: "127.0.1.&3": 3 is none of the bits 1, 2, 4, 8, 16, 32, 64 and 128`},
		{"no bit", small + "code: 127.0.1.&0 minor spam\n", `F:6: "127.0.1.&0": 0 is none of the bits 1, 2, 4, 8, 16, 32, 64 and 128`},
		{"bit is large", small + "code: 127.0.1.&256 minor spam\n", `F:6: "127.0.1.&256": 256 is none of the bits 1, 2, 4, 8, 16, 32, 64 and 128`},
		{"nets backwards", small + "code: 127.0.9-3.1 minor spam\n", `F:6: "127.0.9-3.1" runs backwards`},
		{"one net as several", small + "code: 127.0.3-3.1 minor spam\n", `F:6: "127.0.3-3.1" runs backwards`},
		{"nets down to 0", small + "code: 127.0.3-0.1 minor spam\n", `F:6: "127.0.3-0.1" runs backwards`},
		{"nets without end", small + "code: 127.0.3-.1 minor spam\n", `F:6: "127.0.3-.1" is none of 127.0.0.2, 127.0.0.2-9, 127.0.2-9.3 and 127.0.0.&64`},
		{"nets overlap", small + "code: 127.0.0-7.2 minor spam\n", "F:6: code 127.0.0-7.2 and 127.0.0.2 on line 5 are about the same answer"},
		{"nets that refuse", small + "code: 127.255.9-255.2 minor spam\n", "F:6: code 127.255.9-255.2 lies in 127.255.255.0/24, with which every list refuses"},
		{"a mark without its code", small + "compromised: 127.0.0.3\nnet64: 127.0.1.2\n", "F:6: compromised 127.0.0.3: the list has no such code\nF:7: net64 127.0.1.2: the list has no such code"},
		{"a mark that is no answer", small + "compromised: spam\n", `F:6: "spam" is none of 127.0.0.2, 127.0.0.2-9, 127.0.2-9.3 and 127.0.0.&64`},
		{"key without its place", small + "key: MAILAUDIT_X_KEY\n", "F:6: a key, and no <key> in the zone"},
		{"place without its key", strings.Replace(small, "bl.", "<key>.", 1), "F:1: <key> stands in the zone, and the list has no key"},
		{"default key without a key", strings.Replace(small, "off", "key", 1) + tested, "F:4: default key, and the list has no key"},
		{"a key and on", strings.NewReplacer("bl.", "<key>.", "off", "on").Replace(small) + tested + "key: MAILAUDIT_X_KEY\n", "F:4: on, and without its key it cannot be: default key"},
		{"default key without test points", strings.NewReplacer("bl.", "<key>.", "off", "key").Replace(small) + "key: MAILAUDIT_X_KEY\n", "F:4: on without test points (listed, not-listed): silence cannot be told from death"},
		{"a variable of somebody else's", strings.Replace(small, "bl.", "<key>.", 1) + "key: AWS_SECRET_ACCESS_KEY\n", `F:6: key "AWS_SECRET_ACCESS_KEY" is no variable of the form MAILAUDIT_..._KEY`},
		{"a variable that is no key", strings.Replace(small, "bl.", "<key>.", 1) + "key: MAILAUDIT_TOKEN\n", `F:6: key "MAILAUDIT_TOKEN" is no variable of the form MAILAUDIT_..._KEY`},
		{"a variable without a name", strings.Replace(small, "bl.", "<key>.", 1) + "key: MAILAUDIT__KEY\n", `F:6: key "MAILAUDIT__KEY" is no variable of the form MAILAUDIT_..._KEY`},
		{"a variable in lower case", strings.Replace(small, "bl.", "<key>.", 1) + "key: MAILAUDIT_dqs_KEY\n", `F:6: key "MAILAUDIT_dqs_KEY" is no variable of the form MAILAUDIT_..._KEY`},
		{"a place that is no label", strings.Replace(small, "bl.", "x<key>.", 1), `F:1: zone "x<key>.example.org" is no domain: '<' stands in it`},
		{"two places", strings.Replace(small, "bl.", "<key>.<key>.", 1), `F:1: zone "<key>.<key>.example.org" is no domain: '<' stands in it`},
		{"no room for a key", strings.Replace(small, "bl.", "<key>."+strings.Repeat("a.", 60), 1), `F:1: zone "<key>.` + strings.Repeat("a.", 60) + `example.org" has 195 octets, more than 189`},
		{"replaces what is not there", small + "replaces: old.example.org\n", "F:1: it replaces old.example.org, which is no other list of this file"},
		{"replaces itself", small + "replaces: bl.example.org\n", "F:1: it replaces bl.example.org, which is no other list of this file"},
		{"rate without its unit", small + "rate: 5\n", `F:6: rate "5" is none from 0.01/s to 1000/s`},
		{"rate is no number", small + "rate: NaN/s\n", `F:6: rate "NaN/s" is none from 0.01/s to 1000/s`},
		{"rate is nothing", small + "rate: 0/s\n", `F:6: rate "0/s" is none from 0.01/s to 1000/s`},
		{"code twice", small + "code: 127.0.0.2 minor spam\n", "F:6: code 127.0.0.2 and 127.0.0.2 on line 5 are about the same answer"},
		{"codes overlap", small + "code: 127.0.0.1-3 minor spam\n", "F:6: code 127.0.0.1-3 and 127.0.0.2 on line 5 are about the same answer"},
		{"bits beside codes", small + "code: 127.0.0.&64 minor spam\n", "F:6: code 127.0.0.&64 and 127.0.0.2 on line 5 are about the same answer"},
		{"bit twice", small + "code: 127.0.1.&64 minor a\ncode: 127.0.1.&64 minor b\n", "F:7: code 127.0.1.&64 and 127.0.1.&64 on line 6 are about the same answer"},
		{"code that refuses everywhere", small + "code: 127.255.255.1 minor spam\n", "F:6: code 127.255.255.1 lies in 127.255.255.0/24, with which every list refuses"},
		{"refusal is a code", small + "refused: 127.0.0.1-9 no\n", "F:6: refusal 127.0.0.1-9 and code 127.0.0.2 on line 5 are about the same answer"},
		{"refusing bit is a code", small + "refused: 127.0.1.&1 no\ncode: 127.0.1.&1 minor a\n", "F:6: refusal 127.0.1.&1 and code 127.0.1.&1 on line 7 are about the same answer"},
		{"refusal without reason", small + "refused: 127.0.0.9\n", "F:6: refusal 127.0.0.9 has no reason"},
		{"refusal outside", small + "refused: 192.0.2.1 no\n", "F:6: 192.0.2.1 is outside 127.0.0.0/8"},
		{"empty file", "", "F:1: no list: a list begins with zone:"},
		{"only comments", "# nothing\n\n# at all\n", "F:3: no list: a list begins with zone:"},
		{"only dead zones", "dead: old.example.org closed\n", "F:1: no list: a list begins with zone:"},
		{"too large", small + strings.Repeat("#\n", blocklist.MaxSize/2), fmt.Sprintf("F:%d: the file is larger than 1048576 octets", 5+1+(blocklist.MaxSize-len(small))/2)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, err := blocklist.Parse("F", strings.NewReader(c.file))
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if len(f.Lists)+len(f.Dead) != 0 {
				t.Error("a file with a mistake gave lists")
			}
		})
	}
}

// TestParseAccepts holds what looks like a mistake and is none.
func TestParseAccepts(t *testing.T) {
	for name, file := range map[string]string{
		"a doubtful zone as a list":            small + "\ndoubtful: bl.example.org hearsay\n",
		"a zone beside a dead one":             small + "\ndead: l.example.org closed\n",
		"a refusal within the bits":            strings.Replace(small, "127.0.0.2", "127.0.0.&2", 1) + "refused: 127.0.0.255 no\n",
		"a refusal in 127.255.255.0/24":        small + "refused: 127.255.255.1 no\n",
		"the same number in another net":       small + "code: 127.0.1.2 minor spam\n",
		"bits in a net of their own":           small + "code: 127.0.1.&2 minor a\ncode: 127.0.1.&4 minor b\n",
		"a code below another":                 small + "code: 127.0.0.1 minor a\n",
		"nets beside a net":                    small + "code: 127.0.1-9.2 allow a\ncode: 127.0.10.2 none b\ncode: 127.0.11-255.2 allow c\n",
		"ranges that touch":                    small + "code: 127.0.0.3-9 minor a\ncode: 127.0.0.10-255 minor b\n",
		"a list of IPv6 and its test points":   strings.Replace(small, "ip4", "ip6", 1) + "listed: ::ffff:127.0.0.2\nnot-listed: ::ffff:127.0.0.1\n",
		"an empty line at the end with blanks": small + "  \t \n",
		"no newline at the end":                strings.TrimSuffix(small, "\n"),
		"exactly the limit":                    small + strings.Repeat("#", blocklist.MaxSize-len(small)),
	} {
		if _, err := blocklist.Parse("F", strings.NewReader(file)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestParseTellsEverything: one run names every mistake, in the order of the lines, each as a *Problem, and none that
// only follows from another.
func TestParseTellsEverything(t *testing.T) {
	const file = `zone: dnsbl
kind: ipv4
weight: 1000
colour: red

zone: bl.example.org
kind: ip
default: on
code: 10.0.0.1 minor spam
lost
dead: gone.example.org
`
	want := []string{
		`F:1: zone "dnsbl" is a single label`,
		`F:1: the list has no code`,
		`F:1: the list has no default`,
		`F:2: kind "ipv4" is none of ip, domain`,
		`F:3: weight "1000" is no number from 0 to 100`,
		`F:4: unknown key "colour"`,
		`F:6: the list has no families`,
		`F:8: on without test points (listed, not-listed): silence cannot be told from death`,
		`F:9: 10.0.0.1 is outside 127.0.0.0/8`,
		`F:10: "lost" is no line of the form KEY: VALUE`,
		`F:11: dead within the list that begins on line 6: put an empty line between them`,
		`F:11: dead gone.example.org without a reason`,
	}
	_, err := blocklist.Parse("F", strings.NewReader(file))
	var got []string
	for _, e := range problems(t, err) {
		got = append(got, e.Error())
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestParseBounds(t *testing.T) {
	var lists bytes.Buffer
	for i := range blocklist.MaxLists + 100 {
		fmt.Fprintf(&lists, "%s\n", strings.Replace(small, "bl.", fmt.Sprintf("bl%d.", i), 1))
	}
	_, err := blocklist.Parse("F", &lists)
	if want := fmt.Sprintf("F:%d: more than %d lists", 6*blocklist.MaxLists+1, blocklist.MaxLists); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	codes := bytes.NewBufferString(strings.Replace(small, "code: 127.0.0.2 minor listed\n", "", 1))
	for i := range 257 {
		fmt.Fprintf(codes, "code: 127.0.%d.%d minor x\n", i/200, i%200)
	}
	fmt.Fprintf(codes, "refused: 127.0.9.1 no\n")
	_, err = blocklist.Parse("F", codes)
	if want := "F:261: more than 256 codes\nF:262: more than 256 codes"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestParseStopsAtJunk(t *testing.T) {
	_, err := blocklist.Parse("F", strings.NewReader(strings.Repeat("x\n", blocklist.MaxSize/2)))
	all := problems(t, err)
	if want := "F:1000: 1000 mistakes: the rest is not read"; len(all) != 1001 || all[1000].Error() != want {
		t.Errorf("%d problems, the last %v, want %s", len(all), all[len(all)-1], want)
	}
}

func TestParseReadError(t *testing.T) {
	_, err := blocklist.Parse("F", io.MultiReader(strings.NewReader(small), iotest.ErrReader(io.ErrUnexpectedEOF)))
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(err.Error(), "F: ") {
		t.Errorf("got %v", err)
	}
}

// problems takes a joined error apart.
func problems(t *testing.T, err error) []*blocklist.Problem {
	t.Helper()
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		t.Fatalf("%v is no list of errors", err)
	}
	var all []*blocklist.Problem
	for _, e := range joined.Unwrap() {
		var p *blocklist.Problem
		if !errors.As(e, &p) {
			t.Fatalf("%v is no problem", e)
		}
		all = append(all, p)
	}
	return all
}

func FuzzParse(f *testing.F) {
	f.Add(small)
	f.Add(mailaudit.Blocklists)
	f.Add("zone: a.b\nkind: domain\ndefault: on\nlisted: test\nnot-listed: invalid\ncode: 127.0.0.&2 domain x\nrefused: 127.0.0.&1 y\n\ndead: c.d e\n")
	f.Add("zone: a.b\nkind: ip\nfamilies: ip6 ip4\ndefault: on\nlisted: ::ffff:127.0.0.2\nnot-listed: 127.0.0.1\ncode: 127.0.0.2-9 pbl x\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := blocklist.Parse("F", strings.NewReader(text))
		if err != nil {
			lines := 1 + strings.Count(text, "\n")
			for _, p := range problems(t, err) {
				if p.Line < 1 || p.Line > lines || p.What == "" || strings.ContainsAny(p.What, "\x00\n\x1b") {
					t.Errorf("%q of %d lines", p, lines)
				}
			}
			return
		}
		if len(file.Lists) == 0 {
			t.Error("no list and no error")
		}
		for _, l := range file.Lists {
			listed, notListed := l.TestNames()
			if l.Default && (listed == "" || listed == notListed) {
				t.Errorf("%s is on with the test points %q and %q", l.Zone, listed, notListed)
			}
			if d, ok := file.DeadZone(l.Zone); ok && !d.Doubtful {
				t.Errorf("%s is dead", l.Zone)
			}
			target := "a.example"
			if l.IP6 {
				target = "2001:db8::1"
			} else if l.IP4 {
				target = "192.0.2.1"
			}
			if name, err := l.Name(target); err != nil || len(name) > 253 || !strings.HasSuffix(name, "."+l.Zone) {
				t.Errorf("%s of %s: %q, %v", target, l.Zone, name, err)
			}
			for _, c := range l.Codes {
				a := [4]byte{c.Match.Net[0], c.Match.Net[1], c.Match.Net[2], c.Match.First | c.Match.Bit}
				v := l.Decode(addrs(fmt.Sprintf("%d.%d.%d.%d", a[0], a[1], a[2], a[3])))
				if v.Status != blocklist.Refused && (len(v.Meanings) == 0 || c.Class.Worse(v.Class)) {
					t.Errorf("%s %s: %+v", l.Zone, c.Match, v)
				}
			}
		}
	})
}
