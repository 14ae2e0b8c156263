package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"cloudsso/api"
	"cloudsso/idp"
)

// made is a token app as it is stored.
func made(t *testing.T, s *Server, p idp.TokenAppPolicy) idp.TokenApp {
	t.Helper()
	owner := s.Admin().Local("test")
	a, err := owner.CreateTokenApp(t.Context(), api.NewTokenApp{TokenAppSettings: api.TokenAppSettings{Name: "App", TokenAppPolicy: p}})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := s.options.Records.TokenApp(t.Context(), a.App)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

type lie = func(path string, r *http.Request, said *httptest.ResponseRecorder)

// onAnswer changes the parameters that go to the application.
func onAnswer(change func(q url.Values)) lie {
	return func(path string, _ *http.Request, said *httptest.ResponseRecorder) {
		address, query, ok := strings.Cut(said.Header().Get("Location"), "?")
		if !strings.HasPrefix(path, "/token/") || !ok {
			return
		}
		q, _ := url.ParseQuery(query)
		change(q)
		said.Header().Set("Location", address+"?"+q.Encode())
	}
}

// onHeader changes headers of answers that go to the application.
func onHeader(name, value string) lie {
	return func(path string, _ *http.Request, said *httptest.ResponseRecorder) {
		if strings.HasPrefix(path, "/token/") {
			said.Header().Set(name, value)
		}
	}
}

// lets answers a question that has to be refused with a sign-in.
func lets(which func(q url.Values) bool) lie {
	return func(path string, r *http.Request, said *httptest.ResponseRecorder) {
		if strings.HasPrefix(path, "/token/") && said.Code >= http.StatusBadRequest && which(r.URL.Query()) {
			said.Code = http.StatusSeeOther
			said.Header().Set("Location", "https://elsewhere.invalid/?token=x")
		}
	}
}

// tokenForger signs tokens again with a key that is published, in the key set and on the sheet.
type tokenForger struct {
	key   jose.JSONWebKey
	sheet string
}

func newTokenForger(t *testing.T) tokenForger {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return tokenForger{jose.JSONWebKey{Key: key, KeyID: "forged", Algorithm: "ES256", Use: "sig"}, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}
}

func (f tokenForger) forge(change func(claims map[string]any)) lie {
	resign := onAnswer(func(q url.Values) {
		var claims map[string]any
		payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(q.Get("token"), ".")[1])
		if json.Unmarshal(payload, &claims) != nil {
			return
		}
		change(claims)
		signer, _ := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: f.key}, nil)
		forged, _ := jwt.Signed(signer).Claims(claims).Serialize()
		q.Set("token", forged)
	})
	return func(path string, r *http.Request, said *httptest.ResponseRecorder) {
		if path == "/oauth2/jwks" {
			raw, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{f.key.Public()}})
			said.Body = bytes.NewBuffer(raw)
		}
		resign(path, r, said)
	}
}

func claim(name string, value any) func(map[string]any) {
	return func(c map[string]any) {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
}

func parameter(name, value string) func(url.Values) {
	return func(q url.Values) {
		if q.Set(name, value); value == "" {
			q.Del(name)
		}
	}
}

func TestTheCheckListSeesALyingTokenProvider(t *testing.T) {
	t.Parallel()
	s, subject := bench(t)
	app := made(t, s, idp.TokenAppPolicy{
		ReturnURL: "https://app.example/in", Algorithm: "ES256", ReturnToParam: "to", StateParam: "state", NonceParam: "nonce", ReturnOrigins: []string{"https://help.example"},
		Claims: []idp.Mapping{{Name: "mail", From: "email", Required: true}},
	})
	f := newTokenForger(t)
	real := s.admin.PublicKey("ES256")
	sees := func(name, sheet string, change lie, red string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := s.tokenApp(t.Context(), app, answerOf(subject), subject)
			if err != nil {
				t.Fatal(err)
			}
			v.Endpoints, v.PublicKey = liar{v.Endpoints, change}, func() string { return sheet }
			redOnly(t, v.SignIn, red)
		})
	}
	for name, c := range map[string]struct {
		change func(claims map[string]any)
		red    string
	}{
		"nothing":                     {func(map[string]any) {}, ""},
		"another iss":                 {claim("iss", "https://evil.example"), "iss"},
		"another aud":                 {claim("aud", "https://evil.example"), "aud"},
		"two audiences":               {claim("aud", []string{"https://app.example", "x"}), "aud"},
		"somebody else":               {claim("sub", "mallory"), "sub"},
		"nobody":                      {claim("sub", nil), "sub"},
		"an old token":                {claim("exp", start.Unix()-1), "exp of the token, Lifetime"},
		"a token without an end":      {claim("exp", nil), "exp of the token, Lifetime"},
		"a longer life":               {claim("exp", start.Unix()+3600), "Lifetime"},
		"issued in the future":        {func(c map[string]any) { c["iat"], c["exp"] = start.Unix()+3600, start.Unix()+3900 }, "iat of the token"},
		"no jti":                      {claim("jti", nil), "jti"},
		"the same jti again":          {claim("jti", "one"), "jti"},
		"a planted token":             {claim("nonce", "old"), "nonce"},
		"a claim that is not there":   {claim("mail", nil), "Required claims"},
		"a list where a text belongs": {claim("iss", []string{}), "iss"},
	} {
		sees(name, f.sheet, f.forge(c.change), c.red)
	}
	const signature, toldBy = "Signature, jti", "Public key of the hand-over sheet"
	for name, c := range map[string]struct {
		change lie
		red    string
	}{
		"a key that is not published":    {onlyTokens(f.forge(func(map[string]any) {})), signature},
		"keys of somebody else":          {forgedKeys(t), signature},
		"no keys":                        {noKeys, "Key set, " + signature},
		"a changed payload":              {onAnswer(replacePayload), signature},
		"no signature":                   {onAnswer(dropSignature), signature},
		"no token":                       {onAnswer(parameter("token", "")), "Parameters, " + signature},
		"a token twice":                  {onAnswer(func(q url.Values) { q.Add("token", "x") }), "Parameters"},
		"more than was asked for":        {onAnswer(parameter("email", "ada@example.com")), "Parameters"},
		"another state":                  {onAnswer(parameter("state", "planted")), "state"},
		"another place":                  {onAnswer(parameter("to", "https://evil.example/")), "Return address, Return address https://help.example"},
		"foreign places":                 {lets(func(q url.Values) bool { return strings.Contains(q.Get("to"), "elsewhere.invalid") }), "Return address https://elsewhere.invalid/, Return address https://app.example.elsewhere.invalid/, Return address https://app.example@elsewhere.invalid/, Return address //elsewhere.invalid/"},
		"scripts as places":              {lets(func(q url.Values) bool { return strings.HasPrefix(q.Get("to"), "javascript:") }), "Return address javascript:alert(1)"},
		"a token that nobody asked for":  {lets(func(q url.Values) bool { return !q.Has("nonce") }), "Link without a nonce"},
		"an answer to another address":   {onHeader("Location", "https://evil.example/?token=x"), "Sign-in"},
		"an address that only begins so": {onHeader("Location", "https://app.example/in.evil?token=x"), "Sign-in"},
		"an answer that is kept":         {onHeader("Cache-Control", "public"), "Cache-Control"},
		"a form where none is wanted":    {asForm, "Delivery"},
	} {
		sees(name, real, c.change, c.red)
	}
	sees("another key on the sheet", f.sheet, onAnswer(func(url.Values) {}), toldBy)
	sees("no key on the sheet", "", onAnswer(func(url.Values) {}), toldBy)
}

func noKeys(path string, _ *http.Request, said *httptest.ResponseRecorder) {
	if path == "/oauth2/jwks" {
		said.Body = bytes.NewBufferString(`{"keys":[]}`)
	}
}

// onlyTokens leaves the key set alone.
func onlyTokens(forge lie) lie {
	return func(path string, r *http.Request, said *httptest.ResponseRecorder) {
		if path != "/oauth2/jwks" {
			forge(path, r, said)
		}
	}
}

func replacePayload(q url.Values) {
	if parts := strings.Split(q.Get("token"), "."); len(parts) == 3 {
		q.Set("token", parts[0]+"."+base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"mallory"}`))+"."+parts[2])
	}
}

func dropSignature(q url.Values) {
	if parts := strings.Split(q.Get("token"), "."); len(parts) == 3 {
		q.Set("token", base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))+"."+parts[1]+".")
	}
}

// asForm delivers by another method.
func asForm(path string, _ *http.Request, said *httptest.ResponseRecorder) {
	address, query, ok := strings.Cut(said.Header().Get("Location"), "?")
	if !strings.HasPrefix(path, "/token/") || !ok {
		return
	}
	page := `<form method="post" action="` + address + `">`
	q, _ := url.ParseQuery(query)
	for name := range q {
		page += `<input name="` + name + `" value="` + strings.NewReplacer("&", "&amp;", `"`, "&#34;", "<", "&lt;").Replace(q.Get(name)) + `">`
	}
	said.Code, said.Body = http.StatusOK, bytes.NewBufferString(page+"</form>")
	said.Header().Del("Location")
}

// Attack: the key that only two may know is published, so everybody signs.
func TestTheCheckListSeesAPublishedSharedKey(t *testing.T) {
	t.Parallel()
	s, subject := bench(t)
	v, err := s.tokenApp(t.Context(), made(t, s, idp.TokenAppPolicy{ReturnURL: "https://app.example/in", Algorithm: "HS512"}), answerOf(subject), subject)
	if err != nil {
		t.Fatal(err)
	}
	v.Endpoints = liar{v.Endpoints, func(path string, _ *http.Request, said *httptest.ResponseRecorder) {
		if path == "/oauth2/jwks" {
			raw, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: v.SharedKey, Algorithm: "HS512"}}})
			said.Body = bytes.NewBuffer(raw)
		}
	}}
	redOnly(t, v.SignIn, "Secrecy of the shared key")
}

// Attack: somebody gets in who must not. The list says so, whatever the answer looks like.
func TestTheCheckListSeesATokenForSomebodyWhoMustBeKeptOut(t *testing.T) {
	t.Parallel()
	s, subject := bench(t)
	app := made(t, s, idp.TokenAppPolicy{ReturnURL: "https://app.example/in"})
	app.Assigned = &idp.Assignment{Groups: []string{"staff"}}
	for name, change := range map[string]lie{"at the application": letIn("https://app.example/in?token=x"), "somewhere else": letIn("https://evil.example/?token=x")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := s.tokenApp(t.Context(), app, answerOf(subject), subject)
			if err != nil {
				t.Fatal(err)
			}
			v.Endpoints = liar{v.Endpoints, change}
			redOnly(t, v.SignIn, "Assignment, Refusal")
		})
	}
}

func letIn(location string) lie {
	return func(_ string, _ *http.Request, said *httptest.ResponseRecorder) {
		said.Code = http.StatusSeeOther
		said.Header().Set("Location", location)
	}
}

func TestTheCheckListSeesALyingForumProvider(t *testing.T) {
	t.Parallel()
	s, subject := bench(t)
	app := made(t, s, idp.TokenAppPolicy{
		Scheme: idp.SchemeDiscourse, ReturnURL: "https://forum.example/session/sso_login",
		Claims: []idp.Mapping{{Name: "email", From: "email", Required: true}, {Name: "username", From: "username"}},
	})
	stage := s.tokens.Rehearse(app, s.rehearsal(answerOf(subject)))
	payload := func(change func(url.Values)) lie {
		return onAnswer(func(q url.Values) {
			raw, _ := base64.StdEncoding.DecodeString(q.Get("sso"))
			said, _ := url.ParseQuery(string(raw))
			change(said)
			sso := base64.StdEncoding.EncodeToString([]byte(said.Encode()))
			q.Set("sso", sso)
			q.Set("sig", hex.EncodeToString(hmacOf(stage.SharedKey, sso)))
		})
	}
	for name, c := range map[string]struct {
		change lie
		red    string
	}{
		"nothing":                    {payload(func(url.Values) {}), ""},
		"another signature":          {onAnswer(parameter("sig", strings.Repeat("ab", 32))), "Signature"},
		"no signature":               {onAnswer(parameter("sig", "")), "Parameters, Signature"},
		"a payload of somebody else": {onAnswer(parameter("sso", base64.StdEncoding.EncodeToString([]byte("nonce=x&external_id=1")))), "Signature"},
		"a payload that is none": {onAnswer(func(q url.Values) {
			q.Set("sso", "%%%")
			q.Set("sig", hex.EncodeToString(hmacOf(stage.SharedKey, "%%%")))
		}), "Payload"},
		"a nonce of another question": {payload(parameter("nonce", "old")), "nonce"},
		"two nonces":                  {payload(func(q url.Values) { q.Add("nonce", "old") }), "Names of the payload"},
		"nobody":                      {payload(parameter("external_id", "")), "external_id"},
		"no address":                  {payload(parameter("email", "")), "email, Required claims"},
		"a name of nothing":           {payload(func(q url.Values) { q.Set("username", " ") }), "username"},
		"a flag that is none":         {payload(parameter("admin", "1")), "Flags"},
		"an address taken for proven": {payload(parameter("require_activation", "")), "require_activation"},
		"an answer twice":             {lets(func(url.Values) bool { return true }), "The same question again, Another return_sso_url, A question that somebody else signed"},
		"questions of anybody":        {lets(func(q url.Values) bool { return q.Get("sig") == strings.Repeat("00", 32) }), "A question that somebody else signed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := s.tokenApp(t.Context(), app, answerOf(subject), subject)
			if err != nil {
				t.Fatal(err)
			}
			v.Endpoints = liar{v.Endpoints, c.change}
			redOnly(t, v.SignIn, c.red)
		})
	}
}

// Attack: the nonce and the token of a test are held up to the real address. The forum never asked
// that, so it takes no answer to it; the stage knows no other app than its own.
func TestAStageOfATokenAppKnowsOneApp(t *testing.T) {
	t.Parallel()
	s, subject := bench(t)
	one := made(t, s, idp.TokenAppPolicy{ReturnURL: "https://app.example/in"})
	other := made(t, s, idp.TokenAppPolicy{ReturnURL: "https://other.example/in"})
	stage := s.tokens.Rehearse(one, s.rehearsal(answerOf(subject)))
	for path, want := range map[string]int{"/token/" + one.App: http.StatusSeeOther, "/token/" + other.App: http.StatusNotFound, "/token/" + one.App + "/continue": http.StatusNotFound} {
		w := httptest.NewRecorder()
		stage.Endpoints.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if w.Code != want || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v, want %d", path, w.Code, w.Header(), want)
		}
	}
}

func hmacOf(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
