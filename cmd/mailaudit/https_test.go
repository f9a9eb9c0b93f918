package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mailaudit/internal/testnet"
)

// https ADDRESS HOST FILE [WORD]... starts a web server that answers everything with a file, has $DIVERT lead what is dialled
// at ADDRESS on port 443 there, and sets $CA, the file of its root. A word is the status, the content type, where a redirect
// leads, expired, or dead: then it sends no HTTP.
func https(ts *testscript.TestScript, _ bool, args []string) {
	days := 60
	site := testnet.Site{Body: ts.ReadFile(args[2])}
	for _, word := range args[3:] {
		code, err := strconv.Atoi(word)
		switch {
		case err == nil:
			site.Code = code
		case word == "expired":
			days = -3
		case word == "dead":
			site.Raw = "\r\n"
		case strings.Contains(word, "://"):
			site.Location = word
		default:
			site.ContentType = word
		}
	}
	site.Certificate = root(ts).Issue(args[1], time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 0, days))
	s, err := testnet.ServeHTTPS(site)
	ts.Check(err)
	ts.Defer(func() { s.Close() })
	of(ts).https = append(of(ts).https, s)
	divert(ts, args[0]+":443", s.Addr().String())
}

// requests N: the web servers have been asked so many times together.
func requests(ts *testscript.TestScript, _ bool, args []string) {
	n := 0
	for _, s := range of(ts).https {
		n += len(s.Requests())
	}
	if strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d requests, want %s", n, args[0])
	}
}

// divert has what is dialled at an address lead to another.
func divert(ts *testscript.TestScript, from, to string) {
	var pairs []string
	for pair := range strings.FieldsSeq(ts.Getenv("DIVERT")) {
		if !strings.HasPrefix(pair, from+"=") {
			pairs = append(pairs, pair)
		}
	}
	ts.Setenv("DIVERT", strings.Join(append(pairs, from+"="+to), " "))
}
