package samlidp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"cloudsso/idp"
	"cloudsso/idp/web"
	"cloudsso/samlidp/wire"
)

// refuseLogout tells the application what is wrong where it has proved who it is, and
// the person otherwise.
func (p *Provider) refuseLogout(w http.ResponseWriter, r *http.Request, sp idp.ServiceProvider, t logoutTask, err error) {
	p.recordLogoutRefused(r.Context(), sp, err)
	traceFault(r.Context(), idp.Step{Name: "sign-out"}, err)
	var f *fault
	if !errors.As(err, &f) {
		p.pages.Error(w, r, err)
		return
	}
	p.answerLogout(w, r, sp, t, f.logoutStatus())
}

func (f *fault) logoutStatus() logoutStatus {
	return logoutStatus{code: f.status, sub: f.sub, message: f.message}
}

// recordLogoutRefused is recordRefused for logout.
func (p *Provider) recordLogoutRefused(ctx context.Context, sp idp.ServiceProvider, err error) {
	reason, status := "", ""
	var f *fault
	if errors.As(err, &f) {
		reason, status = f.message, f.sub
		if f.cause != nil {
			idp.Note(ctx, slog.String("cause", f.cause.Error()))
		}
	} else if e := idp.AsError(err); e.Code != idp.Internal && e.Code != idp.Unavailable {
		reason = e.Public
	}
	if reason == "" || sp.App == "" {
		return
	}
	idp.Note(ctx, slog.String("refused", reason))
	event := idp.Event{Name: idp.EventSAMLRefused, App: sp.App, Detail: map[string]string{"reason": reason, "status": status, "entity_id": sp.EntityID, "message": "logout"}}
	if err := p.events.Record(ctx, event); err != nil { // nothing is handed out: the refusal stands without its record
		idp.Note(ctx, slog.String("audit", err.Error()))
	}
}

// answerLogout sends the LogoutResponse through the browser, to an address of the
// registration. Where there is none, or no answer is wanted, the person ends here.
func (p *Provider) answerLogout(w http.ResponseWriter, r *http.Request, sp idp.ServiceProvider, t logoutTask, status logoutStatus) {
	e, ok := p.answerEndpoint(sp, t.Binding)
	traceLogoutAnswer(r.Context(), status, e.Location)
	if !ok || t.Asynchronous {
		p.pages.SignedOut(w, r, web.SignedOut{})
		return
	}
	m := logoutResponse{id: p.newID(), destination: e.Location, inResponseTo: t.ID, at: p.now().UTC(), status: status}
	doc, err := p.document(r.Context(), sp, e.Binding, m.write)
	if err != nil {
		p.pages.Error(w, r, err)
		return
	}
	if e.Binding == wire.BindingPost {
		p.pages.AutoPost(w, r, web.AutoPost{Action: e.Location, App: sp.Name, Fields: postFields("SAMLResponse", doc, t.RelayState)})
		return
	}
	to, err := p.redirection(r.Context(), sp, e.Location, "SAMLResponse", doc, t.RelayState)
	if err != nil {
		p.pages.Error(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", to) // byte for byte, as it was signed
	w.WriteHeader(http.StatusSeeOther)
}
