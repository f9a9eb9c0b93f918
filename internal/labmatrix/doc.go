//go:build lab

// Package labmatrix holds the forecasts against real receivers: it sends a sample message of each sender of one table to each
// receiver of another, records what they answer, has the built mailaudit audit the same sender, and compares what it foretells
// with the answer. Then it publishes what `mailaudit fix` says, where the cause is in the sender's DNS, and sends again.
//
// The senders, their MX hosts, the name servers and the blocklists are in one network namespace, the receivers, their
// resolver and mailaudit in the other (internal/netlab). lab/README.md says how to add a sender or a receiver: a row.
package labmatrix
