package api

import (
	"encoding/json"
	"maps"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// DocumentSchema is the JSON Schema of a document in a file, for editors: made of the
// types that the operations read, so it cannot say anything else.
func DocumentSchema() ([]byte, error) {
	r := newRegistryAt("#/$defs/")
	oneOf := []*huma.Schema{}
	for _, k := range kinds() {
		s := r.SchemaFromRef(r.Schema(reflect.TypeOf(k.body), true, "").Ref)
		s.Properties = maps.Clone(s.Properties)
		s.Properties["kind"] = &huma.Schema{Type: huma.TypeString, Enum: []any{k.name}}
		s.Required = append([]string{"kind", k.key}, without(s.Required, []string{k.key})...)
		delete(s.Properties, "metadata_once")
		for name, pattern := range k.secrets {
			s.Properties[name] = &huma.Schema{Type: huma.TypeString, Pattern: pattern, Description: "Where the secret stands; it never stands in the file itself."}
		}
		oneOf = append(oneOf, &huma.Schema{Ref: "#/$defs/" + reflect.TypeOf(k.body).Name()})
	}
	doc := map[string]any{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "cloudsso document", "oneOf": oneOf, "$defs": r.Map()}
	b, err := json.MarshalIndent(doc, "", "  ")
	return append(b, '\n'), err
}
