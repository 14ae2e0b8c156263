package login_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"cloudsso/idp"
)

// link makes a one-time link for somebody and returns its address.
func (h *house) link(subject string) string {
	h.t.Helper()
	data, err := json.Marshal(idp.SignInLink{Subject: subject, By: "person:desk"})
	if err != nil {
		h.t.Fatal(err)
	}
	key := idp.NewSecret()
	err = h.store.CreateTicket(h.t.Context(), idp.Ticket{Kind: idp.TicketSignInLink, ID: idp.HashSecret(key), Data: data, ExpiresAt: h.clock().Add(30 * time.Minute)})
	if err != nil {
		h.t.Fatal(err)
	}
	return h.url + "/login/link?key=" + key
}

func TestALinkSignsOneBrowserInOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	link := h.link("s-ada")
	b := h.browser()
	for range 3 { // a scanner of mails may open it first
		shows(t, h.browser().Open(link), 200, "Ada Lovelace")
	}
	p := b.Open(link)
	second := h.browser().Open(link)
	h.events.names()
	p = p.Form(0).Submit("link-submit")
	shows(t, p, 200, "You are signed in")
	if got := h.events.names(); got != "person.sign_in_link login.success" {
		t.Errorf("events %q", got)
	}
	shows(t, second.Form(0).Submit("link-submit"), http.StatusGone, "This link is over")
	shows(t, h.browser().Open(link), http.StatusGone, "Please ask your administrator for another one.")
	p = h.ask(b, "oidc:chat", "{}")
	if p.TextOf("outcome") != string(idp.SignedIn) || p.TextOf("amr") != "" {
		t.Errorf("outcome %q, amr %q: nothing is known of how they proved who they are", p.TextOf("outcome"), p.TextOf("amr"))
	}
}

func TestALinkEnds(t *testing.T) {
	t.Parallel()
	h := open(t)
	link := h.link("s-ada")
	p := h.browser().Open(link)
	h.later(30 * time.Minute)
	shows(t, p.Form(0).Submit(""), http.StatusGone, "This link is over")
	for _, address := range []string{link, h.url + "/login/link?key=guess", h.url + "/login/link"} {
		shows(t, h.browser().Open(address), http.StatusGone, "This link is over")
	}
}

func TestALinkIsNoWayInForWhoeverMayNotSignIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	link := h.link("s-ada")
	b := h.browser()
	p := b.Open(link)
	h.people.change("ada", func(p *idp.Person) { p.Status = idp.Disabled })
	shows(t, p.Form(0).Submit(""), http.StatusGone, "This link is over")
	shows(t, b.Open(h.url+"/"), 200, "You are not signed in")
	shows(t, h.browser().Open(h.link("s-nobody")), http.StatusGone, "This link is over")
}

// Attack: a page of the attacker's sends the form with a link of the attacker's own, so
// that somebody works in the attacker's account without knowing.
func TestALinkIsNotUsedByAFormOfOthers(t *testing.T) {
	t.Parallel()
	h := open(t)
	mine := h.browser().Open(h.link("s-grace")) // the attacker's browser
	victim := h.browser().Open(h.link("s-ada"))
	f := victim.Form(0).Set("key", mine.Form(0).Value("key"))
	shows(t, f.Submit(""), http.StatusForbidden, "Please try that once more")
	f = victim.Form(0).Set("key", mine.Form(0).Value("key")).Set("token", mine.Form(0).Value("token"))
	shows(t, f.Submit(""), http.StatusForbidden, "Please try that once more")
	shows(t, mine.Form(0).Submit(""), 200, "You are signed in") // nothing was used up
}

func TestAnUnlockedAccountMayTryAgain(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	p := h.wrong(b, "ada", 7)
	shows(t, p, 429, "Too many tries")
	if err := h.login.Unlock(t.Context(), " ADA"); err != nil {
		t.Fatal(err)
	}
	shows(t, h.signIn(p, "grace2"), 403, "not right")
	shows(t, h.signIn(p, "ada"), 200, "You are signed in")

	// Attack: whoever is guessing meanwhile. They get one more row of tries, not any number.
	h = open(t)
	if err := h.login.Unlock(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	shows(t, h.wrong(h.browser(), "ada", 12), 403, "not right")
	shows(t, h.wrong(h.browser(), "ada", 1), 429, "Too many tries")
	shows(t, h.wrong(h.browser(), "grace", 7), 429, "Too many tries") // nobody else is unlocked
}
