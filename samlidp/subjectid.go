package samlidp

import (
	"context"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// The attributes of the SAML V2.0 Subject Identifier Attributes Profile 1.0 (§3).
const (
	subjectIDName  = "urn:oasis:names:tc:SAML:attribute:subject-id"
	pairwiseIDName = "urn:oasis:names:tc:SAML:attribute:pairwise-id"
)

// subjectID adds the identifier that the admin chose, else the one that the metadata
// requests; to whoever takes either, the one that two applications cannot compare. A row of
// the admin's with that name stands.
func (p *Provider) subjectID(ctx context.Context, sp idp.ServiceProvider, person idp.Person, rows []mapping.Attribute) ([]mapping.Attribute, error) {
	name, value := "", ""
	var err error
	switch firstOf(sp.SubjectID, sp.SubjectIDReq) {
	case "subject-id":
		name, value = subjectIDName, person.Subject
	case "pairwise-id", "any":
		name = pairwiseIDName
		value, err = p.pairwise(ctx, sp.App, person.Subject)
	}
	if name == "" || err != nil {
		return rows, err
	}
	for _, row := range rows {
		if row.Name == name {
			return rows, nil
		}
	}
	return append(rows, mapping.Attribute{Name: name, Format: mapping.FormatURI, Values: []string{value + "@" + p.scope}}), nil
}
