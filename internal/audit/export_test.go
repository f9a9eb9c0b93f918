package audit

import "mailaudit/internal/facts"

// Judge makes the report from facts. Its fixes are not proven: that needs what they lead to.
func Judge(f *facts.Facts, o Options) *Report {
	x := judge(f, o)
	rank(x.report, x.proposals)
	return x.report
}
