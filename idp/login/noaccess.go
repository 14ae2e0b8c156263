package login

import (
	"context"
	"net/http"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

func stepNoAccess(s *idp.Session) string { return "noaccess:" + s.SID }

// assigned reports whether a person may use an app. An app with a query of its own hears
// of the groups that it gives, here as everywhere.
func (h *Handler) assigned(ctx context.Context, app App, person idp.Person) (bool, error) {
	if app.Assigned != nil && app.ProfileQuery != "" {
		var err error
		if person, err = h.people.PersonFor(ctx, person.Subject, app.ProfileQuery); err != nil {
			return false, directoryFault(err)
		}
	}
	return app.Assigned.Allows(person), nil
}

// showNoAccess puts each showing on record: the support code on the page leads there.
func (h *Handler) showNoAccess(w http.ResponseWriter, r *http.Request, v visit, d decision) {
	app, err := h.pageApp(r, v.flow)
	if err == nil {
		err = h.recordNoAccess(r.Context(), v.flow, d.person.Subject)
	}
	if err != nil {
		h.fail(w, r, hint(v.flow), err)
		return
	}
	h.pages.NoAccess(w, r, web.NoAccess{Step: h.step(w, r, v.flow, stepNoAccess(v.session)), App: app, Person: pagePerson(d.person)})
}

// NoAccessPost answers POST /login/noaccess: the person goes back to the app, which hears
// why, or signs in as somebody else.
func (h *Handler) NoAccessPost(w http.ResponseWriter, r *http.Request) {
	v, ok := h.openStep(w, r, tellNoAccess, stepNoAccess)
	if !ok {
		return
	}
	if r.PostForm.Get("account") == "another" {
		h.redirect(w, r, loginPath(v.flow.ID, hint(v.flow))+"&account=another")
		return
	}
	v.flow.Answer = idp.Answer{Outcome: idp.NotAssigned}
	h.proceed(w, r, v)
}

func (h *Handler) recordNoAccess(ctx context.Context, f *idp.Flow, subject string) error {
	return h.events.Record(ctx, idp.Event{
		Name: idp.EventAccessDenied, Subject: subject, App: f.App, Detail: map[string]string{"protocol": f.Protocol},
	})
}
