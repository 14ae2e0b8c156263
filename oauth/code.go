package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloudsso/idp"
)

// issueCode makes the grant of a settled flow and returns its code. The grant is one
// row, written once, together with its Event.
func (p *Provider) issueCode(ctx context.Context, a *authorization, f idp.Flow) (string, error) {
	u := &unit{now: p.now(), client: client{a.client, a.redirectURI}}
	var err error
	if u.grant, err = a.grant(f); err != nil {
		return "", err
	}
	u.grant.CreatedAt, u.grant.CodeExpiresAt, u.grant.ExpiresAt = u.now, u.now.Add(codeTTL), u.now.Add(codeMemory)
	if err := p.entitled(ctx, u); err != nil {
		return "", toAuthorize(err)
	}
	code, err := p.runCore(withUnit(ctx, u), u)
	if err != nil {
		return "", err
	}
	if err := p.createGrant(ctx, u); err != nil {
		return "", err
	}
	// Looking for the session before there is a grant would miss a sign-out in between.
	if err := p.Login.Joined(ctx, f.Answer.Session, idp.SessionApp{Protocol: idp.ProtocolOIDC, App: a.client.ID, At: u.now}); err != nil {
		return "", notJoined(err)
	}
	return code, nil
}

// createGrant writes the grant and its Event in one step: what is not on record is not
// handed out.
func (p *Provider) createGrant(ctx context.Context, u *unit) error {
	e := p.Events.Complete(ctx, idp.Event{
		Name: idp.EventGrantCreated, Subject: u.grant.Subject, App: u.client.ID,
		Detail: map[string]string{"grant": u.grant.ID, "scope": strings.Join(u.grant.Scopes, " ")},
	})
	if err := p.Records.CreateGrant(ctx, u.grant, e); err != nil {
		return err
	}
	p.Events.Logged(ctx, e)
	return nil
}

func (a *authorization) grant(f idp.Flow) (idp.Grant, error) {
	acr, err := a.acr.reached(contexts(f.Answer.AMR))
	if err != nil {
		return idp.Grant{}, err
	}
	kept, err := a.asked.keep(f.Answer.Scopes)
	if len(a.resources) > 0 {
		kept = set(kept, resourceRequest, strings.Join(a.resources, " "))
	}
	return idp.Grant{
		ID: idp.NewID(), ClientID: a.client.ID, Subject: f.Answer.Subject,
		SID: f.Answer.SID, SessionID: f.Answer.Session, GrantType: "authorization_code",
		Scopes:      slices.DeleteFunc(slices.Clone(a.scopes), func(s string) bool { return !slices.Contains(f.Answer.Scopes, s) }),
		RedirectURI: a.redirectURI, Nonce: a.nonce, Challenge: a.challenge,
		AuthTime: f.Answer.AuthTime, AMR: f.Answer.AMR, ACR: acr, Request: kept,
	}, err
}

// runCore lets fosite parse the prepared request and issue the code.
func (p *Provider) runCore(ctx context.Context, u *unit) (string, error) {
	form := challengeForm(u.grant)
	form.Set("client_id", u.client.ID)
	form.Set("response_type", "code")
	form.Set("scope", strings.Join(u.grant.Scopes, " "))
	// fosite refuses a short or absent state. The application's own never reaches it:
	// deliver echoes it as it came.
	form.Set("state", u.grant.ID)
	ar, err := p.core.NewAuthorizeRequest(ctx, &http.Request{Method: http.MethodGet, URL: new(url.URL), Header: http.Header{}, Form: form})
	if err != nil {
		return "", err
	}
	response, err := p.core.NewAuthorizeResponse(ctx, ar, newSession(u.grant.Subject))
	if err != nil {
		return "", err
	}
	return response.GetCode(), nil
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
