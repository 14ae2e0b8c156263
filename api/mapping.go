package api

import (
	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
)

// Mapping is an idp.Mapping in the document about this API: the kernel's type reads and
// writes "from" by code, where no schema can be seen.
type Mapping struct {
	From MappingSource `json:"from" doc:"Where the values come from. A text is the name of a directory attribute; groups, username, subject and directory are always there."`
	MappingSteps
}

// MappingSteps are the other members.
type MappingSteps idp.Mapping

// MappingSource is the member from.
type MappingSource struct{}

// Schema implements huma.SchemaProvider.
func (MappingSource) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, MinLength: new(1), MaxLength: new(256)},
		{Type: huma.TypeObject, AdditionalProperties: false, MinProperties: new(1), MaxProperties: new(1), Properties: map[string]*huma.Schema{
			"cel":      {Type: huma.TypeString, MinLength: new(1), MaxLength: new(4096), Description: "A CEL expression over attributes, groups, username, subject and directory; attributes.text(\"mail\"), texts and values read attributes."},
			"template": {Type: huma.TypeString, MinLength: new(1), MaxLength: new(2048), Description: "A text with {{attribute}}: the first value of each. Without one of them there is no value; {{attribute?}} may be missing."},
			"constant": {Description: "The same for everybody: any JSON but null."},
		}},
	}}
}
