package report

import (
	"io"
	"testing"
)

func BenchmarkWriters(b *testing.B) {
	for _, o := range []Options{
		{Format: "table", Width: 80}, {Format: "table", Width: 80, Verbose: true},
		{Format: "json", Several: true}, {Format: "ndjson", Several: true},
	} {
		name := o.Format
		if o.Verbose {
			name += "-verbose"
		}
		b.Run(name, func(b *testing.B) {
			w, err := New(io.Discard, o)
			if err != nil {
				b.Fatal(err)
			}
			r := broken()
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Report(r, "exit 1: 3 findings at fail"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
