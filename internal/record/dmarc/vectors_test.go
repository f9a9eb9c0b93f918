package dmarc

import "testing"

// vectors are records from the tests of mox (dmarc/parse_test.go, MIT), OpenDMARC (test_dmarc_parse.c, BSD), checkdmarc
// (test_dmarc.py, Apache 2.0) and the domain security scanner of the Global Cyber Alliance (Apache 2.0, whose tests are
// about advice and say of no record that it is valid), with what a receiver that follows RFC 9989 applies: none,
// quarantine, reject, or "" for no DMARC at all.
var vectors = []struct {
	peer, record string
	says         string // valid, invalid, "" where it says neither
	policy       string
	why          string // where we differ from the peer
}{
	{"mox", "v=DMARC12", "invalid", "", ""},
	{"mox", "v=DMARC1", "invalid", "", ""},
	{"mox", "v=DMARC1 p=none", "invalid", "", ""},
	{"mox", "v=DMARC1; p=none; p=reject", "invalid", "", ""},
	{"mox", "v=DMARC1; adkim=x", "invalid", "", ""},
	{"mox", "v=DMARC1; aspf=123", "invalid", "", ""},
	{"mox", "v=DMARC1; ri=bad", "invalid", "", ""},
	{"mox", "v=DMARC1; fo=01", "invalid", "", ""},
	{"mox", "v=DMARC1; fo=bad", "invalid", "", ""},
	{"mox", "v=DMARC1; rf=bad-trailing-dash-", "invalid", "", ""},
	{"mox", "v=DMARC1; pct=bogus", "invalid", "", ""},
	{"mox", "v=DMARC1; pct=", "invalid", "", ""},
	{"mox", "v=DMARC1; rua=", "invalid", "", ""},
	{"mox", "v=DMARC1; rua=mailto:dmarc-feedback@example.com!", "invalid", "none",
		"a \"!\" is valid in a URI (RFC 3986 2.2) and in a domain of RFC 6068, and 4.10.1 asks for a syntactically valid URI, not for one that mail reaches"},
	{"mox", "v=DMARC1; rua=mailto:dmarc-feedback@example.com!10p", "invalid", "none", "as above: 10p is no size, and the URI is valid with it"},
	{"mox", "v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net!10m; pct=25", "valid", "quarantine", ""},
	{"mox", "V = DMARC1 ; P = reject ;\tSP=none; unknown \t=\t ignored-future-value \t ; adkim=s; aspf=s; rua=mailto:dmarc-feedback@example.com  ,\t\tmailto:tld-test@thirdparty.example.net!10m; RUF=mailto:auth-reports@example.com  ,\t\tmailto:tld-test@thirdparty.example.net!0G; RI = 123; FO = 0:1:d:s ; RF= afrf : other; Pct = 0", "valid", "reject", ""},

	{"opendmarc", "v=DMARC1; p=quarantine;", "valid", "quarantine", ""},
	{"opendmarc", "", "invalid", "", ""},
	{"opendmarc", "V=BOB", "invalid", "", ""},
	{"opendmarc", "v=DMARC1; p=bob;", "invalid", "", ""},
	{"opendmarc", "v=DMARC1; p=none; sp=bob;", "invalid", "", ""},
	{"opendmarc", "v=DMARC1; p=none; adkim=bob;", "invalid", "none", "4.8: what is wrong behind v= gives way to the default"},
	{"opendmarc", "v=DMARC1; p=none; aspf=bob;", "invalid", "none", "4.8: what is wrong behind v= gives way to the default"},
	{"opendmarc", "v=DMARC1; p=none; rf=bob;", "invalid", "none", "4.7: rf is no tag any more, and unknown tags are ignored"},
	{"opendmarc", "v=DMARC1; pct=100;", "invalid", "", ""},
	{"opendmarc", "v=DMARC1; p=none; rua=ftp://abuse.com", "valid", "none", ""},
	{"opendmarc", "v=DMARC1; p=none; ruf=mailto://abuse.com", "valid", "none", ""},
	{"opendmarc", "v=DMARC1; p=none; ruf=mailto://abuse.com; foo=bar; buzz=happy;", "valid", "none", ""},

	{"gca", "v=dmarc1;", "", "", ""},
	{"gca", "v=DMARC1; fo=1; p=reject;", "", "reject", ""},
	{"gca", "v=DMARC1; p=random; fo=1;", "", "", ""},
	{"gca", "v=DMARC1; p=none; ri=one;", "", "none", ""},
	{"gca", "v=DMARC1; p=none; fo=1; rua=mailto:dest", "", "none", ""},
	{"gca", "v=DMARC1; p=none; fo=1; ruf=dest@domain.tld", "", "none", ""},
	{"gca", "v=DMARC1; p=reject; fo=1;", "", "reject", ""},

	{"checkdmarc", "v=DMARC1;p=ReJect", "valid", "reject", ""},
	{"checkdmarc", "v=DMARC1; p=foo; rua=mailto:dmarc@example.com", "invalid", "none", "4.10.1: with a valid rua= an unknown p= counts as p=none"},
	{"checkdmarc", "v=DMARC1; p=reject; psd=n", "valid", "reject", ""},
	{"checkdmarc", "v=DMARC1; p=reject; t=y", "valid", "quarantine", ""},
	{"checkdmarc", "v=DMARC1; p=reject; psd=x", "invalid", "reject", "4.8: what is wrong behind v= gives way to the default"},
	{"checkdmarc", "v=DMARC1; p=reject; t=x", "invalid", "reject", "4.8: what is wrong behind v= gives way to the default"},
	{"checkdmarc", "v=DMARC1; rua=mailto:dmarc@example.com", "valid", "none", ""},
	{"checkdmarc", "v=DMARC1; p=reject", "valid", "reject", ""},
	{"checkdmarc", "v=DMARC1; p=none; sp=none; fo=1; pct=50; adkim=r; ", "valid", "none", ""},
	{"checkdmarc", "v=DMARC1; p", "invalid", "", ""},
	{"checkdmarc", "v=DMARC1; p=reject; xyz=foo", "valid", "reject", ""},
	{"checkdmarc", "v=DMARC1; p=reject; rf=invalid", "valid", "reject", ""},
	{"checkdmarc", "v=DMARC1; p=reject; sp=none", "valid", "reject", ""},
	{"checkdmarc", "v=DMARC1; sp=none; p=reject", "valid", "reject", ""},
	{"checkdmarc", "v=DMARC1; p=reject; rua=mailto:dmarc@example.com!10m", "valid", "reject", ""},
	{"checkdmarc", "v=DMARC1; p=reject; ", "valid", "reject", ""},
}

// TestVectors holds what we make of the records that other tools are tested with, and that we know why wherever that is
// not what they make of them.
func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.peer+" "+v.record, func(t *testing.T) {
			got := ""
			if IsDMARC(v.record) {
				got = Parse(v.record).Effective()
			}
			if got != v.policy {
				t.Errorf("effective policy %q, want %q", got, v.policy)
			}
			says := "valid"
			if got == "" {
				says = "invalid"
			}
			if differs := v.says != "" && v.says != says; differs != (v.why != "") {
				t.Errorf("differs from the peer: %v, and the reason is %q", differs, v.why)
			}
		})
	}
}
