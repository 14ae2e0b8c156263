package oauth_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/sqlite"
	"cloudsso/idp/sqlstore"
	"cloudsso/oauth"
)

// beside is a house on a database file, and a second store on the same file: what a
// command beside the running server has.
func beside(t *testing.T) (h *house, other *sqlstore.Store) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sso.db")
	open := func() *sqlstore.Store {
		s, err := sqlite.Open(context.Background(), path, time.Now)
		done(t, err)
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	served := open()
	h = houseWith(t, func(o *oauth.Options) { o.Records = served })
	return h, open()
}

// What another process does to the file, the very next request knows, however often the
// server has read the client and the grant before.
func TestWhatAnotherProcessTakesAwayIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	const unauthenticated, dead = "invalid_client", "inactive"
	for name, row := range map[string]struct {
		take                         func(t *testing.T, other *sqlstore.Store, c idp.Client)
		refresh, introspect, machine string // what each gets; "": what it had before
		userinfo                     int
	}{
		"the client is disabled": {func(t *testing.T, other *sqlstore.Store, c idp.Client) {
			c.Disabled = true
			done(t, other.UpdateClient(t.Context(), c))
		}, "invalid_grant", unauthenticated, "invalid_grant", 401},
		"the client has another secret": {func(t *testing.T, other *sqlstore.Store, c idp.Client) {
			c.Secrets = []idp.ClientSecret{{Hash: "s256:" + idp.HashSecret("another")}}
			done(t, other.UpdateClient(t.Context(), c))
		}, unauthenticated, unauthenticated, unauthenticated, 200},
		"the client is deleted": {func(t *testing.T, other *sqlstore.Store, c idp.Client) {
			done(t, other.DeleteClient(t.Context(), c.ID, 0))
		}, unauthenticated, unauthenticated, unauthenticated, 401},
		"the consent is revoked": {func(t *testing.T, other *sqlstore.Store, c idp.Client) {
			done(t, other.RevokeConsent(t.Context(), anna, c.ID))
		}, "invalid_grant", dead, "", 401},
		"the grants are revoked": {func(t *testing.T, other *sqlstore.Store, c idp.Client) {
			_, err := other.RevokeGrants(t.Context(), idp.GrantFilter{ClientID: c.ID}, "test", time.Now())
			done(t, err)
		}, "invalid_grant", dead, "", 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, other := beside(t)
			c := h.client("wiki", func(c *idp.Client) {
				c.FirstParty, c.GrantTypes = false, append(c.GrantTypes, "client_credentials")
			})
			done(t, other.CreateClient(t.Context(), c))
			c.Version = 1
			done(t, other.GiveConsent(t.Context(), idp.Consent{Subject: anna, ClientID: "wiki", Scopes: []string{"openid", "email", "offline_access"}}))
			refresh, body := h.offline(t)
			for range 3 {
				if a := h.introspect("wiki", body["access_token"]).json(t); a["active"] != true {
					t.Fatalf("the token is not alive: %v", a)
				}
				if a := h.userinfo(body["access_token"]); a.status != 200 {
					t.Fatalf("userinfo: %s", a.body)
				}
				if a := h.own("wiki"); a.status != 200 {
					t.Fatalf("a token of its own: %s", a.body)
				}
			}
			row.take(t, other, c)
			if a := h.introspect("wiki", body["access_token"]).json(t); a["error"] != row.introspect && (row.introspect != dead || a["active"] != false) {
				t.Errorf("introspection: %v", a)
			}
			if a := h.userinfo(body["access_token"]); a.status != row.userinfo {
				t.Errorf("userinfo: %d %s", a.status, a.body)
			}
			if a := h.refresh("wiki", refresh).json(t); a["error"] != row.refresh {
				t.Errorf("refresh: %v", a)
			}
			if a := h.own("wiki").json(t); (row.machine != "" || a["access_token"] == nil) && a["error"] != row.machine {
				t.Errorf("a token of its own: %v", a)
			}
		})
	}
}
