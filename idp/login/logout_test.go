package login_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"cloudsso/idp/idptest"
	"cloudsso/idp/login"
)

// signOut is an application's wish that a session ends.
func (h *house) signOut(b *idptest.Browser, e login.Ending) *idptest.Page {
	h.t.Helper()
	doc, err := json.Marshal(e)
	if err != nil {
		h.t.Fatal(err)
	}
	return b.Open(h.url + "/signout?ending=" + url.QueryEscape(string(doc)))
}

func TestAnApplicationSignsOut(t *testing.T) {
	t.Parallel()
	h := open(t)
	back := h.url + "/back?state=a%2Fb"
	arrived := func(t *testing.T, p *idptest.Page) {
		t.Helper()
		if p.TextOf("back") != "state=a%2Fb" {
			t.Errorf("the browser is at %s: %s", p.URL, p.Text())
		}
	}
	t.Run("at once when it knows the session", func(t *testing.T) {
		b := h.signedIn("ada")
		h.events.names()
		arrived(t, h.signOut(b, login.Ending{Sure: true, SID: h.session(b).SID, Return: back}))
		if got := h.events.names(); got != "logout:application" {
			t.Errorf("events %q", got)
		}
		if b.Cookie(h.url, "cloudsso-session") != "" {
			t.Error("the session cookie is left")
		}
	})
	t.Run("at once when it knows the person and no session", func(t *testing.T) {
		shows(t, h.signOut(h.signedIn("ada"), login.Ending{Sure: true, Subject: "s-ada"}), 200, "You are signed out")
	})
	t.Run("without a session there is nothing to ask", func(t *testing.T) {
		arrived(t, h.signOut(idptest.NewBrowser(t), login.Ending{Return: back}))
	})
	for name, e := range map[string]login.Ending{
		"it shows no ID token":     {SID: "any", Subject: "s-ada"},
		"it means another session": {Sure: true, SID: "another", Subject: "s-ada"},
		"it means another person":  {Sure: true, Subject: "s-grace"},
		"it names neither":         {Sure: true},
	} {
		t.Run("people are asked when "+name, func(t *testing.T) {
			b := h.signedIn("ada")
			e.Return = back
			p := h.signOut(b, e)
			shows(t, p, 200, "Sign out?", "Ada Lovelace")
			if h.session(b).Subject != "s-ada" {
				t.Error("asking has ended the session")
			}
			arrived(t, p.Form(0).Submit("logout-confirm"))
		})
	}
	t.Run("the way back cannot be changed in the page", func(t *testing.T) {
		b := h.signedIn("ada")
		p := h.signOut(b, login.Ending{Return: back}).Form(0).Set("return", "https://evil.example/").Submit("logout-confirm")
		shows(t, p, 403, "Please try that once more")
		if h.session(b).Subject != "s-ada" {
			t.Error("the session ended")
		}
	})
}
