package tokenapp_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// inSided's token scheme, to the end: the profile that its guide wants, verified by a library of
// somebody else with the public key that we publish.
func TestSignInToACommunityByGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, api.NewTokenApp{TokenAppSettings: api.TokenAppSettings{TokenAppPolicy: idp.TokenAppPolicy{
		ReturnURL: "/auth/token/return?customer=acme", Lifetime: 120, Claims: rows(`[{"name":"id","from":"subject","required":true},{"name":"email","from":"email","required":true},
			{"name":"username","from":"username"},{"name":"customRoles","from":"groups","map":{"Moderators":"3","Engineering":"1"},"join":","}]`),
	}}})
	b := idptest.NewBrowser(t)
	page := b.Open(w.link(""))
	if !strings.Contains(page.Title(), "Sign in to Community") {
		t.Fatal(page.Title())
	}
	arrive(t, signIn(page, "ada"))
	got := w.site.got
	if w.site.by != http.MethodGet || got.Get("customer") != "acme" || len(got) != 2 || w.site.referer != "" {
		t.Errorf("%s %v from %q", w.site.by, got, w.site.referer)
	}
	verifier := oidc.NewVerifier(w.Issuer, oidc.NewRemoteKeySet(t.Context(), w.Issuer+"/oauth2/jwks"), &oidc.Config{ClientID: w.site.URL, SupportedSigningAlgs: []string{"RS256"}})
	token, err := verifier.Verify(t.Context(), got.Get("token"))
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if life := token.Expiry.Sub(token.IssuedAt); life != 2*time.Minute || token.Subject != w.subject {
		t.Errorf("life %s, subject %s", life, token.Subject)
	}
	for name, want := range map[string]any{"id": w.subject, "email": "ada@example.com", "username": "ada", "customRoles": "1,3"} {
		if claims[name] != want {
			t.Errorf("%s: %v, want %v", name, claims[name], want)
		}
	}
	if names := slices.Sorted(maps.Keys(claims)); !slices.Equal(names, []string{"aud", "customRoles", "email", "exp", "iat", "id", "iss", "jti", "sub", "username"}) {
		t.Errorf("claims %v", names)
	}
	issued := w.event(idp.EventTokenAppIssued)
	if issued.Subject != w.subject || issued.Detail["jti"] != claims["jti"] || issued.Support == "" {
		t.Errorf("%+v", issued)
	}
	trace, err := w.Owner.Trace(t.Context(), issued.Support)
	if err != nil || trace.Protocol != "token" || trace.App != w.app.App || trace.Subject != w.subject {
		t.Errorf("%+v, %v", trace, err)
	}
	if text, _ := json.Marshal(trace); strings.Contains(string(text), got.Get("token")) {
		t.Error("the trace holds the token")
	}

	// The second time the session is enough, and the token is another.
	first := got.Get("token")
	arrive(t, b.Open(w.Issuer+"/launch/"+w.app.App))
	if w.site.got.Get("token") == first || w.site.got.Get("token") == "" {
		t.Error("the same token twice")
	}
}

// Zendesk's and Freshworks': a form, with the place to go on to and what the app wants back.
func TestSignInByForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, api.NewTokenApp{TokenAppSettings: api.TokenAppSettings{TokenAppPolicy: idp.TokenAppPolicy{
		ReturnURL: "/access/jwt", Method: "post", Algorithm: "HS256", TokenParam: "jwt", ReturnToParam: "return_to", StateParam: "state", NonceParam: "nonce",
		Claims: rows(`[{"name":"name","from":"name"},{"name":"email","from":"email"}]`),
	}}})
	back := w.site.URL + "/hc/tickets/7?a=1&b=2#top"
	page := signIn(idptest.NewBrowser(t).Open(w.link("?return_to="+urlEncoded(back)+"&state=%22%3E%3Cb%3E&nonce=n-1&brand_id=9")), "ada")
	if csp := page.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "form-action") || page.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", page.Header)
	}
	arrive(t, page)
	got := w.site.got
	if w.site.by != http.MethodPost || got.Get("return_to") != back || got.Get("state") != `"><b>` || got.Has("brand_id") || got.Has("nonce") {
		t.Errorf("%s %v", w.site.by, got)
	}
	jws, err := jose.ParseSignedCompact(got.Get("jwt"), []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := jws.Verify([]byte(w.app.SharedKey))
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil || claims["nonce"] != "n-1" || claims["name"] != "Ada Lovelace" || claims["jti"] == "" {
		t.Errorf("%v, %v", claims, err)
	}
}

func TestEveryAlgorithmIsTheOneThatIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, api.NewTokenApp{TokenAppSettings: api.TokenAppSettings{TokenAppPolicy: idp.TokenAppPolicy{ReturnURL: "/jwt"}}})
	b := idptest.NewBrowser(t)
	arrive(t, signIn(b.Open(w.link("")), "ada"))
	for _, alg := range []string{"PS256", "ES256", "ES384", "ES512", "EdDSA"} {
		w.change(`{"algorithm":"` + alg + `"}`)
		arrive(t, b.Open(w.link("")))
		v := oidc.NewVerifier(w.Issuer, oidc.NewRemoteKeySet(t.Context(), w.Issuer+"/oauth2/jwks"), &oidc.Config{ClientID: w.site.URL, SupportedSigningAlgs: []string{alg}})
		if _, err := v.Verify(t.Context(), w.site.got.Get("token")); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
	for alg, size := range map[string]int{"HS256": 32, "HS384": 48, "HS512": 64} {
		changed, err := w.Owner.PatchTokenApp(t.Context(), w.app.App, json.RawMessage(`{"algorithm":"`+alg+`"}`), "")
		if err != nil {
			t.Fatal(err)
		}
		if changed.SharedKey != "" {
			w.app.SharedKey = changed.SharedKey
		}
		arrive(t, b.Open(w.link("")))
		jws, err := jose.ParseSignedCompact(w.site.got.Get("token"), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		if _, err := jws.Verify([]byte(w.app.SharedKey)); err != nil || len(w.app.SharedKey) < size {
			t.Errorf("%s: %v, a key of %d bytes", alg, err, len(w.app.SharedKey))
		}
	}
}

func TestAPreviewIsWhatIsIssued(t *testing.T) {
	t.Parallel()
	w := newWorld(t, api.NewTokenApp{TokenAppSettings: api.TokenAppSettings{TokenAppPolicy: idp.TokenAppPolicy{
		ReturnURL: "/jwt", Claims: rows(`[{"name":"email","from":"email"},{"name":"phone","from":"phone","required":true}]`),
	}}})
	shown := func() api.Preview {
		t.Helper()
		p, err := w.Owner.Preview(t.Context(), w.app.App, api.PreviewRequest{User: "ada"})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if p := shown(); !strings.Contains(p.Refused, "required row phone") || p.Token == nil || p.Token.Claims["email"] != "ada@example.com" {
		t.Errorf("%+v", p)
	}
	w.change(`{"claims":[{"name":"email","from":"email"}]}`)
	p := shown()
	arrive(t, signIn(idptest.NewBrowser(t).Open(w.link("")), "ada"))
	jws, err := jose.ParseSignedCompact(w.site.got.Get("token"), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &claims); err != nil {
		t.Fatal(err)
	}
	delete(claims, "jti")
	if p.Refused != "" || !slices.Equal(slices.Sorted(maps.Keys(claims)), slices.Sorted(maps.Keys(p.Token.Claims))) {
		t.Errorf("preview %v, token %v", p.Token.Claims, claims)
	}
	w.change(`{"assigned":{"users":["grace"]}}`)
	if p := shown(); !strings.Contains(p.Refused, "no access") || p.Token != nil {
		t.Errorf("%+v", p)
	}
}
