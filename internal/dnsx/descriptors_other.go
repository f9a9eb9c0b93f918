//go:build !unix

package dnsx

import "math"

// descriptors is how many files and sockets the process may have open: there is no such limit.
func descriptors() int { return math.MaxInt32 }
