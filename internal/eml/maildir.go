package eml

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"
)

// ErrNoMaildir says that a folder has neither cur nor new.
var ErrNoMaildir = errors.New("no Maildir: neither cur nor new is in it")

// Maildir lists the messages of a Maildir folder, those of cur and new: their paths in the order of their names, which begin
// with the time of delivery. What is being written (tmp), its subfolders, and what is no regular file is left out.
func Maildir(fsys fs.FS) ([]string, error) {
	var l []string
	found := false
	for _, sub := range []string{"cur", "new"} {
		entries, err := fs.ReadDir(fsys, sub)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = true
		for _, e := range entries {
			file := path.Join(sub, e.Name())
			// A link counts as what it leads to; a pipe would never end.
			if info, err := fs.Stat(fsys, file); err == nil && info.Mode().IsRegular() {
				l = append(l, file)
			}
		}
	}
	if !found {
		return nil, ErrNoMaildir
	}
	slices.SortFunc(l, func(a, b string) int { return cmp.Or(cmp.Compare(path.Base(a), path.Base(b)), cmp.Compare(a, b)) })
	return l, nil
}
