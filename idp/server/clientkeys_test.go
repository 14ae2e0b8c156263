package server_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

func ownToken(t *testing.T, s *idptest.Server, form url.Values, id, secret string) int {
	t.Helper()
	form.Set("grant_type", "client_credentials")
	r, err := http.NewRequest(http.MethodPost, s.Issuer+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id != "" {
		r.SetBasicAuth(id, secret)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func TestASecretRotatesWithoutAnOutage(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{Path: "/sso"})
	c := s.AddClient(t, idp.ClientMetadata{GrantTypes: []string{"client_credentials"}})
	works := func(secret string) bool { return ownToken(t, s, url.Values{}, c.ClientID, secret) == http.StatusOK }
	day := int64(86400)
	next, err := s.Owner.RotateSecret(t.Context(), c.ClientID, api.SecretRotation{ExpireOlderIn: &day})
	if err != nil {
		t.Fatal(err)
	}
	if !works(c.ClientSecret) || !works(next.ClientSecret) {
		t.Error("one of the two does not work")
	}
	s.Clock.Advance(23 * time.Hour)
	if !works(c.ClientSecret) || !works(next.ClientSecret) {
		t.Error("one of the two does not work after 23 hours")
	}
	s.Clock.Advance(time.Hour + time.Second)
	if works(c.ClientSecret) || !works(next.ClientSecret) {
		t.Error("the old one works for longer than it was told, or the new one does not")
	}
	if log := s.Log.String(); strings.Contains(log, c.ClientSecret) || strings.Contains(log, next.ClientSecret) {
		t.Error("a secret is in the log")
	}
}

// The key set of a client is fetched through the guard of the whole server.
func TestKeySetsAreFetchedThroughTheGuard(t *testing.T) {
	t.Parallel()
	pub, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: pub, KeyID: "one"}}})
	}))
	t.Cleanup(keys.Close)
	s := idptest.New(t, idptest.Options{Path: "/sso"})
	for uri, want := range map[string]int{
		keys.URL + "/jwks":                              http.StatusOK,
		"https://169.254.169.254/latest/meta-data":      http.StatusUnauthorized,
		"https://[::ffff:10.0.0.1]/jwks":                http.StatusUnauthorized,
		strings.Replace(keys.URL, "http:", "https:", 1): http.StatusUnauthorized,
	} {
		c := s.AddClient(t, idp.ClientMetadata{GrantTypes: []string{"client_credentials"}, TokenEndpointAuthMethod: "private_key_jwt", JWKSURI: uri})
		now := s.Clock.Now().Unix()
		body, _ := json.Marshal(map[string]any{"iss": c.ClientID, "sub": c.ClientID, "aud": s.Issuer + "/oauth2/token", "exp": now + 60, "jti": idp.NewID()})
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, (&jose.SignerOptions{}).WithHeader("kid", "one"))
		if err != nil {
			t.Fatal(err)
		}
		jws, err := signer.Sign(body)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := jws.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {raw}}
		if got := ownToken(t, s, form, "", ""); got != want {
			t.Errorf("%s: %d, want %d", uri, got, want)
		}
		if log := s.Log.String(); strings.Contains(log, raw) {
			t.Error("an assertion is in the log")
		}
	}
	if log := s.Log.String(); !strings.Contains(log, "169.254.169.254 is not on the public internet") {
		t.Error("the log does not say why")
	}
}

// The JWKS of a whole server: the placeholder comes with the first client and never shows
// the key.
func TestTheJWKSShowsThatAKeyIsShared(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	jwks := func() string {
		res, err := http.Get(s.Issuer + "/oauth2/jwks")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if strings.Contains(jwks(), `"oct"`) {
		t.Error("nobody shares a key")
	}
	c := s.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{"http://localhost/cb"}, IDTokenSignedResponseAlg: "HS512"})
	body := jwks()
	if !strings.Contains(body, `{"alg":"HS512","k":"AA","kty":"oct","use":"sig"}`) || strings.Contains(body, c.ClientSecret) || strings.Contains(body, base64.RawURLEncoding.EncodeToString([]byte(c.ClientSecret))) {
		t.Errorf("got %s", body)
	}
	if err := s.Owner.DeleteClient(t.Context(), c.ClientID, ""); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(jwks(), `"oct"`) {
		t.Error("the placeholder outlives its last client")
	}
}
