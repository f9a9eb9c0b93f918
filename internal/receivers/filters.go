package receivers

// filters are the books of those who stand before the mailboxes of companies.
var filters = []Book{
	{
		Receiver: "mimecast", Title: "Mimecast", Brands: []string{"domains with an MX beneath mimecast.com"},
		Unseen: "what a customer has turned on, greylisting of unknown senders and Mimecast's own reputation data cannot be seen from outside",
		Sources: []Source{
			{"replies", "Mimecast SMTP error codes, as collected by sisimai", "github.com/sisimai/go-sisimai", "read in 2026-11", Documented},
		},
		Requirements: []Requirement{
			{ID: "mimecast.spf", What: "SPF does not fail", Broken: hardFail, Outcome: Unsaid, Stage: Data, Rules: []string{"spf.ip-not-covered"}, Source: "replies",
				Note: "550 SPF Sender Invalid - envelope rejected, where the customer has it so"},
			{ID: "mimecast.dkim", What: "no signature fails", Broken: signatureIs(Missing, Revoked, Unusable, Misused, Untyped, Short, Wrong, Excused), Outcome: Unsaid, Stage: Data,
				Rules: dkimRules, Source: "replies", Note: "550 DKIM Sender Invalid - envelope rejected, where the customer has it so"},
			{ID: "mimecast.dmarc", What: "mail passes DMARC where the owner of the domain asks to quarantine or reject what fails",
				Broken: disowned(rfc, "quarantine", "reject"), Outcome: Unsaid, Stage: Data, Rules: disownedRules, Source: "replies",
				Note: "550 DMARC Sender Invalid - envelope rejected, where the customer has it so"},
		},
	},
	{
		Receiver: "proofpoint", Title: "Proofpoint", Brands: []string{"domains with an MX beneath pphosted.com"},
		Unseen: "Proofpoint's own block list (554 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi) and what a customer has turned on cannot be seen from outside",
		Sources: []Source{
			{"replies", "Proofpoint's replies and what its postmaster asks for", "https://ipcheck.proofpoint.com", "read in 2026-11", Documented},
		},
		Requirements: []Requirement{
			{ID: "proofpoint.ptr", What: "the sending address has a PTR record", Broken: noPTR, Outcome: Unsaid, Stage: Connect, Rules: ptrRules, Source: "replies"},
			{ID: "proofpoint.ptr-confirmed", What: "the reverse name leads back to the sending address", Broken: misled, Outcome: Unsaid, Stage: Connect,
				Rules: unmatchedRules, Source: "replies"},
			{ID: "proofpoint.ptr-generic", What: "the reverse name is that of a mail server", Broken: generic, Outcome: Unsaid, Stage: Connect,
				Rules: []string{"ptr.generic"}, Source: "replies"},
			{ID: "proofpoint.authenticated", What: "SPF or DKIM passes", Broken: unauthenticated, Outcome: Unsaid, Stage: Data, Rules: authRules, Source: "replies"},
			undocumentedDMARC("proofpoint"),
		},
	},
	{
		Receiver: "barracuda", Title: "Barracuda", Brands: []string{"domains with an MX beneath barracudanetworks.com"},
		Unseen: "what a customer has turned on, intent analysis and content cannot be seen from outside",
		Sources: []Source{
			{"replies", "Replies of Barracuda appliances", "github.com/sisimai/set-of-emails", "2025-12-10", Documented},
		},
		Requirements: []Requirement{
			{ID: "barracuda.listed", What: "the sending address is not on the Barracuda Reputation Block List",
				Broken: listed("b.barracudacentral.org", address, anyCode), Outcome: Reject, Stage: Rcpt,
				Reply: "554 5.7.1 Service unavailable; Client host [{ip}] blocked using b.barracudacentral.org", Rules: []string{"dnsbl.listed-major"}, Source: "replies"},
			undocumentedDMARC("barracuda"),
		},
	},
}
