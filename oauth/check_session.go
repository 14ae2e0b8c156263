package oauth

import (
	"crypto/sha256"
	"net/http"
	"net/url"
	"slices"

	"cloudsso/idp"
)

const checkSessionPath = "/oauth2/check_session"

// States knows the browser state of a session. The login implements it.
type States interface {
	// BrowserState returns the state and sees to it that the browser has it as a cookie.
	BrowserState(w http.ResponseWriter, r *http.Request, sid string) string
	// StateCookie is the name of that cookie.
	StateCookie() string
}

// CheckSession is the frame of OpenID Connect Session Management §3.2.
func (p *Provider) CheckSession(w http.ResponseWriter, r *http.Request) {
	if p.States == nil {
		p.Pages.Error(w, r, idp.ErrNotFound)
		return
	}
	p.Pages.CheckSession(w, r, p.States.StateCookie())
}

// addSessionState: OpenID Connect Session Management §2, for each answer that tells of a
// session. The salt keeps two applications from seeing that they serve the same browser.
func (p *Provider) addSessionState(w http.ResponseWriter, r *http.Request, a *authorization, f idp.Flow, params url.Values) {
	origin := idp.Origin(a.redirectURI)
	if p.States == nil || f.Answer.SID == "" || origin == "" || !slices.Contains(a.scopes, "openid") {
		return
	}
	state, salt := p.States.BrowserState(w, r, f.Answer.SID), idp.NewID()
	sum := sha256.Sum256([]byte(a.client.ID + " " + origin + " " + state + " " + salt))
	params.Set("session_state", encoding.EncodeToString(sum[:])+"."+salt)
}
