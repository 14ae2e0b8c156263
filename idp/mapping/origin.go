package mapping

import (
	"maps"
	"slices"

	"cloudsso/idp"
)

// Origin says where one value that an app hears comes from.
type Origin struct {
	Name       string   `json:"name" doc:"Of the claim or attribute; the row's name, with its dots."`
	Value      any      `json:"value,omitempty" doc:"As the app hears it. Absent: it hears nothing."`
	Source     string   `json:"source" enum:"attribute,template,cel,constant,standard,protocol,nameid" doc:"What the value is made of: the source of a mapping row, or the directory attributes of a standard claim, or the protocol itself."`
	Row        *int     `json:"row,omitempty" doc:"Which mapping row, from 0."`
	Scope      string   `json:"scope,omitempty" doc:"The operator's own scope whose row it is."`
	Directory  string   `json:"directory,omitempty" doc:"Id of the directory that was asked."`
	Attributes []string `json:"attributes,omitempty" doc:"Of the directory. An expression does not tell which it read."`
	Steps      []string `json:"steps,omitempty" doc:"Of the row, as far as they did something, in their order."`
	Required   bool     `json:"required,omitempty" doc:"The sign-in is refused without a value."`
	Note       string   `json:"note,omitempty" doc:"Why there is no value, or what else an admin should know."`
}

// Explain runs rows as [Claims] does, and says of each where its value comes from or why
// there is none. It gives one Origin per row, in their order.
func Explain(rows []idp.Mapping, p idp.Person) []Origin {
	return explain(rows, p, func(row idp.Mapping, o *outcome) any { return o.claim() })
}

// ExplainAttributes is [Explain] with values as [Attributes] gives them.
func ExplainAttributes(rows []idp.Mapping, p idp.Person) []Origin {
	return explain(rows, p, func(row idp.Mapping, o *outcome) any {
		if found := o.texts(row.Type); len(found) > 0 {
			return found
		}
		return nil
	})
}

func explain(rows []idp.Mapping, p idp.Person, write func(idp.Mapping, *outcome) any) []Origin {
	out := make([]Origin, 0, len(rows))
	for i, row := range rows {
		o := evaluate(row, p)
		origin := Origin{
			Name: row.Name, Value: write(row, &o), Source: sourceOf(row), Row: &i,
			Attributes: o.attributes, Steps: o.steps, Required: row.Required,
		}
		origin.Note = o.note
		if origin.Source != fromConstant {
			origin.Directory = p.Directory
		}
		out = append(out, origin)
	}
	return out
}

// ExplainStandard says where the claims of [Standard] come from, sorted by name.
func ExplainStandard(scopes []string, p idp.Person) []Origin {
	s := standardClaims(scopes, p)
	var out []Origin
	for _, name := range slices.Sorted(maps.Keys(s.claims)) {
		out = append(out, Origin{Name: name, Value: s.claims[name], Source: "standard", Directory: p.Directory, Attributes: s.from[name]})
	}
	return out
}

// Document is one thing that an app is told about a person, as a preview: nothing of it
// is signed, and nothing was stored.
type Document struct {
	Claims  map[string]any `json:"claims,omitempty" doc:"Of a token or an answer in JSON."`
	XML     string         `json:"xml,omitempty" doc:"Of an assertion, before it is signed."`
	Origins []Origin       `json:"origins" nullable:"false" doc:"Where each value comes from, and what rows without a value lack."`
}

// Preview is all that one app would be told about a person who signs in now.
type Preview struct {
	Refused     string    `json:"refused,omitempty" doc:"Why the sign-in would be refused. The documents then show what is there."`
	IDToken     *Document `json:"id_token,omitempty"`
	UserInfo    *Document `json:"userinfo,omitempty"`
	AccessToken *Document `json:"access_token,omitempty" doc:"What introspection tells of it, and a JWT holds."`
	Assertion   *Document `json:"saml_assertion,omitempty"`
	Token       *Document `json:"token,omitempty" doc:"Of a signed-token app."`
}
