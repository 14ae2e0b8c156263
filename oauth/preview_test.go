package oauth_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
	"cloudsso/oauth"
)

// originOf finds where a claim comes from.
func originOf(d *mapping.Document, name string) mapping.Origin {
	if d != nil {
		for _, o := range d.Origins {
			if o.Name == name {
				return o
			}
		}
	}
	return mapping.Origin{}
}

func TestPreviewShowsTheScopesOfTheOperator(t *testing.T) {
	t.Parallel()
	h := houseWith(t, func(o *oauth.Options) {
		o.Scopes = []oauth.Scope{
			{Name: "mail.read", Claims: []idp.Mapping{{Name: "mailbox", From: "username"}, {Name: "quota", From: "quota", Required: true}}},
			{Name: "other", Claims: []idp.Mapping{{Name: "hidden", From: "username"}}},
		}
	})
	c := h.client("mail", func(c *idp.Client) { c.Scope = "openid mail.read" })
	p, err := h.provider(t).Preview(t.Context(), c, anna)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(p.Refused, "required row quota (quota) has no value") {
		t.Errorf("refused: %q", p.Refused)
	}
	if o := originOf(p.UserInfo, "mailbox"); o.Scope != "mail.read" || o.Row != nil || p.UserInfo.Claims["mailbox"] != o.Value {
		t.Errorf("userinfo: %+v of %v", o, p.UserInfo.Claims)
	}
	if originOf(p.IDToken, "mailbox").Name != "" || p.IDToken.Claims["mailbox"] != nil {
		t.Errorf("the ID token has it too: %v", p.IDToken.Claims)
	}
	if p.UserInfo.Claims["hidden"] != nil {
		t.Error("a claim of a scope that the client does not have")
	}
}

func TestPreviewOfWhoGetsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.client("wiki", nil)
	for name, test := range map[string]struct {
		change  func(c *idp.Client)
		subject string
		refused string
	}{
		"a client that is switched off": {func(c *idp.Client) { c.Disabled = true }, anna, "switched off"},
		"a subject of nobody":           {func(*idp.Client) {}, "nobodynobodynobodynobodyno", "no account"},
		"a client without scopes":       {func(c *idp.Client) { c.Scope = "" }, anna, "signs nobody in"},
	} {
		changed := c
		test.change(&changed)
		p, err := h.provider(t).Preview(t.Context(), changed, test.subject)
		if err != nil || !strings.Contains(p.Refused, test.refused) || p.IDToken != nil || p.UserInfo != nil || p.AccessToken != nil {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	h.people.set(anna, idp.Disabled)
	if p, err := h.provider(t).Preview(t.Context(), c, anna); err != nil || !strings.Contains(p.Refused, "disabled") {
		t.Errorf("somebody who is disabled: %+v, %v", p, err)
	}
}

// TestPreviewWithoutADirectory: trouble of ours is not told as a refusal of the person.
func TestPreviewWithoutADirectory(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.client("wiki", nil)
	for _, down := range []error{idp.ErrUnavailable, context.DeadlineExceeded} {
		h.people.mu.Lock()
		h.people.down = down
		h.people.mu.Unlock()
		if p, err := h.provider(t).Preview(t.Context(), c, anna); !errors.Is(err, down) {
			t.Errorf("%+v, %v", p, err)
		}
	}
}

func TestPreviewOfAClientThatSpeaksOnlyOAuth(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.client("plain", func(c *idp.Client) { c.Scope, c.UserinfoWithoutOpenID = "profile", true })
	p, err := h.provider(t).Preview(t.Context(), c, anna)
	if err != nil || p.IDToken != nil || p.UserInfo == nil || p.UserInfo.Claims["sub"] != anna {
		t.Errorf("%+v, %v", p, err)
	}
	c.UserinfoWithoutOpenID = false
	if p, err = h.provider(t).Preview(t.Context(), c, anna); err != nil || p.UserInfo != nil || p.AccessToken == nil {
		t.Errorf("without the switch: %+v, %v", p, err)
	}
}
