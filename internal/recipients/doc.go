// Package recipients reads a list of mail addresses, row by row, and says of each whether it is to be kept, put right or
// dropped: by its syntax (address.go), as a duplicate, by what is known of its domain (domains.go, names.go) and by the
// bounces of earlier mail (bounces.go). No host of a recipient is connected to. Memory holds what is under way, one digest
// for each address that was seen and one verdict for each domain; the rest streams.
package recipients
