package samlidp_test

import (
	"net/url"
	"strings"
	"testing"

	"cloudsso/samlidp"
)

// FuzzAuthnRequest throws bytes at the front door: no panic, no fault of ours, and never an
// answer to an address that is not registered.
func FuzzAuthnRequest(f *testing.F) {
	for _, doc := range []string{authnRequest(), everything(), attrs(`IsPassive="1"`), "", "<a/>", text(f, enveloped(f, authnRequest(), "sp", ""))} {
		for mode := range byte(3) {
			f.Add([]byte(doc), mode)
		}
	}
	h := newHouse(f, func(o *samlidp.Options) { o.Marks = forgetful{} }) // or one good request would shut the door behind it
	h.register()
	h.signedIn()
	f.Fuzz(func(t *testing.T, doc []byte, mode byte) {
		s := string(doc)
		target := redirect(s)
		if mode%3 == 1 {
			target = ssoURL + "?" + s
		}
		if _, err := url.ParseRequestURI(target); err != nil || strings.ContainsAny(target, " \r\n\x00") {
			target = redirect(s)
		}
		w := h.get(target)
		if mode%3 == 2 {
			w = h.sendPost(s)
		}
		if w.Code >= 500 {
			t.Fatalf("status %d: %s", w.Code, pageText(w))
		}
		if form, ok := formOf(w); ok && form.Action != spACS && form.Action != spACS+"/second" {
			t.Fatalf("an answer went to %q", form.Action)
		}
	})
}
