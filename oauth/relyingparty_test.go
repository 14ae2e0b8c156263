package oauth_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

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
		"EdDSA":  signedBy("EdDSA"), "PS384": signedBy("PS384"), "RS512": signedBy("RS512"), "ES512": signedBy("ES512"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := everyHouse(t)
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
			other := provider.Verifier(&oidc.Config{ClientID: c.ID, SupportedSigningAlgs: []string{"RS384"}})
			if _, err := other.Verify(t.Context(), token.Extra("id_token").(string)); err == nil {
				t.Error("an algorithm that is not agreed on passes")
			}
			info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
			if err != nil || info.Subject != anna || info.Email != "anna@example.org" || !info.EmailVerified {
				t.Errorf("userinfo: %v %+v", err, info)
			}
			token.Expiry = time.Now().Add(-time.Minute)
			again, err := config.TokenSource(context.Background(), token).Token()
			if err != nil || again.RefreshToken == token.RefreshToken {
				t.Errorf("refresh: %v", err)
			}
			if _, err := config.Exchange(t.Context(), code, oauth2.VerifierOption(pkce)); errorOf(err) != "invalid_grant" {
				t.Errorf("the code again: %v", err)
			}
		})
	}
}

func signedBy(alg string) func(*idp.Client) {
	return func(c *idp.Client) { c.IDTokenSignedResponseAlg = alg }
}

// errorOf is the OAuth error that x/oauth2 was told.
func errorOf(err error) string {
	if told := new(oauth2.RetrieveError); errors.As(err, &told) {
		return told.ErrorCode
	}
	return ""
}

// An application acts for itself with x/oauth2; with a wrong secret it does not.
func TestIndependentClientCredentials(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("bot", machine)
	config := clientcredentials.Config{
		ClientID: "bot", ClientSecret: secretOf("bot"), TokenURL: h.issuer + "/oauth2/token",
		Scopes: []string{"jobs:read"}, AuthStyle: oauth2.AuthStyleInHeader,
	}
	token, err := config.Token(t.Context())
	if err != nil || token.AccessToken == "" || token.Extra("scope") != "jobs:read" {
		t.Fatalf("%v %+v", err, token)
	}
	config.ClientSecret = secretOf("another")
	if _, err := config.Token(t.Context()); errorOf(err) != "invalid_client" {
		t.Errorf("a wrong secret: %v", err)
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
