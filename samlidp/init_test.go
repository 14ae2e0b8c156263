package samlidp_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

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

// Shibboleth's form of the same link.
func TestIdPInitiatedByName(t *testing.T) {
	t.Parallel()
	name := "/saml/init?providerId=" + url.QueryEscape(spEntity)
	now := fmt.Sprint(noon.Unix())
	for what, c := range map[string]struct {
		target string
		action string
		relay  string
	}{
		"the name alone":        {name, spACS, "/start"},
		"with a target":         {name + "&target=https%3A%2F%2Fevil.example%2F", spACS, "https://evil.example/"},
		"with an address":       {name + "&shire=" + url.QueryEscape(spACS+"/second"), spACS + "/second", "/start"},
		"with everything":       {name + "&shire=" + url.QueryEscape(spACS) + "&target=x&time=" + now, spACS, "x"},
		"with an empty target":  {name + "&target=", spACS, ""},
		"with something beside": {name + "&x=y", spACS, "/start"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(func(sp *idp.ServiceProvider) { sp.AllowIDPInitiated, sp.DefaultRelayState = true, "/start" })
			w := h.get(issuer + c.target) // through the login page: the address is kept in the flow
			h.signedIn()
			w = h.get(h.login.settle(w, *h.login.session))
			r := response(t, w)
			if f := posted(t, w); f.Action != c.action || f.Fields.Get("RelayState") != c.relay || r.Destination != c.action || r.InResponseTo != nil {
				t.Errorf("form %+v", f)
			}
		})
	}
}

// S21: the parameters of a link choose nothing that is not registered.
func TestAttack_S21_ParametersOfALink(t *testing.T) {
	t.Parallel()
	name := "/saml/init?providerId=" + url.QueryEscape(spEntity)
	for what, c := range map[string]struct {
		target string
		status int
		text   string
	}{
		"no name":                      {"/saml/init", 400, "The parameter providerId is missing"},
		"an unknown name":              {"/saml/init?providerId=urn:unknown", 404, "There is no application at this address"},
		"the name twice":               {name + "&providerId=urn:x", 400, "providerId is there more than once"},
		"an address of somebody else":  {name + "&shire=https%3A%2F%2Fevil.example%2Facs", 400, `"https://evil.example/acs" is not registered`},
		"an address in other letters":  {name + "&shire=" + url.QueryEscape("https://WIKI.example/acs"), 400, "character by character"},
		"an address of another kind":   {name + "&shire=" + url.QueryEscape("https://wiki.example/saml/artifact"), 400, "is not registered"},
		"the address twice":            {name + "&shire=" + url.QueryEscape(spACS) + "&shire=x", 400, "shire is there more than once"},
		"the target twice":             {name + "&target=a&target=b", 400, "target is there more than once"},
		"a target too long":            {name + "&target=" + strings.Repeat("a", 2049), 400, "at most 2048 bytes"},
		"a target with a control code": {name + "&target=a%00", 400, "without control characters"},
		"an old link":                  {name + "&time=" + fmt.Sprint(noon.Add(-6*time.Minute).Unix()), 410, "works for 5 minutes only"},
		"a link from the future":       {name + "&time=" + fmt.Sprint(noon.Add(time.Hour).Unix()), 410, "made at another time"},
		"a time that is none":          {name + "&time=soon", 400, "a number of seconds since 1970"},
		"a time beyond the calendar":   {name + "&time=99999999999999999999", 400, "a number of seconds since 1970"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(func(sp *idp.ServiceProvider) { sp.AllowIDPInitiated = true })
			h.signedIn()
			h.wantPage(h.get(issuer+c.target), c.status, c.text)
		})
	}
	for what, change := range map[string]func(*idp.ServiceProvider){
		"not allowed":  func(*idp.ServiceProvider) {},
		"switched off": func(sp *idp.ServiceProvider) { sp.AllowIDPInitiated, sp.Disabled = true, true },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(change)
			h.signedIn()
			status := map[string]int{"not allowed": 403, "switched off": 404}[what]
			h.wantPage(h.get(issuer+name), status, "")
		})
	}
}
