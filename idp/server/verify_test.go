package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"cloudsso/api"
	"cloudsso/api/verify"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// tested runs a test sign-in of ada over the admin API.
func tested(t *testing.T, s *idptest.Server, app string) (v api.Verification) {
	t.Helper()
	if status := asAdmin(t, s, "/api/v1/apps/"+app+"/verify", `{"user":"ada"}`, &v); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	return v
}

// line is one check in a line.
func line(v api.Verification, name string) string {
	for _, c := range v.Checks {
		if c.Name == name {
			return c.Result + ": " + c.Received
		}
	}
	return "no such check"
}

func dump(v api.Verification) string {
	var b strings.Builder
	for _, c := range v.Checks {
		b.WriteString("\n" + c.Result + " | " + c.Name + " | " + c.Expected + " | " + c.Received + " | " + c.Advice)
	}
	return b.String()
}

func patchClient(t *testing.T, s *idptest.Server, id, patch string) {
	t.Helper()
	if _, err := s.Owner.PatchClient(t.Context(), id, json.RawMessage(patch), ""); err != nil {
		t.Fatal(err)
	}
}

func TestATestSignInPassesWithEverySettingOfAClient(t *testing.T) {
	t.Parallel()
	off := false
	redirect := []string{"https://rp.example/cb?a=b"}
	refresh := []string{"authorization_code", "refresh_token"}
	for name, c := range map[string]struct {
		m    idp.ClientMetadata
		want string // a check that must be there and pass
	}{
		"as it comes":              {idp.ClientMetadata{}, "PKCE"},
		"with refresh tokens":      {idp.ClientMetadata{GrantTypes: refresh}, "Refresh"},
		"secret in the body":       {idp.ClientMetadata{TokenEndpointAuthMethod: "client_secret_post"}, "Introspection"},
		"assertions of the secret": {idp.ClientMetadata{TokenEndpointAuthMethod: "client_secret_jwt", GrantTypes: refresh}, "Refresh"},
		"assertions of a key":      {idp.ClientMetadata{TokenEndpointAuthMethod: "private_key_jwt", JWKSURI: "https://rp.example/jwks"}, "Client keys"},
		"public":                   {idp.ClientMetadata{TokenEndpointAuthMethod: "none", GrantTypes: refresh}, "Refresh"},
		"no PKCE":                  {idp.ClientMetadata{RequirePKCE: &off}, "Token"},
		"ES256":                    {idp.ClientMetadata{IDTokenSignedResponseAlg: "ES256"}, "go-oidc accepts the ID token"},
		"EdDSA":                    {idp.ClientMetadata{IDTokenSignedResponseAlg: "EdDSA"}, "at_hash"},
		"PS384, userinfo ES512":    {idp.ClientMetadata{IDTokenSignedResponseAlg: "PS384", UserInfoSignedResponseAlg: "ES512"}, "Userinfo signature"},
		"HS512":                    {idp.ClientMetadata{IDTokenSignedResponseAlg: "HS512", UserInfoSignedResponseAlg: "HS256"}, "Secrecy of the shared key"},
		"HS256 with its own key":   {idp.ClientMetadata{IDTokenSignedResponseAlg: "HS256", HSKey: "dedicated", TokenEndpointAuthMethod: "private_key_jwt", JWKSURI: "https://rp.example/jwks"}, "Shared key"},
		"no signature":             {idp.ClientMetadata{IDTokenSignedResponseAlg: "none", ResponseTypes: []string{"code"}}, "ID token signature"},
		"pairwise":                 {idp.ClientMetadata{SubjectType: "pairwise"}, "sub of userinfo"},
		"JWT access tokens":        {idp.ClientMetadata{AccessTokenFormat: "jwt"}, "Access token as a JWT"},
		"implicit":                 {idp.ClientMetadata{AllowImplicit: true, ResponseTypes: []string{"id_token token"}}, "at_hash"},
		"ID token only":            {idp.ClientMetadata{AllowImplicit: true, ResponseTypes: []string{"id_token"}}, "nonce"},
		"hybrid":                   {idp.ClientMetadata{AllowImplicit: true, GrantTypes: []string{"authorization_code", "implicit"}, ResponseTypes: []string{"code id_token"}}, "c_hash"},
		"pushed requests":          {idp.ClientMetadata{RequirePushedRequests: true}, "Pushed request"},
		"signed requests":          {idp.ClientMetadata{RequireSignedRequestObject: true, JWKSURI: "https://rp.example/jwks"}, "Authorization"},
		"pushed and signed":        {idp.ClientMetadata{RequirePushedRequests: true, RequireSignedRequestObject: true, RequestObjectSigningAlg: "HS256"}, "Pushed request"},
		"a maximum age":            {idp.ClientMetadata{DefaultMaxAge: new(int64(60))}, "auth_time"},
		"a required claim":         {idp.ClientMetadata{ClaimsMapping: []idp.Mapping{{Name: "who.mail", From: "email", Required: true}}}, "Required claims"},
		"OAuth without OpenID":     {idp.ClientMetadata{Scope: "profile", UserinfoWithoutOpenID: true}, "Userinfo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{})
			s.AddUser(t, ada)
			c.m.RedirectURIs = redirect
			v := tested(t, s, s.AddClient(t, c.m).ClientID)
			if !v.Passed || len(v.FailedNames()) > 0 || !strings.HasPrefix(line(v, c.want), verify.Passed) {
				t.Errorf("%s: %s%s", c.want, line(v, c.want), dump(v))
			}
		})
	}
}
