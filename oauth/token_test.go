package oauth_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
)

const notAuthenticated = "The client is not authenticated: the client_id is unknown, the secret is wrong or has expired, or it was not sent by the method that is registered for the client."

func TestTokenRequestsThatAreMalformed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	const form = "grant_type=authorization_code&code=x&redirect_uri=" + callback
	for name, c := range map[string]struct {
		method, query, body, kind string
		status                    int
		error, text               string
	}{
		"GET":                      {method: "GET", status: 405, error: "invalid_request", text: "The token endpoint answers POST only."},
		"PUT":                      {method: "PUT", body: form, status: 405, error: "invalid_request", text: "The token endpoint answers POST only."},
		"an empty body":            {body: "", status: 400, error: "invalid_request", text: "The parameter grant_type is missing: use authorization_code, refresh_token or client_credentials."},
		"no grant_type":            {body: "code=x", status: 400, error: "invalid_request", text: "The parameter grant_type is missing: use authorization_code, refresh_token or client_credentials."},
		"an unknown grant_type":    {body: "grant_type=urn:ietf:params:oauth:grant-type:saml2-bearer&username=a&password=b", status: 400, error: "unsupported_grant_type", text: "The grant_type is not supported: use authorization_code, refresh_token or client_credentials."},
		"two grant types in one":   {body: "grant_type=authorization_code+refresh_token", status: 400, error: "unsupported_grant_type", text: "The grant_type is not supported: use authorization_code, refresh_token or client_credentials."},
		"no code":                  {body: "grant_type=authorization_code&redirect_uri=x", status: 400, error: "invalid_request", text: "The parameter code is missing."},
		"no redirect_uri":          {body: "grant_type=authorization_code&code=x", status: 400, error: "invalid_request", text: "The parameter redirect_uri is missing."},
		"no refresh_token":         {body: "grant_type=refresh_token", status: 400, error: "invalid_request", text: "The parameter refresh_token is missing."},
		"a parameter twice":        {body: form + "&code=y", status: 400, error: "invalid_request", text: "The parameter 'code' is given more than once."},
		"grant_type twice":         {body: form + "&grant_type=refresh_token", status: 400, error: "invalid_request", text: "The parameter 'grant_type' is given more than once."},
		"secret in the query":      {query: "?client_id=wiki&client_secret=s", body: form, status: 400, error: "invalid_request", text: "The token endpoint takes its parameters from the body, not from the query."},
		"multipart":                {body: "--x--", kind: "multipart/form-data; boundary=x", status: 400, error: "invalid_request", text: "The body must be application/x-www-form-urlencoded."},
		"JSON":                     {body: `{"grant_type":"x"}`, kind: "application/json", status: 400, error: "invalid_request", text: "The body must be application/x-www-form-urlencoded."},
		"no content type":          {body: form, kind: "x", status: 400, error: "invalid_request", text: "The body must be application/x-www-form-urlencoded."},
		"a large body":             {body: form + "&x=" + strings.Repeat("x", 65<<10), status: 413, error: "invalid_request", text: "The parameters are larger than 64 KiB."},
		"a broken escape":          {body: "grant_type=%zz", status: 400, error: "invalid_request", text: "The parameters are not well-formed: encode them as application/x-www-form-urlencoded."},
		"bytes that are no text":   {body: form + "&x=%ff", status: 400, error: "invalid_request", text: "A parameter is not text in UTF-8."},
		"a long name twice":        {body: form + strings.Repeat("&"+strings.Repeat("n", 99)+"=1", 2), status: 400, error: "invalid_request", text: "The parameter '" + strings.Repeat("n", 40) + "...' is given more than once."},
		"a name with quotes twice": {body: form + `&a%22\%0a%c3%bc=1&a%22\%0a%c3%bc=2`, status: 400, error: "invalid_request", text: "The parameter 'a'/ ?' is given more than once."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			headers := basic("wiki")
			if c.kind != "" {
				headers = append(headers, "Content-Type", c.kind)
			}
			if c.method == "" {
				c.method = http.MethodPost
			}
			a := h.send(c.method, "/oauth2/token"+c.query, c.body, headers...)
			wantError(t, a, c.status, c.error, c.text)
			if c.status == 405 && a.header.Get("Allow") != "POST" {
				t.Error("405 without Allow")
			}
		})
	}
}

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("basic", nil)
	h.client("post", func(c *idp.Client) { c.TokenEndpointAuthMethod = "client_secret_post" })
	h.client("spa", public)
	h.client("none", func(c *idp.Client) { c.Secrets = nil })
	h.client("empty", func(c *idp.Client) { c.Secrets = []idp.ClientSecret{{Hash: ""}, {Hash: "s256:"}} })
	h.client("old", func(c *idp.Client) { c.Secrets[0].ExpiresAt = h.now() })
	h.client("two", func(c *idp.Client) {
		c.Secrets = append([]idp.ClientSecret{{Hash: "s256:" + idp.HashSecret("x")}}, c.Secrets...)
	})
	hash, err := userdir.HashPassword("imp+rted %41 s:cret")
	if err != nil {
		t.Fatal(err)
	}
	h.client("a:b/ü", func(c *idp.Client) { c.Secrets = []idp.ClientSecret{{Hash: hash}} })
	basicOf := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	}
	const public = "This client is public: it sends its client_id in the body, and no secret."
	for name, c := range map[string]struct {
		header string
		more   []string // body
		error  string   // "" means authenticated: the code is then the one that is wrong
		text   string
	}{
		"F1 basic":                          {header: basicOf("basic", secretOf("basic"))},
		"the scheme in lower case":          {header: "b" + basicOf("basic", secretOf("basic"))[1:]},
		"F1 post":                           {more: []string{"client_id", "post", "client_secret", secretOf("post")}},
		"F1 none":                           {more: []string{"client_id", "spa"}},
		"either of two secrets":             {header: basicOf("two", secretOf("two"))},
		"basic, and the same id in body":    {header: basicOf("basic", secretOf("basic")), more: []string{"client_id", "basic"}},
		"F2 id and secret form-urlencoded":  {header: basicOf(url.QueryEscape("a:b/ü"), url.QueryEscape("imp+rted %41 s:cret"))},
		"wrong secret":                      {header: basicOf("basic", "x"), error: "invalid_client", text: notAuthenticated},
		"unknown client":                    {header: basicOf("nobody", "x"), error: "invalid_client", text: notAuthenticated},
		"unknown client without a secret":   {more: []string{"client_id", "nobody"}, error: "invalid_client", text: notAuthenticated},
		"empty password (fosite 655)":       {header: basicOf("basic", ""), error: "invalid_client", text: notAuthenticated},
		"confidential without a secret":     {more: []string{"client_id", "basic"}, error: "invalid_client", text: notAuthenticated},
		"post for a basic client":           {more: []string{"client_id", "basic", "client_secret", secretOf("basic")}, error: "invalid_client", text: notAuthenticated},
		"basic for a post client":           {header: basicOf("post", secretOf("post")), error: "invalid_client", text: notAuthenticated},
		"an expired secret":                 {header: basicOf("old", secretOf("old")), error: "invalid_client", text: notAuthenticated},
		"a client without secrets":          {header: basicOf("none", ""), error: "invalid_client", text: notAuthenticated},
		"empty hashes match nothing":        {header: basicOf("empty", "x"), error: "invalid_client", text: notAuthenticated},
		"the hash is not the secret":        {header: basicOf("basic", idp.HashSecret(secretOf("basic"))), error: "invalid_client", text: notAuthenticated},
		"an oversized secret":               {header: basicOf("basic", strings.Repeat("x", 1025)), error: "invalid_client", text: notAuthenticated},
		"wrong imported secret":             {header: basicOf(url.QueryEscape("a:b/ü"), "wrong"), error: "invalid_client", text: notAuthenticated},
		"public with a secret":              {more: []string{"client_id", "spa", "client_secret", "x"}, error: "invalid_client", text: public},
		"public with an empty secret":       {more: []string{"client_id", "spa", "client_secret", ""}, error: "invalid_client", text: public},
		"public by basic":                   {header: basicOf("spa", ""), error: "invalid_client", text: public},
		"nothing":                           {error: "invalid_client", text: "The client did not authenticate: send its client_id and secret by the method that is registered for it."},
		"a secret without an id":            {more: []string{"client_secret", "x"}, error: "invalid_client", text: "The client did not authenticate: send its client_id and secret by the method that is registered for it."},
		"two methods":                       {header: basicOf("basic", secretOf("basic")), more: []string{"client_secret", secretOf("basic")}, error: "invalid_request", text: "The client authenticates in more than one way: use exactly one."},
		"another id in the body":            {header: basicOf("basic", secretOf("basic")), more: []string{"client_id", "post"}, error: "invalid_client", text: "The client_id in the body is not the one in the Authorization header."},
		"a bearer token":                    {header: "Bearer x", error: "invalid_client", text: "The Authorization header is not well-formed: clients authenticate by the scheme Basic."},
		"basic that is not base64":          {header: "Basic !", error: "invalid_client", text: "The Authorization header is not well-formed: clients authenticate by the scheme Basic."},
		"a client_assertion":                {more: []string{"client_id", "basic", "client_assertion", "x"}, error: "invalid_client", text: "The parameter client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer."},
		"imported, not form-urlencoded":     {header: basicOf("a%3Ab%2F%C3%BC", "imp+rted %41 s:cret")},
		"imported, once more from the memo": {header: basicOf("a%3Ab%2F%C3%BC", "imp+rted %41 s:cret")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := with(url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {callback}}, c.more...)
			var headers []string
			if c.header != "" {
				headers = []string{"Authorization", c.header}
			}
			a := h.send(http.MethodPost, "/oauth2/token", form.Encode(), headers...)
			if c.error == "" {
				wantError(t, a, 400, "invalid_grant", "The code is not one that was issued to this client.")
				return
			}
			status := map[string]int{"invalid_client": 401, "invalid_request": 400}[c.error]
			wantError(t, a, status, c.error, c.text)
			wantChallenge(t, a, status == 401 && c.header != "")
		})
	}
}

// What a wrong request does to a code: nothing. The right one works afterwards.
func TestAWrongExchangeUsesNothingUp(t *testing.T) {
	t.Parallel()
	const notYours = "The code is not one that was issued to this client."
	for name, c := range map[string]struct {
		client string
		more   []string
		text   string
	}{
		"F7 another client":             {"other", nil, notYours},
		"C8 another redirect_uri":       {"wiki", []string{"redirect_uri", callback + "/"}, "The 'redirect_uri' from this request does not match the one from the authorize request."},
		"F10 a wrong verifier":          {"wiki", []string{"code_verifier", strings.Repeat("x", 43)}, "The PKCE code challenge did not match the code verifier."},
		"F10 no verifier":               {"wiki", []string{"code_verifier", "-"}, "The PKCE code verifier must be at least 43 characters."},
		"a short verifier":              {"wiki", []string{"code_verifier", "x"}, "The PKCE code verifier must be at least 43 characters."},
		"a long verifier":               {"wiki", []string{"code_verifier", strings.Repeat("x", 129)}, "The PKCE code verifier can not be longer than 128 characters."},
		"the challenge as the verifier": {"wiki", []string{"code_verifier", challengeOf(verifier)}, "The PKCE code challenge did not match the code verifier."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			h.client("other", nil)
			code := h.code(t, "wiki")
			wantError(t, h.token(c.client, exchangeForm(code, c.more...)), 400, "invalid_grant", c.text)
			if a := h.token("wiki", exchangeForm(code)); a.status != 200 {
				t.Errorf("the code was burnt: %s", a.body)
			}
		})
	}
}

func TestCodesThatAreNotOurs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	code := h.code(t, "wiki")
	raw, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(code, "cac_"))
	otherSecret := append(append([]byte{}, raw[:16]...), make([]byte, 32)...)
	for name, wrong := range map[string]string{
		"nonsense":                 "x",
		"no prefix":                strings.TrimPrefix(code, "cac_"),
		"an access token's prefix": "cat_" + strings.TrimPrefix(code, "cac_"),
		"the grant's id alone":     "cac_" + base64.RawURLEncoding.EncodeToString(raw[:16]),
		"the right grant, guessed": "cac_" + base64.RawURLEncoding.EncodeToString(otherSecret),
		"an unknown grant":         "cac_" + base64.RawURLEncoding.EncodeToString(make([]byte, 48)),
		"one character more":       code + "A",
		"a line break inside":      code[:10] + "\n" + code[10:],
		"very long":                "cac_" + strings.Repeat("A", 10000),
	} {
		t.Run(name, func(t *testing.T) {
			a := h.token("wiki", exchangeForm(wrong))
			wantError(t, a, 400, "invalid_grant", "The code is not one that was issued to this client.")
		})
	}
	if a := h.token("wiki", exchangeForm(code)); a.status != 200 {
		t.Errorf("the code was burnt: %s", a.body)
	}
}

func TestConformance_V01_CodesLiveSixtySeconds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	code := h.code(t, "wiki")
	h.move(60 * time.Second)
	wantError(t, h.token("wiki", exchangeForm(code)), 400, "invalid_grant", "The code has expired: it lives 60 seconds.")
	code = h.code(t, "wiki")
	h.move(59 * time.Second)
	if a := h.token("wiki", exchangeForm(code)); a.status != 200 {
		t.Errorf("got %s", a.body)
	}
}

// Whoever may not have the grant any more gets no tokens, and the code stays as it was.
func TestExchangeAsksAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile func(*house)
		undo      func(*house)
		status    int
		error     string
		text      string
	}{
		"client disabled":  {func(h *house) { h.change("wiki", func(c *idp.Client) { c.Disabled = true }) }, nil, 400, "invalid_grant", "This application has been switched off by an administrator."},
		"person disabled":  {func(h *house) { h.people.set(anna, idp.Disabled) }, nil, 400, "invalid_grant", "The person's account is disabled."},
		"person locked":    {func(h *house) { h.people.set(anna, idp.Locked) }, nil, 400, "invalid_grant", "The person's account is disabled."},
		"password expired": {func(h *house) { h.people.set(anna, idp.PasswordExpired) }, nil, 400, "invalid_grant", "The person's password has expired: they must sign in again."},
		"person gone":      {func(h *house) { h.people.set(anna, idp.Gone) }, nil, 400, "invalid_grant", "The person has no account any more."},
		"subject unknown":  {func(h *house) { delete(h.people.all, anna) }, nil, 400, "invalid_grant", "The person has no account any more."},
		"consent revoked":  {func(h *house) { _ = h.store.RevokeConsent(t.Context(), anna, "wiki") }, nil, 400, "invalid_grant", "The person no longer agrees to what this application was allowed."},
		"grant revoked": {func(h *house) { _, _ = h.store.RevokeGrants(t.Context(), idp.GrantFilter{Subject: anna}, "x", h.now()) }, nil,
			400, "invalid_grant", "The authorization has been revoked."},
		"a required claim": {func(h *house) { h.change("wiki", requires("cost_centre")) }, nil, 400, "invalid_grant", "The person's account has no value for a claim that this application requires."},
		"directory down": {func(h *house) { h.people.down = idp.ErrUnavailable }, func(h *house) { h.people.down = nil }, 503, "temporarily_unavailable",
			"A service that is needed for this does not answer. Nothing was used up: please try again in a moment."},
		"store down": {func(h *house) { h.grants.fail = idp.ErrUnavailable }, func(h *house) { h.grants.fail = nil }, 503, "temporarily_unavailable",
			"A service that is needed for this does not answer. Nothing was used up: please try again in a moment."},
		"a fault of ours": {func(h *house) { h.people.down = errors.New("secret internals") }, func(h *house) { h.people.down = nil }, 500, "server_error", "Something went wrong on our side."},
		"signing fails": {func(h *house) { h.change("wiki", func(c *idp.Client) { c.IDTokenSignedResponseAlg = "XX512" }) },
			func(h *house) { h.change("wiki", func(c *idp.Client) { c.IDTokenSignedResponseAlg = "RS256" }) }, 500, "server_error", "Something went wrong on our side."},
		"grant type taken away": {func(h *house) {
			h.change("wiki", func(c *idp.Client) { c.GrantTypes = []string{"refresh_token"} })
		}, nil, 400, "unauthorized_client", "The OAuth 2.0 Client is not allowed to use authorization grant 'authorization_code'."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", func(c *idp.Client) { c.FirstParty = false })
			if err := h.store.GiveConsent(t.Context(), idp.Consent{Subject: anna, ClientID: "wiki", Scopes: []string{"openid"}, At: h.now()}); err != nil {
				t.Fatal(err)
			}
			code := h.code(t, "wiki")
			c.meanwhile(h)
			wantError(t, h.token("wiki", exchangeForm(code)), c.status, c.error, c.text)
			if c.undo == nil {
				return
			}
			c.undo(h)
			if a := h.token("wiki", exchangeForm(code)); a.status != 200 {
				t.Errorf("the code was burnt: %s", a.body)
			}
		})
	}
}

func TestConformance_H02_IDToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, alg := range []string{"RS256", "ES256"} {
		h.client("wiki-"+alg, func(c *idp.Client) { c.IDTokenSignedResponseAlg = alg })
		body := h.signIn(t, "wiki-"+alg, "scope", "openid profile email")
		claims := claimsOf(t, body["id_token"])
		now := float64(h.now().Unix())
		want := map[string]any{
			"iss": h.issuer, "sub": anna, "aud": "wiki-" + alg, "iat": now, "exp": now + 3600, "auth_time": now - 60,
			"nonce": "n-0S6_WzA2Mj", "sid": "sid-1", "at_hash": atHash(body["access_token"].(string)),
		}
		for name, value := range want {
			if claims[name] != value {
				t.Errorf("%s: got %v, want %v", name, claims[name], value)
			}
		}
		if len(claims) != len(want)+1 || claims["amr"].([]any)[0] != "pwd" {
			t.Errorf("H7, H8: unexpected claims in %v", claims)
		}
		header, _ := base64.RawURLEncoding.DecodeString(strings.Split(body["id_token"].(string), ".")[0])
		if !strings.Contains(string(header), `"alg":"`+alg+`"`) || !strings.Contains(string(header), `"typ":"JWT"`) {
			t.Errorf("header %s", header)
		}
		if _, err := h.ring.VerifyJWT(body["id_token"].(string), "JWT"); err != nil {
			t.Error(err)
		}
	}
}

func atHash(token string) string {
	sum, _ := base64.RawURLEncoding.DecodeString(challengeOf(token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func TestIDTokenClaimsByClientSetting(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("saas", func(c *idp.Client) {
		c.ClaimsInIDToken = true
		c.ClaimsMapping = []idp.Mapping{{Name: "org.teams", From: "team"}, {Name: "email", From: "subject"}, {Name: "sub", From: "email"}}
	})
	body := h.signIn(t, "saas", "scope", "openid profile email")
	claims := claimsOf(t, body["id_token"])
	if claims["given_name"] != "Anna" || claims["email_verified"] != true || claims["phone_number"] != nil {
		t.Errorf("got %v", claims)
	}
	if claims["email"] != anna {
		t.Errorf("the client's own row does not win: %v", claims["email"])
	}
	if teams := claims["org"].(map[string]any)["teams"].([]any); len(teams) != 2 {
		t.Errorf("got %v", teams)
	}
	info := h.userinfo(body["access_token"]).json(t)
	if claims["sub"] != anna || info["sub"] != anna {
		t.Errorf("a mapping row named the subject: %v %v", claims["sub"], info["sub"])
	}
}

func TestNoIDTokenWithoutOpenID(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	if body := h.signIn(t, "wiki", "scope", "email"); body["id_token"] != nil || body["scope"] != "email" {
		t.Errorf("got %v", body)
	}
}

// wantChallenge: F8, RFC 6749 §5.2. Who tried the Authorization header is told which
// scheme works; the challenge would hide the description from the others' libraries.
func wantChallenge(t *testing.T, a answer, tried bool) {
	t.Helper()
	if got := a.header.Get("WWW-Authenticate"); strings.HasPrefix(got, `Basic realm="`) != tried || !tried && got != "" {
		t.Errorf("F8: the challenge is %q", got)
	}
}
