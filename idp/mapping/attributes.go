package mapping

import (
	"encoding/json"
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
// as idp.Text writes them; structured values have no text and are left out, unless the
// row has the type json. A required row without a value is a [MissingError]; others
// without one are left out.
func Attributes(rows []idp.Mapping, p idp.Person) ([]Attribute, error) {
	var out []Attribute
	for _, row := range rows {
		o := evaluate(row, p)
		found := o.texts(row.Type)
		if len(found) > 0 {
			out = append(out, Attribute{Name: row.Name, Format: format(row), FriendlyName: row.FriendlyName, Values: found})
		} else if row.Required {
			return nil, missing(row, o)
		}
	}
	return out, nil
}

// texts are the values in SAML.
func (o *outcome) texts(kind string) []string {
	found := texts(o.values)
	if kind == "json" {
		found = nil
		for _, v := range o.values {
			if raw, err := json.Marshal(v); err == nil {
				found = append(found, string(raw))
			}
		}
	}
	if len(found) == 0 && o.note == "" {
		o.note = "a structured value has no text"
	}
	return found
}

func format(row idp.Mapping) string {
	switch row.Format {
	case "basic":
		return FormatBasic
	case "uri":
		return FormatURI
	case "unspecified":
		return FormatUnspecified
	case "":
		if strings.HasPrefix(row.Name, "urn:oid:") {
			return FormatURI
		}
		return FormatBasic
	}
	return row.Format
}
