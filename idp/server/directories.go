package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/userdir"
	"cloudsso/userdir/httpdir"
	"cloudsso/userdir/ldap"
)

// directoryTimeout is [userdir.Guard]'s own, for the client below it.
const directoryTimeout = 3 * time.Second

const recording = 5 * time.Second // of an Event that belongs to no request

// people opens the directories that the configuration names, in its order. None is
// asked for anything yet: one that is down must not keep the server from starting.
func (s *Server) people() (*userdir.Users, error) {
	var dirs []userdir.Directory
	for _, d := range s.options.Config.Directories {
		dir, err := s.directory(d)
		if err != nil {
			return nil, directoryFault(d, err)
		}
		if len(d.Domains) > 0 {
			dir = userdir.Route(dir, d.Domains...)
		}
		dirs = append(dirs, dir)
	}
	users := userdir.NewUsers(s.options.Records, dirs, nil)
	for _, d := range s.options.Config.Directories {
		if d.MigrateFrom != "" {
			users.Migrate(userdir.Migration{From: d.MigrateFrom, To: d.ID, Store: s.options.Records, Events: s.events, Now: s.now})
		}
	}
	return users, nil
}

// directoryFault names the key at fault as it stands in the file.
func directoryFault(d config.Directory, err error) error {
	var e *idp.Error
	if errors.As(err, &e) && e.Field != "" {
		return fmt.Errorf("directory %s: %s.%s: %w", d.ID, d.Kind, e.Field, err)
	}
	return fmt.Errorf("directory %s: %w", d.ID, err)
}

// directory opens one directory, counted once: those of other machines by their guard,
// which sees time limits and what was never asked, ours from outside.
func (s *Server) directory(d config.Directory) (userdir.Directory, error) {
	switch {
	case d.Kind == config.KindLocal:
		return measured{userdir.NewLocal(d.ID, s.options.Records, s.now, nil), s}, nil
	case d.Kind == config.KindFile:
		dir, err := userdir.OpenFile(d.ID, filepath.Clean(d.Path), s.events, s.now, nil)
		return measured{dir, s}, err
	}
	dir, err := openRemote(d, s.now, s.options.SQL)
	if err != nil {
		return nil, err
	}
	return s.guarded(d, dir), nil
}

// openRemote opens a directory of another machine; nothing is asked yet.
func openRemote(d config.Directory, now func() time.Time, sql OpenSQL) (userdir.Directory, error) {
	switch {
	case d.Kind == config.KindLDAP && d.LDAP != nil:
		return ldap.Open(ldapOptions(d.ID, *d.LDAP, now))
	case d.Kind == config.KindHTTP && d.HTTP != nil:
		return httpdir.Open(httpOptions(d))
	case d.Kind == config.KindIMIS && d.IMIS != nil:
		return httpdir.OpenIMIS(imisOptions(d, now))
	case d.Kind == config.KindSQL && d.SQL != nil:
		return openSQL(d, sql)
	}
	return nil, fmt.Errorf("unknown kind %q, or nothing said about it", d.Kind)
}

func (s *Server) guarded(d config.Directory, dir userdir.Directory) userdir.Directory {
	o := userdir.GuardOptions{Now: s.now, Observe: func(op, result string, took time.Duration) {
		s.metrics.Directory(d.ID, op, result, took)
		if op == "circuit" {
			s.circuit(d.ID, result)
		}
	}}
	if g := d.Guard; g != nil {
		o.Timeout, o.Cooldown, o.CacheTTL, o.Failures = time.Duration(g.Timeout), time.Duration(g.Cooldown), time.Duration(g.CacheTTL), g.Failures
	}
	return userdir.Guard(dir, o)
}

// circuit puts on record that a directory is left alone for a while, or asked again.
func (s *Server) circuit(directory, state string) {
	e := idp.Event{Name: idp.EventDirectoryUp, Detail: map[string]string{"directory": directory}}
	if state == "open" {
		e.Name, e.Detail["fault"] = idp.EventDirectoryDown, "It did not answer several times in a row. Its people cannot sign in until it does."
	}
	ctx, cancel := context.WithTimeout(context.Background(), recording)
	defer cancel()
	if err := s.events.Record(ctx, e); err != nil {
		s.logger.Error("directory event", "directory", directory, "error", err.Error())
	}
}

func ldapOptions(id string, l config.LDAP, now func() time.Time) ldap.Options {
	o := ldap.Options{
		ID: id, Preset: l.Preset, URLs: l.URLs, StartTLS: l.StartTLS, CAFile: l.CAFile,
		BindDN: l.BindDN, BindPassword: idp.Secret(l.BindPassword), BaseDN: l.BaseDN, UserFilter: l.UserFilter, UserDN: l.UserDN,
		IDAttribute: l.IDAttribute, LoginAttribute: l.LoginAttribute, EmailAttribute: l.EmailAttribute,
		Groups: ldap.Groups{
			MemberOf: l.Groups.MemberOf, BaseDN: l.Groups.BaseDN, Filter: l.Groups.Filter,
			Nested: l.Groups.Nested, MaxDepth: l.Groups.MaxDepth, NameAttribute: l.Groups.NameAttribute,
		},
		DisabledAttribute: l.DisabledAttribute, DisabledValues: l.DisabledValues,
		LockoutDuration: time.Duration(l.LockoutDuration), RevealLocked: l.RevealLocked, PageSize: l.PageSize, PoolSize: l.PoolSize,
		ConnectTimeout: time.Duration(l.ConnectTimeout), Timeout: time.Duration(l.RequestTimeout), Now: now,
	}
	for _, a := range l.Attributes {
		o.Attributes = append(o.Attributes, ldap.Attribute(a))
	}
	return o
}

func httpOptions(d config.Directory) httpdir.Options {
	h := *d.HTTP
	o := httpdir.Options{
		ID: d.ID, VerifyURL: h.VerifyURL, ProfileURL: h.ProfileURL, Bearer: idp.Secret(h.Bearer),
		Username: h.Username, Password: idp.Secret(h.Password), Header: make(map[string]string), Client: directoryClient(d),
	}
	for name, value := range h.Header {
		o.Header[name] = string(value)
	}
	return o
}

func imisOptions(d config.Directory, now func() time.Time) httpdir.IMISOptions {
	m := *d.IMIS
	o := httpdir.IMISOptions{
		ID: d.ID, BaseURL: m.BaseURL, Username: m.Username, Password: idp.Secret(m.Password), QueryPath: m.QueryPath, Query: m.Query,
		IDColumn: m.IDColumn, IDQuery: m.IDQuery, LoginColumn: m.LoginColumn, EmailColumn: m.EmailColumn, GroupsColumn: m.GroupsColumn,
		DisabledColumn: m.DisabledColumn, DisabledValues: m.DisabledValues, Client: directoryClient(d), Now: now,
	}
	for _, r := range m.Refusals {
		o.Refusals = append(o.Refusals, httpdir.Refusal(r))
	}
	return o
}

// directoryClient verifies certificates as Go does. It is not the guarded fetcher:
// nobody but the operator says where it goes, and private addresses are usual there.
func directoryClient(d config.Directory) *http.Client {
	c := &http.Client{Timeout: directoryTimeout}
	if d.Guard != nil && d.Guard.Timeout > 0 {
		c.Timeout = time.Duration(d.Guard.Timeout)
	}
	if usual, ok := http.DefaultTransport.(*http.Transport); ok {
		own := usual.Clone()
		own.MaxIdleConnsPerHost = own.MaxIdleConns // all calls go to one host
		c.Transport = own
	}
	return c
}
