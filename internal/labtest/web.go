//go:build lab

package labtest

import (
	"context"
	"fmt"
)

// site is the web host mta-sts of a domain.
type site struct {
	Domain, Cert string
	Type         string // of the policy; text/plain otherwise
	Redirect     string // where the policy is said to be
	Policy       string // none: 404
}

// policy is an MTA-STS policy in force (RFC 8461 3.2).
func policy(mx ...string) string { return policyIn("enforce", mx...) }

func policyIn(mode string, mx ...string) string {
	text := "version: STSv1\r\nmode: " + mode + "\r\n"
	for _, m := range mx {
		text += "mx: " + m + "\r\n"
	}
	return text + "max_age: 1209600\r\n"
}

var sites = []site{
	{Domain: "good.example", Policy: policy("mx1.good.example", "mx2.good.example")},
	{Domain: "oldcert.example", Policy: policy("mx.oldcert.example")},
	{Domain: "stscert.example", Cert: certExpired, Policy: policy(goodMX)},
	{Domain: "stsmissing.example"},
	{Domain: "stsredirect.example", Redirect: "https://mta-sts.good.example/.well-known/mta-sts.txt", Policy: policy(goodMX)},
	{Domain: "stshtml.example", Type: "text/html", Policy: policy(goodMX)},
	{Domain: "stssyntax.example", Policy: "version: STSv1\r\nmode: enforce\r\nmax_age: 1209600\r\n"},
	{Domain: "ststesting.example", Policy: policyIn("testing", goodMX)},
	{Domain: "stsmx.example", Policy: policy("mx.elsewhere.example")},
}

// web starts nginx with the policies.
func (l *Lab) web(context.Context) error {
	for _, s := range sites {
		if s.Policy == "" {
			continue
		}
		if err := l.Write(fmt.Sprintf("www/%s/.well-known/mta-sts.txt", s.Domain), []byte(s.Policy)); err != nil {
			return err
		}
	}
	data := struct {
		Dir, Address string
		Sites        []site
	}{l.Dir, web, sites}
	if err := l.Configure("nginx.conf", "nginx.conf.tmpl", data); err != nil {
		return err
	}
	return l.Start(l.World, "nginx", nil, "nginx", "-c", l.Path("nginx.conf"), "-p", l.Dir, "-e", "stderr")
}
