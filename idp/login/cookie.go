package login

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"time"

	"cloudsso/idp"
)

const (
	browserCookie = "cloudsso-browser"
	sessionCookie = "cloudsso-session"
	deviceCookie  = "cloudsso-device"
)

// cookieName: __Host- makes browsers refuse a cookie that another host of the domain,
// or plain http, tries to plant (RFC 6265bis §4.1.3.2).
func (h *Handler) cookieName(name string) string {
	if h.secure {
		return "__Host-" + name
	}
	return name
}

// setCookie keeps value until the browser closes, or for maxAge if that is positive.
func (h *Handler) setCookie(w http.ResponseWriter, name, value string, maxAge time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: h.cookieName(name), Value: value, Path: "/", MaxAge: int(maxAge.Seconds()),
		Secure: h.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (h *Handler) clearCookie(w http.ResponseWriter, name string) {
	h.setCookie(w, name, "", -time.Second)
}

// cookie returns the value of a cookie of ours, "" if there is none.
func (h *Handler) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(h.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// secretLength is that of idp.NewSecret.
const secretLength = 43

// browser returns the secret that names this browser, "" if it sent none.
func (h *Handler) browser(r *http.Request) string {
	if v := h.cookie(r, browserCookie); len(v) == secretLength {
		return v
	}
	return ""
}

// sureBrowser returns the same, and gives the browser one first if it has none. It
// never replaces one: flows in other tabs depend on it.
func (h *Handler) sureBrowser(w http.ResponseWriter, r *http.Request) string {
	v := h.browser(r)
	if v == "" {
		v = idp.NewSecret()
		h.setCookie(w, browserCookie, v, 0)
	}
	return v
}

// formToken binds a form to one browser, one flow and one step. Attack: another site
// posts our form, to sign somebody in as the attacker or to press "Allow" for them;
// it cannot know the browser's secret.
func formToken(browser, flow, step string) string {
	m := hmac.New(sha256.New, []byte(browser))
	m.Write([]byte("form\x00" + flow + "\x00" + step))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// checkForm reports whether a form was sent from our own page for this step.
func (h *Handler) checkForm(r *http.Request, flow, step string) error {
	browser := h.browser(r)
	if browser == "" {
		return errNoCookie
	}
	want := formToken(browser, flow, step)
	if subtle.ConstantTimeCompare([]byte(r.PostForm.Get("token")), []byte(want)) != 1 {
		return errStaleForm
	}
	if h.cross.Check(r) != nil {
		return errStaleForm
	}
	return nil
}

// FormToken is the token of a form on another package's page, for one step. It gives the
// browser its cookie if it has none.
func (h *Handler) FormToken(w http.ResponseWriter, r *http.Request, step string) string {
	return formToken(h.sureBrowser(w, r), "", step)
}

// CheckForm reports whether r.PostForm was sent from our own page for this step. Its
// errors are fit for people.
func (h *Handler) CheckForm(r *http.Request, step string) error { return h.checkForm(r, "", step) }
