package mapping

import (
	"strings"

	"cloudsso/idp"
)

// Standard returns the claims of the standard scopes among scopes (OpenID Connect Core
// §5.1 and §5.4, and the customary "groups") from directory attributes of the same
// names. A value of the wrong type or form is left out: relying parties refuse a whole
// sign-in over one. preferred_username falls back to the login, name to given_name and
// family_name; address is read from address.… attributes or a structured one.
func Standard(scopes []string, p idp.Person) map[string]any {
	out := make(map[string]any)
	for _, scope := range scopes {
		switch scope {
		case "profile":
			profile(out, p)
		case "email":
			// Whether it is verified means nothing without it.
			if set(out, p, "email", email) {
				set(out, p, "email_verified", boolean)
			}
		case "phone":
			if set(out, p, "phone_number", text) {
				set(out, p, "phone_number_verified", boolean)
			}
		case "address":
			if a := address(p); len(a) > 0 {
				out["address"] = a
			}
		case "groups":
			if g := texts(values(p, "groups")); len(g) > 0 {
				out["groups"] = g
			}
		}
	}
	return out
}

// form turns an attribute into a claim's value, or into nil if it does not fit.
type form func(v any) any

func profile(out map[string]any, p idp.Person) {
	for name, f := range map[string]form{
		"name": text, "family_name": text, "given_name": text, "middle_name": text, "nickname": text,
		"preferred_username": text, "gender": text,
		"profile": webURL, "picture": webURL, "website": webURL,
		"birthdate": birthdate, "zoneinfo": zone, "locale": locale, "updated_at": seconds,
	} {
		set(out, p, name, f)
	}
	if _, ok := out["preferred_username"]; !ok && p.Login != "" {
		out["preferred_username"] = p.Login
	}
	if _, ok := out["name"]; ok {
		return
	}
	var parts []string
	for _, name := range []string{"given_name", "family_name"} {
		if s, ok := out[name].(string); ok {
			parts = append(parts, s)
		}
	}
	if len(parts) > 0 {
		out["name"] = strings.Join(parts, " ")
	}
}

func set(out map[string]any, p idp.Person, name string, f form) bool {
	found := values(p, name)
	if len(found) == 0 {
		return false
	}
	v := f(found[0])
	if v != nil {
		out[name] = v
	}
	return v != nil
}

func address(p idp.Person) map[string]any {
	out := make(map[string]any)
	for _, name := range []string{"formatted", "street_address", "locality", "region", "postal_code", "country"} {
		if found := values(p, "address."+name); len(found) > 0 {
			if s := text(found[0]); s != nil {
				out[name] = s
			}
		}
	}
	return out
}
