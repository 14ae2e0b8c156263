package api

import (
	"errors"
	"net/http"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

// maxKeyForm caps the one form of a secret link.
const maxKeyForm = 4 << 10

// HandoverPage answers GET /handover/{token}: a shared hand-over sheet.
func (a *Admin) HandoverPage(w http.ResponseWriter, r *http.Request) {
	h, until, err := a.SharedHandover(r.Context(), r.PathValue("token"))
	if err != nil {
		a.Pages.Error(w, r, err)
		return
	}
	page := web.Handover{App: h.Name, Where: h.Where, Rows: pageRows(h.Rows), All: pageRows(h.All), Until: until}
	for _, n := range h.Notes {
		page.Notes = append(page.Notes, n.Text)
	}
	for _, row := range h.All {
		if row.Label == "launch_url" {
			page.Open = row.Value
		}
	}
	a.Pages.Handover(w, r, page)
}

func pageRows(rows []HandoverRow) (out []web.HandoverRow) {
	for _, r := range rows {
		out = append(out, web.HandoverRow{Label: r.Label, Value: r.Value, Note: r.Note, Copy: r.Copy, Secret: r.Kind == rowSecret, Long: r.Kind == rowPEM})
	}
	return out
}

// SecretLinkPage answers GET /handover/secret/{token}. Attack, or accident: scanners of
// mail open every link, and would use it up. Decision: a GET shows a form and no more.
func (a *Admin) SecretLinkPage(w http.ResponseWriter, r *http.Request) {
	name, err := a.SecretLinkFor(r.Context(), r.PathValue("token"))
	if err != nil {
		a.Pages.Error(w, r, err)
		return
	}
	a.Pages.SecretLink(w, r, http.StatusOK, web.SecretLink{App: name})
}

// SecretLinkPost answers its form.
func (a *Admin) SecretLinkPost(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxKeyForm)
	token := r.PathValue("token")
	s, err := a.OpenSecretLink(r.Context(), token, r.PostFormValue("key"))
	if errors.Is(err, errWrongKey) {
		name, gone := a.SecretLinkFor(r.Context(), token)
		if gone == nil {
			a.Pages.SecretLink(w, r, http.StatusUnprocessableEntity, web.SecretLink{App: name, Error: idp.AsError(err).Public})
			return
		}
		err = gone
	}
	if err != nil {
		a.Pages.Error(w, r, err)
		return
	}
	label := "Client secret"
	if s.Use == useSharedKey {
		label = "Shared signing key"
	}
	a.Pages.ShownSecret(w, r, web.ShownSecret{App: s.Name, Label: label, Value: s.Value})
}
