package report

import (
	"io"
	"sync"
	"testing"
)

// TestWritersAtOnce: writers share nothing. The race detector sees it where they do.
func TestWritersAtOnce(t *testing.T) {
	r := broken()
	for _, format := range Formats {
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				w, err := New(io.Discard, Options{Format: format, Width: 80})
				if err != nil {
					t.Error(err)
					return
				}
				if err := w.Report(r, "exit 0"); err != nil {
					t.Error(err)
				}
				if err := w.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
}
