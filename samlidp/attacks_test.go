package samlidp_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp"
)

// signing registers the wiki as an application that signs its requests.
func (h *house) signing(change ...func(*idp.ServiceProvider)) {
	h.t.Helper()
	h.register(append([]func(*idp.ServiceProvider){func(sp *idp.ServiceProvider) {
		sp.SignsRequests, sp.SigningCerts = true, [][]byte{certificate(h.t, "sp").Raw}
	}}, change...)...)
	h.signedIn()
}

// S01: the message that is decoded must be the one that is signed.
func TestS01_SignatureWrapping(t *testing.T) {
	t.Parallel()
	evil := authnRequest("_request1", "_evil", spACS, spACS+"/second")
	for name, wrap := range map[string]func(t *testing.T) string{
		"the signed request inside Extensions of a forged one": func(t *testing.T) string {
			signed := enveloped(t, authnRequest(), "sp", "")
			tree := enveloped(t, evil, "other", "")
			tree.Root().RemoveChildAt(1)
			ext := tree.Root().CreateElement("samlp:Extensions")
			ext.AddChild(signed.Root())
			return text(t, tree)
		},
		"the signature moved up, its request below": func(t *testing.T) string {
			signed := enveloped(t, authnRequest(), "sp", "").Root()
			sig := signed.RemoveChildAt(1)
			tree := enveloped(t, evil, "other", "")
			tree.Root().RemoveChildAt(1)
			tree.Root().InsertChildAt(1, sig)
			tree.Root().CreateElement("samlp:Extensions").AddChild(signed)
			return text(t, tree)
		},
		"the request inside an Object of the signature": func(t *testing.T) string {
			signed := enveloped(t, authnRequest(), "sp", "").Root()
			sig := signed.RemoveChildAt(1)
			tree := enveloped(t, evil, "other", "")
			tree.Root().RemoveChildAt(1)
			tree.Root().InsertChildAt(1, sig)
			tree.Root().SelectElement("Signature").CreateElement("ds:Object").AddChild(signed)
			return text(t, tree)
		},
		"two elements with the signed ID": func(t *testing.T) string {
			signed := enveloped(t, authnRequest(), "sp", "").Root()
			sig := signed.RemoveChildAt(1)
			tree := enveloped(t, authnRequest(spACS, spACS+"/second"), "other", "")
			tree.Root().RemoveChildAt(1)
			tree.Root().InsertChildAt(1, sig)
			tree.Root().CreateElement("samlp:Extensions").AddChild(signed)
			return text(t, tree)
		},
		"changed after signing": func(t *testing.T) string {
			return strings.Replace(text(t, enveloped(t, authnRequest(), "sp", "")), spACS, spACS+"/second", 1)
		},
		"the signature at the end": func(t *testing.T) string {
			tree := enveloped(t, with("<samlp:Extensions/>"), "sp", "")
			tree.Root().AddChild(tree.Root().RemoveChildAt(1))
			return text(t, tree)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.signing()
			h.wantPage(h.sendPost(wrap(t)), http.StatusBadRequest, "")
		})
	}
	t.Run("the honest message goes through", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.signing()
		checkWiki(t, response(t, h.sendPost(text(t, enveloped(t, authnRequest(), "sp", "")))), "_request1")
	})
}

// S02: what is signed must verify, what must be signed must be.
func TestS02_SDP_IDP05_SignatureExclusion(t *testing.T) {
	t.Parallel()
	strip := func(s string, params ...string) string {
		u, _ := url.Parse(s)
		parts := strings.Split(u.RawQuery, "&")
		kept := parts[:0]
		for _, part := range parts {
			drop := false
			for _, p := range params {
				drop = drop || strings.HasPrefix(part, p+"=")
			}
			if !drop {
				kept = append(kept, part)
			}
		}
		return ssoURL + "?" + strings.Join(kept, "&")
	}
	for name, c := range map[string]struct {
		send func(t *testing.T, h *house) *httptest.ResponseRecorder
		want string
	}{
		"no signature by redirect": {func(_ *testing.T, h *house) *httptest.ResponseRecorder { return h.send(authnRequest()) }, "The request is not signed"},
		"no signature by POST":     {func(_ *testing.T, h *house) *httptest.ResponseRecorder { return h.sendPost(authnRequest()) }, "The request is not signed"},
		"Signature and SigAlg dropped": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(strip(signedRedirect(t, authnRequest(), ""), "Signature", "SigAlg"))
		}, "The request is not signed"},
		"Signature dropped": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(strip(signedRedirect(t, authnRequest(), ""), "Signature"))
		}, "SigAlg and Signature must be sent together"},
		"SigAlg dropped": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(strip(signedRedirect(t, authnRequest(), ""), "SigAlg"))
		}, "SigAlg and Signature must be sent together"},
		"RelayState dropped": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(strip(signedRedirect(t, authnRequest(), "rs"), "RelayState"))
		}, ""},
		"another key": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.sendPost(text(t, enveloped(t, authnRequest(), "idp", "")))
		}, ""},
		"an embedded signature by redirect does not stand in for the one of the query": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.send(text(t, enveloped(t, authnRequest(), "sp", "")))
		}, "The request is not signed"},
		"SHA-1": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(strings.Replace(signedRedirect(t, authnRequest(), ""), "2001%2F04%2Fxmldsig-more%23rsa-sha256", "2000%2F09%2Fxmldsig%23rsa-sha1", 1))
		}, ""},
		"signed without a Destination": {func(t *testing.T, h *house) *httptest.ResponseRecorder {
			return h.get(signedRedirect(t, authnRequest(` Destination="`+ssoURL+`"`, ""), ""))
		}, "it must have a Destination"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.signing()
			h.wantPage(c.send(t, h), http.StatusBadRequest, c.want)
		})
	}
	t.Run("a bad signature that nobody demanded", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.signing(func(sp *idp.ServiceProvider) { sp.SignsRequests = false })
		h.wantPage(h.get(signedRedirect(t, authnRequest(), "rs")+"x"), http.StatusBadRequest, "")
		h.wantPage(h.sendPost(text(t, enveloped(t, authnRequest(), "idp", ""))), http.StatusBadRequest, "")
	})
	t.Run("a signature that cannot be checked", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.signing(func(sp *idp.ServiceProvider) { sp.SignsRequests, sp.SigningCerts = false, nil })
		h.wantPage(h.get(signedRedirect(t, authnRequest(), "")), http.StatusBadRequest, "no certificate is registered here to check it with")
	})
	t.Run("honest signatures go through", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.signing()
		checkWiki(t, response(t, h.get(signedRedirect(t, authnRequest(), "rs"))), "_request1")
	})
	t.Run("through the login page too", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.signing()
		who := *h.login.session
		h.login.session = nil
		w := h.get(signedRedirect(t, authnRequest(), "rs"))
		checkWiki(t, response(t, h.get(h.login.settle(w, who))), "_request1")
	})
}

// S03: a query that two readers could read differently is refused.
func TestS03_ParameterPollution(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.signing()
	good := signedRedirect(t, authnRequest(), "rs")
	other := "SAMLRequest=" + url.QueryEscape(deflated(authnRequest("_request1", "_evil")))
	for name, target := range map[string]string{
		"SAMLRequest twice, the forged one first": strings.Replace(good, "?", "?"+other+"&", 1),
		"SAMLRequest twice, the forged one last":  good + "&" + other,
		"a SAMLResponse beside it":                good + "&SAMLResponse=" + url.QueryEscape(deflated("<x/>")),
		"a SAMLResponse instead":                  strings.Replace(good, "SAMLRequest=", "SAMLResponse=", 1),
		"RelayState twice":                        good + "&RelayState=evil",
		"the name encoded":                        good + "&SAML%52equest=x",
		"RelayState put in another order":         strings.Replace(good, "RelayState=rs", "RelayState=r%73", 1),
		"an unknown encoding":                     good + "&SAMLEncoding=urn:none",
	} {
		t.Run(name, func(t *testing.T) { h.wantPage(h.get(target), http.StatusBadRequest, "") })
	}
	f := url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(authnRequest())), "x"}}
	h.wantPage(h.post(f), http.StatusBadRequest, "SAMLRequest was sent twice")
	r := httptest.NewRequest(http.MethodPost, good, strings.NewReader("RelayState=rs")) // the message in the query of a POST
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	h.wantPage(h.do(r), http.StatusBadRequest, "There is no SAMLRequest.")
}

// S04: no DTD, whatever is in it.
func TestS04_Entities(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"billion laughs":      `<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>` + authnRequest(spEntity+"<", "&b;<"),
		"an external entity":  `<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + authnRequest(spEntity+"<", "&x;<"),
		"a parameter entity":  `<!DOCTYPE l [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]>` + authnRequest(),
		"an entity undefined": authnRequest(spEntity+"<", "&x;<"),
		"UTF-16":              "\xff\xfe<\x00a\x00/\x00>\x00",
		"a declared UTF-7":    `<?xml version="1.0" encoding="UTF-7"?>` + authnRequest(),
		"an instruction":      `<?xml-stylesheet href="x"?>` + authnRequest(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register()
			h.wantPage(h.send(doc), http.StatusBadRequest, "")
		})
	}
}

// S05: what little bytes can cost is capped.
func TestS05_Bombs(t *testing.T) {
	h := newHouse(t)
	h.register()
	var b bytes.Buffer
	f, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = f.Write(bytes.Repeat([]byte("0"), 10<<20))
	_ = f.Close()
	for name, target := range map[string]string{
		"10 MB in 10 KB":    ssoURL + "?SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(b.Bytes())),
		"10,000 deep":       redirect(strings.Repeat("<a>", 10000)),
		"100,000 siblings":  redirect("<a>" + strings.Repeat("<b/>", 50000) + "</a>"),
		"many attributes":   redirect("<a" + manyAttributes(5000) + "/>"),
		"a query of 200 KB": ssoURL + "?SAMLRequest=" + strings.Repeat("A", 200<<10),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			h.wantPage(h.get(target), http.StatusBadRequest, "")
			runtime.ReadMemStats(&after)
			if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 8 {
				t.Errorf("it cost %d MB", mb)
			}
		})
	}
	h.wantPage(h.post(url.Values{"SAMLRequest": {strings.Repeat("A", 1<<20)}}), http.StatusBadRequest, "")
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d=''", i)
	}
	return b.String()
}

// S06: nothing may split a text.
func TestS06_CommentsAndCDATA(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"a comment in the Issuer": authnRequest(spEntity+"<", "https://wiki.example<!-- x -->/saml<"),
		"CDATA in the Issuer":     authnRequest(spEntity+"<", "<![CDATA["+spEntity+"]]><"),
		"an instruction in it":    authnRequest(spEntity+"<", "https://wiki.example<?x y?>/saml<"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register()
			h.wantPage(h.send(doc), http.StatusBadRequest, "")
		})
	}
}

// S07: a person's own data must not become markup, and comes out as it went in.
func TestS07_InjectionIntoOurAssertion(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		`</saml:AttributeValue></saml:Attribute><saml:Attribute Name="admin">`, `]]>`, `<![CDATA[x]]>`, `<!-- x -->`, `&amp;&lt;`, `"quoted" 'too'`,
		"carriage\r\nreturn", "lone\rcarriage", "tab\tand\nline", "emoji 🎉 and \u2028",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(func(sp *idp.ServiceProvider) { sp.Attributes = []idp.Mapping{{Name: "name", From: "nick"}} })
			h.signedIn()
			h.people[alice].Attributes["nick"] = []any{name}
			rows := response(t, h.send(authnRequest())).Assertion.Statements[0].Attributes
			if len(rows) != 1 || len(rows[0].Values) != 1 || rows[0].Values[0].Text != name {
				t.Errorf("got %+v", rows)
			}
		})
	}
	for _, name := range []string{"nul\x00", "bell\a", "bad\xff", "nonchar\ufffe", "surrogate\xed\xa0\x80"} {
		t.Run(fmt.Sprintf("refused: %q", name), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(func(sp *idp.ServiceProvider) { sp.Attributes = []idp.Mapping{{Name: "name", From: "nick"}} })
			h.signedIn()
			h.people[alice].Attributes["nick"] = []any{name}
			r := response(t, h.send(authnRequest()))
			wantStatus(t, r, "Responder", "RequestDenied")
			if !strings.Contains(r.Status.Message, `The value of the attribute "name" holds a character that XML cannot carry.`) {
				t.Errorf("message %q", r.Status.Message)
			}
			if e := h.events.last(); e.Name != idp.EventSAMLRefused {
				t.Errorf("event %+v", e)
			}
		})
	}
}

// S08: no address but a registered one, to the character.
func TestS08_ACSSubstitution(t *testing.T) {
	t.Parallel()
	for _, acs := range []string{
		"https://WIKI.example/acs", "https://wiki.example/acs/", "https://wiki.example/ACS", "https://wiki.example:443/acs", "https://wiki.example./acs",
		"https://user@wiki.example/acs", "https://wiki.example/%61cs", "https://wiki.example/x/../acs", "https://wiki.example/acs?x=1", "https://wiki.example/acs#x",
		"https://wiki.example.evil.example/acs", "http://wiki.example/acs", " https://wiki.example/acs", "https://wiki.example/saml/artifact", "https://wiki.exampl\u0435/acs",
	} {
		t.Run(acs, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.signing()
			h.wantPage(h.get(signedRedirect(t, authnRequest(spACS, acs), "")), http.StatusBadRequest, "is not registered for this application")
		})
	}
}

// S09: nothing from outside becomes script in our page.
func TestS09_ScriptInThePost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, location := range []string{"javascript:alert(1)", "data:text/html,x", "https://x\"onload=\"alert(1)", "//evil.example", "https://"} {
		sp := idp.ServiceProvider{EntityID: "urn:x", ACS: []idp.Endpoint{{Location: location}}}
		if err := samlidp.CompleteServiceProvider(&sp, true); err == nil && !strings.HasPrefix(location, "https://x") {
			t.Errorf("%q was accepted as an address", location)
		}
	}
	h.register()
	h.signedIn()
	const relay = `"><script>alert(1)</script><input value="'`
	w := h.get(redirect(authnRequest()) + "&RelayState=" + url.QueryEscape(relay))
	if strings.Contains(w.Body.String(), "<script>alert") {
		t.Error("the RelayState became markup")
	}
	if got := posted(t, w).Fields.Get("RelayState"); got != relay {
		t.Errorf("RelayState = %q", got)
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("CSP = %q", csp)
	}
	// An unsafe address in the store, from before the rule, is not delivered to either.
	sp, err := h.store.ServiceProvider(t.Context(), "wiki")
	must(t, err)
	sp.ACS = []idp.Endpoint{{Location: "javascript:alert(1)", Binding: sp.ACS[0].Binding}}
	must(t, h.store.UpdateServiceProvider(t.Context(), sp))
	h.events.all = nil
	h.wantPage(h.send(authnRequest(spACS, "javascript:alert(1)", "_request1", "_request2")), http.StatusBadRequest, "is not an https address")
}

// S10: RelayState is echoed, never followed.
func TestS10_RelayState(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	for i, c := range []struct {
		relay string
		ok    bool
	}{
		{"https://evil.example/", true}, {strings.Repeat("a", 80), true}, {strings.Repeat("a", 81), true}, {strings.Repeat("a", 2048), true},
		{strings.Repeat("a", 2049), false}, {"line\r\nSet-Cookie: x", false}, {"\x00", false}, {"\xff", false},
	} {
		w := h.get(redirect(authnRequest("_request1", fmt.Sprint("_r", i))) + "&RelayState=" + url.QueryEscape(c.relay))
		switch {
		case !c.ok && w.Code != http.StatusBadRequest:
			t.Errorf("%.20q: status %d", c.relay, w.Code)
		case c.ok:
			if f := posted(t, w); f.Fields.Get("RelayState") != c.relay || f.Action != spACS {
				t.Errorf("%.20q: %+v", c.relay, f)
			}
		}
	}
}

// S11: our address is the configured one, whatever the request's headers say.
func TestS11_DestinationAndHost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	r := httptest.NewRequest(http.MethodGet, strings.Replace(redirect(authnRequest("https://idp.example/saml/sso", "https://evil.example/saml/sso")), "idp.example", "evil.example", 1), nil)
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("Forwarded", "host=evil.example")
	h.wantPage(h.do(r), http.StatusBadRequest, "the Destination is not our address, which is https://idp.example/saml/sso.")
	r = httptest.NewRequest(http.MethodGet, redirect(authnRequest()), nil)
	r.Host = "evil.example"
	checkWiki(t, response(t, h.do(r)), "_request1")
}

// S12: every request works once, in whatever binding, and at four doors at a time.
func TestS12_Replay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	response(t, h.send(authnRequest()))
	for _, w := range []*httptest.ResponseRecorder{h.send(authnRequest()), h.sendPost(authnRequest())} {
		if w.Code != http.StatusGone || !strings.Contains(pageText(w), "was used before") {
			t.Errorf("status %d: %s", w.Code, pageText(w))
		}
	}
	for round := range 25 {
		var ok atomic.Int32
		var wg sync.WaitGroup
		target := redirect(authnRequest("_request1", fmt.Sprint("_round", round)))
		for range 4 {
			wg.Go(func() {
				if w := h.get(target); w.Code == http.StatusOK {
					ok.Add(1)
				}
			})
		}
		wg.Wait()
		if ok.Load() != 1 {
			t.Fatalf("round %d: %d got through", round, ok.Load())
		}
	}
}

// S13: validity comes from our clock alone.
func TestS13_Time(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		instant string
		status  int
	}{
		"ten years ahead":        {"2036-11-21T12:00:00Z", 400},
		"just over the skew":     {"2026-11-21T12:03:01Z", 400},
		"just over the age":      {"2026-11-21T11:54:59Z", 410},
		"a leap second":          {"2026-11-21T11:59:60Z", 400},
		"no zone":                {"2026-11-21T12:00:00", 400},
		"a year of five digits":  {"12026-11-21T12:00:00Z", 400},
		"a year before Christ":   {"-2026-11-21T12:00:00Z", 400},
		"the year one":           {"0001-01-01T00:00:00Z", 410},
		"a date only":            {"2026-11-21", 400},
		"with text behind it":    {"2026-11-21T12:00:00Zulu", 400},
		"not there":              {"", 400},
		"centuries ahead":        {"9999-12-31T23:59:59Z", 400},
		"an offset of 99 hours":  {"2026-11-21T12:00:00+99:00", 400},
		"a comma for a fraction": {"2026-11-21T25:00:00Z", 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register()
			h.signedIn()
			h.wantPage(h.send(authnRequest("2026-11-21T12:00:00Z", c.instant)), c.status, "")
		})
	}
	t.Run("the request's time is not the assertion's", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.register()
		h.signedIn()
		a := response(t, h.send(authnRequest("12:00:00Z", "12:02:59Z"))).Assertion
		if !a.Conditions.NotOnOrAfter.Equal(noon.Add(5 * time.Minute)) {
			t.Errorf("NotOnOrAfter = %s", a.Conditions.NotOnOrAfter)
		}
	})
}

// S21: an answer without a question only where the application asked for such.
func TestS21_IdPInitiated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*idp.ServiceProvider)
		target string
		status int
		text   string
	}{
		"not allowed":         {func(*idp.ServiceProvider) {}, "/saml/init/wiki", 403, "Open Wiki itself and choose to sign in there."},
		"switched off":        {func(sp *idp.ServiceProvider) { sp.AllowIDPInitiated, sp.Disabled = true, true }, "/saml/init/wiki", 404, "There is no application at this address"},
		"unknown":             {func(*idp.ServiceProvider) {}, "/saml/init/nothing", 404, "There is no application at this address"},
		"RelayState twice":    {func(sp *idp.ServiceProvider) { sp.AllowIDPInitiated = true }, "/saml/init/wiki?RelayState=a&RelayState=b", 400, "more than once"},
		"RelayState too long": {func(sp *idp.ServiceProvider) { sp.AllowIDPInitiated = true }, "/saml/init/wiki?RelayState=" + strings.Repeat("a", 2049), 400, "at most 2048 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(c.change)
			h.signedIn()
			h.wantPage(h.get(issuer+c.target), c.status, c.text)
		})
	}
	t.Run("the application disabled by request too", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.register(func(sp *idp.ServiceProvider) { sp.Disabled = true })
		h.signedIn()
		h.wantPage(h.send(authnRequest()), http.StatusForbidden, "it is not registered, or it is switched off")
	})
}

// S25: a NameID that could be taken for somebody else's is not sent.
func TestS25_NameIDLookAlikes(t *testing.T) {
	t.Parallel()
	for name, login := range map[string]string{
		"white space behind":     "alice ",
		"a zero-width joiner":    "ali\u200dce",
		"a direction override":   "\u202ealice",
		"decomposed letters":     "ali\u0301ce",
		"NUL":                    "alice\x00",
		"a line break":           "ali\nce",
		"a noncharacter":         "alice\ufffe",
		"bytes that are no text": "alice\xff",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(func(sp *idp.ServiceProvider) {
				sp.NameID = idp.NameIDCfg{Format: "unspecified", From: "account"}
				sp.Attributes = []idp.Mapping{{Name: "x", From: "email"}}
			})
			h.signedIn()
			h.people[alice].Attributes["account"] = []any{login}
			wantStatus(t, response(t, h.send(authnRequest())), "Responder", "RequestDenied")
		})
	}
	t.Run("letters in another case stay as they are", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.register(func(sp *idp.ServiceProvider) { sp.NameID = idp.NameIDCfg{Format: "unspecified", From: "account"} })
		h.signedIn()
		h.people[alice].Attributes["account"] = []any{"AlICE ß"}
		if got := response(t, h.send(authnRequest())).Assertion.Subject.NameID.Value; got != "AlICE ß" {
			t.Errorf("NameID %q", got)
		}
	})
}
