package oauth_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"cloudsso/idp"
)

// Independent software signs in: go-oidc reads our discovery and keys, x/oauth2 speaks
// to the endpoints.
func TestIndependentRelyingParty(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*idp.Client){
		"RS256, basic": nil,
		"ES256, post": func(c *idp.Client) {
			c.IDTokenSignedResponseAlg, c.TokenEndpointAuthMethod = "ES256", "client_secret_post"
		},
		"public": public,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			c := h.client("wiki", change)
			h.login.visit = true
			provider, err := oidc.NewProvider(t.Context(), h.issuer)
			if err != nil {
				t.Fatal(err)
			}
			config := oauth2.Config{ClientID: c.ID, ClientSecret: secretOf(c.ID), Endpoint: provider.Endpoint(), RedirectURL: callback, Scopes: []string{"openid", "email", "offline_access"}}
			if c.Public() {
				config.ClientSecret = ""
			}
			pkce := oauth2.GenerateVerifier()
			code := followToCallback(t, config.AuthCodeURL("xyz", oidc.Nonce("n-1"), oauth2.S256ChallengeOption(pkce)))
			token, err := config.Exchange(t.Context(), code, oauth2.VerifierOption(pkce))
			if err != nil {
				t.Fatal(err)
			}
			verifyIDToken(t, provider, c, token)
			info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
			if err != nil || info.Subject != anna || info.Email != "anna@example.org" || !info.EmailVerified {
				t.Errorf("userinfo: %v %+v", err, info)
			}
			token.Expiry = time.Now().Add(-time.Minute)
			again, err := config.TokenSource(context.Background(), token).Token()
			if err != nil || again.RefreshToken == token.RefreshToken {
				t.Errorf("refresh: %v", err)
			}
		})
	}
}

func verifyIDToken(t *testing.T, provider *oidc.Provider, c idp.Client, token *oauth2.Token) {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: c.ID, SupportedSigningAlgs: []string{c.IDTokenSignedResponseAlg}}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if id.Subject != anna || id.Nonce != "n-1" {
		t.Errorf("got %+v", id)
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil {
		t.Errorf("at_hash: %v", err)
	}
}

// followToCallback is a browser without cookies: it follows redirects up to the
// application's address.
func followToCallback(t *testing.T, address string) (code string) {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "rp.example" {
			code = r.URL.Query().Get("code")
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if code == "" {
		t.Fatalf("no code: %d", res.StatusCode)
	}
	return code
}
