//go:build lab

package labtest

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailaudit"
	"mailaudit/internal/blocklist"
)

// listedNet holds the addresses that are listed: the first has the first answer of each list, and so on; domains of
// the form listed0.example likewise.
var listedNet = netip.MustParsePrefix("198.51.100.128/26")

// faultyLists are zones of rbldnsd that no audit may believe; faultyListFile describes them to mailaudit.
var faultyLists = []string{"honest.rbl.example", "refusing.rbl.example", "choosy.rbl.example", "hijacked.rbl.example", "world.rbl.example", "dead.rbl.example"}

// defaultLists are the lists that an audit asks by itself.
func defaultLists() ([]blocklist.List, error) {
	f, err := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(f.Lists, func(l blocklist.List) bool { return !l.Default }), nil
}

// answer is one answer of a list, and what its documentation says of it.
type answer struct {
	addr    netip.Addr
	code    blocklist.Code
	refused bool
}

// answers are the answers that a list documents; of wide ranges the ends.
func answers(l blocklist.List) []answer {
	var out []answer
	for i, codes := range [][]blocklist.Code{l.Codes, l.Refused} {
		for _, c := range codes {
			m := c.Match
			if m.Bit != 0 {
				m.First, m.Last = m.Bit, m.Bit
			}
			for _, third := range between(m.Net[2], max(m.Third, m.Net[2]), 2) {
				for _, last := range between(m.First, m.Last, 24) {
					out = append(out, answer{netip.AddrFrom4([4]byte{m.Net[0], m.Net[1], third, last}), c, i == 1})
				}
			}
		}
	}
	return out
}

// between are the numbers from first to last, or those two alone where there are more than most.
func between(first, last byte, most int) []byte {
	if int(last)-int(first) >= most {
		return []byte{first, last}
	}
	var l []byte
	for n := int(first); n <= int(last); n++ {
		l = append(l, byte(n))
	}
	return l
}

// listedName is what has the i-th answer of a list.
func listedName(l blocklist.List, i int) string {
	if l.Kind == blocklist.KindDomain {
		return fmt.Sprintf("listed%d.example", i)
	}
	addr := listedNet.Addr()
	for range i {
		addr = addr.Next()
	}
	return addr.String()
}

// twice has the first and the last answer of zen.spamhaus.org at once.
const twice = "198.51.100.191"

// lists starts rbldnsd with the default lists under their names, and others that are at fault.
func (l *Lab) lists(context.Context) error {
	var zones []string
	add := func(zone, set, text string) error {
		file := fmt.Sprintf("%s.%d", zone, len(zones))
		zones = append(zones, zone+":"+set+":"+file)
		return l.Write("rbl/"+file, []byte(text))
	}
	all, err := defaultLists()
	if err != nil {
		return err
	}
	for _, list := range all {
		set := "ip4set"
		if list.Kind == blocklist.KindDomain {
			set = "dnset"
		}
		given := answers(list)
		text := fmt.Sprintf("%s :%s:test point\n", list.Listed, given[0].addr)
		for i, a := range given {
			text += fmt.Sprintf("%s :%s:because of %s\n", listedName(list, i), a.addr, a.addr)
		}
		if err := add(list.Zone, set, text); err != nil {
			return err
		}
	}
	for _, x := range []struct{ zone, set, text string }{
		{"zen.spamhaus.org", "ip4set", twice + " :127.0.0.2:\n"},
		{"zen.spamhaus.org", "ip4set", twice + " :127.0.0.11:\n"},
		{"honest.rbl.example", "ip4set", "127.0.0.2 :127.0.0.2:\n"},
		{"refusing.rbl.example", "ip4set", "127.0.0.2 :127.255.255.254:\n"},
		{"choosy.rbl.example", "ip4set", "127.0.0.2 :127.0.0.2:\n" + source + " :127.255.255.254:\n"},
		{"hijacked.rbl.example", "ip4set", "127.0.0.2 :" + web + ":\n"},
		{"world.rbl.example", "ip4trie", "0.0.0.0/0 :127.0.0.2:\n"},
		{"dead.rbl.example", "ip4set", "192.0.2.99 :127.0.0.2:\n"},
		// No blocklist: a name server that knows no TCP.
		{"notcp.example", "generic", noTCP},
	} {
		if err := add(x.zone, x.set, x.text); err != nil {
			return err
		}
	}
	args := append([]string{"rbldnsd", "-n", "-u", "rbldns", "-c", "0", "-w", l.Path("rbl"), "-b", rbl + "/53"}, zones...)
	return l.Start(l.World, "rbldnsd", nil, args...)
}

// noTCP is the zone notcp.example as rbldnsd reads it.
const noTCP = `$SOA 3600 ` + ns1 + ` hostmaster.nic.example 2026010101 7200 3600 1209600 3600
$NS 3600 ` + ns1 + ` ` + nsRBL + `
@ MX 10 ` + goodMX + `
@ TXT "v=spf1 ip4:` + source + ` -all"
_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc@notcp.example"
`

// faultyListFile is a file for --blocklists with the lists that no audit may believe, and two that cannot be asked.
func faultyListFile() string {
	var b strings.Builder
	for _, zone := range append(slices.Clone(faultyLists), "servfail.rbl.example", "silent.rbl.example") {
		fmt.Fprintf(&b, "zone: %s\nkind: ip\nfamilies: ip4\ndefault: on\nlisted: 127.0.0.2\nnot-listed: 127.0.0.1\ncode: 127.0.0.2 major listed\n\n", zone)
	}
	return b.String()
}
