package oauth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"cloudsso/idp"
)

// shownParameters are those whose values a trace may hold. Everything else that comes in
// (codes, tokens, secrets, passwords, state, nonce, what nobody knows) is there by name only.
func shownParameters() []string {
	return []string{
		"acr_values", "claims", "claims_locales", "client_assertion_type", "client_id", "code_challenge_method",
		"display", "grant_type", "max_age", "prompt", "redirect_uri", "resource", "response_mode", "response_type",
		"scope", "ui_locales",
	}
}

// received lists parameters as a trace shows them.
func received(form url.Values) []idp.Value {
	shown := shownParameters()
	out := make([]idp.Value, 0, len(form))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			if !slices.Contains(shown, name) {
				value = idp.Unseen
			}
			out = append(out, idp.Value{Name: name, Text: value})
		}
	}
	return out
}

// receivedOf is what a check looked at, in one line.
func receivedOf(form url.Values, names []string) string {
	picked := make(url.Values, len(names))
	for _, name := range names {
		if form.Has(name) {
			picked[name] = form[name]
		}
	}
	var parts []string
	for _, v := range received(picked) {
		parts = append(parts, v.Name+"="+v.Text)
	}
	if parts == nil && len(names) > 0 {
		return "none"
	}
	return strings.Join(parts, " ")
}

// traceFault records the fault that a step ended in. An error that is none yet becomes the
// one that would leave the house.
func traceFault(ctx context.Context, step idp.Step, err error) {
	idp.TraceFailed(ctx, step, &asFault(err).sentence)
}

// traceCheck records how one check of the authorization endpoint ended. A stored request
// that passes again is not worth a second list.
func (a *authorization) traceCheck(ctx context.Context, c check, err error) {
	if err == nil && a.origin == stored {
		return
	}
	step := idp.Step{Name: c.name, Result: idp.Passed, Expected: a.expected(c.name), Received: receivedOf(a.form, c.reads)}
	if err != nil {
		traceFault(ctx, step, err)
		return
	}
	idp.Trace(ctx, step)
}

// expected says what a check wants, as the registration and the rules have it.
func (a *authorization) expected(name string) string {
	c := &a.client
	switch name {
	case "client":
		return "a client that is registered here and not switched off"
	case "redirect_uri":
		return "one of those that are registered for the application " + c.ID + ": " + strings.Join(c.RedirectURIs, " ")
	case "request object":
		return orNone(c.RequirePushedRequests, "a pushed request") + orNone(c.RequireSignedRequestObject, "a signed request object")
	case "response_type":
		return strings.Join(c.ResponseTypes, ", ")
	case "scope":
		return "of these, others are left out: " + strings.Join(c.Scopes(), " ")
	case "PKCE":
		if c.NeedsPKCE() {
			return "a code_challenge with the method S256"
		}
		return "a code_challenge with the method S256, or none"
	case "prompt":
		return "none, login, consent or select_account, or nothing"
	case "once each":
		return "no parameter twice"
	}
	return ""
}

func orNone(there bool, text string) string {
	if there {
		return text + " "
	}
	return ""
}

// traceIssued says what the application gets, now and with the tokens that it fetches
// later: those make no trace of their own, since nothing new is decided there.
func (u *unit) traceIssued(ctx context.Context, params url.Values) {
	g := u.grant
	step := idp.Step{Name: "answer", Result: idp.Answered, Received: "scopes: " + strings.Join(g.Scopes, " "), Text: "The application is told that the person has signed in."}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		step.Values = append(step.Values, idp.Value{Name: name, Text: idp.Unseen})
	}
	idp.Trace(ctx, step)
	for _, where := range []struct {
		name string
		place
	}{{"claims of the ID token", inIDToken}, {"claims at userinfo", inUserInfo}} {
		claims, err := u.personClaims(g.Scopes, where.place)
		if err != nil {
			traceFault(ctx, idp.Step{Name: where.name}, err)
			continue
		}
		setText(claims, "sub", u.subject())
		idp.Trace(ctx, idp.Step{Name: where.name, Result: idp.Answered, Values: claimValues(claims)})
	}
}

func claimValues(claims map[string]any) []idp.Value {
	out := make([]idp.Value, 0, len(claims))
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		out = append(out, idp.Value{Name: name, Text: fmt.Sprint(claims[name])})
	}
	return out
}

// traceRefused is the trace of a program's request that is refused. What is asked for
// again and again until a person has acted is no fault.
func traceRefused(ctx context.Context, endpoint string, form url.Values, err error) {
	e := asFault(err)
	if e.name == authorizationPending || e.name == slowDown {
		return
	}
	idp.TraceAbout(ctx, idp.About{Protocol: idp.ProtocolOIDC})
	idp.Trace(ctx, idp.Step{Name: endpoint, Result: idp.Received, Values: received(form)})
	idp.TraceFailed(ctx, idp.Step{Name: stage(err, e)}, &e.sentence)
}

// stage is the check that a program's request failed at, as the error tells it.
func stage(err error, e *fault) string {
	var d *denial
	switch {
	case e.name == invalidClient:
		return "client authentication"
	case errors.As(err, &d):
		return "entitlement: " + d.reason
	case e.name == invalidGrant:
		return "code, refresh token or other grant"
	}
	return e.name
}
