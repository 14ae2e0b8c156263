package oauth_test

import (
	"net/http"
	"strings"
	"testing"

	"cloudsso/idp"
)

func pairwise(c *idp.Client) { c.SubjectType = "pairwise" }

// at is a client whose redirect URI has another host.
func at(host string) func(c *idp.Client) {
	return func(c *idp.Client) {
		pairwise(c)
		c.RedirectURIs = []string{"https://" + host + "/cb"}
	}
}

func (h *house) subjectAt(t *testing.T, clientID, redirectURI string) string {
	t.Helper()
	code := h.code(t, clientID, "redirect_uri", redirectURI)
	body := h.token(clientID, exchangeForm(code, "redirect_uri", redirectURI)).json(t)
	sub, _ := claimsOf(t, body["id_token"])["sub"].(string)
	return sub
}

// One name for a person at one client, in every token and answer (H5).
func TestConformance_H05_PairwiseSubject(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { pairwise(c); c.AccessTokenFormat = "jwt" })
	body := h.signIn(t, "wiki", "scope", "openid offline_access")
	sub := claimsOf(t, body["id_token"])["sub"].(string)
	if sub == anna || len(sub) != 26 || strings.ToLower(sub) != sub {
		t.Errorf("sub %q", sub)
	}
	again := h.refresh("wiki", body["refresh_token"].(string)).json(t)
	for where, got := range map[string]any{
		"userinfo": h.userinfo(body["access_token"]).json(t)["sub"], "introspection": h.introspect("wiki", body["access_token"]).json(t)["sub"],
		"introspection of the refresh token": h.introspect("wiki", again["refresh_token"]).json(t)["sub"],
		"the access token":                   claimsOf(t, body["access_token"])["sub"], "a refreshed ID token": claimsOf(t, again["id_token"])["sub"],
		"a refreshed access token": claimsOf(t, again["access_token"])["sub"], "the next sign-in": claimsOf(t, h.signIn(t, "wiki")["id_token"])["sub"],
	} {
		if got != sub {
			t.Errorf("%s says %v, the ID token %s", where, got, sub)
		}
	}
	h.change("wiki", func(c *idp.Client) { c.SubjectType = "public" })
	if got := h.userinfo(again["access_token"]).json(t)["sub"]; got != sub {
		t.Errorf("within a grant it changed to %v", got)
	}
	if got := claimsOf(t, h.signIn(t, "wiki")["id_token"])["sub"]; got != anna {
		t.Errorf("a public client says %v", got)
	}
}

// Sectors and people: who shares a name with whom (OpenID Connect Core §8.1).
func TestPairwiseSectors(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("a", at("a.example"))
	h.client("a2", at("a.example"))
	h.client("b", at("b.example"))
	h.client("open", nil)
	a := h.subjectAt(t, "a", "https://a.example/cb")
	if got := h.subjectAt(t, "a2", "https://a.example/cb"); got != a {
		t.Errorf("the same sector: %s and %s", got, a)
	}
	b := h.subjectAt(t, "b", "https://b.example/cb")
	if b == a || b == anna || h.subjectAt(t, "open", callback) != anna {
		t.Errorf("another sector: %s and %s", b, a)
	}
	h.login.answer.Subject = bert
	if got := h.subjectAt(t, "a", "https://a.example/cb"); got == a || got == bert {
		t.Errorf("another person is called %s", got)
	}
	h.client("joined", func(c *idp.Client) {
		pairwise(c)
		c.RedirectURIs, c.SectorIdentifierURI = []string{"https://c.example/cb", "https://d.example/cb"}, "https://a.example/sector.json"
	})
	h.login.answer.Subject = anna
	if got := h.subjectAt(t, "joined", "https://d.example/cb"); got != a {
		t.Errorf("by sector_identifier_uri: %s and %s", got, a)
	}
}

// The client says who by the name that it knows.
func TestHintsWithPairwiseSubjects(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", pairwise)
	body := h.signIn(t, "wiki")
	token, sub := body["id_token"].(string), claimsOf(t, body["id_token"])["sub"].(string)
	if got := h.authorize(request("wiki", "id_token_hint", token, "prompt", "none")).params(t); got.Get("code") == "" || h.login.asked.Subject != anna {
		t.Errorf("hint: %v, asked for %q", got, h.login.asked.Subject)
	}
	claims := `{"id_token":{"sub":{"value":"` + sub + `"}}}`
	if got := h.authorize(request("wiki", "claims", claims)).params(t); got.Get("code") == "" || h.login.asked.Subject != anna {
		t.Errorf("claims: %v, asked for %q", got, h.login.asked.Subject)
	}
	if got := h.authorize(request("wiki", "claims", claims, "id_token_hint", token)).params(t); got.Get("code") == "" {
		t.Errorf("both: %v", got)
	}
	h.login.answer.Subject = bert
	if got := h.authorize(request("wiki", "id_token_hint", token, "prompt", "none")).params(t); got.Get("error") != "login_required" {
		t.Errorf("D8, another person: %v", got)
	}
	// Attack: the name that other clients know, to learn whether it is the same person.
	public := `{"id_token":{"sub":{"value":"` + bert + `"}}}`
	if got := h.authorize(request("wiki", "claims", public, "prompt", "none")).params(t); got.Get("error") != "login_required" {
		t.Errorf("a subject that this client never saw: %v", got)
	}
}

func TestSignOutWithAPairwiseHint(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", pairwise)
	token := h.signIn(t, "wiki")["id_token"].(string)
	h.send(http.MethodGet, "/oauth2/logout?id_token_hint="+token, "")
	if len(h.out.asked) != 1 || h.out.asked[0].Subject != anna || !h.out.asked[0].Sure {
		t.Errorf("got %+v", h.out.asked)
	}
}
