// Package history keeps reports in one SQLite file, and says in words what changed between two of them. Several processes may
// write the same file at once; one that is killed leaves what it had kept whole (docs/history.md, docs/decisions/0009-history.md).
package history

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"mailaudit/internal/audit"
	"mailaudit/internal/names"
)

const (
	// application is "mlau": what tells our file from another program's (PRAGMA application_id).
	application = 0x6d6c6175
	// schema is the version of the tables (PRAGMA user_version).
	schema = 1
	// leastPage is that of SQLite, in bytes: what is shorter it takes for empty, and would write over.
	leastPage = 512
	// patience bounds the wait for another process that writes.
	patience = 10 * time.Second
	// maxReport bounds the JSON of one report, when it is kept and when it is read: a file may be anybody's.
	maxReport = 64 << 20
)

// ErrForeign is a file that is there and no history of ours to write to: no database, another program's, a newer version's.
var ErrForeign = errors.New("no history of mailaudit")

// ErrNoRun is a run that is not in the history.
var ErrNoRun = errors.New("no such run")

// Store is an open history. It can be used from several goroutines.
type Store struct{ db *sql.DB }

// Run is one kept audit without its report.
type Run struct {
	ID       int64     `json:"id"`
	Ref      string    `json:"ref,omitempty"` // what whoever asked for it calls it
	Domain   string    `json:"domain"`
	At       time.Time `json:"at"`      // when the audit began, UTC, to the millisecond
	Version  string    `json:"version"` // of mailaudit
	Verdict  string    `json:"verdict"`
	Score    *int      `json:"score"`
	ScoreLow *int      `json:"score_low"`
	Grade    *string   `json:"grade"`
	Coverage float64   `json:"coverage"` // from 0 to 1
}

// tables are those of version 1. Times are milliseconds since 1970, and reports JSON in gzip. The report stands last: a row
// is read up to the last column that is asked for.
const tables = `
CREATE TABLE runs (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	ref TEXT UNIQUE,
	domain TEXT NOT NULL,
	at INTEGER NOT NULL,
	version TEXT NOT NULL,
	verdict TEXT NOT NULL,
	score INTEGER,
	score_low INTEGER,
	grade TEXT,
	coverage REAL NOT NULL,
	report BLOB NOT NULL
) STRICT;
CREATE INDEX runs_by_domain ON runs (domain, at, id);
CREATE INDEX runs_by_time ON runs (at, id);`

// creating keeps two openings in one process apart: closing a file that SQLite has open takes its locks away
// (sqlite.org/howtocorrupt.html 2.2).
var creating sync.Mutex

// Open opens a history, and makes it where there is none, for its owner alone. The error is ErrForeign where the file is
// something else, which is left as it is.
func Open(ctx context.Context, file string) (*Store, error) {
	creating.Lock()
	defer creating.Unlock()
	if err := create(file); err != nil {
		return nil, err
	}
	to, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(to), RawQuery: url.Values{
		"_pragma": {fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds()), "synchronous(NORMAL)", "trusted_schema(OFF)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	db.SetMaxOpenConns(4)
	s := &Store{db: db}
	if err := s.prepare(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("%s: %w", file, plain(err))
	}
	return s, nil
}

// create makes an empty file, which SQLite takes for an empty database. One that is there is looked at, and not opened.
func create(file string) error {
	info, err := os.Stat(file)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s: not a regular file: %w", file, ErrForeign)
	case err == nil && info.Size() > 0 && info.Size() < leastPage:
		return fmt.Errorf("%s: not an SQLite database: %w", file, ErrForeign)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) { // another process was faster
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// prepare looks whose file it is, and makes the tables. Where several processes begin a file at once, SQLite does not wait for
// all that it could wait for, so this does.
func (s *Store) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := s.adopt(ctx)
		if !is(err, sqlite3.SQLITE_BUSY) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Store) adopt(ctx context.Context) error {
	ours, err := s.ours(ctx, s.db)
	if err != nil || ours {
		return err
	}
	// Readers and one writer at a time do not wait for each other; the file remembers it.
	if _, err := s.db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()                 // nothing to do after Commit
	if ours, err = s.ours(ctx, tx); err != nil || ours { // another process was faster
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("%s PRAGMA application_id = %d; PRAGMA user_version = %d;", tables, application, schema)); err != nil {
		return err
	}
	return tx.Commit()
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// ours says whether the tables are there; an error if the file is somebody else's.
func (s *Store) ours(ctx context.Context, q querier) (bool, error) {
	var app, version, things int
	err := q.QueryRowContext(ctx, "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)").
		Scan(&app, &version, &things)
	switch {
	case err != nil:
		return false, err
	case app == 0 && version == 0 && things == 0:
		return false, nil
	case app != application:
		return false, fmt.Errorf("the database of another program: %w", ErrForeign)
	case version > schema:
		return false, fmt.Errorf("written by a newer mailaudit (version %d of its tables, this one knows %d): %w", version, schema, ErrForeign)
	}
	return true, nil
}

// plain puts what SQLite says of a file that is no database into our words.
func plain(err error) error {
	if is(err, sqlite3.SQLITE_NOTADB) {
		return fmt.Errorf("not an SQLite database: %w", ErrForeign)
	}
	return err
}

// is compares the primary code of an error of SQLite.
func is(err error, code int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == code
}

// Close ends the use of the file.
func (s *Store) Close() error { return s.db.Close() }

// Add keeps a report, whole or not at all.
func (s *Store) Add(ctx context.Context, r *audit.Report) (Run, error) { return s.AddAs(ctx, r, "") }

// AddAs keeps a report under a name of its own, by which Find finds it; no two have the same, but for "", which is none.
func (s *Store) AddAs(ctx context.Context, r *audit.Report, ref string) (Run, error) {
	packed, err := pack(r)
	if err != nil {
		return Run{}, err
	}
	run := Run{Ref: ref, Domain: r.Domain, At: r.StartedAt.UTC().Truncate(time.Millisecond), Version: r.Version, Verdict: r.Verdict,
		Score: r.Score, ScoreLow: r.ScoreLow, Grade: r.Grade, Coverage: r.Coverage}
	res, err := s.db.ExecContext(ctx, "INSERT INTO runs (ref, domain, at, version, verdict, score, score_low, grade, coverage, report) VALUES (nullif(?, ''), ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		run.Ref, run.Domain, run.At.UnixMilli(), run.Version, run.Verdict, run.Score, run.ScoreLow, run.Grade, run.Coverage, packed)
	if err != nil {
		return Run{}, err
	}
	run.ID, err = res.LastInsertId()
	return run, err
}

func pack(r *audit.Report) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(text) > maxReport {
		return nil, fmt.Errorf("the report of %s is larger than %d MiB", r.Domain, maxReport>>20)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Trim drops all but the newest runs of a domain.
func (s *Store) Trim(ctx context.Context, domain string, keep int) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM runs WHERE domain = ?1 AND id NOT IN (SELECT id FROM runs WHERE domain = ?1 ORDER BY at DESC, id DESC LIMIT ?2)", domain, keep)
	return err
}

// Runs are the newest runs of a domain, the newest first; all of them with a limit of 0.
func (s *Store) Runs(ctx context.Context, domain string, limit int) ([]Run, error) {
	if limit <= 0 {
		limit = -1
	}
	return s.runs(ctx, "WHERE domain = ? ORDER BY at DESC, id DESC LIMIT ?", domain, limit)
}

// Recent are the newest runs of all domains, the newest first.
func (s *Store) Recent(ctx context.Context, limit int) ([]Run, error) {
	return s.runs(ctx, "ORDER BY at DESC, id DESC LIMIT ?", limit)
}

// Find is the run of a name that AddAs gave it; ErrNoRun where there is none.
func (s *Store) Find(ctx context.Context, ref string) (Run, error) {
	return s.run(ctx, strconv.Quote(ref), "WHERE ref = ?", ref)
}

// run is the only one that the end of a query selects.
func (s *Store) run(ctx context.Context, name, which string, args ...any) (Run, error) {
	l, err := s.runs(ctx, which, args...)
	if err == nil && len(l) == 0 {
		err = fmt.Errorf("%s: %w", name, ErrNoRun)
	}
	if err != nil {
		return Run{}, err
	}
	return l[0], nil
}

// Get is the run of a number; ErrNoRun where there is none.
func (s *Store) Get(ctx context.Context, id int64) (Run, error) {
	return s.run(ctx, fmt.Sprint(id), "WHERE id = ?", id)
}

// runs are those that the end of a query selects.
func (s *Store) runs(ctx context.Context, which string, args ...any) ([]Run, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, coalesce(ref, ''), domain, at, version, verdict, score, score_low, grade, coverage FROM runs "+which, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	l := []Run{}
	for rows.Next() {
		var r Run
		var at int64
		if err := rows.Scan(&r.ID, &r.Ref, &r.Domain, &at, &r.Version, &r.Verdict, &r.Score, &r.ScoreLow, &r.Grade, &r.Coverage); err != nil {
			return nil, err
		}
		r.At = time.UnixMilli(at).UTC()
		l = append(l, r)
	}
	return l, rows.Err()
}

// Report is the JSON of one run, as it was written; ErrNoRun where there is none of this number.
func (s *Store) Report(ctx context.Context, id int64) ([]byte, error) {
	var packed []byte
	err := s.db.QueryRowContext(ctx, "SELECT report FROM runs WHERE id = ?", id).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%d: %w", id, ErrNoRun)
	}
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("run %d: %w", id, err)
	}
	text, err := io.ReadAll(io.LimitReader(z, maxReport+1))
	if err != nil {
		return nil, fmt.Errorf("run %d: %w", id, err)
	}
	if len(text) > maxReport {
		return nil, fmt.Errorf("run %d: larger than %d MiB", id, maxReport>>20)
	}
	return text, nil
}

// Load is the report of one run.
func (s *Store) Load(ctx context.Context, id int64) (*audit.Report, error) {
	text, err := s.Report(ctx, id)
	if err != nil {
		return nil, err
	}
	r := new(audit.Report)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("run %d: %w", id, err)
	}
	if r.SchemaVersion != audit.SchemaVersion {
		return nil, fmt.Errorf("run %d: no report of schema_version %d", id, audit.SchemaVersion)
	}
	return r, nil
}

// Domains are those with runs whose names begin with a prefix, in their order; all of them with a limit of 0. What is no domain name
// is left out: they go into shells and links, and a file may be anybody's.
func (s *Store) Domains(ctx context.Context, prefix string, limit int) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT DISTINCT domain FROM runs WHERE domain >= ?1 AND domain < ?1 || char(0x10ffff) AND length(domain) <= 253 ORDER BY domain", prefix)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	l := []string{}
	for (limit <= 0 || len(l) < limit) && rows.Next() {
		var d string
		if err := rows.Scan(&d); err != nil {
			return nil, err
		}
		if name, err := names.Domain(d); err == nil && name == d {
			l = append(l, d)
		}
	}
	return l, rows.Err()
}
