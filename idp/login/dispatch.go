package login

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"cloudsso/idp"
)

// step is what comes next in a flow.
type step int

const (
	settled step = iota
	askPassword
	askAccount
	tellNoAccess
	askConsent
)

// decision is what comes next, and what was found on the way to it.
type decision struct {
	step   step
	answer idp.Answer // if settled
	person idp.Person // who is signed in, zero if nobody
}

// next decides what comes next in a flow. It is the only place that does: every step
// notes its facts in the flow and asks here.
func (h *Handler) next(ctx context.Context, v visit) (decision, error) {
	f := v.flow
	if f.Answer.Outcome != idp.Pending {
		return decision{answer: f.Answer}, nil
	}
	person, err := h.active(ctx, v.session)
	if err != nil {
		return decision{}, err
	}
	d := decision{person: person}
	switch {
	case v.another, person.Subject == "", !h.enough(f, v.session):
		d.step = askPassword
	case f.Ask.SelectAccount && f.Answer.Subject != person.Subject:
		d.step = askAccount
	default:
		if d.step, err = h.appStep(ctx, f, person); err != nil {
			return decision{}, err
		}
	}
	switch {
	case d.step == settled:
		d.answer = signedIn(f, v.session)
	case f.Ask.Passive:
		d.answer = passively(d.step)
		d.step = settled
	}
	return d, nil
}

// active returns the person of a session if they may still sign in, asked of their
// directory each time. The zero Person means that there is no such person.
func (h *Handler) active(ctx context.Context, s *idp.Session) (idp.Person, error) {
	if s == nil {
		return idp.Person{}, nil
	}
	p, err := h.people.Person(ctx, s.Subject)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return idp.Person{}, nil
	case err != nil:
		return idp.Person{}, directoryFault(err)
	case p.Status != idp.Active:
		return idp.Person{}, nil
	}
	return p, nil
}

// enough reports whether a session is what the flow asks for.
func (h *Handler) enough(f *idp.Flow, s *idp.Session) bool {
	if f.Ask.Subject != "" && f.Ask.Subject != s.Subject {
		return false
	}
	if f.Answer.Session == s.ID || s.AuthTime.After(f.CreatedAt) {
		return true // proven within this flow; a short max_age must not ask in circles
	}
	if f.Ask.Login {
		return false
	}
	age := f.Ask.MaxAge
	return age == nil || *age > 0 && h.now().Sub(s.AuthTime) <= *age
}

// appStep is what is left between a person and an app: whether they may use it, and then
// whether they agree to what it gets.
func (h *Handler) appStep(ctx context.Context, f *idp.Flow, person idp.Person) (step, error) {
	if f.App == "" {
		return settled, nil
	}
	app, err := h.apps.App(ctx, f.Protocol, f.App)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return settled, errNoApp
	case err != nil:
		return settled, err
	}
	if may, err := h.assigned(ctx, app, person); err != nil || !may {
		return tellNoAccess, err
	}
	return h.consentStep(ctx, f, app, person.Subject)
}

// consentStep is askConsent if the person must agree first.
func (h *Handler) consentStep(ctx context.Context, f *idp.Flow, app App, subject string) (step, error) {
	agreed := len(f.Answer.Scopes) > 0
	switch {
	case len(f.Ask.Scopes) == 0 || agreed:
		return settled, nil
	case f.Ask.Consent:
		return askConsent, nil
	case app.FirstParty:
		return settled, nil
	}
	c, err := h.consents.Consent(ctx, subject, f.App)
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		return settled, err
	}
	for _, scope := range f.Ask.Scopes {
		if !slices.Contains(c.Scopes, scope) {
			return askConsent, nil
		}
	}
	return settled, nil
}

func signedIn(f *idp.Flow, s *idp.Session) idp.Answer {
	return idp.Answer{
		Outcome: idp.SignedIn, Session: s.ID, SID: s.SID, Subject: s.Subject,
		AuthTime: s.AuthTime, AMR: s.AMR, Scopes: f.Ask.Scopes,
	}
}

// passively is the answer when no page may be shown.
func passively(s step) idp.Answer {
	switch s {
	case askConsent:
		return idp.Answer{Outcome: idp.ConsentRequired}
	case tellNoAccess:
		return idp.Answer{Outcome: idp.NotAssigned}
	}
	return idp.Answer{Outcome: idp.LoginRequired}
}

// proceed saves what a step has noted and sends the browser to what comes next.
func (h *Handler) proceed(w http.ResponseWriter, r *http.Request, v visit) {
	f := v.flow
	if v.done {
		h.leave(w, r, f)
		return
	}
	d, err := h.next(r.Context(), v)
	if err == nil {
		if d.step == settled {
			f.Answer = d.answer
		}
		traceNext(r.Context(), f, v.session, d)
		err = h.save(r.Context(), f)
	}
	switch {
	case errors.Is(err, idp.ErrConflict), err == nil && d.step != settled:
		// After a conflict, the page looks again at what the faster one has written.
		h.redirect(w, r, loginPath(f.ID, hint(f)))
	case err != nil:
		h.fail(w, r, hint(f), err)
	default:
		h.leave(w, r, f)
	}
}

// leave sends the browser back to the protocol with a settled flow.
func (h *Handler) leave(w http.ResponseWriter, r *http.Request, f *idp.Flow) {
	if f.ID == "" {
		h.redirect(w, r, "/")
		return
	}
	h.redirect(w, r, f.Return+"?flow="+f.ID)
}
