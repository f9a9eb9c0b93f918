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

// provider is a mailbox host or sending service whose customers sign under fixed selectors.
type provider struct {
	name      string
	names     []string // domains of its MX hosts and SPF includes
	selectors []string
}

// providers are those whose selectors are not all among the common ones.
var providers = []provider{
	{"mailbox.org", []string{"mailbox.org"}, []string{"mbo0001", "mbo0002", "mbo0003", "mbo0004"}},
	{"Zoho", []string{"zoho.com", "zoho.eu", "zoho.in", "zohomail.com"}, []string{"zmail", "zoho", "zoho1"}},
	{"Fastmail", []string{"messagingengine.com"}, []string{"fm1", "fm2", "fm3", "mesmtp"}},
	{"IONOS", []string{"ionos.com", "ionos.de", "kundenserver.de"}, []string{"s1-ionos", "s2-ionos", "s42582890"}},
	{"STRATO", []string{"strato.com", "rzone.de"}, []string{"strato-dkim-0002", "strato-dkim-0003"}},
	{"Hostinger", []string{"hostinger.com"}, []string{"hostingermail1", "hostingermail2", "hostingermail-a", "hostingermail-b", "hostingermail-c"}},
	{"GoDaddy", []string{"secureserver.net"}, []string{"secureserver1", "secureserver2"}},
	{"Gandi", []string{"gandi.net"}, []string{"gm1", "gm2", "gm3"}},
	{"Purelymail", []string{"purelymail.com"}, []string{"purelymail1", "purelymail2", "purelymail3"}},
	{"Seznam", []string{"seznam.cz"}, []string{"szn1", "szn2", "szn3"}},
	{"Uberspace", []string{"uberspace.de"}, []string{"uberspace1", "uberspace2"}},
	{"SimpleLogin", []string{"simplelogin.co"}, []string{"dkim", "dkim02", "dkim03"}},
	{"ImprovMX", []string{"improvmx.com"}, []string{"dkimprovmx1", "dkimprovmx2"}},
	{"Emma", []string{"e2ma.net"}, []string{"e2ma-k1", "e2ma-k2", "e2ma-k3"}},
	{"Sender.net", []string{"sendersrv.com"}, []string{"sender"}},
	{"Mailtrap", []string{"smtp.mailtrap.live"}, []string{"rwmt1", "rwmt2"}},
	{"MailChannels", []string{"mailchannels.net"}, []string{"mailchannels"}},
	{"Azure Communication Services", []string{"azurecomm.net"}, []string{"selector1-azurecomm-prod-net", "selector2-azurecomm-prod-net"}},
	{"AWeber", []string{"aweber.com"}, []string{"aweber_key_a", "aweber_key_b", "aweber_key_c"}},
	{"Firebase", []string{"firebasemail.com"}, []string{"firebase1", "firebase2"}},
}
