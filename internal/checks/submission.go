package checks

var submissionChecks = []*Check{}
