package oauth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cloudsso/idp"
)

const passwordContext = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

// What each request brings beside sub: at userinfo, and of the person in the ID token.
func TestClaimsParameter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		claims           string
		scope            string
		set              func(*idp.Client)
		userinfo, within []string // names and values "name=value"
	}{
		"nothing asked":               {claims: `{}`},
		"null":                        {claims: `null`},
		"null members":                {claims: `{"userinfo":null,"id_token":null}`},
		"voluntary":                   {claims: `{"userinfo":{"given_name":null}}`, userinfo: []string{"given_name=Anna"}},
		"in the ID token alone":       {claims: `{"id_token":{"email":{"essential":true}}}`, within: []string{"email=anna@example.org"}},
		"one here, one there":         {claims: `{"userinfo":{"given_name":null},"id_token":{"family_name":null}}`, userinfo: []string{"given_name=Anna"}, within: []string{"family_name=Arendt"}},
		"beside a scope":              {claims: `{"userinfo":{"given_name":null}}`, scope: "openid email", userinfo: []string{"email=anna@example.org", "email_verified=true", "given_name=Anna"}},
		"an essential one we lack":    {claims: `{"userinfo":{"birthdate":{"essential":true}},"id_token":{"address":{"essential":true}}}`},
		"names that nobody knows":     {claims: `{"userinfo":{"x":null,"http://example.info/claims/groups":{"essential":true},"y":7},"z":[1]}`},
		"names in another case":       {claims: `{"userinfo":{"Name":null,"EMAIL":null},"USERINFO":{"name":null}}`},
		"a name in a language":        {claims: `{"userinfo":{"name#de":null}}`},
		"unknown members of a claim":  {claims: `{"userinfo":{"given_name":{"x":{"y":1}}}}`, userinfo: []string{"given_name=Anna"}},
		"the value that it has":       {claims: `{"userinfo":{"given_name":{"value":"Anna"}}}`, userinfo: []string{"given_name=Anna"}},
		"another value":               {claims: `{"userinfo":{"given_name":{"value":"Bert","essential":true}}}`},
		"one of several values":       {claims: `{"userinfo":{"given_name":{"values":["Bert","Anna"]}}}`, userinfo: []string{"given_name=Anna"}},
		"a value of another type":     {claims: `{"userinfo":{"email_verified":{"value":"true"}}}`},
		"a boolean value":             {claims: `{"userinfo":{"email_verified":{"value":true}}}`, userinfo: []string{"email_verified=true"}},
		"a value does not narrow":     {claims: `{"userinfo":{"email":{"value":"x"}}}`, scope: "openid email", userinfo: []string{"email=anna@example.org", "email_verified=true"}},
		"a scope it may not have":     {claims: `{"userinfo":{"given_name":null,"email":null}}`, set: func(c *idp.Client) { c.Scope = "openid email" }, userinfo: []string{"email=anna@example.org"}},
		"claims of the protocol":      {claims: `{"userinfo":{"iss":null,"aud":{"value":"x"},"exp":null,"sid":null},"id_token":{"iss":{"value":"x"},"auth_time":{"essential":true},"azp":null,"nonce":{"value":"x"}}}`},
		"everything into an ID token": {claims: `{"userinfo":{"given_name":null}}`, set: func(c *idp.Client) { c.ClaimsInIDToken = true }, userinfo: []string{"given_name=Anna"}},
		"a row of the client wins": {claims: `{"userinfo":{"email":null,"org":null}}`, set: func(c *idp.Client) {
			c.ClaimsMapping = []idp.Mapping{{Name: "email", From: "username"}, {Name: "org.login", From: "username"}}
		}, userinfo: []string{"email=anna", "org=map[login:anna]"}, within: []string{"email=anna", "org=map[login:anna]"}},
		"sub without a value": {claims: `{"userinfo":{"sub":null},"id_token":{"sub":{"essential":true}}}`},
		"as it comes, spaced": {claims: " {\n\"userinfo\" : { \"given_name\" : null } } ", userinfo: []string{"given_name=Anna"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			client := h.client("wiki", c.set)
			if c.scope == "" {
				c.scope = "openid"
			}
			body := h.signIn(t, "wiki", "scope", c.scope, "claims", c.claims)
			for _, scope := range h.login.asked.Scopes {
				if !slices.Contains(client.Scopes(), scope) {
					t.Errorf("people are asked for %s, which the client may not have", scope)
				}
			}
			if got := named(h.userinfo(body["access_token"]).json(t)); !slices.Equal(got, c.userinfo) {
				t.Errorf("userinfo got %v, want %v", got, c.userinfo)
			}
			if got := named(claimsOf(t, body["id_token"])); !slices.Equal(got, c.within) {
				t.Errorf("id_token got %v, want %v", got, c.within)
			}
			if body["scope"] != c.scope {
				t.Errorf("the scope became %v", body["scope"])
			}
		})
	}
}

// named lists the claims about the person.
func named(claims map[string]any) (out []string) {
	protocol := []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "amr"}
	for name, value := range claims {
		if !slices.Contains(protocol, name) {
			out = append(out, name+"="+fmt.Sprint(value))
		}
	}
	slices.Sort(out)
	return out
}

func TestClaimsParametersThatAreMalformed(t *testing.T) {
	t.Parallel()
	const (
		shape = "The parameter claims must be a JSON object with the members userinfo and id_token, and null or an object with essential, value or values for each claim."
		one   = "The parameter claims must name one person, by one text, as the value of sub."
		two   = "The request names two people: in the parameter claims another than before."
		unmet = "The request demands a kind of sign-in (acr) that is not offered here."
	)
	h := newHouse(t)
	h.client("wiki", nil)
	hint := h.signIn(t, "wiki")["id_token"].(string)
	for name, c := range map[string]struct {
		more        []string
		error, text string
	}{
		"no JSON":                     {[]string{"claims", "name"}, "invalid_request", shape},
		"half of it":                  {[]string{"claims", `{"userinfo":`}, "invalid_request", shape},
		"something after it":          {[]string{"claims", `{} {}`}, "invalid_request", shape},
		"a list":                      {[]string{"claims", `[]`}, "invalid_request", shape},
		"a text":                      {[]string{"claims", `"name"`}, "invalid_request", shape},
		"userinfo is a list":          {[]string{"claims", `{"userinfo":["name"]}`}, "invalid_request", shape},
		"id_token is a text":          {[]string{"claims", `{"id_token":"name"}`}, "invalid_request", shape},
		"a claim is a boolean":        {[]string{"claims", `{"userinfo":{"name":true}}`}, "invalid_request", shape},
		"essential is a text":         {[]string{"claims", `{"id_token":{"name":{"essential":"yes"}}}`}, "invalid_request", shape},
		"values is a text":            {[]string{"claims", `{"userinfo":{"name":{"values":"x"}}}`}, "invalid_request", shape},
		"sub is a text":               {[]string{"claims", `{"id_token":{"sub":"x"}}`}, "invalid_request", shape},
		"acr is a text":               {[]string{"claims", `{"id_token":{"acr":"x"}}`}, "invalid_request", shape},
		"larger than 8 KiB":           {[]string{"claims", `{"x":"` + strings.Repeat("x", 8<<10) + `"}`}, "invalid_request", "The parameter claims is larger than 8 KiB."},
		"deeper than anybody needs":   {[]string{"claims", strings.Repeat("[", 8000)}, "invalid_request", shape},
		"sub is a number":             {[]string{"claims", `{"id_token":{"sub":{"value":7}}}`}, "invalid_request", one},
		"sub is nobody":               {[]string{"claims", `{"id_token":{"sub":{"value":""}}}`}, "invalid_request", one},
		"several people":              {[]string{"claims", `{"id_token":{"sub":{"values":["a","b"]}}}`}, "invalid_request", one},
		"another than the hint names": {[]string{"claims", `{"id_token":{"sub":{"value":"` + bert + `"}}}`, "id_token_hint", hint}, "invalid_request", two},
		"one here, another there":     {[]string{"claims", `{"id_token":{"sub":{"value":"` + bert + `"}},"userinfo":{"sub":{"value":"` + anna + `"}}}`}, "invalid_request", two},
		"a number as acr":             {[]string{"claims", `{"id_token":{"acr":{"values":[1]}}}`}, "invalid_request", "The parameter claims must have texts as the values of acr."},
		"an acr out of reach":         {[]string{"claims", `{"id_token":{"acr":{"essential":true,"values":["urn:x","urn:y"]}}}`, "prompt", "none"}, "unmet_authentication_requirements", unmet},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := h.authorize(request("wiki", c.more...)).params(t)
			if got.Get("error") != c.error || got.Get("error_description") != c.text || len(got) != 4 {
				t.Errorf("got %v", got)
			}
		})
	}
	t.Run("nobody signs in for what cannot be reached", func(t *testing.T) {
		h := newHouse(t)
		h.client("wiki", nil)
		h.login.visit = true
		got := h.authorize(request("wiki", "claims", `{"id_token":{"acr":{"essential":true,"value":"urn:x"}}}`)).params(t)
		if got.Get("error_description") != unmet {
			t.Errorf("got %v", got)
		}
	})
	t.Run("without openid it means nothing", func(t *testing.T) {
		if body := h.signIn(t, "wiki", "scope", "email", "claims", "{"); body["scope"] != "email" {
			t.Errorf("got %v", body)
		}
	})
}

// Asking by name costs what asking by scope costs: the person's consent.
func TestClaimsNeedConsent(t *testing.T) {
	t.Parallel()
	const claims = `{"userinfo":{"given_name":null},"id_token":{"phone_number":null,"email":null}}`
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.FirstParty = false })
	agree := func(scopes ...string) {
		if err := h.store.GiveConsent(t.Context(), idp.Consent{Subject: anna, ClientID: "wiki", Scopes: scopes, At: h.now()}); err != nil {
			t.Fatal(err)
		}
	}
	agree("openid", "offline_access")
	if got := h.authorize(request("wiki", "claims", claims)).params(t); got.Get("error") != "access_denied" {
		t.Errorf("claims without consent: %v", got)
	}
	if !slices.Equal(h.login.asked.Scopes, []string{"openid", "profile", "email", "phone"}) {
		t.Errorf("asked for %v", h.login.asked.Scopes)
	}
	h.login.answer.Scopes = []string{"openid", "offline_access", "email"} // agreed to a part
	agree("email")
	body := h.signIn(t, "wiki", "scope", "openid offline_access", "claims", claims)
	if info := named(h.userinfo(body["access_token"]).json(t)); len(info) != 0 {
		t.Errorf("not agreed to: %v", info)
	}
	if got := named(claimsOf(t, body["id_token"])); !slices.Equal(got, []string{"email=anna@example.org"}) {
		t.Errorf("got %v", got)
	}
	if err := h.store.RevokeConsent(t.Context(), anna, "wiki"); err != nil {
		t.Fatal(err)
	}
	agree("openid", "offline_access") // but no longer to email
	if h.userinfo(body["access_token"]).status != 401 {
		t.Error("userinfo answers without the consent")
	}
	wantError(t, h.refresh("wiki", body["refresh_token"].(string)), 400, "invalid_grant", "The person no longer agrees to what this application was allowed.")
}

func TestClaimsStayWithTheGrant(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.login.visit = true // over the stored flow
	location := h.authorize(request("wiki", "scope", "openid offline_access", "claims", `{"userinfo":{"given_name":null},"id_token":{"email":null}}`)).header.Get("Location")
	_, flow, _ := strings.Cut(location, "flow=")
	code := h.send("GET", "/oauth2/authorize/continue?flow="+flow, "").params(t).Get("code")
	body := h.token("wiki", exchangeForm(code)).json(t)
	again := h.refresh("wiki", body["refresh_token"].(string)).json(t)
	for _, b := range []map[string]any{body, again} {
		if got := named(claimsOf(t, b["id_token"])); !slices.Equal(got, []string{"email=anna@example.org"}) {
			t.Errorf("id_token %v", got)
		}
		if got := named(h.userinfo(b["access_token"]).json(t)); !slices.Equal(got, []string{"given_name=Anna"}) {
			t.Errorf("userinfo %v", got)
		}
	}
	h.change("wiki", func(c *idp.Client) { c.Scope = "openid offline_access" })
	last := h.refresh("wiki", again["refresh_token"].(string)).json(t)
	if got := append(named(claimsOf(t, last["id_token"])), named(h.userinfo(last["access_token"]).json(t))...); len(got) != 0 {
		t.Errorf("the client lost the scopes, and still gets %v", got)
	}
}

// A value of sub is the only person whose login will do.
func TestClaimsThatNameThePerson(t *testing.T) {
	t.Parallel()
	for _, claims := range []string{
		`{"id_token":{"sub":{"value":"` + anna + `"}}}`, `{"userinfo":{"sub":{"value":"` + anna + `","essential":true}}}`,
		`{"id_token":{"sub":{"values":["` + anna + `"]}},"userinfo":{"sub":{"value":"` + anna + `"}}}`,
	} {
		h := newHouse(t)
		h.client("wiki", nil)
		if got := h.authorize(request("wiki", "claims", claims)).params(t); got.Get("code") == "" || h.login.asked.Subject != anna {
			t.Errorf("%s: %v, asked for %q", claims, got, h.login.asked.Subject)
		}
		h.login.answer.Subject = bert // a login that ignores the question
		if got := h.authorize(request("wiki", "claims", claims)).params(t); got.Get("error") != "login_required" {
			t.Errorf("%s: %v", claims, got)
		}
	}
}
