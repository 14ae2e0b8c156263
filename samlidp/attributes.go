package samlidp

import (
	"errors"
	"slices"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
	"cloudsso/samlidp/wire"
)

// defaultAttributes is what an application hears about a person when nobody said otherwise:
// the X.500/LDAP profile's names (Profiles §8.2), which nearly every SP knows.
func defaultAttributes() []idp.Mapping {
	return []idp.Mapping{
		{Name: "urn:oid:0.9.2342.19200300.100.1.3", FriendlyName: "mail", From: "email", Format: "uri"},
		{Name: "urn:oid:2.5.4.42", FriendlyName: "givenName", From: "given_name", Format: "uri"},
		{Name: "urn:oid:2.5.4.4", FriendlyName: "sn", From: "family_name", Format: "uri"},
		{Name: "urn:oid:2.16.840.1.113730.3.1.241", FriendlyName: "displayName", From: "name", Format: "uri"},
		{Name: "urn:oid:0.9.2342.19200300.100.1.1", FriendlyName: "uid", From: "username", Format: "uri"},
	}
}

func attributeRows(sp idp.ServiceProvider) []idp.Mapping {
	if len(sp.Attributes) == 0 {
		return defaultAttributes()
	}
	return sp.Attributes
}

// attributes of person for the application, nil if there are none. wanted, if not nil, names
// those that the request asks for.
func attributes(sp idp.ServiceProvider, wanted []string, person idp.Person) ([]mapping.Attribute, error) {
	rows := attributeRows(sp)
	if wanted != nil {
		rows = slices.DeleteFunc(slices.Clone(rows), func(row idp.Mapping) bool { return !slices.Contains(wanted, row.Name) })
	}
	out, err := mapping.Attributes(rows, person)
	var missing *mapping.MissingError
	switch {
	case errors.As(err, &missing):
		return nil, responder(subRequestDenied, "The attribute %q is required for this application, and this person has no value for it (%s).", missing.Name, missing.From).because(err)
	case err != nil:
		return nil, err
	}
	for _, a := range out {
		for _, v := range a.Values {
			// S07: silently dropping such a character could make one person's value another's.
			if err := wire.CheckText(v); err != nil {
				return nil, responder(subRequestDenied, "The value of the attribute %q holds a character that XML cannot carry. It must be corrected in the directory.", a.Name).because(err)
			}
		}
	}
	return out, nil
}
