package oauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/idp"
)

const (
	objectAt  = "https://rp.example/object"
	otherBack = "https://rp.example/other"
	objectTyp = "oauth-authz-req+jwt"
)

// rpKey is the key of the application, thiefKey nobody's.
var rpKey, thiefKey = sync.OnceValue(newECKey), sync.OnceValue(newECKey)

func newECKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func rpJWKS() json.RawMessage {
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: rpKey().Public(), KeyID: "rp-1", Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		panic(err)
	}
	return set
}

// objectSigned makes request objects; typ "" leaves the header's type out.
func objectSigned(t testing.TB, alg jose.SignatureAlgorithm, key any, typ string, claims map[string]any) string {
	t.Helper()
	o := new(jose.SignerOptions)
	if typ != "" {
		o.WithType(jose.ContentType(typ))
	}
	if alg == jose.ES256 {
		o.WithHeader("kid", "rp-1")
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// objectClaims is the usual request as an object says it; more as pairs, nil takes out.
func (h *house) objectClaims(clientID string, more ...any) map[string]any {
	claims := map[string]any{
		"iss": clientID, "aud": h.issuer, "iat": h.now().Unix(), "nbf": h.now().Unix(), "exp": h.now().Add(5 * time.Minute).Unix(),
		"client_id": clientID, "redirect_uri": callback, "response_type": "code", "scope": "openid",
		"code_challenge": challengeOf(verifier), "code_challenge_method": "S256", "state": "inner-state", "nonce": "inner-nonce",
	}
	for i := 0; i < len(more); i += 2 {
		if claims[more[i].(string)] = more[i+1]; more[i+1] == nil {
			delete(claims, more[i].(string))
		}
	}
	return claims
}

func (h *house) object(t testing.TB, clientID string, more ...any) string {
	t.Helper()
	return objectSigned(t, jose.ES256, rpKey(), objectTyp, h.objectClaims(clientID, more...))
}

// outer is what stands in the address beside a request object.
func outer(clientID string, more ...string) url.Values {
	return with(url.Values{"client_id": {clientID}, "response_type": {"code"}, "scope": {"openid"}}, more...)
}

func signs(c *idp.Client) {
	c.JWKS, c.RedirectURIs, c.RequestURIs = rpJWKS(), []string{callback, otherBack}, []string{objectAt, objectAt + "/hashed#anything"}
}

// J2 asks for unsigned objects where none is advertised: it is not (A19).
func TestConformance_J01_RequestObjectsAreNeverIgnored(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", signs)
	for name, form := range map[string]url.Values{
		"request":     with(request("wiki"), "request", "eyJ"),
		"request_uri": with(request("wiki"), "request_uri", "https://elsewhere.example/object"),
		"both":        with(request("wiki"), "request", "eyJ", "request_uri", objectAt),
	} {
		want := map[string]string{"request": "invalid_request_object", "request_uri": "invalid_request_uri", "both": "invalid_request"}[name]
		if got := h.authorize(form).params(t); got.Get("error") != want || got.Get("code") != "" {
			t.Errorf("%s: %v", name, got)
		}
	}
	twice := h.send(http.MethodGet, "/oauth2/authorize?"+with(request("wiki"), "request", h.object(t, "wiki")).Encode()+"&request="+h.object(t, "wiki"), "")
	if got := twice.params(t); got.Get("error") != "invalid_request" {
		t.Errorf("two objects: %v", got)
	}
}

func TestConformance_J02_UnsignedObjectsAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", signs)
	body, _ := json.Marshal(h.objectClaims("wiki"))
	for _, header := range []string{`{"alg":"none"}`, `{"alg":"None","typ":"JWT"}`, `{"typ":"JWT"}`} {
		raw := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString(body) + "."
		got := h.authorize(outer("wiki", "request", raw, "redirect_uri", callback)).params(t)
		if got.Get("error") != "invalid_request_object" {
			t.Errorf("%s: %v", header, got)
		}
	}
}

// What the object says counts, and only that (RFC 9101 §6.3).
func TestConformance_J03_TheObjectWins(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", signs)
	a := h.authorize(outer("wiki", "request", h.object(t, "wiki", "max_age", 3600, "claims", map[string]any{"userinfo": map[string]any{"name": nil}}),
		"redirect_uri", "https://evil.example/cb", "state", "outer-state", "nonce", "outer-nonce", "prompt", "none login", "scope", "openid email", "code_challenge", "x"))
	got := a.params(t)
	if got.Get("state") != "inner-state" || !strings.HasPrefix(a.header.Get("Location"), callback+"?") {
		t.Fatalf("got %v at %s", got, a.header.Get("Location"))
	}
	if age := h.login.asked.MaxAge; age == nil || *age != time.Hour {
		t.Errorf("max_age as a number: %v", age)
	}
	body := h.token("wiki", exchangeForm(got.Get("code"))).json(t)
	if claims := claimsOf(t, body["id_token"]); claims["nonce"] != "inner-nonce" || body["scope"] != "openid" {
		t.Errorf("got %v, scope %v", claims, body["scope"])
	}
	if info := h.userinfo(body["access_token"]).json(t); info["name"] != "Anna Arendt" {
		t.Errorf("claims as an object: %v", info)
	}
	// What the object leaves out is not taken from outside.
	bare := h.authorize(outer("wiki", "request", h.object(t, "wiki", "state", nil, "nonce", nil), "state", "outer", "nonce", "outer"))
	code := bare.params(t)
	if code.Has("state") {
		t.Errorf("merged: %v", code)
	}
	if claims := claimsOf(t, h.token("wiki", exchangeForm(code.Get("code"))).json(t)["id_token"]); claims["nonce"] != nil {
		t.Errorf("merged: %v", claims)
	}
	missing := h.authorize(outer("wiki", "request", h.object(t, "wiki", "redirect_uri", nil), "redirect_uri", callback))
	if missing.status != http.StatusBadRequest || missing.header.Get("Location") != "" {
		t.Errorf("a redirect_uri from outside was used: %d", missing.status)
	}
}

// An error goes to a registered address only, whatever stands outside.
func TestConformance_J03_NeverToABadRedirectURI(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", signs)
	bad := objectSigned(t, jose.ES256, thiefKey(), objectTyp, h.objectClaims("wiki", "redirect_uri", "https://evil.example/cb"))
	for uri, want := range map[string]string{"https://evil.example/cb": "", "-": "", otherBack: otherBack + "?"} {
		a := h.authorize(outer("wiki", "request", bad, "redirect_uri", uri, "state", "s"))
		if where := a.header.Get("Location"); want == "" && (where != "" || a.status != http.StatusBadRequest) || !strings.HasPrefix(where, want) {
			t.Errorf("redirect_uri %s: sent to %q, status %d", uri, where, a.status)
		}
	}
	inside := h.authorize(outer("wiki", "request", h.object(t, "wiki", "redirect_uri", "https://evil.example/cb"), "redirect_uri", callback))
	if inside.header.Get("Location") != "" || inside.status != http.StatusBadRequest {
		t.Errorf("an unregistered address inside: %d %s", inside.status, inside.header.Get("Location"))
	}
}

func TestConformance_J04_ByReference(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", signs)
	h.fetch.set(objectAt, " "+h.object(t, "wiki")+"\n")
	if got := h.authorize(outer("wiki", "request_uri", objectAt)).params(t); got.Get("code") == "" || got.Get("state") != "inner-state" {
		t.Errorf("got %v", got)
	}
	h.fetch.set(objectAt, strings.Repeat("x", 64<<10+1))
	if got := h.authorize(outer("wiki", "request_uri", objectAt, "redirect_uri", callback)).params(t); got.Get("error") != "invalid_request_uri" {
		t.Errorf("too large: %v", got)
	}
	h.fetch.err = errors.New("dial tcp 10.0.0.1: connection refused")
	got := h.authorize(outer("wiki", "request_uri", objectAt, "redirect_uri", callback)).params(t)
	if got.Get("error_description") != "The request object could not be fetched from the request_uri." {
		t.Errorf("not reachable: %v", got)
	}
}

func TestConformance_J05_AFragmentIsNotTheAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", signs)
	h.fetch.set(objectAt+"/hashed", h.object(t, "wiki"))
	for _, uri := range []string{objectAt + "/hashed#anything", objectAt + "/hashed#else", objectAt + "/hashed"} {
		if got := h.authorize(outer("wiki", "request_uri", uri)).params(t); got.Get("code") == "" {
			t.Errorf("%s: %v", uri, got)
		}
	}
}

// Everything that makes an object unusable. The application is told at its own address.
func TestRequestObjectsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", signs)
	h.client("other", signs)
	ago, ahead := func(d time.Duration) int64 { return h.now().Add(-d).Unix() }, func(d time.Duration) int64 { return h.now().Add(d).Unix() }
	const unsigned = "it is not a JWT of a permitted type that is signed by a registered key of this client with a permitted algorithm"
	for name, c := range map[string]struct {
		raw string
		why string
	}{
		"garbage":                                   {"abc", unsigned},
		"nothing":                                   {"", unsigned},
		"five parts":                                {"a.b.c.d.e", unsigned},
		"another's key":                             {objectSigned(t, jose.ES256, thiefKey(), objectTyp, h.objectClaims("wiki")), unsigned},
		"the secret as a key":                       {objectSigned(t, jose.HS256, []byte(strings.Repeat(secretOf("wiki"), 3)), objectTyp, h.objectClaims("wiki")), unsigned},
		"the type of an access token":               {objectSigned(t, jose.ES256, rpKey(), "at+jwt", h.objectClaims("wiki")), unsigned},
		"the type of a logout token":                {objectSigned(t, jose.ES256, rpKey(), "logout+jwt", h.objectClaims("wiki")), unsigned},
		"the type of a client assertion":            {objectSigned(t, jose.ES256, rpKey(), "client-authentication+jwt", h.objectClaims("wiki")), unsigned},
		"a client assertion without a type":         {objectSigned(t, jose.ES256, rpKey(), "", h.objectClaims("wiki", "sub", "wiki", "jti", "1")), "it is a client assertion: its sub is the client_id"},
		"another issuer":                            {h.object(t, "wiki", "iss", "other"), "its iss is not the client_id"},
		"another audience":                          {h.object(t, "wiki", "aud", "https://elsewhere.example"), "its aud does not contain this provider's issuer"},
		"another provider's among audiences":        {h.object(t, "wiki", "aud", []string{"https://elsewhere.example"}), "its aud does not contain this provider's issuer"},
		"another client inside":                     {h.object(t, "wiki", "client_id", "other"), "its client_id is not the one of the request"},
		"another response_type inside (J6)":         {h.object(t, "wiki", "response_type", "code id_token"), "its response_type is not the one of the request"},
		"expired":                                   {h.object(t, "wiki", "exp", ago(61*time.Second)), "it has expired"},
		"not valid yet":                             {h.object(t, "wiki", "nbf", ahead(61*time.Second)), "it is not valid yet (nbf)"},
		"from the future":                           {h.object(t, "wiki", "iat", ahead(61*time.Second)), "it was issued in the future (iat)"},
		"a request in it":                           {h.object(t, "wiki", "request", "x"), "it contains request or request_uri"},
		"a request_uri in it":                       {h.object(t, "wiki", "request_uri", objectAt), "it contains request or request_uri"},
		"times that are texts":                      {h.object(t, "wiki", "exp", "tomorrow"), "its member exp has the wrong type"},
		"an issuer that is a number":                {h.object(t, "wiki", "iss", 7), "its member iss has the wrong type"},
		"a NUL in a text":                           {h.object(t, "wiki", "nonce", "a\x00b"), "it contains something that is not text in UTF-8"},
		"resources that are no texts":               {h.object(t, "wiki", "resource", []any{1}), "its member resource is neither a text nor a number"},
		"a list instead of an object":               {signedText(t, `["wiki"]`), "it is not a JSON object whose members have one name each"},
		"CVE-2026-63687: a member that comes twice": {signedText(t, `{"state":"a","state":"b"}`), "it is not a JSON object whose members have one name each"},
		"something after the object":                {signedText(t, `{"state":"a"} {}`), "it is not a JSON object whose members have one name each"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := h.authorize(outer("wiki", "request", c.raw, "redirect_uri", callback, "state", "s")).params(t)
			want := url.Values{
				"error": {"invalid_request_object"}, "error_description": {"The request object cannot be used: " + c.why + "."}, "state": {"s"}, "iss": {h.issuer},
			}
			if got.Encode() != want.Encode() {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func signedText(t *testing.T, payload string) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: rpKey()}, (&jose.SignerOptions{}).WithHeader("kid", "rp-1"))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// What is not perfect and works all the same.
func TestRequestObjectsThatAreAccepted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", signs)
	for name, raw := range map[string]string{
		"typ JWT":                     objectSigned(t, jose.ES256, rpKey(), "JWT", h.objectClaims("wiki")),
		"no typ":                      objectSigned(t, jose.ES256, rpKey(), "", h.objectClaims("wiki")),
		"the whole media type":        objectSigned(t, jose.ES256, rpKey(), "application/"+objectTyp, h.objectClaims("wiki")),
		"several audiences":           h.object(t, "wiki", "aud", []string{"https://elsewhere.example", h.issuer}),
		"no iss, aud and times":       h.object(t, "wiki", "iss", nil, "aud", nil, "exp", nil, "nbf", nil, "iat", nil),
		"a clock a little behind":     h.object(t, "wiki", "exp", h.now().Add(-50*time.Second).Unix()),
		"a clock a little ahead (W2)": h.object(t, "wiki", "nbf", h.now().Add(8*time.Second).Unix(), "iat", h.now().Add(8*time.Second).Unix()),
		"members that nobody knows":   h.object(t, "wiki", "x", map[string]any{"y": []int{1}}, "z", nil, "flag", true),
		"words in another order":      h.object(t, "wiki", "scope", "email openid"),
	} {
		if got := h.authorize(outer("wiki", "request", raw)).params(t); got.Get("code") == "" {
			t.Errorf("%s: %v", name, got)
		}
	}
	onlyTheObject := url.Values{"client_id": {"wiki"}, "request": {h.object(t, "wiki")}}
	if got := h.authorize(onlyTheObject).params(t); got.Get("code") == "" {
		t.Errorf("RFC 9101 §5 wants nothing outside but client_id and request: %v", got)
	}
}

func TestConformance_J06_ClientIDAndResponseTypeOutside(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", signs)
	if a := h.authorize(outer("wiki", "client_id", "-", "request", h.object(t, "wiki"))); a.status != http.StatusBadRequest || a.header.Get("Location") != "" {
		t.Errorf("no client_id outside: %d", a.status)
	}
	got := h.authorize(outer("wiki", "response_type", "id_token", "request", h.object(t, "wiki"), "redirect_uri", callback)).params(t)
	if got.Get("error") != "invalid_request_object" {
		t.Errorf("another response_type outside: %v", got)
	}
}

func TestConformance_J07_TheRegisteredAlgorithm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { signs(c); c.RequestObjectSigningAlg = "PS256" })
	if got := h.authorize(outer("wiki", "request", h.object(t, "wiki"), "redirect_uri", callback)).params(t); got.Get("error") != "invalid_request_object" {
		t.Errorf("ES256 instead of PS256: %v", got)
	}
	h.change("wiki", func(c *idp.Client) { c.RequestObjectSigningAlg = "ES256" })
	if got := h.authorize(outer("wiki", "request", h.object(t, "wiki"))).params(t); got.Get("code") == "" {
		t.Errorf("ES256: %v", got)
	}
}

// The application's keys at an address of its own: a new one is found when it is used.
func TestRequestObjectsByKeysAtAnAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { signs(c); c.JWKS, c.JWKSURI = nil, keysAt })
	broken := h.authorize(outer("wiki", "request", h.object(t, "wiki"), "redirect_uri", callback)).params(t)
	if broken.Get("error_description") != "The request object cannot be used: the keys of this client cannot be read from its jwks_uri." {
		t.Errorf("no key set there: %v", broken)
	}
	h.fetch.set(keysAt, string(rpJWKS()))
	h.move(time.Minute)
	if got := h.authorize(outer("wiki", "request", h.object(t, "wiki"))).params(t); got.Get("code") == "" {
		t.Errorf("got %v", got)
	}
}

// HS* only where it is registered, with the client secret.
func TestRequestObjectsByTheSecret(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	made := r.register("request_object_signing_alg", "HS256")
	id, secret := made["client_id"].(string), made["client_secret"].(string)
	claims := object{"iss": id, "aud": r.Issuer, "client_id": id, "redirect_uri": callback, "response_type": "code", "scope": "openid", "prompt": "none", "state": "inner"}
	for key, want := range map[string]string{secret: "login_required", strings.Repeat("x", 43): "invalid_request_object"} {
		ask := outer(id, "request", objectSigned(t, jose.HS256, []byte(key), objectTyp, claims), "redirect_uri", callback)
		a := r.call(http.MethodGet, "/oauth2/authorize?"+ask.Encode(), "", nil)
		if got := a.params(t); got.Get("error") != want {
			t.Errorf("got %v, want %s", got, want)
		}
	}
	byKey := outer(id, "request", objectSigned(t, jose.ES256, rpKey(), objectTyp, claims), "redirect_uri", callback)
	if got := r.call(http.MethodGet, "/oauth2/authorize?"+byKey.Encode(), "", nil).params(t); got.Get("error") != "invalid_request_object" {
		t.Errorf("ES256: %v", got)
	}
}

func TestConformance_J08_OnlyRegisteredAddresses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", signs)
	for _, uri := range []string{
		"http://rp.example/object", objectAt + "?x=1", objectAt + "/", "https://RP.example/object", "https://rp.example:443/object",
		"file:///etc/passwd", "http://169.254.169.254/latest", "", "urn:ietf:params:oauth:request_uri:nothing",
	} {
		got := h.authorize(outer("wiki", "request_uri", uri, "redirect_uri", callback)).params(t)
		if got.Get("error") != "invalid_request_uri" {
			t.Errorf("%q: %v", uri, got)
		}
	}
	if n := h.fetch.count(); n != 0 {
		t.Errorf("%d addresses were called", n)
	}
}

// W1, W2: a client that must sign gets strict rules.
func TestConformance_W01_RequiredSignedObjects(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { signs(c); c.RequireSignedRequestObject = true })
	plain := h.authorize(request("wiki")).params(t)
	if plain.Get("error") != "invalid_request" || plain.Get("error_description") != "This client must send its authorization requests as a signed request object (RFC 9101)." {
		t.Errorf("plain parameters: %v", plain)
	}
	if a := h.push("wiki", request("wiki")); a.status != http.StatusBadRequest {
		t.Errorf("W1, pushed: %d %s", a.status, a.body)
	}
	ago := func(d time.Duration) int64 { return h.now().Add(-d).Unix() }
	for name, raw := range map[string]string{
		"no exp": h.object(t, "wiki", "exp", nil), "no nbf": h.object(t, "wiki", "nbf", nil),
		"no iss": h.object(t, "wiki", "iss", nil), "no aud": h.object(t, "wiki", "aud", nil),
		"an hour and more": h.object(t, "wiki", "exp", h.now().Add(61*time.Minute).Unix()),
		"an old nbf":       h.object(t, "wiki", "nbf", ago(61*time.Minute), "exp", h.now().Unix()+1),
	} {
		if got := h.authorize(outer("wiki", "request", raw, "redirect_uri", callback)).params(t); got.Get("error") != "invalid_request_object" {
			t.Errorf("W2, %s: %v", name, got)
		}
	}
	if got := h.authorize(outer("wiki", "request", h.object(t, "wiki"))).params(t); got.Get("code") == "" {
		t.Errorf("signed: %v", got)
	}
	pushed := h.push("wiki", url.Values{"request": {h.object(t, "wiki")}})
	uri, _ := pushed.json(t)["request_uri"].(string)
	if got := h.authorize(outer("wiki", "request_uri", uri)).params(t); got.Get("code") == "" || got.Get("state") != "inner-state" {
		t.Errorf("signed and pushed: %v, %s", got, pushed.body)
	}
}

// An object with a jti leads to one answer; before that, it may be opened again.
func TestARequestObjectWithAnIDWorksOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", signs)
	h.login.visit = true
	raw := h.object(t, "wiki", "jti", "object-1")
	first, second := h.authorize(outer("wiki", "request", raw)), h.authorize(outer("wiki", "request", raw))
	if got := h.goOn(t, second).params(t); got.Get("code") == "" {
		t.Errorf("the second tab: %v", got)
	}
	got := h.goOn(t, first).params(t)
	if got.Get("error") != "invalid_request" || got.Get("error_description") != "This authorization request has already been answered: the application must make a new one." {
		t.Errorf("the first tab, too late: %v", got)
	}
	h.client("other", signs)
	same := objectSigned(t, jose.ES256, rpKey(), objectTyp, h.objectClaims("other", "jti", "object-1"))
	if got := h.goOn(t, h.authorize(outer("other", "request", same))).params(t); got.Get("code") == "" {
		t.Errorf("another client's object of this name: %v", got)
	}
}

// Attack: a parameter of ours that an address brings along, to use up what is not its own.
func TestMarksCannotBeBroughtAlong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", signs)
	for range 2 {
		if got := h.authorize(request("wiki", "once", "object/x/99999999999")).params(t); got.Get("code") == "" {
			t.Errorf("got %v", got)
		}
		inside := h.object(t, "wiki", "once", "object/x/99999999999")
		if got := h.authorize(outer("wiki", "request", inside)).params(t); got.Get("code") == "" {
			t.Errorf("inside an object: %v", got)
		}
	}
}

// goOn walks a browser from /login to the answer.
func (h *house) goOn(t testing.TB, a answer) answer {
	t.Helper()
	for range 5 {
		where := a.header.Get("Location")
		if !strings.HasPrefix(where, "/") {
			return a
		}
		a = h.send(http.MethodGet, where, "")
	}
	t.Fatal("no end")
	return a
}
