package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"cloudsso/idp/mapping"
)

const (
	maxClaims     = 8 << 10  // bytes of the parameter: it is kept in the grant
	claimsRequest = "claims" // its name, and where [idp.Grant.Request] keeps it
)

// asked is the claims parameter (OpenID Connect Core §5.5), reduced to the standard
// claims that the client may have. Rows of a client's mapping are in every answer, asked
// for or not; other names are ignored (§5.5).
type asked struct {
	UserInfo map[string]wish `json:"userinfo,omitempty"`
	IDToken  map[string]wish `json:"id_token,omitempty"`
}

// wish is what is asked of one claim (§5.5.1). Essential makes no difference here: a
// claim that is not there is never an error.
type wish struct {
	Essential bool  `json:"essential,omitempty"`
	Value     any   `json:"value,omitempty"`
	Values    []any `json:"values,omitempty"`
}

func (w wish) anyOf() []any {
	if w.Value != nil {
		return append([]any{w.Value}, w.Values...)
	}
	return w.Values
}

// takes reports whether a claim has a value that was asked for. Both sides are JSON.
func (w wish) takes(v any) bool {
	wanted := w.anyOf()
	is, err := json.Marshal(v)
	return len(wanted) == 0 || err == nil && slices.ContainsFunc(wanted, func(want any) bool {
		raw, err := json.Marshal(want)
		return err == nil && bytes.Equal(raw, is)
	})
}

// checkClaims reads the parameter and sees to it that people are asked: a claim costs the
// consent to its scope. Without openid this is not an OpenID Connect request, and the
// parameter means nothing.
func checkClaims(_ context.Context, a *authorization) error {
	sent := a.form.Get(claimsRequest)
	if sent == "" || !slices.Contains(a.scopes, "openid") {
		return nil
	}
	if len(sent) > maxClaims {
		return refuse(invalidRequest, "The parameter claims is larger than 8 KiB.")
	}
	var top, userinfo, idToken map[string]json.RawMessage
	if !object(json.RawMessage(sent), &top) || !object(top["userinfo"], &userinfo) || !object(top["id_token"], &idToken) {
		return badClaims()
	}
	var err error
	if a.asked.UserInfo, err = a.wishes(userinfo); err != nil {
		return err
	}
	if a.asked.IDToken, err = a.wishes(idToken); err != nil {
		return err
	}
	a.ask.Scopes = a.asked.scopes(a.scopes)
	return a.askClaims(userinfo["sub"], idToken["sub"], idToken["acr"])
}

func badClaims() *fault {
	return refuse(invalidRequest, "The parameter claims must be a JSON object with the members userinfo and id_token, and null or an object with essential, value or values for each claim.")
}

// object reads a JSON object; nothing and null are an empty one.
func object(raw json.RawMessage, into any) bool {
	if len(raw) == 0 {
		return true
	}
	return json.Unmarshal(raw, into) == nil
}

func (a *authorization) wishes(members map[string]json.RawMessage) (map[string]wish, error) {
	out := make(map[string]wish)
	for name, raw := range members {
		scope := claimScope(name)
		if scope == "" || !slices.Contains(a.client.Scopes(), scope) {
			continue
		}
		var w wish
		if !object(raw, &w) {
			return nil, badClaims()
		}
		out[name] = w
	}
	return out, nil
}

// askClaims takes the two claims that say how the person must sign in, and as whom.
func (a *authorization) askClaims(userinfoSub, idTokenSub, acr json.RawMessage) error {
	for _, raw := range []json.RawMessage{userinfoSub, idTokenSub} {
		var w wish
		if !object(raw, &w) {
			return badClaims()
		}
		if err := a.askSubject(w.anyOf()); err != nil {
			return err
		}
	}
	var w wish
	if !object(acr, &w) {
		return badClaims()
	}
	return a.askContext(acr != nil, w)
}

// askSubject: a value of sub is the only person whose login will do (§5.5.1), as with
// id_token_hint.
func (a *authorization) askSubject(values []any) error {
	if len(values) == 0 {
		return nil
	}
	subject, ok := values[0].(string)
	switch {
	case !ok || subject == "" || len(values) > 1:
		return refuse(invalidRequest, "The parameter claims must name one person, by one text, as the value of sub.")
	case a.ask.Subject != "" && a.ask.Subject != subject:
		return refuse(invalidRequest, "The request names two people: in the parameter claims another than before.")
	}
	a.ask.Subject = subject
	return nil
}

// claimScope is the scope that a standard claim belongs to (§5.4), "" for other names.
func claimScope(name string) string {
	switch name {
	case "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile",
		"picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at":
		return "profile"
	case "email", "email_verified":
		return "email"
	case "phone_number", "phone_number_verified":
		return "phone"
	case "address", "groups":
		return name
	}
	return ""
}

// scopes are the given ones and, after them, those that the claims belong to.
func (q asked) scopes(granted []string) []string {
	all := slices.Clone(granted)
	for _, scope := range standardScopes() {
		if !slices.Contains(all, scope) && (needs(q.UserInfo, scope) || needs(q.IDToken, scope)) {
			all = append(all, scope)
		}
	}
	return all
}

func needs(wishes map[string]wish, scope string) bool {
	for name := range wishes {
		if claimScope(name) == scope {
			return true
		}
	}
	return false
}

// keep writes down, for the grant, what the person agreed to.
func (q asked) keep(agreed []string) (map[string]string, error) {
	out := asked{within(q.UserInfo, agreed), within(q.IDToken, agreed)}
	if len(out.UserInfo)+len(out.IDToken) == 0 {
		return nil, nil
	}
	raw, err := json.Marshal(out)
	return map[string]string{claimsRequest: string(raw)}, err
}

func within(wishes map[string]wish, scopes []string) map[string]wish {
	out := make(map[string]wish)
	for name, w := range wishes {
		if slices.Contains(scopes, claimScope(name)) {
			out[name] = w
		}
	}
	return out
}

// askedFor reads what the grant keeps of the parameter.
func (u *unit) askedFor() (asked, error) {
	var q asked
	kept := u.grant.Request[claimsRequest]
	if kept == "" {
		return q, nil
	}
	return q, json.Unmarshal([]byte(kept), &q)
}

// addAsked adds the claims that were asked for by name, as far as the client may still
// have their scopes.
func (u *unit) addAsked(claims map[string]any, wishes map[string]wish) {
	wishes = within(wishes, u.client.Scopes())
	if len(wishes) == 0 {
		return
	}
	all := mapping.Standard(asked{UserInfo: wishes}.scopes(nil), u.person)
	for name, w := range wishes {
		if v, ok := all[name]; ok && w.takes(v) {
			claims[name] = v
		}
	}
}
