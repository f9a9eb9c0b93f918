package receivers_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"

	"mailaudit"
	"mailaudit/internal/blocklist"
	"mailaudit/internal/checks"
	"mailaudit/internal/dnsx"
	"mailaudit/internal/facts"
	"mailaudit/internal/gather"
	"mailaudit/internal/receivers"
	"mailaudit/internal/testnet"
)

// sender is one sender of the lab: healthy but for what its row changes. {d} is its domain and {ip} its address.
type sender struct {
	name     string
	env      string // "news@{d}"
	noPTR    bool
	ptr      string   // "mail.{d}"
	ptrA     []string // addresses of ptr; "{ip}"
	helo     string   // "mail.{d}"
	spf      []string // nil: the healthy one
	dmarc    []string // nil: the healthy one
	unsigned bool
	key      string // record at the selector; "": the healthy one; "-": none
	result   string // of the signature; "pass"
	mx       string // "mail.{d}"; "-": none
	noA      bool
	rcpt     string // what its MX says to RCPT
	null     string // what its MX says to MAIL FROM:<>
	zen, dbl string
	also     string // one record more
	gone     bool   // NXDOMAIN
	lame     bool   // SERVFAIL for all of its names
}

const esp = "bounce@esp.example"

// senders are those of shared/lab/senders.py, by the address 198.51.100.10 and up.
var senders = []sender{
	{name: "good"},
	{name: "nospf", spf: []string{}},
	{name: "spfneutral", spf: []string{"v=spf1 ip4:198.51.100.250 ?all"}},
	{name: "spfsoft", spf: []string{"v=spf1 ip4:198.51.100.250 ~all"}},
	{name: "spffail", spf: []string{"v=spf1 ip4:198.51.100.250 -all"}},
	{name: "spf11", spf: []string{"v=spf1 include:i0.{d} include:i1.{d} include:i2.{d} include:i3.{d} include:i4.{d} include:i5.{d} include:i6.{d} " +
		"include:i7.{d} include:i8.{d} include:i9.{d} include:i10.{d} ip4:{ip} -all"}},
	{name: "spftwo", spf: []string{"v=spf1 ip4:{ip} -all", "v=spf1 mx -all"}},
	{name: "spftemp", spf: []string{"v=spf1 include:spf.lame.example -all"}},
	{name: "spfonly-fail", spf: []string{"v=spf1 ip4:198.51.100.250 -all"}, unsigned: true},
	{name: "nodmarc", dmarc: []string{}},
	{name: "dmarcrej", unsigned: true, env: esp},
	{name: "dmarcnone", unsigned: true, env: esp, dmarc: []string{"v=DMARC1; p=none"}},
	{name: "dmarcbad", unsigned: true, env: esp, dmarc: []string{"v=DMARC1; rua=mailto:x@{d}"}},
	{name: "dkimok", env: esp},
	{name: "dkimnokey", env: esp, key: "-", result: "permerror"},
	{name: "dkimrevoked", env: esp, key: "v=DKIM1; k=rsa; p=", result: "permerror"},
	{name: "dkim512", env: esp, key: keyOf(512), result: "permerror"},
	{name: "dkim1024", env: esp, key: keyOf(1024)},
	{name: "dkimother", env: esp, result: "fail"},
	{name: "unsigned", unsigned: true},
	{name: "noptr", noPTR: true},
	{name: "ptrmis", ptr: "ptr.{d}", ptrA: []string{"198.51.100.251"}},
	{name: "ptrgen", ptr: "198-51-100-{n}.dyn.isp.example"},
	{name: "zensbl", zen: "127.0.0.2"},
	{name: "dbl", dbl: "127.0.1.2"},
	{name: "helolocal", helo: "localhost"},
	{name: "heloip", helo: "{ip}"},
	{name: "helonx", helo: "nx.{d}"},
	{name: "heloother", helo: "mail.good.example"},
	{name: "nomx", mx: "-", noA: true},
	{name: "nullmx", mx: "."},
	{name: "nxdom", gone: true, ptr: "mail-nxdom.infra.example", helo: "mail-nxdom.infra.example"},
	{name: "lame", lame: true, unsigned: true},
	{name: "co550", rcpt: "550 5.1.1 no such user here"},
	{name: "co450", rcpt: "450 4.7.1 greylisted, come back later"},
}

// moreSenders have what the lab's README tells of senders whose replies are not in the table, and what follows from the
// receivers' documentation: by sender and receiver the code that is foretold.
var moreSenders = []struct {
	sender
	want map[string]string // by receiver; all others accept
}{
	{sender{name: "dkim768", env: esp, key: keyOf(768), result: "permerror"},
		map[string]string{"pf-dmarc": "550 5.7.1", "pf-strict550": "550 5.7.1", "exim-dkim": "550"}},
	{sender{name: "spf999", spf: []string{"v=spf1 ip4:198.51.100.999 -all"}, unsigned: true, dmarc: []string{"v=DMARC1; p=none"}},
		map[string]string{"pf-spfpystrict": "550 5.7.24"}},
	{sender{name: "spfvoid", spf: []string{"v=spf1 a:v1.{d} a:v2.{d} a:v3.{d} ip4:{ip} -all"}, unsigned: true},
		map[string]string{"pf-spfpystrict": "550 5.7.24"}},
	{sender{name: "spf11only", spf: []string{"v=spf1 include:i0.{d} include:i1.{d} include:i2.{d} include:i3.{d} include:i4.{d} include:i5.{d} include:i6.{d} " +
		"include:i7.{d} include:i8.{d} include:i9.{d} include:i10.{d} ip4:{ip} -all"}, unsigned: true},
		map[string]string{"pf-spfpystrict": "550 5.7.24", "exim-spf": "550", "pf-dmarc": "550 5.7.1", "pf-strict550": "550 5.7.1"}},
	{sender{name: "ptrnoa", ptr: "gone.{d}", ptrA: []string{}},
		map[string]string{"pf-fcrdns": "450 4.7.25", "pf-strict550": "550 5.7.25", "exim-conn": "550", "osmtpd-fcrdns": "550 5.7.25"}},
	{sender{name: "helounder", helo: "mail_1.{d}"},
		map[string]string{"exim-spf": "501", "exim-callout": "501", "exim-conn": "501", "exim-dkim": "501"}},
	{sender{name: "heloliteral", helo: "[{ip}]"}, nil},
	{sender{name: "helosixbare", helo: "[2001:db8::25]"}, map[string]string{"pf-helo": "501 5.5.2", "pf-strict550": "501 5.5.2", "exim-conn": "550"}},
	{sender{name: "helotagfour", helo: "[IPv6:198.51.100.7]"}, map[string]string{"pf-helo": "501 5.5.2", "pf-strict550": "501 5.5.2",
		"exim-spf": "501", "exim-callout": "501", "exim-conn": "501", "exim-dkim": "501"}},
	{sender{name: "helounclosed", helo: "[198.51.100.7"}, map[string]string{"pf-helo": "501 5.5.2", "pf-strict550": "501 5.5.2",
		"exim-spf": "501", "exim-callout": "501", "exim-conn": "501", "exim-dkim": "501", "osmtpd-fcrdns": "501 5.5.4"}},
	{sender{name: "mxmapped", mx: "six.{d}", also: "six.{d}. AAAA ::ffff:10.0.0.1"},
		map[string]string{"pf-callout": "450 4.1.7", "pf-strict550": "550 5.1.7", "exim-callout": "550", "exim-conn": "550"}},
	{sender{name: "mxnullplus", also: "{d}. MX 0 ."}, map[string]string{"pf-senderdom": "550 5.7.27", "pf-callout": "550 5.7.27", "pf-strict550": "550 5.7.27"}},
	{sender{name: "quarantine", unsigned: true, env: esp, dmarc: []string{"v=DMARC1; p=quarantine"}}, nil},
	{sender{name: "tampered", result: "fail"}, map[string]string{"pf-dkimrej": "550 5.7.0", "exim-dkim": "550"}},
	{sender{name: "nomxbuta", mx: "-"}, nil},
	{sender{name: "mxloop", mx: "lo.{d}"},
		map[string]string{"pf-senderdom": "550 5.7.1", "pf-callout": "450 4.1.7", "pf-strict550": "550 5.7.1", "exim-callout": "550", "exim-conn": "550"}},
	{sender{name: "mxdead", mx: "gone.{d}"},
		map[string]string{"pf-callout": "450 4.1.7", "pf-strict550": "550 5.1.7", "exim-callout": "550", "exim-conn": "550"}},
	{sender{name: "null550", null: "550 5.7.1 null sender refused"}, map[string]string{"exim-callout": "550"}},
	{sender{name: "xbl", zen: "127.0.0.4"},
		map[string]string{"pf-rbl": "554 5.7.1", "pf-postscreen": "550 5.7.1", "pf-strict550": "554 5.7.1", "exim-conn": "550"}},
	{sender{name: "dblabused", dbl: "127.0.1.102"}, map[string]string{"exim-conn": "550"}},
	{sender{name: "dmarctwo", unsigned: true, env: esp, dmarc: []string{"v=DMARC1; p=reject", "v=DMARC1; p=none"}},
		map[string]string{"pf-dmarc": "?", "pf-strict550": "?"}},
	{sender{name: "dmarctwoboth", unsigned: true, env: esp, dmarc: []string{"v=DMARC1; p=reject", "v=DMARC1; p=reject; rua=mailto:x@{d}"}},
		map[string]string{"pf-dmarc": "550 5.7.1", "pf-strict550": "550 5.7.1"}},
	{sender{name: "dblhelo", also: "mail.{d}.dbl.spamhaus.org. A 127.0.1.2"}, map[string]string{"pf-rbl": "554 5.7.1", "pf-strict550": "554 5.7.1"}},
	{sender{name: "helodot", helo: "mail.{d}."}, map[string]string{"pf-helo": "450 4.7.1", "pf-strict550": "550 5.7.1", "osmtpd-fcrdns": "501 5.5.4"}},
	{sender{name: "helodots", helo: "mail..{d}"},
		map[string]string{"pf-helo": "501 5.5.2", "pf-spfperl": "451 4.3.5", "pf-strict550": "501 5.5.2", "exim-conn": "550", "osmtpd-fcrdns": "501 5.5.4"}},
	{sender{name: "helomx", helo: "in.{d}", also: "in.{d}. MX 10 mail.{d}."}, map[string]string{"exim-conn": "550"}},
	{sender{name: "ptrhyphen", ptr: "mail-.{d}"},
		map[string]string{"pf-fcrdns": "450 4.7.25", "pf-rptr": "450 4.7.1", "pf-strict550": "550 5.7.25", "exim-conn": "550"}},
	{sender{name: "mxsix", mx: "six.{d}", also: "six.{d}. AAAA 2001:db8::25"},
		map[string]string{"pf-callout": "450 4.1.7", "pf-strict550": "550 5.1.7", "exim-callout": "550", "exim-conn": "550"}},
	{sender{name: "envspaces", env: `"a.b"@{d}`}, // a mailbox that its MX does not have
		map[string]string{"osmtpd-fcrdns": "553 5.1.0", "pf-callout": "450 4.1.7", "pf-strict550": "550 5.1.7", "exim-callout": "550"}},
	{sender{name: "spfallfirst", unsigned: true, spf: []string{"v=spf1 -all ip4:{ip}"}},
		map[string]string{"pf-spfpy": "550 5.7.23", "pf-spfpystrict": "550 5.7.23", "pf-spfperl": "550 5.7.1", "exim-spf": "550", "pf-dmarc": "550 5.7.1", "pf-strict550": "550 5.7.23"}},
	{sender{name: "spfzero", unsigned: true, spf: []string{"v=spf1 ip4:{ip}/0 -all"}},
		map[string]string{"pf-dmarc": "550 5.7.1", "pf-strict550": "550 5.7.1", "pf-rspamd": "554 5.7.1"}},
	{sender{name: "dmarclead", unsigned: true, env: esp, dmarc: []string{" v=DMARC1; p=reject"}}, map[string]string{"pf-dmarc": "550 5.7.1", "pf-strict550": "550 5.7.1"}},
	{sender{name: "dmarcduptag", unsigned: true, env: esp, dmarc: []string{"v=DMARC1; p=none; p=reject"}},
		map[string]string{"pf-dmarc": "550 5.7.1", "pf-strict550": "550 5.7.1", "pf-rspamd": "554 5.7.1"}},
	{sender{name: "ptrtwo", also: "{r} PTR mail.good.example."},
		map[string]string{"pf-fcrdns": "?", "pf-strict550": "?", "osmtpd-fcrdns": "?"}},
}

// keyOf is a key record of so many bits. Nothing verifies against it here.
func keyOf(bits int) string {
	if bits < 1024 {
		// crypto/rsa makes none so short.
		short := map[int]string{
			512: "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKox8p+rXKe8JdVcN/0igCWQq3an9jRw0/FCN2pAUIRp9S3NEdeTaVDB2UNx5kjvhd3y+69JI3DtIYzTKL17wG0CAwEAAQ==",
			768: "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhALuZUzQvNZG1rQ8dAN4fVQZrJcC6ZKcWVxrsw8vHVQJTDkBoLVxGtcYKbxR7tPKzuBPzXQHrcSH1GQBUxBVqRHUmPYnqyXFQDBFmlgAw9L7ivnDPmDBvGQeAErVGmGLSdwIDAQAB",
		}
		return "v=DKIM1; k=rsa; p=" + short[bits]
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

var healthyKey = keyOf(2048)

// inPlace fills in a sender's domain and address.
type inPlace struct {
	sender
	d, ip, r string
	n        int
}

func (s inPlace) fill(text string) string {
	return strings.NewReplacer("{d}", s.d, "{ip}", s.ip, "{n}", fmt.Sprint(s.n), "{r}", s.r).Replace(text)
}

func at(s sender, n int) inPlace {
	return inPlace{s, s.name + ".example", fmt.Sprintf("198.51.100.%d", n), fmt.Sprintf("%d.100.51.198.in-addr.arpa.", n), n}
}

// records are those of one sender.
func (s inPlace) records() []string {
	var l []string
	add := func(name, typ, data string) { l = append(l, s.fill(name+". "+typ+" "+data)) }
	txt := func(name, text string) {
		text = s.fill(text)
		data := ""
		for len(text) > 200 {
			data, text = data+fmt.Sprintf("%q ", text[:200]), text[200:]
		}
		add(name, "TXT", data+fmt.Sprintf("%q", text))
	}
	ptr := cmp.Or(s.ptr, "mail.{d}")
	if !s.noPTR {
		l = append(l, s.fill("{r} PTR "+ptr+"."))
	}
	hosts := s.ptrA
	if hosts == nil && !s.noPTR && !s.lame {
		hosts = []string{"{ip}"}
	}
	if ptr != "mail.{d}" {
		for _, a := range hosts {
			add(ptr, "A", a)
		}
	}
	if s.also != "" {
		l = append(l, s.fill(s.also))
	}
	if s.zen != "" {
		l = append(l, strings.TrimSuffix(s.r, "in-addr.arpa.")+"zen.spamhaus.org. A "+s.zen)
	}
	if s.dbl != "" {
		add("{d}.dbl.spamhaus.org", "A", s.dbl)
	}
	if s.gone || s.lame {
		return l
	}
	add("mail.{d}", "A", "{ip}")
	add("mail_1.{d}", "A", "{ip}")
	add("lo.{d}", "A", "127.0.0.1")
	txt("{d}", "lab-domain")
	if !s.noA {
		add("{d}", "A", "{ip}")
	}
	switch s.mx {
	case "-":
	case ".":
		l = append(l, s.fill("{d}. MX 0 ."))
	default:
		add("{d}", "MX", "10 "+cmp.Or(s.mx, "mail.{d}")+".")
	}
	if s.spf == nil {
		s.spf = []string{"v=spf1 ip4:{ip} -all"}
	}
	for _, text := range s.spf {
		txt("{d}", text)
	}
	for i := range 11 {
		txt(fmt.Sprintf("i%d.{d}", i), fmt.Sprintf("v=spf1 ip4:192.0.2.%d ?all", i))
	}
	if s.dmarc == nil {
		s.dmarc = []string{"v=DMARC1; p=reject; rua=mailto:dmarc@{d}"}
	}
	for _, text := range s.dmarc {
		txt("_dmarc.{d}", text)
	}
	if s.key != "-" && !s.unsigned {
		txt("s1._domainkey.{d}", cmp.Or(s.key, healthyKey))
	}
	return l
}

// world is the lab's DNS and the senders' MX hosts on loopback.
type world struct {
	env gather.Env
}

func newWorld(t *testing.T, l []inPlace) world {
	t.Helper()
	soa := " SOA ns.nic.example. hostmaster.nic.example. 1 3600 600 86400 60"
	zone := []string{"$TTL 60", "example." + soa, "100.51.198.in-addr.arpa." + soa, `esp.example. TXT "v=spf1 ip4:198.51.100.0/24 -all"`,
		"esp.example. MX 10 mail.good.example.", `_dmarc.esp.example. TXT "v=DMARC1; p=none"`, "mail-nxdom.infra.example. A 198.51.100.41"}
	for _, list := range lists(t) {
		zone = append(zone, list.Zone+"."+soa)
		if yes, _ := list.TestNames(); yes != "" {
			m := list.Codes[0].Match
			zone = append(zone, fmt.Sprintf("%s. A %d.%d.%d.%d", yes, m.Net[0], m.Net[1], m.Net[2], max(m.First, m.Bit)))
		}
	}
	mx := map[string]*testnet.SMTP{}
	for _, s := range l {
		zone = append(zone, s.records()...)
		replies := map[string]string{}
		if s.rcpt != "" {
			replies["RCPT"] = s.rcpt + "\r\n"
		}
		if s.null != "" {
			replies["MAIL FROM:<>"] = s.null + "\r\n"
		}
		server, err := testnet.ServeSMTP(testnet.Behaviour{Host: "mail." + s.d, NoTLS: true, Mailboxes: []string{"news@" + s.d, "postmaster@" + s.d}, Replies: replies})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		mx[s.ip+":25"] = server
	}
	faults := map[dnsx.Question]testnet.DNSFault{}
	for _, name := range []string{"", "mail.", "_dmarc.", "_domainkey.", "s1._domainkey.", "spf."} {
		faults[dnsx.Question{Name: name + "lame.example"}] = testnet.DNSServFail
	}
	dns, err := testnet.ServeDNS(testnet.MustZone(strings.Join(zone, "\n")+"\n"), testnet.DNSOptions{Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dns.Close() })
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if s := mx[address]; s != nil {
			address = s.Addr().String()
		}
		return testnet.Dial(ctx, network, address)
	}
	return world{gather.Env{Now: time.Now, Probe: gather.Dialled(dial),
		DNS: dnsx.NewClient(dnsx.Config{Servers: []netip.AddrPort{dns.Addr()}, Dial: testnet.Dial})}}
}

func lists(t *testing.T) []blocklist.List {
	t.Helper()
	f, err := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(f.Lists, func(l blocklist.List) bool {
		return !slices.Contains([]string{"zen.spamhaus.org", "dbl.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org"}, l.Zone)
	})
}

// facts are those of an audit of one sender with its sample message.
func (w world) facts(s inPlace) *facts.Facts {
	selectors := []string{"s1"}
	m := facts.Message{Stream: "default", From: s.d, Signatures: []facts.Signature{{Domain: s.d, Selector: "s1", Result: cmp.Or(s.result, "pass")}}}
	if s.gone {
		m.Signatures[0].Result = "permerror"
	}
	if s.unsigned {
		m.Signatures, selectors = []facts.Signature{}, []string{}
	}
	t := gather.Target{Domain: s.d, ProbeInbound: true, AssumePublic: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
		Streams: []facts.Stream{{Name: "default", IPs: []netip.Addr{netip.MustParseAddr(s.ip)}, MailFrom: s.fill(cmp.Or(s.env, "news@{d}")),
			HELO: s.fill(cmp.Or(s.helo, "mail.{d}")), DKIMDomain: s.d, Selectors: selectors}}}
	f, _ := blocklist.Parse("blocklists.txt", strings.NewReader(mailaudit.Blocklists))
	t.Lists = slices.DeleteFunc(f.Lists, func(l blocklist.List) bool {
		return !slices.Contains([]string{"zen.spamhaus.org", "dbl.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org"}, l.Zone)
	})
	out := gather.Gather(context.Background(), w.env, t, checks.Needs(func(checks.Area) bool { return true }))
	out.Messages = []facts.Message{m}
	return out
}

var enhanced = regexp.MustCompile(`^\d{3}[ -]([245]\.\d+\.\d+)`)

// cell is what was or would be answered: the code and the enhanced code, "2" for yes.
type cell struct{ stage, code, enhanced string }

func (c cell) class() string { return c.code[:1] }

func foretold(e receivers.Entry) cell {
	switch e.Verdict {
	case receivers.Rejects, receivers.Defers:
		c := cell{stage: string(e.Stage), code: e.Reply[:3]}
		if m := enhanced.FindStringSubmatch(e.Reply); m != nil {
			c.enhanced = m[1]
		}
		return c
	case receivers.Undecided:
		return cell{code: "?"}
	}
	return cell{stage: "data", code: "250"}
}

// TestLab holds the forecasts to what real receivers answered.
func TestLab(t *testing.T) {
	text, err := os.ReadFile("testdata/lab.tsv")
	if err != nil {
		t.Fatal(err)
	}
	measured := map[[2]string]cell{}
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")[1:] {
		f := strings.Split(line, "\t")
		measured[[2]string{f[0], f[1]}] = cell{f[2], f[3], f[4]}
	}
	var all []inPlace
	for i, s := range senders {
		all = append(all, at(s, 10+i))
	}
	w := newWorld(t, all)
	confusion := map[[2]string]int{}
	cells := 0
	for _, s := range all {
		f := w.facts(s)
		for _, b := range receivers.Lab {
			want, ok := measured[[2]string{s.name, b.Setup}]
			if !ok {
				t.Fatalf("nothing was measured of %s at %s", s.name, b.Setup)
			}
			l := receivers.Foretell(f, b)
			if len(l) != 1 {
				t.Fatalf("%d entries for %s at %s", len(l), s.name, b.Setup)
			}
			got := foretold(l[0])
			cells++
			confusion[[2]string{want.class(), got.class()}]++
			if got != want {
				t.Errorf("%s at %s: answered %v, foretold %v by %s: %s", s.name, b.Setup, want, got, l[0].Requirement, l[0].Reason)
			}
		}
	}
	if cells != len(measured) {
		t.Errorf("%d of %d cells were foretold", cells, len(measured))
	}
	t.Logf("answered / foretold   2xx  4xx  5xx    ?")
	for _, class := range []string{"2", "4", "5"} {
		row := class + "xx               "
		for _, c := range []string{"2", "4", "5", "?"} {
			row += fmt.Sprintf("%5d", confusion[[2]string{class, c}])
		}
		t.Log(row)
	}
}

// TestLabCauses foretells senders that were not in the table.
func TestLabCauses(t *testing.T) {
	all := []inPlace{at(sender{name: "good"}, 10)}
	for i, s := range moreSenders {
		all = append(all, at(s.sender, 100+i))
	}
	w := newWorld(t, all)
	for i, s := range moreSenders {
		f := w.facts(all[i+1])
		for _, b := range receivers.Lab {
			e := receivers.Foretell(f, b)[0]
			got := foretold(e)
			want, ok := s.want[b.Setup]
			if !ok {
				want = "250"
			}
			if is := strings.TrimSpace(got.code + " " + got.enhanced); is != want {
				t.Errorf("%s at %s: foretold %q, want %q, by %s: %s", s.name, b.Setup, is, want, e.Requirement, e.Reason)
			}
		}
	}
}
