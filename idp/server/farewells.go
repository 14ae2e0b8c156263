package server

import (
	"context"
	"errors"
	"fmt"
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

const returnPage = 500

// mayReturn says whether the plain sign-out address may lead to an address: one that the
// configuration lists, or that is registered for an application.
func (s *Server) mayReturn(ctx context.Context, address string) (bool, error) {
	if slices.Contains(s.options.Config.Logout.ReturnURLs, address) {
		return true, nil
	}
	for after := ""; ; {
		page, err := s.options.Records.Clients(ctx, idp.Page{After: after, Limit: returnPage})
		if err != nil {
			return false, err
		}
		for _, c := range page {
			if !c.Disabled && slices.Contains(c.PostLogoutRedirectURIs, address) {
				return true, nil
			}
			after = c.ID
		}
		if len(page) < returnPage {
			return false, nil
		}
	}
}
