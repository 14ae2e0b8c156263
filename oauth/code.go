package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ory/fosite"

	"cloudsso/idp"
)

// issue makes the grant of a settled flow and returns what the response type asks for. The
// grant is one row, written once, together with its Event; none hands out nothing, and
// needs none.
func (p *Provider) issue(ctx context.Context, a *authorization, f idp.Flow) (url.Values, error) {
	u := &unit{now: p.now(), client: client{&a.client, a.redirectURI}, request: a}
	var err error
	if u.grant, err = a.grant(f, u.now); err != nil {
		return nil, err
	}
	if err := p.entitled(ctx, u); err != nil {
		return nil, toAuthorize(err)
	}
	params := url.Values{}
	if a.response != "none" {
		if params, err = p.runCore(withUnit(ctx, u), u); err != nil {
			return nil, err
		}
		if err := p.createGrant(ctx, u); err != nil {
			return nil, err
		}
	}
	u.traceIssued(ctx, params)
	// Looking for the session before there is a grant would miss a sign-out in between.
	if err := p.Login.Joined(ctx, f.Answer.Session, idp.SessionApp{Protocol: idp.ProtocolOIDC, App: a.client.ID, At: u.now}); err != nil {
		return nil, notJoined(err)
	}
	return params, nil
}

// createGrant writes the grant and its Event in one step: what is not on record is not
// handed out.
func (p *Provider) createGrant(ctx context.Context, u *unit) error {
	detail := map[string]string{"grant": u.grant.ID, "grant_type": u.grant.GrantType, "scope": strings.Join(u.grant.Scopes, " ")}
	if u.grant.GrantType == idp.GrantPassword {
		detail["consent"] = "administrator"
	}
	e := p.Events.Complete(ctx, idp.Event{Name: idp.EventGrantCreated, Subject: u.grant.Subject, App: u.client.ID, Detail: detail})
	if err := p.Records.CreateGrant(ctx, u.grant, e); err != nil {
		return err
	}
	p.Events.Logged(ctx, e)
	return nil
}

func (a *authorization) grant(f idp.Flow, now time.Time) (idp.Grant, error) {
	acr, err := a.acr.reached(contexts(f.Answer.AMR))
	if err != nil {
		return idp.Grant{}, err
	}
	kept, err := a.asked.keep(f.Answer.Scopes)
	if len(a.resources) > 0 {
		kept = set(kept, resourceRequest, strings.Join(a.resources, " "))
	}
	g := idp.Grant{
		ID: idp.NewID(), ClientID: a.client.ID, Subject: f.Answer.Subject,
		SID: f.Answer.SID, SessionID: f.Answer.Session, GrantType: idp.GrantCode,
		Scopes:      slices.DeleteFunc(slices.Clone(a.scopes), func(s string) bool { return !slices.Contains(f.Answer.Scopes, s) }),
		RedirectURI: a.redirectURI, Nonce: a.nonce, Challenge: a.challenge,
		AuthTime: f.Answer.AuthTime, AMR: f.Answer.AMR, ACR: acr, Request: kept,
		CreatedAt: now, ExpiresAt: now.Add(codeMemory),
	}
	switch {
	case a.wants("code"):
		g.CodeExpiresAt = now.Add(codeTTL)
	case a.front():
		g.GrantType = idp.GrantImplicit
	}
	if a.front() {
		u := &unit{client: client{Client: &a.client}, grant: g}
		g.ExpiresAt = u.remembered(now.Add(idTokenTTL)) // outlives the access token, and knows whom to sign out
	}
	return g, err
}

// runCore lets fosite parse the prepared request, issue the code and have the tokens made.
// It refuses short states and nonces: the application's own never reach it. deliver
// echoes the one, and the ID token has the other, as they came.
func (p *Provider) runCore(ctx context.Context, u *unit) (url.Values, error) {
	form := challengeForm(u.grant)
	form.Set("client_id", u.client.ID)
	form.Set("response_type", u.request.response)
	form.Set("scope", strings.Join(u.grant.Scopes, " "))
	form.Set("state", u.grant.ID)
	form.Set("nonce", u.grant.ID)
	ar, err := p.core.NewAuthorizeRequest(ctx, &http.Request{Method: http.MethodGet, URL: new(url.URL), Header: http.Header{}, Form: form})
	if err != nil {
		return nil, err
	}
	for _, scope := range u.grant.Scopes {
		ar.GrantScope(scope)
	}
	response, err := p.core.NewAuthorizeResponse(ctx, ar, newSession(u.grant.Subject))
	if err != nil {
		return nil, err
	}
	return u.frontChannel(response), nil
}

// frontChannel picks what the application gets (RFC 6749 §4.1.2, §4.2.2; OpenID Connect
// Core §3.2.2.5, §3.3.2.5).
func (u *unit) frontChannel(made fosite.AuthorizeResponder) url.Values {
	out := url.Values{}
	for _, name := range []string{"code", "access_token", "id_token"} {
		if value := made.GetParameters().Get(name); value != "" {
			out.Set(name, value)
		}
	}
	if out.Has("access_token") {
		out.Set("token_type", "Bearer")
		out.Set("expires_in", strconv.FormatInt(int64(u.accessLife()/time.Second), 10))
		out.Set("scope", strings.Join(u.grant.Scopes, " "))
	}
	return out
}

// notJoined: the session ended between the sign-in and here.
func notJoined(err error) error {
	if errors.Is(err, idp.ErrNotFound) {
		return refuse(loginRequired, "The person has signed out meanwhile.").because(err)
	}
	return err
}

// toAuthorize renames a refusal of the token endpoint to what the authorization endpoint
// may say.
func toAuthorize(err error) error {
	var e *fault
	if errors.As(err, &e) && e.name == invalidGrant {
		e.name, e.Code = accessDenied, idp.Forbidden
	}
	return err
}
