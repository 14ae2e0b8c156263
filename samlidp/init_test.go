package samlidp_test

import (
	"testing"

	"cloudsso/idp"
)

func TestIdPInitiated(t *testing.T) {
	t.Parallel()
	allowed := func(sp *idp.ServiceProvider) { sp.AllowIDPInitiated, sp.DefaultRelayState = true, "/start" }
	for name, c := range map[string]struct{ target, relay string }{
		"with a RelayState":       {"/saml/init/wiki?RelayState=%2Fdeep%3Fa", "/deep?a"},
		"with an empty one":       {"/saml/init/wiki?RelayState=", ""},
		"with the default":        {"/saml/init/wiki", "/start"},
		"with something else too": {"/saml/init/wiki?x=y", "/start"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(allowed)
			w := h.get(issuer + c.target)
			h.signedIn()
			w = h.get(h.login.settle(w, *h.login.session))
			f := posted(t, w)
			if f.Action != spACS || f.Fields.Get("RelayState") != c.relay || !f.Fields.Has("RelayState") {
				t.Errorf("form %+v", f)
			}
			r := response(t, w)
			if _, there := r.confirmed("InResponseTo"); there || r.InResponseTo != nil {
				t.Error("InResponseTo answers a request that never was")
			}
			if got, _ := r.confirmed("Recipient"); got != spACS || r.Assertion.Authn.Class != ppt {
				t.Errorf("assertion %+v", r.Assertion)
			}
		})
	}
	t.Run("taken back while the person signs in", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		sp := h.register(allowed)
		w := h.get(issuer + "/saml/init/wiki")
		sp.Version, sp.AllowIDPInitiated = 1, false
		must(t, h.store.UpdateServiceProvider(t.Context(), sp))
		h.signedIn()
		h.wantPage(h.get(h.login.settle(w, *h.login.session)), 403, "Open Wiki itself")
	})
}
