package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// OpenAPI is the document about this API, without a server's address: what
// api/openapi.json holds.
func OpenAPI() []byte {
	return document(New(Options{}).register(http.NewServeMux()))
}

// document prints the document, after taking out huma's own error schemas: our answers
// are [Problem]s.
func document(doc *huma.OpenAPI) []byte {
	schemas := doc.Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
	b, err := json.Marshal(doc)
	if err != nil {
		panic("api: " + err.Error()) // at start only: the document is made of our own types
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		panic("api: " + err.Error())
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// problemResponses documents how every operation fails.
func problemResponses(doc *huma.OpenAPI) map[string]*huma.Response {
	schema := doc.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	return map[string]*huma.Response{"default": {
		Description: "A problem (RFC 9457)",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
	}}
}

// mergePatchOf documents the body of a PATCH: every member of T, none of them needed.
func mergePatchOf[T any](api huma.API, path string) {
	doc := api.OpenAPI()
	full := doc.Components.Schemas.Schema(reflect.TypeFor[T](), false, "")
	doc.Paths[prefix+path].Patch.RequestBody.Content = map[string]*huma.MediaType{
		"application/merge-patch+json": {Schema: &huma.Schema{
			Type: "object", Description: "Members to change; null takes a member back to its default.",
			Properties: full.Properties, AdditionalProperties: false,
		}},
	}
}
