package replies

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// Contact is whom to write to, and what.
type Contact struct {
	To      string // an address or a page
	Why     string // what says that it is the one
	Subject string
	Text    string
}

// pages are where receivers themselves take such requests, by their own word (docs/receivers.md).
var pages = map[string]string{
	"outlook": "https://olcsupport.office.com/", "microsoft365": "https://sender.office.com/", "icloud": "icloudadmin@apple.com", "tonline": "postmaster@rx.t-online.de",
}

var (
	urlIn     = regexp.MustCompile(`https?://[^\s<>"'\])]+`)
	mailboxIn = regexp.MustCompile(`(?i)(?:^|[^a-z0-9._%+=/-])((?:postmaster|abuse|abuse_rbl|tosa|toda|delist|support|unblock|help|admin|hostmaster|mailadmin|noc)[a-z0-9._-]*@[a-z0-9][a-z0-9.-]*\.[a-z]{2,})`)
)

// mailbox is the address that a reply names to write to: it is neither the recipient nor one of the sender's own, nor what the reply is about, which
// stands in angle brackets before a colon or dots; in a reply to MAIL every bracketed one is.
func (e Explanation) mailbox() string {
	for _, m := range mailboxIn.FindAllStringSubmatchIndex(e.Text, 10) {
		a, rest := e.Text[m[2]:m[3]], e.Text[m[3]:]
		if strings.EqualFold(a, e.Recipient) || e.Sender != "" && domainOf(a) == e.Sender || strings.HasPrefix(rest, ">:") || strings.HasPrefix(rest, ">...") ||
			e.Command == "MAIL" && strings.HasPrefix(rest, ">") {
			continue
		}
		return a
	}
	return ""
}

// Contact says whom to write to, if that can help. removal is the page of the blocklist that is named, if any.
func (e Explanation) Contact(removal string) *Contact {
	if !e.Write {
		return nil
	}
	c := &Contact{}
	mailbox := e.mailbox()
	domain := hostName(e.Recipient[strings.LastIndexByte(e.Recipient, '@')+1:])
	url := strings.TrimRight(urlIn.FindString(e.Text), ".,;")
	switch {
	case removal != "" && e.Class == Listed:
		c.To, c.Why = removal, "the page of the list that the reply names"
	case mailbox != "":
		c.To, c.Why = mailbox, "the reply names it"
	case e.Known && pages[e.Who] != "":
		c.To, c.Why = pages[e.Who], "the receiver's own pages name it"
	case url != "":
		c.To, c.Why = url, "the reply names it"
	case domain != "":
		c.To, c.Why = "postmaster@"+domain, "every domain that takes mail has it (RFC 5321 4.5.1)"
	default:
		c.To, c.Why = "postmaster@[the recipient's domain]", "every domain that takes mail has it (RFC 5321 4.5.1)"
	}
	ip, sender := cmp.Or(e.IP, "[your sending address]"), cmp.Or(e.Sender, "[your domain]")
	c.Subject = fmt.Sprintf("Mail from %s (%s) refused", sender, ip)
	host := ""
	if e.Host != "" {
		host = " by " + e.Host
	}
	ask := "Please tell us what led to this, and lift it if it is no longer needed."
	if e.Class == ListError {
		ask = "The answer that your server took for a listing is an error of the list, or of the resolver that asked it. Please check that setting."
	}
	c.Text = fmt.Sprintf("Hello,\n\nour mail to %s was refused%s at %s.\nSending address: %s\nSender's domain: %s\n\nThe exact reply:\n\n    %s\n\nWhat we found and changed on our side: [fill in]\n\n%s\n",
		cmp.Or(e.Recipient, "[the recipient]"), host, cmp.Or(e.When, "[time, with time zone]"), ip, sender, clip(e.Text), ask)
	return c
}
