package web

import (
	"net/http"

	"cloudsso/idp"
)

// checkSessionPolicy: every site may show this page in a frame, which has nothing to see
// or to click in it.
const checkSessionPolicy = "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors *"

// CheckSession writes the page without contents that answers applications whether their
// session is still the same (OpenID Connect Session Management §3.2). cookie names the
// browser state.
func (p *Pages) CheckSession(w http.ResponseWriter, r *http.Request, cookie string) {
	body, err := p.render("checksession", frame{Script: "check_session.js", Page: cookie})
	if err != nil {
		p.Error(w, r, idp.AsError(err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", checkSessionPolicy)
	h.Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(body)
}
