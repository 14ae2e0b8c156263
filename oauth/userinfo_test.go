package oauth_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

const deadToken = "The access token is not valid, has expired or was revoked."

func TestForgedAccessTokensCostNoRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	token := h.signIn(t, "wiki")["access_token"].(string)
	raw, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "cat_"))
	h.grants.reads = 0
	for i := range raw {
		b := slices.Clone(raw)
		b[i] ^= 0x80
		if a := h.userinfo("cat_" + base64.RawURLEncoding.EncodeToString(b)); a.status != 401 {
			t.Fatalf("byte %d changed: %d", i, a.status)
		}
	}
	if a := h.userinfo("cat_" + base64.RawURLEncoding.EncodeToString(append(slices.Clone(raw), 0))); a.status != 401 {
		t.Error("one byte more is accepted")
	}
	if h.grants.reads != 0 {
		t.Errorf("%d reads", h.grants.reads)
	}
	if h.userinfo(token).status != 200 {
		t.Error("the right one is not accepted")
	}
}

func TestAccessTokensDieWith(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		what   func(*house)
		status int
	}{
		"their time":          {func(h *house) { h.move(time.Hour) }, 401},
		"nothing before that": {func(h *house) { h.move(time.Hour - time.Second) }, 200},
		"the person disabled": {func(h *house) { h.people.set(anna, idp.Disabled) }, 401},
		"the person gone":     {func(h *house) { h.people.set(anna, idp.Gone) }, 401},
		"the subject":         {func(h *house) { delete(h.people.all, anna) }, 401},
		"the client disabled": {func(h *house) { h.change("wiki", func(c *idp.Client) { c.Disabled = true }) }, 401},
		"the client":          {func(h *house) { _ = h.store.DeleteClient(t.Context(), "wiki", 0) }, 401},
		"the grant revoked": {func(h *house) {
			_, _ = h.store.RevokeGrants(t.Context(), idp.GrantFilter{ClientID: "wiki"}, "x", h.now())
		}, 401},
		"a missing claim":      {func(h *house) { h.change("wiki", requires("cost_centre")) }, 401},
		"an outage is no end":  {func(h *house) { h.people.down = idp.ErrUnavailable }, 503},
		"an outage, the store": {func(h *house) { h.grants.fail = idp.ErrUnavailable }, 503},
		"a fault of ours":      {func(h *house) { h.people.down = errors.New("internals") }, 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			token := h.signIn(t, "wiki")["access_token"]
			c.what(h)
			a := h.userinfo(token)
			if a.status != c.status || strings.Contains(a.body, "internals") {
				t.Errorf("got %d %s", a.status, a.body)
			}
			if has := a.header.Get("WWW-Authenticate") != ""; has != (c.status == 401) {
				t.Errorf("WWW-Authenticate: %q", a.header.Get("WWW-Authenticate"))
			}
		})
	}
}
