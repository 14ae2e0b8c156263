package mapping

import (
	"strings"

	"cloudsso/idp"
)

// NameFormat URIs (SAML Core §8.2).
const (
	FormatBasic       = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
	FormatURI         = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	FormatUnspecified = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
)

// Attribute is one SAML attribute, ready to be written.
type Attribute struct {
	Name         string
	Format       string // NameFormat URI
	FriendlyName string // may be empty
	Values       []string
}

// Attributes makes SAML attributes out of p by rows, in their order. Values are texts
// as idp.Text writes them; structured values have no text and are left out. A required
// row without a value is a [MissingError]; others without one are left out.
func Attributes(rows []idp.Mapping, p idp.Person) ([]Attribute, error) {
	var out []Attribute
	for _, row := range rows {
		found := texts(values(p, row.From))
		if len(found) == 0 {
			if row.Required {
				return nil, &MissingError{Name: row.Name, From: row.From}
			}
			continue
		}
		if row.Join != "" {
			found = []string{strings.Join(found, row.Join)}
		}
		out = append(out, Attribute{Name: row.Name, Format: format(row), FriendlyName: row.FriendlyName, Values: found})
	}
	return out, nil
}

func format(row idp.Mapping) string {
	switch row.Format {
	case "basic":
		return FormatBasic
	case "uri":
		return FormatURI
	case "unspecified":
		return FormatUnspecified
	}
	if strings.HasPrefix(row.Name, "urn:oid:") {
		return FormatURI
	}
	return FormatBasic
}
