package samlidp_test

import (
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp"
	"cloudsso/samlidp/wire"
	"cloudsso/samlidp/xenc"
)

// farewell ends the session on our side and returns how one application is told.
func (h *house) farewell(logout, app, except string) samlidp.Farewell {
	h.t.Helper()
	list, err := h.saml.Farewells(h.t.Context(), logout, h.stored("session"), except)
	must(h.t, err)
	for _, f := range list {
		if f.App == app {
			return f
		}
	}
	h.t.Fatalf("%s is not among %+v", app, list)
	return samlidp.Farewell{}
}

func TestSDP_IDP23_IDP24_IDP26_IDP27_IDP29_FarewellByRedirect(t *testing.T) {
	t.Parallel()
	h := twoApps(t, func(sp *idp.ServiceProvider) { sp.NameID.Format = "persistent" })
	f := h.farewell("one", "wiki", "")
	if f.Send != nil || !f.Answers || f.Name != "Wiki" {
		t.Errorf("farewell %+v", f)
	}
	s := inRedirect(t, f.Visit, spSLO, "SAMLRequest")
	checkRequest(t, s, h.login.joined[0].NameID)
	w := h.get(bySP(t, "sp", "SAMLResponse", logoutResponse(s.ID, spEntity), ""))
	if cause, told := h.logout.told["wiki"]; w.Code != http.StatusOK || !told || cause != nil {
		t.Errorf("told %v, %v; status %d: %s", told, cause, w.Code, pageText(w))
	}
	// The answer is shown in a frame of ours, and nobody else's.
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'self'") {
		t.Errorf("policy %q", csp)
	}
	blog := inRedirect(t, h.farewell("one", "blog", "").Visit, blogSLO, "SAMLRequest")
	if blog.NameID.Value != email || blog.NameID.NameQualifier != "" {
		t.Errorf("the blog knows her as %+v", blog.NameID)
	}
}

func TestFarewellByPost(t *testing.T) {
	t.Parallel()
	h := twoApps(t, func(sp *idp.ServiceProvider) {
		sp.NameID.Format, sp.SLOBinding = "persistent", "post"
		sp.SLO = []idp.Endpoint{{Binding: postBinding, Location: spSLO, ResponseLocation: spSLODone}}
	})
	f := h.farewell("one", "wiki", "")
	if !strings.HasPrefix(f.Visit, issuer+"/saml/slo/send?request=_") || len(f.Through) != 1 || f.Through[0] != spSLO || !f.Answers {
		t.Fatalf("farewell %+v", f)
	}
	w := h.get(f.Visit)
	page := posted(t, w)
	doc, err := base64.StdEncoding.DecodeString(page.Fields.Get("SAMLRequest"))
	must(t, err)
	s := judgedLogout(t, doc)
	checkRequest(t, s, h.login.joined[0].NameID)
	if page.Action != spSLO || s.Destination != spSLO || !strings.Contains(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'self'") {
		t.Errorf("the form goes to %s, policy %s", page.Action, w.Header().Get("Content-Security-Policy"))
	}
	h.get(f.Visit) // a frame that loads again
	answer := text(t, enveloped(t, logoutResponse(s.ID, spEntity, "status:Success", "status:Responder"), "sp", ""))
	w = h.postSLO(url.Values{"SAMLResponse": {encoded(answer)}})
	if cause := h.logout.told["wiki"]; w.Code != http.StatusOK || cause == nil || !strings.Contains(cause.Error(), "Responder") {
		t.Errorf("told %v; status %d: %s", cause, w.Code, pageText(w))
	}
	h.refuses(h.get(f.Visit), http.StatusGone, "belongs to no sign-out")
}

func TestFarewellChoosesTheWay(t *testing.T) {
	t.Parallel()
	all := []idp.Endpoint{{Binding: soapBinding, Location: "https://wiki.example/soap"}, {Binding: postBinding, Location: spSLO}, {Binding: redirectBinding, Location: spSLO}}
	for name, c := range map[string]struct {
		policy  string
		slo     []idp.Endpoint
		browser bool
		want    string
	}{
		"redirect first":                         {"", all, true, "redirect"},
		"POST where there is no redirect":        {"auto", all[:2], true, "post"},
		"SOAP where there is nothing else":       {"auto", all[:1], true, "soap"},
		"SOAP without a browser":                 {"auto", all, false, "soap"},
		"as the admin says, SOAP":                {"soap", all, true, "soap"},
		"as the admin says, POST":                {"post", all, true, "post"},
		"not by SOAP if the admin says redirect": {"redirect", all, false, "none"},
		"not at all without a browser":           {"", all[1:], false, "none"},
		"not at all without an address":          {"", nil, true, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := &appServer{answer: func(id string) (int, string) { return 200, soapEnvelope(logoutResponse(id, spEntity)) }}
			h := newHouse(t, func(o *samlidp.Options) { o.Post = app.post(t) })
			h.two(func(sp *idp.ServiceProvider) { sp.SLO, sp.SLOBinding = c.slo, c.policy })
			logout := ""
			if c.browser {
				logout = "one"
			}
			f := h.farewell(logout, "wiki", "")
			got := "none"
			switch {
			case strings.HasPrefix(f.Visit, spSLO):
				got = "redirect"
			case f.Visit != "":
				got = "post"
			case f.Send(t.Context()) == nil:
				got = "soap"
			}
			if got != c.want {
				t.Errorf("it is told by %s, want %s", got, c.want)
			}
		})
	}
}

func TestFarewellLeavesOut(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	apps := func(except string) (list []string) {
		all, err := h.saml.Farewells(t.Context(), "one", h.stored("session"), except)
		must(t, err)
		for _, f := range all {
			list = append(list, f.App)
		}
		return list
	}
	equal(t, "all", apps(""), []string{"blog", "wiki"})
	equal(t, "all but the one that asked", apps("wiki"), []string{"blog"})
	must(t, h.store.DeleteServiceProvider(t.Context(), "blog", 0))
	equal(t, "all but the deleted one", apps(""), []string{"wiki"})
}

// Only the latest name is sent through the browser: it is the one that the browser's cookie stands for.
func TestFarewellThroughTheBrowserNamesTheLatestName(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(ending, func(sp *idp.ServiceProvider) { sp.NameID.Format = "transient" })
	h.signedIn()
	h.signOn("session", "sid-1", authnRequest(), authnRequest("_request1", "_request2"))
	f := h.farewell("one", "wiki", "")
	if s := inRedirect(t, f.Visit, spSLO, "SAMLRequest"); s.NameID.Value != h.login.joined[1].NameID {
		t.Errorf("it names %q", s.NameID.Value)
	}
	if f.Answers {
		t.Error("an answer is expected that nobody could verify: the application has no certificate")
	}
}

// An application with nobody's certificate can ask for nothing: nothing is remembered for it.
func TestNamesAreRememberedOnlyWhereTheyAreOfUse(t *testing.T) {
	t.Parallel()
	counted := &countedTickets{}
	h := newHouse(t, func(o *samlidp.Options) { counted.Tickets, o.Tickets = o.Tickets, counted })
	h.register(ending)
	h.signedIn()
	posted(t, h.send(authnRequest()))
	if counted.writes != 0 {
		t.Errorf("%d writes", counted.writes)
	}
	sp, err := h.store.ServiceProvider(t.Context(), "wiki")
	must(t, err)
	sp.SigningCerts = [][]byte{certificate(t, "sp").Raw}
	must(t, h.store.UpdateServiceProvider(t.Context(), sp))
	for _, id := range []string{"_a", "_b", "_c"} {
		posted(t, h.send(authnRequest("_request1", id)))
	}
	if counted.writes != 1 {
		t.Errorf("%d writes for three sign-ins under one name, want 1", counted.writes)
	}
	counted.down = true
	if w := h.send(authnRequest("_request1", "_d")); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a sign-in that could not be ended by SOAP: status %d", w.Code)
	}
}

type countedTickets struct {
	idp.Tickets
	writes int
	down   bool
}

func (c *countedTickets) Ticket(ctx context.Context, kind, id string) (idp.Ticket, error) {
	if c.down {
		return idp.Ticket{}, idp.ErrUnavailable
	}
	return c.Tickets.Ticket(ctx, kind, id)
}

func (c *countedTickets) CreateTicket(ctx context.Context, t idp.Ticket) error {
	c.writes++
	return c.Tickets.CreateTicket(ctx, t)
}

func (c *countedTickets) UpdateTicket(ctx context.Context, t idp.Ticket) error {
	c.writes++
	return c.Tickets.UpdateTicket(ctx, t)
}

// An address that has changed hands belongs to both people while both may have sessions.
func TestANameOfTwoPeople(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	h.people["bob"] = idp.Person{Subject: "bob", Directory: "local", Login: "bob", Status: idp.Active, Attributes: h.people[alice].Attributes}
	h.login.session = &idp.Answer{Outcome: idp.SignedIn, Session: "bobs", SID: "sid-b", Subject: "bob", AuthTime: noon}
	h.login.joined = nil
	posted(t, h.send(authnRequest("_request1", "_request9")))
	must(t, h.store.CreateSession(t.Context(), idp.Session{ID: "bobs", SID: "sid-b", Subject: "bob", CreatedAt: noon, ExpiresAt: noon.Add(time.Hour), Apps: h.login.joined}))
	answered(t, h.logoutByRedirect(logoutRequest("sid-1", "sid-b")), spSLODone).is(t, success, "")
	if !h.alive("session") || h.alive("bobs") {
		t.Errorf("Alice's lives: %v, Bob's lives: %v", h.alive("session"), h.alive("bobs"))
	}
}

func TestFarewellWhenTheStoreIsDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *samlidp.Options) { o.Tickets = broken{o.Tickets} })
	h.register(ending)
	h.signedIn()
	h.signOn("session", "sid-1", authnRequest())
	f := h.farewell("one", "wiki", "")
	if f.Visit != "" || f.Send == nil || !errors.Is(f.Send(t.Context()), idp.ErrUnavailable) {
		t.Errorf("farewell %+v", f)
	}
}

type broken struct{ idp.Tickets }

func (broken) CreateTicket(context.Context, idp.Ticket) error { return idp.ErrUnavailable }

func TestSendRefuses(t *testing.T) {
	t.Parallel()
	h := twoApps(t, func(sp *idp.ServiceProvider) { sp.SLOBinding = "post" })
	visit := h.farewell("one", "wiki", "").Visit
	for name, target := range map[string]string{
		"no request":                issuer + "/saml/slo/send",
		"an unknown one":            issuer + "/saml/slo/send?request=_x",
		"one that goes by redirect": issuer + "/saml/slo/send?request=" + inRedirect(t, h.farewell("one", "blog", "").Visit, blogSLO, "SAMLRequest").ID,
	} {
		t.Run(name, func(t *testing.T) { h.refuses(h.get(target), http.StatusGone, "belongs to no sign-out") })
	}
	h.advance(16 * time.Minute)
	h.refuses(h.get(visit), http.StatusGone, "belongs to no sign-out")
}

// Who gets the NameID encrypted in assertions gets it so at the end too.
func TestFarewellNamesByEncryptedID(t *testing.T) {
	t.Parallel()
	h := twoApps(t, func(sp *idp.ServiceProvider) {
		sp.SLOBinding, sp.NameID.Encrypt, sp.EncryptionCerts = "post", true, [][]byte{certificate(t, "sp").Raw}
	})
	doc, err := base64.StdEncoding.DecodeString(posted(t, h.get(h.farewell("one", "wiki", "").Visit)).Fields.Get("SAMLRequest"))
	must(t, err)
	judgedLogout(t, doc)
	if strings.Contains(string(doc), email) {
		t.Errorf("the name is in the clear: %s", doc)
	}
	root, err := wire.Parse(doc)
	must(t, err)
	inner, err := xenc.Open(root.Child(wire.NSAssertion, "EncryptedID"), []crypto.Decrypter{privateKey(t, "sp").(crypto.Decrypter)}, true)
	must(t, err)
	if inner.Text() != email {
		t.Errorf("it names %q", inner.Text())
	}
}

// An application that was told no name cannot be told whose session has ended.
func TestFarewellWithoutName(t *testing.T) {
	t.Parallel()
	for _, binding := range []string{"redirect", "soap"} {
		app := &appServer{}
		h := newHouse(t, func(o *samlidp.Options) { o.Post = app.post(t) })
		h.two(takesSOAP, func(sp *idp.ServiceProvider) { sp.NameID.Format, sp.SLOBinding = "none", binding })
		f := h.farewell("one", "wiki", "")
		if f.Visit != "" || f.Send == nil || !strings.Contains(fmt.Sprint(f.Send(t.Context())), "was told no name") {
			t.Errorf("%s: farewell %+v", binding, f)
		}
	}
}
