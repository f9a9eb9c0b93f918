package audit

import (
	"cmp"
	"math"
	"time"

	"mailaudit/internal/facts"
)

// MXTalk is what one MX host was seen to do on port 25.
type MXTalk struct {
	Host         string   `json:"host"`
	Address      string   `json:"address"` // that answered; "" where none did
	Status       string   `json:"status"`  // open, refused, filtered, unknown
	Banner       string   `json:"banner"`
	TLS          string   `json:"tls"` // starttls, none
	Version      string   `json:"version"`
	Cipher       string   `json:"cipher"`
	Certificate  *Cert    `json:"certificate,omitempty"`
	Capabilities []string `json:"capabilities"` // of the last EHLO
	Cause        string   `json:"cause"`        // of all but open, and where the talk broke off
	Replies      []Reply  `json:"replies"`      // with --probe-inbound
}

// Cert is a presented certificate.
type Cert struct {
	Names     []string  `json:"names"`
	Issuer    string    `json:"issuer"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	DaysLeft  int       `json:"days_left"` // whole days; negative where it has expired
	Trusted   bool      `json:"trusted"`   // name, dates and chain hold
	NameOK    bool      `json:"name_ok"`   // it holds the name of the host

	TrustUnknown string `json:"trust_unknown,omitempty"` // why it is not known whether the chain holds, which trusted hangs on
}

// Reply is what an MX host said to one envelope.
type Reply struct {
	Purpose  string `json:"purpose"`
	From     string `json:"from"`
	To       string `json:"to"`
	Stage    string `json:"stage"` // mail, rcpt, vrfy: the command that was answered last
	Code     int    `json:"code"`
	Enhanced string `json:"enhanced"`
	Text     string `json:"text"`
}

func inbound(f *facts.Facts) []MXTalk {
	l := []MXTalk{}
	for _, t := range f.Inbound {
		p := t.Probe.Value
		out := MXTalk{Host: t.Host, Status: string(facts.ServiceUnknown), Banner: p.Banner, TLS: cmp.Or(p.TLS, "none"), Version: p.Version,
			Cipher: p.Cipher, Certificate: certificate(f, p.Cert), Capabilities: capabilities(p), Cause: cmp.Or(t.Left, t.Probe.Why, p.Why), Replies: []Reply{}}
		if t.Probe.Known() {
			out.Status = string(p.Status)
		}
		if p.Addr.IsValid() {
			out.Address = p.Addr.String()
		}
		for _, r := range p.Envelopes {
			out.Replies = append(out.Replies, Reply{r.Purpose, r.From, r.To, r.Stage, r.Code, r.Enhanced, r.Text})
		}
		l = append(l, out)
	}
	return l
}

// capabilities are the lines of the last EHLO, without the first, which is the server's name.
func capabilities(p facts.Probe) []string {
	lines := p.EHLOTLS
	if len(lines) == 0 {
		lines = p.EHLO
	}
	if len(lines) == 0 {
		return []string{}
	}
	return list(lines[1:])
}

func certificate(f *facts.Facts, c *facts.Cert) *Cert {
	if c == nil {
		return nil
	}
	left := math.Floor(c.NotAfter.Sub(f.Started).Hours() / 24)
	out := &Cert{Names: list(c.Names), Issuer: c.Issuer, NotBefore: c.NotBefore, NotAfter: c.NotAfter, DaysLeft: int(left),
		Trusted: c.NameOK && c.ChainOK && c.InDate, NameOK: c.NameOK}
	if c.ChainUnknown && c.NameOK && c.InDate {
		out.TrustUnknown = c.ChainWhy
	}
	return out
}
