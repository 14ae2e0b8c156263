package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/ory/fosite"

	"cloudsso/idp"
)

// Stage is where a sign-in to one client is rehearsed: this provider's endpoints with all
// their checks, and a store that nobody else has.
type Stage struct {
	Endpoints http.Handler // paths are below the issuer
	Secret    string       // what the client authenticates with here, if by a secret
	// SharedKeys are what HS* tokens may be signed with.
	SharedKeys [][]byte
}

// Rehearse sets the stage for a client as it is stored. Its keys give way to jwks, and a
// secret that only its owner knows to another: who checks the answers has to play the client, and
// has neither. Consent is taken for granted.
//
// Attack: what comes of a test is used for real. Decision: grants are on the stage only, so codes,
// access and refresh tokens die with it; the stand-ins for credentials are made for one stage
// and are known to no other endpoint. Signed tokens are the caller's to keep.
func (p *Provider) Rehearse(c idp.Client, jwks json.RawMessage, r *idp.Rehearsal) (Stage, error) {
	out := Stage{}
	secrets, err := p.openSecrets(&c, idp.SecretAuthenticates)
	if err != nil {
		return out, err
	}
	if out.SharedKeys, err = p.sharedKeys(&c); err != nil {
		return out, err
	}
	switch {
	case len(secrets) > 0:
		out.Secret = string(secrets[0])
	case c.HasSecret():
		out.Secret = idp.NewSecret()
		c.Secrets = append(slices.Clone(c.Secrets), idp.ClientSecret{ID: idp.NewID(), Hash: generatedPrefix + idp.HashSecret(out.Secret)})
	}
	if jwks != nil {
		c.JWKS, c.JWKSURI = jwks, ""
	}
	out.Endpoints = p.onStage(c, r).endpoints()
	return out, nil
}

// onStage is a Provider for one client that stores nothing.
func (p *Provider) onStage(c idp.Client, r *idp.Rehearsal) *Provider {
	o := p.Options
	o.Records = &stageRecords{names: p.Records, client: c, grants: make(map[string]idp.Grant)}
	o.Flows, o.Marks, o.Events, o.Login = r, r, r, stageLogin{r}
	o.SignOuter, o.States, o.Outbound = nil, nil, nil
	s := &Provider{Options: o, tokens: p.tokens, secrets: newSecrets(o.Ring), userCodes: p.userCodes, discovery: p.discovery}
	s.keySets = &keySets{fetch: o.Fetch, now: s.now, byURI: make(map[string]*keySet)}
	s.core = fosite.NewOAuth2Provider(storage{s}, newConfig(s))
	return s
}

func (p *Provider) endpoints() http.Handler {
	mux := http.NewServeMux()
	for path, h := range map[string]http.HandlerFunc{
		"/.well-known/openid-configuration": p.Discovery, "/oauth2/jwks": p.JWKS, "/oauth2/authorize": p.Authorize, "/oauth2/par": p.Push,
		"/oauth2/token": p.Token, "/oauth2/userinfo": p.UserInfo, "/oauth2/introspect": p.Introspect, "/oauth2/revoke": p.Revoke,
	} {
		mux.Handle(path, h)
	}
	return mux
}

// stageLogin has no page, so nobody can type anything.
type stageLogin struct{ *idp.Rehearsal }

var errNoPages = errors.New("oauth: a rehearsal has no pages")

func (stageLogin) CheckPassword(*http.Request, string, string, string) (idp.Person, error) {
	return idp.Person{}, errNoPages
}
func (stageLogin) FormToken(http.ResponseWriter, *http.Request, string) string { return "" }
func (stageLogin) CheckForm(*http.Request, string) error                       { return errNoPages }

// stageRecords knows one client, and keeps the grants of the rehearsal. Nothing that it is
// told reaches the store below, of which it knows one verb that reads: another verb of
// Records does not compile until it is thought of here.
type stageRecords struct {
	names interface {
		PersistentIDOf(ctx context.Context, app, subject string) (idp.PersistentID, error)
	}
	client idp.Client
	mu     sync.Mutex
	grants map[string]idp.Grant
}

// Client knows no other.
func (s *stageRecords) Client(_ context.Context, id string) (idp.Client, error) {
	if id != s.client.ID {
		return idp.Client{}, idp.ErrNotFound
	}
	return s.client, nil
}

// Consent is taken for granted: nobody's is asked for or recorded.
func (s *stageRecords) Consent(_ context.Context, subject, clientID string) (idp.Consent, error) {
	return idp.Consent{Subject: subject, ClientID: clientID, Scopes: s.client.Scopes()}, nil
}

// Holding is of the same client, grants and consent.
func (s *stageRecords) Holding(ctx context.Context, clientID, grantID string) (h idp.Holding, err error) {
	if clientID == s.client.ID {
		h.Client = &s.client
	}
	if h.Grant, err = s.Grant(ctx, grantID); err != nil {
		return h, nil // what is not there is no error
	}
	h.Owner = &s.client
	h.Consent, err = s.Consent(ctx, h.Grant.Subject, s.client.ID)
	return h, err
}

func (s *stageRecords) CreateGrant(_ context.Context, g idp.Grant, _ idp.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants[g.ID] = g
	return nil
}

func (s *stageRecords) Grant(_ context.Context, id string) (idp.Grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.grants[id]
	if !ok {
		return g, idp.ErrNotFound
	}
	return g, nil
}

// change applies a compare-and-swap to a grant.
func (s *stageRecords) change(id string, apply func(*idp.Grant) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.grants[id]
	if !ok {
		return idp.ErrNotFound
	}
	if err := apply(&g); err != nil {
		return err
	}
	s.grants[id] = g
	return nil
}

func (s *stageRecords) RedeemCode(_ context.Context, r idp.Redemption, now time.Time) error {
	return s.change(r.GrantID, func(g *idp.Grant) error {
		switch {
		case g.CodeHash == "" || g.CodeHash != r.CodeHash || !now.Before(g.CodeExpiresAt):
			return idp.ErrNotFound
		case !g.CodeUsedAt.IsZero() || !g.RevokedAt.IsZero():
			return idp.ErrReused
		}
		g.CodeUsedAt, g.RefreshSeq, g.RefreshExpiresAt, g.ExpiresAt = now, r.RefreshSeq, r.RefreshExpiresAt, r.ExpiresAt
		return nil
	})
}

func (s *stageRecords) RotateRefresh(_ context.Context, r idp.Rotation) error {
	return s.change(r.GrantID, func(g *idp.Grant) error {
		if g.RefreshSeq != r.Seq || !g.RevokedAt.IsZero() {
			return idp.ErrReused
		}
		g.RefreshSeq, g.RefreshGraceUntil, g.RefreshExpiresAt, g.ExpiresAt = r.Seq+1, r.GraceUntil, r.RefreshExpiresAt, r.ExpiresAt
		return nil
	})
}

func (s *stageRecords) RevokeGrant(_ context.Context, id, reason string, now time.Time) (bool, error) {
	err := s.change(id, func(g *idp.Grant) error {
		if !g.RevokedAt.IsZero() {
			return idp.ErrReused
		}
		g.RevokedAt, g.Revoked = now, reason
		return nil
	})
	return err == nil, nil
}

func (*stageRecords) Grants(context.Context, idp.GrantFilter, idp.Page) ([]idp.Grant, error) {
	return nil, nil
}

func (*stageRecords) CreateDeliveries(context.Context, []idp.Delivery) error { return nil }
func (*stageRecords) SettleDelivery(context.Context, idp.Delivery) error     { return nil }
func (*stageRecords) ClaimDeliveries(context.Context, time.Time, time.Time, int) ([]idp.Delivery, error) {
	return nil, nil
}

// PersistentIDOf is the store's.
func (s *stageRecords) PersistentIDOf(ctx context.Context, app, subject string) (idp.PersistentID, error) {
	return s.names.PersistentIDOf(ctx, app, subject)
}

// PersistentID gives the name that the person has at the client, or an example: the first real
// sign-in makes the one that stays.
func (s *stageRecords) PersistentID(ctx context.Context, candidate idp.PersistentID) (idp.PersistentID, error) {
	id, err := s.PersistentIDOf(ctx, candidate.App, candidate.Subject)
	if errors.Is(err, idp.ErrNotFound) {
		return candidate, nil
	}
	return id, err
}
