package tokenapp

import (
	"net/http"
	"net/url"
	"strings"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

// maxRedirect is the longest address that an answer may make: servers cut longer ones off, or
// refuse them.
const maxRedirect = 8000

// deliver has the browser carry the answer. Values are encoded by whoever writes the
// address or the page, never put together by hand.
func (p *Provider) deliver(w http.ResponseWriter, r *http.Request, q *request, a answer) error {
	if q.app.Method == "post" {
		page := web.AutoPost{Action: q.app.ReturnURL, App: q.app.Name}
		for _, f := range a.fields {
			page.Fields = append(page.Fields, web.Field{Name: f.name, Value: f.value})
		}
		p.Pages.AutoPost(w, r, page)
		return nil
	}
	target := withQuery(q.app.ReturnURL, a.fields)
	if len(target) > maxRedirect {
		return idp.Errorf(idp.Invalid, "The token has too many bytes for an address (%d of at most %d). The application's administrator should map fewer values, or set method to post.", len(target), maxRedirect)
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // our own address names the sign-in
	h.Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// withQuery adds to the query that a registered address has already.
func withQuery(address string, fields []field) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = url.QueryEscape(f.name) + "=" + url.QueryEscape(f.value)
	}
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + strings.Join(parts, "&")
}
