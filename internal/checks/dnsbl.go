package checks

var dnsblChecks = []*Check{}
