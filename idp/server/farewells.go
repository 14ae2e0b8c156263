package server

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"cloudsso/idp"
	"cloudsso/idp/login"
	"cloudsso/oauth"
)

// clientFarewells lets the login tell OpenID Connect clients that a session has ended.
type clientFarewells struct{ s *Server }

// Farewells implements [login.Farewells].
func (f clientFarewells) Farewells(ctx context.Context, _ string, ended idp.Session, _ idp.SessionApp) ([]login.Farewell, error) {
	found, err := f.s.oauth.Farewells(ctx, ended)
	out := make([]login.Farewell, len(found))
	for i, one := range found {
		out[i] = login.Farewell{Protocol: idp.ProtocolOIDC, App: one.Client, Name: one.Name, Visit: one.Visit}
		if one.Send != nil {
			out[i].Send = func(ctx context.Context) error { return queued(one.Send(ctx)) }
		}
	}
	return out, err
}

func queued(err error) error {
	if errors.Is(err, oauth.ErrQueued) {
		return fmt.Errorf("%w: %w", login.ErrQueued, err)
	}
	return err
}

// signOuts lets the admin API tell apps that it has ended a session or somebody's access.
type signOuts struct{ s *Server }

// Farewell implements [api.SignOuts].
func (o signOuts) Farewell(ctx context.Context, ended idp.Session) { o.s.login.Farewell(ctx, ended) }

// AccessEnded implements [api.SignOuts].
func (o signOuts) AccessEnded(ctx context.Context, subject string, told []string) error {
	return o.s.oauth.AccessEnded(ctx, subject, told)
}

const listPage = 500

// mayReturn says whether the plain sign-out address may lead to an address: one that the
// configuration lists, or that is registered for an application.
func (s *Server) mayReturn(ctx context.Context, address string) (bool, error) {
	if slices.Contains(s.options.Config.Logout.ReturnURLs, address) {
		return true, nil
	}
	for c, err := range all(ctx, s.options.Records.Clients, func(c idp.Client) string { return c.ID }) {
		if err != nil || !c.Disabled && slices.Contains(c.PostLogoutRedirectURIs, address) {
			return err == nil, err
		}
	}
	for t, err := range all(ctx, s.options.Records.TokenApps, func(t idp.TokenApp) string { return t.App }) {
		if err != nil || !t.Disabled && slices.Contains(t.PostLogoutRedirectURIs, address) {
			return err == nil, err
		}
	}
	return false, nil
}

// all reads a list of the store to its end, or to its first error.
func all[T any](ctx context.Context, list func(context.Context, idp.Page) ([]T, error), key func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for page := (idp.Page{Limit: listPage}); ; {
			rows, err := list(ctx, page)
			if err != nil {
				yield(*new(T), err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
				page.After = key(row)
			}
			if len(rows) < page.Limit {
				return
			}
		}
	}
}
