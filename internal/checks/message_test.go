package checks

import (
	"slices"
	"time"

	"mailaudit/internal/facts"
)

// written gives the healthy domain a message that is in order, with one edit of it.
func written(edit func(f *facts.Facts, m *facts.Message)) func(*facts.Facts) {
	return func(f *facts.Facts) {
		m := facts.Message{Stream: "default", From: "healthy.example",
			Signatures: []facts.Signature{{Domain: "healthy.example", Selector: "s1", Result: facts.SignaturePass, Expires: now.Add(24 * time.Hour)}},
			Content: &facts.Content{Size: 1000, From: 1, Author: "healthy.example", Dates: []string{"Sun, 22 Nov 2026 12:00:00 +0000"}, Date: now,
				MessageIDs: []string{"<1@healthy.example>"}, Longest: 998, LongestAt: 3, List: true, Unsubscribe: []string{"<mailto:a@healthy.example>, <https://healthy.example/u>"},
				OneClick: []string{"List-Unsubscribe=One-Click"},
				Coverage: []facts.Coverage{{Fields: []string{"from", "from", "subject", "list-unsubscribe", "list-unsubscribe-post"}, Signed: now}}}}
		f.Messages = []facts.Message{m}
		edit(f, &f.Messages[0])
	}
}

// inContent is an edit of what a message says.
func inContent(edit func(c *facts.Content)) func(*facts.Facts) {
	return written(func(_ *facts.Facts, m *facts.Message) { edit(m.Content) })
}

// ofSignature is an edit of its signature.
func ofSignature(edit func(s *facts.Signature, c *facts.Coverage)) func(*facts.Facts) {
	return written(func(_ *facts.Facts, m *facts.Message) { edit(&m.Signatures[0], &m.Content.Coverage[0]) })
}

// atGmail is a message from gmail.com, by a stream without addresses and with a signature.
func atGmail(signer, result string, declared bool) func(*facts.Facts) {
	return written(func(f *facts.Facts, m *facts.Message) {
		m.Content.Author, m.Signatures[0].Domain, m.Signatures[0].Result, m.Signatures[0].Why = "gmail.com", signer, result, "timeout"
		if !declared {
			f.Streams[0].IPs = nil
		}
	})
}

// spfOfGmail has the address pass, or not, as gmail.com's own.
func spfOfGmail(result string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		atGmail("healthy.example", "pass", true)(f)
		f.Results = append(slices.Clone(f.Results), facts.SPFResult{IP: sender, Stream: "default", Declared: true, Identity: "mailfrom", Domain: "gmail.com", Result: result, Why: "timeout"})
	}
}

var messageCases = slices.Concat(
	inOrder("msg.from-missing", "msg.from-freemail", "msg.message-id", "msg.date", "msg.duplicate-headers", "msg.header-syntax", "msg.line-length", "msg.8bit-header",
		"msg.size", "msg.dkim-fail", "msg.dkim-l-tag", "msg.dkim-x-expired", "msg.dkim-oversign", "msg.list-unsubscribe", "msg.list-unsubscribe-post", "msg.list-unsubscribe-unsigned"),
	[]ruleCase{
		{rule: "msg.from-missing", name: "of a sample", edit: written(func(_ *facts.Facts, m *facts.Message) { m.Content = nil })},
		{rule: "msg.from-missing", name: "none", want: Fail, says: "no From field", edit: inContent(func(c *facts.Content) { c.From, c.Author = 0, "" })},
		{rule: "msg.from-missing", name: "two", want: Fail, says: "2 From fields", edit: inContent(func(c *facts.Content) { c.From, c.Author = 2, "" })},
		{rule: "msg.from-missing", name: "no domain", want: Fail, says: "no address", edit: inContent(func(c *facts.Content) { c.Author, c.AuthorWhy = "", "no address in From" })},

		{rule: "msg.from-freemail", name: "from one's own server", want: Fail, says: "gmail.com", edit: atGmail("healthy.example", "pass", true)},
		{rule: "msg.from-freemail", name: "from nobody knows where", want: Warn, says: "gmail.com", edit: atGmail("healthy.example", "pass", false)},
		{rule: "msg.from-freemail", name: "signed by it", want: Pass, edit: atGmail("gmail.com", "pass", true)},
		{rule: "msg.from-freemail", name: "signed by it, and void", want: Fail, edit: atGmail("gmail.com", "fail", true)},
		{rule: "msg.from-freemail", name: "whether is not known", want: Unknown, says: "timeout", edit: atGmail("gmail.com", "temperror", true)},
		{rule: "msg.from-freemail", name: "sent by it", want: Pass, edit: spfOfGmail("pass")},
		{rule: "msg.from-freemail", name: "sent by whom is not known", want: Unknown, says: "timeout", edit: spfOfGmail("temperror")},

		{rule: "msg.message-id", name: "none", want: Warn, says: "no Message-ID", edit: inContent(func(c *facts.Content) { c.MessageIDs = nil })},
		{rule: "msg.message-id", name: "two", want: Warn, says: "2 Message-ID", edit: inContent(func(c *facts.Content) { c.MessageIDs = []string{"<1@a>", "<2@a>"} })},
		{rule: "msg.message-id", name: "with comments", want: Pass, edit: inContent(func(c *facts.Content) { c.MessageIDs = []string{"(x) <1@a> (sent by y)"} })},
		{rule: "msg.message-id", name: "without brackets", want: Warn, says: `"1@a"`, edit: inContent(func(c *facts.Content) { c.MessageIDs = []string{"1@a"} })},

		{rule: "msg.date", name: "none", want: Warn, says: "no Date", edit: inContent(func(c *facts.Content) { c.Dates, c.Date = nil, time.Time{} })},
		{rule: "msg.date", name: "two", want: Warn, says: "2 Date", edit: inContent(func(c *facts.Content) { c.Dates = []string{"a", "b"} })},
		{rule: "msg.date", name: "unreadable", want: Warn, says: "cannot be read", edit: inContent(func(c *facts.Content) { c.Dates, c.Date = []string{"today"}, time.Time{} })},
		{rule: "msg.date", name: "old", want: Warn, says: "8 days off, more than 7", edit: inContent(func(c *facts.Content) { c.Date = now.AddDate(0, 0, -8) })},
		{rule: "msg.date", name: "of the future", want: Warn, says: "30 days", edit: inContent(func(c *facts.Content) { c.Date = now.AddDate(0, 0, 30) })},
		{rule: "msg.date", name: "of old mail", want: Pass, edit: inContent(func(c *facts.Content) { c.Date, c.Received = now.AddDate(-1, 0, 0), 1 })},

		{rule: "msg.duplicate-headers", name: "two subjects", want: Fail, says: "subject, to", edit: inContent(func(c *facts.Content) { c.Repeated = []string{"subject", "to"} })},
		{rule: "msg.header-syntax", name: "a broken line", want: Warn, says: "2 lines", edit: inContent(func(c *facts.Content) { c.Broken = 2 })},

		{rule: "msg.line-length", name: "999", want: Fail, says: "line 3 has 999 octets, more than 998", edit: inContent(func(c *facts.Content) { c.Longest = 999 })},
		{rule: "msg.line-length", name: "a bare CR", want: Fail, says: "2 CRs without LF", edit: inContent(func(c *facts.Content) { c.BareCR = 2 })},
		{rule: "msg.line-length", name: "a bare LF", want: Fail, says: "1 LF without CR", edit: inContent(func(c *facts.Content) { c.BareLF = 1 })},
		{rule: "msg.8bit-header", name: "in the subject", want: Warn, says: "subject", edit: inContent(func(c *facts.Content) { c.EightBit = []string{"subject"} })},

		{rule: "msg.size", name: "beyond Gmail's", want: Warn, says: "26 MiB, more than the 25", edit: inContent(func(c *facts.Content) { c.Size = 26 << 20 })},
		{rule: "msg.size", name: "beyond many's", want: Info, says: "21 MiB", edit: inContent(func(c *facts.Content) { c.Size = 21 << 20 })},
		{rule: "msg.size", name: "at the limit", want: Pass, edit: inContent(func(c *facts.Content) { c.Size = 20 << 20 })},

		{rule: "msg.dkim-fail", name: "changed", want: Fail, says: "the body was changed", edit: ofSignature(func(s *facts.Signature, _ *facts.Coverage) { s.Result, s.Why = "fail", "the body was changed" })},
		{rule: "msg.dkim-fail", name: "no key", want: Fail, says: "no key", edit: ofSignature(func(s *facts.Signature, _ *facts.Coverage) { s.Result, s.Why = "permerror", "no key is published" })},
		{rule: "msg.dkim-fail", name: "no answer", want: Unknown, says: "timeout", edit: ofSignature(func(s *facts.Signature, _ *facts.Coverage) { s.Result, s.Why = "temperror", "timeout" })},
		{rule: "msg.dkim-fail", name: "it fits, and has l=", want: Pass, edit: ofSignature(func(s *facts.Signature, _ *facts.Coverage) { s.Result, s.Why = "policy", "l=0 has it" })},
		{rule: "msg.dkim-fail", name: "not signed", edit: written(func(_ *facts.Facts, m *facts.Message) { m.Signatures, m.Content.Coverage = nil, nil })},

		{rule: "msg.dkim-l-tag", name: "l=", want: Warn, says: "l=0", edit: ofSignature(func(_ *facts.Signature, c *facts.Coverage) { c.Length, c.Partial = "0", true })},
		{rule: "msg.dkim-x-expired", name: "expired", want: Fail, says: "expired at 2026-11-22T11:00:00Z", edit: ofSignature(func(s *facts.Signature, c *facts.Coverage) {
			s.Expires, c.Signed = now.Add(-time.Hour), now.Add(-2*time.Hour)
		})},
		{rule: "msg.dkim-x-expired", name: "before it was signed", want: Fail, says: "not later than its t=", edit: ofSignature(func(s *facts.Signature, c *facts.Coverage) { s.Expires, c.Signed = now, now })},
		{rule: "msg.dkim-x-expired", name: "of the future", want: Fail, says: "in the future", edit: ofSignature(func(s *facts.Signature, c *facts.Coverage) { s.Expires, c.Signed = time.Time{}, now.Add(time.Hour) })},
		{rule: "msg.dkim-x-expired", name: "of old mail", want: Pass, edit: written(func(_ *facts.Facts, m *facts.Message) {
			m.Signatures[0].Expires, m.Content.Coverage[0].Signed, m.Content.Received = now.AddDate(-1, 0, 0), now.AddDate(-2, 0, 0), 1
		})},
		{rule: "msg.dkim-oversign", name: "without From", want: Fail, says: "does not name From", edit: ofSignature(func(_ *facts.Signature, c *facts.Coverage) { c.Fields = []string{"subject"} })},
		{rule: "msg.dkim-oversign", name: "From once", want: Info, says: "no more often", edit: ofSignature(func(_ *facts.Signature, c *facts.Coverage) { c.Fields = []string{"from"} })},

		{rule: "msg.content-score", name: "spam", want: Warn, says: "scores 5.0, and is spam from 5.0: GTUBE", edit: opinion(facts.Know(facts.Opinion{Score: 5, Required: 5, Symbols: []string{"GTUBE"}}))},
		{rule: "msg.content-score", name: "none", want: Pass, edit: opinion(facts.Know(facts.Opinion{Score: 4.9, Required: 5}))},
		{rule: "msg.content-score", name: "silent", want: Unknown, says: "closed", edit: opinion(facts.Cannot[facts.Opinion]("closed"))},
		{rule: "msg.content-score", name: "nobody asked", edit: inContent(func(*facts.Content) {})},
		{rule: "msg.list-unsubscribe", name: "none", want: Warn, says: "no List-Unsubscribe", edit: inContent(func(c *facts.Content) { c.Unsubscribe = nil })},
		{rule: "msg.list-unsubscribe", name: "empty", want: Warn, says: "no mailto or https URI", edit: inContent(func(c *facts.Content) { c.Unsubscribe = []string{""} })},
		{rule: "msg.list-unsubscribe", name: "without brackets", want: Warn, says: `"https://a.example/u"`, edit: inContent(func(c *facts.Content) { c.Unsubscribe = []string{"https://a.example/u"} })},
		{rule: "msg.list-unsubscribe", name: "by mail", want: Pass, edit: inContent(func(c *facts.Content) { c.Unsubscribe = []string{"(mail) <MAILTO:u@a.example>"} })},
		{rule: "msg.list-unsubscribe-post", name: "with a blank", want: Pass, edit: inContent(func(c *facts.Content) { c.Unsubscribe = []string{"< https://a.example/u>"} })},
		{rule: "msg.list-unsubscribe", name: "to one", edit: inContent(func(c *facts.Content) { c.Unsubscribe, c.OneClick, c.List = nil, nil, false })},
		{rule: "msg.list-unsubscribe", name: "of a bulk sender", want: Warn, edit: written(func(f *facts.Facts, m *facts.Message) {
			f.Profile.Name, m.Content.Unsubscribe, m.Content.OneClick, m.Content.List = facts.Bulk, nil, nil, false
		})},
		{rule: "msg.list-unsubscribe-post", name: "none", want: Warn, says: "no List-Unsubscribe-Post", edit: inContent(func(c *facts.Content) { c.OneClick = nil })},
		{rule: "msg.list-unsubscribe-post", name: "other words", want: Warn, says: `"yes"`, edit: inContent(func(c *facts.Content) { c.OneClick = []string{"yes"} })},
		{rule: "msg.list-unsubscribe-post", name: "no https", want: Warn, says: "no https URI", edit: inContent(func(c *facts.Content) { c.Unsubscribe = []string{"<http://a.example>"} })},
		{rule: "msg.list-unsubscribe-post", name: "neither", edit: inContent(func(c *facts.Content) { c.OneClick, c.Unsubscribe = nil, nil })},
		{rule: "msg.list-unsubscribe-unsigned", name: "one alone", want: Warn, says: "no valid signature", edit: ofSignature(func(_ *facts.Signature, c *facts.Coverage) { c.Fields = []string{"from", "list-unsubscribe"} })},
		{rule: "msg.list-unsubscribe-unsigned", name: "by a void one", want: Warn, edit: ofSignature(func(s *facts.Signature, _ *facts.Coverage) { s.Result = "fail" })},
		{rule: "msg.list-unsubscribe-unsigned", name: "not known", want: Unknown, says: "timeout", edit: ofSignature(func(s *facts.Signature, _ *facts.Coverage) { s.Result, s.Why = "temperror", "timeout" })},
		{rule: "msg.list-unsubscribe-unsigned", name: "not signed", edit: written(func(_ *facts.Facts, m *facts.Message) { m.Signatures, m.Content.Coverage = nil, nil })},
	}, linkCases)

// opinion is what a filter says of it.
func opinion(of facts.Fact[facts.Opinion]) func(*facts.Facts) {
	return written(func(_ *facts.Facts, m *facts.Message) {
		m.Scores = []facts.Score{{Engine: "spamd", Addr: "127.0.0.1:783", Of: of}}
	})
}

// inOrder are cases in which rules find nothing wrong with the message.
func inOrder(rules ...string) []ruleCase {
	var l []ruleCase
	for _, r := range rules {
		l = append(l, ruleCase{rule: r, name: "in order", want: Pass, edit: inContent(func(*facts.Content) {})})
	}
	return l
}

// leading is a message that leads to a domain, of which lists say something.
func leading(l ...facts.Listing) func(*facts.Facts) {
	return inContent(func(c *facts.Content) {
		c.Links = []string{"far.example"}
		for _, x := range l {
			x.Target, x.Kind = "far.example", "domain"
			c.LinkListings = append(c.LinkListings, x)
		}
	})
}

var linkCases = []ruleCase{
	{rule: "msg.url-listed", name: "no links", edit: inContent(func(*facts.Content) {})},
	{rule: "msg.url-listed", name: "no lists", edit: leading()},
	{rule: "msg.url-listed", name: "clean", want: Pass, edit: leading(facts.Listing{Zone: "dbl.spamhaus.org", Status: facts.Clean})},
	{rule: "msg.url-listed", name: "listed", want: Fail, says: "dbl.spamhaus.org lists far.example", edit: leading(
		facts.Listing{Zone: "dbl.spamhaus.org", Status: facts.Listed, Class: "domain", Meaning: "spam domain", Codes: []string{"127.0.1.2"}},
		facts.Listing{Zone: "multi.surbl.org", Status: facts.NoClue, Why: "timeout"})},
	{rule: "msg.url-listed", name: "abused", want: Warn, says: "far.example", edit: leading(
		facts.Listing{Zone: "dbl.spamhaus.org", Status: facts.Listed, Class: "abused", Meaning: "legitimate but abused: spam", Codes: []string{"127.0.1.102"}})},
	{rule: "msg.url-listed", name: "an abused redirector", want: Pass, edit: leading(
		facts.Listing{Zone: "dbl.spamhaus.org", Status: facts.Listed, Class: "abused", Meaning: "legitimate but abused: redirector", Codes: []string{"127.0.1.103"}})},
	{rule: "msg.url-listed", name: "no answer", want: Unknown, says: "no list of domains answered; multi.surbl.org: timeout", edit: leading(
		facts.Listing{Zone: "multi.surbl.org", Status: facts.NoClue, Why: "timeout"})},
	{rule: "msg.url-listed", name: "refused", want: Unknown, says: "refused", edit: leading(
		facts.Listing{Zone: "dbl.spamhaus.org", Status: facts.Refused, Why: "refused"})},
	{rule: "msg.public-shortener", name: "clean", want: Pass, edit: leading(facts.Listing{Zone: "dbl.spamhaus.org", Status: facts.Clean})},
	{rule: "msg.public-shortener", name: "no answer", want: Unknown, says: "timeout", edit: leading(facts.Listing{Zone: "multi.surbl.org", Status: facts.NoClue, Why: "timeout"})},
	{rule: "msg.public-shortener", name: "abused", want: Warn, says: "redirector", edit: leading(
		facts.Listing{Zone: "dbl.spamhaus.org", Status: facts.Listed, Class: "abused", Meaning: "legitimate but abused: redirector", Codes: []string{"127.0.1.103"}})},

	{rule: "msg.attachment-type", name: "a picture", want: Pass, edit: inContent(func(c *facts.Content) { c.Attachments = []string{"logo.png", "notes", "a.exe.txt"} })},
	{rule: "msg.attachment-type", name: "a program", want: Warn, says: "Setup.EXE", edit: inContent(func(c *facts.Content) { c.Attachments = []string{"logo.png", "Setup.EXE "} })},

	{rule: "msg.arc", name: "no chain", edit: inContent(func(*facts.Content) {})},
	{rule: "msg.arc", name: "whole", want: Pass, edit: inContent(func(c *facts.Content) { c.ARC = &facts.ARC{Sets: 1, CV: "none"} })},
	{rule: "msg.arc", name: "broken", want: Warn, says: "set 2", edit: inContent(func(c *facts.Content) {
		c.ARC = &facts.ARC{Sets: 2, CV: "pass", Problems: []string{"set 2 has 0 fields ARC-Seal"}}
	})},
	{rule: "msg.arc", name: "verified", want: Pass, edit: inContent(func(c *facts.Content) { c.ARC = &facts.ARC{Sets: 1, CV: "none", Result: facts.ARCPass} })},
	{rule: "msg.arc", name: "not verified", want: Warn, says: "chain of 1 set does not verify: ARC-Seal 1", edit: inContent(func(c *facts.Content) {
		c.ARC = &facts.ARC{Sets: 1, CV: "none", Result: facts.ARCFail, Why: "ARC-Seal 1: the seal does not fit"}
	})},
	{rule: "msg.arc", name: "a key that is lost", want: Unknown, says: "timeout", edit: inContent(func(c *facts.Content) {
		c.ARC = &facts.ARC{Sets: 1, CV: "none", Result: facts.ARCUnknown, Why: "timeout"}
	})},
	{rule: "msg.arc", name: "failed", want: Warn, says: "cv=fail", edit: inContent(func(c *facts.Content) { c.ARC = &facts.ARC{Sets: 2, CV: "fail"} })},
}
