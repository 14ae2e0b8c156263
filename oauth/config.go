package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"

	"cloudsso/idp"
)

// config is fosite's configuration. Every field that fosite would fill lazily is set,
// since it does so without a lock.
type config struct {
	*fosite.Config
	byGrantType map[string]fosite.TokenEndpointHandlers
}

func newConfig(p *Provider) *config {
	c := &config{Config: &fosite.Config{
		AccessTokenLifespan:         accessTTL,
		RefreshTokenLifespan:        refreshTTL,
		AuthorizeCodeLifespan:       codeTTL,
		IDTokenLifespan:             idTokenTTL,
		IDTokenIssuer:               p.Issuer,
		ScopeStrategy:               fosite.ExactScopeStrategy,
		AudienceMatchingStrategy:    fosite.ExactAudienceMatchingStrategy,
		EnforcePKCEForPublicClients: true,
		RefreshTokenScopes:          []string{offlineOnly},
		OmitRedirectScopeParam:      true,
		// idp.ClientMetadata.Complete decided which redirect URIs may be registered.
		RedirectSecureChecker:        func(context.Context, *url.URL) bool { return true },
		ClientAuthenticationStrategy: p.authenticateForCore,
		ClientSecretsHasher:          noHasher{},
	}}
	store, strategy, ids := storage{p}, coreTokens{p.tokens, p}, &openid.IDTokenHandleHelper{IDTokenStrategy: idTokens{p}}
	code := &oauth2.AuthorizeExplicitGrantHandler{
		AccessTokenStrategy: strategy, RefreshTokenStrategy: strategy, AuthorizeCodeStrategy: strategy,
		CoreStorage: store, TokenRevocationStorage: store, Config: c,
	}
	front := &oauth2.AuthorizeImplicitGrantTypeHandler{AccessTokenStrategy: strategy, AccessTokenStorage: store, Config: c}
	judge := openid.NewOpenIDConnectRequestValidator(nil, c) // of a prepared request, in which nothing is left to judge
	proof := &pkce.Handler{AuthorizeCodeStrategy: strategy, Storage: store, Config: c}
	c.AuthorizeEndpointHandlers = fosite.AuthorizeEndpointHandlers{code, front,
		&openid.OpenIDConnectImplicitHandler{
			IDTokenHandleHelper: ids, AuthorizeImplicitGrantTypeHandler: front, OpenIDConnectRequestValidator: judge, Config: c,
		},
		&openid.OpenIDConnectHybridHandler{
			IDTokenHandleHelper: ids, AuthorizeImplicitGrantTypeHandler: front, AuthorizeExplicitGrantHandler: code,
			OpenIDConnectRequestValidator: judge, OpenIDConnectRequestStorage: store, Config: c,
		}, proof}
	c.byGrantType = map[string]fosite.TokenEndpointHandlers{
		"authorization_code": {code, proof, codeIDTokens{&openid.OpenIDConnectExplicitHandler{
			OpenIDConnectRequestStorage: store, Config: c, IDTokenHandleHelper: ids,
		}}},
		"refresh_token": {&oauth2.RefreshTokenGrantHandler{
			AccessTokenStrategy: strategy, RefreshTokenStrategy: strategy, TokenRevocationStorage: store, Config: c,
		}, &openid.OpenIDConnectRefreshHandler{IDTokenHandleHelper: ids, Config: c}},
		idp.GrantPassword: {directGrant{strategy, ids}},
		idp.GrantDevice:   {directGrant{strategy, ids}},
		clientCredentials: {&oauth2.ClientCredentialsGrantHandler{
			HandleHelper: &oauth2.HandleHelper{AccessTokenStrategy: strategy, AccessTokenStorage: store, Config: c}, Config: c,
		}},
	}
	return c
}

// GetTokenEndpointHandlers gives fosite only the handlers of the grant type at hand:
// it asks every handler of its list, and each stranger costs a captured stack.
func (c *config) GetTokenEndpointHandlers(ctx context.Context) fosite.TokenEndpointHandlers {
	return c.byGrantType[unitOf(ctx).grantType]
}

// codeIDTokens adds the ID token to an answer. fosite's own says that it has nothing to do
// with the request before that, with a captured stack each time.
type codeIDTokens struct {
	*openid.OpenIDConnectExplicitHandler
}

func (codeIDTokens) HandleTokenEndpointRequest(context.Context, fosite.AccessRequester) error {
	return fosite.ErrUnknownRequest
}

// GetEnforcePKCE is a setting of the client.
func (c *config) GetEnforcePKCE(ctx context.Context) bool { return unitOf(ctx).client.NeedsPKCE() }

var errNotUsed = errors.New("oauth: fosite's own client authentication is not in use")

// noHasher stands in for bcrypt: secrets.go verifies secrets, and a way around it fails.
type noHasher struct{}

func (noHasher) Compare(context.Context, []byte, []byte) error { return errNotUsed }
func (noHasher) Hash(context.Context, []byte) ([]byte, error)  { return nil, errNotUsed }

// authenticateForCore answers with the client that token.go authenticated.
func (p *Provider) authenticateForCore(ctx context.Context, _ *http.Request, _ url.Values) (fosite.Client, error) {
	return &unitOf(ctx).client, nil
}
