package samlidp_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp"
	"cloudsso/samlidp/wire"
	"cloudsso/samlidp/xenc"
)

func TestIIP_IDP17_IDP18_SDP_IDP21_IDP25_IDP28_IDP30_LogoutByRedirect(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	w := h.logoutByRedirect(logoutRequest())
	if h.alive("session") {
		t.Fatal("the session lives")
	}
	s := answered(t, h.follow(w), spSLODone)
	s.is(t, success, "")
	if s.relay != "relay & state" {
		t.Errorf("RelayState = %q", s.relay)
	}
	if by := h.logout.by[0]; by.Protocol != idp.ProtocolSAML || by.App != "wiki" {
		t.Errorf("by %+v", by)
	}
	if w := h.follow(w); w.Code != http.StatusGone {
		t.Errorf("the second use of the step: status %d, want 410", w.Code)
	}
}

// The session cookie does not come with a POST from another site, so the browser comes back by GET.
func TestLogoutByPost(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	w := h.logoutByPost(logoutRequest(), "sp")
	if !h.alive("session") {
		t.Error("the session ended before the browser came back with its cookie")
	}
	step := w.Header().Get("Location")
	if !strings.HasPrefix(step, issuer+"/saml/slo/continue?request=") {
		t.Fatalf("status %d to %s: %s", w.Code, step, pageText(w))
	}
	w = h.get(step)
	if h.alive("session") {
		t.Error("the session lives")
	}
	s := answeredByPost(t, h.follow(w), spSLO)
	s.is(t, success, "")
	if s.relay != "relay & state" {
		t.Errorf("RelayState = %q", s.relay)
	}
	if w := h.get(step); w.Code != http.StatusGone {
		t.Errorf("the second use of the step: status %d, want 410", w.Code)
	}
}

func TestSDP_IDP31_LogoutIsHonestAboutTheOthers(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	h.logout.incomplete = true
	s := answered(t, h.follow(h.logoutByRedirect(logoutRequest())), spSLODone)
	s.is(t, success, partialLogout)
	if !strings.Contains(s.Status.Message, "could not be told") {
		t.Errorf("message %q", s.Status.Message)
	}
	t.Run("what became of it cannot be chosen in the address", func(t *testing.T) {
		h := twoApps(t)
		step := h.logoutByRedirect(logoutRequest()).Header().Get("Location")
		answered(t, h.get(strings.Replace(step, "logout=one", "logout=two", 1)), spSLODone).is(t, success, partialLogout)
	})
}

// Which sessions a request ends: those in which the application takes part, under the
// name it was told.
func TestLogoutEndsWhatIsNamed(t *testing.T) {
	t.Parallel()
	persistent := func(sp *idp.ServiceProvider) { sp.NameID.Format = "persistent" }
	for name, c := range map[string]struct {
		change  []string
		policy  func(*idp.ServiceProvider)
		ends    string // of session (the browser's), elsewhere
		unknown bool
	}{
		"by its index":                      {nil, nil, "session", false},
		"all without an index":              {[]string{"<samlp:SessionIndex>sid-1</samlp:SessionIndex>", ""}, nil, "session elsewhere", false},
		"several by index":                  {[]string{"</samlp:SessionIndex>", "</samlp:SessionIndex><samlp:SessionIndex>sid-2</samlp:SessionIndex>"}, nil, "session elsewhere", false},
		"another browser's by its index":    {[]string{"sid-1", "sid-2"}, nil, "elsewhere", false},
		"none by an index that is over":     {[]string{"sid-1", "sid-9"}, nil, "", false},
		"without a format":                  {[]string{` Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"`, ""}, nil, "session", false},
		"as unspecified":                    {[]string{"nameid-format:emailAddress", "nameid-format:unspecified"}, nil, "session", false},
		"with the qualifiers implied":       {[]string{"<saml:NameID ", `<saml:NameID NameQualifier="` + entityID + `" SPNameQualifier="` + spEntity + `" `}, nil, "session", false},
		"not in another format":             {[]string{"1.1:nameid-format:emailAddress", "2.0:nameid-format:persistent"}, nil, "", true},
		"not with another NameQualifier":    {[]string{"<saml:NameID ", `<saml:NameID NameQualifier="urn:other" `}, nil, "", true},
		"not with another SPNameQualifier":  {[]string{"<saml:NameID ", `<saml:NameID SPNameQualifier="` + blogEntity + `" `}, nil, "", true},
		"nobody under another name":         {[]string{email, "bob@example.org"}, nil, "", true},
		"nobody under a name in other case": {[]string{email, "Alice@example.org"}, nil, "", true},
		"with a NameQualifier of the admin's": {[]string{"<saml:NameID ", `<saml:NameID NameQualifier="Hub" `},
			func(sp *idp.ServiceProvider) { sp.NameID.NameQualifier = "Hub" }, "session", false},
		"not without it": {nil, func(sp *idp.ServiceProvider) { sp.NameID.NameQualifier = "Hub" }, "", true},
		"by a persistent id": {[]string{email, "PERSISTENT", "1.1:nameid-format:emailAddress", "2.0:nameid-format:persistent",
			"<saml:NameID ", `<saml:NameID NameQualifier="` + entityID + `" SPNameQualifier="` + spEntity + `" `}, persistent, "session", false},
		"by a persistent id without qualifiers": {[]string{email, "PERSISTENT", "1.1:nameid-format:emailAddress", "2.0:nameid-format:persistent"}, persistent, "session", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var h *house
			if c.policy == nil {
				h = twoApps(t)
			} else {
				h = twoApps(t, c.policy)
			}
			id := h.login.joined[0].NameID
			h.signOn("elsewhere", "sid-2", authnRequest("_request1", "_request3"))
			w := h.logoutByRedirect(strings.Replace(logoutRequest(c.change...), "PERSISTENT", id, 1))
			var ended []string
			for _, s := range []string{"session", "elsewhere"} {
				if !h.alive(s) {
					ended = append(ended, s)
				}
			}
			equal(t, "ended", ended, strings.Fields(c.ends))
			if strings.Contains(c.ends, "session") {
				w = h.follow(w)
			}
			s := answered(t, w, spSLODone)
			if c.unknown {
				s.is(t, status+"Requester", unknownPrincipal)
			} else {
				s.is(t, success, "")
			}
		})
	}
}

// The browser may carry somebody else's session by now: it stays.
func TestLogoutLeavesTheSessionOfAnotherPerson(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	must(t, h.store.CreateSession(t.Context(), idp.Session{ID: "bobs", SID: "sid-bob", Subject: "bob", CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)}))
	h.logout.browser = "bobs"
	answered(t, h.logoutByRedirect(logoutRequest()), spSLODone).is(t, success, "")
	if h.alive("session") || !h.alive("bobs") {
		t.Errorf("Alice's lives: %v, Bob's lives: %v", h.alive("session"), h.alive("bobs"))
	}
}

// An application with which nothing is left to end is not told that nobody has that name.
func TestLogoutOfASessionThatIsOver(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	_, err := h.store.DeleteSession(t.Context(), "session")
	must(t, err)
	answered(t, h.logoutByRedirect(logoutRequest()), spSLODone).is(t, success, "")
}

// The name is remembered for at least as long as the session can live, also when the person signs in late.
func TestNamesAreRememberedForTheLifeOfASession(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	h.advance(20 * time.Hour)
	late := h.now().Format(time.RFC3339)
	h.signOn("late", "sid-3", authnRequest("_request1", "_request4", "2026-11-21T12:00:00Z", late))
	h.advance(11*time.Hour + 50*time.Minute)
	now := h.now().Format(time.RFC3339)
	w := h.soap(text(t, enveloped(t, logoutRequest(sloURL, soapURL, "sid-1", "sid-3", "2026-11-21T12:00:00Z", now), "sp", "")))
	judgedLogout(t, w.Body.Bytes()).is(t, success, "")
	if s, err := h.store.SessionsOf(t.Context(), alice); err != nil || len(s) != 0 {
		t.Errorf("%d sessions, %v", len(s), err)
	}
}

func TestWhereTheAnswerGoes(t *testing.T) {
	t.Parallel()
	only := func(binding string) func(*idp.ServiceProvider) {
		return func(sp *idp.ServiceProvider) {
			sp.SLO = []idp.Endpoint{{Binding: binding, Location: spSLO, ResponseLocation: spSLODone}}
		}
	}
	t.Run("by POST to an application that takes no redirects", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t, only(postBinding))
		answeredByPost(t, h.follow(h.logoutByRedirect(logoutRequest())), spSLODone).is(t, success, "")
	})
	t.Run("by redirect to one that takes no POST", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t, only(redirectBinding))
		answered(t, h.follow(h.follow(h.logoutByPost(logoutRequest(), "sp"))), spSLODone).is(t, success, "")
	})
	t.Run("by the binding that the admin chose", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t, func(sp *idp.ServiceProvider) { sp.SLOBinding = "post" })
		answeredByPost(t, h.follow(h.logoutByRedirect(logoutRequest())), spSLO).is(t, success, "")
	})
	t.Run("nowhere without an address: the person ends on our page", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t, only(soapBinding))
		w := h.follow(h.logoutByRedirect(logoutRequest()))
		if w.Code != http.StatusOK || !strings.Contains(pageText(w), "signed out") {
			t.Errorf("status %d: %s", w.Code, pageText(w))
		}
	})
	t.Run("after the query of the registered address", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t)
		doc := logoutRequest(spEntity, blogEntity)
		answered(t, h.follow(h.get(bySP(t, "other", "SAMLRequest", doc, ""))), blogSLO).is(t, success, "")
	})
}

func TestIIP_IDP17_AsynchronousLogoutGetsNoAnswer(t *testing.T) {
	t.Parallel()
	extension := []string{"</saml:Issuer>", `</saml:Issuer><samlp:Extensions><aslo:Asynchronous xmlns:aslo="urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo"/></samlp:Extensions>`}
	h := twoApps(t)
	w := h.logoutByRedirect(logoutRequest(extension...))
	if to := w.Header().Get("Location"); h.alive("session") || !strings.HasPrefix(to, issuer+"/signed-out") {
		t.Errorf("it leads to %s", to)
	}
	w = h.logoutByRedirect(logoutRequest(append(extension, "_logout1", "_logout2")...))
	if w.Code != http.StatusOK || !strings.Contains(pageText(w), "signed out") {
		t.Errorf("without a session: status %d: %s", w.Code, pageText(w))
	}
}

func TestLogoutRequestsThatAnApplicationIsToldAbout(t *testing.T) {
	t.Parallel()
	nameID := `<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">` + email + `</saml:NameID>`
	for name, c := range map[string]struct {
		change     []string
		code, sub  string
		wantToRead string
	}{
		"too late":         {[]string{" ID=", ` NotOnOrAfter="2026-11-21T11:57:00Z" ID=`}, "Requester", "RequestDenied", "after its NotOnOrAfter"},
		"a BaseID":         {[]string{nameID, "<saml:BaseID/>"}, "Requester", "RequestUnsupported", "BaseID"},
		"nobody's NameID":  {[]string{email, "nobody@example.org"}, "Requester", "UnknownPrincipal", "Nobody is known"},
		"a blank NameID":   {[]string{email, "\u00a0"}, "Requester", "UnknownPrincipal", "Nobody is known"},
		"the last instant": {[]string{" ID=", ` NotOnOrAfter="2026-11-21T11:57:01Z" ID=`}, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := twoApps(t)
			w := h.logoutByRedirect(logoutRequest(c.change...))
			if c.code == "" {
				answered(t, h.follow(w), spSLODone).is(t, success, "")
				return
			}
			s := answered(t, w, spSLODone)
			s.is(t, status+c.code, status+c.sub)
			if !strings.Contains(s.Status.Message, c.wantToRead) || !h.alive("session") {
				t.Errorf("message %q, session alive: %v", s.Status.Message, h.alive("session"))
			}
			if e := h.events.last(); e.Name != idp.EventSAMLRefused || e.App != "wiki" || e.Detail["status"] != status+c.sub || e.Detail["message"] != "logout" {
				t.Errorf("event %+v", e)
			}
		})
	}
}

// sealedID seals an element to whose the certificate is.
func sealedID(t testing.TB, to, inside, cipher string) string {
	t.Helper()
	s, err := xenc.NewSealer(certificate(t, to).PublicKey, nil, nil, cipher)
	must(t, err)
	w := wire.NewWriter()
	w.Start("saml:EncryptedID")
	must(t, s.Write(w, []byte(inside)))
	w.End()
	doc, err := w.Bytes()
	must(t, err)
	return string(doc)
}

// What is in an EncryptedID counts like a NameID; what cannot be read is refused in one sentence.
func TestIIP_IDP19_LogoutByEncryptedID(t *testing.T) {
	t.Parallel()
	nameID := `<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">` + email + `</saml:NameID>`
	plain := func(name string) string {
		return `<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">` + name + `</saml:NameID>`
	}
	for name, c := range map[string]struct{ to, inside, cipher, sub string }{
		"the person":              {"idp", plain(email), "", ""},
		"the person, by CBC":      {"idp", plain(email), xenc.AES128CBC, ""}, // the signature covers the ciphertext: S16
		"somebody else":           {"idp", plain("bob@example.org"), "", unknownPrincipal},
		"an assertion":            {"idp", `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>`, "", status + "RequestDenied"},
		"no XML":                  {"idp", "hello", "", status + "RequestDenied"},
		"to somebody else's key":  {"other", plain(email), "", status + "RequestDenied"},
		"an EncryptedID again":    {"idp", `<saml:EncryptedID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>`, "", status + "RequestDenied"},
		"more than one NameID":    {"idp", plain(email) + plain("bob@example.org"), "", status + "RequestDenied"},
		"nothing that was sealed": {"", "", "", status + "RequestDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := twoApps(t)
			sealed := "<saml:EncryptedID/>"
			if c.to != "" {
				sealed = sealedID(t, c.to, c.inside, c.cipher)
			}
			w := h.logoutByRedirect(logoutRequest(nameID, sealed))
			if c.sub == "" {
				answered(t, h.follow(w), spSLODone).is(t, success, "")
				return
			}
			s := answered(t, w, spSLODone)
			s.is(t, status+"Requester", c.sub)
			if c.sub != unknownPrincipal && s.Status.Message != "The EncryptedID cannot be decrypted here. Encrypt a NameID with the encryption key of our metadata." {
				t.Errorf("the message tells how far it came: %q", s.Status.Message)
			}
		})
	}
}

// S16: nobody is told how decryption went before the signature has shown who asks.
func TestS16_EncryptedIDWithoutSignature(t *testing.T) {
	t.Parallel()
	nameID := `<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">` + email + `</saml:NameID>`
	h := twoApps(t)
	var texts []string
	for _, inside := range []string{"<saml:NameID xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'>" + email + "</saml:NameID>", "broken"} {
		doc := logoutRequest(nameID, sealedID(t, "idp", inside, xenc.AES128CBC))
		w := h.get(sloURL + "?SAMLRequest=" + url.QueryEscape(deflated(doc)))
		h.refuses(w, http.StatusBadRequest, "The request is not signed")
		texts = append(texts, pageText(w))
	}
	if texts[0] != texts[1] {
		t.Errorf("%q for what can be decrypted, %q for what cannot", texts[0], texts[1])
	}
}

// The application's policy holds for logout as for sign-ins.
func TestLogoutByPolicy(t *testing.T) {
	t.Parallel()
	weak := func(t *testing.T) string {
		u := strings.Replace(bySP(t, "sp", "SAMLRequest", logoutRequest(), ""), "2001%2F04%2Fxmldsig-more%23rsa-sha256", "2000%2F09%2Fxmldsig%23rsa-sha1", 1)
		covered := u[strings.Index(u, "?")+1 : strings.Index(u, "&Signature=")]
		sum := sha1.Sum([]byte(covered))
		sig, err := rsa.SignPKCS1v15(rand.Reader, privateKey(t, "sp").(*rsa.PrivateKey), crypto.SHA1, sum[:])
		must(t, err)
		return u[:strings.Index(u, "&Signature=")] + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(sig))
	}
	t.Run("SHA-1 is refused", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t)
		h.refuses(h.get(weak(t)), http.StatusBadRequest, "not accepted")
	})
	t.Run("SHA-1 passes where an admin allows it", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t, func(sp *idp.ServiceProvider) { sp.AllowSHA1Requests, sp.LegacyUntil = true, "2026-11-22" })
		answered(t, h.follow(h.get(weak(t))), spSLODone).is(t, success, "")
	})
	t.Run("a slow clock", func(t *testing.T) {
		t.Parallel()
		skew := int64(600)
		h := twoApps(t, func(sp *idp.ServiceProvider) { sp.ClockSkew = &skew })
		answered(t, h.follow(h.logoutByRedirect(logoutRequest("12:00:00Z", "12:10:00Z"))), spSLODone).is(t, success, "")
	})
	t.Run("ECDSA answers", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t, func(sp *idp.ServiceProvider) { sp.SignatureAlgorithm = "ecdsa-sha256" })
		to := h.follow(h.logoutByRedirect(logoutRequest())).Header().Get("Location")
		if !strings.Contains(to, url.QueryEscape("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")) {
			t.Errorf("signed otherwise: %s", to)
		}
	})
	t.Run("inclusive canonicalization, and exclusive in a SOAP envelope", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t, func(sp *idp.ServiceProvider) { sp.Canonicalization, sp.SLOBinding = "inclusive", "post" })
		s := answeredByPost(t, h.follow(h.logoutByRedirect(logoutRequest())), spSLO)
		s.is(t, success, "")
		if !strings.Contains(string(s.doc), "REC-xml-c14n-20010315") {
			t.Errorf("canonicalized otherwise: %s", s.doc)
		}
		judgedLogout(t, h.soap(bySOAP(t, "sp", "_logout1", "_logout2")).Body.Bytes())
	})
}

// Who asks and what is asked must be beyond doubt; otherwise the person gets a page and nothing ends.
func TestLogoutRefusesWhatIsNotBeyondDoubt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		send func(t *testing.T, h *house) *httptest.ResponseRecorder
		code int
		want string
	}{
		"no message at all": {func(_ *testing.T, h *house) *httptest.ResponseRecorder { return h.get(sloURL) }, 400, "to which applications send people to sign out"},
		"an AuthnRequest": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.logoutByRedirect(authnRequest())
		}, 400, "takes a LogoutRequest"},
		"an unknown application": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.logoutByRedirect(logoutRequest(spEntity, "urn:stranger"))
		}, 403, "No application of that name"},
		"an application that is switched off": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			sp, err := h.store.ServiceProvider(t.Context(), "wiki")
			must(t, err)
			sp.Disabled = true
			must(t, h.store.UpdateServiceProvider(t.Context(), sp))
			return h.logoutByRedirect(logoutRequest())
		}, 403, "No application of that name"},
		"another version": {func(_ *testing.T, h *house) *httptest.ResponseRecorder {
			return h.logoutByRedirect(logoutRequest(`"2.0"`, `"1.1"`))
		}, 400, "Version must be 2.0"},
		"another recipient": {func(_ *testing.T, h *house) *httptest.ResponseRecorder {
			return h.logoutByRedirect(logoutRequest(sloURL, ssoURL))
		}, 400, "which is https://idp.example/saml/slo"},
		"no recipient": {func(_ *testing.T, h *house) *httptest.ResponseRecorder {
			return h.logoutByRedirect(logoutRequest(` Destination="`+sloURL+`"`, ""))
		}, 400, "which is https://idp.example/saml/slo"},
		"from the future": {func(_ *testing.T, h *house) *httptest.ResponseRecorder {
			return h.logoutByRedirect(logoutRequest("12:00:00Z", "12:03:01Z"))
		}, 400, "in the future"},
		"too old": {func(_ *testing.T, h *house) *httptest.ResponseRecorder {
			return h.logoutByRedirect(logoutRequest("12:00:00Z", "11:54:59Z"))
		}, 410, "more than 5 minutes old"},
		"a step of nobody": {func(_ *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(issuer + "/saml/slo/continue?request=" + url.QueryEscape(idp.NewSecret()))
		}, 410, "This step of the sign-out is over"},
		"no step": {func(_ *testing.T, h *house) *httptest.ResponseRecorder { return h.get(issuer + "/saml/slo/continue") }, 410, "This step of the sign-out is over"},
		"a head": {func(_ *testing.T, h *house) *httptest.ResponseRecorder {
			return h.do(httptest.NewRequest(http.MethodHead, bySP(h.t, "sp", "SAMLRequest", logoutRequest(), ""), nil))
		}, 400, "takes GET and POST only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := twoApps(t)
			h.refuses(c.send(t, h), c.code, c.want)
			if !h.alive("session") {
				t.Error("the session ended")
			}
		})
	}
}

// An app that was deleted while the others were told cannot be answered.
func TestTheApplicationIsGoneMeanwhile(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	w := h.logoutByRedirect(logoutRequest())
	must(t, h.store.DeleteServiceProvider(t.Context(), "wiki", 0))
	h.refuses(h.follow(w), http.StatusGone, "This step of the sign-out is over")
}

func TestLogoutMetadata(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	body := h.get(issuer + "/saml/metadata").Body.String()
	for binding, location := range map[string]string{redirectBinding: sloURL, postBinding: sloURL, soapBinding: soapURL} {
		if !strings.Contains(body, `Binding="`+binding+`" Location="`+location+`" aslo:supportsAsynchronous="true"`) {
			t.Errorf("no SingleLogoutService for %s in %s", binding, body)
		}
	}
	if i, j := strings.Index(body, "SingleLogoutService"), strings.Index(body, "NameIDFormat"); i < 0 || i > j {
		t.Error("SingleLogoutService must come before NameIDFormat")
	}
}

func TestCompleteLogout(t *testing.T) {
	t.Parallel()
	good := idp.Endpoint{Binding: "SOAP", Location: "https://a.example/soap"}
	for name, c := range map[string]struct {
		slo         []idp.Endpoint
		binding     string
		field, want string
	}{
		"short names":                        {[]idp.Endpoint{good, {Location: "https://a.example/r"}, {Binding: "HTTP-POST", Location: "https://a.example/p"}}, "post", "", ""},
		"auto":                               {nil, "auto", "", ""},
		"an unknown way":                     {[]idp.Endpoint{good}, "pigeon", "/slo_binding", "auto, redirect, post or soap"},
		"a way that the application has not": {[]idp.Endpoint{good}, "redirect", "/slo_binding", "no SingleLogoutService with the binding " + redirectBinding},
		"a script":                           {[]idp.Endpoint{{Location: "javascript:alert(1)"}}, "", "/slo/0/location", "complete https:// address"},
		"answers in clear":                   {[]idp.Endpoint{{Location: "https://a.example/r", ResponseLocation: "http://a.example"}}, "", "/slo/0/response_location", "complete https:// address"},
		"a message in the address":           {[]idp.Endpoint{good, {Location: "https://a.example/r?x=1&SAMLRequest=evil"}}, "", "/slo/1/location", "without SAML parameters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sp := idp.ServiceProvider{EntityID: "urn:a", ACS: []idp.Endpoint{{Location: "https://a.example"}}, SLO: c.slo}
			sp.SLOBinding = c.binding
			err := samlidp.CompleteServiceProvider(&sp, false)
			if c.want == "" {
				must(t, err)
				if len(sp.SLO) == 3 && (sp.SLO[0].Binding != soapBinding || sp.SLO[1].Binding != redirectBinding || sp.SLO[2].Binding != postBinding) {
					t.Errorf("bindings %+v", sp.SLO)
				}
				return
			}
			var e *idp.Error
			if !errors.As(err, &e) || e.Field != c.field || !strings.Contains(e.Public, c.want) {
				t.Errorf("got %v, want %s on %s", err, c.want, c.field)
			}
		})
	}
}

// A store that does not answer ends nothing and says so; the application's next try may work.
func TestLogoutWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *samlidp.Options) { o.Sessions = down{} })
	h.two()
	h.refuses(h.logoutByRedirect(logoutRequest()), http.StatusServiceUnavailable, "")
	w := h.soap(text(t, enveloped(t, logoutRequest(sloURL, soapURL, "_logout1", "_logout2"), "sp", "")))
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "<faultcode>soap:Server</faultcode>") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

type down struct{}

func (down) SessionsOf(context.Context, string) ([]idp.Session, error) {
	return nil, idp.ErrUnavailable
}

func encoded(doc string) string { return base64.StdEncoding.EncodeToString([]byte(doc)) }
