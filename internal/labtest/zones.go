//go:build lab

package labtest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"mailaudit/internal/netlab"
)

// The servers of the world, each on an address of its own.
const (
	nsdA   = "198.51.100.4" // a.registry.example: the root, example and the reverse zones
	nsdB   = "203.0.113.5"  // b.registry.example, the same server
	nsd1   = "198.51.100.2" // ns1.nic.example: the domains
	nsd2   = "203.0.113.2"  // ns2.nic.example
	nsd2b  = "203.0.113.4"  // ns3.nic.example, the same server
	rbl    = "198.51.100.3" // ns.rbl.example: the blocklists, refuses everything else, and knows no TCP
	web    = "198.51.100.80"
	source = "198.51.100.25" // mail.good.example, which sends
	silent = "203.0.113.254" // nobody is here
)

// The resolvers beside the auditor.
const (
	validating    = netlab.AuditorEnd // in resolv.conf
	rewriting     = "127.0.0.2"       // gives an address for names that do not exist
	notValidating = "127.0.0.3"

	madeUp = "203.0.113.200" // what the rewriting one gives for gone.example
)

// The ways in which a zone is signed.
type signing int

const (
	unsigned signing = iota
	signed
	expired // all signatures are out of date
	wrongDS // the parent vouches for another key
	weak    // RSA/SHA-1 (algorithm 5)
)

// domain is a zone beneath example.
type domain struct {
	name    string
	signing signing
	mx      string   // its MX host; the zone holds the address of one beneath it
	extra   string   // further records
	parent  []string // name servers in the parent zone; ns1 and ns2 otherwise
	child   []string // name servers in the zone itself; ns1 and ns2 otherwise
	drifted bool     // the second server has a newer serial
	lame    bool     // the second server has no such zone, and says so
}

const (
	nsA   = "a.registry.example"
	nsB   = "b.registry.example"
	ns1   = "ns1.nic.example"
	ns2   = "ns2.nic.example"
	ns3   = "ns3.nic.example"
	nsRBL = "ns.rbl.example"
)

// goodMX is the MX host of domains whose fault lies elsewhere.
const goodMX = "mx1.good.example"

// domains are those that tests audit, each with one fault. That of good.example is in lab/good.example.tmpl.
var domains = []domain{
	{name: "good.example", signing: signed},

	{name: "unsigned.example", mx: goodMX},
	{name: "expired.example", signing: expired, mx: goodMX},
	{name: "wrongds.example", signing: wrongDS, mx: goodMX},
	{name: "weak.example", signing: weak, mx: goodMX},

	{name: "lame.example", mx: goodMX, lame: true},
	{name: "serials.example", mx: goodMX, drifted: true},
	{name: "notcp.example", mx: goodMX, parent: []string{ns1, nsRBL}, child: []string{ns1, nsRBL}},
	{name: "mismatch.example", mx: goodMX, child: []string{ns1, ns3}},

	{name: "nostarttls.example", mx: "mx.nostarttls.example"},
	{name: "oldcert.example", mx: "mx.oldcert.example", extra: sts("oldcert.example")},
	{name: "othercert.example", mx: "mx.othercert.example"},
	{name: "nonull.example", mx: "mx.nonull.example"},
	{name: "nonulllate.example", mx: "mx.nonulllate.example"},
	{name: "nopostmaster.example", mx: "mx.nopostmaster.example"},
	{name: "openrelay.example", mx: "mx.openrelay.example"},
	{name: "postscreen.example", mx: "mx.postscreen.example"},
	{name: "tarpit.example", mx: "mx.tarpit.example"},
	{name: "refused.example", mx: "mx.refused.example"},
	{name: "filtered.example", mx: "mx.filtered.example"},

	{name: "oldtls.example", mx: "mx.oldtls.example"},
	{name: "auth.example", mx: "mx.auth.example"},
	{name: "vrfy.example", mx: "mx.vrfy.example"},
	{name: "catchall.example", mx: "mx.catchall.example"},
	{name: "small.example", mx: "mx.small.example"},
	{name: "selfsigned.example", mx: "mx.selfsigned.example"},
	{name: "expiring.example", mx: "mx.expiring.example"},
	{name: "listed.example", mx: "mx.listed.example"},

	{name: "danemismatch.example", signing: signed, mx: "mx.danemismatch.example", extra: pin("mx.danemismatch.example", goodMX)},
	{name: "danerollover.example", signing: signed, mx: "mx.danerollover.example",
		extra: pin("mx.danerollover.example", goodMX) + pin("mx.danerollover.example", "mx.danerollover.example")},
	{name: "danenotls.example", signing: signed, mx: "mx.danenotls.example", extra: pin("mx.danenotls.example", "mx.danenotls.example")},
	{name: "daneunsigned.example", mx: "mx.daneunsigned.example", extra: pin("mx.daneunsigned.example", "mx.daneunsigned.example")},

	{name: "stscert.example", mx: goodMX, extra: sts("stscert.example")},
	{name: "stsmissing.example", mx: goodMX, extra: sts("stsmissing.example")},
	{name: "stsredirect.example", mx: goodMX, extra: sts("stsredirect.example")},
	{name: "stshtml.example", mx: goodMX, extra: sts("stshtml.example")},
	{name: "stssyntax.example", mx: goodMX, extra: sts("stssyntax.example")},
	{name: "stsmx.example", mx: goodMX, extra: sts("stsmx.example")},
	{name: "ststesting.example", mx: goodMX, extra: sts("ststesting.example")},
	{name: "stsrefused.example", mx: goodMX, extra: stsAt("stsrefused.example", "203.0.113.19")},
	{name: "stsfiltered.example", mx: goodMX, extra: stsAt("stsfiltered.example", silent)},
}

// sts announces an MTA-STS policy that the web server has.
func sts(domain string) string { return stsAt(domain, web) }

func stsAt(domain, addr string) string {
	return fmt.Sprintf("_mta-sts.%[1]s. TXT \"v=STSv1; id=1\"\nmta-sts.%[1]s. A %[2]s\n_smtp._tls.%[1]s. TXT \"v=TLSRPTv1; rua=mailto:tlsrpt@%[1]s\"\n", domain, addr)
}

// pin is a TLSA record at one host, of the key of another or of the same.
func pin(host, key string) string {
	return fmt.Sprintf("_25._tcp.%s. TLSA {{tlsa %q}}\n", host, key)
}

// delegations are zones in the parent that nobody else here has.
func delegations() string {
	var b strings.Builder
	for _, zone := range faultyLists {
		fmt.Fprintf(&b, "%s. NS %s.\n", zone, nsRBL)
	}
	fmt.Fprintf(&b, "servfail.example. NS %s.\n", nsRBL)                                        // answers REFUSED
	fmt.Fprintf(&b, "silent.example. NS ns.silent.example.\nns.silent.example. A %s\n", silent) // does not answer
	fmt.Fprintf(&b, "servfail.rbl.example. NS %s.\n", ns1)                                      // the same as blocklists
	fmt.Fprintf(&b, "silent.rbl.example. NS ns.silent.example.\n")
	return b.String()
}

// zones writes and signs all zones, from the leaves to the root, whose key is the resolvers' anchor.
func (l *Lab) zones(ctx context.Context) error {
	var example, root strings.Builder
	for _, d := range domains {
		ds, err := l.zone(ctx, d)
		if err != nil {
			return err
		}
		for _, ns := range or(d.parent, ns1, ns2) {
			fmt.Fprintf(&example, "%s. NS %s.\n", d.name, ns)
		}
		example.WriteString(ds)
	}
	for _, host := range [][2]string{{nsA, nsdA}, {nsB, nsdB}, {ns1, nsd1}, {ns2, nsd2}, {ns3, nsd2b}, {nsRBL, rbl}} {
		fmt.Fprintf(&example, "%s. A %s\n", host[0], host[1])
	}
	example.WriteString(delegations())
	registry := []string{nsA, nsB}
	ds, err := l.publish(ctx, zoneFile{Name: "example", NS: registry, Records: example.String(), signing: signed})
	if err != nil {
		return err
	}
	fmt.Fprintf(&root, "example. NS %s.\nexample. NS %s.\n%s%s. A %s\n%s. A %s\n", nsA, nsB, ds, nsA, nsdA, nsB, nsdB)
	for name, records := range reverse() {
		if _, err := l.publish(ctx, zoneFile{Name: name, NS: registry, Records: records}); err != nil {
			return err
		}
		fmt.Fprintf(&root, "%[1]s. NS %[2]s.\n%[1]s. NS %[3]s.\n", name, nsA, nsB)
	}
	lists, err := defaultLists()
	if err != nil {
		return err
	}
	for _, list := range lists {
		fmt.Fprintf(&root, "%s. NS %s.\n", list.Zone, nsRBL)
	}
	anchor, err := l.publish(ctx, zoneFile{Name: "", NS: registry, Records: root.String(), signing: signed})
	if err != nil {
		return err
	}
	if err := l.Write("anchor", []byte(anchor)); err != nil {
		return err
	}
	hints := fmt.Sprintf(". 3600 NS %[1]s.\n. 3600 NS %[2]s.\n%[1]s. 3600 A %[3]s\n%[2]s. 3600 A %[4]s\n", nsA, nsB, nsdA, nsdB)
	return l.Write("hints", []byte(hints))
}

func or(names []string, otherwise ...string) []string {
	if len(names) > 0 {
		return names
	}
	return otherwise
}

// zone publishes one domain, on the second server with the next serial if it is to drift.
func (l *Lab) zone(ctx context.Context, d domain) (ds string, err error) {
	name := "sample.tmpl"
	if d.name == "good.example" {
		name = "good.example.tmpl"
	}
	data := struct{ Name, MX, MXAddr, Source string }{d.name, d.mx, "", source}
	if strings.HasSuffix(d.mx, "."+d.name) {
		data.MXAddr = mailHostAddr(d.mx)
	}
	var b bytes.Buffer
	if err := l.Templates.ExecuteTemplate(&b, name, data); err != nil {
		return "", err
	}
	extra, err := l.Templates.Clone()
	if err != nil {
		return "", err
	}
	if extra, err = extra.New("extra").Parse(d.extra); err != nil {
		return "", err
	}
	if err := extra.Execute(&b, data); err != nil {
		return "", err
	}
	z := zoneFile{Name: d.name, NS: d.child, Records: b.String(), signing: d.signing}
	if d.drifted {
		later := z
		later.Serial++
		later.second = true
		if _, err := l.publish(ctx, later); err != nil {
			return "", err
		}
	}
	return l.publish(ctx, z)
}

// reverse are the reverse zones with the PTR of every host that has one.
func reverse() map[string]string {
	zones := map[string]string{"100.51.198.in-addr.arpa": "", "113.0.203.in-addr.arpa": ""}
	add := func(addr, host string) {
		o := strings.Split(addr, ".")
		zone := o[2] + "." + o[1] + "." + o[0] + ".in-addr.arpa"
		zones[zone] += fmt.Sprintf("%s.%s. PTR %s.\n", o[3], zone, host)
	}
	add(source, "mail.good.example")
	for _, h := range mailHosts {
		add(h.Addr, h.Host)
	}
	return zones
}

// zoneFile is a zone as NSD reads it.
type zoneFile struct {
	Name    string // without the dot at the end; "" for the root
	Serial  int    // added to the serial of all zones
	NS      []string
	Records string

	signing signing
	second  bool // for the second server alone
}

// file is where the zone lies once it is signed.
func (z zoneFile) file() string {
	f := filepath.Join("zones", z.Name+".zone")
	if z.second {
		f += ".second"
	}
	return f
}

// publish writes and signs one zone. It gives the DS record for the parent.
func (l *Lab) publish(ctx context.Context, z zoneFile) (ds string, err error) {
	z.NS = or(z.NS, ns1, ns2)
	if err := l.Configure(z.file(), "zone.tmpl", z); err != nil || z.signing == unsigned {
		return "", err
	}
	algorithm := "ECDSAP256SHA256"
	if z.signing == weak {
		algorithm = "RSASHA1"
	}
	key, err := l.key(ctx, z.Name, algorithm)
	if err != nil {
		return "", err
	}
	plain := l.Path(z.file() + ".unsigned")
	if err := os.Rename(l.Path(z.file()), plain); err != nil {
		return "", err
	}
	args := []string{"-f", l.Path(z.file()), "-o", z.Name + "."}
	if z.signing == expired {
		args = append(args, "-i", "20250101", "-e", "20250201")
	}
	if err := netlab.Run(exec.CommandContext(ctx, "ldns-signzone", append(args, plain, key)...)); err != nil {
		return "", err
	}
	if z.signing == wrongDS {
		if key, err = l.key(ctx, z.Name, algorithm); err != nil {
			return "", err
		}
	}
	text, err := os.ReadFile(key + ".ds")
	return string(text), err
}

// key makes a key that signs a whole zone, and gives the name of its files without their ends.
func (l *Lab) key(ctx context.Context, zone, algorithm string) (string, error) {
	cmd := exec.CommandContext(ctx, "ldns-keygen", "-r", "/dev/urandom", "-k", "-b", "2048", "-a", algorithm, zone+".")
	cmd.Dir = l.Path("zones")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%v: %w", cmd.Args, err)
	}
	return filepath.Join(cmd.Dir, strings.TrimSpace(string(out))), nil
}

// nameServers starts the authoritative servers: the registry's, and the two that have the domains.
func (l *Lab) nameServers(ctx context.Context) error {
	registry := []string{"", "example"}
	for name := range reverse() {
		registry = append(registry, name)
	}
	if err := l.nameServer("registry", []string{nsdA, nsdB}, registry, nil); err != nil {
		return err
	}
	var first, second, drifted []string
	for _, d := range domains {
		first = append(first, d.name)
		if !d.lame {
			second = append(second, d.name)
		}
		if d.drifted {
			drifted = append(drifted, d.name)
		}
	}
	if err := l.nameServer("first", []string{nsd1}, first, nil); err != nil {
		return err
	}
	if err := l.nameServer("second", []string{nsd2, nsd2b}, second, drifted); err != nil {
		return err
	}
	// A resolver that asks too early remembers that nobody answered.
	return l.Wait(ctx, l.World, "tcp/"+nsdA+":53", "tcp/"+nsd1+":53", "tcp/"+nsd2+":53", "dns/"+rbl+":53/2.0.0.127.zen.spamhaus.org")
}

// nameServer starts one NSD with these zones, of some of them with the files for the second server.
func (l *Lab) nameServer(name string, addrs, zones, seconds []string) error {
	type served struct{ Name, File string }
	data := struct {
		Dir       string
		Addresses []string
		Zones     []served
	}{Dir: l.Path(name), Addresses: addrs}
	for _, z := range zones {
		file := zoneFile{Name: z, second: slices.Contains(seconds, z)}.file()
		data.Zones = append(data.Zones, served{z + ".", l.Path(file)})
	}
	if err := os.Mkdir(data.Dir, 0o755); err != nil {
		return err
	}
	if err := l.Configure(name+".conf", "nsd.conf.tmpl", data); err != nil {
		return err
	}
	return l.Start(l.World, name, nil, "nsd", "-d", "-c", l.Path(name+".conf"))
}

// resolvers starts the resolvers.
func (l *Lab) resolvers(ctx context.Context) error {
	type resolver struct {
		Name, Address      string
		Validate           bool
		Rewrite            []string // names that do not exist, and all beneath them
		MadeUp             string   // the address that is given for those
		Dir, Anchor, Hints string
		Reverse            []string
	}
	var zones []string
	for zone := range reverse() {
		zones = append(zones, zone)
	}
	var places []string
	for _, r := range []resolver{
		{Name: "validating", Address: validating, Validate: true},
		{Name: "rewriting", Address: rewriting, Validate: true, Rewrite: []string{"invalid", "gone.example"}, MadeUp: madeUp},
		{Name: "not-validating", Address: notValidating},
	} {
		r.Dir, r.Anchor, r.Hints, r.Reverse = l.Dir, l.Path("anchor"), l.Path("hints"), zones
		if err := l.Configure(r.Name+".conf", "unbound.conf.tmpl", r); err != nil {
			return err
		}
		if err := l.Start(l.Auditor, r.Name, nil, "unbound", "-d", "-c", l.Path(r.Name+".conf")); err != nil {
			return err
		}
		places = append(places, "dns/"+r.Address+":53/mail.good.example")
	}
	return l.Wait(ctx, l.Auditor, places...)
}

// inhabited are the addresses of the world.
func inhabited() []string {
	l := []string{nsdA, nsdB, nsd1, nsd2, nsd2b, rbl, web, source, submissionEndless}
	for _, h := range mailHosts {
		if h.Addr != silent && !slices.Contains(l, h.Addr) {
			l = append(l, h.Addr)
		}
	}
	return l
}
