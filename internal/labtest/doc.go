//go:build lab

// Package labtest runs mailaudit against real servers: NSD, Unbound, rbldnsd, Postfix, Dovecot and nginx, in two network
// namespaces of their own that lead nowhere else. One holds the world, all of its servers on documentation addresses; in
// the other the built binary runs beside its resolvers, and every packet between them crosses one wire:
//
//	world    198.51.100.0/24, 203.0.113.0/24            auditor  192.0.2.2
//	  .1 ---------------------- 192.0.2.0/24 ---------------------- .2
//
// What the world does not hold is dropped without a word, as by a firewall. The lab owns the DNS root, so that blocklists
// stand under their real names. lab/README.md says how to bring it up by hand.
package labtest
