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

// Logout is the page that asks before it ends the session: one form, posted to /logout.
type Logout struct {
	Person Person
	Token  string
	Return string // where the browser goes afterwards; empty: to [SignedOut]
}

// Logout writes the page.
func (p *Pages) Logout(w http.ResponseWriter, r *http.Request, page Logout) {
	alone(w.Header())
	p.write(w, r, http.StatusOK, "logout", frame{Title: "Sign out", Page: page})
}

// SignedOut is the page after that.
type SignedOut struct{}

// SignedOut writes the page.
func (p *Pages) SignedOut(w http.ResponseWriter, r *http.Request) {
	alone(w.Header())
	p.write(w, r, http.StatusOK, "signedout", frame{Title: "Signed out", Page: SignedOut{}})
}
