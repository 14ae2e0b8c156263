package sqldir

import (
	"context"
	"database/sql"
	"reflect"
	"slices"
	"strings"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// byLogin runs a profile query and finds whom a login means.
func (d *Directory) byLogin(ctx context.Context, tx *sql.Tx, query, login string) (userdir.User, error) {
	rows, err := d.run(ctx, tx, query, login)
	if err != nil {
		return userdir.User{}, err
	}
	people := make(map[string]idp.Attributes)
	var byName, byEmail []string
	for _, row := range rows {
		name, id := row.First(d.o.LoginColumn), row.First(d.idColumn())
		isName := userdir.Same(name, login)
		switch {
		case name == "":
			return userdir.User{}, userdir.Malformed(d.o.ID, d.o.LoginColumn, "the profile query gave no such column")
		case id == "":
			return userdir.User{}, userdir.Malformed(d.o.ID, d.idColumn(), "the profile query gave no such column")
		case !isName && !userdir.Same(row.First(d.o.EmailColumn), login):
			continue // somebody else: see the package's comment
		case people[id] != nil:
			merge(people[id], row)
			continue
		}
		people[id] = row
		if isName {
			byName = append(byName, id)
		} else {
			byEmail = append(byEmail, id)
		}
	}
	for _, found := range [][]string{byName, byEmail} {
		switch {
		case len(found) == 1:
			return d.user(people[found[0]]), nil
		case len(found) > 1:
			return userdir.User{}, errAmbiguous
		}
	}
	return userdir.User{}, userdir.ErrNotFound
}

func (d *Directory) idColumn() string {
	if d.o.IDColumn == "" {
		return d.o.LoginColumn
	}
	return d.o.IDColumn
}

// merge adds the values of another row of the same person, each once.
func merge(into, row idp.Attributes) {
	for name, values := range row {
		for _, v := range values {
			if !slices.ContainsFunc(into[name], func(known any) bool { return reflect.DeepEqual(known, v) }) {
				into[name] = append(into[name], v)
			}
		}
	}
}

func (d *Directory) user(row idp.Attributes) userdir.User {
	u := userdir.User{ID: row.First(d.idColumn()), Login: userdir.Username(row.First(d.o.LoginColumn)), Status: idp.Active, Attributes: make(idp.Attributes, len(row)+2)}
	if d.o.IDColumn == "" {
		u.ID = idp.FoldUsername(u.Login)
	}
	if d.o.DisabledColumn != "" && slices.ContainsFunc(d.o.DisabledValues, func(s string) bool { return strings.EqualFold(s, row.First(d.o.DisabledColumn)) }) {
		u.Status = idp.Disabled
	}
	if d.o.GroupsColumn != "" {
		for _, v := range row[d.o.GroupsColumn] {
			for name := range strings.SplitSeq(idp.Text(v), ",") {
				if name = strings.TrimSpace(name); name != "" {
					u.Groups = append(u.Groups, name)
				}
			}
		}
	}
	for name, values := range row {
		if len(values) > 0 {
			u.Attributes[name] = values
		}
	}
	u.Attributes["username"] = []any{u.Login}
	if email := row.First(d.o.EmailColumn); email != "" {
		u.Attributes["email"] = []any{email}
	}
	return u
}

// Columns implements userdir.Columns: the Validate call for a profile query.
func (d *Directory) Columns(ctx context.Context, ref userdir.Ref) ([]userdir.Column, error) {
	query, known := d.profiles[ref.Profile]
	if ref.Profile == "" {
		query, known = d.profile, true
	}
	if !known {
		return nil, bad("profile", "The directory %s has no profile query called %q. The configuration lists them under profiles.", d.o.ID, ref.Profile)
	}
	var rows []idp.Attributes
	err := d.read(ctx, func(tx *sql.Tx) (err error) {
		rows, err = d.run(ctx, tx, query, userdir.Username(ref.Login))
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, bad("login", "The query gave no row for %q.", ref.Login)
	}
	for _, needed := range []string{d.o.LoginColumn, d.idColumn()} {
		if rows[0].First(needed) == "" {
			return nil, bad("profile", "The query gives no column %s, which says who the row is about.", needed)
		}
	}
	for _, row := range rows[1:] {
		if row.First(d.idColumn()) != rows[0].First(d.idColumn()) {
			return nil, bad("profile", "The query gave rows of several people for %q. Its condition must name one.", ref.Login)
		}
		merge(rows[0], row)
	}
	return userdir.ColumnsOf(rows[0]), nil
}
