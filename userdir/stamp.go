package userdir

import (
	"os"
	"slices"
)

// stamp tells one version of the file, and of the password files that it names, from
// the next without reading them.
type stamp []stamped

type stamped struct {
	path string
	info os.FileInfo // nil: not there
}

func stampOf(path string) stamped {
	info, err := os.Stat(path)
	if err != nil {
		info = nil
	}
	return stamped{path, info}
}

func (s stamped) same(t stamped) bool {
	if s.info == nil || t.info == nil {
		return s.path == t.path && s.info == nil && t.info == nil
	}
	return s.path == t.path && os.SameFile(s.info, t.info) && s.info.ModTime().Equal(t.info.ModTime()) && s.info.Size() == t.info.Size()
}

func (s stamp) same(t stamp) bool {
	return slices.EqualFunc(s, t, stamped.same)
}

// fresh reports whether the files are still as they were.
func (s stamp) fresh() bool {
	for _, one := range s {
		if !one.same(stampOf(one.path)) {
			return false
		}
	}
	return true
}
