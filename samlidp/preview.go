package samlidp

import (
	"context"
	"errors"
	"slices"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
	"cloudsso/samlidp/wire"
)

// Preview is what an application would be told about a person who signed in by password
// now, made by the functions that issue it: nothing is signed or stored. A persistent
// NameID that nobody gave out yet is shown as an example. sp may hold settings that were never saved.
func (p *Provider) Preview(ctx context.Context, sp idp.ServiceProvider, subject string) (mapping.Preview, error) {
	rows := attributeRows(sp)
	person, err := p.person(ctx, sp, subject)
	var f *fault
	switch {
	case errors.As(err, &f):
		return mapping.Preview{Refused: f.message}, nil
	case err != nil:
		return mapping.Preview{}, err
	case sp.Disabled:
		return mapping.Preview{Refused: "The application is switched off."}, nil
	}
	out := mapping.Preview{Assertion: &mapping.Document{Origins: mapping.ExplainAttributes(rows, person)}}
	dry := p.dry()
	a, q, err := dry.imagined(ctx, sp, person)
	if errors.As(err, &f) {
		out.Refused = f.message
		sp.Attributes = slices.Clone(rows) // what there is is shown even if a row lacks its value
		for i := range sp.Attributes {
			sp.Attributes[i].Required = false
		}
		if a, q, err = dry.imagined(ctx, sp, person); errors.As(err, &f) {
			return out, nil
		}
	}
	if err != nil {
		return out, err
	}
	out.Assertion.Origins = append(p.names(ctx, q, a, person), out.Assertion.Origins...)
	out.Assertion.XML, err = dry.draw(q, a)
	return out, err
}

// imagined is the answer to a sign-in that nobody made.
func (p *Provider) imagined(ctx context.Context, sp idp.ServiceProvider, person idp.Person) (*assertion, *request, error) {
	now := p.now().UTC()
	q := &request{in: &received{App: sp.App, At: now}, sp: sp}
	for _, step := range []func(context.Context, *request) error{p.chooseACS, p.checkLegacy, p.chooseContext, p.chooseFormat, p.checkEncryption} {
		if err := step(ctx, q); err != nil {
			return nil, nil, err
		}
	}
	a, err := p.assertion(ctx, q, idp.Answer{Outcome: idp.SignedIn, Subject: person.Subject, AuthTime: now, AMR: []string{"pwd"}}, person)
	return a, q, err
}

// draw writes the assertion in the clear, without a signature.
func (p *Provider) draw(q *request, a *assertion) (string, error) {
	r := p.response(q)
	r.signedAssertion, a.idSealer = false, nil
	w := wire.NewWriter()
	if err := a.writeClear(w, p.entityID, nil, r); err != nil {
		return "", err
	}
	doc, err := w.Bytes()
	return string(doc), err
}

// names says where the NameID comes from, and the identifier that no row made.
func (p *Provider) names(ctx context.Context, q *request, a *assertion, person idp.Person) (out []mapping.Origin) {
	if a.name.Format != "" {
		out = append(out, p.nameOrigin(ctx, q, a, person))
	}
	for _, attribute := range a.attributes {
		if !slices.ContainsFunc(attributeRows(q.sp), func(row idp.Mapping) bool { return row.Name == attribute.Name }) {
			out = append(out, mapping.Origin{Name: attribute.Name, Value: attribute.Values, Source: "nameid"})
		}
	}
	return out
}

func (p *Provider) nameOrigin(ctx context.Context, q *request, a *assertion, person idp.Person) mapping.Origin {
	o := mapping.Origin{Name: "NameID", Value: a.name.Value, Source: "nameid"}
	switch a.name.Format {
	case FormatTransient:
		o.Note = "An example: each sign-in makes another."
	case FormatPersistent:
		if _, err := p.records.PersistentIDOf(ctx, q.sp.App, person.Subject); err != nil {
			o.Note = "An example: the first sign-in makes it, and then it stays."
		}
	default:
		o.Directory, o.Attributes = person.Directory, []string{source(q.sp.NameID, q.format)}
	}
	return o
}

// dry is a Provider that stores nothing.
func (p *Provider) dry() *Provider {
	return &Provider{
		issuer: p.issuer, entityID: p.entityID, ssoURL: p.ssoURL, dev: p.dev, scope: p.scope, records: dryRecords{p.records},
		ring: p.ring, mac: p.mac, people: p.people, now: p.now, newID: p.newID,
	}
}

// dryRecords reads persistent ids and makes none.
type dryRecords struct{ Records }

// PersistentID implements [Records].
func (r dryRecords) PersistentID(ctx context.Context, candidate idp.PersistentID) (idp.PersistentID, error) {
	id, err := r.PersistentIDOf(ctx, candidate.App, candidate.Subject)
	if errors.Is(err, idp.ErrNotFound) {
		return candidate, nil
	}
	return id, err
}
