package checks

import "mailaudit/internal/facts"

// carries gives the healthy domain a message with a signature of a domain, "" for none, and MAIL FROM at one that passes SPF.
func carries(signer, mailFrom string) func(*facts.Facts) {
	return inTurn(written(func(_ *facts.Facts, m *facts.Message) {
		m.Signatures[0].Domain = signer
		if signer == "" {
			m.Signatures, m.Content.Coverage = nil, nil
		}
	}), sendsAs(mailFrom, signer))
}

// sendsFromNowhere has no address that would send.
func sendsFromNowhere(f *facts.Facts) { f.Results, f.Sources, f.Streams[0].IPs = nil, nil, nil }

func lostPolicyRecord(f *facts.Facts) { f.DMARC = facts.Cannot[facts.DMARC](lostWhy) }

// spfIsLost is a lookup that failed.
func spfIsLost(f *facts.Facts) { f.Results[0].Result, f.Results[0].Why = "temperror", lostWhy }

// lostOrgOf takes away what is known of a domain's organization.
func lostOrgOf(domain string) func(*facts.Facts) {
	return func(f *facts.Facts) {
		for i := range f.Orgs {
			if f.Orgs[i].Domain == domain {
				f.Orgs[i].Org = facts.Cannot[string](lostWhy)
			}
		}
	}
}

const (
	itself  = "healthy.example"
	bounces = "bounce.healthy.example"
	far     = "esp.example"
)

var messageAlignedCases = []ruleCase{
	{rule: "msg.dkim-not-aligned", want: Fail, says: "d=esp.example; MAIL FROM (esp.example) is not aligned with From: DMARC fails, and the policy is reject", edit: carries(far, far)},
	{rule: "msg.dkim-not-aligned", name: "in order", want: Pass, edit: carries(itself, far)},
	{rule: "msg.dkim-not-aligned", name: "of a subdomain", want: Pass, edit: carries(bounces, far)},
	{rule: "msg.dkim-not-aligned", name: "of a subdomain, under adkim=s", want: Fail, says: "the policy is reject", edit: inTurn(withDMARC("v=DMARC1; p=reject; adkim=s"), carries(bounces, far))},
	{rule: "msg.dkim-not-aligned", name: "one of two", want: Pass, edit: inTurn(carries(far, far), func(f *facts.Facts) {
		f.Messages[0].Signatures = append(f.Messages[0].Signatures, facts.Signature{Domain: itself, Selector: "s1", Result: facts.SignaturePass})
	})},
	{rule: "msg.dkim-not-aligned", name: "aligned, and broken", want: Pass, edit: inTurn(carries(itself, far), func(f *facts.Facts) { f.Messages[0].Signatures[0].Result = facts.SignatureFail })}, // msg.dkim-fail
	{rule: "msg.dkim-not-aligned", name: "none", want: "", edit: carries("", far)},
	{rule: "msg.dkim-not-aligned", name: "none of those that were looked at", want: Unknown, edit: inTurn(carries("", far), func(f *facts.Facts) { f.Messages[0].Unread = 1 })},
	{rule: "msg.dkim-not-aligned", name: "of a third party, and some were not looked at", want: Unknown, says: "40 signatures more not looked at", edit: inTurn(carries(far, far), func(f *facts.Facts) { f.Messages[0].Unread = 40 })},
	{rule: "msg.dkim-not-aligned", name: "SPF passes", want: Warn, says: "DMARC rests on SPF alone", edit: carries(far, bounces)},
	{rule: "msg.dkim-not-aligned", name: "SPF does not pass", want: Fail, says: "SPF does not pass for bounce.healthy.example: DMARC fails", edit: inTurn(carries(far, bounces), gets("softfail"))},
	{rule: "msg.dkim-not-aligned", name: "SPF lost", want: Unknown, says: "whether SPF passes: 11.22.33.44: " + lostWhy, edit: inTurn(carries(far, bounces), spfIsLost)},
	{rule: "msg.dkim-not-aligned", name: "who sends is not known", want: Warn, says: "which --ip would tell", edit: inTurn(carries(far, bounces), sendsFromNowhere)},
	{rule: "msg.dkim-not-aligned", name: "who sends is not known, and it does not matter", want: Fail, edit: inTurn(carries(far, far), sendsFromNowhere)},
	{rule: "msg.dkim-not-aligned", name: "p=none", want: Warn, says: "no policy asks", edit: inTurn(withDMARC("v=DMARC1; p=none"), carries(far, far))},
	{rule: "msg.dkim-not-aligned", name: "no policy", want: Warn, says: "no policy asks", edit: inTurn(noDMARC, carries(far, far))},
	{rule: "msg.dkim-not-aligned", name: "p=none, in bulk", want: Fail, says: "bulk", edit: inTurn(withDMARC("v=DMARC1; p=none"), carries(far, far), asBulk)},
	{rule: "msg.dkim-not-aligned", name: "policy lost", want: Unknown, says: "the DMARC policy: " + lostWhy, edit: inTurn(carries(far, far), lostPolicyRecord)},
	{rule: "msg.dkim-not-aligned", name: "nobody knows whether np= holds", want: Unknown, says: "hangs on whether", edit: inTurn(npInDoubt("p=none"), carries(far, far))},
	{rule: "msg.dkim-not-aligned", name: "organization lost", want: Unknown, says: lostWhy, edit: inTurn(carries("news.healthy.example", far), lostOrgOf("news.healthy.example"))},
	{rule: "msg.dkim-not-aligned", name: "from a mailbox provider", want: "", edit: inTurn(carries(far, far), func(f *facts.Facts) { f.Messages[0].Content.Author = "gmail.com" })},
	{rule: "msg.dkim-not-aligned", name: "of a sample", want: "", edit: inTurn(carries(far, far), func(f *facts.Facts) { f.Messages[0].Content = nil })},

	{rule: "msg.spf-not-aligned", want: Fail, says: "the message has no DKIM signature; MAIL FROM (esp.example) is not aligned with From: DMARC fails, and the policy is reject", edit: carries("", far)},
	{rule: "msg.spf-not-aligned", name: "in order", want: Pass, edit: carries("", bounces)},
	{rule: "msg.spf-not-aligned", name: "signed", want: "", edit: carries(far, far)},
	{rule: "msg.spf-not-aligned", name: "SPF does not pass", want: Fail, says: "SPF does not pass for bounce.healthy.example: nothing says", edit: inTurn(withDMARC("v=DMARC1; p=none"), carries("", bounces), gets("neutral"))},
	{rule: "msg.spf-not-aligned", name: "SPF lost", want: Unknown, says: lostWhy, edit: inTurn(carries("", bounces), spfIsLost)},
	{rule: "msg.spf-not-aligned", name: "who sends is not known", want: "", edit: inTurn(carries("", bounces), sendsFromNowhere)},
	{rule: "msg.spf-not-aligned", name: "p=none", want: Warn, says: "no policy asks", edit: inTurn(withDMARC("v=DMARC1; p=none"), carries("", far))},
	{rule: "msg.spf-not-aligned", name: "p=none, in bulk", want: Fail, says: "bulk", edit: inTurn(withDMARC("v=DMARC1; p=none"), carries("", far), asBulk)},
	{rule: "msg.spf-not-aligned", name: "organization lost", want: Unknown, says: lostWhy, edit: inTurn(carries("", "news.healthy.example"), lostOrgOf("news.healthy.example"))},
}
