package login

import (
	"encoding/base64"
	"net/http"

	"cloudsso/idp"
)

// stateCookie says which session the browser is in, as a value that means nothing to
// anybody (OpenID Connect Session Management §3, "OP browser state"). It is apart from the
// session's cookie because script reads it, in a frame of other sites.
const stateCookie = "cloudsso-state"

// StateCookie is the name of that cookie.
func (h *Handler) StateCookie() string { return h.cookieName(stateCookie) }

// BrowserState returns the browser state of a session and sees to it that the browser has
// it. It changes when somebody else signs in, and when the session is signed out of.
func (h *Handler) BrowserState(w http.ResponseWriter, r *http.Request, sid string) string {
	value := base64.RawURLEncoding.EncodeToString(h.mac.Sum([]byte("browser-state"), []byte(sid)))
	if h.cookie(r, stateCookie) != value {
		h.setState(w, value)
	}
	return value
}

// changeState: after a sign-out the state is another one, not none: without a cookie the
// frame cannot tell a sign-out from a browser that holds cookies back.
func (h *Handler) changeState(w http.ResponseWriter) { h.setState(w, idp.NewSecret()) }

func (h *Handler) setState(w http.ResponseWriter, value string) {
	c := &http.Cookie{Name: h.StateCookie(), Value: value, Path: "/", Secure: h.secure, SameSite: http.SameSiteNoneMode}
	if !h.secure {
		c.SameSite = http.SameSiteLaxMode // browsers drop None without Secure
	}
	http.SetCookie(w, c)
}
