package web

import (
	"net/http"
	"net/url"
	"unicode"
)

// Apps is the page of all applications that somebody may use.
type Apps struct {
	Person Person
	Tiles  []Tile // sorted
}

// Tile is one application: a link of ours that opens it.
type Tile struct {
	ID          string // in our addresses
	Name        string
	Description string
	LogoURL     string
}

// Initial stands where an application has no logo.
func (t Tile) Initial() string {
	for _, r := range t.Name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "?"
}

// Path opens it, below the issuer.
func (t Tile) Path() string { return "/launch/" + url.PathEscape(t.ID) }

// Apps writes the page.
func (p *Pages) Apps(w http.ResponseWriter, r *http.Request, page Apps) {
	alone(w.Header())
	p.write(w, r, http.StatusOK, "apps", frame{Title: "Your applications", Page: page})
}
