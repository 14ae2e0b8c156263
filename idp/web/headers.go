package web

import (
	"net/http"
	"net/url"
	"strings"
)

// policy is the Content-Security-Policy of every page. Client logos come from
// wherever the client keeps them, hence https: for images. There is no form-action:
// Chrome and Safari apply it to the whole chain of redirects after a form was sent,
// and so break signing in to every app that is not on our own origin.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; " +
	"connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard sets the headers of a page.
//
// Referrer-Policy is same-origin, not the stricter no-referrer: with the latter, a
// browser sends `Origin: null` with our own forms, and the check that turns away
// forms of other sites could not tell ours from theirs.
//
// There is no Cross-Origin-Opener-Policy here: an app may open the login in a popup
// and wait for it, and the header would cut that bond for good.
func guard(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
}

// alone keeps other windows from reaching a page that no app waits for.
func alone(h http.Header) { h.Set("Cross-Origin-Opener-Policy", "same-origin") }

// framing loosens the policy of the few pages that have frames or stand in one.
func (f frame) framing(h http.Header) {
	csp := policy
	if f.Frames != nil {
		csp += "; frame-src 'self' " + strings.Join(f.Frames, " ")
	}
	if f.Framed {
		csp = strings.Replace(csp, "frame-ancestors 'none'", "frame-ancestors 'self'", 1)
		h.Set("X-Frame-Options", "SAMEORIGIN")
	}
	h.Set("Content-Security-Policy", csp)
}

// origin of an address as a source expression, "" of what is no plain web address:
// nothing stands in a policy as it came.
func origin(address string) string {
	u, err := url.Parse(link(address))
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host, ";, '\"*") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func origins(addresses []string) []string {
	var out []string
	for _, a := range addresses {
		out = append(out, origin(a))
	}
	return out
}
