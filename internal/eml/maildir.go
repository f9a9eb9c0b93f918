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
// with the time of delivery. What is being written (tmp), its subfolders, and what is no regular file is left out; the names of
// subfolders are given beside them.
func Maildir(fsys fs.FS) (l, folders []string, err error) {
	found := false
	for _, sub := range []string{"cur", "new"} {
		entries, err := fs.ReadDir(fsys, sub)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
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
		return nil, nil, ErrNoMaildir
	}
	slices.SortFunc(l, func(a, b string) int { return cmp.Or(cmp.Compare(path.Base(a), path.Base(b)), cmp.Compare(a, b)) })
	return l, subfolders(fsys), nil
}

// subfolders are the Maildirs within one: .Sent as Maildir++ has them, or Sent.
func subfolders(fsys fs.FS) []string {
	var l []string
	entries, _ := fs.ReadDir(fsys, ".") // what cannot be listed can be read all the same
	for _, e := range entries {
		for _, sub := range []string{"cur", "new"} {
			if info, err := fs.Stat(fsys, path.Join(e.Name(), sub)); err == nil && info.IsDir() && e.Name() != "cur" && e.Name() != "new" && e.Name() != "tmp" {
				l = append(l, e.Name())
				break
			}
		}
	}
	return l
}
