// Package mailaudit holds the data that the mailaudit command carries inside its binary, so that it runs
// without any file installed beside it. The command is in cmd/mailaudit.
package mailaudit

import _ "embed"

// Blocklists is blocklists.txt: the DNS blocklists that an audit asks and the zones that it must not ask. Package
// internal/blocklist reads it; the file's own first lines describe its form.
//
//go:embed blocklists.txt
var Blocklists string

// ReportSchema is docs/report.schema.json: what a report in JSON looks like (JSON Schema 2020-12).
//
//go:embed docs/report.schema.json
var ReportSchema string
