package oauth

import (
	"log/slog"
	"net/http"
	"net/url"

	"cloudsso/idp"
)

// passwordGrant makes the grant of somebody whose password the application asked for
// (RFC 6749 §4.3). There is no page, so nobody can be asked for consent: the switch that
// an administrator turned on stands for it, and the Event says so.
func (p *Provider) passwordGrant(r *http.Request, u *unit, form url.Values) error {
	if !u.client.AllowPasswordGrant || !u.client.AllowsGrant(idp.GrantPassword) {
		// RFC 9700 §2.4: only where an administrator has taken the risk.
		return refuse(unauthorizedClient, "This client may not send passwords: use authorization_code. An administrator can turn on allow_password_grant for it, which is legacy (RFC 9700 section 2.4).")
	}
	idp.Note(r.Context(), slog.String("legacy", idp.GrantPassword))
	if u.client.Disabled {
		return deny("client_disabled", "This application has been switched off by an administrator.")
	}
	person, err := p.Login.CheckPassword(r, u.client.ID, form.Get("username"), form.Get("password"))
	if err != nil {
		return wrongPassword(err)
	}
	u.grant = idp.Grant{
		ID: idp.NewID(), ClientID: u.client.ID, Subject: person.Subject, GrantType: idp.GrantPassword,
		Scopes:   grantable(u.client.Client, form.Get("scope"), true),
		AuthTime: u.now, AMR: []string{"pwd"}, CreatedAt: u.now,
	}
	return nil
}

// wrongPassword keeps the login's words, which tell nobody who exists.
func wrongPassword(err error) error {
	e := idp.AsError(err)
	switch e.Code {
	case idp.Invalid:
		return refuse(invalidRequest, "%s", e.Public).because(err)
	case idp.Forbidden:
		return refuse(invalidGrant, "%s", e.Public).because(err)
	case idp.TooMany:
		slow := refuse(invalidGrant, "%s", e.Public).because(err)
		slow.status = http.StatusTooManyRequests
		return slow
	case idp.Unavailable:
		return unavailable(err)
	}
	return err
}
