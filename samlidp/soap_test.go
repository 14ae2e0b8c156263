package samlidp_test

import (
	"context"
	"crypto"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/samlidp"
)

func bySOAP(t testing.TB, key string, changes ...string) string {
	t.Helper()
	return text(t, enveloped(t, logoutRequest(append([]string{sloURL, soapURL}, changes...)...), key, ""))
}

func TestLogoutBySOAP(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	w := h.soap(bySOAP(t, "sp"))
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/xml; charset=utf-8" {
		t.Errorf("status %d, %s", w.Code, w.Header().Get("Content-Type"))
	}
	judgedLogout(t, w.Body.Bytes()).is(t, success, "")
	if h.alive("session") {
		t.Error("the session lives")
	}
	t.Run("without a Destination, which SOAP does not ask for", func(t *testing.T) {
		h := twoApps(t)
		judgedLogout(t, h.soap(bySOAP(t, "sp", ` Destination="`+soapURL+`"`, "")).Body.Bytes()).is(t, success, "")
	})
	t.Run("some application can be told through the browser only", func(t *testing.T) {
		h := twoApps(t)
		h.logout.incomplete = true
		judgedLogout(t, h.soap(bySOAP(t, "sp")).Body.Bytes()).is(t, success, partialLogout)
	})
	t.Run("who asks for no answer gets one all the same: the connection waits", func(t *testing.T) {
		h := twoApps(t)
		w := h.soap(bySOAP(t, "sp", "</saml:Issuer>", `</saml:Issuer><samlp:Extensions><x:Asynchronous xmlns:x="urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo"/></samlp:Extensions>`))
		judgedLogout(t, w.Body.Bytes()).is(t, success, "")
	})
	for _, kind := range []string{"application/soap+xml", `text/xml; charset="utf-8"`, "application/xml"} {
		t.Run("of the type "+kind, func(t *testing.T) {
			t.Parallel()
			h := twoApps(t)
			r := httptest.NewRequest(http.MethodPost, soapURL, strings.NewReader(soapEnvelope(bySOAP(t, "sp"))))
			r.Header.Set("Content-Type", kind)
			judgedLogout(t, h.do(r).Body.Bytes()).is(t, success, "")
		})
	}
	t.Run("nobody of that name", func(t *testing.T) {
		h := twoApps(t)
		judgedLogout(t, h.soap(bySOAP(t, "sp", email, "bob@example.org")).Body.Bytes()).is(t, status+"Requester", unknownPrincipal)
	})
}

func TestSOAPFaults(t *testing.T) {
	t.Parallel()
	const head = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">`
	for name, c := range map[string]struct{ body, code, want string }{
		"garbage":                  {"hello", "Client", "Line 1, column 1"},
		"a bare message":           {bySOAP(t, "sp"), "Client", "takes a SOAP 1.1 Envelope"},
		"an empty body":            {head + "<s:Body/></s:Envelope>", "Client", "one Body with one SAML message"},
		"another message":          {head + "<s:Body>" + authnRequest() + "</s:Body></s:Envelope>", "Client", "takes a LogoutRequest"},
		"a header that insists":    {head + `<s:Header><h:h xmlns:h="urn:h" s:mustUnderstand="1"/></s:Header><s:Body>` + bySOAP(t, "sp") + "</s:Body></s:Envelope>", "MustUnderstand", "must be understood"},
		"unsigned":                 {head + "<s:Body>" + logoutRequest(sloURL, soapURL) + "</s:Body></s:Envelope>", "Client", "Sign the message itself"},
		"to the browser's address": {head + "<s:Body>" + text(t, enveloped(t, logoutRequest(), "sp", "")) + "</s:Body></s:Envelope>", "Client", soapURL},
		"a large one":              {head + strings.Repeat(" ", 300<<10) + "<s:Body/></s:Envelope>", "Client", "larger than 256 KB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := twoApps(t)
			w := h.soapBody(c.body)
			if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "<faultcode>soap:"+c.code+"</faultcode>") ||
				!strings.Contains(w.Body.String(), c.want) || strings.Contains(w.Body.String(), "Signature>") {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
			if !h.alive("session") {
				t.Error("the session ended")
			}
		})
	}
	t.Run("what a form of another site can send", func(t *testing.T) {
		t.Parallel()
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data; boundary=x"} {
			h := newHouse(t)
			r := httptest.NewRequest(http.MethodPost, soapURL, strings.NewReader(head+"<s:Body><x/></s:Body></s:Envelope>"))
			r.Header.Set("Content-Type", kind)
			if w := h.do(r); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "The Content-Type must be text/xml") {
				t.Errorf("%q: status %d: %s", kind, w.Code, w.Body)
			}
		}
	})
}

// appServer is an application's SOAP endpoint without the network: what was sent, and
// what it answers.
type appServer struct {
	requests []*said
	answer   func(id string) (int, string)
}

func (a *appServer) post(t testing.TB) samlidp.Post {
	return func(_ context.Context, address string, header http.Header, body []byte, _ int64) (int, []byte, error) {
		s := judgedLogout(t, body)
		if address != "https://wiki.example/soap" || s.Destination != address || header.Get("SOAPAction") == "" || header.Get("Content-Type") != "text/xml; charset=utf-8" {
			t.Errorf("sent to %s, Destination %s, %v", address, s.Destination, header)
		}
		a.requests = append(a.requests, s)
		code, doc := a.answer(s.ID)
		return code, []byte(doc), nil
	}
}

func soapEnvelope(doc string) string {
	return `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>` + doc + `</S:Body></S:Envelope>`
}

// takesSOAP is a service provider that is told by SOAP.
func takesSOAP(sp *idp.ServiceProvider) {
	sp.SLO, sp.SLOBinding = []idp.Endpoint{{Binding: soapBinding, Location: "https://wiki.example/soap"}, {Binding: redirectBinding, Location: spSLO}}, "soap"
}

func TestFarewellBySOAP(t *testing.T) {
	t.Parallel()
	good := func(id string) (int, string) { return 200, soapEnvelope(logoutResponse(id, spEntity)) }
	for name, c := range map[string]struct {
		answer func(id string) (int, string)
		want   string
	}{
		"it says yes": {good, ""},
		"signed": {func(id string) (int, string) {
			return 200, soapEnvelope(text(t, enveloped(t, logoutResponse(id, spEntity), "sp", "")))
		}, ""},
		"signed by somebody else": {func(id string) (int, string) {
			return 200, soapEnvelope(text(t, enveloped(t, logoutResponse(id, spEntity), "other", "")))
		}, "not made by a signing key"},
		"changed after signing": {func(id string) (int, string) {
			return 200, soapEnvelope(strings.Replace(text(t, enveloped(t, logoutResponse(id, spEntity), "sp", "")), "_answer1", "_answer2", 1))
		}, "must cover the whole message"},
		"it could not": {func(id string) (int, string) {
			return 200, soapEnvelope(logoutResponse(id, spEntity, "status:Success", "status:Responder"))
		}, `answered "Responder"`},
		"it answers for another": {func(id string) (int, string) { return 200, soapEnvelope(logoutResponse(id, blogEntity)) }, "the answer is of"},
		"it answers another":     {func(string) (int, string) { return 200, soapEnvelope(logoutResponse("_other", spEntity)) }, "the answer is of"},
		"a fault":                {func(string) (int, string) { return 500, soapEnvelope("<S:Fault/>") }, "HTTP status 500"},
		"a redirect":             {func(string) (int, string) { return 302, "" }, "HTTP status 302"},
		"a page":                 {func(string) (int, string) { return 200, "<html/>" }, "takes a SOAP 1.1 Envelope"},
		"an echo": {func(id string) (int, string) {
			return 200, soapEnvelope(logoutRequest())
		}, "must be a LogoutResponse"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := &appServer{answer: c.answer}
			h := newHouse(t, func(o *samlidp.Options) { o.Post = app.post(t) })
			h.two(takesSOAP, func(sp *idp.ServiceProvider) { sp.NameID.Format = "persistent" })
			s, err := h.store.Session(t.Context(), "session")
			must(t, err)
			list, err := h.saml.Farewells(t.Context(), "one", s, "blog")
			must(t, err)
			if len(list) != 1 || list[0].App != "wiki" || list[0].Name != "Wiki" || list[0].Send == nil || list[0].Visit != "" {
				t.Fatalf("farewells %+v", list)
			}
			err = list[0].Send(t.Context())
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			checkRequest(t, app.requests[0], h.login.joined[0].NameID)
		})
	}
}

// An answer that is signed with SHA-1 counts where an admin lets the application sign so for
// the time being, and nowhere else.
func TestFarewellBySOAPAnsweredWithSHA1(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		allow bool
		key   string
		want  string
	}{
		"allowed":             {true, "sp", ""},
		"not allowed":         {false, "sp", "the signature algorithm is not accepted"},
		"allowed, but forged": {true, "other", "the signature algorithm is not accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := &appServer{answer: func(id string) (int, string) {
				return 200, soapEnvelope(text(t, envelopedWith(t, logoutResponse(id, spEntity), c.key, "http://www.w3.org/2000/09/xmldsig#rsa-sha1", crypto.SHA1)))
			}}
			h := newHouse(t, func(o *samlidp.Options) { o.Post = app.post(t) })
			h.two(takesSOAP, func(sp *idp.ServiceProvider) {
				sp.NameID.Format, sp.AllowSHA1Requests, sp.LegacyUntil = "persistent", c.allow, "2027-01-01"
			})
			list, err := h.saml.Farewells(t.Context(), "one", h.stored("session"), "blog")
			must(t, err)
			err = list[0].Send(t.Context())
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// checkRequest: everything that a LogoutRequest of ours to the wiki says about a persistent id.
func checkRequest(t testing.TB, s *said, name string) {
	t.Helper()
	if s.XMLName.Local != "LogoutRequest" || s.Issuer != entityID || s.NotOnOrAfter != "2026-11-21T12:05:00.000Z" ||
		s.NameID.Value != name || s.NameID.Format != samlidp.FormatPersistent || s.NameID.NameQualifier != entityID || s.NameID.SPNameQualifier != spEntity {
		t.Errorf("request %+v", s)
	}
	equal(t, "SessionIndex", s.Indexes, []string{index("sid-1", "wiki")})
}

// A transient NameID is a new one at each sign-in, and the application may know any of them.
func TestFarewellBySOAPNamesEveryName(t *testing.T) {
	t.Parallel()
	app := &appServer{answer: func(id string) (int, string) { return 200, soapEnvelope(logoutResponse(id, spEntity)) }}
	h := newHouse(t, func(o *samlidp.Options) { o.Post = app.post(t) })
	h.register(takesSOAP, func(sp *idp.ServiceProvider) { sp.NameID.Format = "transient" })
	h.signedIn()
	var requests []string
	for _, id := range strings.Split("abcdefghij", "") {
		requests = append(requests, authnRequest("_request1", "_"+id))
	}
	h.signOn("session", "sid-1", requests...)
	s, err := h.store.Session(t.Context(), "session")
	must(t, err)
	list, err := h.saml.Farewells(t.Context(), "", s, "")
	must(t, err)
	must(t, list[0].Send(t.Context()))
	if len(app.requests) != 8 || app.requests[0].NameID.Value != s.Apps[9].NameID || app.requests[7].NameID.Value != s.Apps[2].NameID {
		t.Errorf("%d requests: %+v", len(app.requests), app.requests)
	}
}

func TestFarewellBySOAPWithoutNetwork(t *testing.T) {
	t.Parallel()
	fails := errors.New("no route")
	h := newHouse(t, func(o *samlidp.Options) {
		o.Post = func(context.Context, string, http.Header, []byte, int64) (int, []byte, error) { return 0, nil, fails }
	})
	h.two(takesSOAP)
	list, err := h.saml.Farewells(t.Context(), "one", h.stored("session"), "blog")
	must(t, err)
	if err := list[0].Send(t.Context()); !errors.Is(err, fails) {
		t.Errorf("got %v", err)
	}
}

func (h *house) stored(id string) idp.Session {
	h.t.Helper()
	s, err := h.store.Session(h.t.Context(), id)
	must(h.t, err)
	return s
}
