package oauth_test

import (
	"errors"
	"testing"
	"time"

	"cloudsso/idp"
)

const (
	notYourRefresh = "The refresh token is not one that was issued to this client."
	revoked        = "The authorization has been revoked. The person must sign in again."
)

// offline signs in with a refresh token.
func (h *house) offline(t testing.TB) (refresh string, body map[string]any) {
	t.Helper()
	body = h.signIn(t, "wiki", "scope", "openid email offline_access")
	refresh, _ = body["refresh_token"].(string)
	if refresh == "" {
		t.Fatalf("no refresh token in %v", body)
	}
	return refresh, body
}

func TestRefreshScopes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	refresh, _ := h.offline(t)
	wantError(t, h.refresh("wiki", refresh, "scope", "openid profile"), 400, "invalid_scope", "The scope asks for more than the person granted: ask for the same or less.")
	wantError(t, h.refresh("wiki", refresh, "scope", "OPENID"), 400, "invalid_scope", "The scope asks for more than the person granted: ask for the same or less.")
	narrow := h.refresh("wiki", refresh, "scope", "openid").json(t)
	if info := h.userinfo(narrow["access_token"]).json(t); narrow["scope"] != "openid" || info["email"] != nil {
		t.Errorf("not narrower: %v, %v", narrow["scope"], info)
	}
	none := h.refresh("wiki", narrow["refresh_token"].(string), "scope", "email").json(t)
	if none["scope"] != "email" || none["id_token"] != nil || h.userinfo(none["access_token"]).status != 403 {
		t.Errorf("openid was not dropped: %v", none)
	}
	whole := h.refresh("wiki", none["refresh_token"].(string), "scope", "offline_access email openid openid").json(t)
	if whole["scope"] != "openid email offline_access" {
		t.Errorf("the grant itself became narrower: %v", whole["scope"])
	}
	h.change("wiki", func(c *idp.Client) { c.Scope = "openid offline_access" })
	if less := h.refresh("wiki", whole["refresh_token"].(string)).json(t); less["scope"] != "openid offline_access" {
		t.Errorf("a scope that was taken from the client is still given: %v", less["scope"])
	}
}

func TestRefreshReuseEndsTheFamily(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(*house, string) string{
		"the previous one after the grace window": func(h *house, first string) string {
			h.refresh("wiki", first)
			h.move(60 * time.Second)
			return first
		},
		"one older than the previous": func(h *house, first string) string {
			second := h.refresh("wiki", first).json(h)["refresh_token"].(string)
			h.refresh("wiki", second)
			return first
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			h.client("other", nil)
			first, body := h.offline(t)
			old := use(h, first)
			wantError(t, h.refresh("other", old), 400, "invalid_grant", notYourRefresh)
			if h.userinfo(body["access_token"]).status != 200 {
				t.Fatal("fosite: another client ended the family")
			}
			wantError(t, h.refresh("wiki", old), 400, "invalid_grant", "The refresh token was already used.")
			wantError(t, h.refresh("wiki", old), 400, "invalid_grant", revoked)
			if h.userinfo(body["access_token"]).status != 401 {
				t.Error("the access token lives on")
			}
			h.wantEvent(t, idp.EventRefreshReused)
		})
	}
}

func TestRefreshTokensExpireUnused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.RefreshTokenTTL = 600 })
	refresh, _ := h.offline(t)
	h.move(599 * time.Second)
	refresh = h.refresh("wiki", refresh).json(t)["refresh_token"].(string)
	h.move(599 * time.Second) // each use begins the time anew
	refresh = h.refresh("wiki", refresh).json(t)["refresh_token"].(string)
	h.move(600 * time.Second)
	wantError(t, h.refresh("wiki", refresh), 400, "invalid_grant", "The refresh token has expired: it was not used for too long. The person must sign in again.")
}

// A refresh is a check: what ended since the sign-in ends the family, and an outage
// ends nothing.
func TestRefreshAsksAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile func(*house)
		text      string
		reason    string
	}{
		"person disabled": {func(h *house) { h.people.set(anna, idp.Disabled) }, "The person's account is disabled.", "user_disabled"},
		"person gone":     {func(h *house) { h.people.set(anna, idp.Gone) }, "The person has no account any more.", "user_gone"},
		"person unassigned": {func(h *house) {
			h.change("wiki", func(c *idp.Client) { c.Assigned = &idp.Assignment{Users: []string{"bob"}} })
		}, "The person is not assigned to this application.", "user_unassigned"},
		"client disabled": {func(h *house) { h.change("wiki", func(c *idp.Client) { c.Disabled = true }) }, "This application has been switched off by an administrator.", "client_disabled"},
		"consent revoked": {func(h *house) { h.change("wiki", func(c *idp.Client) { c.FirstParty = false }) }, "The person no longer agrees to what this application was allowed.", "consent_revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			refresh, _ := h.offline(t)
			c.meanwhile(h)
			wantError(t, h.refresh("wiki", refresh), 400, "invalid_grant", c.text)
			h.wantEvent(t, idp.EventRefreshDenied)
			last := h.events.all[len(h.events.all)-1]
			if last.Detail["reason"] != c.reason || last.Subject != anna || last.App != "wiki" {
				t.Errorf("event %+v", last)
			}
			wantError(t, h.refresh("wiki", refresh), 400, "invalid_grant", revoked)
		})
	}
	for name, c := range map[string]struct {
		meanwhile, undo func(*house)
		status          int
	}{
		"directory down":   {func(h *house) { h.people.down = idp.ErrUnavailable }, func(h *house) { h.people.down = nil }, 503},
		"store down":       {func(h *house) { h.grants.fail = idp.ErrUnavailable }, func(h *house) { h.grants.fail = nil }, 503},
		"a fault of ours":  {func(h *house) { h.people.down = errors.New("x") }, func(h *house) { h.people.down = nil }, 500},
		"password expired": {func(h *house) { h.people.set(anna, idp.PasswordExpired) }, func(h *house) { h.people.set(anna, idp.Active) }, 400},
		"signing fails": {func(h *house) { h.change("wiki", func(c *idp.Client) { c.IDTokenSignedResponseAlg = "XX512" }) },
			func(h *house) { h.change("wiki", func(c *idp.Client) { c.IDTokenSignedResponseAlg = "RS256" }) }, 500},
	} {
		t.Run(name+" ends nothing", func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			refresh, _ := h.offline(t)
			c.meanwhile(h)
			if a := h.refresh("wiki", refresh); a.status != c.status {
				t.Errorf("got %d %s", a.status, a.body)
			}
			c.undo(h)
			if a := h.refresh("wiki", refresh); a.status != 200 {
				t.Errorf("the token was burnt: %s", a.body)
			}
		})
	}
}

// If reuse cannot be punished now, the caller is not told that it was.
func TestReuseWhileTheAuditLogIsDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	refresh, _ := h.offline(t)
	h.refresh("wiki", refresh)
	h.move(time.Hour)
	h.events.err = idp.ErrUnavailable
	if a := h.refresh("wiki", refresh); a.status != 503 {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestDenialWhileTheAuditLogIsDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	refresh, _ := h.offline(t)
	h.people.set(anna, idp.Disabled)
	h.events.err = idp.ErrUnavailable
	if a := h.refresh("wiki", refresh); a.status != 503 {
		t.Errorf("got %d %s", a.status, a.body)
	}
}
