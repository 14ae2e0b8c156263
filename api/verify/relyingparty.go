package verify

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"cloudsso/idp"
)

// RelyingParty is one client of the provider, played by us. All fields are needed but those that
// the client has no use for.
type RelyingParty struct {
	Issuer     string
	Client     idp.Client // as it is stored
	Person     idp.Person // who signs in
	Missing    error      // a required row of the mapping that has no value for the person
	Endpoints  http.Handler
	Secret     string
	SharedKeys [][]byte // of HS* tokens, the one that signs first
	Keys       Keys
	Now        func() time.Time
}

// visit is one sign-in of a relying party.
type visit struct {
	*RelyingParty
	sheet
	http     endpoints
	provider oidc.ProviderConfig
	about    discovery
	keys     jose.JSONWebKeySet

	redirectURI, response, scope, state, nonce, verifier string

	answered url.Values // what the redirect brought
	tokens   tokens
	idToken  map[string]any
	userinfo map[string]any
}

type discovery struct {
	PAR           string   `json:"pushed_authorization_request_endpoint"`
	Introspection string   `json:"introspection_endpoint"`
	Revocation    string   `json:"revocation_endpoint"`
	Algs          []string `json:"id_token_signing_alg_values_supported"`
	ResponseTypes []string `json:"response_types_supported"`
}

// tokens is RFC 6749 §5.1, or §5.2.
type tokens struct {
	Access      string `json:"access_token"`
	Type        string `json:"token_type"`
	Expires     int64  `json:"expires_in"`
	Refresh     string `json:"refresh_token"`
	ID          string `json:"id_token"`
	Scope       string `json:"scope"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// SignIn signs the person in and says what is right and what is not. An error means that the
// test itself broke.
func (rp *RelyingParty) SignIn(ctx context.Context) (Report, error) {
	start := rp.Now()
	v := &visit{RelyingParty: rp, sheet: sheet{Report{Protocol: idp.ProtocolOIDC}}, http: endpoints{rp.Issuer, rp.Endpoints}}
	err := v.run(ctx)
	v.Milliseconds = rp.Now().Sub(start).Milliseconds()
	return v.done(), err
}

func (v *visit) run(ctx context.Context) error {
	must := v.refusals(v.Client.Disabled, v.Client.Assigned, v.Person, v.Missing)
	if !v.choose() || !v.holdsCredentials() || !v.discover(ctx) {
		return nil
	}
	query, ok, err := v.request(ctx)
	if err != nil || !ok {
		return err
	}
	got, err := v.http.get(ctx, v.provider.AuthURL+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	v.readRedirect(got)
	if must {
		refused := !v.answered.Has("code") && !v.answered.Has("id_token") && !v.answered.Has("access_token")
		v.refused(refused, v.said(got))
		return nil
	}
	if !v.checkAnswer(got) {
		return nil
	}
	return v.redeem(ctx)
}

// choose takes the first of the settings that leave a choice, code before others.
func (v *visit) choose() bool {
	c := v.Client
	browser := slices.DeleteFunc(slices.Clone(c.ResponseTypes), func(t string) bool { return t == "none" })
	if !v.check(len(browser) > 0 && len(c.RedirectURIs) > 0, "Sign-in by browser", "a response type and a redirect URI", fmt.Sprintf("%d response types, %d redirect URIs", len(browser), len(c.RedirectURIs)),
		"This client signs nobody in by browser, so there is no such sign-in to test. If it should, give it the grant type authorization_code and a redirect URI.") {
		return false
	}
	v.redirectURI, v.response = c.RedirectURIs[0], browser[0]
	if slices.Contains(browser, "code") {
		v.response = "code"
	}
	v.scope, v.state, v.nonce = strings.Join(c.Scopes(), " "), idp.NewSecret(), idp.NewSecret()
	return true
}

// holdsCredentials looks at what the test has to replace: nobody but the client has it.
func (v *visit) holdsCredentials() bool {
	c, ok := v.Client, true
	switch live := len(c.LiveSecrets(idp.SecretAuthenticates, v.Now())); {
	case c.HasSecret():
		ok = v.check(live > 0, "Client secret", "at least one that has not expired", fmt.Sprint(live), "Make a new secret for the client and hand it over: the application cannot authenticate.")
	case c.TokenEndpointAuthMethod == "private_key_jwt":
		ok = v.check(len(c.JWKS) > 0 || c.JWKSURI != "", "Client keys", "jwks or jwks_uri", word(len(c.JWKS) > 0, "jwks", c.JWKSURI), "Register the public keys of the client: it cannot authenticate without.")
	default:
		v.skip("Client secret", "The client is public: it has none.")
	}
	if alg := c.IDTokenSignedResponseAlg; ok && strings.HasPrefix(alg, "HS") {
		ok = v.check(len(v.SharedKeys) > 0, "Shared key", "a live one that is long enough for "+alg, word(len(v.SharedKeys) > 0, "there is one", "there is none"),
			"The secret is too short for "+alg+", or only its hash is kept. Make a new secret (or, with hs_key dedicated, a new shared key) and hand it over.")
	}
	return ok
}

// discover reads what a relying party is configured by.
func (v *visit) discover(ctx context.Context) bool {
	p, err := oidc.NewProvider(oidc.ClientContext(ctx, v.http.client()), v.Issuer)
	if err == nil {
		err = p.Claims(&v.about)
	}
	if err == nil {
		err = p.Claims(&v.provider)
	}
	if !v.check(err == nil, "Discovery", "the document of "+v.Issuer, textOf(err, "read by go-oidc; the issuer is the same"), "The discovery document is the provider's own. Report this, with the support code.") {
		return false
	}
	v.keys, err = v.http.keySet(ctx, v.provider.JWKSURL)
	return v.checkKeySet(v.keys, err)
}

func textOf(err error, fine string) string {
	if err != nil {
		return err.Error()
	}
	return fine
}

// request makes the query of the authorization request, as strict as the client has to be.
func (v *visit) request(ctx context.Context) (url.Values, bool, error) {
	q := url.Values{"client_id": {v.Client.ID}, "redirect_uri": {v.redirectURI}, "response_type": {v.response}, "scope": {v.scope}, "state": {v.state}, "nonce": {v.nonce}}
	if strings.Contains(v.response, "code") && v.Client.NeedsPKCE() {
		v.verifier = idp.NewSecret()
		sum := sha256.Sum256([]byte(v.verifier))
		q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
		q.Set("code_challenge_method", "S256")
	}
	if alg := objectAlg(v.Client); alg != "" {
		claims := map[string]any{"iss": v.Client.ID, "aud": v.Issuer, "iat": v.Now().Unix(), "nbf": v.Now().Unix(), "exp": v.Now().Add(time.Minute).Unix(), "jti": idp.NewID()}
		for name := range q {
			claims[name] = q.Get(name)
		}
		object, err := v.sign(alg, "oauth-authz-req+jwt", claims)
		if err != nil {
			return nil, false, err
		}
		q = url.Values{"client_id": {v.Client.ID}, "request": {object}}
	}
	if !v.Client.RequirePushedRequests {
		return q, true, nil
	}
	return v.push(ctx, q)
}

// push hands the request over beforehand (RFC 9126).
func (v *visit) push(ctx context.Context, q url.Values) (url.Values, bool, error) {
	got, err := v.post(ctx, v.about.PAR, q)
	if err != nil {
		return nil, false, err
	}
	var pushed struct {
		URI string `json:"request_uri"`
	}
	_ = json.Unmarshal(got.body, &pushed) // a body that is none has no request_uri
	ok := v.check(got.status == http.StatusCreated && pushed.URI != "", "Pushed request", "201 with a request_uri", v.said(got), "Read what the provider says. The client must push its requests (require_pushed_authorization_requests).")
	return url.Values{"client_id": {v.Client.ID}, "request_uri": {pushed.URI}}, ok, nil
}

// readRedirect takes the parameters that the application would get.
func (v *visit) readRedirect(got said) {
	v.answered = url.Values{}
	to, ok := strings.CutPrefix(got.header.Get("Location"), v.redirectURI)
	if !ok || got.status != http.StatusSeeOther || to == "" {
		return
	}
	if values, err := url.ParseQuery(to[1:]); err == nil {
		v.answered = values
	}
}

// said is a refusal in the provider's words.
func (v *visit) said(got said) string {
	if e := v.answered.Get("error"); e != "" {
		return got.reason(e + ": " + v.answered.Get("error_description"))
	}
	var t tokens
	if json.Unmarshal(got.body, &t) == nil && t.Error != "" {
		return got.reason(t.Error + ": " + t.Description)
	}
	if got.status >= http.StatusBadRequest {
		return got.reason(fmt.Sprintf("status %d", got.status))
	}
	return fmt.Sprintf("status %d", got.status)
}

// checkAnswer looks at the redirect (OpenID Connect Core §3.1.2.7, RFC 9207).
func (v *visit) checkAnswer(got said) bool {
	complete := true
	for word := range strings.FieldsSeq(v.response) {
		name := map[string]string{"code": "code", "id_token": "id_token", "token": "access_token"}[word]
		complete = complete && v.answered.Get(name) != ""
	}
	if !v.check(complete, "Authorization", v.response+" at "+v.redirectURI, word(complete, v.response+" at "+v.redirectURI, v.said(got)),
		"Read what the provider says: the application would be told the same, or the person would see it on a page.") {
		return false
	}
	v.equal("state", "the state of the request", word(v.answered.Get("state") == v.state, "the state of the request", "another"), "Report this: the provider must echo state unchanged.")
	v.equal("iss", v.Issuer, v.answered.Get("iss"), "Report this: the provider must name itself in the answer (RFC 9207).")
	return true
}
