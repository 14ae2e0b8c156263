package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
)

func TestTheRolloverOfOneServiceProviderGoesForwardAndBack(t *testing.T) {
	t.Parallel()
	w, _, sp := shop(t)
	shared := sp.SigningCertificate.SHA256
	signing := func() string {
		now, err := w.Owner.ServiceProvider(t.Context(), "crm")
		if err != nil {
			t.Fatal(err)
		}
		return now.SigningCertificate.SHA256
	}
	_, p := w.as("olga", "/admin/keys")
	p = p.Click("Roll over")
	p = form(t, p, "/keys").Submit("Create a new key")
	at(t, p, http.StatusOK, "/admin/rollovers/crm", "not read yet")
	at(t, form(t, p, "/activate").Submit("Activate"), http.StatusConflict, form(t, p, "/activate").Action.Path, "is not published long enough")
	p = form(t, p, "/retire").Submit("")
	at(t, p, http.StatusOK, "/admin/rollovers/crm", "published no longer")
	form(t, p, "/keys").Submit("Create a new key")
	w.Clock.Advance(25 * time.Hour)
	b, p := w.as("olga", "/admin/rollovers/crm")
	p = form(t, p, "/activate").Submit("Activate")
	at(t, p, http.StatusOK, "/admin/rollovers/crm", "The key signs now.")
	own := signing()
	if own == shared {
		t.Fatal("the shared key signs")
	}
	p = form(t, p, "/deactivate").Submit("")
	at(t, p, http.StatusOK, "/admin/rollovers/crm", "the one before it does")
	if signing() != shared {
		t.Error("the way back does not lead back")
	}
	p = form(t, p, "/activate").Set("now", "yes").Submit("Activate")
	if signing() != own {
		t.Error("the key is not activated again")
	}
	// The next one: now there is an own key before it.
	p = form(t, p, "/keys").Submit("Create a new key")
	p = form(t, p, "/activate").Set("now", "yes").Submit("Activate")
	if signing() == own {
		t.Fatal("the old key signs")
	}
	at(t, form(t, p, "/retire").Submit("Retire the old key"), http.StatusConflict, form(t, p, "/retire").Action.Path, "is in use until")
	w.Clock.Advance(11 * time.Minute)
	p = form(t, b.Open(w.Issuer+"/admin/rollovers/crm"), "/retire").Submit("Retire the old key")
	at(t, p, http.StatusOK, "/admin/rollovers/crm", "published no longer")
	p = form(t, p, "/publish").Submit("")
	at(t, p, http.StatusOK, "/admin/rollovers/crm", "published again")
	p = form(t, p, "/activate").Submit("")
	if signing() != own {
		t.Errorf("the old key does not sign again: %s", p.Text())
	}
}

func TestTheBoardOfKeysByRole(t *testing.T) {
	t.Parallel()
	w, _, sp := shop(t)
	if _, err := w.Owner.RotateKey(t.Context(), api.KeyRotation{Use: "saml", App: "crm"}); err != nil {
		t.Fatal(err)
	}
	for person, want := range map[string]struct {
		status, crm   int
		sees, rotates bool
	}{"olga": {200, 200, true, true}, "rita": {200, 200, true, false}, "bella": {200, 200, true, false}, "anton": {200, 404, false, false}, "hans": {403, 403, false, false}} {
		b, _ := w.as(person, "/admin")
		p := b.Open(w.Issuer + "/admin/keys")
		if p.Status != want.status || strings.Contains(p.Text(), "crm") != want.sees || p.Has("rotate") != want.rotates {
			t.Errorf("%s: %d, %s", person, p.Status, p.Text())
		}
		if want.status == http.StatusOK && !strings.Contains(p.Text(), "RS256") {
			t.Errorf("%s does not see the shared keys", person)
		}
		roll := b.Open(w.Issuer + "/admin/rollovers/crm")
		if roll.Status != want.crm || strings.Contains(roll.Body, "<form") != want.rotates {
			t.Errorf("%s opens the rollover: %d", person, roll.Status)
		}
	}
	b, _ := w.as("olga", "/admin")
	for _, k := range w.Owner.Keys().Items {
		p := b.Open(w.Issuer + "/admin/keys/" + k.KID)
		if p.Status != http.StatusOK || k.SHA256 != "" && !strings.Contains(p.Text(), "SHA-1") {
			t.Errorf("%s: %d %s", k.KID, p.Status, p.Text())
		}
		pem := b.Open(w.Issuer + "/admin/keys/" + k.KID + "/certificate.pem")
		if (pem.Status == http.StatusOK) != (k.SHA256 != "") {
			t.Errorf("%s: PEM %d", k.KID, pem.Status)
		}
		if k.SHA256 == sp.SigningCertificate.SHA256 && (pem.Body != sp.SigningCertificate.PEM || !strings.HasPrefix(pem.Header.Get("Content-Disposition"), "attachment")) {
			t.Errorf("%s: PEM %q", k.KID, pem.Body)
		}
	}
	at(t, b.Open(w.Issuer+"/admin/keys/nobody"), http.StatusNotFound, "/admin/keys/nobody", `There is no key "nobody".`)
}

func TestTheBoardWarnsOfCertificatesThatEnd(t *testing.T) {
	t.Parallel()
	w, _, sp := shop(t)
	w.Clock.Advance(time.Until(sp.SigningCertificate.NotAfter) - 30*24*time.Hour)
	_, p := w.as("olga", "/admin/keys")
	if !strings.Contains(p.TextOf("warnings"), "Roll it over before that") {
		t.Errorf("no warning: %s", p.Text())
	}
}

func TestTheNextKeyOfAKindIsMadeOnTheBoard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	b, p := w.as("olga", "/admin/keys")
	p = p.FormWith("kind").Set("kind", "sig RS256").Submit("Make the next key")
	if p.Status != http.StatusOK || !strings.Contains(p.Text(), "The next key is published.") {
		t.Fatalf("%d %s", p.Status, p.Text())
	}
	at(t, b.Open(w.Issuer+"/admin/keys").FormWith("kind").Set("kind", "sig RS256").Submit("Make the next key"), http.StatusConflict, "/admin/keys", "is published already")
	at(t, b.Open(w.Issuer+"/admin/keys").FormWith("kind").Set("kind", "rot 13").Submit("Make the next key"), http.StatusUnprocessableEntity, "/admin/keys", "There are no keys for the use")
	at(t, form(t, p, "/retire").Submit("Call off"), http.StatusOK, p.URL.Path, "published no longer")
}
