package samlidp

import (
	"encoding/base64"
	"net/http"
	"strings"

	"cloudsso/idp"
	"cloudsso/idp/web"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

// maxRedirect is the longest address that an answer may make: servers cut longer ones off, or
// refuse them.
const maxRedirect = 8000

// deliver signs the answer and has the browser carry it.
func (p *Provider) deliver(w http.ResponseWriter, r *http.Request, q *request, a *response) {
	s, err := p.signsFor(r.Context(), q.sp)
	if err == nil {
		var doc []byte
		if doc, err = a.write(p.entityID, s); err == nil {
			if q.redirected() {
				p.redirect(w, r, q, a, s, doc)
			} else {
				p.autoPost(w, r, q, doc)
			}
			return
		}
	}
	p.pages.Error(w, r, err)
}

func (p *Provider) autoPost(w http.ResponseWriter, r *http.Request, q *request, doc []byte) {
	fields := []web.Field{{Name: "SAMLResponse", Value: base64.StdEncoding.EncodeToString(doc)}}
	if q.relayed {
		fields = append(fields, web.Field{Name: "RelayState", Value: q.relayState})
	}
	p.pages.AutoPost(w, r, web.AutoPost{Action: q.acs.Location, App: q.sp.Name, Fields: fields})
}

// redirect sends the answer in the address (Bindings §3.4). What does not fit becomes a refusal that does.
func (p *Provider) redirect(w http.ResponseWriter, r *http.Request, q *request, a *response, s *dsig.Signer, doc []byte) {
	target, err := redirectURL(s, q.acs.Location, "SAMLResponse", doc, q.relayState)
	switch {
	case err != nil:
		p.pages.Error(w, r, err)
	case len(target) <= maxRedirect:
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer") // our own address names the sign-in
		http.Redirect(w, r, target, http.StatusSeeOther)
	case a.fault == nil:
		p.refuse(w, r, q, responder(subRequestUnsupported, "The answer by redirect has %d bytes, and at most %d get through. Release fewer attributes, or take answers by POST.", len(target), maxRedirect))
	default:
		p.pages.Error(w, r, idp.Errorf(idp.Invalid, "The answer to the application is too long for a redirect. Its administrator should take answers by POST."))
	}
}

// redirectURL is the address that carries a message by HTTP-Redirect, signed (Bindings §3.4.4).
func redirectURL(s *dsig.Signer, location, param string, doc []byte, relayState string) (string, error) {
	query, err := wire.EncodeRedirect(param, doc, relayState)
	if err != nil {
		return "", err
	}
	if query, err = s.SignQuery(query); err != nil {
		return "", err
	}
	if strings.Contains(location, "?") {
		return location + "&" + query, nil
	}
	return location + "?" + query, nil
}
