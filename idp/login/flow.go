package login

import (
	"context"
	"errors"
	"net/http"

	"cloudsso/idp"
)

// Begin settles f from the browser's session alone if that is enough, or if f.Ask is
// Passive: it fills f.Answer and returns true; nothing is stored, nothing is written.
// Otherwise it binds f to this browser, stores it, answers with 303 to /login and
// returns false. It sets ID, Browser, CreatedAt and ExpiresAt.
//
// The request must carry the browser's cookies. A POST from another site carries
// none (SameSite=Lax): protocols answer that with 303 to a GET of their own first.
func (h *Handler) Begin(w http.ResponseWriter, r *http.Request, f *idp.Flow) (ready bool, err error) {
	ctx := r.Context()
	f.ID, f.CreatedAt = idp.NewSecret(), h.now()
	f.ExpiresAt = f.CreatedAt.Add(idp.FlowTTL)
	f.Support = idp.RequestOf(ctx).Support
	s, err := h.session(r)
	if err != nil {
		return false, err
	}
	d, err := h.next(ctx, visit{flow: f, session: s})
	if err != nil {
		return false, err
	}
	traceNext(ctx, f, s, d)
	if d.step == settled {
		if f.Answer = d.answer; f.Answer.Outcome == idp.NotAssigned {
			err = h.recordNoAccess(ctx, f, d.person.Subject)
		}
		return true, err
	}
	f.Browser = idp.HashSecret(h.sureBrowser(w, r))
	if err := h.flows.CreateFlow(ctx, *f); err != nil {
		return false, err
	}
	if f.Ask.Create && h.signUp != "" {
		seeOther(w, h.signUpAddress(f))
		return false, nil
	}
	h.redirect(w, r, loginPath(f.ID, hint(f)))
	return false, nil
}

// Resume takes the settled flow that ?flow= names, exactly once. It must be this
// browser's and this protocol's. Errors are fit for people.
func (h *Handler) Resume(_ http.ResponseWriter, r *http.Request, protocol string) (idp.Flow, error) {
	f, err := h.resume(r, protocol)
	if err != nil {
		idp.TraceFailed(r.Context(), idp.Step{Name: "return from the sign-in page"}, err)
		return f, err
	}
	idp.KeepTrace(r.Context())
	idp.TraceAbout(r.Context(), idp.About{Protocol: f.Protocol, App: f.App, Subject: f.Answer.Subject})
	return f, nil
}

func (h *Handler) resume(r *http.Request, protocol string) (idp.Flow, error) {
	f, err := h.stored(r, r.URL.Query().Get("flow"))
	switch {
	case err != nil:
		return idp.Flow{}, err
	case f.Protocol != protocol:
		return idp.Flow{}, errGone
	case f.Answer.Outcome == idp.Pending:
		return idp.Flow{}, errNotSettled
	}
	// Only the taken copy counts: of two tabs that come at once, one wins here.
	return gone(h.flows.TakeFlow(r.Context(), f.ID))
}

// stored returns the flow with this id if it belongs to this browser. Attack: the
// attacker begins a flow and sends its link to somebody, who then signs in for the
// attacker's browser, or the other way round (login CSRF, session fixation).
func (h *Handler) stored(r *http.Request, id string) (idp.Flow, error) {
	browser := h.browser(r)
	f, err := gone(h.flows.Flow(r.Context(), id))
	switch {
	case err != nil:
		return idp.Flow{}, err
	case browser == "":
		return idp.Flow{}, errNoCookie
	case !idp.SecretMatches(browser, f.Browser):
		return idp.Flow{}, errOtherBrowser
	}
	idp.JoinTrace(r.Context(), f.Support)
	return f, nil
}

func gone(f idp.Flow, err error) (idp.Flow, error) {
	if errors.Is(err, idp.ErrNotFound) {
		return idp.Flow{}, errGone
	}
	return f, err
}

// visit is one browser at one flow.
type visit struct {
	flow    *idp.Flow
	session *idp.Session // nil: nobody is signed in
	another bool         // the person wants to use another account
	done    bool         // the flow was settled before we came
}

// open finds what the browser comes with. id "" is signing in to nothing but this
// service: a flow that needs no storing, since nobody waits for its answer.
func (h *Handler) open(r *http.Request, id string) (visit, error) {
	s, err := h.session(r)
	if err != nil {
		return visit{}, err
	}
	if id == "" {
		return visit{flow: &idp.Flow{CreatedAt: h.now()}, session: s}, nil
	}
	f, err := h.stored(r, id)
	if err != nil {
		return visit{}, err
	}
	return visit{flow: &f, session: s, done: f.Answer.Outcome != idp.Pending}, nil
}

// openForm reads a posted form and opens the flow that it names.
func (h *Handler) openForm(r *http.Request) (visit, error) {
	if err := r.ParseForm(); err != nil {
		return visit{}, errBadForm
	}
	return h.open(r, r.PostForm.Get("flow"))
}

// save writes what the flow says now. ErrConflict: another tab was faster.
func (h *Handler) save(ctx context.Context, f *idp.Flow) error {
	if f.ID == "" {
		return nil
	}
	err := h.flows.UpdateFlow(ctx, *f)
	if errors.Is(err, idp.ErrNotFound) {
		return errGone
	}
	return err
}
