package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"cloudsso/userdir"
)

const (
	maxMatches = 16   // entries that may have one login
	maxGroups  = 5000 // of one person
)

var errAmbiguous = errors.New("the login is several people's")

// search runs one search request. A search that fails says nothing about anybody: it is
// ErrUnavailable, but for a size limit.
func (d *Directory) search(ctx context.Context, c *conn, r *goldap.SearchRequest) (found []entry, more bool, err error) {
	var result *goldap.SearchResult
	err = c.do(ctx, d.o.Timeout, func() (err error) {
		result, err = c.Search(r)
		return err
	})
	if err != nil && (c.broken || !goldap.IsErrorWithCode(err, goldap.LDAPResultSizeLimitExceeded)) {
		return nil, false, err
	}
	for _, e := range result.Entries {
		found = append(found, newEntry(e))
	}
	return found, err != nil, nil
}

// ask is search for whole answers about a person: errors are ErrUnavailable, except
// those of a broken connection, which the caller may mend.
func (d *Directory) ask(ctx context.Context, c *conn, base string, scope, limit int, filter string) ([]entry, error) {
	found, more, err := d.search(ctx, c, &goldap.SearchRequest{
		BaseDN: base, Scope: scope, DerefAliases: goldap.NeverDerefAliases, SizeLimit: limit, TimeLimit: int(d.o.Timeout.Seconds()) + 1, Filter: filter, Attributes: d.wanted,
	})
	switch {
	case err != nil && c.broken:
		return nil, err
	case err != nil:
		return nil, d.unavailable(ctx, fmt.Errorf("search below %q: %w", base, err))
	case more:
		return nil, errAmbiguous
	}
	return found, nil
}

// byLogin finds the entry of the person whom a login means.
func (d *Directory) byLogin(ctx context.Context, login string) (entry, error) {
	filter := fill(d.o.UserFilter, "{login}", goldap.EscapeFilter(login))
	return d.find(ctx, filter, login)
}

func (d *Directory) byID(ctx context.Context, id string) (userdir.User, error) {
	filter, ok := d.idFilter(id)
	if !ok {
		return userdir.User{}, userdir.ErrNotFound
	}
	e, err := d.find(ctx, filter, "")
	if errors.Is(err, errAmbiguous) {
		return userdir.User{}, userdir.Malformed(d.o.ID, d.o.IDAttribute, "two entries have the same id")
	}
	if err != nil {
		return userdir.User{}, err
	}
	switch found, err := d.id(e); {
	case err != nil:
		return userdir.User{}, err
	case found != id:
		return userdir.User{}, userdir.ErrNotFound // the server compares without case, or without spaces
	}
	return d.complete(ctx, e)
}

func (d *Directory) find(ctx context.Context, filter, login string) (e entry, err error) {
	err = d.service(ctx, func(c *conn) error {
		found, err := d.ask(ctx, c, d.o.BaseDN, goldap.ScopeWholeSubtree, maxMatches, filter)
		if err == nil {
			e, err = d.meant(found, login)
		}
		return err
	})
	return e, err
}

// complete makes the person of an entry.
func (d *Directory) complete(ctx context.Context, e entry) (u userdir.User, err error) {
	err = d.service(ctx, func(c *conn) error {
		u, err = d.user(ctx, c, e)
		return err
	})
	if err != nil {
		return userdir.User{}, err
	}
	return u, nil
}

// meant picks one of the entries that a filter found: whoever has the login as their
// user name, before those who have it as an address; an address of two people is nobody's.
func (d *Directory) meant(found []entry, login string) (entry, error) {
	var named []entry
	for _, e := range found {
		for _, name := range e.values(d.o.LoginAttribute) {
			if login != "" && userdir.Same(string(name), login) {
				named = append(named, e)
				break
			}
		}
	}
	switch {
	case len(named) == 1:
		return named[0], nil
	case len(found) == 0:
		return entry{}, userdir.ErrNotFound
	case len(found) == 1:
		return found[0], nil
	}
	return entry{}, errAmbiguous
}

// at reads the entry of a DN if UserFilter takes it for a person.
func (d *Directory) at(ctx context.Context, c *conn, dn, login string) (entry, error) {
	filter := fill(d.o.UserFilter, "{login}", goldap.EscapeFilter(login))
	found, _, err := d.search(ctx, c, &goldap.SearchRequest{
		BaseDN: dn, Scope: goldap.ScopeBaseObject, DerefAliases: goldap.NeverDerefAliases, Filter: filter, Attributes: d.wanted,
	})
	switch {
	case goldap.IsErrorAnyOf(err, goldap.LDAPResultNoSuchObject, goldap.LDAPResultInvalidDNSyntax), err == nil && len(found) == 0:
		return entry{}, userdir.ErrNotFound
	case err != nil && c.broken:
		return entry{}, err
	case err != nil:
		return entry{}, d.unavailable(ctx, fmt.Errorf("reading an entry: %w", err))
	}
	return found[0], nil
}

// pages reads everything that a search finds, a page at a time (RFC 2696).
func (d *Directory) pages(ctx context.Context, c *conn, r *goldap.SearchRequest) (all []entry, err error) {
	paging := goldap.NewControlPaging(uint32(d.o.PageSize))
	r.Controls = []goldap.Control{paging}
	for {
		var result *goldap.SearchResult
		err := c.do(ctx, d.o.Timeout, func() (err error) {
			result, err = c.Search(r)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, e := range result.Entries {
			all = append(all, newEntry(e))
		}
		next, ok := goldap.FindControl(result.Controls, goldap.ControlTypePaging).(*goldap.ControlPaging)
		if !ok || len(next.Cookie) == 0 {
			return all, nil
		}
		if len(all) > maxGroups || len(result.Entries) == 0 { // a cookie without entries could go on for ever
			return nil, d.unavailable(ctx, fmt.Errorf("search below %q: more than %d entries", r.BaseDN, maxGroups))
		}
		paging.SetCookie(next.Cookie)
	}
}

// whole asks for the rest of attributes that came in ranges: AD gives 1500 values at
// most and calls the attribute "memberOf;range=0-1499" ([MS-ADTS] 3.1.1.3.1.3.3).
func (d *Directory) whole(ctx context.Context, c *conn, e entry) error {
	for {
		name, base, next := e.partial()
		if name == "" {
			return nil
		}
		e.rename(name, base)
		if next == "" {
			continue
		}
		found, _, err := d.search(ctx, c, &goldap.SearchRequest{
			BaseDN: e.dn, Scope: goldap.ScopeBaseObject, Filter: "(objectClass=*)", Attributes: []string{base + ";range=" + next + "-*"},
		})
		if err != nil {
			return err
		}
		if len(found) != 1 || len(found[0].attributes) == 0 {
			continue // they became fewer meanwhile
		}
		for key, values := range found[0].attributes {
			if !strings.HasPrefix(key, strings.ToLower(base)+";range=") {
				return userdir.Malformed(d.o.ID, base, "the values after the first %s did not come", next)
			}
			if len(values) == 0 || len(e.values(base))+len(values) > 100*maxGroups {
				return userdir.Malformed(d.o.ID, base, "its values never end")
			}
			e.attributes[key] = values
			e.names[key] = found[0].names[key]
		}
	}
}
