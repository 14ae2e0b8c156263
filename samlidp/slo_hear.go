package samlidp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"cloudsso/idp"
	"cloudsso/samlidp/msg"
)

// hear takes an application's LogoutResponse, which arrives in a frame of the page that
// shows the progress: no cookie is needed, and none would come.
func (p *Provider) hear(w http.ResponseWriter, r *http.Request, e *envelope) {
	if err := p.heard(r.Context(), e); err != nil {
		p.recordLogoutRefused(r.Context(), e.sp, err)
		traceFault(r.Context(), idp.Step{Name: "answer of the application"}, err)
		p.pages.Error(w, r, err)
		return
	}
	p.pages.Told(w, r)
}

// heard believes an answer if it is signed by the application that was asked, and is the first
// to that request. Attack: an application, or the person, answers for another one.
func (p *Provider) heard(ctx context.Context, e *envelope) error {
	m, err := msg.DecodeLogoutResponse(e.root)
	if err != nil {
		return err
	}
	e.head = &m.Header
	if err := p.authenticate(ctx, e); err != nil {
		return err
	}
	sent, _, err := p.sent(ctx, m.InResponseTo)
	if err != nil {
		return err
	}
	if sent.App != e.sp.App { // not taken: the right application may yet answer
		return errNoSuchLogout.Because(fmt.Errorf("%s answered for %s", e.sp.App, sent.App))
	}
	if _, err := p.tickets.TakeTicket(ctx, ticketSent, m.InResponseTo); errors.Is(err, idp.ErrNotFound) {
		return errNoSuchLogout.Because(err)
	} else if err != nil {
		return err
	}
	idp.JoinTrace(ctx, sent.Support)
	cause := m.Status.Failure()
	traceHeard(ctx, cause)
	if cause != nil {
		idp.Note(ctx, slog.String("answer", cause.Error()))
	}
	err = p.logout.Told(ctx, sent.Logout, e.sp.App, cause)
	if errors.Is(err, idp.ErrNotFound) {
		err = errNoSuchLogout.Because(err)
	}
	return err
}
