package server

import (
	"database/sql"

	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/userdir/sqldir"
)

// OpenSQL opens the pool of a directory of kind sql. The error is an *idp.Error on the
// field "url" that does not quote it.
type OpenSQL func(address string, pool int) (*sql.DB, error)

// openSQL opens the directory over its own pool; nothing is connected yet.
func openSQL(d config.Directory, open OpenSQL) (*sqldir.Directory, error) {
	q := *d.SQL
	o := sqldir.Options{
		ID: d.ID, Dialect: sqldir.DialectOf(string(q.URL)), AuthQuery: q.AuthQuery, ProfileQuery: q.ProfileQuery, IDColumn: q.IDColumn, IDQuery: q.IDQuery,
		LoginColumn: q.LoginColumn, EmailColumn: q.EmailColumn, GroupsColumn: q.GroupsColumn, DisabledColumn: q.DisabledColumn, DisabledValues: q.DisabledValues,
		JSONColumns: q.JSONColumns, BooleanColumns: q.BooleanColumns, Profiles: make(map[string]string),
	}
	for _, p := range q.Profiles {
		o.Profiles[p.Name] = p.Query
	}
	if open == nil {
		return nil, idp.Errorf(idp.Invalid, "This program has no database drivers.").On("url")
	}
	var err error
	if o.DB, err = open(string(q.URL), q.PoolSize); err != nil {
		return nil, err
	}
	return sqldir.Open(o)
}
