package samlidp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
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
		f.Add([]byte("SAMLRequest="+url.QueryEscape(deflated(doc))+"&RelayState=a&RelayState"), byte(2))
	}
	h := newHouse(f, func(o *samlidp.Options) { o.Marks = forgetful{} }) // or one good request would shut the door behind it
	h.register()
	h.signedIn()
	f.Fuzz(func(t *testing.T, doc []byte, mode byte) {
		h.t = t
		s := string(doc)
		var w *httptest.ResponseRecorder
		switch mode % 3 {
		case 0:
			w = h.send(s)
		case 1:
			w = h.sendPost(s)
		default: // the query itself
			r := httptest.NewRequest(http.MethodGet, ssoURL, nil)
			r.URL.RawQuery = s
			w = h.do(r)
		}
		if w.Code >= 500 {
			t.Fatalf("status %d: %s", w.Code, pageText(w))
		}
		if form, ok := formOf(w); ok && form.Action != spACS && form.Action != spACS+"/second" {
			t.Fatalf("an answer went to %q", form.Action)
		}
	})
}
