package oauth_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
	"cloudsso/idp/memory"
	"cloudsso/idp/postgres"
	"cloudsso/idp/redis"
	"cloudsso/idp/sqlite"
	"cloudsso/idp/storetest/pgtest"
	"cloudsso/idp/storetest/redistest"
)

// backends open stores for one product.
func backends() map[string]func(t *testing.T) (idp.Records, idp.Flows) {
	return map[string]func(t *testing.T) (idp.Records, idp.Flows){
		"memory": func(*testing.T) (idp.Records, idp.Flows) {
			s := memory.New(time.Now)
			return s, s
		},
		"sqlite": func(t *testing.T) (idp.Records, idp.Flows) {
			t.Helper()
			s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "sso.db"), time.Now)
			done(t, err)
			t.Cleanup(func() { _ = s.Close() })
			return s, s
		},
		"postgres": func(t *testing.T) (idp.Records, idp.Flows) {
			t.Helper()
			pg, err := pgtest.Start()
			done(t, err)
			t.Cleanup(func() { _ = pg.Close() })
			s, err := postgres.Open(t.Context(), pg.Database(t), postgres.Options{MaxConns: 8}, time.Now)
			done(t, err)
			t.Cleanup(func() { _ = s.Close() })
			return s, s
		},
		"redis": func(t *testing.T) (idp.Records, idp.Flows) {
			t.Helper()
			s, err := redis.Open(t.Context(), "redis://"+redistest.Start(t).Addr(), redis.Options{}, time.Now)
			done(t, err)
			t.Cleanup(func() { _ = s.Close() })
			return memory.New(time.Now), s
		},
	}
}

// racer is an application on one of them, with the cookies of a browser that is signed in.
type racer struct {
	*relyingParty
	cookies string
}

func newRacer(t *testing.T, open func(t *testing.T) (idp.Records, idp.Flows)) *racer {
	t.Helper()
	records, flows := open(t)
	p := newProduct(t, idptest.Options{Records: records, Flows: flows})
	r := &racer{relyingParty: newRelyingParty(t, p, func(m *idp.ClientMetadata) {
		m.GrantTypes = []string{"authorization_code", "refresh_token", idp.GrantDevice}
		m.IDTokenSignedResponseAlg = "ES256"
	})}
	r.tokens("scope", "openid offline_access")
	for _, name := range []string{"cloudsso-session", "cloudsso-browser"} {
		r.cookies += name + "=" + r.Cookie(p.Issuer, name) + "; "
	}
	return r
}

// silent asks for a code as the browser's tabs do, without following the answer.
func (r *racer) silent(address string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, address, nil)
	done(r.t, err)
	req.Header.Set("Cookie", r.cookies)
	return r.do(req)
}

func (r *racer) freshCode() string {
	r.t.Helper()
	code := r.silent(r.address("scope", "openid offline_access", "prompt", "none")).params(r.t).Get("code")
	if code == "" {
		r.t.Fatal("no code")
	}
	return code
}

func (r *racer) grant(form url.Values) answer {
	r.t.Helper()
	return r.post("/oauth2/token", r.client, form)
}

func (r *racer) exchange(code string) answer {
	r.t.Helper()
	return r.grant(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.uri}})
}

func (r *racer) renew(token string) answer {
	r.t.Helper()
	return r.grant(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// oneWins wants one success, and the error for all others. It returns the success.
func (r *racer) oneWins(what, lose string, answers []answer) (won answer) {
	r.t.Helper()
	n := 0
	for _, a := range answers {
		switch {
		case a.status == http.StatusOK:
			n++
			won = a
		case a.status != http.StatusBadRequest || a.json(r.t)["error"] != lose:
			r.t.Errorf("%s: the loser got %d %s", what, a.status, a.body)
		}
	}
	if n != 1 {
		r.t.Fatalf("%s: %d of %d succeeded", what, n, len(answers))
	}
	return won
}

const rounds, atOnce = 5, 6

// TestRacesOnEveryBackend: what may happen once happens once, whoever keeps count
// (CVE-2026-1035; fosite#778).
func TestRacesOnEveryBackend(t *testing.T) {
	t.Parallel()
	for name, open := range backends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRacer(t, open)
			for range rounds {
				r.raceForACode()
				r.raceForARefresh()
				r.raceForADevice()
				r.raceForAPushedRequest()
			}
		})
	}
}

// A code that was presented twice ends what came of it.
func (r *racer) raceForACode() {
	r.t.Helper()
	code := r.freshCode()
	won := r.oneWins("code", "invalid_grant", together(atOnce, func() answer { return r.exchange(code) }))
	if a := r.get("/oauth2/userinfo", won.json(r.t)["access_token"].(string)); a.status != http.StatusUnauthorized {
		r.t.Errorf("code: the winner's token answers %d", a.status)
	}
}

// Tabs of one application refresh at once: all go on with one successor, and the family
// is one. What is stale ends it whole.
func (r *racer) raceForARefresh() {
	r.t.Helper()
	first := r.exchange(r.freshCode()).json(r.t)["refresh_token"].(string)
	successors := map[any]bool{}
	for _, a := range together(atOnce, func() answer { return r.renew(first) }) {
		if a.status != http.StatusOK {
			r.t.Fatalf("refresh: %d %s", a.status, a.body)
		}
		successors[a.json(r.t)["refresh_token"]] = true
	}
	if len(successors) != 1 {
		r.t.Fatalf("refresh: the family forked: %d successors", len(successors))
	}
	for second := range successors {
		third := r.renew(second.(string)).json(r.t)["refresh_token"].(string)
		for _, stale := range []string{first, third} {
			wantError(r.t, r.renew(stale), 400, "invalid_grant", map[string]string{first: "The refresh token was already used.", third: revoked}[stale])
		}
	}
}

func (r *racer) raceForADevice() {
	r.t.Helper()
	codes := r.startDevice(r.client)
	if page := r.approve(r.Browser, codes); !page.Has("device-done") {
		r.t.Fatalf("device: %s", page.Text())
	}
	r.oneWins("device", "invalid_grant", together(atOnce, func() answer { return r.poll(r.client, codes) }))
}

func (r *racer) raceForAPushedRequest() {
	r.t.Helper()
	a := r.post("/oauth2/par", r.client, url.Values{
		"client_id": {r.client.ClientID}, "redirect_uri": {r.uri}, "response_type": {"code"}, "scope": {"openid offline_access"}, "prompt": {"none"},
	})
	uri, _ := a.json(r.t)["request_uri"].(string)
	if uri == "" {
		r.t.Fatalf("push: %d %s", a.status, a.body)
	}
	address := r.Issuer + "/oauth2/authorize?" + url.Values{"client_id": {r.client.ClientID}, "request_uri": {uri}}.Encode()
	codes := 0
	for _, a := range together(atOnce, func() answer { return r.silent(address) }) {
		if at, err := url.Parse(a.header.Get("Location")); err == nil && at.Query().Get("code") != "" {
			codes++
		} else if a.status >= 500 {
			r.t.Errorf("pushed request: %d %s", a.status, a.body)
		}
	}
	if codes != 1 {
		r.t.Errorf("pushed request: %d codes", codes)
	}
}
