package oauth_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
)

func (h *house) revoke(clientID, token string, more ...string) answer {
	form := with(url.Values{"token": {token}}, more...)
	if form.Has("client_id") {
		return h.send(http.MethodPost, "/oauth2/revoke", form.Encode())
	}
	return h.send(http.MethodPost, "/oauth2/revoke", form.Encode(), basic(clientID)...)
}

func wantRevoked(t testing.TB, a answer) {
	t.Helper()
	if a.status != 200 || a.body != "" || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("got %d %q %v", a.status, a.body, a.header)
	}
}

func (h *house) counted(event string) (n int) {
	for _, name := range h.events.names() {
		if name == event {
			n++
		}
	}
	return n
}

// Either token ends all that came of the sign-in, once.
func TestRevocationEndsTheFamily(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		more []string
		pick func(h *house, access, refresh string) string
	}{
		"by the access token":  {nil, func(_ *house, a, _ string) string { return a }},
		"by the refresh token": {nil, func(_ *house, _, r string) string { return r }},
		"with the right hint":  {[]string{"token_type_hint", "refresh_token"}, func(_ *house, _, r string) string { return r }},
		"with the wrong hint":  {[]string{"token_type_hint", "refresh_token"}, func(_ *house, a, _ string) string { return a }},
		"with an unknown hint": {[]string{"token_type_hint", "x", "extra", "y"}, func(_ *house, a, _ string) string { return a }},
		"by a spent token":     {nil, func(h *house, _, r string) string { h.refresh("wiki", r); h.move(2 * time.Minute); return r }},
		"in the grace window":  {nil, func(h *house, _, r string) string { h.refresh("wiki", r); return r }},
		"with the client off": {nil, func(h *house, _, r string) string {
			h.change("wiki", func(c *idp.Client) { c.Disabled = true })
			return r
		}},
		"while the directory is down": {nil, func(h *house, a, _ string) string { h.people.down = idp.ErrUnavailable; return a }},
		"by a public client": {[]string{"client_id", "wiki"}, func(h *house, _, r string) string {
			h.change("wiki", public)
			return r
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			refresh, body := h.offline(t)
			access := body["access_token"].(string)
			token := c.pick(h, access, refresh)
			wantRevoked(t, h.revoke("wiki", token, c.more...))
			wantRevoked(t, h.revoke("wiki", token, c.more...))
			h.people.down = nil
			if h.userinfo(access).status != 401 {
				t.Error("the access token lives on")
			}
			wantError(t, h.refresh("wiki", refresh, c.more...), 400, "invalid_grant", revoked)
			if n := h.counted(idp.EventGrantRevoked); n != 1 {
				t.Errorf("%d Events", n)
			}
			last := h.events.all[len(h.events.all)-1]
			if last.Subject != anna || last.App != "wiki" || last.Detail["reason"] != "client_request" {
				t.Errorf("event %+v", last)
			}
		})
	}
}

// RFC 7009 §2.2: there is nothing left to revoke, which is what the client wants.
func TestRevocationOfWhatIsNoToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	refresh, body := h.offline(t)
	code := h.code(t, "wiki")
	for name, token := range map[string]string{
		"nonsense": "x", "a cut token": refresh[:len(refresh)-4], "an ID token": body["id_token"].(string), "a code": code,
		"a prefix": "cat_", "very long": "crt_" + strings.Repeat("A", 9999), "a secret": secretOf("wiki"),
	} {
		t.Run(name, func(t *testing.T) { wantRevoked(t, h.revoke("wiki", token)) })
	}
	if h.userinfo(body["access_token"]).status != 200 || h.token("wiki", exchangeForm(code)).status != 200 {
		t.Error("something ended")
	}
	h.move(time.Hour)
	// Attack: an old access token out of a log ends a sign-in that is still in use.
	wantRevoked(t, h.revoke("wiki", body["access_token"].(string)))
	if a := h.refresh("wiki", refresh); a.status != 200 {
		t.Errorf("an expired access token ended the grant: %s", a.body)
	}
	if h.counted(idp.EventGrantRevoked) != 0 {
		t.Error("an Event of nothing")
	}
}

// fosite#644, hydra#4025: 200 for tokens of others.
func TestTrap_RevocationOfForeignTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.client("other", nil)
	h.client("spa", public)
	h.client("api", resourceServer)
	refresh, body := h.offline(t)
	const foreign = "The token was issued to another client: only that client can revoke it."
	for _, token := range []string{refresh, body["access_token"].(string)} {
		wantError(t, h.revoke("other", token), 400, "invalid_grant", foreign)
		wantError(t, h.revoke("api", token), 400, "invalid_grant", foreign)
		wantError(t, h.revoke("spa", token, "client_id", "spa"), 400, "invalid_grant", foreign)
		wantError(t, h.revoke("wiki", token, "client_id", "wiki"), 401, "invalid_client", notAuthenticated)
		wantError(t, h.revoke("nobody", token), 401, "invalid_client", notAuthenticated)
	}
	if a := h.refresh("wiki", refresh); a.status != 200 || h.userinfo(body["access_token"]).status != 200 {
		t.Errorf("a stranger ended the grant: %s", a.body)
	}
}

func TestTrap_RevocationWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	const again = "A service that is needed for this does not answer. Nothing was used up: please try again in a moment."
	for name, c := range map[string]struct {
		fault, mend func(*house)
		status      int
		error, text string
	}{
		"reading":      {func(h *house) { h.grants.fail = idp.ErrUnavailable }, func(h *house) { h.grants.fail = nil }, 503, "temporarily_unavailable", again},
		"writing":      {func(h *house) { h.grants.broken = idp.ErrUnavailable }, func(h *house) { h.grants.broken = nil }, 503, "temporarily_unavailable", again},
		"in a bad way": {func(h *house) { h.grants.broken = errors.New("internals") }, func(h *house) { h.grants.broken = nil }, 500, "server_error", "Something went wrong on our side."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			refresh, _ := h.offline(t)
			c.fault(h)
			wantError(t, h.revoke("wiki", refresh), c.status, c.error, c.text)
			c.mend(h)
			wantRevoked(t, h.revoke("wiki", refresh))
			wantError(t, h.refresh("wiki", refresh), 400, "invalid_grant", revoked)
		})
	}
}

// The race, one step at a time: the client revokes between a refresh's check and its
// write.
func TestARevocationInTheMiddleOfARefresh(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	refresh, _ := h.offline(t)
	h.grants.before = func() { wantRevoked(t, h.revoke("wiki", refresh)) }
	wantError(t, h.refresh("wiki", refresh), 400, "invalid_grant", revoked)
}

// Whoever wins, nothing lives after a revocation has been answered.
func TestRevocationRacesRefresh(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.IDTokenSignedResponseAlg = "ES256" })
	for range 20 {
		refresh, body := h.offline(t)
		tokens := []any{body["access_token"]}
		var once sync.Once
		for _, a := range together(4, func() answer {
			var a answer
			once.Do(func() { a = h.revoke("wiki", refresh) })
			if a.status == 0 {
				a = h.refresh("wiki", refresh)
			}
			return a
		}) {
			switch {
			case a.status == 200 && a.body != "":
				tokens = append(tokens, a.json(t)["access_token"])
				wantError(t, h.refresh("wiki", a.json(t)["refresh_token"].(string)), 400, "invalid_grant", revoked)
			case a.status != 200:
				wantError(t, a, 400, "invalid_grant", revoked)
			}
		}
		for _, token := range tokens {
			if h.userinfo(token).status != 401 {
				t.Fatal("an access token lives on")
			}
		}
	}
	if n := h.counted(idp.EventGrantRevoked); n != 20 || h.counted(idp.EventRefreshReused) != 0 {
		t.Errorf("%d Events", n)
	}
}
