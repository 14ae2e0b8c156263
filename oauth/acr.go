package oauth

import (
	"context"
	"slices"
	"strings"
)

// acrPassword is how people sign in here, in the words that SAML has for it too.
const acrPassword = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

// contexts are the values of acr that a sign-in by these methods satisfies, the strongest
// first.
func contexts(amr []string) []string {
	if slices.Contains(amr, "pwd") {
		return []string{acrPassword}
	}
	return nil
}

// everyContext is what could be reached at all: what discovery offers.
func everyContext() []string { return contexts([]string{"pwd"}) }

// acr is what the request wants to know or demands of the way people sign in.
type acr struct {
	asked     bool
	essential bool
	values    []string // in order of preference
}

// checkContext reads acr_values, which only ever asks (OpenID Connect Core §3.1.2.1).
func checkContext(_ context.Context, a *authorization) error {
	if values := strings.Fields(a.form.Get("acr_values")); len(values) > 0 {
		a.acr = acr{asked: true, values: values}
	}
	return nil
}

// askContext is the claim acr of the claims parameter; it goes before acr_values. What is
// essential and can never be reached is refused before anybody signs in for it.
func (a *authorization) askContext(asked bool, w wish) error {
	if !asked {
		return nil
	}
	want := acr{asked: true, essential: w.Essential}
	for _, v := range w.anyOf() {
		s, ok := v.(string)
		if !ok {
			return refuse(invalidRequest, "The parameter claims must have texts as the values of acr.")
		}
		want.values = append(want.values, s)
	}
	if len(want.values) > 0 || !a.acr.asked {
		a.acr = want
	}
	_, err := a.acr.reached(everyContext())
	return err
}

// reached chooses what to say: the first value asked for that is true. Nothing is said
// that was not asked for, and a value that is essential and not true is a failed sign-in
// (§5.5.1.1).
func (c acr) reached(have []string) (string, error) {
	for _, value := range c.values {
		if slices.Contains(have, value) {
			return value, nil
		}
	}
	switch {
	case c.essential && len(c.values) > 0:
		return "", refuse(unmetAuthentication, "The request demands a kind of sign-in (acr) that is not offered here.")
	case c.asked && len(c.values) == 0 && len(have) > 0:
		return have[0], nil
	}
	return "", nil
}
