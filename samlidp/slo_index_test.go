package samlidp_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/keys"
	"cloudsso/samlidp"
)

// Two applications cannot find out by the SessionIndex that they speak of the same session
// (Core §2.7.2), and neither can whoever knows the sid of its tokens.
func TestEveryApplicationHasItsOwnSessionIndex(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	wiki, blog := h.login.joined[0].SessionIndex, h.login.joined[1].SessionIndex
	if wiki == "" || blog == "" || wiki == blog || strings.Contains(wiki+blog, "sid-1") {
		t.Fatalf("the wiki is told %q, the blog %q", wiki, blog)
	}
	again := response(t, h.send(authnRequest("_request1", "_again"))).Assertion.Authn.Index
	h.login.session.SID = "sid-2"
	other := response(t, h.send(authnRequest("_request1", "_other"))).Assertion.Authn.Index
	if again != wiki || other == wiki {
		t.Errorf("the same session %q and again %q, another session %q", wiki, again, other)
	}
}

// S22: the index that another application was told ends nothing; the own one does.
func TestS22_LogoutByTheIndexOfAnotherApplication(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	theirs := logoutRequest(">sid-1<", ">"+h.login.joined[1].SessionIndex+"<")
	answered(t, h.logoutByRedirect(theirs), spSLODone).is(t, success, "")
	h.untouched(httptest.NewRecorder())
	sid := logoutRequest("_logout1", "_logout2", ">sid-1<", "> sid-1 <") // as OpenID Connect clients call it
	h.get(bySP(t, "sp", "SAMLRequest", sid, ""))
	h.untouched(httptest.NewRecorder())
	h.logoutByRedirect(logoutRequest("_logout1", "_logout3"))
	if h.alive("session") {
		t.Error("the session outlives a logout by the wiki's own index")
	}
}

// A session from before the key changed, or from a release that told every application the
// same, is known to an application under two indexes: each ends it, and its end names both.
func TestASessionKnownUnderTwoIndexes(t *testing.T) {
	t.Parallel()
	old := func(h *house) {
		s := h.stored("session")
		before := s.Apps[0]
		before.SessionIndex = "sid-1"
		s.Apps = slices.Insert(s.Apps, 0, before)
		must(h.t, h.store.UpdateSession(h.t.Context(), s))
	}
	for name, sent := range map[string]string{"the old one": "> sid-1 <", "the new one": ">sid-1<"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := twoApps(t)
			old(h)
			answered(t, h.follow(h.logoutByRedirect(logoutRequest(">sid-1<", sent))), spSLODone).is(t, success, "")
			if h.alive("session") {
				t.Error("the session lives")
			}
		})
	}
	both := []string{"sid-1", index("sid-1", "wiki")}
	t.Run("by redirect", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t)
		old(h)
		equal(t, "SessionIndex", inRedirect(t, h.farewell("one", "wiki", "").Visit, spSLO, "SAMLRequest").Indexes, both)
	})
	t.Run("by POST", func(t *testing.T) {
		t.Parallel()
		h := twoApps(t, func(sp *idp.ServiceProvider) { sp.SLOBinding = "post" })
		old(h)
		doc := mustDecode(t, posted(t, h.get(h.farewell("one", "wiki", "").Visit)).Fields.Get("SAMLRequest"))
		equal(t, "SessionIndex", judgedLogout(t, doc).Indexes, both)
	})
	t.Run("by SOAP", func(t *testing.T) {
		t.Parallel()
		app := &appServer{answer: func(id string) (int, string) { return 200, soapEnvelope(logoutResponse(id, spEntity)) }}
		h := newHouse(t, func(o *samlidp.Options) { o.Post = app.post(t) })
		h.two(takesSOAP)
		old(h)
		must(t, h.farewell("", "wiki", "").Send(t.Context()))
		equal(t, "SessionIndex", app.requests[0].Indexes, both)
	})
}

// The key ring's hash, which every node of a cluster shares, is what the product uses.
var _ samlidp.MAC = (*keys.MAC)(nil)
