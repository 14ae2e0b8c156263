package samlidp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"cloudsso/idp"
)

// untouched checks that an attack ended nothing and told nobody anything.
func (h *house) untouched(w *httptest.ResponseRecorder) {
	h.t.Helper()
	if !h.alive("session") {
		h.t.Error("the session ended")
	}
	if len(h.logout.told) > 0 {
		h.t.Errorf("answers were believed: %v", h.logout.told)
	}
	if to := w.Header().Get("Location"); to != "" && !strings.HasPrefix(to, spSLODone) {
		h.t.Errorf("the browser goes to %s", to)
	}
}

// S01: the request that is obeyed must be the one that is signed. The signed one is the
// wiki's for nobody; the forged one ends Alice's session.
func TestS01_LogoutRequestWrapping(t *testing.T) {
	t.Parallel()
	honest := logoutRequest(email, "nobody@example.org")
	evil := logoutRequest("_logout1", "_evil")
	soapHonest, soapEvil := strings.Replace(honest, sloURL, soapURL, 1), strings.Replace(evil, sloURL, soapURL, 1)
	for name, wrap := range permutations() {
		t.Run(name+", by POST", func(t *testing.T) {
			t.Parallel()
			h := twoApps(t)
			h.untouchedAfter(h.postSLO(url.Values{"SAMLRequest": {encoded(wrap(t, honest, evil))}}))
		})
		t.Run(name+", by SOAP", func(t *testing.T) {
			t.Parallel()
			h := twoApps(t)
			w := h.soap(wrap(t, soapHonest, soapEvil))
			h.untouched(w)
			if w.Code != http.StatusInternalServerError {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		})
	}
	t.Run("the honest message goes through", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t)
		answeredByPost(t, h.follow(h.logoutByPost(honest, "sp")), spSLO).is(t, status+"Requester", unknownPrincipal)
	})
	t.Run("the signed one in the SOAP header, the forged one in the body", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t)
		const s = "http://schemas.xmlsoap.org/soap/envelope/"
		signed := text(t, enveloped(t, soapHonest, "sp", ""))
		sig := piece(signed, "<ds:Signature", "</ds:Signature>")
		for _, body := range []string{soapEvil, strings.Replace(soapEvil, "</saml:Issuer>", "</saml:Issuer>"+sig, 1), strings.Replace(strings.Replace(soapEvil, "_evil", "_logout1", 1), "</saml:Issuer>", "</saml:Issuer>"+sig, 1)} {
			w := h.soapBody(`<s:Envelope xmlns:s="` + s + `"><s:Header>` + signed + `</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`)
			h.untouched(w)
			if w.Code != http.StatusInternalServerError {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		}
	})
}

// untouchedAfter follows what a POST led to and checks that it came to nothing.
func (h *house) untouchedAfter(w *httptest.ResponseRecorder) {
	h.t.Helper()
	if w.Code == http.StatusSeeOther {
		w = h.follow(w)
	}
	h.untouched(w)
	h.refuses(w, http.StatusBadRequest, "")
}

func piece(s, from, to string) string {
	i, j := strings.Index(s, from), strings.LastIndex(s, to)
	return s[i : j+len(to)]
}

// permutations are the eight ways of Somorovsky et al., "On Breaking SAML", and some more:
// each makes one document of an honest message, which it signs, and a forged one.
func permutations() map[string]func(t *testing.T, honest, evil string) string {
	const end = "</samlp:LogoutRequest>"
	behindIssuer := func(doc, what string) string {
		return strings.Replace(doc, "</saml:Issuer>", "</saml:Issuer>"+what, 1)
	}
	parts := func(t *testing.T, honest string) (signed, signature string) {
		signed = text(t, enveloped(t, honest, "sp", ""))
		return signed, piece(signed, "<ds:Signature", "</ds:Signature>")
	}
	inSignature := func(signature, content string) string {
		return strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+content+"</ds:Object></ds:Signature>", 1)
	}
	extensions := func(content string) string { return "<samlp:Extensions>" + content + "</samlp:Extensions>" }
	return map[string]func(t *testing.T, honest, evil string) string{
		"1 the original inside the signature of the forged one": func(t *testing.T, honest, evil string) string {
			_, sig := parts(t, honest)
			return behindIssuer(evil, inSignature(sig, honest))
		},
		"2 the signature before the original, both in Extensions": func(t *testing.T, honest, evil string) string {
			_, sig := parts(t, honest)
			return behindIssuer(evil, extensions(sig+honest))
		},
		"3 the signed original in Extensions": func(t *testing.T, honest, evil string) string {
			signed, _ := parts(t, honest)
			return behindIssuer(evil, extensions(signed))
		},
		"4 the forged one inside the signed original": func(t *testing.T, honest, evil string) string {
			signed, _ := parts(t, honest)
			return strings.Replace(signed, end, evil+end, 1)
		},
		"5 the signature in place, the original at the end": func(t *testing.T, honest, evil string) string {
			_, sig := parts(t, honest)
			return strings.Replace(behindIssuer(evil, sig), end, honest+end, 1)
		},
		"6 the original inside the signature at the end": func(t *testing.T, honest, evil string) string {
			_, sig := parts(t, honest)
			return strings.Replace(evil, end, inSignature(sig, honest)+end, 1)
		},
		"7 the signature twice, the original in Extensions": func(t *testing.T, honest, evil string) string {
			signed, sig := parts(t, honest)
			return behindIssuer(evil, sig+extensions(signed))
		},
		"8 the original in an Object of a second signature": func(t *testing.T, honest, evil string) string {
			_, sig := parts(t, honest)
			return behindIssuer(evil, sig+extensions(inSignature(sig, honest)))
		},
		"the forged one with the signed ID": func(t *testing.T, honest, evil string) string {
			_, sig := parts(t, honest)
			return behindIssuer(strings.Replace(evil, `"_evil"`, `"_logout1"`, 1), sig)
		},
		"both with the signed ID": func(t *testing.T, honest, evil string) string {
			signed, sig := parts(t, honest)
			return behindIssuer(strings.Replace(evil, `"_evil"`, `"_logout1"`, 1), sig+extensions(signed))
		},
		"a SessionIndex added after signing": func(t *testing.T, honest, _ string) string {
			signed, _ := parts(t, honest)
			return strings.Replace(signed, end, "<samlp:SessionIndex>"+index("sid-2", "wiki")+"</samlp:SessionIndex>"+end, 1)
		},
		"the NameID changed after signing": func(t *testing.T, honest, _ string) string {
			signed, _ := parts(t, honest)
			return strings.Replace(signed, "nobody@example.org", email, 1)
		},
		"the forged one signed with somebody else's key": func(t *testing.T, _, evil string) string {
			return text(t, enveloped(t, evil, "other", ""))
		},
	}
}

// S02, S22: nobody is signed out by a message that is not signed as it must be.
func TestS02_UnsignedLogout(t *testing.T) {
	t.Parallel()
	drop := func(address string, params ...string) string {
		at, query, _ := strings.Cut(address, "?")
		var kept []string
		for part := range strings.SplitSeq(query, "&") {
			name, _, _ := strings.Cut(part, "=")
			if !strings.Contains(strings.Join(params, " "), name) {
				kept = append(kept, part)
			}
		}
		return at + "?" + strings.Join(kept, "&")
	}
	good := bySP(t, "sp", "SAMLRequest", logoutRequest(), "rs")
	for name, c := range map[string]struct {
		send func(t *testing.T, h *house) *httptest.ResponseRecorder
		want string
	}{
		"by redirect": {func(_ *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(drop(good, "SigAlg", "Signature"))
		}, "The request is not signed"},
		"without the value":  {func(_ *testing.T, h *house) *httptest.ResponseRecorder { return h.get(drop(good, "Signature")) }, "must be sent together"},
		"without RelayState": {func(_ *testing.T, h *house) *httptest.ResponseRecorder { return h.get(drop(good, "RelayState")) }, "not made over this request"},
		"with another one": {func(_ *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(strings.Replace(good, "RelayState=rs", "RelayState=evil", 1))
		}, "not made over this request"},
		"a weak algorithm": {func(_ *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(strings.Replace(good, "2001%2F04%2Fxmldsig-more%23rsa-sha256", "2000%2F09%2Fxmldsig%23rsa-sha1", 1))
		}, "SigAlg names an algorithm that is not accepted"},
		"by the blog's key": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(bySP(t, "other", "SAMLRequest", logoutRequest(), ""))
		}, "not made over this request"},
		"with our own key": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(bySP(t, "idp", "SAMLRequest", logoutRequest(), ""))
		}, "not made over this request"},
		"by POST": {func(_ *testing.T, h *house) *httptest.ResponseRecorder {
			return h.postSLO(url.Values{"SAMLRequest": {encoded(logoutRequest())}})
		}, "Sign the message itself"},
		"by POST, another key": {func(_ *testing.T, h *house) *httptest.ResponseRecorder {
			return h.logoutByPost(logoutRequest(), "other")
		}, "not made by a signing key"},
		"by redirect, signed inside only": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(sloURL + "?SAMLRequest=" + url.QueryEscape(deflated(text(t, enveloped(t, logoutRequest(), "sp", "")))))
		}, "The request is not signed"},
		"by redirect, a stranger's signature inside": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(bySP(t, "sp", "SAMLRequest", text(t, enveloped(t, logoutRequest(), "other", "")), ""))
		}, "not made by a signing key"},
		"a signature nobody can check": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			sp, err := h.store.ServiceProvider(t.Context(), "wiki")
			must(t, err)
			sp.SigningCerts = nil
			must(t, h.store.UpdateServiceProvider(t.Context(), sp))
			return h.get(good)
		}, "no certificate is registered here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := twoApps(t)
			w := c.send(t, h)
			h.untouched(w)
			h.refuses(w, http.StatusBadRequest, c.want)
		})
	}
}

// S03: a query that two readers could read differently is refused.
func TestS03_LogoutParameterPollution(t *testing.T) {
	t.Parallel()
	good := bySP(t, "sp", "SAMLRequest", logoutRequest(email, "nobody@example.org"), "rs")
	evil := "SAMLRequest=" + url.QueryEscape(deflated(logoutRequest()))
	for name, target := range map[string]string{
		"the forged one first":           strings.Replace(good, "?", "?"+evil+"&", 1),
		"the forged one last":            good + "&" + evil,
		"a response beside it":           good + "&" + strings.Replace(evil, "SAMLRequest", "SAMLResponse", 1),
		"the request sent as a response": strings.Replace(good, "SAMLRequest=", "SAMLResponse=", 1),
		"the name in another spelling":   good + "&SAML%52equest=x",
		"RelayState twice":               good + "&RelayState=evil",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := twoApps(t)
			w := h.get(target)
			h.untouched(w)
			h.refuses(w, http.StatusBadRequest, "")
		})
	}
}

// S08: answers go to registered addresses only; nothing in a message is an address.
func TestS08_LogoutLocationSubstitution(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	doc := logoutRequest(" ID=", ` AssertionConsumerServiceURL="https://evil.example" ResponseLocation="https://evil.example" ID=`)
	answered(t, h.follow(h.get(bySP(t, "sp", "SAMLRequest", doc, "https://evil.example"))), spSLODone).is(t, success, "")
	t.Run("an address that became unfit after it was saved is not used", func(t *testing.T) {
		for _, location := range []string{"javascript:alert(1)", "http://wiki.example/slo", "https://wiki.example/slo?SAMLResponse=x", "https://user@wiki.example/"} {
			h := twoApps(t)
			sp, err := h.store.ServiceProvider(t.Context(), "wiki")
			must(t, err)
			sp.SLO = []idp.Endpoint{{Binding: redirectBinding, Location: location}}
			must(t, h.store.UpdateServiceProvider(t.Context(), sp))
			w := h.follow(h.logoutByRedirect(logoutRequest()))
			if w.Code != http.StatusOK || !strings.Contains(pageText(w), "signed out") {
				t.Errorf("%s: status %d to %s", location, w.Code, w.Header().Get("Location"))
			}
		}
	})
}

// S12: a LogoutRequest works once, by whatever way and from whatever node it comes.
func TestS12_LogoutReplay(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	replayed := bySP(t, "sp", "SAMLRequest", logoutRequest(), "")
	answered(t, h.follow(h.get(replayed)), spSLODone)
	h.signOn("session", "sid-1", authnRequest("_request1", "_request7"))
	h.refuses(h.get(replayed), http.StatusGone, "was used before")
	h.refuses(h.logoutByPost(logoutRequest(), "sp"), http.StatusGone, "was used before")
	if w := h.soap(bySOAP(t, "sp")); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "was used before") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if !h.alive("session") {
		t.Error("a new session of the same name was ended by an old message")
	}
	t.Run("twenty at once", func(t *testing.T) {
		h := twoApps(t)
		body := bySOAP(t, "sp")
		var good atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if h.soap(body).Code == http.StatusOK {
					good.Add(1)
				}
			})
		}
		wg.Wait()
		if good.Load() != 1 {
			t.Errorf("%d were obeyed", good.Load())
		}
	})
}

// S22: an application ends only sessions in which it takes part, by the names that it was told itself.
func TestS22_LogoutOfAForeignSession(t *testing.T) {
	t.Parallel()
	byBlog := func(h *house, changes ...string) *said {
		return answered(h.t, h.get(bySP(h.t, "other", "SAMLRequest", logoutRequest(append([]string{spEntity, blogEntity}, changes...)...), "")), blogSLO)
	}
	persistent := func(sp *idp.ServiceProvider) { sp.NameID.Format = "persistent" }
	t.Run("by another application's NameID", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t, persistent)
		s := byBlog(h, email, h.login.joined[0].NameID, "1.1:nameid-format:emailAddress", "2.0:nameid-format:persistent")
		s.is(t, status+"Requester", unknownPrincipal)
		h.untouched(httptest.NewRecorder())
		// It must not even learn that the name is somebody's.
		if other := byBlog(h, "_logout1", "_logout2", email, "nobody"); other.Status != s.Status {
			t.Errorf("%+v for somebody's name, %+v for nobody's", s.Status, other.Status)
		}
	})
	t.Run("with the other's qualifier", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t)
		byBlog(h, "<saml:NameID ", `<saml:NameID SPNameQualifier="`+spEntity+`" `).is(t, status+"Requester", unknownPrincipal)
		h.untouched(httptest.NewRecorder())
	})
	t.Run("by the index of a session in which it takes no part", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t)
		h.signOn("wiki-only", "sid-2", authnRequest("_request1", "_request3"))
		byBlog(h, "sid-1", "sid-2").is(t, success, "")
		if !h.alive("wiki-only") {
			t.Error("the session ended")
		}
	})
	t.Run("without an index, in a browser whose session it takes no part in", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t)
		h.signOn("wiki-only", "sid-2", authnRequest("_request1", "_request3"))
		h.logout.browser = "wiki-only"
		byBlog(h, "<samlp:SessionIndex>sid-1</samlp:SessionIndex>", "").is(t, success, "")
		if !h.alive("wiki-only") || h.alive("session") {
			t.Error("it ended the other session")
		}
	})
	t.Run("by guessing indexes", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t)
		own := index("sid-1", "wiki")
		var guesses strings.Builder
		for _, g := range []string{"", strings.ToUpper(own), own + " x", own[:8], "*", "%", own + "%00"} {
			if g != "" {
				guesses.WriteString("<samlp:SessionIndex>" + g + "</samlp:SessionIndex>")
			}
		}
		answered(t, h.logoutByRedirect(logoutRequest("<samlp:SessionIndex>sid-1</samlp:SessionIndex>", guesses.String())), spSLODone).is(t, success, "")
		h.untouched(httptest.NewRecorder())
	})
	t.Run("by a name that the log of another application shows", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t, persistent)
		s := h.soap(text(t, enveloped(t, logoutRequest(sloURL, soapURL, spEntity, blogEntity, email, h.login.joined[0].NameID, ` Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"`, ""), "other", "")))
		judgedLogout(t, s.Body.Bytes()).is(t, status+"Requester", unknownPrincipal)
		h.untouched(s)
	})
}

// An answer counts only from the application that was asked, to that very request, once.
func TestS22_LogoutResponseInjection(t *testing.T) {
	t.Parallel()
	type world struct {
		*house
		wiki, blog string // ids of our requests
	}
	setUp := func(t *testing.T) world {
		h := twoApps(t)
		return world{h, inRedirect(t, h.farewell("one", "wiki", "").Visit, spSLO, "SAMLRequest").ID, inRedirect(t, h.farewell("one", "blog", "").Visit, blogSLO, "SAMLRequest").ID}
	}
	for name, c := range map[string]struct {
		send func(t *testing.T, w world) *httptest.ResponseRecorder
		code int
		want string
	}{
		"the blog answers for the wiki": {func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.get(bySP(t, "other", "SAMLResponse", logoutResponse(w.wiki, blogEntity), ""))
		}, 410, "belongs to no sign-out"},
		"the blog calls itself the wiki": {func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.get(bySP(t, "other", "SAMLResponse", logoutResponse(w.wiki, spEntity), ""))
		}, 400, "not made over this request"},
		"nobody has signed it": {func(_ *testing.T, w world) *httptest.ResponseRecorder {
			return w.get(sloURL + "?SAMLResponse=" + url.QueryEscape(deflated(logoutResponse(w.wiki, spEntity))))
		}, 400, "The request is not signed"},
		"nobody has signed it, by POST": {func(_ *testing.T, w world) *httptest.ResponseRecorder {
			return w.postSLO(url.Values{"SAMLResponse": {encoded(logoutResponse(w.wiki, spEntity))}})
		}, 400, "Sign the message itself"},
		"to a request that never was": {func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.get(bySP(t, "sp", "SAMLResponse", logoutResponse("_guess", spEntity), ""))
		}, 410, "belongs to no sign-out"},
		"to its own request": {func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.get(bySP(t, "sp", "SAMLResponse", logoutResponse("_logout1", spEntity), ""))
		}, 410, "belongs to no sign-out"},
		"meant for another provider": {func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.get(bySP(t, "sp", "SAMLResponse", logoutResponse(w.wiki, spEntity, sloURL, "https://other.example/slo"), ""))
		}, 400, "the Destination must be our address"},
		"too old": {func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.get(bySP(t, "sp", "SAMLResponse", logoutResponse(w.wiki, spEntity, "12:00:00Z", "11:54:00Z"), ""))
		}, 410, "more than 5 minutes old"},
		"a signed Response in its place": {func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.get(bySP(t, "sp", "SAMLResponse", strings.ReplaceAll(logoutResponse(w.wiki, spEntity), "LogoutResponse", "Response"), ""))
		}, 400, "must be a LogoutResponse"},
		"a request in its place": {func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.get(bySP(t, "sp", "SAMLResponse", logoutRequest(), ""))
		}, 400, "must be a LogoutResponse"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setUp(t)
			got := c.send(t, w)
			w.untouched(got)
			w.refuses(got, c.code, c.want)
			// The right answer still counts afterwards.
			w.get(bySP(t, "sp", "SAMLResponse", logoutResponse(w.wiki, spEntity, "_answer1", "_answer2"), ""))
			if cause, told := w.logout.told["wiki"]; !told || cause != nil {
				t.Errorf("told %v, %v", told, cause)
			}
		})
	}
	t.Run("twice", func(t *testing.T) {
		t.Parallel()
		w := setUp(t)
		failed := bySP(t, "sp", "SAMLResponse", logoutResponse(w.wiki, spEntity, "status:Success", "status:Responder"), "")
		w.get(failed)
		w.refuses(w.get(bySP(t, "sp", "SAMLResponse", logoutResponse(w.wiki, spEntity), "")), http.StatusGone, "belongs to no sign-out")
		if w.logout.told["wiki"] == nil {
			t.Error("a second answer replaced the first")
		}
	})
	t.Run("in a logout that nobody remembers", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t)
		id := inRedirect(t, h.farewell("forgotten", "wiki", "").Visit, spSLO, "SAMLRequest").ID
		h.refuses(h.get(bySP(t, "sp", "SAMLResponse", logoutResponse(id, spEntity), "")), http.StatusGone, "belongs to no sign-out")
	})
	t.Run("to a SOAP request, through the browser", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t)
		h.refuses(h.get(bySP(t, "sp", "SAMLResponse", logoutResponse("_soap", spEntity), "")), http.StatusGone, "belongs to no sign-out")
	})
}

// An application that answers a LogoutRequest with one of its own gets one answer, and
// no further request: nothing goes round in circles.
func TestLogoutDoesNotGoRoundInCircles(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	s := h.stored("session")
	_, err := h.store.DeleteSession(t.Context(), "session")
	must(t, err)
	list, err := h.saml.Farewells(t.Context(), "one", s, "")
	must(t, err)
	if len(list) != 2 {
		t.Fatalf("%d farewells", len(list))
	}
	w := h.logoutByRedirect(logoutRequest())
	answered(t, w, spSLODone).is(t, success, "")
	if len(h.logout.by) != 0 {
		t.Errorf("sessions were ended again: %+v", h.logout.by)
	}
	w = h.get(bySP(t, "sp", "SAMLResponse", logoutResponse("_logout1", spEntity), "")) // and answers our answer
	h.refuses(w, http.StatusGone, "belongs to no sign-out")
}
