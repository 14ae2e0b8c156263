package oauth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
	"cloudsso/idp/sqlite"
	"cloudsso/keys"
)

// world is a product on a database of its own, in which ada has used one application in
// every way that there is: what is left over are a code that nobody has exchanged, a
// device that has not asked again, tokens, and a session.
type world struct {
	product
	path  string // of the database
	kek   *keys.KEK
	front *httptest.Server
	now   atomic.Pointer[http.Handler] // behind the front
	end   func()

	app, api api.Client
	browser  *relyingParty
	userID   string
	subject  string

	code, refresh, spare string
	codes                map[string]any // of the device
	token                string         // an access token without offline_access
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{path: filepath.Join(t.TempDir(), "sso.db")}
	w.front = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { (*w.now.Load()).ServeHTTP(rw, r) }))
	t.Cleanup(w.front.Close)
	var err error
	if w.kek, err = keys.LoadKEK(t.TempDir(), func(string) string { return "" }); err != nil {
		t.Fatal(err)
	}
	w.start(t)
	t.Cleanup(func() { w.end() })
	w.userID = w.AddUser(t, api.NewUser{Username: "ada", Email: "ada@example.com", Password: passphrase}).ID
	w.api = w.AddClient(t, idp.ClientMetadata{ClientName: "API", GrantTypes: []string{"client_credentials"}, IntrospectAll: true})
	w.browser = newRelyingParty(t, w.product, func(m *idp.ClientMetadata) {
		m.GrantTypes = []string{"authorization_code", "refresh_token", "implicit", "password", "client_credentials", idp.GrantDevice}
		m.ResponseTypes = []string{"code", "token", "code id_token"}
		m.AllowImplicit, m.AllowPasswordGrant = true, true
	})
	w.app = w.browser.client
	w.leaveThings(t)
	return w
}

// start opens the database and runs a server on it, as a process does.
func (w *world) start(t *testing.T) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), w.path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	w.end = func() { _ = store.Close() }
	w.product = product{idptest.New(t, idptest.Options{Records: store, Flows: store, KEK: w.kek, Config: func(c *config.Config) { c.Issuer = w.front.URL }}), t}
	handler := w.Product.Handler()
	w.now.Store(&handler)
	w.Issuer = w.front.URL
	if w.browser != nil {
		w.browser.product = w.product
	}
}

func (w *world) leaveThings(t *testing.T) {
	t.Helper()
	const offline = "openid email offline_access"
	first := w.browser.tokens("scope", offline)
	w.subject = claimsOf(t, first["id_token"])["sub"].(string)
	w.refresh = first["refresh_token"].(string)
	w.spare = w.browser.tokens("scope", offline, "prompt", "consent")["refresh_token"].(string)
	w.token = w.browser.tokens()["access_token"].(string)
	w.code = w.browser.answer(w.browser.Open(w.browser.address("scope", offline, "prompt", "none"))).Get("code")
	w.codes = w.startDevice(w.app)
	if page := w.approve(w.browser.Browser, w.codes); !page.Has("device-done") {
		t.Fatalf("the device: %s", page.Text())
	}
}

// word is an answer in a word: ok, or the error.
func word(t *testing.T, a answer) string {
	t.Helper()
	if a.status == http.StatusOK {
		return "ok"
	}
	name, _ := a.json(t)["error"].(string)
	return name
}

// silently asks with prompt=none: the session alone must do.
func (w *world) silently(t *testing.T, responseType string) string {
	t.Helper()
	page := w.browser.Open(w.browser.address("response_type", responseType, "prompt", "none"))
	if !page.Has("arrived") {
		return "a page"
	}
	got := w.browser.answer(page)
	if got.Has("error") {
		return got.Get("error")
	}
	if got.Has("code") || got.Has("access_token") {
		return "ok"
	}
	return "nothing"
}

// doors are everything that a token comes from or goes to.
func doors() []string {
	return []string{"code", "refresh", "device", "password", "client credentials", "implicit", "hybrid", "authorize", "userinfo", "introspection", "revocation"}
}

func (w *world) knock(t *testing.T, door string) string {
	t.Helper()
	grant := func(form url.Values) string { t.Helper(); return word(t, w.post("/oauth2/token", w.app, form)) }
	switch door {
	case "code":
		return grant(url.Values{"grant_type": {"authorization_code"}, "code": {w.code}, "redirect_uri": {w.browser.uri}})
	case "refresh":
		return grant(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {w.refresh}})
	case "device":
		return word(t, w.poll(w.app, w.codes))
	case "password":
		return grant(credentials())
	case "client credentials":
		return grant(url.Values{"grant_type": {"client_credentials"}})
	case "implicit":
		return w.silently(t, "token")
	case "hybrid":
		return w.silently(t, "code id_token")
	case "authorize":
		return w.silently(t, "code")
	case "userinfo":
		return word(t, w.get("/oauth2/userinfo", w.token))
	case "introspection":
		if w.post("/oauth2/introspect", w.api, url.Values{"token": {w.token}}).json(t)["active"] == true {
			return "ok"
		}
		return "inactive"
	default:
		return word(t, w.post("/oauth2/revoke", w.app, url.Values{"token": {w.spare}}))
	}
}

// TestMatrixOfGrantsAndStates: what happened since, and what each door then says. Every
// grant asks again about the person, the client and the consent, so that nothing outlives
// what it stands on (CVE-2026-1609, CVE-2026-43983, CVE-2026-9802).
func TestMatrixOfGrantsAndStates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(t *testing.T, w *world)
		answers [11]string // in the order of doors
	}{
		"nothing": {
			func(*testing.T, *world) {},
			[11]string{"ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok"},
		},
		"user disabled": {
			func(t *testing.T, w *world) {
				t.Helper()
				_, err := w.Owner.PatchUser(t.Context(), w.userID, json.RawMessage(`{"disabled": true}`), "")
				done(t, err)
			},
			[11]string{"invalid_grant", "invalid_grant", "invalid_grant", "invalid_grant", "ok", "login_required", "login_required", "login_required", "invalid_token", "inactive", "ok"},
		},
		"user deleted": {
			func(t *testing.T, w *world) {
				t.Helper()
				done(t, w.Owner.DeleteUser(t.Context(), w.userID, ""))
			},
			[11]string{"invalid_grant", "invalid_grant", "invalid_grant", "invalid_grant", "ok", "login_required", "login_required", "login_required", "invalid_token", "inactive", "ok"},
		},
		"client disabled": {
			func(t *testing.T, w *world) {
				t.Helper()
				_, err := w.Owner.PatchClient(t.Context(), w.app.ClientID, json.RawMessage(`{"disabled": true}`), "")
				done(t, err)
			},
			[11]string{"invalid_grant", "invalid_grant", "invalid_grant", "invalid_grant", "invalid_grant", "a page", "a page", "a page", "invalid_token", "inactive", "ok"},
		},
		"consent revoked": {
			func(t *testing.T, w *world) {
				t.Helper()
				done(t, w.Records.RevokeConsent(t.Context(), w.subject, w.app.ClientID))
			},
			// The password stands for the consent, the client's own tokens need none.
			[11]string{"invalid_grant", "invalid_grant", "invalid_grant", "ok", "ok", "consent_required", "consent_required", "consent_required", "invalid_token", "inactive", "ok"},
		},
		"session ended": {
			func(_ *testing.T, w *world) {
				w.browser.Open(w.Issuer + "/logout").FormWith("token").Submit("logout-confirm")
			},
			// offline_access is what outlives the session; a device and a password have none.
			[11]string{"invalid_grant", "ok", "ok", "ok", "ok", "login_required", "login_required", "login_required", "invalid_token", "inactive", "ok"},
		},
		"key rotated": {
			func(t *testing.T, w *world) {
				t.Helper()
				for _, use := range []string{idp.KeyUseSign, idp.KeyUseToken} {
					_, err := w.Owner.RotateKey(t.Context(), api.KeyRotation{Use: use, Now: true})
					done(t, err)
				}
			},
			[11]string{"ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok"},
		},
		"process restarted": {
			func(t *testing.T, w *world) { t.Helper(); w.end(); w.start(t) },
			[11]string{"ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c.happens(t, w)
			for i, door := range doors() {
				if got := w.knock(t, door); got != c.answers[i] {
					t.Errorf("%s: %s, want %s", door, got, c.answers[i])
				}
			}
		})
	}
}

// What was revoked before a restart is revoked after it (CVE-2026-9802).
func TestTrap_ARestartRevivesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, door := range []string{"code", "device", "revocation"} {
		if got := w.knock(t, door); got != "ok" {
			t.Fatalf("%s: %s", door, got)
		}
	}
	w.refresh = w.spare
	w.end()
	w.start(t)
	for _, door := range []string{"code", "device", "refresh"} {
		if got := w.knock(t, door); got != "invalid_grant" {
			t.Errorf("%s: %s", door, got)
		}
	}
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
