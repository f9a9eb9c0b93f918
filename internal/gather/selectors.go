package gather

// commonSelectors are the names that signers use most, by how often they were seen: the fixed ones of mailbox
// hosts and sending services, and the defaults of mail servers. About a fifth of all names in use are random tokens,
// so that trying can find a key and never prove that there is none.
var commonSelectors = []string{
	"selector1", "selector2", "google", "s1", "s2", "default", "k1", "k2", "k3", "mail", "dkim", "resend",
	"zmail", "zoho", "brevo1", "brevo2", "mailjet", "mandrill", "smtp", "mx", "key1", "key2", "sig1", "fm1",
	"fm2", "fm3", "protonmail", "protonmail2", "protonmail3", "mte1", "mte2", "krs", "pdk1", "pdk2", "mailo",
	"mg", "pic", "api", "smtpapi", "m1", "m2", "cm", "ctct1", "ctct2", "kl", "kl2", "hs1", "hs2", "zendesk1",
	"zendesk2", "strong1", "strong2", "mlsend", "mlsend2", "litesrv", "cka", "cka2", "acdkim1", "acdkim2",
	"aweber_key_a", "eo", "everlytickey1", "everlytickey2", "selector1-azurecomm-prod-net", "cf2024-1",
	"titan1", "titan2", "mbo0001", "purelymail1", "secureserver1", "s1-ionos", "hostingermail1",
	"hostingermail-a", "dkimprovmx1", "gm1", "szn1", "mailru", "key3", "200608",
}

// twins are the selectors that a provider has all its customers publish, so that it can change keys without asking them:
// where one is there and another is not, the next change breaks the signatures.
var twins = map[string][]string{
	"Microsoft 365":                {"selector1", "selector2"},
	"Fastmail":                     {"fm1", "fm2", "fm3"},
	"Proton Mail":                  {"protonmail", "protonmail2", "protonmail3"},
	"mailbox.org":                  {"mbo0001", "mbo0002", "mbo0003", "mbo0004"},
	"SendGrid":                     {"s1", "s2"},
	"Brevo":                        {"brevo1", "brevo2"},
	"Azure Communication Services": {"selector1-azurecomm-prod-net", "selector2-azurecomm-prod-net"},
	"AWeber":                       {"aweber_key_a", "aweber_key_b", "aweber_key_c"},
	"Zendesk":                      {"zendesk1", "zendesk2"},
	"Help Scout":                   {"strong1", "strong2"},
}

// provider is a mailbox host or sending service.
type provider struct {
	name      string
	names     []string // domains of its MX hosts, its SPF includes and the targets of its customers' CNAMEs
	selectors []string // those that are the same for all customers
}

// providers tell from names in a domain's DNS who hosts and sends its mail.
var providers = []provider{
	{"Microsoft 365", []string{"protection.outlook.com", "mx.microsoft", "onmicrosoft.com", "dkim.mail.microsoft"}, []string{"selector1", "selector2"}},
	{"Google Workspace", []string{"google.com"}, []string{"google"}},
	{"Zoho Mail", []string{"zoho.com", "zoho.eu", "zoho.in", "zoho.com.au", "zoho.jp", "zohomail.com"}, []string{"zmail", "zoho", "zoho1"}},
	{"Fastmail", []string{"messagingengine.com", "fmhosted.com"}, []string{"fm1", "fm2", "fm3", "mesmtp"}},
	{"Proton Mail", []string{"protonmail.ch", "proton.ch"}, []string{"protonmail", "protonmail2", "protonmail3"}},
	{"iCloud+", []string{"icloud.com"}, []string{"sig1"}},
	{"mailbox.org", []string{"mailbox.org"}, []string{"mbo0001", "mbo0002", "mbo0003", "mbo0004"}},
	{"IONOS", []string{"ionos.com", "ionos.de", "kundenserver.de"}, []string{"s1-ionos", "s2-ionos", "s42582890"}},
	{"STRATO", []string{"strato.com", "rzone.de"}, []string{"strato-dkim-0002", "strato-dkim-0003"}},
	{"Hostinger", []string{"hostinger.com"}, []string{"hostingermail1", "hostingermail2", "hostingermail-a", "hostingermail-b", "hostingermail-c"}},
	{"GoDaddy", []string{"secureserver.net", "onsecureserver.net"}, []string{"secureserver1", "secureserver2"}},
	{"Titan", []string{"titan.email", "flockmail.com"}, []string{"titan1", "titan2"}},
	{"Gandi", []string{"gandi.net", "gandimail.net"}, []string{"gm1", "gm2", "gm3"}},
	{"Purelymail", []string{"purelymail.com"}, []string{"purelymail1", "purelymail2", "purelymail3"}},
	{"Seznam", []string{"seznam.cz"}, []string{"szn1", "szn2", "szn3"}},
	{"Uberspace", []string{"uberspace.de"}, []string{"uberspace1", "uberspace2"}},
	{"SimpleLogin", []string{"simplelogin.co"}, []string{"dkim", "dkim02", "dkim03"}},
	{"Cloudflare Email Routing", []string{"mx.cloudflare.net"}, []string{"cf2024-1"}},
	{"ImprovMX", []string{"improvmx.com"}, []string{"dkimprovmx1", "dkimprovmx2"}},
	{"Amazon SES", []string{"amazonses.com"}, nil},
	{"SendGrid", []string{"sendgrid.net"}, []string{"s1", "s2", "smtpapi", "m1"}},
	{"Mailgun", []string{"mailgun.org"}, []string{"krs", "k1", "mx", "smtp", "pic", "mailo", "pdk1", "pdk2"}},
	{"Postmark", []string{"mtasv.net"}, nil},
	{"Mailchimp", []string{"mcsv.net"}, []string{"k1", "k2", "k3"}},
	{"Mandrill", []string{"mandrillapp.com"}, []string{"mandrill", "mte1", "mte2"}},
	{"Brevo", []string{"brevo.com", "sendinblue.com"}, []string{"brevo1", "brevo2", "mail"}},
	{"Mailjet", []string{"mailjet.com"}, []string{"mailjet"}},
	{"SparkPost", []string{"sparkpostmail.com"}, nil},
	{"Azure Communication Services", []string{"azurecomm.net"}, []string{"selector1-azurecomm-prod-net", "selector2-azurecomm-prod-net"}},
	{"Salesforce", []string{"salesforce.com", "custdkim.salesforce.com"}, nil},
	{"Pardot", []string{"pardot.com"}, []string{"200608"}},
	{"Marketo", []string{"mktomail.com"}, []string{"m1"}},
	{"HubSpot", []string{"hubspotemail.net"}, nil},
	{"ActiveCampaign", []string{"emsd1.com", "acems1.com"}, []string{"acdkim1", "acdkim2", "dk"}},
	{"AWeber", []string{"aweber.com"}, []string{"aweber_key_a", "aweber_key_b", "aweber_key_c"}},
	{"Campaign Monitor", []string{"createsend.com"}, []string{"cm"}},
	{"MailerLite", []string{"mlsend.com"}, []string{"litesrv", "ml"}},
	{"MailerSend", []string{"mailersend.net"}, []string{"mlsend2", "mlsend"}},
	{"Emma", []string{"e2ma.net"}, []string{"e2ma-k1", "e2ma-k2", "e2ma-k3"}},
	{"Sender.net", []string{"sendersrv.com"}, []string{"sender"}},
	{"SMTP2GO", []string{"smtp2go.com", "smtp2go.net"}, nil},
	{"Elastic Email", []string{"elasticemail.com"}, []string{"api"}},
	{"Mailtrap", []string{"smtp.mailtrap.live"}, []string{"rwmt1", "rwmt2"}},
	{"Zendesk", []string{"zendesk.com"}, []string{"zendesk1", "zendesk2"}},
	{"Help Scout", []string{"helpscoutemail.com"}, []string{"strong1", "strong2"}},
	{"MailChannels", []string{"mailchannels.net"}, []string{"mailchannels"}},
	{"Atlassian", []string{"atlassian.net"}, []string{"s1", "s2"}},
	{"Firebase", []string{"firebasemail.com"}, []string{"firebase1", "firebase2"}},
}
