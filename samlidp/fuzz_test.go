package samlidp_test

import (
	"net/http"
	"net/http/httptest"
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

// FuzzLogout throws bytes at the addresses of logout: no panic, no fault of ours, nothing
// ends without a signature, and no answer goes to an address that is not registered.
func FuzzLogout(f *testing.F) {
	answer := logoutResponse("_x", spEntity)
	for _, doc := range []string{
		logoutRequest(), answer, "", "<a/>", authnRequest(), text(f, enveloped(f, logoutRequest(email, "nobody"), "sp", "")), text(f, enveloped(f, answer, "sp", "")),
		soapEnvelope(logoutRequest(sloURL, soapURL)), soapEnvelope(text(f, enveloped(f, logoutRequest(sloURL, soapURL, email, "nobody"), "sp", ""))),
	} {
		for mode := range byte(4) {
			f.Add([]byte(doc), mode)
		}
	}
	_, query, _ := strings.Cut(bySP(f, "sp", "SAMLRequest", logoutRequest(email, "nobody"), "rs"), "?")
	f.Add([]byte(query), byte(3))
	h := newHouse(f, func(o *samlidp.Options) { o.Marks = forgetful{} })
	h.two()
	f.Fuzz(func(t *testing.T, doc []byte, mode byte) {
		h.t = t
		s := string(doc)
		var w *httptest.ResponseRecorder
		switch mode % 4 {
		case 0:
			w = h.get(sloURL + "?SAMLRequest=" + url.QueryEscape(deflated(s)))
		case 1:
			w = h.postSLO(url.Values{"SAMLRequest": {encoded(s)}})
			if w.Code == http.StatusSeeOther {
				w = h.follow(w)
			}
		case 2:
			w = h.soapBody(s)
			if w.Code == http.StatusInternalServerError && strings.Contains(w.Body.String(), "soap:Server") {
				t.Fatal(w.Body)
			}
			w.Code = http.StatusOK
		default: // the query itself
			r := httptest.NewRequest(http.MethodGet, sloURL, nil)
			r.URL.RawQuery = s
			w = h.do(r)
		}
		if w.Code >= 500 {
			t.Fatalf("status %d: %s", w.Code, pageText(w))
		}
		if !h.alive("session") {
			t.Fatal("the session ended")
		}
		if to := w.Header().Get("Location"); to != "" && !strings.HasPrefix(to, spSLODone+"?") {
			t.Fatalf("an answer went to %q", to)
		}
		if form, ok := formOf(w); ok && form.Action != spSLO {
			t.Fatalf("an answer went to %q", form.Action)
		}
	})
}
