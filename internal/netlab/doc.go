//go:build lab

// Package netlab keeps a laboratory of real servers: two network namespaces that lead nowhere else, the processes in them,
// and their configuration from templates. What servers there are, and what is done with them, is the business of its two
// users: labtest (mailaudit against real servers) and labmatrix (its forecasts against real receivers).
//
//	world                                                auditor  192.0.2.2
//	  .1 ---------------------- 192.0.2.0/24 ---------------------- .2
//
// What nobody holds is dropped without a word, as by a firewall.
package netlab
