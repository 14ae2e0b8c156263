package oauth

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"

	"cloudsso/idp"
)

// unit is the unit of work of one request: the grant is read once, fosite's handlers see
// it through [storage], and what they would write is noted here and written in one step
// by commit, after every token was signed.
type unit struct {
	now       time.Time
	grantType string
	client    client
	held      idp.Holding // what was read with the client
	person    idp.Person
	custom    []Scope // the operator's
	grant     idp.Grant
	audience  []string // whom the access token is for
	seq       int64    // of the refresh token that was presented
	view      *fosite.Request
	request   *authorization // at the authorization endpoint, nil elsewhere
	ticket    string         // of the device that the grant is for

	redeem, family, rotate bool // what handlers would have written
}

type unitKey struct{}

// withUnit puts u where fosite's callbacks can find it: they get nothing else of ours.
func withUnit(ctx context.Context, u *unit) context.Context {
	return context.WithValue(ctx, unitKey{}, u)
}

func unitOf(ctx context.Context) *unit { return ctx.Value(unitKey{}).(*unit) }

// mintCode makes the grant's code and leaves only its hash in the grant.
func (u *unit) mintCode() (string, error) {
	code, err := newCode(u.grant.ID)
	u.grant.CodeHash = idp.HashSecret(code)
	return code, err
}

func (u *unit) accessExpires() time.Time { return u.now.Add(u.accessLife()) }

// accessLife is short for a token that came through the browser: it may stand in a
// history or a log, and no refresh token made its holder prove anything since.
func (u *unit) accessLife() time.Duration {
	if u.request != nil {
		return min(frontTTL, accessLife(u.client.Client))
	}
	return accessLife(u.client.Client)
}

// requester is fosite's view of the grant. Its handlers ask for it again and again, and
// change nothing in it but the session that is theirs anyway.
func (u *unit) requester() *fosite.Request {
	if u.view != nil {
		return u.view
	}
	scopes := fosite.Arguments(u.scopes())
	u.view = &fosite.Request{
		ID: u.grant.ID, Client: &u.client, RequestedAt: u.grant.CreatedAt,
		RequestedScope: scopes, GrantedScope: scopes,
		Form:    challengeForm(u.grant),
		Session: newSession(u.grant.Subject),
	}
	return u.view
}

// scopes of the grant that the client may still have.
func (u *unit) scopes() []string {
	return among(u.grant.Scopes, u.client.Scopes())
}

func challengeForm(g idp.Grant) url.Values {
	form := url.Values{"redirect_uri": {g.RedirectURI}}
	if g.Challenge != "" {
		form.Set("code_challenge", g.Challenge)
		form.Set("code_challenge_method", "S256")
	}
	return form
}

// session is fosite's session without its reflective deep copy.
type session struct{ openid.DefaultSession }

func newSession(subject string) *session {
	s := &session{}
	s.Subject, s.IDTokenClaims().Subject = subject, subject
	return s
}

func (s *session) Clone() fosite.Session { return newSession(s.Subject) }

// storage is what fosite's handlers see of the store.
type storage struct{ p *Provider }

// GetClient answers with the client that was looked up at the start of the request.
func (storage) GetClient(ctx context.Context, _ string) (fosite.Client, error) {
	return &unitOf(ctx).client, nil
}

func (storage) ClientAssertionJWTValid(context.Context, string) error { return errNotUsed }
func (storage) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return errNotUsed
}

// GetAuthorizeCodeSession finds the grant of a code. A code that is not this client's is
// answered like one that never was, and nothing happens to it: otherwise one client could
// use up or revoke what belongs to another.
func (s storage) GetAuthorizeCodeSession(ctx context.Context, code string, _ fosite.Session) (fosite.Requester, error) {
	u := unitOf(ctx)
	if u.grant.ID == "" {
		if err := s.p.loadByCode(ctx, u, code); err != nil {
			return nil, err
		}
	}
	if !u.grant.CodeUsedAt.IsZero() {
		return u.requester(), fosite.ErrInvalidatedAuthorizeCode
	}
	return u.requester(), nil
}

func (p *Provider) loadByCode(ctx context.Context, u *unit, code string) error {
	unknown := refuse(invalidGrant, "The code is not one that was issued to this client.")
	id, err := codeGrant(code)
	if err != nil {
		return unknown.because(err)
	}
	g, err := p.grantOf(ctx, &u.held, id)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return unknown.because(err)
	case err != nil:
		return err
	case g.ClientID != u.client.ID || !idp.SecretMatches(code, g.CodeHash):
		return unknown.because(errors.New("another client's, or not the grant's code"))
	case !g.RevokedAt.IsZero() && g.CodeUsedAt.IsZero():
		return refuse(invalidGrant, "The authorization has been revoked.")
	}
	u.grant = g
	return nil
}

func (storage) CreateAuthorizeCodeSession(context.Context, string, fosite.Requester) error {
	return nil // the grant is written by issueCode
}

func (storage) InvalidateAuthorizeCodeSession(ctx context.Context, _ string) error {
	unitOf(ctx).redeem = true
	return nil
}

// GetRefreshTokenSession finds the grant of a refresh token and says where in its family
// the token stands.
func (s storage) GetRefreshTokenSession(ctx context.Context, token string, _ fosite.Session) (fosite.Requester, error) {
	u := unitOf(ctx)
	if err := s.p.loadByRefresh(ctx, u, token); err != nil {
		return nil, err
	}
	switch latest := u.grant.RefreshSeq; {
	case u.seq == latest:
	case u.seq == latest-1 && u.now.Before(u.grant.RefreshGraceUntil): // for the answer that it already got
	case u.seq < latest:
		return u.requester(), fosite.ErrInactiveToken // reuse: fosite revokes the family
	default: // from a future that the store has forgotten: a backup was restored
		return nil, refuse(invalidGrant, "The refresh token is not known any more. The person must sign in again.")
	}
	return u.requester(), nil
}

func (p *Provider) loadByRefresh(ctx context.Context, u *unit, token string) error {
	unknown := refuse(invalidGrant, "The refresh token is not one that was issued to this client.")
	id, seq, err := p.tokens.readRefresh(token)
	if err != nil {
		return unknown.because(err)
	}
	g, err := p.grantOf(ctx, &u.held, id)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return unknown.because(err)
	case err != nil:
		return err
	case g.ClientID != u.client.ID:
		return unknown.because(errors.New("another client's"))
	case !g.RevokedAt.IsZero():
		return refuse(invalidGrant, "The authorization has been revoked. The person must sign in again.")
	}
	u.grant, u.seq = g, seq
	return nil
}

func (storage) CreateRefreshTokenSession(ctx context.Context, _, _ string, _ fosite.Requester) error {
	unitOf(ctx).family = true
	return nil
}

func (storage) RotateRefreshToken(ctx context.Context, _, _ string) error {
	unitOf(ctx).rotate = true
	return nil
}

func (storage) DeleteRefreshTokenSession(context.Context, string) error { return nil } // spent ones have no rows

// RevokeRefreshToken is fosite's answer to reuse of a code or a refresh token. Revoking
// the grant kills the access tokens too.
func (s storage) RevokeRefreshToken(ctx context.Context, _ string) error {
	return s.p.reused(ctx, unitOf(ctx))
}

func (storage) RevokeAccessToken(context.Context, string) error { return nil } // dies with the grant

// Access tokens have no rows.

func (storage) CreateAccessTokenSession(context.Context, string, fosite.Requester) error { return nil }
func (storage) DeleteAccessTokenSession(context.Context, string) error                   { return nil }
func (storage) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound // userinfo.go resolves them
}

// The PKCE challenge is a column of the grant. fosite deletes its session before it has
// verified the code_verifier: here that does nothing, so that a second try without a
// verifier is not a way around it.

func (storage) CreatePKCERequestSession(context.Context, string, fosite.Requester) error { return nil }
func (storage) DeletePKCERequestSession(context.Context, string) error                   { return nil }

func (storage) GetPKCERequestSession(ctx context.Context, _ string, _ fosite.Session) (fosite.Requester, error) {
	u := unitOf(ctx)
	if u.grant.Challenge == "" {
		// Told only to who sends a code_verifier: going on would let a thief of a code skip
		// PKCE by stripping the challenge (RFC 9700 §4.8.2).
		return nil, refuse(invalidGrant, "There is a code_verifier, but the authorization request had no code_challenge.").because(fosite.ErrNotFound)
	}
	return u.requester(), nil
}

// Whether there is an ID token, the scope openid says.

func (storage) CreateOpenIDConnectSession(context.Context, string, fosite.Requester) error {
	return nil
}
func (storage) DeleteOpenIDConnectSession(context.Context, string) error { return nil }

func (storage) GetOpenIDConnectSession(ctx context.Context, _ string, _ fosite.Requester) (fosite.Requester, error) {
	u := unitOf(ctx)
	if !slices.Contains(u.scopes(), "openid") {
		return nil, openid.ErrNoSessionFound
	}
	return u.requester(), nil
}
