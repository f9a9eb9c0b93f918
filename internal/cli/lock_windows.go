package cli

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lock takes the file for this process, until it is closed. errLocked: another one has it. Windows keeps others from what is
// locked, so that is one octet far behind the end: the reports can be read meanwhile.
func lock(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
		&windows.Overlapped{OffsetHigh: 1 << 30})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}
