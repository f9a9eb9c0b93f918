// Package testnet starts real servers on loopback, for the tests and for the demo: DNS (RFC 1035) from zone-file text,
// and SMTP (RFC 5321). They speak the protocols over sockets, since what breaks in the field is below any fake: a
// datagram is lost, truncated or forged, a greeting comes late, a certificate is wrong. So each server has faults, and
// a log of what it was asked. Nothing here binds or dials an address that is not on loopback.
package testnet
