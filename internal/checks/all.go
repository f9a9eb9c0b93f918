package checks

import "slices"

// All are the rules, in the order of the report. A new rule is one entry in its area's list.
var All = slices.Concat(
	domainChecks,
	zoneChecks,
	serverChecks,
	registrationChecks,
	mxChecks,
	mxRecordChecks,
	spfChecks,
	dkimChecks,
	dmarcChecks,
	ptrChecks,
	ptrNameChecks,
	dnsblChecks,
	dnsblOperatorChecks,
	dnsblNearChecks,
	submissionChecks,
	inboundChecks,
	mtastsChecks,
	tlsrptChecks,
	daneChecks,
	dnssecChecks,
	bimiChecks,
	parkedChecks,
	messageChecks,
)
