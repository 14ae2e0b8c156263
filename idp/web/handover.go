package web

import (
	"net/http"
	"time"
)

// Handover is the page with our values for the people who run an application. It is
// made to be printed, and never holds a secret.
type Handover struct {
	App   string
	Where string // where the application wants the values
	Rows  []HandoverRow
	All   []HandoverRow
	Notes []string
	Until time.Time // when the link to it ends
	Open  string    // address that opens the app; drawn as a QR code, too
}

// HandoverRow is one value.
type HandoverRow struct {
	Label, Value, Note string
	Copy               bool // it is pasted as it stands
	Secret             bool // it comes another way
	Long               bool // several lines
}

// QR draws the address that opens the app.
func (h Handover) QR() QR { return NewQR(h.Open) }

// Handover writes the page.
func (p *Pages) Handover(w http.ResponseWriter, r *http.Request, page Handover) {
	alone(w.Header())
	w.Header().Set("X-Robots-Tag", "noindex")
	p.write(w, r, http.StatusOK, "handover", frame{Title: "Connecting " + page.App, Script: "copy.js", Page: page})
}

// SecretLink is the page of a one-time link before it is opened: one form, posted to
// where the page is, with the field key.
type SecretLink struct {
	App   string
	Error string // what was wrong with the key
}

// SecretLink writes the page.
func (p *Pages) SecretLink(w http.ResponseWriter, r *http.Request, status int, page SecretLink) {
	title := "A secret for " + page.App
	if page.Error != "" {
		title = "Error: " + title
	}
	alone(w.Header())
	p.write(w, r, status, "secretlink", frame{Title: title, Page: page})
}

// ShownSecret is the page that shows the secret, once.
type ShownSecret struct {
	App   string
	Label string // what kind of secret it is
	Value string
}

// ShownSecret writes the page.
func (p *Pages) ShownSecret(w http.ResponseWriter, r *http.Request, page ShownSecret) {
	alone(w.Header())
	p.write(w, r, http.StatusOK, "shownsecret", frame{Title: "A secret for " + page.App, Script: "copy.js", Page: page})
}
