package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"cloudsso/idp"
	"cloudsso/idp/tokenapp"
	"cloudsso/idp/web"
)

// launch answers /launch/{app}, the one stable link of an application: it takes the safest
// way in that the application has: a sign-in that it starts itself (OpenID Connect Core §4, a
// start address), then a signed token, then an IdP-initiated assertion if it takes those,
// and otherwise a page that says what to do. Everything it leads to is registered; what the
// link says beside that (target_link_uri, login_hint, RelayState, return_to_param) is passed
// on as far as the protocol has a rule for it.
func (s *Server) launch(w http.ResponseWriter, r *http.Request) {
	to, name, err := s.way(r.Context(), r.PathValue("app"), r.URL.Query())
	switch {
	case err != nil:
		s.pages.Error(w, r, err)
	case to == "":
		s.pages.Problem(w, r, web.Problem{
			Status: http.StatusNotFound, Title: "Please open " + name + " itself",
			Text:    name + " cannot be opened from here: no address is registered that it starts at.",
			Advice:  "Go to " + name + " as usual and choose to sign in there; you will come back here for it.",
			Actions: []web.Action{{Text: "Go to the start page", URL: "/"}},
		})
	default:
		seeOther(w, to)
	}
}

var errNotLaunched = idp.Errorf(idp.NotFound, "There is no application at this address, or it is switched off.")

// way is where an application is opened, "" if it has no such place.
func (s *Server) way(ctx context.Context, app string, link url.Values) (to, name string, err error) {
	sp, err := s.options.Records.ServiceProvider(ctx, app)
	if err == nil {
		return s.samlWay(&sp, link)
	}
	if !errors.Is(err, idp.ErrNotFound) {
		return "", "", err
	}
	c, err := s.options.Records.Client(ctx, app)
	if err == nil {
		return s.clientWay(&c, link)
	}
	if !errors.Is(err, idp.ErrNotFound) {
		return "", "", err
	}
	t, err := s.options.Records.TokenApp(ctx, app)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return "", "", errNotLaunched
	case err != nil:
		return "", "", err
	}
	return s.tokenWay(&t, link)
}

func (s *Server) clientWay(c *idp.Client, link url.Values) (to, name string, err error) {
	if c.Disabled {
		return "", "", errNotLaunched
	}
	if to = s.oauth.InitiateLogin(c, link.Get("target_link_uri"), link.Get("login_hint")); to == "" {
		to = c.ClientURI
	}
	return to, c.DisplayName(), nil
}

// tokenWay prefers the application's own start, which may bring a nonce along; one that needs a
// nonce has no other.
func (s *Server) tokenWay(t *idp.TokenApp, link url.Values) (to, name string, err error) {
	switch {
	case t.Disabled:
		return "", "", errNotLaunched
	case t.StartURL != "":
		return t.StartURL, t.Name, nil
	case t.Scheme == idp.SchemeDiscourse || t.NonceParam != "":
		return "", t.Name, nil
	}
	to = s.options.Config.Issuer + tokenapp.Path + url.PathEscape(t.App)
	if param := t.ReturnToParam; param != "" && link.Has(param) {
		to += "?" + url.Values{param: link[param]}.Encode()
	}
	return to, t.Name, nil
}

// samlWay prefers the application's own start: an answer that nobody asked for can be
// planted in a stranger's browser.
func (s *Server) samlWay(sp *idp.ServiceProvider, link url.Values) (to, name string, err error) {
	switch {
	case sp.Disabled:
		return "", "", errNotLaunched
	case sp.StartURL != "":
		return sp.StartURL, sp.Name, nil
	case sp.AllowIDPInitiated:
		to = s.options.Config.Issuer + "/saml/init/" + url.PathEscape(sp.App)
		if link.Has("RelayState") {
			to += "?" + url.Values{"RelayState": link["RelayState"]}.Encode()
		}
		return to, sp.Name, nil
	}
	return "", sp.Name, nil
}
