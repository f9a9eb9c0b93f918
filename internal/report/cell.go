package report

// Cell is a text from outside as a cell of CSV that no spreadsheet takes for a formula.
func Cell(s string) string { return literal(s) }
