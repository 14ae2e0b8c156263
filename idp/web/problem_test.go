package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

func TestErrorTellsWhatHappenedAndKeepsTheCause(t *testing.T) {
	t.Parallel()
	p := newPages(t, "")
	for name, c := range map[string]struct {
		err    error
		status int
		says   string
	}{
		"a bad request":            {idp.Errorf(idp.Invalid, "The return address is not registered."), 400, "The return address is not registered."},
		"nobody signed in":         {idp.Errorf(idp.Unauthorized, "Please sign in."), 403, "You need to sign in"},
		"not allowed":              {idp.Errorf(idp.Forbidden, "You are not assigned to Wiki."), 403, "ask your administrator"},
		"a store's not found":      {fmt.Errorf("x: %w", idp.ErrNotFound), 404, "Not found"},
		"a store's conflict":       {idp.ErrConflict, 409, "Somebody was faster"},
		"expired":                  {idp.Errorf(idp.Expired, "The sign-in took too long."), 410, "start again"},
		"too many":                 {idp.Errorf(idp.TooMany, "Wait a minute."), 429, "Wait a minute."},
		"a store that is down":     {fmt.Errorf("x: %w", idp.ErrUnavailable), 503, "does not work at the moment"},
		"what nobody foresaw":      {errors.New("secret detail"), 500, "Something went wrong on our side."},
		"a cause behind an error":  {idp.Errorf(idp.Invalid, "No.").Because(errors.New("secret detail")), 400, "No."},
		"a code that we forgot of": {&idp.Error{Code: "new", Public: "Hm."}, 500, "Hm."},
	} {
		t.Run(name, func(t *testing.T) {
			request := &idp.Request{Support: "K7QF-2M9D"}
			w := httptest.NewRecorder()
			p.Error(w, httptest.NewRequestWithContext(idp.WithRequest(t.Context(), request), http.MethodGet, "/", nil), c.err)
			body := w.Body.String()
			if w.Code != c.status || !strings.Contains(body, c.says) || !strings.Contains(body, "K7QF-2M9D") {
				t.Errorf("status %d, want %d with %q and the support code:\n%s", w.Code, c.status, c.says, body)
			}
			if strings.Contains(body, "secret detail") {
				t.Error("the private cause is public")
			}
			if strings.Contains(c.err.Error(), "secret detail") && !strings.Contains(fmt.Sprint(request.Notes()), "secret detail") {
				t.Error("the private cause is not in the log")
			}
		})
	}
}

func TestErrorOffersToTryAgain(t *testing.T) {
	t.Parallel()
	p := newPages(t, "/sso")
	for name, c := range map[string]struct {
		method, target string
		err            error
		again          string
	}{
		"a page that a moment's wait may bring": {"GET", "/login?flow=a&app=b", idp.ErrUnavailable, `href="/sso/login?flow=a&amp;app=b"`},
		"a form, which must not be sent by GET": {"POST", "/login?flow=a", idp.ErrUnavailable, ""},
		"a fault that stays":                    {"GET", "/login?flow=a", idp.ErrNotFound, ""},
		"a path that leads to another host":     {"GET", "http://x//evil.example/", idp.ErrUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			p.Error(w, httptest.NewRequestWithContext(t.Context(), c.method, c.target, nil), c.err)
			if got := strings.Contains(w.Body.String(), "Try again<"); got != (c.again != "") || !strings.Contains(w.Body.String(), c.again) {
				t.Errorf("want %q in:\n%s", c.again, w.Body.String())
			}
			if !strings.Contains(w.Body.String(), `href="/sso/"`) {
				t.Error("there is no way to the start page")
			}
		})
	}
}

func TestProblemOffersAWayOn(t *testing.T) {
	t.Parallel()
	p := newPages(t, "/sso")
	w, _ := render(t, func(w http.ResponseWriter, r *http.Request) {
		p.Problem(w, r, web.Problem{Title: "This sign-in is over", Actions: []web.Action{{Text: "Start again at Wiki", URL: "https://wiki.example/"}, {Text: "Start page", URL: "/"}}})
	})
	for _, want := range []string{`class="button primary" href="https://wiki.example/"`, `class="button" href="/sso/"`, `id="support-code"`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if w.Code != http.StatusBadRequest {
		t.Errorf("status %d", w.Code)
	}
}

func TestAutoPostCarriesTheResponse(t *testing.T) {
	t.Parallel()
	p := newPages(t, "")
	w, _ := render(t, func(w http.ResponseWriter, r *http.Request) {
		p.AutoPost(w, r, web.AutoPost{Action: "https://sp.example/acs?a=1&b=2", App: "Wiki", Fields: []web.Field{{Name: "SAMLResponse", Value: "PD94bWw+/=="}, {Name: "RelayState", Value: "a\nb<&"}}})
	})
	body := w.Body.String()
	for _, want := range []string{
		`<title>Continuing to Wiki… · Cloud SSO</title>`, `<form id="autopost" method="post" action="https://sp.example/acs?a=1&amp;b=2">`,
		`name="SAMLResponse" value="PD94bWw&#43;/=="`, `name="RelayState" value="a` + "\n" + `b&lt;&amp;"`,
		`<script type="module" src="/assets/autopost.`, `id="autopost-submit"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
}
