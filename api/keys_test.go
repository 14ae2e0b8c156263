package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/keys"
)

// newKeyWorld is a world with a ring of its own, which the tests change.
func newKeyWorld(t *testing.T) *world {
	t.Helper()
	return newWorld(t, func(o *api.Options) {
		kek, err := keys.LoadKEK("", func(name string) string {
			if name == "CLOUDSSO_KEK" {
				return strings.Repeat("A", 43) + "="
			}
			return ""
		})
		if err != nil {
			t.Fatal(err)
		}
		if o.Ring, err = keys.Open(t.Context(), o.Records.(*memory.Store), kek, o.Now); err != nil {
			t.Fatal(err)
		}
	})
}

const keyPath = "/api/v1/keys"

// bySlot reads the list.
func (w *world) bySlot(slot string) map[string]any {
	w.t.Helper()
	for _, k := range w.call(http.MethodGet, keyPath, nil).want(http.StatusOK).items() {
		if k["slot"] == slot {
			return k
		}
	}
	w.t.Fatalf("no key %s", slot)
	return nil
}

func TestAnAdminRollsTheSAMLKeyOver(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	long, err := w.owner().CreateToken(t.Context(), api.NewToken{Role: api.RoleOwner, ExpiresIn: 48 * 3600})
	if err != nil {
		t.Fatal(err)
	}
	w.token = long.Secret
	old := w.bySlot("saml/RS256/1")["kid"].(string)
	made := w.call(http.MethodPost, keyPath+"/rotate", map[string]any{"use": "saml"}).want(http.StatusCreated)
	if made.str("state") != "next" || made.str("slot") != "saml/RS256/2" || len(made.str("sha256")) != 64 || made.str("not_after") != "2036-11-21T12:00:00Z" {
		t.Errorf("made %s", made.raw)
	}
	next := keyPath + "/" + made.str("kid")
	early := w.call(http.MethodPost, next+"/activate", map[string]any{}).want(http.StatusConflict)
	if !strings.Contains(early.problem(), "is not published long enough") {
		t.Error(early.problem())
	}
	w.advance(24 * time.Hour)
	signs := w.call(http.MethodPost, next+"/activate", `{}`).want(http.StatusOK)
	if signs.body["signing"] != true || w.bySlot("saml/RS256/1")["state"] != "retiring" {
		t.Errorf("after activate: %s", signs.raw)
	}
	w.call(http.MethodPost, next+"/retire", `{"now":true}`).want(http.StatusConflict)
	w.call(http.MethodPost, keyPath+"/"+old+"/activate", `{}`).want(http.StatusOK)
	w.call(http.MethodPost, next+"/activate", `{}`).want(http.StatusOK)
	w.call(http.MethodPost, keyPath+"/"+old+"/retire", `{}`).want(http.StatusConflict)
	gone := w.call(http.MethodPost, keyPath+"/"+old+"/retire", `{"now":true}`).want(http.StatusOK)
	if gone.str("state") != "retired" {
		t.Errorf("retired: %s", gone.raw)
	}
	want := "admin_token.created admin_token.created key.created key.activated key.activated key.activated key.retired"
	if got := strings.Join(w.eventNames(), " "); got != want {
		t.Errorf("Events %s, want %s", got, want)
	}
	events, _ := w.store.Events(t.Context(), idp.EventFilter{}, idp.Page{Limit: 1})
	if e := events[0]; e.Detail["kid"] != old || !strings.HasPrefix(e.Actor, "token:") {
		t.Errorf("the Event does not say who and what: %+v", e)
	}
}

func TestAnAdminRotatesAJWTKey(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	made := w.call(http.MethodPost, keyPath+"/rotate", `{}`).want(http.StatusCreated)
	if made.str("slot") != "sig/RS256/2" || made.str("activate_at") != "2026-11-22T12:00:00Z" {
		t.Errorf("made %s", made.raw)
	}
	if old := w.bySlot("sig/RS256/1"); old["retire_at"] != "2026-11-22T12:00:00Z" || old["expire_at"] != "2026-11-23T12:05:00Z" || old["signing"] != true {
		t.Errorf("the old key: %v", old)
	}
	w.call(http.MethodPost, keyPath+"/"+made.str("kid")+"/retire", `{}`).want(http.StatusOK)
	if old := w.bySlot("sig/RS256/1"); old["retire_at"] != nil || old["expire_at"] != nil {
		t.Errorf("called off, and the old key is %v", old)
	}
	if now := w.call(http.MethodPost, keyPath+"/rotate", `{"use":"sig","alg":"ES256","now":true}`).want(http.StatusCreated); now.body["signing"] != true {
		t.Errorf("now: %s", now.raw)
	}
}

func TestWhatAKeyOperationRefuses(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	for name, c := range map[string]struct{ path, body, want string }{
		"a use that is none":     {"/rotate", `{"use":"enc"}`, `422 There are no keys for the use "enc" with the algorithm "RS256". There are: sig RS256, sig ES256, sig PS256, sig EdDSA, sig RS384, sig RS512, sig PS384, sig PS512, sig ES384, sig ES512, saml RS256, saml ES256, token HS256. pointer=#/use`},
		"an unknown algorithm":   {"/rotate", `{"alg":"none"}`, `422 There are no keys for the use "sig" with the algorithm "none". There are: sig RS256, sig ES256, sig PS256, sig EdDSA, sig RS384, sig RS512, sig PS384, sig PS512, sig ES384, sig ES512, saml RS256, saml ES256, token HS256. pointer=#/alg`},
		"a member that is none":  {"/rotate", `{"lead":"1s"}`, `422 There is no member of this name; check its spelling. pointer=#/lead`},
		"now as a text":          {"/rotate", `{"now":"yes"}`, `422 Expected boolean. pointer=#/now`},
		"a key that is not here": {"/x/activate", `{}`, `404 There is no key "x". List the keys to see which there are.`},
		"retiring what is none":  {"/x/retire", `{"now":true}`, `404 There is no key "x". List the keys to see which there are.`},
	} {
		if got := w.call(http.MethodPost, keyPath+c.path, c.body).problem(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
	if got := strings.Join(w.eventNames(), " "); got != "admin_token.created" {
		t.Errorf("Events %s", got)
	}
}

func TestAKeyChangeThatIsNotOnRecordIsTold(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	w.events.broken = true
	w.call(http.MethodPost, keyPath+"/rotate", `{"alg":"ES256"}`).want(http.StatusServiceUnavailable)
}

func TestCommandsMayNameAKeyByItsSlot(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	ctx := context.Background()
	if _, err := w.owner().RotateKey(ctx, api.KeyRotation{Alg: "ES256"}); err != nil {
		t.Fatal(err)
	}
	k, err := w.owner().ActivateKey(ctx, "sig/ES256/2", api.KeyStep{Now: true})
	if err != nil || !k.Signing {
		t.Errorf("%+v, %v", k, err)
	}
}
