package tokenapp

import (
	"context"
	"errors"
	"maps"
	"slices"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// Preview is what an app would be told about a person who signed in now, made by the functions
// that issue it: nothing is signed or stored. What belongs to one sign-in (jti, nonce) is not
// there. app may hold settings that were never saved.
func (p *Provider) Preview(ctx context.Context, app idp.TokenApp, subject string) (mapping.Preview, error) {
	person, err := p.person(ctx, app, subject)
	if refused := refusal(err); refused != "" {
		return mapping.Preview{Refused: refused}, nil
	}
	switch {
	case err != nil:
		return mapping.Preview{}, err
	case app.Disabled:
		return mapping.Preview{Refused: "The application is switched off."}, nil
	}
	out, rows := mapping.Preview{}, slices.Clone(app.Claims)
	said, err := mapping.Claims(rows, person)
	if missing := new(mapping.MissingError); errors.As(err, &missing) {
		out.Refused = "The " + missing.Error() + "."
		for i := range rows { // what there is is shown even if a row lacks its value
			rows[i].Required = false
		}
		said, err = mapping.Claims(rows, person)
	}
	if err != nil {
		return out, err
	}
	doc, err := p.document(app, said, person)
	if out.Refused == "" {
		out.Refused = refusal(err)
	}
	out.Token = &mapping.Document{Claims: doc, Origins: append(origins(doc, said), mapping.Explain(app.Claims, person)...)}
	return out, nil
}

// document is what the app reads.
func (p *Provider) document(app idp.TokenApp, said map[string]any, person idp.Person) (map[string]any, error) {
	if app.Scheme != idp.SchemeDiscourse {
		return p.claims(&request{app: app}, said, person.Subject), nil
	}
	fields, err := discourseFields(said, person)
	out := map[string]any{}
	for name, value := range fields {
		out[name] = value
	}
	return out, err
}

// origins are those of what no row made.
func origins(doc, said map[string]any) (out []mapping.Origin) {
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		if _, mapped := said[mapping.Top(name)]; !mapped {
			out = append(out, mapping.Origin{Name: name, Value: doc[name], Source: "protocol"})
		}
	}
	return out
}

// refusal is what an admin is told, "" if err is not about the person.
func refusal(err error) string {
	if err == nil || idp.AsError(err).Code != idp.Forbidden {
		return ""
	}
	return idp.AsError(err).Public
}
