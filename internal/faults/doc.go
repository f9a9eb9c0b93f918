// Package faults holds tests alone: what whole audits make of a hostile world. docs/reliability.md says what they found.
package faults
