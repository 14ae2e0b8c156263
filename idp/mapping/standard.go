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
	return standardClaims(scopes, p).claims
}

// standard collects claims, and which attributes each is made of.
type standard struct {
	person idp.Person
	claims map[string]any
	from   map[string][]string
}

func standardClaims(scopes []string, p idp.Person) *standard {
	s := &standard{p, make(map[string]any), make(map[string][]string)}
	for _, scope := range scopes {
		switch scope {
		case "profile":
			s.profile()
		case "email":
			// Whether it is verified means nothing without it.
			if s.set("email", email) {
				s.set("email_verified", boolean)
			}
		case "phone":
			if s.set("phone_number", text) {
				s.set("phone_number_verified", boolean)
			}
		case "address":
			s.address()
		case "groups":
			if g := texts(values(p, "groups")); len(g) > 0 {
				s.put("groups", g, "groups")
			}
		}
	}
	return s
}

func (s *standard) put(name string, v any, from ...string) {
	s.claims[name], s.from[name] = v, from
}

// form turns an attribute into a claim's value, or into nil if it does not fit.
type form func(v any) any

func (s *standard) profile() {
	for name, f := range map[string]form{
		"name": text, "family_name": text, "given_name": text, "middle_name": text, "nickname": text,
		"preferred_username": text, "gender": text,
		"profile": webURL, "picture": webURL, "website": webURL,
		"birthdate": birthdate, "zoneinfo": zone, "locale": locale, "updated_at": seconds,
	} {
		s.set(name, f)
	}
	if _, ok := s.claims["preferred_username"]; !ok && s.person.Login != "" {
		s.put("preferred_username", s.person.Login, "username")
	}
	if _, ok := s.claims["name"]; ok {
		return
	}
	var parts, from []string
	for _, name := range []string{"given_name", "family_name"} {
		if part, ok := s.claims[name].(string); ok {
			parts, from = append(parts, part), append(from, name)
		}
	}
	if len(parts) > 0 {
		s.put("name", strings.Join(parts, " "), from...)
	}
}

func (s *standard) set(name string, f form) bool {
	found := values(s.person, name)
	if len(found) == 0 {
		return false
	}
	v := f(found[0])
	if v != nil {
		s.put(name, v, name)
	}
	return v != nil
}

func (s *standard) address() {
	out := make(map[string]any)
	var from []string
	for _, name := range []string{"formatted", "street_address", "locality", "region", "postal_code", "country"} {
		found := values(s.person, "address."+name)
		if len(found) == 0 {
			continue
		}
		if line := text(found[0]); line != nil {
			out[name], from = line, append(from, "address."+name)
		}
	}
	if len(out) > 0 {
		s.put("address", out, from...)
	}
}
