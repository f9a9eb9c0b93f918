//go:build unix

package dnsx

import (
	"math"
	"syscall"
)

// descriptors is how many files and sockets the process may have open.
func descriptors() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return math.MaxInt32
	}
	if l.Cur > math.MaxInt32 { // of another type on some systems
		return math.MaxInt32
	}
	return int(l.Cur)
}
