package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
)

// PersonGrant is the answer about what a person allowed one client, while it lives.
type PersonGrant struct {
	ID        string    `json:"id"`
	ClientID  string    `json:"client_id"`
	Scopes    []string  `json:"scopes" nullable:"false"`
	SID       string    `json:"sid,omitempty" doc:"The browser session that it came of."`
	Refresh   bool      `json:"refresh" doc:"The client holds a refresh token."`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// PersonConsent is the answer about what a person agreed to on the consent page.
type PersonConsent struct {
	ClientID string    `json:"client_id"`
	Scopes   []string  `json:"scopes" nullable:"false"`
	At       time.Time `json:"at"`
}

// PersonSessions lists the browsers in which a person is signed in, newest first.
func (o PeopleReader) PersonSessions(ctx context.Context, subject string) (List[Session], error) {
	out := List[Session]{Items: []Session{}}
	if _, err := o.links(ctx, subject, ""); err != nil {
		return out, err
	}
	sessions, err := o.Sessions.SessionsOf(ctx, subject)
	for _, s := range sessions {
		out.Items = append(out.Items, viewSession(s))
	}
	return out, err
}

// PersonGrants lists what a person allows clients now, by id.
func (o PeopleReader) PersonGrants(ctx context.Context, subject string, p Paging) (List[PersonGrant], error) {
	page, err := p.page("grants")
	if err != nil {
		return List[PersonGrant]{}, err
	}
	if _, err := o.links(ctx, subject, ""); err != nil {
		return List[PersonGrant]{}, err
	}
	rows, err := o.Records.Grants(ctx, idp.GrantFilter{Subject: subject}, page)
	return list(p, rows, func(g idp.Grant) string { return g.ID }, viewGrant), err
}

func viewGrant(g idp.Grant) PersonGrant {
	return PersonGrant{
		ID: g.ID, ClientID: g.ClientID, Scopes: append([]string{}, g.Scopes...), SID: g.SID,
		Refresh: g.RefreshSeq > 0, CreatedAt: g.CreatedAt, ExpiresAt: g.ExpiresAt,
	}
}

// PersonConsents lists what a person agreed to, by client.
func (o PeopleReader) PersonConsents(ctx context.Context, subject string) (List[PersonConsent], error) {
	out := List[PersonConsent]{Items: []PersonConsent{}}
	if _, err := o.links(ctx, subject, ""); err != nil {
		return out, err
	}
	consents, err := o.Records.Consents(ctx, subject)
	for _, c := range consents {
		out.Items = append(out.Items, PersonConsent{ClientID: c.ClientID, Scopes: append([]string{}, c.Scopes...), At: c.At})
	}
	return out, err
}

// EndSession signs a person out of one browser, and ends the grants that came of it.
func (o PeopleHelper) EndSession(ctx context.Context, subject, sid string) error {
	if err := o.helped(ctx, subject); err != nil {
		return err
	}
	sessions, err := o.Sessions.SessionsOf(ctx, subject)
	if err != nil {
		return err
	}
	return o.endOne(ctx, sessions, sid)
}

// endOne ends the session of a sid among some.
func (o acting) endOne(ctx context.Context, sessions []idp.Session, sid string) error {
	for _, s := range sessions {
		if s.SID == sid {
			// The session first: it must not make another grant meanwhile.
			if err := o.endSession(ctx, s, "admin"); err != nil {
				return err
			}
			_, err := o.Records.RevokeGrants(ctx, idp.GrantFilter{SessionID: s.ID}, "session_ended", o.now())
			return err
		}
	}
	return missing(idp.ErrNotFound, "session", sid)
}

// RevokeConsent forgets what a person agreed to for one client, and ends what came of it:
// they are asked again.
func (o PeopleHelper) RevokeConsent(ctx context.Context, subject, clientID string) error {
	if err := o.helped(ctx, subject); err != nil {
		return err
	}
	// What a client that is gone left behind can be ended too.
	if _, err := o.Records.Consent(ctx, subject, clientID); errors.Is(err, idp.ErrNotFound) {
		if _, err := o.Records.Client(ctx, clientID); err != nil {
			return missing(err, "client", clientID)
		}
	}
	// The consent first: with it, another grant could be made without asking.
	if err := o.Records.RevokeConsent(ctx, subject, clientID); err != nil && !errors.Is(err, idp.ErrNotFound) {
		return err
	}
	_, err := o.RevokeGrants(ctx, subject, clientID)
	return err
}

type (
	personListInput struct {
		Caller
		Paging
		ID string `path:"id" maxLength:"256" doc:"A subject."`
	}
	personInput struct {
		Caller
		ID string `path:"id" maxLength:"256" doc:"A subject."`
	}
	personSessionInput struct {
		Caller
		ID  string `path:"id" maxLength:"256" doc:"A subject."`
		SID string `path:"sid" maxLength:"256" doc:"Id of one of the person's sessions."`
	}
	personConsentInput struct {
		Caller
		ID     string `path:"id" maxLength:"256" doc:"A subject."`
		Client string `path:"client_id" maxLength:"256"`
	}
)

func (a *Admin) personAccessRoutes(api huma.API) {
	handleFor(api, Actor.PeopleReader, http.MethodGet, "/people/{id}/sessions", "list-person-sessions", "List the browsers in which a person is signed in", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *personInput) (*many[Session], error) {
			l, err := o.PersonSessions(ctx, in.ID)
			return &many[Session]{l}, err
		})
	handleFor(api, Actor.PeopleHelper, http.MethodDelete, "/people/{id}/sessions/{sid}", "delete-person-session", "Sign a person out of one browser", http.StatusNoContent,
		func(ctx context.Context, o PeopleHelper, in *personSessionInput) (*nothing, error) {
			return nil, o.EndSession(ctx, in.ID, in.SID)
		})
	handleFor(api, Actor.PeopleReader, http.MethodGet, "/people/{id}/grants", "list-person-grants", "List what a person allows clients now", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *personListInput) (*many[PersonGrant], error) {
			l, err := o.PersonGrants(ctx, in.ID, in.Paging)
			return &many[PersonGrant]{l}, err
		})
	handleFor(api, Actor.PeopleReader, http.MethodGet, "/people/{id}/consents", "list-person-consents", "List what a person agreed to on the consent page", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *personInput) (*many[PersonConsent], error) {
			l, err := o.PersonConsents(ctx, in.ID)
			return &many[PersonConsent]{l}, err
		})
	handleFor(api, Actor.PeopleHelper, http.MethodDelete, "/people/{id}/consents/{client_id}", "revoke-consent", "Forget what a person agreed to for a client, and end what came of it", http.StatusNoContent,
		func(ctx context.Context, o PeopleHelper, in *personConsentInput) (*nothing, error) {
			return nil, o.RevokeConsent(ctx, in.ID, in.Client)
		})
}

// UserSubject is the subject of a built-in user.
func (o PeopleReader) UserSubject(ctx context.Context, userID string) (string, error) {
	if _, err := o.Records.User(ctx, userID); err != nil {
		return "", missing(err, "user", userID)
	}
	return o.subjectOf(ctx, userID)
}
