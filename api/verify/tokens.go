package verify

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloudsso/idp"
)

// redeem takes everything that the answer gives a right to, and checks it.
func (v *visit) redeem(ctx context.Context) error {
	code := v.answered.Get("code")
	front := v.answered.Get("id_token")
	if front != "" {
		v.idToken = v.checkIDToken(ctx, "", front, v.answered.Get("access_token"), code, v.nonce)
		v.tokens.ID = front
	}
	v.tokens.Access = v.answered.Get("access_token")
	if code != "" {
		if ok, err := v.exchange(ctx, code); err != nil || !ok {
			return err
		}
		where := ""
		if front != "" {
			where = " (token endpoint)"
		}
		v.fromTokenEndpoint(ctx, where)
	}
	if v.idToken != nil {
		v.show("id_token", "json", decoded(v.tokens.ID, v.idToken))
	}
	if strings.HasPrefix(v.Client.IDTokenSignedResponseAlg, "HS") {
		v.secret(v.keys, v.SharedKeys)
	}
	for _, step := range []func(context.Context) error{v.readAccessToken, v.askUserinfo, v.introspect, v.refresh, v.revoke} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	v.checkRequired()
	return nil
}

func (v *visit) fromTokenEndpoint(ctx context.Context, where string) {
	if !slices.Contains(strings.Fields(v.tokens.Scope), "openid") {
		v.skip("ID token", "The scope openid was not granted: the application speaks OAuth 2 only.")
		return
	}
	if !v.check(v.tokens.ID != "", "ID token"+where, "an ID token", word(v.tokens.ID != "", "an ID token", "none"), "Report this: the scope openid was granted.") {
		return
	}
	if claims := v.checkIDToken(ctx, where, v.tokens.ID, v.tokens.Access, "", v.nonce); claims != nil {
		if where != "" && v.idToken != nil {
			v.equal("sub"+where, text(v.idToken["sub"]), text(claims["sub"]), "Report this: both ID tokens must be about the same person.")
		}
		v.idToken = claims
	}
}

// post posts a form as the client that it is.
func (v *visit) post(ctx context.Context, address string, form url.Values) (said, error) {
	header, err := v.authenticate(form)
	if err != nil {
		return said{}, err
	}
	return v.http.post(ctx, address, form, header)
}

// ask posts a form to the token endpoint.
func (v *visit) ask(ctx context.Context, form url.Values) (said, tokens, error) {
	got, err := v.post(ctx, v.provider.TokenURL, form)
	var t tokens
	_ = json.Unmarshal(got.body, &t) // a body that is none has no tokens
	return got, t, err
}

// exchange redeems the code. Attack on the application: a stolen code. So the wrong proof is tried first.
func (v *visit) exchange(ctx context.Context, code string) (bool, error) {
	form := func(verifier string) url.Values {
		f := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {v.redirectURI}}
		if verifier != "" {
			f.Set("code_verifier", verifier)
		}
		return f
	}
	if v.verifier == "" {
		v.skip("PKCE", "The client does without (require_pkce is off).")
	} else {
		idp.Trace(ctx, idp.Step{Name: "test", Result: idp.Noted, Text: "The test now holds up a wrong code_verifier, which must be refused."})
		_, wrong, err := v.ask(ctx, form(idp.NewSecret()))
		if err != nil {
			return false, err
		}
		v.check(wrong.Access == "" && wrong.Error != "", "PKCE", "a wrong code_verifier is refused", cmp.Or(wrong.Error, "tokens"), "Report this: a stolen code could be redeemed.")
	}
	got, t, err := v.ask(ctx, form(v.verifier))
	if err != nil {
		return false, err
	}
	if t.ID == "" {
		t.ID = v.tokens.ID
	}
	v.tokens = t
	ok := got.status == http.StatusOK && t.Access != "" && strings.EqualFold(t.Type, "Bearer") && t.Expires > 0
	if !v.check(ok, "Token", "a bearer token, by "+v.Client.TokenEndpointAuthMethod, word(ok, fmt.Sprintf("a bearer token for %d seconds, scope %s", t.Expires, t.Scope), v.said(got)),
		"Read what the provider says: the application would be told the same.") {
		return false, nil
	}
	v.check(got.header.Get("Cache-Control") == "no-store", "Cache-Control", "no-store", got.header.Get("Cache-Control"), "Report this: tokens must not be cached (RFC 6749 §5.1).")
	return true, nil
}

// readAccessToken: an application must not look into its access token; a resource server does.
func (v *visit) readAccessToken(context.Context) error {
	alg := v.Client.IDTokenSignedResponseAlg
	if v.tokens.Access == "" || v.Client.AccessTokenFormat != "jwt" {
		v.skip("Access token as a JWT", "Access tokens of this client are opaque (access_token_format).")
		return nil
	}
	if alg == "none" || strings.HasPrefix(alg, "HS") {
		alg = "RS256"
	}
	claims, err := v.open(v.tokens.Access, alg)
	if v.check(err == nil, "Access token as a JWT", alg, textOf(err, alg+", verified"), "Resource servers would refuse this token. Look at the keys.") {
		v.equal("client_id of the access token", v.Client.ID, text(claims["client_id"]), "Report this (RFC 9068 §2.2).")
		v.show("access_token", "json", decoded(v.tokens.Access, claims))
	}
	return nil
}

// askUserinfo: OpenID Connect Core §5.3.4: who it is about must be who signed in.
func (v *visit) askUserinfo(ctx context.Context) error {
	openID := v.idToken != nil
	if v.tokens.Access == "" || !openID && !v.Client.UserinfoWithoutOpenID {
		v.skip("Userinfo", "There is no access token that userinfo would answer.")
		return nil
	}
	got, err := v.http.get(ctx, v.provider.UserInfoURL, v.bearer())
	if err != nil {
		return err
	}
	if alg := v.Client.UserInfoSignedResponseAlg; alg != "" && got.status == http.StatusOK {
		v.userinfo, err = v.open(string(got.body), alg)
		v.check(err == nil, "Userinfo signature", alg, textOf(err, alg+", verified"), "Look at userinfo_signed_response_alg, and at the keys.")
		v.check(text(v.userinfo["iss"]) == v.Issuer && text(v.userinfo["aud"]) == v.Client.ID, "iss and aud of userinfo", v.Issuer+" "+v.Client.ID, text(v.userinfo["iss"])+" "+text(v.userinfo["aud"]), "Report this (OpenID Connect Core section 5.3.2).")
	} else if err := json.Unmarshal(got.body, &v.userinfo); err != nil {
		v.userinfo = nil
	}
	if !v.check(got.status == http.StatusOK && v.userinfo != nil, "Userinfo", "status 200", v.said(got), "Read what the provider says.") {
		return nil
	}
	v.show("userinfo", "json", pretty(v.userinfo))
	if openID {
		v.equal("sub of userinfo", text(v.idToken["sub"]), text(v.userinfo["sub"]), "Report this: the application must throw userinfo away.")
	}
	return nil
}

func (v *visit) bearer() http.Header {
	return http.Header{"Authorization": {"Bearer " + v.tokens.Access}}
}

// active asks about a token as the client itself may.
func (v *visit) active(ctx context.Context, token string) (claims map[string]any, active bool, err error) {
	form := url.Values{"token": {token}}
	got, err := v.post(ctx, v.about.Introspection, form)
	if err != nil {
		return nil, false, err
	}
	_ = json.Unmarshal(got.body, &claims) // a body that is none says nothing
	active, _ = claims["active"].(bool)
	return claims, active, nil
}

func (v *visit) introspect(ctx context.Context) error {
	if v.tokens.Access == "" || v.Client.Public() {
		v.skip("Introspection", "Only a client that authenticates may ask about its access tokens.")
		return nil
	}
	claims, active, err := v.active(ctx, v.tokens.Access)
	if err != nil {
		return err
	}
	v.check(active && text(claims["client_id"]) == v.Client.ID, "Introspection", "active, of "+v.Client.ID, word(active, "active, of ", "not active ")+text(claims["client_id"]), "Report this: resource servers would refuse the token.")
	return nil
}

// refresh: OpenID Connect Core §12.2.
func (v *visit) refresh(ctx context.Context) error {
	if !v.Client.AllowsGrant(idp.GrantRefresh) || !strings.Contains(v.response, "code") {
		v.skip("Refresh", "The client has no refresh tokens (grant_types).")
		return nil
	}
	if !v.check(v.tokens.Refresh != "", "Refresh token", "one", word(v.tokens.Refresh != "", "one", "none"), "Give the client the scope offline_access, and let the application ask for it.") {
		return nil
	}
	got, t, err := v.ask(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {v.tokens.Refresh}})
	if err != nil {
		return err
	}
	ok := got.status == http.StatusOK && t.Access != "" && t.Refresh != "" && t.Refresh != v.tokens.Refresh
	if !v.check(ok, "Refresh", "a new access token and the next refresh token", word(ok, "both", v.said(got)), "Read what the provider says: the application would be told the same.") {
		return nil
	}
	v.tokens.Access, v.tokens.Refresh = t.Access, t.Refresh
	if t.ID != "" && v.idToken != nil {
		if claims := v.checkIDToken(ctx, " (refresh)", t.ID, t.Access, "", ""); claims != nil {
			v.equal("sub (refresh)", text(v.idToken["sub"]), text(claims["sub"]), "Report this: a refresh must be about the same person.")
		}
	}
	return nil
}

// revoke ends what the test began, and sees that it has ended.
func (v *visit) revoke(ctx context.Context) error {
	token := cmp.Or(v.tokens.Refresh, v.tokens.Access)
	if token == "" {
		return nil
	}
	form := url.Values{"token": {token}}
	got, err := v.post(ctx, v.about.Revocation, form)
	if err != nil {
		return err
	}
	after, err := v.http.get(ctx, v.provider.UserInfoURL, v.bearer())
	if err != nil {
		return err
	}
	v.check(got.status == http.StatusOK && after.status >= http.StatusBadRequest, "Revocation", "the access token is dead", fmt.Sprintf("status %d, then userinfo answers with %d", got.status, after.status), "Report this: access does not end when it should.")
	return nil
}

// checkRequired looks for each required row of the mapping in what was received.
func (v *visit) checkRequired() {
	v.required(v.Client.ClaimsMapping, func(name string) bool { return hasKey(v.idToken, name) || hasKey(v.userinfo, name) })
}

// required checks that what the mapping requires arrived.
func (s *sheet) required(rows []idp.Mapping, has func(name string) bool) {
	var names, missing []string
	for _, row := range rows {
		if !row.Required {
			continue
		}
		names = append(names, row.Name)
		if !has(row.Name) {
			missing = append(missing, row.Name)
		}
	}
	if len(names) == 0 {
		s.skip("Required claims", "No row of the mapping is required.")
		return
	}
	s.check(len(missing) == 0, "Required claims", strings.Join(names, ", "), word(len(missing) == 0, "all of them", "missing: "+strings.Join(missing, ", ")), "Look at the mapping: the application does not get what it needs.")
}
