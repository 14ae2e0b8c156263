package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"cloudsso/api"
	"cloudsso/api/verify"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

func mappingOf(t *testing.T, rows string) (out []idp.Mapping) {
	t.Helper()
	if err := json.Unmarshal([]byte(rows), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

const (
	rowsOfToken = `[{"name":"id","from":"subject","required":true},{"name":"who.mail","from":"email","required":true}]`
	rowsOfForum = `[{"name":"email","from":"email","required":true},{"name":"username","from":"username"},{"name":"groups","from":"groups"},{"name":"admin","from":{"cel":"'staff' in groups"}}]`
	forumReturn = "https://forum.example/session/sso_login"
)

func TestATestSignInPassesWithEverySettingOfATokenApp(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		p    idp.TokenAppPolicy
		rows string
		want string // a check that must be there and pass
	}{
		"as it comes":                   {idp.TokenAppPolicy{}, ``, "Public key of the hand-over sheet"},
		"by form":                       {idp.TokenAppPolicy{Method: "post"}, ``, "Delivery"},
		"a query of its own":            {idp.TokenAppPolicy{ReturnURL: "https://app.example/in?customer=acme&x=%26"}, ``, "Parameters"},
		"a form to a query of its own":  {idp.TokenAppPolicy{ReturnURL: "https://app.example/in?customer=acme&x=%26", Method: "post"}, ``, "Sign-in"},
		"another name of the parameter": {idp.TokenAppPolicy{TokenParam: "jwt"}, ``, "Parameters"},
		"an audience":                   {idp.TokenAppPolicy{Audience: "urn:community"}, ``, "aud"},
		"a short life":                  {idp.TokenAppPolicy{Lifetime: 30}, ``, "Lifetime"},
		"a state":                       {idp.TokenAppPolicy{StateParam: "state"}, ``, "state"},
		"a nonce":                       {idp.TokenAppPolicy{NonceParam: "nonce"}, ``, "Link without a nonce"},
		"a state that is the nonce":     {idp.TokenAppPolicy{NonceParam: "state", StateParam: "state"}, ``, "nonce"},
		"a place to go on to":           {idp.TokenAppPolicy{ReturnToParam: "return_to"}, ``, "Return address"},
		"a foreign place to go on to":   {idp.TokenAppPolicy{ReturnToParam: "return_to"}, ``, "Return address //elsewhere.invalid/"},
		"further places to go on to":    {idp.TokenAppPolicy{ReturnToParam: "to", ReturnOrigins: []string{"https://a.example", "https://b.example:8443"}}, ``, "Return address https://b.example:8443"},
		"all of it by form":             {idp.TokenAppPolicy{Method: "post", TokenParam: "jwt", ReturnToParam: "return_to", StateParam: "s", NonceParam: "n", Algorithm: "HS256"}, rowsOfToken, "state"},
		"required claims":               {idp.TokenAppPolicy{}, rowsOfToken, "Required claims"},
		"a start of its own":            {idp.TokenAppPolicy{StartURL: "https://app.example/start"}, ``, "jti"},
		"people who are assigned":       {idp.TokenAppPolicy{Assigned: &idp.Assignment{Groups: []string{"engineering"}}}, ``, "Assignment"},
		"a forum":                       {idp.TokenAppPolicy{Scheme: idp.SchemeDiscourse, ReturnURL: forumReturn}, rowsOfForum, "The same question again"},
		"a forum that wants an address": {idp.TokenAppPolicy{Scheme: idp.SchemeDiscourse, ReturnURL: forumReturn + "?a=b"}, `[{"name":"email","from":"email"},{"name":"require_activation","from":{"constant":"false"}}]`, "Flags"},
		"a forum with names of its own": {idp.TokenAppPolicy{Scheme: idp.SchemeDiscourse, ReturnURL: forumReturn}, `[{"name":"email","from":"email"},{"name":"external_id","from":"username"},{"name":"custom.team","from":{"constant":"a&b=c"},"required":true}]`, "Required claims"},
	}
	for _, alg := range append(idp.AsymmetricAlgs(), idp.SymmetricAlgs()...) {
		cases[alg] = struct {
			p    idp.TokenAppPolicy
			rows string
			want string
		}{idp.TokenAppPolicy{Algorithm: alg}, ``, "Signature"}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{})
			s.AddUser(t, ada)
			if c.rows != "" {
				c.p.Claims = mappingOf(t, c.rows)
			}
			v := tested(t, s, addTokenApp(t, s, "App", c.p))
			if !v.Passed || v.Protocol != idp.ProtocolToken || len(v.Documents) != 1 || !strings.HasPrefix(line(v, c.want), verify.Passed) {
				t.Errorf("%s: %s%s", c.want, line(v, c.want), dump(v))
			}
		})
	}
}

func changeTokenApp(t *testing.T, s *idptest.Server, app string, change func(*idp.TokenApp)) {
	t.Helper()
	a, err := s.Records.TokenApp(t.Context(), app)
	if err == nil {
		change(&a)
		err = s.Records.UpdateTokenApp(t.Context(), a)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestATestSignInByTokenShowsWhatIsWrong(t *testing.T) {
	t.Parallel()
	disabled := func(t *testing.T, s *idptest.Server, _ string) {
		t.Helper()
		u, err := s.Records.UserByUsername(t.Context(), "ada")
		if err == nil {
			_, err = s.Owner.PatchUser(t.Context(), u.ID, json.RawMessage(`{"disabled":true}`), "")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	set := func(change func(*idp.TokenApp)) func(*testing.T, *idptest.Server, string) {
		return func(t *testing.T, s *idptest.Server, app string) { t.Helper(); changeTokenApp(t, s, app, change) }
	}
	jwt := idp.TokenAppPolicy{}
	shared := idp.TokenAppPolicy{Algorithm: "HS256", Method: "post"}
	forum := idp.TokenAppPolicy{Scheme: idp.SchemeDiscourse, ReturnURL: forumReturn}
	const phone = `[{"name":"email","from":"email"},{"name":"tel","from":"phone","required":true}]`
	for name, c := range map[string]struct {
		p                   idp.TokenAppPolicy
		rows                string
		after               func(t *testing.T, s *idptest.Server, app string)
		red, detail, advice string
	}{
		"an app that is switched off":              {jwt, `[]`, set(func(a *idp.TokenApp) { a.Disabled = true }), "Application", "switched off", "Switch the application on"},
		"a forum that is switched off":             {forum, rowsOfForum, set(func(a *idp.TokenApp) { a.Disabled = true }), "Application", "switched off", "Switch the application on"},
		"a person who is not assigned":             {jwt, `[]`, set(func(a *idp.TokenApp) { a.Assigned = &idp.Assignment{Groups: []string{"staff"}} }), "Assignment", "not assigned", "Assign the person"},
		"a person who is not assigned to a forum":  {forum, rowsOfForum, set(func(a *idp.TokenApp) { a.Assigned = &idp.Assignment{} }), "Assignment", "not assigned", "Assign the person"},
		"a person who is disabled":                 {shared, `[]`, disabled, "Person", "disabled", "Enable the account"},
		"a required claim without a value":         {jwt, phone, nil, "Required values", "required row tel (phone) has no value", "Fill the attribute"},
		"a required value that a forum wants":      {forum, phone, nil, "Required values", "required row tel (phone) has no value", "Fill the attribute"},
		"a shared key that is gone":                {shared, `[]`, set(func(a *idp.TokenApp) { a.SharedKey = nil }), "Shared key", "none that this server can read", "Make a new shared key"},
		"a shared key of another app":              {shared, `[]`, keyOfAnother, "Shared key", "none that this server can read", "Make a new shared key"},
		"a shared key that is too short":           {idp.TokenAppPolicy{Scheme: idp.SchemeDiscourse, ReturnURL: forumReturn}, rowsOfForum, shortKey, "Shared key", "32 bytes", "Make a new shared key"},
		"an audience that is another app's by now": {idp.TokenAppPolicy{Audience: "wiki"}, `[]`, takesWiki, "Sign-in", "its audience belongs to another one", "Read what the provider says"},
		"a token too long for an address":          {jwt, `[{"name":"motto","from":{"constant":"` + strings.Repeat("x", 7000) + `"}}]`, nil, "Sign-in", "too many bytes for an address", "Read what the provider says"},
		"an algorithm that nobody knows":           {jwt, `[]`, set(func(a *idp.TokenApp) { a.Algorithm = "RS1" }), "Sign-in", "status 500", "Read what the provider says"},
		"a place whose origin is not one":          {idp.TokenAppPolicy{ReturnToParam: "to"}, `[]`, set(func(a *idp.TokenApp) { a.ReturnOrigins = []string{"https://A.example"} }), "Return address https://A.example", "leads elsewhere", "Look at return_origins"},
		"a forum without an address":               {forum, `[{"name":"username","from":"username"}]`, nil, "Sign-in", "needs an e-mail address", "Read what the provider says"},
		"a forum with no address in the row":       {forum, `[{"name":"email","from":"username"}]`, nil, "email", "ada", "Look at the row email"},
		"a forum with another word than true":      {forum, `[{"name":"email","from":"email"},{"name":"moderator","from":{"constant":"yes"}}]`, nil, "Flags", "moderator=yes", "true or false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{})
			s.AddUser(t, ada)
			c.p.Claims = mappingOf(t, c.rows)
			app := addTokenApp(t, s, "App", c.p)
			if c.after != nil {
				c.after(t, s, app)
			}
			isRed(t, tested(t, s, app), c.red, c.detail, c.advice)
		})
	}
}

// keyOfAnother gives an app what was sealed for another one.
func keyOfAnother(t *testing.T, s *idptest.Server, app string) {
	t.Helper()
	other, err := s.Records.TokenApp(t.Context(), addTokenApp(t, s, "Other", idp.TokenAppPolicy{Algorithm: "HS256"}))
	if err != nil {
		t.Fatal(err)
	}
	changeTokenApp(t, s, app, func(a *idp.TokenApp) { a.SharedKey = other.SharedKey })
}

// shortKey: a forum's key of 32 bytes, for an algorithm that needs 64.
func shortKey(t *testing.T, s *idptest.Server, app string) {
	t.Helper()
	if _, err := s.Owner.RotateTokenAppKey(t.Context(), app, api.TokenAppKey{SharedKey: strings.Repeat("k", 32)}); err != nil {
		t.Fatal(err)
	}
	changeTokenApp(t, s, app, func(a *idp.TokenApp) {
		a.Scheme, a.Algorithm, a.Method, a.TokenParam = idp.SchemeJWT, "HS512", "get", "token"
	})
}

// takesWiki registers a client under a name that was free when the app took it as its audience.
func takesWiki(t *testing.T, s *idptest.Server, _ string) {
	t.Helper()
	_, err := s.Owner.CreateClient(t.Context(), api.NewClient{ClientID: "wiki", ClientMetadata: idp.ClientMetadata{RedirectURIs: []string{"https://wiki.example/cb"}}})
	if err != nil {
		t.Fatal(err)
	}
}
