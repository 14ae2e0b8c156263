package web

import "net/http"

// Home is the page at "/": who is signed in, and the way in or out.
type Home struct {
	Person *Person // nil: nobody
}

// Home writes the page.
func (p *Pages) Home(w http.ResponseWriter, r *http.Request, page Home) {
	alone(w.Header())
	p.write(w, r, http.StatusOK, "home", frame{Title: "Your sign-in", Page: page})
}

// Logout is the page that asks before it ends the session: one form, posted to /logout,
// which carries on who asked for it and what follows.
type Logout struct {
	Person        Person
	Token         string
	Protocol, App string
	Report        bool
	Return        string // where the browser goes afterwards; empty: to [SignedOut]
}

// Logout writes the page.
func (p *Pages) Logout(w http.ResponseWriter, r *http.Request, page Logout) {
	alone(w.Header())
	p.write(w, r, http.StatusOK, "logout", frame{Title: "Sign out", Page: page})
}

// LogoutApp is an app that is told of the end of a session.
type LogoutApp struct {
	Name    string
	Outcome string // told, visited, queued, waiting or failed
	Visit   string // address for a frame of [LogoutProgress], if any
	Through []string
	Answers bool // the frame ends on [Pages.Told]
}

// LogoutProgress is the page whose frames visit the apps. It goes on to Next by itself.
type LogoutProgress struct {
	Apps []LogoutApp
	Next string
}

// logoutWait is how long frames may take. Without script the browser counts from the
// moment that all frames have loaded.
const logoutWait = "5"

// LogoutProgress writes the page. The browser loads nothing in its frames but what the
// apps have registered, and none of them can take the window along (sandbox).
func (p *Pages) LogoutProgress(w http.ResponseWriter, r *http.Request, page LogoutProgress) {
	alone(w.Header())
	w.Header().Set("Refresh", logoutWait+"; url="+page.Next)
	var frames []string
	for i, app := range page.Apps {
		if page.Apps[i].Visit = link(app.Visit); app.Visit != "" {
			frames = append(append(frames, origin(app.Visit)), origins(app.Through)...)
		}
	}
	p.write(w, r, http.StatusOK, "progress", frame{Title: "Signing out", Script: "logout.js", Frames: frames, Page: page})
}

// Told writes the last page in a frame of [LogoutProgress]: the app has answered.
func (p *Pages) Told(w http.ResponseWriter, r *http.Request) {
	p.write(w, r, http.StatusOK, "told", frame{Title: "Signed out", Framed: true, Page: struct{}{}})
}

// SignedOut is the page after that.
type SignedOut struct {
	Apps     []LogoutApp
	Continue string // where an application wants the browser, if it did not get there by itself
}

// SignedOut writes the page.
func (p *Pages) SignedOut(w http.ResponseWriter, r *http.Request, page SignedOut) {
	alone(w.Header())
	p.write(w, r, http.StatusOK, "signedout", frame{Title: "Signed out", Page: page})
}
