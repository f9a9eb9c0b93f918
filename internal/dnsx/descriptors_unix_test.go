//go:build unix

package dnsx

import (
	"syscall"
	"testing"
)

// TestDescriptors: where few files may be open, few questions are under way.
func TestDescriptors(t *testing.T) {
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	few := was
	few.Cur = 200
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	c := NewClient(Config{InFlight: 1024})
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	if c.window.most != 100 || c.inFlight != 100 {
		t.Errorf("%d questions at once, of which a share is %d", c.window.most, c.inFlight)
	}
}
