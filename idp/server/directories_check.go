package server

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/userdir"
)

// CheckDirectory is for config.Sources: it opens a directory of the configuration, asks
// nobody anything, and names the key at fault.
func CheckDirectory(open OpenSQL) func(config.Directory) (field, problem string) {
	open = briefly(open)
	return func(d config.Directory) (string, string) {
		var err error
		switch d.Kind {
		case config.KindLocal:
			return "", ""
		case config.KindFile:
			_, err = userdir.OpenFile(d.ID, filepath.Clean(d.Path), unheard{}, time.Now, nil)
		default:
			_, err = openRemote(d, time.Now, open)
		}
		if err == nil {
			return "", ""
		}
		var e *idp.Error
		switch {
		case !errors.As(err, &e):
			return "kind", fmt.Sprintf("The directory cannot be opened: %v.", err)
		case d.Kind == config.KindFile:
			return "path", e.Public
		case e.Field != "":
			return d.Kind + "." + e.Field, e.Public
		}
		return d.Kind, e.Public
	}
}

// briefly closes each pool as soon as it is known to open.
func briefly(open OpenSQL) OpenSQL {
	if open == nil {
		return nil
	}
	return func(address string, pool int) (*sql.DB, error) {
		db, err := open(address, pool)
		if err != nil {
			return nil, err
		}
		return db, db.Close()
	}
}

// unheard drops Events: there is nowhere to put them yet.
type unheard struct{}

// Record implements [userdir.Recorder].
func (unheard) Record(context.Context, idp.Event) error { return nil }
