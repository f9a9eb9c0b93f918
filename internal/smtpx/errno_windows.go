package smtpx

import "syscall"

// How Winsock says "connection refused" (WSAECONNREFUSED, which package syscall does not name) and "connection reset".
const (
	errRefused = syscall.Errno(10061)
	errReset   = syscall.WSAECONNRESET
)
