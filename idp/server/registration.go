package server

import (
	"context"
	"fmt"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/mapping"
	"cloudsso/idp/web"
	"cloudsso/oauth"
)

// registration is the policy for clients that register themselves.
func (s *Server) registration() oauth.Registration {
	c := s.options.Config
	return oauth.Registration{
		Policy: c.Registration, AllowImplicit: c.RegistrationAllowImplicit, Resources: c.RegistrationResources,
		Registry: registry{s},
	}
}

// registry lets the registration endpoint keep clients. Initial access tokens are admin
// tokens with a role of their own.
type registry struct{ *Server }

// Admit implements [oauth.Registry].
func (r registry) Admit(ctx context.Context, token string) (string, error) {
	actor, err := r.admin.Authenticate(ctx, token)
	if err != nil {
		return "", err
	}
	return actor.Registrar()
}

// Create implements [oauth.Registry].
func (r registry) Create(ctx context.Context, who string, c idp.Client) (oauth.Registered, error) {
	return registered(r.admin.Local(who).RegisterClient(ctx, c))
}

// Replace implements [oauth.Registry].
func (r registry) Replace(ctx context.Context, who string, was idp.ClientMetadata, c idp.Client) (oauth.Registered, error) {
	return registered(r.admin.Local(who).ReplaceClient(ctx, was, c))
}

// Delete implements [oauth.Registry].
func (r registry) Delete(ctx context.Context, who, id string) error {
	return r.admin.Local(who).DeleteClient(ctx, id, "")
}

func registered(c api.Client, err error) (oauth.Registered, error) {
	return oauth.Registered{
		ID: c.ClientID, Metadata: c.ClientMetadata, IssuedAt: c.CreatedAt, Secret: c.ClientSecret, SharedSigningKey: c.SharedSigningKey,
	}, err
}

// scopes are the operator's own.
func (s *Server) scopes() ([]oauth.Scope, error) {
	var out []oauth.Scope
	for _, c := range s.options.Config.Scopes {
		scope := oauth.Scope{Name: c.Name}
		for _, row := range c.Claims {
			scope.Claims = append(scope.Claims, idp.Mapping{Name: row.Name, From: row.From, Join: row.Join})
		}
		if err := mapping.CheckClaims(scope.Claims); err != nil {
			return nil, fmt.Errorf("the claims of the scope %s: %w", c.Name, err)
		}
		out = append(out, scope)
	}
	return out, nil
}

// scopeTexts is what people are told about them.
func (s *Server) scopeTexts() map[string]web.ScopeText {
	texts := make(map[string]web.ScopeText)
	for _, c := range s.options.Config.Scopes {
		if c.Title != "" {
			texts[c.Name] = web.ScopeText{Title: c.Title, Detail: c.Description}
		}
	}
	return texts
}
