package login

import (
	"context"
	"net/http"
	"strings"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

func stepConsent(s *idp.Session) string { return "consent:" + s.SID }

func (h *Handler) showConsent(w http.ResponseWriter, r *http.Request, v visit, d decision) {
	app, err := h.pageApp(r, v.flow)
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	h.pages.Consent(w, r, web.Consent{
		Step: h.step(w, r, v.flow, stepConsent(v.session)), App: app,
		Person: pagePerson(d.person), Scopes: v.flow.Ask.Scopes,
	})
}

// ConsentPost answers POST /login/consent: the person agrees to what the app asks
// for, or does not.
func (h *Handler) ConsentPost(w http.ResponseWriter, r *http.Request) {
	v, ok := h.openStep(w, r, askConsent, stepConsent)
	if !ok {
		return
	}
	var err error
	switch r.PostForm.Get("consent") {
	case "allow":
		err = h.agree(r.Context(), v)
	case "deny":
		idp.Trace(r.Context(), idp.Step{Name: "consent", Result: idp.Failed, Text: "The person did not agree."})
		v.flow.Answer = idp.Answer{Outcome: idp.Denied}
		err = h.recordConsent(r.Context(), idp.EventConsentDenied, v)
	}
	if err != nil {
		h.fail(w, r, hint(v.flow), err)
		return
	}
	h.proceed(w, r, v)
}

func (h *Handler) agree(ctx context.Context, v visit) error {
	f := v.flow
	if err := h.recordConsent(ctx, idp.EventConsentGiven, v); err != nil {
		return err
	}
	idp.Trace(ctx, idp.Step{Name: "consent", Result: idp.Passed, Received: strings.Join(f.Ask.Scopes, " ")})
	f.Answer.Scopes = f.Ask.Scopes
	return h.consents.GiveConsent(ctx, idp.Consent{Subject: v.session.Subject, ClientID: f.App, Scopes: f.Ask.Scopes, At: h.now()})
}

func (h *Handler) recordConsent(ctx context.Context, name string, v visit) error {
	return h.events.Record(ctx, idp.Event{
		Name: name, Subject: v.session.Subject, App: v.flow.App,
		Detail: map[string]string{"scope": strings.Join(v.flow.Ask.Scopes, " ")},
	})
}
